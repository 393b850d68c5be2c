"""The log as JSON lines: ``twistd --logger chat.jsonlog.to_stdout chat``."""

from __future__ import annotations

import sys
from typing import TextIO

import msgspec
from twisted.logger import ILogObserver, LogEvent, formatEvent
from zope.interface import implementer

from chat.core.times import timestamp


@implementer(ILogObserver)
class JsonLines:
    """Writes each event as a JSON object: ``time``, ``level``, ``from``, ``text`` and, for failures, ``traceback``."""

    def __init__(self, output: TextIO) -> None:
        self._output = output

    def __call__(self, event: LogEvent) -> None:
        level = event.get("log_level")
        record = {
            "time": timestamp(event["log_time"]),
            "level": level.name if level is not None else "info",
            "from": event.get("log_namespace") or "",
            "text": formatEvent(event),
        }
        failure = event.get("log_failure")
        if failure is not None:
            record["traceback"] = failure.getTraceback()
        self._output.write(msgspec.json.encode(record).decode() + "\n")
        self._output.flush()


def to_stdout() -> JsonLines:
    """Return an observer that writes to the standard output."""
    return JsonLines(sys.stdout)
