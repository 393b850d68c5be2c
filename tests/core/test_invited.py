"""Who is invited into a room is told so when they come in, unless they ignore who invited them."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client
from core.test_names_end import LIMITS

from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)


@pytest.fixture
def box() -> Box:
    """A chat in which bob has an account, and is not here."""
    box = Box(limits=LIMITS)
    box.make_account("bob", HASH)
    return box


def come(box: Box, name: str, **fields: Any) -> tuple[Client, list[str]]:
    """Somebody comes in; what they are told."""
    client = box.connect()
    client.ask(type="hello", name=name, **fields)
    return client, [event["text"] for event in client.objects() if event["type"] == "notice"]


def test_who_ignores_who_invites_is_not_told_and_may_come_all_the_same(box: Box) -> None:
    bob, _ = come(box, "bob", password=PASSWORD)
    bob.ask(type="ignore", name="eve")
    bob.ask(type="quit")
    eve = box.json("eve", rooms={"bob-is-a-fool": None})
    eve.ask(type="register", password=PASSWORD)
    eve.ask(type="room", room="bob-is-a-fool", access="private")
    eve.ask(type="invite", room="bob-is-a-fool", name="bob")
    bob, told = come(box, "bob", password=PASSWORD)
    assert told == []
    bob.ask(type="join", room="bob-is-a-fool")
    assert bob.objects()[-1]["type"] == "room"
