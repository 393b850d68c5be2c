"""The last lines of one room, with a line wherever the day changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from chat.core.events import Reaction

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
class Quote:
    """The message that another one answers: its id, its author, and how it begins."""

    id: int
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something shown in a room. A message is one, even if its ``text`` has several lines.

    ``time`` is local; ``mention`` says that it is meant for the user; ``id``: of a message. ``mine``: the user said it;
    ``typed``: on this device. ``notice``: a program said it, for nobody to answer. ``about``: the id of a message of
    which a line tells that is none itself.
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
    reply: Quote | None = None
    reactions: tuple[Reaction, ...] = ()
    edited: bool = False
    pinned: bool = False
    notice: bool = False
    about: int | None = None
    link: str = ""
    """What the text ends in that is no part of it: the address of a file."""

    @property
    def is_message(self) -> bool:
        """Whether it is a message that is still there."""
        return self.kind in (LineKind.SAY, LineKind.ACTION)

    @property
    def marks(self) -> list[str]:
        """What is written in brackets behind a message."""
        return [mark for mark, applies in (("edited", self.edited), ("pinned", self.pinned)) if applies]


class Scrollback:
    """Lines in order. Each has a serial number that stays while others come before or after it."""

    def __init__(self, maximum: int = MAXIMUM_LINES) -> None:
        self._lines: list[Line] = []
        self._maximum = maximum
        self.first = 0
        """The serial number of the first line."""
        self.changes = 0
        """How often a line was replaced by another."""

    @classmethod
    def of(cls, lines: Iterable[Line]) -> Scrollback:
        """Return *lines* as they are, without a line for each day."""
        scrollback = cls()
        scrollback._lines = list(lines)
        return scrollback

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

    def __reversed__(self) -> Iterator[Line]:
        return reversed(self._lines)

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

    def clear(self) -> None:
        """Drop all lines."""
        self.first = self.end
        self._lines.clear()

    def find(self, number: int) -> int | None:
        """Return the serial number of the message with that id; ``None`` if it is not there."""
        for index in range(len(self._lines) - 1, -1, -1):
            if self._lines[index].id == number:
                return self.first + index
        return None

    def change(self, serials: Iterable[int], new: Callable[[Line], Line]) -> None:
        """Replace each of these lines by the *new* one that is returned for it."""
        for serial in serials:
            line = self[serial]
            changed = new(line)
            if changed is not line:
                self._lines[serial - self.first] = changed
                self.changes += 1

    def drop_before(self, serial: int) -> None:
        """Take out the lines before the one with that serial number."""
        count = serial - self.first
        if count <= 0:
            return
        del self._lines[:count]
        self.first += count
        if self._lines and self._lines[0].kind is not LineKind.DAY:
            self._lines.insert(0, day_line(self._lines[0].time))
            self.first -= 1

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
