"""A history that ends with the process."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from operator import attrgetter

from twisted.internet.defer import Deferred, succeed

from chat.core.events import Message
from chat.core.records import Query, Record, Said
from chat.history.store import Contents, Page

_OVERHEAD = 400
"""About what a message takes beside its text, in bytes."""


class MemoryStore:
    """Keeps the newest messages, about *capacity* bytes of them."""

    def __init__(self, capacity: int = 64 * 1024 * 1024) -> None:
        self._capacity = capacity
        self._size = 0
        self._all: deque[Message] = deque()
        self._rooms: dict[str, deque[Message]] = {}

    def open(self) -> Contents:
        """Begin with nothing."""
        return Contents(0, ())

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        """Keep the messages; topics and tags live in the hub as long as this process."""
        for message in (record.message for record in records if isinstance(record, Said)):
            self._size += _size(message)
            self._all.append(message)
            if message.room is not None:
                self._rooms.setdefault(message.room, deque()).append(message)
        while self._size > self._capacity:
            self._drop_oldest()
        return succeed(None)

    def _drop_oldest(self) -> None:
        message = self._all.popleft()
        self._size -= _size(message)
        if message.room is not None:
            room = self._rooms[message.room]
            room.popleft()
            if not room:
                del self._rooms[message.room]

    def read(self, query: Query) -> Deferred[Page]:
        """Find the messages of *query*."""
        room = self._rooms.get(query.room, ())
        by_id = attrgetter("id")
        first = bisect_right(room, query.after, key=by_id)
        last = bisect_left(room, query.before, key=by_id)
        if query.newest:
            start, end = max(first, last - query.count), last
        else:
            start, end = first, min(last, first + query.count)
        return succeed(Page([room[i] for i in range(start, end)], more=end - start < last - first))

    def tags(self, lineage: str, most: int) -> Deferred[Mapping[str, tuple[int, str]]]:
        """Nothing is left of an earlier process."""
        return succeed({})

    def close(self) -> None:
        """Nothing is to be done."""


def _size(message: Message) -> int:
    return len(message.text) + _OVERHEAD
