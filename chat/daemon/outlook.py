"""Who looks at the process, and how they write our commands."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any, TextIO

import msgspec

from chat.daemon import command_lines
from chat.daemon.screen import Screen, is_terminal


class Outlook(msgspec.Struct):
    """Where the process tells people about itself, and how they write our commands.

    *command* has started the chat, and *client* starts the client. A *screen* shows the greeting in place of the log.
    Without one, *starter* is the standard error of whoever has started the chat, and told what keeps it from starting.
    """

    command: str = "twistd -n chat"
    client: str = "chat"
    screen: Screen | None = None
    starter: TextIO | None = None


def look_out(twistd: dict[str, Any], *, with_log: bool) -> Outlook:
    """Find out who looks at the process, before *twistd* (its options) may put it into the background.

    There is no screen for who wants to see the log too (*with_log*).
    """
    outlook = Outlook(command_lines.daemon(twistd.get("command")), command_lines.client())
    foreground = bool(twistd.get("nodaemon"))
    prints_log = foreground and not any(twistd.get(name) for name in ("logfile", "syslog", "logger"))
    if prints_log and is_terminal(sys.stdout):
        if is_terminal(sys.stderr) and not with_log:
            outlook.screen = Screen(sys.stdout)
    elif is_terminal(sys.stderr) or not foreground:
        with suppress(OSError):
            outlook.starter = os.fdopen(os.dup(2), "w", errors="backslashreplace")
    return outlook
