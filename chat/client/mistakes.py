"""Errors in the client itself: collected while the screen is shown, and written when it is gone."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from twisted.logger import ILogObserver, LogEvent, formatEvent, formatEventAsClassicLogText
from zope.interface import implementer


@implementer(ILogObserver)
class Mistakes:
    """Collects the failures that are logged, so that none is lost if there is no log file."""

    def __init__(self) -> None:
        self._count = 0
        self._first = ""

    def __call__(self, event: LogEvent) -> None:
        failure = event.get("log_failure")
        if failure is not None:
            self._count += 1
            self._first = self._first or f"{formatEvent(event)}\n{failure.getTraceback()}"

    def tell(self, output: TextIO) -> None:
        """Write the first failure, and how many there were."""
        if self._count:
            print(f"chat: {self._count} mistakes of the client's own; please report the first:", file=output)
            print(self._first, file=output)


@implementer(ILogObserver)
class LogFile:
    """Writes the log to a file. Once it can't be written any more, the client goes on without it."""

    def __init__(self, path: Path) -> None:
        self.failure = ""
        """Why it can't be written; empty if it can."""
        self._file = path.open("ab", buffering=0)

    def __call__(self, event: LogEvent) -> None:
        text = formatEventAsClassicLogText(event)
        if text and not self.failure:
            try:
                self._file.write(text.encode("utf-8", "replace"))
            except OSError as failure:
                self.failure = failure.strerror or str(failure)
