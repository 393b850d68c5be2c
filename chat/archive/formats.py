"""The formats of exported and imported files, one line at a time. Nothing here opens a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import msgspec

from chat.core import names
from chat.core.errors import BadName
from chat.core.events import Message, Topic
from chat.core.limits import Limits
from chat.core.room import Access, Status
from chat.core.text import clean, clean_lines
from chat.core.times import local_time, wire_time

MAXIMUM_TAG = 64
_LIMITS = Limits()


class BadLine(Exception):
    """A line can't be imported; the message of the exception says why."""


class Rules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="rules"):
    """The rules of a room that hold in every chat; who is op or invited is of one chat only."""

    room: str
    private: bool = False
    locked: bool = False
    access: Access = Access.OPEN
    status: Status = Status.LIVE


Item = Message | Topic | Rules
"""What a line of a file may hold."""


class Reader(Protocol):
    """Reads the lines of one format. If the format has no ids, its messages have the id 0."""

    def read(self, line: str) -> Item | None:
        """Read a line; return ``None`` if there is nothing in it to import. Raises :class:`BadLine`."""


# -- JSON lines: the objects of docs/protocol.md, and the rules of rooms

_decode = msgspec.json.Decoder(Item).decode
_decode_any: Callable[[str], Any] = msgspec.json.Decoder().decode


def json_line(item: Item) -> str:
    """Write an object, messages and topics as the server sends them."""
    return msgspec.json.encode(item).decode()


class JsonReader:
    """Reads ``message`` and ``topic`` objects of ``docs/protocol.md`` and :class:`Rules`, and skips all others."""

    def read(self, line: str) -> Item | None:
        try:
            item = _decode_any(line)
            if not isinstance(item, dict) or item.get("type") not in ("message", "topic", "rules"):
                return None
            found = _decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadLine(f"this is no message: {error}.") from error
        match found:
            case Topic():
                return _checked_topic(found)
            case Rules():
                return msgspec.structs.replace(found, room=_room(found.room))
        return _checked(found)


def _checked(message: Message) -> Message:
    if message.room is None:
        raise BadLine("private messages can't be imported. Take them out of the file first.")
    if not 0 < message.id < 1 << 62:
        raise BadLine(f"{message.id} can't be the id of a message.")
    if message.tag is not None and not (0 < len(message.tag) <= MAXIMUM_TAG and clean(message.tag) == message.tag):
        raise BadLine(f"a tag has 1 to {MAXIMUM_TAG} characters.")
    return msgspec.structs.replace(
        message,
        time=_time(message.time),
        room=_room(message.room),
        author=_user(message.author),
        text=_lines(message.text),
        to=None,
        re=message.re if message.re is not None and 0 < message.re < message.id else None,
        re_author=None,
        re_text=None,
        edited=_time(message.edited) if message.edited is not None else None,
        reactions=(),
        pinned=False,
    )


def _checked_topic(topic: Topic) -> Topic:
    name = _user(topic.name) if topic.name is not None else None
    text = _text(topic.topic, _LIMITS.topic)
    return Topic(time=_time(topic.time), room=_room(topic.room), name=name, topic=text)


def _time(time: str) -> str:
    try:
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is not None:
            return wire_time(moment)
    except (ValueError, OverflowError):
        pass
    raise BadLine(f"{time[:40]} is no time like 2026-11-21T09:15:02.114Z.")


@lru_cache(maxsize=4096)
def _room(name: str) -> str:
    try:
        return names.room_name(name)
    except BadName as error:
        raise BadLine(f"{clean(name)[:40]} is no room: {error}") from error


@lru_cache(maxsize=4096)
def _user(name: str) -> str:
    try:
        return names.user_name(name)
    except BadName as error:
        raise BadLine(f"{clean(name)[:40]} is no name: {error}") from error


def _text(text: str, most: int) -> str:
    cleaned = clean(text).strip()
    if not cleaned or len(cleaned.encode()) > most:
        raise BadLine(f"a text has 1 to {most} bytes.")
    return cleaned


