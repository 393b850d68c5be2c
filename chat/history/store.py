"""What the chat asks of a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from twisted.internet.defer import Deferred

from chat.core.accounts import StoredAccount
from chat.core.bans import Ban
from chat.core.events import Message
from chat.core.facts import Record, RoomRecord, RoomRules
from chat.core.ports import Query, Search


class CannotKeep(Exception):
    """Records could not be stored; the message of the exception says why, as a sentence for users."""


class CannotOpen(Exception):
    """The history can't be used; the message of the exception says why and what to do."""


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in the order of their ids; ``more``: others match beyond them, in the direction that was asked.

    What a search finds is in the opposite order.
    """

    messages: Sequence[Message]
    more: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """What a history holds when it is opened, but for the messages: the greatest id, the rooms, accounts, bans."""

    last_id: int
    rooms: Sequence[RoomRecord] = ()
    accounts: Sequence[StoredAccount] = ()
    bans: Sequence[Ban] = ()
    rules: Sequence[RoomRules] = ()


class Store(Protocol):
    """Keeps records, and finds messages again."""

    def open(self) -> Contents:
        """Make ready for use; raises :class:`CannotOpen`."""

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        """Keep all of *records*, or none: then the Deferred fails with :class:`CannotKeep`."""

    def read(self, query: Query) -> Deferred[Page]:
        """Find the messages of *query*."""

    def search(self, search: Search) -> Deferred[Page]:
        """Find the messages of *search*, newest first."""

    def message(self, number: int) -> Deferred[Message | None]:
        """Find the message with the id *number*, if it is there."""

    def account(self, account: str) -> Deferred[StoredAccount | None]:
        """Find the account of that key."""

    def kept(self, account: str) -> Deferred[Sequence[Message]]:
        """Find the private messages that are kept for the account of that key, in the order of their ids."""

    def overdue(self, until: str | None, most: int | None) -> Deferred[Sequence[tuple[str | None, int]]]:
        """Find what was said earlier than *until*, and what a room has beyond its newest *most* messages.

        The answer is of rooms (``None``: private messages), each with the id of the last message that is to go.
        """

    def drop(self, room: str | None, last: int) -> Deferred[int]:
        """Drop some of the messages of *room* with an id up to *last*, the oldest first; tell how many: 0 at the end.

        It fails with :class:`CannotKeep`. Ids are not used again.
        """

    def tags(self, token: str, most: int) -> Deferred[Mapping[str, tuple[int, str]]]:
        """Find the last tags used under the *token* of that digest, in their order, with the message's id and time."""

    def close(self) -> None:
        """End all use."""
