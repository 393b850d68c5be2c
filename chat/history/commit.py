"""Group commit: what comes while one batch is being stored, or shown, is the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger
from twisted.python.failure import Failure

from chat.core.events import Message
from chat.core.facts import Said
from chat.core.hub import Hub
from chat.core.lifecycle import fail
from chat.core.queue import Entry
from chat.history.store import CannotKeep, Store

log = Logger()


class GroupCommit:
    """Runs the queue of a hub: takes the waiting batch, has its records stored, settles it, and so on.

    Showing has its cost for each connection, however much there is to show; storing has a cost for each commit. Where
    storing is the quicker of the two, more is stored before anything is shown; if it is the slower, the next batch
    is stored while one is being shown. *said* is called with the messages of every batch once they have been shown.
    """

    def __init__(self, clock: IReactorTime, store: Store, hub: Hub, said: Callable[[Sequence[Message]], None]) -> None:
        self._clock = clock
        self._hub = hub
        self._queue = hub.queue
        self._store = store
        self._said = said
        self.messages = 0
        self.batches = 0
        self.seconds = 0.0
        """What was stored: messages, batches, and the time that these took."""
        self.failing = False
        """Whether the last batch could not be stored."""
        self._running = False
        self._since = 0.0
        """Since when something is being stored, and nothing shown."""
        self._showing = 0.0
        """How long it took to show what was shown last."""
        self._hidden: list[Sequence[Entry]] = []
        """Batches that are stored, or refused, and not shown yet."""
        self._waiting: list[Deferred[None]] = []

    def wake(self) -> None:
        """Something waits in the queue: take it at the end of this turn of the reactor."""
        if not self._running:
            self._running = True
            self._clock.callLater(0, self._next)

    def drained(self) -> Deferred[None]:
        """Fire when all that waits has been stored and shown."""
        if not self._running:
            return succeed(None)
        done: Deferred[None] = Deferred()
        self._waiting.append(done)
        return done

    def _next(self) -> None:
        batch = self._queue.take()
        self._since = self._clock.seconds()
        self._keep(batch).addBoth(self._kept, batch, self._since)

    def _keep(self, batch: Sequence[Entry]) -> Deferred[None]:
        """Have the records of a *batch* stored; if there are none, fire in the next turn of the reactor."""
        records = [entry.record for entry in batch if entry.record is not None]
        return maybeDeferred(self._store.append, records) if records else deferLater(self._clock, 0)

    def _kept(self, result: Failure | None, batch: Sequence[Entry], begun: float) -> None:
        """A *batch* is stored: store what has gathered, and show the batch now, or later together with that."""
        now = self._clock.seconds()
        if isinstance(result, Failure):
            self._queue.fail(batch, self._failed(result))
        elif any(entry.record is not None for entry in batch):
            self._count(now - begun)
        self._hidden.append(batch)
        few = sum(map(len, self._hidden)) < self._hub.limits.pending
        quick = now - self._since < self._showing
        following = self._queue.take()
        kept = self._keep(following) if following else None
        if not (following and quick and few):
            self._show()
            self._since = self._clock.seconds()
            self._showing = self._since - now
        if kept is None:
            self._done()
        elif kept.called:
            self._clock.callLater(0, kept.addBoth, self._kept, following, now)
        else:
            kept.addBoth(self._kept, following, now)

    def _show(self) -> None:
        hidden, self._hidden = self._hidden, []
        failed = [session for batch in hidden for session in self._queue.settle(batch)]
        try:
            failed += self._queue.flush()
            for session in failed:
                fail(self._hub, session)
            for batch in hidden:
                messages = [entry.record.message for entry in batch if isinstance(entry.record, Said)]
                self.messages += len(messages)
                self._said(messages)
        except Exception:
            log.failure("the queue stumbled")

    def _count(self, seconds: float) -> None:
        self.batches += 1
        self.seconds += seconds
        if self.failing:
            self.failing = False
            log.warn("the history can be written again")

    def _failed(self, failure: Failure) -> str:
        """Log why the history can't be written, unless that is known; return what users are told."""
        known = failure.check(CannotKeep)
        if not self.failing:
            self.failing = True
            if known:
                log.error(
                    "the history can't be written: {why} What is said is refused until it can.", why=failure.value
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
