"""Facts: what a history stores, each the change of one thing. They are applied and stored one after the other.

Until accounts have numbers, a fact names an account by the key of its name (:func:`chat.core.names.key`).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from chat.core.accounts import Role
from chat.core.bans import Ban
from chat.core.events import Message, Topic


class Said(msgspec.Struct, frozen=True):
    """A message, and the digest of the token under which it was said, if there was one."""

    message: Message
    token: str | None = None
    kept_for: str | None = None
    """The account that gets this private message at its next log-in."""


@dataclass(frozen=True, slots=True)
class TopicSet:
    """A room has this topic now."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class Erased:
    """The messages with these ids are gone: nobody can read or find them, and their ids are not used again.

    ``by`` is the name of who erased them.
    """

    ids: tuple[int, ...]
    by: str


@dataclass(frozen=True, slots=True)
class Registered:
    """The user called ``name`` has an account now, which takes over the user's rights in rooms.

    ``ops`` and ``invited`` are the rooms where they are op and where they are invited, ``password`` is a hash.
    """

    account: str
    name: str
    password: str
    ops: tuple[str, ...] = ()
    invited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unregistered:
    """The account is gone, with all its rights, its read marks and the private messages kept for it."""

    account: str


@dataclass(frozen=True, slots=True)
class PasswordSet:
    """The account has another password, of which this is the hash."""

    account: str
    password: str


@dataclass(frozen=True, slots=True)
class RoleSet:
    """The account has this role."""

    account: str
    role: Role


@dataclass(frozen=True, slots=True)
class ReadUpTo:
    """The account has read this room up to this id."""

    account: str
    room: str
    id: int


@dataclass(frozen=True, slots=True)
class KeptShown:
    """The private messages kept for the account, up to this id, have been shown."""

    account: str
    id: int


@dataclass(frozen=True, slots=True)
class Banned:
    """This ban holds, in place of an earlier one of the same target."""

    ban: Ban


@dataclass(frozen=True, slots=True)
class Unbanned:
    """The ban with this target does not hold any more."""

    target: str


@dataclass(frozen=True, slots=True)
class OpSet:
    """The subject is an op of the room, or no longer."""

    room: str
    subject: str
    on: bool


@dataclass(frozen=True, slots=True)
class Invited:
    """The subject may come into the room while it is private."""

    room: str
    subject: str


@dataclass(frozen=True, slots=True)
class Muted:
    """The subject may say nothing in the room until then (monotonic seconds), or may speak again (``None``)."""

    room: str
    subject: str
    until: float | None


@dataclass(frozen=True, slots=True)
class PrivacySet:
    """The room is private, or open."""

    room: str
    on: bool


@dataclass(frozen=True, slots=True)
class LockSet:
    """Only ops set the topic of the room, or everybody in it."""

    room: str
    on: bool


AccountFact = Registered | Unregistered | PasswordSet | RoleSet
RoomFact = OpSet | Invited | Muted | PrivacySet | LockSet
Fact = Said | TopicSet | Erased | ReadUpTo | KeptShown | AccountFact | RoomFact | Banned | Unbanned


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about themselves or others, for the audit record, and the fact that it makes, if any."""

    time: str
    by: str
    action: str
    target: str
    room: str | None = None
    why: str = ""
    fact: Fact | None = None
    ops: tuple[str, ...] = ()
    """The accounts that are ops of the room then: of who made the room the history may not know it yet."""


Record = Fact | Decision
"""What is stored at once: a fact, or a decision together with its fact."""


@dataclass(frozen=True, slots=True)
class RoomRecord:
    """A room as a history holds it: its topic, and the id of its newest message or 0."""

    name: str
    topic: str
    last_id: int


@dataclass(frozen=True, slots=True)
class RoomRules:
    """The rules of a room as a history holds them; ``ops`` and ``invited`` are accounts."""

    room: str
    private: bool = False
    locked: bool = False
    ops: tuple[str, ...] = ()
    invited: tuple[str, ...] = ()
