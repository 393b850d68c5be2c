"""What the operator does with users, accounts, rooms and messages, and how that meets what others do.

Roles and passwords are in ``test_operating_roles.py``, requests and their answers in ``test_operating_request.py``.
"""

from __future__ import annotations

import ast
import json
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from box import Box, Client, Operator, SlowStore, SlowWork, Socket
from operated import PASSWORD, Recorded, come, make_box
from twisted.internet.defer import Deferred

from chat import core
from chat.core.events import RuleKind
from chat.core.facts import Changed, RightsKept
from chat.core.operating.accounts import ROLES
from chat.core.operating.record import ACTIONS
from chat.history.backup import MADE
from chat.history.restore import RESTORED
from chat.history.store import CannotKeep

CHANGES = ["changes", "lines", "conversations"]


@pytest.fixture
def box() -> Box:
    """The chat."""
    return make_box(store=Recorded())


def guest(box: Box, name: str, **fields: Any) -> Client:
    """A program without an account."""
    return come(box, name, None, **fields)


def texts(client: Client, kind: str = "notice") -> list[str]:
    """The texts of what has come of that *kind*."""
    return [event["text"] for event in client.objects() if event["type"] == kind]


def done(operator: Operator) -> list[dict[str, Any]]:
    """All that the operator is told."""
    return [json.loads(line) for line in operator.socket.value().splitlines()]


