"""A new way into the chat is a module of its own: here is one, which no line of the product knows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from box import Box, Client
from twisted.internet.address import HostnameAddress, IPv4Address, UNIXAddress
from twisted.internet.testing import StringTransport

from chat.core import lifecycle
from chat.core.commands import talk
from chat.core.events import AnyChange, Event, Message, Refusal
from chat.core.hub import Hub
from chat.core.session import LOBBY, Session
from chat.core.text import decode
from chat.delivery.transports import peer_of
from chat.protocols.connection import ChatFactory
from chat.protocols.manners import Manners


class LoudDialect:
    """Writes messages in capitals, and nothing else."""

    page = 64
    hides_own = False
    changes = False

    def encode(self, event: Event) -> bytes:
        line = event.line() if isinstance(event, Message) else event.text if isinstance(event, Refusal) else ""
        return f"{line}\n".upper().encode() if line else b""

    def encode_for(self, name: str, event: Event) -> bytes:
        return self.encode(event)

    def encode_replay(self, room: str, past: Sequence[Message | AnyChange]) -> bytes:
        return b"".join(map(self.encode, past))


class LoudManners(Manners):
    """The first line is a name, every other is said."""

    dialect = LoudDialect()

    def receive(self, hub: Hub, session: Session, line: bytes) -> None:
        if session.named:
            talk.say(hub, session, None, LOBBY, decode(line))
        else:
            lifecycle.come_in(hub, session, decode(line), {LOBBY: None})


def test_a_toy_way_in_joins_the_room() -> None:
    box = Box()
    ada, bot = box.text("ada"), box.json("bot")
    box.way_in = ChatFactory(box.connections, LoudManners)
    loud = box.connect()
    loud.send("ada", "loud", "hello")
    ada.send("hello loud")
    assert loud.lines() == ["THAT NAME IS TAKEN. CHOOSE ANOTHER.", "LOUD: HELLO", "ADA: HELLO LOUD"]
    assert ada.lines() == ["* bot joined.", "* loud joined.", "loud: hello"]
    assert [event["text"] for event in bot.objects() if event["type"] == "message"] == ["hello", "hello loud"]
    loud.send_bytes(b"x" * 20_000 + b"\nshort\n")
    assert ada.lines() == ["loud: short"]
    loud.lose()
    assert ada.lines() == ["* loud left."]


@pytest.mark.parametrize(
    ("address", "local"),
    [(IPv4Address("TCP", "192.0.2.1", 1), False), (IPv4Address("TCP", "127.0.0.1", 1), True), (UNIXAddress(b""), True)],
)
def test_where_a_client_is(address: object, local: bool) -> None:
    assert peer_of(StringTransport(peerAddress=address)).local is local


def test_an_address_of_a_kind_that_we_do_not_know_is_not_taken_for_a_local_one() -> None:
    with pytest.raises(TypeError, match="HostnameAddress"):
        peer_of(StringTransport(peerAddress=HostnameAddress(b"example.org", 1)))


def test_who_has_an_address_that_we_do_not_know_is_not_let_in() -> None:
    box = Box()
    ada = box.text("ada")
    transport = StringTransport(peerAddress=HostnameAddress(b"example.org", 1))
    with pytest.raises(TypeError):
        box.way_in.buildProtocol(None).makeConnection(transport)
    ada.send("/who")
    assert ada.lines() == ["* In #lobby: ada"]
    assert isinstance(ada, Client)
