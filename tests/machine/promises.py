"""What the chat promises, and what must be known of a conversation to tell whether it was kept.

Everything is seen from outside: by what was sent, and by what came. What a request changes, it changes at some moment
between being sent and being answered; what is read was true at some such moment too. :class:`Register` tells what could
have been read, so that a promise is never called broken because two things happened at once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from house import Door

from machine.conversations import Conversations
from machine.files import KEY, Files, told_of
from machine.hooks import Hooks
from machine.wording import WORDS, quote_of, shown_as, words_of

PROMISES = {
    "no mistake": "The server makes no mistake: it says of none, and logs no failure.",
    "one answer": "Every request with a tag is answered once.",
    "welcome": "Nothing is shown to a client before it is welcome, but why not.",
    "one message": "What is sent again under its tag is stored once.",
    "true words": "What is shown was said, by whom it is shown under, there.",
    "one order": "The messages of a room are shown to all in the order of their ids, each once, and none is left out.",
    "one number": "An id is that of one message, and a rev that of one change, for all and for good.",
    "lines": "A text of several lines is shown as it was said: with its lines, or in one to who does not know them.",
    "edited": "A message has the text that its author has given it last, and shows when.",
    "author": "Only its author gives a message another text, and within an hour.",
    "reactions": "A message shows who reacts to it: how many, with what, and whether oneself does.",
    "kinds": "A message has at most 20 different reactions.",
    "pins": "Ops pin what was said in the room, at most 50 messages, and what is pinned is said to be.",
    "answer": "An answer is to a message of the same room or conversation, which is quoted as it is.",
    "everybody": "Only ops call everybody in a room, and once a minute at most.",
    "same state": "Who has followed a room, with whatever breaks, knows of each message what the history says of it.",
    "own words": "The words that name a user are those that they have set last, after any restart too.",
    "kept": "What was acknowledged, or shown to anybody, is in the history until it is deleted, after any restart too.",
    "refused": "A request that was refused changes nothing that anybody can see.",
    "own password": "An account is opened by its password and by no other, whatever was changed meanwhile.",
    "ended token": "A token opens nothing that was used before another password was given, or that was logged out.",
    "key": "Who comes in has given the key, and who gives it is not told that it is wrong.",
    "members only": "Nobody who has no account is in a chat for members.",
    "code": "Who makes an account where that needs an invitation has a good one, which nobody else has used.",
    "own name": "A name that belongs to somebody is nobody else's.",
    "reserved name": "A name that is reserved is nobody's without an account that the operator has made.",
    "one holder": "No two who are here have names that look alike.",
    "role": "Who has a role has had it given, and not taken.",
    "power": "Against moderators nobody decides but owners.",
    "lock-out": "Nobody has to wait for wrong passwords that came from elsewhere.",
    "op": "Who is op of a room has made it or was made op, and has not lost that.",
    "op stays": "Who has made a room or was made op of it, and has not lost that, is op of it.",
    "privacy": "Nobody is shown what no chain of invitations allows.",
    "invitation": "Who was invited comes in.",
    "mute": "Who is muted says nothing there until the time is over, and nobody else is.",
    "slow": "Who is no op of a slow room speaks there only so often, and nobody else has to wait.",
    "no voice": "In a room that is archived or closed nobody speaks, and in no other for that.",
    "founder": "Only moderators decide against the founder of a room; only they and founders close it, or hand it on.",
    "room ban": "Who is banned from a room stays out of it until the time is over, and nobody else is kept out so.",
    "lock": "In a room that is locked only ops set the topic.",
    "topic": "The topic of a room is what was set last.",
    "one join": "Others see a user come into a room once, and leave it once, on whatever number of devices they are.",
    "devices": "The devices of a user are those that are connected, with some that may come back, and no others.",
    "who is who": "Who asks who somebody is hears where they are, as far as they may see that.",
    "own rooms": "The rooms of an account are those that its programs have come into last, and have not left.",
    "one name": "All devices of a user go by one name.",
    "own tag": "The tag of a message is told to the device that has said it, and to no other of its author.",
    "read mark": "Up to where somebody has read a room is what they have said last, on all their devices.",
    "away": "Who is said to be away has said so, and has not come back.",
    "ignored": "Whom somebody ignores is what they have said last, on all their devices, after any restart too.",
    "membership": "Who was put out of a room, or left, is out of it until they join again; who joined is in it.",
    "toggle": "A request that switches something finds it as the requests before it have left it.",
    "ban": "Who is banned is not in the chat, under any name that looks alike; nobody else is kept out.",
    "addresses": "What is written like an address is banned as that address, or refused.",
    "private": "A private message is seen by nobody but its two ends, and by no later holder of a name.",
    "every device": "A private message is shown on all devices of both its ends that are connected.",
    "sound": "Whatever happens, nothing in the history is missing or left over.",
    "conversations": "Both sides of a conversation read, find and count what was said in it, in order, and no more.",
    "with": "What names the other side of a conversation stays the same, and names nobody else.",
    "replay": "Who says which private message they have seen last is sent what came later, and nothing else.",
    "private end": "Of the end of a private message nobody is told but its two ends, and no later holder of a name.",
    "deleted": "What was deleted is not shown again.",
    "delivered": "A private message to an account is refused, or shown to it: at its next log-in if not before.",
    "hook": "A hook speaks until it is ended, once under each tag and after any restart too, and its name is nobody's.",
    "upload": "Who may speak somewhere sends files there, each once, and as many as there is room for.",
    "file": "A message has the file that was sent, which is fetched as it was until the message is gone.",
    "announced": "What the operator announces is shown to everybody who is here.",
    "times": "What was said at a time is found by it, though the clock has jumped.",
}

HOUR = timedelta(hours=1)
"""So long after they were said messages are edited."""
INFINITY = math.inf
ANYTHING: Any = object()
"""Nobody can know which value it is."""


class Broken(AssertionError):
    """A promise was broken."""

    def __init__(self, promise: str, what: str) -> None:
        assert promise in PROMISES
        super().__init__(f"{PROMISES[promise]} But {what}")
        self.promise = promise


# -- what may be true


class Write:
    """A change of one thing: *by* whom, when it was *sent*, and when it was *done*, as far as is known.

    It is *certain* once it is known to have happened; *undone* if it could not be stored and so held for a moment only.
    """

    __slots__ = ("by", "certain", "done", "sent", "undone", "value")

    def __init__(self, value: Any, by: object, sent: float, done: float = INFINITY, certain: bool = False) -> None:
        self.value = value
        self.by = by
        self.sent = sent
        self.done = done
        self.certain = certain
        self.undone = False

    def finish(self, now: float) -> None:
        """It has happened."""
        self.done, self.certain = now, True


@dataclass(slots=True)
class Look:
    """When something was read: asked for at *sent* by *by*, answered at *done*."""

    by: object
    sent: float
    done: float


class Register:
    """One thing that can be changed, and all its changes."""

    __slots__ = ("_writes",)

    def __init__(self, value: Any) -> None:
        self._writes = [Write(value, None, -1, -1, certain=True)]

    def write(self, value: Any, by: object, sent: float) -> Write:
        """Somebody asks for a change."""
        write = Write(value, by, sent)
        self._writes.append(write)
        return write

    def put(self, value: Any, now: float) -> None:
        """It has this value from now on, whoever did it."""
        self._writes.append(Write(value, None, now, now, certain=True))

    def may_put(self, value: Any, sent: float, done: float) -> Write:
        """It may have been given this value, at some moment from *sent* to *done*."""
        write = Write(value, None, sent, done)
        self._writes.append(write)
        return write

    def since(self, first: Write) -> Iterator[Any]:
        """All values that were asked for since a change."""
        return (write.value for write in self._writes if write.sent >= first.sent)

    def last(self) -> Write:
        """The change that was asked for last, of those that have certainly happened."""
        return max((write for write in self._writes if write.certain), key=lambda write: write.sent)

    def everything(self) -> Iterator[Any]:
        """All values that it ever may have had."""
        return (write.value for write in self._writes)

    def forget_times(self) -> None:
        """The times that are its values mean something else from now on, which nobody can know."""
        for write in self._writes:
            if isinstance(write.value, float | int) and 0 < write.value < INFINITY:
                write.value = ANYTHING

    def drop(self, write: Write) -> None:
        """The change was refused."""
        self._writes.remove(write)

    def values(self, look: Look) -> Iterator[Any]:
        """What may have been read then."""
        for write in self._writes:
            if write.sent > look.done:
                continue
            if write.undone:
                if write.done >= look.sent:
                    yield write.value
                continue
            if not any(_replaces(other, write, look) for other in self._writes):
                yield write.value

    def may_be(self, value: Any, look: Look) -> bool:
        """Tell whether *value* may have been read then."""
        return any(found == value or found is ANYTHING for found in self.values(look))


def _replaces(other: Write, write: Write, look: Look) -> bool:
    """Tell whether *other* has certainly taken the place of *write* before the *look*."""
    if other is write or not other.certain or other.undone:
        return False
    seen = other.done < look.sent or (other.by is not None and other.by is look.by and other.sent < look.sent)
    later = write.done < other.sent or (other.by is not None and other.by is write.by and write.sent < other.sent)
    return seen and later


# -- who and what there is


class Device:
    """One connection's place in the chat, which whoever resumes it takes over: the rooms that it is in."""

    __slots__ = ("_rooms", "held", "over", "title")

    def __init__(self, title: str) -> None:
        self.title = title
        self.held = False
        """Whether its connection has broken."""
        self.over = False
        self._rooms: dict[int, Register] = {}

    def __repr__(self) -> str:
        return f"device {self.title}"

    def room(self, room: Room) -> Register:
        """Whether it is in the room."""
        if room.number not in self._rooms:
            unknown = room.unknown or self._may_be_left(room.older)
            self._rooms[room.number] = Register(ANYTHING if unknown else False)
        return self._rooms[room.number]

    def _may_be_left(self, room: Room | None) -> bool:
        while room is not None:
            register = self._rooms.get(room.number)
            if room.unknown or (register is not None and any(register.everything())):
                return True
            room = room.older
        return False

    def may_have_left(self, sent: float, done: float, but: Collection[Room] = ()) -> None:
        """It may have left all rooms but those."""
        stays = {room.number for room in but}
        for number, register in self._rooms.items():
            if number not in stays:
                register.may_put(False, sent, done)

    def has_left(self, now: float) -> None:
        """It is in no room now."""
        for register in self._rooms.values():
            register.put(False, now)

    def may_be_as(self, other: Device, sent: float, done: float) -> None:
        """Somebody may have decided about the *other*, and so about this one."""
        for number in other._rooms:
            self._rooms.setdefault(number, Register(ANYTHING)).may_put(ANYTHING, sent, done)


