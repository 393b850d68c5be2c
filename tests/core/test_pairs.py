"""Equal and contradicting requests in one packet: the second sees what the first did, and each gets its own answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest
from box import START, Box, Client, SlowStore
from operated import HASH, LIMITS, PASSWORD, Recorded

from chat.core.accounts import Role
from chat.core.limits import Limits
from chat.history.store import CannotKeep

AT = datetime.fromtimestamp(START, UTC).astimezone().strftime("%H:%M")
OTHER = "battery staple"


class Chat:
    """ada, the op of #dev and an owner, with bob and eve in the room."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.tags = count()
        self.box = Box(limits=LIMITS, store=store)
        self.box.make_account("ada", HASH, Role.OWNER)
        self.settle()
        self.ada = self.come("ada", password=PASSWORD)
        self.bob = self.come("bob")
        self.eve = self.come("eve")

    def come(self, name: str, **fields: Any) -> Client:
        """A program that is in #dev and the lobby."""
        client = self.box.connect()
        client.ask(type="hello", name=name, rooms={"lobby": None, "dev": None}, **fields)
        self.settle()
        client.received()
        return client

    def person(self, name: str) -> Client:
        """Somebody who is in #dev with netcat; ada comes with her password, in place of the program."""
        client = self.box.connect()
        client.send(name, PASSWORD if name == "ada" else "/join dev")
        self.settle()
        client.send("/join dev")
        self.settle()
        client.socket.clear()
        return client

    def settle(self) -> None:
        """Have all that waits stored."""
        self.box.settle()

    def answers(self, client: Client, *requests: dict[str, Any]) -> list[tuple[str, str, str]]:
        """Send requests in one packet; return what answers each: tag, type or code, text."""
        client.received()
        client.send(*(json.dumps({**request, "tag": f"t{n}"}) for n, request in enumerate(requests, 1)))
        self.settle()
        return answers(client)


def answers(client: Client) -> list[tuple[str, str, str]]:
    """What has come with a tag."""
    return [
        (event["tag"], event.get("code", event["type"]), event.get("text", ""))
        for event in client.objects()
        if "tag" in event
    ]


@pytest.fixture(params=["at once", "later"])
def chat(request: pytest.FixtureRequest) -> Chat:
    """A chat that stores at once, and one that stores later."""
    return Chat(Recorded() if request.param == "at once" else SlowStore())


