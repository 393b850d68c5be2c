"""Drops messages that are older, or more, than the settings say to keep."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from chat.core.times import timestamp
from chat.history.store import CannotKeep, Store

INTERVAL = 3600.0
"""The seconds between two looks for old messages."""

PATIENCE = 24 * 3600.0
"""For so many seconds every look must find a message too old before it is dropped: the clock may be wrong at one."""

log = Logger()


class Look(NamedTuple):
    """A look: when it was (monotonic seconds), and up to which id and before which time all was too old then."""

    at: float
    last: int
    until: str


class Retention:
    """Looks for old messages in the *store* every hour, and drops them in batches, between which new ones are stored.

    *age*: the seconds for which messages are kept. *most*: how many of the newest messages of each room are kept.
    ``None`` means that there is no bound. *now* returns the seconds since 1970, *monotonic* seconds that nobody sets.
    *dropped* is called with a room and the id up to which its messages were dropped.
    A message is dropped for its age once all looks of a day by *monotonic* have found it too old, or all looks of
    *age* if that is less.
    """

    def __init__(
        self,
        clock: IReactorTime,
        store: Store,
        now: Callable[[], float],
        monotonic: Callable[[], float],
        *,
        age: float | None,
        most: int | None,
        dropped: Callable[[str, int], None] = lambda room, last: None,
    ) -> None:
        self._store = store
        self._now = now
        self._monotonic = monotonic
        self._age = age
        self._most = most
        self._dropped = dropped
        self._looks: deque[Look] = deque()
        """The last looks; the first is old enough to count."""
        self._looking = LoopingCall(lambda: Deferred.fromCoroutine(self._look()))
        self._looking.clock = clock

    def start(self) -> None:
        """Look now, and then every hour, unless everything is kept."""
        if self._age is not None or self._most is not None:
            self._looking.start(INTERVAL)

    def stop(self) -> None:
        """Look no more, and drop no further batch."""
        if self._looking.running:
            self._looking.stop()

    async def _look(self) -> None:
        dropped = 0
        try:
            last, until = await self._aged()
            for room, end in await self._store.overdue(last, self._most):
                dropped += await self._drop_all(partial(self._store.drop, room, end))
                if room is not None and self._looking.running:
                    self._dropped(room, end)
            if until:
                await self._drop_all(partial(self._store.drop_decisions, until))
        except CannotKeep as why:
            log.error("old messages can't be dropped: {why} The next try is in an hour.", why=why)
        except Exception:
            log.failure("looking for old messages failed")
        if dropped:
            log.info("{dropped} old messages were dropped", dropped=dropped)

    async def _drop_all(self, drop: Callable[[], Deferred[int]]) -> int:
        """Drop batch by batch; return how much that was."""
        dropped, count = 0, 1
        while count and self._looking.running:
            count = await drop()
            dropped += count
        return dropped

    async def _aged(self) -> tuple[int, str]:
        """Find up to which id, and before which time, all was too old at every look for long enough."""
        if self._age is None:
            return 0, ""
        now = self._now()
        until = timestamp(now - self._age)
        self._looks.append(Look(self._monotonic(), await self._store.aged(until, timestamp(now)), until))
        enough = self._looks[-1].at - min(self._age, PATIENCE)
        while len(self._looks) > 1 and self._looks[1].at <= enough:
            self._looks.popleft()
        if self._looks[0].at > enough:
            return 0, ""
        return min(look.last for look in self._looks), min(look.until for look in self._looks)
