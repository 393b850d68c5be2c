"""Names as people have them in other chats, and rooms whose names look alike."""

from __future__ import annotations

import pytest
from box import Box

from chat.core.facts import Contents, RoomRecord, RoomRules
from chat.core.limits import Limits
from chat.core.room import Access
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
NAMES = ["_ada", "ada_", "ada[m]", "ada|away", "ada`", "ada^", "a\\b", "ada{x}"]


@pytest.mark.parametrize("name", NAMES)
def test_who_is_called_as_on_irc_is_known_everywhere(name: str) -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    bob, ada = box.text("bob"), box.text(name)
    ada.send(f"/register {PASSWORD}", "tea", "/me waves")
    assert bob.lines() == [f"* {name} joined.", f"{name}: tea", f"~ {name} waves"]
    bob.send(f"/msg {name} psst", "/who", f"/search author:{name} tea", f"hi {name}!")
    who, *_, line, _, _ = bob.lines()
    assert who == f"* In #lobby: {', '.join(sorted((name, 'bob'), key=str.casefold))}"
    assert line.endswith(f"#lobby {name}: tea")
    assert ada.lines()[-2:] == ["bob (private): psst", f"bob: hi {name}!"]
    ada.send("/nick cy", f"/nick {name}", "exit")
    bob.send(f"{name}: here?")
    back = box.json(name, password=PASSWORD)
    back.ask(type="mentions")
    (found,) = [event for event in back.objects() if event["type"] == "found"]
    assert [message["text"] for message in found["messages"]] == [f"{name}: here?"]


@pytest.mark.parametrize(("first", "second"), [("modem", "modern"), ("straße", "straβe"), ("straβe", "straße")])
def test_rooms_that_look_alike_are_one(first: str, second: str) -> None:
    box = Box()
    ada, bob = box.text("ada"), box.text("bob")
    ada.send(f"/join {first}")
    bob.send(f"/join {second}")
    assert bob.lines()[-1] == f"* You are bob, in #{first} with ada. Type /help for commands, exit to leave."


def test_of_two_old_rooms_that_look_alike_each_is_found_by_its_exact_name() -> None:
    box = Box()
    records = [RoomRecord("modem", "", 1), RoomRecord("modern", "", 2)]
    box.hub.restore(Contents(last_id=2, rooms=records, rules=[RoomRules("modem", access=Access.PRIVATE)]))
    ada = box.text("ada")
    ada.send("/rooms", "/join modem", "/join modern")
    shown = ada.lines()
    assert shown[-2:] == [
        "! #modem is private. Ask one of its ops for an invitation.",
        "* You are ada, alone in #modern. Type /help for commands, exit to leave.",
    ]


def test_a_room_that_had_to_make_place_is_the_one_that_its_look_alike_means() -> None:
    box = Box(limits=Limits(rate=None, rooms=3))
    ada, bob = box.text("ada"), box.text("bob")
    ada.send("/join modem", "first", "/join lobby", "/join tea", "/join lobby")
    bob.send("/join one", "/join two")
    bob.send("/join lobby", "/join modern")
    assert "* You are bob, alone in #modem." in "\n".join(bob.lines())


def test_of_two_old_accounts_that_look_alike_each_comes_in_by_its_exact_name() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    for name in ("modem", "modern"):
        box.make_account(name, hash_password(f"{PASSWORD} of {name}"))
    for name in ("modem", "modern"):
        client = box.json(name, password=f"{PASSWORD} of {name}")
        client.ask(type="nick", name="ada")
        client.ask(type="nick", name=name)
        assert {event["type"] for event in client.objects()} == {"renamed"}
        client.ask(type="quit")
    stranger = box.connect()
    stranger.ask(type="hello", name="rnodem", password=PASSWORD)
    (refusal,) = stranger.objects()
    assert refusal["code"] == "name-taken"
    assert refusal["text"] == "That name belongs to somebody. It looks like modem. Choose another."
