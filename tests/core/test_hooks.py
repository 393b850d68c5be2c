"""Hooks: programs that know a secret address speak in a room, by the right of whoever made it."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from box import Box, Client, SlowStore
from operated import HASH, LIMITS, PASSWORD, Recorded

from chat.core.accounts import Role
from chat.core.errors import ChatError, NotStored
from chat.core.hook_directory import MOST_EACH, MOST_IN_ROOM
from chat.core.hooks import speak
from chat.core.limits import Limits
from chat.core.links import Links
from chat.core.peer import Peer
from chat.history.memory import MemoryStore
from chat.history.store import CannotKeep

HERE = Peer.at("192.0.2.9", 5)
ADDRESS = re.compile(r"http://[^/ ]+:8080/h/([\w-]+)")


class Chat:
    """ada, who has an account and is op of #dev, owen, an owner, and eve, who has no account and is in #dev."""

    def __init__(self, store: Any = None, limits: Limits = LIMITS) -> None:
        self._tags = count()
        self.store = store or MemoryStore()
        self.box = Box(limits=limits, store=self.store)
        self.hub = self.box.hub
        self.hub.links = Links(port=8080)
        for name, role in (("ada", Role.USER), ("bob", Role.USER), ("owen", Role.OWNER)):
            self.box.make_account(name, HASH, role)
        self.box.settle()
        self.ada = self.come("ada", password=PASSWORD)
        self.eve = self.come("eve")
        self.owen = self.come("owen", password=PASSWORD)

    def come(self, name: str, room: str = "dev", **fields: Any) -> Client:
        """A program that is in the lobby and #dev."""
        client = self.box.connect()
        client.ask(type="hello", name=name, rooms={"lobby": None, room: None}, accept=["changes", "lines"], **fields)
        self.box.settle()
        client.received()
        return client

    def ask(self, client: Client, **fields: Any) -> str:
        """Ask for something; return the words of the answer."""
        client.received()
        tag = f"t{next(self._tags)}"
        client.ask(**{"room": "dev", **fields}, tag=tag)
        self.box.settle()
        answers = [event for event in client.objects() if event.get("tag") == tag]
        (answer,) = answers
        return str(answer.get("text", answer["type"]))

    def make(self, name: str = "ci", client: Client | None = None, **fields: Any) -> str:
        """Make a hook; return its secret."""
        found = ADDRESS.search(self.ask(client or self.ada, type="hook", name=name, **fields))
        assert found is not None
        return found[1]

    def post(self, secret: str, text: str = "build done", tag: str | None = None, peer: Peer = HERE) -> str | None:
        """Say something by a hook; return what answers that: nothing bad, or a sentence."""
        answers: list[ChatError | None] = []
        hook = self.hub.hooks.with_secret(secret)
        if hook is None:
            return "no such hook"
        try:
            speak(self.hub, hook, text, tag, peer, answers.append)
        except ChatError as error:
            return str(error)
        self.box.settle()
        (answer,) = answers
        return None if answer is None else str(answer)

    def heard(self, client: Client) -> list[tuple[str, str]]:
        """Who has said what since the last call."""
        return [(event["author"], event["text"]) for event in client.objects() if event["type"] == "message"]


@pytest.fixture
def chat() -> Chat:
    return Chat()


def test_what_is_sent_to_the_address_is_said_in_the_room(chat: Chat) -> None:
    secret = chat.make()
    chat.eve.received()
    assert chat.post(secret, "build done\n  all green") is None
    (message,) = [event for event in chat.eve.objects() if event["type"] == "message"]
    assert (message["room"], message["author"], message["text"]) == ("dev", "ci", "build done\n  all green")
    assert message["notice"] is True
    assert "account" not in message


def test_text_sees_it_too(chat: Chat) -> None:
    secret = chat.make()
    person = chat.box.text("zoe")
    person.send("/join dev")
    person.received()
    chat.post(secret, "build done")
    assert person.lines() == ["ci: build done"]


