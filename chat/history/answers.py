"""Answers what the chat wants to know, from the store and about passwords."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from chat.core.accounts import Account
from chat.core.records import Hash, Kept, Proof, Question, Tags, Which
from chat.history.passwords import hash_password, is_password
from chat.history.store import Store


class Answers:
    """Answers questions. *run* calls a function off the reactor's thread; *most_tags* bounds the tags of one answer."""

    def __init__(self, store: Store, run: Callable[..., Deferred[Any]], most_tags: int) -> None:
        self._store = store
        self._run = run
        self._most_tags = most_tags

    def answer(self, question: Question) -> Deferred[Any]:
        """Find the answer to *question*."""
        answer: Deferred[Any]
        match question:
            case Tags(lineage):
                answer = self._store.tags(lineage, self._most_tags)
            case Proof(key, password):
                answer = Deferred.fromCoroutine(self._prove(key, password))
            case Hash(password):
                answer = self._run(hash_password, password)
            case Kept(key):
                answer = self._store.kept(key)
            case Which(number):
                answer = self._store.message(number)
        return answer

    async def _prove(self, key: str, password: str) -> Account | None:
        account = await self._store.account(key)
        right = await self._run(is_password, account.password if account is not None else None, password)
        return account if right else None
