"""What the chat asks of a history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.defer import Deferred

from chat.core.events import Message
from chat.core.query import Query


class NotKept(Exception):
    """A history could not store messages; the message of the exception says why, as a sentence for users."""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in the order of their ids; ``more``: others match beyond them, in the direction that was asked."""

    messages: Sequence[Message]
    more: bool


class Store(Protocol):
    """Keeps messages, and finds them again."""

    def append(self, messages: Sequence[Message]) -> Deferred[None]:
        """Keep all of *messages*, or none: then the Deferred fails with :class:`NotKept`."""

    def read(self, query: Query) -> Deferred[Page]:
        """Find the messages of *query*."""
