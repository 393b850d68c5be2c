"""A room in which nothing was said is gone when it is empty, and nothing of it comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from box import Box, SlowStore
from core.test_names_end import PASSWORD, Kept

from chat.core.facts import RoomForgotten
from chat.core.limits import Limits
from chat.history.store import CannotKeep


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.close()


def request(kind: str, room: str = "tea", **fields: Any) -> dict[str, Any]:
    return {"type": kind, "room": room, **fields}


def entered(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The last room that was entered."""
    return [event for event in events if event["type"] == "room"][-1]


def test_its_topic_does_not_come_back_with_the_next_of_its_name(chat: Kept) -> None:
    ada, _ = chat.come("ada")
    chat.ask(ada, request("join"), request("topic", text="ada looks for a new job"), request("leave"))
    bob, _ = chat.come("bob")
    assert entered(chat.ask(bob, request("join")))["topic"] == ""
    chat.ask(bob, request("say", text="a fresh room"), request("leave"))
    chat.restart()
    eve, _ = chat.come("eve")
    assert entered(chat.ask(eve, request("join")))["topic"] == ""


def test_the_topic_of_the_next_stays(chat: Kept) -> None:
    ada, _ = chat.come("ada")
    chat.ask(ada, request("join"), request("topic", text="old"), request("leave"), request("join"))
    chat.ask(ada, request("topic", text="new"), request("say", text="hi"), request("leave"))
    chat.restart()
    assert [(room.name, room.topic) for room in chat.held.rooms] == [("tea", "new")]


def test_its_op_has_no_right_in_the_next_of_its_name(chat: Kept) -> None:
    ada, _ = chat.come("ada")
    chat.ask(ada, {"type": "register", "password": PASSWORD}, request("join"))
    chat.ask(ada, request("lock"), request("lock"), request("leave"))
    chat.restart()
    eve, _ = chat.come("eve")
    rooms = chat.ask(eve, {"type": "rooms"})[0]["rooms"]
    assert [room["room"] for room in rooms] == ["lobby"]
    assert entered(chat.ask(eve, request("join")))["ops"] == ["eve"]
    ada, _ = chat.come("ada", password=PASSWORD)
    assert entered(chat.ask(ada, request("join")))["ops"] == ["eve"]


def test_a_chat_that_ends_meanwhile_forgets_the_topic_unless_the_room_has_rules(chat: Kept) -> None:
    ada, _ = chat.come("ada")
    chat.ask(ada, {"type": "register", "password": PASSWORD}, request("join"), request("topic", text="secret"))
    chat.ask(ada, request("room", access="private"), request("join", "coffee"))
    chat.ask(ada, request("topic", "coffee", text="ada looks for a new job"))
    chat.restart()
    assert [(room.name, room.topic) for room in chat.held.rooms] == [("tea", "secret")]
    ada, events = chat.come("ada", password=PASSWORD, rooms={"tea": None, "coffee": None})
    assert [event["topic"] for event in events if event["type"] == "room"] == ["secret", ""]


def test_nobody_is_told_if_that_can_not_be_stored() -> None:
    store = SlowStore()
    box = Box(limits=Limits(rate=None), store=store)
    ada = box.json("ada")
    ada.ask(type="join", room="tea")
    ada.ask(type="topic", room="tea", text="hot")
    store.store()
    box.turn()
    ada.received()
    ada.ask(type="leave", room="tea")
    assert [type(record) for record in store.waiting[0][1]] == [RoomForgotten]
    store.fail(CannotKeep("the disk of the server is full."))
    box.turn()
    assert [event["type"] for event in ada.objects()] == ["left"]


def test_it_is_gone_when_all_that_was_said_in_it_could_not_be_stored() -> None:
    store = SlowStore()
    box = Box(limits=Limits(rate=None, plain_passwords=True), store=store)
    ada = box.json("ada", rooms={})
    ada.ask(type="join", room="lobby")
    ada.ask(type="say", room="lobby", text="hello")
    ada.ask(type="say", room="lobby", text="hello again")
    ada.ask(type="leave", room="lobby")
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    while store.waiting:
        store.fail(CannotKeep("the disk is full."))
        box.turn()
    assert box.hub.rooms.all() == []


def test_a_lobby_to_which_nobody_is_put_out_does_not_come_into_being() -> None:
    box = Box(limits=Limits(rate=None, rooms=1))
    ada, eve = (box.json(name, rooms={"dev": None}) for name in ("ada", "eve"))
    ada.ask(type="kick", room="dev", name="eve")
    assert eve.objects()[-1]["type"] == "left"
    assert [room.name for room in box.hub.rooms.all()] == ["dev"]


def test_a_lobby_to_which_somebody_was_put_out_is_gone_when_that_could_not_be_stored() -> None:
    store = SlowStore()
    box = Box(limits=Limits(rate=None), store=store)
    ada = box.json("ada", rooms={"dev": None})
    eve = box.text("eve")
    eve.send("/join dev")
    ada.ask(type="kick", room="dev", name="eve")
    assert [room.name for room in box.hub.rooms.all()] == ["dev", "lobby"]
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    assert [room.name for room in box.hub.rooms.all()] == ["dev"]
