"""``chat export`` and ``chat import``: the rooms of a history as files."""