IN_DEV = {"room": "dev"}
KICK = {"type": "kick", **IN_DEV, "name": "eve"}
PAIRS: dict[str, tuple[str, list[dict[str, Any]], list[str]]] = {
    "register twice": ("bob", [{"type": "register", "password": PASSWORD}] * 2, ["notice", "already-there"]),
    "password twice": ("ada", [{"type": "password", "password": OTHER}] * 2, ["notice", "notice"]),
    "unregister twice": ("ada", [{"type": "unregister", "password": PASSWORD}] * 2, ["notice", "not-allowed"]),
    "register and unregister": (
        "bob",
        [{"type": kind, "password": PASSWORD} for kind in ("register", "unregister", "register")],
        ["notice", "notice", "notice"],
    ),
    "unregister and password": (
        "ada",
        [{"type": "unregister", "password": PASSWORD}, {"type": "password", "password": OTHER}],
        ["notice", "not-allowed"],
    ),
    "password and unregister": (
        "ada",
        [{"type": "password", "password": OTHER}, {"type": "unregister", "password": OTHER}],
        ["notice", "notice"],
    ),
    "nick twice": ("bob", [{"type": "nick", "name": "rob"}] * 2, ["renamed", "already-there"]),
    "nick and register": (
        "bob",
        [{"type": "nick", "name": "rob"}, {"type": "register", "password": PASSWORD}],
        ["renamed", "notice"],
    ),
    "register and nick": (
        "bob",
        [{"type": "register", "password": PASSWORD}, {"type": "nick", "name": "rob"}],
        ["notice", "renamed"],
    ),
    "nick there and back": ("bob", [{"type": "nick", "name": name} for name in ("rob", "bob")], ["renamed"] * 2),
    "nick to a taken name": (
        "bob",
        [{"type": "nick", "name": name} for name in ("rob", "eve")],
        ["renamed", "name-taken"],
    ),
    "leave twice": ("bob", [{"type": "leave", **IN_DEV}] * 2, ["left", "not-in-room"]),
    "leave and say": (
        "bob",
        [{"type": "leave", **IN_DEV}, {"type": "say", **IN_DEV, "text": "x"}],
        ["left", "not-in-room"],
    ),
    "join twice": ("bob", [{"type": "join", "room": "new"}] * 2, ["room", "already-there"]),
    "join and leave": (
        "bob",
        [{"type": kind, "room": "new"} for kind in ("join", "leave", "leave")],
        ["room", "left", "not-in-room"],
    ),
    "kick twice": ("ada", [KICK] * 2, ["notice", "bad-field"]),
    "kick and op": ("ada", [KICK, {**KICK, "type": "op"}], ["notice", "bad-field"]),
    "kick and mute": ("ada", [KICK, {**KICK, "type": "mute"}], ["notice", "bad-field"]),
    "mute and unmute twice": (
        "ada",
        [{**KICK, "type": kind} for kind in ("mute", "unmute", "unmute")],
        ["rule", "rule", "bad-field"],
    ),
    "op twice": ("ada", [{**KICK, "type": "op"}] * 2, ["rule", "rule"]),
    "invite twice": ("ada", [{**KICK, "type": "invite"}] * 2, ["rule", "rule"]),
    "lock twice": ("ada", [{"type": "lock", **IN_DEV}] * 2, ["rule", "rule"]),
    "private and open": (
        "ada",
        [{"type": "room", **IN_DEV, "access": access} for access in ("private", "open")],
        ["rule"] * 2,
    ),
    "ban twice": ("ada", [{"type": "ban", "target": "mal"}] * 2, ["notice", "notice"]),
    "unban twice": (
        "ada",
        [{"type": kind, "target": "mal"} for kind in ("ban", "unban", "unban")],
        ["notice", "notice", "bad-field"],
    ),
    "ban and kick": ("ada", [{"type": "ban", "target": "eve"}, KICK], ["notice", "notice"]),
    "ping and quit": (
        "bob",
        [{"type": "ping"}, {"type": "quit"}, {"type": "say", "room": "dev", "text": "x"}],
        ["pong"],
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_each_of_several_requests_in_one_packet_is_answered_once_in_order(chat: Chat, pair: str) -> None:
    who, requests, wanted = PAIRS[pair]
    answered = chat.answers(getattr(chat, who), *requests)
    assert [code for _, code, _ in answered] == wanted, answered
    assert [tag for tag, _, _ in answered] == [f"t{n}" for n in range(1, len(wanted) + 1)]
    assert not getattr(chat, who).socket.aborted
    if pair != "ping and quit":
        assert chat.answers(getattr(chat, who), {"type": "ping"}) == [("t1", "pong", "")]


IN_WORDS: dict[str, list[str]] = {
    f"/register {PASSWORD}": [
        "* The name vic is yours now. You need its password when you come in next.",
        "! The name vic is yours already. /password changes its password.",
    ],
    "/nick rob": ["* You are now known as rob.", "! You are rob already."],
    "/join new": [
        "* You are vic, alone in #new. Type /help for commands, exit to leave.",
        "! You are in #new already.",
    ],
    "exit": ["* Goodbye."],
}
OPS_IN_WORDS: dict[tuple[str, str], list[str]] = {
    (f"/unregister {PASSWORD}", f"/unregister {PASSWORD}"): [
        "* The name ada belongs to nobody now.",
        "! Your name is not registered. /register makes it yours.",
    ],
    (f"/password {OTHER}", f"/unregister {OTHER}"): [
        "* Your password is changed.",
        "* The name ada belongs to nobody now.",
    ],
    ("/kick eve", "/kick eve"): ["* You kicked eve.", "* eve was kicked out by ada.", "! eve is not in #dev."],
    ("/kick eve", "/op eve"): ["* You kicked eve.", "* eve was kicked out by ada.", "! eve is not in #dev."],
    ("/kick eve", "/mute eve"): ["* You kicked eve.", "* eve was kicked out by ada.", "! eve is not in #dev."],
    ("/unmute eve", "/mute eve 1h"): ["! eve is not muted in #dev.", "* ada muted eve for 1 hour"],
    ("/mute eve 1h", "/unmute eve"): ["* ada muted eve for 1 hour", "* ada lets eve speak again."],
    ("/op eve", "/op eve"): ["* ada made eve an op.", "* ada took back that eve is an op."],
    ("/lock", "/lock"): ["* ada locked the topic: only ops set it.", "* ada unlocked the topic."],
    ("/room private", "/room open"): [
        "* ada made the room private: only who is invited comes in.",
        "* ada opened the room to everybody.",
    ],
    ("/ban mal", "/unban mal"): [
        "* mal is banned from this chat for ever.",
        "* mal is not banned from this chat any more.",
    ],
    ("/unban mal", "/ban mal"): [
        "! mal is not banned from this chat. /bans lists who is.",
        "* mal is banned from this chat for ever.",
    ],
    ("/delete", "/delete"): [
        f"* ada deleted what ada said at {AT}.",
        "! There is nothing to take back. Give the id of a message; /search shows them.",
    ],
}


@pytest.mark.parametrize("line", IN_WORDS)
def test_a_line_that_is_sent_twice_in_one_packet_is_answered_in_words_twice(chat: Chat, line: str) -> None:
    vic = chat.person("vic")
    vic.send(line, line)
    chat.settle()
    assert vic.lines() == IN_WORDS[line]
    assert vic.socket.half_closed == (line == "exit")


@pytest.mark.parametrize("lines", OPS_IN_WORDS)
def test_an_op_is_answered_in_words_by_what_was_decided_just_before(chat: Chat, lines: tuple[str, str]) -> None:
    ada = chat.person("ada")
    if "/delete" in lines:
        ada.send("oops")
        chat.settle()
    ada.send(*lines)
    chat.settle()
    assert ada.lines() == OPS_IN_WORDS[lines]
    assert not ada.socket.half_closed


def test_only_what_happened_is_in_the_audit_record() -> None:
    store = Recorded()
    chat = Chat(store)
    chat.answers(chat.ada, KICK, KICK, {**KICK, "name": "bob"}, {**KICK, "name": "bob"})
    chat.answers(chat.bob, *[{"type": "register", "password": PASSWORD}] * 2)
    chat.answers(chat.bob, *[{"type": "unregister", "password": PASSWORD}] * 2)
    assert [decision.action for decision in store.record] == ["kick", "kick", "register", "unregister"]


def test_the_second_sees_what_the_first_did_with_a_toggle(chat: Chat) -> None:
    chat.answers(chat.bob, {"type": "register", "password": PASSWORD})
    told = chat.answers(chat.ada, *[{"type": "moderator", "name": "bob"}] * 2)
    assert [text for _, _, text in told] == ["bob is a moderator now.", "bob is no moderator any more."]
    refused = chat.answers(chat.bob, {"type": "bans"})
    assert [code for _, code, _ in refused] == ["not-allowed"]


def test_a_message_is_deleted_once_whoever_asks_at_the_same_time(chat: Chat) -> None:
    ((_, kind, _),) = chat.answers(chat.eve, {"type": "say", "room": "dev", "text": "oops"})
    assert kind == "message"
    number = chat.box.hub.next_id - 1
    for client in (chat.ada, chat.eve):
        client.received()
    for client in (chat.ada, chat.eve):
        client.protocol.dataReceived(json.dumps({"type": "delete", "id": number, "tag": "d"}).encode() + b"\n")
    chat.box.turn()
    chat.settle()
    shown = [event for client in (chat.ada, chat.eve) for event in client.objects()]
    assert sorted(event.get("code", event["type"]) for event in shown if event.get("tag") == "d") == [
        "deleted",
        "no-such-message",
    ], "one of them has deleted it, and one is refused"
    assert [event["type"] for event in shown if "tag" not in event] == ["deleted"], "and both see it go"


FAILING: list[tuple[str, list[dict[str, Any]]]] = [
    ("ada", [KICK, KICK]),
    ("ada", [{**KICK, "type": "mute"}, {**KICK, "type": "unmute"}]),
    ("ada", [{**KICK, "type": "op"}, {**KICK, "type": "invite"}]),
    ("ada", [{"type": "lock", **IN_DEV}, {"type": "room", **IN_DEV, "access": "private"}]),
    ("ada", [{"type": "topic", **IN_DEV, "text": "one"}, {"type": "topic", **IN_DEV, "text": "two"}]),
    ("ada", [{"type": "ban", "target": "mal"}, {"type": "unban", "target": "mal"}]),
    ("ada", [{"type": "unregister", "password": PASSWORD}] * 2),
    ("bob", [{"type": "register", "password": PASSWORD}] * 2),
]


def state(chat: Chat) -> Any:
    """What anybody can see of the rooms, the accounts and the bans."""
    look = [{"type": "who", "room": room} for room in ("dev", "lobby")]
    look += [{"type": "topic", **IN_DEV}, {"type": "room", **IN_DEV}, {"type": "bans"}]
    chat.ada.received()
    chat.ada.send(*map(json.dumps, look))
    chat.settle()
    shown = chat.ada.objects()
    for event in shown:
        event.pop("time", None)
    tag = f"s{next(chat.tags)}"
    chat.eve.ask(type="say", room="dev", text="may I?", tag=tag)
    chat.settle()
    spoken = [code for answered, code, _ in answers(chat.eve) if answered == tag]
    return [event for event in shown if event["type"] != "message"], spoken, sorted(chat.store._accounts)


@pytest.mark.parametrize(("who", "requests"), FAILING, ids=[requests[0]["type"] for _, requests in FAILING])
def test_what_can_not_be_stored_has_not_happened_and_can_be_done_later(
    who: str, requests: list[dict[str, Any]]
) -> None:
    store = SlowStore()
    chat = Chat(store)
    client = getattr(chat, who)
    before = state(chat)
    client.received()
    # What was said before is still being stored, so that the requests wait together; then both batches fail.
    chat.bob.ask(type="say", room="lobby", text="first")
    client.send(*(json.dumps({**request, "tag": f"t{n}"}) for n, request in enumerate(requests, 1)))
    while store.waiting:
        store.fail(CannotKeep("the disk is full."))
        chat.box.turn()
    refused = answers(client)
    assert [tag for tag, _, _ in refused] == [f"t{n}" for n in range(1, len(requests) + 1)]
    assert {code for _, code, _ in refused} == {"not-stored"}
    assert state(chat) == before
    again = chat.answers(client, requests[0])
    assert [code for _, code, _ in again] in (["notice"], ["rule"], ["topic"])
    assert state(chat) != before


def test_a_role_and_a_password_that_can_not_be_stored_are_not_changed() -> None:
    store = SlowStore()
    chat = Chat(store)
    chat.answers(chat.bob, {"type": "register", "password": PASSWORD})
    for client, request in (
        (chat.ada, {"type": "moderator", "name": "bob"}),
        (chat.bob, {"type": "password", "password": OTHER}),
    ):
        client.received()
        client.send(*[json.dumps({**request, "tag": "t"})] * 2)
        while store.waiting:
            store.fail(CannotKeep("the disk is full."))
            chat.box.turn()
        assert [code for _, code, _ in answers(client)] == ["not-stored"] * 2
    assert [code for _, code, _ in chat.answers(chat.bob, {"type": "bans"})] == ["not-allowed"]
    chat.answers(chat.bob, {"type": "quit"})
    bob = chat.box.connect()
    for password in (OTHER, PASSWORD):
        bob.ask(type="hello", name="bob", password=password)
        chat.settle()
    refused, welcome = bob.objects()[:2]
    assert (refused["code"], welcome["type"]) == ("wrong-password", "welcome")
    assert chat.answers(chat.ada, {"type": "moderator", "name": "bob"})[0][2] == "bob is a moderator now."


def test_a_right_password_of_an_account_that_could_not_be_stored_is_not_called_wrong() -> None:
    store = SlowStore()
    chat = Chat(store)
    chat.bob.ask(type="say", room="lobby", text="first")
    chat.bob.received()
    for kind in ("register", "unregister"):
        chat.bob.ask(type=kind, password=PASSWORD, tag="t")
    while store.waiting:
        store.fail(CannotKeep("the disk is full."))
        chat.box.turn()
    assert [code for _, code, _ in answers(chat.bob)] == ["not-stored", "not-allowed"]


def test_who_was_refused_before_a_change_or_has_changed_nothing_is_told_why() -> None:
    store = SlowStore()
    chat = Chat(store)
    chat.bob.ask(type="say", room="lobby", text="first")
    for client in (chat.ada, chat.bob):
        client.received()
    for client, kinds in ((chat.ada, ("unmute", "mute", "unmute", "unmute")), (chat.bob, ("mute",))):
        client.send(*(json.dumps({**KICK, "type": kind, "tag": "t"}) for kind in kinds))
    while store.waiting:
        store.fail(CannotKeep("the disk is full."))
        chat.box.turn()
    assert [code for _, code, _ in answers(chat.ada)] == ["bad-field"] + ["not-stored"] * 3
    assert [code for _, code, _ in answers(chat.bob)] == ["not-allowed"]


def test_what_waits_behind_a_failed_batch_is_undone_too_and_messages_are_tried_again() -> None:
    store = SlowStore()
    chat = Chat(store)
    for client in (chat.ada, chat.bob, chat.eve):
        client.received()
    chat.ada.ask(type="lock", room="dev", tag="a")
    chat.ada.ask(type="lock", room="dev", tag="b")
    chat.bob.ask(type="say", room="dev", text="I stand by myself", tag="s")
    store.fail(CannotKeep("the disk is full."))
    chat.box.turn()
    chat.settle()
    assert [(tag, code) for tag, code, _ in answers(chat.ada) if tag in "ab"] == [
        ("a", "not-stored"),
        ("b", "not-stored"),
    ]
    assert ("s", "message", "I stand by myself") in answers(chat.bob)
    assert chat.answers(chat.ada, {"type": "room", "room": "dev"})[0][2].endswith(
        "Everybody in it sets its topic. Its founder is ada."
    )


@pytest.mark.parametrize("ended_by", ["another connection", "the end of the chat"])
def test_what_waits_to_be_read_of_an_ended_session_is_not_read(ended_by: str) -> None:
    store = SlowStore()
    chat = Chat(store)
    bot = chat.box.connect()
    bot.ask(type="hello", name="bot")
    chat.settle()
    token = bot.objects()[0]["token"]
    bot.send(*(json.dumps({"type": "say", "room": "lobby", "text": f"line {number}"}) for number in range(200)))
    if ended_by == "another connection":
        chat.box.connect().ask(type="hello", name="bot", token=token)
    else:
        chat.box.connections.farewell("The end.")
    chat.settle()
    kinds = [event["type"] for event in bot.objects() if event["type"] != "joined"]
    said = len(kinds) - 1
    assert kinds == ["message"] * said + ["goodbye"]
    assert 0 < said < 200
    assert len([message for message in store._all if message.author == "bot"]) == said


def test_who_has_moved_on_is_not_brought_back_by_a_kick_that_is_undone() -> None:
    store = SlowStore()
    chat = Chat(store)
    victim = chat.box.connect()
    victim.send("vic", "/join dev")
    chat.settle()
    for client in (chat.ada, chat.bob, victim):
        client.received()
    chat.ada.ask(type="kick", room="dev", name="vic", tag="k")
    victim.send("/join den")
    store.fail(CannotKeep("the disk is full."))
    chat.box.turn()
    chat.settle()
    assert [(tag, code) for tag, code, _ in answers(chat.ada)] == [("k", "not-stored")]
    left = [event for event in chat.bob.objects() if event["type"] == "left" and event["room"] == "dev"]
    assert [(event["name"], event.get("by")) for event in left] == [("vic", None)]
    victim.send("/who")
    chat.settle()
    assert victim.lines()[-1] == "* In #den: vic (op)"


def test_who_is_brought_back_by_an_undone_kick_is_in_the_room_that_others_know() -> None:
    store = SlowStore()
    chat = Chat(store)
    vic = chat.box.connect()
    vic.ask(type="hello", name="vic", rooms={"den": None})
    chat.settle()
    chat.ada.ask(type="join", room="den")
    chat.settle()
    for client in (chat.ada, chat.bob, vic):
        client.received()
    chat.ada.send(
        json.dumps({"type": "kick", "room": "den", "name": "vic"}), json.dumps({"type": "leave", "room": "den"})
    )
    store.fail(CannotKeep("the disk is full."))
    chat.box.turn()
    chat.settle()
    chat.bob.ask(type="join", room="den")
    chat.settle()
    (state,) = [event for event in chat.bob.objects() if event["type"] == "room"]
    assert state["users"] == ["vic", "bob"]


def test_a_room_is_told_what_it_missed_of_who_was_out_of_it_by_an_undone_kick() -> None:
    store = SlowStore()
    chat = Chat(store)
    chat.bob.received()
    chat.ada.ask(**KICK)
    chat.eve.ask(type="nick", name="ida")
    chat.eve.ask(type="away", text="tea")
    store.fail(CannotKeep("the disk is full."))
    chat.box.turn()
    chat.settle()
    told = [event for event in chat.bob.objects() if event["room"] == "dev"]
    assert [(event["type"], event["name"]) for event in told] == [("renamed", "eve"), ("away", "ida")]


def test_who_came_again_on_another_device_leaves_first_by_an_undone_kick() -> None:
    store = SlowStore()
    chat = Chat(store)
    chat.box.make_account("vic", HASH)
    chat.settle()
    first, second = chat.come("vic", password=PASSWORD), chat.come("vic", password=PASSWORD)
    second.ask(type="leave", room="dev")
    chat.settle()
    for client in (chat.bob, first, second):
        client.received()
    chat.ada.ask(**{**KICK, "name": "vic"})
    second.ask(type="join", room="dev")
    store.fail(CannotKeep("the disk is full."))
    chat.box.turn()
    chat.settle()
    told = [event for event in chat.bob.objects() if event["room"] == "dev"]
    assert [(event["type"], event["name"]) for event in told] == [("left", "vic"), ("joined", "vic")]
    for device in (first, second):
        device.received()
        device.ask(type="say", room="dev", text="here")
        chat.settle()
        assert [event["text"] for event in device.objects()] == ["here"]


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "nick", "name": "ida"},
        {"type": "away", "text": "tea"},
        {"type": "msg", "name": "bob", "text": "psst"},
        {"type": "read", **IN_DEV, "id": 0},
        {"type": "ignore", "name": "eve"},
    ],
)
def test_nothing_that_is_for_all_devices_comes_before_the_welcome(asked: dict[str, Any]) -> None:
    store = SlowStore()
    chat = Chat(store)
    other = chat.box.connect()
    other.ask(type="hello", name="ada", password=PASSWORD)
    chat.settle()
    token = other.objects()[0]["token"]
    other.lose()
    chat.ada.ask(type="say", text="first", **IN_DEV)
    chat.ada.ask(**asked)
    device = chat.box.connect()
    device.ask(type="hello", name="ada", token=token)
    chat.settle()
    kinds = [event["type"] for event in device.objects()]
    assert kinds[0] == "welcome"


def test_what_could_not_be_stored_is_no_last_message_of_a_room() -> None:
    store = SlowStore()
    box = Box(limits=Limits(rate=None), store=store)
    ada = box.json("ada")
    for text in ("one", "two"):
        ada.ask(type="say", room="lobby", text=text)
    eve = box.connect()
    eve.ask(type="hello", name="eve")
    ada.ask(type="say", room="lobby", text="three")
    while store.waiting:
        store.fail(CannotKeep("the disk is full."))
        box.turn()
    assert [event["last"] for event in eve.objects() if event["type"] == "room"] == [0]
    ada.ask(type="say", room="lobby", text="four")
    box.settle()
    bob = box.connect()
    bob.ask(type="hello", name="bob")
    assert [event["last"] for event in bob.objects() if event["type"] == "room"] == [4]
