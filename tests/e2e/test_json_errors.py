"""Every code of the table in docs/protocol.md that a client can cause, and what a program must survive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.core.commands.table import TABLE
from e2e.clients import Bot, Client, Event
from e2e.daemon import HOST, Daemon, DaemonFactory
from e2e.streams import SocketStream

LONG = "x" * 4_097

REFUSED: list[tuple[str, Event]] = [
    ("bad-field", {"type": "say", "room": "lobby"}),
    ("bad-field", {"type": "say", "text": "hi"}),
    ("bad-field", {"type": "say", "room": "lobby", "text": 7}),
    ("bad-field", {"type": "say", "room": "lobby", "text": None}),
    ("bad-field", {"type": "history", "room": "lobby", "count": "many"}),
    ("bad-field", {"type": "history", "room": "lobby", "count": -1}),
    ("bad-field", {"type": "history", "room": "lobby", "after": 1 << 63}),
    ("bad-field", {"type": "history", "room": "lobby", "before": True}),
    ("bad-field", {"type": "join", "room": "dev", "after": 1.5}),
    ("bad-field", {"type": "ignore", "name": "bot"}),
    ("unknown-type", {"type": "fly"}),
    ("unknown-type", {"type": ""}),
    ("unknown-type", {"type": "Say", "room": "lobby", "text": "hi"}),
    ("unknown-command", {"type": "help", "command": "fly"}),
    ("not-welcome-yet", {"type": "hello", "name": "other"}),
    ("bad-name", {"type": "nick", "name": "two words"}),
    ("bad-name", {"type": "nick", "name": ""}),
    ("bad-name", {"type": "join", "room": ".."}),
    ("name-taken", {"type": "nick", "name": "ADA"}),
    ("no-such-user", {"type": "msg", "name": "nobody", "text": "hi"}),
    ("no-such-user", {"type": "msg", "name": "", "text": "hi"}),
    ("no-such-room", {"type": "who", "room": "nowhere"}),
    ("not-in-room", {"type": "say", "room": "nowhere", "text": "hi"}),
    ("not-in-room", {"type": "me", "room": "nowhere", "text": "waves"}),
    ("not-in-room", {"type": "leave", "room": "nowhere"}),
    ("not-in-room", {"type": "topic", "room": "nowhere", "text": "tea"}),
    ("not-in-room", {"type": "history", "room": "nowhere"}),
    ("already-there", {"type": "join", "room": "lobby"}),
    ("already-there", {"type": "nick", "name": "bot"}),
    ("too-long", {"type": "say", "room": "lobby", "text": LONG}),
    ("too-long", {"type": "me", "room": "lobby", "text": LONG}),
    ("too-long", {"type": "msg", "name": "ada", "text": LONG}),
    ("too-long", {"type": "topic", "room": "lobby", "text": LONG}),
    ("too-long", {"type": "away", "text": LONG}),
    ("empty", {"type": "say", "room": "lobby", "text": " \u0007\u202e\t "}),
    ("empty", {"type": "me", "room": "lobby", "text": ""}),
    ("empty", {"type": "msg", "name": "ada", "text": "\u200b"}),
]


@pytest.fixture
def bot(chat: Daemon) -> Bot:
    chat.person("ada")
    return chat.bot("bot")


def test_each_refusal_has_its_code_a_sentence_and_the_tag(start_chat: DaemonFactory) -> None:
    chat = start_chat("--no-limits")
    ada, bot = chat.bot("ada"), chat.bot("bot")
    ada.catch_up()
    for code, request in REFUSED:
        answer = bot.ask(request["type"], **{key: value for key, value in request.items() if key != "type"})
        assert (answer["type"], answer["code"]) == ("error", code), request
        assert answer["text"].endswith((".", "?", ")", "}", "/rooms", "nowhere")), answer
    assert bot.catch_up() == []
    assert ada.catch_up() == [], "a refusal was seen by others"


NOT_JSON = [
    b"{",
    b"}",
    b'{"type":"ping"',
    b'{"type":"ping"}}',
    b"[1, 2]",
    b'"ping"',
    b"7",
    b"null",
    b"true",
    b"hello there",
    b"/quit",
    b"exit",
    b"{'type':'ping'}",
    b'{"type":"ping","n":NaN}',
    b'{"type":"ping","n":01}',
    b'{"a":' * 2_500 + b"1" + b"}" * 2_500,
    b"[" * 16_000,
    b'{"type":"ping","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    b'{"type":"ping","tag":"a\x00b"}',
    b"\xff\xfe{",
]


@pytest.mark.parametrize("line", NOT_JSON, ids=lambda line: repr(line[:24]))
def test_what_is_no_object_is_refused_and_the_connection_stays(shared_chat: Daemon, line: bytes) -> None:
    bot = shared_chat.bot("")
    bot.send(line + b"\n")
    bot.expect("error", code="bad-json")
    assert bot.catch_up() == []


def test_an_object_without_a_type_or_with_a_bad_tag_is_refused(bot: Bot) -> None:
    for line in (b"{}", b'{"type":null}', b'{"type":7}', b'{"type":["ping"]}'):
        bot.send(line + b"\n")
        bot.expect("error", code="bad-field")
    for tag in ("7", "[]", '""', '"' + "x" * 65 + '"', '"\\u0007"', '"\\u202e"'):
        bot.send(b'{"type":"ping","tag":' + tag.encode() + b"}\n")
        bot.expect("error", code="bad-field")


def test_a_line_that_is_too_long_is_refused(bot: Bot) -> None:
    bot.send(b'{"type":"ping","x":"' + b"y" * 16_384 + b'"}\n')
    bot.expect("error", code="too-long")
    longest = b'{"type":"ping","tag":"longest","x":"%s"}'
    bot.send(longest % (b"y" * (16_384 - len(longest) + 2)) + b"\r\n")
    bot.expect("pong", tag="longest")


def test_strange_numbers_and_strings_do_no_harm(bot: Bot) -> None:
    for value in (
        "1e400",
        "-1e400",
        "1" + "0" * 5_000,
        '"\\ud800"',
        '"\\u0000"',
        "0.1e-400",
        '"' + "\\u0301" * 900 + '"',
    ):
        bot.send(b'{"type":"history","room":"lobby","count":' + value.encode() + b',"tag":"t"}\n')
        assert bot.read()["type"] in ("error", "history")
        bot.send(b'{"type":"nick","name":' + value.encode() + b',"tag":"t"}\n')
        bot.expect("error")
        bot.send(b'{"type":' + value.encode() + b',"tag":"t"}\n')
        bot.expect("error")
    assert bot.catch_up() == []


def test_too_many_rooms(chat: Daemon) -> None:
    bot = chat.socket()
    bot.request("hello", name="bot", rooms={f"r{number}": None for number in range(51)}, tag="t")
    bot.first("error", code="too-many-rooms", tag="t")
    bot.request("hello", name="bot", rooms={f"r{number}": None for number in range(50)})
    bot.expect("welcome")
    bot.catch_up()
    assert bot.ask("join", room="r50")["code"] == "too-many-rooms"
    assert len(bot.ask("rooms")["rooms"]) == 50
    bot.ask("leave", room="r0")
    assert bot.ask("join", room="r50")["type"] == "room"


BAD_HELLOS: list[tuple[str, Event]] = [
    ("bad-field", {"name": 7}),
    ("bad-field", {"name": 0}),
    ("bad-field", {"name": False}),
    ("bad-field", {"name": []}),
    ("bad-field", {"name": {}}),
    ("bad-field", {"name": "bot", "token": 7}),
    ("bad-field", {"name": "bot", "rooms": ["lobby"]}),
    ("bad-field", {"name": "bot", "rooms": "lobby"}),
    ("bad-field", {"name": "bot", "rooms": {"lobby": "16"}}),
    ("bad-field", {"name": "bot", "rooms": {"lobby": -1}}),
    ("bad-field", {"name": "bot", "rooms": {"lobby": True}}),
    ("bad-name", {"name": "two words"}),
    ("bad-name", {"name": "bot", "rooms": {"lobby": None, "..": None}}),
    ("name-taken", {"name": "Ada"}),
]


@pytest.mark.parametrize(("code", "fields"), BAD_HELLOS, ids=lambda value: json.dumps(value))
def test_a_hello_that_is_refused_may_be_said_again(shared_chat: Daemon, code: str, fields: Event) -> None:
    ada = shared_chat.bot("ada")
    bot = shared_chat.socket()
    bot.request("say", room="lobby", text="hi")
    bot.first("error", code="not-welcome-yet")
    bot.request("hello", **fields, tag="t")
    bot.expect("error", code=code, tag="t")
    assert ada.ask("rooms")["rooms"] == [{"room": "lobby", "users": 1, "topic": ""}]
    bot.request("hello", name="bot")
    bot.expect("welcome", name="bot")
    bot.expect("room", users=["ada", "bot"])


WRONG: list[Any] = [None, 0, -1, 1.5, 1 << 62, True, False, "", "x", "\u0000", [], [1], {}, {"a": 1}]


@pytest.mark.parametrize("kind", [name for name in TABLE if name not in ("logout", "quit")])
def test_no_field_of_a_wrong_type_closes_the_connection(shared_chat: Daemon, kind: str) -> None:
    bot = shared_chat.bot("")
    right: Event = {"room": "lobby", "text": "hi", "name": "ada", "count": 1, "after": 0, "before": 9, "command": "who"}
    for field in (parameter.name for parameter in TABLE[kind].parameters):
        for value in WRONG:
            answer = bot.ask(kind, **{**right, field: value})
            assert answer["type"] != "goodbye"
    bot.request("nick", name="still-here")
    bot.until("renamed", room=None, new="still-here")


def test_a_full_server_says_so(start_chat: DaemonFactory) -> None:
    """With 80 descriptors there is place for 80 - 64 clients."""
    chat = start_chat("--no-limits", descriptors=80)
    inside = [chat.bot(f"bot{number}") for number in range(16)]
    late = SocketStream((HOST, chat.port))
    refusal = Client(late).read_to_end()
    late.close()
    assert refusal == b"! The server is full. Try again later.\r\n* Goodbye.\r\n"
    inside[0].request("quit")
    inside[0].until("goodbye")
    assert inside[0].read_line() == b""
    inside[0].close()
    inside[1].until("left", name="bot0")
    assert chat.person("late").catch_up() == []
