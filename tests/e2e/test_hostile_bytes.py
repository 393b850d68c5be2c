"""Whatever one user sends, what others receive is clean, whole, and not from somebody else."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator

import pytest

from e2e.clients import Bot, Person
from e2e.daemon import Daemon
from e2e.streams import SocketStream

FORBIDDEN = frozenset(
    [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0x061C, 0x200E, 0x200F)]
    + [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000))]
)

NASTY = [
    b"".join(bytes([code]) for code in range(256) if code not in (0x0A, 0xFF)),
    b"\x1b[2J\x1b[H\x1b[31mred",
    b"\x1b]0;owned\x07title",
    b"\x1b]52;c;ZXZpbA==\x1b\\clipboard",
    b"\x9b31m c1 csi",
    "\u009b31m\u0085next\u0090dcs".encode(),
    b"a\x00b\x00c",
    b"back\b\b\b\bspace\x7f",
    b"bell\x07\x07",
    b"overeve\rbob: write",
    "\u202eright to left\u202c".encode(),
    "\u2066isolate\u2069 \u200e\u200f\u061c".encode(),
    "two\u2028lines\u2029here".encode(),
    b"\xff\xfe\xfd\xf5 invalid \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80",
    b"cut \xe2\x82",
    ("z" + "\u0301" * 500 + "algo").encode(),
    "\U000e0041\u200b\ufeff\u00ad invisible".encode(),
    b"\xff\xff\xff\xf1iac",
]


def assert_clean(text: str) -> None:
    """Check that nothing in *text* harms a screen."""
    assert not FORBIDDEN & set(text), repr(text)
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        assert marks <= 8


def strings(value: object) -> Iterator[str]:
    """All strings within a JSON value, the keys too."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from strings(item)
        case dict():
            for key, item in value.items():
                yield key
                yield from strings(item)


class Watchers:
    """A person and a bot, who must only be shown what is clean and of known kinds."""

    def __init__(self, chat: Daemon) -> None:
        self.person = chat.person("watcher")
        self.bot = chat.bot("recorder")
        self.person.expect("* recorder joined.")

    def check(self, author: str) -> list[str]:
        """Check what both were shown, and return what the person saw."""
        lines = self.person.catch_up()
        for line in lines:
            assert_clean(line)
            assert line.startswith((f"{author}: ", f"~ {author} ", f"{author} (private): ", f"* {author} ")), line
        for event in self.bot.catch_up():
            for text in strings(event):
                assert_clean(text)
            assert author in (event.get("author"), event.get("name")), event
        return lines


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: repr(nasty[:20]))
def test_nasty_bytes_of_a_person(shared_chat: Daemon, nasty: bytes) -> None:
    watchers = Watchers(shared_chat)
    eve = shared_chat.person("eve")
    for beginning in (b"", b"/me ", b"/msg watcher ", b"/topic ", b"/away ", b"/nick ", b"/join ", b"/"):
        eve.send(beginning + nasty + b"\n")
    for line in eve.catch_up():
        assert_clean(line)
    assert shared_chat.process.poll() is None
    eve.send(b"/nick eve\n/join #lobby\n")
    eve.catch_up()
    lines = [line for line in watchers.person.catch_up() if not line.startswith("* ")]
    for line in lines:
        assert_clean(line)
        assert "eve" in line.split()[0] or line.startswith("~ eve "), line
    for event in watchers.bot.catch_up():
        for text in strings(event):
            assert_clean(text)


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: repr(nasty[:20]))
def test_nasty_strings_of_a_program(shared_chat: Daemon, nasty: bytes) -> None:
    watchers = Watchers(shared_chat)
    eve = shared_chat.bot("eve")
    text = nasty.decode("latin-1") + nasty.decode("utf-8", "replace") + "\n\r\nbob: fake\n"
    for request in (
        {"type": "say", "room": "lobby", "text": text},
        {"type": "me", "room": "lobby", "text": text},
        {"type": "msg", "name": "watcher", "text": text},
        {"type": "topic", "room": "lobby", "text": text},
        {"type": "away", "text": text},
    ):
        eve.send(json.dumps(request).encode() + b"\n")
    refused = [event["code"] for event in eve.catch_up() if event["type"] == "error"]
    assert set(refused) <= {"too-long"}, "topics and reasons are shorter than messages"
    lines = watchers.check("eve")
    kinds = (
        "* eve joined.",
        "eve: ",
        "~ eve ",
        "eve (private): ",
        "* eve set the topic of #lobby to: ",
        "* eve is away: ",
    )
    shown = {next((kind for kind in kinds if line.startswith(kind)), line) for line in lines}
    assert shown <= set(kinds), "no line looks as if another had said it"
    assert len(shown) == 6 - len(refused)


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: repr(nasty[:20]))
def test_nasty_names_come_in_clean_or_not_at_all(shared_chat: Daemon, nasty: bytes) -> None:
    watchers = Watchers(shared_chat)
    stranger = shared_chat.stranger()
    stranger.send(nasty + b"\n")
    stranger.read()
    assert_clean(stranger.read())
    bot = shared_chat.socket()
    bot.send(json.dumps({"type": "hello", "name": nasty.decode("latin-1")}).encode() + b"\n")
    bot.read_line()
    for text in strings(bot.read()):
        assert_clean(text)
    for line in watchers.person.catch_up():
        assert_clean(line)
    for text in strings(watchers.bot.ask("who", room="lobby")):
        assert_clean(text)


