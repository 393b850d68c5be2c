"""The last lines of one room, with a line wherever the day changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

MAXIMUM_LINES = 5000
_TRIM = 250


class LineKind(Enum):
    """The kinds of lines. Screens show each in its own way."""

    SAY = "say"
    ACTION = "action"
    NOTICE = "notice"
    REFUSAL = "refusal"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Line:
    """Something shown in a room. ``time`` is local, ``mention`` says that it names the user; ``id``: of a message.

    ``mine``: the user said it; ``typed``: on this device.
    """

    kind: LineKind
    time: datetime
    text: str
    author: str = ""
    mine: bool = False
    mention: bool = False
    private: bool = False
    id: int | None = None
    typed: bool = False


class Scrollback:
    """Lines in order. Each has a serial number that stays while others come before or after it."""

    def __init__(self, maximum: int = MAXIMUM_LINES) -> None:
        self._lines: list[Line] = []
        self._maximum = maximum
        self.first = 0
        """The serial number of the first line."""
        self.deletions = 0
        """How many messages were replaced by a notice that they were deleted."""

    @property
    def end(self) -> int:
        """The serial number of the next line."""
        return self.first + len(self._lines)

    @property
    def full(self) -> bool:
        """Whether there is no room for older lines."""
        return len(self._lines) >= self._maximum

    @property
    def oldest_id(self) -> int | None:
        """The id of the oldest message."""
        return next((line.id for line in self._lines if line.id is not None), None)

    @property
    def newest_id(self) -> int | None:
        """The id of the newest message."""
        return next((line.id for line in reversed(self._lines) if line.id is not None), None)

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)

    def __getitem__(self, serial: int) -> Line:
        """Return the line with that serial number."""
        return self._lines[serial - self.first]

    def append(self, line: Line) -> int:
        """Add the newest line; return its serial number."""
        if not self._lines or self._lines[-1].time.date() != line.time.date():
            self._lines.append(day_line(line.time))
        self._lines.append(line)
        if len(self._lines) > self._maximum + _TRIM:
            excess = len(self._lines) - self._maximum
            del self._lines[:excess]
            self.first += excess
        return self.end - 1

    def delete(self, number: int, text: str) -> None:
        """Replace the message with that id by *text*, if it is there."""
        for index in range(len(self._lines) - 1, -1, -1):
            line = self._lines[index]
            if line.id == number:
                self._lines[index] = replace(line, kind=LineKind.NOTICE, text=text, author="", mention=False)
                self.deletions += 1
                return

    def prepend(self, lines: Iterable[Line]) -> None:
        """Add older lines, in their order, before the first."""
        older: list[Line] = []
        for line in lines:
            if not older or older[-1].time.date() != line.time.date():
                older.append(day_line(line.time))
            older.append(line)
        if older and self._lines and self._lines[0].time.date() == older[-1].time.date():
            del self._lines[0]
            self.first += 1
        self._lines[:0] = older
        self.first -= len(older)


def day_line(time: datetime) -> Line:
    """Return a line that says which day it is."""
    return Line(LineKind.DAY, time, f"{time:%A, %d %B %Y}")
