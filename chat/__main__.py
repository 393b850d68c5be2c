"""``python -m chat`` is the command ``chat``."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - in a clone, an old one may run it
    sys.exit(f"chat: Python {sys.version_info[0]}.{sys.version_info[1]} is too old. Use Python 3.11 or later.")

from chat.command import main

main()