def test_it_alerts_nobody(chat: Chat) -> None:
    secret = chat.make()
    chat.eve.received()
    chat.post(secret, "@room eve ada")
    (message,) = [event for event in chat.eve.objects() if event["type"] == "message"]
    assert "all" not in message


def test_a_hook_is_told_of_and_ended(chat: Chat) -> None:
    secret = chat.make()
    assert re.fullmatch(r"#dev has a hook: ci \(by ada, \d{4}-\d\d-\d\d\)\.", chat.ask(chat.ada, type="hooks"))
    chat.make("cd")
    assert chat.ask(chat.ada, type="hooks").startswith("#dev has 2 hooks: ci (by ada, ")
    assert (
        chat.ask(chat.ada, type="unhook", name="CI")
        == "ci is no hook of #dev any more. Its address is good for nothing."
    )
    assert chat.post(secret) == "no such hook"
    assert chat.ask(chat.ada, type="unhook", name="ci") == "#dev has no hook ci. /hooks lists those that it has."
    chat.ask(chat.ada, type="unhook", name="cd")
    assert chat.ask(chat.ada, type="hooks") == "#dev has no hooks. /hook NAME makes one."


def test_without_a_page_there_are_none(chat: Chat) -> None:
    chat.hub.links = Links()
    assert "--web" in chat.ask(chat.ada, type="hook", name="ci")
    assert not chat.hub.hooks.all()


@pytest.mark.parametrize("on", [True, False])
def test_programs_are_told_that_there_are_hooks(on: bool) -> None:
    box = Box()
    box.hub.links = Links(port=8080) if on else Links()
    client = box.connect()
    client.ask(type="hello", name="ada")
    assert ("hooks" in client.objects()[0]["features"]) is on


# -- who makes them


def test_only_ops_make_and_see_and_end_them(chat: Chat) -> None:
    chat.make()
    for request in ({"type": "hook", "name": "x"}, {"type": "hooks"}, {"type": "unhook", "name": "ci"}):
        assert chat.ask(chat.eve, **request) == "Only the ops of #dev may do that."
        assert "You are not in #away." in chat.ask(chat.ada, **request, room="away")


def test_who_has_no_account_makes_none(chat: Chat) -> None:
    zoe = chat.come("zoe", room="zoo")
    answer = chat.ask(zoe, type="hook", room="zoo", name="ci")
    assert answer == "A hook needs an op who can come back: make your name yours with /register first."


def test_there_are_so_many_in_a_room(chat: Chat) -> None:
    for number in range(MOST_IN_ROOM):
        chat.make(f"ci{number}")
    answer = chat.ask(chat.ada, type="hook", name="more")
    assert answer == "#dev has 5 hooks, which is the most. /hooks lists them."
    chat.ask(chat.ada, type="unhook", name="ci0")
    chat.make("more")


def test_an_account_makes_so_many(chat: Chat) -> None:
    for room in range(MOST_EACH // MOST_IN_ROOM):
        chat.ask(chat.ada, type="join", room=f"r{room}")
        for number in range(MOST_IN_ROOM):
            chat.make(f"ci{room}-{number}", room=f"r{room}")
    answer = chat.ask(chat.ada, type="hook", name="more")
    assert answer == "You have made 20 hooks, which is the most. /unhook ends one."
    assert "hook of #dev" in chat.box.admin("hook", "more", "dev")


def test_the_operator_makes_and_ends_them(chat: Chat) -> None:
    found = ADDRESS.search(chat.box.admin("hook", "ci", "dev"))
    assert found is not None
    assert chat.post(found[1]) is None
    assert chat.box.admin("hooks").startswith("ci of #dev, made by the operator on ")
    assert "(by whoever runs the server, " in chat.ask(chat.ada, type="hooks")
    assert chat.box.admin("hook", "ci", "nowhere") == "There is no room #nowhere. chat admin rooms lists them."
    assert chat.box.admin("unhook", "ci").startswith("ci is no hook of #dev any more.")
    assert chat.box.admin("unhook", "ci") == "There is no hook ci. chat admin hooks lists them."
    assert chat.post(found[1]) == "no such hook"


# -- their names


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("eve", "That name is taken. Choose another."),
        ("bob", "That name is taken. Choose another."),
        ("bоb", "That name is taken. It looks like bob. Choose another."),
        ("admin", "That name is reserved. Choose another."),
        ("mal", "You are banned from this chat."),
        ("ci", "That name is taken by a program. Choose another."),
        ("сi", "That name is taken by a program. It looks like ci. Choose another."),
        ("a b", "That name can't be used. Use letters and digits, with _ - . only inside."),
    ],
)
def test_names_that_can_not_be_had(chat: Chat, name: str, answer: str) -> None:
    chat.make("ci")
    chat.box.admin("ban", "mal")
    assert chat.ask(chat.ada, type="hook", name=name) == answer


