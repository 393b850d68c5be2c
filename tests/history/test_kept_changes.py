"""Messages are read as they are now, and who was away is told what changed: in order, and the newest of each kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from history.stores import REACTOR, wait
from msgspec import structs

from chat.core.accounts import StoredAccount
from chat.core.events import AnyChange, Deleted, Edited, Message, Pinned, Reacted, Reaction
from chat.core.facts import Between, Changed, Contents, PresencesEnded, Record, Registered, Said, Unregistered, WordsSet
from chat.core.ports import Missed, Query, Search, StoredToken
from chat.core.private import cost
from chat.history import changes
from chat.history.changes import DONE_EACH
from chat.history.directory import FILE
from chat.history.memory import MemoryStore
from chat.history.sqlite import SqliteStore
from chat.history.store import Page, Store

ADA, BOB, EVE = -10, -20, -30
"""Three parties, of whom ada and bob have accounts."""
NAMES = {ADA: "ada", BOB: "bob", EVE: "eve"}
ACCOUNTS = (Registered(1, "ada", "hash", ADA), Registered(2, "bob", "hash", BOB))


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store of each kind, open, with the accounts."""
    store: Store = MemoryStore() if request.param == "memory" else SqliteStore(REACTOR, tmp_path)
    store.open()
    wait(store.append(ACCOUNTS))
    yield store
    store.close()


@pytest.fixture
def again(tmp_path: Path) -> Iterator[Callable[[], tuple[SqliteStore, Contents]]]:
    """Opens a store in a file, and each time later closes it and opens it again."""
    stores: list[SqliteStore] = []

    def reopen() -> tuple[SqliteStore, Contents]:
        if stores:
            stores.pop().close()
        store = SqliteStore(REACTOR, tmp_path)
        contents = store.open()
        stores.append(store)
        return store, contents

    yield reopen
    stores.pop().close()


def said(
    number: int, text: str = "hello", *, room: str = "lobby", by: int = ADA, answers: int = 0, **fields: Any
) -> Said:
    """A message in a room."""
    message = Message(id=number, time="t", room=room, author=NAMES[by], kind="say", text=text, **fields)
    return Said(message, author=by, answers=answers)


def letter(number: int, by: int, to: int, text: str = "psst", *, heard: bool = True, **fields: Any) -> Said:
    """A private message."""
    message = Message(id=number, time="t", to=NAMES[to], author=NAMES[by], kind="say", text=text, **fields)
    return Said(message, author=by, recipient=to, between=Between(by, to, str(by), heard))


def edited(number: int, rev: int, text: str, room: str | None = "lobby", by: int = ADA) -> Changed:
    """The text of a message is another one."""
    return Changed(Edited(id=number, rev=rev, room=room, by=NAMES[by], time=f"t{rev}", text=text), by)


def deleted(number: int, rev: int, room: str | None = "lobby", by: int = ADA) -> Changed:
    """A message is gone."""
    return Changed(Deleted(id=number, rev=rev, room=room, by=NAMES[by], time=f"t{rev}"), by)


def reacted(number: int, rev: int, text: str, by: int, on: bool = True, room: str | None = "lobby") -> Changed:
    """Somebody has reacted to a message, or taken that back."""
    event = Reacted(id=number, rev=rev, room=room, by=NAMES[by], time=f"t{rev}", text=text, on=on, count=0)
    return Changed(event, by)


def pinned(number: int, rev: int, on: bool = True, room: str = "lobby") -> Changed:
    """A message is pinned, or no longer."""
    event = Pinned(id=number, rev=rev, room=room, by="bob", time=f"t{rev}", on=on, author="", text="")
    return Changed(event, BOB)


def tagged(change: Changed, tag: str, token: str) -> Changed:
    """The *change* was made under a token."""
    return Changed(structs.replace(change.event, tag=tag), change.party, token)


def keep(store: Store, *records: Record) -> None:
    wait(store.append(list(records)))


