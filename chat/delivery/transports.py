"""Where we reach past what Twisted documents of its transports: this file, and no other.

``tests/delivery/test_transports.py`` pins each name, on all reactors, so that a Twisted that changes one is noticed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from sys import intern
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import INegotiated, IProtocol, ITransport
from twisted.internet.tcp import Connection, Server
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure

from chat.core.peer import Peer

ACCEPTS = 32
"""About so many connections are accepted in a turn; Twisted would take ever more, and let those who are in wait."""

PROBES = 4
PROBE_INTERVAL = 15
"""So many probes of a silent connection may stay unanswered, and the seconds between them."""

Send = Callable[[bytes | memoryview], int]
"""Sends bytes; returns how many it took, and raises ``OSError`` if it could take none."""


def socket_send(transport: Any) -> Send | None:
    """The ``send`` of the socket below a TCP or local transport, which costs less than the way through Twisted.

    ``None`` for any other transport, such as TLS, which has a buffer of its own. Who uses it must not have given the
    transport anything to write that it has not sent yet.
    """
    # Asked of the class: a TLS transport hands what it does not have itself on to the socket below.
    if not hasattr(type(transport), "writeSomeData"):
        return None
    send: Send = transport.getHandle().send
    return send


def _chain(transport: object) -> Iterator[object]:
    """The transport, and those that it wraps."""
    while transport is not None:
        yield transport
        transport = transport.transport if isinstance(transport, ProtocolWrapper) else None


def is_layered(transport: object, kind: type) -> bool:
    """Tell whether a layer of that *kind* lies between the connection and its socket."""
    return any(isinstance(each, kind) for each in _chain(transport))


def tune(transport: object, keepalive: int) -> None:
    """Have TCP send at once, and find out when the other end is gone without a word."""
    *_, connection = _chain(transport)
    if not isinstance(connection, Connection) or isinstance(connection.getPeer(), UNIXAddress):
        return
    if isinstance(connection, Server):
        port = connection.server
        port.numberAccepts = min(port.numberAccepts, ACCEPTS)
    connection.setTcpNoDelay(True)
    connection.setTcpKeepAlive(True)
    handle = connection.getHandle()
    for option, value in (("IDLE", keepalive), ("INTVL", PROBE_INTERVAL), ("CNT", PROBES)):
        if hasattr(socket, f"TCP_KEEP{option}"):
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, f"TCP_KEEP{option}"), value)


def peer_of(transport: ITransport, *, relayed: bool = False) -> Peer:
    """Tell where the client of a connection is, which with *relayed* a proxy has said.

    Raises :class:`TypeError` for a kind of address that we do not know.
    """
    address = transport.getPeer()
    tls = INegotiated.providedBy(transport)
    if isinstance(address, IPv4Address | IPv6Address):
        here = transport.getHost()
        reached = intern(Peer.host(here.host)) if isinstance(here, IPv4Address | IPv6Address) else ""
        return Peer.at(address.host, address.port, tls=tls, relayed=relayed, reached=reached)
    if isinstance(address, UNIXAddress):
        return Peer(tls=tls, relayed=relayed)
    raise TypeError(f"{address!r} is not the address of a client that can be told from others")


def take_over(channel: Any, protocol: IProtocol, answer: bytes) -> bool:
    """Have *protocol* go on with the connection of a channel of ``twisted.web``, after *answer*.

    Returns whether it could: not if the client has not taken all yet that it was sent before.
    """
    channel.setTimeout(None)
    channel._networkProducer.unregisterProducer()
    channel.requests.clear()
    transport = channel.transport
    send = socket_send(transport)
    if send is None:
        transport.write(answer)
    else:
        try:
            if transport.dataBuffer or transport._tempDataBuffer or send(answer) < len(answer):
                return False
        except OSError:
            return False
    if isinstance(transport, ProtocolWrapper):
        transport.wrappedProtocol = protocol
    else:
        transport.protocol = protocol
    transport.resumeProducing()
    protocol.makeConnection(transport)
    return True


class TlsLayer(TLSMemoryBIOProtocol):
    """Twisted's TLS, which lets go of the connection when it ends."""

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:  # noqa: N802 - Twisted calls it so
        """Forget the frames in which TLS ended: they hold the connection, and 30 KB, until Python looks for cycles."""
        if reason is not None:
            reason.cleanFailure()
        super()._tlsShutdownFinished(reason)
