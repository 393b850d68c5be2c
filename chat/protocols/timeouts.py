"""Times after which something is due, for thousands at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Generic, TypeVar

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

SHARE = 16
"""Timeouts that end within this fraction of the time share one call of the timer."""

T = TypeVar("T")

log = Logger()


class Timeouts(Generic[T]):
    """Calls *due* with each thing that was added, *seconds* later, or a sixteenth of them after that.

    All share one timer, as one of its own would cost each connection more memory than most of what else it holds.
    """

    def __init__(self, clock: IReactorTime, seconds: float, due: Callable[[T], object]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._due = due
        self._ends: dict[T, float] = {}
        """When each is due, the first one first."""
        self._timer: IDelayedCall | None = None

    def add(self, thing: T) -> None:
        """Wait for *thing*, from now."""
        self._ends.pop(thing, None)
        self._ends[thing] = self._clock.seconds() + self._seconds
        if self._timer is None:
            self._timer = self._clock.callLater(self._seconds, self._look)

    def discard(self, thing: T) -> None:
        """Wait for *thing* no longer, if it was waited for."""
        self._ends.pop(thing, None)
        if not self._ends and self._timer is not None and self._timer.active():
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        now = self._clock.seconds()
        for thing, _ in list(takewhile(lambda item: item[1] <= now, self._ends.items())):
            if self._ends.pop(thing, None) is not None:
                self._call(thing)
        self._timer = None
        if self._ends:
            first = next(iter(self._ends.values()))
            self._timer = self._clock.callLater(max(first - now, self._seconds / SHARE), self._look)

    def _call(self, thing: T) -> None:
        try:
            self._due(thing)
        except Exception:
            log.failure("a timeout of {thing!r} failed", thing=thing)
