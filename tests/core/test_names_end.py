"""A name's rights end with its account and with its presence: who takes the name later inherits nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from box import Box, Client
from history.stores import REACTOR, wait

from chat.core.limits import Limits
from chat.history.sqlite import SqliteStore

PASSWORD = "correct horse"  # noqa: S105
LIMITS = Limits(rate=None, plain_passwords=True)
SECRET = "the key is 4711"  # noqa: S105
CLOSED = "! #secret is private. Ask one of its ops for an invitation."


@pytest.fixture
def box() -> Box:
    """A chat that takes passwords everywhere."""
    return Box(limits=LIMITS)


def private_room(box: Box, owner: str = "ada") -> Client:
    """Somebody who has made #secret private and has told a secret there."""
    client = box.text(owner)
    client.send("/join secret", f"/register {PASSWORD}", "/room private", SECRET)
    client.received()
    return client


@pytest.mark.parametrize("where", ["there", "elsewhere"])
def test_who_takes_a_given_up_name_gets_nothing_of_its_rooms(box: Box, where: str) -> None:
    ada = private_room(box)
    if where == "elsewhere":
        ada.send("/join lobby")
    ada.send(f"/unregister {PASSWORD}", "exit")
    stranger = box.text("ada")
    stranger.send("/join secret", "/search key", "/rooms", f"/register {PASSWORD}", "/join secret", "/search key")
    shown = stranger.lines()
    assert SECRET not in "\n".join(shown)
    assert shown.count(CLOSED) == 2
    assert not [line for line in shown if "#secret," in line]


def test_an_op_by_the_name_is_none_after_the_account_has_ended(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    for client in (ada, bob):
        client.send("/join dev")
    ada.send(f"/register {PASSWORD}")
    ada.send(f"/unregister {PASSWORD}")
    ada.send("exit")
    stranger = box.text("ada")
    stranger.send("/join dev", "/who", "/kick bob")
    assert stranger.lines()[-2:] == ["* In #dev: ada, bob", "! Only the ops of #dev may do that."]


def test_an_invitation_belongs_to_the_person_and_ends_with_them(box: Box) -> None:
    ada, bob = private_room(box), box.text("bob")
    ada.send("/invite bob")
    bob.send("/nick bob2")
    stranger = box.text("bob")
    stranger.send("/join secret")
    assert stranger.lines()[-1] == CLOSED
    bob.received()
    bob.send("/join secret")
    assert any(line.startswith("* You are bob2, in #secret") for line in bob.lines())
    bob.send("exit")
    another = box.text("bob2")
    another.send("/join secret")
    assert another.lines()[-1] == CLOSED


def test_an_invitation_that_was_not_used_ends_with_the_presence(box: Box) -> None:
    ada, bob = private_room(box), box.text("bob")
    ada.send("/invite bob")
    bob.send("exit")
    stranger = box.text("bob")
    stranger.send("/join secret")
    assert stranger.lines()[-1] == CLOSED


def test_who_registers_keeps_the_invitation(box: Box) -> None:
    ada, bob = private_room(box), box.text("bob")
    ada.send("/invite bob")
    bob.send(f"/register {PASSWORD}", "exit")
    again = box.connect()
    again.send("bob", PASSWORD)
    again.socket.clear()
    again.send("/join secret")
    assert again.lines()[0].startswith("* You are bob, in #secret")


def test_a_mute_stays_through_another_name_and_another_room(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    ada.send("/join dev")
    bob.send("/join dev")
    ada.send("/mute bob 1h")
    bob.send("/join lobby", "/nick bob2", "/join dev", "hello")
    assert bob.lines()[-1].startswith("! You are muted in #dev for ")
    other = box.text("bob")
    other.send("/join dev", "hello")
    assert "bob: hello" in ada.lines()


def test_the_rights_of_an_account_end_in_the_file_too(tmp_path: Path) -> None:
    store = SqliteStore(REACTOR, tmp_path)
    store.open()
    box = Box(limits=LIMITS, store=store)

    ada = box.connect()
    for line, answer in (
        ("ada", "* You are ada"),
        ("/join secret", "* You are ada, alone in #secret"),
        (f"/register {PASSWORD}", "* The name ada is yours now"),
        ("/room private", "made the room private"),
        ("/lock", "locked the topic"),
        (f"/unregister {PASSWORD}", "* The name ada belongs to nobody now."),
    ):
        ada.send(line)
        shown = ""
        while answer not in shown:
            wait(store.message(1))
            box.turn()
            shown += ada.received()
    store.close()
    again = SqliteStore(REACTOR, tmp_path)
    contents = again.open()
    again.close()
    assert not contents.accounts
    (rules,) = contents.rules
    assert (rules.room, rules.private, rules.locked) == ("secret", True, True)
    assert (rules.ops, rules.invited) == ((), ())


def test_a_kick_holds_for_who_resumes_a_moment_later(box: Box) -> None:
    ada = box.text("ada")
    ada.send("/join dev")
    eve = box.json("eve", rooms={"dev": None})
    eve.socket.clear()
    token = next(iter(box.hub.tokens._live))
    eve.lose()
    ada.send("/kick eve spam")
    back = box.connect()
    back.ask(type="hello", name="eve", token=token, rooms={"dev": None, "lobby": None})
    assert [event.get("room", event.get("text")) for event in back.objects()[1:]] == [
        "lobby",
        "You were kicked out of #dev by ada: spam",
    ]
    ada.send("/who")
    assert ada.lines()[-1] == "* In #dev: ada (op)"
    back.ask(type="join", room="dev")
    assert back.objects()[-1]["users"] == ["ada", "eve"]
