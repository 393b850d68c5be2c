"""The connection to a server. After a break it resumes: each message is sent once and shown once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import msgspec
from OpenSSL import SSL
from twisted.internet import error
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.logger import Logger

from chat.client.link.heartbeat import Heartbeat
from chat.client.link.message_order import CatchingUp
from chat.client.link.states import (
    Asking,
    Connected,
    Connecting,
    Distrusted,
    Event,
    Failed,
    Greeting,
    Leaving,
    Left,
    Online,
    Over,
    Refused,
    Secret,
    SentAway,
    State,
    TryNow,
    Waited,
    Waiting,
    Wanted,
    Welcomed,
    next_state,
)
from chat.client.link.tls import Untrusted
from chat.client.link.wire import Wire
from chat.core import events

FIRST_WAIT = 1.0
LONGEST_WAIT = 30.0
WELCOME_WAIT = 15.0
"""Seconds to wait for the server's ``welcome``."""
PING_INTERVAL = 10.0
GOODBYE_WAIT = 2.0
MAXIMUM_OUTBOX = 100
PAGE = 200
"""How many messages to fetch at once: the most that the server sends."""
ACCEPTED = ("changes", "conversations", "lines")
"""What of the protocol the client understands beyond what every client does."""
_REMEMBERED_PRIVATE = 1000

T = TypeVar("T")

PASSWORD_CODES = ("password-needed", "wrong-password")
"""The codes of the refusals that the right password would have prevented."""
KEY_CODES = ("key-needed", "wrong-key")
"""The codes of the refusals that the chat's key would have prevented."""
INVITATION_CODES = ("invitation-needed", "wrong-invitation")
"""The codes of the refusals that an invitation to the chat would have prevented."""
REGISTRATION_CODES = ("bad-name", "name-taken", "bad-password")
"""The codes of the refusals of a name, or of a password for it, that somebody who is invited has chosen."""
_SECRETS = (
    dict.fromkeys(PASSWORD_CODES, Secret.PASSWORD)
    | dict.fromkeys(KEY_CODES, Secret.KEY)
    | dict.fromkeys(INVITATION_CODES, Secret.INVITATION)
)
"""What the user is asked for after a refusal with that code."""


