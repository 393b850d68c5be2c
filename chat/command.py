"""The command ``chat``: the client, unless its first word is ``serve``, ``export``, ``import`` or ``admin``."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command with the arguments of the process, and end the process with its exit code."""
    if sys.argv[1:2] == ["serve"]:
        from chat.serve import run as serve

        serve(sys.argv[2:])
        sys.exit(0)
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
