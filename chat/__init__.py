"""A chat daemon on Twisted, and its clients."""

__version__ = "0.3.0"
