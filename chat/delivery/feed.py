"""A room's recent events as bytes, which all its readers share."""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import msgspec

from chat.core.events import Missed
from chat.core.session import Session
from chat.delivery.dialect import Dialect

NO_OTHERS: Mapping[int, bytes] = MappingProxyType({})


class Subscriber(Protocol):
    """What reads feeds for one connection."""

    session: Session
    fast: bool
    """Whether its one reader may be sent the news of a turn as they are."""
    spoke: bool
    """Whether it may be sent them but for what its session said itself; never while it is ``fast``."""
    send: Callable[[bytes | memoryview], int]

    def stalled(self, reader: Reader, news: bytes, taken: int) -> None:
        """Its socket took only so many bytes of the *news*."""

    def send_without_own(self, reader: Reader) -> None:
        """Send the news of this turn but for what its session said itself."""

    def flush(self) -> None:
        """Send what there is, as far as the socket takes it."""


class FeedLine(msgspec.Struct, frozen=True, gc=False):
    """One encoded event. ``origin`` is the session that caused it, ``author`` the key of who said it."""

    data: bytes
    origin: int
    author: str
    messages: int
    """How many messages the feed has had, up to this line."""
    last_id: int
    """The id of the last of them."""
    others: Mapping[int, bytes] = NO_OTHERS
    """What some sessions are shown instead, by the number of each: a tag, for example, is for whoever sent it."""

    def data_for(self, session: int) -> bytes:
        """What that session is shown."""
        return self.others.get(session, self.data)


class Feed:
    """The events of one room in one dialect, addressed by their offset in bytes since the feed began.

    Lines stay while a reader is behind, at most *window* bytes of them.
    """

    def __init__(self, room: str, dialect: Dialect, window: int) -> None:
        self.room = room
        self.dialect = dialect
        self.readers: dict[Subscriber, Reader] = {}
        self.behind: set[Reader] = set()
        self.start = 0
        self.turn = 0
        """The offset at which this turn of the reactor began."""
        self.end = 0
        self._window = window
        self._ends: list[int] = []
        self._lines: list[FeedLine] = []
        self._news = b""
        self._own: defaultdict[int | None, list[tuple[int, int]]] = defaultdict(list)
        """Where in the news the lines of each session are, if its own are hidden from it."""
        self._differs = False
        """Whether some see other news than the rest."""
        self._last = FeedLine(b"", 0, "", 0, 0)
        """The line before the first one that is kept."""
        self._messages = self._last_id = 0
        """How many messages it has had, and the id of the last of them."""

    def append(
        self,
        data: bytes,
        origin: int,
        author: str,
        message_id: int,
        others: Mapping[int, bytes] = NO_OTHERS,
    ) -> None:
        """Add an event; *message_id*, also the number of a change, is 0 for all that does not count as missed.

        *others* are what some sessions are shown instead.
        """
        if message_id:
            self._messages += 1
            self._last_id = message_id
        self._lines.append(FeedLine(data, origin, author, self._messages, self._last_id, others))
        if others:
            self._differs = True
        begin = self.end
        self.end = end = begin + len(data)
        self._ends.append(end)
        self._news = b""
        if origin and self.dialect.hides_own:
            self._own[origin].append((begin - self.turn, end - self.turn))

    def news(self) -> bytes:
        """All lines of this turn."""
        if not self._news:
            first = bisect_right(self._ends, self.turn)
            self._news = b"".join([line.data for line in self._lines[first:]])
        return self._news

    def is_alike_for_all(self) -> bool:
        """Tell whether all readers see the news of this turn as they are, but for their own lines."""
        return not self._differs

    def news_without(self, origin: int | None) -> bytes:
        """The lines of this turn but those that the session *origin* caused."""
        news = self.news()
        pieces = []
        at = 0
        for begin, end in self._own.get(origin, ()):
            pieces.append(news[at:begin])
            at = end
        pieces.append(news[at:])
        return b"".join(pieces)

    def boundary(self, offset: int) -> int:
        """Where the line that *offset* lies in ends."""
        return self._ends[bisect_left(self._ends, offset)]

    def lines(self, offset: int, until: int) -> Sequence[FeedLine]:
        """The lines from *offset* to *until*."""
        return self._lines[bisect_right(self._ends, offset) : bisect_right(self._ends, until)]

    def end_turn(self) -> None:
        """All who keep up have been sent the news."""
        self.turn = self.end
        self._news = b""
        self._own.clear()
        self._differs = False
        self.trim()

    def trim(self) -> None:
        """Between turns, drop what nobody needs any more and what is out of the window."""
        if self.turn < self.end:
            return
        if not self.behind:
            self._drop(len(self._lines))
        elif self.end - self.start > self._window:
            self._drop(bisect_right(self._ends, self.end - self._window * 3 // 4))

    def _drop(self, count: int) -> None:
        if not count:
            return
        start = self._ends[count - 1]
        last = self._lines[count - 1]
        for reader in self.behind:
            if reader.cursor < start:
                before = self._before(reader.cursor)
                reader.skip_to(start, before, self._first_message_after(before, reader.cursor), last)
        self._last = last
        self.start = start
        del self._ends[:count], self._lines[:count]

    def _first_message_after(self, before: FeedLine, offset: int) -> int:
        """The id of the first message that lies behind *offset*, and so behind the line *before*; 0: there is none."""
        index = bisect_right(self._ends, offset)
        return next((line.last_id for line in self._lines[index:] if line.messages > before.messages), 0)

    def _before(self, offset: int) -> FeedLine:
        index = bisect_right(self._ends, offset)
        return self._lines[index - 1] if index else self._last


class Reader:
    """One session's place in a feed."""

    __slots__ = ("_after", "_before", "_missed", "cursor", "feed", "outbox")

    def __init__(self, feed: Feed, outbox: Subscriber) -> None:
        self.feed = feed
        self.outbox = outbox
        self.cursor = feed.end
        self._missed = 0
        self._after = 0
        self._before = 0

    def skip_to(self, offset: int, before: FeedLine, first: int, last: FeedLine) -> None:
        """Lose what lies before *offset*: the lines after *before* to *last*, the first message being *first*."""
        if not self._missed:
            self._after = first - 1
        self._missed += last.messages - before.messages
        self._before = last.last_id + 1
        self.cursor = offset

    def take(self, until: int, most: int = sys.maxsize) -> bytes:
        """Move on to *until*, or so far that about *most* bytes are taken; return what the session is to see."""
        feed = self.feed
        pieces = []
        size = 0
        if self._missed:
            missed = Missed(room=feed.room, count=self._missed, after=self._after, before=self._before)
            pieces.append(feed.dialect.encode(missed))
            self._missed = 0
        me = self.outbox.session.id
        mine = me if feed.dialect.hides_own else None
        ignored = self.outbox.session.ignored
        whole = self.cursor == feed.turn and until == feed.end and until - self.cursor <= most
        if whole and not ignored and feed.is_alike_for_all():
            pieces.append(feed.news_without(mine))
            self.cursor = until
        while self.cursor < until and size < most:
            end = until if until - self.cursor <= most else feed.boundary(self.cursor + most)
            seen = [
                line.data_for(me)
                for line in feed.lines(self.cursor, end)
                if line.origin != mine and line.author not in ignored
            ]
            pieces += seen
            size += sum(map(len, seen))
            self.cursor = end
        return b"".join(pieces)
