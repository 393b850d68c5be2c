"""The web port as a server for HTTP: what it gives, to whom, and what it does not put up with."""

from __future__ import annotations

import re
from gzip import decompress
from http import HTTPStatus
from io import BytesIO
from typing import Any

import pytest
from box import Box, TlsTransport
from protocols.browsing import HOST, OURS, PAGE, Web, Wire, handshake, request
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.testing import StringTransport
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from chat.core.limits import Limits
from chat.core.links import Links
from chat.core.peer import Peer
from chat.protocols.admission import TO_REFUSE
from chat.protocols.web.hosts import SOMEWHERE, Hosts
from chat.protocols.web.requests import BURST, LINGER, PIECE, RATE, Body, Refused, TakesBody, WebRequest

UNKNOWN = str(SOMEWHERE)
URL = "https://example.org/chat/"


class Kept(BytesIO):
    """A body that tells whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.got = b""

    def write(self, data: Any) -> int:
        if b"full" in data:
            raise Refused(HTTPStatus.INSUFFICIENT_STORAGE, "The disk is full.")
        self.got += data
        return super().write(data)


class Put(TakesBody):
    """Takes bodies and answers with their size."""

    most_body = 100_000

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[Kept] = []

    def open_body(self, request: WebRequest, length: int | None) -> Body:
        if b"secret" not in request.uri:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such place.")
        self.bodies.append(Kept())
        return self.bodies[-1]

    def render_PUT(self, request: WebRequest) -> int:
        assert request.content is not None
        request.answer(HTTPStatus.CREATED, f"{len(request.content.read())} bytes.")
        return NOT_DONE_YET


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def web(box: Box) -> Web:
    return Web(box)


@pytest.fixture
def put(web: Web) -> Put:
    made = Put()
    web.root.putChild(b"u", made)
    return made


# -- the page


def test_the_page_is_there_with_its_policy(web: Web) -> None:
    status, headers, body = web.connect().ask_for("GET", "/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; ")
    assert headers["X-Content-Type-Options"] == "nosniff"
    found = re.search(rb'src="([0-9a-f]{16}/app.js)"', body)
    assert found is not None
    status, headers, script = web.connect().ask_for("GET", f"/{found[1].decode()}")
    assert (status, script) == (200, PAGE["app.js"])
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in headers["Cache-Control"]
    assert web.connect().ask_for("GET", "/0123456789abcdef/app.js")[0] == 404


def test_what_a_browser_has_is_not_sent_again(web: Web) -> None:
    browser = web.connect()
    _, headers, _ = browser.ask_for("GET", "/app.js")
    assert headers["Cache-Control"] == "no-cache"
    status, _, body = browser.ask_for("GET", "/app.js", {**OURS, "If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


def test_files_are_packed_for_who_can_unpack_them(web: Web) -> None:
    browser = web.connect()
    _, plain, _ = browser.ask_for("GET", "/app.js", {**OURS, "Accept-Encoding": "br, gzip;q=0"})
    _, packed, body = browser.ask_for("GET", "/app.js", {**OURS, "Accept-Encoding": "br, gzip"})
    assert "Content-Encoding" not in plain
    assert (packed["Content-Encoding"], decompress(body)) == ("gzip", PAGE["app.js"])
    assert plain["ETag"] != packed["ETag"]


@pytest.mark.parametrize(
    ("headers", "host", "word"),
    [
        ({}, "192.0.2.1", "refused"),
        ({}, "127.0.0.1", "taken"),
        ({"X-Forwarded-For": "198.51.100.7"}, "127.0.0.1", "refused"),
        ({"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "http"}, "203.0.113.1", "refused"),
        ({"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}, "203.0.113.1", "taken"),
    ],
)
def test_the_page_says_whether_passwords_are_taken(box: Box, headers: dict[str, str], host: str, word: str) -> None:
    browser = Web(box, URL, "203.0.113.1").connect(host)
    _, _, body = browser.ask_for("GET", "/", {"Host": "example.org", **headers})
    assert f'data-passwords="{word}"'.encode() in body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/", 200),
        ("POST", "/", 405),
        ("DELETE", "/", 405),
        ("GET", "/nothing", 404),
        ("GET", "/../index.html", 404),
        ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404),
        ("GET", "/ws", 426),
        ("TRACE", "/", 405),
    ],
)
def test_there_is_nothing_else(web: Web, method: str, path: str, status: int) -> None:
    got, headers, body = web.connect().ask_for(method, path)
    assert got == status
    assert (method == "HEAD") == (body == b"")
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_path_of_the_page_that_a_proxy_leaves_in_is_understood(box: Box) -> None:
    browser = Web(box, URL).connect()
    assert browser.ask_for("GET", "/chat/app.js", {"Host": "example.org"})[0] == 200
    assert browser.ask_for("GET", "/app.js", {"Host": "example.org"})[0] == 200
    assert browser.ask_for("GET", "/chatter", {"Host": "example.org"})[0] == 404


@pytest.mark.parametrize("left_in", ["", "/u"], ids=["taken out", "left in"])
def test_the_path_of_the_page_may_be_called_as_one_of_ours(box: Box, left_in: str) -> None:
    web = Web(box, "https://example.org/u/")
    web.root.putChild(b"u", Put())
    ours = {"Host": "example.org"}
    for path in ("/", "/app.js", "/app.js?u"):
        assert web.connect().ask_for("GET", f"{left_in}{path}", ours)[0] == 200
    got = web.connect().ask_for("PUT", f"{left_in}/u/secret", {**ours, "Content-Length": "3"}, b"abc")
    assert got[::2] == (201, b"3 bytes.\n")


# -- whose requests


def test_a_host_that_is_not_ours_gets_nothing(web: Web) -> None:
    status, _, body = web.connect().ask_for("GET", "/", {"Host": "evil.example"})
    assert status == 421
    assert body.startswith(b"This chat does not know the host 'evil.example' as its own.")


@pytest.mark.parametrize(
    "head", [b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"]
)
def test_there_is_one_host(web: Web, head: bytes) -> None:
    browser = web.connect()
    browser.send_bytes(head)
    assert browser.answer()[0] == 421


@pytest.mark.parametrize(
    "host",
    [
        "localhost/evil",
        "localhost?x",
        "localhost#x",
        "[::1",
        "[x]:8080",
        "localhost\\x",
        "\xff",
        "ada@localhost",
        "localhost:80x",
    ],
)
def test_a_host_is_nothing_but_a_host(web: Web, host: str) -> None:
    assert web.connect().ask_for("GET", "/", {"Host": host})[0] == 421


@pytest.mark.parametrize("origin", ["http://[x", "http://", "null", "\xff", "", "http:192.0.2.100:8080"])
def test_an_origin_that_is_none_is_not_ours(web: Web, origin: str) -> None:
    assert web.connect().ask_for("GET", "/", {**OURS, "Origin": origin})[0] == 403


def test_the_host_of_the_page_is_let_in(box: Box) -> None:
    web = Web(box, URL)
    ours = {"Host": "example.org", "Origin": "https://example.org"}
    assert web.connect().open(ours) == 101
    assert web.connect().open({**ours, "Host": f"{HOST}:8080"}) == 101
    assert web.connect().open({**ours, "Origin": "https://evil.example"}) == 403


@pytest.mark.parametrize(
    ("peer", "proxies", "headers", "shown", "secure"),
    [
        ("192.0.2.1", (), {}, "192.0.2.1", False),
        ("127.0.0.1", (), {}, "127.0.0.1", True),
        ("127.0.0.1", (), {"X-Forwarded-For": "198.51.100.7"}, UNKNOWN, False),
        ("127.0.0.1", (), {"Via": "1.1 x"}, UNKNOWN, False),
        ("127.0.0.1", (), {"Forwarded": "for=127.0.0.1;proto=https"}, UNKNOWN, False),
        ("127.0.0.1", (), {"X-Real-IP": "127.0.0.1"}, UNKNOWN, False),
        ("127.0.0.1", (), {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}, UNKNOWN, False),
        ("192.0.2.1", (), {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}, "192.0.2.1", False),
        ("127.0.0.1", ("127.0.0.1",), {}, "127.0.0.1", True),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-For": "198.51.100.7"}, "198.51.100.7", False),
        (
            "127.0.0.1",
            ("127.0.0.0/8",),
            {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"},
            "198.51.100.7",
            True,
        ),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-For": "127.0.0.1, 198.51.100.7"}, "198.51.100.7", False),
        (
            "127.0.0.1",
            ("127.0.0.1", "10.0.0.0/8"),
            {"X-Forwarded-For": "127.0.0.1, 198.51.100.7, 10.1.2.3"},
            "198.51.100.7",
            False,
        ),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-For": "198.51.100.7, nonsense"}, UNKNOWN, False),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-For": "nonsense, 198.51.100.7"}, "198.51.100.7", False),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-For": ", 198.51.100.7, 127.0.0.1"}, "198.51.100.7", False),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-For": "198.51.100.7, nonsense, 127.0.0.1"}, UNKNOWN, False),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-For": "127.0.0.1"}, "127.0.0.1", True),
        ("10.1.2.3", ("10.0.0.0/8",), {"X-Forwarded-For": "127.0.0.1, 10.1.2.4"}, UNKNOWN, False),
        ("10.1.2.3", ("10.0.0.0/8",), {"X-Forwarded-For": "10.1.2.5, 10.1.2.4"}, "10.1.2.4", False),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-Proto": "https"}, UNKNOWN, False),
        ("127.0.0.1", ("127.0.0.1",), {"X-Forwarded-For": "2001:db8::7"}, "2001:db8::7", False),
        ("10.1.2.3", ("127.0.0.1",), {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https"}, "10.1.2.3", False),
        (None, (), {}, "None", True),
        (None, (), {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}, UNKNOWN, False),
        (None, ("unix",), {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}, "198.51.100.7", True),
    ],
)
def test_only_a_proxy_that_is_named_is_believed(
    peer: str | None, proxies: tuple[str, ...], headers: dict[str, str], shown: str, secure: bool
) -> None:
    """A proxy on the same machine must not make all who come through it look as if they sat at it."""
    address = IPv4Address("TCP", peer, 1) if peer is not None else UNIXAddress(b"")
    transport = StringTransport(peerAddress=address)
    found = Hosts(None, proxies).peer(transport, Headers({name: [value] for name, value in headers.items()}))
    assert (str(found.address), found.secure) == (shown, secure)
    assert found.local == (shown in ("127.0.0.1", "None"))
    assert not (headers and found.on_socket)


def test_who_comes_through_a_proxy_is_known_by_the_address_of_their_own(box: Box) -> None:
    web = Web(box, URL, "127.0.0.1")
    ada = web.connect("127.0.0.1")
    ada.open({"Host": "example.org", "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"})
    ada.ask(type="hello", name="ada")
    ada.ask(type="devices")
    (device,) = ada.objects()[-1]["devices"]
    assert (device["way"], device["address"]) == ("web over TLS", "198.51.100.7")
    web.box.clock.advance(30)
    assert not ada.wire.aborted, "nobody waits for its handshake by TLS"


@pytest.mark.parametrize(
    ("url", "tls", "headers", "base"),
    [
        (None, False, {}, f"http://{HOST}:8080/"),
        (None, False, {"Host": "localhost:81"}, "http://localhost:81/"),
        (URL, False, {}, URL),
    ],
)
def test_links_begin_as_the_browser_has_the_page(
    box: Box, url: str | None, tls: bool, headers: dict[str, str], base: str
) -> None:
    found: list[Peer] = []

    class Ask(TakesBody):
        def render_GET(self, request: WebRequest) -> bytes:
            found.append(request.peer)
            return b""

    web = Web(box, url)
    web.root.putChild(b"ask", Ask())
    assert web.connect().ask_for("GET", "/ask", {"Host": f"{HOST}:8080", **headers})[0] == 200
    assert Links(url or "", 8080, tls).base(found[0]) == base
    assert Links().base(found[0]) is None


@pytest.mark.parametrize(
    ("peer", "links", "base"),
    [
        (Peer(), Links(port=8080), "http://localhost:8080/"),
        (Peer(), Links(port=8080, host="192.0.2.1"), "http://192.0.2.1:8080/"),
        (Peer(reached="192.0.2.1"), Links(port=8443, tls=True), "https://192.0.2.1:8443/"),
        (Peer(reached="[2001:db8::1]"), Links(port=1), "http://[2001:db8::1]:1/"),
        (Peer(reached="192.0.2.1"), Links(url=URL, port=1), URL),
        (Peer(reached="192.0.2.1"), Links(), None),
    ],
)
def test_links_for_others_begin_with_the_host_that_they_have_reached(
    peer: Peer, links: Links, base: str | None
) -> None:
    assert links.base(peer) == base


# -- bodies


def test_a_body_is_taken_as_it_comes(web: Web, put: Put) -> None:
    browser = web.connect()
    browser.send_bytes(request("PUT", "/u/secret", {**OURS, "Content-Length": "10"}))
    browser.send_bytes(b"12345")
    assert put.bodies[0].got == b"12345"
    browser.send_bytes(b"67890")
    assert browser.answer()[::2] == (201, b"10 bytes.\n")
    assert put.bodies[0].closed
    assert browser.ask_for("GET", "/")[0] == 200


def test_a_body_in_chunks_is_taken(web: Web, put: Put) -> None:
    browser = web.connect()
    chunks = {**OURS, "Transfer-Encoding": "chunked", "Expect": "100-continue"}
    browser.send_bytes(request("PUT", "/u/secret", chunks))
    assert browser.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
    browser.send_bytes(b"5\r\n12345\r\n0\r\n\r\n")
    assert browser.answer()[::2] == (201, b"5 bytes.\n")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("PUT", "/u/secret", {"Content-Length": "100001"}, 413),
        ("PUT", "/u/secret", {"Content-Length": "1" + "0" * 12, "Expect": "100-continue"}, 413),
        ("PUT", "/u/wrong", {"Content-Length": "5"}, 404),
        ("PUT", "/u/wrong", {"Transfer-Encoding": "chunked"}, 404),
        ("POST", "/", {"Content-Length": "5"}, 413),
        ("GET", "/ws", {"Content-Length": "5"}, 413),
        ("GET", "/", {"Transfer-Encoding": "chunked"}, 413),
        ("PUT", "/u/secret", {"Content-Length": "5", "Host": "evil.example"}, 421),
        ("PUT", "/u/secret", {"Content-Length": "5", "Origin": "https://evil.example"}, 403),
    ],
)
def test_a_body_is_refused_before_it_comes(
    web: Web, put: Put, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    browser = web.connect()
    browser.send_bytes(request(method, path, {**OURS, **headers}))
    got, answered, _ = browser.answer()
    assert (got, answered["Connection"]) == (status, "close")
    assert browser.wire.paused
    assert browser.wire.half_closed
    browser.send_bytes(b"12345" + request("GET", "/"))
    assert browser.received() == b""
    assert put.bodies == []
    web.box.clock.advance(5)
    assert browser.wire.aborted
    browser.lose()


@pytest.mark.parametrize("end", [b"", b"0\r\n\r\n"])
def test_chunks_are_counted(web: Web, put: Put, end: bytes) -> None:
    browser = web.connect()
    browser.send_bytes(request("PUT", "/u/secret", {**OURS, "Transfer-Encoding": "chunked"}))
    browser.send_bytes(b"186a1\r\n" + b"x" * 100_001 + b"\r\n" + end)
    answered = browser.received()
    assert answered.startswith(b"HTTP/1.1 413 ")
    assert answered.count(b"HTTP/1.1") == 1
    assert sum(len(body.got) for body in put.bodies) <= put.most_body
    browser.lose()
    assert put.bodies[0].closed


def test_a_body_may_be_refused_while_it_comes(web: Web, put: Put) -> None:
    browser = web.connect()
    browser.send_bytes(request("PUT", "/u/secret", {**OURS, "Content-Length": "100"}))
    browser.send_bytes(b"full")
    assert browser.answer()[::2] == (507, b"The disk is full.\n")
    browser.lose()
    assert put.bodies[0].closed


def test_a_body_that_ends_too_early_is_closed(web: Web, put: Put) -> None:
    browser = web.connect()
    browser.send_bytes(request("PUT", "/u/secret", {**OURS, "Content-Length": "100"}, b"x" * 50))
    assert not put.bodies[0].closed
    browser.lose()
    assert put.bodies[0].closed
    assert browser.received() == b""


# -- time


@pytest.mark.parametrize("sent", [b"", handshake()[:40], handshake()[:-2]])
def test_a_request_must_come_in_time_however_slowly_its_bytes_do(web: Web, sent: bytes) -> None:
    browser = web.connect()
    for at in range(10):
        browser.send_bytes(sent[at : at + 1] if at < 9 else sent[9:])
        assert not browser.wire.aborted
        web.box.clock.advance(1)
    assert browser.wire.aborted
    browser.lose()


def test_a_connection_without_requests_ends_when_its_answers_are_read(web: Web) -> None:
    browser = web.connect()
    for _ in range(5):
        web.box.clock.advance(9)
        assert browser.ask_for("GET", "/")[0] == 200
    web.box.clock.advance(11)
    assert browser.wire.disconnecting
    web.box.clock.advance(web.box.hub.limits.stuck - 12)
    assert not browser.wire.aborted
    web.box.clock.advance(web.box.hub.limits.stuck / 16 + 12)
    assert browser.wire.aborted


def test_the_next_request_must_come_in_time(web: Web) -> None:
    browser = web.connect()
    browser.send_bytes(request("GET", "/") + b"GET / HTTP/1.1\r\n")
    web.box.clock.advance(11)
    assert browser.wire.aborted


def test_requests_behind_answers_that_are_not_read_end_the_connection(web: Web) -> None:
    many = request("GET", "/app.js") * 20
    browser = web.connect()
    browser.send_bytes(many)
    assert browser.received().count(b"HTTP/1.1 200 OK") == 20
    producer: Any = browser.wire.producer
    producer.pauseProducing()
    producer.resumeProducing()
    browser.send_bytes(many)
    assert browser.received().count(b"HTTP/1.1 200 OK") == 20
    assert not browser.wire.disconnecting
    producer.pauseProducing()
    browser.send_bytes(many)
    assert (browser.received(), browser.wire.disconnecting) == (b"", True)


def test_a_client_that_asks_too_fast_is_read_late() -> None:
    web = Web(Box(limits=Limits(connects_rate=None)))
    browser = web.connect()
    browser.send_bytes(request("GET", "/app.js") * (BURST + 3) + request("HEAD", "/last"))

    def answers() -> int:
        return browser.received().count(b"HTTP/1.1 200 OK")

    assert (answers(), browser.wire.paused) == (BURST + 1, True)
    producer: Any = browser.wire.producer
    producer.resumeProducing()
    assert browser.wire.paused
    web.box.clock.advance(1 / RATE)
    assert (answers(), browser.wire.paused) == (1, True)
    web.box.clock.advance(1 / RATE)
    web.box.clock.advance(1 / RATE)
    assert b"HTTP/1.1 404 Not Found" in browser.received()
    web.box.clock.advance(1 / RATE)
    assert not browser.wire.paused
    assert browser.ask_for("GET", "/app.js")[0] == 200
    browser.lose()


@pytest.mark.parametrize("limited", [False, True])
def test_a_proxy_may_ask_for_many(limited: bool) -> None:
    box = Box(limits=Limits(connects_rate=None) if limited else Limits(rate=None))
    browser = Web(box, None, *(["192.0.2.1"] if limited else [])).connect()
    browser.send_bytes(request("GET", "/app.js") * 3 * BURST)
    assert browser.received().count(b"HTTP/1.1 200 OK") == 3 * BURST


class Pieces(Resource):
    """Answers piece by piece."""

    isLeaf = True

    def render_GET(self, request: WebRequest) -> int:
        self.request = request
        return NOT_DONE_YET


def test_a_client_that_sends_no_more_has_its_answers(web: Web, put: Put) -> None:
    """As netcat does at the end of its input, and whoever says so that a body is whole."""
    pieces = Pieces()
    web.root.putChild(b"f", pieces)
    browser = web.connect()
    body = {**OURS, "Content-Length": "5"}
    browser.send_bytes(request("GET", "/f") + request("PUT", "/u/secret", body, b"12345") + b"GET / HT")
    assert IHalfCloseableProtocol.providedBy(browser.wire.protocol)
    browser.end()
    assert not browser.wire.disconnecting
    pieces.request.finish()
    assert b"5 bytes." in browser.received()
    assert browser.wire.disconnecting


def test_a_client_that_asks_too_fast_and_sends_no_more_has_its_answers() -> None:
    web = Web(Box(limits=Limits(connects_rate=None)))
    browser = web.connect()
    browser.send_bytes(request("GET", "/app.js") * (BURST + 3))
    browser.end()
    assert browser.received().count(b"HTTP/1.1 200 OK") == BURST + 1
    assert not browser.wire.disconnecting
    for _ in range(3):
        web.box.clock.advance(1 / RATE)
    assert browser.received().count(b"HTTP/1.1 200 OK") == 2
    assert browser.wire.disconnecting


@pytest.mark.parametrize("sent", [b"", b"GET / HT", request("PUT", "/u/secret", {**OURS, "Content-Length": "9"}, b"1")])
def test_a_client_that_sends_no_more_and_has_not_asked_is_gone(web: Web, put: Put, sent: bytes) -> None:
    browser = web.connect()
    browser.send_bytes(sent)
    browser.end()
    assert browser.wire.disconnecting
    browser.lose()
    assert all(body.closed for body in put.bodies)


def test_an_answer_must_be_read_on(web: Web) -> None:
    pieces, stuck = Pieces(), web.box.hub.limits.stuck
    web.root.putChild(b"f", pieces)
    browser = web.connect()
    browser.send_bytes(request("GET", "/f"))
    for _ in range(4):
        pieces.request.write(b"x")
        web.box.clock.advance(stuck - 1)
        assert not browser.wire.aborted
    web.box.clock.advance(stuck)
    assert browser.wire.aborted


def test_a_body_that_comes_slowly_is_no_answer_that_is_not_read(web: Web, put: Put) -> None:
    put.most_body = 100 * PIECE
    browser = web.connect()
    browser.send_bytes(request("GET", "/"))
    browser.send_bytes(request("PUT", "/u/secret", {**OURS, "Content-Length": str(100 * PIECE)}))
    for _ in range(40):
        web.box.clock.advance(9)
        browser.send_bytes(b"x" * PIECE)
    assert not browser.wire.aborted


class WebTls(TlsTransport):
    """The same over TLS, where closing waits for the other end."""

    def setTcpNoDelay(self, on: bool) -> None:  # noqa: N802 - Twisted's
        """Small packets go at once."""


@pytest.mark.parametrize("tls", [False, True])
def test_who_is_refused_does_not_stay(web: Web, put: Put, tls: bool) -> None:
    wire: Any = WebTls(50_000) if tls else Wire(50_000, "192.0.2.1")
    channel = web.site.buildProtocol(wire.getPeer())
    channel.makeConnection(wire)
    channel.dataReceived(request("PUT", "/u/secret", {**OURS, "Content-Length": "1000000000"}))
    assert not wire.aborted
    web.box.clock.advance(LINGER)
    assert wire.aborted


def test_a_body_must_go_on(web: Web, put: Put) -> None:
    put.most_body = 10 * PIECE
    browser = web.connect()
    browser.send_bytes(request("PUT", "/u/secret", {**OURS, "Content-Length": str(10 * PIECE)}))
    for _ in range(4):
        web.box.clock.advance(9)
        browser.send_bytes(b"x" * PIECE)
        assert not browser.wire.aborted
    for _ in range(11):
        browser.send_bytes(b"x")
        web.box.clock.advance(1)
    assert browser.wire.aborted
    browser.lose()
    assert put.bodies[0].closed


@pytest.mark.parametrize("path", ["*", "x", "?", "http://localhost/u/secret"])
@pytest.mark.parametrize("length", ["Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: 0"])
def test_what_is_asked_for_is_a_path(web: Web, put: Put, path: str, length: str) -> None:
    browser = web.connect()
    browser.send_bytes(f"PUT {path} HTTP/1.1\r\nHost: {HOST}\r\n{length}\r\n\r\n".encode())
    assert browser.answer()[0] in (400, 405)


def test_a_length_of_any_number_of_digits_is_refused(web: Web, put: Put) -> None:
    browser = web.connect()
    rest = b"X: x\r\n\r\nx" + request("GET", "/app.js")
    browser.send_bytes(f"PUT /u/secret HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {'9' * 5000}\r\n".encode() + rest)
    status, _, body = browser.answer()
    assert (status, body) == (400, b"That is no length.\n")
    assert not put.bodies


def test_nothing_is_read_behind_what_is_no_request(web: Web) -> None:
    browser = web.connect()
    for data in (b"nonsense\r\n", b"\r\n", request("GET", "/app.js")):
        browser.send_bytes(data)
    assert browser.wire.disconnecting
    assert browser.received() == b"HTTP/1.1 400 Bad Request\r\n\r\n"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Host: \xff", 421),
        (b"Host: 192.0.2.100\r\nOrigin: \xff", 403),
        (b"Host: 192.0.2.100\r\nX-Forwarded-For: \xff", 200),
        (b"Host: 192.0.2.100\r\nX-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: \xff", 200),
        (b"Host: 192.0.2.100\r\nCookie: \xff", 200),
    ],
)
def test_headers_may_have_any_bytes(box: Box, header: bytes, status: int) -> None:
    browser = Web(box, None, "192.0.2.1").connect()
    browser.send_bytes(b"GET /app.js HTTP/1.1\r\n%b\r\n\r\n" % header)
    assert browser.answer()[0] == status


# -- how many


def test_one_address_has_so_many_connections(box: Box) -> None:
    box = Box(limits=Limits(connections_each=2, connects_rate=None))
    web = Web(box)
    browsers = [web.connect() for _ in range(3)]
    assert [browser.ask_for("GET", "/")[0] for browser in browsers] == [200, 200, 429]
    assert web.connect("192.0.2.2").ask_for("GET", "/")[0] == 200
    browsers[0].lose()
    browsers[2].lose()
    assert web.connect().ask_for("GET", "/")[0] == 200
    more = [web.connect() for _ in range(5)]
    assert more[-1].wire.aborted


def test_those_through_a_proxy_share_no_address(box: Box) -> None:
    box = Box(limits=Limits(connections_each=2, connects_rate=None))
    web = Web(box, None, "192.0.2.1")
    browsers = [web.connect() for _ in range(5)]
    assert [browser.ask_for("GET", "/")[0] for browser in browsers] == [200] * 5


def test_all_together_have_so_many_connections(box: Box) -> None:
    box = Box(limits=Limits(connections=3, connections_each=None, connects_rate=None))
    web = Web(box)
    browsers = [web.connect() for _ in range(4 + TO_REFUSE)]
    assert [browser.wire.aborted for browser in browsers] == [False] * (3 + TO_REFUSE) + [True]
    browsers[-1].lose()
    browsers[0].lose()
    assert not web.connect().wire.aborted


def test_a_websocket_counts_no_more_as_a_connection_for_requests(box: Box) -> None:
    box = Box(limits=Limits(connections_each=2, connects_rate=None))
    web = Web(box)
    web.browser("ada")
    web.browser("bob")
    assert [web.connect().ask_for("GET", "/")[0] for _ in range(2)] == [200, 200]
    assert len(box.connections.admission.expected) == 2


def test_heads_are_bounded(web: Web) -> None:
    for head in (
        b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 70 + b"\r\n",
        b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n\r\n",
        b"nonsense\r\n\r\n",
    ):
        browser = web.connect()
        browser.send_bytes(head)
        assert browser.received().startswith(b"HTTP/1.1 400 ")
        assert browser.wire.disconnecting
