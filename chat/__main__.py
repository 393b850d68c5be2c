"""``python -m chat`` is the command ``chat``."""

from chat.client.command import main

main()
