"""Nothing is left of an account that could not be stored: the next account may have its id, after a restart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from box import Box, Client, Operator, SlowStore

from chat.core.facts import Record, RightsKept, RoomListed
from chat.core.limits import Limits
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep

PASSWORD = "correct horse"  # noqa: S105
LIMITS = Limits(rate=None, plain_passwords=True)


class Recorded(SlowStore):
    """A history of which the test sees what is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: list[Record] = []

    def store(self) -> None:
        self.stored += self.waiting[0][1]
        super().store()


class Chat:
    """A chat whose first account can't be stored."""

    def __init__(self) -> None:
        self.store = Recorded()
        self.box = Box(limits=LIMITS, store=self.store)

    def settle(self) -> None:
        """Have all that waits stored."""
        self.box.settle()

    def fail(self) -> None:
        """The batch that waits can't be stored; what is behind it can."""
        self.store.fail(CannotKeep("the disk is full."))
        self.settle()

    def come(self, name: str, **fields: Any) -> Client:
        """A program that comes in."""
        client = self.box.json(name, **fields)
        self.settle()
        client.objects()
        return client


@pytest.fixture
def chat() -> Chat:
    """The chat."""
    return Chat()


def subjects(records: list[Record]) -> set[int]:
    """Whose all these records are: numbers of accounts."""
    return {
        value
        for record in records
        for field in ("account", "subject", "author", "recipient")
        if isinstance(value := getattr(record, field, 0), int) and value > 0
    }


def test_what_is_said_under_an_account_that_could_not_be_stored_is_refused(chat: Chat) -> None:
    ada, bob = chat.come("ada"), chat.come("bob")
    ada.ask(type="register", password=PASSWORD, tag="r")
    ada.ask(type="say", room="lobby", text="one", tag="s")
    bob.ask(type="msg", name="ada", text="two", tag="m")
    bob.ask(type="say", room="lobby", text="three", tag="s")
    chat.fail()
    assert [(event["tag"], event["code"]) for event in ada.objects() if event["type"] == "error"] == [
        ("r", "not-stored"),
        ("s", "not-stored"),
    ]
    assert [(event.get("tag"), event.get("text")) for event in bob.objects()] == [
        ("m", "Not stored, not sent: the disk is full. Try again later."),
        ("s", "three"),
    ]
    assert subjects(chat.store.stored) == set()
    ada.ask(type="say", room="lobby", text="one", tag="s")
    chat.settle()
    assert "account" not in ada.objects()[-1]


def test_a_token_that_is_used_meanwhile_is_not_kept_for_the_account(chat: Chat) -> None:
    ada = chat.come("ada")
    ada.ask(type="register", password=PASSWORD)
    again = chat.box.json("ada", token=ada.token)
    again.ask(type="read", room="lobby", id=0)
    chat.fail()
    assert subjects(chat.store.stored) == set()
    again.ask(type="say", room="lobby", text="hello")
    chat.settle()
    assert again.objects()[-1]["text"] == "hello"
    assert subjects(chat.store.stored) == set()


def test_the_rights_in_a_room_that_is_made_meanwhile_are_those_of_the_presence(chat: Chat) -> None:
    ada = chat.come("ada")
    ada.ask(type="register", password=PASSWORD)
    ada.ask(type="join", room="dev")
    chat.fail()
    ada.objects()
    ada.ask(type="lock", room="dev")
    chat.settle()
    assert ada.objects()[-1]["rule"] == "lock"
    ops = [record for record in chat.store.stored if isinstance(record, RightsKept)]
    assert [record.subject < 0 for record in ops] == [True]
    assert subjects(chat.store.stored) == set()


def test_nothing_is_left_of_who_leaves_meanwhile(chat: Chat) -> None:
    ada, bob = chat.come("ada"), chat.come("bob")
    for client in (ada, bob):
        client.ask(type="join", room="dev")
        chat.settle()
    ada.ask(type="invite", room="dev", name="bob")
    chat.settle()
    room = chat.box.hub.rooms["dev"]
    assert room.invited
    bob.ask(type="register", password=PASSWORD)
    bob.ask(type="quit")
    chat.fail()
    assert not room.invited
    ada.ask(type="msg", name="bob", text="are you there?")
    chat.settle()
    assert ada.objects()[-1]["code"] == "no-such-user"


