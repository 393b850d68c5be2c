"""A whole chat in memory: the real hub, delivery and protocols on a clock and on sockets that are only objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import INegotiated
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import directlyProvides

from chat.core.accounts import Role, StoredAccount
from chat.core.doors import Doors
from chat.core.events import Message
from chat.core.facts import Contents, Record, Registered, RoleSet, Said
from chat.core.limits import Limits
from chat.engine import Engine
from chat.history.memory import MemoryStore
from chat.history.store import Store
from chat.protocols.connection import ChatFactory
from chat.protocols.plain import PlainManners
from chat.testing import START, Talk, at_once

__all__ = ["START", "Box", "Client", "Operator", "SlowStore", "SlowWork", "Socket", "TlsTransport", "at_once"]


class Socket(StringTransport):
    """A TCP transport whose socket takes ``room`` more bytes, ``most`` of them in one call."""

    def __init__(self, port: int, host: str = "192.0.2.1") -> None:
        super().__init__(peerAddress=IPv4Address("TCP", host, port))
        self.room = 1 << 30
        self.most = 1 << 30
        self.sends = 0
        self.half_closed = False
        self.aborted = False

    def writeSomeData(self, data: bytes) -> int:
        raise AssertionError("the chat writes to the socket itself")

    def getHandle(self) -> Socket:  # noqa: N802 -- Twisted's
        return self

    def send(self, data: bytes) -> int:
        taken = min(len(data), self.room, self.most)
        if not taken:
            raise BlockingIOError
        self.room -= taken
        self.sends += 1
        self.io.write(data[:taken])
        return taken

    def loseWriteConnection(self) -> None:
        self.half_closed = True

    def abortConnection(self) -> None:
        self.aborted = True

    def drain(self) -> None:
        """Read as the peer would, until the producer has nothing more to send."""
        self.room = 1 << 30
        while self.producer is not None:
            self.producer.resumeProducing()


class TlsTransport(StringTransport):
    """A TLS transport: it has a buffer of its own, and passes unknown attributes on to the socket below."""

    agrees = True
    """Whether the handshake is over at once. If not, it never ends."""

    def __init__(self, port: int, host: str = "192.0.2.1") -> None:
        super().__init__(peerAddress=IPv4Address("TCP", host, port))
        self._below = Socket(port)
        self.aborted = False
        directlyProvides(self, INegotiated)

    def abortConnection(self) -> None:
        self.aborted = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)


class Client(Talk):
    """One end of a connection to the chat."""

    def __init__(self, box: Box, socket: Any) -> None:
        self.box = box
        self.socket = socket
        self.protocol = box.way_in.buildProtocol(None)
        self.protocol.makeConnection(self.socket)
        if isinstance(socket, TlsTransport) and socket.agrees:
            self.protocol.handshakeCompleted()
        self._read = 0
        box.turn()

    def send_bytes(self, data: bytes) -> None:
        """Send bytes, and let the reactor turn."""
        self.protocol.dataReceived(data)
        self.box.turn()

    def end(self) -> None:
        """Send no more."""
        self.protocol.readConnectionLost()
        self.box.turn()

    def lose(self) -> None:
        """Break the connection."""
        self.protocol.connectionLost(Failure(ConnectionLost()))
        self.box.turn()

    def received(self) -> str:
        """Return what has come since the last call."""
        new: bytes = self.socket.value()[self._read :]
        self._read += len(new)
        return new.decode()

    def lines(self) -> list[str]:
        """Return the lines that have come since the last call."""
        return self.received().replace("\r\n", "\n").splitlines()


class Operator:
    """One connection of ``chat admin``."""

    def __init__(self, box: Box) -> None:
        self.socket = StringTransport()
        self.protocol = box.operators.buildProtocol(None)
        self.protocol.makeConnection(self.socket)

    def ask(self, *words: str, **fields: Any) -> Operator:
        """Ask for something; the chat does not work on it before its next turn."""
        self.send(json.dumps({"words": words, **fields}).encode() + b"\n")
        return self

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.protocol.dataReceived(data)

    def answer(self) -> dict[str, Any]:
        """What the chat has answered."""
        (found,) = self._answers()
        return found

    @property
    def answered(self) -> bool:
        """Whether the answer is there, and not only how far it is."""
        return bool(self._answers())

    def _answers(self) -> list[dict[str, Any]]:
        lines = self.socket.value().split(b"\n")[:-1]
        return [answer for answer in map(json.loads, lines) if answer["type"] != "progress"]

    def lose(self) -> None:
        """Break the connection."""
        self.protocol.connectionLost(Failure(ConnectionLost()))


class SlowStore(MemoryStore):
    """A history that stores a batch only when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[Deferred[None], list[Record]]] = []

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        self.waiting.append((done, list(records)))
        return done

    def waiting_texts(self) -> list[list[str]]:
        """Return the texts of the batches that wait."""
        return [[item.message.text for item in batch if isinstance(item, Said)] for _, batch in self.waiting]

    def store(self) -> None:
        """Store the batch that has waited longest."""
        done, records = self.waiting.pop(0)
        super().append(records)
        done.callback(None)

    def fail(self, error: Exception) -> None:
        """Fail to store the batch that has waited longest."""
        self.waiting.pop(0)[0].errback(error)