def in_json(box: Box, *words: str, **fields: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    operator = Operator(box).ask(*words, json=True, **fields)
    box.turn()
    lines = [json.loads(line) for line in operator.answer()["lines"]]
    operator.lose()
    return lines


def decided(box: Box) -> list[str]:
    """What the audit record says, without the times."""
    return [line.split(" ", 2)[2] for line in box.admin("audit").splitlines()]


# -- who is here


def test_the_operator_sees_who_is_here_from_where_and_how(box: Box) -> None:
    come(box, "ada", rooms={"lobby": None, "dev": None})
    box.text("eve")
    box.clock.advance(120)
    again = box.connect(host="2001:db8::7")
    again.ask(type="hello", name="bob", password=PASSWORD)
    again.ask(type="nick", name="bobby")
    first, third, second = in_json(box, "users")
    assert (first["name"], first["account"], first["role"], first["way"]) == ("ada", "ada", "owner", "json")
    assert (first["address"], first["rooms"], first["idle"]) == ("192.0.2.1", ["lobby", "dev"], 120)
    assert (second["name"], second["account"], second["address"]) == ("eve", None, "192.0.2.1")
    assert second["way"] == "text"
    assert (third["name"], third["account"], third["address"]) == ("bobby", "bob", "2001:db8::7")
    lines = box.admin("users").splitlines()
    assert lines[0].startswith("ada (owner), device 1, json from 192.0.2.1:500")
    assert lines[0].endswith(", idle for 2 minutes, in #lobby #dev")
    assert lines[1].startswith("bobby (account bob), device 1, json from [2001:db8::7]:500")
    assert ", active, in " in lines[1]
    assert lines[2].startswith("eve (no account), device 1, text from 192.0.2.1:500")


def test_who_is_held_is_listed_as_such(box: Box) -> None:
    eve = guest(box, "eve", rooms={})
    eve.lose()
    (line,) = box.admin("users").splitlines()
    assert ", connection broken, in no room" in line


def test_a_user_is_disconnected_and_may_come_back(box: Box) -> None:
    first, second = come(box, "bob"), come(box, "bob")
    ada = come(box, "ada")
    ada.received()
    token = first.objects()[0]["token"]
    assert box.admin("disconnect", "Bob", "too", "much") == "bob is disconnected."
    for client in (first, second):
        goodbye = client.objects()[-1]
        assert (goodbye["type"], goodbye["code"]) == ("goodbye", "disconnected")
        assert goodbye["text"] == "Whoever runs the server has disconnected you: too much"
    assert [event["type"] for event in ada.objects()] == ["left"]
    assert guest(box, "bob", token=token).objects()[0]["type"] == "welcome"
    assert decided(box) == ["chat admin: disconnect bob: too much"]
    assert box.admin("disconnect", "eve") == "There is nobody called eve here. chat admin users lists who is."


def test_a_user_is_kicked_out_of_a_room(box: Box) -> None:
    bob = come(box, "bob", rooms={"lobby": None, "dev": None})
    ada = come(box, "ada", rooms={"dev": None})
    ada.received()
    assert box.admin("kick", "bob", "#dev", "off", "topic") == "bob is out of #dev."
    left = ada.objects()[-1]
    assert (left["type"], left["by"], left["text"]) == ("left", "chat admin", "off topic")
    assert bob.objects()[-1]["room"] == "dev"
    assert box.admin("kick", "bob", "dev") == "bob is not in #dev."
    assert box.admin("kick", "bob", "attic") == "There is no room #attic. chat admin rooms lists them."
    assert decided(box) == ["chat admin: kick bob in #dev: off topic"]


def test_an_announcement_reaches_everybody_on_every_device(box: Box) -> None:
    old, new = guest(box, "eve"), come(box, "ada", accept=CHANGES)
    person = box.text("flo")
    held = guest(box, "dan")
    held.lose()
    nameless = box.connect()
    for client in (old, new, person, nameless):
        client.received()
    assert box.admin("announce", "The chat", "restarts.") == "That is shown on 4 devices."
    sentence = "Announcement by whoever runs the server: The chat restarts."
    assert texts(old) == texts(new) == [sentence]
    assert person.lines() == [f"* {sentence}"]
    assert nameless.received() == ""
    assert box.admin("announce", "\u200b") == "There is nothing to announce in that."
    assert box.admin("announce", "x" * 1001).endswith("Use at most 1000 bytes.")
    assert decided(box) == ["chat admin: announce to everybody: The chat restarts."]


# -- accounts


def test_an_account_is_renamed_on_all_devices(box: Box) -> None:
    devices = come(box, "bob"), come(box, "bob")
    ada = come(box, "ada")
    for client in (*devices, ada):
        client.received()
    told = "The name bob is kept for it for 30 days."
    assert box.admin("rename", "bob", "robert") == f"The account bob is called robert now. {told}"
    for device in devices:
        events = device.objects()
        renamed = [(event["room"], event["new"]) for event in events if event["type"] == "renamed"]
        assert renamed == [(None, "robert"), ("lobby", "robert")]
        assert events[-1]["text"] == f"Whoever runs the server has called your account robert. {told}"
    assert [event["new"] for event in ada.objects()] == ["robert"]
    assert come(box, "bob").objects()[0]["name"] == "robert", "the name of before leads to it"
    assert box.admin("accounts") == "ada owner\nrobert"
    assert decided(box) == ["chat admin: rename bob: to robert"]


@pytest.mark.parametrize("held", [False, True])
def test_an_account_is_renamed_while_its_user_is_held_or_away(box: Box, held: bool) -> None:
    bob = come(box, "bob")
    token = bob.objects()[0]["token"]
    if held:
        bob.lose()
    else:
        bob.ask(type="quit")
    assert box.admin("rename", "bob", "helpdesk").startswith("The account bob is called helpdesk now.")
    again = guest(box, "bob", token=token)
    assert again.objects()[0]["name"] == "helpdesk"


def test_an_account_is_renamed_while_its_password_is_checked() -> None:
    work = SlowWork()
    box = make_box(run=work)
    bob = come(box, "bob")
    assert box.admin("rename", "bob", "robert").startswith("The account bob is called robert now.")
    work.do()
    box.turn()
    assert bob.objects()[0]["name"] == "robert"


@pytest.mark.parametrize("then", [("rename", "rob", "robert"), ("unregister", "rob")])
def test_a_rename_is_answered_though_what_comes_next_overtakes_it(then: tuple[str, ...]) -> None:
    store = SlowStore()
    box = make_box(store=store)
    box.settle()
    bob = come(box, "bob")
    box.settle()
    bob.received()
    bob.ask(type="rename", name="rob", password=PASSWORD, tag="1")
    assert len(store.waiting) == 1
    Operator(box).ask(*then)
    box.settle()
    (answer,) = [event for event in bob.objects() if event.get("tag") == "1"]
    assert answer["text"].startswith("Your account is called rob now.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rename", "bob", "Ada"), "There is an account ada already."),
        (("rename", "bob", "eve"), "eve is here under that name, and can make it theirs with /register."),
        (("rename", "bob", "bob"), "The account is called bob already."),
        (("rename", "bob", "b b"), "That name can't be used."),
        (("rename", "bob", "mal"), "The name mal is banned from this chat. chat admin unban mal lifts that."),
        (("rename", "cy", "sy"), "There is no account cy."),
        (("reset", "cy"), "There is no account cy."),
        (("logout", "cy"), "There is no account cy."),
        (("unregister", "cy"), "There is no account cy."),
    ],
)
def test_what_an_account_can_not_be(box: Box, words: tuple[str, ...], sentence: str) -> None:
    guest(box, "eve")
    box.admin("ban", "mal")
    assert box.admin(*words).startswith(sentence)
    assert box.admin("accounts") == "ada owner\nbob"


