"""From a line to the rows of a screen: hanging indent, styles and links."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import quote

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.utils import get_cwidth

from chat.client.model.scrollback import Line, LineKind
from chat.client.model.styled import URL, StyledText, author_styles, styled_text, with_urls
from chat.client.terminal.widths import cells, displayed, fitting, shorten, wrap

_CLOCK = " " * 6
"""The width of the time before a message."""

LINK = "[link:"
"""How the part of a style begins that says where a text leads; prompt_toolkit passes over parts in brackets."""

_LONG = re.compile(URL.pattern + r"\S*")

Row = StyleAndTextTuples


class Painter:
    """Turns lines into rows for a width. *mentions* finds where a text names the user."""

    def __init__(self, mentions: Callable[[str], Sequence[tuple[int, int]]]) -> None:
        self._mentions = mentions
        self.sought: re.Pattern[str] | None = None
        """What is lit, as the user searches for it."""
        self.current: Line | None = None
        """The line with the match at which they are."""

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

    def listed(self, line: Line, width: int, chosen: bool) -> Sequence[Row]:
        """Return the rows of a line of a list; one that can be *chosen* begins with an arrow if it is."""
        text = displayed(line.text)
        lead: Row = [("class:chosen", "> " if chosen else "  ")]
        styled = _styled(with_urls(text, "chosen" if chosen else "listed"))
        return _hang(lead, self._lit(styled, text, line), text, width)

    def _lit(self, styled: Row, text: str, line: Line) -> Row:
        """Return *styled*, which is *text*, with what is sought lit."""
        if self.sought is None:
            return styled
        style = " class:sought.current" if line is self.current else " class:sought"
        row: Row = []
        place = 0
        for match in self.sought.finditer(text):
            row += _slice(styled, place, match.start())
            row += [(old + style, part) for old, part, *_ in _slice(styled, *match.span())]
            place = match.end()
        return row + _slice(styled, place, len(text))

    def _text_rows(self, line: Line, width: int) -> Sequence[Row]:
        if line.kind is LineKind.DAY:
            return [rule(line.text, width, "class:day")]
        clock: Row = [("class:time", f"{line.time:%H:%M} ")]
        text = displayed(line.text)
        match line.kind:
            case LineKind.NOTICE:
                styled = self._lit(_styled(with_urls(text, "notice")), text, line)
                return _hang([*clock, ("class:notice", "* ")], styled, text, width)
            case LineKind.REFUSAL:
                styled = self._lit(_styled(with_urls(text, "refusal")), text, line)
                return _hang([*clock, ("class:refusal", "! ")], styled, text, width)
        author = _classes(author_styles(line))
        if line.kind is LineKind.ACTION:
            lead: Row = [*clock, ("class:action", "~ "), (author, displayed(line.author) + " ")]
        else:
            lead = [*clock, (author, displayed(line.author)), ("class:text", ": ")]
        styled = self._lit(_styled(styled_text(line, text, self._mentions)), text, line)
        if marks := ", ".join(line.marks):
            styled, text = [*styled, ("class:quiet", f" ({marks})")], f"{text} ({marks})"
        return _hang(lead, styled, text, width)


def _reactions(line: Line, width: int) -> Sequence[Row]:
    """Return rows with the reactions to a message, and how many users each is of; the user's own stand out."""
    rows: list[Row] = [[("", _CLOCK)]]
    left = space = width - len(_CLOCK)
    for one in line.reactions:
        text = f"{displayed(one.text)} {one.count}"
        if cells(text) > left and left < space:
            rows.append([("", _CLOCK)])
            left = space
        text = shorten(text, left)
        gap = " " * min(left - cells(text), 2)
        rows[-1].append(("class:quiet.mine" if one.mine else "class:quiet", text + gap))
        left -= cells(text + gap)
    return rows


def _classes(styles: Iterable[str]) -> str:
    return " ".join(f"class:{style}" for style in styles)


def _styled(parts: Iterable[StyledText]) -> Row:
    """Return *parts* with the styles of prompt_toolkit. An URL leads to where it says, wherever it is broken."""
    row: Row = []
    for text, styles in parts:
        link = f" {LINK}{quote(text, safe=string.punctuation)}]" if "url" in styles else ""
        row.append((_classes(styles) + link, text))
    return row


def rule(text: str, width: int, style: str) -> Row:
    """Return a row with a text in the middle of a horizontal line."""
    text = shorten(f" {text} ", width)
    left = max((width - get_cwidth(text)) // 2, 0)
    right = max(width - get_cwidth(text) - left, 0)
    return [(style, "─" * left + text + "─" * right)]


def _hang(lead: Row, styled: Row, text: str, width: int) -> Sequence[Row]:
    """Put *text* after *lead*, and indent its further rows to where it begins.

    An URL that is longer than a row has rows of its own without an indent, so that a terminal sees one piece.
    """
    lead_width = sum(cells(part[1]) for part in lead)
    hanging = max(width, lead_width + 2)
    indent = min(lead_width, hanging // 3)
    rows: list[Row] = []
    place = 0
    for line in text.split("\n"):
        for start, end, long in _pieces(line, hanging - indent):
            if long:
                rows = rows or [lead]
                while start < end:
                    fits = max(fitting(line, start, end, width), start + 1)
                    rows.append(_slice(styled, place + start, place + fits))
                    start = fits
                continue
            first = hanging - (indent if rows else lead_width)
            for row_start, row_end in wrap(line[start:end], first, hanging - indent):
                row: Row = [("", " " * indent)] if rows else list(lead)
                rows.append(row + _slice(styled, place + start + row_start, place + start + row_end))
        place += len(line) + 1
    return rows


def _pieces(line: str, width: int) -> Iterator[tuple[int, int, bool]]:
    """Divide *line* into URLs that are longer than *width*, and what is between; tell which of both a piece is."""
    place = 0
    for match in _LONG.finditer(line):
        start, end = match.span()
        if cells(match.group()) > width:
            if line[place:start].strip():
                yield place, start, False
            yield start, end, True
            place = end + len(line[end:]) - len(line[end:].lstrip())
    if place < len(line) or not line:
        yield place, len(line), False


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