class SlowWork:
    """Does work that the chat gives to another thread only when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.waiting.append(lambda: done.callback(work(*arguments)))
        return done

    def do(self) -> None:
        """Do the work that has waited longest."""
        self.waiting.pop(0)()


class Box:
    """The chat, and clients of it. *run* does the work that the chat gives to another thread: it hashes passwords."""

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        store: Store | None = None,
        replay: int = 20,
        welcome: str = "Hi.",
        run: Callable[..., Deferred[Any]] = at_once,
        reserve: Sequence[str] = (),
        chance: Random | None = None,
        doors: Doors | None = None,
    ) -> None:
        self.clock = Clock()
        self.wall_ahead = 0.0
        """By how much the wall clock is wrong."""
        self.store: Store = store or MemoryStore()
        self.stored: list[Message] = []
        self.engine = Engine(
            self.store,
            clock=self.clock,
            wall=lambda: START + self.wall_ahead + self.clock.seconds(),
            monotonic=self.clock.seconds,
            run=run,
            random=chance or Random(1),  # noqa: S311 - the same in each run
            limits=limits or Limits(rate=None),
            said=lambda said: self.stored.extend(one.message for one in said if isinstance(one, Said)),
            welcome=welcome,
            replay=replay,
            reserve=reserve,
            doors=doors,
        )
        self.hub = self.engine.hub
        self.delivery = self.engine.delivery
        self.commit = self.engine.commit
        self.connections = self.engine.connections
        self.operators = self.engine.operators
        self.way_in = ChatFactory(self.connections, PlainManners)
        self._ports = count(50_001)

    def make_account(self, name: str, password_hash: str, role: Role = Role.USER) -> None:
        """Make an account, as if it had been registered in an earlier run."""
        number = self.hub.take_account()
        self.store.append([Registered(number, name, password_hash), RoleSet(number, role)])
        self.hub.restore(Contents(accounts=[StoredAccount(number, name, password_hash, role)]))

    def turn(self) -> None:
        """Let the reactor turn until nothing waits."""
        for _ in range(10):
            self.clock.advance(0)

    def settle(self) -> None:
        """Have all that waits stored and shown."""
        self.turn()
        while isinstance(self.store, SlowStore) and self.store.waiting:
            self.store.store()
            self.turn()

    def connect(self, transport: type[Socket | TlsTransport] = Socket, host: str = "192.0.2.1") -> Client:
        """Connect a client."""
        return Client(self, transport(next(self._ports), host))

    def text(self, name: str) -> Client:
        """Connect a client of the text dialect, give a name, and read what is shown to it so far."""
        client = self.connect()
        client.send(name)
        client.received()
        return client

    def json(self, name: str, **fields: Any) -> Client:
        """Connect a program, say hello, and read what is shown to it so far."""
        client = self.connect()
        client.ask(type="hello", name=name, **fields)
        client.objects()
        return client

    def admin(self, *words: str, **fields: Any) -> str:
        """The operator asks for something; return the sentence, or the lines, that answer it."""
        operator = Operator(self).ask(*words, **fields)
        self.turn()
        answer = operator.answer()
        operator.lose()
        return "\n".join(answer["lines"]) if "lines" in answer else str(answer["text"])
