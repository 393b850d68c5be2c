"""Turns a line into the texts and tags that a Tk text widget takes."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from ctypes.util import find_library
from datetime import timedelta
from functools import cache

from chat.client.model.scrollback import Line, LineKind
from chat.client.model.styled import author_styles, styled_text

TOGETHER = timedelta(minutes=3)
"""Messages of one person within this time are shown under one name."""
SAFE_XFT = 20305
_EMOJI = re.compile("[\u231a-\u27bf\u2934-\u2b55\U0001f000-\U0001faff]")

NO_BREAK = "\u00a0"
"""A blank at which no line wraps."""

Drawn = tuple[str, tuple[str, ...]]
"""A text and its tags."""


def drawn(line: Line, before: Line | None, mentions: Callable[[str], Sequence[tuple[int, int]]]) -> list[Drawn]:
    """Return *line* as it looks below the line *before*; each row ends with a newline."""
    clock = f"{line.time:%H:%M}"
    match line.kind:
        case LineKind.DAY:
            return [(f"{line.text}\n", ("day",))]
        case LineKind.NOTICE:
            return [(f"{clock}  ", ("time", "notice")), (f"{line.text}\n", ("notice",))]
        case LineKind.REFUSAL:
            return [(f"{clock}  ", ("time", "notice")), (f"{line.text}\n", ("notice", "refusal"))]
    row = ("said", "mentioned") if line.mention else ("said",)
    text = styled_text(line, shown(line.text), mentions)
    program = ("program",) if line.notice else ()
    parts: list[Drawn] = [(part, (*row, *program, *styles)) for part, styles in text]
    parts += [(f"  ({mark})", (*row, "time")) for mark in line.marks]
    author = (shown(line.author), (*author_styles(line), "author"))
    if line.kind is LineKind.ACTION:
        parts = [(f"{clock}  ", ("time",)), author, (" ", ()), *parts]
        parts = [(part, ("lead", *(("mentioned",) if line.mention else ()), *tags)) for part, tags in parts]
    parts = [*_answered(line, row), *parts]
    if line.kind is not LineKind.ACTION and not _together(line, before):
        lead = ("lead", "mentioned") if line.mention else ("lead",)
        parts = [(author[0], (*lead, *author[1])), (f"  {clock}\n", (*lead, "time")), *parts]
    return [*parts, ("\n", row), *_reactions(line, row)]


def _answered(line: Line, row: tuple[str, ...]) -> list[Drawn]:
    """Return the row above a message that answers another."""
    if line.reply is None:
        return []
    return [(f"┌ {shown(line.reply.author)}: {shown(line.reply.text)}\n", (*row, "quote"))]


def _reactions(line: Line, row: tuple[str, ...]) -> list[Drawn]:
    """Return the row below a message that somebody has reacted to. The tag of each reaction has its number.

    The row may wrap only between two reactions. The margin left of a reaction has the colour of the message.
    """
    if not line.reactions:
        return []
    parts: list[Drawn] = []
    row = (*row, "mentioned margin") if line.mention else row
    for number, reaction in enumerate(line.reactions):
        mine = ("reacted",) if reaction.mine else ()
        parts.append((" ", (*row, "reactions")))
        text = f"{NO_BREAK}{shown(reaction.text)}{NO_BREAK}{reaction.count}{NO_BREAK}"
        parts.append((text, (*row, "reaction", *mine, f"reaction{number}")))
    return [*parts, ("\n", (*row, "reactions"))]


def unread_rule() -> list[Drawn]:
    """Return the mark above the first line that was not seen."""
    return [("───────   new   ───────\n", ("unread",))]


def shown(text: str) -> str:
    """Replace emoji that Tk can't draw: with an old X font library, one in colour would end the program."""
    return text if text.isascii() or _draws_emoji() else _EMOJI.sub("\ufffd", text)


def _together(line: Line, before: Line | None) -> bool:
    return (
        before is not None
        and before.kind is LineKind.SAY
        and before.author == line.author
        and line.time - before.time < TOGETHER
    )


@cache
def _draws_emoji() -> bool:
    library = find_library("Xft")
    return library is None or ctypes.CDLL(library).XftGetVersion() >= SAFE_XFT
