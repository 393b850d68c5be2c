"""What a session can be shown: one class for each object that the server sends, with its words for people.

An event encodes to the JSON object of the same ``type`` in ``docs/protocol.md``, and decodes from it. Times are UTC
in the form of the wire, ``2026-11-21T09:15:02.114Z``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Union

import msgspec

from chat.core.durations import in_words
from chat.core.text import counted, enumerate_words, file_size, in_quotes, some_of
from chat.core.times import local_time, minute

MOST_NAMES = 10
"""The names that are listed one by one; of more others their number is given."""

IDLE = 60
"""Whoever did nothing for fewer seconds counts as active."""

NAMES_IN_A_LINE = 40
"""The names that are listed in a line of ``/who``."""

Kind = Literal["say", "action"]
RuleKind = Literal["op", "mute", "invite", "private", "lock", "members", "slow", "founder", "ban", "archived", "closed"]

FIRST_RULES = {("invite", True), *((rule, on) for rule in ("op", "mute", "private", "lock") for on in (True, False))}
"""The rules that every client knows, and which way they change; others are for clients that accept ``changes``."""


BY_OPERATOR = "chat admin"
"""Who decides what the operator does, as others are told. No user can have that name, as it has a space."""


def company(name: str, room: str, users: Collection[str]) -> str:
    """Say where *name* is and with whom: ``You are ada, in #lobby with bob and cy.``"""
    if len(users) > MOST_NAMES + 1:
        return f"You are {name}, in #{room} with {len(users) - 1} others."
    others = sorted((user for user in users if user != name), key=str.casefold)
    if not others:
        return f"You are {name}, alone in #{room}."
    return f"You are {name}, in #{room} with {enumerate_words(others)}."


class Event(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag=str.lower):
    """Anything that a session is shown."""

    def words(self) -> list[str]:
        """Say what happened as people read it, one sentence a line."""
        raise NotImplementedError


class Reaction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many users have reacted to a message with this emoji or word; ``mine``: whoever is shown it is one of them."""

    text: str
    count: int
    mine: bool = False


class File(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A file that came with a message. ``digest`` is its SHA-256; a picture has its ``width`` and ``height`` in pixels.

    ``type`` is what its bytes are, whatever it is called: that of a picture, ``text/plain``, or
    ``application/octet-stream``. Whoever has the ``url`` may fetch it; there is none as long as the chat has no web
    port.
    """

    name: str
    size: int
    type: str
    digest: str
    url: str = ""
    width: int | None = None
    height: int | None = None

    @property
    def words(self) -> str:
        """What the message that it comes with says."""
        return f"sent {self.name} ({file_size(self.size)})"