def test_a_reset_prints_a_password_once_and_ends_what_was_open(box: Box) -> None:
    bob = come(box, "bob")
    token = bob.objects()[0]["token"]
    first, second = box.admin("reset", "bob").splitlines()
    password = first.removeprefix("The password of bob is ")
    assert len(password) == 19
    assert "/password NEW" in second
    goodbye = bob.objects()[-1]
    assert (goodbye["type"], goodbye["code"]) == ("goodbye", "logged-out"), "it does not try the old password"
    assert guest(box, "bob", token=token).objects()[0]["code"] == "password-needed"
    assert come(box, "bob", PASSWORD).objects()[0]["code"] == "wrong-password"
    again = come(box, "bob", password, token=token)
    welcome = again.objects()[0]
    assert welcome["registered"]
    assert welcome["token"] != token, "whoever has it may not be bob"
    again.ask(type="password", password="battery staple")
    assert again.objects()[-1]["text"] == "Your password is changed."
    (line,) = in_json(box, "reset", "bob")
    assert line["name"] == "bob"
    assert line["password"] != password
    assert decided(box) == ["chat admin: password bob", "bob: password bob", "chat admin: password bob"]


def test_a_logout_ends_sessions_and_tokens_and_keeps_the_password(box: Box) -> None:
    first, second = come(box, "bob"), come(box, "bob")
    tokens = [client.objects()[0]["token"] for client in (first, second)]
    second.lose()
    assert box.admin("logout", "bob") == "All devices of bob are logged out."
    goodbye = first.objects()[-1]
    assert (goodbye["type"], goodbye["code"]) == ("goodbye", "logged-out")
    for token in tokens:
        assert guest(box, "bob", token=token).objects()[0]["code"] == "password-needed"
    assert come(box, "bob").objects()[0]["registered"]
    box.admin("disconnect", "bob")
    assert box.admin("logout", "bob") == "All devices of bob are logged out.", "also of one who is not here"


def test_an_account_is_ended_with_its_sessions(box: Box) -> None:
    bob = come(box, "bob", rooms={"den": None})
    token = bob.objects()[0]["token"]
    assert box.admin("unregister", "bob") == "There is no account bob any more. The name is free."
    goodbye = bob.objects()[-1]
    assert (goodbye["type"], goodbye["code"]) == ("goodbye", "logged-out")
    assert box.admin("users") == ""
    assert box.admin("accounts") == "ada owner"
    again = guest(box, "bob", token=token)
    assert "registered" not in again.objects()[0], "whoever comes first has the name"
    assert decided(box) == ["chat admin: unregister bob"]


def test_an_account_is_ended_while_somebody_registers_it_or_logs_in() -> None:
    work = SlowWork()
    box = make_box(run=work)
    eve = guest(box, "eve")
    eve.received()
    eve.ask(type="register", password=PASSWORD)
    assert box.admin("unregister", "eve").startswith("There is no account eve.")
    work.do()
    box.turn()
    assert texts(eve)[-1].startswith("The name eve is yours now.")
    bob = come(box, "bob")
    assert box.admin("unregister", "bob").startswith("There is no account bob any more.")
    work.do()
    box.turn()
    assert bob.objects()[0]["code"] == "wrong-password"
    eve.ask(type="unregister", password=PASSWORD)
    assert box.admin("unregister", "eve").startswith("There is no account eve any more.")
    work.do()
    box.turn()
    assert eve.objects()[-1]["type"] == "goodbye"
    assert box.admin("accounts") == "ada owner"


