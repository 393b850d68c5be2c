"""What sessions are shown of the history, each in its place among what they are shown besides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from msgspec import structs
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chat.core.errors import ChatError, Internal
from chat.core.events import Found, History, Message, Refusal
from chat.core.names import key
from chat.core.ports import Lookup, Query, Search
from chat.delivery.outlet import Outlet, Slot
from chat.history.store import Page, Store

log = Logger()


class Lookups:
    """Fills slots of outlets with what *store* finds, and with the answers that *answer* finds to look-ups."""

    def __init__(self, store: Store, answer: Callable[[Lookup], Deferred[Any]]) -> None:
        self._store = store
        self._answer = answer

    def replay(self, query: Query, outlet: Outlet) -> None:
        """Show the messages of *query* as they would have been shown when they were new, once their turn has come."""
        begin = outlet.add(b"")
        begin.taken = partial(self._replay, query, outlet, outlet.add(None))

    def recall(self, query: Query, answer: History, outlet: Outlet) -> None:
        """Show *answer* with the messages of *query*."""
        self._show(self._store.read(query), answer, outlet)

    def search(self, search: Search, answer: Found, outlet: Outlet) -> None:
        """Show *answer* with what is found."""
        self._show(self._store.search(search), answer, outlet)

    def ask(self, lookup: Lookup, answered: Callable[[Any], None], outlet: Outlet) -> None:
        """Call *answered* with the answer to *lookup*, or with the error that the session is to be told."""
        session = outlet.session

        def failed(failure: Failure) -> ChatError:
            log.failure("a look-up of {session} failed", failure, session=session)
            return Internal("The server can't look that up now. Try again later.")

        slot = outlet.add(None)
        done = self._answer(lookup).addErrback(failed).addCallback(answered)
        _send_when_filled(outlet, done.addCallback(lambda _: outlet.fill(slot, b"")))

    def _show(self, reading: Deferred[Page], answer: History | Found, outlet: Outlet) -> None:
        def found(page: Page) -> bytes:
            event = structs.replace(answer, messages=_unignored(outlet, page), more=page.more)
            return outlet.dialect.encode_for(outlet.session.name, event)

        _fill(outlet, outlet.add(None), reading, found, answer.tag)

    def _replay(self, query: Query, outlet: Outlet, slot: Slot) -> None:
        """Fill *slot* with the messages of *query*; where it has no count, page by page."""
        wanted = query if query.count else replace(query, count=outlet.dialect.page)

        def found(page: Page) -> bytes:
            if page.more and not query.count and outlet.has(slot):
                rest = replace(query, after=page.messages[-1].id)
                slot.taken = partial(self._replay, rest, outlet, outlet.add_after(slot))
            return outlet.dialect.encode_replay(query.room, _unignored(outlet, page))

        _fill(outlet, slot, self._store.read(wanted), found)


def _fill(
    outlet: Outlet, slot: Slot, reading: Deferred[Page], found: Callable[[Page], bytes], tag: str | None = None
) -> None:
    """Fill *slot* with what *found* makes of the page that is being read for the request with that *tag*."""

    def failed(failure: Failure) -> bytes:
        log.failure("reading the history for {session} failed", failure, session=outlet.session)
        text = "The history can't be read now. Try again later."
        return outlet.dialect.encode_for(outlet.session.name, Refusal(code=Internal.code, text=text, tag=tag))

    _send_when_filled(outlet, reading.addCallback(found).addErrback(failed).addCallback(partial(outlet.fill, slot)))


def _send_when_filled(outlet: Outlet, filled: Deferred[Any]) -> None:
    """Flush *outlet* once its slot is filled; where that was at once, it is sent at the end of this turn."""
    if not filled.called:
        filled.addCallback(lambda _: outlet.flush())


def _unignored(outlet: Outlet, page: Page) -> list[Message]:
    """The messages of *page* whose authors the session does not ignore."""
    return [message for message in page.messages if key(message.author) not in outlet.session.ignored]
