"""The thin ends: bytes from and to people and programs."""
