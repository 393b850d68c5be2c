"""Files by HTTP: they come to an address that is good for one, and are fetched at another that nobody can guess."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import partial
from http import HTTPStatus
from typing import cast
from urllib.parse import quote, unquote

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IPushProducer
from twisted.logger import Logger
from twisted.protocols.basic import FileSender
from twisted.python.failure import Failure
from twisted.web.http import CACHED
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from chat.core.commands import files
from chat.core.errors import ChatError, NotStored, TooLong
from chat.core.events import File
from chat.core.files import Ticket, file_name
from chat.core.hub import Hub
from chat.disk.file_directory import KEY, Contents, FileDirectory, NewFile, NoRoom
from chat.protocols.stored_files import StoredFiles
from chat.protocols.web.requests import Body, Refused, TakesBody, WebRequest

AHEAD = 262_144
"""The bytes of a file that wait to be written, at most, before no more are read."""

SENT_AT_ONCE = 65_536
"""The bytes of a file that are read for somebody who fetches it, each time that it is opened for that."""

_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
_STATUS = {TooLong.code: HTTPStatus.REQUEST_ENTITY_TOO_LARGE, NotStored.code: HTTPStatus.INSUFFICIENT_STORAGE}
"""How refusals are told by HTTP; all others are 403."""

_FULL = "The disk of the server has no room for that file. Ask whoever runs this chat to make some."
_BROKEN = "The server could not store that file. Try again later."

log = Logger()


class Coming(Enum):
    """How far a file has come."""

    COMES = auto()
    WHOLE = auto()
    """All has come: whoever took it decides what becomes of it."""
    BROKEN = auto()
    """It does not come any more, and nothing is left of it."""


class Incoming(Body):
    """A file that is coming. It is written by a thread, and the client waits if that is slower."""

    def __init__(self, hub: Hub, stored: StoredFiles, request: WebRequest, ticket: Ticket, name: str) -> None:
        self.ticket = ticket
        self.name = name
        self.new: NewFile = stored.directory.begin(hub.make_token(), ticket.comes or 0)
        self._hub = hub
        self._run = stored.run
        self._transport = cast(IPushProducer, request.channel.socket)
        self._waiting: list[bytes] = []
        self._ahead = 0
        """The bytes that wait; a body may come in many pieces of one byte, so they are not counted anew for each."""
        self._taken = 0
        self._writing = False
        self._paused = False
        self._failure: Failure | None = None
        self._written: Deferred[None] | None = None
        self._state = Coming.COMES

    def write(self, data: bytes, /) -> None:
        self._taken += len(data)
        if self._taken > self.ticket.most:
            raise Refused(_STATUS[TooLong.code], f"That is more than the {self.ticket.most} bytes that were to come.")
        if self._failure is not None:
            raise _refused(self._failure)
        self._waiting.append(data)
        self._ahead += len(data)
        if not self._writing:
            self._go_on()
        elif self._ahead > AHEAD and not self._paused:
            self._paused = True
            self._transport.pauseProducing()

    def _go_on(self) -> None:
        """Write what waits."""
        data, self._waiting, self._ahead = b"".join(self._waiting), [], 0
        self._writing = True
        self._run(self.new.write, data).addCallbacks(self._wrote, self._failed)

    def _wrote(self, _: object) -> None:
        self._writing = False
        if self._paused and self._state is not Coming.BROKEN:
            self._paused = False
            self._transport.resumeProducing()
        if self._state is Coming.BROKEN:
            self._abandon()
        elif self._waiting:
            self._go_on()
        elif self._written is not None:
            self._written.callback(None)

    def _failed(self, failure: Failure) -> None:
        self._failure = failure
        self._waiting.clear()
        if self._written is not None:
            self._writing = False
            self._written.errback(failure)
        else:
            self._wrote(None)

    def whole(self) -> Deferred[None]:
        """Fire when all that has come is written; from now on the caller decides what becomes of the file."""
        self._state = Coming.WHOLE
        if self._failure is not None:
            return fail(self._failure)
        if not self._writing:
            return succeed(None)
        self._written = Deferred()
        return self._written

    def close(self) -> None:
        """Unless all has come, leave nothing of the file."""
        if self._state is Coming.COMES:
            self._state = Coming.BROKEN
            files.give_up(self._hub, self.ticket)
            if not self._writing:
                self._abandon()

    def _abandon(self) -> None:
        self._run(self.new.abandon).addErrback(_not_removed)

    def seek(self, offset: int, whence: int = 0, /) -> None:
        """It is not read again from here."""

    def tell(self) -> int:
        return self._taken

    def read(self, size: int = -1, /) -> bytes:
        return b""


def _refused(failure: Failure) -> Refused:
    """What the client is told of a file that can't be written."""
    if failure.check(NoRoom):
        return Refused(HTTPStatus.INSUFFICIENT_STORAGE, _FULL)
    log.failure("a file that was sent can't be written", failure)
    return Refused(HTTPStatus.INSUFFICIENT_STORAGE, _BROKEN)


