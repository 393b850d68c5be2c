"""Each party has the private messages that it said and heard, until it is gone; a text goes when nobody has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from history.stores import REACTOR, deleted, wait

from chat.core.accounts import StoredAccount
from chat.core.events import Message, Sent
from chat.core.facts import (
    Between,
    Contents,
    PresencesEnded,
    ReadWith,
    Record,
    Registered,
    RoomForgotten,
    Said,
    Unregistered,
)
from chat.core.ports import Conversation, ConversationsOf, Missed, Query, Search, UnreadOf
from chat.core.private import cost
from chat.history import conversations
from chat.history.memory import MemoryStore
from chat.history.sqlite import DROPPED_AT_ONCE, SqliteStore
from chat.history.store import Page, Store

ADA, BOB, EVE = -10, 2, -30
"""Three parties: an account that was registered, one that the operator made, and a user without an account."""
ACCOUNTS = (Registered(1, "ada", "hash", ADA), Registered(2, "bob", "hash"))
NAMES = {ADA: "ada", BOB: "bob", EVE: "eve"}


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each kind, open, with the accounts."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(REACTOR, tmp_path)
    store.open()
    wait(store.append(ACCOUNTS))
    yield store
    store.close()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteStore]:
    """A store in a file, open, with the accounts."""
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    wait(store.append(ACCOUNTS))
    yield store
    store.close()


def said(
    number: int, author: int, other: int, text: str = "hello", *, heard: bool = True, token: str | None = None
) -> Said:
    """A private message."""
    sender = str(author) if author != EVE else "192.0.2.1"
    tag = f"tag {number}" if token else None
    message = Message(
        id=number, time=f"t{number:02}", to=NAMES[other], author=NAMES[author], kind="say", text=text, tag=tag
    )
    return Said(message, token, between=Between(author, other, sender, heard))


def keep(store: Store, *records: Record) -> None:
    """Keep records."""
    wait(store.append(records))


def ids(messages: Page | Sequence[Message]) -> list[int]:
    """The ids of messages."""
    return [message.id for message in (messages.messages if isinstance(messages, Page) else messages)]


def between(store: Store, party: int, other: int) -> list[int]:
    """The ids of what a party has of its conversation with another."""
    return ids(wait(store.read(Query(None, 99, 99, party=party, other=other))))


def missed(store: Store, party: int, **fields: object) -> list[int]:
    """The ids of what a party has missed."""
    return ids(wait(store.missed(Missed(party, 99, **fields), 99)))  # type: ignore[arg-type]


def searched(store: Store, word: str, party: int = 0, other: int = 0) -> list[int]:
    """The ids of what is found."""
    return ids(wait(store.search(Search(((word,),) if word else (), 99, 99, party=party, other=other))))


def listed(store: Store, party: int) -> Sequence[Conversation]:
    """The conversations of a party."""
    return wait(store.conversations(ConversationsOf(party, 99, 99)))


def test_both_sides_have_what_was_said(store: Store) -> None:
    keep(store, said(1, ADA, BOB), said(2, BOB, ADA), said(3, EVE, ADA), said(4, BOB, EVE))
    assert (between(store, ADA, BOB), between(store, BOB, ADA)) == ([1, 2], [1, 2])
    assert (between(store, ADA, EVE), between(store, EVE, BOB), between(store, EVE, EVE)) == ([3], [4], [])
    page = wait(store.read(Query(None, 99, 1, party=ADA, other=BOB)))
    assert (ids(page), page.more) == ([2], True)
    page = wait(store.read(Query(None, 99, 1, after=0, newest=False, party=ADA, other=BOB)))
    assert (ids(page), page.more) == ([1], True)
    page = wait(store.read(Query(None, 99, 9, since="t02", until="t03", party=ADA, other=BOB)))
    assert ids(page) == [2]


def test_each_side_is_shown_it_with_the_other(store: Store) -> None:
    keep(store, said(1, ADA, BOB, token="phone"), said(2, ADA, ADA))
    (mine,) = wait(store.read(Query(None, 2, 9, party=ADA, other=BOB, token="phone"))).messages
    (elsewhere,) = wait(store.read(Query(None, 2, 9, party=ADA, other=BOB, token="laptop"))).messages
    (heard,) = wait(store.read(Query(None, 2, 9, party=BOB, other=ADA))).messages
    assert (type(mine), mine.with_, mine.tag) == (Sent, str(BOB), "tag 1")
    assert (type(elsewhere), elsewhere.with_, elsewhere.tag) == (Sent, str(BOB), None)
    assert (type(heard), heard.with_) == (Message, str(ADA))
    (note,) = wait(store.read(Query(None, 9, 9, party=ADA, other=ADA))).messages
    assert (type(note), note.with_) == (Message, str(ADA))


def test_who_ignores_the_author_has_nothing(store: Store) -> None:
    keep(store, said(1, EVE, ADA, heard=False))
    assert (between(store, EVE, ADA), between(store, ADA, EVE), listed(store, ADA)) == ([1], [], [])
    stored = wait(store.message(1))
    assert stored is not None
    assert stored.between == Between(EVE, ADA, "192.0.2.1", heard=False)


def test_what_is_unread_is_what_others_said_behind_the_mark(store: Store) -> None:
    keep(store, said(1, BOB, ADA), said(2, ADA, BOB), said(3, BOB, ADA), said(4, EVE, ADA), said(5, ADA, ADA))
    assert missed(store, ADA, unread=True) == [1, 3, 4]
    assert missed(store, ADA, unread=True, newest={BOB: 3}) == [3, 4]
    unread = wait(store.unread(UnreadOf(ADA, 99, recent=2, most=1)))
    assert (unread.senders, unread.count) == ([(EVE, "eve", 1), (BOB, "bob", 2)], 3)
    assert (unread.recent, unread.newest) == (4, {BOB: 3})
    keep(store, ReadWith(ADA, BOB, 1))
    assert missed(store, ADA, unread=True) == [3, 4]
    keep(store, ReadWith(ADA, BOB, 3), ReadWith(ADA, BOB, 1), ReadWith(ADA, 77, 9))
    assert missed(store, ADA, unread=True) == [4]
    assert missed(store, BOB, unread=True) == [2]
    assert missed(store, ADA) == [1, 2, 3, 4, 5]
    assert missed(store, ADA, after=3) == [4, 5]


def test_a_session_is_sent_again_what_others_said_and_what_was_said_on_other_devices(store: Store) -> None:
    keep(
        store, said(1, BOB, ADA), said(2, ADA, BOB, token="phone"), said(3, ADA, BOB, token="laptop"), said(4, ADA, BOB)
    )
    assert missed(store, ADA, own=False, token="phone") == [1, 3, 4]
    assert missed(store, ADA, own=False) == [1, 2, 3]


def test_the_list_has_the_newest_first(store: Store) -> None:
    keep(store, said(1, BOB, ADA), said(2, BOB, ADA), said(3, EVE, ADA), said(4, ADA, BOB), ReadWith(ADA, BOB, 1))
    assert listed(store, ADA) == [
        Conversation(BOB, 4, 1, "bob", "t04", 1),
        Conversation(EVE, 3, 0, "eve", "t03", 1),
    ]
    assert wait(store.conversations(ConversationsOf(ADA, 4, 9)))[0].other == EVE
    assert len(wait(store.conversations(ConversationsOf(ADA, 99, 1)))) == 1


def test_private_messages_are_found_by_who_has_them_only(store: Store) -> None:
    keep(store, said(1, ADA, BOB, "green tea"), said(2, EVE, ADA, "green apples"), said(3, BOB, BOB, "green"))
    assert searched(store, "green") == []
    assert searched(store, "green", ADA) == [2, 1]
    assert searched(store, "green", ADA, EVE) == [2]
    assert searched(store, "", ADA, BOB) == [1]
    assert searched(store, "green", BOB, BOB) == [3]
    assert searched(store, "apples", BOB) == []
    assert searched(store, "green", EVE, BOB) == []


def test_what_is_erased_is_gone_for_both(store: Store) -> None:
    keep(store, said(1, ADA, BOB, "tea"), said(2, ADA, BOB, "milk"), deleted(2, "ada"))
    assert (between(store, ADA, BOB), between(store, BOB, ADA)) == ([1], [1])
    assert (searched(store, "milk", ADA), searched(store, "tea", ADA)) == ([], [1])
    assert wait(store.spent(str(ADA))) == cost("tea")
    keep(store, deleted(1, "ada"))
    assert (listed(store, ADA), listed(store, BOB), wait(store.spent(str(ADA)))) == ([], [], 0)


def test_what_is_dropped_is_gone_for_both(store: Store) -> None:
    keep(store, said(1, ADA, BOB, "tea"), said(2, ADA, EVE, "milk"), said(3, BOB, ADA, "sugar"))
    assert wait(store.drop(None, 2)) == 2
    assert (between(store, ADA, BOB), [one.other for one in listed(store, ADA)], listed(store, EVE)) == ([3], [BOB], [])
    assert (searched(store, "tea", ADA), searched(store, "sugar", ADA)) == ([], [3])
    assert wait(store.spent(str(ADA))) == 0


def test_registering_moves_nothing(store: Store) -> None:
    keep(store, said(1, EVE, BOB), Registered(3, "eve", "hash", EVE), said(2, EVE, BOB))
    assert (between(store, EVE, BOB), between(store, BOB, EVE)) == ([1, 2], [1, 2])


# -- parties that are gone


def texts(store: SqliteStore) -> set[int]:
    """The ids of the private messages that have a text."""
    rows = store._reader.execute("SELECT id FROM messages WHERE room IS NULL AND text <> ''")
    return {number for (number,) in rows}


def clean(store: SqliteStore) -> None:
    """Wait until the thread that writes has taken away what nobody has any more."""
    wait(store.append([RoomForgotten("nowhere")]))
    while store._reader.execute("SELECT 1 FROM ended").fetchone() is not None:
        wait(store.append([RoomForgotten("nowhere")]))


def test_a_text_goes_when_neither_side_has_it(file: SqliteStore) -> None:
    keep(
        file, said(1, EVE, BOB), said(2, BOB, EVE), said(3, ADA, BOB), said(4, EVE, BOB, heard=False), said(5, EVE, EVE)
    )
    keep(file, PresencesEnded((EVE,)))
    clean(file)
    assert texts(file) == {1, 2, 3}
    assert (between(file, BOB, EVE), between(file, EVE, BOB)) == ([1, 2], [])
    keep(file, Unregistered(2))
    clean(file)
    assert texts(file) == {3}
    assert between(file, ADA, BOB) == [3]
    keep(file, Unregistered(1))
    clean(file)
    assert texts(file) == set()
    for table in ("copies", "private", "conversations", "spent", "ended"):
        assert file._reader.execute(f"SELECT * FROM {table}").fetchall() == []  # noqa: S608


def test_much_goes_little_by_little_and_goes_on_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    keep(store, *(said(number, EVE, BOB, heard=False) for number in range(1, 2 * DROPPED_AT_ONCE)))
    with monkeypatch.context() as patched:
        patched.setattr(SqliteStore, "_clean", lambda self: None)
        keep(store, PresencesEnded((EVE,)))
    assert conversations.clean(store._writer, DROPPED_AT_ONCE)
    assert len(texts(store)) == DROPPED_AT_ONCE - 1
    store.close()
    again = SqliteStore(REACTOR, tmp_path)
    again.open()
    clean(again)
    assert texts(again) == set()
    again.close()


def test_a_new_process_knows_what_was_spent_and_which_guests_have_not_read_what(tmp_path: Path) -> None:
    def reopened(*records: Record) -> Contents:
        store = SqliteStore(REACTOR, tmp_path)
        store.open()
        keep(store, *records)
        store.close()
        again = SqliteStore(REACTOR, tmp_path)
        contents = again.open()
        again.close()
        return contents

    contents = reopened(*ACCOUNTS, said(1, ADA, EVE), said(2, ADA, EVE), said(3, BOB, ADA), said(4, EVE, ADA, "tea"))
    assert list(contents.accounts) == [StoredAccount(1, "ada", "hash", presence=ADA), StoredAccount(2, "bob", "hash")]
    assert contents.presences == [EVE]
    assert contents.unheard == [(EVE, ADA, 2)]
    assert contents.spent == {str(ADA): 2 * cost("hello"), str(BOB): cost("hello"), "192.0.2.1": cost("tea")}
    assert reopened(ReadWith(EVE, ADA, 2)).unheard == []
    assert reopened(PresencesEnded((EVE,))).presences == []
