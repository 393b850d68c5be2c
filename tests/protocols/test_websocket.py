"""A browser by its WebSocket: one of many ways in, with the rights and the limits of all others."""

from __future__ import annotations

import pytest
from box import Box
from protocols.browsing import HOST, OURS, Browser, Opcode, Web, frame, handshake

from chat.core.bans import Ban
from chat.core.limits import Limits
from chat.protocols.web import websocket
from chat.protocols.web.websocket import frame_of

LINE = Limits().json_line


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def web(box: Box) -> Web:
    return Web(box)


def test_a_browser_talks_with_all_others(box: Box, web: Web) -> None:
    ada, bot = box.text("ada"), box.json("bot")
    eve = web.browser("eve")
    eve.ask(type="say", room="lobby", text="hello", tag="1")
    assert ada.lines() == ["* bot joined.", "* eve joined.", "eve: hello"]
    assert [event["text"] for event in bot.objects() if event["type"] == "message"] == ["hello"]
    ada.send("hi eve")
    assert [(event["author"], event["text"], event.get("tag")) for event in eve.objects()] == [
        ("eve", "hello", "1"),
        ("ada", "hi eve", None),
    ]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_frames_have_lengths_of_three_sizes(size: int) -> None:
    from websockets.client import ClientProtocol
    from websockets.protocol import State
    from websockets.uri import parse_uri

    reader = ClientProtocol(parse_uri("ws://x/"), state=State.OPEN)
    reader.receive_data(frame_of(b"x" * size))
    (read,) = reader.events_received()
    assert read.data == b"x" * size  # type: ignore[union-attr]


