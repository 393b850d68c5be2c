"""From a line to the rows of a screen: widths, wrapping, hanging indent and styles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from chat.client.scrollback import Line, LineKind
from chat.client.styled import URL, author_styles, styled_text

_UNIT = re.compile(URL.pattern + r"\S*|\s+|\S+")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")
_FUSING = re.compile(
    "[\ufe0e\ufe0f]"  # variation selectors
    "|(?<=[\u2600-\u27bf\U0001f300-\U0001faff])[\U0001f3fb-\U0001f3ff]"  # skin tones
    "|(?<=[\u2600-\u27bf\ufe0f\U0001f300-\U0001faff])\u200d"  # joiners of emoji, not of letters
)

_CLOCK = " " * 6
"""The width of the time before a message."""

Row = StyleAndTextTuples


def displayed(text: str) -> str:
    """Write *text* so that all terminals agree on its width: emoji one by one, flags as letters."""
    if text.isascii():
        return text
    text = _FLAG.sub(lambda match: chr(ord(match.group()) - 0x1F1E6 + ord("A")), text)
    return _FUSING.sub("", text)


def fusing(text: str) -> set[int]:
    """Return the places in *text* of characters that join emoji into one, or colour them."""
    return set() if text.isascii() else {match.start() for match in _FUSING.finditer(text)}


def shorten(text: str, width: int) -> str:
    """Cut *text* to *width* cells, and mark the cut."""
    if get_cwidth(text) <= width:
        return text
    return text[: _fitting(text, 0, len(text), max(width - 1, 0))] + "…" if width > 0 else ""


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
        cells = get_cwidth(text[start:end])
        if text[start].isspace():
            if cells > room:
                close_row(end)
            else:
                room -= cells
                row_end = end
            continue
        if cells > room and (room < width or (cells <= rest and width < rest)):
            close_row(start)
        while cells > room:
            row_end = max(_fitting(text, start, end, room), start + 1)
            start = row_end
            close_row(start)
            cells = get_cwidth(text[start:end])
        room -= cells
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
            cells = get_cwidth(text[place])
            if place > unit and cells and (cells == 2 or wide_before):
                yield unit, place
                unit = place
            if cells:
                wide_before = cells == 2
        yield unit, end


def _fitting(text: str, start: int, end: int, width: int) -> int:
    """Return the end of what fits into *width* cells from *start* on. Combining marks stay with their character."""
    used = 0
    for place in range(start, end):
        used += get_cwidth(text[place])
        if used > width:
            return place
    return end


class Painter:
    """Turns lines into rows for a width. *mentions* finds where a text names the user."""

    def __init__(self, mentions: Callable[[str], Sequence[tuple[int, int]]]) -> None:
        self._mentions = mentions

    def rows(self, line: Line, width: int) -> Sequence[Row]:
        """Return the rows of *line*; all but the first of its text are indented to where it begins.

        What a message answers is a row above it, the reactions to it are in rows below.
        """
        rows = self._text_rows(line, width)
        if line.reply is not None:
            quote = displayed(f"{line.reply.author}: {line.reply.text}")
            rows = [[("class:quiet", shorten(f"{_CLOCK}┌ {quote}", width))], *rows]
        if line.reactions:
            rows = [*rows, *_reactions(line, width)]
        return rows

    def _text_rows(self, line: Line, width: int) -> Sequence[Row]:
        if line.kind is LineKind.DAY:
            return [rule(line.text, width, "class:day")]
        clock: Row = [("class:time", f"{line.time:%H:%M} ")]
        text = displayed(line.text)
        match line.kind:
            case LineKind.NOTICE:
                return _hang([*clock, ("class:notice", "* ")], [("class:notice", text)], text, width)
            case LineKind.REFUSAL:
                return _hang([*clock, ("class:refusal", "! ")], [("class:refusal", text)], text, width)
        author = _classes(author_styles(line))
        if line.kind is LineKind.ACTION:
            lead: Row = [*clock, ("class:action", "~ "), (author, displayed(line.author) + " ")]
        else:
            lead = [*clock, (author, displayed(line.author)), ("class:text", ": ")]
        styled: Row = [(_classes(styles), part) for part, styles in styled_text(line, text, self._mentions)]
        if marks := ", ".join(line.marks):
            styled, text = [*styled, ("class:quiet", f" ({marks})")], f"{text} ({marks})"
        return _hang(lead, styled, text, width)


def _reactions(line: Line, width: int) -> Sequence[Row]:
    """Return rows with the reactions to a message, and how many users each is of; the user's own stand out."""
    rows: list[Row] = [[("", _CLOCK)]]
    left = space = width - get_cwidth(_CLOCK)
    for one in line.reactions:
        text = f"{displayed(one.text)} {one.count}"
        if get_cwidth(text) > left and left < space:
            rows.append([("", _CLOCK)])
            left = space
        text = shorten(text, left)
        gap = " " * min(left - get_cwidth(text), 2)
        rows[-1].append(("class:quiet.mine" if one.mine else "class:quiet", text + gap))
        left -= get_cwidth(text + gap)
    return rows


def _classes(styles: Iterable[str]) -> str:
    return " ".join(f"class:{style}" for style in styles)


def rule(text: str, width: int, style: str) -> Row:
    """Return a row with a text in the middle of a horizontal line."""
    text = shorten(f" {text} ", width)
    left = max((width - get_cwidth(text)) // 2, 0)
    right = max(width - get_cwidth(text) - left, 0)
    return [(style, "─" * left + text + "─" * right)]


def _hang(lead: Row, styled: Row, text: str, width: int) -> Sequence[Row]:
    """Put *text* after *lead*, and indent its further rows to where it begins."""
    lead_width = sum(get_cwidth(part[1]) for part in lead)
    if lead_width > width - 2:
        width = lead_width + 2
    indent = min(lead_width, width // 3)
    rows: list[Row] = []
    place = 0
    for line in text.split("\n"):
        for start, end in wrap(line, width - (indent if rows else lead_width), width - indent):
            row: Row = [("", " " * indent)] if rows else list(lead)
            rows.append(row + _slice(styled, place + start, place + end))
        place += len(line) + 1
    return rows


def _slice(styled: Row, start: int, end: int) -> Row:
    """Return the part of *styled* between two places in its text."""
    row: Row = []
    place = 0
    for style, text, *_ in styled:
        part = text[max(start - place, 0) : max(end - place, 0)]
        if part:
            row.append((style, part))
        place += len(text)
    return row
