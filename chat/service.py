"""The services of a daemon, and its beginning and end."""

from __future__ import annotations

import gc
import os
import resource
import secrets
import signal
import socket
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from twisted.application.service import MultiService
from twisted.application.strports import service as listening
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from chat.core import durations
from chat.core.hub import Hub
from chat.core.limits import Limits
from chat.delivery.switchboard import Switchboard
from chat.figures import Figures
from chat.history.answers import Answers
from chat.history.commit import GroupCommit
from chat.history.memory import MemoryStore
from chat.history.retention import Retention
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotOpen, Store
from chat.metrics import metrics_site
from chat.protocols.certificate import OWN, BadCertificate, Certificate, make_where_missing
from chat.protocols.connection import ChatFactory
from chat.protocols.tls import TlsFactory
from chat.settings import FOREVER, NO_DATA, Settings
from chat.talklog import TalkLog

PATIENCE = 10.0
"""The seconds that clients have to take what is left for them when the daemon ends."""

SPARE_DESCRIPTORS = 64
"""File descriptors that are not for clients."""

BACKLOG = 1024
"""Connections that wait to be accepted."""

YOUNG_OBJECTS = 50_000
"""How many objects are made before Python looks for cycles among the young ones (700 by default)."""

log = Logger()


class ChatService(MultiService):
    """The whole daemon."""

    def __init__(self, reactor: Any, settings: Settings) -> None:
        super().__init__()
        self._reactor = reactor
        self._settings = settings
        self._store = store = _store(reactor, settings)
        limits = _limits(settings)
        age = None if settings.keep == FOREVER else durations.seconds(settings.keep)
        self._retention = Retention(reactor, store, time.time, age=age, most=settings.keep_messages)
        self._talk = TalkLog(reactor)
        said = (lambda messages: None) if settings.no_log_talk else self._talk.said
        self._hashing = ThreadPool(1, 1, "passwords")
        answers = Answers(store, partial(deferToThreadPool, reactor, self._hashing), limits.tags_each)
        switchboard = Switchboard(store, limits, answers.answer)
        self._hub = hub = Hub(
            switchboard,
            clock=time.time,
            monotonic=time.monotonic,
            wake=lambda: self._commit.wake(),
            make_token=lambda: secrets.token_urlsafe(16),
            limits=limits,
            figures=lambda: figures.all(),
        )
        self._commit = GroupCommit(reactor, store, hub, said)
        self.factory = ChatFactory(
            hub, switchboard, reactor, time.monotonic, welcome=settings.welcome, replay=settings.history
        )
        for description in settings.listen:
            listening(_with_backlog(description), self.factory, reactor).setServiceParent(self)
        self._certificate: Certificate | None = None
        if settings.tls_endpoints:
            chain = Path(settings.tls_cert or Path(settings.data) / OWN)
            self._certificate = Certificate(chain, Path(settings.tls_key or chain))
            factory = TlsFactory(self._certificate, False, self.factory, reactor)
            for description in settings.tls_endpoints:
                listening(_with_backlog(description), factory, reactor).setServiceParent(self)

        figures = Figures(hub, switchboard, self._commit, self.factory)
        if settings.metrics is not None:
            site = metrics_site(reactor, figures, self._commit)
            listening(settings.metrics, site, reactor).setServiceParent(self)

    def privilegedStartService(self) -> None:
        """Listen."""
        self._take_signals()
        try:
            super().privilegedStartService()
        except CannotListenError as error:
            where = f"{error.interface or 'any address'} port {error.port}"
            _say_last(f"chat: can't listen on {where}: {error.socketError}. Choose another with --listen.")
            raise

    def startService(self) -> None:
        """Read the certificate, open the history, and begin."""
        try:
            if self._certificate is not None:
                if self._settings.tls_cert is None:
                    make_where_missing(Path(self._settings.data) / OWN)
                self._load(self._certificate)
            contents = self._store.open()
        except (CannotOpen, BadCertificate) as error:
            _say_last(f"chat: {error}")
            raise
        self._hub.restore(contents.last_id, contents.rooms, contents.accounts, contents.bans, contents.rules)
        self._hashing.start()
        for description in self._settings.listen:
            log.info("listening on {endpoint}", endpoint=description)
        if self._settings.metrics is not None:
            log.info("serving metrics on {endpoint}", endpoint=self._settings.metrics)
        for description in self._settings.tls_endpoints:
            log.info("listening for TLS on {endpoint}", endpoint=description)
        super().startService()
        self._retention.start()
        gc.set_threshold(YOUNG_OBJECTS, 50, 50)
        self._reactor.callWhenRunning(self._tell_system, "READY=1")
        self._reactor.callWhenRunning(self._take_signals)

    def _take_signals(self) -> None:
        """End with exit code 0 when asked to end: Twisted's own handlers would end by the signal.

        Taken before anybody can connect, and again when the reactor runs, since it takes them for itself.
        """

        def stop(number: int, frame: FrameType | None) -> None:
            self._reactor.callFromThread(self._stop)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        if self._certificate is not None:
            signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self._reload))

    def _tell_system(self, state: str) -> None:
        """Tell systemd, where it runs the daemon with ``Type=notify`` (sd_notify(3))."""
        address = os.environ.get("NOTIFY_SOCKET")
        if not address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            try:
                notify.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
            except OSError as error:
                log.warn("systemd at {address} can't be told: {error}", address=address, error=error)

    def _load(self, certificate: Certificate) -> None:
        certificate.load()
        log.info("the certificate's SHA-256 fingerprint is {fingerprint}", fingerprint=certificate.fingerprint)
        if certificate.expires < datetime.now(UTC):
            log.warn("the certificate ended on {expires:%Y-%m-%d}: renew it", expires=certificate.expires)

    def _reload(self) -> None:
        """Read the certificate again, for connections to come."""
        if self._certificate is None:
            return
        try:
            self._load(self._certificate)
        except BadCertificate as error:
            log.error("the certificate stays as it was: {error}", error=str(error))

    def _stop(self) -> None:
        try:
            self._reactor.stop()
        except ReactorNotRunning:
            log.info("ending at once")
            self.factory.abort()

    async def _end(self) -> None:
        self._tell_system("STOPPING=1")
        await MultiService.stopService(self)
        self._retention.stop()
        deadline = self._reactor.callLater(PATIENCE, self.factory.abort)
        await self.factory.farewell("The server is shutting down. Goodbye.")
        await self._commit.drained()
        if deadline.active():
            deadline.cancel()
        self._hashing.stop()
        self._store.close()
        self._talk.flush()

    def stopService(self) -> Deferred[None]:
        """Tell everyone, and wait until all that was accepted is stored and sent."""
        return Deferred.fromCoroutine(self._end())


