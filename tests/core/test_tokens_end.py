"""Tokens that end, by a new password or a ban, end at once, for good, and in the file too."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client, Operator, SlowStore
from twisted.internet.defer import Deferred

from chat.core.accounts import Role
from chat.core.facts import Decision, PasswordSet, TokenKept, TokensEnded
from chat.core.limits import Limits
from chat.core.ports import StoredToken
from chat.core.session import digest
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep
from chat.protocols.connection import CHECK

PASSWORD = "correct horse"  # noqa: S105
OTHER = "battery staple"
LIMITS = Limits(rate=None, plain_passwords=True)


class Watched(SlowStore):
    """A history that can be asked which tokens its file would hold, and that finds tokens when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens: dict[str, int] = {}
        self.used: dict[str, float] = {}
        self.asked: list[tuple[Deferred[StoredToken | None], StoredToken | None]] = []

    def store(self) -> None:
        for record in self.waiting[0][1]:
            match record.fact if isinstance(record, Decision) else record:
                case TokenKept(key, subject, used):
                    self.tokens[key] = subject
                    self.used[key] = used
                case TokensEnded(subject):
                    self.tokens = {k: s for k, s in self.tokens.items() if s != subject}
                case PasswordSet(account, _, but):
                    self.tokens = {k: s for k, s in self.tokens.items() if s != account or k == but}
        super().store()

    def token(self, token: str, most: int) -> Deferred[StoredToken | None]:
        found = StoredToken(self.tokens[token], used=1e12) if token in self.tokens else None
        done: Deferred[StoredToken | None] = Deferred()
        self.asked.append((done, found))
        return done

    def find(self) -> None:
        """Answer who comes back by the token that was asked about first, as the file said when it was read."""
        done, found = self.asked.pop(0)
        done.callback(found)


class Chat:
    """ada has an account and is here with a token."""

    def __init__(self) -> None:
        self.store = Watched()
        self.box = Box(limits=LIMITS, store=self.store)
        self.box.make_account("ada", hash_password(PASSWORD))
        self.settle()
        self.ada = self.come(name="ada", password=PASSWORD)
        self.ada.objects()

    def settle(self) -> None:
        """Have all that waits stored."""
        self.box.settle()

    def come(self, **fields: Any) -> Client:
        """A program that says hello."""
        client = self.box.connect()
        client.ask(type="hello", **fields)
        self.settle()
        return client

    def knock(self, **fields: Any) -> Client:
        """A program that says hello, while nothing is stored."""
        client = self.box.connect()
        client.ask(type="hello", **fields)
        return client

    def give_another_password(self, by: str) -> None:
        """Another password is about to be stored."""
        if by == "operator":
            Operator(self.box).ask("password", "ada", secret=OTHER)
        else:
            self.ada.ask(type="password", password=OTHER)
        self.box.turn()
        assert self.store.waiting


@pytest.fixture
def chat() -> Chat:
    """The chat."""
    return Chat()


def test_a_token_that_is_used_while_the_new_password_is_stored_opens_nothing(chat: Chat) -> None:
    token = chat.ada.token
    chat.give_another_password("operator")
    thief = chat.knock(name="ada", token=token)
    chat.settle()
    assert [event.get("code") for event in thief.objects()] == ["password-needed"]
    assert chat.store.tokens == {}


def test_what_an_ending_session_says_does_not_bring_its_token_back(chat: Chat) -> None:
    chat.give_another_password("operator")
    chat.ada.ask(type="say", room="lobby", text="one more")
    chat.settle()
    assert chat.ada.objects()[-1]["type"] == "goodbye"
    assert chat.store.tokens == {}


def test_who_has_a_stolen_token_does_not_take_the_place_of_who_changes_the_password(chat: Chat) -> None:
    stolen = chat.ada.token
    chat.ada.ask(type="quit")
    chat.settle()
    chat.ada = chat.come(name="ada", password=PASSWORD)
    chat.ada.objects()
    chat.give_another_password("ada")
    thief = chat.knock(name="ada", token=stolen)
    chat.settle()
    assert [event.get("code") for event in thief.objects()] == ["password-needed"]
    assert chat.ada.objects()[-1]["text"] == "Your password is changed."
    assert list(chat.store.tokens) == [digest(chat.ada.token)]


def test_a_token_that_was_looked_up_before_the_new_password_opens_nothing(chat: Chat) -> None:
    stolen = chat.ada.token
    chat.ada.ask(type="quit")
    chat.settle()
    chat.box.hub.tokens._idle.clear()  # as after a restart
    thief = chat.knock(name="ada", token=stolen)
    chat.give_another_password("operator")
    chat.store.find()
    chat.settle()
    while chat.store.asked:
        chat.store.find()
        chat.settle()
    assert [event.get("code") for event in thief.objects()] == ["password-needed"]
    assert chat.store.tokens == {}


def test_tokens_go_on_where_the_new_password_could_not_be_stored(chat: Chat) -> None:
    token = chat.ada.token
    chat.give_another_password("operator")
    chat.store.fail(CannotKeep("the disk is full."))
    chat.settle()
    chat.ada.lose()
    again = chat.come(name="ada", token=token)
    assert again.objects()[0]["registered"] is True


