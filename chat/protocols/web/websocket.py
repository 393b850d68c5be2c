"""A WebSocket (RFC 6455): each message is one JSON object of the protocol (``docs/protocol.md``, section WebSocket)."""

from __future__ import annotations

import codecs
import logging
from collections.abc import Sequence
from typing import cast

from twisted.internet.interfaces import ITransport
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State as Stage
from websockets.server import ServerProtocol
from websockets.utils import apply_mask

from chat.core import events
from chat.core.effects import Close
from chat.core.hub import Hub
from chat.core.peer import Peer
from chat.core.session import Session
from chat.delivery.dialect import Dialect
from chat.protocols.connection import Connection, Connections, State
from chat.protocols.json_dialect import FIRST, LATER, JsonDialect
from chat.protocols.jsonlines import JsonManners

SILENT = logging.Logger("chat.web", logging.CRITICAL)
"""The library tells each connection to a logger."""

CLOSED = b"\x88\x02" + CloseCode.NORMAL_CLOSURE.to_bytes(2, "big")
"""The frame by which the server closes."""

_WHOLE = 0x80
"""The bit of a frame that ends its message."""

_WHOLE_TEXT = _WHOLE | Opcode.TEXT

_LEAST = 6
"""The bytes of the smallest frame of a client: it is masked, and empty."""


def frame_of(data: bytes, kind: Opcode = Opcode.TEXT) -> bytes:
    """Put a message into one frame."""
    head, size = _WHOLE | kind, len(data)
    if size < 126:
        return bytes((head, size)) + data
    if size < 1 << 16:
        return bytes((head, 126)) + size.to_bytes(2, "big") + data
    return bytes((head, 127)) + size.to_bytes(8, "big") + data


class WebDialect(JsonDialect):
    """What another dialect writes as *lines*, each in a frame of its own."""

    def __init__(self, lines: JsonDialect) -> None:
        self._lines = lines
        self.changes = lines.changes

    def encode(self, event: events.Event) -> bytes:
        """Write an event for everybody in a room."""
        line = self._lines.encode(event)
        return frame_of(line[:-1]) if line else b""

    def encode_for(self, name: str, event: events.Event) -> bytes:
        """Write an event for the user called *name* alone."""
        line = self._lines.encode_for(name, event)
        return frame_of(line[:-1]) if line else b""

    def encode_replay(self, room: str, past: Sequence[events.Numbered]) -> bytes:
        """Write old messages and changes as they were written when they were new."""
        return b"".join([self.encode(event) for event in past])


