"""What a word is to a search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from chat.core.text import IGNORABLE, is_written_together

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


def count(text: str) -> int:
    """Count the words as people do, who see one where letters follow one another without a space."""
    return len(_RUN.findall(_folded(text)[1]))


def has_beginnings(word: str) -> bool:
    """Tell whether a word can be found by its beginning; one that is a letter by itself has none."""
    return _kind(word[0]) == "a"


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
