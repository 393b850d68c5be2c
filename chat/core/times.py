"""Times as the wire has them: in UTC with milliseconds, ``2026-11-21T09:15:02.114Z``."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def timestamp(seconds: float) -> str:
    """Write *seconds* since 1970 in UTC with milliseconds, as the wire does."""
    return _millisecond(int(seconds * 1000))


@lru_cache(maxsize=4)
def _millisecond(milliseconds: int) -> str:
    """Write a time that many messages may share."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{_second(whole)}.{rest:03d}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def wire_time(moment: datetime) -> str:
    """Write an aware time as the wire does; raises :class:`OverflowError` at the ends of the calendar."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def local_time(time: str) -> datetime:
    """Read a time of the wire, in the time zone of this machine."""
    return datetime.fromisoformat(time).astimezone()


def minute(time: str) -> str:
    """Write a time of the wire where the reader is; what can't be read stays as it is."""
    return _local(time, "minutes")


def second(time: str) -> str:
    """Write a time of the wire to the second, as :func:`minute` does."""
    return _local(time, "seconds")


def _local(time: str, precision: str) -> str:
    try:
        return local_time(time).replace(tzinfo=None).isoformat(" ", precision)
    except (ValueError, OverflowError):
        return time