def test_who_leaves_while_their_account_can_not_be_given_up_is_not_here_any_more(chat: Chat) -> None:
    chat.box.make_account("ada", hash_password(PASSWORD))
    chat.settle()
    ada, bob = chat.come("ada", password=PASSWORD), chat.come("bob")
    ada.ask(type="unregister", password=PASSWORD)
    ada.ask(type="quit")
    chat.fail()
    bob.ask(type="msg", name="ada", text="hello")
    chat.settle()
    assert bob.objects()[-1]["text"] == "ada is not here, and will get that when they come in."


def test_what_is_said_to_an_account_that_the_operator_could_not_make_is_refused(chat: Chat) -> None:
    bob = chat.come("bob")
    operator = Operator(chat.box).ask("account", "ada", secret=PASSWORD)
    chat.box.turn()
    bob.send(json.dumps({"type": "msg", "name": "ada", "text": "hello", "tag": "m"}))
    chat.fail()
    assert operator.answer()["code"] == "not-stored"
    assert [(event["tag"], event["code"]) for event in bob.objects() if event["type"] == "error"] == [
        ("m", "not-stored")
    ]
    assert subjects(chat.store.stored) == set()


def test_a_room_that_is_made_while_the_account_can_not_be_given_up_is_the_accounts(chat: Chat) -> None:
    chat.box.make_account("ada", hash_password(PASSWORD))
    chat.settle()
    ada = chat.come("ada", password=PASSWORD)
    ada.ask(type="unregister", password=PASSWORD)
    ada.ask(type="join", room="dev")
    chat.fail()
    ada.objects()
    ada.ask(type="lock", room="dev")
    chat.settle()
    assert [(event["rule"], event["on"]) for event in ada.objects()] == [("lock", True)]
    assert chat.box.hub.rooms["dev"].ops == {chat.box.hub.accounts["ada"].id}


def test_who_took_the_name_of_an_account_that_could_not_be_given_up_gives_way_to_its_owner(chat: Chat) -> None:
    chat.box.make_account("ada", hash_password(PASSWORD))
    chat.settle()
    ada = chat.come("ada", password=PASSWORD)
    ada.ask(type="nick", name="lovelace")
    eve = chat.come("eve")
    ada.ask(type="unregister", password=PASSWORD)
    eve.ask(type="nick", name="ada")
    chat.fail()
    assert eve.objects()[-1]["new"] == "ada"
    again = chat.come("ada", password=PASSWORD)
    assert chat.box.hub.users["lovelace"].sessions == (ada.protocol.session, again.protocol.session)
    assert eve.objects()[-1]["text"] == "The name ada belongs to somebody, who has come in. Choose another."


def test_what_nobody_asked_for_is_stored_with_the_next_batch_if_it_could_not_be(chat: Chat) -> None:
    ada, bob = chat.come("ada", rooms={"dev": None}), chat.come("bob", rooms={"dev": None})
    ada.ask(type="lock", room="dev")
    chat.settle()
    ada.ask(type="leave", room="dev")
    for _ in range(2):
        chat.fail()
        assert not [record for record in chat.store.stored if isinstance(record, RightsKept) and not record.op]
        bob.ask(type="say", room="dev", text="hello")
    chat.settle()
    assert [record.op for record in chat.store.stored if isinstance(record, RightsKept)] == [True, False]


def test_what_nobody_asked_for_is_stored_when_the_chat_ends_if_it_could_not_be(chat: Chat) -> None:
    ada = chat.come("ada", rooms={"dev": None})
    ada.ask(type="lock", room="dev")
    chat.settle()
    ada.ask(type="leave", room="dev")
    chat.fail()
    drained = chat.box.commit.drained()
    chat.settle()
    assert drained.called
    assert [record.op for record in chat.store.stored if isinstance(record, RightsKept)] == [True, False]


