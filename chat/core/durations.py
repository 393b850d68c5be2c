"""Spans of time, as people type and read them."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WORDS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
_SHAPE = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)


def seconds(text: str) -> int | None:
    """Read ``30s``, ``10m``, ``2h``, ``7d`` or ``4w``; return ``None`` where *text* is none of these."""
    found = _SHAPE.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def in_words(span: float) -> str:
    """Write *span* seconds in the largest unit that fits: ``2 hours``."""
    whole = max(1, round(span))
    for unit, word in _WORDS.items():
        number = round(whole / _UNITS[unit])
        if whole >= _UNITS[unit]:
            return f"{number} {word}" if number == 1 else f"{number} {word}s"
    raise AssertionError(span)