def test_what_is_said_is_encoded_once_for_all_browsers(box: Box, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    browsers = [web.browser(name, accept=["changes", "lines"]) for name in ("ada", "bob", "eve", "joe")]
    for browser in browsers:
        browser.lines()
    made: list[bytes] = []

    def noted(data: bytes) -> bytes:
        made.append(data)
        return frame_of(data)

    monkeypatch.setattr(websocket, "frame_of", noted)
    browsers[0].ask(type="say", room="lobby", text="hello")
    assert [browser.types() for browser in browsers] == [["message"]] * 4
    assert len(made) == 1


def test_a_message_of_several_lines_is_one_object(web: Web) -> None:
    ada = web.connect()
    assert ada.open() == 101
    ada.send('{"type": "hello",\n\r\n "name":\r"ada"}')
    assert ada.types() == ["welcome", "room"]


def test_what_comes_with_the_handshake_is_not_lost(box: Box, web: Web) -> None:
    ada = web.connect()
    ada.send_bytes(handshake() + frame(b'{"type":"hello",')[:-3])
    ada.send_bytes(b"")
    head, _, _ = ada.received().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    bob = web.connect()
    bob.send_bytes(handshake() + frame(b'{"type":"hello","name":"bob"}'))
    assert b'"type":"welcome"' in bob.received()


def test_a_message_may_come_in_pieces_of_any_size(box: Box, web: Web) -> None:
    bob, ada = box.text("bob"), web.browser("ada")
    text = '{"type":"say","room":"lobby","text":"höß€😀"}'.encode()
    pieces = [text[at : at + 1] for at in range(len(text))]
    stream = b"".join(
        frame(piece, Opcode.CONT if at else Opcode.TEXT, fin=at == len(pieces) - 1) for at, piece in enumerate(pieces)
    )
    for at in range(len(stream)):
        ada.send_bytes(stream[at : at + 1])
    assert bob.lines() == ["* ada joined.", "ada: höß€😀"]


# -- its end


def test_who_quits_is_told_and_the_frame_that_closes_is_the_last(box: Box, web: Web) -> None:
    ada = web.browser("ada")
    ada.send_bytes(frame(b'{"type":"say","room":"lobby","text":"bye"}') + frame(b'{"type":"quit"}'))
    assert (ada.types(), ada.closed_with) == (["message", "goodbye"], 1000)
    assert ada.wire.half_closed


def test_whose_tab_is_closed_may_come_back(box: Box, web: Web) -> None:
    bob, ada = box.text("bob"), web.connect()
    ada.open()
    ada.ask(type="hello", name="ada")
    ada.objects()
    ada.send_bytes(frame(b'{"type":"say","room":"lobby","text":"bye"}') + frame(b"\x03\xe9", Opcode.CLOSE))
    assert (ada.types(), ada.closed_with) == (["message"], 1001)
    assert ada.wire.half_closed
    ada.end()
    assert ada.wire.disconnecting
    ada.lose()
    assert bob.lines() == ["* ada joined.", "ada: bye"]
    again = web.connect()
    again.open()
    again.ask(type="hello", token=ada.token, rooms={"lobby": 1})
    assert again.types()[0] == "welcome"
    assert bob.lines() == []


def test_what_the_client_sends_behind_its_end_is_not_read(box: Box, web: Web) -> None:
    bob, ada = box.text("bob"), web.browser("ada")
    ada.send_bytes(frame(b"", Opcode.CLOSE) + frame(b'{"type":"say","room":"lobby","text":"late"}'))
    ada.send('{"type":"say","room":"lobby","text":"later"}')
    assert (ada.types(), bob.lines()) == ([], ["* ada joined."])


def test_the_end_of_the_chat_is_told(box: Box, web: Web) -> None:
    ada = web.browser("ada")
    box.connections.farewell("The server is shutting down. Goodbye.")
    box.turn()
    assert (ada.types(), ada.closed_with) == (["goodbye"], 1000)


# -- what is not let in


def test_a_banned_browser_is_told_so_after_the_handshake(box: Box, web: Web) -> None:
    box.hub.bans.add(Ban("192.0.2.1", None, "", "", ""))
    ada = web.connect()
    assert ada.open() == 101
    assert (ada.types(), ada.closed_with) == (["error", "goodbye"], 1000)


def test_a_full_server_says_so() -> None:
    box = Box(limits=Limits(rate=None, connections=1))
    web = Web(box)
    web.browser("ada")
    bob = web.connect()
    assert bob.open() == 101
    assert (bob.types(), bob.closed_with) == (["error", "goodbye"], 1000)


def test_who_gives_no_name_is_sent_away(box: Box, web: Web) -> None:
    ada = web.connect()
    ada.open()
    box.clock.advance(70)
    box.turn()
    assert (ada.types(), ada.closed_with) == (["error", "goodbye"], 1000)


def test_pings_are_no_name(web: Web) -> None:
    ada = web.connect()
    ada.open()
    ada.send_bytes(frame(b"", Opcode.PING) * 20)
    assert (ada.types(), ada.closed_with) == (["error", "goodbye"], 1000)


# -- hostile frames


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(b"\xff"), 1007),
        (frame(b"\xed\xa0\x80"), 1007),
        (frame("€".encode()[:2]), 1007),
        (frame("€".encode()[:1], fin=False) + frame(b"x", Opcode.CONT), 1007),
        (frame(b"\xff", fin=False), 1007),
        (frame(b"{}", Opcode.BINARY), 1003),
        (frame(b"{}", Opcode.CONT), 1002),
        (frame(b"{", fin=False) + frame(b"}"), 1002),
        (b"\x81\x02{}", 1002),
        (b"\xc1\x80abcd", 1002),
        (b"\x83\x80abcd", 1002),
        (frame(b"", Opcode.PING, fin=False), 1002),
        (frame(b"x" * 126, Opcode.PING), 1002),
        (frame(b"\x03", Opcode.CLOSE), 1002),
        (frame(b"\x03\xec", Opcode.CLOSE), 1002),
        (frame(b"\x03\xe8\xff", Opcode.CLOSE), 1007),
        (b"\x81\xff" + (1 << 40).to_bytes(8, "big"), 1009),
        (frame(b"x" * (LINE + 1)), 1009),
        (frame(b"x" * LINE, fin=False) + frame(b"x", Opcode.CONT), 1009),
    ],
)
def test_what_is_no_message_ends_the_connection(box: Box, web: Web, data: bytes, code: int) -> None:
    bob, ada = box.text("bob"), web.browser("ada")
    ada.send_bytes(data)
    ada.send('{"type":"say","room":"lobby","text":"late"}')
    assert (ada.types(), ada.closed_with) == ([], code)
    assert bob.lines() == ["* ada joined."]
    ada.send_bytes(data)
    assert ada.types() == []
    assert ada.wire.half_closed, "what the client still sends must not reset the connection before it has read that"
    assert not ada.wire.disconnecting
    box.clock.advance(5)
    assert ada.wire.aborted


