"""A connection: what a socket brings becomes lines, and lines become calls on a session."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
    ITransport,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.core import lifecycle
from chat.core.authentication import refuse_banned
from chat.core.doorkeeper import Doorkeeper
from chat.core.errors import ChatError, NoName, ServerFull, TooLong
from chat.core.events import Notice, Ping
from chat.core.hub import Hub
from chat.core.limits import Bucket
from chat.core.session import Session
from chat.delivery.outlet import Outlet
from chat.delivery.switchboard import Switchboard
from chat.protocols.jsonlines import JsonDialect
from chat.protocols.lines import LineSplitter
from chat.protocols.telnet import TelnetFilter
from chat.protocols.text import TextDialect
from chat.protocols.timeouts import Timeouts
from chat.protocols.transports import behind_proxy, peer_of, tune

LINGER = 2.0
"""The seconds that a client has to close its end after we have closed ours."""

CHECK = 15.0
"""The seconds after which a connection is looked at: whether it is stuck, or idle."""

CALM = 2.0
"""After so many seconds of sending no more than one may, a flood is over."""

TO_REFUSE = 32
"""Connections beyond the most, which are told so; more are closed at once."""

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
        self._waiting: list[bytes | None] = []
        """The lines that are still to be read, the next one last."""
        self._paused = False
        self._ended = False
        self._closing = False
        self._admitted = False
        self._tries = 0
        self._slow_since = self._slow_until = float("-inf")
        self._warned = False
        self._idle = self._stuck = 0.0
        self._moves = 0

    def connectionMade(self) -> None:
        factory = self._chat
        hub = factory.hub
        limits = hub.limits
        transport = cast(ITCPTransport, self.transport)
        tune(transport, limits.keepalive)
        self._splitter = LineSplitter(limits.json_line)
        self._bucket = Bucket(limits.burst, limits.rate, factory.monotonic()) if limits.rate is not None else None
        self.session = Session(next(factory.numbers), peer_of(transport), one_room=True, replay=factory.replay)
        self._outlet = Outlet(self.session, TEXT, transport, limits.window, self._close)
        factory.switchboard.connect(self._outlet)
        factory.connections.add(self)
        factory.nameless.add(self)
        factory.checks.add(self)
        if self.session.peer.tls:
            factory.handshakes.add(self)
        if len(factory.connections) > limits.connections + TO_REFUSE:
            self.abort()
        elif len(factory.connections) > limits.connections:
            self._put_off(ServerFull("The server is full. Try again later."))
        elif behind_proxy(transport) or self._admit():
            self._outlet.add(TEXT.encode(Notice(text=f"{factory.welcome} Type your name and press Enter.")))
            self._outlet.flush()

    def _admit(self) -> bool:
        """Ask whether the client may connect. A proxy says who it is no sooner than before its first bytes."""
        self._admitted = True
        self.session.peer = peer_of(cast(ITransport, self.transport))
        hub = self._chat.hub
        refusal = self._chat.doorkeeper.enter(self.session.peer, self._chat.monotonic())
        if self._chat.doorkeeper.overrun(self.session.peer):
            self.abort()
            return False
        try:
            refuse_banned(hub, hub.bans.of_address(self.session.peer.address, hub.seconds))
        except ChatError as banned:
            refusal = banned
        if refusal is not None:
            self._put_off(refusal)
        return refusal is None

    def _put_off(self, refusal: ChatError) -> None:
        hub = self._chat.hub
        hub.refuse(self.session, refusal)
        lifecycle.quit_chat(hub, self.session)

    def handshakeCompleted(self) -> None:
        """The client has agreed on TLS."""
        self._chat.handshakes.discard(self)

    # -- time

    def miss_name(self) -> None:
        """Put off who has given no name."""
        if not self.session.named and not self.session.gone:
            seconds = self._chat.hub.limits.name_time
            self._put_off(NoName(f"No name came for {seconds:g} seconds. Connect again when you have one."))

    def check(self) -> None:
        """Cut who does not read what waits for them, and tell a program that is idle that the server is there."""
        limits = self._chat.hub.limits
        if self._outlet.ready or self._outlet.moves != self._moves:
            self._moves = self._outlet.moves
            self._stuck = 0.0
        else:
            self._stuck += CHECK
        if self._stuck >= limits.stuck:
            log.info("{session!r} has read nothing for {seconds:g} s", session=self.session, seconds=self._stuck)
            self.abort()
            return
        self._idle += CHECK
        if self._idle >= limits.ping and self._dialect is JSON and self.session.named and not self.session.gone:
            self._idle = 0.0
            self._chat.hub.show(self.session, Ping(time=self._chat.hub.now()))
        self._chat.checks.add(self)

    @property
    def ready(self) -> bool:
        """Whether the client has taken all that it was sent."""
        return self._outlet.ready

    # -- what comes

    def dataReceived(self, data: bytes) -> None:
        self._idle = 0.0
        if self._closing or self.session.gone or not (self._admitted or self._admit()):
            return
        if self._dialect is None and data.startswith(TLS_HELLO):
            text = "This port does not speak TLS. Connect with nc, telnet or the chat client."
            lifecycle.quit_chat(self._chat.hub, self.session, text)
            return
        self._waiting[:0] = self._splitter.feed(self._telnet.feed(data, offering=bool(self.session.claiming)))[::-1]
        if self._telnet.answer:
            self._outlet.add(self._telnet.answer)
            self._outlet.flush()
        self._work()

    def readConnectionLost(self) -> None:
        """The client sends no more, but may still read."""
        self._ended = True
        if self._splitter.pending and (self.session.named or self._waiting):
            # Who ends within their first line gave no name: they would only come and go.
            self._waiting.insert(0, self._splitter.finish())
        self._work()
        if self._closing:
            self._disconnect()

    def writeConnectionLost(self) -> None:
        """We have closed our end."""

    def _work(self) -> None:
        """Do what the lines say, as long as the session may go on."""
        while not self._resting() and self._waiting and not self.session.gone:
            self._receive(self._waiting.pop())
            if not self.session.named:
                self._count_try()
            if self._bucket is not None:
                self._charge(self._bucket)
        if not self._paused and self._telnet.left:
            lifecycle.quit_chat(self._chat.hub, self.session)
        elif not self._paused and self._ended and not self.session.gone:
            lifecycle.end_of_input(self._chat.hub, self.session)

    def _receive(self, line: bytes | None) -> None:
        try:
            if self._dialect is None:
                self._choose(line)
            if line is None:
                most = self._chat.hub.limits.text
                error = TooLong(f"That line is too long, so it was dropped. Use at most {most} bytes.")
                self._chat.hub.refuse(self.session, error)
            elif self._dialect is not None:
                self._dialect.receive(self._chat.hub, self.session, line)
        except Exception:
            log.failure("{session!r} met a mistake in the server", session=self.session)
            lifecycle.fail(self._chat.hub, self.session)

    def _count_try(self) -> None:
        """Put off who has no name after many lines."""
        self._tries += 1
        most = self._chat.hub.limits.name_tries
        if self._tries >= most and not self.session.gone:
            self._put_off(NoName(f"None of {most} lines was a name that can be had. Connect again when you have one."))

    def _charge(self, bucket: Bucket) -> None:
        """Read no more for now from who sends too fast; where that goes on, tell them, and in the end put them off."""
        now = self._chat.monotonic()
        delay = bucket.take(now, self.session.cost())
        if delay <= 0:
            return
        self._rest()
        self._chat.clock.callLater(delay, self._go_on)
        if now > self._slow_until + CALM:
            self._slow_since = now
            self._warned = False
        self._slow_until = now + delay
        limits = self._chat.hub.limits
        if now - self._slow_since >= limits.flood_end:
            text = "You have sent faster than you may for too long. Connect again, and send less at once."
            lifecycle.quit_chat(self._chat.hub, self.session, text)
        elif now - self._slow_since >= limits.flood_notice and not self._warned:
            self._warned = True
            text = f"You send more than {limits.rate:g} lines a second, so they are read late. Slow down."
            self._chat.hub.show(self.session, Notice(text=text))

    def _choose(self, line: bytes | None) -> None:
        self._dialect = TEXT
        if line is not None and line.lstrip().startswith(b"{"):
            self._dialect = self._outlet.dialect = JSON
            self.session.one_room = False
            self.session.replay = 0

    # -- flow control

    def _resting(self) -> bool:
        """Tell whether nothing is to be read for now; then whatever causes it ends it."""
        if self._paused:
            return True
        queue = self._chat.hub.queue
        if queue.busy(self.session):
            self.session.paused = self._go_on
        elif self._outlet.clogged:
            self._outlet.rest(self._go_on)
        elif queue.full:
            queue.pause_until_room(self._go_on)
        else:
            return False
        self._rest()
        return True

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
        self._chat.lingering.add(self)

    def _disconnect(self) -> None:
        cast(ITCPTransport, self.transport).loseConnection()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        cast(ITCPTransport, self.transport).abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._admitted:
            self._chat.doorkeeper.leave(self.session.peer)
        hub = self._chat.hub
        if lifecycle.lost(hub, self.session, reason.getErrorMessage()):
            self._chat.clock.callLater(hub.limits.grace, lifecycle.expire, hub, self.session)
        self._chat.switchboard.disconnect(self.session)
        hub.queue.forget(self._go_on)
        self._chat.forget(self)
        reason.cleanFailure()


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
        self.doorkeeper = Doorkeeper(hub.limits)
        self.numbers = count(1)
        self.connections: set[ChatConnection] = set()
        self.nameless = Timeouts(clock, hub.limits.name_time, ChatConnection.miss_name)
        self.checks = Timeouts(clock, CHECK, ChatConnection.check)
        self.handshakes = Timeouts(clock, hub.limits.handshake, ChatConnection.abort)
        self.lingering = Timeouts(clock, LINGER, ChatConnection.abort)
        self._emptied: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> ChatConnection:
        return ChatConnection(self)

    def forget(self, connection: ChatConnection) -> None:
        """The *connection* is gone."""
        self.connections.discard(connection)
        for timeouts in (self.nameless, self.checks, self.handshakes, self.lingering):
            timeouts.discard(connection)
        if self._emptied is not None and not self.connections:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def farewell(self, text: str) -> Deferred[None]:
        """Tell everyone *text*, and close their connections; fire when all are closed."""
        for connection in self.connections:
            lifecycle.quit_quietly(self.hub, connection.session, text)
        if not self.connections:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def abort(self) -> None:
        """Close what is still open."""
        for connection in list(self.connections):
            connection.abort()