def _lines(text: str) -> str:
    cleaned = clean_lines(text)
    if cleaned.count("\n") >= _LIMITS.lines:
        raise BadLine(f"a text has at most {_LIMITS.lines} lines.")
    if not cleaned or len(cleaned.encode()) > _LIMITS.text:
        raise BadLine(f"a text has 1 to {_LIMITS.text} bytes.")
    return cleaned


# -- text, for people


def text_line(message: Message) -> str:
    """Write a message, each line of it with its local time: ``[2026-11-21 09:15:02] #dev bob: morning``."""
    time = local_time(message.time)
    return "\n".join(f"[{time:%Y-%m-%d %H:%M:%S}] #{message.room} {line}" for line in message.words())


# -- logs of IRC clients

_COLOURS = re.compile("\x03(?:\\d{1,2}(?:,\\d{1,2})?)?")
_NOT_IN_NAMES = re.compile(r"[^\w.-]")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905
_MODES = "@+%&~!. "


class IrssiReader:
    """Reads a log of irssi in irssi's default format (``log_timestamp = "%H:%M "``), in local time, into *room*."""

    _DAY = re.compile(r"--- (?:Log opened|Day changed) \w{3} (\w{3}) (\d\d) (?:\d\d:\d\d:\d\d )?(\d{4})")
    _SAID = re.compile(rf"(\d\d:\d\d(?::\d\d)?) (?:<[{_MODES}]?([^\s>]+)> (.*)| \* (\S+) (.*))")

    def __init__(self, room: str) -> None:
        self._room = room
        self._day: str | None = None

    def read(self, line: str) -> Message | None:
        if (day := self._DAY.match(line)) is not None and day[1] in _MONTHS:
            self._day = f"{day[3]}-{_MONTHS.index(day[1]) + 1:02}-{day[2]}"
        said = self._SAID.fullmatch(line)
        if said is None:
            return None
        if self._day is None:
            raise BadLine('no day is given before this line. The log must begin with "--- Log opened".')
        time = f"{self._day} {said[1]}"
        return _irc_message(self._room, time, said[2] or said[4], "say" if said[2] else "action", said[3] or said[5])


class WeechatReader:
    """Reads a log of WeeChat (time, nick and text, separated by tabs), in local time, into *room*."""

    def __init__(self, room: str) -> None:
        self._room = room

    def read(self, line: str) -> Message | None:
        time, _, rest = line.partition("\t")
        nick, tab, text = rest.partition("\t")
        if not tab:
            return None
        if nick.strip() == "*":
            nick, _, text = text.partition(" ")
            return _irc_message(self._room, time, nick, "action", text)
        nick = nick.strip().lstrip(_MODES)
        if not nick or nick in ("-->", "<--", "--", "=!="):
            return None
        return _irc_message(self._room, time, nick, "say", text)


def _irc_message(room: str, time: str, nick: str, kind: Any, text: str | None) -> Message | None:
    """Make a message of what an IRC log holds; return ``None`` if nothing is left of its text."""
    try:
        moment = wire_time(datetime.fromisoformat(time).astimezone())
    except (ValueError, OverflowError) as error:
        raise BadLine(f"{clean(time)[:40]} is no time.") from error
    text = clean(_COLOURS.sub("", text or "")).strip()
    if not text:
        return None
    return Message(id=0, time=moment, room=room, author=_irc_name(nick), kind=kind, text=_text(text, _LIMITS.text))


@lru_cache(maxsize=4096)
def _irc_name(nick: str) -> str:
    """Return the possible name nearest to an IRC nick: ``ada|away`` is one itself, ``[ada]_`` becomes ``ada``."""
    with suppress(BadName):
        return names.user_name(clean(nick))
    try:
        return names.user_name(_NOT_IN_NAMES.sub("-", clean(nick)).strip("-_.")[: names.MAXIMUM_LENGTH].strip("-_."))
    except BadName:
        return "unknown"
