"""What a search looks for."""

from __future__ import annotations

import re

import msgspec

from chat.core.errors import BadField, BadName, Empty
from chat.core.names import room_name
from chat.core.when import span
from chat.core.words import count, has_beginnings, words

MOST_WORDS = 16
"""The words that one may search for at once, those of phrases included."""

MOST_LETTERS = 128
"""The same with each letter counted that is a word."""

LEAST_OF_PREFIX = 2
"""The letters that the beginning of a word must have to be searched for."""

_PIECE = re.compile(r'(?:(author|from|room|before|since|until|in):(?=\S))?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)


class Wanted(msgspec.Struct, frozen=True):
    """What somebody typed to search for: messages with all ``phrases``, each of words that follow one another.

    A phrase that ends in ``*`` has the beginning of a word as its last. ``before``: only those with a smaller id.
    ``since`` and ``until``, times of the wire: only those that were said then or later, and earlier. ``text``: what was
    typed, without ``before``.
    """

    text: str
    phrases: tuple[tuple[str, ...], ...]
    author: str | None = None
    room: str | None = None
    before: int | None = None
    since: str | None = None
    until: str | None = None
    conversation: str | None = None
    """In the conversation with whom to look, or in all private ones (``""``)."""


def parse(text: str, *, anything: bool = False) -> Wanted:
    """Read ``green "hot tea" del* author:ada room:#dev since:2026-11-20 before:120``.

    ``in:@bob`` or ``in:me`` stand for private messages. Days and times are of the system's time zone. With
    *anything* there need be nothing to look for.

    Raises :class:`BadField`, :class:`BadName` for a room that can't be, and :class:`Empty` if there is nothing to
    look for.
    """
    given: dict[str, str] = {}
    phrases: list[tuple[str, ...]] = []
    kept: list[str] = []
    counted = 0
    for match in _PIECE.finditer(text):
        typed = (match[1] or "").lower()
        key = "author" if typed == "from" else typed
        value = (match[2] if match[2] is not None else match[3]).strip()
        if key in given:
            raise BadField(f"There can be one {key}: in a search only.")
        if key and not value.removeprefix("@" if key == "author" else ""):
            raise BadField(f"{typed}: needs something behind it.")
        if key:
            given[key] = value
        elif phrase := _phrase(value):
            phrases.append(phrase)
            counted += count(value)
        if key != "before":
            kept.append(match[0])
    if "in" in given and "room" in given:
        raise BadField("A search is in private messages (in:) or in a room (room:), not in both.")
    wanted = Wanted(
        text=" ".join(kept),
        phrases=tuple(phrases),
        author=given["author"].removeprefix("@") if "author" in given else None,
        room=_room(given["room"]) if "room" in given else None,
        before=_number(given["before"]) if "before" in given else None,
        since=_time("since", given["since"])[0] if "since" in given else None,
        until=_time("until", given["until"])[1] if "until" in given else None,
        conversation=_conversation(given["in"]) if "in" in given else None,
    )
    if not phrases and not anything and not given.keys() & {"author", "room", "in"}:
        raise Empty('There is nothing to look for in that. Try: /search tea "hot water" author:ada room:#dev')
    if counted > MOST_WORDS:
        raise BadField(f"That is too much to look for. Search for at most {MOST_WORDS} words.")
    if sum(map(len, phrases)) > MOST_LETTERS:
        raise BadField(f"That is too much to look for. Search for at most {MOST_LETTERS} letters and emoji.")
    return wanted


def _phrase(text: str) -> tuple[str, ...]:
    """Read words that follow one another; behind the last there may be a star, which a letter by itself needs not."""
    phrase = tuple(words(text))
    if not phrase or not text.endswith("*") or not has_beginnings(phrase[-1]):
        return phrase
    if len(phrase[-1]) < LEAST_OF_PREFIX:
        raise BadField("A word needs two letters at least before its *, as in de*")
    return (*phrase[:-1], f"{phrase[-1]}*")


def _time(key: str, text: str) -> tuple[str, str]:
    """Read a day or a time: when it begins, and when it is over."""
    try:
        return span(text)
    except BadField as error:
        raise BadField(
            f'{key}: takes a day, or a day with a time in quotes: {key}:2026-11-20 or {key}:"2026-11-20 09:00"'
        ) from error


def _room(text: str) -> str:
    try:
        return room_name(text)
    except BadName as error:
        raise BadName("room: takes the name of a room, as in room:#dev") from error


def _conversation(text: str) -> str:
    """Read what stands behind ``in:``."""
    if text.lower() == "me":
        return ""
    if not text.startswith("@") or len(text) < 2:
        raise BadField("in: takes in:me for all your private messages, or a name, as in in:@bob")
    return text[1:]


def _number(text: str) -> int:
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        raise BadField("before: takes the number of a message, as in before:120")
    return int(digits)
