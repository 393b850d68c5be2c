"""Cleaning: what may reach another user's screen."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MAXIMUM_MARKS = 8
"""How many combining marks stay on one character."""

_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"  # invisible, and of no use in a chat
    "\ud800-\udfff\U000e0000-\U000e007f"  # surrogates, tags
    "]"
)


def clean(text: str) -> str:
    """Take out of *text* what could harm, hide in or garble a line on a screen; tabs become spaces."""
    if text.isascii() and text.isprintable():
        return text
    text = _UNSAFE.sub("", text.replace("\t", " "))
    return text if text.isascii() else _bound_marks(text)


def _bound_marks(text: str) -> str:
    kept = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MAXIMUM_MARKS:
            kept.append(character)
    return "".join(kept)


def decode(data: bytes) -> str:
    """Decode and clean a line of bytes, with U+FFFD in place of what is not UTF-8."""
    return clean(data.decode("utf-8", "replace"))


@lru_cache(maxsize=64)
def mention_of(name: str) -> re.Pattern[str]:
    """Find *name* as a word of its own; ``ada-2`` and ``ada.b`` are other people."""
    if not name:
        return re.compile(r"(?!)")
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w]|[.-]\w)", re.IGNORECASE)


def enumerate_words(words: list[str]) -> str:
    """Write a list as people do: ``ada, bob and cy``."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
