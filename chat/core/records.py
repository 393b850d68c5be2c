"""What a history keeps, and what it is asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from chat.core.accounts import Account
from chat.core.bans import Ban
from chat.core.events import Message, Topic


class Said(msgspec.Struct, frozen=True):
    """A message, and the digest of the token under which it was said, if there was one."""

    message: Message
    lineage: str | None = None
    kept_for: str | None = None
    """The key of a registered name: it gets this private message when it comes in next."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """The messages with these ids are gone: they are not read or found any more, and their ids are not used again.

    ``by`` is the name of who erased them.
    """

    ids: tuple[int, ...]
    by: str
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The account of this key is gone, with its marks and the private messages kept for it."""

    key: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """The private messages kept for the account of this key, up to this id, have been shown."""

    key: str
    id: int


@dataclass(frozen=True, slots=True)
class Marked:
    """The account of this key has read this room up to this id."""

    key: str
    room: str
    id: int


@dataclass(frozen=True, slots=True)
class Unbanned:
    """There is no ban of this target any more."""

    target: str


@dataclass(frozen=True, slots=True)
class RoomRules:
    """Who may do what in a room: ``ops`` and ``invited`` are keys of registered names."""

    room: str
    private: bool = False
    locked: bool = False
    ops: tuple[str, ...] = ()
    invited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about others, for the audit record, and the ``change`` that it makes."""

    time: str
    by: str
    action: str
    target: str
    room: str | None = None
    why: str = ""
    change: Account | Unregistered | Ban | Unbanned | RoomRules | Erasure | None = None
    tag: str | None = None


Record = Said | Topic | Erasure | Decision | Marked | Fetched
"""Something to be kept; a topic takes the place of the room's topic before."""


@dataclass(frozen=True, slots=True)
class Tags:
    """Which tags were used last in a lineage? A mapping to the id and time of their messages, in their order."""

    lineage: str


@dataclass(frozen=True, slots=True)
class Proof:
    """Is this the password of the account of this key? The :class:`Account`, or ``None``."""

    key: str
    password: str


@dataclass(frozen=True, slots=True)
class Hash:
    """How is this password to be kept? A string."""

    password: str


@dataclass(frozen=True, slots=True)
class Kept:
    """Which private messages are kept for the account of this key? A sequence of them."""

    key: str


@dataclass(frozen=True, slots=True)
class Which:
    """Which message has this id? The :class:`Message`, or ``None``."""

    id: int


Question = Tags | Proof | Hash | Kept | Which
"""What takes time to answer."""


@dataclass(frozen=True, slots=True)
class Query:
    """The messages of ``room`` with ``after`` < id < ``before``: ``count`` of them, the newest or the oldest.

    ``since`` and ``until``, times of the wire, leave out what was said earlier, and then or later. Whoever answers
    returns the messages in the order of their ids, and may take it that their times have the same order.
    """

    room: str
    before: int
    count: int
    after: int = 0
    newest: bool = True
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """The newest ``count`` messages of rooms with ``after`` < id < ``before`` that hold all ``phrases``.

    A phrase is a sequence of words (:func:`chat.core.search.words`). ``author`` and ``room``: only what was said by
    whom, in any case, and where. ``naming``: only what others said that names this user; with ``absent_at``, only
    what is newer than the last words of that user before this id. ``rooms``: the rooms that may be read; ``None`` is
    all. Whoever answers returns them newest first.
    """

    phrases: tuple[tuple[str, ...], ...]
    before: int
    count: int
    after: int = 0
    author: str | None = None
    room: str | None = None
    naming: str | None = None
    absent_at: int | None = None
    rooms: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room as it is remembered: its topic, and the id of its newest message or 0."""

    name: str
    topic: str
    last_id: int