class Message(Event, frozen=True, kw_only=True, gc=False):
    """What a user said in a ``room``, or privately ``to`` one user. Ids are positive and grow."""

    id: int
    time: str
    room: str | None = None
    to: str | None = None
    author: str
    kind: Kind
    text: str
    tag: str | None = None
    account: str | None = None
    """The account with which its author was logged in."""
    with_: str | None = msgspec.field(default=None, name="with")
    """The conversation of a private message, as whoever is shown it names it."""
    re: int | None = None
    """The id of the message that it answers."""
    re_author: str | None = None
    """The author of that message, as long as it is there."""
    re_text: str | None = None
    """The first line of that message, as it is now (:func:`~chat.core.text.quoted`)."""
    edited: str | None = None
    """When it was edited last."""
    reactions: tuple[Reaction, ...] = ()
    """The reactions to it, in the order in which they first came."""
    pinned: bool = False
    notice: bool = False
    """A program says it, which nobody is to answer or to be alerted by."""
    all: bool = False
    """It is meant for everybody in the room: an op wrote ``@room``."""
    file: File | None = None
    """The file that came with it; it is an action then."""

    def words(self) -> list[str]:
        if "\n" not in self.text:
            return [self.line()]
        return [message.line() for message in self.by_line()]

    @property
    def unquoted(self) -> Message:
        """The same without what it quotes, for who ignores the author of that."""
        return msgspec.structs.replace(self, re_author=None, re_text=None)

    @property
    def fate(self) -> str:
        """Tell what has become of it: ``[edited, 👍 2]``."""
        facts = ["edited"] * (self.edited is not None) + ["pinned"] * self.pinned
        facts += [f"{one.text} {one.count}" for one in self.reactions]
        return f"[{', '.join(facts)}]" if facts else ""

    def by_line(self) -> Sequence[Message]:
        """Divide it into a message for each of its lines, so that each is shown as said by its author."""
        if "\n" not in self.text:
            return (self,)
        first, *rest = self.text.split("\n")
        return [
            msgspec.structs.replace(self, text=first),
            *(msgspec.structs.replace(self, text=line, re_author=None, file=None) for line in rest),
        ]

    @property
    def spoken(self) -> str:
        """Write it as a line of a conversation in which all is said in one room, or between two."""
        if self.kind == "action":
            return f"~ {self.author} {self.text}{self.link}"
        if self.re_author is None:
            return f"{self.author}: {self.text}"
        return f"{self.author} ({self._answer}): {self.text}"

    @property
    def _answer(self) -> str:
        """Tell what it answers: ``to bob, "green tea?"``. The quotation marks of the quote do not end it."""
        return f"to {self.re_author}, {in_quotes(self.re_text or '')}"

    def line(self) -> str:
        """Write it, if it has one line: ``ada: hello``, ``~ ada waves``, ``ada (private): psst``."""
        return self._private("private") if self.to else self.spoken

    @property
    def link(self) -> str:
        """What stands behind its text if a file came with it: the address of that."""
        return f": {self.file.url}" if self.file is not None and self.file.url else ""

    def _private(self, private: str) -> str:
        if self.kind == "action":
            return f"~ ({private}) {self.author} {self.text}{self.link}"
        answer = f", {self._answer}" if self.re_author is not None else ""
        return f"{self.author} ({private}{answer}): {self.text}"


def _dated(messages: Iterable[Message], local: Callable[[str], datetime], write: Callable[[Message], str]) -> list[str]:
    """Write messages line by line, each line with its time, and behind the last of a message what has become of it."""
    lines: list[str] = []
    for said in messages:
        time = f"[{local(said.time):%Y-%m-%d %H:%M}]"
        *before, last = said.by_line()
        lines += [f"{time} {write(line)}" for line in before]
        lines.append(f"{time} {write(last)} {said.fate}".rstrip())
    return lines


class Sent(Message, frozen=True, kw_only=True, tag="message", gc=False):
    """A private message, as it is shown to its author: ``ada (private to bob): psst``."""

    def line(self) -> str:
        return self._private(f"private to {self.to}")


class Joined(Event, frozen=True, kw_only=True):
    """Somebody came into the room."""

    time: str
    room: str
    name: str

    def words(self) -> list[str]:
        return [f"{self.name} joined."]


def closed_by(room: str, name: str) -> str:
    """What those are told who are put out of a *room* because *name* closed it; with ``left``, it is the reason."""
    return f"#{room} was closed by {name}."


class Left(Event, frozen=True, kw_only=True):
    """Somebody left the room, or was put out of it ``by`` another, who may have said why (``text``)."""

    time: str
    room: str
    name: str
    by: str | None = None
    text: str = ""
    tag: str | None = None

    def words(self) -> list[str]:
        if self.by is None:
            return [f"{self.name} left."]
        return [f"{self.name} was kicked out by {self.by}{f': {self.text}' if self.text else '.'}"]


_RULES = {
    ("op", True): "{by} made {name} an op.",
    ("op", False): "{by} took back that {name} is an op.",
    ("mute", True): "{by} muted {name} {text}",
    ("mute", False): "{by} lets {name} speak again.",
    ("invite", True): "{by} invited {name}.",
    ("invite", False): "{by} took back the invitation of {name}.",
    ("private", True): "{by} made the room private: only who is invited comes in.",
    ("private", False): "{by} opened the room to everybody.",
    ("lock", True): "{by} locked the topic: only ops set it.",
    ("lock", False): "{by} unlocked the topic.",
    ("members", True): "{by} made the room members-only: only users with an account come in.",
    ("members", False): "{by} opened the room to everybody.",
    ("slow", True): "{by} slowed the room down: all but its ops may speak once every {text}.",
    ("slow", False): "{by} let everybody speak as often as they like again.",
    ("founder", True): "{by} made {name} the founder of the room.",
    ("ban", True): "{by} banned {name} from #{room} {text}",
    ("ban", False): "{by} lifted the ban of {name} from #{room}.",
    ("archived", True): "{by} archived the room: it can be read, but nobody can speak in it.",
    ("archived", False): "{by} took the room out of the archive.",
    ("closed", False): "{by} opened #{room} again.",
}