def test_what_is_said_to_who_could_not_give_up_the_account_is_refused_or_theirs(chat: Chat) -> None:
    chat.box.make_account("ada", hash_password(PASSWORD))
    chat.settle()
    ada, bob = chat.come("ada", password=PASSWORD, accept=["conversations"]), chat.come("bob")
    ada.ask(type="unregister", password=PASSWORD)
    bob.ask(type="msg", name="ada", text="one")
    ada.ask(type="msg", name="bob", text="two")
    chat.fail()
    assert "not-stored" in [event.get("code") for event in bob.objects()]
    bob.ask(type="msg", name="ada", text="three")
    ada.ask(type="conversations", tag="c")
    chat.settle()
    (page,) = (event for event in ada.objects() if event.get("tag") == "c")
    (line,) = page["conversations"]
    ada.ask(type="history", tag="h", **{"with": line["with"]})
    chat.settle()
    assert [message["text"] for message in ada.objects()[-1]["messages"]] == ["three"]
    assert {message.text for message in chat.store._all} == {"three"}


def test_an_account_whose_end_could_not_be_stored_has_no_room_that_is_gone_since(chat: Chat) -> None:
    ada, bob = chat.come("ada", rooms={"lobby": None, "tea": None}), chat.come("bob")
    ada.ask(type="register", password=PASSWORD)
    chat.settle()
    ada.ask(type="unregister", password=PASSWORD)
    ada.ask(type="leave", room="tea")
    chat.fail()
    bob.ask(type="join", room="tea")
    chat.settle()
    two = chat.box.connect()
    two.ask(type="hello", name="ada", password=PASSWORD)
    chat.settle()
    assert [room["room"] for room in two.objects()[0]["rooms"]] == ["lobby"]


def test_the_tokens_of_an_account_whose_end_could_not_be_stored_bring_its_devices_back(chat: Chat) -> None:
    ada = chat.come("ada")
    ada.ask(type="register", password=PASSWORD)
    chat.settle()
    two = chat.come("ada", password=PASSWORD)
    ada.ask(type="unregister", password=PASSWORD)
    for device in (two, ada):
        device.lose()
        chat.box.clock.advance(LIMITS.grace)
    chat.fail()
    for device in (two, ada):
        again = chat.box.connect()
        again.ask(type="hello", name="ada", token=device.token)
        chat.settle()
        assert again.objects()[0]["registered"] is True


def test_a_room_that_is_kept_since_an_account_was_to_end_holds_its_rights_after_all(chat: Chat) -> None:
    chat.box.make_account("ada", hash_password(PASSWORD))
    chat.settle()
    ada = chat.come("ada", password=PASSWORD, rooms={"tea": None})
    bob = chat.come("bob", rooms={"tea": None})
    ada.ask(type="unregister", password=PASSWORD)
    bob.ask(type="say", room="tea", text="from now on the room is kept")
    chat.fail()
    assert RightsKept("tea", chat.box.hub.accounts["ada"].id, op=True, founder=True) in chat.store.stored


def test_a_room_that_ended_while_an_account_was_to_end_is_none_of_its_rooms_in_the_history(chat: Chat) -> None:
    chat.box.make_account("ada", hash_password(PASSWORD))
    chat.settle()
    ada = chat.come("ada", password=PASSWORD, rooms={"tea": None})
    ada.ask(type="unregister", password=PASSWORD)
    ada.ask(type="leave", room="tea")
    chat.fail()
    account = chat.box.hub.accounts["ada"]
    assert "tea" not in account.rooms
    assert RoomListed(account.id, "tea", on=False) in chat.store.stored


def test_a_ban_of_somebody_who_has_left_meanwhile_ends_if_it_could_not_be_stored(chat: Chat) -> None:
    ada, eve = chat.come("ada", rooms={"tea": None}), chat.come("eve", rooms={"tea": None})
    ada.ask(type="say", room="tea", text="the room is kept")
    chat.settle()
    ada.ask(type="ban", room="tea", target="eve")
    eve.ask(type="quit")
    chat.fail()
    ada.objects()
    ada.ask(type="bans", room="tea")
    assert ada.objects()[-1]["bans"] == []
