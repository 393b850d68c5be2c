"""What a connection does by itself: how long it waits, and for whom."""

from __future__ import annotations

import gc
import weakref
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from box import Box, Socket, TlsTransport
from conftest import LoggedFailures
from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IProtocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from chat.core import lifecycle
from chat.core.events import Topic
from chat.core.limits import Limits
from chat.core.room import Room
from chat.delivery.outbox import Outbox
from chat.protocols.certificate import Certificate, make_where_missing
from chat.protocols.tls import HANDSHAKE, TlsFactory


class SilentTls(TlsTransport):
    """A TLS transport whose client never gets through with the handshake."""

    agrees = False


def test_who_does_not_agree_on_tls_is_cut() -> None:
    box = Box(limits=Limits(handshake=10))
    silent, ada = box.connect(SilentTls), box.connect(TlsTransport)
    box.clock.advance(9.9)
    assert not silent.socket.aborted
    box.clock.advance(0.2)
    assert silent.socket.aborted
    assert not ada.socket.aborted


def outboxes() -> int:
    """How many outboxes there are, those included that only themselves refer to."""
    return sum(isinstance(each, Outbox) for each in gc.get_objects())


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")  # Twisted does
def test_what_breaks_below_tls_is_not_held(tmp_path: Path) -> None:
    make_where_missing(tmp_path / "tls.pem")
    certificate = Certificate(tmp_path / "tls.pem", tmp_path / "tls.pem")
    certificate.load()
    box = Box()
    gc.collect()
    others = outboxes()
    transport = TlsFactory(certificate, False, box.way_in, box.clock).buildProtocol(None)
    assert transport is not None
    below = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 50_001))
    transport.makeConnection(below)
    gone = weakref.ref(transport)
    assert outboxes() == others + 1
    gc.disable()
    try:
        transport.dataReceived(HANDSHAKE + b"no handshake at all")
        transport.connectionLost(Failure(ConnectionLost()))
        box.turn()
        del transport, below
        assert gone() is None
        assert outboxes() == others
    finally:
        gc.enable()


class TlsClient:
    """A client's end of TLS over a transport that is only an object."""

    def __init__(self, protocol: IProtocol) -> None:
        self._protocol = protocol
        self._below = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 50_001))
        self._tls = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        self._tls.set_connect_state()
        protocol.makeConnection(self._below)
        for _ in range(4):
            with suppress(SSL.WantReadError):
                self._tls.do_handshake()
            self._pass_on()

    def send(self, data: bytes) -> None:
        """Send *data*."""
        self._tls.send(data)
        self._pass_on()

    def hear(self) -> bytes:
        """What the server has sent."""
        self._pass_on()
        heard = b""
        with suppress(SSL.WantReadError):
            while True:
                heard += self._tls.recv(65_536)
        return heard

    def _pass_on(self) -> None:
        with suppress(SSL.WantReadError):
            self._protocol.dataReceived(self._tls.bio_read(65_536))
        if self._below.value():
            self._tls.bio_write(self._below.value())
            self._below.clear()


@pytest.mark.filterwarnings("ignore:Passing pyOpenSSL:DeprecationWarning")  # Twisted does
@pytest.mark.parametrize("last", [b"", b"\x17\x03\x03\x00\x01x"], ids=["cut off", "broken"])
def test_tls_that_ends_without_a_word_is_not_held(tmp_path: Path, last: bytes) -> None:
    make_where_missing(tmp_path / "tls.pem")
    certificate = Certificate(tmp_path / "tls.pem", tmp_path / "tls.pem")
    certificate.load()
    box = Box()
    gc.collect()
    others = outboxes()
    factory = TlsFactory(certificate, False, box.way_in, box.clock)
    transport = factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 50_001))
    assert transport is not None
    ada = TlsClient(transport)
    ada.send(b"ada\n")
    box.turn()
    assert b"You are ada" in ada.hear()
    gone = weakref.ref(transport)
    gc.disable()
    try:
        if last:
            transport.dataReceived(last)
        transport.connectionLost(Failure(ConnectionLost()))
        box.turn()
        del transport, ada
        assert gone() is None
        assert outboxes() == others
    finally:
        gc.enable()


def test_a_handshake_that_breaks_leaves_no_timer() -> None:
    box = Box()
    box.connect(SilentTls).lose()
    assert box.clock.getDelayedCalls() == []


def box_with(**limits: Any) -> Box:
    """A chat with these limits, and no rate unless it is one of them."""
    return Box(limits=Limits(**{"rate": None, **limits}))


def pass_time(box: Box, seconds: int) -> None:
    """Let time go by second by second."""
    for _ in range(seconds):
        box.clock.advance(1)
        box.turn()


# -- coming in