class Subject:
    """Somebody on whom rights hang: an account, or one unbroken presence without one."""

    __slots__ = (
        "alive", "away", "devices", "former", "ignored", "inherits", "is_account", "listed", "logs_out", "marks",
        "names", "own_name", "party", "password", "reset", "rights", "role", "title", "unknown", "words",
    )  # fmt: skip

    def __init__(self, title: str, *, is_account: bool, unknown: bool = False) -> None:
        self.title = title
        self.is_account = is_account
        self.unknown = unknown
        """Whether nothing is known of its rights."""
        self.names: set[str] = set()
        """All names that they have had."""
        self.former: set[Subject] = set()
        """Who they were before: what these have said and were told is theirs."""
        self.rights: dict[tuple[str, int], Register] = {}
        self.devices: set[Device] = set()
        self.inherits = False
        self.marks: dict[str, Register] = {}
        """Up to which id they have read each room."""
        self.ignored: dict[str, Register] = {}
        """Whether they ignore who has each name."""
        self.away = Register(None)
        self.logs_out = -1.0
        """When it was asked last that devices be logged out, by them or by the operator."""
        self.listed: dict[str, Register] = {}
        """Whether each room is among those of the account."""
        self.alive = Register(True)
        self.role = Register("")
        self.own_name = ""
        """The name that belongs to the account."""
        self.password = Register(ANYTHING)
        self.reset = (-1.0, -1.0)
        """When the operator was asked to give the account another password for the last time, and when it was done."""

        self.words = Register(())
        """The words that name them besides their name."""
        self.party: Subject = self
        """As whom they have their conversations: who registers goes on with theirs."""

    def __repr__(self) -> str:
        return self.title

    def right(self, kind: str, room: Room) -> Register:
        """What the subject may do in the room: ``op``, ``invited``, and until when not: ``muted``, ``banned``."""
        register = self.rights.get((kind, room.number))
        if register is None:
            unknown = self.unknown or room.unknown or self._may_be_left(kind, room.older)
            register = Register(ANYTHING if unknown else 0.0 if kind in ("muted", "banned") else False)
            self.rights[kind, room.number] = register
        return register

    def may_be_in(self, room: Room, look: Look) -> bool:
        """Tell whether they may have been in the room: on any device."""
        return self.unknown or any(device.room(room).may_be(True, look) for device in self.devices)

    def may_be_out_of(self, room: Room, look: Look) -> bool:
        """Tell whether they may not have been in the room: on no device."""
        return self.unknown or all(device.room(room).may_be(False, look) for device in self.devices)

    def mark(self, room: str) -> Register:
        """Up to where they have read the room."""
        return self.marks.setdefault(room, Register(ANYTHING if self._was_another else None))

    def lists(self, room: str) -> Register:
        """Whether the room is among those of the account."""
        return self.listed.setdefault(room, Register(ANYTHING if self._was_another else False))

    def ignores(self, name: str) -> Register:
        """Whether they ignore who has that name."""
        return self.ignored.setdefault(spelling(name), Register(ANYTHING if self._was_another else False))

    @property
    def _was_another(self) -> bool:
        """Whether they go on in the place of somebody, of whom they may have kept something."""
        return self.unknown or self.inherits

    def _may_be_left(self, kind: str, room: Room | None) -> bool:
        """Tell whether the subject may have had a right in a *room* that has, perhaps, vanished since."""
        while room is not None:
            register = self.rights.get((kind, room.number))
            if room.unknown or (register is not None and any(register.everything())):
                return True
            room = room.older
        return False


