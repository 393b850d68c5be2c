"""The command ``chat``: the client, unless its first word is one of :data:`COMMANDS`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import NoReturn


def main() -> NoReturn:
    """Run the command with the arguments of the process, and end the process with its exit code."""
    if sys.argv[1:] and sys.argv[1] in COMMANDS:
        sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
    from chat.client.command import main

    main()


def _serve(arguments: list[str]) -> int:
    from chat.daemon.serve import run

    run(arguments)
    return 0


def _admin(arguments: list[str]) -> int:
    from chat.admin.command import run
    from chat.alone import Alone

    with Alone() as alone:
        return run(arguments, alone.chat)


def _export(arguments: list[str]) -> int:
    from chat.archive.command import run

    return run("export", arguments)


def _import(arguments: list[str]) -> int:
    from chat.archive.command import run

    return run("import", arguments)


def _completion(arguments: list[str]) -> int:
    from chat.shell.completion import run

    return run(arguments)


COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "serve": _serve,
    "admin": _admin,
    "export": _export,
    "import": _import,
    "completion": _completion,
}
"""What runs for each first word; each import waits until it is needed, as most of them are slow."""
