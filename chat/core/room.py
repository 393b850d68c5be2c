"""A room: its name, its topic, who is in it, and its rules."""

from __future__ import annotations

from typing import Protocol

from chat.core.facts import RoomRules


class Member(Protocol):
    """What a room knows of who is in it."""

    name: str
    away: str | None

    @property
    def subject(self) -> str:
        """What rights hang on."""


class Room:
    """Where messages go. ``last_id`` is the id of its newest message, 0 if nothing was said.

    ``ops`` and ``invited`` are subjects (:attr:`chat.core.session.User.subject`); ``muted`` tells when each muted
    subject may speak again (monotonic seconds).
    """

    __slots__ = ("invited", "last_id", "locked", "members", "muted", "name", "ops", "private", "topic")

    def __init__(self, name: str, last_id: int = 0) -> None:
        self.name = name
        self.topic = ""
        self.members: dict[Member, None] = {}
        self.last_id = last_id
        self.private = False
        self.locked = False
        self.ops: set[str] = set()
        self.invited: set[str] = set()
        self.muted: dict[str, float] = {}

    def __repr__(self) -> str:
        return f"#{self.name}"

    def names(self) -> list[str]:
        """Who is in the room."""
        return [member.name for member in self.members]

    def away(self) -> dict[str, str]:
        """Who of them is away, and their words for it."""
        return {member.name: member.away for member in self.members if member.away is not None}

    def present_ops(self) -> list[str]:
        """Which of them are ops."""
        return [member.name for member in self.members if member.subject in self.ops] if self.ops else []

    @property
    def forgettable(self) -> bool:
        """Whether the room is empty and has neither messages nor rules."""
        return not (self.members or self.last_id or self.private or self.locked)

    def apply(self, rules: RoomRules) -> None:
        """Go on from rules that were stored."""
        self.private, self.locked = rules.private, rules.locked
        self.ops, self.invited = set(rules.ops), set(rules.invited)

    def rights(self, subject: str) -> Rights:
        """What the room holds of *subject*."""
        return Rights(subject in self.ops, subject in self.invited, self.muted.get(subject))

    def give(self, subject: str, rights: Rights) -> None:
        """Have the room hold exactly these rights of *subject*."""
        for subjects, on in ((self.ops, rights.op), (self.invited, rights.invited)):
            if on:
                subjects.add(subject)
            else:
                subjects.discard(subject)
        if rights.muted_until is None:
            self.muted.pop(subject, None)
        else:
            self.muted[subject] = rights.muted_until


class Rights:
    """What a room holds of one subject: whether it is op, whether it is invited, until when it is muted."""

    __slots__ = ("invited", "muted_until", "op")

    def __init__(self, op: bool = False, invited: bool = False, muted_until: float | None = None) -> None:
        self.op = op
        self.invited = invited
        self.muted_until = muted_until

    def __bool__(self) -> bool:
        return self.op or self.invited or self.muted_until is not None


NO_RIGHTS = Rights()
