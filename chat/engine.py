"""A chat put together, on whatever history, clocks and chance it is given, and without ports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from chat.admin.server import OperatorFactory
from chat.core.doors import Doors
from chat.core.facts import Changed, Said
from chat.core.hub import Hub
from chat.core.limits import Limits
from chat.delivery.feed_delivery import FeedDelivery
from chat.figures import Figures
from chat.history.answers import Answers
from chat.history.commit import GroupCommit
from chat.history.store import Store
from chat.protocols.connection import Connections


class Engine:
    """The parts of one chat, which know of each other what they must.

    *clock* makes its timers, *wall* tells the time of day, and *monotonic* is a clock that nobody sets. *run* does work
    in another thread: it hashes passwords. *said* is told what was said, and how that was changed, once it is shown.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: IReactorTime,
        wall: Callable[[], float],
        monotonic: Callable[[], float],
        run: Callable[..., Deferred[Any]],
        random: Random,
        limits: Limits,
        said: Callable[[Sequence[Said | Changed]], None],
        welcome: str,
        replay: int,
        reserve: Sequence[str] = (),
        doors: Doors | None = None,
        direct: bool = True,
    ) -> None:
        answers = Answers(store, run, limits.tags_each)
        self.delivery = FeedDelivery(store, limits, answers.answer)
        self.hub = Hub(
            self.delivery,
            clock=wall,
            monotonic=monotonic,
            wake=lambda: self.commit.wake(),
            later=clock.callLater,
            random=random,
            limits=limits,
            figures=lambda: self.figures.all(),
            reserve=reserve,
            doors=doors,
        )
        self.commit = GroupCommit(clock, store, self.hub, said)
        self.connections = Connections(
            self.hub, self.delivery, clock, monotonic, welcome=welcome, replay=replay, direct=direct
        )
        self.operators = OperatorFactory(self.hub, self.delivery, clock, self.connections.numbers)
        self.figures = Figures(self.hub, self.delivery, self.commit, self.connections)
