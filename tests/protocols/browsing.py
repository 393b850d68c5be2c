"""A browser, or whatever pretends to be one, at the web port of a chat in memory."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from box import Box, Socket
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from websockets.frames import Frame, Opcode

from chat.core.doorkeeper import Doorkeeper
from chat.protocols.web.hosts import Hosts
from chat.protocols.web.page_files import INDEX, PASSWORDS, Page
from chat.protocols.web.requests import WebSite
from chat.protocols.web.site import WebSocket
from chat.testing import Talk

HOST = "192.0.2.100"
PAGE = {INDEX: b'<html %b><script src="./app.js">' % PASSWORDS, "app.js": b"import './store.js'\n" * 100}
OURS = {"Host": f"{HOST}:8080", "Origin": f"http://{HOST}:8080"}


def handshake(headers: Mapping[str, str] = OURS, path: str = "/ws") -> bytes:
    """The request for a WebSocket."""
    wanted = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    return request("GET", path, {**headers, **wanted})


def request(method: str, path: str, headers: Mapping[str, str] = OURS, body: bytes = b"") -> bytes:
    """A request."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def frame(data: bytes, kind: Opcode = Opcode.TEXT, *, fin: bool = True) -> bytes:
    """A frame as clients send it, without the checks of the library."""
    mask = os.urandom(4)
    size = len(data)
    head = bytes((fin << 7 | kind, 0x80 | min(size, 126))) + (size.to_bytes(2, "big") if size > 125 else b"")
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


class Wire(Socket):
    """A TCP transport of Twisted's, as far as one looks into it."""

    dataBuffer = b""  # noqa: N815 - Twisted's
    _tempDataBuffer: tuple[bytes, ...] = ()  # noqa: N815 - Twisted's
    protocol: Any

    def __init__(self, port: int, host: str, ours: str = HOST) -> None:
        super().__init__(port, host)
        self.hostAddr = IPv4Address("TCP", ours, 8080)
        self.paused = False

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False


class Browser(Talk):
    """One connection."""

    def __init__(self, box: Box, site: WebSite, host: str = "192.0.2.1", ours: str = HOST) -> None:
        self.box = box
        self.wire = Wire(50_000, host, ours)
        self.wire.protocol = site.buildProtocol(self.wire.getPeer())
        self.wire.protocol.makeConnection(self.wire)
        self._read = 0
        self.closed_with: int | None = None
        self.pongs = 0

    def send_bytes(self, data: bytes) -> None:
        self.wire.protocol.dataReceived(data)
        self.box.turn()

    def send(self, *lines: str) -> None:
        self.send_bytes(b"".join(frame(line.encode()) for line in lines))

    def received(self) -> bytes:
        """What has come since the last call."""
        new: bytes = self.wire.value()[self._read :]
        self._read += len(new)
        return new

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The status, the headers and the body of the answer that has come."""
        head, _, body = self.received().partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body

    def ask_for(
        self, method: str, path: str, headers: Mapping[str, str] = OURS, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request; return its answer."""
        self.send_bytes(request(method, path, headers, body))
        return self.answer()

    def open(self, headers: Mapping[str, str] = OURS) -> int:
        """Ask for a WebSocket; return the status of the answer. What comes behind it stays to be read."""
        self.send_bytes(handshake(headers))
        start = self._read
        whole = self.received()
        head, end, _ = whole.partition(b"\r\n\r\n")
        self._read = start + len(head) + len(end)
        return int(head.split()[1])

    def lines(self) -> list[str]:
        """The messages that have come; a frame that closes must be the last thing of all."""
        data = self.received()
        found = []
        while data:
            assert self.closed_with is None, f"behind the end there is {data!r}"
            size, at = data[1], 2
            if size > 125:
                at = 4 if size == 126 else 10
                size = int.from_bytes(data[2:at], "big")
            payload, kind = data[at : at + size], data[0]
            data = data[at + size :]
            if kind == 0x81:
                found.append(payload.decode())
            elif kind == 0x8A:
                self.pongs += 1
            else:
                assert kind == 0x88
                self.closed_with = int.from_bytes(payload[:2], "big")
        return found

    def types(self) -> list[str]:
        """The types of the messages that have come."""
        return [json.loads(line)["type"] for line in self.lines()]

    def close(self, code: int = 1001) -> None:
        """Close as a browser does whose tab is closed."""
        self.send_bytes(frame(code.to_bytes(2, "big"), Opcode.CLOSE))

    def end(self) -> None:
        """Send no more."""
        self.wire.protocol.readConnectionLost()
        self.box.turn()

    def lose(self) -> None:
        """Break the connection."""
        self.wire.protocol.connectionLost(Failure(ConnectionLost()))
        self.box.turn()


class Web:
    """The web port of a chat in memory."""

    def __init__(self, box: Box, url: str | None = None, *proxies: str) -> None:
        self.box = box
        root = Page(PAGE, plain_passwords=box.hub.limits.plain_passwords)
        root.putChild(b"ws", WebSocket(box.connections))
        self.root = root
        self.site = WebSite(root, box.connections, Hosts(url, proxies), Doorkeeper(box.hub.limits))

    def connect(self, host: str = "192.0.2.1", ours: str = HOST) -> Browser:
        """Connect."""
        return Browser(self.box, self.site, host, ours)

    def browser(self, name: str, **fields: Any) -> Browser:
        """Come in by a WebSocket, and read what is shown so far."""
        made = self.connect()
        assert made.open() == 101
        made.ask(type="hello", name=name, **fields)
        made.objects()
        return made


__all__ = ["HOST", "OURS", "Browser", "Frame", "Opcode", "Web", "frame", "handshake", "request"]