RULES = ("access", "archived", "closed", "slow", "founder", "locked", "topic")


class Room:
    """A room, from being made until it vanishes; *older* is the room of that name before."""

    def __init__(self, name: str, number: int, older: Room | None = None) -> None:
        self.name = name
        self.number = number
        self.older = older
        self.unknown = False
        """Whether nothing is known of it."""
        self.access = Register("open")
        """Who comes in: ``open``, ``members``, ``private``."""
        self.archived = Register(False)
        self.closed = Register(False)
        self.slow = Register(0.0)
        """How many seconds who is no op waits between two messages."""
        self.founder = Register(None)
        self.bans = False
        """Whether somebody may have been banned from it."""
        self.locked: Register = Register(ANYTHING if older is not None and any(older.locked.everything()) else False)
        self.topic = Register("")
        self.told = -1.0
        """When somebody was last told that they came in, or the operator that they had ruled it."""


@dataclass
class Text:
    """Something that somebody has said, or tried to: each text is said under one tag."""

    text: str
    authors: set[Subject]
    room: str | None = None
    to: str | None = None
    to_party: Subject | None = None
    """To whom it is if it was said to who is meant by a ``with``."""
    id: int | None = None
    """Under which id it was shown."""
    tries: list[Look] = field(default_factory=list)
    """Between which moments it may have been read; its name, if it has one, meant whoever had it then."""
    acknowledged: bool = False
    refused: bool = False
    end: Subject | None = None
    """Whom it is to, once it is acknowledged and if that is clear."""
    shown_to: set[Subject] = field(default_factory=set)
    """To whom it was shown, if it is private."""
    deleted: float = INFINITY
    """When it was told to be gone."""
    time: str = ""
    may_be_deleted: bool = False
    """Whether somebody has asked for its end."""
    dropped: bool = False
    """Whether it is gone without a word, as it was old."""
    seconds: float = 0.0
    """When it was said."""
    answers: int | None = None
    """The id of the message that it answers; -1: nobody knows, as it is of somebody with netcat."""
    notice: bool = False
    file: str = ""
    """The name of the file that comes with it."""
    key: str = ""
    """By which that is fetched, once somebody was shown it."""
    reactions: dict[tuple[Subject, str], Register] = field(default_factory=dict)
    """Whether each party reacts to it with what."""
    pinned: Register = field(default_factory=lambda: Register(False))
    versions: Register = field(init=False)
    """By which words its text is found, as its author edits it."""

    def __post_init__(self) -> None:
        self.versions = Register(words_of(self.text))

    @property
    def stays(self) -> bool:
        """Whether it is certain that it was said, and is still there."""
        return self.acknowledged and self.deleted == INFINITY and not self.may_be_deleted

    def reacts(self, party: Subject, kind: str) -> Register:
        """Whether a party reacts to it with that."""
        return self.reactions.setdefault((party, kind), Register(False))


