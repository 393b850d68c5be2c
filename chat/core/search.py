"""What a search looks for, and what a word is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from chat.core.errors import BadField, Empty
from chat.core.names import room_name

MOST_WORDS = 16
"""The words that one may search for at once, those of phrases included."""

_PIECE = re.compile(r'(?:(author|room|before|in):(?=\S))?(?:"([^"]*)"?|(\S+))', re.IGNORECASE)
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_WRITTEN_TOGETHER = re.compile(
    "([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff])"
)
"""The letters of scripts that put no space between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese)."""


def words(text: str) -> list[str]:
    """Divide *text* into words as a search sees them: without case, accents and punctuation.

    Where a script puts no space between words, each letter is one.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = _ACCENTS.sub("", folded)
    spaced = _WRITTEN_TOGETHER.sub(r" \1 ", unicodedata.normalize("NFC", bare))
    return "".join(character if _is_of_words(character) else " " for character in spaced).split()


def _is_of_words(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody typed to search for: messages with all ``phrases``, each of words that follow one another.

    ``before``: only those with a smaller id. ``text``: what was typed, without that.
    """

    text: str
    phrases: tuple[tuple[str, ...], ...]
    author: str | None = None
    room: str | None = None
    before: int | None = None
    conversation: str | None = None
    """In the conversation with whom to look, or in all private ones (``""``)."""


def parse(text: str, *, anything: bool = False) -> Wanted:
    """Read ``green "hot tea" author:ada room:#dev before:120``, or ``in:@bob`` or ``in:me`` for private messages.

    With *anything* there need be nothing to look for.

    Raises :class:`BadField`, :class:`BadName` for a room that can't be, and :class:`Empty` if there is nothing to
    look for.
    """
    given: dict[str, str] = {}
    phrases: list[tuple[str, ...]] = []
    kept: list[str] = []
    for match in _PIECE.finditer(text):
        key = (match[1] or "").lower()
        value = (match[2] if match[2] is not None else match[3]).strip()
        if key in given:
            raise BadField(f"There can be one {key}: in a search only.")
        if key and not value:
            raise BadField(f"{key}: needs something behind it.")
        if key:
            given[key] = value
        elif phrase := tuple(words(value)):
            phrases.append(phrase)
        if key != "before":
            kept.append(match[0])
    if "in" in given and "room" in given:
        raise BadField("A search is in private messages (in:) or in a room (room:), not in both.")
    if not phrases and not anything and not given.keys() & {"author", "room", "in"}:
        raise Empty('There is nothing to look for in that. Try: /search tea "hot water" author:ada room:#dev')
    if sum(map(len, phrases)) > MOST_WORDS:
        raise BadField(f"That is too much to look for. Search for at most {MOST_WORDS} words.")
    return Wanted(
        text=" ".join(kept),
        phrases=tuple(phrases),
        author=given.get("author"),
        room=room_name(given["room"]) if "room" in given else None,
        before=_number(given["before"]) if "before" in given else None,
        conversation=_conversation(given["in"]) if "in" in given else None,
    )


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
