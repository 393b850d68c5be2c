"""The formats of exported files, one line at a time: JSON lines, which are imported too, and text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

import msgspec

from chat.archive.lines import BadLine
from chat.archive.moments import YEARS
from chat.core import names
from chat.core.errors import BadName
from chat.core.events import Message, Topic
from chat.core.files import file_name
from chat.core.limits import Limits
from chat.core.room import Access, Status
from chat.core.text import clean, clean_lines
from chat.core.times import local_time, wire_time

MAXIMUM_TAG = 64
LARGEST_ID_BITS = 52
"""The ids of what is imported leave room for as many that clients in JavaScript can tell apart, too."""
LIMITS = Limits()


class Rules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="rules"):
    """The rules of a room that hold in every chat; who is op or invited is of one chat only."""

    room: str
    private: bool = False
    locked: bool = False
    access: Access = Access.OPEN
    status: Status = Status.LIVE


class Piece(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """A piece of the file that came with the message before, which has this ``id``."""

    id: int
    data: bytes


class Further(msgspec.Struct, frozen=True):
    """A further line of the message before."""

    text: str
    time: str | None = None
    """When it was written, if the line tells."""


Item = Message | Topic | Rules | Piece
"""What a line of ours may hold."""


class Reader(Protocol):
    """Reads the lines of one format. If the format has no ids, its messages have the id 0."""

    def read(self, line: str) -> Item | Further | None:
        """Read a line; return ``None`` if there is nothing in it to import. Raises :class:`BadLine`."""


# -- JSON lines: the objects of docs/protocol.md, the rules of rooms, and what is in files

_decode = msgspec.json.Decoder(Item).decode
_decode_any: Callable[[str], Any] = msgspec.json.Decoder().decode


def json_line(item: Item) -> str:
    """Write an object, messages and topics as the server sends them."""
    return msgspec.json.encode(item).decode()


class JsonReader:
    """Reads ``message`` and ``topic`` objects of ``docs/protocol.md`` and :class:`Rules`, and skips all others."""

    def read(self, line: str) -> Item | None:
        if not line.startswith(("{", "[")):
            raise BadLine("this is no message of an export. If the file is a log, say with --format of which kind.")
        try:
            item = _decode_any(line)
            if not isinstance(item, dict) or item.get("type") not in ("message", "topic", "rules", "file"):
                return None
            found = _decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadLine(f"this is no message: {error}.") from error
        match found:
            case Topic():
                return _checked_topic(found)
            case Piece():
                return found
            case Rules():
                return msgspec.structs.replace(found, room=_room(found.room))
        return _checked(found)


def _checked(message: Message) -> Message:
    if message.room is None:
        raise BadLine("private messages can't be imported. Take them out of the file first.")
    if not 0 < message.id < 1 << LARGEST_ID_BITS:
        raise BadLine(f"{message.id} can't be the id of a message.")
    if message.tag is not None and not (0 < len(message.tag) <= MAXIMUM_TAG and clean(message.tag) == message.tag):
        raise BadLine(f"a tag has 1 to {MAXIMUM_TAG} characters.")
    return msgspec.structs.replace(
        message,
        time=_time(message.time),
        room=_room(message.room),
        author=_user(message.author),
        text=text_of_lines(message.text),
        to=None,
        re=message.re if message.re is not None and 0 < message.re < message.id else None,
        re_author=None,
        re_text=None,
        edited=_time(message.edited) if message.edited is not None else None,
        reactions=(),
        pinned=False,
        file=msgspec.structs.replace(message.file, name=file_name(message.file.name)) if message.file else None,
    )


def _checked_topic(topic: Topic) -> Topic:
    name = _user(topic.name) if topic.name is not None else None
    text = _text(topic.topic, LIMITS.topic)
    return Topic(time=_time(topic.time), room=_room(topic.room), name=name, topic=text)


def _time(time: str) -> str:
    try:
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is not None and moment.year in YEARS:
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


def text_of_lines(text: str) -> str:
    """Clean a text of one or more lines, as the chat does; raises :class:`BadLine`."""
    cleaned = clean_lines(text)
    if cleaned.count("\n") >= LIMITS.lines:
        raise BadLine(f"a text has at most {LIMITS.lines} lines.")
    if not cleaned or len(cleaned.encode()) > LIMITS.text:
        raise BadLine(f"a text has 1 to {LIMITS.text} bytes.")
    return cleaned


# -- text, for people


def text_line(message: Message) -> str:
    """Write a message, each line of it with its local time: ``[2026-11-21 09:15:02] #dev bob: morning``."""
    time = local_time(message.time)
    return "\n".join(f"[{time:%Y-%m-%d %H:%M:%S}] #{message.room} {line}" for line in message.words())