class Rule(Event, frozen=True, kw_only=True):
    """``by`` changed a ``rule`` of the room, for the user ``name`` if it is about one.

    It has no words if a later server sends it with what has no meaning yet.
    """

    time: str
    room: str
    by: str
    rule: RuleKind
    on: bool
    name: str | None = None
    text: str = ""
    tag: str | None = None

    def words(self) -> list[str]:
        sentence = _RULES.get((self.rule, self.on), "")
        if not sentence or ("{name}" in sentence and self.name is None):
            return []
        end = "." if self.rule == "ban" and self.on and ":" not in self.text else ""
        return [sentence.format(by=self.by, name=self.name, text=self.text, room=self.room) + end]


class Change(Event, frozen=True, kw_only=True):
    """A message was changed ``by`` somebody; without a room it is a private one, ``with`` somebody.

    ``rev`` is the number of the change. It comes from the same sequence as the ids of messages, so that numbers tell in
    which order messages and changes came. It is 0 if the server is older than such numbers.
    """

    id: int
    rev: int = 0
    room: str | None
    by: str
    time: str
    tag: str | None = None
    with_: str | None = msgspec.field(default=None, name="with")


class Edited(Change, frozen=True, kw_only=True):
    """The author of a message has given it another ``text``."""

    text: str

    def words(self) -> list[str]:
        how = "edited" if self.room is not None else "private, edited"
        return [f"{self.by} ({how}): {line}" for line in self.text.split("\n")]

    def sentence(self) -> str:
        """Tell it to a client that has no lines."""
        return f"{self.by} edited message {self.id}: {self.text}".replace("\n", " ")


class Deleted(Change, frozen=True, kw_only=True):
    """A message is gone, which ``author`` had ``said`` at that time, if it went just now: that is stored nowhere."""

    author: str | None = None
    said: str | None = None

    def words(self) -> list[str]:
        return [self.sentence(local_time)]

    def sentence(self, local: Callable[[str], datetime]) -> str:
        """Tell it in one line; *local* reads a time of the wire."""
        if self.author is None or self.said is None:
            return f"{self.by} deleted message {self.id}."
        said = local(self.said)
        is_today = said.date() == local(self.time).date()
        return f"{self.by} deleted what {self.author} said at {said:{'%H:%M' if is_today else '%H:%M on %Y-%m-%d'}}."


class Reacted(Change, frozen=True, kw_only=True):
    """Somebody has reacted to a message with an emoji or a word, or taken that back; ``count`` users do so now."""

    text: str
    on: bool
    count: int

    def words(self) -> list[str]:
        return []


class Pinned(Change, frozen=True, kw_only=True):
    """An op has pinned a message of ``author``, which begins with ``text``, or has taken that back."""

    on: bool
    author: str
    text: str

    def words(self) -> list[str]:
        return [self.sentence()]

    def sentence(self) -> str:
        """Tell it in one line."""
        verb = "pinned" if self.on else "unpinned"
        return f"{self.by} {verb} what {self.author} said: {in_quotes(self.text)}"


AnyChange = Edited | Deleted | Reacted | Pinned

Numbered = Message | AnyChange
"""What has a number of the one sequence: the id of a message, or the ``rev`` of a change."""


def number_of(event: Numbered) -> int:
    """Return the number; 0 for a change that has none, as the server is older or nothing has changed."""
    return event.id if isinstance(event, Message) else event.rev


