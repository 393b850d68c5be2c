"""The interface of a history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from chat.core.accounts import StoredAccount, Subject
from chat.core.events import AnyChange, File, Message, Numbered, number_of
from chat.core.facts import Contents, Decision, Record, Said
from chat.core.ports import (
    Conversation,
    ConversationsOf,
    Missed,
    Query,
    SaidBy,
    Search,
    StoredToken,
    Unread,
    UnreadOf,
)
from chat.core.text import mentions


class CannotKeep(Exception):
    """Records could not be stored; the message of the exception says why, as a sentence for users."""


class CannotOpen(Exception):
    """The history can't be used; the message of the exception says why and what to do."""


class Page(msgspec.Struct, frozen=True):
    """Messages in the order of their ids; those that a search finds are in the opposite order.

    ``more``: others match beyond them, in the direction that was asked. ``changes`` come in the order of their numbers,
    and belong between the messages. ``more_before``: of a page around a message, others match before it. ``next``: the
    id before which a search goes on, if that is not the last of the messages.
    """

    messages: Sequence[Message]
    more: bool
    changes: Sequence[AnyChange] = ()
    more_before: bool = False
    next: int | None = None

    @property
    def events(self) -> Sequence[Numbered]:
        """The messages, and the changes in their places between them."""
        return sorted([*self.messages, *self.changes], key=number_of) if self.changes else self.messages


def read_around(query: Query, number: int, read: Callable[[Query], Page]) -> Page:
    """Read half of a *query* before the message with that *number*, and half from there on."""
    half = query.count // 2
    before = read(replace(query, before=min(number, query.before), count=half, newest=True))
    after = read(replace(query, after=max(number - 1, query.after), count=query.count - half, newest=False))
    return Page([*before.messages, *after.messages], after.more, more_before=before.more)


def with_changes(page: Page, changes: Sequence[AnyChange], count: int) -> Page:
    """Put *changes* into a page, and keep the first *count* of messages and changes together.

    The changes must be all those up to the last message of the page, or the first of them, more than *count*.
    """
    both = sorted([*page.messages, *changes], key=number_of)
    kept = both[:count]
    return Page(
        [event for event in kept if isinstance(event, Message)],
        page.more or len(both) > count,
        [event for event in kept if not isinstance(event, Message)],
    )


def stretches(first: int, steps: Sequence[int], end: int) -> list[tuple[int, int]]:
    """Divide the ids from *first* to *end*, which is left out, at the *steps* where times begin anew."""
    return list(zip([first, *steps], [*steps, end], strict=True))


def alerts(search: Search, author: str, text: str, answers: Subject, notice: bool, everybody: bool) -> bool:
    """Tell whether a message alerts the user whom *search* names: who said it, what, and in answer to whom."""
    if author == search.naming or notice:
        return False
    if everybody or (answers and answers in search.answered):
        return True
    return any(mentions(text, (search.naming or "", *search.words)))


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

    def message(self, number: int, party: Subject = 0) -> Deferred[Said | None]:
        """Find the message with the id *number*, as *party* is to see it, and whose it is, if it is there."""

    def said_by(self, wanted: SaidBy) -> Deferred[tuple[Sequence[Said], int]]:
        """Find the first messages of *wanted*, and up to which id that is all."""

    def messages(self, ids: Sequence[int], party: Subject) -> Deferred[Sequence[Message]]:
        """Find the messages of rooms that have these *ids*, as *party* is to see them, in the order of their ids."""

    def account(self, account: Subject) -> Deferred[StoredAccount | None]:
        """Find the account with that id."""

    def missed(self, wanted: Missed, count: int) -> Deferred[Page]:
        """Find the first *count* private messages of *wanted*."""

    def unread(self, asked: UnreadOf) -> Deferred[Unread]:
        """Find out what a party has not read."""

    def conversations(self, asked: ConversationsOf) -> Deferred[Sequence[Conversation]]:
        """Find the conversations of a party."""

    def spent(self, sender: str) -> Deferred[int]:
        """Find out how much of its share of the room for private messages a *sender* has taken."""

    def file(self, key: str) -> Deferred[File | None]:
        """Find the file with that *key*, if its message is there."""

    def files_of(self, sender: str) -> Deferred[tuple[int, int]]:
        """Find out how much room the files of a *sender* take, and those of all."""

    def audit(self, after: int, count: int) -> Deferred[Sequence[tuple[int, Decision]]]:
        """Find the first *count* decisions of the audit record behind the one with the number *after*."""

    def aged(self, until: str, now: str) -> Deferred[int]:
        """Find the id up to which all messages are older than the time *until*, or 0.

        Ids tell what came first: a message is no older than those before it and no younger than those after it,
        whatever its own time says. Times later than *now* come from a wrong clock, and are passed over.
        """

    def overdue(self, last: int, most: int | None) -> Deferred[Sequence[tuple[str | None, int]]]:
        """Find messages with an id up to *last*, or beyond the newest *most* of their room.

        The answer has pairs: a room (``None`` for private messages), and the id of its last message to drop.
        """

    def drop(self, room: str | None, last: int) -> Deferred[int]:
        """Drop some of the messages of *room* with an id up to *last*, the oldest first; return how many.

        0 means that there are none left. Fails with :class:`CannotKeep`. The ids are not used again.
        """

    def drop_decisions(self, until: str) -> Deferred[int]:
        """Drop some of the decisions of the audit record that do not last and are older than *until*; return how many.

        0 means that there are none left. Fails with :class:`CannotKeep`.
        """

    def token(self, token: str, most: int) -> Deferred[StoredToken | None]:
        """Find the *token* of that digest, with the last tags that were used under it, at *most* so many."""

    def close(self) -> None:
        """Close the history."""
