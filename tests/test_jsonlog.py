"""The log as JSON lines."""

from __future__ import annotations

import json
from io import StringIO

from conftest import LoggedFailures
from twisted.logger import Logger

from chat.jsonlog import JsonLines


def test_each_event_is_one_line(logged_failures: LoggedFailures) -> None:
    output = StringIO()
    log = Logger(namespace="test", observer=JsonLines(output))
    log.warn("two\nlines of {who!r}", who="ada\x1b")
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        log.failure("a mistake")
    first, second = map(json.loads, output.getvalue().splitlines())
    assert (first["level"], first["from"], first["text"]) == ("warn", "test", "two\nlines of 'ada\\x1b'")
    assert first["time"].endswith("Z")
    assert (second["level"], second["text"]) == ("critical", "a mistake")
    assert "ZeroDivisionError" in second["traceback"]
