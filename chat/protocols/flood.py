"""How fast a client may send: who sends faster is read later, is told so, and in the end has to leave."""

from __future__ import annotations

from enum import Enum, auto

from chat.core.limits import Bucket, Limits

CALM = 2.0
"""After so many seconds of sending no more than one may, a flood is over."""


class Verdict(Enum):
    """What is to be done about a client that sends too fast."""

    WAIT = auto()
    WARN = auto()
    END = auto()


class Flood(Bucket):
    """The lines of one client, counted. *rate* is a second."""

    __slots__ = ("_limits", "_since", "_until", "_warned")

    def __init__(self, limits: Limits, rate: float, now: float) -> None:
        super().__init__(limits.burst, rate, now)
        self._limits = limits
        self._since = self._until = float("-inf")
        self._warned = False

    def judge(self, now: float, delay: float) -> Verdict:
        """Say what is to be done about a client that must wait for *delay* seconds from *now* on."""
        if now > self._until + CALM:
            self._since = now
            self._warned = False
        self._until = now + delay
        if now - self._since >= self._limits.flood_end:
            return Verdict.END
        if now - self._since >= self._limits.flood_notice and not self._warned:
            self._warned = True
            return Verdict.WARN
        return Verdict.WAIT
