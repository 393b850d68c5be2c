"""What a screen says of who comes into a room and who speaks there."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box
from client.scripted import ScriptedSeat, room
from client.seats import Seat

from chat.client.model import status
from chat.core.accounts import Role
from chat.core.limits import Limits
from chat.history.passwords import hash_password


def rule(name: str, on: bool = True) -> dict[str, Any]:
    """A rule of the lobby has changed."""
    return {"type": "rule", "time": "now", "room": "lobby", "by": "bob", "rule": name, "on": on, "text": "30 seconds"}


@pytest.mark.parametrize(
    ("state", "title"),
    [
        ({}, "#lobby"),
        ({"private": True}, "#lobby (private)"),
        ({"access": "open"}, "#lobby"),
        ({"access": "members"}, "#lobby (members only)"),
        ({"access": "private", "private": True}, "#lobby (private)"),
        ({"access": "archived"}, "#lobby (archived)"),
        ({"access": "archived", "private": True}, "#lobby (private, archived)"),
        ({"access": "closed"}, "#lobby (closed)"),
        ({"access": "weather"}, "#lobby"),
        ({"access": "members", "slow": 30}, "#lobby (members only, slow)"),
    ],
)
def test_what_is_so_when_one_comes_in(state: dict[str, Any], title: str) -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say(room("lobby", **state))
    assert status.title(seat.room("#lobby")) == title


def test_what_changes() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say(room("lobby"))
    for change, title in (
        (rule("members"), "#lobby (members only)"),
        (rule("private"), "#lobby (private)"),
        (rule("members", on=False), "#lobby (private)"),
        (rule("slow"), "#lobby (private, slow)"),
        (rule("archived"), "#lobby (private, archived, slow)"),
        (rule("slow", on=False), "#lobby (private, archived)"),
        (rule("closed", on=False), "#lobby (private, archived)"),
        (rule("archived", on=False), "#lobby (private)"),
        (rule("private", on=False), "#lobby"),
        (rule("weather"), "#lobby"),
    ):
        seat.server.say(change)
        assert status.title(seat.room("#lobby")) == title


def test_out_of_a_room_that_is_closed() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    ada = Seat(box, rooms=("lobby", "dev"))
    box.make_account("root", hash_password("correct horse"), Role.OWNER)
    root = Seat(box, "root", rooms=("dev",), password="correct horse")
    root.enter("/room close dev")
    ada.pump()
    assert ada.titles == ["#lobby"]
    assert ada.shown()[-1] == "! #dev was closed by root."
