"""Group commit: while one batch is being stored, the next gathers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from chat.core.events import Message
from chat.core.hub import Entry, Hub
from chat.history.store import NotKept, Store

log = Logger()


class GroupCommit:
    """Runs the queue of a hub: takes the waiting batch, has its messages stored, settles it, and so on.

    *stored* is called with the messages of every batch once they have been shown.
    """

    hub: Hub

    def __init__(
        self, clock: IReactorTime, store: Store, stored: Callable[[Sequence[Message]], None] = lambda messages: None
    ) -> None:
        self._clock = clock
        self._store = store
        self._stored = stored
        self._running = False
        self._failing = False
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
        messages = [entry.message for entry in batch if entry.message is not None]
        if messages:
            self._store.append(messages).addCallbacks(
                lambda _: self._settle(batch, messages), self._failed, errbackArgs=(batch,)
            ).addErrback(lambda failure: log.failure("the queue stumbled", failure)).addCallback(lambda _: self._done())
        else:
            self.hub.settle(batch)
            self._done()

    def _settle(self, batch: Sequence[Entry], messages: Sequence[Message]) -> None:
        if self._failing:
            self._failing = False
            log.warn("the history can store messages again")
        self.hub.settle(batch)
        self._stored(messages)

    def _failed(self, failure: Failure, batch: Sequence[Entry]) -> None:
        if not self._failing:
            self._failing = True
            log.failure("the history can't store messages", failure)
        why = str(failure.value) if failure.check(NotKept) else "the server could not write its history."
        self.hub.settle(batch, why)

    def _done(self) -> None:
        self._running = False
        if self.hub.waiting:
            self.wake()
            return
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            done.callback(None)
