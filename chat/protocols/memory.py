"""Connections within the process: a program beside the chat comes in as by a local socket, but without one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto
from typing import cast

from twisted.internet.address import UNIXAddress
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import (
    IConsumer,
    IProducer,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    IReactorTime,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

CHUNK = 65_536
"""The bytes that are received at a time. If more wait, whoever writes them is asked to pause."""

_ADDRESS = UNIXAddress(None)


class State(Enum):
    """Where an end of a connection is in its life."""

    OPEN = auto()
    ENDING = auto()
    """It was asked to close, and does so once the other end has received all."""
    CLOSED = auto()


@implementer(ITransport, IConsumer, IPushProducer)
class MemoryTransport:
    """One end of a connection, which hands over what was written at its other end in the next turn of *clock*."""

    disconnecting = False
    _protocol: IProtocol
    _other: MemoryTransport

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._state = State.OPEN
        self._written = bytearray()
        """What the other end has still to receive."""
        self._producer: IPushProducer | None = None
        self._streaming = False
        self._asked_to_pause = False
        self._reading = True
        self._turn_comes = False

    def begin(self, protocol: IProtocol, other: MemoryTransport) -> None:
        """Serve *protocol*, from which the *other* end leads away."""
        self._protocol, self._other = protocol, other

    # -- ITransport

    def write(self, data: bytes) -> None:
        """Have the other end receive *data*."""
        if data and self._state is State.OPEN:
            self._written += data
            self._other._take_turn()
            self._pause_if_much_waits()

    def writeSequence(self, data: Iterable[bytes]) -> None:  # noqa: N802 - Twisted calls it so
        """Have the other end receive all of *data*."""
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """Close once the other end has received all."""
        if self._state is State.OPEN:
            self._state = State.ENDING
            self.disconnecting = True
            self._other._take_turn()

    def abortConnection(self) -> None:
        """Close at once."""
        self._close(ConnectionAborted())
        self._other._close(ConnectionLost())

    def getPeer(self) -> UNIXAddress:  # noqa: N802 - Twisted calls it so
        """The address of a local socket that has no name."""
        return _ADDRESS

    def getHost(self) -> UNIXAddress:  # noqa: N802 - Twisted calls it so
        """The address of a local socket that has no name."""
        return _ADDRESS

    # -- IConsumer

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:  # noqa: N802 - Twisted calls it so
        """Have *producer* pause when much waits or, unless it is *streaming*, write whenever nothing waits."""
        if self._producer is not None:
            raise RuntimeError("there is a producer already")
        if self._state is State.CLOSED:
            producer.stopProducing()
            return
        self._producer, self._streaming, self._asked_to_pause = cast(IPushProducer, producer), streaming, False
        if not streaming:
            self._producer.resumeProducing()

    def unregisterProducer(self) -> None:  # noqa: N802 - Twisted calls it so
        """Forget the producer."""
        self._producer = None
        if self._state is State.ENDING:
            self._other._take_turn()

    def _pause_if_much_waits(self) -> None:
        if self._producer is not None and self._streaming and not self._asked_to_pause and len(self._written) > CHUNK:
            self._asked_to_pause = True
            self._producer.pauseProducing()

    def _resume_if_nothing_waits(self) -> None:
        if self._producer is not None and not self._written and (self._asked_to_pause or not self._streaming):
            self._asked_to_pause = False
            self._producer.resumeProducing()

    # -- IPushProducer: what comes

    def pauseProducing(self) -> None:
        """Receive nothing for now."""
        self._reading = False

    def resumeProducing(self) -> None:
        """Receive again."""
        self._reading = True
        self._take_turn()

    def stopProducing(self) -> None:
        """Receive no more."""
        self.loseConnection()

    def _take_turn(self) -> None:
        """Look in the next turn at what the other end has done."""
        if not self._turn_comes and self._state is not State.CLOSED:
            self._turn_comes = True
            self._clock.callLater(0, self._turn)

    def _turn(self) -> None:
        self._turn_comes = False
        other = self._other
        if self._state is State.CLOSED:
            return
        if other._written and self._reading:
            data = bytes(other._written[:CHUNK])
            del other._written[:CHUNK]
            try:
                self._protocol.dataReceived(data)
            except Exception:
                self.abortConnection()
                raise
            other._resume_if_nothing_waits()
            if other._written:
                self._take_turn()
        if other._state is State.ENDING and not other._written and other._producer is None:
            self._close(ConnectionDone())
            other._close(ConnectionDone())

    def _close(self, why: Exception) -> None:
        """Close this end, and tell its protocol in the next turn."""
        if self._state is State.CLOSED:
            return
        self._state = State.CLOSED
        self.disconnecting = True
        self._written.clear()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
        self._clock.callLater(0, self._protocol.connectionLost, Failure(why))


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """Leads to the connections that *factory* makes, for as long as *is_open*."""

    def __init__(self, clock: IReactorTime, factory: Factory, is_open: Callable[[], bool] = lambda: True) -> None:
        self._clock = clock
        self._factory = factory
        self._is_open = is_open

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect a protocol of *factory*."""
        if not self._is_open():
            return fail(ConnectionRefusedError("the chat does not run"))
        here, there = MemoryTransport(self._clock), MemoryTransport(self._clock)
        protocol = factory.buildProtocol(_ADDRESS)
        server = self._factory.buildProtocol(_ADDRESS)
        if protocol is None or server is None:
            return fail(ConnectionRefusedError("a factory made no protocol"))
        here.begin(protocol, there)
        there.begin(cast(IProtocol, server), here)
        server.makeConnection(there)
        protocol.makeConnection(here)
        return succeed(protocol)