@pytest.mark.parametrize("name", ["ci", "CI", "сi"])
def test_nobody_takes_the_name_of_a_hook(chat: Chat, name: str) -> None:
    chat.make("ci")
    like = "" if name.lower() == "ci" else " It looks like ci."
    taken = f"That name is taken by a program.{like} Choose another."
    client = chat.box.connect()
    client.ask(type="hello", name=name)
    assert client.objects()[-1]["text"] == taken
    assert chat.ask(chat.eve, type="nick", name=name) == taken
    assert chat.ask(chat.ada, type="rename", name=name, password=PASSWORD) == taken
    client.ask(type="hello", name=name, register=True, password=PASSWORD)
    assert client.objects()[-1]["text"] == taken
    assert chat.box.admin("account", name) == taken
    assert chat.box.admin("rename", "bob", name) == taken
    chat.ask(chat.ada, type="unhook", name="ci")
    assert chat.ask(chat.eve, type="nick", name=name) == "renamed"


def test_a_guest_is_not_called_as_a_hook_is() -> None:
    chat = Chat()
    chat.make("50004")
    guest = chat.box.connect()
    guest.ask(type="hello", name="")
    assert guest.objects()[0]["name"] == "50004-2"


@pytest.mark.parametrize("request_", ["kick", "mute", "invite", "whois", "msg", "op"])
def test_a_hook_is_nobody(chat: Chat, request_: str) -> None:
    chat.make()
    fields = {"text": "x"} if request_ == "msg" else {}
    answer = chat.ask(chat.ada, type=request_, name="ci", **fields)
    assert answer == "ci is a hook, by which a program speaks. An op ends it with /unhook."


def test_a_hook_of_another_room_is_not_told_of(chat: Chat) -> None:
    chat.ask(chat.ada, type="join", room="own")
    chat.make(room="own")
    assert chat.ask(chat.eve, type="whois", name="ci").startswith("There is nobody called ci here.")


def test_who_ignores_it_does_not_see_it(chat: Chat) -> None:
    secret = chat.make()
    chat.ask(chat.eve, type="ignore", name="ci", on=True)
    chat.post(secret)
    assert chat.heard(chat.eve) == []
    assert chat.heard(chat.ada) == [("ci", "build done")]


# -- by whose right


def test_it_speaks_while_its_maker_may(chat: Chat) -> None:
    secret = chat.make()
    chat.ask(chat.owen, type="op", name="ada", on=False)
    refusal = "ada, who has made this hook, is no op of #dev any more. Another op can make a new one."
    assert chat.post(secret) == refusal
    chat.ask(chat.owen, type="op", name="ada", on=True)
    assert chat.post(secret) is None
    chat.ask(chat.owen, type="mute", name="ada", text="10m")
    assert chat.post(secret) == "ada, who has made this hook, is muted in #dev for 10 minutes more."
    chat.ask(chat.owen, type="unmute", name="ada")
    chat.ask(chat.owen, type="ban", target="ada", text="1d")
    assert chat.post(secret) == "ada, who has made this hook, is banned from #dev."
    chat.ask(chat.owen, type="unban", target="ada")
    chat.box.admin("ban", "@ada")
    assert chat.post(secret) == "ada, who has made this hook, is banned from this chat."
    chat.box.admin("unban", "@ada")
    assert chat.post(secret) is None


