"""What the chat does with a load, beside other servers: ``python -m benchmarks``."""
