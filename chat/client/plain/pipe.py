"""The client without a screen: it sends what comes in by a pipe, or prints what is said."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chat.client.link.link import Link, Listener
from chat.client.link.states import Online, State, Waiting
from chat.client.model.model import LocalTime
from chat.core import events
from chat.core.text import clean

WINDOW = 16
"""How many messages to have unacknowledged at once, so that the server does not need to slow us down."""
_CHUNK = 1 << 14
_LONGEST_LINE = 1 << 16


class Printer(Protocol):
    """Where lines are printed."""

    def write(self, text: str, /) -> object:
        """Print *text*."""


class Source(Protocol):
    """Where lines come from."""

    failure: str
    """Why no more can be read; empty if it can."""

    @property
    def at_end(self) -> bool:
        """Whether all lines have been taken."""

    def take(self) -> str | None:
        """Return the next line, or ``None`` if it has not come yet."""


class Lines:
    """The lines of a file descriptor, read only as fast as they are taken.

    *more* is called when there is something to take. A line of more than 64 KB is cut into several. A line that is not
    UTF-8 is read in *encoding*.
    """

    def __init__(
        self, descriptor: int, loop: asyncio.AbstractEventLoop, more: Callable[[], None], encoding: str = "utf-8"
    ) -> None:
        self.failure = ""
        """Why no more can be read; empty if it can."""
        self._encoding = encoding
        self._descriptor = descriptor
        self._loop = loop
        self._more = more
        self._waiting: deque[bytes] = deque()
        self._partial = b""
        self._ended = False
        self._reading = False

    @property
    def at_end(self) -> bool:
        """Whether all lines have been taken."""
        return self._ended and not self._waiting

    def take(self) -> str | None:
        """Return the next line, or ``None`` if it has not come yet; *more* will be called when it has."""
        if self._waiting:
            return self._decoded(self._waiting.popleft())
        self._read_soon()
        return None

    def stop(self) -> None:
        """Read no more."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._descriptor)

    def _decoded(self, line: bytes) -> str:
        try:
            return clean(line.decode())
        except UnicodeDecodeError:
            return clean(line.decode(self._encoding, "replace"))

    def _read_soon(self) -> None:
        if self._reading or self._ended:
            return
        try:
            self._loop.add_reader(self._descriptor, self._readable)
            self._reading = True
        except PermissionError:
            # epoll does not take plain files, which are always ready.
            self._loop.call_soon(self._readable)

    def _readable(self) -> None:
        self.stop()
        try:
            data = os.read(self._descriptor, _CHUNK)
        except OSError as failure:
            data, self.failure = b"", failure.strerror or str(failure)
        *whole, self._partial = (self._partial + data).split(b"\n")
        if not data:
            self._ended = True
            whole, self._partial = [self._partial], b""
        elif len(self._partial) > _LONGEST_LINE:
            whole, self._partial = [*whole, self._partial], b""
        self._waiting.extend(line.rstrip(b"\r") for line in whole if line)
        self._more()


