"""A history that is sound is called so, whatever happened in it; of any other it is said what is wrong."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from history.stores import REACTOR, wait
from history.test_kept_changes import (
    ACCOUNTS,
    ADA,
    BOB,
    EVE,
    deleted,
    edited,
    letter,
    pinned,
    reacted,
    said,
    tagged,
)

from chat.core.facts import PresencesEnded, ReadUpTo, TokenKept
from chat.history.copying import open_to_read
from chat.history.directory import FILE
from chat.history.soundness import faults
from chat.history.sqlite import SqliteStore
from chat.history.store import Store

VERSIONS = Path(__file__).with_name("versions")

TRIGGER = "CREATE TRIGGER evil AFTER INSERT ON messages BEGIN UPDATE accounts SET role = 'owner'; END"
"""What would be done in a chat each time that something is said."""

EVENTFUL = (
    *ACCOUNTS,
    said(1, "green 茶 for all"),
    said(2, "two words", by=BOB, re=1, answers=ADA),
    said(3, "everybody, look", all=True),
    said(4, "in another room", room="dev"),
    said(5, "soon gone"),
    letter(6, ADA, BOB, "psst 茶"),
    letter(7, BOB, ADA, "yes?"),
    letter(8, EVE, ADA, "hello"),
    letter(9, ADA, ADA, "note to myself"),
    letter(10, BOB, EVE, "not heard", heard=False),
    edited(1, 11, "green tea for all, and 茶"),
    reacted(1, 12, "+1", BOB),
    reacted(1, 13, "+1", EVE),
    reacted(1, 14, "+1", EVE, on=False),
    pinned(1, 15),
    deleted(5, 16),
    edited(6, 17, "psst, friend", room=None),
    tagged(reacted(7, 18, "ok", ADA, room=None), "t", "d1gest"),
    deleted(9, 19, room=None),
    TokenKept("d1gest", 1, 0.0),
    ReadUpTo(1, "lobby", 3),
    PresencesEnded((EVE,)),
)


def fill(folder: Path) -> None:
    """Make a history in which all kinds of things have happened."""
    store: Store = SqliteStore(REACTOR, folder)
    store.open()
    wait(store.append(EVENTFUL))
    wait(store.append([said(20, "the last")]))
    wait(store.drop("dev", 4))
    store.close()


def damage(path: Path) -> None:
    """Fill with zeros the page with which an index begins."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'messages_by_room'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))


def look(folder: Path) -> list[str]:
    """Find out what is wrong."""
    with closing(open_to_read(folder / FILE)) as connection:
        return list(faults(connection, lambda what, done, total: None))


def test_what_is_sound_is_called_so(tmp_path: Path) -> None:
    fill(tmp_path)
    assert look(tmp_path) == []


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6])
def test_so_are_histories_of_older_versions_before_and_after_they_are_brought_up_to_date(
    tmp_path: Path, version: int
) -> None:
    shutil.copy(VERSIONS / f"{version}.db", tmp_path / FILE)
    assert look(tmp_path) == []
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    store.close()
    assert look(tmp_path) == []


def test_a_chat_may_write_meanwhile(tmp_path: Path) -> None:
    fill(tmp_path)
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    seen: list[str] = []

    def talk(what: str, done: int, total: int) -> None:
        if what not in seen:
            seen.append(what)
            wait(store.append([said(100 + len(seen), "meanwhile")]))

    with closing(open_to_read(tmp_path / FILE)) as connection:
        assert list(faults(connection, talk)) == []
    store.close()
    assert seen == ["the file", "what belongs together", "the words in rooms", "the words in private"]
    assert look(tmp_path) == []


