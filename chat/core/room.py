"""A room: its name, its topic, who is in it, and its rules."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from chat.core.records import RoomRules

if TYPE_CHECKING:
    from chat.core.session import Session


class Room:
    """Where messages go. ``last_id`` is the id of its newest message, 0 where nothing was said.

    ``ops`` and ``invited`` are keys of names, ``muted`` has when each of the muted may speak again (monotonic seconds).
    """

    __slots__ = ("invited", "last_id", "locked", "members", "muted", "name", "ops", "private", "topic")

    def __init__(self, name: str, last_id: int = 0) -> None:
        self.name = name
        self.topic = ""
        self.members: dict[int, Session] = {}
        self.last_id = last_id
        self.private = False
        self.locked = False
        self.ops: set[str] = set()
        self.invited: set[str] = set()
        self.muted: dict[str, float] = {}

    def names(self) -> list[str]:
        """Who is in the room."""
        return [session.name for session in self.members.values()]

    def away(self) -> dict[str, str]:
        """Who of them is away, and their words for it."""
        return {session.name: session.away for session in self.members.values() if session.away is not None}

    def present_ops(self) -> list[str]:
        """Which of them are ops."""
        return [session.name for session in self.members.values() if session.key in self.ops] if self.ops else []

    @property
    def idle(self) -> bool:
        """Whether nothing is lost with it."""
        return not (self.members or self.last_id or self.private or self.locked)

    def rules(self, registered: Collection[str]) -> RoomRules:
        """Its rules, as they are kept: without those who have no account."""
        ops, invited = (tuple(sorted(keys.intersection(registered))) for keys in (self.ops, self.invited))
        return RoomRules(self.name, self.private, self.locked, ops, invited)

    def apply(self, rules: RoomRules) -> None:
        """Go on from rules that were kept."""
        self.private, self.locked = rules.private, rules.locked
        self.ops, self.invited = set(rules.ops), set(rules.invited)

    def renamed(self, old: str, new: str) -> None:
        """Who had the key *old* has the key *new* now."""
        for keys in (self.ops, self.invited):
            if old in keys:
                keys.remove(old)
                keys.add(new)
        if old in self.muted:
            self.muted[new] = self.muted.pop(old)

    def undo(self) -> Callable[[], None]:
        """Return what brings the rules back as they are now."""
        before = (self.private, self.locked, set(self.ops), set(self.invited), dict(self.muted))

        def bring_back() -> None:
            self.private, self.locked, self.ops, self.invited, self.muted = before

        return bring_back
