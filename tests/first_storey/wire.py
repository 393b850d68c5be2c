"""The thin end: JSON lines over a stream, as ``docs/protocol.md`` writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from OpenSSL import SSL
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from first_storey import events
from first_storey.text import clean
from first_storey.tls import Untrusted

MAXIMUM_LINE = 1 << 23
"""The longest line taken from a server, in bytes: a page of history with the longest texts fits many times."""


class Wire(LineReceiver):
    """One connection: hands on each event that arrives, with every string in it clean.

    What is no event that we know (the greeting for people, types of a later version) is passed over.
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
    """Read an event from a line, with clean strings; ``None`` where the line is none that we know.

    A refusal for people is one too: whoever sends it does not speak with programs, or not yet.
    """
    if line.startswith(b"! "):
        return events.Refusal(code="", text=clean(line[2:].decode("utf-8", "replace")))
    if not line.startswith(b"{"):
        return None
    try:
        event: events.Event = msgspec.convert(
            _cleaned(msgspec.json.decode(line.decode("utf-8", "replace"))), events.AnyEvent
        )
    except (msgspec.DecodeError, RecursionError):
        return None
    return event


def _cleaned(value: object) -> object:
    """Clean every string in *value*, however deep."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_cleaned(key): _cleaned(item) for key, item in value.items()}
    return value
