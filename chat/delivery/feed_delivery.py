"""Connects the hub with the outboxes: it publishes to the feeds, and sends at the end of the turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from msgspec import structs
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from chat.core.events import Change, Deleted, Event, Found, History, Message, Reactions
from chat.core.limits import Limits
from chat.core.names import key
from chat.core.ports import Lookup, Missed, Query, Search, UnreadOf
from chat.core.session import Session, User
from chat.delivery.dialect import Dialect
from chat.delivery.feed import Feed, Subscriber
from chat.delivery.lookups import Lookups
from chat.delivery.outbox import Outbox
from chat.history.store import Store

_NO_OTHERS: Mapping[int, Event] = MappingProxyType({})

log = Logger()


class FeedDelivery:
    """The delivery of a hub: a feed for each room and dialect, an outbox for each session.

    *answer* finds the answer to a look-up.
    """

    def __init__(self, store: Store, limits: Limits, answer: Callable[[Lookup], Deferred[Any]]) -> None:
        self._lookups = Lookups(store, answer)
        self._window = limits.window
        self.deliveries = 0
        """Events of rooms, times those who were there to read them."""
        self._outboxes: dict[int, Outbox] = {}
        self._feeds: dict[str, dict[Dialect, Feed]] = {}
        self._news: set[Feed] = set()
        self._slow: set[Subscriber] = set()

    # -- outboxes

    def connect(self, outbox: Outbox) -> None:
        """Deliver to a session through *outbox* from now on."""
        self._outboxes[outbox.session.id] = outbox

    def disconnect(self, session: Session) -> None:
        """Its connection is gone."""
        outbox = self._outboxes.pop(session.id)
        self._slow.discard(outbox)
        for feed in outbox.abandon():
            self._let_go(feed)

    def feeds(self, room: str) -> Collection[Feed]:
        """The feeds of a room, one for each dialect that is spoken in it."""
        return self._feeds.get(room, {}).values()

    @property
    def backlog(self) -> int:
        """The bytes that sessions are still to be sent by themselves."""
        return sum(outbox.backlog for outbox in self._outboxes.values())

    # -- what the chat calls (chat.core.ports.Delivery)

    def publish(self, room: str, event: Event, origin: Session | None, asker: Session | None = None) -> None:
        by = origin.id if origin is not None else 0
        author, number, rev = "", 0, 0
        others: Mapping[int, Event] = _NO_OTHERS
        if isinstance(event, Message):
            author, number = key(event.author), event.id
            user = origin.user if origin is not None else None
            if origin is not None and user is not None and user.sessions != (origin,):
                others = dict.fromkeys(_others_of(origin, user), structs.replace(event, tag=None))
            if event.re_author is not None:
                others = {**others, **self._unquoted(room, event, others)}
        else:
            if isinstance(event, Change):
                author, rev = "" if isinstance(event, Deleted) else key(event.by), event.rev
            elif isinstance(event, Reactions):
                author = key(event.by)
            if asker is not None and getattr(event, "tag", None) is not None:
                others, event = {asker.id: event}, structs.replace(event, tag=None)
        for session in others:
            outbox = self._outboxes.get(session)
            if outbox is not None:
                outbox.slow_down()
        for dialect, feed in self._feeds.get(room, {}).items():
            data = dialect.encode(event)
            if not data:
                continue
            self.deliveries += len(feed.readers)
            counted = number or (rev if dialect.changes else 0)
            if others:
                feed.append(data, by, author, counted, _encoded(others, dialect))
            else:
                feed.append(data, by, author, counted)
            self._news.add(feed)
        outbox = self._outboxes.get(by)
        if outbox is not None and outbox.fast and outbox.dialect.hides_own:
            outbox.speaks()

    def _unquoted(self, room: str, answer: Message, others: Mapping[int, Event]) -> Mapping[int, Event]:
        """The *answer* without its quote, or what *others* hold of it, for those who ignore the author of the quote."""
        author, plain = key(answer.re_author or ""), answer.unquoted
        sessions = (outbox.session for feed in self.feeds(room) for outbox in feed.readers)
        return {
            session.id: structs.replace(plain, tag=None) if session.id in others else plain
            for session in sessions
            if author in session.ignored
        }

    def show(self, session: Session, event: Event) -> None:
        outbox = self._outboxes.get(session.id)
        if outbox is not None:
            self._add(outbox, outbox.dialect.encode_for(session.name, event))

    def echo(self, session: Session, event: Event) -> None:
        outbox = self._outboxes.get(session.id)
        if outbox is not None and not outbox.dialect.hides_own:
            self.show(session, event)

    def tell(self, session: Session, event: Event, relieved: Callable[[], None]) -> bool:
        if self.is_full(session):
            self._outboxes[session.id].tell_relieved(relieved)
            return False
        self.show(session, event)
        return True

    def is_full(self, session: Session) -> bool:
        outbox = self._outboxes.get(session.id)
        return outbox is not None and outbox.full

    def enter(self, session: Session, room: str) -> None:
        outbox = self._outboxes.get(session.id)
        if outbox is not None:
            feeds = self._feeds.setdefault(room, {})
            if outbox.dialect not in feeds:
                feeds[outbox.dialect] = Feed(room, outbox.dialect, self._window)
            outbox.enter(feeds[outbox.dialect])

    def leave(self, session: Session, room: str) -> None:
        outbox = self._outboxes.get(session.id)
        if outbox is not None:
            feed = self._feeds[room][outbox.dialect]
            outbox.leave(feed)
            self._slow.add(outbox)
            self._let_go(feed)

    def _let_go(self, feed: Feed) -> None:
        if not feed.readers:
            self._news.discard(feed)
            feeds = self._feeds[feed.room]
            del feeds[feed.dialect]
            if not feeds:
                del self._feeds[feed.room]

    def replay(self, session: Session, query: Query) -> None:
        self._lookup(session, partial(self._lookups.replay, query))

    def recall(self, session: Session, query: Query, answer: History) -> None:
        self._lookup(session, partial(self._lookups.recall, query, answer))

    def search(self, session: Session, search: Search, answer: Found) -> None:
        self._lookup(session, partial(self._lookups.search, search, answer))

    def missed(self, session: Session, wanted: Missed) -> None:
        self._lookup(session, partial(self._lookups.missed, wanted))

    def catch_up(self, session: Session, wanted: Missed, asked: UnreadOf, *, resumes: bool) -> None:
        self._lookup(session, partial(self._lookups.catch_up, wanted, asked, resumes))

    def ask(self, session: Session, lookup: Lookup, answered: Callable[[Any], None]) -> None:
        self._lookup(session, partial(self._lookups.ask, lookup, answered))

    def _lookup(self, session: Session, begin: Callable[[Outbox], None]) -> None:
        """Begin to look something up for a session that is still connected; what is there at once is sent this turn."""
        outbox = self._outboxes.get(session.id)
        if outbox is not None:
            begin(outbox)
            self._slow.add(outbox)

    def close(self, session: Session) -> None:
        outbox = self._outboxes.get(session.id)
        if outbox is not None:
            outbox.close()
            self._slow.add(outbox)

    def flush(self) -> Collection[Session]:
        failed = []
        for feed in self._news:
            news = feed.news()
            size = len(news)
            end = feed.end
            for outbox, reader in feed.readers.items():
                if outbox.fast:
                    try:
                        sent = outbox.send(news)
                    except OSError:
                        sent = 0
                    if sent == size:
                        reader.cursor = end
                    else:
                        outbox.stalled(reader, news, sent)
                elif outbox.spoke:
                    outbox.send_without_own(reader)
                else:
                    self._slow.add(outbox)
        slow, self._slow = self._slow, set()
        news_of, self._news = self._news, set()
        for outbox in slow:
            try:
                outbox.flush()
            except Exception:
                log.failure("sending to {session!r} failed", session=outbox.session)
                failed.append(outbox.session)
        for feed in news_of:
            feed.end_turn()
        return failed

    def _add(self, outbox: Outbox, data: bytes) -> None:
        if data:
            outbox.add(data)
            self._slow.add(outbox)


def _others_of(session: Session, user: User) -> frozenset[int]:
    """The user's sessions but that one, and whoever has resumed it, who goes on with its tags."""
    return frozenset(one.id for one in user.others(session) if session.token is None or one.token is not session.token)


def _encoded(events: Mapping[int, Event], dialect: Dialect) -> Mapping[int, bytes]:
    """Write what some sessions are shown; what several are shown is written once."""
    written: dict[int, bytes] = {}
    for event in events.values():
        if id(event) not in written:
            written[id(event)] = dialect.encode(event)
    return {session: written[id(event)] for session, event in events.items()}