# -- bans


def test_the_operator_bans_whoever_it_is(box: Box) -> None:
    ada = come(box, "ada")
    assert box.admin("ban", "@ada", "7d", "coup") == "@ada is banned from this chat for 7 days."
    assert ada.objects()[-1]["code"] == "banned"
    assert box.admin("ban", "eve") == "eve is banned from this chat for ever."
    assert guest(box, "Eve").objects()[0]["code"] == "banned"
    assert [line["target"] for line in in_json(box, "bans")] == ["@ada", "eve"]
    assert (
        box.admin("ban", "192.0.2") == "192.0.2 is no address. Write one like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32."
    )
    assert box.admin("ban", "eve", "999999w").startswith("999999w is too long a time.")
    assert box.admin("unban", "@ada") == "@ada is not banned from this chat any more."
    assert come(box, "ada").objects()[0]["type"] == "welcome"
    assert decided(box) == ["chat admin: ban @ada: coup", "chat admin: ban eve", "chat admin: unban @ada"]


def test_a_ban_of_a_name_leaves_who_is_here_under_another_their_token(box: Box) -> None:
    bob = come(box, "bob")
    token = bob.objects()[0]["token"]
    bob.ask(type="nick", name="robert")
    box.admin("ban", "bob")
    assert [event["type"] for event in bob.objects()] == ["renamed", "renamed"]
    bob.lose()
    again = guest(box, "robert", token=token)
    assert again.objects()[0]["registered"], "it is the name that is banned"
    again.ask(type="quit")
    assert come(box, "bob").objects()[0]["code"] == "banned"


# -- rooms


def test_rooms_are_listed(box: Box) -> None:
    ada = come(box, "ada", rooms={"lobby": None, "dev": None})
    ada.ask(type="say", room="dev", text="hi")
    ada.ask(type="room", room="dev", access="members")
    dev, lobby = in_json(box, "rooms")
    assert (dev["room"], dev["here"], dev["access"], dev["founder"], dev["last"]) == ("dev", 1, "members", "ada", 1)
    assert lobby["last"] == 0
    lines = box.admin("rooms").splitlines()
    assert lines[0].startswith("#dev: 1 here, members, founder ada, last message 1 at ")
    assert lines[1] == "#lobby: 1 here, no messages"
    assert box.admin("room", "#dev").splitlines()[0] == "#dev is members-only: only users with an account come in."
    assert in_json(box, "room", "dev")[0]["rules"][-1] == "Its founder is ada."


@pytest.mark.parametrize(
    ("words", "sentence", "told"),
    [
        (("members",), "#dev is members-only: only users with an account come in.", ("members", True)),
        (("private",), "#dev is private: only who is invited comes in.", ("private", True)),
        (("lock", "on"), "Only ops set the topic of #dev.", ("lock", True)),
        (("slow", "30s"), "All but the ops of #dev may speak once every 30 seconds.", ("slow", True)),
        (("founder", "bob"), "bob is the founder of #dev.", ("founder", True)),
        (("archive",), "#dev is archived.", ("archived", True)),
    ],
)
def test_rules_are_set_and_told_to_all_in_the_room(
    box: Box, words: tuple[str, ...], sentence: str, told: tuple[str, bool]
) -> None:
    ada = come(box, "ada", rooms={"dev": None}, accept=CHANGES)
    ada.received()
    assert box.admin("room", "dev", *words) == sentence
    rule = ada.objects()[-1]
    assert (rule["type"], rule["by"], rule["rule"], rule["on"]) == ("rule", "chat admin", *told)
    again = box.admin("room", "dev", *words)
    assert again in (sentence, f"{sentence.rstrip('.')} already.")
    assert ada.objects() == []
    assert len(decided(box)) == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("lobby", "close"), "#lobby is where everybody comes in, so it stays open."),
        (("lobby", "private"), "#lobby is where everybody comes in, so it stays open."),
        (("lobby", "archive"), "#lobby is where everybody comes in, so it stays open."),
        (("lobby", "delete"), "#lobby is where everybody comes in, so it stays open."),
        (("dev", "fly"), "There is no rule fly. There are open, members, private, "),
        (("dev", "lock"), "Say more: chat admin room dev lock on|off"),
        (("dev", "lock", "of"), "of is neither on nor off."),
        (("dev", "slow", "x"), "x is no time. Write one like 30s, 10m, 2h, 7d or 4w."),
        (("dev", "founder", "eve"), "There is no account eve."),
        (("dev", "close", "now"), "Nothing follows close."),
    ],
)
def test_what_a_room_can_not_be(box: Box, words: tuple[str, ...], sentence: str) -> None:
    come(box, "ada", rooms={"lobby": None, "dev": None})
    assert box.admin("room", *words).startswith(sentence)


