"""Where the chat listens, and how it ends that."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from conftest import LoggedFailures
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from chat.protocols import listening
from chat.protocols.listening import BACKLOG, Listening, endpoint

FACTORY = Factory.forProtocol(Protocol)


class Slow:
    """An endpoint that listens some time after it was told to."""

    def __init__(self) -> None:
        self.cancelled = 0
        self.opening: Deferred[IListeningPort] = Deferred(self._cancel)

    def _cancel(self, opening: Any) -> None:
        self.cancelled += 1

    def listen(self, factory: Any) -> Deferred[IListeningPort]:
        return self.opening


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """What all descriptions mean in this test."""
    made = Slow()
    monkeypatch.setattr(listening, "endpoint", lambda *_: made)
    return made


def test_many_may_wait_to_be_accepted() -> None:
    reactor = MemoryReactorClock()
    for description in ("tcp:1", "haproxy:tcp:2", "tcp:3:backlog=7", "unix:/run/chat.sock"):
        endpoint(reactor, description).listen(FACTORY)
    assert [backlog for _, _, backlog, _ in reactor.tcpServers] == [BACKLOG, BACKLOG, 7]
    assert [server[2] for server in reactor.unixServers] == [BACKLOG]


@pytest.mark.parametrize("port", ["", "x", "-1", "65536", "1:2", "\u0663"])
def test_everywhere_wants_a_port(port: str) -> None:
    with pytest.raises(ValueError, match="is no port"):
        endpoint(MemoryReactorClock(), f"everywhere:{port}")


class NoReactor:
    """Takes sockets that listen."""

    def adoptStreamPort(self, number: int, family: int, factory: Any) -> tuple[int, Any]:  # noqa: N802
        with socket.socket(fileno=socket.dup(number)) as taken:
            return family, taken.getsockname()


@pytest.mark.parametrize(("dual", "family"), [(True, socket.AF_INET6), (False, socket.AF_INET)])
def test_everywhere_is_one_socket(monkeypatch: pytest.MonkeyPatch, dual: bool, family: int) -> None:
    monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: dual)
    opened: list[Any] = []
    endpoint(NoReactor(), "everywhere:0").listen(FACTORY).addBoth(opened.append)
    assert [one[0] for one in opened] == [family]


def test_a_failure_at_once_keeps_it_from_starting() -> None:
    with socket.create_server(("", 0)) as other:
        one = Listening(NoReactor(), f"everywhere:{other.getsockname()[1]}", FACTORY)
        with pytest.raises(CannotListenError):
            one.startService()
    assert one.address is None
    one.stopService()


def test_a_failure_later_is_logged(slow: Slow, logged_failures: LoggedFailures) -> None:
    one = Listening(MemoryReactorClock(), "onion:80", FACTORY)
    one.startService()
    slow.opening.errback(Failure(ZeroDivisionError()))
    assert len(logged_failures.flush(ZeroDivisionError)) == 1
    one.stopService()


def test_it_may_end_before_it_listens(slow: Slow) -> None:
    one = Listening(MemoryReactorClock(), "onion:80", FACTORY)
    one.startService()
    one.stopService()
    assert slow.cancelled == 1
    assert one.address is None
