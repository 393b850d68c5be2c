"""A connection: what a socket brings becomes lines, and lines become calls on a session."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    INegotiated,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.core.errors import ChatError, Internal, ServerFull, TooLong
from chat.core.events import Notice
from chat.core.hub import Hub
from chat.core.identity import refuse_banned
from chat.core.limits import Bucket
from chat.core.peer import Peer
from chat.core.session import Session
from chat.delivery.outlet import Outlet
from chat.delivery.switchboard import Switchboard
from chat.protocols.jsonlines import JsonDialect
from chat.protocols.lines import LineSplitter
from chat.protocols.telnet import TelnetFilter
from chat.protocols.text import TextDialect

LINGER = 5.0
"""The seconds that a client has to close its end after we have closed ours."""

TLS_HELLO = b"\x16\x03"
"""What a client begins with that speaks TLS (RFC 8446, section 5.1)."""

TEXT = TextDialect()
JSON = JsonDialect()

log = Logger()


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class ChatConnection(Protocol):
    """One client. It speaks text, unless its first line begins a JSON object."""

    session: Session
    _outlet: Outlet

    def __init__(self, factory: ChatFactory) -> None:
        self._chat = factory
        self._telnet = TelnetFilter()
        self._dialect: TextDialect | JsonDialect | None = None
        self._waiting: deque[bytes | None] = deque()
        self._paused = False
        self._ended = False
        self._closing = False
        self._linger: IDelayedCall | None = None
        self._handshake: IDelayedCall | None = None

    def connectionMade(self) -> None:
        factory = self._chat
        hub = factory.hub
        transport = cast(ITCPTransport, self.transport)
        if hasattr(transport, "setTcpNoDelay"):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
        limits = hub.limits
        self._splitter = LineSplitter(limits.json_line)
        self._bucket = Bucket(limits.burst, limits.rate, factory.monotonic()) if limits.rate is not None else None
        number = next(factory.numbers)
        self.session = Session(hub, number, _peer(transport), one_room=True, replay=factory.replay)
        if self.session.peer.tls:
            self._handshake = factory.clock.callLater(limits.handshake, self.abort)
        self._outlet = Outlet(self.session, TEXT, transport, limits.window, self._close)
        factory.switchboard.connect(self._outlet)
        factory.connections.add(self)
        try:
            if len(factory.connections) > limits.sessions:
                raise ServerFull("The server is full. Try again later.")
            refuse_banned(hub.bans.of_address(self.session.peer.address, hub.seconds), hub.seconds)
        except ChatError as error:
            self.session.refuse(error)
            self.session.quit()
        else:
            self._outlet.add(TEXT.encode(Notice(text=f"{factory.welcome} Type your name and press Enter.")))
            self._outlet.flush()

    def handshakeCompleted(self) -> None:
        """The client has agreed on TLS."""
        _cancel(self._handshake)

    # -- what comes

    def dataReceived(self, data: bytes) -> None:
        if self._closing or self.session.gone:
            return
        if self._dialect is None and data.startswith(TLS_HELLO):
            self.session.quit("This port does not speak TLS. Connect with nc, telnet or the chat client.")
            return
        self._waiting.extend(self._splitter.feed(self._telnet.feed(data, offering=bool(self.session.claiming))))
        if self._telnet.answer:
            self._outlet.add(bytes(self._telnet.answer))
            self._outlet.flush()
        self._work()

    def readConnectionLost(self) -> None:
        """The client sends no more, but may still read."""
        self._ended = True
        if self._splitter.pending:
            self._waiting.append(self._splitter.finish())
        self._work()
        if self._closing:
            self._disconnect()

    def writeConnectionLost(self) -> None:
        """We have closed our end."""

    def _work(self) -> None:
        """Do what the lines say, as long as the session may go on."""
        while not self._resting() and self._waiting and not self.session.gone:
            self._receive(self._waiting.popleft())
            if self._bucket is not None and (delay := self._bucket.take(self._chat.monotonic())) > 0:
                self._rest()
                self._chat.clock.callLater(delay, self._go_on)
        if not self._paused and self._telnet.left:
            self.session.quit()
        elif not self._paused and self._ended and not self.session.gone:
            self.session.end_of_input()

    def _receive(self, line: bytes | None) -> None:
        try:
            if self._dialect is None:
                self._choose(line)
            if line is None:
                most = self._chat.hub.limits.text
                self.session.refuse(TooLong(f"That line is too long, so it was dropped. Use at most {most} bytes."))
            elif self._dialect is not None:
                self._dialect.receive(self.session, line)
        except Exception:
            log.failure("{session!r} met a mistake in the server", session=self.session)
            self.session.refuse(Internal("The server made a mistake, and has noted it. Please connect again."))
            self.session.quit()

    def _choose(self, line: bytes | None) -> None:
        self._dialect = TEXT
        if line is not None and line.lstrip().startswith(b"{"):
            self._dialect = self._outlet.dialect = JSON
            self.session.one_room = False
            self.session.replay = 0

    # -- flow control

    def _resting(self) -> bool:
        """Tell whether nothing is to be read for now; then whatever causes it ends it."""
        if not self._paused and self.session.busy:
            self._rest()
            self.session.rest(self._go_on)
        elif not self._paused and self._outlet.clogged:
            self._rest()
            self._outlet.rest(self._go_on)
        return self._paused

    def _rest(self) -> None:
        self._paused = True
        cast(IPushProducer, self.transport).pauseProducing()

    def _go_on(self) -> None:
        self._paused = False
        if self not in self._chat.connections:
            return
        self._work()
        if not self._paused and not self._ended:
            cast(IPushProducer, self.transport).resumeProducing()

    # -- the end

    def _close(self) -> None:
        """All is sent: close our end, and wait for the client to close theirs, so that nothing we sent is lost.

        A socket that is closed while something unread waits in it is reset, and the reset discards what the client
        has not read yet.
        """
        self._closing = True
        self._waiting.clear()
        if self._ended or not hasattr(type(self.transport), "loseWriteConnection"):
            self._disconnect()
            return
        transport = cast(ITCPTransport, self.transport)
        transport.loseWriteConnection()
        cast(IPushProducer, self.transport).resumeProducing()
        self._linger = self._chat.clock.callLater(LINGER, transport.abortConnection)

    def _disconnect(self) -> None:
        cast(ITCPTransport, self.transport).loseConnection()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        cast(ITCPTransport, self.transport).abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        _cancel(self._linger)
        _cancel(self._handshake)
        if self.session.lost(reason.getErrorMessage()):
            self._chat.clock.callLater(self._chat.hub.limits.grace, self.session.expire)
        self._chat.switchboard.disconnect(self.session)
        self._chat.forget(self)


class ChatFactory(Factory):
    """Makes the connections of one chat, and ends them with it.

    *welcome* greets people who connect, *replay* is the number of messages that they are shown of a room, and
    *monotonic* is a clock that nobody sets.
    """

    noisy = False

    def __init__(
        self,
        hub: Hub,
        switchboard: Switchboard,
        clock: IReactorTime,
        monotonic: Callable[[], float],
        *,
        welcome: str,
        replay: int,
    ) -> None:
        self.hub = hub
        self.switchboard = switchboard
        self.clock = clock
        self.monotonic = monotonic
        self.welcome = welcome
        self.replay = replay
        self.numbers = count(1)
        self.connections: set[ChatConnection] = set()
        self._emptied: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> ChatConnection:
        return ChatConnection(self)

    def forget(self, connection: ChatConnection) -> None:
        """The *connection* is gone."""
        self.connections.discard(connection)
        if self._emptied is not None and not self.connections:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def farewell(self, text: str) -> Deferred[None]:
        """Tell everyone *text*, and close their connections; fire when all are closed."""
        for connection in self.connections:
            connection.session.quit_quietly(text)
        if not self.connections:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def abort(self) -> None:
        """Close what is still open."""
        for connection in list(self.connections):
            connection.abort()


def _cancel(call: IDelayedCall | None) -> None:
    if call is not None and call.active():
        call.cancel()


def _peer(transport: ITransport) -> Peer:
    """Tell where the client of a connection is."""
    address = transport.getPeer()
    tls = INegotiated.providedBy(transport)
    if isinstance(address, IPv4Address | IPv6Address):
        return Peer.at(address.host, address.port, tls=tls)
    return Peer(tls=tls)
