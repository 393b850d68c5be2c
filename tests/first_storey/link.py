"""The connection to a server, kept over breaks: what is said arrives once, and what others say is shown once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from OpenSSL import SSL
from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.logger import Logger

from first_storey import events
from first_storey.tls import Untrusted
from first_storey.track import Track
from first_storey.wire import Wire

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
WELCOME_WAIT = 15.0
"""Seconds that a server has to say ``welcome``."""
PING_INTERVAL = 10.0
SILENT_PINGS = 3
"""After so many pings with no sign of life the connection counts as dead."""
GOODBYE_WAIT = 2.0
MAXIMUM_OUTBOX = 100
PAGE = 200
"""Messages to ask for at once; the server gives no more."""
_REMEMBERED_PRIVATE = 1000

T = TypeVar("T")


PASSWORD_CODES = ("password-needed", "wrong-password")
"""The codes of refusals after which the right password helps."""


class CannotEnter(Exception):
    """The first attempt to come in failed; the message is the sentence that the user reads.

    *code*: of the server's refusal, where it was one. *name*: the one that was refused.
    """

    def __init__(self, why: str, code: str = "", name: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.name = name


class NotNow(Exception):
    """A request can't be made at this moment; the message is the sentence that the user reads."""


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection is being made."""


@dataclass(frozen=True, slots=True)
class Online:
    """The server has said welcome."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The connection is gone, for the reason *why*; the next attempt is *seconds* away."""

    why: str
    seconds: int


State = Connecting | Online | Waiting


@dataclass(frozen=True, slots=True)
class Post:
    """Something said that the server has not acknowledged."""

    tag: str
    type: str
    fields: Mapping[str, object]

    @property
    def request(self) -> dict[str, object]:
        """The object that goes over the wire."""
        return {"type": self.type, **self.fields, "tag": self.tag}


class Listener:
    """Who is told what happens on a link; each takes up what it is interested in."""

    def state_changed(self, state: State) -> None:
        """The connection has come, gone, or is waited for."""

    def event_received(self, event: events.Event, old: bool) -> None:
        """The server has sent *event*; *old*: a message that was said before we came in (again).

        The messages of a room come in the order of their ids, and each of them once.
        """

    def room_ready(self, room: str) -> None:
        """We have come into *room*, and what was said there before has been told."""

    def lag_changed(self, seconds: float) -> None:
        """An answer takes so long; or has taken so long without having come."""

    def outbox_changed(self) -> None:
        """Something said waits for its acknowledgement, or does so no more."""


