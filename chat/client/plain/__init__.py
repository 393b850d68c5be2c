"""The clients that print lines: at a simple terminal, for screen readers, and in pipes."""
