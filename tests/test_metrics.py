"""The metrics, in memory."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, SlowStore, Socket
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.test.requesthelper import DummyRequest

from chat.core.accounts import Guesses
from chat.figures import Figures
from chat.history.store import CannotKeep
from chat.metrics import DEADLINE, MOST_CONNECTIONS, metrics_site


def served(site: Any, *pieces: bytes) -> Socket:
    """Return the answer to one connection that sends *pieces*."""
    transport = Socket(50_001)
    channel = site.buildProtocol(None)
    channel.makeConnection(transport)
    for piece in pieces:
        if not transport.disconnecting:
            channel.dataReceived(piece)
    return transport


@pytest.fixture
def box() -> Box:
    """A chat."""
    return Box()


@pytest.fixture
def site(box: Box) -> Any:
    """The site of its metrics."""
    site = metrics_site(box.clock, Figures(box.hub, box.delivery, box.commit, box.connections), box.commit)
    site.startFactory()
    yield site
    site.stopFactory()


@pytest.mark.parametrize("head", [b"Content-Length: 1", b"Content-Length: 536870912", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_request_with_a_body_is_refused_when_its_head_has_been_read(
    site: Any, head: bytes, method: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_file() -> None:
        raise AssertionError("the disk is not used")

    monkeypatch.setattr("tempfile.TemporaryFile", no_file)
    request = method + b" /metrics HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n"
    transport = served(site, request + b"x" * 100, b"y" * 100)
    assert transport.value().startswith(b"HTTP/1.1 413 Content Too Large\r\n")
    assert transport.value().count(b"HTTP/1.1") == 1
    assert transport.producerState == "paused"


def test_a_head_is_bounded(site: Any) -> None:
    transport = served(site, b"GET /healthz HTTP/1.1\r\n", *[b"X: " + b"x" * 1_000 + b"\r\n"] * 10)
    assert transport.value().startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert transport.disconnecting


def test_a_connection_has_one_answer_and_a_few_seconds(site: Any, box: Box) -> None:
    asked = served(site, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert asked.value().startswith(b"HTTP/1.1 200 OK\r\n")
    assert asked.disconnecting
    slow = StringTransport()
    channel = site.buildProtocol(None)
    channel.makeConnection(slow)
    for byte in b"GET /heal":
        channel.dataReceived(bytes((byte,)))
        box.clock.advance(1)
    assert not slow.disconnected
    box.clock.advance(DEADLINE - 9)
    assert slow.disconnected


def test_few_connections_are_open_at_a_time(site: Any) -> None:
    channels = []
    while (channel := site.buildProtocol(None)) is not None:
        channel.makeConnection(StringTransport())
        channels.append(channel)
    assert len(channels) == MOST_CONNECTIONS
    channels[0].connectionLost(Failure(ConnectionDone()))
    assert site.buildProtocol(None) is not None


def page(root: Any, name: bytes) -> tuple[int, bytes]:
    """Ask for a page."""
    request: Any = DummyRequest([name])
    body = root.getChildWithDefault(name, request).render(request)
    return request.responseCode or 200, body


def test_a_name_that_is_guessed_at_is_named() -> None:
    box = Box()
    root = metrics_site(box.clock, Figures(box.hub, box.delivery, box.commit, box.connections), box.commit).resource
    for _ in range(Guesses.MANY):
        box.hub.guesses.count("ada", 0.0)
    assert b'chat_wrong_passwords{name="ada"} 100.0\n' in page(root, b"metrics")[1]
    box.clock.advance(Guesses.SPAN + 1)
    assert b"chat_wrong_passwords{" not in page(root, b"metrics")[1]


def test_who_can_not_write_the_history_is_not_well() -> None:
    store = SlowStore()
    box = Box(store=store)
    root = metrics_site(box.clock, Figures(box.hub, box.delivery, box.commit, box.connections), box.commit).resource
    ada = box.text("ada")
    assert page(root, b"healthz") == (200, b"ok\n")
    ada.send("hello")
    store.fail(CannotKeep("the disk is full."))
    assert page(root, b"healthz") == (503, b"the history can't be written\n")
    ada.send("hello again")
    store.store()
    assert page(root, b"healthz") == (200, b"ok\n")
    assert b"chat_messages_total 1.0\n" in page(root, b"metrics")[1]
