"""The commands of ``chat admin``, by topic, and the table of all."""
