"""What a client sends first decides what it speaks, and what is plainly JSON is never said by a person."""

from __future__ import annotations

import json

import pytest
from box import Box

from chat.core.limits import Limits

HELLO = b'{"type":"hello","name":"bot","password":"correct horse"}'
SECRET = "correct horse"  # noqa: S105
REFUSAL = "! This is JSON. Send it as the first line."


@pytest.fixture
def box() -> Box:
    """A chat that takes passwords everywhere."""
    return Box(limits=Limits(rate=None, plain_passwords=True))


@pytest.mark.parametrize("before", [b"", b"\n", b"\r\n \n", b"\xef\xbb\xbf", b"\n\xef\xbb\xbf", b"  "])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_blanks_and_a_byte_order_mark_before_a_hello_are_passed_over(box: Box, before: bytes, end: bytes) -> None:
    bot = box.connect()
    bot.send_bytes(before + HELLO + end + b'{"type":"say","room":"lobby","text":"hi"}' + end)
    assert [event["type"] for event in bot.objects()] == ["welcome", "room", "message"]


def test_blanks_and_the_hello_may_come_in_two_packets(box: Box) -> None:
    bot = box.connect()
    bot.send_bytes(b"  ")
    bot.send_bytes(HELLO + b"\n")
    assert [event["type"] for event in bot.objects()] == ["welcome", "room"]


def test_json_of_a_guest_who_has_said_nothing_is_not_said(box: Box) -> None:
    ada, guest = box.text("ada"), box.connect()
    guest.send("")
    ada.received()
    guest.send_bytes(HELLO + b"\n")
    assert guest.lines()[-1] == REFUSAL
    guest.send("hello", HELLO.decode())
    assert SECRET not in "".join(ada.lines()[:-1])


@pytest.mark.parametrize(
    "wrong",
    ['{"type":"hello","password":"correct horse",}', '{"password":"correct horse"', '[{"password":"correct horse"}]'],
)
def test_what_is_meant_as_json_is_not_said_though_it_is_wrong(box: Box, wrong: str) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send(wrong)
    assert bob.lines()[-1] == REFUSAL
    assert ada.received() == ""


def test_json_is_no_name_either(box: Box) -> None:
    ada, stranger = box.text("ada"), box.connect()
    ada.received()
    stranger.send("two words", HELLO.decode())
    assert stranger.lines()[-1] == REFUSAL
    assert ada.received() == ""


def test_who_has_said_something_may_say_json(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    bob.send("look:", '{"type":"ping"}', '{"no type": 1}')
    assert ada.lines() == ["bob: look:", 'bob: {"type":"ping"}', 'bob: {"no type": 1}']


def test_an_array_is_refused_as_json(box: Box) -> None:
    bot = box.connect()
    bot.send_bytes(b'[{"type":"hello","name":"bot"}]\n' + HELLO + b"\n")
    events = bot.objects()
    assert events[0] == {
        "type": "error",
        "code": "bad-json",
        "text": "That line is not a JSON object. Send one object a line.",
    }
    assert events[1]["type"] == "welcome"


def test_a_name_may_begin_with_a_bracket(box: Box) -> None:
    ada = box.connect()
    ada.send("[ada", "ada")
    assert ada.lines()[-1] == "* You are ada, alone in #lobby. Type /help for commands, exit to leave."


def test_a_nul_in_place_of_the_end_is_ended_by_the_time_limit(box: Box) -> None:
    bot = box.connect()
    bot.send_bytes(HELLO + b"\0")
    assert bot.objects() == []
    box.clock.advance(100)
    box.turn()
    assert [event["code"] for event in bot.objects() if event["type"] == "error"] == ["no-name"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\0", b"\r"])
def test_what_ends_a_line_of_text(box: Box, end: bytes) -> None:
    ada, bob = box.text("ada"), box.connect()
    ada.received()
    for byte in end.join([b"bob", b"one", b"two", b""]):
        bob.send_bytes(bytes((byte,)))
    assert ada.lines() == ["* bob joined.", "bob: one", "bob: two"]


def test_backspace_takes_back(box: Box) -> None:
    ada, bob = box.text("ada"), box.connect()
    ada.received()
    bob.send_bytes(b"evf\x08e\r\nhallo\x08\x08\x08\x08ello\r\ncaf\xc3\xa9\x7f\x7ffe\x08\x08\x08\x08\x08\x08tea\r\n")
    assert ada.lines() == ["* eve joined.", "eve: hello", "eve: tea"]


def test_in_json_only_a_line_feed_ends_a_line(box: Box) -> None:
    bot = box.connect()
    bot.send_bytes(b'{\r"type":"hello",\r"name":"bot"\r}\n')
    assert bot.objects()[0]["type"] == "welcome"
    bot.send_bytes(json.dumps({"type": "say", "room": "lobby", "text": "a\x08b"}).encode() + b"\n")
    assert bot.objects()[0]["text"] == "ab"


def test_many_lines_of_which_one_is_too_long(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    ada.received()
    long = "x" * (box.hub.limits.json_line + 1)
    bob.send("one", long, "two", long + long)
    bob.send_bytes(b"thr")
    bob.send_bytes(b"ee\n")
    assert ada.lines() == ["bob: one", "bob: two", "bob: three"]
    too_long = "! That line is too long, so it was dropped. Use at most 4096 bytes."
    assert [line for line in bob.lines() if line.startswith("!")] == [too_long, too_long]
    bob.send_bytes(b"y" * 20_000)
    bob.send_bytes(b"y" * 20_000)
    assert bob.lines() == []
    bob.send_bytes(b"y\nfour\n")
    assert bob.lines() == [too_long]
    assert ada.lines() == ["bob: four"]
