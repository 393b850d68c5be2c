"""Group commit: what arrives while one batch is being stored, or shown, makes the next batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from chat.core.facts import Changed, Said
from chat.core.hub import Hub
from chat.core.lifecycle import fail
from chat.core.queue import Entry
from chat.history.store import CannotKeep, Store

_TALK = (Said, Changed)

log = Logger()


class GroupCommit:
    """Runs the queue of a hub: takes the waiting batch, has its records stored, settles it, and begins again.

    Showing has a cost for each connection, however much there is to show. Storing has a cost for each commit. If
    storing takes less time than showing, more is stored before anything is shown; if it takes more, the next batch is
    stored while one is being shown. *said* is called with the messages of every batch, and with what changed messages,
    once that has been shown.
    """

    def __init__(
        self, clock: IReactorTime, store: Store, hub: Hub, said: Callable[[Sequence[Said | Changed]], None]
    ) -> None:
        self._clock = clock
        self._hub = hub
        self._queue = hub.queue
        self._store = store
        self._said = said
        self.messages = 0
        self.batches = 0
        self.seconds = 0.0
        """How much was stored: messages, batches, and the seconds that storing took."""
        self.failing = False
        """Whether the last batch could not be stored."""
        self._running = False
        self._since = 0.0
        """When batches were shown last, or the storing of the first one began."""
        self._showing = 0.0
        """The seconds that showing took the last time."""
        self._hidden: list[Sequence[Entry]] = []
        """Batches that are stored, or refused, and not shown yet."""
        self._waiting: list[Deferred[None]] = []

    def wake(self) -> None:
        """Take what waits in the queue, at the end of this turn of the reactor."""
        if not self._running:
            self._running = True
            self._clock.callLater(0, self._next)

    def drained(self) -> Deferred[None]:
        """Fire when all that waits has been stored and shown; what is owed to the history is tried once more."""
        self._queue.pay()
        if not self._running:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        return done

    def _next(self) -> None:
        batch = self._queue.take()
        self._since = self._clock.seconds()
        self._store_batch(batch).addBoth(self._stored, batch, self._since)

    def _store_batch(self, batch: Sequence[Entry]) -> Deferred[None]:
        """Have the records of a *batch* stored. If it has none, fire in the next turn of the reactor."""
        records = [entry.record for entry in batch if entry.record is not None]
        return maybeDeferred(self._store.append, records) if records else deferLater(self._clock, 0)

    def _stored(self, result: Failure | None, batch: Sequence[Entry], begun: float) -> None:
        """A *batch* is stored: begin to store the next one, and show this one now, or later together with that."""
        now = self._clock.seconds()
        if isinstance(result, Failure):
            self._queue.fail(batch, self._failed(result))
        elif any(entry.record is not None for entry in batch):
            self._count(now - begun)
        self._hidden.append(batch)
        few = sum(map(len, self._hidden)) < self._hub.limits.pending
        quick = now - self._since < self._showing
        following = self._queue.take()
        storing = self._store_batch(following) if following else None
        if not (following and quick and few):
            self._show()
            self._since = self._clock.seconds()
            self._showing = self._since - now
        if storing is None:
            self._done()
        elif storing.called:
            self._clock.callLater(0, storing.addBoth, self._stored, following, now)
        else:
            storing.addBoth(self._stored, following, now)

    def _show(self) -> None:
        hidden, self._hidden = self._hidden, []
        failed = [session for batch in hidden for session in self._queue.settle(batch)]
        try:
            failed += self._queue.flush()
            for session in failed:
                fail(self._hub, session)
            for batch in hidden:
                said = [entry.record for entry in batch if isinstance(entry.record, _TALK)]
                self.messages += [*map(type, said)].count(Said)
                self._said(said)
        except Exception:
            log.failure("showing what was stored failed")

    def _count(self, seconds: float) -> None:
        self.batches += 1
        self.seconds += seconds
        if self.failing:
            self.failing = False
            log.warn("the history can be written again")

    def _failed(self, failure: Failure) -> str:
        """Log why the history can't be written, unless it was logged already; return what users are told."""
        known = failure.check(CannotKeep)
        if not self.failing:
            self.failing = True
            if known:
                cause = getattr(failure.value, "__cause__", None)
                log.error(
                    "the history can't be written: {why} What is said is refused until it can.{cause}",
                    why=failure.value,
                    cause=f" SQLite says: {cause}" if cause is not None else "",
                )
            else:
                log.failure("the history can't be written", failure)
        return str(failure.value) if known else "the server could not write its history."

    def _done(self) -> None:
        self._running = False
        if self._queue:
            self.wake()
            return
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done.callback(None)
