"""Benchmarks of the chat and of other servers under load: ``python -m benchmarks``."""
