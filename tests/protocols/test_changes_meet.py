"""Changes of messages where they meet what else there is in the chat."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from box import Box, Client, SlowStore, SlowWork
from core.test_names_end import Kept
from protocols.talking import EVERYTHING, HASH, PASSWORD, answers, chat_with_accounts, program, said

from chat.core import changed, reactions
from chat.core.limits import Limits
from chat.core.reactions import BURST
from chat.history.store import CannotKeep
from chat.protocols.connection import CHECK


@pytest.fixture
def box() -> Box:
    """A chat with an owner and a registered user."""
    return chat_with_accounts()


# -- reactions that are told in a burst


def test_what_is_deleted_before_a_burst_is_told_is_not_quoted(box: Box) -> None:
    ada, bob, person = program(box, "ada"), program(box, "bob"), box.text("person")
    number, other = said(ada, "the password is tea"), said(ada, "hello")
    answers(bob, type="react", id=number, text="👍")
    answers(bob, type="react", id=other, text="👍")
    answers(ada, type="delete", id=number)
    person.lines()
    box.clock.advance(BURST)
    box.turn()
    assert person.lines() == ['* bob reacted 👍 to what ada said: "hello"']


def test_what_is_edited_before_a_burst_is_told_is_quoted_as_it_is_now(box: Box) -> None:
    ada, bob, person = program(box, "ada"), program(box, "bob"), box.text("person")
    number = said(ada, "the password is tea")
    answers(bob, type="react", id=number, text="👍")
    answers(ada, type="edit", id=number, text="hello")
    person.lines()
    box.clock.advance(BURST)
    box.turn()
    assert person.lines() == ['* bob reacted 👍 to what ada said: "hello"']


def test_who_ignores_somebody_is_not_told_of_their_reactions(box: Box) -> None:
    ada, bob, eve, person = program(box, "ada"), program(box, "bob"), program(box, "eve"), box.text("person")
    number = said(ada, "hello")
    person.send("/ignore eve")
    other = box.text("other")
    for client, text in ((eve, "stupid"), (bob, "👍"), (eve, "👍")):
        answers(client, type="react", id=number, text=text)
    person.lines()
    other.lines()
    box.clock.advance(BURST)
    box.turn()
    what = 'to what ada said: "hello"'
    assert person.lines() == [f"* bob reacted 👍 {what}"]
    assert other.lines() == [f"* eve reacted stupid and 👍 {what}", f"* bob reacted 👍 {what}"]


# -- what is remembered


def test_so_many_kinds_of_reactions_are_remembered(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed, "REMEMBERED", 10)
    ada, bob = program(box, "ada"), program(box, "bob")
    number, other = said(ada, "hello"), said(ada, "bye")
    for index in range(30):
        for on in (True, False):
            bob.ask(type="react", id=number, text=f"word{index}", on=on)
    answers(bob, type="react", id=number, text="👍")
    answers(bob, type="react", id=other, text="👍")
    known = box.hub.changed._now
    assert [len(known[one].counts) for one in (number, other)] == [9, 1]
    (answer,) = answers(ada, type="react", id=number, text="👍")
    assert answer["count"] == 2


# -- whose tag it is


def test_the_tag_of_a_change_is_for_who_asked_alone(box: Box) -> None:
    zoe, phone = (program(box, "zoe", password=PASSWORD) for _ in range(2))
    others = [phone, program(box, "root", password=PASSWORD), box.json("old"), program(box, "ada")]
    number = said(zoe, "hello")
    for client in (zoe, *others):
        client.objects()
    for request in ({"type": "react", "text": "x"}, {"type": "edit", "text": "hi"}, {"type": "delete"}):
        zoe.ask(id=number, tag=request["type"], **request)
    assert [event["tag"] for event in zoe.objects()] == ["react", "edit", "delete"]
    assert [event.get("tag") for other in others for event in other.objects()] == [None] * (3 + 3 + 2 + 3)


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "pin", "room": "lobby", "id": 1},
        {"type": "slow", "room": "lobby", "text": "10s"},
        {"type": "topic", "room": "lobby", "text": "tea"},
    ],
)
def test_a_notice_in_place_of_what_a_client_does_not_know_has_no_tag_of_somebody_else(
    box: Box, request_: dict[str, Any]
) -> None:
    root, old = box.json("root", password=PASSWORD), box.json("old")
    said(root, "hello")
    old.objects()
    root.ask(**request_, tag="1")
    assert [event.get("tag") for event in root.objects()] == ["1"]
    assert [event.get("tag") for event in old.objects()] == [None]


# -- who reads too slowly


@pytest.mark.parametrize("accepted", [EVERYTHING, {}])
def test_changes_of_private_messages_do_not_pile_up_for_who_does_not_read(box: Box, accepted: dict[str, Any]) -> None:
    ada, bob = program(box, "ada"), box.json("bob", **accepted)
    first, second = (answers(ada, type="msg", name="bob", text=text)[0]["id"] for text in ("one", "two"))
    bob.objects()
    bob.socket.room = 0
    for index in range(200):
        ada.ask(type="edit", id=first, text=f"{index}{'x' * 4000}")
        ada.ask(type="react", id=second, text=f"word{index}")
    ada.ask(type="edit", id=first, text="last")
    ada.ask(type="delete", id=second)
    assert box.delivery.backlog < 2 * box.hub.limits.window
    for _ in range(10):
        bob.socket.drain()
        box.turn()
    events = bob.objects()
    assert [event["id"] for event in events if event["type"] == "deleted"] == [second]
    if accepted:
        assert [event["text"] for event in events if event["type"] == "edited"][-1] == "last"
        assert events[-1]["type"] == "deleted"


def test_a_private_message_that_was_not_shown_yet_comes_as_it_is_now(box: Box) -> None:
    ada, bob = program(box, "ada"), program(box, "bob")
    bob.socket.room = 0
    ids = [answers(ada, type="msg", name="bob", text=f"{index}{'x' * 4000}")[0]["id"] for index in range(90)]
    ada.ask(type="edit", id=ids[-1], text="now")
    ada.ask(type="delete", id=ids[-2])
    for _ in range(10):
        bob.socket.drain()
        box.turn()
    events = [event for event in bob.objects() if event["type"] != "conversation"]
    assert [(event["type"], event["id"]) for event in events] == [("message", one) for one in ids if one != ids[-2]]
    assert events[-1]["text"] == "now"


# -- the share of private messages


def test_before_an_edit_is_refused_for_the_share_it_is_counted_what_is_taken() -> None:
    box = Box(limits=Limits(rate=None, private=1000))
    ada, _ = program(box, "ada"), program(box, "bob")
    first, second = (answers(ada, type="msg", name="bob", text="x" * 200)[0]["id"] for _ in range(2))
    assert answers(ada, type="edit", id=second, text="y" * 500)[0]["code"] == "not-stored"
    box.store.drop(None, first)
    assert [answer["text"] for answer in answers(ada, type="edit", id=second, text="y" * 500)] == ["y" * 500]
    assert answers(ada, type="edit", id=second, text="y" * 900)[0]["code"] == "not-stored"


# -- which message is meant


def test_people_react_to_and_answer_nobody_whom_they_ignore(box: Box) -> None:
    ada, eve, person = program(box, "ada"), program(box, "eve"), box.text("person")
    number = said(ada, "hello person")
    person.send("/ignore eve")
    said(eve, "stupid person")
    ada.objects()
    person.send("/react 👍", "/reply yes")
    reacted, answer = ada.objects()
    assert (reacted["type"], reacted["id"], answer["re"]) == ("reacted", number, number)


def test_people_do_not_react_to_what_they_said_under_another_name(box: Box) -> None:
    ada, person = program(box, "ada"), box.text("person")
    number = said(ada, "hello")
    person.send("mine", "/nick other")
    ada.objects()
    person.send("/react 👍")
    assert [event["id"] for event in ada.objects()] == [number]


# -- several lines


def test_a_paste_without_a_line_that_was_too_long_is_not_said(box: Box) -> None:
    ada, person = program(box, "ada"), box.text("person")
    person.send("/paste", "one", "x" * 20_000, "three", ".", "next")
    assert [event["text"] for event in ada.objects() if event["type"] == "message"] == ["next"]
    _, dropped, refused = person.lines()
    assert dropped == "! That line is too long, so it was dropped. Use at most 4096 bytes."
    assert refused == "! You pasted too much, so it was not sent. Use at most 4096 bytes."


# -- what could not be stored


@pytest.mark.parametrize("words", ["lost", "/msg other lost"])
def test_what_could_not_be_stored_is_not_what_one_said_last(words: str) -> None:
    store = SlowStore()
    box = Box(store=store)
    person, _ = box.text("person"), box.text("other")
    person.send("kept")
    box.settle()
    person.send(words)
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    person.received()
    person.send("/edit new")
    box.settle()
    assert person.lines() == ["person (edited): new"]


# -- who takes nothing in private


def test_who_takes_nothing_from_guests_is_not_sent_their_edits_and_reactions_either(box: Box) -> None:
    zoe, eve = program(box, "zoe", password=PASSWORD), program(box, "eve")
    hers = answers(eve, type="msg", name="zoe", text="hi")[0]["id"]
    other = answers(zoe, type="msg", name="eve", text="hello")[0]["id"]
    answers(zoe, type="ignore", name="guests")
    text = "zoe takes no private messages from users without an account. /register makes you one."
    for request in ({"type": "edit", "id": hers, "text": "stupid"}, {"type": "react", "id": other, "text": "stupid"}):
        assert answers(eve, **request) == [{"type": "error", "code": "not-allowed", "text": text}]
    assert zoe.objects() == []
    assert answers(eve, type="delete", id=hers)[0]["type"] == "deleted"
    assert answers(zoe, type="react", id=other, text="ok")[0]["type"] == "reacted"


# -- numbers beyond all


@pytest.mark.parametrize("bound", [{}, {"since": "2026-01-01T00:00:00Z"}, {"until": "2026-01-01T00:00:00Z"}])
@pytest.mark.parametrize("where", [{"room": "lobby"}, {"with": "-5"}])
def test_nothing_came_after_the_greatest_number_there_is(
    tmp_path: Path, bound: dict[str, str], where: dict[str, str]
) -> None:
    kept = Kept(tmp_path)
    try:
        ada, _ = kept.come("ada", **EVERYTHING)
        (history,) = kept.ask(ada, {"type": "history", "after": (1 << 63) - 1, **bound, **where})
        assert (history["type"], history["messages"]) == ("history", [])
    finally:
        kept.close()


# -- who is shown what is new


@pytest.mark.parametrize(
    ("accepted", "shown"), [([], []), (["changes"], []), (["lines"], []), (["changes", "lines"], ["words"])]
)
def test_own_words_are_told_to_devices_that_know_all_that_came_with_them(
    box: Box, accepted: list[str], shown: list[str]
) -> None:
    zoe = program(box, "zoe", password=PASSWORD)
    phone = box.json("zoe", password=PASSWORD, accept=accepted)
    answers(zoe, type="notify", words=["tea"])
    assert [event["type"] for event in phone.objects()] == shown


# -- who gives the account up meanwhile


def give_up_while(request: dict[str, Any]) -> tuple[Client, list[dict[str, Any]]]:
    """Somebody gives up an account from one device while a request of another waits.

    Returns a program that is there, and what it is shown of that.
    """
    store, work = SlowStore(), SlowWork()
    box = Box(store=store, run=work, limits=Limits(rate=None, plain_passwords=True))
    box.make_account("zoe", HASH)
    box.settle()
    zoe, phone = (box.json("zoe", password=PASSWORD, **EVERYTHING) for _ in range(2))
    while work.waiting:
        work.do()
        box.settle()
    ada = program(box, "ada")
    ada.ask(type="say", room="lobby", text="hello")
    box.settle()
    phone.ask(type="react", id=1, text="x")
    phone.ask(type="msg", name="ada", text="psst")
    box.settle()
    ada.objects()
    zoe.ask(type="unregister", password=PASSWORD)
    ada.ask(type="say", room="lobby", text="this is being stored")
    phone.ask(**request)
    work.do()
    box.settle()
    return ada, ada.objects()


def test_who_has_given_the_account_up_does_not_take_back_its_reaction() -> None:
    ada, shown = give_up_while({"type": "react", "id": 1, "text": "x"})
    assert [event for event in shown if event["type"] == "reacted"] == []
    history = answers(ada, type="history", room="lobby", count=200)[0]
    assert history["messages"][0]["reactions"] == [{"text": "x", "count": 1}]


def test_who_has_given_the_account_up_does_not_answer_in_its_conversations() -> None:
    _, shown = give_up_while({"type": "msg", "name": "ada", "text": "again", "re": 3})
    assert [event for event in shown if event["type"] == "message" and "to" in event] == []


def test_who_does_not_read_what_others_cause_is_cut() -> None:
    box = Box(limits=Limits(rate=None, window=1000, plain_passwords=True))
    box.make_account("zoe", HASH)
    zoe, phone = (program(box, "zoe", password=PASSWORD) for _ in range(2))
    phone.socket.room = 0

    def check_after(changes: int) -> bool:
        for index in range(changes):
            zoe.ask(type="notify", words=[f"word{index}", "x" * 64])
        box.clock.advance(CHECK)
        return bool(phone.socket.aborted)

    assert [check_after(changes) for changes in (100, 100, 0, 1)] == [False, False, False, True]
    assert not zoe.socket.aborted


def test_so_many_may_react_to_a_message(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reactions, "MOST", 3)
    ada, bob = program(box, "ada"), program(box, "bob")
    number = said(ada, "hello")
    for client, text in ((ada, "x"), (bob, "x"), (ada, "y")):
        assert answers(client, type="react", id=number, text=text)[0]["type"] == "reacted"
    refusal = {"type": "error", "code": "bad-field", "text": "That message has 3 reactions, which is the most."}
    assert answers(bob, type="react", id=number, text="y") == [refusal]
    assert answers(bob, type="react", id=number, text="x", on=False)[0]["count"] == 1
    assert answers(bob, type="react", id=number, text="y")[0]["count"] == 2
