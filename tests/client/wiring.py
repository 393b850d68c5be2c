"""The real link and the real chat, joined in memory by a cable that can be cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from box import Box
from box import Client as ServerEnd
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.client.link.link import Link, Listener
from chat.client.link.states import State
from chat.client.link.wire import Wire
from chat.core import events


class ClientTransport(StringTransport):
    """The client's end of the cable."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = False

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802 - Twisted calls it so
        """A TCP transport has this."""

    def abortConnection(self) -> None:
        self.aborted = True


class Cable:
    """One connection, between the link and the chat of a box."""

    def __init__(self, box: Box, wire: Wire, silent: bool) -> None:
        self.wire = wire
        self.transport = ClientTransport()
        self.server: ServerEnd = box.connect()
        self.sent: list[bytes] = []
        """What the client has sent."""
        self.silent = silent
        """Whether the server's words get lost."""
        self.open = True
        self._carried = 0
        """How many of the server's bytes have come."""
        wire.makeConnection(self.transport)

    def pump(self) -> bool:
        """Carry what there is in both directions; tell whether there was anything."""
        if not self.open:
            return False
        up: bytes = self.transport.value()
        self.transport.clear()
        if up:
            self.sent += up.splitlines()
            self.server.send_bytes(up)
        down: bytes = self.server.socket.value()[self._carried :]
        self._carried += len(down)
        if down and not self.silent:
            self.wire.dataReceived(down)
        if self.transport.aborted or self.server.socket.half_closed or self.server.socket.aborted:
            self.cut()
        return bool(up or down)

    def cut(self) -> None:
        """Break the connection, for both ends."""
        if self.open:
            self.open = False
            self.server.protocol.connectionLost(Failure(ConnectionLost()))
            self.wire.connectionLost(Failure(ConnectionLost()))

    def die(self) -> None:
        """Break the connection for the client; the chat does not notice."""
        self.open = False
        self.wire.connectionLost(Failure(ConnectionLost()))


@implementer(IStreamClientEndpoint)
class BoxEndpoint:
    """Leads to the chat of a box."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.refusing = False
        self.failing: Exception | None = None
        """How connecting fails, if it does."""
        self.silent = False
        self.cables: list[Cable] = []

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        if self.refusing:
            return fail(ConnectionRefusedError())
        if self.failing is not None:
            return fail(self.failing)
        wire: Any = factory.buildProtocol(_NOWHERE)
        self.cables.append(Cable(self.box, wire, self.silent))
        return succeed(wire)


@implementer(IAddress)
class _Nowhere:
    """An address that nobody asks for."""


_NOWHERE = _Nowhere()


class Record(Listener):
    """A listener that writes down what it is told."""

    def __init__(self) -> None:
        self.states: list[State] = []
        self.events: list[events.Event] = []
        self.old: list[int] = []
        self.lags: list[float] = []

    def state_changed(self, state: State) -> None:
        self.states.append(state)

    def event_received(self, event: events.Event, old: bool) -> None:
        self.events.append(event)
        if old and isinstance(event, events.Message):
            self.old.append(event.id)

    def lag_changed(self, seconds: float) -> None:
        self.lags.append(seconds)

    def last_state(self) -> State:
        """Return the newest state."""
        return self.states[-1]

    @property
    def messages(self) -> list[events.Message]:
        """The messages among the events."""
        return [event for event in self.events if isinstance(event, events.Message)]

    @property
    def texts(self) -> list[str]:
        """The texts of the messages."""
        return [message.text for message in self.messages]

    @property
    def refusals(self) -> list[str]:
        """The texts of the refusals."""
        return [event.text for event in self.events if isinstance(event, events.Refusal)]


class Line:
    """A link on a cable to a box, running."""

    def __init__(
        self,
        box: Box,
        listener: Listener,
        *names: str,
        rooms: Sequence[str] = ("lobby",),
        backlog: int = 50,
        random: Callable[[], float] = lambda: 1.0,
        refusing: bool = False,
        silent: bool = False,
        password: str | None = None,
        key: str | None = None,
        invitation: str | None = None,
        conversations: bool = True,
        interactive: bool = False,
        reopened: Sequence[str] = (),
    ) -> None:
        self.box = box
        self.clock = box.clock
        self.endpoint = BoxEndpoint(box)
        self.endpoint.refusing = refusing
        self.endpoint.silent = silent
        self.link = Link(
            self.endpoint,
            box.clock,
            listener,
            names=names or ("ada",),
            rooms=rooms,
            backlog=backlog,
            random=random,
            monotonic=box.clock.seconds,
            tag_prefix="t",
            password=password,
            all_rooms=True,
            conversations=conversations,
            key=key,
            invitation=invitation,
            interactive=interactive,
            reopened=reopened,
        )
        self.over: Deferred[None] = Deferred.fromCoroutine(self.link.run())
        self.pump()

    @property
    def cable(self) -> Cable:
        """The newest connection."""
        return self.endpoint.cables[-1]

    def move_to(self, box: Box) -> None:
        """From the next connection on, connect to the chat of another *box*."""
        self.box = self.endpoint.box = box

    def pump(self) -> None:
        """Carry bytes until nobody has anything to say."""
        moved = True
        while moved:
            self.box.turn()
            moved = bool(self.endpoint.cables) and self.cable.pump()

    def wait(self, seconds: float) -> None:
        """Let *seconds* go by, and carry bytes meanwhile."""
        step = 0.25
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            if self.box.clock is not self.clock:
                self.box.clock.advance(step)
            self.pump()