def test_who_gives_no_name_is_told_and_put_off() -> None:
    box = box_with(name_time=60)
    silent, slow, ada = box.connect(), box.connect(), box.text("ada")
    slow.received()
    silent.received()
    for byte in b"slow loris":
        pass_time(box, 6)
        slow.send_bytes(bytes([byte]))
    assert silent.lines() == ["! No name came for 60 seconds. Connect again when you have one.", "* Goodbye."]
    assert slow.lines() == ["! No name came for 60 seconds. Connect again when you have one.", "* Goodbye."]
    assert silent.socket.half_closed
    assert slow.socket.half_closed
    assert ada.lines() == []
    assert not ada.socket.half_closed


def test_who_does_not_even_close_then_is_cut() -> None:
    box = box_with(name_time=60)
    silent = box.connect()
    pass_time(box, 66)
    assert silent.socket.aborted


def test_who_is_not_told_because_they_read_nothing_is_cut() -> None:
    box = box_with(name_time=60, stuck=120)
    silent = box.connect(Full)
    pass_time(box, 150)
    assert silent.socket.aborted


class Full(Socket):
    """A connection whose other end reads nothing."""

    def __init__(self, port: int, host: str = "192.0.2.1") -> None:
        super().__init__(port, host)
        self.room = 0


def test_only_so_many_lines_are_tried_as_names() -> None:
    box = box_with(name_tries=3)
    eve, bot = box.connect(), box.connect()
    eve.send("two words", "x" * 100_000, "//", "eve")
    told = eve.lines()
    assert told[-2:] == [
        "! None of 3 lines was a name that can be had. Connect again when you have one.",
        "* Goodbye.",
    ]
    assert len(told) == 6
    bot.send(*['{"type":"hello","name":"two words"}'] * 5)
    assert [event.get("code", event["type"]) for event in bot.objects()] == ["bad-name"] * 3 + ["no-name", "goodbye"]


def test_the_last_try_may_be_the_right_one() -> None:
    box = box_with(name_tries=3)
    ada = box.connect()
    ada.send("two words", "two words", "ada", "hello")
    assert ada.lines()[-1].startswith("* You are ada")
    assert not ada.socket.half_closed


def test_only_so_many_connections() -> None:
    box = box_with(connections=2)
    ada, bob = box.text("ada"), box.text("bob")
    ada.lines()
    late = [box.connect() for _ in range(40)]
    assert late[0].lines() == ["! The server is full. Try again later.", "* Goodbye."]
    assert [client.socket.aborted for client in late] == [False] * 32 + [True] * 8
    for client in (bob, *late):
        client.lose()
    assert ada.lines() == ["* bob left."]
    cy = box.text("cy")
    cy.send("hello")
    assert ada.lines() == ["* cy joined.", "cy: hello"]


def test_only_so_many_connections_from_one_address() -> None:
    box = box_with(connections_each=2)
    ada, _ = box.text("ada"), box.text("bob")
    third = box.connect()
    assert third.lines() == [
        "! There are 2 connections from your address, which is the most. Close one of them first.",
        "* Goodbye.",
    ]
    third.lose()
    ada.lose()
    assert box.connect().lines() == ["* Hi. Type your name and press Enter."]


def test_refusals_of_one_address_do_not_fill_the_server() -> None:
    """Each of them stays open for a while, so that what it is told arrives."""
    box = box_with(connections=10, connections_each=2)
    cut = 0
    for _ in range(40):
        client = box.connect()
        if client.socket.aborted:
            client.lose()
            cut += 1
    assert cut == 36
    assert box.connect(host="198.51.100.7").lines() == ["* Hi. Type your name and press Enter."]


def test_only_so_many_connections_from_one_address_in_a_time() -> None:
    box = box_with(connects_burst=3, connects_rate=0.5)
    for _ in range(3):
        box.connect().lose()
    assert box.connect().lines() == ["! Your address connects too often. Try again in 3 seconds.", "* Goodbye."]


def test_refusals_are_counted_by_their_code() -> None:
    box = box_with(connections_each=1)
    ada = box.text("ada")
    box.connect()
    ada.send("/fly", "/fly")
    assert box.hub.refusals == {"too-many-connections": 1, "unknown-command": 2}


def test_a_name_that_was_not_finished_is_none() -> None:
    box = box_with()
    ada, eve = box.text("ada"), box.connect()
    eve.send_bytes(b"eve")
    eve.end()
    assert eve.lines()[1:] == ["* Goodbye."]
    assert ada.lines() == []
    bob = box.connect()
    bob.send_bytes(b"bob\nlast words")
    bob.end()
    assert ada.lines() == ["* bob joined.", "bob: last words", "* bob left."]


# -- talking