def test_a_room_is_closed_with_people_in_it_and_opened_again(box: Box) -> None:
    bob = come(box, "bob", rooms={"dev": None})
    person = box.text("flo")
    person.send("/join dev")
    person.received()
    bob.ask(type="say", room="dev", text="hi")
    token = next(event["token"] for event in bob.objects() if event["type"] == "welcome")
    bob.lose()
    person.received()
    assert box.admin("room", "dev", "close") == "#dev is closed."
    assert person.lines()[:2] == [
        "* #dev was closed by chat admin.",
        "* You are flo, alone in #lobby. Type /help for commands, exit to leave.",
    ]
    again = guest(box, "bob", token=token, rooms={"dev": None})
    events = again.objects()
    assert [event["type"] for event in events].count("error") == 1, "who resumes does not come into it"
    assert box.admin("room", "dev", "close") == "#dev is closed already."
    rules = box.admin("room", "dev").splitlines()
    assert rules[0] == "#dev is closed: only moderators come in, and nobody can speak in it."
    assert box.admin("room", "dev", "archive") == "#dev is closed. chat admin room dev open opens it again."
    assert box.admin("room", "dev", "open") == "#dev is open again."
    again.ask(type="join", room="dev")
    assert again.objects()[-1]["room"] == "dev"


def test_a_room_is_deleted_with_all_that_was_said_and_made_anew(box: Box) -> None:
    ada = come(box, "ada", rooms={"lobby": None, "dev": None}, accept=CHANGES)
    for number in range(3):
        ada.ask(type="say", room="dev", text=f"words {number}")
    ada.ask(type="say", room="lobby", text="stays")
    ada.ask(type="topic", room="dev", text="old")
    ada.received()
    assert box.admin("room", "dev", "delete") == "#dev is deleted, with 3 messages."
    assert ada.objects()[-1]["room"] == "dev"
    assert "#dev" not in box.admin("rooms")
    eve = guest(box, "eve", rooms={"dev": None})
    state = eve.objects()[-1]
    assert (state["topic"], state["ops"], state["last"]) == ("", ["eve"], 0)
    eve.ask(type="history", room="dev", count=10)
    assert eve.objects()[-1]["messages"] == []
    assert decided(box)[-1] == "chat admin: delete room dev in #dev"


def test_a_room_that_is_closed_is_deleted_with_a_moderator_in_it(box: Box) -> None:
    ada = come(box, "ada", rooms={"lobby": None, "dev": None})
    ada.ask(type="say", room="dev", text="words")
    box.admin("room", "dev", "close")
    ada.ask(type="join", room="dev")
    ada.received()
    assert box.admin("room", "dev", "delete") == "#dev is deleted, with 1 message."
    assert ada.objects()[-1]["room"] == "dev"
    assert "#dev" not in box.admin("rooms")


