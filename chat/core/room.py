"""A room: its name, its topic, who is in it, and its rules."""

from __future__ import annotations

from typing import Protocol

from chat.core.accounts import Subject

LONGEST_MUTE_OF_NETWORK = 86_400
"""The seconds for which newcomers without an account from the address of somebody muted are muted too, at most."""


MOST_UNSAID = 4_096
"""So many of the last messages that could not be stored are known: more than can wait at once."""


class Member(Protocol):
    """What a room knows of who is in it."""

    name: str
    away: str | None

    @property
    def subject(self) -> Subject:
        """Whom its rights belong to."""


class Room:
    """Where messages go. ``last_id`` is the id of its newest message, 0 if nothing was said.

    ``muted`` tells when each muted subject may speak again (monotonic seconds). ``muted_networks`` tells when newcomers
    without an account from there may, and how many users had arrived before them. The history holds the rights in a
    room once it is ``kept``. A ``lasting`` room stays although nothing is left of what was said in it.
    """

    __slots__ = (
        "invited",
        "kept",
        "last_id",
        "lasting",
        "locked",
        "members",
        "muted",
        "muted_networks",
        "name",
        "ops",
        "private",
        "topic",
        "unsaid",
    )

    def __init__(self, name: str, last_id: int = 0) -> None:
        self.name = name
        self.topic = ""
        self.members: dict[Member, None] = {}
        self.last_id = last_id
        self.unsaid: dict[int, int] = {}
        """The ids of messages that could not be stored lately, and of those before them."""
        self.kept = False
        self.lasting = False
        self.private = False
        self.locked = False
        self.ops: set[Subject] = set()
        self.invited: set[Subject] = set()
        self.muted: dict[Subject, float] = {}
        self.muted_networks: dict[str, tuple[float, int]] = {}

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
        """Whether the room is empty, nothing was said in it, and nothing is ruled."""
        return not (self.members or self.last_id or self.private or self.locked or self.lasting)

    @property
    def plain(self) -> bool:
        """Whether nobody is in the room and nothing is ruled in it."""
        subjects = (self.ops, self.invited, self.muted, self.muted_networks)
        return not (self.members or self.private or self.locked or self.topic or any(subjects))

    def unsay(self, number: int, before: int) -> tuple[()]:
        """The message *number*, which followed the one *before*, could not be stored."""
        self.unsaid[number] = before
        self.last_id = self.said_up_to(self.last_id)
        if len(self.unsaid) > MOST_UNSAID:
            del self.unsaid[next(iter(self.unsaid))]
        return ()

    def said_up_to(self, number: int) -> int:
        """The newest message up to *number* that was not refused."""
        while number in self.unsaid:
            number = self.unsaid[number]
        return number

    def rights(self, subject: Subject) -> Rights:
        """What the room holds of *subject*."""
        return Rights(subject in self.ops, subject in self.invited, self.muted.get(subject))

    def give(self, subject: Subject, rights: Rights) -> None:
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