def read(store: Store, party: int = 0, room: str = "lobby") -> dict[int, Message]:
    """The messages of a room, as *party* sees them."""
    page = wait(store.read(Query(room, 99, 99, party=party)))
    return {message.id: message for message in page.messages}


def talk(store: Store, party: int, other: int, **wanted: Any) -> Page:
    """What a party has of its conversation with another."""
    return wait(store.read(Query(None, 99, 99, party=party, other=other, **wanted)))


def since(store: Store, known: int, count: int = 99, room: str = "lobby") -> list[list[Message | AnyChange]]:
    """What whoever knew all up to a number is shown of a room, page by page."""
    pages = []
    query = Query(room, 99, count, after=known, newest=False, known=known)
    while True:
        page = wait(store.read(query))
        pages.append(list(page.events))
        if not page.more:
            return pages
        last = page.events[-1]
        after = last.id if isinstance(last, Message) else last.rev
        query = Query(room, 99, count, after=after, newest=False, known=known)


def numbers(events: Sequence[Message | AnyChange]) -> list[int]:
    return [event.id if isinstance(event, Message) else event.rev for event in events]


# -- messages as they are now


def test_an_edited_message_has_its_new_text_and_when_it_was_edited(store: Store) -> None:
    keep(store, said(1, "grean tea"), edited(1, 2, "green tea"), edited(1, 3, "green tea?\nor black"))
    assert read(store)[1].text == "green tea?\nor black"
    assert read(store)[1].edited == "t3"
    found = wait(store.search(Search((("green",),), 99, 9)))
    assert [(message.text, message.edited) for message in found.messages] == [("green tea?\nor black", "t3")]
    assert wait(store.search(Search((("grean",),), 99, 9))).messages == []
    stored = wait(store.message(1))
    assert stored is not None
    assert stored.message == read(store)[1]


def test_reactions_are_summed_in_the_order_in_which_they_came(store: Store) -> None:
    keep(store, said(1), reacted(1, 2, "👍", ADA), reacted(1, 3, "ok", BOB), reacted(1, 4, "👍", BOB))
    keep(store, said(5), reacted(1, 6, "👍", EVE), reacted(1, 7, "👍", ADA, on=False))
    assert read(store)[1].reactions == (Reaction(text="👍", count=2), Reaction(text="ok", count=1))
    assert read(store, BOB)[1].reactions == (
        Reaction(text="👍", count=2, mine=True),
        Reaction(text="ok", count=1, mine=True),
    )
    assert read(store, ADA)[1].reactions == (Reaction(text="👍", count=2), Reaction(text="ok", count=1))
    assert read(store)[5].reactions == ()


def test_a_reaction_that_all_have_taken_back_begins_anew(store: Store) -> None:
    keep(store, said(1), reacted(1, 2, "👍", ADA), reacted(1, 3, "ok", BOB), reacted(1, 4, "👍", ADA, on=False))
    assert read(store)[1].reactions == (Reaction(text="ok", count=1),)
    keep(store, reacted(1, 5, "👍", ADA))
    assert [reaction.text for reaction in read(store)[1].reactions] == ["ok", "👍"]


def test_a_reaction_that_is_made_twice_counts_once(store: Store) -> None:
    keep(store, said(1), reacted(1, 2, "👍", ADA), reacted(1, 2, "👍", ADA), reacted(1, 3, "👍", ADA))
    assert read(store)[1].reactions == (Reaction(text="👍", count=1),)


def test_a_message_is_pinned_until_that_is_taken_back(store: Store) -> None:
    keep(store, said(1), said(2), pinned(1, 3), pinned(2, 4), pinned(1, 5, on=False))
    assert [message.pinned for message in read(store).values()] == [False, True]
    assert [message.pinned for message in wait(store.messages([2, 1, 7], ADA))] == [False, True]