def test_a_token_that_could_not_be_stored_is_stored_with_the_next_message() -> None:
    store = Watched()
    box = Box(limits=LIMITS, store=store)
    guest = box.json("eve")
    guest.ask(type="say", room="lobby", text="one")
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    guest.ask(type="say", room="lobby", text="two")
    store.store()
    box.turn()
    assert list(store.tokens) == [digest(guest.token)]


def test_the_token_of_a_guest_who_comes_back_too_late_is_stored_for_the_new_presence() -> None:
    store = Watched()
    box = Box(limits=LIMITS, store=store)

    def speak(client: Client) -> None:
        client.ask(type="say", room="lobby", text="hi")
        box.settle()

    guest = box.json("eve")
    speak(guest)
    first = store.tokens[digest(guest.token)]
    guest.ask(type="quit")
    store.store()
    again = box.json("eve", token=guest.token)
    speak(again)
    assert again.token == guest.token
    assert store.tokens[digest(guest.token)] != first


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "invite", "room": "dev"},
        {"type": "op", "room": "dev"},
        {"type": "mute", "room": "dev"},
        {"type": "msg", "text": "psst"},
    ],
    ids=lambda request_: request_["type"],
)
def test_a_guest_who_has_said_nothing_can_come_back_to_what_others_gave_them(
    chat: Chat, request_: dict[str, Any]
) -> None:
    chat.ada.ask(type="join", room="dev")
    chat.settle()
    bob = chat.come(name="bob", rooms={"dev": None})
    bob.objects()
    chat.ada.ask(name="bob", **request_)
    chat.settle()
    assert digest(bob.token) in chat.store.tokens


def test_a_guest_who_has_made_a_room_and_said_nothing_can_come_back_to_be_its_op(chat: Chat) -> None:
    bob = chat.come(name="bob", rooms={"dev": None})
    bob.objects()
    chat.ada.ask(type="join", room="dev")
    chat.ada.ask(type="say", room="dev", text="hello")
    chat.settle()
    assert digest(bob.token) in chat.store.tokens


def test_a_token_is_as_young_as_the_last_day_on_which_its_session_was_here(chat: Chat) -> None:
    chat.box.wall_ahead = 40 * 86_400.0
    chat.box.clock.advance(CHECK)
    chat.settle()
    assert chat.store.used[digest(chat.ada.token)] == chat.box.hub.seconds
    chat.box.clock.advance(CHECK)
    chat.box.turn()
    assert not chat.store.waiting


def moderator(chat: Chat) -> Client:
    """A program of bob, who is an owner."""
    chat.box.make_account("bob", hash_password(PASSWORD), Role.OWNER)
    chat.settle()
    bob = chat.come(name="bob", password=PASSWORD)
    bob.objects()
    return bob


@pytest.mark.parametrize("target", ["ada", "@ada"])
def test_a_ban_and_the_end_of_the_tokens_are_stored_together_or_not_at_all(chat: Chat, target: str) -> None:
    bob, token = moderator(chat), chat.ada.token
    bob.ask(type="ban", target=target)
    chat.store.store()
    assert digest(token) not in chat.store.tokens
    chat.settle()
    bob.ask(type="unban", target=target)
    chat.settle()
    assert chat.come(name="ada", token=token).objects()[0]["code"] == "password-needed"


def test_tokens_go_on_where_the_ban_could_not_be_stored(chat: Chat) -> None:
    bob, token = moderator(chat), chat.ada.token
    bob.ask(type="ban", target="@ada")
    chat.store.fail(CannotKeep("the disk is full."))
    chat.settle()
    assert bob.objects()[-1]["code"] == "not-stored"
    chat.ada.lose()
    assert chat.come(name="ada", token=token).objects()[0]["registered"] is True


def test_nobody_bans_another_session_of_their_own(chat: Chat) -> None:
    bob = moderator(chat)
    bob.ask(type="nick", name="bobby")
    again = chat.come(name="bob", password=PASSWORD)
    again.objects()
    again.ask(type="ban", target="bobby")
    chat.settle()
    assert again.objects()[-1]["text"] == "That would ban yourself."


def test_who_gives_the_password_keeps_the_token_that_a_ban_of_another_session_has_ended(chat: Chat) -> None:
    bob = moderator(chat)
    chat.ada.ask(type="nick", name="lovelace")
    other = chat.box.connect(host="198.51.100.7")
    other.ask(type="hello", name="ada", password=PASSWORD)
    chat.settle()
    other.objects()
    chat.ada.ask(type="say", room="lobby", text="once", tag="t")
    bob.ask(type="ban", target="198.51.100.7")
    chat.settle()
    assert other.objects()[-1]["code"] == "banned"
    chat.ada.lose()
    again = chat.come(name="ada", token=chat.ada.token, password=PASSWORD)
    again.objects()
    again.ask(type="say", room="lobby", text="once", tag="t")
    chat.settle()
    assert again.token == chat.ada.token
    assert [message.text for message in chat.box.stored] == ["once"]
