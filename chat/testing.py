"""A whole chat in memory, to test bots in: no socket, no file, and no waiting, as the test itself moves the clock.

It is the chat that ``twistd chat`` runs, with its rules and its limits, on a history that is in memory only::

    chat = Chat()
    ada = chat.text("ada")
    ClientService(chat.endpoint, Factory.forProtocol(Bot), clock=chat.clock).startService()
    ada.send("!roll 2d6")
    assert ada.lines() == ["* dice joined.", "dice: 7"]

After each call of this module, everything has happened that needs no time to pass: what was sent is stored and shown,
bots have answered, and their answers are shown too. Time passes only by :meth:`Chat.advance`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.task import Clock
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from chat.core.limits import Limits
from chat.engine import Engine
from chat.history.memory import MemoryStore
from chat.protocols.connection import ChatFactory
from chat.protocols.memory import MemoryEndpoint, MemoryTransport
from chat.protocols.plain import PlainManners

__all__ = ["Chat", "Client", "Limits"]

START = 1_795_252_502.114
"""When a chat begins: 2026-11-21T09:15:02.114Z."""


def at_once(work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
    """Do work that the chat gives to another thread, here and now."""
    return succeed(work(*arguments))


class Chat:
    """A chat. Its *limits* are those of ``docs/limits.md``: ``Limits(rate=None)`` lets everybody send without end."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = Clock()
        """The clock of the chat, and of bots that are given it; :meth:`advance` moves it."""
        engine = Engine(
            MemoryStore(),
            clock=self.clock,
            wall=lambda: START + self.clock.seconds(),
            monotonic=self.clock.seconds,
            run=at_once,
            random=Random(1),  # noqa: S311 - the same in each test
            limits=limits or Limits(),
            said=lambda messages: None,
            welcome="Welcome to chat.",
            replay=20,
        )
        self._connections = engine.connections
        self.endpoint = MemoryEndpoint(self.clock, ChatFactory(engine.connections, PlainManners))
        """Where the chat is, for protocols and services of Twisted."""

    def text(self, name: str) -> Client:
        """Come in as somebody with netcat, and read what is shown to who comes in; :class:`ValueError`: refused."""
        client = self.connect()
        client.send(name)
        *_, last = shown = client.lines()
        if not any(line.startswith("* You are ") for line in shown):
            raise ValueError(last)
        return client

    def json(self, name: str, **fields: Any) -> Client:
        """Come in as a program that says ``hello`` with these *fields*, and read what is shown to who comes in.

        Raises :class:`ValueError` if it is refused.
        """
        client = self.connect()
        client.ask(type="hello", name=name, **fields)
        last = client.objects()[-1]
        if not client.token:
            raise ValueError(last["text"])
        return client

    def connect(self, receive: Callable[[str], Iterable[str]] | None = None) -> Client:
        """Connect without saying anything.

        Each line that comes is given to *receive*, and the lines that it returns are sent: that is how to test a
        program that has its own way to use sockets.
        """
        client = Client(self, receive)
        self.advance(0)
        return client

    def cut(self, name: str) -> None:
        """Break the connections of the user who is called *name* now, as a network does."""
        found = [each for each in self._connections.open if each.session.user and each.session.name == name]
        if not found:
            raise LookupError(f"nobody called {name} is connected")
        for connection in found:
            connection.abort()
        self.advance(0)

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass, and all that is to happen meanwhile happen in its time."""
        end = self.clock.seconds() + seconds
        while due := [call.getTime() for call in self.clock.getDelayedCalls() if call.getTime() <= end]:
            self.clock.advance(max(0.0, min(due) - self.clock.seconds()))
        self.clock.advance(end - self.clock.seconds())


class Talk(ABC):
    """How a test speaks with a chat over one connection."""

    token = ""
    """The token of the last ``welcome`` that was read: ``chat.json(name, token=client.token)`` comes back by it."""

    @abstractmethod
    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""

    @abstractmethod
    def lines(self) -> list[str]:
        """Return the lines that have come since the last call."""

    def send(self, *lines: str) -> None:
        """Send lines."""
        self.send_bytes("".join(f"{line}\n" for line in lines).encode())

    def ask(self, **fields: Any) -> None:
        """Send an object of JSON."""
        self.send(json.dumps(fields))

    def objects(self) -> list[dict[str, Any]]:
        """Return the objects of JSON that have come since the last call."""
        found: list[dict[str, Any]] = [json.loads(line) for line in self.lines() if line.startswith("{")]
        for event in found:
            self.token = event.get("token", self.token)
        return found


class Client(Talk):
    """One end of a connection, which :class:`Chat` makes. It keeps what comes until that is read."""

    def __init__(self, chat: Chat, receive: Callable[[str], Iterable[str]] | None) -> None:
        self._chat = chat
        self._wire = _Wire(receive or _say_nothing)
        chat.endpoint.connect(Factory.forProtocol(lambda: self._wire))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._wire.transport.write(data)
        self._chat.advance(0)

    def lines(self) -> list[str]:
        """Return the lines that have come since the last call."""
        lines, self._wire.lines = self._wire.lines, []
        return lines

    def cut(self) -> None:
        """Break the connection, as a network does."""
        self._wire.transport.abortConnection()
        self._chat.advance(0)

    @property
    def connected(self) -> bool:
        """Whether there is a connection."""
        return bool(self._wire.connected)


class _Wire(LineOnlyReceiver):
    delimiter = b"\n"
    MAX_LENGTH = 1 << 30
    transport: MemoryTransport

    def __init__(self, receive: Callable[[str], Iterable[str]]) -> None:
        self.lines: list[str] = []
        self._receive = receive

    def lineReceived(self, line: bytes) -> None:
        text = line.decode(errors="replace").removesuffix("\r")
        self.lines.append(text)
        for answer in self._receive(text):
            self.sendLine(answer.encode())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.connected = 0


def _say_nothing(line: str) -> Iterable[str]:
    return ()
