"""The connection to a server: its states, what it sends and receives, and the secrets that it needs."""