def _not_removed(failure: Failure) -> None:
    log.failure("what came of a file can't be removed; the next start removes it", failure)


class Uploads(TakesBody):
    """Where files come to: ``u/KEY``, or ``u/KEY/NAME`` as ``curl -T`` asks for."""

    def __init__(self, hub: Hub, stored: StoredFiles) -> None:
        super().__init__()
        self._hub = hub
        self._stored = stored
        self.most_body = hub.limits.file

    def open_body(self, request: WebRequest, length: int | None) -> Incoming:
        """Have a file come, if who asked for that may still send it."""
        _, _, key, name, *_ = [*request.uri.decode("latin-1").partition("?")[0].split("/", 3), "", ""]
        ticket = self._hub.uploads.find(key, self._hub.monotonic())
        if request.method != b"PUT":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "Send the file with PUT, as curl -T does.")
        if ticket is None:
            raise Refused(HTTPStatus.NOT_FOUND, "There is no such address to send a file to, or its time is over.")
        if ticket.sent:
            raise Refused(HTTPStatus.OK, ticket.sent)
        if ticket.comes is not None:
            raise Refused(HTTPStatus.CONFLICT, "A file is coming to that address just now.")
        try:
            files.begin(self._hub, ticket, length)
        except ChatError as error:
            raise _told(error) from error
        try:
            return Incoming(self._hub, self._stored, request, ticket, ticket.name or file_name(unquote(name)))
        except OSError:
            files.give_up(self._hub, ticket)
            raise _refused(Failure()) from None

    def render_PUT(self, request: WebRequest) -> int:
        body: object = request.content
        if not isinstance(body, Incoming):  # there was nothing in it
            body = request.content = self.open_body(request, 0)
        Deferred.fromCoroutine(self._keep(body, request)).addErrback(_failed, request)
        return NOT_DONE_YET

    async def _keep(self, body: Incoming, request: WebRequest) -> None:
        """All has come: store it, and have its message shown."""
        ticket, new = body.ticket, body.new

        def leave_nothing() -> None:
            self._stored.run(new.abandon).addErrback(_not_removed)

        def failed() -> None:
            leave_nothing()
            request.answer(HTTPStatus.INSUFFICIENT_STORAGE, _BROKEN)

        try:
            await body.whole()
            contents: Contents = await self._stored.run(new.finish)
            file = File(name=body.name, **contents._asdict())
            files.send(self._hub, ticket, file, new.key, partial(request.answer, HTTPStatus.CREATED), failed)
        except Exception as error:
            files.give_up(self._hub, ticket)
            leave_nothing()
            if isinstance(error, ChatError):
                refused = _told(error)
            elif isinstance(error, OSError):
                refused = _refused(Failure())
            else:
                raise
            request.answer(refused.status, str(refused))


def _told(error: ChatError) -> Refused:
    return Refused(_STATUS.get(error.code, HTTPStatus.FORBIDDEN), str(error))


def _failed(failure: Failure, request: WebRequest) -> None:
    log.failure("a request for a file failed", failure)
    request.answer(HTTPStatus.INTERNAL_SERVER_ERROR, "The server made a mistake, and has noted it.")


