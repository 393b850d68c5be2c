"""The history in memory."""

from __future__ import annotations

from chat.core.events import Message
from chat.core.facts import Said
from chat.core.ports import Query
from chat.history.memory import MemoryStore
from chat.history.store import Page


def said(number: int, room: str | None = "lobby") -> Said:
    """A message of about 500 bytes in memory."""
    message = Message(
        id=number, time="", room=room, to=None if room else "bob", author="ada", kind="say", text="x" * 100
    )
    return Said(message)


def read(store: MemoryStore, query: Query) -> tuple[list[int], bool]:
    """Read the ids that answer *query*, and whether there are more."""
    pages: list[Page] = []
    store.read(query).addCallback(pages.append)
    (page,) = pages
    return [found.id for found in page.messages], page.more


def test_reading_the_newest_or_the_oldest_between_two_ids() -> None:
    store = MemoryStore()
    store.append([said(number, "lobby" if number % 2 else "dev") for number in range(1, 21)])
    assert read(store, Query("lobby", before=21, count=3)) == ([15, 17, 19], True)
    assert read(store, Query("lobby", before=6, count=3)) == ([1, 3, 5], False)
    assert read(store, Query("lobby", before=21, count=3, after=4, newest=False)) == ([5, 7, 9], True)
    assert read(store, Query("dev", before=9, count=9, after=4, newest=False)) == ([6, 8], False)
    assert read(store, Query("nowhere", before=21, count=3)) == ([], False)


def test_the_oldest_go_when_there_are_too_many() -> None:
    store = MemoryStore(capacity=5_000)
    store.append([said(1, "old"), said(2, None)])
    store.append([said(number) for number in range(3, 103)])
    assert read(store, Query("old", before=200, count=10)) == ([], False)
    kept, more = read(store, Query("lobby", before=200, count=100))
    assert kept == list(range(93, 103))
    assert not more
