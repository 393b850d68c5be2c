"""A data directory of each release, as a chat of that version has left it. They are never changed."""
