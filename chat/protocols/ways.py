"""The ways into a chat. A new one is a module of its own and one entry here."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from twisted.internet.interfaces import IProtocolFactory, IReactorTime

from chat.protocols.certificate import Certificate
from chat.protocols.connection import ChatFactory, Connections
from chat.protocols.listening import BEHIND_PROXY, EVERYWHERE, is_encrypted
from chat.protocols.manners import Manners
from chat.protocols.proxy import ProxyFactory
from chat.protocols.stored_files import StoredFiles
from chat.protocols.tls import TlsFactory


class Surroundings(msgspec.Struct, frozen=True):
    """What a way in is built of. There is a *certificate* if the chat has one."""

    connections: Connections
    reactor: IReactorTime
    certificate: Certificate | None
    web_url: str | None = None
    """Where the page is for those who come through a proxy."""
    web_proxy: tuple[str, ...] = ()
    """Who is believed that says for whom a request is."""
    stored_files: StoredFiles | None = None
    """Where files are kept, if there is a place."""


class WayIn(msgspec.Struct, frozen=True):
    """One way into the chat: the option that opens it, the port it has then, and what makes its connections."""

    option: str
    port: int
    help: str
    factory: Callable[[Surroundings], IProtocolFactory]
    says: str
    """What the log says of each endpoint."""
    example: str
    """What the configuration file may have."""
    opened_by: tuple[str, ...] | None = ()
    """The fields of :class:`chat.settings.Settings` that open it at the default endpoint; ``None``: always open."""
    tls: bool = False
    """Whether TLS is spoken at all its endpoints, and not only where they say so."""

    @property
    def default(self) -> str:
        """The endpoint for this machine alone."""
        return f"tcp:{self.port}:interface=127.0.0.1"

    @property
    def everywhere(self) -> str:
        """The endpoint for everybody on the network."""
        return f"{EVERYWHERE}{self.port}"

    @property
    def setting(self) -> str:
        """The key of its endpoints in :attr:`chat.settings.Settings.ways`."""
        return self.option.replace("-", "_")

    def connections(self, chat: Surroundings, description: str) -> IProtocolFactory:
        """What makes its connections at an endpoint."""
        factory = self.factory(chat)
        if self.encrypts(description):
            assert chat.certificate is not None  # noqa: S101 - settings that listen for TLS have one
            factory = TlsFactory(chat.certificate, False, factory, chat.reactor)
        if description.startswith(BEHIND_PROXY):
            factory = ProxyFactory(factory, chat.connections.admission)
        return factory

    def encrypts(self, description: str) -> bool:
        """Tell whether its connections at an endpoint speak TLS."""
        return self.tls or is_encrypted(description)


def _plain(chat: Surroundings) -> IProtocolFactory:
    return ChatFactory(chat.connections, plain_manners)


def plain_manners() -> Manners:
    """Return how a client of the plain port is spoken with. The commands are loaded when the first one connects."""
    from chat.protocols.plain import PlainManners

    return PlainManners()


def _web(chat: Surroundings) -> IProtocolFactory:
    from chat.protocols.web.hosts import Hosts
    from chat.protocols.web.site import web_site

    return web_site(chat.connections, Hosts(chat.web_url, chat.web_proxy), chat.stored_files)


PLAIN = WayIn(
    "listen",
    12345,
    "Listen on this Twisted endpoint",
    _plain,
    "listening on",
    'a list of strings, like ["tcp:12345"]',
    opened_by=None,
)
TLS = WayIn(
    "tls-listen",
    12346,
    "Listen for TLS on this endpoint",
    _plain,
    "listening for TLS on",
    'a list of strings, like ["tcp:12346"]',
    opened_by=("tls", "tls_cert"),
    tls=True,
)
WEB = WayIn(
    "web",
    8080,
    "Serve a page for browsers on this endpoint, which may be left out",
    _web,
    "serving the page on",
    'true, or a list of strings, like ["tcp:8080"]',
    opened_by=("web",),
)
WAYS = (PLAIN, TLS, WEB)
"""All ways in, in the order in which they are opened."""
