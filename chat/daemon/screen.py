"""What a chat in the foreground shows at its terminal, in place of the log."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from zope.interface import implementer

SHOWN = (LogLevel.warn, LogLevel.error, LogLevel.critical)
"""What is logged at these levels is for whoever sits there."""


@implementer(ILogObserver)
class Screen:
    """Shows the greeting of the chat first, and then what its operator must see of what is logged.

    Warnings wait for the greeting. An error does not: without it there may be no greeting.
    """

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._waiting: list[str] | None = []

    @property
    def in_foreground(self) -> bool:
        """Whether Ctrl-C at the terminal reaches this process."""
        try:
            return os.tcgetpgrp(self._terminal.fileno()) == os.getpgrp()
        except OSError:
            return False

    def greet(self, lines: Iterable[str]) -> None:
        """Show the greeting, and what has waited for it."""
        waiting = self._waiting or []
        self._waiting = None
        self.show(*lines, *waiting)

    def draw(self, picture: str, *, below: Iterable[str]) -> None:
        """Draw a *picture* if the terminal has colours, and if the lines *below* which it is stay on the screen."""
        if os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
            return
        with suppress(OSError, ValueError):
            columns, rows = os.get_terminal_size(self._terminal.fileno())
            used = sum(1 + max(len(line) - 1, 0) // columns for line in below)
            if used + picture.count("\n") < rows:
                picture.encode(self._terminal.encoding)
                print(picture, end="", file=self._terminal, flush=True)

    def show(self, *lines: str) -> None:
        """Show *lines*; nobody misses them if the terminal is gone."""
        encoding = self._terminal.encoding
        with suppress(OSError, ValueError):
            for line in lines:
                print(printable(line).encode(encoding, "backslashreplace").decode(encoding), file=self._terminal)
            self._terminal.flush()

    def __call__(self, event: LogEvent) -> None:
        """Show what is logged, if it is for the operator."""
        level = event.get("log_level")
        if level not in SHOWN:
            return
        text = formatEvent(event)
        line = text if event.get("log_namespace") == "stderr" else f"chat: {text}"
        failure = event.get("log_failure")
        if failure is not None:
            line += f"\n{failure.getTraceback().rstrip()}"
        if level is LogLevel.warn and self._waiting is not None:
            self._waiting.append(line)
        else:
            self.greet(())
            self.show(line)


def is_terminal(stream: TextIO | None) -> bool:
    """Tell whether somebody sits at the other end."""
    return stream is not None and not stream.closed and stream.isatty()


def printable(text: str) -> str:
    """Write what a terminal might take for a command as an escape."""
    return "".join(
        char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in text
    )