class Sender(Listener):
    """Says each line in *room*, and tells at the end whether all of them were stored.

    With *notice* each is a notice: nobody is alerted by it, and no program answers it.
    """

    def __init__(
        self,
        room: str,
        timeout: float,
        clock: IReactorTime,
        complain: Callable[[str], None],
        *,
        notice: bool = False,
    ) -> None:
        self.finished: Deferred[bool] = Deferred()
        """Fires at the end with whether everything was stored."""
        self._room = room
        self._timeout = timeout
        self._clock = clock
        self._complain = complain
        self._fields: dict[str, object] = {"notice": True} if notice else {}
        """What each line is said with, until a server has shown that it does not know that."""
        self._link: Link | None = None
        self._lines: Source | None = None
        self._limit: int | None = None
        self._all_stored = True
        self._why = ""
        """Why there is no connection, as a sentence behind another; empty if there is one."""
        self._inside = False
        """Whether it has come into the room."""
        self._timer: IDelayedCall | None = None

    def start(self, link: Link, lines: Source) -> None:
        """Begin to wait for the server."""
        self._link, self._lines = link, lines
        self._wait_anew()

    def state_changed(self, state: State) -> None:
        """The connection has come or gone."""
        if isinstance(state, Online):
            self._why = ""
            self._wait_anew()
        elif isinstance(state, Waiting):
            self._why = f" {state.why}"

    def event_received(self, event: events.Event, old: bool) -> None:
        """Handle the server's answers."""
        match event:
            case events.Welcome():
                self._limit = event.limits.text
            case events.RoomState():
                self._inside = True
                self.advance()
            case events.Message(tag=str(), notice=False) if self._fields:
                self._fields = {}
                self._complain("The server does not know notices, so that your lines may alert people.")
            case events.Refusal():
                self._fail(event.text)
                if not self._inside:
                    self._finish()

    def outbox_changed(self) -> None:
        """A message was acknowledged or sent."""
        self._wait_anew()
        if self._link is not None and len(self._link.outbox) < WINDOW:
            self._clock.callLater(0, self.advance)

    def advance(self) -> None:
        """Send lines while fewer than :data:`WINDOW` messages are unacknowledged."""
        link, lines = self._link, self._lines
        if link is None or lines is None or self._limit is None or self.finished.called:
            return
        while len(link.outbox) < WINDOW and (line := lines.take()) is not None:
            if len(line.encode()) > self._limit:
                self._fail(f"A line is longer than the {self._limit} bytes that the server takes: {line[:40]}…")
            elif line.strip():
                link.post("say", room=self._room, text=line, **self._fields)
        if lines.at_end and not link.outbox:
            if lines.failure:
                self._fail(f"the input can't be read: {lines.failure}.")
            self._finish()

    def give_up(self) -> None:
        """Stop before everything is stored."""
        if not self.finished.called:
            self._fail("Interrupted before everything was stored.")
            self._finish()

    def _fail(self, sentence: str) -> None:
        self._all_stored = False
        self._complain(sentence)

    def _finish(self) -> None:
        if not self.finished.called:
            if self._timer is not None and self._timer.active():
                self._timer.cancel()
            self.finished.callback(self._all_stored)

    def _wait_anew(self) -> None:
        """Start the timeout again if the server has something to acknowledge."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if self._link is not None and (self._link.outbox or self._limit is None) and not self.finished.called:
            self._timer = self._clock.callLater(self._timeout, self._too_late)

    def _too_late(self) -> None:
        self._fail(f"The server has not answered for {self._timeout:g} seconds.{self._why}")
        self._finish()


class Tail(Listener):
    """Prints what is said and how it is changed, with the local time. Each line of a message is a line of its own."""

    def __init__(self, output: Printer, local_time: LocalTime, complain: Callable[[str], None]) -> None:
        self.expelled: Deferred[None] = Deferred()
        """Fires when it was put out of its last room."""
        self._output = output
        self._local_time = local_time
        self._complain = complain
        self._state: State | None = None
        self._link: Link | None = None
        self._name = ""
        self._rooms: set[str] = set()

    def start(self, link: Link) -> None:
        """Report over *link* what was printed."""
        self._link = link

    def state_changed(self, state: State) -> None:
        """Report each break of the connection once, and whenever there is another reason why it does not come back."""
        match self._state, state:
            case Waiting(before), Waiting(why):
                if why != before:
                    self._complain(f"Still no connection: {why}")
            case _, Waiting(why):
                self._complain(f"Disconnected: {why} Reconnecting by itself.")
            case Waiting() | Online(), Online():
                self._complain("Connected again.")
        if isinstance(state, Online | Waiting):
            self._state = state

    def event_received(self, event: events.Event, old: bool) -> None:
        """Print messages and changes."""
        if isinstance(event, events.Message):
            self._print_of(event, event.words())
            self._have_read(event)
        elif isinstance(event, events.Edited):
            self._print_of(event, event.words())
        elif isinstance(event, events.Deleted):
            self._print_of(event, [f"* {event.sentence(self._local_time.local)}"])
        elif isinstance(event, events.Pinned):
            self._print_of(event, [f"* {event.sentence()}"])
        elif isinstance(event, events.Refusal):
            self._complain(event.text)
        elif isinstance(event, events.Welcome):
            self._name = event.name
        elif isinstance(event, events.RoomState):
            self._rooms.add(event.room)
        elif isinstance(event, events.Left) and event.name == self._name:
            self._put_out(event)

    def _have_read(self, message: events.Message) -> None:
        """Say that a private message was printed, unless the user has other devices, where they read."""
        link = self._link
        if message.with_ is not None and link is not None and link.online and not link.registered:
            link.ask("read", **{"with": message.with_}, id=message.id)

    def _put_out(self, event: events.Left) -> None:
        why = f": {event.text}" if event.text else "."
        self._complain(f"Kicked out of #{event.room} by {event.by}{why}" if event.by else f"Left #{event.room}.")
        self._rooms.discard(event.room)
        if not self._rooms and not self.expelled.called:
            self.expelled.callback(None)

    def _print_of(self, event: events.Message | events.Change, lines: Iterable[str]) -> None:
        """Print lines about a message, with its room."""
        time = self._local_time.local(event.time)
        room = f"#{event.room} " if event.room else ""
        for line in lines:
            self._output.write(f"{time:%Y-%m-%d %H:%M:%S} {room}{line}\n")