class CannotEnter(Exception):
    """The first attempt to connect failed. The message is a sentence for the user.

    If the server refused, *code* is the code of its refusal. *name* is the name that was tried.
    """

    def __init__(self, why: str, code: str = "", name: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.name = name


class NotNow(Exception):
    """A request can't be made at the moment. The message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class Post:
    """A message, or a change of one, that the server has not acknowledged."""

    tag: str
    type: str
    fields: Mapping[str, object]

    @property
    def says(self) -> bool:
        """Whether it is a message."""
        return self.type in ("say", "msg", "me")

    @property
    def is_action(self) -> bool:
        """Whether it says what the user does."""
        return self.type == "me" or self.fields.get("action") is True

    @property
    def request(self) -> dict[str, object]:
        """The request that is sent to the server."""
        return {"type": self.type, **self.fields, "tag": self.tag}


@dataclass(frozen=True, slots=True)
class NameRequest:
    """A request that registers our name, changes its password, or gives it up."""

    tag: str
    type: str
    password: str


class Listener:
    """Is told what happens on a link. Override the methods that you need."""

    def state_changed(self, state: State) -> None:
        """The link has come into another state, or goes on waiting."""

    def event_received(self, event: events.Event, old: bool) -> None:
        """The server has sent *event*. It is *old* if it is a message from before we joined, or joined again.

        The messages of a room, and their changes, come in order, each of them once.
        """

    def room_ready(self, room: str, more: bool) -> None:
        """We have joined *room*, and its backlog has been passed on; *more*: there are older messages."""

    def lag_changed(self, seconds: float) -> None:
        """The server took *seconds* to answer, or has not answered for *seconds*."""

    def outbox_changed(self) -> None:
        """A message was put into the outbox, or taken out of it."""

    def post_refused(self, post: Post) -> None:
        """The server has refused a message; the refusal itself follows."""


class Link:
    """Connects to a server, and connects again after each break until :meth:`leave`. ``state`` says how far it is.

    If the first of *names* is taken, the next is tried; ``""`` asks for a guest's name. *backlog* is how many of a
    room's last messages to fetch, or more if more of them are unread. If *all_rooms*, the link joins the rooms of the
    account after *rooms*. If *conversations*, it asks which private conversations there are and, after a break, for the
    private messages that it missed. *random* returns numbers from 0 to 1, *monotonic* returns seconds. *tag_prefix*
    must be different for each link. *key* is the key of the chat. With *invitation*, an invitation to the chat, the
    name is registered with the *password*. If *interactive*, there is a user who can be asked for what the server wants
    to know after a break, and who decides what becomes of a server that is not to be trusted; without one, the link
    ends then. *reopened* are rooms that were open last time: they are joined as far as the server lets.
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
        all_rooms: bool = False,
        conversations: bool = False,
        key: str | None = None,
        invitation: str | None = None,
        interactive: bool = False,
        reopened: Iterable[str] = (),
    ) -> None:
        self.state: State = Connecting()
        self.name = names[0]
        self.password = password
        """The password of the name, if the name is registered."""
        self.registered = False
        """Whether the name is registered. If so, the server keeps our read marks."""
        self.features: frozenset[str] = frozenset()
        """What the server has switched on."""
        self.registering: str | None = None
        """The password with which the user wants to register, if the server wants an invitation for that."""
        self.before_leaving: Callable[[], None] | None = None
        """Is called before the user leaves a chat to which there is a connection."""
        self._name_request: NameRequest | None = None
        self.entered: Deferred[None] = Deferred()
        """Fires when the server has said welcome for the first time."""
        self.outbox: dict[str, Post] = {}
        """The messages and changes that are not acknowledged, in order, by their tags."""
        self._endpoint = endpoint
        self._clock = clock
        self._listener = listener
        self._other_names = deque(names[1:])
        self._first_rooms = tuple(rooms)
        self._reopened = tuple(reopened)
        self._too_many: tuple[str, ...] = ()
        """The rooms that were too many to be joined with ``hello``."""
        self._backlog = backlog
        self._random = random
        self._monotonic = monotonic
        self._tag_prefix = tag_prefix
        self._tags = 0
        self._token: str | None = None
        self._welcomed = ""
        self._all_rooms = all_rooms
        self._conversations = conversations
        self._key = key
        self._invitation = invitation
        self._names: set[str] = set()
        """The names that we have had."""
        self._places: dict[str, CatchingUp] = {}
        self._entering: set[str] = set()
        """The rooms that we were in before the connection broke, and have not come into again yet."""
        self._private: dict[tuple[int, str], None] = {}
        self._last_private: int | None = None
        """The greatest id or ``rev`` of the private messages that were there when we came, or that we were sent."""
        self._pages: dict[str, str] = {}
        self._ignored: list[str] = []
        self._away: str | None = None
        self._ignore_tag = self._list_tag = self._devices_tag = ""
        """The tags of requests that the link has made by itself."""
        self._wire: Wire | None = None
        self._interactive = interactive
        self._paused = False
        """Whether nothing is read from the server for now."""
        self._current: Deferred[Any] | None = None
        self._why = ""
        """Why this connection ends; empty if that is not known."""
        self._code = ""
        """The code of the refusal with which the server ended this connection; empty if there was none."""
        self._failures = 0
        """How many attempts in a row have failed."""
        self._left = 0.0
        """How many seconds are left of the wait."""
        self._heartbeat = Heartbeat(heard=False)
        self._timer: IDelayedCall | None = None

    @property
    def online(self) -> bool:
        """Whether the server takes requests."""
        return isinstance(self.state, Online | Leaving)

    @property
    def farewell(self) -> str:
        """Why the server ended the session for good; empty if it did not."""
        return self.state.why if isinstance(self.state, Over) else ""

    async def run(self) -> None:
        """Keep the connection until :meth:`leave`; raises :class:`CannotEnter` if the first attempt fails."""
        self._listener.state_changed(self.state)
        while not isinstance(self.state, Over):
            match self.state:
                case Connecting():
                    await self._attempt()
                case Waiting():
                    await self._wait()
                case _:  # until the user does something
                    with suppress(CancelledError):
                        await self._cancellable(Deferred[None]())

    def leave(self) -> None:
        """Leave the chat, and let :meth:`run` return."""
        self.resume()
        if isinstance(self.state, Leaving | Over):
            return
        if self.online and self.before_leaving is not None:
            self.before_leaving()
        self._happens(Left())
        if self.online and self._wire is not None:
            self._wire.send({"type": "quit"})
            self._set_timer(GOODBYE_WAIT, self._abort)
        elif self._wire is not None:
            self._abort()
        elif self._current is not None:
            self._current.cancel()

    def try_now(self, name: str = "") -> None:
        """Make the next attempt at once, under *name* if one is given; raises :class:`NotNow`."""
        match self.state:
            case Waiting() | Refused() | Asking():
                if name and name != self.name:
                    self.name = name
                    if self._invitation is None:
                        # The password is that of the name before.
                        self.password = None
                self._failures = 0
                self._happens(TryNow())
                if self._current is not None:
                    self._current.cancel()
            case Connecting() | Greeting():
                raise NotNow("The client is connecting just now. Try again when that has failed.")
            case _:
                raise NotNow("There is a connection already.")

    def answer(self, secret: str) -> None:
        """Give what the user was asked for, and make the next attempt with it; raises :class:`NotNow`."""
        if not isinstance(self.state, Asking):
            raise NotNow("Nothing is asked for now.")
        match self.state.secret:
            case Secret.KEY:
                self._key = secret
            case Secret.INVITATION:
                self._invitation = secret
                if self.password is None:
                    why = f"Choose a password for {self.name}, which is yours then."
                    self._happens(Wanted(Secret.NEW_PASSWORD, why, self.name))
                    return
            case _:
                self.password = secret
        self.try_now()

    def pause(self) -> None:
        """Read nothing from the server until :meth:`resume`, and do not ask whether it answers.

        If the server ends the connection meanwhile, the link comes back after :meth:`resume`, and misses nothing.
        """
        if not isinstance(self.state, Leaving | Over) and self._wire is not None:
            self._paused = True
            self._wire.pauseProducing()

    def resume(self) -> None:
        """Read on."""
        if self._paused:
            self._paused = False
            if self._wire is not None:
                self._wire.resumeProducing()

    @property
    def certificate(self) -> bytes | None:
        """That of the server to which we are connected, if by TLS."""
        return self._wire.certificate if self._wire is not None else None

    def ask(self, type_: str, **fields: object) -> str:
        """Send a request; return the tag that its answer will have. Raises :class:`NotNow`."""
        if not self.online or self._wire is None:
            raise NotNow("There is no connection now. Try again when it is back.")
        tag = self._next_tag()
        self._wire.send({"type": type_, **fields, "tag": tag})
        return tag

    def ask_about_name(self, type_: str, password: str, **fields: object) -> str:
        """Send a request that registers our name, changes its *password*, or gives it up.

        The link uses the new password once the server has granted it. Raises :class:`NotNow`.
        """
        tag = self.ask(type_, password=password, **fields)
        self._name_request = NameRequest(tag, type_, password)
        return tag

    def post(self, type_: str, **fields: object) -> str:
        """Send a message or a change now, or when the connection is back. It is stored once. Raises :class:`NotNow`."""
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
        """Connect, and wait until the connection ends."""
        factory = Factory.forProtocol(lambda: Wire(self._made, self._received))
        wire = await self._cancellable(self._endpoint.connect(factory))
        try:
            await cast(Wire, wire).closed
        finally:
            self._wire = None
            self._set_timer(None)

    async def _attempt(self) -> None:
        """Connect, wait until the connection ends, and find out what is to become of it."""
        self._why = self._code = ""
        failure: Exception | None = None
        try:
            await self._connection()
        except CancelledError:
            return
        except Exception as caught:
            failure = caught
        why = self._why or ("The connection was lost." if failure is None else _sentence(failure))
        if self._token is None and not isinstance(self.state, Over):
            self._happens(SentAway(why))
            raise CannotEnter(why, self._code, self.name) from failure
        self._failures = 0 if self.online else self._failures + 1
        self._happens(self._outcome(why, failure))

    def _outcome(self, why: str, failure: Exception | None) -> Event:
        """Return what the end of this connection means."""
        secret = _SECRETS.get(self._code)
        if self._code == "bad-password" and self._invitation is not None:
            secret = Secret.NEW_PASSWORD
        if self._code == "banned" or (secret is not None and not self._interactive):
            return SentAway(why)
        if secret is not None:
            return Wanted(secret, why, self.name)
        if isinstance(failure, Untrusted):
            return Distrusted(why) if self._interactive else SentAway(why)
        # A part of the time is random, so that clients do not all come back at once.
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(self._failures, 10))
        self._left = longest * (0.5 + 0.5 * self._random())
        return Failed(why, self._left)

    def _happens(self, event: Event) -> None:
        """Go into the state to which *event* leads, and tell the listener."""
        state = next_state(self.state, event)
        if state != self.state:
            self.state = state
            self._listener.state_changed(state)

    async def _wait(self) -> None:
        """Wait for a second, or for what is left if that is less, unless the user does something."""
        step = min(self._left, 1.0)
        try:
            await self._cancellable(deferLater(self._clock, step))
        except CancelledError:
            return
        self._left -= step
        self._happens(Waited(self._left))

    async def _cancellable(self, waiting: Deferred[T]) -> T:
        """Wait for *waiting*, which :meth:`leave` and :meth:`try_now` may cancel."""
        self._current = waiting
        try:
            return await waiting
        finally:
            self._current = None

    def _set_timer(self, seconds: float | None, call: Callable[[], object] | None = None) -> None:
        """Set the connection's one timer, which is used for the welcome, then for pings, then for the goodbye."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if seconds is None or call is None else self._clock.callLater(seconds, call)

    def _made(self, wire: Wire) -> None:
        self._wire = wire
        self._pages.clear()
        self._entering = set(self._places)
        self._devices_tag = ""
        self._set_timer(WELCOME_WAIT, self._not_welcomed)
        self._happens(Connected())
        self._say_hello(wire)

    def _say_hello(self, wire: Wire) -> None:
        hello: dict[str, object] = {"type": "hello", "name": self.name, "accept": ACCEPTED, "tag": "hello"}
        if self._key is not None:
            hello["key"] = self._key
        if self.password is not None:
            hello["password"] = self.password
        if self._invitation is not None:
            hello |= {"code": self._invitation, "register": True}
        if self._token is None:
            hello["rooms"] = dict.fromkeys((*self._first_rooms, *self._reopened))
        else:
            hello["token"] = self._token
            hello["rooms"] = {room: place.seen for room, place in self._places.items()}
            if self._last_private is not None:
                hello["private"] = self._last_private
        wire.send(hello)

    def _not_welcomed(self) -> None:
        self._why = "Something is listening there, but it does not answer like a chat server."
        self._abort()

    def _abort(self) -> None:
        if self._wire is not None:
            self._wire.transport.abortConnection()

    def _beat(self) -> None:
        """Send a ping, or end the connection if the server has stopped answering."""
        if self._wire is None or not self.online:
            return
        if self._paused:
            self._set_timer(PING_INTERVAL, self._beat)
            return
        if not self._heartbeat.beat():
            self._why = "The server does not answer any more."
            self._abort()
            return
        waited = self._heartbeat.asked(self.ask("ping"), self._monotonic())
        if waited is not None:
            self._listener.lag_changed(waited)
        self._set_timer(PING_INTERVAL, self._beat)

    # What the server sends

    def _received(self, event: events.Event) -> None:
        self._heartbeat.heard = True
        try:
            match self.state:
                case Online() | Leaving():
                    self._dispatch(event)
                case Greeting():
                    self._greeted(event)
        except Exception:
            self._log.failure("A mistake of the client's while it handled {event!r}", event=event)

    def _greeted(self, event: events.Event) -> None:
        """Handle the answer to ``hello``."""
        if isinstance(event, events.Welcome):
            is_first = self._token is None
            has_lost_account = self.registered and not event.registered
            self.name, self._token, self._welcomed = event.name, event.token, event.time
            self._names.add(event.name)
            self.registered = event.registered
            self.features = frozenset(event.features or ())
            self._invitation = None
            self._heartbeat = Heartbeat(heard=True)
            self._happens(Welcomed())
            self._listener.event_received(event, old=False)
            if has_lost_account:
                self._listener.event_received(events.Notice(text="You are here without an account now."), old=False)
            if is_first and self._all_rooms:
                self._join_all(event)
            self._resume()
            self._beat()
            if not self.entered.called:
                self.entered.callback(None)
        elif isinstance(event, events.Refusal):
            is_choice = self._token is None and self._invitation is None
            if event.code == "name-taken" and is_choice and self._other_names and self._wire is not None:
                self.name = self._other_names.popleft()
                self._say_hello(self._wire)
            elif event.code == "too-many-rooms" and self._token is None and self._reopened and self._wire is not None:
                self._reopened, self._too_many = (), self._reopened
                self._say_hello(self._wire)
            else:
                self._why, self._code = event.text, event.code
                self._abort()
        elif isinstance(event, events.Goodbye):
            self._said_goodbye(event)

    def _said_goodbye(self, goodbye: events.Goodbye) -> None:
        self._why = goodbye.text
        if goodbye.code:
            self._happens(SentAway(goodbye.text, replaced=goodbye.code == "replaced"))
            self._set_timer(GOODBYE_WAIT, self._abort)

    def _resume(self) -> None:
        """Send again what was not acknowledged, and ask for what the server keeps for us."""
        if self._wire is None:
            return
        for post in self.outbox.values():
            self._wire.send(post.request)
        if self._ignored or self.registered:
            self._ignore_tag = self.ask("ignore")
        if self._conversations and "conversations" in self.features:
            self._list_tag = self.ask("conversations")

    def _join_all(self, welcome: events.Welcome) -> None:
        """Join the rooms that were open last time, if that is not done, and those of the account."""
        asked = dict.fromkeys((*self._first_rooms, *self._reopened))
        wanted = dict.fromkeys((*self._too_many, *(room.room for room in welcome.rooms)))
        others = [room for room in wanted if room not in asked]
        for room in others[: max(welcome.limits.rooms - len(asked), 0)]:
            self.ask("join", room=room)

    def _dispatch(self, event: events.Event) -> None:
        match event:
            case events.Message():
                self._message(event)
                return
            case events.Edited() | events.Deleted() | events.Reacted() | events.Pinned():
                self._changed(event)
                return
            case events.History() if event.tag in self._pages:
                self._page(event, self._pages.pop(event.tag))
                return
            case events.Missed(room=str(room)) if room in self._places:
                if self._places[room].miss(event.before):
                    self._ask_page(room)
                return
            case events.Pong():
                lag = self._heartbeat.answered(event.tag, self._monotonic())
                if lag is not None:
                    self._listener.lag_changed(lag)
                return
            case events.Ping():
                return
            case events.Devices() if event.tag == self._devices_tag:
                self._restore_away(event.devices)
                return
            case events.Refusal() if self._devices_tag and event.tag == self._devices_tag:
                self._restore_away(())
                return
            case events.Refusal() if event.tag in (self._ignore_tag, self._list_tag):
                return
            case events.Notice(tag=str(tag)) if self.outbox.pop(tag, None) is not None:
                # It was sent again after a break, and had come before that.
                self._listener.outbox_changed()
                return
            case events.Refusal(tag=None) if self._entering:
                self._kept_out()
            case events.Refusal():
                self._refused(event)
            case events.RoomState():
                self._listener.event_received(event, old=False)
                self._entered(event)
                return
            case events.Left(name=self.name):
                self._places.pop(event.room, None)
            case events.Renamed(name=self.name):
                self.name = event.new
                self._names.add(event.new)
            case events.Conversations():
                newest = max((each.last for each in event.conversations), default=0)
                self._last_private = max(self._last_private or 0, newest)
            case events.Away(room=None):
                self._away = event.text
            case events.Ignored() if event.tag == self._ignore_tag and not self.registered:
                self._ignore_again(event)
                return
            case events.Ignored():
                self._ignored = event.names
            case events.Notice(tag=str(tag)) if self._name_request is not None and tag == self._name_request.tag:
                self.registered = self._name_request.type != "unregister"
                self.password = self._name_request.password if self.registered else None
            case events.Goodbye():
                self._said_goodbye(event)
        self._listener.event_received(event, old=False)

    def _message(self, message: events.Message) -> None:
        if message.tag is not None:
            if message.author in self._names and self.outbox.pop(message.tag, None) is not None:
                self._listener.outbox_changed()
            else:
                # It was said from another device, or by somebody else, to whom the tag means something.
                message = msgspec.structs.replace(message, tag=None)
        if message.room is None and message.to is not None:
            if self._conversations:
                self._last_private = max(self._last_private or 0, message.id)
            if (message.id, message.time) not in self._private:
                self._private[message.id, message.time] = None
                if len(self._private) > _REMEMBERED_PRIVATE:
                    del self._private[next(iter(self._private))]
                self._listener.event_received(message, old=message.time < self._welcomed)
        elif (place := self._places.get(message.room or "")) is not None:
            self._show(place, place.take(message))

    def _changed(self, change: events.AnyChange) -> None:
        """A message was changed, by us or by somebody else."""
        if change.tag is not None:
            if change.by in self._names and self.outbox.pop(change.tag, None) is not None:
                self._listener.outbox_changed()
            else:
                change = msgspec.structs.replace(change, tag=None)
        place = self._places.get(change.room or "")
        if place is not None:
            self._show(place, place.take(change))
            return
        if change.room is None and self._conversations:
            self._last_private = max(self._last_private or 0, change.rev)
        self._show_change(change)

    def _show(self, place: CatchingUp, news: Iterable[events.Numbered]) -> None:
        for one in news:
            if isinstance(one, events.Message):
                self._listener.event_received(one, old=one.id <= place.last)
            else:
                self._show_change(one)

    def _show_change(self, change: events.AnyChange) -> None:
        self._listener.event_received(change, old=change.time < self._welcomed)

    def _entered(self, room: events.RoomState) -> None:
        """We have joined a room, for the first time or again after a break."""
        self._entering.discard(room.room)
        place = self._places.get(room.room)
        if place is not None and place.seen is not None and room.last < place.newest:
            # The chat has forgotten everything: its ids begin anew.
            place = self._last_private = None
        if place is not None and place.seen is not None:
            place.resume(room.last)
        elif self._backlog and room.last:
            self._places[room.room] = CatchingUp(room.last, backlog=True)
            unread = room.last - room.read if room.read is not None else 0
            count = min(max(self._backlog, unread), PAGE)
            self._pages[self.ask("history", room=room.room, count=count)] = room.room
        else:
            self._places[room.room] = CatchingUp(room.last, backlog=False)
            self._listener.room_ready(room.room, more=room.last > 0)
        if self._away is not None and self.name not in room.away:
            if not self.registered:
                self.ask("away", text=self._away)
            elif not self._devices_tag:
                self._devices_tag = self.ask("devices")

    def _kept_out(self) -> None:
        """Leave the rooms that we may not come into again; the server says so behind those that we have come into."""
        while self._entering:
            room = self._entering.pop()
            self._places.pop(room, None)
            self._listener.event_received(events.Left(time=self._welcomed, room=room, name=self.name), old=False)

    def _restore_away(self, devices: Sequence[events.Device]) -> None:
        """Say in a new session that the user is away, as in the one before, unless they are back on another device."""
        self._devices_tag = ""
        if self._away is None:
            return
        if any(not (device.this or device.held) for device in devices):
            self._away = None
            back = events.Away(time=self._welcomed, room=None, name=self.name, text=None)
            self._listener.event_received(back, old=False)
        else:
            self.ask("away", text=self._away)

    def _page(self, history: events.History, room: str) -> None:
        if (place := self._places.get(room)) is not None:
            is_backlog = place.seen is None
            shown, ask = place.page([*history.messages, *history.changes], history.more, history.next)
            self._show(place, shown)
            if is_backlog:
                self._listener.room_ready(room, history.more)
            if ask:
                self._ask_page(room)

    def _ask_page(self, room: str) -> None:
        place = self._places[room]
        self._pages[self.ask("history", room=room, after=place.seen or 0, count=PAGE)] = room

    def _refused(self, refusal: events.Refusal) -> None:
        """Forget the message or the page that was refused."""
        if refusal.tag is None:
            return
        if (asked := self._name_request) is not None and refusal.tag == asked.tag:
            wants_code = asked.type == "register" and refusal.code in INVITATION_CODES
            self.registering = asked.password if wants_code else None
        if (post := self.outbox.pop(refusal.tag, None)) is not None:
            self._listener.outbox_changed()
            self._listener.post_refused(post)
        elif (place := self._places.get(room := self._pages.pop(refusal.tag, ""))) is not None:
            is_backlog = place.seen is None
            self._show(place, place.give_up())
            if is_backlog:
                self._listener.room_ready(room, more=True)

    def _ignore_again(self, ignored: events.Ignored) -> None:
        """In a new session, ignore those whom we ignored in the one before."""
        self._ignore_tag = ""
        for name in self._ignored:
            if name not in ignored.names:
                self.ask("ignore", name=name, on=True)


def _sentence(failure: Exception) -> str:
    """Return a sentence that says why there is no connection."""
    match failure:
        case error.ConnectionRefusedError():
            return "Nothing is listening there."
        case error.DNSLookupError() | error.UnknownHostError():
            return "There is no host with that name."
        case error.TimeoutError() | error.TCPTimedOutError():
            return "The server does not answer."
        case error.NoRouteError():
            return "There is no route to that host."
        case Untrusted():
            return str(failure)
        case SSL.Error():
            return "TLS could not be agreed on with the server. If it speaks none, leave out tls://."
        case error.ConnectError():
            return f"The connection could not be made: {failure.osError or failure}."
        case _:
            return f"The connection could not be made: {failure}."
