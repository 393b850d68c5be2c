"""What a history keeps, and what it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from chat.core.events import Message, Topic


@dataclass(frozen=True, slots=True)
class Said:
    """A message, and the digest of the token under which it was said, if there was one."""

    message: Message
    lineage: str | None = None


Record = Said | Topic
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
class RoomRecord:
    """A room as it is remembered: its topic, and the id of its newest message or 0."""

    name: str
    topic: str
    last_id: int
