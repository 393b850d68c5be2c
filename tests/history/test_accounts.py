"""Accounts, bans and rules outlive the process, in every store that does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from history.stores import REACTOR, said, wait

from chat.core.accounts import Account, Role
from chat.core.bans import Ban
from chat.core.records import Decision, Erasure, Fetched, Marked, Record, RoomRules, Said, Unbanned, Unregistered
from chat.history.memory import MemoryStore
from chat.history.sqlite import FILE, SqliteStore
from chat.history.store import Contents, Store

ADA = Account("Ada", "hash")
BAN = Ban("192.0.2.0/24", 12.5, "spam", "ada", "t")
RULES = RoomRules("dev", private=True, locked=True, ops=("ada",), invited=("bob", "cy"))


def decided(change: Account | Ban | RoomRules | Unbanned | Unregistered | Erasure) -> Decision:
    """A decision that makes *change*."""
    return Decision("t", "ada", "does", "something", "dev", "why", change)


def kept(number: int, text: str) -> Said:
    """A private message to ada, who is not there."""
    return Said(said(number, text, room=None, author="bob").message, kept_for="ada")


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each kind, open."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(REACTOR, tmp_path)
    store.open()
    yield store
    store.close()


def keep(store: Store, *records: Record) -> None:
    """Keep records."""
    wait(store.append(records))


def reopened(folder: Path, *records: Record) -> Contents:
    """What a new process finds after an old one has kept *records*."""
    old = SqliteStore(REACTOR, folder)
    old.open()
    keep(old, *records)
    old.close()
    new = SqliteStore(REACTOR, folder)
    contents = new.open()
    new.close()
    return contents


def test_an_account_is_found_by_its_key(store: Store) -> None:
    keep(store, decided(ADA))
    assert wait(store.account("ada")) == ADA
    assert wait(store.account("bob")) is None


def test_a_change_of_an_account_keeps_its_marks(store: Store) -> None:
    keep(store, decided(ADA), Marked("ada", "lobby", 3), Marked("ada", "lobby", 5), Marked("ada", "dev", 1))
    keep(store, decided(Account("Ada", "other", Role.OWNER)))
    assert wait(store.account("ada")) == Account("Ada", "other", Role.OWNER, {"lobby": 5, "dev": 1})


def test_nothing_is_left_of_an_account_that_is_given_up(store: Store) -> None:
    keep(store, decided(ADA), Marked("ada", "lobby", 3), kept(1, "psst"))
    keep(store, decided(Unregistered("ada")))
    assert wait(store.account("ada")) is None
    assert wait(store.kept("ada")) == []
    keep(store, decided(ADA))
    assert wait(store.account("ada")) == ADA


def test_private_messages_are_kept_until_they_are_fetched(store: Store) -> None:
    keep(store, decided(ADA), kept(1, "one"), kept(2, "two"), said(3, "other", room=None))
    assert [message.text for message in wait(store.kept("ada"))] == ["one", "two"]
    keep(store, Fetched("ada", 2))
    assert wait(store.kept("ada")) == []


def test_a_decision_to_erase_erases(store: Store) -> None:
    keep(store, said(1), said(2))
    keep(store, decided(Erasure((1,), "ada")))
    assert wait(store.message(1)) is None
    assert wait(store.message(2)) is not None


def test_a_new_process_knows_names_bans_and_rules(tmp_path: Path) -> None:
    contents = reopened(tmp_path, decided(ADA), decided(BAN), decided(RULES))
    assert list(contents.registered) == ["Ada"]
    assert list(contents.bans) == [BAN]
    assert list(contents.rules) == [RULES]


def test_what_was_taken_back_is_gone(tmp_path: Path) -> None:
    contents = reopened(
        tmp_path, decided(ADA), decided(BAN), decided(Unregistered("ada")), decided(Unbanned(BAN.target))
    )
    assert not contents.registered
    assert not contents.bans


def test_the_audit_record_can_only_grow(tmp_path: Path) -> None:
    reopened(tmp_path, decided(ADA), decided(BAN))
    database = sqlite3.connect(tmp_path / FILE)
    rows = database.execute("SELECT time, author, action, target, room, why FROM audit").fetchall()
    assert rows == [("t", "ada", "does", "something", "dev", "why")] * 2
    for statement in ("DELETE FROM audit", "UPDATE audit SET why = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="can not be changed"):
            database.execute(statement)
    database.close()
