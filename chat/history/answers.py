"""Answers the look-ups of the chat: from the store, and by hashing passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from chat.core.accounts import StoredAccount, Subject
from chat.core.ports import AuditPage, CheckPassword, FindToken, HashPassword, Lookup, MessageById, ReadMarks
from chat.history.passwords import hash_password, is_password
from chat.history.store import Store
from chat.history.turns import Turns


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
            case CheckPassword(account, password, place):
                answer = Deferred.fromCoroutine(self._check(account, password, place))
            case HashPassword(password):
                answer = self._run(hash_password, password)
            case MessageById(number):
                answer = self._store.message(number)
            case AuditPage(after, count):
                answer = self._store.audit(after, count)
        return answer

    async def _check(self, account: Subject, password: str, place: str) -> StoredAccount | None:
        await self._turns.wait(place)
        try:
            stored = await self._store.account(account)
            right = await self._run(is_password, stored.password if stored is not None else None, password)
        finally:
            self._turns.done()
        return stored if right else None