class Pins(Event, frozen=True, kw_only=True):
    """The pinned messages of a room, by id."""

    room: str
    messages: list[Message]
    tag: str | None = None

    def words(self) -> list[str]:
        return self.page(local_time)

    def page(self, local: Callable[[str], datetime]) -> list[str]:
        """Write the messages as a search does; *local* reads a time of the wire."""
        if not self.messages:
            return [f"Nothing is pinned in #{self.room}."]
        lines = _dated(self.messages, local, lambda said: f"#{said.id} {said.line()}")
        return [f"Pinned in #{self.room}:", *lines, f"/history around {self.messages[-1].id} shows what was said then."]


class Reactions(Event, frozen=True, kw_only=True):
    """The reactions that came to messages of a room, or of a conversation, in a short time. Only people are shown it.

    ``of`` maps what they were to, in words, to pairs of a reaction and the names of who made it. ``by``: who made all
    of them, or said what they were to, if somebody there ignores them.
    """

    of: Mapping[str, Sequence[tuple[str, Sequence[str]]]]
    by: str = ""

    def words(self) -> list[str]:
        lines = []
        for what, kinds in self.of.items():
            by_names: dict[tuple[str, ...], list[str]] = {}
            for text, names in kinds:
                by_names.setdefault(tuple(names), []).append(text)
            told = (f"{some_of(list(names))} reacted {enumerate_words(texts)}" for names, texts in by_names.items())
            lines.append(f"{'; '.join(told)} to {what}")
        return lines


class Erased(Event, frozen=True, kw_only=True):
    """So many messages of somebody in the room were deleted at once. Programs are shown each of them instead."""

    room: str
    by: str
    name: str
    count: int

    def words(self) -> list[str]:
        return [f"{self.by} erased {counted(self.count, 'message')} of {self.name}."]


class Read(Event, frozen=True, kw_only=True):
    """The user has read the room, or the conversation ``with`` somebody, up to this id."""

    room: str | None
    id: int
    tag: str | None = None
    with_: str | None = msgspec.field(default=None, name="with")

    def words(self) -> list[str]:
        where = f"#{self.room}" if self.room is not None else "that conversation"
        return [f"You have read {where} up to message {self.id}."]


class BanLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line in the list of bans; ``until`` is a time, or ``None`` for ever."""

    target: str
    until: str | None
    why: str
    by: str
    time: str

    def __str__(self) -> str:
        span = f"until {minute(self.until)}" if self.until else "for ever"
        return f"{self.target}, {span}, by {self.by}{f': {self.why}' if self.why else ''}"


class Bans(Event, frozen=True, kw_only=True):
    """The names and addresses that may not come in; with a ``room``, the names that may not come into that."""

    bans: list[BanLine]
    room: str | None = None
    tag: str | None = None

    def words(self) -> list[str]:
        place = f"#{self.room}" if self.room is not None else "this chat"
        return [str(ban) for ban in self.bans] or [f"Nobody is banned from {place}."]


class Stats(Event, frozen=True, kw_only=True):
    """How the server is doing, in numbers."""

    figures: dict[str, float]
    tag: str | None = None

    def words(self) -> list[str]:
        return [f"{name}: {value:g}" for name, value in self.figures.items()]


class Prompt(Event, frozen=True, kw_only=True):
    """People are asked for a password, which their terminal is not to show; ``None``: it has been given."""

    text: str | None

    def words(self) -> list[str]:
        return [self.text] if self.text is not None else []


class Renamed(Event, frozen=True, kw_only=True):
    """``name`` is called ``new`` from now on; without a room it answers the one who asked."""

    time: str
    room: str | None
    name: str
    new: str
    tag: str | None = None

    def words(self) -> list[str]:
        return [f"{'You are' if self.room is None else f'{self.name} is'} now known as {self.new}."]


class Topic(Event, frozen=True, kw_only=True):
    """The topic of the room, and who set it."""

    time: str
    room: str
    name: str | None
    topic: str
    tag: str | None = None

    def words(self) -> list[str]:
        if self.name is None:
            return [f"The topic of #{self.room} is: {self.topic}" if self.topic else f"#{self.room} has no topic."]
        if not self.topic:
            return [f"{self.name} cleared the topic of #{self.room}."]
        return [f"{self.name} set the topic of #{self.room} to: {self.topic}"]


class Away(Event, frozen=True, kw_only=True):
    """``name`` is away with a text, or back (``None``); without a room it answers the one who asked."""

    time: str
    room: str | None
    name: str
    text: str | None
    tag: str | None = None

    def words(self) -> list[str]:
        who = "You are" if self.room is None else f"{self.name} is"
        if self.text is None:
            return [f"{who} back."]
        return [f"{who} away: {self.text}" if self.text else f"{who} away."]


class Missed(Event, frozen=True, kw_only=True):
    """``count`` messages with ``after`` < id < ``before`` were not sent, as the session was too slow to read them."""

    room: str | None
    count: int
    after: int
    before: int

    def words(self) -> list[str]:
        messages = "1 message" if self.count == 1 else f"{self.count} messages"
        if self.room is None:
            return [f"You missed {messages} said to you in private."]
        return [f"You missed {messages} in #{self.room}. Type /history to read them."]


class Limits(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the server accepts: ``text`` and ``line`` in bytes, ``name`` in characters, ``rooms`` for each session."""

    text: int
    line: int
    name: int
    rooms: int
    lines: int = 0
    """The lines of a text; 0 if the server is older than texts of several lines."""
    file: int = 0
    """The bytes of a file; 0 if the server takes none."""


