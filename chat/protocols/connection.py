"""A connection: one session and its outbox, whatever the client speaks; when it is read, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
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
)
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.core import lifecycle
from chat.core.errors import ChatError
from chat.core.events import Notice
from chat.core.hub import Hub
from chat.core.peer import Peer
from chat.core.session import Session
from chat.core.session import State as SessionState
from chat.delivery.feed_delivery import FeedDelivery
from chat.delivery.outbox import Outbox
from chat.delivery.transports import is_layered, peer_of, socket_send, tune
from chat.protocols.admission import Admission, Unheard
from chat.protocols.flood import Flood, Verdict
from chat.protocols.lines import LineReceiver
from chat.protocols.manners import Manners, WrongWayIn
from chat.protocols.proxy import ProxyConnection
from chat.protocols.timeouts import Timeouts

LINGER = 2.0
"""The seconds that a client has to close its end after we have closed ours."""

SILENCE = 1.0
"""The seconds after which a client that has sent nothing is a person."""

CHECK = 15.0
"""The seconds after which a connection is looked at: whether it is stuck, or idle."""

MOST_WINDOWS = 16
"""A client for which more than so many windows waits, and more and more, is cut: it has not asked for all that."""

log = Logger()


class State(Enum):
    """Where a connection is in its life."""

    BEGUN = auto()
    """The client has sent nothing yet that tells what it speaks."""
    OPEN = auto()
    ENDED = auto()
    """The client sends no more, but may still read."""
    CLOSED = auto()
    """All is sent and our end is closed; the client is to close its own."""


# Each line asks for these, and Python 3.11 takes as long to find a member of an enum as to call a function.
_OPEN = State.OPEN
_PRESENT = SessionState.PRESENT


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class Connection(LineReceiver):
    """One client, spoken with by its *manners*."""

    session: Session
    _outbox: Outbox

    def __init__(self, connections: Connections, manners: Manners) -> None:
        # All attributes are made here and in the same order, so that Python shares their names among all connections.
        self._unread = b""
        self._receiving = None
        self.paused = False
        self.MAX_LENGTH = connections.hub.limits.json_line
        self._chat = connections
        self._manners = manners
        self._state = State.BEGUN
        self._counted: Peer | None = None
        """Where it is counted as a connection from."""
        self._dropping = False
        """Whether the rest of a line that is too long is still to come."""
        self._tries = self._passed = 0
        self._idle = self._stuck = 0.0
        self._waiting = 0
        """What waited to be read when it was looked at last."""
        self._moves = 0

    def connectionMade(self) -> None:
        chat = self._chat
        limits = chat.hub.limits
        manners = self._manners
        transport = cast(ITCPTransport, self.transport)
        tune(transport, limits.keepalive)
        self._flood = Flood(limits, limits.rate, chat.monotonic()) if limits.rate is not None else None
        replay = chat.replay if manners.replays else 0
        peer = self.where()
        self.session = Session(next(chat.numbers), peer, one_room=manners.one_room, replay=replay)
        send = socket_send(transport) if chat.direct else None
        self._outbox = Outbox(self.session, manners.dialect, transport, limits.window, self._close, send)
        chat.delivery.connect(self._outbox)
        chat.open.add(self)
        chat.admission.nameless.add(self)
        chat.checks.add(self)
        if peer.tls:
            chat.admission.handshakes.add(self)
        try:
            chat.admission.require_place()
        except Unheard:
            self.abort()
        except ChatError as refusal:
            self.turn_away(refusal)
        else:
            self._admit(peer, manners.greet(chat.welcome, chat.hub, self.session), greets_all=peer.relayed)
            if not peer.tls:
                self._await_word()

    def where(self) -> Peer:
        """Where the client is."""
        transport = cast(ITCPTransport, self.transport)
        return peer_of(transport, relayed=is_layered(transport, ProxyConnection))

    def _admit(self, peer: Peer, greeting: bytes, *, greets_all: bool) -> None:
        """Ask whether a client from there may connect, and greet it; with *greets_all* also one that may not.

        Behind a proxy all are greeted: programs wait for that there.
        """
        self._counted = peer
        if greets_all:
            self._send(greeting)
        try:
            self._chat.admission.enter(peer)
        except Unheard:
            self.abort()
        except ChatError as refusal:
            self.turn_away(refusal)
        else:
            if not greets_all:
                self._send(greeting)

    def turn_away(self, refusal: ChatError) -> None:
        """Tell the client why it can't stay, and close, unless it has a name or is leaving."""
        if not self.session.named and not self.session.gone:
            self._chat.hub.refuse(self.session, refusal)
            self._quit()

    def handshakeCompleted(self) -> None:
        """The client has agreed on TLS."""
        self._chat.admission.handshakes.discard(self)
        self._await_word()

    def _await_word(self) -> None:
        """See whether the client speaks at once, as programs do."""
        if self._manners.to_silent() and self._state is State.BEGUN:
            self._chat.silent.add(self)

    def check(self) -> None:
        """Cut who does not read what waits for them, and tell a client that is idle that the server is there."""
        limits = self._chat.hub.limits
        if self._outbox.ready or self._outbox.moves != self._moves:
            self._moves = self._outbox.moves
            self._stuck = 0.0
        else:
            self._stuck += CHECK
        if self._stuck >= limits.stuck:
            log.info("{session!r} has read nothing for {seconds:g} s", session=self.session, seconds=self._stuck)
            self.abort()
            return
        before, self._waiting = self._waiting, self._outbox.backlog
        if self._waiting > before > MOST_WINDOWS * limits.window:
            log.info("{session!r} has more and more to read: {size} bytes", session=self.session, size=self._waiting)
            self.abort()
            return
        self._chat.hub.touch_token(self.session)
        self._idle += CHECK
        if self._idle >= limits.ping and self.session.named and not self.session.gone:
            self._idle = 0.0
            self._manners.idle(self._chat.hub, self.session)
        self._chat.checks.add(self)

    def speak_to_silent(self) -> None:
        """The client has sent nothing for a while."""
        if not self.session.gone:
            self._send(self._manners.to_silent())

    @property
    def ready(self) -> bool:
        """Whether the client has taken all that it was sent."""
        return self._outbox.ready

    # -- what comes

    def dataReceived(self, data: bytes) -> None:
        self._idle = 0.0
        if self._state is not _OPEN:
            if self._state is not State.BEGUN or self.session.gone:
                return
            data = self._begin(data)
        if not self.session.gone:
            self._take(data)

    def _begin(self, data: bytes) -> bytes:
        """Find out what the client speaks; return what is left of its first bytes."""
        try:
            manners, data = self._manners.begin(data)
        except WrongWayIn as where:
            self._quit(str(where))
            return b""
        if manners is not None:
            self._state = State.OPEN
            self._chat.silent.discard(self)
            if manners is not self._manners:
                self._manners = manners
                self._outbox.dialect = manners.dialect
                self.session.one_room = manners.one_room
                self.session.replay = self._chat.replay if manners.replays else 0
            self.session.way = manners.way
        return data

    def _take(self, data: bytes) -> None:
        manners = self._manners
        if self.session.unconfirmed:
            self._confirm()
        data = manners.hear(data, self.session)
        if manners.answer:
            self._send(manners.answer)
        if self._dropping and data:
            data = self._drop_line(data)
        self._pause_if_much_waits()
        LineReceiver.dataReceived(self, data)
        if manners.left:
            self._end_if_asked()

    def _confirm(self) -> None:
        """The client is there: it has what it was sent before."""
        if self.session.unconfirmed and self._outbox.drained:
            self._chat.hub.received(self.session)

    def cut(self, data: bytes) -> list[bytes]:
        """Divide *data* into lines as the manners say."""
        return self._manners.cut(data)

    def rest_after(self, data: bytes, lines: int) -> bytes:
        """Return *data* without its first *lines* lines."""
        return self._manners.rest_after(data, lines)

    def lineReceived(self, line: bytes) -> None:
        nameless = self.session.user is None
        try:
            self._manners.receive(self._chat.hub, self.session, line)
        except ChatError as refusal:
            self._chat.hub.refuse(self.session, refusal)
        except Exception:
            self._fail()
        if nameless:
            self._outbox.dialect = self._manners.dialect_for(self.session)
        self._count_line()

    def lineLengthExceeded(self, line: bytes) -> None:
        """Drop one line that is too long, and receive those behind it."""
        self._dropping = True
        rest = self._drop_line(line)
        if rest and not self.session.gone:
            super().dataReceived(rest)

    def _drop_line(self, data: bytes) -> bytes:
        """Return what of *data* lies behind the end of a line that is too long; refuse that line when it has ended."""
        if len(self.cut(data)) == 1:
            return b""
        self._refuse_dropped()
        return self.rest_after(data, 1)

    def _refuse_dropped(self) -> None:
        self._dropping = False
        self._manners.too_long(self._chat.hub, self.session)
        self._count_line()

    def sendLine(self, line: bytes) -> None:
        """Send a line behind all that waits to be sent."""
        self._send(line + self.delimiter)

    def readConnectionLost(self) -> None:
        """The client sends no more, but may still read."""
        if self._state is State.CLOSED:
            self._disconnect()
            return
        self._state = State.ENDED
        user = self.session.user
        if user is not None and user.account is None and self.session.token is None:
            # Who leaves for good has most likely read it. The input of a program ends also when it is killed.
            self._confirm()
        # A client whose input ends within its first line gave no name: it would only come and go.
        if not self.session.gone and not self.paused and not self.session.named:
            self.clearLineBuffer()
        self._end_if_asked()

    def writeConnectionLost(self) -> None:
        """We have closed our end."""

    def _end_if_asked(self) -> None:
        """Once all lines are received, leave if the client has asked to, or sends no more."""
        if self.paused or self.session.gone:
            return
        if self._manners.left:
            self._quit()
        elif self._state is State.ENDED:
            rest = self.clearLineBuffer()
            if self._dropping:
                self._refuse_dropped()
            elif rest:
                self.lineReceived(rest)
            if not self.session.gone and not self.paused:
                self.end_of_input()

    def end_of_input(self) -> None:
        """All is received that the client has sent, and it sends no more."""
        lifecycle.end_of_input(self._chat.hub, self.session)

    # -- when it is read

    def _count_line(self) -> None:
        """Have a line cost what it costs; go on to the next only if the client may."""
        session = self.session
        if session.user is None and session.state is SessionState.NAMELESS:
            if self._manners.passed > self._passed:
                self._passed, self._tries = self._manners.passed, 0
                self._chat.admission.nameless.add(self)
            self._tries += 1
            try:
                self._chat.admission.require_name(self._tries)
            except ChatError as refusal:
                self.turn_away(refusal)
        if self._flood is not None:
            self._charge(self._flood)
        if session.state is not _PRESENT and session.gone:
            self.clearLineBuffer()
        else:
            self._pause_if_much_waits()

    def _charge(self, flood: Flood) -> None:
        """Read no more for now from a client that sends too fast; if that goes on, tell it, and in the end close."""
        now = self._chat.monotonic()
        delay = flood.take(now, self.session.cost())
        if delay <= 0:
            return
        self.pauseProducing()
        self._chat.clock.callLater(delay, self.resumeProducing)
        match flood.judge(now, delay):
            case Verdict.END:
                self._quit("You have sent faster than you may for too long. Connect again, and send less at once.")
            case Verdict.WARN:
                rate = self._chat.hub.limits.rate
                text = f"You send more than {rate:g} lines a second, so they are read late. Slow down."
                self._chat.hub.show(self.session, Notice(text=text))

    def _pause_if_much_waits(self) -> None:
        """Read nothing for now if the client, or everybody, has too much waiting; what causes it ends the pause."""
        queue, outbox = self._chat.hub.queue, self._outbox
        if self.paused or not (queue.holds_back(self.session) or outbox.clogged):
            return
        if queue.busy(self.session):
            self.session.paused = self.resumeProducing
        elif outbox.clogged:
            outbox.pause_until_sent(self.resumeProducing)
        else:
            queue.pause_until_room(self.resumeProducing)
        self.pauseProducing()

    def pauseProducing(self) -> None:
        """Receive no more lines for now, and read nothing."""
        self.paused = True
        cast(IPushProducer, self.transport).pauseProducing()

    def resumeProducing(self) -> None:
        """Receive the lines that wait, and read on unless something pauses it again."""
        if self not in self._chat.open:
            return
        self.paused = False
        if self.session.gone:
            self.clearLineBuffer()
        self._pause_if_much_waits()
        super().dataReceived(b"")
        self._end_if_asked()
        if not self.paused and self._state is not State.ENDED:
            cast(IPushProducer, self.transport).resumeProducing()

    # -- what is sent, and the end

    def _send(self, data: bytes) -> None:
        self._outbox.add(data)
        self._outbox.flush()

    def _quit(self, text: str = "Goodbye.") -> None:
        lifecycle.quit_chat(self._chat.hub, self.session, text)

    def _fail(self) -> None:
        log.failure("{session!r} met a mistake in the server", session=self.session)
        lifecycle.fail(self._chat.hub, self.session)

    def _close(self) -> None:
        """All is sent: close our end, and wait for the client to close theirs, so that nothing we sent is lost.

        A socket that is closed while something unread waits in it is reset, and the reset discards what the client
        has not read yet.
        """
        ended = self._state is State.ENDED
        self._state = State.CLOSED
        self.clearLineBuffer()
        if ended or not hasattr(type(self.transport), "loseWriteConnection"):
            self._disconnect()
            return
        cast(ITCPTransport, self.transport).loseWriteConnection()
        cast(IPushProducer, self.transport).resumeProducing()
        self._chat.lingering.add(self)

    def _disconnect(self) -> None:
        cast(ITCPTransport, self.transport).loseConnection()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        cast(ITCPTransport, self.transport).abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        hub = self._chat.hub
        if self._counted is not None:
            self._chat.admission.leave(self._counted)
        if lifecycle.lost(hub, self.session, reason.getErrorMessage()):
            self._chat.clock.callLater(hub.limits.grace, lifecycle.expire, hub, self.session)
        self._chat.delivery.disconnect(self.session)
        hub.queue.forget(self.resumeProducing)
        self._chat.forget(self)
        reason.cleanFailure()


