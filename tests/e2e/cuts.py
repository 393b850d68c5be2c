"""A way to a daemon that breaks when the test wants it to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from e2e.daemon import HOST


class CutProxy:
    """Forwards connections to *port*, and closes new ones at once where no daemon listens.

    :meth:`cut` breaks all of them, and new ones are closed at once until :meth:`mend`.
    """

    def __init__(self, port: int) -> None:
        self._there = port
        self._whole = True
        self._guard = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def __enter__(self) -> CutProxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self.cut()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def cut(self) -> None:
        """Break all connections, and let no other through."""
        with self._guard:
            self._whole = False
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                with self._guard:
                    if not self._whole:
                        here.close()
                        continue
                    try:
                        there = socket.create_connection((HOST, self._there))
                    except ConnectionRefusedError:  # the daemon is not there
                        here.close()
                        continue
                    self._sockets += (here, there)
                self._start(self._serve, here, there)

    def _serve(self, here: socket.socket, there: socket.socket) -> None:
        with here, there:
            back = self._start(self._carry, there, here)
            self._carry(here, there)
            back.join()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _start(self, call: Callable[..., None], *arguments: socket.socket) -> threading.Thread:
        thread = threading.Thread(target=call, args=arguments)
        self._threads.append(thread)
        thread.start()
        return thread
