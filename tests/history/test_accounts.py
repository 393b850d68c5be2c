"""Accounts, bans and rules outlive the process, in every store that does."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from history.stores import REACTOR, deleted, said, wait

from chat.core.accounts import Role, StoredAccount
from chat.core.bans import Ban
from chat.core.doors import GOOD_FOR, Invitation
from chat.core.facts import (
    AccessSet,
    Banned,
    Between,
    Contents,
    Decision,
    Fact,
    InvitationMade,
    Invited,
    LockSet,
    MadeAtDoor,
    Muted,
    OpSet,
    PasswordSet,
    PresencesEnded,
    ReadUpTo,
    Record,
    Registered,
    RoleSet,
    RoomRules,
    Said,
    TokenKept,
    TokensEnded,
    Unbanned,
    Unregistered,
)
from chat.core.room import Access
from chat.history.accounts import DECISIONS_OF_NAME, DECISIONS_OF_ROOM, TOKENS_EACH
from chat.history.directory import FILE
from chat.history.memory import MemoryStore
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotKeep, Store

ADA = StoredAccount(1, "Ada", "hash", presence=-7)
REGISTERED = Registered(1, "Ada", "hash", -7)
BAN = Ban("192.0.2.0/24", 12.5, "spam", "ada", "t")
RULES = RoomRules(
    "dev", Access.PRIVATE, locked=True, ops=(-1, 1), invited=(-2, 2, 3), waiting=(-2, 2, 3), muted={2: 9e9}
)
RULED = (
    AccessSet("dev", Access.PRIVATE),
    LockSet("dev", True),
    OpSet("dev", 1, True),
    Invited("dev", 3),
    Invited("dev", 2),
    Muted("dev", 2, 9e9),
    OpSet("dev", -1, True),
    Invited("dev", -2),
)


def decided(fact: Fact) -> Decision:
    """A decision that makes *fact*."""
    return Decision("t", "ada", "does", "something", "dev", "why", fact)


def kept(number: int, text: str) -> Said:
    """A private message to ada."""
    between = Between(2, -7, "2")
    return Said(said(number, text, room=None, author="bob").message, author=2, recipient=1, between=between)


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


def test_an_account_is_found_by_its_id(store: Store) -> None:
    keep(store, decided(REGISTERED))
    assert wait(store.account(1)) == ADA
    assert wait(store.account(2)) is None


def test_a_change_of_an_account_keeps_its_marks(store: Store) -> None:
    keep(store, decided(REGISTERED), ReadUpTo(1, "lobby", 3), ReadUpTo(1, "lobby", 5), ReadUpTo(1, "dev", 1))
    keep(store, decided(PasswordSet(1, "other")))
    assert wait(store.account(1)) == StoredAccount(1, "Ada", "other", Role.USER, -7, {"lobby": 5, "dev": 1})
    keep(store, decided(RoleSet(1, Role.OWNER)))
    assert wait(store.account(1)) == StoredAccount(1, "Ada", "other", Role.OWNER, -7, {"lobby": 5, "dev": 1})


def test_nothing_is_left_of_an_account_that_is_given_up(store: Store) -> None:
    keep(store, decided(REGISTERED), ReadUpTo(1, "lobby", 3), kept(1, "psst"))
    keep(store, decided(Unregistered(1)))
    assert wait(store.account(1)) is None
    keep(store, decided(REGISTERED))
    assert wait(store.account(1)) == ADA


def test_a_decision_to_erase_erases(store: Store) -> None:
    keep(store, said(1), said(2))
    keep(store, decided(deleted(1, "ada")))
    assert wait(store.message(1)) is None
    assert wait(store.message(2)) is not None


def test_a_new_process_knows_names_bans_and_rules(tmp_path: Path) -> None:
    contents = reopened(tmp_path, decided(REGISTERED), decided(Banned(BAN)), *(decided(fact) for fact in RULED))
    assert list(contents.accounts) == [ADA]
    assert list(contents.bans) == [BAN]
    assert list(contents.rules) == [RULES]


@pytest.mark.parametrize("end", [Unregistered(1), PresencesEnded((1,))], ids=["an account", "a presence"])
def test_what_belongs_to_somebody_ends_with_them(tmp_path: Path, end: Fact) -> None:
    rights = OpSet("dev", 1, True), Invited("den", 1), Muted("bar", 1, 9e9)
    others = Invited("dev", 2), OpSet("den", 2, True), TokenKept("two", 2, 1.0)
    contents = reopened(tmp_path, REGISTERED, *rights, *others, TokenKept("one", 1, 1.0), end)
    assert {rule.room: (rule.ops, rule.invited, rule.muted) for rule in contents.rules} == {
        "dev": ((), (2,), {}),
        "den": ((2,), (), {}),
    }
    assert tokens(tmp_path, "one", "two") == [0, 2]


def test_an_invitation_ends_with_the_account_that_it_makes_or_that_has_made_it(tmp_path: Path) -> None:
    mine, other, third, operators = (
        Invitation(code, maker, 2 * GOOD_FOR) for code, maker in zip("abcd", (1, 1, 2, 0), strict=True)
    )
    made = [InvitationMade(invitation) for invitation in (mine, other, third, operators)]
    contents = reopened(tmp_path, REGISTERED, *made, MadeAtDoor(3, "Eve", "hash", invitation="a"))
    assert set(contents.invitations) == {other, third, operators}
    contents = reopened(tmp_path, Registered(4, "Bob", "hash", -8, "d"), Unregistered(1))
    assert list(contents.invitations) == [third]
    assert [account.name for account in contents.accounts] == ["Eve", "Bob"]


def test_invitations_that_have_ended_go_when_another_is_made(tmp_path: Path) -> None:
    old, young = Invitation("a", 1, 5.0), Invitation("b", 1, 6.0)
    new = Invitation("c", 1, 5.0 + GOOD_FOR)
    contents = reopened(tmp_path, *map(InvitationMade, (old, young, new)))
    assert set(contents.invitations) == {young, new}


def test_an_account_that_could_not_be_stored_has_not_used_the_invitation(tmp_path: Path) -> None:
    invitation = Invitation("a", 0, GOOD_FOR)
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    keep(store, REGISTERED, InvitationMade(invitation))
    with pytest.raises(CannotKeep):
        keep(store, MadeAtDoor(2, "Eve", "hash", invitation="a"), REGISTERED)
    store.close()
    assert list(reopened(tmp_path).invitations) == [invitation]


def tokens(folder: Path, *digests: str) -> list[int]:
    """Whose the tokens with these digests are, 0 for those that are nobody's."""
    store = SqliteStore(REACTOR, folder)
    store.open()
    found = [wait(store.token(digest, 9)) for digest in digests]
    store.close()
    return [token.subject if token is not None else 0 for token in found]