def test_what_is_written_while_somebody_reads_gives_its_room_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.history.connection.LARGEST_LOG", 200_000)
    log = tmp_path / f"{FILE}-wal"
    store = SqliteStore(REACTOR, tmp_path)
    store.open()

    wait(store.append([said(1)]))
    with closing(open_to_read(tmp_path / FILE)):
        for number in range(2, 150):
            wait(store.append([said(number, "x" * 8_000)]))
        assert log.stat().st_size > 6_000_000
    for number in range(150, 155):
        wait(store.append([said(number)]))
    assert log.stat().st_size < 1_000_000
    store.close()
    assert look(tmp_path) == []


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        ("UPDATE messages SET room = 'dev' WHERE id = 6", "1 are neither in a room nor private"),
        ("UPDATE messages SET id = 1 << 53 WHERE id = 20", "have ids that clients can't read"),
        ("DELETE FROM private WHERE id = 7", "1 are private and between nobody"),
        ("UPDATE messages SET deleted_by = 'x' WHERE id = 7", "1 are kept for conversations, but are not there"),
        ("DELETE FROM copies WHERE id = 6", "1 are kept for conversations, but are not there, or nobody has them"),
        ("DELETE FROM conversations", "are in conversations that are not there"),
        ("DELETE FROM messages WHERE id = 1", "were changed and are not there (the first is 1)"),
        ("INSERT INTO details (id) VALUES (77)", "1 have details and are not there (the first is 77)"),
        ("UPDATE messages SET special = NULL WHERE id = 1", "1 are shown without what belongs to them"),
        ("UPDATE reactions SET count = 7", "2 have reactions that are counted wrongly (the first is 1)"),
        ("DELETE FROM reactions WHERE id = 1", "1 have reactions that are counted wrongly"),
        ("DELETE FROM changes WHERE rev = 18", "are to be told of changes that are not there"),
        ("UPDATE messages SET time = 's' WHERE id = 3", "1 have earlier times than those before them"),
        ("UPDATE accounts SET presence = NULL WHERE id = 2", "1 of the accounts can't be told from others"),
        ("UPDATE accounts SET presence = -10 WHERE id = 2", "2 of the accounts can't be told from others"),
        ("UPDATE sqlite_sequence SET seq = 1", "1 of the accounts can't be told from others"),
        ("DELETE FROM accounts WHERE id = 1", "kept for 1 accounts that are not there"),
        ("DELETE FROM ids", "It is not known which ids were used"),
        ("UPDATE messages SET text = 'other' WHERE id = 2", "Searches in rooms find wrong messages, or miss some"),
        ("UPDATE messages SET author = 'cy' WHERE id = 2", "Searches in rooms find wrong messages, or miss some"),
        ("UPDATE details SET answers = 7 WHERE id = 2", "Searches in rooms find wrong messages, or miss some"),
        (TRIGGER, "No chat can use it: it has the trigger evil, which no chat makes."),
        ("CREATE VIEW v AS SELECT 1", "No chat can use it: it has the view v, which no chat makes."),
        ("DROP TABLE marks", "No chat can use it: the table marks is not there."),
        ("DROP INDEX messages_by_room", "No chat can use it: the index messages_by_room is not there."),
        ("ALTER TABLE topics ADD COLUMN colour TEXT", "the table topics is not as a chat makes it."),
        ("UPDATE accounts SET role = 'god'", "No chat can use it: 'god' is not a valid Role."),
        ("DELETE FROM messages WHERE id = 4", None),
        ("DELETE FROM messages WHERE id = 20", "Searches in rooms find wrong messages, or miss some"),
        ("UPDATE messages SET text = 'psst' WHERE id = 7", "Searches in private find wrong messages, or miss some"),
        ("UPDATE private SET recipient = -30 WHERE id = 7", "Searches in private find wrong messages, or miss some"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, breaks: str, sentence: str | None) -> None:
    fill(tmp_path)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(breaks)
    found = look(tmp_path)
    if sentence is None:
        assert found == []
    else:
        assert sentence in " ".join(found)


def test_a_file_that_is_damaged(tmp_path: Path) -> None:
    fill(tmp_path)
    damage(tmp_path / FILE)
    first, *_ = look(tmp_path)
    assert first.startswith("The file is damaged: ")
    assert first.endswith("Restore a backup (chat admin restore).")
