"""The pid file of ``twistd``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.python import usage

USUAL = "twistd.pid"
"""Where ``twistd`` keeps the number of its process if it is not told otherwise."""


def leave_out_pid_file(twistd: dict[str, Any]) -> None:
    """In the foreground, have *twistd* (its options) use no pid file unless one was asked for.

    A crash leaves a pid file behind, which keeps the chat from starting if another process has its number by then.
    The lock of the data (``chat.lock``) tells whether a chat runs there.

    In the background, raises :class:`UsageError` if the process runs whose number is in the file.
    """
    if twistd.get("pidfile") != USUAL:
        return
    if twistd.get("nodaemon"):
        twistd["pidfile"] = ""
    elif (process := _running(USUAL)) is not None:
        raise usage.UsageError(
            f"process {process} runs, whose number is in {USUAL}. If that is no chat, remove {USUAL}, "
            f"or give twistd --pidfile="
        )


def _running(pid_file: str) -> int | None:
    """The process whose number is in *pid_file*, if it runs."""
    try:
        process = int(Path(pid_file).read_text())
        os.kill(process, 0)
    except PermissionError:
        return process
    except (OSError, ValueError):
        return None
    return process
