"""The interface of a history."""

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
    """Messages in the order of their ids; those that a search finds are in the opposite order.

    ``more``: others match beyond them, in the direction that was asked.
    """

    messages: Sequence[Message]
    more: bool


@dataclass(frozen=True, slots=True)
class Contents:
    """What a history holds when it is opened, except the messages; ``last_id`` is the greatest id of a message."""

    last_id: int
    rooms: Sequence[RoomRecord] = ()
    accounts: Sequence[StoredAccount] = ()
    bans: Sequence[Ban] = ()
    rules: Sequence[RoomRules] = ()


class Store(Protocol):
    """Stores records, and finds messages again."""

    def open(self) -> Contents:
        """Make the history ready for use, and return what it holds; raises :class:`CannotOpen`."""

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        """Store all of *records*, or none of them; then the Deferred fails with :class:`CannotKeep`."""

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
        """Find messages that are older than the time *until*, or beyond the newest *most* of their room.

        The answer has pairs: a room (``None`` for private messages), and the id of its last message to drop.
        """

    def drop(self, room: str | None, last: int) -> Deferred[int]:
        """Drop some of the messages of *room* with an id up to *last*, the oldest first; return how many.

        0 means that there are none left. Fails with :class:`CannotKeep`. The ids are not used again.
        """

    def tags(self, token: str, most: int) -> Deferred[Mapping[str, tuple[int, str]]]:
        """Find the last *most* tags used under the token of this digest, in order.

        The answer maps them to the ids and times of their messages.
        """

    def close(self) -> None:
        """Close the history."""
