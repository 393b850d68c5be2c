"""What there is of a chat only because ``twistd -n chat`` runs it: its process, its terminal, its log, its network."""
