"""Rooms as files: what ``chat export`` writes and ``chat import`` reads."""
