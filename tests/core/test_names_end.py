"""A name's rights end with its account and with its presence: who takes the name later inherits nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from box import Box, Client, SlowStore
from e2e.waiting import DEADLINE
from history.stores import REACTOR

from chat.core.limits import Limits
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotKeep

PASSWORD = "correct horse"  # noqa: S105
OTHER = "battery staple"
LIMITS = Limits(rate=None, plain_passwords=True)
SECRET = "the key is 4711"  # noqa: S105
CLOSED = "! #secret is private. Ask one of its ops for an invitation."


@pytest.fixture
def box() -> Box:
    """A chat that takes passwords everywhere."""
    return Box(limits=LIMITS)


def private_room(box: Box, owner: str = "ada") -> Client:
    """Somebody who has made #secret private and has told a secret there."""
    client = box.text(owner)
    client.send("/join secret", f"/register {PASSWORD}", "/room private", SECRET)
    client.received()
    return client


@pytest.mark.parametrize("where", ["there", "elsewhere"])
def test_who_takes_a_given_up_name_gets_nothing_of_its_rooms(box: Box, where: str) -> None:
    ada = private_room(box)
    if where == "elsewhere":
        ada.send("/join lobby")
    ada.send(f"/unregister {PASSWORD}", "exit")
    stranger = box.text("ada")
    stranger.send("/join secret", "/search key", "/rooms", f"/register {PASSWORD}", "/join secret", "/search key")
    shown = stranger.lines()
    assert SECRET not in "\n".join(shown)
    assert shown.count(CLOSED) == 2
    assert not [line for line in shown if "#secret," in line]


