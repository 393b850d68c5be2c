"""The chat in memory that authors of bots test with."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from twisted.application.internet import ClientService
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.protocols.basic import LineOnlyReceiver

from chat.testing import Chat, Limits


class Echo(LineOnlyReceiver):
    """A bot that repeats what others say, a minute later."""

    delimiter = b"\n"
    clock: Clock

    def connectionMade(self) -> None:
        self.sendLine(b'{"type":"hello","name":"echo"}')

    def lineReceived(self, line: bytes) -> None:
        event = json.loads(line) if line.startswith(b"{") else {}
        if event.get("type") == "message" and event["author"] != "echo":
            again = {"type": "say", "room": event["room"], "text": event["text"]}
            self.clock.callLater(60, self.sendLine, json.dumps(again).encode())


def start_echo(chat: Chat) -> ClientService:
    """Start that bot as a service."""

    def make() -> Echo:
        echo = Echo()
        echo.clock = chat.clock
        return echo

    service = ClientService(chat.endpoint, Factory.forProtocol(make), lambda attempt: 5.0, chat.clock)
    service.startService()
    chat.advance(0)
    return service


def test_a_service_of_twisted_and_time() -> None:
    chat = Chat()
    ada = chat.text("ada")
    start_echo(chat)
    ada.send("hello")
    chat.advance(59)
    assert ada.lines() == ["* echo joined."]
    chat.advance(1)
    assert ada.lines() == ["echo: hello"]


def test_what_is_due_happens_in_its_time() -> None:
    chat = Chat()
    bob = chat.json("bob")
    start_echo(chat)
    for text in ("one", "two"):
        bob.ask(type="say", room="lobby", text=text)
        chat.advance(20)
    chat.advance(3600)
    times = [event["time"][14:19] for event in bob.objects() if event["type"] == "message"]
    assert times == ["15:02", "15:22", "16:02", "16:22"]


def test_a_service_whose_connection_is_cut_comes_back() -> None:
    chat = Chat()
    ada = chat.text("ada")
    start_echo(chat)
    chat.cut("echo")
    ada.send("/who")
    assert ada.lines() == ["* echo joined.", "* In #lobby: ada, echo"]
    with pytest.raises(LookupError, match="nobody called echo is connected"):
        chat.cut("echo")
    chat.advance(5)
    chat.cut("echo")


def test_a_service_that_is_stopped_leaves() -> None:
    chat = Chat()
    ada = chat.text("ada")
    service = start_echo(chat)
    stopped = service.stopService()
    chat.advance(60)
    assert stopped.called
    assert ada.lines() == ["* echo joined.", "* echo left."]


def test_a_program_that_is_given_lines() -> None:
    chat = Chat()
    ada = chat.text("ada")
    got: list[str] = []

    def receive(line: str) -> Iterable[str]:
        got.append(line)
        if line.endswith("Type your name and press Enter."):
            yield '{"type":"hello","name":"bot"}'
        elif '"welcome"' in line:
            yield '{"type":"say","room":"lobby","text":"I am here."}'
            yield '{"type":"quit"}'

    bot = chat.connect(receive)
    assert ada.lines() == ["* bot joined.", "bot: I am here.", "* bot left."]
    assert bot.lines() == got
    assert not bot.connected


def test_two_kinds_of_users() -> None:
    chat = Chat()
    ada, bot = chat.text("ada"), chat.json("bot", rooms={"lobby": None, "dev": None})
    ada.send("hello", "/me waves")
    bot.ask(type="say", room="lobby", text="hi", tag="a1")
    assert ada.lines() == ["* bot joined.", "bot: hi"]
    said = bot.objects()
    assert [(event["author"], event["kind"], event["text"]) for event in said] == [
        ("ada", "say", "hello"),
        ("ada", "action", "waves"),
        ("bot", "say", "hi"),
    ]
    assert said[-1]["tag"] == "a1"


def test_who_is_refused_did_not_come_in() -> None:
    chat = Chat()
    chat.text("ada")
    with pytest.raises(ValueError, match="! That name is taken"):
        chat.text("ada")
    with pytest.raises(ValueError, match="That name is taken"):
        chat.json("ada")


def test_who_is_cut_comes_back_by_the_token() -> None:
    chat = Chat()
    ada, bob = chat.text("ada"), chat.json("bob")
    ada.send("one")
    (seen,) = bob.objects()
    bob.cut()
    assert not bob.connected
    ada.send("two")
    again = chat.connect()
    again.ask(type="hello", name="bob", token=bob.token, rooms={"lobby": seen["id"]})
    assert [event["text"] for event in again.objects() if event["type"] == "message"] == ["two"]
    assert ada.lines() == ["* bob joined."]


def test_whoever_stays_away_for_a_minute_has_left() -> None:
    chat = Chat()
    ada, bob = chat.text("ada"), chat.json("bob")
    bob.cut()
    chat.advance(59)
    assert ada.lines() == ["* bob joined."]
    chat.advance(1)
    assert ada.lines() == ["* bob left."]


def test_the_limits_are_those_of_a_real_chat_unless_others_are_given() -> None:
    lines = [str(number) for number in range(100)]
    counts = []
    for limits in (None, Limits(rate=None)):
        chat = Chat(limits)
        ada, bob = chat.text("ada"), chat.text("bob")
        bob.send(*lines)
        counts.append(sum(line.startswith("bob: ") for line in ada.lines()))
    assert counts[0] < 30
    assert counts[1] == 100


def test_bytes_that_are_no_text() -> None:
    chat = Chat()
    ada = chat.connect()
    ada.send_bytes(b"ada\n\xfe\n")
    assert ada.lines()[-1] == "* You are ada, alone in #lobby. Type /help for commands, exit to leave."
    bob = chat.connect()
    bob.send("bob")
    assert any(line.endswith("] ada: \ufffd") for line in bob.lines())


def test_a_failure_of_the_bot_fails_the_test() -> None:
    def receive(line: str) -> Iterable[str]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Chat().connect(receive)
