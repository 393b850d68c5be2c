"""HTTP: requests that are looked at before their bodies are read, on connections that are let in as all others."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from io import BytesIO
from typing import Any, Protocol, cast

from msgspec.structs import replace
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol, IPushProducer, ITCPTransport
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.iweb import IRequest
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request, Site
from zope.interface import implementer

from chat.core.doorkeeper import Doorkeeper
from chat.core.errors import ChatError
from chat.core.limits import Bucket
from chat.core.peer import Peer
from chat.delivery.transports import peer_of, take_over
from chat.protocols.admission import Unheard
from chat.protocols.connection import Connections
from chat.protocols.timeouts import Timeouts
from chat.protocols.web.hosts import Hosts, first_name

PIECE = 16_384
"""A body must bring so many bytes in each time that a client has for a request (:attr:`Limits.handshake`)."""

BURST, RATE = 60, 10
"""The requests that may come by one connection at once, and those a second after that; more are read later."""

LINGER = 2.0
"""The seconds that a client has to read why its body was not taken."""

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What all answers have: a page of ours uses nothing from elsewhere, and pages from elsewhere nothing of ours."""


class Refused(Exception):
    """A request is not carried out; the message is a sentence for whoever sent it."""

    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Body(Protocol):
    """Where the body of a request is written to. When the request is done, or the client is gone, it is closed."""

    def write(self, data: bytes, /) -> Any:
        """Take what has come; may raise :class:`Refused`, which ends the request."""

    def seek(self, offset: int, whence: int = 0, /) -> Any:
        """Go to the beginning: all has come."""

    def tell(self) -> int:
        """Return how much has come."""

    def read(self, size: int = -1, /) -> bytes:
        """Return what has come."""

    def close(self) -> None:
        """Let go of it."""


class TakesBody(Resource):
    """A resource whose requests may have a body. It must be a leaf: :meth:`open_body` is asked before the body comes.

    When all has come, ``render_PUT`` or ``render_POST`` is called as usual, and finds what *open_body* has returned in
    ``request.content``.
    """

    isLeaf = True
    most_body = 65_536
    """The most bytes of a body, also of one whose length is not known before."""

    def open_body(self, request: WebRequest, length: int | None) -> Body:
        """Return what takes the body; *length* is what the client says. Raises :class:`Refused`."""
        return BytesIO()


class Missing(Resource):
    """What is at an address where nothing is."""

    isLeaf = True

    def render(self, request: IRequest) -> bytes:
        raise Refused(HTTPStatus.NOT_FOUND, "There is nothing here.")


class Folder(Resource):
    """A resource that has others below it."""

    def getChild(self, path: bytes, request: IRequest) -> Resource:  # noqa: N802 - Twisted's
        return Missing()


