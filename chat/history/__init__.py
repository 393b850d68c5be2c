"""The durable, ordered record of messages."""