class Parsers:
    """Parsers of what comes by WebSockets, for messages of at most *most* bytes.

    One takes 6 KB, so a connection has one only while it is within a frame or a message.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._spare: list[ServerProtocol] = []

    def take(self) -> ServerProtocol:
        """Return one that is between two messages."""
        return self._spare.pop() if self._spare else ServerProtocol(state=Stage.OPEN, max_size=self.most, logger=SILENT)

    def give_back(self, parser: ServerProtocol) -> None:
        """Keep one that is between two messages again, if there is none."""
        if not self._spare:
            self._spare.append(parser)


WEB_LATER, WEB_FIRST = WebDialect(LATER), WebDialect(FIRST)


class WebManners(JsonManners):
    """A browser, or a program, at the other end of a WebSocket, whose handshake was accepted."""

    __slots__ = ("_decoder", "_kind", "_last", "_message", "_parser", "_parsers", "_unread", "answer")

    way = "web"
    dialect: Dialect = WEB_FIRST

    def __init__(self, parsers: Parsers) -> None:
        self._parsers = parsers
        self._parser: ServerProtocol | None = None
        self._unread = 0
        """The bytes that the parser has of a frame that has not come whole."""
        self._kind = Opcode.TEXT
        self._message: bytearray | None = None
        """What has come of a message that is in several frames."""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._last = b""
        """The frame that closes, once that is decided; nothing is read any more then."""
        self.answer = b""

    def dialect_for(self, session: Session) -> JsonDialect:
        """The one that has all that may come in a room, if the client accepts that."""
        return WEB_LATER if session.knows_changes else WEB_FIRST

    @property
    def ends(self) -> bool:
        """Whether the client closes, or has broken the rules of WebSockets: nothing more is read."""
        return bool(self._last)

    def last_frame(self) -> bytes:
        """Return the frame that closes, behind which nothing may be sent."""
        self._last = self._last or CLOSED
        return self._last

    def hear(self, data: bytes, session: Session) -> bytes:
        """Return the messages in *data* as lines.

        A frame that ends no message, such as a ping, is an empty line, and so costs the client as much as a line.
        """
        self.answer = b""
        if self.ends:
            return b""
        lines: list[bytes] = []
        if self._parser is None:
            data = self._take_whole(data, lines)
            if not data:
                return b"".join(lines)
        parser = self._parser = self._parser or self._parsers.take()
        parser.receive_data(data)
        self._unread += len(data)
        for frame in parser.events_received():
            if isinstance(frame, Frame) and frame.opcode is not Opcode.CLOSE:
                self._unread -= _size(frame)
                line = self._line(frame)
                if line is None:
                    break
                lines.append(line + b"\n")
        self.answer_all()
        if parser.state is not Stage.OPEN:
            self._parser = None
        elif not self._unread and self._message is None:
            self._parser = None
            self._parsers.give_back(parser)
        return b"".join(lines)

    def _take_whole(self, data: bytes, lines: list[bytes]) -> bytes:
        """Take whole messages that *data* begins with, each in one frame; return what is left for a parser.

        Almost all that browsers send is such, and a parser takes ten times as long. It judges all that is not.
        """
        at, end, most = 0, len(data), self._parsers.most
        while end - at >= _LEAST and data[at] == _WHOLE_TEXT:
            size, mask = data[at + 1] & 0x7F, at + 2
            if size == 126:
                size, mask = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            begin = mask + 4
            if data[at + 1] < 0x80 or data[at + 1] == 0xFF or size > most or begin + size > end:
                break
            text = apply_mask(data[begin : begin + size], data[mask:begin])
            try:
                text.decode()
            except UnicodeDecodeError:
                break
            line = self.message(text, Opcode.TEXT)
            if line is None:
                break
            lines.append(line + b"\n")
            at = begin + size
        return data[at:]

    def _line(self, frame: Frame) -> bytes | None:
        """The message that *frame* ends; ``None`` if it is none that may be."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return b""
        if frame.opcode is not Opcode.CONT:
            self._kind = frame.opcode
        data = bytes(frame.data)
        try:
            if self._kind is Opcode.TEXT:
                self._check_text(data, ends=frame.fin)
        except UnicodeDecodeError:
            self.fail(CloseCode.INVALID_DATA, "That is not UTF-8.")
            return None
        if self._message is not None:
            self._message += data
        elif not frame.fin:
            self._message = bytearray(data)
        if not frame.fin:
            return b""
        if self._message is not None:
            data, self._message = bytes(self._message), None
        return self.message(data, self._kind)

    def _check_text(self, data: bytes, *, ends: bool) -> None:
        """Raise :class:`UnicodeDecodeError` as soon as what has come can't be UTF-8."""
        if self._decoder is None:
            if ends:
                data.decode()
                return
            self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._decoder.decode(data, ends)
        if ends:
            self._decoder = None

    def message(self, data: bytes, kind: Opcode) -> bytes | None:
        """Return a message as a line: JSON may have a space wherever it has an end of line."""
        if kind is Opcode.TEXT:
            return data.replace(b"\n", b" ")
        self.fail(CloseCode.UNSUPPORTED_DATA, "Send text, not binary messages.")
        return None

    def fail(self, code: CloseCode, why: str) -> None:
        """Close, and tell the client why."""
        if self._parser is not None and self._parser.state is Stage.OPEN:
            self._parser.fail(code, why)

    def answer_all(self) -> None:
        """Take what the client is to be sent back; a frame that closes has to wait until all else is sent."""
        if self._parser is None:
            return
        answers = [data for data in self._parser.data_to_send() if data]
        if self._parser.state is not Stage.OPEN and answers:
            self._last = answers.pop()
        self.answer += b"".join(answers)

    def receive(self, hub: Hub, session: Session, line: bytes) -> None:
        """Do what the object in *line* asks for."""
        if line:
            super().receive(hub, session, line)


def _size(frame: Frame) -> int:
    """The bytes that a *frame* of a client takes at least."""
    size = len(frame.data)
    return size + (6 if size < 126 else 8 if size < 1 << 16 else 14)


class WebConnection(Connection):
    """The connection of a client that is at *peer* and has asked for a WebSocket, which *accepted* is the answer to."""

    _manners: WebManners

    def __init__(self, connections: Connections, manners: WebManners, peer: Peer) -> None:
        super().__init__(connections, manners)
        self._peer = peer

    def where(self) -> Peer:
        """Where the client is, as the request has told."""
        return self._peer

    def connectionMade(self) -> None:
        super().connectionMade()
        self.handshakeCompleted()

    def dataReceived(self, data: bytes) -> None:
        super().dataReceived(data)
        if self._manners.ends and self._state is State.OPEN:
            self.readConnectionLost()

    def end_of_input(self) -> None:
        """Close without a word: a client that has closed reads no more, and may come back."""
        self._chat.hub.then(self.session, Close(self.session))

    def _close(self) -> None:
        cast(ITransport, self.transport).write(self._manners.last_frame())
        self._state = State.OPEN  # the client may still send, and a reset would take the frame from it
        super()._close()
