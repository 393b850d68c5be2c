"""Connections from a proxy are from the address in its header, from their beginning, whatever pieces that comes in."""

from __future__ import annotations

import socket
import struct
from typing import Any, cast

import pytest
from box import Box, Client
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.protocols.policies import WrappingFactory

from chat.core.bans import Ban
from chat.core.limits import Limits
from chat.protocols.admission import TO_REFUSE
from chat.protocols.connection import ChatFactory
from chat.protocols.plain import PlainManners
from chat.protocols.proxy import LONGEST, LONGEST_LINE, SIGNATURE, BadHeader, ProxyFactory, read_header

PROXY = "203.0.113.1"
V4 = struct.pack("!4s4sHH", bytes([192, 0, 2, 7]), bytes([127, 0, 0, 1]), 40_000, 12_345)
V6 = struct.pack("!16s16sHH", socket.inet_pton(socket.AF_INET6, "2001:db8::7"), bytes(16), 40_000, 12_345)
LOCAL = b"\x20"
FOR = b"\x21"


def fields(command: bytes, family: int, data: bytes = b"") -> bytes:
    """A header of version 2."""
    return SIGNATURE + command + bytes([family]) + struct.pack("!H", len(data)) + data


HEADERS = [
    (b"PROXY TCP4 192.0.2.7 127.0.0.1 40000 12345\r\n", "192.0.2.7:40000"),
    (b"PROXY TCP6 2001:db8::7 ::1 40000 12345\r\n", "[2001:db8::7]:40000"),
    (b"PROXY TCP6 ::ffff:192.0.2.7 ::1 40000 12345\r\n", "192.0.2.7:40000"),
    (b"PROXY UNKNOWN\r\n", PROXY),
    (b"PROXY UNKNOWN ffff::1 ffff::2 1 65535\r\n", PROXY),
    (fields(FOR, 0x11, V4), "192.0.2.7:40000"),
    (fields(FOR, 0x11, V4 + b"\x04\x00\x01x"), "192.0.2.7:40000"),
    (fields(FOR, 0x21, V6), "[2001:db8::7]:40000"),
    (fields(FOR, 0x31, b"/run/a.sock".ljust(216, b"\0")), "a local socket"),
    (fields(FOR, 0x00), PROXY),
    (fields(LOCAL, 0x00), PROXY),
    (fields(LOCAL, 0x11, V4), PROXY),
]
NO_HEADERS = [
    b"ada\n",
    b"PROXY\r\n\r\n",
    b"PROXY TCP4 nonsense\r\n",
    b"PROXY TCP4 192.0.2.256 127.0.0.1 1 2\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 65536 2\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 -1 2\r\n",
    b"PROXY TCP4 192.0.2.7 127.0.0.1 1_0 2\r\n",
    b"PROXY TCP6 fe80::1%\x1b[31m ::1 1 2\r\n",
    b"PROXY TCP4 2001:db8::7 ::1 1 2\r\n",
    b"PROXY TCP6 192.0.2.7 127.0.0.1 1 2\r\n",
    b"PROXY TCP5 192.0.2.7 127.0.0.1 1 2\r\n",
    b"PROXY UNKNOWN " + b"x" * LONGEST_LINE,
    b"proxy unknown\r\n",
    b"GET / HTTP/1.1\r\n",
    SIGNATURE + b"\xff" * 40,
    SIGNATURE + b"\x31\x11\x00\x0c" + V4,
    SIGNATURE + b"\x22\x11\x00\x0c" + V4,
    fields(FOR, 0x11, V4[:11]),
    fields(FOR, 0x21, V4),
    fields(FOR, 0x31, V4),
    fields(FOR, 0x41, V6),
    SIGNATURE + b"\x21\x11" + struct.pack("!H", LONGEST - 15),
]


def behind_proxy(limits: Limits | None = None) -> Box:
    """A chat that only a proxy connects to."""
    box = Box(limits=limits)
    factory: Any = ProxyFactory(ChatFactory(box.connections, PlainManners), box.connections.admission)
    box.way_in = factory
    return box


def address(box: Box, name: str) -> str:
    """Where somebody is."""
    user = box.hub.users.get(name)
    assert user is not None
    return str(user.peer)


@pytest.mark.parametrize(("header", "peer"), HEADERS)
@pytest.mark.parametrize("size", [1, 2, 5, 12, 16, 20, 500])
def test_a_header_counts_however_it_is_cut(header: bytes, peer: str, size: int) -> None:
    box = behind_proxy()
    client = box.connect(host=PROXY)
    data = header + b"ada\nhello\n"
    for start in range(0, len(data), size):
        assert len(data) - start > len(b"ada\nhello\n") or client.socket.value().startswith(b"* Hi.")
        client.send_bytes(data[start : start + size])
    port = client.socket.getPeer().port
    assert address(box, "ada") == (f"{PROXY}:{port}" if peer == PROXY else peer)
    assert [message.text for message in box.stored] == ["hello"]


