"""What a session can be shown: one class for each object that the server sends.

An event encodes to the JSON object of the same ``type`` in ``docs/protocol.md``, and decodes from it. Times are UTC
in the form of the wire, ``2026-11-21T09:15:02.114Z``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

import msgspec

Kind = Literal["say", "action"]
RuleKind = Literal["op", "mute", "invite", "private", "lock"]


def timestamp(seconds: float) -> str:
    """Write *seconds* since 1970 in UTC with milliseconds, as the wire does."""
    return _millisecond(int(seconds * 1000))


@lru_cache(maxsize=4)
def _millisecond(milliseconds: int) -> str:
    """Write a time that many messages may share."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{_second(whole)}.{rest:03d}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def wire_time(moment: datetime) -> str:
    """Write an aware time as the wire does; raises :class:`OverflowError` at the ends of the calendar."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag=str.lower):
    """Anything that a session is shown."""


class Message(Event, frozen=True, kw_only=True):
    """What a user said in a ``room``, or privately ``to`` one user. Ids are positive and grow."""

    id: int
    time: str
    room: str | None = None
    to: str | None = None
    author: str
    kind: Kind
    text: str
    tag: str | None = None


class Joined(Event, frozen=True, kw_only=True):
    """Somebody came into the room."""

    time: str
    room: str
    name: str


class Left(Event, frozen=True, kw_only=True):
    """Somebody left the room, or was put out of it ``by`` another, who may have said why (``text``)."""

    time: str
    room: str
    name: str
    by: str | None = None
    text: str = ""
    tag: str | None = None


class Rule(Event, frozen=True, kw_only=True):
    """``by`` changed a ``rule`` of the room, for the user ``name`` where it is about one."""

    time: str
    room: str
    by: str
    rule: RuleKind
    on: bool
    name: str | None = None
    text: str = ""
    tag: str | None = None


class Deleted(Event, frozen=True, kw_only=True):
    """The message with this id is gone; without a room it was a private one."""

    time: str
    room: str | None
    id: int
    by: str
    tag: str | None = None


class Read(Event, frozen=True, kw_only=True):
    """The user has read the room up to this id."""

    room: str
    id: int
    tag: str | None = None


class BanLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line in the list of bans; ``until`` is a time, or ``None`` for ever."""

    target: str
    until: str | None
    why: str
    by: str
    time: str


class Bans(Event, frozen=True, kw_only=True):
    """The names and addresses that may not come in."""

    bans: list[BanLine]
    tag: str | None = None


class Stats(Event, frozen=True, kw_only=True):
    """How the server is doing, in numbers."""

    figures: dict[str, float]
    tag: str | None = None


class Prompt(Event, frozen=True, kw_only=True):
    """People are asked for a password, which their terminal is not to show; ``None``: it has been given."""

    text: str | None


class Renamed(Event, frozen=True, kw_only=True):
    """``name`` is called ``new`` from now on; without a room it answers the one who asked."""

    time: str
    room: str | None
    name: str
    new: str
    tag: str | None = None


class Topic(Event, frozen=True, kw_only=True):
    """The topic of the room, and who set it."""

    time: str
    room: str
    name: str | None
    topic: str
    tag: str | None = None


class Away(Event, frozen=True, kw_only=True):
    """``name`` is away with a text, or back (``None``); without a room it answers the one who asked."""

    time: str
    room: str | None
    name: str
    text: str | None
    tag: str | None = None


class Missed(Event, frozen=True, kw_only=True):
    """``count`` messages with ``after`` < id < ``before`` were not sent, as the session was too slow to read them."""

    room: str | None
    count: int
    after: int
    before: int


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the server accepts: ``text`` and ``line`` in bytes, ``name`` in characters, ``rooms`` for each session."""

    text: int
    line: int
    name: int
    rooms: int


class Welcome(Event, frozen=True, kw_only=True):
    """The session is in under this name; the token resumes it from another connection.

    ``registered``: the name belongs to this user. ``role``: ``moderator``, ``owner`` or nothing.
    """

    name: str
    token: str
    server: str
    time: str
    limits: Limits
    registered: bool = False
    role: str = ""


class RoomState(Event, frozen=True, kw_only=True, tag="room"):
    """The session is in this room from now on; ``last`` is the id of the newest message, or 0.

    ``read``: up to which id the user had read it, where that is known.
    """

    room: str
    topic: str
    users: list[str]
    away: dict[str, str]
    last: int
    ops: list[str] = []
    private: bool = False
    read: int | None = None
    tag: str | None = None


class Who(Event, frozen=True, kw_only=True):
    """Who is in the room, who of them is away with which text, and who is an op."""

    room: str
    users: list[str]
    away: dict[str, str]
    ops: list[str] = []
    tag: str | None = None


class RoomSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line in the list of rooms; ``users`` is their number."""

    room: str
    users: int
    topic: str


class Rooms(Event, frozen=True, kw_only=True):
    """All rooms."""

    rooms: list[RoomSummary]
    tag: str | None = None


class History(Event, frozen=True, kw_only=True):
    """Messages from the history, by id; ``more``: there are more in the direction that was asked.

    ``since``: the time that was asked for.
    """

    room: str
    messages: list[Message]
    more: bool
    since: str | None = None
    tag: str | None = None


class Found(Event, frozen=True, kw_only=True):
    """Messages that were searched for, newest first; ``more``: there are older ones.

    ``text`` is what was searched for; ``None`` where it was whatever names the user.
    """

    text: str | None
    messages: list[Message]
    more: bool
    tag: str | None = None


class Ignored(Event, frozen=True, kw_only=True):
    """Whom the session ignores."""

    names: list[str]
    tag: str | None = None


class CommandHelp(msgspec.Struct, frozen=True, kw_only=True):
    """A line in the list of commands."""

    name: str
    usage: str
    summary: str


class Help(Event, frozen=True, kw_only=True):
    """Commands and what they do."""

    commands: list[CommandHelp]
    tag: str | None = None


class Notice(Event, frozen=True, kw_only=True):
    """Something that the server wants the user to know."""

    text: str
    tag: str | None = None


class Refusal(Event, frozen=True, kw_only=True, tag="error"):
    """A request was refused, and nothing of it happened; ``text`` is a sentence for people."""

    code: str
    text: str
    tag: str | None = None


class Pong(Event, frozen=True, kw_only=True):
    """The answer to a ping."""

    time: str
    tag: str | None = None


class Ping(Event, frozen=True, kw_only=True):
    """The server is still there; a program that has been silent for long is told so."""

    time: str


class Goodbye(Event, frozen=True, kw_only=True):
    """The connection closes after this.

    ``code``: why there is no use in coming back by oneself: ``replaced`` (by another connection) or ``banned``.
    """

    text: str
    code: str = ""


AnyEvent = (
    Message
    | Joined
    | Left
    | Rule
    | Deleted
    | Read
    | Bans
    | Stats
    | Renamed
    | Topic
    | Away
    | Missed
    | Welcome
    | RoomState
    | Who
    | Rooms
    | History
    | Found
    | Ignored
    | Help
    | Notice
    | Refusal
    | Pong
    | Ping
    | Goodbye
)
"""Every event, as a union for decoding."""
