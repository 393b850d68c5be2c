"""What waits to be sent to one connection, which is written once a turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPullProducer, IPushProducer
from zope.interface import implementer

from chat.core.session import Session
from chat.delivery.dialect import Dialect
from chat.delivery.feed import Feed, Reader
from chat.delivery.transports import Send

MOST_AT_ONCE = 65_536
"""The bytes that a connection that is behind is sent at a time."""


class Place:
    """A place in the order of what a session is shown by itself; ``data`` is ``None`` until it is known.

    ``marks`` are the readers with the offsets up to which they come first, ``before`` what was left to read of feeds
    that the session does not read any more. ``when_due`` is called when the place's turn has come.
    """

    __slots__ = ("before", "data", "marks", "when_due")

    def __init__(
        self, data: bytes | None, marks: tuple[tuple[Reader, int], ...], when_due: Callable[[], None] | None = None
    ) -> None:
        self.data = data
        self.marks = marks
        self.when_due = when_due
        self.before = b""


@implementer(IPullProducer, IPushProducer)
class Outbox:
    """Sends one session what it is shown: places of its own, and its readers of feeds.

    With *send*, which is the socket's own, bytes go straight there, and the outbox becomes a pull producer while the
    socket takes no more. Without it the transport writes: it has a buffer of its own, and the outbox is its push
    producer. Beyond *limit* bytes in its places it is clogged. *closed* is called when all is sent after
    :meth:`close`.
    """

    __slots__ = (
        "_awaited",
        "_closed",
        "_direct",
        "_last",
        "_limit",
        "_paused",
        "_places",
        "_relieved",
        "_tail",
        "_transport",
        "backlog",
        "dialect",
        "fast",
        "moves",
        "readers",
        "ready",
        "send",
        "session",
        "spoke",
    )  # fmt: skip

    def __init__(
        self,
        session: Session,
        dialect: Dialect,
        transport: Any,
        limit: int,
        closed: Callable[[], None],
        send: Send | None = None,
    ) -> None:
        self.session = session
        self.dialect = dialect
        self.readers: list[Reader] = []
        self.backlog = 0
        """The bytes in the places."""
        self.fast = False
        """Whether its one reader may be sent the news of a turn as they are."""
        self.spoke = False
        """Whether it may be sent them but for what its session said itself; never while it is :attr:`fast`."""
        self.moves = 0
        """How often the socket has become full or free."""
        self._transport = transport
        self._limit = limit
        self._closed = closed
        self._paused: Callable[[], None] | None = None
        """What to call once it is clogged no more."""
        self._relieved: Callable[[], None] | None = None
        """What to call once it is full no more."""
        self._places: list[Place] = []
        self._tail = b""
        self._awaited = 0
        """The places that wait for their data."""
        self.ready = True
        """Whether the transport has taken all that it was given."""
        self._last = False
        self._direct = send is not None
        self.send: Send = self._write if send is None else send
        if not self._direct:
            transport.registerProducer(self, True)

    # -- flow control

    @property
    def drained(self) -> bool:
        """Whether the kernel has taken all that the session was shown by itself."""
        return self.ready and not self._places

    @property
    def clogged(self) -> bool:
        """Whether the session has so much to read, or so long to wait, that none of its requests should be read."""
        return self.backlog > self._limit or self._awaited > 0

    @property
    def full(self) -> bool:
        """Whether the session has so much to read that it should be shown no more than answers."""
        return self.backlog > self._limit

    def pause_until_sent(self, resume: Callable[[], None]) -> None:
        """Call *resume* once it is clogged no more and enough has been sent."""
        self._paused = resume

    def tell_relieved(self, relieved: Callable[[], None]) -> None:
        """Call *relieved* once it is full no more and enough has been sent."""
        self._relieved = relieved

    # -- what is to be sent

    def add(self, data: bytes | None, when_due: Callable[[], None] | None = None) -> Place:
        """Add something after all that was published so far."""
        marks = tuple((reader, reader.feed.end) for reader in self.readers if reader.cursor < reader.feed.end)
        place = Place(data, marks, when_due)
        self._places.append(place)
        if data is None:
            self._awaited += 1
        else:
            self.backlog += len(data)
        self.slow_down()
        return place

    def fill(self, place: Place, data: bytes) -> None:
        """Put *data* into the *place* that waits for it."""
        place.data = data
        self._awaited -= 1
        self.backlog += len(data)

    def add_after(self, place: Place) -> Place:
        """Make another place right behind *place*."""
        following = Place(None, ())
        self._awaited += 1
        self._places.insert(self._places.index(place) + 1, following)
        return following

    def has(self, place: Place) -> bool:
        """Whether *place* is still to be sent."""
        return place in self._places

    def enter(self, feed: Feed) -> None:
        """From here on read *feed*."""
        reader = feed.readers[self] = Reader(feed, self)
        self.readers.append(reader)
        self.slow_down()

    def leave(self, feed: Feed) -> None:
        """Read *feed* up to here, and no further."""
        reader = feed.readers.pop(self)
        self.add(b"")
        self.readers.remove(reader)
        for place in self._places:
            for marked, until in place.marks:
                if marked is reader:
                    place.before += reader.take(until)
            place.marks = tuple(mark for mark in place.marks if mark[0] is not reader)
        feed.behind.discard(reader)

    def close(self) -> None:
        """Close once all before is sent."""
        self.add(b"", self._take_last)

    def _take_last(self) -> None:
        self._last = True

    # -- sending

    def slow_down(self) -> None:
        """Have what it is to be sent next be looked at one by one."""
        self.fast = self.spoke = False

    def speaks(self) -> None:
        """What its session says itself is among the news that it was to be sent as they are."""
        self.fast, self.spoke = False, True

    def send_without_own(self, reader: Reader) -> None:
        """Send the news of this turn but for what its session said itself; only while it :attr:`spoke`."""
        news = reader.feed.news_without(self.session.id)
        reader.cursor = reader.feed.end
        taken = self._send(news) if news else 0
        self.fast, self.spoke = True, False
        if taken < len(news):
            self._stall(news[taken:])
            self._settle()

    def flush(self) -> None:
        """Send what there is, as far as the socket takes it."""
        while self.ready and (data := self._take()):
            taken = self._send(data)
            if taken < len(data):
                self._stall(data[taken:])
        self._settle()

    def stalled(self, reader: Reader, news: bytes, taken: int) -> None:
        """Go on with the *news* of this turn; if the socket takes no more, keep its place, and the rest of the line."""
        more = taken
        while more and taken < len(news):
            more = self._send(memoryview(news)[taken:])
            taken += more
        if taken == len(news):
            reader.cursor = reader.feed.end
            return
        reader.cursor = reader.feed.boundary(reader.feed.turn + taken)
        self._stall(news[taken : reader.cursor - reader.feed.turn])
        self._settle()

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self.send(data)
        except OSError:
            return 0

    def _stall(self, rest: bytes) -> None:
        self.moves += 1
        self.ready = False
        self._tail = rest
        self._transport.registerProducer(self, False)

    def _take(self) -> bytes:
        """Take about as much as may be sent at a time, in order."""
        pieces: list[bytes] = []
        left = MOST_AT_ONCE
        while self._places and left > 0 and not self._last:
            place = self._places[0]
            for reader, until in place.marks:
                left -= _move(reader.take(until, left), pieces)
            if place.data is None or any(reader.cursor < until for reader, until in place.marks):
                return b"".join(pieces)
            self._places.pop(0)
            self.backlog -= len(place.data)
            left -= _move(place.before + place.data, pieces)
            if place.when_due is not None:
                place.when_due()
        if not self._places:
            for reader in self.readers:
                left -= _move(reader.take(reader.feed.end, left), pieces)
        return b"".join(pieces)

    def _settle(self) -> None:
        """Tell feeds who is behind, and others that the worst is over."""
        for reader in self.readers:
            feed = reader.feed
            if reader.cursor < feed.end:
                feed.behind.add(reader)
            elif reader in feed.behind:
                feed.behind.remove(reader)
                feed.trim()
        self.spoke = False
        self.fast = (
            self.ready and not self._places and not self._last and len(self.readers) == 1 and not self.session.ignored
        )
        if self._relieved is not None and self.backlog <= self._limit // 2:
            relieved, self._relieved = self._relieved, None
            relieved()
        if self._paused is not None and self.backlog <= self._limit // 2 and not self._awaited:
            resume, self._paused = self._paused, None
            resume()
        if self._last and self.ready:
            self.ready = False
            if not self._direct:
                self._transport.unregisterProducer()
            self._closed()

    def _write(self, data: bytes | memoryview) -> int:
        self._transport.write(data)
        return len(data)

    # -- what the transport calls

    def resumeProducing(self) -> None:
        """The transport has sent all that it had."""
        self.moves += 1
        if not self._direct:
            self.ready = True
            self.flush()
            return
        data = self._tail or self._take()
        self._tail = b""
        if data:
            self._transport.write(data)
        else:
            self._transport.unregisterProducer()
            self.ready = True
        self._settle()

    def pauseProducing(self) -> None:
        """The buffer of the transport is full."""
        self.ready = False
        self.slow_down()

    def stopProducing(self) -> None:
        """The connection is gone: nothing can be sent any more."""
        self.ready = False
        self.slow_down()

    def abandon(self) -> list[Feed]:
        """Let go of everything; return the feeds that were read."""
        self.stopProducing()
        feeds = [reader.feed for reader in self.readers]
        for reader in self.readers:
            del reader.feed.readers[self]
            reader.feed.behind.discard(reader)
            reader.feed.trim()
        self.readers.clear()
        self._places.clear()
        self.backlog = 0
        self._paused = self._relieved = None
        # Else these would hold the connection, and the outbox itself, until Python looks for cycles.
        self._transport = None
        self._closed = lambda: None
        self.send = lambda data: 0
        return feeds


def _move(data: bytes, pieces: list[bytes]) -> int:
    """Append *data* to *pieces*; return how many bytes that was."""
    pieces.append(data)
    return len(data)