def test_endless_pieces_are_counted_together(web: Web) -> None:
    ada = web.browser("ada")
    ada.send_bytes(frame(b"x", fin=False))
    for _ in range(LINE // 100 + 1):
        ada.send_bytes(frame(b"x" * 100, Opcode.CONT, fin=False))
    assert (ada.types(), ada.closed_with) == ([], 1009)


@pytest.mark.parametrize("kind", [Opcode.PING, Opcode.PONG, Opcode.CONT])
def test_frames_that_end_no_message_cost_as_lines_do(kind: Opcode) -> None:
    box = Box(limits=Limits())
    ada = Web(box).browser("ada")
    ada.send_bytes(frame(b"", fin=False))
    ada.send_bytes(frame(b"", kind, fin=kind is not Opcode.CONT) * Limits().burst)
    assert ada.wire.paused
    box.clock.advance(60)
    assert not ada.wire.paused


def test_a_browser_that_sends_too_much_is_read_late_and_told() -> None:
    box = Box(limits=Limits())
    bob, ada = box.text("bob"), Web(box).browser("ada")
    said = [f'{{"type":"say","room":"lobby","text":"{number}"}}' for number in range(100)]
    ada.send(*said)
    assert len(bob.lines()) < 30
    for _ in range(30):
        box.clock.advance(1)
    assert ada.types().count("notice") == 1


def test_pings_of_a_browser_that_reads_nothing_are_not_answered_for_ever() -> None:
    box = Box(limits=Limits(rate=None, window=10_000))
    ada = Web(box).browser("ada")
    ada.wire.room = 0
    sent = 0
    while not ada.wire.paused and sent < 1_000:
        ada.send_bytes(frame(b"x" * 125, Opcode.PING))
        sent += 1
    assert sent < 100
    ada.wire.drain()
    box.turn()
    assert not ada.wire.paused
    ada.lines()
    assert ada.pongs == sent


def test_a_browser_that_reads_nothing_loses_what_is_said_and_is_told_how_much() -> None:
    box = Box(limits=Limits(rate=None, window=10_000))
    web = Web(box)
    bob, ada = box.json("bob"), web.browser("ada")
    ada.wire.room = 3
    for number in range(300):
        bob.ask(type="say", room="lobby", text=f"{number} " + "x" * 100)
    ada.wire.drain()
    box.turn()
    events = ada.objects()
    (missed,) = [event["count"] for event in events if event["type"] == "missed"]
    assert missed + len([event for event in events if event["type"] == "message"]) == 300


# -- the handshake


def test_the_socket_is_taken_over_only_when_all_is_sent(web: Web) -> None:
    ada = web.connect()
    ada.wire.dataBuffer = b"x"
    ada.send_bytes(handshake() + frame(b"{}"))
    assert ada.wire.aborted
    assert b" 101 " not in ada.received()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 101),
        ({"Origin": ""}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"http://{HOST}"}, 403),
        ({"Origin": "http://evil.example:8080"}, 403),
        ({"Origin": f"file://{HOST}:8080"}, 403),
        ({"Host": "evil.example:8080", "Origin": "http://evil.example:8080"}, 421),
        ({"Host": "evil.example:8080"}, 421),
        ({"Host": f"{HOST}.evil.example:8080", "Origin": f"http://{HOST}.evil.example:8080"}, 421),
        ({"Host": "192.0.2.101:8080", "Origin": "http://192.0.2.101:8080"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "["}, 421),
        ({"Host": f"evil.example@{HOST}:8080"}, 421),
        ({"Host": "localhost:9", "Origin": "http://localhost:9"}, 101),
        ({"Host": "LOCALHOST.:9", "Origin": "http://localhost.:9"}, 101),
        ({"Host": "127.0.0.1", "Origin": "https://127.0.0.1"}, 101),
        ({"Host": "[::1]:1", "Origin": "http://[::1]:1"}, 101),
    ],
)
def test_only_pages_of_the_chat_itself_use_it(web: Web, headers: dict[str, str], status: int) -> None:
    """A name that somebody has made mean our address (DNS rebinding) is none of ours."""
    assert web.connect().open({**OURS, **headers}) == status


def test_a_program_says_no_origin(web: Web) -> None:
    assert web.connect().open({"Host": f"{HOST}:8080"}) == 101


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (handshake().replace(b"Version: 13", b"Version: 8"), 400),
        (handshake().replace(b"Upgrade: websocket", b"Upgrade: h2c"), 426),
        (handshake().replace(b"Upgrade: websocket", b"Upgrade: web\x1bsocket"), 400),
        (handshake().replace(b"dGhl", b""), 400),
        (handshake().replace(b"GET /ws", b"POST /ws"), 405),
        (handshake().replace(b"HTTP/1.1", b"HTTP/1.0"), 505),
    ],
)
def test_what_is_no_handshake_gets_an_answer(web: Web, data: bytes, status: int) -> None:
    ada = web.connect()
    ada.send_bytes(data)
    assert ada.answer()[0] == status


def test_a_browser_stands_among_devices(box: Box, web: Web) -> None:
    ada = web.browser("ada")
    ada.ask(type="devices")
    (event,) = ada.objects()
    assert (event["devices"][0]["way"], event["devices"][0]["address"]) == ("web", "192.0.2.1")
    assert isinstance(ada, Browser)
