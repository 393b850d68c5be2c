"""A server that says what a test has it say, for what the chat of the other tests does not do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from client.seats import PARIS, Bells
from client.wiring import ClientTransport
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.client.link.link import Link, Listener
from chat.client.link.wire import Wire
from chat.client.model.client import Client
from chat.client.model.model import LocalTime, Model
from chat.client.model.plain_text import plain_text
from chat.client.model.room import Room
from chat.client.model.scrollback import LineKind

BEGINNING = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
LIMITS = {"text": 4096, "line": 16384, "name": 32, "rooms": 50}


def time_of(number: int) -> str:
    """When the message with that id was said: at its second."""
    return (BEGINNING + timedelta(seconds=number)).isoformat().replace("+00:00", ".000Z")


def message(number: int, author: str, text: str, **fields: Any) -> dict[str, Any]:
    """A message; without *fields* in the lobby."""
    place = {} if "to" in fields else {"room": "lobby"}
    said = {"id": number, "time": time_of(number), "author": author, "kind": "say", "text": text}
    return {"type": "message", **said, **place, **fields}


def room(name: str, last: int = 0, **fields: Any) -> dict[str, Any]:
    """The state of a room in which ada is, all of which she has read."""
    state = {"type": "room", "room": name, "topic": "", "users": ["ada", "bob"], "away": {}, "last": last, "read": last}
    return {**state, **fields}


@implementer(IAddress)
class _Nowhere:
    """An address that nobody asks for."""


@implementer(IStreamClientEndpoint)
class Server:
    """Takes connections, keeps what is requested, and says what it is told to."""

    def __init__(self) -> None:
        self.hellos: list[dict[str, Any]] = []
        self._requests: list[dict[str, Any]] = []
        self._wire: Wire | None = None
        self._transport = ClientTransport()

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        wire: Any = factory.buildProtocol(_Nowhere())
        self._wire, self._transport = wire, ClientTransport()
        self._requests.clear()
        wire.makeConnection(self._transport)
        self.hellos += self.requests("hello")
        return succeed(wire)

    def requests(self, *types: str) -> list[dict[str, Any]]:
        """Take what was requested and not taken yet; only those of these *types*, if there are any."""
        self._requests += map(json.loads, self._transport.value().splitlines())
        self._transport.clear()
        taken = [request for request in self._requests if not types or request["type"] in types]
        self._requests = [request for request in self._requests if request not in taken]
        return taken

    def say(self, *objects: dict[str, Any]) -> None:
        """Send objects."""
        assert self._wire is not None
        for each in objects:
            self._wire.dataReceived(json.dumps(each).encode() + b"\n")
        if self._transport.aborted:
            self.cut()

    def welcome(self, **fields: Any) -> None:
        """Let the client in."""
        usual = {"name": "ada", "token": "x", "server": "s", "time": time_of(1000), "limits": LIMITS}
        self.say({"type": "welcome", **usual, "features": ["conversations"], "registered": True, **fields})

    def cut(self) -> None:
        """Break the connection."""
        assert self._wire is not None
        self._wire.connectionLost(Failure(ConnectionLost()))


class Scripted:
    """The link of ada to a server that says what the test has it say."""

    def __init__(self, listener: Listener, *, rooms: tuple[str, ...] = ("lobby",), **options: Any) -> None:
        self.clock = Clock()
        self.server = Server()
        self.link = Link(
            self.server,
            self.clock,
            listener,
            names=("ada",),
            rooms=rooms,
            random=lambda: 1.0,
            monotonic=self.clock.seconds,
            tag_prefix="t",
            **({"backlog": 50} | options),
        )
        self.over: Deferred[None] = Deferred.fromCoroutine(self.link.run())

    def come_back(self) -> None:
        """Wait until the link has connected again."""
        for _ in range(8):
            self.clock.advance(0.25)


class ScriptedSeat:
    """ada at a client, connected to a server that says what the test has it say."""

    def __init__(self, rooms: tuple[str, ...] = ("lobby",), **options: Any) -> None:
        self.bells = Bells()
        self.model = Model("ada", rooms, LocalTime(now=lambda: BEGINNING, zone=PARIS))
        self.model.observe(self.bells)
        scripted = Scripted(self.model, rooms=rooms, all_rooms=True, conversations=True, **options)
        self.clock, self.server, self.link, self.come_back = (
            scripted.clock,
            scripted.server,
            scripted.link,
            scripted.come_back,
        )
        self.client = Client(self.link, self.model)

    def answer(self, type_: str, **fields: Any) -> dict[str, Any]:
        """Answer the one request of that type that was made; return it."""
        (request,) = self.server.requests(type_)
        self.server.say({**fields, "tag": request["tag"]})
        return request

    def room(self, title: str) -> Room:
        """The open room or conversation with that title."""
        return next(room for room in self.model.rooms if room.title == title)

    def shown(self, title: str) -> list[str]:
        """The lines there, without those that mark a new day."""
        return [plain_text(line) for line in self.room(title).lines if line.kind is not LineKind.DAY]

    @property
    def unread(self) -> dict[str, str]:
        """The titles of what is open, each with what is unread there."""
        return {room.title: room.unread_words for room in self.model.rooms}
