"""Sends a file to the address that the server has named for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from io import BytesIO
from itertools import islice
from pathlib import Path
from socket import SHUT_RDWR
from ssl import CERT_NONE, PROTOCOL_TLS_CLIENT, SSLCertVerificationError, SSLContext
from threading import Thread
from typing import BinaryIO, cast
from urllib.parse import SplitResult, urlsplit

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from chat.core.text import clean

PATIENCE = 30.0
"""The seconds that the server may take for each step."""
LONGEST_ANSWER = 1_000
"""How many bytes of the answer are read."""
PIECE = 16 * 1024
"""How many bytes are sent at once."""
LOOKED_AT = 10_000
"""How many of the files in a folder are looked at, for the user to choose one."""
OFFERED = 200
"""How many of them are offered; with another letter it is those that begin so."""


class CannotSend(Exception):
    """A file was not sent; the message of the exception is a sentence for the user."""


class Upload:
    """A *file*, or what is to be in it, called *name*, on its way to the server."""

    def __init__(self, name: str, size: int, file: Path | bytes) -> None:
        self.name = clean(name)
        self.size = size
        self.file = file
        self.percent = 0
        """How much of it is sent."""
        self._connection: HTTPConnection | None = None
        self._stopped = False

    def stop(self) -> None:
        """Send no more of it."""
        self._stopped = True
        sock = None if self._connection is None else self._connection.sock
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(SHUT_RDWR)

    def send_to(self, url: str, moved: Callable[[], object], certificate: bytes | None = None) -> None:
        """Send it, and wait until it is stored; raises :class:`CannotSend`. *moved* is called at each percent."""
        place = urlsplit(url)
        if place.scheme not in ("http", "https") or place.hostname is None:
            raise CannotSend("The server has named no address to which a file can be sent.")
        try:
            with ExitStack() as opened:
                body, size = self._open(opened)
                self._connection = connection = _connect(place, certificate)
                opened.callback(connection.close)
                # A server that refuses the file may close before it has read all of it.
                with suppress(BrokenPipeError, ConnectionResetError):
                    pieces = self._pieces(body, size, moved)
                    connection.request("PUT", place.path, pieces, {"Content-Length": str(size)})
                answer = connection.getresponse()
                sentence = clean(answer.read(LONGEST_ANSWER).decode("utf-8", "replace")).strip()
        except SSLCertVerificationError as failure:
            raise CannotSend(
                f"{self.name} was not sent: the certificate of {place.hostname} can't be trusted "
                f"({failure.verify_message}). If it is that of the chat, come in by tls://, and it is."
            ) from failure
        except (OSError, HTTPException) as failure:
            reason = getattr(failure, "strerror", None) or str(failure) or "the connection broke"
            raise CannotSend(f"{self.name} was not sent: {clean(reason)}.") from failure
        if answer.status not in (200, 201):
            raise CannotSend(sentence or f"{self.name} was not sent: the server answered {answer.status}.")

    def _open(self, opened: ExitStack) -> tuple[BinaryIO, int]:
        if isinstance(self.file, bytes):
            return BytesIO(self.file), len(self.file)
        body = opened.enter_context(self.file.open("rb"))
        return body, os.fstat(body.fileno()).st_size

    def _pieces(self, body: BinaryIO, size: int, moved: Callable[[], object]) -> Iterator[bytes]:
        """Read so many bytes, and no more: something may be written to the file meanwhile."""
        left = size
        while left and (piece := body.read(min(left, PIECE))):
            if self._stopped:
                raise CannotSend(f"{self.name} was not sent.")
            yield piece
            left -= len(piece)
            percent = (size - left) * 100 // size
            if percent != self.percent:
                self.percent = percent
                moved()


def put(url: str, upload: Upload, moved: Callable[[], object], certificate: bytes | None = None) -> Deferred[None]:
    """Send a file; *moved* is called at each percent. The Deferred fails with :class:`CannotSend`.

    *certificate* is that by which we trust the server that has named the address. Where it is shown, it is trusted too.

    It is sent in a thread of its own, for which nobody waits who leaves.
    """
    from twisted.internet import reactor

    call: Callable[..., object] = cast(IReactorFromThreads, reactor).callFromThread
    sent = Deferred[None]()

    def send() -> None:
        try:
            upload.send_to(url, lambda: call(moved), certificate)
        except BaseException:
            call(sent.errback, Failure())
        else:
            call(sent.callback, None)

    Thread(target=send, daemon=True).start()
    return sent


def _connect(place: SplitResult, certificate: bytes | None) -> HTTPConnection:
    """Connect to *place*; by TLS only if it shows this *certificate*, or one that is vouched for."""
    host = place.hostname or ""
    if place.scheme == "http":
        return HTTPConnection(host, place.port, timeout=PATIENCE)
    if certificate is not None:
        context = SSLContext(PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, CERT_NONE
        connection = HTTPSConnection(host, place.port, timeout=PATIENCE, context=context)
        connection.connect()
        if connection.sock.getpeercert(True) == certificate:
            return connection
        connection.close()
    return HTTPSConnection(host, place.port, timeout=PATIENCE)


def look_at(name: str) -> tuple[Path, int]:
    """Find the file that the user calls *name*, and its size; raises :class:`CannotSend`."""
    try:
        path = Path(name).expanduser()
        size = path.stat().st_size
    except (OSError, RuntimeError, ValueError) as failure:
        raise CannotSend(f"{name} can't be read: {getattr(failure, 'strerror', None) or failure}.") from failure
    if not path.is_file():
        raise CannotSend(f"{name} is no file.")
    if not os.access(path, os.R_OK):
        raise CannotSend(f"You may not read {name}.")
    return path, size


def files_like(typed: str) -> tuple[int, list[str]]:
    """Return where in the *typed* path the last name begins, and the names of the files and folders that fit there.

    The name of a folder ends with a slash. Hidden files are named if a dot was typed.
    """
    if typed == "~":
        return 0, ["~/"]
    start = typed.rfind("/") + 1
    folder, begun = typed[:start], typed[start:]
    try:
        with os.scandir(Path(folder).expanduser()) as entries:
            fitting = [entry for entry in islice(entries, LOOKED_AT) if _fits(entry.name, begun)]
            fitting.sort(key=lambda entry: entry.name.casefold())
            return start, [_named(entry) for entry in fitting[:OFFERED]]
    except (OSError, RuntimeError, ValueError):
        return start, []


def _fits(name: str, begun: str) -> bool:
    can_be_typed = name.isprintable() and name == name.strip()
    is_wanted = begun.startswith(".") or not name.startswith(".")
    return can_be_typed and is_wanted and name.casefold().startswith(begun.casefold())


def _named(entry: os.DirEntry[str]) -> str:
    try:
        return f"{entry.name}/" if entry.is_dir() else entry.name
    except OSError:
        return entry.name