class ListedRoom(msgspec.Struct, frozen=True, kw_only=True):
    """A room of an account: up to where the user has read it, and the id of its newest message, or 0."""

    room: str
    read: int | None = None
    last: int


class Welcome(Event, frozen=True, kw_only=True):
    """The session is in under this name; the token resumes it from another connection.

    ``registered``: the name belongs to this user. ``role``: ``moderator``, ``owner`` or nothing. ``protocol`` is 0 if
    the server is older than its number. ``features``: what this server has switched on.
    """

    name: str
    token: str
    server: str
    time: str
    limits: Limits
    registered: bool = False
    role: str = ""
    protocol: int = 0
    features: list[str] | None = None
    rooms: list[ListedRoom] = []
    """Those that the devices of the account come into."""
    words_: list[str] = msgspec.field(default=[], name="words")
    """What names the user besides their name."""

    def words(self) -> list[str]:
        return [f"You are {self.name}."]


class RoomState(Event, frozen=True, kw_only=True, tag="room"):
    """The session is in this room from now on; ``last`` is the id of the newest message, or 0.

    ``access``: ``open``, ``members`` (only users with an account come in), ``private`` (only the invited), ``archived``
    (nobody speaks) or ``closed`` (only moderators come in, and nobody speaks).
    ``locked``: only ops set its topic. ``slow``: the seconds that others wait between two messages. ``read``: up to
    which id the user had read it, if that is known. ``pins``: the number of its pinned messages.
    """

    room: str
    topic: str
    users: list[str]
    away: dict[str, str]
    last: int
    ops: list[str] = []
    private: bool = False
    access: str = "open"
    locked: bool = False
    slow: int = 0
    read: int | None = None
    pins: int = 0
    tag: str | None = None

    def words(self) -> list[str]:
        return [f"You are in #{self.room}."]


def _described(name: str, op: bool, away: str | None) -> str:
    """Write who somebody is: ``ada (op, away: tea)``."""
    facts = ["op"] * op + ([] if away is None else [f"away: {away}" if away else "away"])
    return f"{name} ({', '.join(facts)})" if facts else name


class Who(Event, frozen=True, kw_only=True):
    """Who is in the room, who of them is away with which text, and who is an op."""

    room: str
    users: list[str]
    away: dict[str, str]
    ops: list[str] = []
    tag: str | None = None

    def words(self) -> list[str]:
        if not self.users:
            return [f"Nobody is in #{self.room}."]
        names = sorted(self.users, key=str.casefold)
        ops = set(self.ops)
        if more := ops | self.away.keys():
            names = [_described(name, name in ops, self.away.get(name)) if name in more else name for name in names]
        lines = [", ".join(names[start : start + NAMES_IN_A_LINE]) for start in range(0, len(names), NAMES_IN_A_LINE)]
        return [f"In #{self.room}: {line}" for line in lines]


class RoomSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line in the list of rooms; ``users`` is their number, ``time`` that of its newest message.

    ``access`` is as in :class:`RoomState`.
    """

    room: str
    users: int
    topic: str
    time: str | None = None
    access: str = "open"

    def __str__(self) -> str:
        facts = [f"#{self.room}", "1 user" if self.users == 1 else f"{self.users} users"]
        if self.access == "archived":
            facts.append(self.access)
        if self.time is not None:
            facts.append(f"active {minute(self.time)}")
        return f"{', '.join(facts)}{f': {self.topic}' if self.topic else ''}"


class Rooms(Event, frozen=True, kw_only=True):
    """Rooms, the liveliest first; ``more``: there are others, which come with ``next`` as ``skip``.

    ``text`` is the part of their names that was asked for.
    """

    rooms: list[RoomSummary]
    more: bool = False
    next: int | None = None
    text: str | None = None
    tag: str | None = None

    def words(self) -> list[str]:
        lines = [str(room) for room in self.rooms]
        if self.more and self.next is not None:
            lines.append(f"There are more rooms: /rooms {self.text or '*'} {self.next}")
        return lines or ["There is no such room." if self.text else "There are no more rooms."]


class History(Event, frozen=True, kw_only=True):
    """Messages of a room, or of the conversation ``with`` somebody who is called ``name``, by id.

    ``more``: there are more in the direction that was asked.
    ``since``, ``until``, ``after`` and ``before`` are what was asked for. ``next`` is the id from which to read on
    if there are more: that of the last message of the page, also if its author is ignored.
    """

    room: str | None
    messages: list[Message]
    more: bool
    since: str | None = None
    until: str | None = None
    after: int | None = None
    before: int | None = None
    next: int | None = None
    tag: str | None = None
    with_: str | None = msgspec.field(default=None, name="with")
    name: str | None = None
    changes: list[AnyChange] = []
    """With ``after``, for those who accept ``changes``: how messages were changed that were there before that."""
    around: int | None = None
    """The id round which it was read. ``more_before`` and ``more_after`` tell whether there are more on either side."""
    more_before: bool = False
    more_after: bool = False

    def words(self) -> list[str]:
        return self.page(local_time)

    def page(self, local: Callable[[str], datetime]) -> list[str]:
        """Write the messages between a sentence before and one behind them; if there are none, one sentence.

        *local* reads a time of the wire.
        """
        asked = (self.since, self.until, self.after, self.before, self.around) != (None,) * 5
        where = f"in #{self.room}" if self.room is not None else f"in private with {self.name or 'this user'}"
        if not self.messages and not self.more:
            return [f"Nothing was said {where} {'then' if asked else 'yet'}."]
        behind = "End of history."
        if self.around is not None:
            behind = self._both_ways()
        elif self.more and asked and self.room is not None:
            behind = f"There is more: {self._next_page(local)}"
        elif self.more and self.room is None and self.name and self.since is None and self.after is None:
            behind = f"For older ones: /search before:{self.next or _id(self.messages[:1])} in:@{self.name}"
        lines = _dated(self.messages, local, lambda said: said.spoken)
        return [f"Earlier {where}:", *lines, behind]

    def _both_ways(self) -> str:
        """Write the commands that show what is before and after what was read around a message, wherever that was."""
        ways = [f"/history around {_id(self.messages[:1])}"] if self.more_before else []
        if self.more_after:
            ways.append(f"/history around {self.next or _id(self.messages[-1:])}")
        return f"There is more: {', '.join(ways)}" if ways else "End of history."

    def _next_page(self, local: Callable[[str], datetime]) -> str:
        """Write the command that shows what is next."""
        day = f"{local(self.since):%Y-%m-%d} " if self.since is not None and self.until is not None else ""
        if self.since is not None or self.after is not None:
            return f"/history {day}after {self.next or _id(self.messages[-1:])}"
        return f"/history before {self.next or _id(self.messages[:1])}"


def _id(messages: list[Message]) -> int:
    """The id of the one message, or 0: an older server may say that there is more, and show nothing."""
    return messages[0].id if messages else 0


class ConversationLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line in the list of conversations: the one ``with`` somebody. ``last`` and ``time`` are of its last message.

    ``read`` is the id up to which the user has read, ``unread`` the number of messages behind that. If the other side
    is ``gone`` for good, ``name`` is what it was called last.
    """

    name: str
    last: int
    read: int
    with_: str = msgspec.field(name="with")
    unread: int
    time: str
    here: bool
    gone: bool = False

    def line(self, local: Callable[[str], datetime]) -> str:
        """Write it as ``[2026-11-21 09:15] bob, 3 unread``."""
        facts = [self.name]
        if self.unread:
            facts.append(f"{self.unread} unread")
        if self.gone:
            facts.append("gone")
        return f"[{local(self.time):%Y-%m-%d %H:%M}] {', '.join(facts)}"


