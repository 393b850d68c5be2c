"""A chat without ports, which runs while somebody has something done with data that no daemon uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any

from twisted.internet.threads import blockingCallFromThread

from chat.admin.address import ALONE
from chat.core.doors import Registration
from chat.protocols.ways import WAYS
from chat.service import ChatService
from chat.settings import Settings


class Alone:
    """Runs chats, one after the other, on the reactor in a thread of its own, which ends with this context."""

    def __init__(self) -> None:
        self._thread: Thread | None = None

    def __enter__(self) -> Alone:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            reactor = _reactor()
            reactor.callFromThread(reactor.stop)
            self._thread.join()

    @contextmanager
    def chat(self, directory: Path) -> Iterator[None]:
        """Run the chat of *directory*; raises :class:`~chat.history.store.CannotOpen`."""
        reactor = _reactor()
        if self._thread is None:
            self._thread = Thread(target=partial(reactor.run, installSignalHandlers=False), name="chat without ports")
            self._thread.start()
        # Who registers, once the chat has ports, is not known: an invitation may be needed.
        settings = Settings(
            ways={way.setting: () for way in WAYS}, data=str(directory), registration=Registration.INVITATION
        )
        chat = ChatService(reactor, settings, operator_socket=ALONE)
        blockingCallFromThread(reactor, chat.startService)
        try:
            yield
        finally:
            stop: Any = chat.stopService
            blockingCallFromThread(reactor, stop)


def _reactor() -> Any:
    from twisted.internet import reactor

    return reactor
