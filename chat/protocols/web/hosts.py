"""Whose requests are let in: by which names the chat is asked for, from which pages, and through which proxies."""

from __future__ import annotations

import socket
from collections.abc import Container, Sequence
from ipaddress import IPv4Address, ip_address
from urllib.parse import SplitResult, urlsplit

from twisted.internet.interfaces import ITransport
from twisted.web.http_headers import Headers

from chat.core.peer import Address, Peer
from chat.delivery.transports import is_layered, peer_of
from chat.protocols.proxy import ProxyConnection
from chat.protocols.web_address import ON_SOCKETS, proxy_value

SOMEWHERE = IPv4Address("0.0.0.0")  # noqa: S104 - nobody listens there
"""Stands for the address of a client behind a proxy of which we do not know whether it tells the truth."""

_TRACES = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
"""The headers by which one sees that a proxy has passed a request on."""


class Hosts:
    """Knows by which hosts the chat may be asked for: *url* is where its page is, *proxies* are believed."""

    def __init__(self, url: str | None, proxies: Sequence[str]) -> None:
        own = socket.gethostname().lower()
        first = own.partition(".")[0]
        self._names = {"localhost", own, first, f"{first}.local"}
        self.page = url
        """Where the page is, if somebody has said so."""
        parts = urlsplit(url) if url is not None else None
        self._host = parts.netloc if parts is not None else ""
        self._path = parts.path.rstrip("/").encode() if parts is not None else b""
        if parts is not None:
            self._names.add(parts.hostname or "")
        self._proxies = [proxy_value(text) for text in proxies]

    def lets_in(self, host: str, transport: ITransport) -> bool:
        """Tell whether *host*, as a browser says it, means this chat, and is not a name that was made to mean it."""
        parts = _split(f"//{host}")
        if parts is None or parts.netloc != host or "@" in host:
            return False
        name = (parts.hostname or "").rstrip(".")
        try:
            address = ip_address(name)
        except ValueError:
            return name in self._names
        here = getattr(transport.getHost(), "host", None)
        return address.is_loopback or str(address) in self._names or (here is not None and _plain(here) == address)

    def is_ours(self, origin: str, host: str) -> bool:
        """Tell whether a page of *origin* is one of ours, which was asked for as *host*."""
        parts = _split(origin)
        if parts is None or not parts.netloc or parts.scheme not in ("http", "https"):
            return False
        return parts.netloc.lower() in (host.lower(), self._host)

    def within(self, path: bytes, ours: Container[bytes | None]) -> bytes:
        """Return *path* as we name it, if a proxy has left the path of the page in it.

        What comes behind that begins with one of *ours* then. Where the path of the page is ``/f``, it is ours itself.
        """
        inner = path.removeprefix(self._path)
        return inner if first_name(inner) in ours else path

    def peer(self, transport: ITransport, headers: Headers) -> Peer:
        """Tell where the client is whose request came by *transport*."""
        peer = peer_of(transport, relayed=is_layered(transport, ProxyConnection))
        if not any(headers.hasHeader(name) for name in _TRACES):
            return peer
        if not self.believes(peer.address):
            return Peer(SOMEWHERE if peer.local else peer.address, peer.port, relayed=peer.relayed)
        address = self._client(_words(headers, "X-Forwarded-For"))
        if address is None:
            return Peer(SOMEWHERE, relayed=True)
        if address.is_loopback and not peer.local:
            address = SOMEWHERE
        return Peer(address, tls=_words(headers, "X-Forwarded-Proto")[-1:] == ["https"], relayed=True)

    def _client(self, passed: Sequence[str]) -> Address | None:
        """The last address among what a request has *passed* that is no proxy's, or else the last, if that is known.

        What stands before it is not looked at: a client may have made it up, and it need not be an address.
        """
        last = None
        for text in reversed(passed):
            try:
                address = _plain(text)
            except ValueError:
                return None
            if not self.believes(address):
                return address
            last = last or address
        return last

    def believes(self, address: Address | None) -> bool:
        """Tell whether a proxy that is there, on a local socket for ``None``, is believed."""
        if address is None:
            return ON_SOCKETS in self._proxies
        return any(address in network for network in self._proxies if not isinstance(network, str))


def first_name(path: bytes) -> bytes | None:
    """Return what stands between the first two slashes of a *path*; ``None`` if it is none."""
    before, slash, rest = path.partition(b"?")[0].partition(b"/")
    return rest.partition(b"/")[0] if slash and not before else None


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # which may be none
    except ValueError:
        return None
    return parts


def _plain(host: str) -> Address:
    return Peer.at(host, 0).address or SOMEWHERE


def _words(headers: Headers, name: str) -> list[str]:
    values = headers.getRawHeaders(name) or []
    return [word.strip().strip("[]") for value in values for word in value.split(",")]
