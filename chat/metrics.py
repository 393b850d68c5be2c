"""Seeing inside: Prometheus metrics at ``/metrics``, and ``/healthz``, by HTTP."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from twisted.internet.interfaces import IReactorTime
from twisted.web.http import SERVICE_UNAVAILABLE
from twisted.web.resource import Resource
from twisted.web.server import Request, Site

from chat.core.hub import Hub
from chat.delivery.switchboard import Switchboard
from chat.history.commit import GroupCommit
from chat.protocols.connection import ChatFactory


class ChatCollector(Collector):
    """Reads the figures of a chat when it is asked, so that nothing is done for them while people talk."""

    def __init__(self, hub: Hub, switchboard: Switchboard, commit: GroupCommit, factory: ChatFactory) -> None:
        self._hub = hub
        self._switchboard = switchboard
        self._commit = commit
        self._factory = factory

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield _gauge("chat_connections", "Open connections.", len(self._factory.connections))
        yield _gauge(
            "chat_users", "Users who have a name, those who may come back included.", len(self._hub.users.all())
        )
        yield _gauge("chat_sessions_held", "Sessions held for programs that may come back.", self._hub.held)
        yield _gauge("chat_rooms", "Rooms.", len(self._hub.rooms))
        yield _gauge("chat_queue_entries", "What waits to be stored and shown.", self._hub.depth)
        yield _gauge("chat_readers_lagging", "Connections that have not taken all there is for them.", self._lagging())
        yield _gauge("chat_backlog_bytes", "Answers and private messages not yet sent.", self._switchboard.backlog)
        yield CounterMetricFamily("chat_messages", "Messages stored.", self._commit.messages)
        yield CounterMetricFamily(
            "chat_deliveries", "Events of rooms handed to a member.", self._switchboard.deliveries
        )
        yield SummaryMetricFamily(
            "chat_commit_seconds",
            "The time that it takes to store a batch.",
            count_value=self._commit.batches,
            sum_value=self._commit.seconds,
        )
        refusals = CounterMetricFamily("chat_refusals", "Requests and connections refused.", labels=["code"])
        for code, count in self._hub.refusals.items():
            refusals.add_metric([code], count)
        yield refusals

    def _lagging(self) -> int:
        return sum(not connection.ready for connection in self._factory.connections)


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value)


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


class _QuietSite(Site):
    noisy = False

    def log(self, request: object) -> None:
        """Who asks for metrics asks every few seconds: that is not worth a line."""


def metrics_site(
    reactor: IReactorTime, hub: Hub, switchboard: Switchboard, commit: GroupCommit, factory: ChatFactory
) -> Site:
    """Make the site that ``--metrics`` serves."""
    registry = CollectorRegistry()
    registry.register(ChatCollector(hub, switchboard, commit, factory))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    root = Resource()
    root.putChild(b"metrics", _Metrics(registry))
    root.putChild(b"healthz", _Health(commit))
    return _QuietSite(root, reactor=reactor)