def test_what_is_asked_for_by_id_comes_from_rooms_only_in_the_order_of_the_ids(store: Store) -> None:
    keep(store, said(1), letter(2, ADA, BOB), said(3, room="dev"), deleted(1, 4), reacted(3, 5, "ok", ADA))
    found = wait(store.messages([3, 2, 1, 3], ADA))
    assert [(message.id, message.reactions) for message in found] == [
        (3, (Reaction(text="ok", count=1, mine=True),)),
    ]


def test_a_notice_and_what_is_for_everybody_stay_so(store: Store) -> None:
    keep(store, said(1, notice=True), said(2, all=True), said(3))
    assert [(message.notice, message.all) for message in read(store).values()] == [
        (True, False),
        (False, True),
        (False, False),
    ]


def test_what_is_found_has_all_that_its_reader_is_to_see(store: Store) -> None:
    keep(store, said(1, "tea"), reacted(1, 2, "ok", BOB), said(3, "more tea", re=1), pinned(3, 4))
    found = wait(store.search(Search((("tea",),), 99, 9, reader=BOB)))
    assert [(message.pinned, message.re_text) for message in found.messages] == [(True, "tea"), (False, None)]
    assert found.messages[1].reactions == (Reaction(text="ok", count=1, mine=True),)


# -- answers


def test_an_answer_quotes_the_first_line_of_the_message_as_it_is_now(store: Store) -> None:
    keep(store, said(1, f"{'x' * 79} yz\nmore"), said(2, "yes", re=1, by=BOB, answers=ADA))
    assert (read(store)[2].re, read(store)[2].re_author) == (1, "ada")
    assert read(store)[2].re_text == f"{'x' * 79}…"
    keep(store, edited(1, 3, "green tea?\nor black"))
    assert read(store)[2].re_text == "green tea?"
    stored = wait(store.message(2))
    assert stored is not None
    assert (stored.answers, stored.message.re_text) == (ADA, "green tea?")


def test_nothing_is_quoted_of_what_is_gone(store: Store) -> None:
    keep(store, said(1), said(2, re=1), deleted(1, 3), said(4, re=77))
    for number in (2, 4):
        assert read(store)[number].re in (1, 77)
        assert (read(store)[number].re_author, read(store)[number].re_text) == (None, None)


def test_nothing_is_quoted_of_another_place(store: Store) -> None:
    keep(store, said(1, "secret", room="dev"), letter(2, ADA, BOB, "secret"), said(3, re=1), said(4, re=2))
    keep(store, letter(5, ADA, EVE, re=2), letter(6, ADA, EVE, re=3), letter(7, ADA, BOB, re=2))
    assert [message.re_text for message in read(store).values()] == [None, None]
    assert [message.re_text for message in talk(store, EVE, ADA).messages] == [None, None]
    assert [message.re_text for message in talk(store, BOB, ADA).messages] == [None, "secret"]
    assert [message.re_author for message in talk(store, ADA, BOB).messages] == [None, "ada"]


def test_what_a_party_was_not_shown_is_not_quoted_to_it(store: Store) -> None:
    keep(store, letter(1, ADA, BOB, "not heard", heard=False), letter(2, ADA, BOB, re=1))
    assert [message.re_text for message in talk(store, ADA, BOB).messages] == [None, "not heard"]
    assert [message.re_text for message in talk(store, BOB, ADA).messages] == [None]


# -- what was missed


def test_changes_come_in_their_order_between_the_messages(store: Store) -> None:
    keep(store, said(1, "one"), said(2, "two"), said(3, "three"))
    keep(store, edited(1, 4, "ONE"), said(5), reacted(2, 6, "ok", BOB), pinned(3, 7), said(8), deleted(2, 9))
    (page,) = since(store, 3)
    assert page == [
        Edited(id=1, rev=4, room="lobby", by="ada", time="t4", text="ONE"),
        read(store)[5],
        Pinned(id=3, rev=7, room="lobby", by="bob", time="t7", on=True, author="ada", text="three"),
        read(store)[8],
        Deleted(id=2, rev=9, room="lobby", by="ada", time="t9"),
    ]