class Conversations(Event, frozen=True, kw_only=True):
    """The conversations of the user, the newest first; ``more``: there are older ones."""

    conversations: list[ConversationLine]
    more: bool
    tag: str | None = None

    def words(self) -> list[str]:
        return self.page(local_time)

    def page(self, local: Callable[[str], datetime]) -> list[str]:
        """Write a line for each; *local* reads a time of the wire."""
        if not self.conversations:
            return ["You have no older conversations." if self.more else "You have no conversations."]
        behind = [f"For older ones: /conversations {self.conversations[-1].last}"] if self.more else []
        return [*(one.line(local) for one in self.conversations), *behind]


class ConversationChanged(Event, frozen=True, kw_only=True, tag="conversation"):
    """The other side of a conversation is called ``name`` now, or is gone for good (``None``); or it came or left."""

    with_: str = msgspec.field(name="with")
    name: str | None
    here: bool

    def words(self) -> list[str]:
        return []


class Found(Event, frozen=True, kw_only=True):
    """Messages that were searched for, newest first; ``more``: there are older ones.

    ``text`` is what was searched for; ``None`` if it was whatever names the user. ``next`` is as in :class:`History`.
    ``with``: it was searched for in the conversation with somebody.
    """

    text: str | None
    messages: list[Message]
    more: bool
    next: int | None = None
    tag: str | None = None
    with_: str | None = msgspec.field(default=None, name="with")

    def words(self) -> list[str]:
        return self.page(local_time)

    def page(self, local: Callable[[str], datetime]) -> list[str]:
        """Write what was found as ``[2026-11-21 09:15] #17 #dev bob: morning``, as :meth:`History.page` does."""
        if not self.messages and not self.more:
            return ["Nothing was found." if self.text is not None else "Nobody has named you since you were last here."]
        behind = "That is all."
        if self.more:
            last = self.next or _id(self.messages[-1:])
            behind = "For older ones: " + (
                f"/search before:{last} {self.text}" if self.text is not None else f"/mentions {last}"
            )
        lines = _dated(
            self.messages, local, lambda said: f"#{said.id} {f'#{said.room} ' if said.room else ''}{said.line()}"
        )
        before = "Found, the newest first:" if self.text is not None else "You were named, the newest first:"
        ways = [f"/history around {self.messages[0].id} shows what was said then."] if self.messages else []
        return [before, *lines, *ways, behind]


class Ignored(Event, frozen=True, kw_only=True):
    """Whom the session ignores."""

    names: list[str]
    tag: str | None = None

    def words(self) -> list[str]:
        return [f"You ignore {enumerate_words(self.names)}." if self.names else "You ignore nobody."]


class Words(Event, frozen=True, kw_only=True):
    """The words that name the user besides their name."""

    words_: list[str] = msgspec.field(name="words")
    tag: str | None = None

    def words(self) -> list[str]:
        if not self.words_:
            return ["You are alerted by your name alone. /notify deploy adds a word."]
        return [f"You are alerted by your name and by {enumerate_words(self.words_)}."]


