"""Group commit: while one batch is being stored, the next gathers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from chat.core.events import Message
from chat.core.hub import Entry, Hub
from chat.core.records import Record, Said
from chat.history.store import CannotKeep, Store

log = Logger()


class GroupCommit:
    """Runs the queue of a hub: takes the waiting batch, has its records stored, settles it, and so on.

    *said* is called with the messages of every batch once they have been shown.
    """

    hub: Hub

    def __init__(self, clock: IReactorTime, store: Store, said: Callable[[Sequence[Message]], None]) -> None:
        self._clock = clock
        self._store = store
        self._said = said
        self.messages = 0
        self.batches = 0
        self.seconds = 0.0
        """What was stored: messages, batches, and the time that these took."""
        self.failing = False
        """Whether the last batch could not be stored."""
        self._running = False
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
        batch = self.hub.take()
        records = [entry.record for entry in batch if entry.record is not None]
        if not records:
            self.hub.settle(batch)
            self._done()
            return
        begun = self._clock.seconds()
        stored = self._store.append(records)
        stored.addCallbacks(self._settle, self._failed, callbackArgs=(batch, records, begun), errbackArgs=(batch,))
        stored.addErrback(lambda failure: log.failure("the queue stumbled", failure))
        stored.addCallback(lambda _: self._done())

    def _settle(self, _: None, batch: Sequence[Entry], records: Sequence[Record], begun: float) -> None:
        messages = [record.message for record in records if isinstance(record, Said)]
        self.messages += len(messages)
        self.batches += 1
        self.seconds += self._clock.seconds() - begun
        if self.failing:
            self.failing = False
            log.warn("the history can be written again")
        self.hub.settle(batch)
        self._said(messages)

    def _failed(self, failure: Failure, batch: Sequence[Entry]) -> None:
        known = failure.check(CannotKeep)
        if not self.failing:
            self.failing = True
            if known:
                log.error(
                    "the history can't be written: {why} What is said is refused until it can.", why=failure.value
                )
            else:
                log.failure("the history can't be written", failure)
        self.hub.settle(batch, str(failure.value) if known else "the server could not write its history.")

    def _done(self) -> None:
        self._running = False
        if self.hub.waiting:
            self.wake()
            return
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done.callback(None)
