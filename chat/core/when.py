"""Times that people type, in their own time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypedDict

from chat.core.errors import BadField
from chat.core.times import wire_time

MOST = 200
"""The messages that are asked for if a time is given."""

_SINCE = re.compile(r"since\s+(?:(\d{4}-\d\d-\d\d)(?:\s+|$))?(\d\d?:\d\d(?::\d\d)?)?", re.IGNORECASE)


class Past(TypedDict, total=False):
    """Which part of the history is meant: fields of the request."""

    count: int
    after: int
    before: int
    around: int
    since: str
    until: str


def read(text: str, now: datetime, zone: tzinfo | None = None) -> Past:
    """Read what follows ``/history``: ``50``, ``since 09:00``, ``since 2026-11-20 09:00`` or ``2026-11-20``.

    ``after 217``, ``before 400`` or both may follow, or stand alone, and so may ``around 300``, but not with a time;
    the numbers are ids of messages. A time without a day is the last such time before *now*. *zone* is the time zone of
    the user, ``None`` the system's. Raises :class:`BadField`.
    """
    words = text.split()
    if len(words) in (2, 3) and words[-2].lower() == "around" and is_id(words[-1]):
        many = _read(words[0], now, zone) if len(words) == 3 else Past()
        if "since" not in many:
            return {**many, "around": int(words[-1])}
    between: Past = {}
    while len(words) > 1 and is_id(words[-1]):
        match words[-2].lower():
            case "after" if "after" not in between:
                between["after"] = int(words[-1])
            case "before" if "before" not in between:
                between["before"] = int(words[-1])
            case _:
                break
        del words[-2:]
    if between and not words:
        return {"count": MOST, **between}
    return {**_read(" ".join(words), now, zone), **between}


def span(text: str, zone: tzinfo | None = None) -> tuple[str, str]:
    """Read a day, ``2026-11-20``, or a time of it, ``2026-11-20 09:00``: when it begins and when it is over.

    A time is over at once. *zone* is as for :func:`read`. Raises :class:`BadField`.
    """
    day, _, clock = text.partition(" ")
    try:
        first = last = datetime.combine(date.fromisoformat(day), _time(clock.strip()))
        if not clock:
            last = first + timedelta(1)
        return _utc(first, zone), _utc(last, zone)
    except (ValueError, OverflowError) as error:
        raise BadField("That is no day, and no time of a day.") from error


def is_id(word: str) -> bool:
    """Tell whether a *word* is the id of a message."""
    return word.isascii() and word.isdecimal() and len(word) < 19


def split_id(text: str) -> tuple[int | None, str]:
    """Read the id of a message that may stand before a *text*, as in ``#217 yes``; return it, and the text."""
    first, *rest = text.split(maxsplit=1) or [""]
    if first[:1] != "#" or not is_id(first[1:]):
        return None, text
    return int(first[1:]), rest[0] if rest else ""


def _read(text: str, now: datetime, zone: tzinfo | None) -> Past:
    """Read how many, since when, or which day."""
    if text.isascii() and text.isdecimal() and len(text) < 10 and int(text):
        return {"count": int(text)}
    try:
        if (since := _SINCE.fullmatch(text)) is not None and (since[1] or since[2]):
            return {"count": MOST, "since": _utc(_moment(since[1], since[2], now.astimezone(zone)), zone)}
        day = date.fromisoformat(text)
        first, last = datetime.combine(day, time()), datetime.combine(day + timedelta(1), time())
        return {"count": MOST, "since": _utc(first, zone), "until": _utc(last, zone)}
    except (ValueError, OverflowError) as error:
        raise BadField(
            "Say how many, since when, or which day: /history 50, /history since 09:00, /history 2026-11-20."
        ) from error


def _moment(day: str | None, clock: str | None, now: datetime) -> datetime:
    at = _time(clock)
    if day:
        return datetime.combine(date.fromisoformat(day), at)
    today = datetime.combine(now.date(), at)
    return today if today <= now.replace(tzinfo=None) else today - timedelta(1)


def _time(clock: str | None) -> time:
    """Read ``9:00`` or ``09:00:30``; nothing is midnight."""
    return time.fromisoformat(clock.rjust(8 if clock.count(":") == 2 else 5, "0")) if clock else time()


def _utc(moment: datetime, zone: tzinfo | None) -> str:
    """Write a local time as the wire does."""
    return wire_time(moment.replace(tzinfo=zone).astimezone(UTC))
