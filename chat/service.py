"""A chat as a Twisted service, which goes into any :class:`~twisted.application.service.MultiService`."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property, partial
from ipaddress import ip_address
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from chat.admin.address import FILE
from chat.admin.server import OperatorSocket
from chat.core import durations
from chat.core.limits import Limits
from chat.core.links import Links
from chat.core.peer import Peer
from chat.engine import Engine
from chat.history.directory import CERTIFICATE
from chat.history.retention import Retention
from chat.history.sqlite import SqliteStore
from chat.history.store import Store
from chat.protocols.certificate import BadCertificate, Certificate, make_where_missing
from chat.protocols.connection import ChatFactory
from chat.protocols.listening import Listening, usual_address
from chat.protocols.stored_files import StoredFiles
from chat.protocols.ways import WAYS, WEB, Surroundings, WayIn, plain_manners
from chat.settings import FOREVER, NO_DATA, Settings
from chat.talklog import TalkLog

if TYPE_CHECKING:
    from chat.protocols.memory import MemoryEndpoint

FILING = 2
"""The threads that write files which users send."""

PATIENCE = 10.0
"""The seconds that clients have to read what is left for them when the chat ends."""

log = Logger()


class ChatService(MultiService):
    """One chat: its history, its hub, its delivery, and its ports.

    With *direct_send* bytes go to the sockets themselves. Without it they go through Twisted's transports, with which
    tests compare the direct way. Making the service raises :class:`ValueError` if by its *settings* nobody could come
    in; starting it raises :class:`CannotOpen` or :class:`BadCertificate` if its files can't be used.
    """

    def __init__(
        self, reactor: Any, settings: Settings, *, direct_send: bool = True, operator_socket: str = FILE
    ) -> None:
        super().__init__()
        settings.check_doors()
        self._reactor = reactor
        self._settings = settings
        self._store = store = _store(reactor, settings, lambda: self._engine.hub.links.shared)
        self._hashing = ThreadPool(0, 1, "passwords")
        self._filing = ThreadPool(0, FILING, "files")
        self._stored = _stored_files(reactor, store, self._filing)
        self._talk = TalkLog(reactor)
        self._engine = engine = Engine(
            store,
            clock=reactor,
            wall=time.time,
            monotonic=time.monotonic,
            run=partial(deferToThreadPool, reactor, self._hashing),
            random=SystemRandom(),
            limits=_limits(settings),
            said=(lambda messages: None) if settings.no_log_talk else self._talk.said,
            welcome=settings.welcome,
            replay=settings.history,
            reserve=settings.reserve,
            doors=settings.doors,
            direct=direct_send,
        )
        age = None if settings.keep == FOREVER else durations.seconds(settings.keep)
        self._retention = Retention(
            reactor,
            store,
            time.time,
            time.monotonic,
            age=age,
            most=settings.keep_messages,
            dropped=engine.hub.dropped,
        )
        self._certificate = _certificate(settings)
        surroundings = Surroundings(
            engine.connections, reactor, self._certificate, settings.web_url, settings.web_proxy, self._stored
        )
        self.listening: list[tuple[WayIn, Listening]] = []
        """Where it listens, by the ways in."""
        for way in WAYS:
            for description in settings.endpoints(way):
                listening = Listening(reactor, description, way.connections(surroundings, description))
                listening.setServiceParent(self)
                self.listening.append((way, listening))
        if settings.data != NO_DATA:
            OperatorSocket(reactor, Path(settings.data), operator_socket, engine.operators).setServiceParent(self)
        if settings.metrics is not None:
            from chat.metrics import metrics_site

            site = metrics_site(reactor, engine.figures, engine.commit)
            Listening(reactor, settings.metrics, site).setServiceParent(self)

    @cached_property
    def endpoint(self) -> MemoryEndpoint:
        """Where programs in this process come in: under the rules of the chat, as by a local socket."""
        from chat.protocols.memory import MemoryEndpoint

        factory = ChatFactory(self._engine.connections, plain_manners)
        return MemoryEndpoint(self._reactor, factory, lambda: bool(self.running))

    @property
    def fingerprint(self) -> str:
        """That of the certificate, if there is one."""
        return "" if self._certificate is None else self._certificate.fingerprint

    def startService(self) -> None:
        """Open the history, read the certificate, and begin."""
        contents = self._store.open()
        try:
            if self._certificate is not None:
                # Only once the history is ours, as another chat may begin in the same directory.
                if self._settings.tls_cert is None:
                    make_where_missing(Path(self._settings.data) / CERTIFICATE)
                self._load(self._certificate)
        except BadCertificate:
            self._store.close()
            raise
        self._engine.hub.restore(contents)
        self._absence = self._reactor.callLater(self._engine.hub.limits.grace, self._engine.hub.end_absent)
        self._hashing.start()
        self._filing.start()
        for way, listening in self.listening:
            log.info("{says} {endpoint}", says=way.says, endpoint=listening.description)
        if self._settings.members_only and not len(self._engine.hub.accounts):
            log.warn("only members come in, and there are none: chat admin account NAME makes the first account")
        if self._settings.metrics is not None:
            log.info("serving metrics on {endpoint}", endpoint=self._settings.metrics)
        super().startService()
        self._engine.hub.links = self._links()
        self._retention.start()

    def _links(self) -> Links:
        """Where the page is, as far as that is known."""
        for way, listening in self.listening:
            if way is WEB:
                port = getattr(listening.address, "port", 0)
                return Links(
                    self._settings.web_url or "",
                    port,
                    way.encrypts(listening.description),
                    files=self._stored is not None,
                    host=_named(getattr(listening.address, "host", "")),
                )
        return Links()

    def stopService(self) -> Deferred[None]:
        """Tell everyone, and wait until all that was accepted is stored and sent."""
        return Deferred.fromCoroutine(self._end())

    async def _end(self) -> None:
        await MultiService.stopService(self)
        self._retention.stop()
        if self._absence.active():
            self._absence.cancel()
        deadline = self._reactor.callLater(PATIENCE, self.abort)
        await self._engine.connections.farewell("The server is shutting down. Goodbye.")
        await self._engine.operators.farewell()
        await self._engine.commit.drained()
        self._engine.hub.bursts.stop()
        if deadline.active():
            deadline.cancel()
        self._hashing.stop()
        self._filing.stop()
        if self._stored is not None:
            self._stored.directory.end()
        self._store.close()
        self._talk.flush()

    def abort(self) -> None:
        """Close all connections at once, whatever is unsent."""
        self._engine.connections.abort()
        self._engine.operators.abort()

    def reload(self) -> None:
        """Read the certificate again, if there is one, for connections to come."""
        if self._certificate is None:
            log.info("there is no certificate to read again")
            return
        try:
            self._load(self._certificate)
        except BadCertificate as error:
            log.error("the certificate stays as it was: {error}", error=str(error))

    def _load(self, certificate: Certificate) -> None:
        certificate.load()
        log.info("the certificate's SHA-256 fingerprint is {fingerprint}", fingerprint=certificate.fingerprint)
        if certificate.expires < datetime.now(UTC):
            log.warn("the certificate ended on {expires:%Y-%m-%d}: renew it", expires=certificate.expires)


def _store(reactor: Any, settings: Settings, site: Callable[[], str]) -> Store:
    if settings.data == NO_DATA:
        from chat.history.memory import MemoryStore

        return MemoryStore()
    return SqliteStore(reactor, Path(settings.data), settings.sync, site=site)


def _stored_files(reactor: Any, store: Store, filing: ThreadPool) -> StoredFiles | None:
    """Where files are kept, if the history is; the threads of *filing* write them."""
    if not isinstance(store, SqliteStore):
        return None
    return StoredFiles(store.files, store.file, partial(deferToThreadPool, reactor, filing))


def _named(host: str) -> str:
    """How links name the *host* at which we listen; if that is every address, by the one that others use first."""
    if host and not ip_address(host).is_unspecified:
        return Peer.host(host)
    usual = usual_address(socket.AF_INET)
    if usual is not None:
        return Peer.host(str(usual))

    from chat.daemon.network import addresses

    return next((Peer.host(address) for address in addresses() if ":" in host or ":" not in address), "localhost")


def _certificate(settings: Settings) -> Certificate | None:
    if not settings.encrypts:
        return None
    chain = Path(settings.tls_cert or Path(settings.data) / CERTIFICATE)
    return Certificate(chain, Path(settings.tls_key or chain))


def _limits(settings: Settings) -> Limits:
    limits = Limits(**settings.limit)
    if settings.no_limits:
        log.warn("how much clients send, and how many connect from one address, is not limited (--no-limits)")
        limits = limits.without_rates()
    return replace(limits, plain_passwords=settings.allow_plain_passwords)
