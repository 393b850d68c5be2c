"""The full-screen client in a terminal."""
