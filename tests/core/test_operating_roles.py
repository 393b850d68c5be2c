"""Roles and passwords go through the one queue: they count at once, for every session, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from box import Box, Client, Operator, SlowStore, SlowWork
from operated import PASSWORD, Recorded, come, make_box

from chat.core.accounts import Role
from chat.history.store import CannotKeep

OTHER = "battery staple"
NEW = "stapled horse"


@pytest.fixture
def box() -> Box:
    """A chat with an owner, ada, and a moderator, bob."""
    return make_box(bob=Role.MODERATOR, store=Recorded())


def welcomed(client: Client) -> dict[str, Any]:
    """The welcome that *client* has got."""
    welcome = client.objects()[0]
    assert welcome["type"] == "welcome"
    return welcome


def first(client: Client) -> str:
    """The code or the type of what came first since the last look."""
    event = client.objects()[0]
    return str(event.get("code") or event["type"])


def code(client: Client, **request: Any) -> str:
    """Send a request; return the code or the type of what answers it last."""
    client.received()
    client.ask(**request)
    event = client.objects()[-1]
    return str(event.get("code", event["type"]))


def bob_twice(box: Box) -> tuple[Client, Client]:
    """Two sessions of bob's account."""
    first = come(box, "bob")
    first.ask(type="nick", name="bob2")
    second = come(box, "bob")
    return first, second


def test_a_role_counts_at_once_in_every_session(box: Box) -> None:
    sessions = bob_twice(box)
    for session in sessions:
        assert code(session, type="bans") == "bans"
        session.received()
    assert box.admin("role", "bob", "user") == "bob is user now."
    for session in sessions:
        assert session.objects()[-1]["text"] == "You are neither owner nor moderator now."
        assert code(session, type="bans") == "not-allowed"
    assert box.admin("role", "bob", "owner") == "bob is owner now."
    for session in sessions:
        assert code(session, type="moderator", name="bob2") == "bad-field", "they are asked as owners now"


def test_a_password_of_the_users_own_brings_no_role_back(box: Box) -> None:
    bob = come(box, "bob")
    box.admin("role", "bob", "user")
    bob.ask(type="password", password=OTHER)
    assert bob.objects()[-1]["text"] == "Your password is changed."
    assert box.admin("accounts") == "ada owner\nbob"
    bob.ask(type="quit")
    assert welcomed(come(box, "bob", OTHER))["role"] == ""


def test_a_role_given_by_an_owner_brings_no_password_back(box: Box) -> None:
    ada = come(box, "ada")
    bob = come(box, "bob")
    box.admin("role", "bob", "user")
    box.admin("password", "bob", secret=OTHER)
    bob = come(box, "bob", OTHER)
    ada.ask(type="moderator", name="bob")
    bob.ask(type="quit")
    assert first(come(box, "bob")) == "wrong-password"
    assert welcomed(come(box, "bob", OTHER))["role"] == "moderator"


def test_a_token_does_not_keep_a_role_that_was_taken(box: Box) -> None:
    bob = come(box, "bob")
    token = welcomed(bob)["token"]
    bob.lose()
    box.admin("role", "bob", "user")
    again = come(box, "bob", None, token=token)
    assert welcomed(again)["role"] == ""
    assert code(again, type="bans") == "not-allowed"


@pytest.mark.parametrize("broken", [False, True])
def test_a_new_password_ends_all_sessions_and_what_resumes_them(box: Box, broken: bool) -> None:
    sessions = bob_twice(box)
    tokens = [welcomed(session)["token"] for session in sessions]
    ada = come(box, "ada")
    if broken:
        for session in sessions:
            session.lose()
    assert box.admin("password", "bob", secret=NEW) == "bob has another password."
    if not broken:
        for session in sessions:
            goodbye = session.objects()[-1]
            assert goodbye["type"] == "goodbye"
            text = "Whoever runs the server has given bob another password. Come in again with that."
            assert goodbye["text"] == text
    ada.ask(type="who", room="lobby")
    assert ada.objects()[-1]["users"] == ["ada"]
    for token in tokens:
        assert first(come(box, "bob", None, token=token)) == "password-needed"
        assert first(come(box, "bob", PASSWORD, token=token)) == "wrong-password"
    assert welcomed(come(box, "bob", NEW))["registered"]


def test_the_operator_is_asked_for_the_password(box: Box) -> None:
    operator = Operator(box).ask("password", "bob")
    box.turn()
    assert operator.answer() == {"type": "prompt", "text": "New password of bob: "}
    assert box.admin("password", "bob", secret="short") == "Use a password of 8 to 256 characters."
    assert welcomed(come(box, "bob"))["registered"], "nothing has changed"


def test_the_operator_makes_an_account_whose_name_may_be_reserved(box: Box) -> None:
    eve = come(box, "eve", None)
    operator = Operator(box).ask("account", "server")
    box.turn()
    assert operator.answer() == {"type": "prompt", "text": "Password of server: "}
    assert box.admin("account", "server", secret=NEW) == "server has an account now."
    assert welcomed(come(box, "server", NEW))["registered"]
    assert box.admin("accounts") == "ada owner\nbob moderator\nserver"
    for name in ("server", "BOB"):
        assert box.admin("account", name).startswith("There is an account ")
    assert box.admin("account", "Eve", secret=NEW).startswith("eve is here under that name")
    assert box.admin("account", "a b").startswith("That name can't be used.")
    assert code(eve, type="register", password=PASSWORD) == "notice"


