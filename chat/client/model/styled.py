"""A line divided into parts, each with its styles: what a screen of any sort draws."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence

from chat.client.model.scrollback import Line, LineKind

NICK_TONES = (
    *("#af5f00", "#008700", "#0087af", "#5f5fd7", "#af5faf", "#d7005f", "#d700af"),
    *("#00875f", "#af5f87", "#5f5fff", "#875faf", "#af5f5f", "#5f8700", "#008787"),
)
"""The colours of the styles ``nick0``, ``nick1``, ..., one of which each user gets. They are of medium brightness, so
that they can be read on dark and on light backgrounds, and are among the 256 that terminals have."""

URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}']")

StyledText = tuple[str, tuple[str, ...]]
"""A text and its styles, the strongest last."""


def nick_style(name: str) -> str:
    """Return the style of a user's name. It is always the same for the same name."""
    return f"nick{zlib.crc32(name.casefold().encode()) % len(NICK_TONES)}"


def author_styles(line: Line) -> tuple[str, ...]:
    """Return the styles of the author's name."""
    if line.mine:
        return ("me",)
    return (nick_style(line.author), "caller") if line.mention else (nick_style(line.author),)


def styled_text(line: Line, text: str, mentions: Callable[[str], Sequence[tuple[int, int]]]) -> list[StyledText]:
    """Divide the *text* of a line into parts. URLs get a style, and so do the places that *mentions* finds."""
    style = "action" if line.kind is LineKind.ACTION else "notice" if line.notice else "text"
    return _marked(text, style, mentions(text) if line.mention else ())


def with_urls(text: str, style: str) -> list[StyledText]:
    """Divide *text* into parts: URLs get a style of their own."""
    return _marked(text, style, ())


def _marked(text: str, style: str, mentions: Sequence[tuple[int, int]]) -> list[StyledText]:
    marks = [(match.span(), "url") for match in URL.finditer(text)]
    marks += [(span, "mention") for span in mentions]
    parts: list[StyledText] = []
    place = 0
    for (start, end), mark in sorted(marks):
        if start >= place:
            parts += [(text[place:start], (style,)), (text[start:end], (style, mark))]
            place = end
    return [*parts, (text[place:], (style,))]
