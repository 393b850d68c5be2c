"""Blocking clients of both dialects, which wait for lines that must come and never for time to pass."""

from __future__ import annotations

import json
from collections import deque
from contextlib import suppress
from itertools import count
from typing import Any

from e2e.streams import Stream
from e2e.waiting import DEADLINE

Event = dict[str, Any]

_marks = count(1)


class Client:
    """Reads lines, and remembers the last ones for its error messages."""

    farewell = b"\nexit\n"
    """The bytes that leave the chat, whatever was sent before."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._buffer = bytearray()
        self._recent: deque[bytes] = deque(maxlen=10)

    def send(self, data: bytes) -> None:
        """Send *data* as it is."""
        self.stream.send(data)

    def read_line(self) -> bytes:
        """Read a line with its end. At the end of the stream, return the rest, which may be empty."""
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            try:
                data = self.stream.receive()
            except TimeoutError:
                recent = b"".join(self._recent).decode("utf-8", "replace")
                raise AssertionError(f"nothing more came in {DEADLINE:.0f} seconds; the last was:\n{recent}") from None
            if not data:
                end = len(self._buffer) - 1
                break
            self._buffer += data
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._recent.append(line)
        return line

    def read_to_end(self) -> bytes:
        """Read all that comes until the server closes."""
        return b"".join(iter(self.read_line, b""))

    def close(self) -> None:
        """Close the connection at once."""
        self.stream.close()

    def leave(self) -> None:
        """Leave the chat if that is still possible, and close the connection."""
        with suppress(OSError, AssertionError):
            self.send(self.farewell)
            self.read_to_end()
        self.close()


class Person(Client):
    """A user of the text dialect."""

    def type(self, *lines: str) -> None:
        """Send lines."""
        self.send("".join(f"{line}\n" for line in lines).encode())

    def read(self) -> str:
        """Read a line, which must end as the server ends lines."""
        line = self.read_line()
        assert line.endswith(b"\r\n"), f"not a whole line: {line!r}"
        return line.removesuffix(b"\r\n").decode()

    def expect(self, *lines: str) -> None:
        """Read as many lines, which must be exactly *lines*."""
        for line in lines:
            assert self.read() == line

    def until(self, beginning: str) -> list[str]:
        """Read lines up to one with this *beginning*."""
        lines = [self.read()]
        while not lines[-1].startswith(beginning):
            lines.append(self.read())
        return lines

    def walk_in(self, name: str) -> list[str]:
        """Give a name, and read up to the line that says in which room one is."""
        self.expect("* Welcome to chat. Type your name and press Enter.")
        self.type(name)
        return self.until("* You are ")

    def catch_up(self) -> list[str]:
        """Return all lines that the server has shown up to now: those before the answer to a question."""
        self.type("/help quit")
        return self.until("* /quit - ")[:-1]

    def expect_end(self, *lines: str) -> None:
        """Read to the end; what is left must be exactly *lines*."""
        assert self.read_to_end().decode().split("\r\n") == [*lines, ""]


class Bot(Client):
    """A user of the JSON dialect."""

    farewell = b'\n{"type":"quit"}\n'

    def request(self, kind: str, /, **fields: Any) -> None:
        """Send an object."""
        self.send(json.dumps({"type": kind, **fields}).encode() + b"\n")

    def read(self) -> Event:
        """Read an object."""
        line = self.read_line()
        assert line.endswith(b"}\n"), f"not a whole object: {line!r}"
        event: Event = json.loads(line)
        return event

    def expect(self, kind: str, /, **fields: Any) -> Event:
        """Read the next object, which must be of this kind and have these fields."""
        event = self.read()
        assert _is(event, kind, fields), f"expected {kind} with {fields}, not {event}"
        return event

    def first(self, kind: str, /, **fields: Any) -> Event:
        """Skip the greeting for people, and read the first object, which must be of this kind."""
        line = self.read_line()
        while line and not line.startswith(b"{"):
            line = self.read_line()
        self._buffer[:0] = line
        return self.expect(kind, **fields)

    def until(self, kind: str, /, **fields: Any) -> list[Event]:
        """Read objects up to one of this kind with these fields."""
        events = [self.read()]
        while not _is(events[-1], kind, fields):
            events.append(self.read())
        return events

    def hello(self, name: str | None = None, **fields: Any) -> Event:
        """Come in; return the welcome."""
        if name is not None:
            fields["name"] = name
        self.request("hello", **fields)
        return self.first("welcome")

    def catch_up(self) -> list[Event]:
        """Return all that the server has shown up to now: what comes before the answer to a ping."""
        mark = f"mark {next(_marks)}"
        self.request("ping", tag=mark)
        return self.until("pong", tag=mark)[:-1]

    def ask(self, kind: str, /, **fields: Any) -> Event:
        """Send a request with a tag, and return what answers it."""
        mark = f"mark {next(_marks)}"
        self.request(kind, **fields, tag=mark)
        event = self.read()
        while event.get("tag") != mark:
            event = self.read()
        return event


def _is(event: Event, kind: str, fields: Event) -> bool:
    return event.get("type") == kind and all(event.get(key) == value for key, value in fields.items())


def messages(events: list[Event]) -> list[Event]:
    """Those of *events* that are messages."""
    return [event for event in events if event["type"] == "message"]