def test_of_messages_that_are_shown_as_they_are_now_no_changes_come(store: Store) -> None:
    keep(store, said(1), said(2), edited(2, 3, "new"), reacted(2, 4, "ok", BOB), edited(1, 5, "newer"), pinned(2, 6))
    (page,) = since(store, 1)
    assert numbers(page) == [2, 5]
    assert (read(store)[2].text, read(store)[2].pinned) == ("new", True)


def test_only_the_newest_of_each_kind_comes(store: Store) -> None:
    keep(store, said(1), edited(1, 2, "a"), edited(1, 3, "b"), pinned(1, 4), edited(1, 5, "c"), pinned(1, 6, on=False))
    (page,) = since(store, 1)
    assert page == [
        Edited(id=1, rev=5, room="lobby", by="ada", time="t5", text="c"),
        Pinned(id=1, rev=6, room="lobby", by="bob", time="t6", on=False, author="ada", text="c"),
    ]


def test_of_reactions_the_newest_of_each_text_and_party_comes_with_the_count_of_now(store: Store) -> None:
    keep(store, said(1), reacted(1, 2, "ok", ADA), reacted(1, 3, "ok", BOB), reacted(1, 4, "no", BOB))
    keep(store, reacted(1, 5, "ok", ADA, on=False), reacted(1, 6, "ok", EVE), reacted(1, 7, "ok", EVE, on=False))
    (page,) = since(store, 1)
    reactions = [
        (event.rev, event.by, event.text, event.on, event.count) for event in page if isinstance(event, Reacted)
    ]
    assert reactions == [
        (3, "bob", "ok", True, 1),
        (4, "bob", "no", True, 1),
        (5, "ada", "ok", False, 1),
        (7, "eve", "ok", False, 1),
    ]


