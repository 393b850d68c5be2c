"""Spans of time, as people type and read them."""

from __future__ import annotations

import re

from chat.core.errors import BadField

LONGEST = 10 * 365 * 86_400
"""The longest span that is taken, ten years in seconds: adding it to a date stays within every calendar."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_WORDS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
_SHAPE = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)


class OutOfCalendar(BadField):
    """A span of time is longer than :data:`LONGEST`."""


def is_duration(text: str) -> bool:
    """Tell whether *text* is meant as a span of time; :func:`seconds` may refuse it all the same."""
    return text.lstrip("+-")[:1].isdecimal()


def begins_with_one(text: str) -> bool:
    """Tell whether the first word of *text* has the shape of a span of time: ``3 times`` is none."""
    return _SHAPE.fullmatch(text.strip().partition(" ")[0]) is not None


def seconds(text: str) -> int:
    """Read ``30s``, ``10m``, ``2h``, ``7d`` or ``4w``.

    Raises :class:`BadField` for anything else, and :class:`OutOfCalendar` for more than ten years.
    """
    found = _SHAPE.fullmatch(text)
    if found is None or not int(found[1]):
        raise BadField(f"{text[:40]} is no time. Write one like 30s, 10m, 2h, 7d or 4w.")
    span = int(found[1]) * _UNITS[found[2]]
    if span > LONGEST:
        raise OutOfCalendar(f"{text[:40]} is too long a time. Use at most ten years, which is 3650d.")
    return span


def in_words(span: float) -> str:
    """Write *span* seconds in the largest unit that fits: ``2 hours``."""
    whole = max(1, round(span))
    for unit, word in _WORDS.items():
        number = round(whole / _UNITS[unit])
        if whole >= _UNITS[unit]:
            return f"{number} {word}" if number == 1 else f"{number} {word}s"
    raise AssertionError(span)
