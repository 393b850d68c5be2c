"""What a history keeps, and what it is asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from chat.core.events import Message, Topic


@dataclass(frozen=True, slots=True)
class Said:
    """A message, and the digest of the token under which it was said, if there was one."""

    message: Message
    lineage: str | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """The messages with these ids are gone: they are not read or found any more, and their ids are not used again.

    ``by`` is the name of who erased them.
    """

    ids: tuple[int, ...]
    by: str
    tag: str | None = None


Record = Said | Topic | Erasure
"""Something to be kept; a topic takes the place of the room's topic before."""


@dataclass(frozen=True, slots=True)
class Query:
    """The messages of ``room`` with ``after`` < id < ``before``: ``count`` of them, the newest or the oldest.

    Whoever answers returns them in the order of their ids.
    """

    room: str
    before: int
    count: int
    after: int = 0
    newest: bool = True


@dataclass(frozen=True, slots=True)
class Search:
    """The newest ``count`` messages of rooms with ``after`` < id < ``before`` that hold all ``phrases``.

    A phrase is a sequence of words (:func:`chat.core.search.words`). ``author`` and ``room``: only what was said by
    whom, in any case, and where. ``naming``: only what others said that names this user. ``rooms``: the rooms that
    may be read; ``None`` is all. Whoever answers returns them newest first.
    """

    phrases: tuple[tuple[str, ...], ...]
    before: int
    count: int
    after: int = 0
    author: str | None = None
    room: str | None = None
    naming: str | None = None
    rooms: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room as it is remembered: its topic, and the id of its newest message or 0."""

    name: str
    topic: str
    last_id: int