class Pieces(Recorded):
    """A history that drops and finds few messages at once, and holds a piece back when told so."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.waiting: list[tuple[Deferred[Any], Any]] = []

    def drop(self, room: str | None, last: int) -> Deferred[int]:
        number = next((message.id for message in self._all if message.room == room and message.id <= last), 0)
        return self._later(lambda: super(Pieces, self).drop(room, number))

    def said_by(self, wanted: Any) -> Deferred[Any]:
        return self._later(lambda: super(Pieces, self).said_by(wanted))

    def _later(self, work: Any) -> Deferred[Any]:
        if not self.slow:
            found: Deferred[Any] = work()
            return found
        done: Deferred[Any] = Deferred()
        self.waiting.append((done, work))
        return done

    def go_on(self) -> None:
        """Do the piece that waits."""
        done, work = self.waiting.pop(0)
        work().chainDeferred(done)


def test_a_deletion_goes_on_in_pieces_beside_all_else() -> None:
    store = Pieces()
    box = make_box(store=store)
    ada = come(box, "ada", rooms={"lobby": None, "dev": None})
    for number in range(3):
        ada.ask(type="say", room="dev", text=f"words {number}")
    store.slow = True
    operator = Operator(box).ask("room", "dev", "delete")
    box.turn()
    ada.received()
    ada.ask(type="say", room="lobby", text="meanwhile")
    assert ada.objects()[-1]["text"] == "meanwhile"
    for piece in range(3):
        store.go_on()
        box.clock.advance(50)
        box.turn()
        assert done(operator)[-1]["text"] == f"{piece + 1} deleted"
    assert not operator.socket.disconnected, "what takes long may last longer than a minute"
    ada.ask(type="room", room="dev", access="open", name="dev")
    store.go_on()
    box.turn()
    assert done(operator)[-1]["type"] == "notice"


def test_a_deletion_ends_with_the_connection_of_the_operator() -> None:
    store = Pieces()
    box = make_box(store=store)
    ada = come(box, "ada", rooms={"dev": None})
    for number in range(3):
        ada.ask(type="say", room="dev", text=f"words {number}")
    store.slow = True
    operator = Operator(box).ask("room", "dev", "delete")
    box.turn()
    store.go_on()
    operator.lose()
    box.turn()
    assert store.waiting == []
    store.slow = False
    assert box.admin("room", "dev", "delete").endswith("with 2 messages.")


def test_a_deletion_that_can_not_be_stored_ends_with_a_sentence_and_goes_on_later() -> None:
    store = Pieces()
    box = make_box(store=store)
    ada = come(box, "ada", rooms={"dev": None})
    ada.ask(type="say", room="dev", text="words")
    store.slow = True
    operator = Operator(box).ask("room", "dev", "delete")
    box.turn()
    dropped, _ = store.waiting.pop()
    dropped.errback(CannotKeep("the disk of the server is full."))
    box.turn()
    assert operator.answer()["text"] == "Not all was done: the disk of the server is full. Try again later."
    store.slow = False
    assert box.admin("room", "dev", "delete") == "#dev is deleted, with 1 message."


# -- what somebody has said


def said(box: Box, room: str = "lobby") -> list[str]:
    """What the history has of a room."""
    reader = come(box, "ada", rooms={room: None})
    reader.ask(type="history", room=room, count=200)
    found = [message["text"] for message in reader.objects()[-1]["messages"]]
    reader.ask(type="quit")
    return found


def test_what_somebody_said_is_erased_in_rooms_and_in_private(box: Box) -> None:
    bob = come(box, "bob", rooms={"lobby": None, "dev": None}, accept=CHANGES)
    eve, flo = guest(box, "eve", accept=CHANGES), box.text("flo")
    bob.ask(type="say", room="lobby", text="first")
    eve.ask(type="say", room="lobby", text="an answer", re=1)
    bob.ask(type="say", room="dev", text="second")
    bob.ask(type="msg", name="eve", text="psst")
    bob.ask(type="nick", name="robert")
    bob.ask(type="say", room="lobby", text="third")
    eve.ask(type="react", id=1, text="ok")
    for client in (eve, flo, bob):
        client.received()
    assert box.admin("erase", "bob") == "4 messages are erased that bob said."
    deleted = [event for event in eve.objects() if event["type"] == "deleted"]
    assert [(event["id"], event["by"]) for event in deleted] == [
        (1, "chat admin"),
        (4, "chat admin"),
        (5, "chat admin"),
    ]
    assert flo.lines() == ["* chat admin erased 2 messages of bob."]
    assert said(box) == ["an answer"]
    assert said(box, "dev") == []
    eve.ask(type="edit", id=2, text="an edit")
    assert eve.objects()[-1]["text"] == "an edit"
    bob.ask(type="edit", id=1, text="back")
    assert bob.objects()[-1]["code"] == "no-such-message"
    bob.ask(type="say", room="lobby", text="afterwards")
    assert said(box) == ["an edit", "afterwards"]
    assert decided(box)[-1] == "chat admin: erase bob"


def test_what_was_said_without_an_account_is_erased_by_its_name(box: Box) -> None:
    first = guest(box, "eve")
    first.ask(type="say", room="lobby", text="first")
    first.ask(type="quit")
    second = guest(box, "Eve")
    second.ask(type="say", room="lobby", text="second")
    third = guest(box, "flo")
    third.ask(type="say", room="lobby", text="third")
    third.ask(type="nick", name="eve2")
    bob = come(box, "bob")
    bob.ask(type="say", room="lobby", text="as bob")
    assert box.admin("erase", "eve") == "2 messages are erased that eve said."
    assert box.admin("erase", "eve") == "0 messages are erased that eve said."
    assert said(box) == ["third", "as bob"]
    bob.ask(type="unregister", password=PASSWORD)
    assert box.admin("erase", "bob") == "1 message is erased that bob said.", "whose account is gone"
    assert said(box) == ["third"]


def test_pins_of_what_is_erased_are_gone(box: Box) -> None:
    ada, bob = come(box, "ada", accept=CHANGES), come(box, "bob")
    bob.ask(type="say", room="lobby", text="pinned")
    ada.ask(type="pin", room="lobby", id=1)
    box.admin("erase", "bob")
    ada.ask(type="pins", room="lobby")
    assert ada.objects()[-1]["messages"] == []


def test_an_erasure_meets_edits_and_deletions_that_wait() -> None:
    store = SlowStore()
    box = make_box(store=store)
    for _ in range(2):
        store.store()
    bob = come(box, "bob", accept=CHANGES)
    box.settle()
    for text in ("one", "two", "three"):
        bob.ask(type="say", room="lobby", text=text)
    box.settle()
    first, second, _ = [message.id for message in box.stored]
    Operator(box).ask("erase", "bob")
    bob.ask(type="edit", id=first, text="edited")
    bob.ask(type="delete", id=second)
    box.settle()
    bob.ask(type="history", room="lobby", count=10)
    box.settle()
    assert bob.objects()[-1]["messages"] == []


def test_an_erasure_that_can_not_be_stored_ends_with_a_sentence() -> None:
    store = SlowStore()
    box = make_box(store=store)
    for _ in range(2):
        store.store()
    bob = come(box, "bob")
    box.settle()
    bob.ask(type="say", room="lobby", text="one")
    box.settle()
    operator = Operator(box).ask("erase", "bob")
    box.turn()
    store.store()
    box.turn()
    (batch,) = [records for _, records in store.waiting]
    assert any(isinstance(record, Changed) for record in batch)
    store.fail(CannotKeep("the disk of the server is full."))
    box.settle()
    answers = [event for event in done(operator) if event["type"] != "progress"]
    why = "Not all is erased, as the history can't be written."
    assert [event["text"] for event in answers] == [f"{why} 0 messages are erased that bob said. Try again later."]
    assert box.store is store
    operator.lose()
    again = Operator(box).ask("erase", "bob")
    box.settle()
    assert done(again)[-1]["text"] == "1 message is erased that bob said."


def test_a_kick_that_can_not_be_stored_leaves_a_guest_op_in_the_history_too() -> None:
    store = Kept()
    box = make_box(store=store)
    box.settle()
    eve = guest(box, "eve", rooms={"dev": None})
    eve.ask(type="say", room="dev", text="words")
    box.settle()
    operator = Operator(box).ask("kick", "eve", "dev")
    box.turn()
    store.fail(CannotKeep("the disk of the server is full."))
    eve.ask(type="say", room="dev", text="still here")
    box.settle()
    assert operator.answer()["type"] == "error"
    assert box.hub.users["eve"].subject in box.hub.rooms["dev"].ops
    assert [fact.op for fact in store.rights] == [True, False, True]


class Kept(SlowStore):
    """A history that remembers which rights it has stored."""

    def __init__(self) -> None:
        super().__init__()
        self.rights: list[RightsKept] = []

    def store(self) -> None:
        """Store the batch that has waited longest."""
        self.rights += [record for record in self.waiting[0][1] if isinstance(record, RightsKept)]
        super().store()


# -- the record and the figures


def test_the_record_is_filtered(box: Box) -> None:
    ada = come(box, "ada", rooms={"dev": None})
    come(box, "bob", rooms={"dev": None})
    box.clock.advance(60)
    ada.ask(type="mute", room="dev", name="bob")
    box.admin("role", "bob", "moderator")
    box.admin("ban", "@bob", "1h")
    muted, role, ban = decided(box)

    def filtered(**options: str) -> list[str]:
        operator = Operator(box).ask("audit", options=options)
        box.turn()
        lines = operator.answer()["lines"]
        operator.lose()
        return [line.split(" ", 2)[2] for line in lines]

    assert filtered(by="ADA") == [muted]
    assert filtered(by="chat admin") == [role, ban]
    assert filtered(about="bob") == [muted, role, ban]
    assert filtered(about="eve") == []
    assert filtered(what="role") == filtered(what="role moderator") == [role]
    assert filtered(room="#dev") == [muted]
    since = box.hub.now()
    assert filtered(until=since, by="ada") == []
    assert filtered(since="2000-01-01T00:00:00.000Z") == [muted, role, ban]
    assert filtered(until="2000-01-01T00:00:00.000Z") == []
    assert in_json(box, "audit")[0]["action"] == "mute"


def test_an_action_that_there_is_not_is_told_with_those_that_there_are(box: Box) -> None:
    operator = Operator(box).ask("audit", options={"what": "kcik"})
    box.turn()
    told = operator.answer()["text"]
    assert told.startswith("Nothing that is decided is called kcik. There are: account, announce to, archived, backup,")
    assert operator.answer()["type"] == "error"


def test_all_actions_are_listed() -> None:
    """Each that a command gives, that a rule of a room makes, and that a backup or a restore writes."""
    given = {MADE, RESTORED, *(f"role {role}" for role in ROLES)}
    given |= {f"{no}{rule}" for rule in get_args(RuleKind) for no in ("", "no ")}
    for path in Path(core.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.keyword("action", ast.Constant(str(action)) | ast.IfExp(orelse=ast.Constant(str(action)))):
                    given.add(action)
    assert given - {"closed", "no closed"} == set(ACTIONS)  # which are "close" and "open"


def test_the_figures_are_told(box: Box) -> None:
    guest(box, "eve")
    assert "users: 1" in box.admin("stats").splitlines()
    assert {"name": "users", "value": 1} in in_json(box, "stats")


# -- what can't be stored


@pytest.mark.parametrize(
    "words",
    [
        ("rename", "bob", "robert"), ("logout", "bob"), ("unregister", "bob"), ("disconnect", "bob"),
        ("kick", "bob", "dev"), ("announce", "hi"), ("ban", "@bob"), ("room", "dev", "close"),
        ("room", "dev", "delete"), ("room", "dev", "archive"), ("room", "dev", "private"),
        ("reset", "bob"), ("erase", "bob"),
    ],
)  # fmt: skip
def test_what_can_not_be_stored_has_not_happened(words: tuple[str, ...]) -> None:
    store = SlowStore()
    box = make_box(store=store)
    for _ in range(2):
        store.store()
    bob = come(box, "bob", rooms={"lobby": None, "dev": None}, accept=CHANGES)
    box.settle()
    bob.ask(type="say", room="dev", text="words")
    box.settle()
    bob.received()
    operator = Operator(box).ask(*words)
    box.turn()
    while store.waiting:
        store.fail(CannotKeep("the disk of the server is full."))
        box.turn()
    texts = [event["text"] for event in done(operator) if event["type"] != "progress"]
    assert texts == ["Not stored, not sent: the disk of the server is full. Try again later."]
    operator.lose()
    shown = [event for event in bob.objects() if event["type"] not in ("room", "joined", "left")]
    assert shown == []
    assert box.admin("accounts") == "ada owner\nbob"
    assert box.admin("bans") == ""
    bob.ask(type="say", room="dev", text="still here")
    box.settle()
    assert bob.objects()[-1]["text"] == "still here"
    assert isinstance(bob.socket, Socket)


def test_the_record_has_times_of_this_machine_to_the_second(box: Box, berlin: None) -> None:
    box.admin("role", "bob", "moderator")
    (line,) = box.admin("audit").splitlines()
    (found,) = in_json(box, "audit")
    local = datetime.fromisoformat(found["time"]).astimezone()
    assert line == f"{local:%Y-%m-%d %H:%M:%S} chat admin: role moderator bob"
    assert found["time"].endswith("Z")
