"""A private message that is being stored while its recipient registers, leaves, or loses the connection."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client, SlowStore

from chat.core.facts import Contents
from chat.core.limits import Limits

PASSWORD = "correct horse"  # noqa: S105
LIMITS = Limits(rate=None, plain_passwords=True)
LEFT = "bob left before they were shown what you said in private last."


class Chat:
    """ada and bob, who have no accounts."""

    def __init__(self) -> None:
        self.store = SlowStore()
        self.box = Box(limits=LIMITS, store=self.store)
        self.ada, self.bob = self.come("ada"), self.come("bob")

    def settle(self) -> None:
        """Have all that waits stored."""
        self.box.settle()

    def come(self, name: str, **fields: Any) -> Client:
        """A program that comes in."""
        client = self.box.json(name, **fields)
        self.settle()
        return client


@pytest.fixture
def chat() -> Chat:
    """The chat."""
    return Chat()


def texts(client: Client) -> list[str]:
    """The texts of what has come since the last look."""
    return [event["text"] for event in client.objects() if "text" in event]


def test_the_sender_is_told_that_the_recipient_left_meanwhile(chat: Chat) -> None:
    chat.ada.received()
    chat.ada.ask(type="msg", name="bob", text="psst")
    chat.bob.ask(type="quit")
    chat.settle()
    assert [text for text in texts(chat.ada) if text] == ["psst", LEFT]
    assert not chat.box.hub.unheard._last


def test_what_is_said_to_somebody_who_registers_meanwhile_is_shown_when_they_are_back(chat: Chat) -> None:
    token = chat.bob.token
    chat.ada.ask(type="msg", name="bob", text="psst")
    chat.bob.ask(type="register", password=PASSWORD)
    chat.bob.lose()
    chat.settle()
    again = chat.come("bob", token=token)
    again.ask(type="ping")
    chat.settle()
    assert "psst" in texts(again)
    again.ask(type="ping")
    again.ask(type="quit")
    chat.settle()
    assert "psst" not in texts(chat.come("bob", password=PASSWORD))


def test_a_recipient_who_has_registered_since_is_told_of_the_deletion(chat: Chat) -> None:
    chat.ada.ask(type="msg", name="bob", text="psst", tag="m")
    chat.settle()
    chat.bob.ask(type="register", password=PASSWORD)
    chat.settle()
    (number,) = (event["id"] for event in chat.bob.objects() if event.get("text") == "psst")
    chat.ada.ask(type="delete", id=number)
    chat.settle()
    assert [(event["type"], event.get("id")) for event in chat.bob.objects()] == [("deleted", number)]


def test_a_sender_who_has_registered_since_is_told_that_the_recipient_left(chat: Chat) -> None:
    chat.bob.lose()
    chat.ada.ask(type="msg", name="bob", text="psst")
    chat.ada.ask(type="register", password=PASSWORD)
    chat.settle()
    chat.ada.received()
    chat.box.clock.advance(LIMITS.grace)
    chat.settle()
    assert LEFT in texts(chat.ada)


def test_what_waited_for_who_does_not_come_back_after_a_restart_waits_no_more(chat: Chat) -> None:
    hub = chat.box.hub
    hub.restore(Contents(presences=(-5,), unheard=[(-5, 1, 3)]))
    assert hub.unheard.senders(-5) == [(1, 3)]
    hub.end_absent()
    assert not hub.unheard.senders(-5)
