"""The chat itself: users, rooms and what is said, as plain objects without I/O."""
