"""What our clients do with what they do not know: types, fields and values of later servers, and nonsense."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, get_args

import msgspec
import pytest
from box import Box
from client.seats import Seat, local_time
from client.wiring import Line as Wiring
from conftest import LoggedFailures

from chat.client.link.wire import decode
from chat.client.plain.pipe import Sender, Tail
from chat.core import events

NOW = "2026-11-21T09:15:02.114Z"
SAID = {"id": 7, "time": NOW, "room": "lobby", "author": "bob", "kind": "say", "text": "hi", "tag": "t"}
CHANGED = {"id": 7, "rev": 9, "room": "lobby", "by": "bob", "time": NOW, "tag": "t"}
EXAMPLES: list[dict[str, Any]] = [
    {
        "type": "welcome",
        "name": "ada",
        "token": "x",
        "server": "s",
        "time": NOW,
        "limits": {"text": 4096, "line": 16384, "name": 32, "rooms": 50},
        "registered": True,
        "role": "owner",
        "protocol": 1,
        "features": ["register"],
        "rooms": [{"room": "dev", "read": 2, "last": 3}],
    },
    {
        "type": "room",
        "room": "lobby",
        "topic": "tea",
        "users": ["ada", "bob"],
        "away": {"bob": "lunch"},
        "last": 3,
        "ops": ["bob"],
        "private": True,
        "access": "members",
        "locked": True,
        "slow": 30,
        "read": 2,
        "tag": "t",
    },
    {"type": "message", **SAID},
    {"type": "message", **{name: value for name, value in SAID.items() if name != "room"}, "to": "ada", "with": "p7"},
    {
        "type": "message",
        **SAID,
        "re": 6,
        "re_author": "ada",
        "re_text": "tea?",
        "edited": NOW,
        "reactions": [{"text": "x", "count": 2, "mine": True}],
        "pinned": True,
        "notice": True,
        "all": True,
    },
    {"type": "edited", **CHANGED, "text": "two\nlines"},
    {"type": "deleted", **CHANGED},
    {"type": "reacted", **CHANGED, "text": "x", "on": True, "count": 1},
    {"type": "pinned", **CHANGED, "on": True, "author": "bob", "text": "hi"},
    {"type": "pins", "room": "lobby", "messages": [{"type": "message", **SAID}], "tag": "t"},
    {"type": "words", "words": ["deploy"], "tag": "t"},
    {"type": "upload", "url": "http://h:8080/u/x7Kq", "until": NOW, "tag": "t"},
    {"type": "joined", "time": NOW, "room": "lobby", "name": "eve"},
    {"type": "left", "time": NOW, "room": "lobby", "name": "bob", "by": "eve", "text": "enough", "tag": "t"},
    {"type": "left", "time": NOW, "room": "lobby", "name": "ada", "by": "eve", "text": "enough", "tag": "t"},
    *(
        {"type": "rule", "time": NOW, "room": "lobby", "by": "eve", "rule": rule, "on": on, "name": "bob", "text": "x"}
        for rule in get_args(events.RuleKind)
        for on in (True, False)
    ),
    {"type": "deleted", "time": NOW, "room": "lobby", "id": 1, "by": "bob", "tag": "t"},
    {"type": "read", "room": "lobby", "id": 1, "tag": "t"},
    {"type": "read", "room": None, "with": "p7", "id": 1},
    {
        "type": "conversations",
        "conversations": [
            {"name": "bob", "last": 9, "read": 3, "with": "p7", "unread": 2, "time": NOW, "here": True, "gone": False}
        ],
        "more": True,
        "tag": "t",
    },
    {"type": "conversation", "with": "p7", "name": "robert", "here": False},
    {"type": "stats", "figures": {"users": 3}, "tag": "t"},
    {"type": "bans", "bans": [{"target": "mal", "until": NOW, "why": "spam", "by": "mo", "time": NOW}], "tag": "t"},
    {"type": "renamed", "time": NOW, "room": "lobby", "name": "bob", "new": "robert", "tag": "t"},
    {"type": "topic", "time": NOW, "room": "lobby", "name": "bob", "topic": "tea", "tag": "t"},
    {"type": "away", "time": NOW, "room": "lobby", "name": "bob", "text": "lunch", "tag": "t"},
    {"type": "who", "room": "lobby", "users": ["ada", "bob"], "away": {"bob": "tea"}, "ops": ["bob"], "tag": "t"},
    {
        "type": "rooms",
        "rooms": [{"room": "dev", "users": 3, "topic": "tea", "time": NOW, "access": "archived"}],
        "more": True,
        "next": 20,
        "text": "de",
        "tag": "t",
    },
    {"type": "history", "room": "lobby", "messages": [SAID], "more": True, "since": NOW, "tag": "t"},
    {
        "type": "history",
        "room": "lobby",
        "messages": [SAID],
        "changes": [{"type": "edited", **CHANGED, "text": "x"}],
        "more": False,
        "around": 7,
        "more_before": True,
        "more_after": True,
        "tag": "t",
    },
    {"type": "history", "room": None, "with": "p7", "messages": [SAID], "more": True, "tag": "t"},
    {"type": "found", "text": "hi", "messages": [SAID], "more": True, "tag": "t"},
    {"type": "missed", "room": "lobby", "count": 2, "after": 0, "before": 3},
    {"type": "ignored", "names": ["eve"], "tag": "t"},
    {
        "type": "devices",
        "devices": [
            {"device": 1, "way": "json", "address": "192.0.2.7", "since": NOW, "idle": 90, "this": True, "held": True}
        ],
        "tag": "t",
    },
    {
        "type": "whois",
        "name": "bob",
        "account": "bob",
        "rooms": ["lobby"],
        "away": "tea",
        "idle": 90,
        "since": NOW,
        "tag": "t",
    },
    {"type": "help", "commands": [{"name": "who", "usage": "/who", "summary": "lists who is here"}], "tag": "t"},
    {"type": "notice", "text": "Mind the gap.", "tag": "t"},
    {"type": "error", "code": "not-allowed", "text": "No.", "tag": "t"},
    {"type": "pong", "time": NOW, "tag": "t"},
    {"type": "ping", "time": NOW},
    {"type": "goodbye", "text": "Bye.", "code": "replaced"},
]
VALUES = [None, "weather", "", 7, -1, 1 << 70, 1.5, True, [], {}, [None], ["weather"], {"weather": None}]
"""What may stand in any place of an object."""


def altered(value: Any) -> Iterator[Any]:
    """*value* with one thing in it, at any depth, left out, unknown or of another type."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {other: kept for other, kept in value.items() if other != name}
            yield from ({**value, name: other} for other in [*VALUES, *altered(inner)])
        yield {**value, "weather": {"sky": ["blue", None]}}
    elif isinstance(value, list):
        yield from ([*value, other] for other in VALUES)
        for number, inner in enumerate(value):
            yield from ([*value[:number], other, *value[number + 1 :]] for other in altered(inner))