def test_a_flood_is_slowed_then_told_then_put_off() -> None:
    box = box_with(burst=5, rate=2.0, flood_notice=10, flood_end=60)
    bob, eve = box.text("bob"), box.text("eve")
    bob.lines()
    eve.send(*["flood"] * 1_000)
    assert len(bob.lines()) == 5
    pass_time(box, 9)
    assert eve.lines() == []
    pass_time(box, 2)
    assert eve.lines() == ["* You send more than 2 lines a second, so they are read late. Slow down."]
    pass_time(box, 48)
    assert eve.lines() == []
    assert 100 < len(bob.lines()) <= 122
    pass_time(box, 3)
    assert eve.lines() == ["* You have sent faster than you may for too long. Connect again, and send less at once."]
    assert bob.lines()[-1] == "* eve left."


def test_a_long_paste_passes() -> None:
    box = box_with(burst=20, rate=4.0, flood_notice=10, flood_end=300)
    bob, ada = box.text("bob"), box.text("ada")
    ada.send(*(f"line {number}" for number in range(500)))
    pass_time(box, 130)
    assert [line for line in bob.lines() if ": " in line] == [f"ada: line {number}" for number in range(500)]
    assert len(ada.lines()) == 1
    ada.send("later")
    assert bob.lines() == ["ada: later"]


@pytest.mark.parametrize(("line", "cost"), [("/who", 1), ("/history", 2), ("/search flood", 5)])
def test_what_costs_more_is_slowed_sooner(line: str, cost: int) -> None:
    box = box_with(burst=20, rate=1.0, history_cost=2, search_cost=5)
    eve = box.text("eve")
    eve.send("flood")
    eve.send(*[line] * 100, "/help")
    pass_time(box, 10)
    answers = [told for told in eve.lines() if told.startswith(("* In #lobby", "* Earlier", "* Found", "* Nothing"))]
    assert len(answers) in range(28 // cost, 30 // cost + 1)


# -- being there


def test_who_reads_nothing_for_minutes_is_cut() -> None:
    box = box_with(stuck=180)
    stuck, slow, talker = box.json("stuck"), box.json("slow"), box.json("talker")
    stuck.socket.room = slow.socket.room = 0
    for _ in range(24):
        talker.ask(type="say", room="lobby", text="hello")
        pass_time(box, 10)
        slow.socket.drain()
        slow.socket.room = 0
    assert stuck.socket.aborted
    assert not slow.socket.aborted
    assert not talker.socket.aborted


def test_a_goodbye_by_tls_that_nobody_reads_is_cut_too() -> None:
    box = box_with(stuck=60)
    ada = box.connect(TlsTransport)
    ada.send("ada")
    lifecycle.quit_chat(box.hub, ada.protocol.session)
    box.turn()
    pass_time(box, 90)
    assert ada.socket.aborted


def test_a_program_that_is_idle_is_told_that_the_server_is_there() -> None:
    box = box_with(ping=90)
    bot, busy, ada = box.json("bot"), box.json("busy"), box.text("ada")
    busy.objects()
    bot.objects()
    for _ in range(20):
        pass_time(box, 10)
        busy.ask(type="ping")
    assert [event["type"] for event in bot.objects()] == ["ping"] * 2
    assert {event["type"] for event in busy.objects()} == {"pong"}
    assert ada.lines() == []


def test_who_is_gone_leaves_no_timer() -> None:
    box = box_with()
    ada, stranger = box.text("ada"), box.connect()
    ada.lose()
    stranger.lose()
    assert box.clock.getDelayedCalls() == []


# -- mistakes of the server's own


def test_a_mistake_in_a_command_ends_that_session_only(
    monkeypatch: pytest.MonkeyPatch, logged_failures: LoggedFailures
) -> None:
    box = box_with()
    ada, eve, bot = box.text("ada"), box.text("eve"), box.json("bot")
    ada.lines()
    monkeypatch.setattr(Room, "names", lambda room: 1 / 0)
    eve.send("/who", "hello")
    assert eve.lines() == [
        "* bot joined.",
        "! The server made a mistake, and has noted it. Please connect again.",
        "* Goodbye.",
    ]
    assert eve.socket.half_closed
    bot.ask(type="who", room="lobby")
    assert [event.get("code", event["type"]) for event in bot.objects()][-2:] == ["internal", "goodbye"]
    assert ada.lines() == ["* eve left.", "* bot left."]
    ada.send("/rooms")
    assert ada.lines() != []
    assert len(logged_failures.flush(ZeroDivisionError)) == 2


def test_a_mistake_on_the_way_to_a_session_ends_that_session_only(
    monkeypatch: pytest.MonkeyPatch, logged_failures: LoggedFailures
) -> None:
    box = box_with()
    ada, eve = box.text("ada"), box.text("eve")
    ada.lines()

    def mistake(event: Topic) -> list[str]:
        raise ZeroDivisionError

    monkeypatch.setattr(Topic, "words", mistake)
    eve.send("/topic")
    assert eve.lines() == ["! The server made a mistake, and has noted it. Please connect again.", "* Goodbye."]
    ada.send("still here")
    assert ada.lines() == ["* eve left."]
    assert len(logged_failures.flush(ZeroDivisionError)) == 1
