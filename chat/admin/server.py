"""The operator's socket: what ``chat admin`` asks for comes in here, and goes into the queue of the chat."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import msgspec
from twisted.application.service import Service
from twisted.internet.defer import Deferred, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort, IReactorTime
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from chat.admin.address import address_in, peer_of
from chat.core import lifecycle
from chat.core.effects import Close
from chat.core.errors import BadJson, ChatError, Internal, TooLong, TooManyConnections
from chat.core.hub import Hub
from chat.core.session import State
from chat.delivery.feed_delivery import FeedDelivery
from chat.delivery.outbox import Outbox
from chat.protocols.json_dialect import JsonDialect
from chat.protocols.lines import LineReceiver

MOST_CONNECTIONS = 16
PATIENCE = 60.0
"""The seconds that a connection may last: it is for one request. Of what takes long it is for one piece."""

log = Logger()

_DIALECT = JsonDialect()


class OperatorProtocol(LineReceiver):
    """One request, a line of JSON, and its answer, another; the client closes when it has that."""

    delimiter = b"\n"
    MAX_LENGTH = 65_536

    def __init__(self, factory: OperatorFactory) -> None:
        self._chat = factory
        self._asked = False

    def connectionMade(self) -> None:
        from chat.core.operating.request import Operator

        chat = self._chat
        transport: Any = self.transport
        self.session = Operator(next(chat.numbers), self._wait_on)
        chat.delivery.connect(
            Outbox(self.session, _DIALECT, transport, chat.hub.limits.window, transport.loseConnection)
        )
        self._deadline = chat.clock.callLater(PATIENCE, self.abort)
        chat.open.add(self)
        if not _may_operate(transport):
            log.warn("somebody else than the user of this chat has reached its socket for chat admin, and was cut")
            self._asked = True
            self.abort()
        elif len(chat.open) > MOST_CONNECTIONS:
            self._refuse(TooManyConnections(f"{MOST_CONNECTIONS} others ask the chat at the same time. Try again."))

    def _wait_on(self) -> None:
        """What was asked for takes long, and goes on."""
        if self._deadline.active():
            self._deadline.reset(PATIENCE)

    def lineReceived(self, line: bytes) -> None:
        if self._asked or self.session.gone:
            return
        from chat.core.operating.request import Request
        from chat.core.operating.table import run

        self._asked = True
        hub = self._chat.hub
        try:
            run(hub, self.session, msgspec.json.decode(line.decode("utf-8", "replace"), type=Request))
        except msgspec.MsgspecError as error:
            self._refuse(BadJson(f"The chat does not understand what chat admin sends ({error})."))
        except ChatError as refusal:
            self._refuse(refusal)
        except Exception:
            log.failure("a request of the operator met a mistake in the server")
            lifecycle.fail(hub, self.session)

    def lineLengthExceeded(self, line: bytes) -> None:
        self._refuse(TooLong(f"That is more than {self.MAX_LENGTH} bytes."))

    def _refuse(self, refusal: ChatError) -> None:
        self._asked = True
        self._chat.hub.refuse(self.session, refusal)
        self.close()

    def close(self) -> None:
        """Close behind what the client has been told."""
        self._chat.hub.then(self.session, Close(self.session))

    def farewell(self) -> None:
        """Take no request any more; a client that has sent one closes when it has its answer."""
        if not self._asked:
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        transport: Any = self.transport
        transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.session.state = State.GONE
        self._chat.delivery.disconnect(self.session)
        if self._deadline.active():
            self._deadline.cancel()
        self._chat.forget(self)


class Outdated(LineReceiver):
    """Answers in the place of :class:`OperatorProtocol` if what that needs can't be loaded."""

    delimiter = b"\n"

    def lineReceived(self, line: bytes) -> None:
        text = "What chat admin needs can't be loaded: the chat was installed anew while it ran. Restart it."
        transport: Any = self.transport
        transport.write(msgspec.json.encode({"type": "error", "code": Internal.code, "text": text}) + b"\n")
        transport.loseConnection()


class OperatorFactory(Factory):
    """Makes the connections of the operator to one chat. *numbers* are those of its sessions."""

    noisy = False

    def __init__(self, hub: Hub, delivery: FeedDelivery, clock: IReactorTime, numbers: Iterator[int]) -> None:
        self.hub = hub
        self.delivery = delivery
        self.clock = clock
        self.numbers = numbers
        self.open: set[OperatorProtocol] = set()
        self._emptied: Deferred[None] | None = None

    def buildProtocol(self, addr: IAddress | None) -> OperatorProtocol | Outdated:
        try:
            import chat.core.operating.table  # noqa: F401 - loaded when an operator comes first
        except Exception:
            log.failure("what chat admin needs can't be loaded")
            return Outdated()
        return OperatorProtocol(self)

    def forget(self, connection: OperatorProtocol) -> None:
        """The *connection* is gone."""
        self.open.discard(connection)
        if self._emptied is not None and not self.open:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    def farewell(self) -> Deferred[None]:
        """Answer what was asked; fire when all connections are closed."""
        for connection in list(self.open):
            connection.farewell()
        if not self.open:
            return succeed(None)
        self._emptied = Deferred()
        return self._emptied

    def abort(self) -> None:
        """Close what is still open."""
        for connection in list(self.open):
            connection.abort()


class OperatorSocket(Service):
    """Listens for ``chat admin`` at the socket *file* in *directory*.

    The history there must be open, so that no other chat listens.
    """

    def __init__(self, reactor: Any, directory: Path, file: str, factory: OperatorFactory) -> None:
        self._reactor = reactor
        self._directory = directory
        self._file = file
        self._factory = factory
        self._port: IListeningPort | None = None
        self._address = ExitStack()

    def startService(self) -> None:
        """Listen; where that can't be, only ``chat admin`` does not work."""
        super().startService()
        path = self._directory / self._file
        try:
            _remove_stale(path)
            address = self._address.enter_context(address_in(self._directory, self._file))
            self._port = self._reactor.listenUNIX(address, self._factory, mode=0o600)
        except (OSError, CannotListenError) as error:
            log.error("chat admin can't reach this chat: {path}: {error}", path=path, error=error)

    def stopService(self) -> Deferred[None]:
        """Listen no more, and remove the socket."""
        super().stopService()
        port, self._port = self._port, None
        stopped = maybeDeferred(port.stopListening) if port is not None else succeed(None)
        return stopped.addErrback(self._not_removed).addBoth(lambda _: self._address.close())

    def _not_removed(self, failure: Failure) -> None:
        failure.trap(OSError)
        log.warn("{path} can't be removed: {why}", path=self._directory / self._file, why=failure.getErrorMessage())


def _may_operate(transport: Any) -> bool:
    """Tell whether the user of this chat, or root, is at the other end, whatever has become of the mode of the socket.

    What is no socket, and a system that does not tell who is there, leave that to the mode.
    """
    peer = peer_of(transport.getHandle()) if hasattr(transport, "getHandle") else None
    return peer is None or peer.user in (0, os.geteuid())


def _remove_stale(path: Path) -> None:
    """Remove the socket that a chat has left which was killed."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            path.unlink()