class Connections:
    """The connections of one chat, by whatever way they came in.

    *welcome* greets people, *replay* is the number of messages that they are shown of a room, and *monotonic* is a
    clock that nobody sets. With *direct*, bytes go to the socket itself and not through Twisted's transport.
    """

    def __init__(
        self,
        hub: Hub,
        delivery: FeedDelivery,
        clock: IReactorTime,
        monotonic: Callable[[], float],
        *,
        welcome: str,
        replay: int,
        direct: bool = True,
    ) -> None:
        self.hub = hub
        self.delivery = delivery
        self.clock = clock
        self.monotonic = monotonic
        self.welcome = welcome
        self.replay = replay
        self.direct = direct
        self.open: set[Connection] = set()
        self.numbers = count(1)
        self.admission = Admission(hub, clock, monotonic, self.open)
        self.checks = Timeouts(clock, CHECK, Connection.check)
        self.lingering = Timeouts(clock, LINGER, Connection.abort)
        self.silent = Timeouts(clock, SILENCE, Connection.speak_to_silent)
        self._emptied: Deferred[None] | None = None

    def forget(self, connection: Connection) -> None:
        """The *connection* is gone."""
        self.open.discard(connection)
        self.admission.forget(connection)
        for timeouts in (self.checks, self.lingering, self.silent):
            timeouts.discard(connection)
        if self._emptied is not None and not self.open:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def farewell(self, text: str) -> Deferred[None]:
        """Tell everyone *text*, and close their connections; fire when all are closed."""
        self._abort_expected()
        for connection in self.open:
            lifecycle.quit_quietly(self.hub, connection.session, text)
        if not self.open:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def abort(self) -> None:
        """Close what is still open."""
        self._abort_expected()
        for connection in list(self.open):
            connection.abort()

    def _abort_expected(self) -> None:
        for newcomer in list(self.admission.expected):
            newcomer.abort()


class ChatFactory(Factory):
    """Makes the connections of one way in; *manners* makes what a new client is spoken with."""

    noisy = False

    def __init__(self, connections: Connections, manners: Callable[[], Manners]) -> None:
        self._connections = connections
        self._manners = manners

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        return Connection(self._connections, self._manners())