def _with_backlog(description: str) -> str:
    """Let many connect at once: Twisted keeps 50 waiting, and others would have to try again after a second."""
    kind = description.partition(":")[0]
    if kind not in ("tcp", "tcp6", "ssl", "unix") or ":backlog=" in description:
        return description
    return f"{description}:backlog={BACKLOG}"


def _say_last(sentence: str) -> None:
    """Have *sentence* stand in place of the traceback of the exception that ends the process."""
    sys.excepthook = lambda *_: print(sentence, file=sys.stderr)


def _store(reactor: Any, settings: Settings) -> Store:
    if settings.data == NO_DATA:
        return MemoryStore()
    return SqliteStore(reactor, Path(settings.data), settings.sync)


def _limits(settings: Settings) -> Limits:
    """Raise the limit of open files as far as it goes, and take as many clients as it allows."""
    limits = Limits(**settings.limit)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    possible = most - SPARE_DESCRIPTORS if most != resource.RLIM_INFINITY else limits.connections
    if possible < limits.connections:
        log.warn(
            "the system allows {most} open files, so only {possible} clients can connect; raise it with ulimit -n",
            most=most,
            possible=possible,
        )
        limits = replace(limits, connections=possible)
    if settings.no_limits:
        log.warn("how much clients send, and how many connect from one address, is not limited (--no-limits)")
        limits = limits.without_rates()
    return replace(limits, plain_passwords=settings.allow_plain_passwords)
