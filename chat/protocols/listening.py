"""Where the chat listens: the endpoints of Twisted, and one of our own for all addresses of a machine."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from contextlib import closing, suppress
from ipaddress import ip_address
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, execute
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from chat.core.peer import Address

ENCRYPTED = "tls:"
"""How the description of an endpoint begins where TLS is spoken; a port, or another description, follows."""

EVERYWHERE = "everywhere:"
"""How the description of an endpoint begins that listens on all addresses, IPv4 and IPv6; the port follows."""

BEHIND_PROXY = "haproxy:"
"""How the description of an endpoint begins behind which a proxy connects."""

BACKLOG = 1024
"""The connections that may wait to be accepted. Twisted lets 50 wait, and others would try again after a second."""

log = Logger()

_ELSEWHERE: Mapping[int, str] = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that are nobody's. Connecting a UDP socket to one sends nothing, and tells which address of ours would."""

_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)


def endpoint(reactor: Any, description: str) -> IStreamServerEndpoint:
    """Make the endpoint of a *description*; raises :class:`ValueError`, or what Twisted raises, if there is none."""
    description = description.removeprefix(BEHIND_PROXY)
    if description.startswith(ENCRYPTED):
        description = description.removeprefix(ENCRYPTED)
        description = f"tcp:{description}" if description.partition(":")[0].isdecimal() else description
    kind, _, port = description.partition(":")
    if description.startswith(EVERYWHERE):
        if not (port.isascii() and port.isdecimal() and int(port) < 1 << 16):
            raise ValueError(f"{port or 'nothing'} is no port")
        return Everywhere(reactor, int(port))
    if kind in ("tcp", "tcp6", "ssl", "unix") and ":backlog=" not in description:
        description += f":backlog={BACKLOG}"
    made: IStreamServerEndpoint = serverFromString(reactor, description)
    return made


def is_encrypted(description: str) -> bool:
    """Tell whether a *description* says that TLS is spoken there."""
    return description.removeprefix(BEHIND_PROXY).startswith(ENCRYPTED)


def usual_address(family: int) -> Address | None:
    """The address of this machine, IPv4 or IPv6, that talks to the rest of the world, if there is a way to it."""
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((_ELSEWHERE[family], 9))
        return ip_address(probe.getsockname()[0])
    return None


@implementer(IStreamServerEndpoint)
class Everywhere:
    """All addresses of this machine, by one socket for IPv4 and IPv6; without IPv6, by one for IPv4."""

    def __init__(self, reactor: Any, port: int) -> None:
        self._reactor = reactor
        self._port = port

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Listen."""
        return execute(self._listen, factory)

    def _listen(self, factory: IProtocolFactory) -> Any:
        try:
            opened = self._open()
        except OSError as error:
            raise CannotListenError("", self._port, error) from error
        with closing(opened):
            opened.setblocking(False)
            return self._reactor.adoptStreamPort(opened.fileno(), opened.family, factory)

    def _open(self) -> socket.socket:
        if socket.has_dualstack_ipv6():
            try:
                return socket.create_server(
                    ("", self._port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True
                )
            except OSError as error:
                if error.errno not in _NO_IPV6:
                    raise
        return socket.create_server(("", self._port), backlog=BACKLOG)


class Listening(Service):
    """Listens by the endpoint of a *description* while it runs; starting it raises :class:`CannotListenError`."""

    def __init__(self, reactor: Any, description: str, factory: IProtocolFactory) -> None:
        self.description = description
        self._endpoint = endpoint(reactor, description)
        self._factory = factory
        self._opening: Deferred[None] | None = None
        self._port: IListeningPort | None = None

    @property
    def behind_proxy(self) -> bool:
        """Whether a proxy connects there, and nobody else."""
        return self.description.startswith(BEHIND_PROXY)

    @property
    def address(self) -> IAddress | None:
        """Where it listens."""
        return None if self._port is None else self._port.getHost()

    def privilegedStartService(self) -> None:
        """Listen."""
        super().privilegedStartService()
        failures: list[Failure] = []

        def failed(failure: Failure) -> None:
            if self._opening is None:
                failures.append(failure)
            else:
                log.failure("the chat can't listen on {endpoint}", failure, endpoint=self.description)

        opening = self._endpoint.listen(self._factory).addCallbacks(self._opened, failed)
        for failure in failures:
            if failure.check(OSError, OverflowError, LookupError):
                raise CannotListenError(None, self.description, failure.value) from failure.value
            failure.raiseException()
        self._opening = opening

    def startService(self) -> None:
        """Listen, if it does not yet."""
        super().startService()
        if self._opening is None:
            self.privilegedStartService()

    def stopService(self) -> Any:
        """Listen no more."""
        super().stopService()
        opening = self._opening
        self._opening = None
        if opening is not None:
            opening.cancel()
        port, self._port = self._port, None
        return None if port is None else port.stopListening()

    def _opened(self, port: IListeningPort) -> None:
        self._port = port