def test_a_moderator_needs_not_be_op(chat: Chat) -> None:
    secret = chat.make(client=chat.owen)
    assert chat.post(secret) is None
    chat.box.admin("role", "owen", "user")
    assert "is no op of #dev" in str(chat.post(secret))


def test_it_goes_on_when_its_maker_has_left_or_has_another_name(chat: Chat) -> None:
    secret = chat.make()
    chat.ask(chat.ada, type="rename", name="lovelace", password=PASSWORD)
    chat.ask(chat.ada, type="leave")
    chat.ada.lose()
    assert chat.post(secret) is None
    assert "by lovelace" in chat.ask(chat.owen, type="hooks")


def test_it_ends_with_the_account(chat: Chat) -> None:
    secret = chat.make()
    chat.ask(chat.ada, type="unregister", password=PASSWORD)
    assert chat.post(secret) == "no such hook"
    assert chat.ask(chat.eve, type="nick", name="ci") == "renamed"


def test_a_ban_of_its_name_or_of_where_it_comes_from_silences_it(chat: Chat) -> None:
    secret = chat.make()
    chat.box.admin("ban", "ci")
    assert chat.post(secret) == "The name ci is banned from this chat."
    chat.box.admin("unban", "ci")
    chat.box.admin("ban", "192.0.2.0/24")
    assert chat.post(secret) == "You are banned from this chat."
    assert chat.post(secret, peer=Peer()) is None


def test_the_rules_of_the_room_hold(chat: Chat) -> None:
    secret = chat.make()
    chat.ask(chat.ada, type="room", access="private")
    assert chat.post(secret) is None
    chat.ask(chat.ada, type="slow", text="1h")
    assert [chat.post(secret) for _ in range(2)] == [None, None]
    chat.ask(chat.ada, type="room", access="archive", on=True)
    assert chat.post(secret) == "#dev is archived: it can be read, but nobody can speak in it."
    assert chat.ask(chat.ada, type="hook", name="cd") == "#dev is archived: it can be read, but nobody can speak in it."
    chat.ask(chat.ada, type="room", access="archive", on=False)
    assert chat.post(secret) is None
    chat.box.admin("room", "dev", "close")
    assert chat.post(secret) == "#dev is closed: nobody can speak in it."
    chat.box.admin("room", "dev", "open")
    assert chat.post(secret) is None


def test_it_ends_with_the_room(chat: Chat) -> None:
    secret = chat.make()
    chat.post(secret)
    assert chat.box.admin("room", "dev", "delete") == "#dev is deleted, with 1 message."
    assert chat.post(secret) == "no such hook"
    assert chat.box.admin("hooks") == ""
    assert chat.ask(chat.eve, type="nick", name="ci", room="lobby") == "renamed"


def test_a_room_with_a_hook_stays_while_it_is_empty(chat: Chat) -> None:
    secret = chat.make()
    for client in (chat.ada, chat.eve, chat.owen):
        chat.ask(client, type="leave")
    assert chat.post(secret) is None
    again = chat.come("zoe")
    assert "Only the ops" in chat.ask(again, type="hooks")


# -- once, and not too much


def test_a_tag_says_it_once(chat: Chat) -> None:
    secret, other = chat.make(), chat.make("cd")
    chat.eve.received()
    assert [chat.post(secret, tag="run 7") for _ in range(3)] == [None] * 3
    assert chat.post(other, tag="run 7") is None
    assert chat.post(secret, tag="run 8") is None
    assert [author for author, _ in chat.heard(chat.eve)] == ["ci", "cd", "ci"]


def test_what_can_not_be_stored_is_answered_so_and_may_come_again() -> None:
    store = SlowStore()
    chat = Chat(store)
    secret = chat.make()
    hook = chat.hub.hooks.with_secret(secret)
    assert hook is not None
    answers: list[ChatError | None] = []
    for _ in range(2):
        speak(chat.hub, hook, "build done", "run 7", HERE, answers.append)
    chat.box.turn()
    assert answers == []
    store.fail(CannotKeep("the disk is full."))
    chat.box.settle()
    assert [type(answer) for answer in answers] == [NotStored, NotStored]
    assert chat.post(secret, tag="run 7") is None
    assert chat.heard(chat.eve) == [("ci", "build done")]


