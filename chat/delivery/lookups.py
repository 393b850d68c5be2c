"""Answers from the history, each shown in its place among everything else that a session is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec.structs import replace
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from chat.core.errors import ChatError, Internal
from chat.core.events import AnyChange, Deleted, Found, History, Message, Notice, Refusal, Sent, number_of
from chat.core.names import key
from chat.core.ports import Lookup, Missed, Query, Search, Unread, UnreadOf
from chat.core.session import Session
from chat.delivery.outbox import Outbox, Place
from chat.history.store import Page, Store

T = TypeVar("T")

log = Logger()


class Lookups:
    """Fills places of outboxes with what *store* finds, and with the answers that *answer* finds to look-ups."""

    def __init__(self, store: Store, answer: Callable[[Lookup], Deferred[Any]]) -> None:
        self._store = store
        self._answer = answer

    def replay(self, query: Query, outbox: Outbox) -> None:
        """Show the messages of *query* as they would have been shown when they were new, once their turn has come."""
        begin = outbox.add(b"")
        begin.when_due = partial(self._replay, query, outbox, outbox.add(None))

    def recall(self, query: Query, answer: History, outbox: Outbox) -> None:
        """Show *answer* with the messages of *query*."""
        self._show(self._store.read(query), 0 if query.newest and query.around is None else -1, answer, outbox)

    def search(self, search: Search, answer: Found, outbox: Outbox) -> None:
        """Show *answer* with what is found."""
        self._show(self._store.search(search), -1, answer, outbox)

    def missed(self, wanted: Missed, outbox: Outbox) -> None:
        """Show the private messages of *wanted*, page by page once their turn has come."""
        begin = outbox.add(b"")
        begin.when_due = partial(self._missed, [wanted], outbox, outbox.add(None))

    def _missed(self, wanted: Sequence[Missed], outbox: Outbox, place: Place) -> None:
        """Fill *place* with a page of the first of *wanted*, and go on with the rest."""
        session = outbox.session

        def found(page: Page) -> bytes:
            rest = [replace(wanted[0], after=number_of(page.events[-1]))] if page.more else []
            rest += wanted[1:]
            if rest and outbox.has(place):
                place.when_due = partial(self._missed, rest, outbox, outbox.add_after(place))
            _note_shown(session, page)
            return b"".join(outbox.dialect.encode_for(session.name, event) for event in page.events)

        _fill(outbox, place, self._store.missed(wanted[0], outbox.dialect.page), found)

    def catch_up(self, wanted: Missed, asked: UnreadOf, resumes: bool, outbox: Outbox) -> None:
        """Show what the user has not read; to a client that *resumes*, the most recent private messages in any case."""
        begin = outbox.add(b"")
        begin.when_due = partial(self._catch_up, wanted, asked, resumes, outbox, outbox.add(None))

    def _catch_up(self, wanted: Missed, asked: UnreadOf, resumes: bool, outbox: Outbox, place: Place) -> None:
        def found(unread: Unread) -> bytes:
            recent = unread.recent if resumes else wanted.before
            unseen = replace(wanted, after=unread.first - 1, before=recent, unread=True, newest=unread.newest)
            parts = [unseen] if unread.count else []
            if resumes:
                parts.append(replace(wanted, after=recent - 1))
            if parts and outbox.has(place):
                place.when_due = partial(self._missed, parts, outbox, outbox.add_after(place))
            if resumes or not unread.count:
                return b""
            many = "1 private message" if unread.count == 1 else f"{unread.count} private messages"
            return outbox.dialect.encode_for(outbox.session.name, Notice(text=f"While you were away you got {many}."))

        _fill(outbox, place, self._store.unread(asked), found)

    def ask(self, lookup: Lookup, answered: Callable[[Any], None], outbox: Outbox) -> None:
        """Call *answered* with the answer to *lookup*, or with the error that the session is to be told."""
        session = outbox.session

        def failed(failure: Failure) -> ChatError:
            if isinstance(failure.value, ChatError):
                return failure.value
            log.failure("a look-up of {session} failed", failure, session=session)
            return Internal("The server can't look that up now. Try again later.")

        place = outbox.add(None)
        done = self._answer(lookup).addErrback(failed).addCallback(answered)
        _send_when_filled(outbox, done.addCallback(lambda _: outbox.fill(place, b"")))

    def _show(self, reading: Deferred[Page], last: int, answer: History | Found, outbox: Outbox) -> None:
        """Show *answer* with the messages of a page, of which the one with the index *last* is next to the rest."""

        def found(page: Page) -> bytes:
            following = page.next or (number_of(page.events[last]) if page.more else None)
            event = replace(answer, messages=_shown(outbox, page), more=page.more, next=following)
            if isinstance(event, History):
                event = replace(event, changes=_shown_changes(outbox, page))
                if event.around is not None:
                    event = replace(event, more_before=page.more_before, more_after=page.more)
                if event.with_ is not None:
                    _note_shown(outbox.session, page)
            return outbox.dialect.encode_for(outbox.session.name, event)

        _fill(outbox, outbox.add(None), reading, found, answer.tag)

    def _replay(self, query: Query, outbox: Outbox, place: Place) -> None:
        """Fill *place* with what *query* asks for; if that has no count, page by page."""
        wanted = query if query.count else replace(query, count=outbox.dialect.page)

        def found(page: Page) -> bytes:
            if page.more and not query.count and outbox.has(place):
                rest = replace(query, after=number_of(page.events[-1]))
                place.when_due = partial(self._replay, rest, outbox, outbox.add_after(place))
            shown = [*_shown(outbox, page), *_shown_changes(outbox, page)]
            return outbox.dialect.encode_replay(query.room or "", sorted(shown, key=number_of))

        _fill(outbox, place, self._store.read(wanted), found)


def _note_shown(session: Session, page: Page) -> None:
    """The session is shown the private messages of *page*."""
    for message in page.messages:
        if not isinstance(message, Sent) and message.with_ is not None:
            session.was_shown(int(message.with_), message.id)


def _fill(
    outbox: Outbox, place: Place, reading: Deferred[T], found: Callable[[T], bytes], tag: str | None = None
) -> None:
    """Fill *place* with what *found* makes of what is being read for the request with that *tag*."""

    def failed(failure: Failure) -> bytes:
        log.failure("reading the history for {session} failed", failure, session=outbox.session)
        text = "The history can't be read now. Try again later."
        return outbox.dialect.encode_for(outbox.session.name, Refusal(code=Internal.code, text=text, tag=tag))

    _send_when_filled(outbox, reading.addCallback(found).addErrback(failed).addCallback(partial(outbox.fill, place)))


def _send_when_filled(outbox: Outbox, filled: Deferred[Any]) -> None:
    """Flush *outbox* once its place is filled; if that was at once, it is sent at the end of this turn."""
    if not filled.called or filled.paused:
        filled.addCallback(lambda _: outbox.flush())


def _shown(outbox: Outbox, page: Page) -> list[Message]:
    """The messages of *page*, without tags of the user's other devices.

    Of rooms they are those whose authors the session does not ignore, and without what these are quoted with; a
    conversation has what came before that.
    """
    session = outbox.session
    ignored = session.ignored
    account = session.user.account if session.user is not None else None
    tags = session.token.tags if session.token is not None else {}
    own = account.name if account is not None else None
    return [
        replace(message, tag=None)
        if own is not None and message.account == own and message.tag and tags.get(message.tag, (0,))[0] != message.id
        else message
        for message in map(partial(_unquoted, ignored), page.messages)
        if message.room is None or key(message.author) not in ignored
    ]


def _unquoted(ignored: Collection[str], message: Message) -> Message:
    """The *message*, without its quote if that is of somebody *ignored*."""
    if message.re_author is None or not ignored or message.room is None or key(message.re_author) not in ignored:
        return message
    return message.unquoted


def _shown_changes(outbox: Outbox, page: Page) -> list[AnyChange]:
    """The changes of *page*: of those in rooms, the deletions, and what nobody did whom the session ignores."""
    ignored = outbox.session.ignored
    return [
        change
        for change in page.changes
        if change.room is None or isinstance(change, Deleted) or key(change.by) not in ignored
    ]
