"""What is dropped in time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import LoggedFailures
from history.stores import REACTOR, said, wait
from msgspec import structs
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from chat.core.events import Topic
from chat.core.facts import AccessSet, Record, RoomRecord, Said, TopicSet
from chat.core.ports import Query, Search
from chat.core.room import Access
from chat.core.times import timestamp
from chat.history import sqlite
from chat.history.memory import MemoryStore
from chat.history.retention import INTERVAL, Retention
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotKeep, Store

DAY = 86_400.0
NOW = timestamp(100 * DAY)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(REACTOR, tmp_path)
    store.open()
    yield store
    store.close()


def said_at(number: int, second: float, room: str | None = "lobby") -> Said:
    """A message about tea."""
    return Said(structs.replace(said(number, "tea", room=room).message, time=timestamp(second)))


def ids(store: Store, room: str) -> list[int]:
    """What is kept of a room."""
    return [message.id for message in wait(store.read(Query(room, before=1_000, count=1_000))).messages]


def found(store: Store) -> list[int]:
    """What can be found."""
    page = wait(store.search(Search((("tea",),), before=1_000, count=1_000)))
    return [message.id for message in page.messages][::-1]


def drop_all(store: Store, until: str | None, most: int | None) -> int:
    """Drop batch by batch; return how many messages went."""
    dropped = 0
    aged = wait(store.aged(until, NOW)) if until is not None else 0
    for room, last in wait(store.overdue(aged, most)):
        while count := wait(store.drop(room, last)):
            dropped += count
    return dropped


def test_what_is_too_old_goes_and_all_else_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "DROPPED_AT_ONCE", 3)
    rooms = ["lobby", "dev", None, "lobby"]
    wait(store.append([said_at(number, number, rooms[number % 4]) for number in range(1, 41)]))
    assert drop_all(store, timestamp(25), None) == 24
    assert ids(store, "lobby") == [27, 28, 31, 32, 35, 36, 39, 40]
    assert ids(store, "dev") == [25, 29, 33, 37]
    assert [number for number in range(41) if wait(store.message(number))] == list(range(25, 41))
    assert found(store) == [number for number in range(25, 41) if number % 4 != 2]
    assert drop_all(store, timestamp(25), None) == 0


def test_a_room_keeps_its_newest_messages(store: Store) -> None:
    wait(store.append([said_at(number, 0, "dev" if number < 4 else "lobby") for number in range(1, 11)]))
    wait(store.append([said_at(11, 0, None)]))
    assert drop_all(store, None, 5) == 2
    assert (ids(store, "dev"), ids(store, "lobby")) == ([1, 2, 3], [6, 7, 8, 9, 10])
    assert wait(store.message(11))


def test_ids_are_not_used_again(tmp_path: Path) -> None:
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    wait(store.append([said_at(5, 5, "old"), said_at(6, 5, "new")]))
    assert drop_all(store, timestamp(7), None) == 2
    store.close()
    store = SqliteStore(REACTOR, tmp_path)
    contents = store.open()
    assert (contents.last_id, list(contents.rooms)) == (6, [])
    store.close()


def test_a_topic_stays_when_all_that_was_said_is_dropped(tmp_path: Path) -> None:
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    topics: list[Record] = [
        TopicSet(Topic(time=timestamp(second), room=room, name="ada", topic=room))
        for room, second in (("old", 0), ("new", 9), ("private", 0))
    ]
    messages = [said_at(4, 5, "private"), said_at(5, 5, "old"), said_at(6, 5, "new")]
    wait(store.append([*messages, *topics, AccessSet("private", Access.PRIVATE)]))
    assert drop_all(store, timestamp(7), None) == 3
    wait(store.append([said_at(7, 8, "old"), said_at(8, 8, "new")]))
    store.close()
    store = SqliteStore(REACTOR, tmp_path)
    assert list(store.open().rooms) == [
        RoomRecord("new", "new", 8, timestamp(8)),
        RoomRecord("old", "old", 7, timestamp(8)),
        RoomRecord("private", "private", 0),
    ]
    store.close()


def test_it_looks_when_it_starts_and_every_hour() -> None:
    clock, store = Clock(), MemoryStore()
    clock.advance(1_000)
    store.append([said_at(1, 0), said_at(2, 999), said_at(3, 1_000)])
    retention = Retention(clock, store, clock.seconds, clock.seconds, age=600, most=None)
    retention.start()
    assert ids(store, "lobby") == [1, 2, 3]
    clock.advance(INTERVAL - 1)
    assert ids(store, "lobby") == [1, 2, 3]
    clock.advance(1)
    assert ids(store, "lobby") == [2, 3]
    clock.advance(INTERVAL)
    assert ids(store, "lobby") == []
    retention.stop()
    assert not clock.getDelayedCalls()


def test_it_tells_of_each_room_up_to_where_it_has_dropped() -> None:
    clock, store, told = Clock(), MemoryStore(), []
    clock.advance(1_000)
    store.append([said_at(1, 0), said_at(2, 0, "dev"), said_at(3, 1_000, "dev")])
    retention = Retention(
        clock, store, clock.seconds, clock.seconds, age=600, most=None, dropped=lambda *dropped: told.append(dropped)
    )
    retention.start()
    clock.advance(INTERVAL)
    retention.stop()
    assert sorted(told) == [("dev", 2), ("lobby", 1)]


class Days:
    """A chat that keeps messages for 90 days, on a wall clock that can be wrong."""

    def __init__(self, store: Store, *, age: float = 90 * DAY) -> None:
        self.clock = Clock()
        self.wrong = 0.0
        self.start = 100 * DAY
        self.store = store
        self.retention = Retention(self.clock, store, self.now, self.clock.seconds, age=age, most=None)
        self.retention.start()

    def now(self) -> float:
        return self.start + self.clock.seconds() + self.wrong

    def pass_hours(self, hours: int, *, wrong: float = 0.0) -> list[int]:
        """Let time pass with the clock wrong; return what is kept of the lobby, once the clock is right again."""
        self.wrong = wrong
        for _ in range(hours):
            self.clock.advance(INTERVAL)
        self.wrong = 0.0
        return ids(self.store, "lobby")


@pytest.fixture
def memory() -> Store:
    """A history of messages of 95 days, of 89, and of today."""
    store = MemoryStore()
    store.append([said_at(1, 5 * DAY), said_at(2, 11 * DAY), said_at(3, 100 * DAY)])
    return store


def test_what_is_too_old_goes_when_it_was_so_for_a_day(memory: Store) -> None:
    days = Days(memory)
    assert days.pass_hours(23) == [1, 2, 3]
    assert days.pass_hours(1) == [2, 3]
    assert days.pass_hours(24) == [2, 3]
    assert days.pass_hours(1) == [3]
    days.retention.stop()


@pytest.mark.parametrize("wrong", [365 * DAY, 2 * DAY, -365 * DAY, -99 * DAY])
def test_a_clock_that_is_wrong_for_an_hour_drops_nothing_that_is_young(memory: Store, wrong: float) -> None:
    days = Days(memory)
    for _ in range(40):
        days.pass_hours(1, wrong=wrong)
        assert days.pass_hours(5)[-1] == 3
    assert days.pass_hours(26) == [3]
    days.retention.stop()


def test_after_a_restart_the_day_is_counted_anew(memory: Store) -> None:
    days = Days(memory)
    days.pass_hours(23)
    days.retention.stop()
    again = Days(memory)
    again.wrong = 365 * DAY
    assert again.pass_hours(23, wrong=365 * DAY) == [1, 2, 3]
    assert again.pass_hours(24) == [2, 3]
    again.retention.stop()


def test_what_is_kept_for_less_than_a_day_goes_when_it_was_too_old_for_as_long(memory: Store) -> None:
    days = Days(memory, age=5 * 3_600)
    assert days.pass_hours(4) == [1, 2, 3]
    assert days.pass_hours(1) == [3]
    days.retention.stop()


def test_what_a_wrong_clock_dated_goes_with_what_was_said_before_and_behind(store: Store) -> None:
    seconds = [10, 20, 99_999_999_999, 30, 1, 40, 50]
    wait(store.append([said_at(number, second) for number, second in enumerate(seconds, 1)]))

    def aged(until: float, now: float) -> int:
        return wait(store.aged(timestamp(until), timestamp(now)))

    assert [aged(until, 60) for until in (0, 11, 21, 30, 31, 41, 51)] == [0, 1, 2, 2, 5, 6, 7]
    assert aged(0.5, 0.7) == 0
    assert drop_all(store, timestamp(31), None) == 5
    assert ids(store, "lobby") == [6, 7]


def test_where_everything_is_kept_nothing_is_looked_for() -> None:
    clock = Clock()
    retention = Retention(clock, MemoryStore(), clock.seconds, clock.seconds, age=None, most=None)
    retention.start()
    assert not clock.getDelayedCalls()
    retention.stop()


def test_a_look_that_fails_is_followed_by_the_next(logged_failures: LoggedFailures) -> None:
    clock, store = Clock(), MemoryStore()
    clock.advance(1e12)
    store.append([said_at(1, 0)])
    now = [1e12]
    retention = Retention(clock, store, lambda: now[0], clock.seconds, age=600, most=None)
    retention.start()
    assert len(logged_failures.flush(ValueError)) == 1
    now[0] = 1_000.0
    clock.advance(INTERVAL)
    clock.advance(INTERVAL)
    assert ids(store, "lobby") == []
    retention.stop()


class Stubborn(MemoryStore):
    """Drops nothing, when told so."""

    refusal: Exception | None = None
    waiting: Deferred[int] | None = None

    def drop(self, room: str | None, last: int) -> Deferred[int]:
        if self.waiting is not None:
            return self.waiting
        return fail(self.refusal) if self.refusal is not None else super().drop(room, last)


def test_what_can_not_be_dropped_is_dropped_later() -> None:
    clock, store = Clock(), Stubborn()
    store.refusal = CannotKeep("the disk of the server is full.")
    store.append([said_at(1, 0), said_at(2, 0)])
    retention = Retention(clock, store, clock.seconds, clock.seconds, age=None, most=1)
    retention.start()
    assert ids(store, "lobby") == [1, 2]
    store.refusal = None
    clock.advance(INTERVAL)
    assert ids(store, "lobby") == [2]
    retention.stop()


def test_it_can_be_stopped_between_two_batches() -> None:
    clock, store = Clock(), Stubborn()
    store.waiting = Deferred()
    store.append([said_at(1, 0), said_at(2, 0)])
    retention = Retention(clock, store, clock.seconds, clock.seconds, age=None, most=1)
    retention.start()
    retention.stop()
    waiting, store.waiting = store.waiting, None
    waiting.callback(1)
    assert ids(store, "lobby") == [1, 2]
