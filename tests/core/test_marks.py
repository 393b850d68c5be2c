"""How far an account has read: one mark of each room, for all its sessions, whatever they come in by."""

from __future__ import annotations

import json
from typing import Any

import pytest
from box import Box, Client, SlowStore

from chat.core.limits import Limits
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)


@pytest.fixture
def box() -> Box:
    """A chat in which ada has an account, and three messages were said."""
    box = Box(limits=LIMITS)
    box.make_account("ada", HASH)
    bob = box.json("bob")
    for text in ("one", "two", "three"):
        bob.ask(type="say", room="lobby", text=text)
    return box


def mark_of(client: Client) -> Any:
    """How far the client is told that it has read the lobby."""
    (room,) = (event for event in client.objects() if event["type"] == "room")
    return room.get("read")


def come(box: Box, **fields: Any) -> Client:
    """A program that says hello."""
    client = box.connect()
    client.ask(type="hello", **fields)
    return client


@pytest.mark.parametrize("ended_by", ["quit", "a broken connection"])
def test_who_comes_back_by_a_token_after_their_session_has_ended_knows_what_was_read(box: Box, ended_by: str) -> None:
    ada = box.json("ada", password=PASSWORD)
    ada.ask(type="read", room="lobby", id=2)
    if ended_by == "quit":
        ada.ask(type="quit")
    else:
        ada.lose()
        box.clock.advance(LIMITS.grace + 1)
    again = come(box, name="ada", token=ada.token)
    assert mark_of(again) == 2


def test_what_one_session_has_read_another_of_the_account_has_read(box: Box) -> None:
    first = box.json("ada", password=PASSWORD)
    first.ask(type="nick", name="lovelace")
    second = box.json("ada", password=PASSWORD)
    first.ask(type="read", room="lobby", id=3)
    second.ask(type="leave", room="lobby")
    second.received()
    second.ask(type="join", room="lobby")
    assert mark_of(second) == 3


def test_a_mark_that_can_not_be_stored_is_refused_and_not_set() -> None:
    store = SlowStore()
    box = Box(limits=LIMITS, store=store)
    box.make_account("ada", HASH)
    box.settle()
    ada = box.json("ada", password=PASSWORD)
    box.settle()
    ada.ask(type="say", room="lobby", text="one")
    box.settle()
    ada.received()
    ada.send(json.dumps({"type": "read", "room": "lobby", "id": 1, "tag": "r"}))
    store.fail(CannotKeep("the disk is full."))
    box.settle()
    assert [(event["tag"], event["code"]) for event in ada.objects()] == [("r", "not-stored")]
    ada.ask(type="leave", room="lobby")
    box.settle()
    ada.received()
    ada.ask(type="join", room="lobby")
    box.settle()
    assert mark_of(ada) is None
