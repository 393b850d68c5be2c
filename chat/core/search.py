"""What a search looks for, and what a word is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import msgspec

from chat.core.errors import BadField, BadName, Empty
from chat.core.names import room_name
from chat.core.text import IGNORABLE, is_written_together
from chat.core.when import span

MOST_WORDS = 16
"""The words that one may search for at once, those of phrases included."""

MOST_LETTERS = 128
"""The same with each letter counted that is a word."""

LEAST_OF_PREFIX = 2
"""The letters that the beginning of a word must have to be searched for."""

_PIECE = re.compile(r'(?:(author|from|room|before|since|until|in):(?=\S))?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_IGNORED = re.compile(f"[{IGNORABLE}\u0640\U0001f3fb-\U0001f3ff]")
"""What makes no difference wherever it stands: what nobody sees, the Arabic stretching of letters, colours of skin."""
_FLAGS = re.compile("[\U0001f1e6-\U0001f1ff]")
"""The letters of which flags are made, two each."""
_DRAWN = re.compile("[\u2500-\u259f\u2800-\u28ff]")
"""Symbols of which lines and pictures are drawn."""
_NEW_EMOJI = re.compile("[\U0001f000-\U0001faff]")
"""Where Unicode puts emoji that Python may not know yet."""

_WORD = re.compile("a[am]*|lm*|ff?|s")
_RUN = re.compile("a[am]*|[lm]*l[lm]*|[fs]+")
"""What counts as one word of a search."""


class _Table(dict[int, str]):
    """Maps characters for :meth:`str.translate` to what a function makes of them."""

    def __init__(self, make: Callable[[str], str]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, point: int) -> str:
        if len(self) > 20_000:
            self.clear()
        made = self[point] = self._make(chr(point))
        return made


def _bare(character: str) -> str:
    """Take away a character that makes no difference, and the dot from an i that has none in Turkish either.

    Those are the marks that people leave out: accents, the vowel points of Hebrew, Arabic and Syriac, and what is put
    round a character; Unicode's combining classes tell them from the marks without which an Indic word is another.
    """
    if character == "\u0131":
        return "i"
    category = unicodedata.category(character)
    order = unicodedata.combining(character)
    left_out = category in ("Cf", "Me") or order == 1 or 10 <= order <= 36 or order >= 200
    return "" if left_out or _IGNORED.match(character) else character


def _kind(character: str) -> str:
    """Tell what a character is by a letter.

    It is of a word (``a``), a word by itself (``l``), a mark on either (``m``), a symbol (``s``), half a flag (``f``),
    or nothing that a search sees (a blank).
    """
    category = unicodedata.category(character)
    if category[0] in "LN":
        return "l" if category[0] == "L" and is_written_together(character) else "a"
    if category[0] == "M":
        return "m"
    if category == "So" and character > "\xff" and not _DRAWN.match(character):
        return "f" if _FLAGS.match(character) else "s"
    return "s" if category == "Cn" and _NEW_EMOJI.match(character) else " "


_BARE, _KINDS = _Table(_bare), _Table(_kind)


def words(text: str) -> list[str]:
    """Divide *text* into words as a search sees them: without case, accents and punctuation.

    Where a script puts no space between words, each letter is one, with its marks. So is each emoji.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    bare, kinds = _folded(text)
    return [bare[match.start() : match.end()] for match in _WORD.finditer(kinds)]


def _folded(text: str) -> tuple[str, str]:
    """Make one of all ways to write the same, and tell of each character what it is."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = unicodedata.normalize("NFC", folded.translate(_BARE))
    return bare, bare.translate(_KINDS)


def folded_name(name: str) -> str:
    """Write a name as all ways to write it are compared, in any case, composed or not."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())


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
    count = 0
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
            count += len(_RUN.findall(_folded(value)[1]))
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
    if count > MOST_WORDS:
        raise BadField(f"That is too much to look for. Search for at most {MOST_WORDS} words.")
    if sum(map(len, phrases)) > MOST_LETTERS:
        raise BadField(f"That is too much to look for. Search for at most {MOST_LETTERS} letters and emoji.")
    return wanted


def _phrase(text: str) -> tuple[str, ...]:
    """Read words that follow one another; behind the last there may be a star, which a letter by itself needs not."""
    phrase = tuple(words(text))
    if not phrase or not text.endswith("*") or _kind(phrase[-1][0]) != "a":
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
