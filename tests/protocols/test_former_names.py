"""An account that has, or had, several names."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client, Operator, SlowStore

from chat.core.limits import Limits
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep

PASSWORD = "correct horse"  # noqa: S105
HASHED = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)
MONTH = 30 * 86_400


@pytest.fixture
def chat() -> Box:
    """A chat with an account ada."""
    made = Box(limits=LIMITS)
    made.make_account("ada", HASHED)
    return made


def come(chat: Box, name: str = "ada", password: str | None = PASSWORD, **fields: Any) -> Client:
    """Come in as a program."""
    client = chat.connect()
    client.ask(type="hello", name=name, password=password, **fields)
    return client


def rename(client: Client, name: str) -> dict[str, Any]:
    """Give the account another name; return the last answer."""
    client.ask(type="rename", name=name, password=PASSWORD)
    return client.objects()[-1]


@pytest.mark.parametrize("name", ["ada", "Ada", "ADA", "аda"])
def test_an_account_that_had_the_name_in_another_case_is_found_in_any(chat: Box, name: str) -> None:
    one = come(chat)
    assert rename(one, "Ada")["type"] == "notice"
    one.ask(type="quit")
    two = come(chat, name=name)
    assert two.objects()[0]["name"] == "Ada"
    two.ask(type="whois", name=name)
    assert two.objects()[-1]["name"] == "Ada"


@pytest.mark.parametrize(("name", "like"), [("ada", ""), ("adа", " It looks like ada.")])
def test_a_refusal_names_the_name_that_is_kept_and_not_that_of_now(name: str, like: str) -> None:
    chat = Box(limits=LIMITS)
    chat.make_account("ada", HASHED)
    rename(come(chat), "lovelace")
    bob = chat.json("bob")
    bob.ask(type="nick", name=name)
    what = "That name belongs to somebody."
    assert bob.objects()[-1]["text"].startswith(f"{what}{like} If")
    person = chat.connect()
    person.send(name)
    assert f"* {what}{like} Type its password" in person.socket.value().decode("latin-1").replace("Ð°", "а")
    other = come(chat, name=name, register=True)
    assert other.objects()[-1]["text"] == f"That name is taken.{like} Choose another."
    kept = "That name is kept for the account lovelace, which had it before."
    assert chat.admin("account", "ada", secret=PASSWORD) == kept


def test_a_name_that_is_kept_no_longer_is_free_for_whoever_asks_first(chat: Box) -> None:
    rename(come(chat), "lovelace")
    chat.clock.advance(MONTH + 1)
    assert come(chat, register=True).objects()[0]["name"] == "ada"


def test_a_name_that_is_kept_no_longer_is_free_for_the_operator(chat: Box) -> None:
    rename(come(chat), "lovelace")
    chat.clock.advance(MONTH + 1)
    assert chat.admin("account", "ada", secret=PASSWORD) == "ada has an account now."


def events(client: Client) -> list[str]:
    """What a client is shown, in short."""
    fields = ("name", "new", "author", "text")
    return [" ".join([event["type"], *(event[field] for field in fields if event.get(field))])
            for event in client.objects()]  # fmt: skip


class Late:
    """A chat with an account ada, who goes by countess, and bob; the history stores late."""

    def __init__(self) -> None:
        self.store = SlowStore()
        self.box = Box(limits=LIMITS, store=self.store)
        self.box.make_account("ada", HASHED)
        self.settle()
        self.ada = come(self.box)
        self.settle()
        self.ada.ask(type="nick", name="countess")
        self.bob = self.box.json("bob")
        self.settle()
        self.ada.received()
        self.bob.received()

    def settle(self) -> None:
        """Have all that waits stored."""
        self.box.settle()


@pytest.mark.parametrize("name", ["countess", "ada", "lovelace"])
def test_nobody_is_called_by_the_name_of_an_account_that_could_not_be_renamed(name: str) -> None:
    chat = Late()
    chat.ada.ask(type="rename", name="lovelace", password=PASSWORD)
    chat.ada.ask(type="say", room="lobby", text="one")
    chat.bob.ask(type="nick", name=name)
    chat.store.fail(CannotKeep("the disk is full."))
    chat.settle()
    chat.ada.ask(type="say", room="lobby", text="two")
    chat.settle()
    refusal, *seen = events(chat.bob)
    assert refusal.startswith("error")
    assert seen == ["message countess one", "message countess two"]
    assert "lovelace" not in str(events(chat.ada))
    chat.bob.ask(type="nick", name="lovelace")
    assert events(chat.bob)[0] == "renamed bob lovelace"


@pytest.mark.parametrize("by_operator", [False, True])
def test_nobody_is_told_that_an_account_has_its_former_name_again_if_it_could_not_be_stored(by_operator: bool) -> None:
    chat = Late()
    chat.ada.ask(type="rename", name="lovelace", password=PASSWORD)
    chat.settle()
    chat.ada.objects()
    operator = Operator(chat.box)
    if by_operator:
        operator.ask("rename", "lovelace", "ada")
        chat.box.turn()
    else:
        chat.ada.ask(type="rename", name="ada", password=PASSWORD)
    chat.store.fail(CannotKeep("the disk is full."))
    chat.settle()
    answers = [operator.answer()] if by_operator else chat.ada.objects()
    assert [answer["code"] for answer in answers] == ["not-stored"]
    assert chat.ada.objects() == []
    assert [account.name for account in chat.box.hub.accounts.all()] == ["lovelace"]


def test_a_client_is_read_again_when_its_new_name_is_stored() -> None:
    chat = Late()
    chat.ada.ask(type="rename", name="lovelace", password=PASSWORD)
    chat.ada.ask(type="say", room="lobby", text="one")
    chat.ada.ask(type="nick", name="duchess")
    chat.settle()
    assert events(chat.bob) == ["renamed countess lovelace", "message lovelace one", "renamed lovelace duchess"]


def test_who_asks_for_another_name_and_goes_away_leaves_it_to_their_other_devices() -> None:
    chat = Late()
    two = come(chat.box)
    chat.settle()
    two.received()
    chat.ada.ask(type="rename", name="lovelace", password=PASSWORD)
    chat.ada.lose()
    chat.settle()
    chat.box.clock.advance(LIMITS.grace)
    chat.settle()
    assert events(chat.bob) == ["renamed countess lovelace"]
    assert events(two) == ["renamed countess lovelace"] * 2
