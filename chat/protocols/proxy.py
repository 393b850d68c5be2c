"""What a proxy says before a connection: for whom it is. The PROXY protocol of HAProxy, versions 1 and 2.

https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt specifies it. Unlike Twisted's own wrapper, ours takes a
header in pieces, and the connection begins only when it has come, so that it is known from its beginning who it is.
"""

from __future__ import annotations

from enum import Enum, auto
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from twisted.internet import address
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol, IProtocol, IProtocolFactory
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.protocols.admission import Admission, Unheard

LINE = b"PROXY "
LONGEST_LINE = 107
"""The bytes of a header of version 1, with its end of line."""

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FIXED = 16
LONGEST = 4_096
"""The bytes of a header of version 2, which may carry more than we read."""

log = Logger()


class BadHeader(Exception):
    """What came is no header of a proxy's."""


def read_header(data: bytes) -> tuple[IAddress | None, int] | None:
    """Find the address of the client in the header that *data* begins with, and the length of the header.

    There is no address where the proxy speaks for itself, or does not know. Returns ``None`` if the header is still to
    be continued, and raises :class:`BadHeader` if it is none.
    """
    if SIGNATURE.startswith(data[: len(SIGNATURE)]):
        return _read_fields(data)
    if LINE.startswith(data[: len(LINE)]):
        return _read_line(data)
    raise BadHeader


def _read_line(data: bytes) -> tuple[IAddress | None, int] | None:
    line, end, _ = data[:LONGEST_LINE].partition(b"\r\n")
    if not end:
        if len(data) >= LONGEST_LINE:
            raise BadHeader
        return None
    match line.split(b" "):
        case [_, b"UNKNOWN", *_]:
            source = None
        case [_, b"TCP4", host, _, port, _]:
            source = _address(IPv4Address, host.decode("latin-1"), port)
        case [_, b"TCP6", host, _, port, _]:
            source = _address(IPv6Address, host.decode("latin-1"), port)
        case _:
            raise BadHeader
    return source, len(line) + len(end)


def _read_fields(data: bytes) -> tuple[IAddress | None, int] | None:
    if len(data) < FIXED:
        return None
    command, family = data[12], data[13] >> 4
    length = FIXED + int.from_bytes(data[14:16], "big")
    if command not in (0x20, 0x21) or length > LONGEST:
        raise BadHeader
    if len(data) < length:
        return None
    fields = data[FIXED:length]
    source: IAddress | None
    match family if command == 0x21 else 0:
        case 1 if len(fields) >= 12:
            source = _address(IPv4Address, fields[:4], fields[8:10])
        case 2 if len(fields) >= 36:
            source = _address(IPv6Address, fields[:16], fields[32:34])
        case 3 if len(fields) >= 216:
            source = address.UNIXAddress(fields[:108].rstrip(b"\0"))
        case 0:
            source = None
        case _:
            raise BadHeader
    return source, length


def _address(kind: type[IPv4Address | IPv6Address], host: str | bytes, port: bytes) -> IAddress:
    """Make the address of *host*, written or packed as *port* is."""
    if isinstance(host, str) and ("%" in host or not port.isdigit()):
        raise BadHeader
    try:
        found = kind(host)
    except ValueError as error:
        raise BadHeader from error
    number = int.from_bytes(port, "big") if isinstance(host, bytes) else int(port)
    if number >= 1 << 16:
        raise BadHeader
    if isinstance(found, IPv4Address):
        return address.IPv4Address("TCP", str(found), number)
    return address.IPv6Address("TCP", str(found), number)


class State(Enum):
    """Where a connection from a proxy is in its life."""

    EXPECTED = auto()
    """Its header has not come yet, or not all of it."""
    BEGUN = auto()
    CUT = auto()


@implementer(IHalfCloseableProtocol)
class ProxyConnection(ProtocolWrapper):
    """A connection from a proxy: it begins when the header has come, and is then one from the address in it."""

    factory: ProxyFactory

    def __init__(self, factory: Any, wrapped: IProtocol) -> None:
        super().__init__(factory, wrapped)
        self._state = State.EXPECTED
        self._head = b""
        self._source: IAddress | None = None

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport
        try:
            self.factory.admission.expect(self)
        except Unheard:
            self.abort()

    def dataReceived(self, data: bytes) -> None:
        if self._state is State.BEGUN:
            super().dataReceived(data)
        elif self._state is State.EXPECTED:
            self._read(self._head + data)

    def _read(self, data: bytes) -> None:
        try:
            found = read_header(data)
        except BadHeader:
            log.info("{peer} does not say for whom it is, as a proxy does, so it was cut", peer=self.getPeer())
            self.abort()
            return
        if found is None:
            self._head = data
            return
        self._source, length = found
        self._leave(State.BEGUN)
        super().makeConnection(self.transport)
        if data[length:]:
            super().dataReceived(data[length:])

    def abort(self) -> None:
        """Close at once, before the connection has begun."""
        self._leave(State.CUT)
        self.loseConnection()

    def _leave(self, state: State) -> None:
        """Wait for the header no more."""
        self._state, self._head = state, b""
        self.factory.admission.settle(self)

    def getPeer(self) -> IAddress:  # noqa: N802 - Twisted calls it so
        return self._source if self._source is not None else super().getPeer()

    def readConnectionLost(self) -> None:
        """The client sends no more, as the proxy passes on: what was wrapped says what becomes of that.

        Its class knows whether it can. TLS can't, but says that it can: it provides whatever its transport does, which
        is this connection.
        """
        wrapped: Any = self.wrappedProtocol
        if self._state is State.BEGUN and IHalfCloseableProtocol.implementedBy(type(wrapped)):
            wrapped.readConnectionLost()
        else:
            self.loseConnection()

    def writeConnectionLost(self) -> None:
        """Nobody closes our end alone: a wrapper has no way to do that."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._state is State.BEGUN:
            super().connectionLost(reason)
        else:
            self._leave(State.CUT)


class ProxyFactory(WrappingFactory):
    """Takes connections from proxies for another factory."""

    noisy = False
    protocol = ProxyConnection

    def __init__(self, wrapped: IProtocolFactory, admission: Admission) -> None:
        super().__init__(wrapped)
        self.admission = admission

    def logPrefix(self) -> str:  # noqa: N802 - Twisted calls it so
        """What the log calls it."""
        return f"{self.wrappedFactory.logPrefix()} (PROXY)"