def test_an_op_by_the_name_is_none_after_the_account_has_ended(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    for client in (ada, bob):
        client.send("/join dev")
    ada.send(f"/register {PASSWORD}")
    ada.send(f"/unregister {PASSWORD}")
    ada.send("exit")
    stranger = box.text("ada")
    stranger.send("/join dev", "/who", "/kick bob")
    assert stranger.lines()[-2:] == ["* In #dev: ada, bob", "! Only the ops of #dev may do that."]


def test_an_invitation_belongs_to_the_person_and_ends_with_them(box: Box) -> None:
    ada, bob = private_room(box), box.text("bob")
    ada.send("/invite bob")
    bob.send("/nick bob2")
    stranger = box.text("bob")
    stranger.send("/join secret")
    assert stranger.lines()[-1] == CLOSED
    bob.received()
    bob.send("/join secret")
    assert any(line.startswith("* You are bob2, in #secret") for line in bob.lines())
    bob.send("exit")
    another = box.text("bob2")
    another.send("/join secret")
    assert another.lines()[-1] == CLOSED


def test_an_invitation_that_was_not_used_ends_with_the_presence(box: Box) -> None:
    ada, bob = private_room(box), box.text("bob")
    ada.send("/invite bob")
    bob.send("exit")
    stranger = box.text("bob")
    stranger.send("/join secret")
    assert stranger.lines()[-1] == CLOSED


def test_who_registers_keeps_the_invitation(box: Box) -> None:
    ada, bob = private_room(box), box.text("bob")
    ada.send("/invite bob")
    bob.send(f"/register {PASSWORD}", "exit")
    again = box.connect()
    again.send("bob", PASSWORD)
    again.socket.clear()
    again.send("/join secret")
    assert again.lines()[0].startswith("* You are bob, in #secret")


def test_a_mute_stays_through_another_name_and_another_room(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    ada.send("/join dev")
    bob.send("/join dev")
    ada.send("/mute bob 1h")
    bob.send("/join lobby", "/nick bob2", "/join dev", "hello")
    assert bob.lines()[-1].startswith("! You are muted in #dev for ")
    other = box.connect(host="198.51.100.7")
    other.send("bob", "/join dev", "hello")
    assert "bob: hello" in ada.lines()


@pytest.fixture
def muted(box: Box) -> Client:
    """The op of #dev, who has muted a guest that left after that."""
    ada, eve = box.text("ada"), box.text("eve")
    ada.send("/join dev")
    box.text("cy").send("/join dev")
    eve.send("/join dev")
    ada.send("/mute eve 2d")
    eve.send("/quit")
    ada.received()
    return ada


def come_to_dev(box: Box, name: str, host: str = "192.0.2.1") -> str:
    """Somebody comes and says hello; the last line that they are shown."""
    client = box.connect(host=host)
    client.send(name, "/join dev", "hello")
    return client.lines()[-1]


def test_another_name_does_not_end_a_mute_of_somebody_without_an_account(box: Box, muted: Client) -> None:
    assert come_to_dev(box, "eve2") == (
        "! Your address is muted in #dev for 1 day more, because of somebody without an account who came from it."
    )
    assert not come_to_dev(box, "bob", "198.51.100.7").startswith("!")
    box.clock.advance(86_401)
    assert not come_to_dev(box, "eve3").startswith("!")


def test_who_was_there_before_is_not_muted_by_address(box: Box) -> None:
    cy, eve, ada = box.text("cy"), box.text("eve"), box.text("ada")
    for client in (ada, cy, eve):
        client.send("/join dev")
    ada.send("/mute eve 1h")
    cy.send("/nick cy2", "hello")
    assert "cy2: hello" in ada.lines()


def test_a_mute_by_address_is_lifted_with_whom_it_meets(box: Box, muted: Client) -> None:
    eve = box.connect()
    eve.send("eve2", "/join dev", "hello")
    muted.send("/unmute eve2")
    eve.send("hello again")
    assert "eve2: hello again" in muted.lines()


def test_a_local_address_is_muted_by_nobody(box: Box) -> None:
    ada = box.text("ada")
    ada.send("/join dev")
    eve = box.connect(host="127.0.0.1")
    eve.send("eve", "/join dev")
    ada.send("/mute eve 1h")
    assert not come_to_dev(box, "bob", "127.0.0.1").startswith("!")


class Kept:
    """A chat whose history is a file, and that can be started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._start()

    def _start(self) -> None:
        """Go on from the file, as the daemon does."""
        self._store = SqliteStore(REACTOR, self._folder)
        self.held = self._store.open()
        self.box = Box(limits=LIMITS, store=self._store)
        self.box.hub.restore(self.held)

    def restart(self) -> None:
        """End the chat, and start it again."""
        self.close()
        self._start()

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    def drop(self, room: str, last: int) -> None:
        """Keep no message of *room* up to that id."""
        dropped = [1]
        while dropped[-1]:
            count = len(dropped)
            self._store.drop(room, last).addCallback(dropped.append)
            while len(dropped) == count:
                REACTOR.waiting.get(timeout=DEADLINE)()
                self.box.turn()

    def come(self, name: str, **fields: Any) -> tuple[Client, list[dict[str, Any]]]:
        """A program comes in; what it is shown until it has all."""
        client = self.box.connect()
        return client, self.ask(client, {"type": "hello", "name": name, **fields})

    def ask(self, client: Client, *requests: dict[str, Any]) -> list[dict[str, Any]]:
        """Send requests; return what the program is shown until all are answered."""
        client.send(*map(json.dumps, (*requests, {"type": "ping", "tag": "done"})))
        shown = client.objects()
        while not any(event.get("tag") == "done" or event["type"] == "goodbye" for event in shown):
            REACTOR.waiting.get(timeout=DEADLINE)()
            self.box.turn()
            shown += client.objects()
        return [event for event in shown if event.get("tag") != "done"]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    """A chat whose history is a file."""
    chat = Kept(tmp_path)
    yield chat
    chat.close()


def test_the_rights_of_an_account_end_in_the_file_too(kept: Kept) -> None:
    ada, _ = kept.come("ada", rooms={"secret": None})
    secret = {"room": "secret"}
    kept.ask(
        ada,
        {"type": "register", "password": PASSWORD},
        {"type": "room", **secret, "access": "private"},
        {"type": "say", **secret, "text": SECRET},
        {"type": "lock", **secret},
    )
    kept.restart()
    (rules,) = kept.held.rules
    assert rules.ops == (1,)
    ada, _ = kept.come("ada", password=PASSWORD)
    kept.ask(ada, {"type": "unregister", "password": PASSWORD})
    kept.restart()
    assert not kept.held.accounts
    (rules,) = kept.held.rules
    assert (rules.room, rules.access, rules.locked) == ("secret", "private", True)
    assert (rules.ops, rules.invited) == ((), ())


@pytest.mark.parametrize("restarted", [False, True], ids=["in one run", "after a restart"])
@pytest.mark.parametrize("registered", [False, True], ids=["a guest", "a new account"])
def test_who_takes_a_given_up_name_has_nothing_of_what_others_gave_it(
    kept: Kept, restarted: bool, registered: bool
) -> None:
    ada, _ = kept.come("ada", rooms=dict.fromkeys(("lobby", "dev", "cell")))
    bob, _ = kept.come("bob")
    kept.ask(ada, {"type": "leave", "room": "dev"}, {"type": "leave", "room": "cell"})
    kept.ask(
        bob,
        {"type": "register", "password": OTHER},
        *({"type": "join", "room": room} for room in ("den", "dev", "cell")),
        {"type": "room", "room": "den", "access": "private"},
    )
    said = kept.ask(
        ada,
        {"type": "register", "password": PASSWORD},
        {"type": "join", "room": "dev"},
        {"type": "join", "room": "cell"},
        {"type": "say", "room": "lobby", "text": "mine"},
    )
    given = kept.ask(
        bob,
        {"type": "invite", "room": "den", "name": "ada"},
        {"type": "op", "room": "dev", "name": "ada"},
        {"type": "mute", "room": "cell", "name": "ada", "text": "1h"},
    )
    assert [event["rule"] for event in given if event["type"] == "rule"] == ["invite", "op", "mute"]
    refused = kept.ask(ada, {"type": "say", "room": "cell", "text": "may I?"}, {"type": "nick", "name": "ada2"})
    assert "muted" in [event.get("code") for event in refused]
    waits = kept.ask(bob, {"type": "msg", "name": "ada", "text": "psst"})
    assert waits[-1]["text"] == "psst"
    kept.ask(ada, {"type": "unregister", "password": PASSWORD}, {"type": "quit"})
    if restarted:
        kept.restart()
        kept.come("bob", password=OTHER, rooms=dict.fromkeys(("den", "dev", "cell")))
    stranger, seen = kept.come("ada", rooms=dict.fromkeys(("lobby", "dev", "cell")))
    if registered:
        seen += kept.ask(stranger, {"type": "register", "password": OTHER}, {"type": "quit"})
        stranger, events = kept.come("ada", password=OTHER, rooms=dict.fromkeys(("lobby", "dev", "cell")))
        assert "registered" in events[0]
        seen += events
    assert "psst" not in json.dumps(seen)
    number = next(event["id"] for event in said if event.get("text") == "mine")
    answered = kept.ask(
        stranger,
        {"type": "join", "room": "den"},
        {"type": "kick", "room": "dev", "name": "bob"},
        {"type": "delete", "id": number},
        {"type": "say", "room": "cell", "text": "hello"},
        {"type": "search", "text": "psst"},
    )
    assert answered.pop()["messages"] == []
    assert [event["text"] for event in answered] == [
        CLOSED.removeprefix("! ").replace("secret", "den"),
        "Only the ops of #dev may do that.",
        "That is not yours to delete.",
        "hello",
    ]


def test_after_a_restart_too_an_account_has_said_only_what_was_said_since_it_was_registered(kept: Kept) -> None:
    numbers = []
    for password in (PASSWORD, OTHER):
        ada, _ = kept.come("ada")
        kept.ask(ada, {"type": "register", "password": password})
        kept.box.clock.advance(1)
        said = kept.ask(ada, {"type": "say", "room": "lobby", "text": "mine"})
        numbers += [event["id"] for event in said if event["type"] == "message"]
        kept.box.clock.advance(1)
        if password == PASSWORD:
            kept.ask(ada, {"type": "unregister", "password": password}, {"type": "quit"})
    kept.restart()
    ada, _ = kept.come("ada", password=OTHER)
    answered = kept.ask(ada, *({"type": "delete", "id": number} for number in numbers))
    assert [event.get("text", event["type"]) for event in answered] == ["That is not yours to delete.", "deleted"]


def test_who_leaves_gives_up_what_they_were_without_an_account(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    for client in (ada, bob):
        client.send("/join dev")
    ada.send("/op bob", "/nick ada2")
    stranger = box.text("ada")
    stranger.send("/join dev", "/who")
    assert stranger.lines()[-1] == "* In #dev: ada, ada2 (op), bob (op)"
    bob.send("/join lobby", "/join dev")
    ada.send("exit")
    another = box.text("ada2")
    another.send("/join dev", "/who")
    assert another.lines()[-1] == "* In #dev: ada, ada2, bob"


def test_who_takes_the_name_of_a_broken_connection_takes_nothing_else(box: Box) -> None:
    eve, bob = box.json("eve", rooms={"dev": None}), box.text("bob")
    bob.send("/join dev", "/msg eve psst")
    eve.lose()
    stranger = box.json("eve", rooms={"dev": None})
    assert "psst" not in stranger.socket.value().decode()
    stranger.ask(type="kick", room="dev", name="bob")
    assert stranger.objects()[-1]["code"] == "not-allowed"


def test_a_kick_holds_for_who_resumes_a_moment_later(box: Box) -> None:
    ada = box.text("ada")
    ada.send("/join dev")
    eve = box.json("eve", rooms={"dev": None})
    eve.socket.clear()
    token = next(iter(box.hub.tokens._live))
    eve.lose()
    ada.send("/kick eve spam")
    back = box.connect()
    back.ask(type="hello", name="eve", token=token, rooms={"dev": None, "lobby": None})
    assert [event.get("room", event.get("text")) for event in back.objects()[1:]] == [
        "lobby",
        "You were kicked out of #dev by ada: spam",
    ]
    ada.send("/who")
    assert ada.lines()[-1] == "* In #dev: ada (op)"
    back.ask(type="join", room="dev")
    assert back.objects()[-1]["users"] == ["ada", "eve"]


def test_a_guest_who_goes_through_many_rooms_leaves_nothing_behind(box: Box) -> None:
    bot = box.json("bot", rooms={"lobby": None})
    for number in range(300):
        bot.ask(type="join", room=f"r{number}")
        bot.ask(type="kick", room=f"r{number}", name="bot", text="x" * 200)
    user = box.hub.users.get("bot")
    assert user is not None
    assert len(user.kicked or ()) <= LIMITS.rooms_each
    assert not any(box.hub.rooms._entitled.values())


def test_a_kick_is_not_forgotten_by_a_hello_that_is_refused(box: Box) -> None:
    ada = box.text("ada")
    ada.send("/join dev")
    eve = box.json("eve", rooms={"dev": None})
    token = next(iter(box.hub.tokens._live))
    eve.lose()
    ada.send("/kick eve spam")
    for wrong in ({"dev": None, "bad name!": None}, {"dev": None}, {"dev": None, "lobby": None}):
        back = box.connect()
        back.ask(type="hello", name="eve", token=token, rooms=wrong)
        back.lose()
    ada.received()
    ada.send("/who")
    assert ada.lines() == ["* In #dev: ada (op)"]


def test_a_mute_that_an_undone_change_brings_back_ends_with_the_presence() -> None:
    store = SlowStore()
    box = Box(limits=LIMITS, store=store)
    ada, bob = box.text("ada"), box.text("bob")

    for client in (ada, bob):
        client.send("/join dev")
    ada.send("/mute bob 1h")
    box.settle()
    ada.send("/unmute bob")
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    bob.send("hello")
    assert bob.lines()[-1].startswith("! You are muted in #dev for ")
    room = box.hub.rooms.find("dev")
    assert room is not None
    assert room.muted
    bob.send("exit")
    box.settle()
    assert not room.muted


def test_who_only_listens_comes_back_after_a_restart_to_what_was_said_and_given_to_them(kept: Kept) -> None:
    owner, _ = kept.come("owner", rooms={"dev": None})
    kept.ask(owner, {"type": "register", "password": PASSWORD}, {"type": "room", "room": "dev", "access": "private"})
    tokens = {}
    for name, request in (("ada", "msg"), ("bob", "invite")):
        tokens[name] = next(event["token"] for event in kept.come(name)[1] if event["type"] == "welcome")
        kept.ask(owner, {"type": request, "room": "dev", "name": name, "text": "psst"})
    kept.restart()
    _, shown = kept.come("ada", token=tokens["ada"])
    assert [event["text"] for event in shown if event["type"] == "message"] == ["psst"]
    _, shown = kept.come("bob", token=tokens["bob"], rooms={"dev": None})
    assert [event["room"] for event in shown if event["type"] == "room"] == ["dev"]


def test_who_made_a_room_and_only_listens_is_its_op_after_a_restart(kept: Kept) -> None:
    bob, _ = kept.come("bob")
    _, shown = kept.come("ada", rooms={"dev": None})
    kept.ask(bob, {"type": "join", "room": "dev"})
    kept.ask(bob, {"type": "say", "room": "dev", "text": "hi"})
    kept.restart()
    _, shown = kept.come("ada", token=shown[0]["token"], rooms={"dev": None})
    assert [event["ops"] for event in shown if event["type"] == "room"] == [["ada"]]


def test_a_mute_is_not_ended_by_registering_and_giving_the_name_up(box: Box) -> None:
    ada, eve = box.text("ada"), box.text("eve")
    for client in (ada, eve):
        client.send("/join dev")
    ada.send("/mute eve 1h")
    eve.send(f"/register {PASSWORD}", f"/unregister {PASSWORD}")
    eve.received()
    eve.send("hello")
    assert eve.lines()[0].startswith("! Your address is muted in #dev for ")


def ignored_by(kept: Kept, name: str) -> list[str]:
    """Whom a user ignores who comes in with the password."""
    client, shown = kept.come(name, password=PASSWORD)
    assert shown[0]["type"] == "welcome"
    (answer,) = kept.ask(client, {"type": "ignore"})
    kept.ask(client, {"type": "quit"})
    return list(answer["names"])


def test_an_account_goes_on_ignoring_whom_it_ignored(kept: Kept) -> None:
    bob, _ = kept.come("bob")
    kept.ask(bob, {"type": "ignore", "name": "Eve"}, {"type": "ignore", "name": "cy"})
    kept.ask(bob, {"type": "register", "password": PASSWORD})
    kept.ask(bob, {"type": "ignore", "name": "dan"}, {"type": "ignore", "name": "CY", "on": False})
    kept.ask(bob, {"type": "quit"})
    assert ignored_by(kept, "bob") == ["Eve", "dan"]
    kept.restart()
    assert ignored_by(kept, "bob") == ["Eve", "dan"]
    bob, _ = kept.come("bob", password=PASSWORD)
    kept.ask(bob, {"type": "unregister", "password": PASSWORD})
    kept.ask(bob, {"type": "quit"})
    stranger, _ = kept.come("bob")
    kept.ask(stranger, {"type": "register", "password": PASSWORD})
    kept.ask(stranger, {"type": "quit"})
    kept.restart()
    assert ignored_by(kept, "bob") == []


def test_who_gives_the_account_up_goes_on_ignoring_whom_it_ignored(kept: Kept) -> None:
    bob, shown = kept.come("bob")
    kept.ask(bob, {"type": "register", "password": PASSWORD}, {"type": "ignore", "name": "eve"})
    kept.ask(bob, {"type": "unregister", "password": PASSWORD}, {"type": "ignore", "name": "cy"})
    kept.restart()
    back, shown = kept.come("bob", token=shown[0]["token"])
    assert shown[0]["type"] == "welcome"
    (answer,) = kept.ask(back, {"type": "ignore"})
    assert answer["names"] == ["cy", "eve"]


def test_after_a_restart_too_a_sender_is_told_who_left_without_a_private_message(kept: Kept) -> None:
    ada, _ = kept.come("ada")
    kept.ask(ada, {"type": "register", "password": PASSWORD})
    kept.come("bob")
    kept.ask(ada, {"type": "msg", "name": "bob", "text": "psst"})
    kept.restart()
    ada, _ = kept.come("ada", password=PASSWORD)
    kept.box.hub.end_absent()
    told = [event for event in kept.ask(ada) if event["type"] == "notice"]
    assert [event["text"] for event in told] == ["bob left before they were shown what you said in private last."]


def test_after_a_restart_a_private_message_is_shown_until_the_client_has_it(kept: Kept) -> None:
    ada, _ = kept.come("ada")
    kept.ask(ada, {"type": "register", "password": PASSWORD})
    kept.ask(ada, {"type": "quit"})
    eve, _ = kept.come("eve")
    kept.ask(eve, {"type": "msg", "name": "ada", "text": "psst"})
    kept.restart()
    for has_it in (False, True):
        ada = kept.box.connect()
        ada.ask(type="hello", name="ada", password=PASSWORD)
        shown: list[dict[str, Any]] = []
        while not any(event.get("text") == "psst" for event in shown):
            REACTOR.waiting.get(timeout=DEADLINE)()
            kept.box.turn()
            shown += ada.objects()
        if has_it:
            kept.ask(ada)
            kept.ask(ada, {"type": "say", "room": "lobby", "text": "thanks"})
        ada.lose()
        kept.restart()
    _, shown = kept.come("ada", password=PASSWORD)
    assert [event.get("text") for event in shown if event["type"] in ("message", "notice")] == []