class WebRequest(Request):
    """A request. Before its body is read, :meth:`look_at` has found out where it comes from and what it asks for."""

    channel: WebChannel
    site: WebSite
    refused: Refused | None = None
    peer: Peer
    """Where the client is."""
    gone = False
    """Whether the client went before the answer: nothing may be sent any more."""
    _most = 0
    _taken = 0

    def __repr__(self) -> str:
        """Say nothing of what is asked for, as the log has what is said here."""
        return f"<request from {self.peer}>" if hasattr(self, "peer") else "<request>"

    def look_at(self, method: bytes, path: bytes, length: int | None) -> None:
        """Look at the head of the request; :attr:`refused` tells what is wrong with it."""
        self.site = self.channel.site
        self.method = method
        self.content = BytesIO()
        peer = self.site.hosts.peer(self.channel.socket, self.requestHeaders)
        scheme = "https" if peer.tls else "http"
        page = self.site.hosts.page or f"{scheme}://{self.requestHeaders.getRawHeaders('Host', [''])[0]}/"
        self.peer = replace(peer, reached=page)
        try:
            self.channel.require_admitted()
            self._require_ours()
            if not path.startswith(b"/"):
                raise Refused(HTTPStatus.BAD_REQUEST, "Ask for a path, such as /.")
            if length != 0:
                self._open_body(path, length)
        except Refused as refused:
            self.refused = refused

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's
        """The content is there already: Twisted would write a body of any size to a temporary file."""

    def _require_ours(self) -> None:
        """Raise :class:`Refused` unless the chat was asked for by a name of its own, and by no page of another site."""
        hosts = self.requestHeaders.getRawHeaders("Host", [])
        host = hosts[0] if len(hosts) == 1 else ""
        if not self.site.hosts.lets_in(host, self.channel.socket):
            raise Refused(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"This chat does not know the host {host[:100]!r} as its own. Whoever runs it can give --web-url.",
            )
        for origin in self.requestHeaders.getRawHeaders("Origin", []):
            if not self.site.hosts.is_ours(origin, host):
                raise Refused(HTTPStatus.FORBIDDEN, "Pages of other sites can't use this chat.")

    def _open_body(self, path: bytes, length: int | None) -> None:
        child = self.site.resource.children.get(first_name(path))
        most = child.most_body if isinstance(child, TakesBody) else 0
        if not isinstance(child, TakesBody) or (length is not None and length > most):
            raise _too_large(most)
        self._most = most
        self.uri = path
        self.content = child.open_body(self, length)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - Twisted's
        before, self._taken = self._taken, self._taken + len(data)
        try:
            if self._taken > self._most:
                raise _too_large(self._most)
            cast(Body, self.content).write(data)
        except Refused as refused:
            self.channel.refuse(refused)
        if before // PIECE < self._taken // PIECE:
            self.channel.wait_on()

    def process(self) -> None:
        for name, value in _HEADERS.items():
            self.setHeader(name, value)
        super().process()

    def render(self, resrc: IResource) -> None:
        try:
            if self.refused is not None:
                raise self.refused
            method = self.method.decode("latin-1")
            if type(resrc).render is Resource.render and not hasattr(resrc, f"render_{method}"):
                raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "That can't be done here.")
            super().render(resrc)
        except Refused as refused:
            self.answer(refused.status, str(refused))

    def connectionLost(self, reason: Failure) -> None:
        self.gone = True
        super().connectionLost(reason)

    def answer(self, status: HTTPStatus, sentence: str) -> None:
        """Answer with a sentence, unless the client is gone."""
        if self.gone:
            return
        body = f"{sentence}\n".encode()
        self.setResponseCode(status)
        self.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        self.setHeader(b"Cache-Control", b"no-store")
        self.setHeader(b"Content-Length", b"%d" % len(body))
        if self.method != b"HEAD":
            self.write(body)
        self.finish()


def _too_large(most: int) -> Refused:
    sentence = f"Send at most {most} bytes." if most else "Send nothing with such a request."
    return Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)


