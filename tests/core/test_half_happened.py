"""A client that is refused has changed nothing."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box

from chat.core.limits import Limits


@pytest.mark.parametrize(
    ("rooms", "code"),
    [({"no room": None}, "bad-name"), ({"": None}, "bad-name"), ({"dev": None, "lobby": None}, "too-many-rooms")],
)
def test_a_hello_that_is_refused_ends_no_held_session(rooms: dict[str, Any], code: str) -> None:
    box = Box(limits=Limits(rate=None, rooms=1))
    bob, eve = box.json("bob"), box.json("eve")
    eve.lose()
    bob.objects()
    stranger = box.connect()
    stranger.ask(type="hello", name="eve", rooms=rooms)
    assert [event["code"] for event in stranger.objects()] == [code]
    assert bob.objects() == []
    again = box.connect()
    again.ask(type="hello", name="eve", token=eve.token)
    assert again.objects()[0]["type"] == "welcome"
    assert bob.objects() == []


def test_who_takes_the_name_of_the_last_in_a_room_comes_into_the_room_that_others_find() -> None:
    box = Box(limits=Limits(rate=None))
    eve = box.json("eve", rooms={"dev": None})
    eve.ask(type="topic", room="dev", text="tea")
    eve.lose()
    other, bob = box.json("eve", rooms={"dev": None}), box.json("bob", rooms={"dev": None})
    bob.ask(type="topic", room="dev")
    other.ask(type="who", room="dev")
    assert bob.objects()[0]["topic"] == ""
    assert other.objects()[-1]["users"] == ["eve", "bob"]


def test_there_is_always_place_for_the_lobby() -> None:
    box = Box(limits=Limits(rate=None, rooms=1))
    box.json("ada", rooms={"dev": None})
    refused = box.connect()
    refused.ask(type="hello", name="eve", rooms={"tea": None})
    assert refused.objects()[-1]["code"] == "too-many-rooms"
    bob = box.text("bob")
    bob.send("/who")
    assert bob.lines() == ["* In #lobby: bob"]
