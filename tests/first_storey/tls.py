"""TLS: whom to believe that it is the server."""


class Untrusted(Exception):
    """The server may be another than it says; the message is the sentence that the user reads."""
