"""Accounts, bans and rules outlive the process, in every store that does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from history.stores import REACTOR, said, wait

from chat.core.accounts import Role, StoredAccount
from chat.core.bans import Ban
from chat.core.facts import (
    Banned,
    Decision,
    Erased,
    Fact,
    Invited,
    KeptShown,
    LockSet,
    OpSet,
    PasswordSet,
    PrivacySet,
    ReadUpTo,
    Record,
    Registered,
    RoleSet,
    RoomRules,
    Said,
    Unbanned,
    Unregistered,
)
from chat.history.memory import MemoryStore
from chat.history.sqlite import FILE, SqliteStore
from chat.history.store import Contents, Store

ADA = StoredAccount("Ada", "hash")
REGISTERED = Registered("ada", "Ada", "hash")
BAN = Ban("192.0.2.0/24", 12.5, "spam", "ada", "t")
RULES = RoomRules("dev", private=True, locked=True, ops=("ada",), invited=("bob", "cy"))
RULED = (
    PrivacySet("dev", True),
    LockSet("dev", True),
    OpSet("dev", "ada", True),
    Invited("dev", "cy"),
    Invited("dev", "bob"),
    OpSet("dev", "?1", True),
    Invited("dev", "?2"),
)


def decided(fact: Fact) -> Decision:
    """A decision that makes *fact*."""
    return Decision("t", "ada", "does", "something", "dev", "why", fact)


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
    keep(store, decided(REGISTERED))
    assert wait(store.account("ada")) == ADA
    assert wait(store.account("bob")) is None


def test_a_change_of_an_account_keeps_its_marks(store: Store) -> None:
    keep(
        store, decided(REGISTERED), ReadUpTo("ada", "lobby", 3), ReadUpTo("ada", "lobby", 5), ReadUpTo("ada", "dev", 1)
    )
    keep(store, decided(PasswordSet("ada", "other")))
    assert wait(store.account("ada")) == StoredAccount("Ada", "other", Role.USER, {"lobby": 5, "dev": 1})
    keep(store, decided(RoleSet("ada", Role.OWNER)))
    assert wait(store.account("ada")) == StoredAccount("Ada", "other", Role.OWNER, {"lobby": 5, "dev": 1})


def test_nothing_is_left_of_an_account_that_is_given_up(store: Store) -> None:
    keep(store, decided(REGISTERED), ReadUpTo("ada", "lobby", 3), kept(1, "psst"))
    keep(store, decided(Unregistered("ada")))
    assert wait(store.account("ada")) is None
    assert wait(store.kept("ada")) == []
    keep(store, decided(REGISTERED))
    assert wait(store.account("ada")) == ADA


def test_private_messages_are_kept_until_they_are_fetched(store: Store) -> None:
    keep(store, decided(REGISTERED), kept(1, "one"), kept(2, "two"), said(3, "other", room=None))
    assert [message.text for message in wait(store.kept("ada"))] == ["one", "two"]
    keep(store, KeptShown("ada", 2))
    assert wait(store.kept("ada")) == []


def test_a_decision_to_erase_erases(store: Store) -> None:
    keep(store, said(1), said(2))
    keep(store, decided(Erased((1,), "ada")))
    assert wait(store.message(1)) is None
    assert wait(store.message(2)) is not None


def test_a_new_process_knows_names_bans_and_rules(tmp_path: Path) -> None:
    contents = reopened(tmp_path, decided(REGISTERED), decided(Banned(BAN)), *(decided(fact) for fact in RULED))
    assert list(contents.accounts) == [ADA]
    assert list(contents.bans) == [BAN]
    assert list(contents.rules) == [RULES]


def test_the_rules_of_rooms_forget_an_account_that_is_given_up(tmp_path: Path) -> None:
    registered = Registered("ada", "Ada", "hash", ops=("dev", "den"), invited=("bar",))
    contents = reopened(tmp_path, registered, Invited("dev", "bob"), OpSet("den", "bob", True), PrivacySet("dev", True))
    assert {rule.room: (rule.ops, rule.invited) for rule in contents.rules} == {
        "dev": (("ada",), ("bob",)),
        "den": (("ada", "bob"), ()),
        "bar": ((), ("ada",)),
    }
    contents = reopened(tmp_path, Unregistered("ada"), OpSet("den", "bob", False))
    assert {rule.room: (rule.private, rule.ops, rule.invited) for rule in contents.rules} == {
        "dev": (True, (), ("bob",)),
        "den": (False, (), ()),
        "bar": (False, (), ()),
    }


def test_what_was_taken_back_is_gone(tmp_path: Path) -> None:
    contents = reopened(
        tmp_path, decided(REGISTERED), decided(Banned(BAN)), decided(Unregistered("ada")), decided(Unbanned(BAN.target))
    )
    assert not contents.accounts
    assert not contents.bans


def test_the_audit_record_can_only_grow(tmp_path: Path) -> None:
    reopened(tmp_path, decided(REGISTERED), decided(Banned(BAN)))
    database = sqlite3.connect(tmp_path / FILE)
    rows = database.execute("SELECT time, author, action, target, room, why FROM audit").fetchall()
    assert rows == [("t", "ada", "does", "something", "dev", "why")] * 2
    for statement in ("DELETE FROM audit", "UPDATE audit SET why = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="can not be changed"):
            database.execute(statement)
    database.close()


def test_the_ops_of_a_room_are_stored_with_each_of_its_rules(tmp_path: Path) -> None:
    decision = Decision("t", "ada", "private", "den", "den", "", PrivacySet("den", True), ("ada",))
    contents = reopened(tmp_path, REGISTERED, decision)
    assert list(contents.rules) == [RoomRules("den", private=True, ops=("ada",))]
