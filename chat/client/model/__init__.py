"""What every screen shows, and what a typed line does: rooms, lines, what was found. No input or output of its own."""
