"""A reactor for stores that work in threads, and messages to keep in them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from typing import TypeVar

from e2e.waiting import DEADLINE
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from zope.interface import implementer

from chat.core.events import Deleted, Message
from chat.core.facts import Changed, Said

T = TypeVar("T")


@implementer(IReactorFromThreads)
class Calls:
    """Collects the calls that threads make, for :func:`wait` to do."""

    def __init__(self) -> None:
        self.waiting: SimpleQueue[Callable[[], object]] = SimpleQueue()

    def callFromThread(self, callable: Callable[..., object], *args: object, **kwargs: object) -> None:
        self.waiting.put(partial(callable, *args, **kwargs))


REACTOR = Calls()


def wait(deferred: Deferred[T]) -> T:
    """Wait for the answer of a thread."""
    answers: list[T] = []
    failures: list[BaseException] = []
    deferred.addCallbacks(answers.append, lambda failure: failures.append(failure.value))
    while not answers and not failures:
        REACTOR.waiting.get(timeout=DEADLINE)()
    if failures:
        raise failures[0]
    return answers[0]


def said(
    number: int, text: str = "hello", *, room: str | None = "lobby", author: str = "ada", tag: str | None = None
) -> Said:
    """A message, of ada's unless told otherwise."""
    to = None if room else "bob"
    message = Message(id=number, time="t", room=room, to=to, author=author, kind="say", text=text, tag=tag)
    return Said(message, "digest" if tag else None)


def deleted(number: int, by: str = "ada", rev: int = 0) -> Changed:
    """A message is deleted; the number of the change is far behind those of the messages unless told otherwise."""
    return Changed(Deleted(id=number, rev=rev or 1_000_000 + number, room="lobby", by=by, time="t"))