def test_there_is_an_example_of_every_event() -> None:
    kinds = {type(decode(json.dumps(example).encode())) for example in EXAMPLES}
    assert kinds == set(get_args(events.AnyEvent))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['type']}-{example.get('rule', '')}")
def test_nothing_unknown_hurts_or_is_shown(example: dict[str, Any], logged_failures: LoggedFailures) -> None:
    for event in altered(example):
        line = json.dumps(event).encode()
        box = Box()
        seat = Seat(box, rooms=("lobby", "dev"))
        before = len(seat.bells.lines)
        seat.wiring.cable.wire.dataReceived(line + b"\n")
        assert not logged_failures, line
        shown = [text for _, text in seat.bells.lines[before:]]
        assert not [text for text in shown if "None" in text or "[]" in text or "{" in text], line
        if event.get("type") not in (example["type"], "goodbye"):
            assert shown == [], line
        assert all(None not in (room.name, room.topic, *room.users, *room.away, *room.ops) for room in seat.model.rooms)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['type']}-{example.get('rule', '')}")
def test_pipes_are_not_hurt_either(example: dict[str, Any], logged_failures: LoggedFailures) -> None:
    complaints: list[str] = []
    output = io.StringIO()
    for event in altered(example):
        box = Box()
        tail = Tail(output, local_time(box), complaints.append)
        sender = Sender("lobby", 60, box.clock, complaints.append)
        for name, listener in (("ada", tail), ("eve", sender)):
            Wiring(box, listener, name).cable.wire.dataReceived(json.dumps(event).encode() + b"\n")
        assert not logged_failures, event
    assert "None" not in output.getvalue()
    assert not [complaint for complaint in complaints if "None" in complaint]


# -- what is passed over, and what is not


def show(seat: Seat, **event: Any) -> list[str]:
    """The lines in the lobby after the server has sent *event*."""
    before = len(seat.shown())
    seat.wiring.cable.wire.dataReceived(msgspec.json.encode(event) + b"\n")
    return seat.shown()[before:]


