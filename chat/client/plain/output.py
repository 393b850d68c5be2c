"""The one place that writes what the client prints. It never makes the client wait for whoever reads it."""

from __future__ import annotations

import asyncio
import errno
import os
import select
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import Self, TextIO

FULL = 1 << 16
"""How many bytes may wait until whoever prints is asked to stop for now."""
GRACE = 0.5
"""Seconds that a reader has to take what waits when the user ends the client."""
_AT_ONCE = 4096
"""How many bytes to write at once if they are more than one line: a pipe takes as many whole (``PIPE_BUF``)."""
_READER_GONE = (errno.EPIPE, errno.ECONNRESET)


class CannotPrint(Exception):
    """What the client prints can't be written. The message is a sentence for the user."""


class Flow(Enum):
    """How an output is."""

    RUNNING = "it is written"
    FULL = "its reader is slow, and too much waits"
    GONE = "nobody reads it any more"
    FAILED = "it can't be written"


class Output:
    """Writes to *descriptor* in a thread of its own, so that a reader that takes nothing holds up nobody else.

    The descriptor stays blocking: that it blocks is a property of the open file, which the shell and other programs
    share. Letters that *encoding* lacks become question marks.

    The owner sets what is called in the running loop: *filled* whenever too much waits for the reader, *drained* when
    the reader has then taken half of it, and *ended* when nothing can be written any more.
    """

    def __init__(self, descriptor: int, encoding: str = "utf-8") -> None:
        self.flow = Flow.RUNNING
        self.filled: Callable[[], None] = _nothing
        self.drained: Callable[[], None] = _nothing
        self.ended: Callable[[], None] = _nothing
        self._descriptor = descriptor
        self._encoding = encoding
        self._failure = ""
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._chunks: deque[bytes] = deque()
        self._size = 0
        """How many bytes wait, with those that are just being written."""
        self._done = asyncio.Event()
        """Set while nothing waits, and when nothing can be written any more."""
        self._done.set()
        self._in_a_hurry = asyncio.Event()
        self._woken, self._wake = os.pipe()
        threading.Thread(target=self._run, name="output", daemon=True).start()

    @classmethod
    def of(cls, stream: TextIO | None) -> Output:
        """Return the output that writes where *stream* does; raises :class:`CannotPrint` if there is none."""
        if stream is None:
            raise CannotPrint("there is no output to print to.")
        return cls(stream.fileno(), stream.encoding)

    def write(self, text: str) -> None:
        """Have *text* written. It is dropped if nothing can be written any more."""
        data = text.encode(self._encoding, "replace")
        if not data or self.flow in (Flow.GONE, Flow.FAILED):
            return
        with self._lock:
            asleep = not self._chunks
            self._chunks.append(data)
            self._size += len(data)
        self._done.clear()
        if asleep:
            os.write(self._wake, b"\0")
        if self._size > FULL:
            self.flow = Flow.FULL
            self.filled()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Wait until all is written, as :meth:`finish` does, unless something has failed."""
        try:
            if kind is None:
                await self.finish()
        finally:
            self.flow = Flow.FAILED if self.flow is Flow.FAILED else Flow.GONE
            os.close(self._wake)

    def hurry(self) -> None:
        """Wait for the reader no longer than :data:`GRACE` when all is printed: the user ends the client."""
        self._in_a_hurry.set()

    async def finish(self) -> None:
        """Wait until all is written; raises :class:`CannotPrint` if it can't be, but not if nobody reads it."""
        done = asyncio.ensure_future(self._done.wait())
        hurry = asyncio.ensure_future(self._in_a_hurry.wait())
        await asyncio.wait((done, hurry), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((done,), timeout=GRACE)
        done.cancel()
        hurry.cancel()
        if self.flow is Flow.FAILED:
            raise CannotPrint(f"the output can't be written: {self._failure}.")

    # In the loop, for the thread

    def _written(self) -> None:
        if self.flow is Flow.FULL and self._size <= FULL // 2:
            self.flow = Flow.RUNNING
            self.drained()
        if not self._size:
            self._done.set()

    def _end(self, flow: Flow, failure: str) -> None:
        self.flow, self._failure = flow, failure
        self._done.set()
        os.close(self._woken)
        self.ended()

    # In the thread

    def _run(self) -> None:
        flow, failure = Flow.GONE, ""
        try:
            self._write_all()
        except OSError as error:
            if error.errno not in _READER_GONE:
                flow, failure = Flow.FAILED, error.strerror or str(error)
        self._tell(self._end, flow, failure)

    def _write_all(self) -> None:
        """Write what waits, until nobody reads it; raises :class:`OSError` if it can't be written."""
        poll = select.poll()
        poll.register(self._descriptor, 0)
        poll.register(self._woken, select.POLLIN)
        while self._descriptor not in dict(poll.poll()) and os.read(self._woken, 1):
            while data := self._next():
                self._write_whole(data)
                with self._lock:
                    self._size -= len(data)
                self._tell(self._written)

    def _next(self) -> bytes:
        """Take the lines to write next out of those that wait: as many as go out at once, or one that is longer."""
        with self._lock:
            taken = [self._chunks.popleft()] if self._chunks else []
            size = sum(map(len, taken))
            while self._chunks and size + len(self._chunks[0]) <= _AT_ONCE:
                size += len(self._chunks[0])
                taken.append(self._chunks.popleft())
        return b"".join(taken)

    def _write_whole(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:  # another program has made the open file non-blocking
                _wait_for_room(self._descriptor, None)

    def _tell(self, call: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call, *arguments)


def complain(sentence: str) -> None:
    """Write a sentence to the standard error, unless nobody can or wants to take it."""
    stream = sys.stderr
    with suppress(OSError, ValueError):
        if stream is not None and _wait_for_room(stream.fileno(), GRACE):
            print(f"chat: {sentence}", file=stream, flush=True)


def _wait_for_room(descriptor: int, seconds: float | None) -> bool:
    """Wait until something can be written, *seconds* at most; return whether it can."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(None if seconds is None else seconds * 1000))


def _nothing() -> None:
    """The owner does not want to know."""