class Downloads(Resource):
    """Where files are fetched, by whoever has the address: ``f/KEY/NAME``. A browser saves them, and shows pictures."""

    isLeaf = True

    def __init__(self, stored: StoredFiles) -> None:
        super().__init__()
        self._stored = stored

    def render_GET(self, request: WebRequest) -> int:
        key = request.postpath[0].decode("latin-1") if request.postpath else ""
        found = self._stored.find(key) if KEY.fullmatch(key) else succeed(None)
        found.addCallback(partial(self._send, request, key)).addErrback(_failed, request)
        return NOT_DONE_YET

    def _send(self, request: WebRequest, key: str, file: File | None) -> None:
        if request.gone:
            return
        directory = self._stored.directory
        if file is None or not directory.has(key):  # its message may have been deleted since
            request.answer(HTTPStatus.NOT_FOUND, "There is no such file, or not any more.")
            return
        part = _begin(request, file)
        if part:
            rest = _Rest(directory, key, part)
            sender = FileSender()
            sender.CHUNK_SIZE = SENT_AT_ONCE
            sent = sender.beginFileTransfer(rest, request)
            sent.addCallbacks(lambda _: _end(request, rest), lambda _: None)  # it fails if the client goes


def _end(request: WebRequest, rest: _Rest) -> None:
    """No more follows; if something is missing, the client sees so by the length that it was told."""
    if rest.part:
        request.loseConnection()
    else:
        request.finish()


def _begin(request: WebRequest, file: File) -> range:
    """Begin to answer with a *file*; return which of its bytes follow. If none do, that is all."""
    size = file.size
    plain = "".join(letter if letter.isascii() and letter.isprintable() else "_" for letter in file.name)
    named = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    request.setHeader("Content-Disposition", named)
    request.setHeader("Content-Security-Policy", "default-src 'none'; sandbox")
    request.setHeader("Cache-Control", "private, no-cache")
    nothing = range(0)
    if request.setETag(f'"{file.digest}"'.encode()) is CACHED:
        request.finish()
        return nothing
    kind = "text/plain; charset=utf-8" if file.type == "text/plain" else file.type
    request.setHeader("Content-Type", kind)
    request.setHeader("Accept-Ranges", "bytes")
    wanted = request.getHeader("Range") if request.getHeader("If-Range") in (None, f'"{file.digest}"') else None
    part = part_of(wanted or "", size)
    if part is None:
        part = range(size)
    elif not part:
        request.setHeader("Content-Range", f"bytes */{size}")
        request.answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"That file has {size} bytes.")
        return nothing
    else:
        request.setResponseCode(HTTPStatus.PARTIAL_CONTENT)
        request.setHeader("Content-Range", f"bytes {part.start}-{part.stop - 1}/{size}")
    request.setHeader("Content-Length", str(len(part)))
    if request.method == b"HEAD" or not part:
        request.finish()
        return nothing
    return part


def part_of(wanted: str, size: int) -> range | None:
    """Read the header ``Range`` of a request; ``None`` is all of *size* bytes, and nothing is what there is not."""
    found = _RANGE.fullmatch(wanted)
    if found is None or not any(found.groups()):
        return None
    first, last = (int(digits) if digits else None for digits in found.groups())
    if first is None:
        return range(max(0, size - (last or 0)), size)
    if last is not None and last < first:
        return None
    return range(first, min(size, size if last is None else last + 1))


class _Rest:
    """What is still to be sent of a file, for :class:`FileSender`."""

    def __init__(self, directory: FileDirectory, key: str, part: range) -> None:
        self._directory = directory
        self._key = key
        self.part = part
        """Which bytes that is."""

    def read(self, size: int) -> bytes:
        """Read at most so many bytes; none at the end, or if the file is there no more."""
        try:
            data = self._directory.read(self._key, self.part.start, min(size, len(self.part)))
        except FileNotFoundError:  # its message was deleted
            return b""
        except OSError as error:
            log.error("a file that somebody fetches can't be read: {error}", error=error)
            return b""
        self.part = self.part[len(data) :]
        return data
