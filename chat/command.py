"""The command ``chat``: ``export``, ``import`` or ``admin`` if that is its first word, or else the client."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command with the arguments of the process, and end the process with its exit code."""
    if sys.argv[1:2] in (["export"], ["import"]):
        from chat.archive.command import run

        sys.exit(run(sys.argv[1], sys.argv[2:]))
    if sys.argv[1:2] == ["admin"]:
        from chat.admin.command import run as administer
        from chat.alone import Alone

        with Alone() as alone:
            sys.exit(administer(sys.argv[2:], alone.chat))
    from chat.client.command import main

    main()
