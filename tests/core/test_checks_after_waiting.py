"""What was checked before a password was looked at is checked again after it, where the change is applied."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client, Operator, SlowStore, SlowWork

from chat.core.accounts import Role
from chat.core.limits import Limits
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep

PASSWORD = "correct horse"  # noqa: S105
OTHER = "battery staple"
HASH = hash_password(PASSWORD)


class Chat:
    """A chat in which ada and root, an owner, have accounts, and passwords are looked at when told to."""

    def __init__(self, store: SlowStore | None = None) -> None:
        self.work = SlowWork()
        self.box = Box(limits=Limits(rate=None, plain_passwords=True), run=self.work, store=store)
        self.box.make_account("ada", HASH)
        self.box.make_account("root", HASH, Role.OWNER)
        self.box.settle()

    def do(self) -> None:
        """Do the work that waits longest, and let the chat go on."""
        self.work.do()
        self.box.turn()

    def knock(self, name: str, password: str | None = PASSWORD, host: str = "192.0.2.1", **fields: Any) -> Client:
        """A program that says hello; its password is not looked at yet."""
        client = self.box.connect(host=host)
        if password is not None:
            fields["password"] = password
        client.ask(type="hello", name=name, **fields)
        return client

    def finish(self, client: Client) -> Client:
        """The password that *client* gave is looked at."""
        self.do()
        return client

    def come(self, name: str, password: str | None = PASSWORD) -> Client:
        """A program that is in."""
        client = self.knock(name, password)
        if password is not None:
            self.do()
        self.box.settle()
        assert client.objects()[0]["type"] == "welcome"
        return client

    def guest(self, name: str) -> Client:
        """A program without an account that is in."""
        return self.come(name, None)


@pytest.fixture
def chat() -> Chat:
    """The chat."""
    return Chat()


def first(client: Client) -> tuple[str, str]:
    """What has come first since the last look: its type or its code, and its text."""
    event = client.objects()[0]
    return event.get("code", event["type"]), event.get("text", "")


@pytest.mark.parametrize("target", ["ada", "198.51.100.7", "198.51.100.0/24"])
def test_who_is_banned_while_their_password_is_looked_at_stays_out(chat: Chat, target: str) -> None:
    root = chat.come("root")
    ada = chat.knock("ada", host="198.51.100.7")
    root.ask(type="ban", target=target, text="spam")
    chat.do()
    assert first(ada) == ("banned", "You are banned from this chat: spam")
    root.ask(type="who", room="lobby")
    assert root.objects()[-1]["users"] == ["root"]


def test_who_gave_an_account_up_meanwhile_is_not_let_in_by_its_password(chat: Chat) -> None:
    ada = chat.come("ada")
    ada.ask(type="unregister", password=PASSWORD)
    other = chat.knock("ada")
    chat.do()
    assert first(ada) == ("notice", "The name ada belongs to nobody now.")
    chat.do()
    assert first(other)[0] == "wrong-password"
    ada.ask(type="quit")
    other.ask(type="hello", name="ada")
    assert "registered" not in other.objects()[0]


def test_who_comes_in_beside_a_session_that_gives_the_account_up_is_told_and_ends(chat: Chat) -> None:
    ada = chat.come("ada")
    other = chat.knock("ada")
    ada.ask(type="unregister", password=PASSWORD)
    chat.do()
    assert first(other)[0] == "welcome"
    chat.do()
    assert first(ada) == ("notice", "The name ada belongs to nobody now.")
    assert other.objects()[-1]["text"] == "The name ada was given up from another connection."


def test_the_old_password_lets_nobody_in_once_there_is_another(chat: Chat) -> None:
    ada = chat.come("ada")
    ada.ask(type="nick", name="ada2")
    ada.ask(type="password", password=OTHER)
    thief = chat.knock("ada")
    ada.received()
    chat.do()
    assert first(ada) == ("notice", "Your password is changed.")
    chat.do()
    assert thief.objects() == [], "the new password is what counts, and it is looked at now"
    chat.do()
    assert first(thief)[0] == "wrong-password"
    assert first(chat.finish(chat.knock("ada", OTHER)))[0] == "welcome"


@pytest.mark.parametrize("name", [None, "ada", "ada2"])
def test_no_session_revives_an_account_that_another_gave_up(chat: Chat, name: str | None) -> None:
    elsewhere = chat.come("ada")
    elsewhere.ask(type="nick", name="ada2")
    ada = chat.come("ada")
    ada.ask(type="unregister", password=PASSWORD)
    elsewhere.ask(type="password", password=OTHER)
    elsewhere.received()
    chat.do()
    ada.ask(type="quit")
    if name is not None:
        stranger = chat.guest(name)
        stranger.ask(type="register", password="stapled horse")
        chat.do()
        chat.do()
        assert first(stranger)[1].startswith(f"The name {name} is yours now.")
        stranger.ask(type="quit")
    else:
        chat.do()
    assert [event["type"] for event in elsewhere.objects()] == ["goodbye"]
    if name is not None:
        assert first(chat.finish(chat.knock(name, OTHER)))[0] == "wrong-password"
        assert first(chat.finish(chat.knock(name, "stapled horse")))[0] == "welcome"
    for free in {"ada", "ada2"} - {name}:
        assert "registered" not in chat.knock(free, None).objects()[0]


@pytest.mark.parametrize("ended_by", ["a ban", "a stranger with the name", "another name on another connection"])
def test_a_name_is_not_registered_for_who_has_it_no_more(chat: Chat, ended_by: str) -> None:
    bob = chat.box.connect()
    bob.ask(type="hello", name="bob")
    token = bob.objects()[0]["token"]
    root = chat.come("root")
    bob.ask(type="register", password=PASSWORD)
    match ended_by:
        case "a ban":
            root.ask(type="ban", target="bob")
            root.ask(type="unban", target="bob")
        case "a stranger with the name":
            bob.lose()
            chat.guest("bob").ask(type="quit")
        case _:
            chat.knock("rob", None, token=token)
    chat.do()
    for name in ("bob", "rob2"):
        assert "registered" not in chat.knock(name, None).objects()[0]


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "password", "password": OTHER},
        {"type": "rename", "name": "lovelace", "password": PASSWORD},
        {"type": "unregister", "password": PASSWORD},
    ],
    ids=lambda request_: str(request_["type"]),
)
@pytest.mark.parametrize("by", ["another device", "all of them", "the operator"])
def test_a_device_that_is_logged_out_meanwhile_decides_nothing(request_: dict[str, Any], by: str) -> None:
    chat = Chat(SlowStore())
    stolen, own = chat.come("ada"), chat.come("ada")
    stolen.ask(**request_, tag="late")
    if by == "the operator":
        Operator(chat.box).ask("logout", "ada")
        chat.box.turn()
    else:
        own.ask(type="logout", **({"device": 1} if by == "another device" else {}))
    chat.do()
    chat.box.settle()
    late, goodbye = stolen.objects()[-2:]
    assert (late["code"], late["tag"]) == ("not-welcome-yet", "late")
    assert goodbye["type"] == "goodbye"
    assert own.protocol.session.gone is (by != "another device")
    assert [(account.name, account.passwords) for account in chat.box.hub.accounts.all()] == [("ada", 0), ("root", 0)]


def test_a_device_that_could_not_be_logged_out_decides_as_before() -> None:
    store = SlowStore()
    chat = Chat(store)
    ada, other = chat.come("ada"), chat.come("ada")
    other.ask(type="logout", device=1)
    store.fail(CannotKeep("the disk is full."))
    chat.box.settle()
    ada.ask(type="password", password=OTHER)
    chat.do()
    chat.box.settle()
    assert ada.objects()[-1]["text"] == "Your password is changed."


def test_who_comes_in_is_told_what_they_have_read_while_their_password_was_looked_at(chat: Chat) -> None:
    ada = chat.come("ada")
    ada.ask(type="say", room="lobby", text="hello")
    ada.objects()
    other = chat.knock("ada")
    ada.ask(type="read", room="lobby", id=1)
    ada.ask(type="quit")
    chat.do()
    (room,) = (event for event in other.objects() if event["type"] == "room")
    assert room["read"] == 1


def test_a_new_role_and_a_new_password_do_not_undo_each_other(chat: Chat) -> None:
    root, ada = chat.come("root"), chat.come("ada")
    ada.ask(type="password", password=OTHER)
    root.ask(type="moderator", name="ada")
    chat.do()
    ada.ask(type="quit")
    assert first(chat.finish(chat.knock("ada")))[0] == "wrong-password"
    welcome = chat.finish(chat.knock("ada", OTHER)).objects()[0]
    assert (welcome["type"], welcome["role"]) == ("welcome", "moderator")


@pytest.mark.parametrize("request_", [{"type": "invite", "room": "dev"}, {"type": "msg", "text": "psst"}])
def test_who_resumes_before_it_is_stored_is_told_where_they_are_then(request_: dict[str, Any]) -> None:
    store = SlowStore()
    box = Box(store=store, limits=Limits(rate=None))
    ada, bob = box.json("ada", rooms={"dev": None}), box.json("bob")
    ada.ask(name="bob", **request_)
    again = box.json("bob", token=bob.token)
    box.settle()
    told = [event["text"] for event in again.objects() if event["type"] in ("notice", "message")]
    assert told in (["ada invites you to #dev. Come with /join dev"], ["psst"])
