"""What time it is, for whatever the chat tells of: so far as the wall clock can be believed, times never decrease."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from chat.core.times import timestamp

TOLERANCE = 600.0
"""The seconds by which the last time may be ahead of the wall clock and still be told again."""

log = Logger()


class HistoryClock:
    """Tells the larger of the wall clock and the last time that it told.

    If the wall clock was set back by more than :data:`TOLERANCE`, waiting for it would stop the time for too long: the
    clock then follows it, and says so in the log. *seconds* gives the wall clock's seconds since 1970.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._last = ""
        self._asked_at = -1
        """The milliseconds at which it was asked last."""

    def restore(self, last: str) -> None:
        """Go on from the time of the last message, or from ``""``."""
        self._last = last
        self._asked_at = -1

    def now(self) -> str:
        """The time, as events carry it."""
        seconds = self._seconds()
        milliseconds = int(seconds * 1000)
        if milliseconds == self._asked_at:
            return self._last
        self._asked_at = milliseconds
        now = timestamp(seconds)
        if now < self._last:
            if self._last <= timestamp(seconds + TOLERANCE):
                return self._last
            log.warn("the clock was set back from {last} to {now}: times begin anew there", last=self._last, now=now)
        self._last = now
        return now
