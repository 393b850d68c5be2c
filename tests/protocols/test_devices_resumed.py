"""A device that goes on from another connection while what it has asked for waits to be stored."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client, SlowStore

from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASHED = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)


class Late:
    """A chat with ada on two devices, whose history stores late."""

    def __init__(self) -> None:
        self.store = SlowStore()
        self.box = Box(limits=LIMITS, store=self.store)
        self.box.make_account("ada", HASHED)
        self.settle()
        self.one, self.two = self.come(password=PASSWORD), self.come(password=PASSWORD)
        self.settle()
        self.one.objects()
        self.two.objects()

    def come(self, **fields: Any) -> Client:
        """A device."""
        client = self.box.connect()
        client.ask(type="hello", name="ada", **fields)
        return client

    def settle(self) -> None:
        """Have all that waits stored."""
        self.box.settle()


@pytest.mark.parametrize("request_", [{"type": "password", "password": "another horse"},
                                      {"type": "unregister", "password": PASSWORD}])  # fmt: skip
def test_a_device_that_ends_the_others_stays_if_it_goes_on_from_another_connection(request_: dict[str, Any]) -> None:
    chat = Late()
    chat.one.ask(**request_)
    chat.one.lose()
    again = chat.come(token=chat.one.token)
    chat.settle()
    assert "goodbye" not in [event["type"] for event in again.objects()]
    assert chat.two.objects()[-1]["type"] == "goodbye"
    again.ask(type="say", room="lobby", text="still here")
    chat.settle()
    assert again.objects()[-1]["text"] == "still here"


@pytest.mark.parametrize("name", ["ada", "countess"])
def test_a_device_that_comes_back_does_not_undo_the_name_that_another_has_taken(name: str) -> None:
    box = Box(limits=LIMITS)
    box.make_account("ada", HASHED)
    one, two = box.json("ada", password=PASSWORD), box.json("ada", password=PASSWORD)
    one.ask(type="nick", name="countess")
    one.received()
    one.lose()
    two.ask(type="nick", name="duchess")
    two.received()
    again = box.connect()
    again.ask(type="hello", name=name, token=one.token)
    welcome, room = again.objects()
    assert (welcome["name"], room["users"]) == ("duchess", ["duchess"])
    assert two.objects() == []