@dataclass
class Version:
    """A text that a message is given, when it is said or by an edit."""

    raw: str
    text: Text | None
    """What has it; ``None``: that is not clear, as who edits it says only that it is what they said last."""
    authors: set[Subject]
    is_edit: bool = False
    write: Write | None = None
    """That it is given this text, if it is clear which message has it."""
    refused: bool = False

    @property
    def shown(self) -> str:
        """What others read."""
        return shown_as(self.raw)


def spelling(name: str) -> str:
    """Names have this in common that differ only in case or script, of those that the machine uses."""
    return name.casefold().replace("\u0430", "a").replace("\u03bf", "o")


def fold(name: str) -> str:
    """Names that look alike have this in common, of those that the machine uses."""
    return spelling(name).replace("l", "i")


def network_of(target: str) -> IPv4Network | IPv6Network | None:
    """The addresses that a ban of *target* is about, if it is about any."""
    try:
        found = ip_network(target, strict=False)
    except ValueError:
        return None
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    return IPv4Network((mapped, max(0, found.prefixlen - 96))) if mapped is not None else found


@dataclass
class Code:
    """An invitation to the chat, by whom it was made (``None``: the operator), and whether it is used up."""

    maker: Subject | None
    used: Register = field(default_factory=lambda: Register(False))
    taken: bool = False
    """Whether somebody was told that they have used it."""


