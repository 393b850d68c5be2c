"""Connections within the process."""

from __future__ import annotations

import json

import pytest
from box import Box
from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IAddress, IProtocol, IPushProducer, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from chat.core.doors import Doors
from chat.protocols.memory import CHUNK, MemoryEndpoint, MemoryTransport


class End(Protocol):
    """A protocol that writes down what happens to it."""

    transport: MemoryTransport

    def __init__(self) -> None:
        self.data = b""
        self.sizes: list[int] = []
        self.lost: list[type[BaseException] | None] = []
        self.fails = False

    def dataReceived(self, data: bytes) -> None:
        if self.fails:
            raise ZeroDivisionError
        self.data += data
        self.sizes.append(len(data))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.append(reason.type)


@implementer(IPushProducer)
class Producer:
    """A producer that writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pauseProducing(self) -> None:
        self.asked.append("pause")

    def resumeProducing(self) -> None:
        self.asked.append("resume")

    def stopProducing(self) -> None:
        self.asked.append("stop")


class Pair:
    """Two ends that are connected."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.client, self.server = End(), End()
        MemoryEndpoint(self.clock, Factory.forProtocol(lambda: self.server)).connect(
            Factory.forProtocol(lambda: self.client)
        )

    def turn(self) -> None:
        self.clock.advance(0)


def test_what_one_writes_the_other_receives_in_the_next_turn() -> None:
    pair = Pair()
    pair.client.transport.write(b"one ")
    pair.client.transport.writeSequence([b"two ", b"three"])
    assert pair.server.data == b""
    pair.turn()
    assert pair.server.data == b"one two three"
    pair.server.transport.write(b"four")
    pair.turn()
    assert pair.client.data == b"four"


def test_both_ends_are_a_local_socket() -> None:
    pair = Pair()
    for end in (pair.client, pair.server):
        assert end.transport.getPeer() == end.transport.getHost() == UNIXAddress(None)


def test_much_is_received_in_pieces_and_its_producer_pauses_meanwhile() -> None:
    pair, producer = Pair(), Producer()
    pair.server.transport.registerProducer(producer, True)
    pair.server.transport.write(b"x" * CHUNK)
    assert producer.asked == []
    pair.server.transport.write(b"x")
    pair.server.transport.write(b"x")
    assert producer.asked == ["pause"]
    pair.turn()
    assert pair.client.sizes == [CHUNK, 2]
    assert producer.asked == ["pause", "resume"]


def test_a_pull_producer_is_asked_whenever_nothing_waits() -> None:
    pair, producer = Pair(), Producer()
    pair.client.transport.registerProducer(producer, False)
    assert producer.asked == ["resume"]
    pair.client.transport.write(b"x")
    pair.turn()
    assert producer.asked == ["resume", "resume"]
    with pytest.raises(RuntimeError, match="already"):
        pair.client.transport.registerProducer(Producer(), True)


def test_who_pauses_receives_nothing_until_they_resume() -> None:
    pair, producer = Pair(), Producer()
    pair.client.transport.pauseProducing()
    pair.server.transport.registerProducer(producer, True)
    pair.server.transport.write(b"x" * (CHUNK + 1))
    pair.turn()
    assert (pair.client.data, producer.asked) == (b"", ["pause"])
    pair.client.transport.resumeProducing()
    pair.turn()
    assert len(pair.client.data) == CHUNK + 1
    assert producer.asked == ["pause", "resume"]


def test_a_connection_that_is_closed_ends_when_all_has_come() -> None:
    pair = Pair()
    pair.server.transport.write(b"x" * (CHUNK + 1))
    pair.server.transport.loseConnection()
    pair.server.transport.write(b"too late")
    assert pair.server.transport.disconnecting
    pair.turn()
    assert len(pair.client.data) == CHUNK + 1
    assert pair.client.lost == pair.server.lost == [ConnectionDone]


