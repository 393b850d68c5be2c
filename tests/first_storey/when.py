"""Times that people type, in their own time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TypedDict

from first_storey.errors import BadField
from first_storey.events import wire_time

MOST = 200
"""The messages that are asked for where a time is given."""

_SINCE = re.compile(r"since\s+(?:(\d{4}-\d\d-\d\d)(?:\s+|$))?(\d\d?:\d\d(?::\d\d)?)?", re.IGNORECASE)


class Past(TypedDict, total=False):
    """Which part of the history is meant: fields of the request."""

    count: int
    since: str
    until: str


def read(text: str, now: datetime, zone: tzinfo | None = None) -> Past:
    """Read what follows ``/history``: ``50``, ``since 09:00``, ``since 2026-11-20 09:00`` or ``2026-11-20``.

    A time without a day is the last such time before *now*. *zone* is the time zone of the user, ``None`` the
    system's. Raises :class:`BadField`.
    """
    text = text.strip()
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
    at = time.fromisoformat(clock.rjust(8 if clock.count(":") == 2 else 5, "0")) if clock else time()
    if day:
        return datetime.combine(date.fromisoformat(day), at)
    today = datetime.combine(now.date(), at)
    return today if today <= now.replace(tzinfo=None) else today - timedelta(1)


def _utc(moment: datetime, zone: tzinfo | None) -> str:
    """Write a local time as the wire does."""
    return wire_time(moment.replace(tzinfo=zone).astimezone(UTC))