def test_pages_hold_messages_and_changes_together(store: Store) -> None:
    keep(
        store, said(1), said(2), edited(1, 3, "new"), said(4), pinned(2, 5), reacted(2, 6, "ok", ADA), said(7), said(8)
    )
    keep(store, edited(2, 9, "new"), reacted(2, 10, "ok", BOB))
    for count in range(1, 10):
        pages = since(store, 2, count)
        assert [len(page) for page in pages[:-1]] == [count] * (len(pages) - 1)
        assert [number for page in pages for number in numbers(page)] == [3, 4, 5, 6, 7, 8, 9, 10]
        assert len(pages) == -(-8 // count)


def test_what_is_changed_between_two_pages_is_shown_once_as_it_is_now(store: Store) -> None:
    keep(store, said(1), edited(1, 2, "a"), said(3), said(4))
    first = wait(store.read(Query("lobby", 99, 2, after=1, newest=False, known=1)))
    assert numbers(first.events) == [2, 3]
    assert first.more
    keep(store, edited(1, 5, "b"))
    rest = wait(store.read(Query("lobby", 99, 2, after=3, newest=False, known=1)))
    assert numbers(rest.events) == [4, 5]
    assert not rest.more


def test_a_page_ends_before_the_number_that_was_given(store: Store) -> None:
    keep(store, said(1), edited(1, 2, "a"), pinned(1, 3))
    page = wait(store.read(Query("lobby", 3, 9, newest=False, after=1, known=1)))
    assert numbers(page.events) == [2]
    assert not page.more


def test_other_rooms_have_their_own_changes(store: Store) -> None:
    keep(store, said(1), said(2, room="dev"), edited(1, 3, "a"), edited(2, 4, "b", room="dev"))
    assert [numbers(page) for page in since(store, 2)] == [[3]]
    assert [numbers(page) for page in since(store, 2, room="dev")] == [[4]]


def test_who_asks_for_no_changes_gets_none(store: Store) -> None:
    keep(store, said(1), said(2), edited(1, 3, "a"))
    page = wait(store.read(Query("lobby", 99, 9, after=1, newest=False)))
    assert numbers(page.events) == [2]


def test_a_tag_comes_back_to_whoever_made_the_change(store: Store) -> None:
    keep(store, said(1), tagged(edited(1, 2, "a"), "t1", "digest"))
    for token, tag in (("digest", "t1"), ("other", None), (None, None)):
        page = wait(store.read(Query("lobby", 99, 9, after=1, newest=False, known=1, token=token)))
        assert [change.tag for change in page.changes] == [tag]


# -- faults


def test_an_edit_of_a_deleted_message_is_nothing(store: Store) -> None:
    keep(store, said(1, "a"), deleted(1, 2), edited(1, 3, "b"), reacted(1, 4, "ok", BOB), pinned(1, 5))
    assert read(store) == {}
    assert wait(store.search(Search((("b",),), 99, 9))).messages == []
    assert [numbers(page) for page in since(store, 1)] == [[2]]


def test_a_deletion_takes_all_other_changes_along(store: Store) -> None:
    keep(store, said(1), edited(1, 2, "b"), reacted(1, 3, "ok", BOB), pinned(1, 4), deleted(1, 5), deleted(1, 6))
    (page,) = since(store, 1)
    assert page == [Deleted(id=1, rev=5, room="lobby", by="ada", time="t5")]


def test_a_change_that_is_kept_twice_is_there_once(store: Store) -> None:
    for _ in range(2):
        keep(store, said(1) if not read(store) else said(9), edited(1, 2, "b"), reacted(1, 3, "ok", BOB), pinned(1, 4))
    assert [numbers(page) for page in since(store, 1)] == [[2, 3, 4, 9]]
    assert read(store)[1].reactions == (Reaction(text="ok", count=1),)


def test_retention_takes_the_changes_along(store: Store) -> None:
    keep(store, said(1), said(2), said(3), edited(1, 4, "b"), deleted(2, 5), pinned(1, 6), reacted(3, 7, "ok", ADA))
    while wait(store.drop("lobby", 2)):
        pass
    assert [numbers(page) for page in since(store, 3)] == [[7]]
    keep(store, edited(1, 8, "late"), pinned(1, 9), reacted(1, 10, "ok", BOB), deleted(1, 11))
    assert [numbers(page) for page in since(store, 3)] == [[7]]
    assert list(read(store)) == [3]


def test_retention_of_another_room_leaves_them(store: Store) -> None:
    keep(store, said(1), said(2, room="dev"), pinned(1, 3), pinned(2, 4, room="dev"), letter(5, ADA, BOB))
    keep(store, reacted(5, 6, "ok", BOB, room=None))
    while wait(store.drop("dev", 9)):
        pass
    assert [numbers(page) for page in since(store, 1)] == [[3]]
    assert [numbers(page) for page in since(store, 2, room="dev")] == [[]]
    assert numbers(wait(store.missed(Missed(ADA, 99, 5, known=5), 9)).events) == [6]
    while wait(store.drop(None, 9)):
        pass
    assert numbers(wait(store.missed(Missed(ADA, 99, 5, known=5), 9)).events) == []


def test_memory_is_given_back_with_the_messages() -> None:
    store = MemoryStore(capacity=20_000)
    store.open()
    revs = iter(range(2, 10_000, 2))
    for number in range(1, 2_001, 2):
        keep(store, said(number, "x" * 50), reacted(number, next(revs), "ok", ADA))
        if number % 3 == 0:
            keep(store, deleted(number, number + 5_000_000))
    assert 5 < len(wait(store.read(Query("lobby", 9_999, 999))).messages) < 50
    assert len(store._changes) < 70
    assert len(store._changes._deleted) < 70
    assert len(store._changes._reactions) < 70


# -- private messages


def test_the_words_of_an_edited_private_message_are_found_and_its_sender_has_spent_what_it_takes(store: Store) -> None:
    keep(store, letter(1, ADA, BOB, "grean tea"), edited(1, 2, "green tea, much of it", room=None))
    for party, other in ((ADA, BOB), (BOB, ADA)):
        assert [(message.text, message.edited) for message in talk(store, party, other).messages] == [
            ("green tea, much of it", "t2")
        ]
        assert len(wait(store.search(Search((("green",),), 99, 9, party=party))).messages) == 1
        assert wait(store.search(Search((("grean",),), 99, 9, party=party))).messages == []
    assert wait(store.spent(str(ADA))) == cost("green tea, much of it")
    keep(store, deleted(1, 3, room=None))
    assert wait(store.spent(str(ADA))) == 0


def test_both_parties_are_shown_what_changed_between_them(store: Store) -> None:
    keep(store, letter(1, ADA, BOB), letter(2, BOB, ADA, "yes"), letter(3, ADA, EVE))
    keep(
        store, edited(1, 4, "new", room=None), reacted(2, 5, "ok", ADA, room=None), reacted(3, 6, "ok", EVE, room=None)
    )
    for party, other in ((ADA, BOB), (BOB, ADA)):
        page = talk(store, party, other, after=3, newest=False, known=3)
        assert page.events == [
            Edited(id=1, rev=4, room=None, by="ada", time="t4", text="new", with_=str(other)),
            Reacted(id=2, rev=5, room=None, by="ada", time="t5", text="ok", on=True, count=1, with_=str(other)),
        ]
    assert numbers(wait(store.missed(Missed(ADA, 99, 3, known=3), 9)).events) == [4, 5, 6]
    assert numbers(wait(store.missed(Missed(BOB, 99, 3, known=3), 9)).events) == [4, 5]
    first = wait(store.missed(Missed(ADA, 99, 3, known=3), 2))
    assert (numbers(first.events), first.more) == ([4, 5], True)
    assert talk(store, ADA, BOB).messages[1].reactions == (Reaction(text="ok", count=1, mine=True),)
    assert talk(store, BOB, ADA).messages[1].reactions == (Reaction(text="ok", count=1),)


def test_a_deletion_is_shown_to_those_who_had_the_message(store: Store) -> None:
    keep(store, letter(1, ADA, BOB), letter(2, ADA, BOB, heard=False), letter(3, ADA, ADA))
    keep(store, deleted(1, 4, room=None), deleted(2, 5, room=None), deleted(3, 6, room=None))
    for party, revs in ((ADA, [4, 5, 6]), (BOB, [4]), (EVE, [])):
        assert numbers(wait(store.missed(Missed(party, 99, 3, known=3), 9)).events) == revs
    assert talk(store, BOB, ADA, after=3, newest=False, known=3).events == [
        Deleted(id=1, rev=4, room=None, by="ada", time="t4", with_=str(ADA))
    ]


def test_an_edit_that_was_not_heard_is_not_shown(store: Store) -> None:
    keep(store, letter(1, ADA, BOB, heard=False), edited(1, 2, "new", room=None))
    assert numbers(wait(store.missed(Missed(ADA, 99, 1, known=1), 9)).events) == [2]
    assert numbers(wait(store.missed(Missed(BOB, 99, 1, known=1), 9)).events) == []


def test_a_party_that_is_gone_leaves_nothing(store: Store, tmp_path: Path) -> None:
    keep(store, letter(1, ADA, EVE), letter(2, ADA, EVE), edited(1, 3, "a", room=None), deleted(2, 4, room=None))
    keep(store, PresencesEnded((EVE,)))
    assert numbers(wait(store.missed(Missed(ADA, 99, 2, known=2), 9)).events) == [3, 4]
    keep(store, Unregistered(1, -40))
    keep(store)
    if isinstance(store, MemoryStore):
        assert not store._changes
        return
    keep(store)
    with closing(sqlite3.connect(tmp_path / FILE)) as file:
        for table in ("changes", "private_changes", "details"):
            assert file.execute(f"SELECT * FROM {table}").fetchall() == []  # noqa: S608


# -- after a restart


def test_no_number_is_used_again(again: Callable[[], tuple[SqliteStore, Contents]]) -> None:
    store, _ = again()
    keep(store, said(1), said(2), edited(1, 3, "a"))
    store, contents = again()
    assert contents.last_id == 3
    keep(store, deleted(7, 4))
    store, contents = again()
    assert contents.last_id == 4
    keep(store, reacted(2, 5, "ok", ADA))
    wait(store.drop("lobby", 2))
    store, contents = again()
    assert contents.last_id == 5
    assert contents.rooms == []


def test_no_number_of_a_change_in_private_is_used_again(again: Callable[[], tuple[SqliteStore, Contents]]) -> None:
    store, _ = again()
    keep(store, letter(1, EVE, ADA, heard=False), edited(1, 2, "a", room=None), PresencesEnded((EVE,)))
    keep(store)
    keep(store)
    store, contents = again()
    assert contents.last_id == 2


def test_pins_come_back_in_the_order_in_which_they_were_made(again: Callable[[], tuple[SqliteStore, Contents]]) -> None:
    store, _ = again()
    keep(store, said(1), said(2), said(3), said(4, room="dev"), said(5))
    keep(store, pinned(3, 6), pinned(1, 7), pinned(4, 8, room="dev"), pinned(2, 9), pinned(3, 10), pinned(5, 11))
    keep(store, deleted(5, 12), pinned(2, 13, on=False))
    store, contents = again()
    assert contents.pins == {"lobby": [1, 3], "dev": [4]}
    wait(store.drop("lobby", 1))
    store, contents = again()
    assert contents.pins == {"lobby": [3], "dev": [4]}


def test_the_tags_of_changes_come_back_with_the_token(again: Callable[[], tuple[SqliteStore, Contents]]) -> None:
    store, _ = again()
    keep(store, said(1), said(2))
    keep(store, tagged(edited(1, 3, "a"), "t1", "digest"), tagged(edited(1, 4, "b"), "t2", "digest"))
    keep(store, tagged(reacted(2, 5, "ok", ADA), "t3", "digest"), tagged(deleted(1, 6), "t4", "digest"))
    keep(store, tagged(pinned(2, 7), "t5", "other"), pinned(2, 8))
    store, _ = again()
    done = (("edit", "t1"), ("edit", "t2"), ("react", "t3"), ("delete", "t4"))
    assert wait(store.token("digest", 9)) == StoredToken(done=done)
    assert wait(store.token("digest", 2)) == StoredToken(done=done[2:])
    assert wait(store.token("other", 9)) == StoredToken(done=(("pin", "t5"),))
    wait(store.drop("lobby", 9))
    assert wait(store.token("digest", 9)) is None


def test_so_many_tags_of_changes_are_kept(again: Callable[[], tuple[SqliteStore, Contents]]) -> None:
    store, _ = again()
    keep(store, said(1))
    changes = (reacted(1, number, "ok", ADA, on=number % 2 == 0) for number in range(2, DONE_EACH + 10))
    keep(store, *(tagged(change, f"t{change.event.rev}", "digest") for change in changes))
    token = wait(store.token("digest", DONE_EACH * 2))
    assert token is not None
    assert [tag for _, tag in token.done] == [f"t{number}" for number in range(10, DONE_EACH + 10)]


def test_own_words_belong_to_the_account(again: Callable[[], tuple[SqliteStore, Contents]]) -> None:
    store, _ = again()
    keep(store, *ACCOUNTS, WordsSet(1, ("deploy", "tea")), WordsSet(2, ("ops",)), WordsSet(1, ("tea", "coffee")))
    store, contents = again()
    assert contents.accounts == [
        StoredAccount(1, "ada", "hash", presence=ADA, words=["tea", "coffee"]),
        StoredAccount(2, "bob", "hash", presence=BOB, words=["ops"]),
    ]
    keep(store, WordsSet(2, ()), Unregistered(1, -40), Registered(3, "eve", "hash"))
    store, contents = again()
    assert [account.words for account in contents.accounts] == [(), ()]


# -- round a message


def test_what_was_said_round_a_message(store: Store) -> None:
    keep(store, *(said(number) for number in range(1, 10)), said(10, room="dev"), deleted(5, 11))
    for around, count, ids, before, after in (
        (4, 4, [2, 3, 4, 6], True, True),
        (4, 5, [2, 3, 4, 6, 7], True, True),
        (5, 4, [3, 4, 6, 7], True, True),
        (1, 4, [1, 2], False, True),
        (9, 4, [7, 8, 9], True, False),
        (99, 4, [8, 9], True, False),
        (4, 99, [1, 2, 3, 4, 6, 7, 8, 9], False, False),
        (4, 1, [4], True, True),
    ):
        page = wait(store.read(Query("lobby", 99, count, around=around)))
        assert ([message.id for message in page.messages], page.more_before, page.more) == (ids, before, after)


def test_what_was_said_round_a_private_message(store: Store) -> None:
    keep(store, *(letter(number, ADA, BOB) for number in (1, 3, 5)), *(letter(number, ADA, EVE) for number in (2, 4)))
    assert [message.id for message in talk(store, BOB, ADA, around=3).messages] == [1, 3, 5]


def reaction_steps(path: Path, parties: int) -> list[int]:
    """How many steps of SQLite it takes to read a message, to replay a reaction, and to react, if so many react."""
    store = SqliteStore(REACTOR, path)
    store.open()
    try:
        reaction = reacted(1, 2, "👍", ADA)
        numbered = [structs.replace(reaction.event, rev=10 + party) for party in range(1, parties)]
        keep(store, said(1), *(Changed(event, event.rev) for event in numbered))
        query = Query("lobby", 9999, 1, after=1, newest=False, known=1)
        taken = []
        for connection, do in (
            (store._reader, lambda: wait(store.message(1, ADA))),
            (store._reader, lambda: wait(store.read(query))),
            (store._writer, lambda: keep(store, Changed(structs.replace(reaction.event, rev=9000), ADA))),
        ):
            count: list[int] = []
            connection.set_progress_handler(partial(count.append, 1), 1)
            do()
            connection.set_progress_handler(None, 1)
            taken.append(len(count))
        return taken
    finally:
        store.close()


def test_a_message_takes_no_longer_the_more_react_to_it(tmp_path: Path) -> None:
    (tmp_path / "few").mkdir()
    (tmp_path / "many").mkdir()
    few, many = reaction_steps(tmp_path / "few", 10), reaction_steps(tmp_path / "many", 1000)
    assert all(one < 2 * other for one, other in zip(many, few, strict=True)), (few, many)


def test_so_many_reactions_that_were_taken_back_and_tags_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "TAKEN_BACK", 3)
    monkeypatch.setattr(changes, "DONE_OF", 5)
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    try:
        keep(store, *ACCOUNTS, said(1), letter(2, ADA, BOB))
        for number, room, first in ((1, "lobby", 10), (2, None, 50)):
            for rev in range(first, first + 40, 2):
                for on in (True, False):
                    change = reacted(number, rev + (not on), f"word{rev}", ADA, on, room)
                    keep(store, tagged(change, f"tag{rev + (not on)}", f"token{rev}"))
        keep(store, reacted(1, 95, "👍", BOB), reacted(2, 96, "👍", BOB, room=None))
        (events,) = since(store, 1)
        assert [(event.rev, event.on) for event in events if isinstance(event, Reacted)] == [
            *((rev, False) for rev in (45, 47, 49)),
            (95, True),
        ]
        private = wait(store.missed(Missed(BOB, 99, 2, known=2), 99))
        assert [event.rev for event in private.changes] == [85, 87, 89, 96]
        with closing(sqlite3.connect(tmp_path / FILE)) as connection:
            assert connection.execute("SELECT rev FROM done WHERE id = 1").fetchall() == [
                (rev,) for rev in range(45, 50)
            ]
            assert connection.execute("SELECT count(*) FROM private_changes").fetchone() == (8,)
    finally:
        store.close()
