"""The client that sends one file and leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from chat.client.link.link import Link, Listener
from chat.client.link.sending import Upload, put
from chat.client.link.states import State, Waiting
from chat.core import events


class FileSender(Listener):
    """Sends the file at *path* to *room*, unless the server does not answer for *timeout* seconds."""

    def __init__(
        self,
        room: str,
        path: Path,
        size: int,
        timeout: float,
        clock: IReactorTime,
        complain: Callable[[str], None],
    ) -> None:
        self.finished: Deferred[bool] = Deferred()
        """Fires at the end with whether the file was stored."""
        self._room = room
        self._upload = Upload(path.name, size, path)
        self._timeout = timeout
        self._complain = complain
        self._timer = clock.callLater(timeout, self._too_late)
        self._why = ""
        self._link: Link | None = None

    def start(self, link: Link) -> None:
        """Begin to wait for the server."""
        self._link = link

    def state_changed(self, state: State) -> None:
        """The connection has come or gone."""
        self._why = f" {state.why}" if isinstance(state, Waiting) else ""

    def event_received(self, event: events.Event, old: bool) -> None:
        """Ask where to send the file once the room is there, and send it."""
        match event:
            case events.Welcome() if "files" not in (event.features or ()):
                self._fail("This chat takes no files.")
            case events.RoomState() if self._link is not None:
                self._link.ask("upload", room=self._room, name=self._upload.name, size=self._upload.size)
            case events.Upload() if self._timer.active() and self._link is not None:
                self._timer.cancel()
                sent = put(event.url, self._upload, lambda: None, self._link.certificate)
                sent.addCallbacks(lambda _: self._finish(True), self._failed)
            case events.Refusal():
                self._fail(event.text)

    def give_up(self) -> None:
        """Stop before it is stored."""
        self._fail("Interrupted before the file was stored.")

    def _too_late(self) -> None:
        self._fail(f"The server has not answered for {self._timeout:g} seconds.{self._why}")

    def _failed(self, failure: Failure) -> None:
        self._fail(failure.getErrorMessage())

    def _fail(self, sentence: str) -> None:
        if not self.finished.called:
            self._complain(sentence)
            self._finish(False)

    def _finish(self, stored: bool) -> None:
        if self._timer.active():
            self._timer.cancel()
        if not self.finished.called:
            self.finished.callback(stored)