def test_a_message_of_an_unknown_kind_is_passed_over() -> None:
    seat = Seat(Box())
    assert show(seat, type="message", **{**SAID, "kind": "poll"}) == []
    assert show(seat, type="message", **{**SAID, "id": 8}) == ["bob: hi"]


def test_a_message_to_nobody_in_no_room_is_passed_over() -> None:
    seat = Seat(Box())
    show(seat, type="message", **{**SAID, "room": None})
    assert seat.titles == ["#lobby"]


def test_an_unknown_field_or_value_beside_what_is_known_is_passed_over() -> None:
    seat = Seat(Box())
    assert show(seat, type="message", **SAID, reactions=[{"text": "👍", "count": 2}], re=None) == ["bob: hi"]
    assert show(seat, type="rule", time=NOW, room="lobby", by="bob", rule="weather", on=True) == []
    assert show(seat, type="rule", time=NOW, room="lobby", by="bob", rule="closed", on=True) == []
    assert show(seat, type="rule", time=NOW, room="lobby", by="bob", rule="founder", on=False, name="eve") == []
    assert show(seat, type="rule", time=NOW, room="lobby", by="bob", rule="op", on=True, name=None) == []
    assert show(seat, type="error", code="too-late", text="Too late.", retry=True) == ["! Too late."]
    assert show(seat, type="edited", id=7, rev=9, room="lobby", by="bob", text="ho", time=NOW) == []


def test_who_is_sent_away_for_an_unknown_reason_stays_away() -> None:
    seat = Seat(Box())
    show(seat, type="goodbye", text="The chat has moved.", code="moved")
    seat.wiring.cable.cut()
    seat.wiring.wait(60)
    assert seat.wiring.link.farewell == "The chat has moved."
    assert len(seat.wiring.endpoint.cables) == 1


def test_what_is_null_counts_as_left_out() -> None:
    assert decode(b'{"type":"left","time":"now","room":"lobby","name":"bob","by":null,"text":null,"tag":null}') == (
        events.Left(time="now", room="lobby", name="bob")
    )
    line = b'{"type":"room","room":"dev","topic":"","users":["ada"],"away":{},"last":0,"ops":null,"private":null}'
    assert decode(line) == events.RoomState(room="dev", topic="", users=["ada"], away={}, last=0)


def test_of_a_list_only_what_is_unknown_is_passed_over() -> None:
    line = msgspec.json.encode(
        {"type": "who", "room": "dev", "users": ["ada", None, 7, "bob"], "away": {"bob": "tea", "ada": None}}
    )
    assert decode(line) == events.Who(room="dev", users=["ada", "bob"], away={"bob": "tea"})
    rooms = [{"room": "dev", "users": 3, "topic": "tea"}, {"room": "den", "users": None, "topic": ""}, None]
    assert decode(msgspec.json.encode({"type": "rooms", "rooms": rooms})) == events.Rooms(
        rooms=[events.RoomSummary(room="dev", users=3, topic="tea")]
    )


def test_a_backlog_with_a_message_of_an_unknown_kind_is_shown_without_it() -> None:
    box = Box()
    box.text("bob").send("one", "two", "three")
    wiring = Seat(box).wiring
    tag = next(request["tag"] for request in map(json.loads, wiring.cable.sent) if request["type"] == "history")
    seat = Seat(Box())
    room = {"type": "room", "room": "dev", "topic": "", "users": ["ada"], "away": {}, "last": 3}
    seat.wiring.cable.wire.dataReceived(msgspec.json.encode(room) + b"\n")
    seat.wiring.link._pages[tag] = "dev"
    messages = [
        {**SAID, "id": number, "room": "dev", "text": str(number), "kind": kind}
        for number, kind in ((1, "say"), (2, "poll"), (3, "say"))
    ]
    page = {"type": "history", "room": "dev", "messages": messages, "more": False, "tag": tag}
    seat.wiring.cable.wire.dataReceived(msgspec.json.encode(page) + b"\n")
    assert seat.shown("#dev")[:2] == ["bob: 1", "bob: 3"]
    assert seat.shown("#dev")[2:] == ["* You are ada, alone in #dev."]


def test_a_server_that_says_more_in_its_welcome_is_entered() -> None:
    box = Box()
    seat = Seat(box)
    wire = Wiring(box, seat.model, "eve", silent=True)
    welcome = {
        **EXAMPLES[0],
        "role": None,
        "protocol": 2,
        "features": ["register", None, "holograms"],
        "limits": {**EXAMPLES[0]["limits"], "lines": 100},
        "motto": "onwards",
    }
    wire.cable.wire.dataReceived(msgspec.json.encode(welcome) + b"\n")
    assert wire.link.online