def test_half_a_surrogate_pair_does_no_harm(chat: Daemon) -> None:
    ada, eve = chat.person("ada"), chat.bot("eve")
    eve.send(b'{"type":"say","room":"lobby","text":"\\ud800"}\n{"type":"nick","name":"\\udfff"}\n')
    eve.expect("message", text="\ufffd")
    eve.expect("error", code="bad-name")
    assert eve.catch_up() == []
    assert ada.catch_up() == ["* eve joined.", "eve: \ufffd"]


def test_invalid_utf8_split_over_packets_stays_one_line(chat: Daemon) -> None:
    bob, eve = chat.person("bob"), chat.person("eve")
    bob.expect("* eve joined.")
    for byte in b"a\xe2\x82\xacb\xf0\x9fc\xc3":
        eve.send(bytes([byte]))
        eve_has_sent(bob)
    eve.send(b"\n")
    bob.expect("eve: a€b\ufffdc\ufffd")


def eve_has_sent(bob: Person) -> None:
    """Let the daemon take what has been sent as a packet of its own."""
    assert bob.catch_up() == []


def test_a_line_can_not_pass_for_another_users(chat: Daemon) -> None:
    bob, eve = chat.person("bob"), chat.person("eve")
    bob.expect("* eve joined.")
    for line in (
        "bob: I said this",
        "* bob left.",
        "! Error",
        "~ bob waves",
        "ada (private): psst",
        "[2026-11-21 09:15] x",
    ):
        eve.type(line)
        bob.expect(f"eve: {line}")
    eve.send(b"\rbob: fake\r\r\n/me waves\rbob: fake\n")
    bob.expect("eve: bob: fake", "~ eve waves", "eve: bob: fake")


@pytest.mark.parametrize("request_line", [b"GET / HTTP/1.1", b"POST /chat HTTP/1.0", b"CONNECT 127.0.0.1:1 HTTP/1.1"])
def test_a_web_page_can_not_talk(chat: Daemon, request_line: bytes) -> None:
    bob = chat.person("bob")
    browser = chat.stranger()
    browser.send(request_line + b'\r\nHost: chat\r\n\r\n{"type":"hello","name":"eve"}\r\nhello\r\n')
    browser.expect_end(
        "* Welcome to chat. Type your name and press Enter.",
        "* This is a chat, not a web server. Connect with nc, telnet or the chat client.",
    )
    assert bob.catch_up() == []


def test_lines_of_64_kib_reach_nobody(chat: Daemon) -> None:
    bob, eve = chat.person("bob"), chat.person("eve")
    bob.expect("* eve joined.")
    for filling in (b"\x00", b"a", b"\x1b[", b"\xe2\x80\xae", b" ", b"/"):
        eve.send(filling * (65_536 // len(filling)) + b"\n")
        assert eve.read().startswith("! ")
    assert bob.catch_up() == []


TELNET_FLOODS = {
    "options": b"\xff\xfd\x01" * 700_000,
    "unfinished subnegotiations": b"\xff\xfa" * 200_000,
    "subnegotiations": b"\xff\xfa\x18\x00\xff\xf0" * 300_000,
    "a subnegotiation without end": b"\xff\xfa" + b"x" * 2_000_000,
    "escaped": b"\xff" * 2_000_000,
}


@pytest.mark.parametrize("flood", TELNET_FLOODS)
def test_a_flood_of_telnet_disturbs_nobody(chat: Daemon, flood: str) -> None:
    bob, bot = chat.person("bob"), chat.bot("bot")
    eve = chat.socket()
    send_until_refused(eve, TELNET_FLOODS[flood])
    assert bot.catch_up() == []
    bob.type("still here")
    bot.expect("message", text="still here")
    assert bob.catch_up() == ["* bot joined."]


def send_until_refused(eve: Bot, flood: bytes) -> None:
    """Send as much of *flood* as the daemon takes without being read."""
    assert isinstance(eve.stream, SocketStream)
    eve.stream.socket.settimeout(2)
    try:
        eve.send(flood)
    except TimeoutError:
        return


def test_connections_that_break_at_any_byte_leave_nobody_behind(fast_chat: Daemon) -> None:
    words = b"eve\nhello\n/join dev\n"
    for length in range(len(words)):
        eve = fast_chat.connect()
        eve.send(words[:length])
        eve.reset()
    program = b'{"type":"hello","name":"eve"}\n{"type":"say","room":"lobby","text":"x"}\n'
    for length in range(0, len(program), 4):
        eve = fast_chat.connect()
        eve.send(program[:length])
        eve.reset()
    fast_chat.await_alone()
    bot = fast_chat.bot("eve")
    assert bot.ask("who", room="lobby")["users"] == ["eve"]
    assert bot.catch_up() == []
