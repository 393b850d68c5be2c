"""Serves metrics for Prometheus at ``/metrics``, and ``/healthz``, by HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import SERVICE_UNAVAILABLE, HTTPChannel
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from chat.figures import Figures
from chat.history.commit import GroupCommit

DEADLINE = 10.0
"""The seconds after which a connection is closed, whatever its client does."""

LINGER = 2.0
"""The seconds that a client has to read that its request is refused."""

MOST_CONNECTIONS = 32
"""The connections that may be open at a time; more are closed at once. Prometheus asks once every few seconds."""

_NOW = {
    "connections": "Open connections.",
    "users": "Users who have a name, those who may come back included.",
    "sessions held": "Sessions held for programs that may come back.",
    "rooms": "Rooms.",
    "queue entries": "Entries that wait to be stored and shown.",
    "readers lagging": "Connections that have not taken everything sent to them.",
    "backlog bytes": "Answers and private messages not yet sent.",
}


class ChatCollector(Collector):
    """Reads the figures of a chat when Prometheus asks, so that they cost nothing while people talk."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        for name, value in self._figures.now().items():
            yield GaugeMetricFamily(f"chat_{name.replace(' ', '_')}", _NOW[name], value)
        ever = self._figures.ever()
        yield CounterMetricFamily("chat_messages", "Messages stored.", ever["messages"])
        yield CounterMetricFamily(
            "chat_deliveries", "Events of rooms, times the members they were for.", ever["deliveries"]
        )
        yield SummaryMetricFamily(
            "chat_commit_seconds",
            "The time that storing a batch takes.",
            count_value=int(ever["batches"]),
            sum_value=ever["commit seconds"],
        )
        refusals = CounterMetricFamily("chat_refusals", "Requests and connections refused.", labels=["code"])
        for code, count in self._figures.refusals().items():
            refusals.add_metric([code], count)
        yield refusals
        guessed = GaugeMetricFamily(
            "chat_wrong_passwords", "Wrong passwords within an hour of names that get many.", labels=["name"]
        )
        for name, number in self._figures.wrong_passwords().items():
            guessed.add_metric([name], number)
        yield guessed


class _Metrics(Resource):
    isLeaf = True

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()
        self._registry = registry

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode())
        return generate_latest(self._registry)


class _Health(Resource):
    isLeaf = True

    def __init__(self, commit: GroupCommit) -> None:
        super().__init__()
        self._commit = commit

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"content-type", b"text/plain; charset=utf-8")
        if self._commit.failing:
            request.setResponseCode(SERVICE_UNAVAILABLE)
            return b"the history can't be written\n"
        return b"ok\n"


class _Channel(HTTPChannel):
    """One connection, for one small request without a body, within :data:`DEADLINE` seconds.

    Twisted would write a body of any size to a temporary file before it looks for the resource.
    """

    totalHeadersSize = 8_192  # noqa: N815 - Twisted's
    maxHeaders = 64  # noqa: N815 - Twisted's
    _refused = False
    _end: IDelayedCall | None = None

    def connectionMade(self) -> None:
        super().connectionMade()
        transport: Any = self.transport
        self._end = self.callLater(DEADLINE, transport.abortConnection)

    def checkPersistence(self, request: Request, version: bytes) -> bool:  # noqa: N802 - Twisted's
        return False

    def allHeadersReceived(self) -> None:
        if self.length == 0:
            super().allHeadersReceived()
            return
        self._refused = True
        transport: Any = self.transport
        transport.pauseProducing()
        if self._end is not None:
            self._end.reset(LINGER)
        transport.write(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        transport.loseWriteConnection()

    def rawDataReceived(self, data: bytes) -> None:
        if not self._refused:
            super().rawDataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._end is not None and self._end.active():
            self._end.cancel()
        if self._end is not None:
            self.factory.open -= 1
        super().connectionLost(reason)


class _QuietSite(Site):
    noisy = False
    protocol = _Channel  # type: ignore[assignment] # what Twisted documents; its own has HTTP/2 besides
    open = 0
    """How many connections are open."""

    def buildProtocol(self, addr: IAddress | None) -> Any:
        if self.open >= MOST_CONNECTIONS:
            return None
        self.open += 1
        return super().buildProtocol(addr)

    def log(self, request: object) -> None:
        """Log nothing, as Prometheus asks every few seconds."""


def metrics_site(reactor: IReactorTime, figures: Figures, commit: GroupCommit) -> Site:
    """Make the site that ``--metrics`` serves."""
    registry = CollectorRegistry()
    registry.register(ChatCollector(figures))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    root = Resource()
    root.putChild(b"metrics", _Metrics(registry))
    root.putChild(b"healthz", _Health(commit))
    return _QuietSite(root, reactor=reactor)
