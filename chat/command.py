"""The command ``chat``: the client, unless its first word is one of :data:`COMMANDS`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from chat.disk.output import is_of_output, not_written


def main() -> NoReturn:
    """Run the command with the arguments of the process, and end the process with its exit code."""
    _open_standard_descriptors()
    if sys.stdout is None and _prints(sys.argv[1:]):
        sys.exit("chat: there is no output to print to.")
    try:
        if sys.argv[1:] and sys.argv[1] in COMMANDS:
            sys.exit(COMMANDS[sys.argv[1]](sys.argv[2:]))
        from chat.client.command import main

        main()
    except SystemExit as end:
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
        except OSError as failure:
            end.code = not_written(failure) or end.code
        raise
    except OSError as failure:
        if not is_of_output(failure):
            raise
        sys.exit(not_written(failure))
    except KeyboardInterrupt:  # while it is loaded: later each command says itself what became of it
        sys.exit("chat: Interrupted.")


def _open_standard_descriptors() -> None:
    """Have the standard descriptors be open, so that no file and no socket of ours gets the number of one of them."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(descriptor)
    if sys.stderr is None:
        # To None, print() would print to the standard output.
        sys.stderr = os.fdopen(2, "w", closefd=False)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _prints(words: list[str]) -> bool:
    """Tell whether a command is of no use without an output; the daemon does without, and the client looks itself."""
    return bool(words) and (words[0] in COMMANDS.keys() - {"serve"} or not {"--help", "--version"}.isdisjoint(words))


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
