"""Bytes from a stranger into the whole chat, in memory: whatever comes, others are shown what is clean, whole and true.

By hand, as long as one likes: ``tox -e fuzz -- -max_total_time=3600 CORPUS``; with the other checks for a short time.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

with atheris.instrument_imports(include=["chat"]):
    import chat.protocols.connection
    import chat.protocols.telnet  # noqa: F401
from box import Box
from e2e.test_hostile_bytes import FORBIDDEN
from twisted.logger import LogEvent, globalLogPublisher

LINES = re.compile(r"\* |! |~ |[^:\s]+( \(private\))?: |\[")
BOUND = 1 << 20
"""The bytes that somebody may be shown of what a stranger sends at once."""


class Mistake(Exception):
    """The chat has logged a failure."""


def fail(event: LogEvent) -> None:
    """Raise a failure that was only logged, so that it ends the run."""
    if "log_failure" in event:
        raise Mistake(event["log_failure"].getTraceback())


def stranger(data: bytes) -> None:
    """Connect, send *data* in pieces, and look what others were shown."""
    if not data:
        return
    box = Box()
    ada, bot = box.text("ada"), box.json("bot")
    eve = box.connect()
    size = data[0] + 1
    for start in range(1, len(data), size):
        eve.send_bytes(data[start : start + size])
    eve.end()
    box.clock.advance(100)
    box.turn()
    eve.lose()
    if len(ada.socket.value()) + len(bot.socket.value()) > BOUND:
        raise Mistake("too much was shown")
    for line in ada.lines():
        if FORBIDDEN & set(line) or not LINES.match(line):
            raise Mistake(f"a person was shown {line!r}")
    for event in bot.objects():
        if FORBIDDEN & set(json.dumps(event, ensure_ascii=False)):
            raise Mistake(f"a program was shown {event}")
    ada.send("still here")
    if not any(event.get("text") == "still here" for event in bot.objects()):
        raise Mistake("nobody hears ada any more")


if __name__ == "__main__":
    globalLogPublisher.addObserver(fail)  # type: ignore[arg-type]
    atheris.Setup(sys.argv, stranger)
    atheris.Fuzz()