def test_a_hook_that_can_not_be_stored_is_none() -> None:
    store = SlowStore()
    chat = Chat(store)
    chat.ada.received()
    chat.ada.ask(type="hook", room="dev", name="ci", tag="t")
    assert chat.ada.objects() == []
    store.fail(CannotKeep("the disk is full."))
    chat.box.settle()
    assert chat.ada.objects()[-1]["code"] == "not-stored"
    assert chat.ask(chat.eve, type="nick", name="ci") == "renamed"


def test_a_hook_whose_end_can_not_be_stored_goes_on() -> None:
    store = SlowStore()
    chat = Chat(store)
    secret = chat.make()
    chat.ada.ask(type="unhook", room="dev", name="ci", tag="t")
    store.fail(CannotKeep("the disk is full."))
    chat.box.settle()
    assert chat.post(secret) is None


@pytest.mark.parametrize("end", [{"type": "unhook", "name": "ci"}, {"type": "unregister", "password": PASSWORD}])
def test_who_took_the_name_of_a_hook_whose_end_can_not_be_stored_gives_way_to_it(end: dict[str, str]) -> None:
    store = SlowStore()
    chat = Chat(store)
    secret = chat.make()
    chat.ada.ask(room="dev", tag="t", **end)
    chat.eve.ask(type="nick", name="ci")
    store.fail(CannotKeep("the disk is full."))
    chat.box.settle()
    assert "not-stored" in [event.get("code") for event in chat.ada.objects()]
    assert chat.eve.objects()[-1]["new"] == "ci"
    assert chat.post(secret) is None
    assert chat.heard(chat.owen) == [("ci", "build done")]
    assert chat.eve.objects()[-1]["text"] == "The name ci is taken by a program. Choose another."
    assert "ci" not in chat.hub.users


def test_it_may_say_as_much_as_anybody() -> None:
    chat = Chat(limits=Limits(plain_passwords=True))
    hook = chat.hub.hooks.with_secret(chat.make())
    assert hook is not None
    limits, clock = chat.hub.limits, chat.box.clock
    for _ in range(limits.burst):
        assert hook.wait(limits, clock.seconds()) == 0
        speak(chat.hub, hook, "x", None, HERE, lambda _: None)
    assert hook.wait(limits, clock.seconds()) == 0
    speak(chat.hub, hook, "x\n" * 20 + "x", None, HERE, lambda _: None)
    assert hook.wait(limits, clock.seconds()) == 21 / 4
    clock.advance(21 / 4)
    assert hook.wait(limits, clock.seconds()) == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "There is nothing to say in that."),
        ("\u200b\n", "There is nothing to say in that."),
        ("x" * 5_000, "That text is too long, so it was not sent. Use at most 4096 bytes."),
        ("x\n" * 150, "That text has 150 lines, so it was not sent. Use at most 100."),
    ],
)
def test_what_can_not_be_said_is_refused(chat: Chat, text: str, why: str) -> None:
    assert chat.post(chat.make(), text) == why


def test_what_was_decided_is_recorded_without_the_secret() -> None:
    store = Recorded()
    chat = Chat(store)
    secret = chat.make()
    chat.ask(chat.ada, type="unhook", name="ci")
    made, ended = [decision for decision in store.record if decision.target == "ci"]
    assert [(one.by, one.action, one.room) for one in (made, ended)] == [
        ("ada", "hook", "dev"),
        ("ada", "unhook", "dev"),
    ]
    assert secret not in repr(store.record)


def test_its_messages_can_be_deleted_and_erased(chat: Chat) -> None:
    secret = chat.make()
    chat.post(secret, "one")
    number = chat.hub.next_id - 1
    assert chat.ask(chat.eve, type="delete", id=number) == "That is not yours to delete."
    assert chat.ask(chat.ada, type="delete", id=number) == "deleted"
    chat.post(secret, "two")
    assert chat.box.admin("erase", "ci") == "1 message is erased that ci said."
    assert chat.post(secret, "three") is None
