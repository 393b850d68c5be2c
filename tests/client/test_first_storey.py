"""The client of the first version of the protocol, at the chat of today: it understands all that it is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from box import START, Box, Client
from client.wiring import BoxEndpoint
from first_storey import events, wire
from first_storey.link import Link, Online
from first_storey.model import Model, Surroundings
from first_storey.scrollback import Kind
from twisted.internet.defer import Deferred

from chat.core.accounts import Role
from chat.core.commands.table import TABLE
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
EVERYTHING = ["changes", "conversations", "lines"]
"""What a client of today may accept."""


LATER = {
    "conversations",
    "devices",
    "edit",
    "hook",
    "hooks",
    "invitation",
    "logout",
    "notify",
    "paste",
    "pin",
    "pins",
    "react",
    "rename",
    "reply",
    "slow",
    "unhook",
    "uninvite",
    "upload",
    "whois",
}
"""Requests that the first client does not know."""

SEEN_BY_NOBODY = {"conversations", "devices", "hook", "hooks", "invitation", "logout", "notify", "paste", "pins"}
SEEN_BY_NOBODY |= {"reply", "unhook", "upload", "whois"}
"""Requests of which nobody else is shown anything."""


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> set[type[events.Event]]:
    """The kinds of events that came; a line that the first client does not know fails the test."""
    kinds: set[type[events.Event]] = set()
    decode = wire.decode

    def strict(line: bytes) -> events.Event | None:
        event = decode(line)
        assert event is not None or not line.startswith(b"{"), line
        assert b"\\n" not in line
        if event is not None:
            kinds.add(type(event))
        return event

    monkeypatch.setattr(wire, "decode", strict)
    return kinds


class Seat:
    """A user at the first client."""

    def __init__(self, box: Box, name: str, *rooms: str, password: str | None = None) -> None:
        self.box = box
        now = Surroundings(now=lambda: datetime.fromtimestamp(START + box.clock.seconds(), UTC), zone=UTC)
        self.model = Model(name, rooms, now)
        self.endpoint = BoxEndpoint(box)
        self.link = Link(
            self.endpoint,
            box.clock,
            self.model,
            names=(name,),
            rooms=rooms,
            backlog=50,
            random=lambda: 1.0,
            monotonic=box.clock.seconds,
            tag_prefix=name,
            password=password,
        )
        self.over: Deferred[None] = Deferred.fromCoroutine(self.link.run())
        self.pump()

    def pump(self) -> None:
        """Let everything arrive."""
        moved = True
        while moved:
            self.box.turn()
            moved = self.endpoint.cables[-1].pump()

    def ask(self, type: str, **fields: object) -> None:
        """Send a request, and show what answers it."""
        self.model.expect(self.link.ask(type, **fields))
        self.pump()

    def come_back(self) -> None:
        """Have the connection made again that was cut."""
        while self.model.state != Online():
            self.box.clock.advance(0.25)
            self.pump()

    def shown(self, title: str) -> list[str]:
        """The lines of a room."""
        room = next(room for room in self.model.rooms if room.title == title)
        signs = {Kind.NOTICE: "* ", Kind.REFUSAL: "! ", Kind.ACTION: "~ "}
        lines = [line for line in room.lines if line.kind is not Kind.DAY]
        return [f"{signs.get(line.kind, '')}{line.author}{': ' * bool(line.author)}{line.text}" for line in lines]


@pytest.fixture
def box() -> Box:
    """A chat with an owner and somebody registered."""
    box = Box(limits=Limits(rate=None, plain_passwords=True, window=2000))
    box.make_account("root", HASH, Role.OWNER)
    box.make_account("ada", HASH)
    return box


class Program:
    """A client of today, which accepts everything."""

    def __init__(self, box: Box, name: str, *rooms: str, **fields: Any) -> None:
        self.client: Client = box.json(name, rooms=dict.fromkeys(rooms), accept=EVERYTHING, **fields)
        self.asked: set[str] = set()

    def ask(self, type: str, **fields: object) -> None:
        """Send a request, which must not be refused."""
        self.client.ask(type=type, **fields)
        answers = self.client.objects()
        assert not [answer for answer in answers if answer["type"] == "error"]
        self.asked.add(type)


def test_all_that_others_do_is_understood_and_shown(box: Box) -> None:
    bob = Program(box, "bob", "lobby", "dev")
    bob.ask("register", password=PASSWORD)
    ada = Seat(box, "ada", "dev", "lobby", password=PASSWORD)
    root = Program(box, "root", "lobby", "dev", password=PASSWORD)
    eve = Program(box, "eve", "lobby")
    of_members: list[tuple[str, dict[str, Any]]] = [
        ("say", {"room": "dev", "text": "hello ada"}),
        ("edit", {"text": "hello ada\nand all"}),
        ("react", {"id": 1, "text": "👍", "on": True}),
        ("me", {"room": "dev", "text": "waves"}),
        ("msg", {"name": "ada", "text": "psst"}),
        ("topic", {"room": "dev", "text": "tea"}),
        ("topic", {"room": "dev", "text": ""}),
        ("away", {"text": "lunch"}),
        ("away", {}),
        ("nick", {"name": "robert"}),
        ("say", {"room": "dev", "text": "oops"}),
        ("delete", {}),
        ("read", {"room": "dev", "id": 1}),
        ("ignore", {"name": "zoe", "on": True}),
        ("password", {"password": "another horse"}),
        ("rename", {"name": "robert", "password": "another horse"}),
        ("history", {"room": "dev"}),
        ("search", {"text": "hello"}),
        ("mentions", {}),
        ("help", {}),
        ("who", {"room": "dev"}),
        ("rooms", {}),
        ("ping", {}),
        ("leave", {"room": "dev"}),
        ("join", {"room": "dev"}),
    ]
    of_the_owner: list[tuple[str, dict[str, Any]]] = [
        ("op", {"room": "dev", "name": "ada", "on": True}),
        ("op", {"room": "dev", "name": "ada", "on": False}),
        ("lock", {"room": "dev", "on": True}),
        ("lock", {"room": "dev", "on": False}),
        ("mute", {"room": "dev", "name": "robert", "text": "1h noise"}),
        ("unmute", {"room": "dev", "name": "robert"}),
        ("room", {"room": "dev", "access": "private"}),
        ("invite", {"room": "dev", "name": "eve"}),
        ("uninvite", {"room": "dev", "name": "eve"}),
        ("invite", {"room": "dev", "name": "eve"}),
        ("room", {"room": "dev", "access": "members"}),
        ("room", {"room": "dev", "access": "open"}),
        ("slow", {"room": "dev", "text": "30s"}),
        ("slow", {"room": "dev", "text": "off"}),
        ("room", {"room": "dev", "access": "archived", "on": True}),
        ("room", {"room": "dev", "access": "archived", "on": False}),
        ("ban", {"room": "dev", "target": "eve", "text": "1h spam"}),
        ("unban", {"room": "dev", "target": "eve"}),
        ("pin", {"room": "dev", "id": 1, "on": True}),
        ("delete", {"id": 4}),
        ("kick", {"room": "dev", "name": "robert", "text": "enough"}),
        ("ban", {"target": "mal", "text": "1h spam"}),
        ("unban", {"target": "mal"}),
        ("bans", {}),
        ("stats", {}),
        ("moderator", {"name": "ada", "on": True}),
        ("moderator", {"name": "ada", "on": False}),
    ]
    for type_, fields in of_members:
        bob.ask(type_, **fields)
    for type_, fields in of_the_owner:
        root.ask(type_, **fields)
    eve.ask("join", room="dev")
    bob.ask("unregister", password="another horse")
    eve.ask("quit")
    ada.pump()
    assert bob.asked | root.asked | eve.asked == TABLE.keys() - SEEN_BY_NOBODY
    assert ada.shown("#dev") == [
        "* You are ada, in #dev with bob.",
        "bob: hello ada",
        "* #dev: bob edited message 1: hello ada and all",
        "* root deleted this.",
        "* bob set the topic of #dev to: tea",
        "* bob cleared the topic of #dev.",
        "* bob is away: lunch",
        "* bob is back.",
        "* bob is now known as robert.",
        "* robert deleted this.",
        "* robert left.",
        "* robert joined.",
        "* root made ada an op.",
        "* root took back that ada is an op.",
        "* root locked the topic: only ops set it.",
        "* root unlocked the topic.",
        "* root muted robert for 1 hour: noise",
        "* root lets robert speak again.",
        "* root made the room private: only who is invited comes in.",
        "* root invited eve.",
        "* #dev: root took back the invitation of eve.",
        "* root invited eve.",
        "* #dev: root made the room members-only: only users with an account come in.",
        "* #dev: root opened the room to everybody.",
        "* #dev: root slowed the room down: all but its ops may speak once every 30 seconds.",
        "* #dev: root let everybody speak as often as they like again.",
        "* #dev: root archived the room: it can be read, but nobody can speak in it.",
        "* #dev: root took the room out of the archive.",
        "* #dev: root banned eve from #dev for 1 hour: spam",
        "* #dev: root lifted the ban of eve from #dev.",
        '* #dev: root pinned what bob said: "hello ada"',
        "* robert was kicked out by root: enough",
        "* You are a moderator now.",
        "* You are no moderator any more.",
    ]
    assert ada.shown("@robert") == ["bob: psst"]
    assert ada.model.rooms[0].users == {"ada", "root"}


def test_all_that_the_first_client_asks_for_is_answered_as_it_expects(box: Box, seen: set[type[events.Event]]) -> None:
    bob = Program(box, "bob", "lobby", "dev")
    box.make_account("zoe", HASH, Role.OWNER)
    seat = Seat(box, "zoe", "lobby", "den", password=PASSWORD)
    requests: list[tuple[str, dict[str, Any]]] = [
        ("say", {"room": "lobby", "text": "hello"}),
        ("me", {"room": "lobby", "text": "waves"}),
        ("msg", {"name": "bob", "text": "psst"}),
        ("msg", {"name": "ada", "text": "for later"}),
        ("join", {"room": "dev"}),
        ("leave", {"room": "dev"}),
        ("topic", {"room": "lobby", "text": "tea"}),
        ("topic", {"room": "lobby"}),
        ("away", {"text": "lunch"}),
        ("away", {}),
        ("who", {"room": "lobby"}),
        ("rooms", {}),
        ("history", {"room": "lobby"}),
        ("search", {"text": "hello"}),
        ("mentions", {}),
        ("ignore", {"name": "mal"}),
        ("help", {}),
        ("read", {"room": "lobby", "id": 1}),
        ("delete", {"id": 1}),
        ("op", {"room": "lobby", "name": "bob"}),
        ("lock", {"room": "lobby"}),
        ("mute", {"room": "lobby", "name": "bob"}),
        ("unmute", {"room": "lobby", "name": "bob"}),
        ("room", {"room": "den", "access": "private"}),
        ("room", {"room": "den"}),
        ("invite", {"room": "den", "name": "bob"}),
        ("moderator", {"name": "ada"}),
        ("kick", {"room": "lobby", "name": "bob"}),
        ("ban", {"target": "mal"}),
        ("bans", {}),
        ("unban", {"target": "mal"}),
        ("stats", {}),
        ("ping", {}),
        ("password", {"password": "another horse"}),
        ("nick", {"name": "zoey"}),
        ("unregister", {"password": "another horse"}),
        ("register", {"password": PASSWORD}),
        ("whatever", {}),
    ]
    ada = box.json("ada", password=PASSWORD)
    for type_, fields in requests:
        seat.ask(type_, **fields)
        bob.client.objects()
    ada.objects()
    assert {type_ for type_, _ in requests} == {*TABLE, "whatever"} - {"quit"} - LATER
    refused = [line for room in seat.model.rooms for line in seat.shown(room.title) if line.startswith("!")]
    assert refused == ['! There is no type "whatever". See docs/protocol.md for those there are.']
    seat.link.leave()
    seat.pump()
    assert seat.endpoint.cables[-1].server.socket.half_closed
    assert seen == set(get_args(events.AnyEvent)) - {events.Missed, events.Ping}


def test_breaks_and_what_was_missed(box: Box, seen: set[type[events.Event]]) -> None:
    bob = Program(box, "bob", "lobby")
    ada = Seat(box, "ada", "lobby", password=PASSWORD)
    bob.ask("say", room="lobby", text="one")
    bob.ask("msg", name="ada", text="psst")
    ada.pump()
    ada.endpoint.cables[-1].cut()
    ada.link.post("say", room="lobby", text="mine")
    for text in ("two", "three"):
        bob.ask("say", room="lobby", text=text)
    ada.come_back()
    assert ada.shown("#lobby")[-6:] == [
        "bob: one",
        "* Disconnected from server. The connection was lost. Reconnecting by itself.",
        "* Connected again.",
        "bob: two",
        "bob: three",
        "ada: mine",
    ]
    assert ada.shown("@bob")[0] == "bob: psst"
    assert len([line for line in ada.shown("@bob") if line.startswith("bob")]) == 1
    socket = ada.endpoint.cables[-1].server.socket
    socket.room = 0
    for number in range(450):
        bob.ask("say", room="lobby", text=f"line {number}")
    socket.drain()
    ada.pump()
    assert [line for line in ada.shown("#lobby") if "line" in line] == [f"bob: line {number}" for number in range(450)]
    assert events.Missed in seen


def test_what_a_program_is_told_that_says_nothing(box: Box) -> None:
    bot = box.json("bot")
    box.clock.pump([1.0] * 100)
    (event,) = [wire.decode(line.encode()) for line in bot.lines()]
    assert isinstance(event, events.Ping)


@pytest.mark.parametrize(
    ("code", "request_"),
    [
        ("password-needed", {"name": "ada"}),
        ("wrong-password", {"name": "ada", "password": "wrong horse"}),
        ("name-taken", {"name": "bob"}),
        ("bad-name", {"name": "a b"}),
        ("too-many-rooms", {"name": "x", "rooms": {f"r{number}": None for number in range(51)}}),
    ],
)
def test_who_is_not_let_in_is_told_so(box: Box, code: str, request_: dict[str, Any]) -> None:
    box.json("bob")
    client = box.connect()
    client.ask(type="hello", **request_)
    (refusal,) = [event for line in client.lines() if (event := wire.decode(line.encode())) is not None]
    assert isinstance(refusal, events.Refusal)
    assert refusal.code == code


@pytest.mark.parametrize("code", ["replaced", "banned", "logged-out"])
def test_who_is_put_out_does_not_come_back(box: Box, code: str) -> None:
    ada = Seat(box, "ada", "lobby", password=PASSWORD)
    if code == "replaced":
        for _ in range(10):
            Program(box, "ada", "lobby", password=PASSWORD)
    elif code == "logged-out":
        Program(box, "ada", "lobby", password=PASSWORD).ask("logout")
    else:
        Program(box, "root", "lobby", password=PASSWORD).ask("ban", target="ada")
    ada.pump()
    assert ada.over.called
    assert ada.link.farewell
    assert len(ada.endpoint.cables) == 1
