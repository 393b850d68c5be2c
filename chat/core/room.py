"""A room: its name, its topic and who is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chat.core.session import Session


class Room:
    """Where messages go. ``last_id`` is the id of its newest message, 0 where nothing was said."""

    __slots__ = ("last_id", "members", "name", "topic")

    def __init__(self, name: str, last_id: int = 0) -> None:
        self.name = name
        self.topic = ""
        self.members: dict[int, Session] = {}
        self.last_id = last_id

    def names(self) -> list[str]:
        """Who is in the room."""
        return [session.name for session in self.members.values()]

    def away(self) -> dict[str, str]:
        """Who of them is away, and their words for it."""
        return {session.name: session.away for session in self.members.values() if session.away is not None}
