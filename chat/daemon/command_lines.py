"""How the user writes our commands, so that what we tell them to type works where they are."""

from __future__ import annotations

import os
import shlex
import shutil
import sys


def daemon(command: str | None) -> str:
    """The command line that has started this chat; *command* is its first words if ``twistd`` did not run it."""
    program, *words = sys.argv
    if command is not None:
        _, *others = command.split()
        words = [*others, *words[2:]]
    if os.path.basename(program) == "__main__.py":
        package = os.path.basename(os.path.dirname(program))
        return shlex.join([_short(sys.executable), "-m", package, *words])
    return shlex.join([_short(program), *words])


def client() -> str:
    """The command ``chat``, which may not be on the path, but beside the program that runs."""
    beside = os.path.join(os.path.dirname(sys.argv[0]), "chat")
    return shlex.quote(_short(beside)) if os.access(beside, os.X_OK) and os.path.isfile(beside) else "chat"


def _short(program: str) -> str:
    """The name alone, if it is enough to run *program*."""
    name = os.path.basename(program)
    found = shutil.which(name)
    return name if found is not None and os.path.exists(program) and os.path.samefile(found, program) else program