class Device(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line in the list of a user's devices; ``address`` is ``None`` for a local socket, ``idle`` in seconds.

    ``way``: how it came in. ``this``: it is the one that asks. ``held``: its connection is broken.
    """

    device: int
    way: str
    address: str | None
    since: str
    idle: int
    this: bool = False
    held: bool = False

    def __str__(self) -> str:
        broken = ", its connection is broken" if self.held else ""
        here = " (this one)" if self.this else ""
        where = f"from {self.address}" if self.address is not None else "from this machine"
        since = f"since {minute(self.since)}"
        return f"{self.device}: {self.way} {where}, {since}, {_idle(self.idle)}{broken}{here}"


def _idle(seconds: int) -> str:
    """Say for how long somebody did nothing."""
    return f"idle for {in_words(seconds)}" if seconds >= IDLE else "active now"


class Devices(Event, frozen=True, kw_only=True):
    """Where the user is connected."""

    devices: list[Device]
    tag: str | None = None

    def words(self) -> list[str]:
        return [str(device) for device in self.devices]


class Whois(Event, frozen=True, kw_only=True):
    """Who ``name`` is: their account, the rooms that the session may see, since when they are here, how long idle."""

    name: str
    account: str | None = None
    rooms: list[str]
    away: str | None = None
    idle: int
    since: str
    tag: str | None = None

    def words(self) -> list[str]:
        who = f"has the account {self.account}" if self.account is not None else "has no account"
        rooms = enumerate_words([f"#{room}" for room in self.rooms]) if self.rooms else "no room that you can see"
        lines = [f"{self.name} {who}, and is in {rooms}.", f"Here since {minute(self.since)}, {_idle(self.idle)}."]
        if self.away is not None:
            lines.append(f"Away: {self.away}" if self.away else "Away.")
        return lines


class CommandHelp(msgspec.Struct, frozen=True, kw_only=True):
    """A line in the list of commands."""

    name: str
    usage: str
    summary: str


class Help(Event, frozen=True, kw_only=True):
    """Commands and what they do."""

    commands: list[CommandHelp]
    tag: str | None = None

    def words(self) -> list[str]:
        return [f"{command.usage} - {command.summary}" for command in self.commands]


def topic_line(topic: str, names: Iterable[str]) -> str:
    """Write the commands of a topic: ``Talk: /me, /msg``."""
    return f"{topic}: {', '.join(f'/{name}' for name in names)}"


class Overview(Help, frozen=True, kw_only=True, tag="help"):
    """The names of commands by topic, as people are shown them."""

    topics: Mapping[str, Sequence[str]]

    def words(self) -> list[str]:
        return [
            "Say something by typing it. // begins a line with one slash. exit leaves.",
            *(topic_line(topic, names) for topic, names in self.topics.items()),
            "/help msg explains /msg, and /help all explains them all.",
        ]


class Notice(Event, frozen=True, kw_only=True):
    """Something that the server wants the user to know; ``code`` and ``until``: of the invitation that they made."""

    text: str
    tag: str | None = None
    code: str = ""
    until: str = ""

    def words(self) -> list[str]:
        return [self.text]


class Refusal(Event, frozen=True, kw_only=True, tag="error"):
    """A request was refused, and nothing of it happened; ``text`` is a sentence for people."""

    code: str
    text: str
    tag: str | None = None

    def words(self) -> list[str]:
        return [self.text]


class Upload(Event, frozen=True, kw_only=True):
    """One file may be sent until then, by an HTTP ``PUT`` to ``url``."""

    url: str
    until: str
    tag: str | None = None

    def words(self) -> list[str]:
        return [f"Send one file until {minute(self.until)}, from another terminal:", f"curl -T FILE {self.url}/"]


class Pong(Event, frozen=True, kw_only=True):
    """The answer to a ping."""

    time: str
    tag: str | None = None

    def words(self) -> list[str]:
        return ["Pong."]


class Ping(Event, frozen=True, kw_only=True):
    """The server is still there; a program that has been silent for long is told so."""

    time: str

    def words(self) -> list[str]:
        return []


class Goodbye(Event, frozen=True, kw_only=True):
    """The connection closes after this.

    ``code``: why there is no use in coming back by oneself: ``replaced`` (by another connection), ``banned``,
    ``logged-out`` (by the user themselves, from any device, or by the operator) or ``disconnected`` (by the operator).
    """

    text: str
    code: str = ""

    def words(self) -> list[str]:
        return [self.text]


_SENT = (*(set(Event.__subclasses__()) - {Prompt, Reactions, Erased, Change}), *Change.__subclasses__())
AnyEvent = Union[_SENT]  # type: ignore[valid-type] # noqa: UP007
"""Every event that programs are sent, as a union for decoding."""
