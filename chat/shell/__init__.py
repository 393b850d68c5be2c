"""What shells and ``man`` are told of the command ``chat``, read from its own parsers."""