class Link:
    """Connects, comes in, and does so again after each break until :meth:`leave`.

    *names*: tried one after the other where one is taken (``""``: as a guest). *backlog*: how many of a room's last
    messages to ask for. *random* gives numbers from 0 to 1, *monotonic* seconds. *tag_prefix* must differ from that
    of any other link.
    """

    _log = Logger()

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        clock: IReactorTime,
        listener: Listener,
        *,
        names: Sequence[str],
        rooms: Iterable[str],
        backlog: int,
        random: Callable[[], float],
        monotonic: Callable[[], float],
        tag_prefix: str,
        password: str | None = None,
    ) -> None:
        self.name = names[0]
        self.password = password
        """What the name needs, where it is registered."""
        self.registered = False
        """Whether it is ours, so that the server remembers up to where we have read."""
        self.farewell = ""
        """Why the server does not want us back, where it does not."""
        self._name_request = "", "", ""
        """The tag, the type and the password of the last request about the name."""
        self.online = False
        self.entered: Deferred[None] = Deferred()
        """Fires when the server has said welcome for the first time."""
        self.outbox: dict[str, Post] = {}
        """What was said and is not acknowledged, by tag, in order."""
        self._endpoint = endpoint
        self._clock = clock
        self._listener = listener
        self._other_names = deque(names[1:])
        self._first_rooms = tuple(rooms)
        self._backlog = backlog
        self._random = random
        self._monotonic = monotonic
        self._tag_prefix = tag_prefix
        self._tags = 0
        self._token: str | None = None
        self._welcomed = ""
        self._tracks: dict[str, Track] = {}
        self._private: dict[tuple[int, str], None] = {}
        self._pages: dict[str, str] = {}
        self._ignored: list[str] = []
        self._away: str | None = None
        self._ignore_tag = ""
        self._wire: Wire | None = None
        self._leaving = False
        self._current: Deferred[Any] | None = None
        self._goodbye: str | None = None
        self._refusal: str | None = None
        self._code = ""
        self._ping: tuple[str, float] | None = None
        self._heard = False
        self._silent_pings = 0
        self._timer: IDelayedCall | None = None

    async def run(self) -> None:
        """Keep the connection until :meth:`leave`; raises :class:`CannotEnter` where the first attempt fails."""
        failures = 0
        while not self._leaving:
            self._listener.state_changed(Connecting())
            self._goodbye = self._refusal = None
            self._refusal_code = ""
            why = "The connection was lost."
            cause = None
            try:
                await self._connection()
            except CancelledError:
                return
            except Exception as failure:
                why, cause = _sentence(failure), failure
            entered, self.online = self.online, False
            if self._leaving:
                return
            why = self._refusal or self._goodbye or why
            if self._token is None:
                raise CannotEnter(why, self._code, self.name) from cause
            failures = 0 if entered else failures + 1
            await self._pause(why, failures)

    def leave(self) -> None:
        """Say goodbye, where there is somebody to say it to, and let :meth:`run` end."""
        if self._leaving:
            return
        self._leaving = True
        if self.online and self._wire is not None:
            self._wire.send({"type": "quit"})
            self._set_timer(GOODBYE_WAIT, self._wire.transport.abortConnection)
        elif self._wire is not None:
            self._wire.transport.abortConnection()
        elif self._current is not None:
            self._current.cancel()

    def ask(self, type_: str, **fields: object) -> str:
        """Send a request, whose answer will carry the tag that is returned; raises :class:`NotNow`."""
        if not self.online or self._wire is None:
            raise NotNow("There is no connection now. Try again when it is back.")
        tag = self._next_tag()
        self._wire.send({"type": type_, **fields, "tag": tag})
        return tag

    def ask_about_name(self, type_: str, password: str) -> str:
        """Send a request that makes the name ours, gives it another *password*, or gives it up.

        Once it is granted, the link goes by it. Raises :class:`NotNow`.
        """
        tag = self.ask(type_, password=password)
        self._name_request = tag, type_, password
        return tag

    def post(self, type_: str, **fields: object) -> str:
        """Say something: it is sent now or when the connection is back, and is stored once; raises :class:`NotNow`."""
        if len(self.outbox) >= MAXIMUM_OUTBOX:
            raise NotNow(f"{MAXIMUM_OUTBOX} messages are waiting to be sent. Try again when they are gone.")
        post = Post(self._next_tag(), type_, fields)
        self.outbox[post.tag] = post
        if self.online and self._wire is not None:
            self._wire.send(post.request)
        self._listener.outbox_changed()
        return post.tag

    def _next_tag(self) -> str:
        self._tags += 1
        return f"{self._tag_prefix}-{self._tags}"

    # The connection

    async def _connection(self) -> None:
        """Connect, and wait until the connection is gone."""
        factory = Factory.forProtocol(lambda: Wire(self._made, self._received))
        wire = await self._cancellable(self._endpoint.connect(factory))
        try:
            await cast(Wire, wire).closed
        finally:
            self._wire = None
            self._set_timer(None)

    async def _pause(self, why: str, failures: int) -> None:
        """Wait before the next attempt: longer each time, and not as long as everybody else."""
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(failures, 10))
        left = longest * (0.5 + 0.5 * self._random())
        while left > 0 and not self._leaving:
            self._listener.state_changed(Waiting(why, max(1, round(left))))
            step = min(left, 1.0)
            try:
                await self._cancellable(deferLater(self._clock, step))
            except CancelledError:
                return
            left -= step

    async def _cancellable(self, waiting: Deferred[T]) -> T:
        """Wait for what :meth:`leave` may cancel."""
        self._current = waiting
        try:
            return await waiting
        finally:
            self._current = None

    def _set_timer(self, seconds: float | None, call: Callable[[], object] | None = None) -> None:
        """Replace the timer of the connection: it waits for the welcome, then for pings, then for the goodbye."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if seconds is None or call is None else self._clock.callLater(seconds, call)

    def _made(self, wire: Wire) -> None:
        self._wire = wire
        self._pages.clear()
        self._set_timer(WELCOME_WAIT, self._not_welcomed)
        self._say_hello(wire)

    def _say_hello(self, wire: Wire) -> None:
        hello: dict[str, object] = {"type": "hello", "name": self.name, "tag": "hello"}
        if self.password is not None:
            hello["password"] = self.password
        if self._token is None:
            hello["rooms"] = dict.fromkeys(self._first_rooms)
        else:
            hello["token"] = self._token
            hello["rooms"] = {room: track.seen for room, track in self._tracks.items()}
        wire.send(hello)

    def _not_welcomed(self) -> None:
        self._refusal = "There is something, but it does not answer as a chat does."
        self._abort()

    def _abort(self) -> None:
        if self._wire is not None:
            self._wire.transport.abortConnection()

    def _beat(self) -> None:
        """See whether the server is still there."""
        if self._wire is None or not self.online:
            return
        self._silent_pings = 0 if self._heard else self._silent_pings + 1
        self._heard = False
        if self._silent_pings >= SILENT_PINGS:
            self._goodbye = "The server does not answer any more."
            self._abort()
            return
        if self._ping is None:
            self._ping = (self.ask("ping"), self._monotonic())
        else:
            self._listener.lag_changed(self._monotonic() - self._ping[1])
            self.ask("ping")
        self._set_timer(PING_INTERVAL, self._beat)

    # What the server sends

    def _received(self, event: events.Event) -> None:
        self._heard = True
        try:
            if self.online:
                self._dispatch(event)
            else:
                self._greeted(event)
        except Exception:
            self._log.failure("A mistake of the client's while it handled {event!r}", event=event)

    def _greeted(self, event: events.Event) -> None:
        """Handle what comes before we are in: the answer to ``hello``."""
        if isinstance(event, events.Welcome):
            self.name, self._token, self._welcomed = event.name, event.token, event.time
            self.registered = event.registered
            self.online = True
            self._ping, self._silent_pings = None, 0
            self._listener.state_changed(Online())
            self._listener.event_received(event, old=False)
            self._resume()
            self._beat()
            if not self.entered.called:
                self.entered.callback(None)
        elif isinstance(event, events.Refusal):
            if event.code == "name-taken" and self._token is None and self._other_names and self._wire is not None:
                self.name = self._other_names.popleft()
                self._say_hello(self._wire)
            else:
                self._refusal, self._code = event.text, event.code
                if event.code == "banned" and self._token is not None:
                    self._stop(event.text)
                self._abort()
        elif isinstance(event, events.Goodbye):
            self._refusal = event.text

    def _stop(self, why: str) -> None:
        """The server does not want us back."""
        self.farewell = why
        self._leaving = True

    def _resume(self) -> None:
        """Send again what was not acknowledged, and take up again whom we ignored."""
        if self._wire is None:
            return
        for post in self.outbox.values():
            self._wire.send(post.request)
        if self._ignored:
            self._ignore_tag = self.ask("ignore")

    def _dispatch(self, event: events.Event) -> None:
        match event:
            case events.Message():
                self._message(event)
                return
            case events.History() if event.tag in self._pages:
                self._page(event, self._pages.pop(event.tag))
                return
            case events.Missed(room=str(room)) if room in self._tracks:
                if self._tracks[room].miss(event.before):
                    self._ask_page(room)
                return
            case events.Pong():
                if self._ping is not None and event.tag == self._ping[0]:
                    self._listener.lag_changed(self._monotonic() - self._ping[1])
                    self._ping = None
                return
            case events.Ping():
                return
            case events.Refusal():
                self._refused(event)
            case events.RoomState():
                self._listener.event_received(event, old=False)
                self._entered(event)
                return
            case events.Left(name=self.name):
                self._tracks.pop(event.room, None)
            case events.Renamed(name=self.name):
                self.name = event.new
            case events.Away(room=None):
                self._away = event.text
            case events.Ignored():
                if event.tag == self._ignore_tag:
                    self._ignore_again(event)
                    return
                self._ignored = event.names
            case events.Notice(tag=str(tag)) if tag == self._name_request[0]:
                _, request, password = self._name_request
                self.registered = request != "unregister"
                self.password = password if self.registered else None
            case events.Goodbye(code=""):
                self._goodbye = event.text
            case events.Goodbye():
                self._stop(event.text)
        self._listener.event_received(event, old=False)

    def _message(self, message: events.Message) -> None:
        if message.tag is not None and self.outbox.pop(message.tag, None) is not None:
            self._listener.outbox_changed()
        if message.room is None:
            if (message.id, message.time) not in self._private:
                self._private[message.id, message.time] = None
                if len(self._private) > _REMEMBERED_PRIVATE:
                    del self._private[next(iter(self._private))]
                self._listener.event_received(message, old=message.time < self._welcomed)
        elif (track := self._tracks.get(message.room)) is not None:
            self._show(track, track.take(message))

    def _show(self, track: Track, messages: Iterable[events.Message]) -> None:
        for message in messages:
            self._listener.event_received(message, old=message.id <= track.last)

    def _entered(self, room: events.RoomState) -> None:
        """We are in a room: for the first time, or again after a break."""
        track = self._tracks.get(room.room)
        if track is not None and track.seen is not None and room.last >= track.seen:
            track.resume(room.last)
        elif self._backlog and room.last:
            self._tracks[room.room] = Track(room.last, backlog=True)
            self._pages[self.ask("history", room=room.room, count=self._backlog)] = room.room
        else:
            self._tracks[room.room] = Track(room.last, backlog=False)
            self._listener.room_ready(room.room)
        if self._away is not None and self.name not in room.away:
            self.ask("away", text=self._away)

    def _page(self, history: events.History, room: str) -> None:
        if (track := self._tracks.get(room)) is not None:
            is_backlog = track.seen is None
            shown, ask = track.page(history.messages, history.more)
            self._show(track, shown)
            if is_backlog:
                self._listener.room_ready(room)
            if ask:
                self._ask_page(room)

    def _ask_page(self, room: str) -> None:
        track = self._tracks[room]
        self._pages[self.ask("history", room=room, after=track.seen or 0, count=PAGE)] = room

    def _refused(self, refusal: events.Refusal) -> None:
        """Put away what was refused."""
        if refusal.tag is None:
            return
        if self.outbox.pop(refusal.tag, None) is not None:
            self._listener.outbox_changed()
        elif (track := self._tracks.get(room := self._pages.pop(refusal.tag, ""))) is not None:
            is_backlog = track.seen is None
            self._show(track, track.give_up())
            if is_backlog:
                self._listener.room_ready(room)

    def _ignore_again(self, ignored: events.Ignored) -> None:
        """Ignore, in a new session, those whom we ignored in the one before."""
        self._ignore_tag = ""
        for name in self._ignored:
            if name not in ignored.names:
                self.ask("ignore", name=name)


def _sentence(failure: Exception) -> str:
    """Say why there is no connection."""
    match failure:
        case error.ConnectionRefusedError():
            return "Nobody listens there."
        case error.DNSLookupError() | error.UnknownHostError():
            return "There is no host of that name."
        case error.TimeoutError() | error.TCPTimedOutError():
            return "It does not answer."
        case error.NoRouteError():
            return "There is no way to that host."
        case Untrusted():
            return str(failure)
        case SSL.Error():
            return "What is there does not speak TLS as we do. Without TLS, leave tls:// out."
        case error.ConnectError():
            return f"The connection could not be made: {failure.osError or failure}."
        case _:
            return f"The connection could not be made: {failure}."
