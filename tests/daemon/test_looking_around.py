"""The greeting waits a moment for the name of the machine in the network, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from twisted.internet.defer import ensureDeferred
from twisted.internet.testing import MemoryReactorClock

from chat.daemon import greeter, network
from chat.daemon.greeting import Network


class Reactor(MemoryReactorClock):
    """What other threads ask for is done when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Callable[[], object]] = []
        self.has_been_asked = Event()

    def callFromThread(self, callable: Callable[..., object], *words: Any, **named: Any) -> None:
        self.asked.append(lambda: callable(*words, **named))
        self.has_been_asked.set()


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch) -> Reactor:
    """The reactor of a machine with one address, and without a firewall."""
    monkeypatch.setattr(network, "addresses", lambda: ["192.168.1.7"])
    monkeypatch.setattr(network, "firewall", lambda _: None)
    monkeypatch.setattr(network, "in_container", lambda: False)
    return Reactor()


def look_around(reactor: Reactor) -> list[Network]:
    """What the process finds, as soon as it has."""
    found: list[Network] = []
    ensureDeferred(greeter.look_around(reactor, [12345])).addCallback(found.append)
    return found


def test_a_name_that_is_found_in_time_is_told(reactor: Reactor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "local_name", lambda known: f"desk-{known[0]}.local")
    found = look_around(reactor)
    assert reactor.has_been_asked.wait(60)
    for ask in reactor.asked:
        ask()
    assert found == [Network(["192.168.1.7"], "desk-192.168.1.7.local", None)]


def test_a_name_that_takes_too_long_is_left_out(reactor: Reactor, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = Event()
    monkeypatch.setattr(network, "local_name", lambda known: answered.wait(60) and "desk.local")
    found = look_around(reactor)
    reactor.advance(greeter.LOOK_UP)
    assert found == [Network(["192.168.1.7"], None, None)]
    answered.set()
    assert reactor.has_been_asked.wait(60)
    for ask in reactor.asked:
        ask()
    assert len(found) == 1