def test_the_operator_sees_and_lifts_bans(box: Box) -> None:
    ada = come(box, "ada")
    ada.ask(type="ban", target="bob", text="coup")
    assert first(come(box, "bob")) == "banned"
    assert box.admin("bans") == "bob, for ever, by ada: coup"
    assert box.admin("unban", "eve") == "eve is not banned from this chat. chat admin bans lists who is."
    assert box.admin("unban", "Bob") == "bob is not banned from this chat any more."
    assert box.admin("bans") == ""
    ada.ask(type="ban", target="@bob")
    assert box.admin("bans") == "@bob, for ever, by ada"
    assert box.admin("unban", "@BOB") == "@bob is not banned from this chat any more."
    assert welcomed(come(box, "bob"))["role"] == "moderator"


def test_who_decided_is_in_the_audit_record(box: Box) -> None:
    bob = come(box, "bob")
    bob.ask(type="ban", target="198.51.100.0/24", text="spam")
    box.admin("role", "bob", "user")
    box.admin("password", "bob", secret=NEW)
    box.admin("unban", "198.51.100.0/24")
    box.admin("role", "nobody", "owner")
    assert [line.split(" ", 2)[2] for line in box.admin("audit").splitlines()] == [
        "bob: ban 198.51.100.0/24: spam",
        "chat admin: role user bob",
        "chat admin: password bob",
        "chat admin: unban 198.51.100.0/24",
    ]


# -- between the requests of others


def test_what_an_owner_asks_for_meets_what_the_operator_did_between(box: Box) -> None:
    ada, bob = come(box, "ada"), come(box, "bob")
    for client in (ada, bob):
        client.received()
    toggle = json.dumps({"type": "moderator", "name": "bob"}).encode() + b"\n"
    ada.protocol.dataReceived(toggle)
    operator = Operator(box).ask("role", "bob", "owner")
    ada.protocol.dataReceived(toggle)
    box.turn()
    assert [event["text"] for event in ada.objects()] == ["bob is no moderator any more.", "bob is an owner."]
    told = [event["text"] for event in bob.objects()]
    assert told == ["You are no moderator any more.", "You are an owner now."]
    assert operator.answer()["text"] == "bob is owner now."
    assert box.admin("accounts") == "ada owner\nbob owner"


@pytest.mark.parametrize("before", [False, True])
def test_who_is_about_to_be_put_out_can_not_set_a_password_over_the_operators(before: bool) -> None:
    work, store = SlowWork(), SlowStore()
    box = make_box(bob=Role.MODERATOR, run=work, store=store)
    store.store()
    store.store()
    thief = come(box, "bob")
    work.do()
    box.turn()
    store.store()
    box.turn()
    welcomed(thief)
    if before:
        thief.ask(type="password", password=OTHER)
    Operator(box).ask("password", "bob", secret=NEW)
    box.turn()
    work.waiting.reverse()
    work.do()
    box.turn()
    if not before:
        thief.ask(type="password", password=OTHER)
    while work.waiting or store.waiting:
        for step in (work.waiting and work.do, store.waiting and store.store):
            if step:
                step()
                box.turn()
    assert thief.objects()[-1]["type"] == "goodbye"
    for password, answer in ((OTHER, "wrong-password"), (NEW, "welcome")):
        client = come(box, "bob", password)
        work.do()
        box.turn()
        if store.waiting:
            store.store()
            box.turn()
        assert first(client) == answer


def test_who_hangs_up_while_the_password_is_hashed_has_changed_nothing() -> None:
    work = SlowWork()
    box = make_box(bob=Role.MODERATOR, run=work)
    operator = Operator(box).ask("password", "bob", secret=NEW)
    box.turn()
    operator.lose()
    work.do()
    box.turn()
    client = come(box, "bob")
    work.do()
    box.turn()
    assert welcomed(client)["registered"]


# -- what can't be stored


@pytest.mark.parametrize("words", [("role", "bob", "user"), ("password", "bob"), ("unban", "eve")])
def test_what_can_not_be_stored_has_not_happened(words: tuple[str, ...]) -> None:
    store = SlowStore()
    box = make_box(bob=Role.MODERATOR, store=store)
    store.store()
    store.store()
    bob = come(box, "bob")
    bob.ask(type="ban", target="eve")
    for _ in ("the token", "the ban"):
        store.store()
        box.turn()
    bob.received()
    operator = Operator(box).ask(*words, secret=NEW)
    box.turn()
    store.fail(CannotKeep("the disk of the server is full."))
    box.turn()
    assert operator.answer()["text"] == "Not stored, not sent: the disk of the server is full. Try again later."
    assert bob.objects() == []
    assert box.admin("bans") == "eve, for ever, by bob"
    assert box.admin("accounts") == "ada owner\nbob moderator"
    assert code(bob, type="bans") == "bans"
    again = come(box, "bob")
    store.store()
    box.turn()
    assert welcomed(again)["registered"]
