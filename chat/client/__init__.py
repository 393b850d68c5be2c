"""The clients: a link to the server, a model of what a screen shows, and the screens."""
