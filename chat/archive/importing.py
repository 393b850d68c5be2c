"""Reads files into a history, and counts what could not be read."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import structs

from chat.archive.formats import LIMITS, Further, Item, Piece, Reader, Rules, text_of_lines
from chat.archive.lines import MAXIMUM_LINE, BadLine, Lines
from chat.core.events import Message, Topic
from chat.core.room import Access
from chat.core.text import clean, in_quotes
from chat.core.times import timestamp
from chat.history.archive import CannotImport, Import

SHOWN = 20
"""The lines that are shown of those that can't be read; the others are counted."""

_EXCERPT = 60
_MOST_AUTHORS = 10_000


class _Place(NamedTuple):
    """Where in the files a line is."""

    file: str
    number: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.number}"


class _Waiting:
    """A message that may have further lines."""

    def __init__(self, place: _Place, message: Message) -> None:
        self.place = place
        self.message = message
        self._lines = [message.text]
        self._size = len(message.text.encode())

    def add(self, line: str) -> bool:
        """Take a further line, if there is room for it."""
        self._size += 1 + len(line.encode())
        if self._size > LIMITS.text or len(self._lines) == LIMITS.lines:
            return False
        self._lines.append(line)
        return True

    @property
    def whole(self) -> Message:
        """The message with all of its lines."""
        if len(self._lines) == 1:
            return self.message
        return structs.replace(self.message, text=text_of_lines("\n".join(self._lines)))


@dataclass
class Imported:
    """What has come of an import."""

    messages: int = 0
    passed_over: int = 0
    """Lines with something that is not imported."""
    unread: int = 0
    """Lines that can't be read."""
    shown: list[str] = field(default_factory=list)
    """The first of those, and why."""
    guessed: int = 0
    """Lines that were taken for Windows-1252."""
    lost: int = 0
    """Files that did not come whole with their messages."""
    future: int = 0
    """Messages whose times have not come yet."""
    private: list[str] = field(default_factory=list)
    alike: dict[str, str] = field(default_factory=dict)
    """Authors, and the names that they look like."""


class Importing:
    """Imports files, one after the other, each of which a *reader* of its own reads.

    With *room*, all of them become this room. If *strict*, a line that can't be read ends the import.
    """

    def __init__(self, target: Import, room: str | None, *, strict: bool) -> None:
        self.result = Imported()
        self._target = target
        self._room = room
        self._strict = strict
        self._rooms: set[str] = set()
        self._authors: set[str] = set()
        self._now = timestamp(time.time())
        self._waiting: _Waiting | None = None

    def read(self, name: str, lines: Lines, reader: Reader, progress: Callable[[int], object]) -> None:
        """Import the *lines* of the file that is called *name*; raises :class:`CannotImport`."""
        before = 0
        for number, line in enumerate(lines, 1):
            place = _Place(name, number)
            try:
                if line is None:
                    raise BadLine(f"it has more than {MAXIMUM_LINE} bytes:")
                self._take(place, line, reader.read(line))
            except BadLine as why:
                self._complain(place, why, line or "")
            progress(lines.size - before)
            before = lines.size
        self._flush()
        self.result.guessed += lines.guessed

    def _complain(self, place: _Place, why: BadLine, line: str) -> None:
        self._flush()
        reason = str(why)
        if reason.endswith(":"):
            excerpt = clean(line[: 4 * _EXCERPT]).strip()
            excerpt = excerpt if len(excerpt) <= _EXCERPT else f"{excerpt[: _EXCERPT - 1]}…"
            reason = f"{reason} {in_quotes(excerpt)}." if excerpt else f"{reason[:-1]}."
        if self._strict:
            raise CannotImport(f"{place}: {reason}") from why
        self.result.unread += 1
        if len(self.result.shown) < SHOWN:
            self.result.shown.append(f"{place}: {reason}")

    def _take(self, place: _Place, line: str, item: Item | Further | None) -> None:
        if isinstance(item, Further):
            self._continue(place, item)
            return
        if isinstance(item, Piece):
            self._add_piece(item)
            return
        self._flush()
        if item is None or item.room is None:
            self.result.passed_over += bool(line.strip())
            return
        if self._room is not None:
            self._rooms.add(item.room)
            if len(self._rooms) > 1:
                raise BadLine(f"the file has more rooms than one, which can't all become #{self._room}.")
            item = structs.replace(item, room=self._room)
        if isinstance(item, Message):
            self._waiting = _Waiting(place, item)
        else:
            self._rule(place, item)

    def _add_piece(self, piece: Piece) -> None:
        """Take a piece of the file that came with the message before."""
        waiting = self._waiting
        if waiting is None or waiting.message.id != piece.id or waiting.message.file is None:
            self.result.passed_over += 1
            return
        self._target.add_piece(piece.data)

    def _rule(self, place: _Place, item: Topic | Rules) -> None:
        try:
            if isinstance(item, Topic):
                self._target.set_topic(item)
                return
            access = Access.PRIVATE if item.private else item.access
            self._target.restrict(item.room, access, item.status, locked=item.locked)
        except CannotImport as why:
            raise CannotImport(f"{place}: {why}") from why
        self.result.private += [item.room] * (access is Access.PRIVATE)

    def _continue(self, place: _Place, further: Further) -> None:
        """Take a further line of the message before, if that is one, or begin another message of its author."""
        waiting = self._waiting
        if waiting is None or further.time not in (None, waiting.message.time):
            self._flush()
            self.result.passed_over += bool(further.text.strip())
            return
        if waiting.add(further.text):
            return
        self._flush()
        if further.text.strip():
            self._waiting = _Waiting(place, structs.replace(waiting.message, text=text_of_lines(further.text)))

    def _flush(self) -> None:
        """Import the message that waits for its further lines, as none comes any more."""
        if self._waiting is None:
            return
        waiting, self._waiting = self._waiting, None
        message = waiting.whole
        try:
            self.result.lost += not self._target.add(message)
        except CannotImport as why:
            raise CannotImport(f"{waiting.place}: {why}") from why
        self.result.messages += 1
        self.result.future += message.time > self._now
        if message.author not in self._authors and len(self._authors) < _MOST_AUTHORS:
            self._authors.add(message.author)
            if other := self._target.looks_like(message.author):
                self.result.alike[message.author] = other
