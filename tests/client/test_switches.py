"""Commands that switch something: the client says which way, from what its user has seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from box import Box
from client.seats import Seat

from chat.client.model.client import _BEFORE, CannotDo, Client
from chat.core.accounts import Role
from chat.core.commands.table import TABLE
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105


def switched(seat: Seat, kind: str) -> list[Any]:
    """Which way each request of this *kind* went that the client has sent."""
    requests = [json.loads(line) for cable in seat.wiring.endpoint.cables for line in cable.sent]
    return [request.get("on") for request in requests if request["type"] == kind]


def test_all_commands_that_switch_something_say_which_way() -> None:
    commands = [command for command in TABLE.values() if not command.programs]
    switching = {command.name for command in commands if any(p.name == "on" for p in command.parameters)}
    methods = (Client._switch, Client._react, Client._pin)
    assert {name for name, method in _BEFORE.items() if method in methods} == switching


def test_an_op_is_made_and_unmade() -> None:
    box = Box()
    seat = Seat(box, rooms=("dev",))
    bob = box.json("bob", rooms={"dev": None})
    seat.enter("/op bob", "/op BOB", "/op bob")
    assert switched(seat, "op") == [True, False, True]
    bob.ask(type="nick", name="robert")
    seat.pump()
    seat.enter("/op robert")
    assert switched(seat, "op")[3:] == [False]
    seat.enter("/op robert on", "/op robert on", "/op robert off")
    assert switched(seat, "op")[4:] == [True, True, False]
    seat.enter("/op robert")
    bob.ask(type="leave", room="dev")
    bob.ask(type="join", room="dev")
    seat.pump()
    seat.enter("/op robert")
    assert switched(seat, "op")[7:] == [True, True]


def test_who_is_op_is_known_from_the_room_from_who_and_after_a_break() -> None:
    box = Box()
    bob = box.json("bob", rooms={"dev": None})
    seat = Seat(box, rooms=("dev",))
    bob.ask(type="op", room="dev", name="ada", on=True)
    seat.pump()
    seat.enter("/op bob")
    assert switched(seat, "op") == [False]
    room = seat.room("#dev")
    assert room.ops == {"ada"}
    room.ops = {"bob"}
    seat.enter("/who")
    assert room.ops == {"ada"}
    room.ops = set()
    seat.wiring.cable.cut()
    seat.wiring.wait(3)
    assert room.ops == {"ada"}


def test_a_topic_is_locked_and_unlocked() -> None:
    box = Box()
    seat = Seat(box, rooms=("dev",))
    seat.enter("/lock", "/lock", "/lock", "/lock on")
    assert switched(seat, "lock") == [True, False, True, True]
    bob = Seat(box, "bob", rooms=("dev",))
    seat.enter("/op bob")
    bob.pump()
    bob.enter("/lock")
    assert switched(bob, "lock") == [False]
    seat.pump()
    seat.enter("/lock")
    assert switched(seat, "lock")[4:] == [True]
    assert box.json("eve", rooms={"dev": None}).objects() == []


def test_a_lock_that_is_typed_twice_before_its_answer_is_locked_once() -> None:
    box = Box()
    seat = Seat(box, rooms=("dev",))
    seat.client.enter("/lock")
    seat.client.enter("/lock")
    seat.pump()
    assert switched(seat, "lock") == [True, True]
    assert seat.room("#dev").locked


def test_users_are_ignored_and_heard_again() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter("/ignore", "/ignore bob", "/ignore BOB", "/ignore bob", "/ignore bob on")
    assert switched(seat, "ignore") == [None, True, False, True, True]
    assert seat.model.ignored == {"bob"}
    seat.wiring.cable.cut()
    box.clock.advance(100)
    seat.wiring.wait(3)
    assert switched(seat, "ignore")[5:] == [None, True]
    assert seat.model.ignored == {"bob"}
    seat.enter("/ignore bob")
    assert seat.model.ignored == set()


def test_a_moderator_is_made_only_by_who_says_which_way() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    box.make_account("ada", hash_password(PASSWORD), Role.OWNER)
    seat = Seat(box, password=PASSWORD)
    bob = box.json("bob")
    bob.ask(type="register", password=PASSWORD)
    with pytest.raises(CannotDo, match="/moderator bob on, or /moderator bob off"):
        seat.enter("/moderator bob")
    seat.enter("/moderator bob on", "/moderator bob on", "/moderator bob off")
    assert switched(seat, "moderator") == [True, True, False]
    assert seat.shown()[-3:] == [
        "* bob is a moderator now.",
        "* bob is a moderator now.",
        "* bob is no moderator any more.",
    ]


def test_a_room_is_archived_and_taken_out_of_the_archive() -> None:
    box = Box()
    seat = Seat(box, rooms=("dev",))
    seat.enter("/room archive", "/room archive", "/room archived")
    assert switched(seat, "room") == [True, False, True]
    seat.enter("/room", "/room members")
    assert switched(seat, "room")[3:] == [None, None]