def test_it_stays_open_as_long_as_there_is_a_producer() -> None:
    pair, producer = Pair(), Producer()
    pair.server.transport.registerProducer(producer, True)
    pair.server.transport.loseConnection()
    pair.turn()
    assert pair.client.lost == []
    pair.server.transport.unregisterProducer()
    pair.turn()
    assert pair.client.lost == pair.server.lost == [ConnectionDone]


def test_a_connection_that_is_aborted_ends_at_once() -> None:
    pair, producer = Pair(), Producer()
    pair.server.transport.registerProducer(producer, True)
    pair.server.transport.write(b"lost")
    pair.client.transport.abortConnection()
    pair.client.transport.abortConnection()
    assert pair.client.lost == []
    pair.turn()
    assert (pair.client.data, producer.asked) == (b"", ["stop"])
    assert (pair.client.lost, pair.server.lost) == ([ConnectionAborted], [ConnectionLost])
    pair.server.transport.registerProducer(producer, True)
    assert producer.asked == ["stop", "stop"]


def test_a_protocol_that_fails_loses_its_connection() -> None:
    pair = Pair()
    pair.client.fails = True
    pair.server.transport.write(b"x")
    with pytest.raises(ZeroDivisionError):
        pair.turn()
    pair.turn()
    assert (pair.client.lost, pair.server.lost) == ([ConnectionAborted], [ConnectionLost])


def refused(connecting: Deferred[IProtocol]) -> bool:
    """Whether a connection was refused."""
    failures: list[Failure] = []
    connecting.addErrback(failures.append)
    return [failure.type for failure in failures] == [ConnectionRefusedError]


def test_nobody_connects_to_what_is_closed() -> None:
    endpoint = MemoryEndpoint(Clock(), Factory.forProtocol(End), lambda: False)
    assert verifyObject(IStreamClientEndpoint, endpoint)
    assert refused(endpoint.connect(Factory.forProtocol(End)))


def test_a_factory_may_make_no_protocol() -> None:
    class Nothing(Factory):
        def buildProtocol(self, addr: IAddress | None) -> None:
            return None

    assert refused(MemoryEndpoint(Clock(), Factory.forProtocol(End)).connect(Nothing()))


# The rules of the chat


class Bot(LineOnlyReceiver):
    """A program that says hello, and keeps what comes."""

    delimiter = b"\n"

    def __init__(self, **hello: object) -> None:
        self.hello = hello
        self.events: list[dict[str, object]] = []

    def connectionMade(self) -> None:
        self.sendLine(json.dumps({"type": "hello", **self.hello}).encode())

    def lineReceived(self, line: bytes) -> None:
        if line.startswith(b"{"):
            self.events.append(json.loads(line))


def come_in(box: Box, **hello: object) -> dict[str, object]:
    """Come in from within the process; return the first answer."""
    bot = Bot(**hello)
    MemoryEndpoint(box.clock, box.way_in).connect(Factory.forProtocol(lambda: bot))
    box.turn()
    return bot.events[0]


def test_a_bot_in_the_process_needs_no_key() -> None:
    box = Box(doors=Doors(key="the key of the chat"))
    assert come_in(box, name="bot")["type"] == "welcome"
    box.connect().ask(type="hello", name="other")


def test_members_only_holds_for_bots_in_the_process() -> None:
    box = Box(doors=Doors(members_only=True))
    assert come_in(box, name="bot")["code"] == "invitation-needed"


def test_names_and_passwords_hold_for_bots_in_the_process() -> None:
    box = Box()
    box.text("ada")
    assert come_in(box, name="ada")["code"] == "name-taken"
    assert come_in(box, name="bot", register=True, password="correct horse")["registered"]
    assert come_in(box, name="bot")["code"] == "password-needed"
    assert come_in(box, name="bot", password="correct horse")["registered"]


def test_bans_hold_for_bots_in_the_process() -> None:
    box = Box()
    boss = box.connect(host="127.0.0.1")
    boss.ask(type="hello", name="boss", register=True, password="correct horse")
    assert box.admin("role", "boss", "owner") == "boss is owner now."
    boss.ask(type="ban", target="bot")
    assert come_in(box, name="bot")["code"] == "banned"
