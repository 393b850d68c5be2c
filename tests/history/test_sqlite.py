"""The embedded history, on real files."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from history.stores import REACTOR, deleted, said, wait
from msgspec import structs
from msgspec.structs import replace
from permissions import umask

from chat.core.events import Topic
from chat.core.facts import Record, RoomRecord, Said, TopicSet
from chat.core.ports import Query, Search, StoredToken
from chat.history.directory import FILE
from chat.history.memory import MemoryStore
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotKeep, CannotOpen


@pytest.fixture
def opened() -> Iterator[Callable[[Path], SqliteStore]]:
    stores: list[SqliteStore] = []

    def open_(directory: Path) -> SqliteStore:
        stores.append(SqliteStore(REACTOR, directory))
        stores[-1].open()
        return stores[-1]

    yield open_
    for store in stores:
        store.close()


def test_what_was_stored_is_there_again(tmp_path: Path) -> None:
    store = SqliteStore(REACTOR, tmp_path / "new")
    assert store.open().last_id == 0
    topic = TopicSet(Topic(time="t", room="dev", name="ada", topic="tea"))
    wait(store.append([said(1), said(2, room="dev", tag="a"), said(3, room=None), topic, said(5, "é👋", room="dev")]))
    store.close()
    store = SqliteStore(REACTOR, tmp_path / "new")
    contents = store.open()
    assert contents.last_id == 5
    assert list(contents.rooms) == [RoomRecord("dev", "tea", 5, "t"), RoomRecord("lobby", "", 1, "t")]
    page = wait(store.read(Query("dev", before=9, count=9)))
    assert list(page.messages) == [said(2, room="dev", tag="a").message, said(5, "é👋", room="dev").message]
    assert not page.more
    store.close()


def test_what_a_message_does_not_have_is_null(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    wait(opened(tmp_path).append([*map(said, range(1, 34)), said(34, tag="a"), said(35, room=None)]))
    count = "SELECT count(room), count(recipient), count(tag), count(lineage), count(author_id) FROM messages"
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute(count).fetchone() == (34, 1, 1, 1, 0)
    connection.close()


def test_reading_the_newest_or_the_oldest_between_two_ids(
    tmp_path: Path, opened: Callable[[Path], SqliteStore]
) -> None:
    store = opened(tmp_path)
    wait(store.append([said(number, room="lobby" if number % 2 else "dev") for number in range(1, 21)]))

    def read(query: Query) -> tuple[list[int], bool]:
        page = wait(store.read(query))
        return [message.id for message in page.messages], page.more

    assert read(Query("lobby", before=21, count=3)) == ([15, 17, 19], True)
    assert read(Query("lobby", before=6, count=3)) == ([1, 3, 5], False)
    assert read(Query("lobby", before=21, count=3, after=4, newest=False)) == ([5, 7, 9], True)
    assert read(Query("dev", before=9, count=9, after=4, newest=False)) == ([6, 8], False)


def test_reading_by_time(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store, memory = opened(tmp_path), MemoryStore()
    records: list[Record] = []
    for number in range(1, 60):
        message = said(number, room="lobby" if number % 3 else "dev").message
        records.append(Said(structs.replace(message, time=f"{number // 4 * 10:03}")))
    wait(store.append(records))
    wait(memory.append(records))
    for since in (None, "000", "035", "060", "999"):
        for until in (None, "000", "060", "065", "999"):
            query = Query("lobby", before=58, count=9, after=3, newest=False, since=since, until=until)
            for wanted in (query, replace(query, newest=True), replace(query, after=30)):
                assert wait(store.read(wanted)) == wait(memory.read(wanted))
    page = wait(store.read(Query("lobby", before=99, count=2, newest=False, since="055", until="070")))
    assert [message.id for message in page.messages] == [25, 26]
    assert not wait(store.read(Query("nowhere", before=99, count=9, since="000"))).messages


def test_a_name_that_is_part_of_many_words_is_not_looked_for_without_end(
    tmp_path: Path, opened: Callable[[Path], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.history.searching.MOST_LOOKED_AT", 10)
    store = opened(tmp_path)
    wait(store.append([said(1, "org?"), *(said(number, "example.org") for number in range(2, 30)), said(30, "hi org")]))
    page = wait(store.search(Search((), before=99, count=9, naming="org")))
    assert ([message.id for message in page.messages], page.more, page.next) == ([30], True, 21)


def test_the_last_tags_under_a_token(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store = opened(tmp_path)
    wait(store.append([said(1, tag="a"), said(2), said(3, tag="b"), said(4, tag="c")]))
    token = wait(store.token("digest", 2))
    assert token is not None
    assert list(token.tags.items()) == [("b", (3, "t")), ("c", (4, "t"))]
    assert wait(store.token("another", 2)) is None


def test_a_batch_is_stored_whole_or_not_at_all(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store = opened(tmp_path)
    wait(store.append([said(1)]))
    with pytest.raises(CannotKeep):
        wait(store.append([said(2), said(1)]))
    wait(store.append([said(3)]))
    assert [message.id for message in wait(store.read(Query("lobby", before=9, count=9))).messages] == [1, 3]


def test_a_full_disk_is_said_and_recovered_from(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store = opened(tmp_path)
    wait(store.append([said(1)]))
    store._writer.execute("PRAGMA max_page_count = 12")
    with pytest.raises(CannotKeep, match="full"):
        wait(store.append([said(2, "x" * 100_000)]))
    assert [message.id for message in wait(store.read(Query("lobby", before=9, count=9))).messages] == [1]
    store._writer.execute("PRAGMA max_page_count = 1000000")
    wait(store.append([said(3, "x" * 100_000)]))
    assert store._writer.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_history_that_became_read_only_is_said(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store = opened(tmp_path)
    store._writer.execute("PRAGMA query_only = 1")
    with pytest.raises(CannotKeep, match="read-only"):
        wait(store.append([said(1)]))
    with pytest.raises(CannotKeep, match="read-only"):
        wait(store.drop("lobby", 9))
    store._writer.execute("PRAGMA query_only = 0")
    wait(store.append([said(1)]))


def test_a_locked_file_is_said(
    tmp_path: Path, opened: Callable[[Path], SqliteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.history.connection.BUSY_TIMEOUT", 0.01)
    store = opened(tmp_path)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CannotKeep, match="locked"):
        wait(store.append([said(1)]))
    other.execute("ROLLBACK")
    other.close()
    wait(store.append([said(1)]))


def test_a_backup_is_possible_meanwhile(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store = opened(tmp_path)
    wait(store.append([said(1)]))
    source, target = sqlite3.connect(tmp_path / FILE), sqlite3.connect(tmp_path / "backup.db")
    source.backup(target)
    assert target.execute("SELECT id FROM messages").fetchall() == [(1,)]
    source.close()
    target.close()


def test_two_chats_can_not_share_a_history(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    opened(tmp_path)
    with pytest.raises(CannotOpen, match="in use by another chat"):
        SqliteStore(REACTOR, tmp_path).open()


def test_a_newer_history_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(CannotOpen, match="newer twisted-chat"):
        SqliteStore(REACTOR, tmp_path).open()


def test_a_file_that_is_no_history_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"something else entirely" * 100)
    with pytest.raises(CannotOpen, match="can't be used"):
        SqliteStore(REACTOR, tmp_path).open()
    assert (tmp_path / FILE).read_bytes() == b"something else entirely" * 100


def test_a_file_that_is_refused_is_let_go_of(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    (tmp_path / FILE).write_bytes(b"something else entirely" * 100)
    with pytest.raises(CannotOpen):
        SqliteStore(REACTOR, tmp_path).open()
    (tmp_path / FILE).unlink()
    opened(tmp_path)


def test_a_place_that_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotOpen, match="--data"):
        SqliteStore(REACTOR, tmp_path / "file").open()


def test_the_history_is_private_to_its_owner(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    with umask(0o022):
        opened(tmp_path)
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_an_erased_message_leaves_its_id_and_its_tag(tmp_path: Path, opened: Callable[[Path], SqliteStore]) -> None:
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    wait(store.append([said(1, "hello"), said(2, "unspeakable words", tag="a"), deleted(2, "bob", rev=3)]))
    store.close()
    assert b"unspeakable words" not in (tmp_path / FILE).read_bytes()
    store = SqliteStore(REACTOR, tmp_path)
    assert store.open().last_id == 3
    assert wait(store.token("digest", 9)) == StoredToken(tags={"a": (2, "t")})
    assert store._reader.execute("SELECT deleted_by FROM messages").fetchall() == [(None,), ("bob",)]
    store.close()
