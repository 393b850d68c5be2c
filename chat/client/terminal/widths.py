"""How wide text is on a screen.

Terminals do not agree on it: their tables are of other versions of Unicode, and marks that take a place of their own in
one terminal are drawn over the letter in another. What most of them draw wrongly is left out by :func:`displayed`. Of
the rest, :func:`cells` counts the most that a terminal may take. Only characters that Unicode calls ambiguous count as
one cell: no terminal draws them twice as wide unless it is told to.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache

from prompt_toolkit.utils import get_cwidth

from chat.client.model.styled import URL

_UNIT = re.compile(URL.pattern + r"\S*|\s+|\S+")
_EMOJI = "\u2600-\u27bf\U0001f000-\U0001faff"
_TAKES_TWO = re.compile(f"[{_EMOJI}\u3248-\u324f]")
"""What some terminals draw on one cell, and others on two."""
_FUSING = re.compile(
    "[\ufe00-\ufe0f\U000e0100-\U000e01ef]"  # variation selectors
    "|[\u20e3\U000e0020-\U000e007f]"  # what makes keycaps of digits, and flags of regions
    "|(?<=[\u2600-\u27bf\U0001f300-\U0001faff])[\U0001f3fb-\U0001f3ff]"  # skin tones
    "|(?<=[\u2600-\u27bf\ufe0f\U0001f300-\U0001faff])\u200d"  # joiners of emoji, not of letters
)


class _Drawn(dict[int, str]):
    """What is drawn in place of a character: of a flag its letter, of a character that does not exist a sign."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if 0x1F1E6 <= code <= 0x1F1FF:
            character = chr(code - 0x1F1E6 + ord("A"))
        elif unicodedata.category(character) == "Cn" and not _TAKES_TWO.match(character):
            character = "\ufffd"
        self[code] = character
        return character


_DRAWN = _Drawn()


def displayed(text: str) -> str:
    """Write *text* so that terminals agree on its width as far as they can.

    Emoji are drawn one by one, and flags as letters. An emoji that is newer than Python's tables is drawn as it is.
    """
    return text if text.isascii() else one_by_one(_FUSING.sub("", text))


def one_by_one(text: str) -> str:
    """Write each character of *text* as it is drawn."""
    return text if text.isascii() else text.translate(_DRAWN)


def fusing(text: str) -> set[int]:
    """Return the places in *text* of characters that join emoji into one, or colour them."""
    return set() if text.isascii() else {match.start() for match in _FUSING.finditer(text)}


def cells(text: str) -> int:
    """Return how many cells *text* takes at most."""
    return len(text) if text.isascii() else sum(map(_cells, text))


@cache
def _cells(character: str) -> int:
    if _TAKES_TWO.match(character):
        return 2
    if unicodedata.category(character) == "Mc":
        return 2 if unicodedata.east_asian_width(character) == "W" else 1
    return get_cwidth(character)


def certain(text: str, start: int) -> bool:
    """Tell whether all terminals take as many cells for what *text* has from *start* on."""
    rest = text[start:]
    if rest.isascii():
        return True
    return one_by_one(rest) == rest and cells(rest) == get_cwidth(rest) and max(fusing(text), default=-1) < start


def shorten(text: str, width: int) -> str:
    """Cut *text* to *width* cells, and mark the cut."""
    if cells(text) <= width:
        return text
    return text[: fitting(text, 0, len(text), max(width - 1, 0))] + "…" if width > 0 else ""


def wrap(text: str, first: int, rest: int) -> Sequence[tuple[int, int]]:
    """Divide *text* into rows of *first*, then of *rest* cells; return where each begins and ends.

    Rows break at spaces and between wide characters. An URL is broken only if it is longer than a row.
    """
    rows: list[tuple[int, int]] = []
    row_start = row_end = 0
    room = width = first

    def close_row(next_start: int) -> None:
        nonlocal row_start, row_end, room, width
        rows.append((row_start, row_end))
        row_start = row_end = next_start
        room = width = rest

    for start, end in _units(text):
        needed = cells(text[start:end])
        if text[start].isspace():
            if needed > room:
                close_row(end)
            else:
                room -= needed
                row_end = end
            continue
        if needed > room and (room < width or (needed <= rest and width < rest)):
            close_row(start)
        while needed > room:
            row_end = max(fitting(text, start, end, room), start + 1)
            start = row_end
            close_row(start)
            needed = cells(text[start:end])
        room -= needed
        row_end = end
    if row_end > row_start or not rows:
        rows.append((row_start, row_end))
    return rows


def _units(text: str) -> Iterator[tuple[int, int]]:
    """Yield the parts that are not broken: words, URLs, single wide characters, and the spaces between."""
    for match in _UNIT.finditer(text):
        start, end = match.span()
        if text[start:end].isascii() or URL.match(text, start):
            yield start, end
            continue
        unit = start
        wide_before = False
        for place in range(start, end):
            width = get_cwidth(text[place])
            if place > unit and width and (width == 2 or wide_before):
                yield unit, place
                unit = place
            if width:
                wide_before = width == 2
        yield unit, end


def fitting(text: str, start: int, end: int, width: int) -> int:
    """Return the end of what fits into *width* cells from *start* on. Marks stay with their character."""
    used = 0
    fits = start
    for place in range(start, end):
        if get_cwidth(text[place]):
            fits = place
        used += _cells(text[place])
        if used > width:
            return fits
    return end
