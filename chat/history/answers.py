"""Answers the look-ups of the chat: from the store, and by hashing passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from chat.core.accounts import StoredAccount
from chat.core.errors import NotStored
from chat.core.ports import (
    AuditPage,
    CheckPassword,
    ConversationsOf,
    DropMessages,
    FilesOf,
    FindMessages,
    FindToken,
    HashPassword,
    Lookup,
    MessageById,
    MessagesById,
    Query,
    ReadMarks,
    SaidBy,
    Search,
    SpentBy,
    UnreadOf,
)
from chat.history.passwords import hash_password, is_password
from chat.history.store import CannotKeep, Store
from chat.history.turns import Turns

T = TypeVar("T")
R = TypeVar("R")


class Answers:
    """Answers look-ups, or fails with the :class:`~chat.core.errors.ChatError` that the session is to be told.

    *run* calls a function off the reactor's thread; *most_tags* bounds the tags of one answer.
    """

    def __init__(self, store: Store, run: Callable[..., Deferred[Any]], most_tags: int) -> None:
        self._store = store
        self._run = run
        self._most_tags = most_tags
        self._turns = Turns()

    def answer(self, lookup: Lookup) -> Deferred[Any]:
        """Find the answer to *lookup*."""
        answer: Deferred[Any]
        match lookup:
            case FindToken(token):
                answer = self._store.token(token, self._most_tags)
            case ReadMarks(account):
                answer = self._store.account(account).addCallback(lambda stored: stored.marks if stored else {})
            case CheckPassword():
                answer = self._check(lookup)
            case HashPassword(password, None):
                answer = self._run(hash_password, password)
            case HashPassword():
                answer = self._hash(lookup)
            case MessageById(number, party):
                answer = self._store.message(number, party)
            case MessagesById(ids, party):
                answer = self._store.messages(ids, party)
            case FindMessages(Query() as query):
                answer = self._store.read(query).addCallback(lambda page: page.messages)
            case FindMessages(Search() as search):
                answer = self._store.search(search).addCallback(lambda page: page.messages)
            case UnreadOf():
                answer = self._store.unread(lookup)
            case ConversationsOf():
                answer = self._store.conversations(lookup)
            case SpentBy(sender):
                answer = self._store.spent(sender)
            case FilesOf(sender):
                answer = self._store.files_of(sender)
            case AuditPage(after, count):
                answer = self._store.audit(after, count)
            case SaidBy():
                answer = self._store.said_by(lookup)
            case DropMessages(room, last):
                answer = self._store.drop(room, last).addErrback(_not_stored)
        return answer

    def _check(self, lookup: CheckPassword) -> Deferred[StoredAccount | None]:
        async def check() -> StoredAccount | None:
            stored = await self._store.account(lookup.account)
            right = await self._run(is_password, stored.password if stored is not None else None, lookup.password)
            # Other devices may have read on meanwhile. A password that was changed is looked at again.
            return await self._store.account(lookup.account) if right else None

        return self._in_turn(lookup, lambda: Deferred.fromCoroutine(check()))

    def _hash(self, lookup: HashPassword) -> Deferred[str]:
        return self._in_turn(lookup, lambda: self._run(hash_password, lookup.password))

    def _in_turn(self, lookup: CheckPassword | HashPassword, work: Callable[[], Deferred[T]]) -> Deferred[T]:
        """Do the *work* once the network of *lookup* has its turn, and let the next one have theirs after it."""

        def done(result: R) -> R:
            self._turns.done()
            return result

        turn = maybeDeferred(self._turns.wait, lookup.place or "", lookup.still)
        return turn.addCallback(lambda _: work().addBoth(done))


def _not_stored(failure: Failure) -> None:
    """Tell the session what the history can't do."""
    failure.trap(CannotKeep)
    raise NotStored(f"Not all was done: {failure.getErrorMessage()} Try again later.")