@pytest.mark.parametrize("header", NO_HEADERS)
@pytest.mark.parametrize("size", [1, 7, 500])
def test_what_is_no_header_is_cut_without_a_word(header: bytes, size: int) -> None:
    box = behind_proxy()
    client = box.connect(host=PROXY)
    for start in range(0, len(header), size):
        if not client.socket.disconnecting:
            client.send_bytes(header[start : start + size])
    assert client.socket.disconnecting
    client.send_bytes(b"PROXY UNKNOWN\r\nada\n")
    client.lose()
    assert client.received() == ""
    assert not box.hub.users.all()
    assert not box.connections.open
    assert not box.connections.admission.expected


@pytest.mark.parametrize("begun", [b"", b"PROXY TCP4 192.0.2.7", fields(FOR, 0x21, V6)[:30]])
def test_a_header_that_never_ends_is_bounded_in_time(begun: bytes) -> None:
    box = behind_proxy(Limits(rate=None, handshake=10))
    client = box.connect(host=PROXY)
    client.send_bytes(begun)
    box.clock.advance(9)
    assert not client.socket.disconnecting
    box.clock.advance(2)
    assert client.socket.disconnecting
    assert not box.connections.admission.expected


def test_whose_header_has_come_has_the_time_for_a_name_as_others_have() -> None:
    box = behind_proxy(Limits(rate=None, handshake=10))
    client = box.connect(host=PROXY)
    client.send_bytes(HEADERS[0][0])
    box.clock.advance(50)
    client.send("ada")
    assert address(box, "ada") == "192.0.2.7:40000"


def test_connections_whose_header_has_not_come_are_bounded() -> None:
    box = behind_proxy(Limits(rate=None, connections=2))
    clients = [box.connect(host=PROXY) for _ in range(TO_REFUSE + 3)]
    assert [client.socket.disconnecting for client in clients] == [False] * (TO_REFUSE + 2) + [True]


def test_who_is_banned_is_told_so_before_they_say_anything() -> None:
    box = behind_proxy()
    box.hub.bans.add(Ban("192.0.2.0/24", None, "spam", "ada", "t"))
    client = box.connect(host=PROXY)
    client.send_bytes(HEADERS[0][0])
    assert client.lines()[1:] == ["! You are banned from this chat: spam", "* Goodbye."]


def test_who_has_not_said_for_whom_they_are_does_not_hold_up_the_end() -> None:
    box = behind_proxy()
    client = box.connect(host=PROXY)
    done: list[object] = []
    box.connections.farewell("Goodbye.").addCallback(done.append)
    assert client.socket.disconnecting
    assert done == [None]


@pytest.mark.parametrize(("header", "peer"), HEADERS)
def test_a_header_is_as_long_as_it_is(header: bytes, peer: str) -> None:
    for length in range(len(header)):
        assert read_header(header[:length]) is None
    found = read_header(header + b"PROXY")
    assert found is not None
    assert found[1] == len(header)


def test_a_header_is_bounded_in_size() -> None:
    assert read_header(b"PROXY UNKNOWN ".ljust(LONGEST_LINE - 1, b"x")) is None
    with pytest.raises(BadHeader):
        read_header(b"PROXY UNKNOWN ".ljust(LONGEST_LINE, b"x"))
    assert read_header(SIGNATURE + b"\x21\x11" + struct.pack("!H", LONGEST - 16)) is None


def test_a_client_that_leaves_is_gone() -> None:
    box = behind_proxy()
    bob = box.connect(host=PROXY)
    bob.send_bytes(HEADERS[0][0] + b"bob\n")
    client: Client = box.connect(host=PROXY)
    client.send_bytes(HEADERS[5][0] + b"ada\n")
    bob.received()
    client.lose()
    assert bob.lines() == ["* ada left."]


def test_what_a_client_has_sent_counts_that_sends_no_more() -> None:
    box = behind_proxy(Limits(rate=None))
    bob = box.connect(host=PROXY)
    assert IHalfCloseableProtocol.providedBy(bob.protocol)
    bob.send_bytes(HEADERS[0][0] + b"bob\n/who\n/who")
    bob.protocol.readConnectionLost()
    box.turn()
    assert [line for line in bob.lines() if "#lobby: " in line] == ["* In #lobby: bob"] * 2
    assert bob.socket.disconnecting


def test_a_client_that_sends_no_more_before_its_header_has_come_is_gone() -> None:
    box = behind_proxy()
    client = box.connect(host=PROXY)
    client.send_bytes(HEADERS[0][0][:5])
    client.protocol.readConnectionLost()
    assert client.socket.disconnecting


def test_a_client_that_sends_no_more_by_a_layer_that_does_not_know_of_that_is_gone() -> None:
    """As TLS is one, which says to provide whatever its transport provides."""
    box = behind_proxy()
    layers = WrappingFactory(ChatFactory(box.connections, PlainManners))
    box.way_in = cast(ChatFactory, ProxyFactory(layers, box.connections.admission))
    client = box.connect(host=PROXY)
    client.send_bytes(HEADERS[0][0])
    client.protocol.readConnectionLost()
    assert client.socket.disconnecting
