"""A private message is refused to its sender, or gets to whom it is for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from box import Box, Client, SlowStore, SlowWork
from msgspec.structs import replace
from twisted.internet.defer import Deferred

from chat.core.limits import Limits
from chat.core.ports import Missed
from chat.core.private import OVERHEAD
from chat.core.text import size_in_words
from chat.history.memory import MemoryStore
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep, Page

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)
MANY = LIMITS.history_count
"""Of each sender so many are sent to a program that comes in and does not know of conversations."""


@pytest.fixture
def box() -> Box:
    """A chat in which ada and bob have accounts."""
    box = Box(limits=LIMITS)
    for name in ("ada", "bob"):
        box.make_account(name, HASH)
    return box


def slow_box(*names: str) -> tuple[Box, SlowStore]:
    """A chat whose history stores when the test says so, with accounts of these *names*."""
    store = SlowStore()
    box = Box(limits=LIMITS, store=store)
    for name in names:
        box.make_account(name, HASH)
    while store.waiting:
        store.store()
    return box, store


def login(box: Box, name: str, **fields: Any) -> Client:
    """A program that comes in with the password."""
    client = box.connect()
    client.ask(type="hello", name=name, password=PASSWORD, **fields)
    return client


def private(client: Client) -> list[str]:
    """The texts of the private messages that *client* was sent since the last look."""
    return [event["text"] for event in client.objects() if event["type"] == "message" and event.get("to")]


def unread(box: Box) -> list[str]:
    """The texts of all private messages that are not read."""
    store = box.store
    assert isinstance(store, MemoryStore)
    missed = [Missed(party, box.hub.next_id, unread=True) for party in store._copies]
    return [message.text for one in missed for message in succeeded(store.missed(one, 999)).messages]


def succeeded(deferred: Deferred[Page]) -> Page:
    """What there is at once."""
    pages: list[Page] = []
    deferred.addCallback(pages.append)
    return pages[0]


def kinds(client: Client) -> list[str]:
    """The types of what *client* was sent since the last look; of messages their texts."""
    return [event["text"] if event["type"] == "message" else event["type"] for event in client.objects()]


# -- to those who come in at the same moment


@pytest.mark.parametrize("waiting", [False, True], ids=["nothing waits", "another waits"])
def test_what_is_said_to_somebody_just_before_they_come_in_is_shown_once_and_behind_the_welcome(waiting: bool) -> None:
    box, _ = slow_box("bob")
    eve = box.json("eve")
    before = ["before"] if waiting else []
    for text in before:
        eve.ask(type="msg", name="bob", text=text)
    box.settle()
    eve.ask(type="msg", name="bob", text="now")
    bob = login(box, "bob")
    box.settle()
    seen = kinds(bob)
    assert seen[0] == "welcome"
    assert [text for text in seen if text in ("before", "now")] == [*before, "now"]


@pytest.mark.parametrize("waiting", [False, True], ids=["nothing waits", "another waits"])
def test_what_is_said_to_somebody_just_before_they_resume_is_shown_once_and_behind_the_welcome(waiting: bool) -> None:
    box, _ = slow_box()
    bob, eve = box.connect(), box.json("eve")
    bob.ask(type="hello", name="bob")
    token = bob.objects()[0]["token"]
    before = ["before"] if waiting else []
    bob.lose()
    for text in before:
        eve.ask(type="msg", name="bob", text=text)
    box.settle()
    eve.ask(type="msg", name="bob", text="now")
    bob = box.connect()
    bob.ask(type="hello", name="bob", token=token)
    box.settle()
    seen = kinds(bob)
    assert seen[0] == "welcome"
    assert [text for text in seen if text in ("before", "now")] == [*before, "now"]


# -- to those who wait for something


def test_who_waits_for_an_answer_is_shown_what_is_said_to_them_meanwhile() -> None:
    work = SlowWork()
    box = Box(limits=LIMITS, run=work)
    eve, bob = box.text("eve"), box.text("bob")
    bob.send(f"/register {PASSWORD}")
    eve.send("/msg bob psst")
    work.do()
    box.turn()
    registered = "* The name bob is yours now. You need its password when you come in next."
    assert sorted(bob.lines()) == [registered, "eve (private): psst"]


def test_who_waits_for_an_answer_gets_the_echo_of_what_they_said_before() -> None:
    work, store = SlowWork(), SlowStore()
    box = Box(limits=LIMITS, run=work, store=store)
    eve, bob = box.json("eve"), box.json("bob")
    requests = ({"type": "msg", "name": "bob", "text": "psst"}, {"type": "register", "password": PASSWORD})
    eve.send(*map(json.dumps, requests))
    store.store()
    box.turn()
    work.do()
    box.settle()
    assert (private(eve), private(bob)) == (["psst"], ["psst"])


def test_who_could_not_take_it_gets_it_once_they_read_again(box: Box) -> None:
    eve, bob = box.json("eve"), login(box, "bob")
    bob.received()
    bob.socket.room = 0
    texts = [f"{number} {'x' * 4_000}" for number in range(100)]
    for text in texts:
        eve.ask(type="msg", name="bob", text=text)
    bob.socket.drain()
    box.turn()
    bob.socket.drain()
    box.turn()
    assert private(bob) == texts
    bob.ask(type="ping")
    box.turn()
    assert not unread(box)


def test_who_does_not_read_is_sent_what_waits_for_them_page_by_page(box: Box) -> None:
    texts = []
    for sender in range(4):
        eve = box.json(f"eve{sender}")
        for number in range(MANY):
            texts.append(f"{sender} {number} {'x' * 1_000}")
            eve.ask(type="msg", name="ada", text=texts[-1])
    ada = box.connect()
    ada.socket.room = 0
    ada.ask(type="hello", name="ada", password=PASSWORD)
    assert box.delivery.backlog < LIMITS.window
    for _ in range(20):
        ada.socket.drain()
        box.turn()
    assert private(ada) == texts
    ada.ask(type="ping")
    assert not unread(box)


# -- to those who go by another account meanwhile


def test_what_was_said_to_somebody_just_before_they_register_is_theirs() -> None:
    box, _ = slow_box()
    bob, eve = box.json("bob"), box.json("eve")
    box.settle()
    eve.ask(type="msg", name="bob", text="psst")
    bob.ask(type="register", password=PASSWORD)
    box.settle()
    assert "psst" in private(bob)
    bob.lose()
    box.clock.advance(100)
    box.settle()
    again = login(box, "bob")
    box.settle()
    assert private(again) == ["psst"]
    again.ask(type="ping")
    box.settle()
    assert not unread(box)


def test_the_sender_is_told_if_a_guest_left_just_before() -> None:
    box, _ = slow_box()
    bob, eve = box.text("bob"), box.json("eve")
    box.settle()
    eve.ask(type="msg", name="bob", text="psst")
    bob.send("exit")
    box.settle()
    texts = [event.get("text") for event in eve.objects() if event["type"] == "notice"]
    assert texts == ["bob left before they were shown what you said in private last."]
    assert not box.hub.unheard._last


def test_a_guest_who_has_read_it_and_closes_was_shown_it(box: Box) -> None:
    cy, eve = box.text("cy"), box.json("eve")
    eve.ask(type="msg", name="cy", text="psst")
    eve.received()
    cy.end()
    assert [event["type"] for event in eve.objects()] == ["left"]


def test_the_end_of_input_confirms_nothing_for_who_may_come_back(box: Box) -> None:
    eve, program, person = box.json("eve"), box.json("bot"), box.connect()
    person.send("ada", PASSWORD)
    for name in ("bot", "ada"):
        eve.ask(type="msg", name=name, text="psst")
    for client in (program, person):
        client.end()
        client.lose()
    again, later = box.connect(), box.connect()
    again.ask(type="hello", name="bot", token=program.token)
    assert private(again) == ["psst"]
    later.send("ada", PASSWORD)
    assert later.socket.value().endswith(b"\n* 1 private message while you were away, from eve. /msg eve shows it.\r\n")


# -- ignoring, and oneself


def test_what_one_says_to_another_session_of_ones_own_is_echoed_once(box: Box) -> None:
    first = login(box, "bob")
    first.ask(type="nick", name="bob2")
    second = login(box, "bob")
    for client in (first, second):
        client.received()
    first.ask(type="msg", name="bob", text="psst")
    assert private(first) == ["psst"]
    assert private(second) == ["psst"]


def test_who_is_ignored_by_an_account_is_heard_by_none_of_its_sessions(box: Box) -> None:
    eve = box.json("eve")
    first = login(box, "bob")
    first.ask(type="nick", name="bob2")
    second = login(box, "bob")
    for client in (first, second):
        client.received()
    first.ask(type="ignore", name="eve")
    eve.ask(type="msg", name="bob", text="one")
    eve.ask(type="msg", name="bob2", text="two")
    eve.ask(type="say", room="lobby", text="three")
    for client in (first, second):
        assert [event.get("names", event["type"]) for event in client.objects()] == [["eve"]]
    second.ask(type="ignore", name="eve", on=False)
    eve.ask(type="msg", name="bob", text="four")
    assert (private(first), private(second)) == (["four"], ["four"])


# -- the bounds


def test_nobody_pushes_out_what_another_has_said(box: Box) -> None:
    bob, eve = box.json("bob2"), box.json("eve")
    ada = login(box, "ada")
    bob.ask(type="msg", name="ada", text="IMPORTANT")
    for number in range(MANY + 5):
        eve.ask(type="msg", name="ada", text=f"junk {number}")
    ada.lose()
    again = login(box, "ada")
    assert "IMPORTANT" in private(again)


def full_box(texts: int) -> Box:
    """A chat in which each sender has room for so many private messages of three letters, with the account ada."""
    box = Box(limits=replace(LIMITS, private=texts * (OVERHEAD + 3)))
    box.make_account("ada", HASH)
    return box


def test_each_sender_has_a_bound_and_no_recipient_is_full() -> None:
    box = full_box(2)
    eve, bob = box.json("eve"), box.connect(host="192.0.2.9")
    bob.ask(type="hello", name="bob")
    for text in ("one", "two", "six"):
        eve.ask(type="msg", name="ada", text=text)
    refusal = eve.objects()[-1]
    assert (refusal["type"], refusal["code"]) == ("error", "not-stored")
    assert refusal["text"].startswith("Private messages from your address take ")
    bob.received()
    bob.ask(type="msg", name="ada", text="two")
    assert bob.objects()[-1]["text"] == "ada is not here, and will get that when they come in."
    ada = login(box, "ada")
    events = ada.objects()
    assert "While you were away you got 3 private messages." in [event.get("text") for event in events]
    assert [event["text"] for event in events if event["type"] == "message"] == ["one", "two", "two"]


def test_an_account_has_a_share_of_its_own() -> None:
    box = full_box(1)
    eve, ada = box.json("eve"), login(box, "ada")
    for client, other in ((eve, "ada"), (ada, "eve")):
        client.ask(type="msg", name=other, text="one")
        assert client.objects()[-1]["type"] == "message"
    ada.ask(type="msg", name="eve", text="two")
    refusal = ada.objects()[-1]
    advice = "Delete some of them, or try again later."
    assert refusal["text"] == f"Your private messages take {OVERHEAD + 3} bytes, which is the most. {advice}"


@pytest.mark.parametrize(
    ("size", "words"), [(999, "999 bytes"), (65_536, "65,536 bytes"), (1_500_000, "1.43 MB"), (1 << 24, "16 MB")]
)
def test_a_full_share_is_told_in_a_number_that_can_be_read(size: int, words: str) -> None:
    assert size_in_words(size) == words


def test_what_was_taken_back_takes_no_room() -> None:
    box = full_box(2)
    eve = box.json("eve")
    for text in ("one", "two", "six"):
        eve.ask(type="msg", name="ada", text=text)
    assert eve.objects()[-1]["code"] == "not-stored"
    eve.ask(type="delete")
    eve.received()
    eve.ask(type="msg", name="ada", text="six")
    assert eve.objects()[-1]["type"] == "notice"
    assert private(login(box, "ada")) == ["one", "six"]


def test_what_the_history_has_dropped_takes_no_room() -> None:
    box = full_box(2)
    eve = box.json("eve")
    for text in ("one", "two"):
        eve.ask(type="msg", name="ada", text=text)
    box.store.drop(None, 1000)
    eve.received()
    eve.ask(type="msg", name="ada", text="six")
    assert eve.objects()[-1]["type"] == "notice"


def test_what_could_not_be_stored_takes_no_room() -> None:
    box, store = slow_box("ada")
    eve = box.json("eve")
    box.settle()
    eve.ask(type="msg", name="ada", text="one")
    store.fail(CannotKeep("the disk of the server is full."))
    box.settle()
    assert box.hub.shares._spent == {}


def test_a_message_that_is_too_much_is_sent_once_there_is_room_after_all() -> None:
    box = full_box(1)
    eve = box.json("eve")
    eve.ask(type="msg", name="ada", text="one", tag="1")
    box.store.drop(None, 1000)
    eve.received()
    eve.ask(type="msg", name="ada", text="two", tag="2")
    eve.ask(type="say", room="lobby", text="and then")
    assert [(event.get("text"), event.get("tag")) for event in eve.objects()] == [
        ("two", "2"),
        ("ada is not here, and will get that when they come in.", None),
        ("and then", None),
    ]


# -- taking back


def test_who_registered_meanwhile_is_told_that_a_message_is_gone(box: Box) -> None:
    eve, cy = box.json("eve"), box.json("cy")
    eve.ask(type="msg", name="cy", text="hunter2")
    cy.ask(type="register", password=PASSWORD)
    cy.received()
    eve.ask(type="delete")
    assert [event["type"] for event in cy.objects()] == ["deleted"]


def test_nothing_is_left_to_the_id_of_an_account_that_could_not_be_stored() -> None:
    box, store = slow_box()
    bob, eve = box.json("bob"), box.json("eve")
    box.settle()
    bob.ask(type="register", password=PASSWORD)
    eve.ask(type="msg", name="bob", text="psst")
    bob.ask(type="say", room="lobby", text="mine")
    store.fail(CannotKeep("the disk of the server is full."))
    box.settle()
    for client in (bob, eve):
        assert "not-stored" in [event.get("code") for event in client.objects()]
    assert store._owners == {}
    bob.ask(type="say", room="lobby", text="mine")
    box.settle()
    assert [author < 0 for author, *_ in store._owners.values()] == [True]


# -- tokens


def test_a_token_of_somebody_else_shows_nothing_that_they_said(box: Box) -> None:
    box.json("bob2")
    ada = login(box, "ada")
    token = ada.objects()[0]["token"]
    ada.ask(type="msg", name="bob2", text="the safe is 4711", tag="1")
    box.admin("password", "ada", secret="another one")
    eve = box.connect()
    eve.ask(type="hello", name="eve", token=token)
    eve.received()
    eve.ask(type="msg", name="bob2", text="x", tag="1")
    assert "4711" not in eve.received()


# -- what waits stays until the client has it


def test_what_was_shown_as_a_log_in_broke_is_shown_at_the_next(box: Box) -> None:
    eve = box.json("eve")
    eve.ask(type="msg", name="bob", text="third")
    for _ in range(2):
        bob = login(box, "bob")
        assert private(bob) == ["third"]
        bob.lose()
        box.clock.advance(100)
    bob = login(box, "bob")
    bob.ask(type="ping")
    bob.lose()
    box.clock.advance(100)
    bob = login(box, "bob")
    assert kinds(bob) == ["welcome", "room"]


@pytest.mark.parametrize("resumes", [True, False], ids=["by the token", "by the password"])
def test_what_is_said_to_a_held_session_is_shown_to_who_comes_back(box: Box, resumes: bool) -> None:
    eve, bob = box.json("eve"), login(box, "bob")
    token = bob.objects()[0]["token"]
    bob.lose()
    eve.ask(type="msg", name="bob", text="call me back")
    if not resumes:
        box.clock.advance(100)
    again = box.connect()
    again.ask(type="hello", name="bob", **({"token": token} if resumes else {"password": PASSWORD}))
    seen = kinds(again)
    assert seen[0] == "welcome"
    assert seen.count("call me back") == 1
    assert ("notice" in seen) is not resumes


def test_who_had_left_for_good_is_told_of_and_who_takes_the_name_gets_nothing(box: Box) -> None:
    eve, cy = box.json("eve"), box.json("cy")
    cy.lose()
    eve.ask(type="msg", name="cy", text="psst")
    eve.received()
    box.clock.advance(100)
    assert [event.get("text") for event in eve.objects() if event["type"] == "notice"] == [
        "cy left before they were shown what you said in private last."
    ]
    assert kinds(box.connect()) == []
    stranger = box.connect()
    stranger.ask(type="hello", name="cy")
    assert kinds(stranger) == ["welcome", "room"]


def test_who_only_reads_goes_on_getting_what_one_sender_says(box: Box) -> None:
    eve, reader = box.json("eve"), login(box, "bob")
    texts = [str(number) for number in range(MANY + 50)]
    for text in texts:
        eve.ask(type="msg", name="bob", text=text)
    assert private(reader) == texts
    assert "error" not in {event["type"] for event in eve.objects()}


def test_nothing_counts_as_read_that_was_not_sent(box: Box) -> None:
    eve, bob = box.json("eve"), login(box, "bob")
    bob.socket.room = 0
    texts = [f"{number}" for number in range(MANY + 5)]
    for text in texts:
        eve.ask(type="msg", name="bob", text=text)
    assert "error" not in {event["type"] for event in eve.objects()}
    bob.lose()
    assert private(login(box, "bob")) == texts[5:]


# -- by whatever name


def test_an_account_that_is_here_under_another_name_gets_it_now(box: Box) -> None:
    eve, bob = box.json("eve"), login(box, "bob")
    bob.ask(type="nick", name="bob2")
    bob.received()
    eve.ask(type="msg", name="bob", text="hi")
    assert private(bob) == ["hi"]
    assert [event["type"] for event in eve.objects()][-1] == "message"
    bob.ask(type="quit")
    assert kinds(login(box, "bob")) == ["welcome", "room"]


def test_only_who_got_a_message_hears_of_its_end(box: Box) -> None:
    eve, cy = box.json("eve"), box.json("cy")
    eve.ask(type="msg", name="cy", text="second secret")
    cy.ask(type="nick", name="cy2")
    stranger = box.json("cy")
    for client in (cy, stranger):
        client.received()
    eve.ask(type="delete")
    assert [event["type"] for event in cy.objects()] == ["deleted"]
    assert stranger.objects() == []


def test_what_was_taken_back_is_not_shown_on_resuming(box: Box) -> None:
    eve, bob = box.json("eve"), login(box, "bob")
    token = bob.objects()[0]["token"]
    eve.ask(type="msg", name="bob", text="my password is hunter2")
    eve.ask(type="delete")
    bob.lose()
    again = box.connect()
    again.ask(type="hello", name="bob", token=token)
    assert "hunter2" not in again.received()
    assert not unread(box)


def test_who_is_told_that_somebody_is_not_here_is_told_once_it_is_stored() -> None:
    box, store = slow_box("ada")
    bob = box.json("bob")
    bob.ask(type="msg", name="ada", text="x")
    bob.received()
    store.fail(CannotKeep("the disk of the server is full."))
    box.settle()
    assert [event.get("code") for event in bob.objects()] == ["not-stored"]
    ada = login(box, "ada")
    box.settle()
    assert private(ada) == []