def test_an_account_takes_over_what_was_the_presences(tmp_path: Path) -> None:
    before = OpSet("dev", -7, True), Invited("den", -7), Muted("bar", -7, 9e9), TokenKept("one", -7, 1.0)
    contents = reopened(tmp_path, *before, kept(1, "psst"), REGISTERED)
    assert list(contents.presences) == []
    assert {rule.room: (rule.ops, rule.invited, rule.muted) for rule in contents.rules} == {
        "dev": ((1,), (), {}),
        "den": ((), (1,), {}),
        "bar": ((), (), {1: 9e9}),
    }
    assert tokens(tmp_path, "one") == [1]


def test_ids_of_accounts_are_not_used_again(tmp_path: Path) -> None:
    assert reopened(tmp_path, REGISTERED, Unregistered(1)).last_account == 1


def test_a_new_password_ends_all_tokens_but_one(tmp_path: Path) -> None:
    kept_tokens = [TokenKept(digest, 1, 1.0) for digest in ("one", "two", "three")]
    reopened(tmp_path, REGISTERED, *kept_tokens, PasswordSet(1, "other", "two"))
    assert tokens(tmp_path, "one", "two", "three") == [0, 1, 0]
    reopened(tmp_path, TokensEnded(1))
    assert tokens(tmp_path, "two") == [0]