@implementer(IHalfCloseableProtocol)
class WebChannel(HTTPChannel):
    """One connection by HTTP, until it becomes a WebSocket.

    It counts among those that are expected, and has as long for the head of each request as others for TLS.
    """

    totalHeadersSize = 8_192  # noqa: N815 - Twisted's
    maxHeaders = 64  # noqa: N815 - Twisted's
    site: WebSite
    _turned_away: ChatError | None = None
    _counted: Peer | None = None
    _ended = False
    _asked = False
    """Whether a request has come whole that is not answered yet."""
    _sends_no_more = False
    """Whether the client has closed its side."""
    _answered = False
    """Whether nothing of a request has come since the last answer."""
    _full = False
    """Whether the client has still to read so much that no more is to be sent."""
    _successor: TwistedProtocol | None = None
    _closing: IDelayedCall | None = None
    _bucket: Bucket | None = None
    _reading: IDelayedCall | None = None
    """When the next request is read, if too many have come."""

    def connectionMade(self) -> None:
        super().connectionMade()
        try:
            self.site.connections.admission.expect(self)
            self._enter(peer_of(self.socket))
        except Unheard:
            self.abort()

    def _enter(self, peer: Peer) -> None:
        """Count a connection from *peer*, unless that is a proxy; raises :class:`Unheard`."""
        if self.site.hosts.believes(peer.address):
            return
        self._counted = peer
        self._turned_away = self.site.doorkeeper.enter(peer, self.site.connections.monotonic())
        if self.site.doorkeeper.overrun(peer):
            raise Unheard

    @property
    def socket(self) -> ITCPTransport:
        """The connection itself."""
        return cast(ITCPTransport, self.transport)

    @property
    def _socket_producer(self) -> IPushProducer:
        return cast(IPushProducer, self.transport)

    def require_admitted(self) -> None:
        """Raise :class:`Refused` if there are too many connections from there."""
        if self._turned_away is not None:
            raise Refused(HTTPStatus.TOO_MANY_REQUESTS, str(self._turned_away))

    def abort(self) -> None:
        """No request came in time: close at once, or when the client has read the last answer, which may take it long.

        A connection that is aborted loses what the system still has to send.
        """
        if self._answered:
            self._answered = False
            self.site.unread.add(self)
            self.loseConnection()
        else:
            self.socket.abortConnection()

    def write(self, data: bytes) -> None:
        """Send a part of an answer."""
        self._wait_for_reader()
        super().write(data)

    def writeSequence(self, iovec: Sequence[bytes]) -> None:  # noqa: N802 - Twisted's
        """Send a part of an answer."""
        self._wait_for_reader()
        super().writeSequence(iovec)

    def _wait_for_reader(self) -> None:
        """Another part of an answer is sent: the client has as long again to read."""
        if not self._ended:
            self.site.unread.add(self)

    def wait_on(self) -> None:
        """What the client sends goes on: it has as long again."""
        if not self._ended:
            self.site.connections.admission.handshakes.add(self)

    def pauseProducing(self) -> None:
        self._full = True
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self._full = False
        super().resumeProducing()
        if self.paused:
            self._socket_producer.pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        """Take what has come, unless the connection is being closed: by TLS more may come until the client closes."""
        if not cast(Any, self.transport).disconnecting:
            super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        """Go on with a head, unless its request came while the answers before it are not read: then close.

        Twisted would answer to all requests that have come, and keep the answers in memory.
        """
        if self._answered and self._full:
            self.loseConnection()
        elif not self._ended:
            self._answered = False
            self.site.unread.discard(self)
            super().lineReceived(line)

    def headerReceived(self, line: bytes) -> bool:
        """Have a header be UTF-8, as it is read as such."""
        try:
            return bool(super().headerReceived(line.decode("utf-8", "replace").encode()))
        except ValueError:  # a length of more digits than Python reads
            self.refuse(Refused(HTTPStatus.BAD_REQUEST, "That is no length."))
            return False

    def allHeadersReceived(self) -> None:
        self._path = self.site.hosts.within(self._path, self.site.resource.children)
        request = cast(WebRequest, self.requests[-1])
        request.look_at(self._command, self._path, self.length)
        if request.refused is not None and self.length != 0:
            self.refuse(request.refused)
        else:
            super().allHeadersReceived()

    def refuse(self, refused: Refused) -> None:
        """Answer to a request whose body is not read, or not all of it, and close."""
        if self._ended:
            return
        self._end()
        body = f"{refused}\n".encode()
        head = (
            f"HTTP/1.1 {refused.status.value} {refused.status.phrase}\r\nConnection: close\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        transport = cast(Any, self.transport)
        transport.pauseProducing()
        transport.write(head.encode() + body)
        if hasattr(type(transport), "loseWriteConnection"):
            transport.loseWriteConnection()
        else:
            self.loseConnection()
        self._closing = self.callLater(LINGER, transport.abortConnection)

    def allContentReceived(self) -> None:
        if not self._ended:
            self._asked = True
            self.site.connections.admission.handshakes.discard(self)
            super().allContentReceived()

    def rawDataReceived(self, data: bytes) -> None:
        if self._successor is not None:
            self._successor.dataReceived(data)
        elif not self._ended:
            super().rawDataReceived(data)

    def requestDone(self, request: Request) -> None:  # noqa: N802 - Twisted's
        self.wait_on()
        self._asked = False
        self._answered = True
        wait = self._charge()
        self.paused = wait > 0
        super().requestDone(request)
        if self.paused:
            self._socket_producer.pauseProducing()
            self._reading = self.callLater(wait, self._read_on)
        self._close_if_done()

    def _charge(self) -> float:
        """Charge for a request, unless a proxy passed it on; return the seconds in which no more is read."""
        limits, now = self.site.connections.hub.limits, self.site.connections.monotonic()
        if limits.rate is None or self._counted is None:
            return 0.0
        if self._bucket is None:
            self._bucket = Bucket(BURST, RATE, now)
        return self._bucket.take(now, 1)

    def _read_on(self) -> None:
        self._reading = None
        self.paused = False
        self._socket_producer.resumeProducing()
        self.dataReceived(b"")
        self._close_if_done()

    def readConnectionLost(self) -> None:
        """The client sends no more, but may read the answers to what it has asked for."""
        self._sends_no_more = True
        self._close_if_done()

    def writeConnectionLost(self) -> None:
        """We have closed our end."""

    def _close_if_done(self) -> None:
        """Close if the client sends no more, and has the answers to all that has come whole."""
        closes = cast(Any, self.transport).disconnecting
        if self._sends_no_more and not self._asked and not self.paused and not closes:
            self.loseConnection()

    def become(self, protocol: TwistedProtocol, answer: bytes) -> None:
        """Have *protocol* go on with the connection, after *answer*."""
        self._end()
        if take_over(self, protocol, answer):
            self._successor = protocol
        else:
            self.socket.abortConnection()

    def _end(self) -> None:
        """This is no connection for requests any more."""
        self._ended = True
        self.site.connections.admission.settle(self)
        self.site.unread.discard(self)
        counted, self._counted = self._counted, None
        if counted is not None:
            self.site.doorkeeper.leave(counted)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._end()
        for call in (self._closing, self._reading):
            if call is not None and call.active():
                call.cancel()
        super().connectionLost(reason)


class WebSite(Site):
    """Serves *root* to those that *hosts* lets in. It has no log of what is asked for: addresses can be secrets."""

    noisy = False
    protocol = WebChannel  # type: ignore[assignment] # what Twisted documents; its own has HTTP/2 besides
    requestFactory = WebRequest  # noqa: N815 - Twisted's
    resource: Resource

    def __init__(self, root: Resource, connections: Connections, hosts: Hosts, doorkeeper: Doorkeeper) -> None:
        super().__init__(root, timeout=None, reactor=connections.clock, parsePOSTFormSubmission=False)
        self.connections = connections
        self.hosts = hosts
        self.doorkeeper = doorkeeper
        self.unread: Timeouts[WebChannel] = Timeouts(
            connections.clock, connections.hub.limits.stuck, lambda stuck: stuck.socket.abortConnection()
        )
        """Those to which a part of an answer was sent, until the next part, or the next request."""

    def startFactory(self) -> None:  # noqa: N802 - Twisted's
        """Begin without the clock of Twisted's log, which would tick each second."""

    def stopFactory(self) -> None:  # noqa: N802 - Twisted's
        """End."""

    def acceptableProtocols(self) -> list[bytes]:  # noqa: N802 - Twisted's
        """Speak no HTTP/2 over TLS."""
        return [b"http/1.1"]

    def log(self, request: object) -> None:
        """Log nothing."""