class World:
    """What is known of the chat, and the promises about it that are not *waived*."""

    def __init__(self, doors: Door, waived: Iterable[str] = ()) -> None:
        self.doors = doors
        self.waived = frozenset(waived)
        self.codes: dict[str, Code] = {}
        self.spoken: dict[tuple[Subject, int], tuple[Any, float]] = {}
        """What everybody has said last in each room since the chat was started."""
        self.conversations = Conversations(self)
        self.hooks = Hooks(self, fold)
        self.files = Files(self)
        self.offers: frozenset[str] = frozenset()
        """The requests that this chat knows, of those that not every chat knows."""
        self.tick = 0.0
        self.seconds: Callable[[], float] = lambda: 0.0
        self.owners: dict[str, Register] = {}
        """Whom the names belong to."""
        self.holders: dict[str, Register] = {}
        """Who has the names now."""
        self.bans: dict[str, Register] = {}
        """Until when each target is banned, in seconds; 0: not."""
        self.rooms: dict[str, Room] = {}
        self.texts: dict[str, Text] = {}
        self.versions: dict[str, Version] = {}
        """All texts that messages were given, by their words."""
        self.numbers: dict[int, tuple[str, str]] = {}
        """What has each number: in which room it is, and, if it is that of a change, what that is."""
        self.revs: dict[str, int] = {}
        """The rev of each tag by which messages were changed."""
        self.loose: set[str] = set()
        """The reactions of people, who do not say to which message."""
        self.calls: dict[int, tuple[Any, float]] = {}
        """By whom everybody in each room was called last since the chat was started."""
        self.jumped = False
        """Whether the clock has ever jumped."""
        self.by_id: dict[int, Text] = {}
        self.roles: dict[Subject, Write] = {}
        """What the operator has made of accounts beside the running chat, which counts from their next log-in on."""
        self.tries: dict[str, int] = {}
        """How many passwords came from each address that are not known to be right."""
        self.pending: Callable[[str, object], bool] = lambda room, request: False
        """Whether another request about a room than that one waits for its answer."""
        self.ending: Callable[[], bool] = lambda: False
        """Whether somebody may have been made to leave who was not told yet."""
        self.resumed: dict[str, float] = {}
        """When somebody has tried last to come back by each token."""
        self.hellos: Callable[[], Iterable[Any]] = lambda: ()
        """All requests by which somebody comes in, and that are not answered."""
        self.changing: Callable[[Subject], bool] = lambda subject: False
        """Whether it is not clear for now if a subject registers, or is registered, or under which name."""
        self.failed = -1.0
        """When it was that something could not be stored, for the last time."""
        self._rooms = 0

    def require(self, promise: str, kept: bool, what: str) -> None:
        """Raise :class:`Broken` if a promise was not *kept*."""
        if not kept and promise not in self.waived:
            raise Broken(promise, what)

    # -- finding

    def room(self, name: str) -> Room:
        """The room of that name, as it is now."""
        if name not in self.rooms:
            self.new_room(name)
        return self.rooms[name]

    def new_room(self, name: str) -> Room:
        """A room was made, if it is not the one that was there before, in which nothing was said."""
        self._rooms += 1
        self.rooms[name] = Room(name, self._rooms, self.rooms.get(name))
        return self.rooms[name]

    def unknown_room(self, name: str) -> Room:
        """Of a room nothing is known any more, as it may have been made and have vanished unseen."""
        before, room = self.room(name), self.new_room(name)
        # Of these, what was asked for and is not answered is about the room as it is now.
        for rule in RULES:
            register = getattr(before, rule)
            register.may_put(ANYTHING, -1, self.tick)
            setattr(room, rule, register)
        room.bans = before.bans
        room.unknown = True
        return room

    def owner(self, name: str) -> Register:
        """Whom *name* belongs to."""
        return self.owners.setdefault(fold(name), Register(None))

    def may_end_as(self, account: Subject, name: str) -> None:
        """An *account* that may be given up just now may have the *name* then."""
        if account.alive.may_be(False, Look(None, self.tick, self.tick)):
            self.owner(name).may_put(None, self.tick, INFINITY)

    def holder(self, name: str) -> Register:
        """Who has *name* now."""
        return self.holders.setdefault(fold(name), Register(None))

    def called(self, name: str, look: Look) -> set[Subject]:
        """Who may have been meant by *name*: who had it then, and, if nobody may have had it, its owner."""
        holders = set(self.holder(name).values(look))
        if None in holders:
            holders |= set(self.owner(name).values(look))
        return holders - {None}

    def is_coming(self, subject: Subject) -> bool:
        """Tell whether somebody may have logged in to an account just now, and was not told."""
        now = Look(None, 0, self.tick)
        return any(subject in self.owner(hello.fields["name"]).values(now) for hello in self.hellos())

    def everybody(self) -> set[Subject]:
        """All who have had a name."""
        registers = [*self.holders.values(), *self.owners.values()]
        return {subject for register in registers for subject in register.everything()} - {None}

    # -- rights

    def may_op(self, subjects: Iterable[Subject], room: Room, look: Look) -> bool:
        """Tell whether one of them may have been op of the room."""
        return any(s.right("op", room).may_be(True, look) or self.may_moderate((s,), look) for s in subjects)

    def may_not_op(self, subjects: Iterable[Subject], room: Room, look: Look) -> bool:
        """Tell whether one of them may not have been op of the room."""
        return any(
            s.alive.may_be(False, look) or (s.right("op", room).may_be(False, look) and self.may_be_user(s, look))
            for s in subjects
        )

    def may_moderate(
        self, subjects: Iterable[Subject], look: Look, roles: tuple[str, ...] = ("moderator", "owner")
    ) -> bool:
        """Tell whether one of them may have had such a role."""
        return any(s.is_account and any(s.role.may_be(role, look) for role in roles) for s in subjects)

    def may_be_user(self, subject: Subject, look: Look) -> bool:
        """Tell whether the subject may have had no role."""
        return not subject.is_account or subject.role.may_be("", look) or subject.alive.may_be(False, look)

    def may_see(self, subjects: Iterable[Subject], room: Room, look: Look) -> bool:
        """Tell whether one of them may have been allowed to know what is in the room, or was there already."""
        return any(self._may_see(subject, room, look) for subject in subjects)

    def _may_see(self, subject: Subject, room: Room, look: Look) -> bool:
        if self.may_moderate((subject,), look) or subject.may_be_in(room, look):
            return True
        opens = room.access.may_be("open", look) or (subject.is_account and room.access.may_be("members", look))
        invited = subject.right("invited", room).may_be(True, look) or subject.right("op", room).may_be(True, look)
        return room.closed.may_be(False, look) and (opens or invited)

    def may_enter(self, subjects: Iterable[Subject], room: Room, look: Look) -> bool:
        """Tell whether one of them may have been allowed into the room, or was there already."""
        return any(
            self._may_see(s, room, look)
            and (not self.must_be_out(s, room, look) or s.may_be_in(room, look) or self.may_moderate((s,), look))
            for s in subjects
        )

    def must_be_out(self, subject: Subject, room: Room, look: Look) -> bool:
        """Tell whether the subject certainly was banned from the room."""
        now = self.seconds()
        return all(until is not ANYTHING and until > now for until in subject.right("banned", room).values(look))

    def may_be_kept_out(self, subjects: Iterable[Subject], room: Room, look: Look) -> bool:
        """Tell whether one of them may have been refused at the door of the room."""
        return any(self._may_be_kept_out(subject, room, look) for subject in subjects)

    def _may_be_kept_out(self, subject: Subject, room: Room, look: Look) -> bool:
        if not self.may_be_user(subject, look):
            return False
        if room.closed.may_be(True, look) or self.may_be_out(subject, room, look):
            return True
        member = subject.is_account and not subject.alive.may_be(False, look)
        shut = room.access.may_be("private", look) or (not member and room.access.may_be("members", look))
        return shut and subject.right("invited", room).may_be(False, look) and self.may_not_op((subject,), room, look)

    def may_be_out(self, subject: Subject, room: Room, look: Look) -> bool:
        """Tell whether the subject may have been banned from the room, or came from where somebody banned had been."""
        if room.bans and (not subject.is_account or subject.alive.may_be(False, look)):
            return True
        now = self.seconds()
        return any(until is ANYTHING or until > now - 1 for until in subject.right("banned", room).values(look))

    def must_be_good(self, code: str | None, look: Look) -> bool:
        """Tell whether an invitation certainly was good."""
        known = self.codes.get(code or "")
        return (
            known is not None
            and set(known.used.values(look)) == {False}
            and (known.maker is None or (self._must_invite(known.maker, look)))
        )

    def _must_invite(self, maker: Subject, look: Look) -> bool:
        moderates = not self.may_be_user(maker, look)
        return moderates or (self.doors.inviters == "members" and not maker.alive.may_be(False, look))

    @property
    def by_invitation(self) -> bool:
        """Whether one needs an invitation to make an account."""
        return self.doors.registration == "invitation"

    def bans_of(self, name: str | None, host: str) -> Iterator[Register]:
        """The bans that are about *name*, or the address *host*."""
        for target, register in self.bans.items():
            network = network_of(target)
            address = ip_address(host)
            if network is not None:
                if address.version == network.version and address in network:
                    yield register
            elif name is not None and fold(target) == fold(name):
                yield register

    def bans_of_accounts(self) -> Iterator[tuple[set[Subject], Register]]:
        """The bans of accounts (``@ada``), each with all accounts that it may be about."""
        for target, register in self.bans.items():
            if target.startswith("@"):
                yield set(self.owner(target[1:]).everything()) - {None}, register

    def must_be_banned(self, name: str | None, host: str, subject: Subject | None, look: Look) -> bool:
        """Tell whether there certainly was a ban."""
        now = self.seconds()
        accounts = [register for owners, register in self.bans_of_accounts() if owners == {subject}]
        bans = [*self.bans_of(name, host), *(accounts if subject is not None else ())]
        return any(all(until is not ANYTHING and until > now for until in ban.values(look)) for ban in bans)

    def may_be_banned(self, name: str | None, host: str, look: Look, now: float) -> bool:
        """Tell whether there may have been a ban that had not ended by *now*; that of an account may hit anybody."""
        bans = [*self.bans_of(name, host), *(register for _, register in self.bans_of_accounts())]
        return any(until is ANYTHING or until > now - 1 for ban in bans for until in ban.values(look))

    # -- what was said

    def add(self, text: Text) -> None:
        """Somebody tries to say that."""
        words = words_of(text.text)
        self.texts[words] = text
        self.versions[words] = Version(text.text, text, text.authors)

    def edit(self, raw: str, text: Text | None, authors: Iterable[Subject]) -> Version:
        """Somebody tries to give a message another text."""
        version = self.versions[words_of(raw)] = Version(raw, text, set(authors), is_edit=True)
        return version

    def is_gone_before(self, text: Text, look: Look) -> bool:
        """Tell whether it was known already that a message is gone."""
        return text.deleted < look.sent

    def check_voice(self, subjects: Iterable[Subject], room: Room, look: Look, says: str) -> None:
        """Check that one of *subjects*, who has spoken in a room or changed something there, may speak."""
        times = [until for subject in subjects for until in subject.right("muted", room).values(look)]
        self.require("mute", any(until is ANYTHING or until <= self.seconds() for until in times), says)
        may = room.archived.may_be(False, look) and room.closed.may_be(False, look)
        self.require("no voice", may, says)

    def number(self, number: int, room: str | None, what: str = "") -> None:
        """A message, or a change of one, is shown under that number."""
        known = self.numbers.setdefault(number, (room or "", what))
        self.require("one number", known == (room or "", what), f"{number} is {known}, and {what or 'a message'}.")

    def shown(
        self, subjects: Iterable[Subject], message: dict[str, Any], look: Look, *, late: bool, lines: bool = True
    ) -> Text | None:
        """A message was shown to *subjects*, *late* if it may have been on its way for long; return what it says.

        *lines*: whether they know texts of several lines.
        """
        number, words = message["id"], words_of(message["text"])
        version = self.versions.get(words)
        self.require("true words", version is not None, f"nobody has said {words!r}.")
        text = self._text_of(version, number) if version is not None else None
        if text is None or version is None:
            return None
        self.number(number, message.get("room"))
        self.require("refused", not text.refused, f"{text.text!r} was refused, and is shown as message {number}.")
        self.require(
            "refused", not version.refused, f"message {number} was not given the text {words!r}, and is shown with it."
        )
        self.require(
            "one message", text.id in (None, number), f"{words!r} is stored as message {text.id} and as {number}."
        )
        other = self.by_id.setdefault(number, text)
        self.require("true words", other is text, f"message {number} is {other.text!r} and {words!r}.")
        names = set[str]().union(*(author.names for author in text.authors))
        self.require(
            "true words",
            message["author"] in names,
            f"{words!r}, said by {sorted(names)}, is shown as {message['author']}'s.",
        )
        self.require("true words", message.get("room") == text.room, f"{words!r} was said elsewhere.")
        said = version.shown if lines else version.shown.replace("\n", " ")
        self.require("lines", message["text"] == said, f"{said!r} is shown as {message['text']!r}.")
        self.require(
            "edited", text.versions.may_be(words, look), f"message {number} is shown with its old text {words!r}."
        )
        marked = version.is_edit is ("edited" in message)
        self.require("edited", marked, f"whether message {number} is edited is told wrongly: {message}.")
        text.id, text.time = number, message["time"]
        if text.room is None:
            self.check_ends(text, subjects, look, f"{words!r} is shown")
            text.shown_to.update(subjects)
        self.require("deleted", late or look.done <= text.deleted, f"{words!r} is shown again.")
        self._check_answer(text, message, look)
        self._check_file(text, message)
        return text

    def _text_of(self, version: Version, number: int) -> Text | None:
        """Find the message of a *version*, which is shown under that *number*; ``None``: it is not clear."""
        if version.text is None:
            version.text = self.by_id.get(number)
        if version.text is None:
            tried = [text for text in self.texts.values() if text.id is None and text.authors & version.authors]
            version.text = tried[0] if len(tried) == 1 else None
        return version.text

    def _check_file(self, text: Text, message: dict[str, Any]) -> None:
        """Check what is told of the file of a message."""
        told = dict(message.get("file", ()))
        found = KEY.search(told.pop("url", ""))
        text.key = text.key or (found[1] if found is not None else "")
        right = told == (told_of(text.file) if text.file else {}) and bool(text.file) is (found is not None)
        same = found is None or text.key == found[1]
        self.require("file", right and same, f"{message} has not the file {text.file!r} with the key {text.key}.")

    def _check_answer(self, text: Text, message: dict[str, Any], look: Look) -> None:
        """Check what a message answers, and what is quoted of that."""
        what = f"message {message['id']} answers {text.answers}, and is shown so: {message}."
        if text.answers == -1 and "re" in message:
            text.answers = message["re"]
        self.require("answer", message.get("re") == text.answers, what)
        self.require("answer", message.get("notice", False) is text.notice, f"{message} is no notice, or is one.")
        if "re_text" not in message or text.answers is None:
            return
        other = self.by_id.get(text.answers)
        if other is None:
            return
        self.require("answer", other.room == text.room, what)
        quoted = set(WORDS.findall(message["re_text"]))
        right = {words for words in other.versions.values(look) if quote_of(self.versions[words].shown)}
        quotes = {quote_of(self.versions[words].shown) for words in right}
        self.require("answer", message["re_text"] in quotes, f"{what} It may quote {quotes}, and quotes {quoted}.")
        names = set[str]().union(*(author.names for author in other.authors))
        self.require("answer", message.get("re_author") in names, what)
        self.require("deleted", not self.is_gone_before(other, look), f"{what} But that is deleted.")

    def check_change(self, event: dict[str, Any], *, lines: bool = True) -> Text | None:
        """A change of a message is told: check that it may have happened; return the message."""
        kind, room = event["type"], event["room"]
        text = self.by_id.get(event["id"])
        if event.get("rev") and "tag" in event:
            before = self.revs.setdefault(event["tag"], event["rev"])
            self.require("one message", before == event["rev"], f"{event} was done as {before}, too.")
        if event.get("rev"):
            told = [kind, event["id"], event["time"], event.get("on"), event["text"] if kind == "reacted" else ""]
            self.number(event["rev"], room, json.dumps(told))
            self.require("one number", event["rev"] > event["id"], f"{event} has happened before it was said.")
        if text is None:
            return None
        self.require("true words", text.room == room, f"{event} is about {text.text!r}, which was said elsewhere.")
        self.require("refused", not text.refused, f"{event} is about {text.text!r}, which was refused.")
        if kind == "edited":
            self._check_edit(event, text)
        return text

    def _check_edit(self, event: dict[str, Any], text: Text) -> None:
        words = words_of(event["text"])
        version = self.versions.get(words)
        self.require("true words", version is not None, f"nobody has said {words!r}: {event}.")
        if version is None:
            return
        version.text = version.text or text
        age = datetime.fromisoformat(event["time"]) - datetime.fromisoformat(text.time or event["time"])
        self.require("author", age <= HOUR, f"{event} came {age} after {text.text!r} was said.")
        self.require("true words", version.text is text, f"{event} gives it the text of another: {version}.")
        self.require("refused", not version.refused, f"it was refused: {event}")
        self.require("lines", event["text"] == version.shown, f"{version.shown!r} is shown so: {event}.")
        names = set[str]().union(*(author.names for author in text.authors | version.authors))
        self.require("author", event["by"] in names, f"{event} is about what {sorted(names)} has said.")
        if version.write is not None:
            version.write.finish(min(version.write.done, self.tick))

    def check_ends(
        self, text: Text, subjects: Iterable[Subject], look: Look, what: str, promise: str = "private"
    ) -> None:
        """Check that *subjects* may be one of the two ends of a private message, of which they are told."""
        who = list(subjects)
        if not who:
            return
        parties = self.parties_of(text, look.done)
        later = any(former.party in parties for subject in who for former in (subject, *subject.former))
        self.require(promise, later, f"{what} to {who}, and is to {text.to}, between {parties}.")

    def author_of(self, text: Text) -> Subject | None:
        """Who has said it, if that is clear: an account that may be given up meanwhile may have been none any more."""
        if len(text.authors) != 1 or not text.tries:
            return None
        (author,) = text.authors
        said = Look(None, text.tries[0].sent, min(text.tries[-1].done, self.tick))
        return author if not author.unknown and not author.alive.may_be(False, said) else None

    def parties_of(self, text: Text, until: float = INFINITY) -> set[Subject]:
        """Who may be the two ends of a private message."""
        ends = set(text.authors)
        for attempt in text.tries if text.to is not None else ():
            ends |= self.called(text.to or "", Look(attempt.by, attempt.sent, min(attempt.done, until)))
        parties = {former.party for end in ends for former in (end, *end.former)}
        return parties | {text.to_party} if text.to_party is not None else parties
