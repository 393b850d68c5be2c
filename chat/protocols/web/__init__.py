"""The chat in a browser: an HTTP site with the page, and a WebSocket that speaks the protocol."""
