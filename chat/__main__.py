"""``python -m chat`` is the command ``chat``."""

from chat.command import main

main()
