"""A room: its name, its topic, who is in it, and its rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum, StrEnum
from typing import Protocol, TypeVar

import msgspec

from chat.core.accounts import Subject
from chat.core.bans import RoomBan

K = TypeVar("K")
V = TypeVar("V")

LONGEST_FOR_NETWORK = 86_400
"""If somebody is muted or banned, newcomers without an account from the same address are too: for so many seconds at
most."""

MOST_UNSAID = 4_096
"""So many of the last messages that could not be stored are known: more than can wait at once."""

MOST_SPOKEN = 10_000
"""So many of those who spoke last in a slow room are known."""


class Access(StrEnum):
    """Who comes into a room, and reads it."""

    OPEN = "open"
    MEMBERS = "members"
    """Users with an account, and who is invited."""
    PRIVATE = "private"
    """Who is invited."""


_PRIVATE = Access.PRIVATE
"""Each message asks for it, and Python 3.11 takes as long to find a member of an enum as to call a function."""


class Status(StrEnum):
    """Whether a room is in use."""

    LIVE = ""
    ARCHIVED = "archived"
    """It can be read, and nobody speaks in it."""
    CLOSED = "closed"
    """Nobody is in it but moderators, who may read it; its name is taken."""


class Invite(IntEnum):
    """Whether somebody is invited into a room."""

    NONE = 0
    WAITING = 1
    """They have not come since, and are told of it whenever they come in."""
    USED = 2
    """They have come, and may come again."""


class Member(Protocol):
    """What a room knows of who is in it."""

    name: str
    away: str | None
    ignored: Mapping[str, str]
    """Whom it ignores, by the keys of their names."""

    @property
    def subject(self) -> Subject:
        """Whom its rights belong to."""


class Rights(msgspec.Struct, frozen=True):
    """What a room holds of one subject: whether it is op, invited, muted until then (monotonic seconds), banned.

    Of several rooms one subject may be the ``founder``, which counts only for an account.
    """

    op: bool = False
    invited: Invite = Invite.NONE
    muted_until: float | None = None
    founder: bool = False
    ban: RoomBan | None = None

    def __bool__(self) -> bool:
        return self != NO_RIGHTS

    def of(self, subject: Subject) -> Rights:
        """The same, held of *subject*."""
        if self.ban is None:
            return self
        return msgspec.structs.replace(self, ban=msgspec.structs.replace(self.ban, subject=subject))

    def uninvited(self) -> Rights:
        """The same without an invitation."""
        return msgspec.structs.replace(self, invited=Invite.NONE)

    def no_op(self) -> Rights:
        """The same, but neither op nor founder."""
        return msgspec.structs.replace(self, op=False, founder=False)


NO_RIGHTS = Rights()


class Room:
    """Where messages go. ``last_id`` is the id of its newest message, said ``at`` that time; 0 if nothing was said.

    ``muted`` tells when each muted subject may speak again (monotonic seconds). ``muted_networks`` tells when newcomers
    without an account from there may, and how many users had arrived before them. Those who are not its ops wait
    ``slow`` seconds between two messages. The history holds the rights in a room once it is ``kept``. A ``lasting``
    room stays although nothing is left of what was said in it.
    """

    __slots__ = (
        "access",
        "at",
        "bans",
        "called",
        "hooks",
        "invited",
        "kept",
        "last_id",
        "lasting",
        "locked",
        "maker",
        "members",
        "muted",
        "muted_networks",
        "name",
        "ops",
        "pinned",
        "slow",
        "spoken",
        "status",
        "stirred",
        "topic",
        "unsaid",
    )

    def __init__(self, name: str, last_id: int = 0, at: str | None = None) -> None:
        self.name = name
        self.topic = ""
        self.members: dict[Member, None] = {}
        self.last_id = last_id
        self.at = at
        self.unsaid: dict[int, int] = {}
        """The ids of messages that could not be stored lately, and of those before them."""
        self.kept = False
        self.lasting = False
        self.pinned: tuple[int, ...] = ()
        """The ids of its pinned messages, in the order in which they were pinned."""
        self.called = 0.0
        """Until when nobody may call everybody in it again (monotonic seconds)."""
        self.hooks = 0
        """How many hooks speak in it."""
        self.stirred = False
        """Whether somebody came, went or spoke since the rooms were put in order."""
        self.access = Access.OPEN
        self.status = Status.LIVE
        self.locked = False
        self.slow = 0
        self.spoken: dict[Subject, float] | None = None
        """Until when those who spoke last in a slow room wait (monotonic seconds), in their order."""
        self.maker: Subject = 0
        """Who made it, or was given it: the founder, if it is an account."""
        self.ops: frozenset[Subject] = frozenset()
        self.invited: dict[Subject, Invite] = {}
        self.bans: dict[Subject, RoomBan] = {}
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

    def ignored(self) -> Collection[str]:
        """Whom any of them ignores, as keys of names."""
        return {key for member in self.members for key in member.ignored}

    def present_ops(self) -> list[str]:
        """Which of them are ops."""
        return [member.name for member in self.members if member.subject in self.ops] if self.ops else []

    @property
    def private(self) -> bool:
        """Whether only the invited come in."""
        return self.access is _PRIVATE

    @property
    def founder(self) -> Subject:
        """The account that founded it, or 0."""
        return self.maker if self.maker > 0 else 0

    @property
    def shown_access(self) -> str:
        """Who comes in, or why nobody speaks, as events tell it."""
        return (self.status or self.access).value

    @property
    def ruled(self) -> bool:
        """Whether somebody has decided something about it that is to last."""
        return bool(self.lasting or self.locked or self.slow or self.bans or self.hooks) or (
            self.access is not Access.OPEN or self.status is Status.ARCHIVED
        )

    @property
    def forgettable(self) -> bool:
        """Whether the room is empty, nothing was said in it, and nothing is ruled, or it is closed for ever."""
        return not (self.members or self.last_id) and (self.status is Status.CLOSED or not self.ruled)

    def unsay(self, number: int, before: int, at: str | None, author: Subject) -> None:
        """The message *number* of *author*, which followed the one *before* of the time *at*, could not be stored."""
        self.give_turn_back(author)
        self.unsaid[number] = before
        if number == self.last_id:
            self.at = at
        self.last_id = self.said_up_to(self.last_id)
        if len(self.unsaid) > MOST_UNSAID:
            del self.unsaid[next(iter(self.unsaid))]

    def said_up_to(self, number: int) -> int:
        """The newest message up to *number* that was not refused."""
        while number in self.unsaid:
            number = self.unsaid[number]
        return number

    # -- whose turn it is to speak

    def wait_of(self, subject: Subject, now: float) -> float:
        """The seconds that *subject* has to wait in the slow room at the time *now*."""
        return max(0.0, (self.spoken or {}).get(subject, now) - now)

    def take_turn(self, subject: Subject, now: float) -> None:
        """*subject* speaks in the slow room at the time *now*."""
        if self.spoken is None:
            self.spoken = {}
        self.spoken.pop(subject, None)
        self.spoken[subject] = now + self.slow
        while (first := next(iter(self.spoken))) != subject and (
            self.spoken[first] <= now or len(self.spoken) > MOST_SPOKEN
        ):
            del self.spoken[first]

    def give_turn_back(self, subject: Subject) -> tuple[()]:
        """What *subject* said was not stored."""
        if self.spoken is not None:
            self.spoken.pop(subject, None)
        return ()

    # -- rights

    def subjects(self) -> Collection[Subject]:
        """Of whom the room holds rights."""
        return {*self.ops, *self.invited, *self.muted, *self.bans, *([self.maker] if self.maker else [])}

    def rights(self, subject: Subject) -> Rights:
        """What the room holds of *subject*."""
        return Rights(
            subject in self.ops,
            self.invited.get(subject, Invite.NONE),
            self.muted.get(subject),
            subject == self.maker and subject != 0,
            self.bans.get(subject),
        )

    def mute_network(self, network: str, until: tuple[float, int] | None) -> None:
        """Mute who comes from *network*, until a time, if so many others arrived before; ``None`` ends that."""
        _put(self.muted_networks, network, until)

    def give(self, subject: Subject, rights: Rights) -> None:
        """Have the room hold exactly these rights of *subject*."""
        if rights.op is not (subject in self.ops):
            self.ops = self.ops | {subject} if rights.op else self.ops - {subject}
        _put(self.invited, subject, rights.invited or None)
        _put(self.bans, subject, rights.ban.of(subject) if rights.ban is not None else None)
        _put(self.muted, subject, rights.muted_until)
        if rights.founder:
            self.maker = subject
        elif self.maker == subject:
            self.maker = 0


def _put(mapping: dict[K, V], key: K, value: V | None) -> None:
    """Put *value* into the *mapping*, or take what is there away if it is ``None``."""
    if value is None:
        mapping.pop(key, None)
    else:
        mapping[key] = value
