"""Messages are found by their times, also where the clock was wrong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from random import Random

import pytest
from history.stores import REACTOR, said, wait
from msgspec import structs

from chat.core.facts import Said
from chat.core.ports import Query
from chat.core.times import timestamp
from chat.history.directory import FILE
from chat.history.memory import MemoryStore
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotKeep, Store

DAY = 86_400


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(REACTOR, tmp_path)
    store.open()
    yield store
    store.close()


def said_at(number: int, second: float, room: str | None = "lobby") -> Said:
    return Said(structs.replace(said(number, room=room).message, time=timestamp(second)))


def ids(store: Store, query: Query) -> tuple[list[int], bool]:
    page = wait(store.read(query))
    return [message.id for message in page.messages], page.more


def of_day(
    store: Store, day: int, *, after: int = 0, before: int = 1_000, count: int = 200, newest: bool = False
) -> tuple[list[int], bool]:
    return ids(store, Query("lobby", before, count, after, newest, timestamp(day * DAY), timestamp((day + 1) * DAY)))


def test_a_day_is_found_whole_around_a_message_from_a_wrong_clock(store: Store) -> None:
    today = [*range(1, 21), *range(22, 42)]
    wait(store.append([said_at(number, 9 * DAY + number) for number in range(1, 21)]))
    wait(store.append([said_at(21, 2 * DAY)]))
    wait(store.append([said_at(number, 9 * DAY + number) for number in range(22, 42)]))
    assert of_day(store, 9) == (today, False)
    assert of_day(store, 2) == ([21], False)
    assert of_day(store, 9, count=30) == (today[:30], True)
    assert of_day(store, 9, count=30, newest=True) == (today[-30:], True)
    assert of_day(store, 9, after=today[29], count=30) == (today[30:], False)
    assert of_day(store, 9, after=10, before=30, count=30) == ([*range(11, 21), *range(22, 30)], False)
    assert ids(store, Query("lobby", 1_000, 1_000, newest=False)) == (list(range(1, 42)), False)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_the_times_are_all_in_between_is_found_in_the_order_of_the_ids(store: Store, seed: int) -> None:
    random = Random(seed)  # noqa: S311
    times = [random.randint(0, 9) for _ in range(40)]
    records = [said_at(number, time, "lobby" if number % 3 else "dev") for number, time in enumerate(times, 1)]
    while records:
        batch = random.randint(1, 9)
        wait(store.append(records[:batch]))
        del records[:batch]
    for since, until, after, count, newest in product((None, 0, 4, 9), (None, 5, 8), (0, 17), (3, 50), (True, False)):
        right = [
            number
            for number, time in enumerate(times, 1)
            if after < number < 35 and number % 3 and (since or 0) <= time < (until or 10)
        ]
        page = right[-count:] if newest else right[:count]
        span = [None if time is None else timestamp(time) for time in (since, until)]
        assert ids(store, Query("lobby", 35, count, after, newest, span[0], span[1])) == (page, len(right) > count)


def steps(folder: Path) -> list[tuple[int, str]]:
    """From which ids on times begin anew, and why."""
    connection = sqlite3.connect(folder / FILE)
    found = connection.execute("SELECT id, cause FROM steps ORDER BY id").fetchall()
    connection.close()
    return found


def test_a_step_is_stored_with_the_first_message_behind_it(tmp_path: Path) -> None:
    store = SqliteStore(REACTOR, tmp_path)
    assert store.open().last_time == ""
    wait(store.append([said_at(1, 100), said_at(2, 100)]))
    with pytest.raises(CannotKeep):
        wait(store.append([said_at(3, 50), said_at(2, 50)]))
    assert steps(tmp_path) == []
    wait(store.append([said_at(4, 60, None), said_at(5, 70), said_at(6, 10)]))
    store.close()
    store = SqliteStore(REACTOR, tmp_path)
    assert store.open().last_time == timestamp(10)
    wait(store.append([said_at(7, 9)]))
    store.close()
    assert steps(tmp_path) == [(4, "clock"), (6, "clock"), (7, "clock")]


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_file_is_read_rightly_too(tmp_path: Path, version: int) -> None:
    shutil.copy(Path(__file__).parent / "versions" / f"{version}.db", tmp_path / FILE)
    with sqlite3.connect(tmp_path / FILE) as old:
        old.execute("DELETE FROM messages")
        days = [*[9] * 20, 2, *[9] * 20]
        rows = [(number, timestamp(day * DAY + number), "hi") for number, day in enumerate(days, 1)]
        old.executemany(
            "INSERT INTO messages (id, time, room, author, kind, text) VALUES (?, ?, 'lobby', 'ada', 'say', ?)", rows
        )
    old.close()
    store = SqliteStore(REACTOR, tmp_path)
    assert store.open().last_time == timestamp(9 * DAY + 41)
    assert of_day(store, 9) == ([*range(1, 21), *range(22, 42)], False)
    assert of_day(store, 2) == ([21], False)
    store.close()
    assert steps(tmp_path) == [(21, "unknown")]
