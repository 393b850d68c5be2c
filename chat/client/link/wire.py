"""The protocol of the client: JSON lines, as described in ``docs/protocol.md``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import msgspec
from OpenSSL import SSL, crypto
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ISSLTransport, ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from chat.client.link.known_events import known_event
from chat.client.link.tls import Untrusted
from chat.core import events
from chat.core.text import clean, clean_lines

_WITH_LINES = ("message", "edited")
"""The types of objects whose ``text`` may have several lines. Messages in lists need not have a type."""

MAXIMUM_LINE = 1 << 23
"""The longest line to accept from a server, in bytes: many times a page of the longest messages."""


class Wire(LineReceiver):
    """One connection. It passes on each event that arrives, after cleaning its strings.

    Lines that are no known event are ignored: the greeting for people, and types of later versions.
    """

    delimiter = b"\n"
    MAX_LENGTH = MAXIMUM_LINE
    transport: ITCPTransport
    _log = Logger()

    def __init__(self, made: Callable[[Wire], None], received: Callable[[events.Event], None]) -> None:
        self.closed: Deferred[None] = Deferred()
        """Fires when the connection is gone; fails with :class:`Untrusted` or an error of TLS."""
        self._made = made
        self._received = received

    @property
    def certificate(self) -> bytes | None:
        """That of the server, which is trusted, if the connection is by TLS."""
        if not ISSLTransport.providedBy(self.transport):
            return None
        return crypto.dump_certificate(crypto.FILETYPE_ASN1, cast(crypto.X509, self.transport.getPeerCertificate()))

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        self._made(self)

    def lineReceived(self, line: bytes) -> None:
        event = decode(line)
        if event is None:
            self._log.debug("Passed over: {line!r}", line=line[:200])
        else:
            self._received(event)

    def lineLengthExceeded(self, line: bytes) -> None:
        self._log.error("The server sent a line of more than {limit} bytes.", limit=MAXIMUM_LINE)
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if reason.check(Untrusted, SSL.Error):
            self.closed.errback(reason)
        else:
            self.closed.callback(None)

    def send(self, request: Mapping[str, object]) -> None:
        """Write one request."""
        self.sendLine(msgspec.json.encode(request))


def decode(line: bytes) -> events.Event | None:
    """Read what is known of an event in a line, with clean strings; return ``None`` if the line is no known event.

    A refusal in the text dialect counts too: a server may send one before it knows that we are a program.
    """
    if line.startswith(b"! "):
        return events.Refusal(code="", text=clean(line[2:].decode("utf-8", "replace")))
    if not line.startswith(b"{"):
        return None
    try:
        return known_event(_cleaned(msgspec.json.decode(line.decode("utf-8", "replace"))))
    except (msgspec.DecodeError, RecursionError):
        return None


def _cleaned(value: object) -> object:
    """Clean every string in *value*, at any depth. Texts of messages keep their line breaks; others become blanks."""
    if isinstance(value, str):
        return clean(value.rstrip("\r\n"))
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        cleaned = {_cleaned(key): _cleaned(item) for key, item in value.items()}
        if value.get("type", "message") in _WITH_LINES and isinstance(text := value.get("text"), str):
            cleaned["text"] = clean_lines(text)
        return cleaned
    return value