def test_of_the_tokens_of_an_account_those_that_were_used_last_are_kept(tmp_path: Path) -> None:
    digests = [f"t{number}" for number in range(TOKENS_EACH + 2)]
    reopened(tmp_path, REGISTERED, *(TokenKept(digest, 1, float(used)) for used, digest in enumerate(digests)))
    assert tokens(tmp_path, *digests[:4]) == [0, 0, 1, 1]


def test_what_was_taken_back_is_gone(tmp_path: Path) -> None:
    contents = reopened(
        tmp_path, decided(REGISTERED), decided(Banned(BAN)), decided(Unregistered(1)), decided(Unbanned(BAN))
    )
    assert not contents.accounts
    assert not contents.bans


@pytest.mark.parametrize(("old", "new"), [("Idle", "ldle"), ("ldle", "Idle"), ("ll", "Il")])
def test_a_ban_in_place_of_one_of_a_look_alike_is_the_only_one_after_a_restart(
    tmp_path: Path, old: str, new: str
) -> None:
    first, second = (Ban(name, None, "spam", "ada", "t") for name in (old, new))
    assert list(reopened(tmp_path, Banned(first), Banned(BAN), Banned(second)).bans) == [BAN, second]
    assert list(reopened(tmp_path, Unbanned(first)).bans) == [BAN]


def test_the_audit_record_can_only_grow(tmp_path: Path) -> None:
    reopened(tmp_path, decided(REGISTERED), decided(Banned(BAN)))
    database = sqlite3.connect(tmp_path / FILE)
    rows = database.execute("SELECT time, author, action, target, room, why FROM audit").fetchall()
    assert rows == [("t", "ada", "does", "something", "dev", "why")] * 2
    for statement in ("DELETE FROM audit", "UPDATE audit SET why = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="can not be changed"):
            database.execute(statement)
    database.close()


def passing(target: str, room: str | None, number: int = 0) -> Decision:
    """A decision of somebody who is no moderator."""
    return Decision(f"t{number:05}", "ada", "does", target, room, lasting=False)


def targets(folder: Path) -> list[tuple[str, int]]:
    """What was decided about whom how often, as the audit record says."""
    database = sqlite3.connect(folder / FILE)
    rows = database.execute("SELECT target, count(*) FROM audit GROUP BY target ORDER BY target").fetchall()
    database.close()
    return rows


def test_what_ops_and_users_decide_is_bounded_for_each_room_and_each_name(tmp_path: Path) -> None:
    of_room = [passing("dev", "dev") for _ in range(DECISIONS_OF_ROOM + 5)]
    of_name = [passing("ada", None) for _ in range(DECISIONS_OF_NAME + 5)]
    others = [passing("den", "den"), passing("bob", None), *[Decision("t", "root", "ban", "eve")] * 1_100]
    reopened(tmp_path, *others, *of_room, *of_name)
    assert dict(targets(tmp_path)) == {
        "dev": DECISIONS_OF_ROOM, "ada": DECISIONS_OF_NAME, "den": 1, "bob": 1, "eve": 1_100
    }  # fmt: skip


def test_what_ops_and_users_decide_goes_as_messages_do(tmp_path: Path) -> None:
    reopened(
        tmp_path, *(passing(f"{number}", "dev", number) for number in range(3)), Decision("t0", "root", "ban", "eve")
    )
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    assert [wait(store.drop_decisions("t00002")) for _ in range(2)] == [2, 0]
    store.close()
    assert targets(tmp_path) == [("2", 1), ("eve", 1)]
