"""The hub: who is here, which rooms there are, and the one queue that everything shown passes through."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from twisted.logger import Logger

from chat.core.accounts import Tries
from chat.core.bans import Ban, Bans
from chat.core.errors import NotStored, TooManyRooms
from chat.core.events import Event, Found, History, Refusal, timestamp
from chat.core.limits import Limits
from chat.core.names import Registry, key, room_name
from chat.core.records import Fetched, Marked, Query, Question, Record, RoomRecord, RoomRules, Said, Search
from chat.core.room import Room

if TYPE_CHECKING:
    from chat.core.session import Session

LOBBY = "lobby"

log = Logger()


class Delivery(Protocol):
    """Brings to sessions what the hub says, in the order of the calls."""

    def publish(self, room: str, event: Event, origin: Session | None) -> None:
        """Show *event* to all who are in *room*; a dialect may leave out the *origin*, who knows it."""

    def show(self, session: Session, event: Event) -> None:
        """Show *event* to one session."""

    def enter(self, session: Session, room: str) -> None:
        """From here on, show the session what is published in *room*."""

    def leave(self, session: Session, room: str) -> None:
        """Up to here, and no further."""

    def replay(self, session: Session, query: Query) -> None:
        """Show the messages of *query* in this place, as they would have been shown when they were new."""

    def recall(self, session: Session, query: Query, answer: History) -> None:
        """Show *answer* in this place, with the messages of *query*."""

    def search(self, session: Session, search: Search, answer: Found) -> None:
        """Show *answer* in this place, with what was found."""

    def consult(self, session: Session, question: Question, answered: Callable[[Any], None], tag: str | None) -> None:
        """Call *answered* with the answer to *question*; the session is not read meanwhile.

        Where there is none to be had, and where *answered* refuses, the session is told, under the request's *tag*.
        """

    def close(self, session: Session) -> None:
        """Close the connection once all before is sent."""

    def flush(self) -> None:
        """The turn is over: send."""


class Entry(msgspec.Struct):
    """One thing that waits its turn to be shown; ``record`` is to be stored before.

    ``undo`` is called where that failed. ``weight`` is the entry's part of what a session may have waiting.
    """

    session: Session
    deliver: Callable[[], None]
    record: Record | None = None
    undo: Callable[[], None] | None = None
    weight: int = 1


@dataclass(slots=True)
class Lineage:
    """The successive sessions of one token, and what they have said under which tag: its id and time."""

    token: str
    session: Session | None = None
    tags: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names the lineage in the history, which does not learn the token."""
        return digest(self.token)


@lru_cache(maxsize=16_384)
def digest(token: str) -> str:
    """Hash a token, which is random enough to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


class Hub:
    """Holds the state of the chat, and hands what is to be shown over to *delivery* in one order.

    State changes at once; what is shown waits in the queue. Whoever runs the hub is woken when the queue is no longer
    empty, takes the batch, has its records stored, settles it, and flushes.
    """

    def __init__(
        self,
        delivery: Delivery,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        wake: Callable[[], None],
        make_token: Callable[[], str],
        limits: Limits,
    ) -> None:
        self.delivery = delivery
        self.limits = limits
        self.users: Registry[Session] = Registry()
        self.rooms: dict[str, Room] = {}
        self.registered: Registry[str] = Registry()
        """The names that belong to somebody."""
        self.bans = Bans()
        self.tries = Tries()
        self.make_token = make_token
        self.monotonic = monotonic
        self.figures: Callable[[], Mapping[str, float]] = dict
        """How the server is doing."""
        self.refusals: Counter[str] = Counter()
        """How often something was refused, by the code of the refusal."""
        self._clock = clock
        self._wake = wake
        self._last_id = 0
        self._queue: list[Entry] = []
        self._rested: dict[int, Session] = {}
        self._resting: OrderedDict[Callable[[], None], None] = OrderedDict()
        self._live: dict[str, Lineage] = {}
        self._held: dict[int, Session] = {}
        self._idle: dict[str, Lineage] = {}
        self._departed: dict[str, int] = {}

    def restore(
        self,
        last_id: int,
        rooms: Iterable[RoomRecord],
        registered: Iterable[str] = (),
        bans: Iterable[Ban] = (),
        rules: Iterable[RoomRules] = (),
    ) -> None:
        """Go on from what the history holds."""
        self._last_id = last_id
        for record in rooms:
            room = self.rooms[key(record.name)] = Room(record.name, record.last_id)
            room.topic = record.topic
        for name in registered:
            self.registered.claim(name, name)
        self.bans.restore(bans)
        for rule in rules:
            self.rooms.setdefault(key(rule.room), Room(rule.room)).apply(rule)

    def now(self) -> str:
        """The time, as events carry it."""
        return timestamp(self._clock())

    @property
    def seconds(self) -> float:
        """The time, in seconds since 1970."""
        return self._clock()

    @property
    def next_id(self) -> int:
        """Greater than the id of every message so far."""
        return self._last_id + 1

    # -- the queue

    def show(self, session: Session, event: Event) -> None:
        """Show *event* to *session* after all that came before."""
        self._enqueue(Entry(session, partial(self.delivery.show, session, event)))

    def publish(self, session: Session, room: Room, event: Event, origin: Session | None = None) -> None:
        """Show what *session* caused to all in *room*."""
        self._enqueue(Entry(session, partial(self.delivery.publish, room.name, event, origin)))

    def then(self, session: Session, step: Callable[[], None]) -> None:
        """Take *step* for *session* after all that came before has been shown."""
        self._enqueue(Entry(session, step))

    def answer(self, session: Session, step: Callable[[], None]) -> None:
        """Take a *step* that may make much to be shown, before anything more is read from *session*."""
        self._enqueue(Entry(session, step, weight=self.limits.pending_each))

    def store(
        self, session: Session, record: Record, deliver: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> None:
        """Have *record* stored, and then *deliver* it; where it can't be stored, *undo* what was done already."""
        self._enqueue(Entry(session, deliver, record, undo))

    def next_message_id(self) -> int:
        """Take the next id."""
        self._last_id += 1
        return self._last_id

    def _enqueue(self, entry: Entry) -> None:
        entry.session.pending += entry.weight
        self._queue.append(entry)
        if len(self._queue) == 1:
            self._wake()

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more should be read from anyone now."""
        return len(self._queue) >= self.limits.pending

    def rest(self, rested: Callable[[], None]) -> None:
        """Call *rested* once the queue is no longer full."""
        self._resting[rested] = None

    def forget(self, rested: Callable[[], None]) -> None:
        """Do not call *rested* any more."""
        self._resting.pop(rested, None)

    @property
    def depth(self) -> int:
        """How much waits."""
        return len(self._queue)

    @property
    def held(self) -> int:
        """The sessions that are kept for those who may come back."""
        return len(self._held)

    @property
    def waiting(self) -> bool:
        """Whether something waits."""
        return bool(self._queue)

    def take(self) -> list[Entry]:
        """Take all that waits."""
        batch, self._queue = self._queue, []
        return batch

    def settle(self, batch: Sequence[Entry], failure: str | None = None) -> None:
        """Show what a batch holds, now that its records are stored or, with *failure*, are not. :meth:`flush` sends."""
        if failure is not None:
            for entry in reversed(batch):
                if entry.undo is not None:
                    _call(entry.undo)
        for entry in batch:
            session = entry.session
            try:
                if failure is not None and entry.record is not None:
                    self._not_stored(session, entry.record, failure)
                else:
                    entry.deliver()
            except Exception:
                log.failure("delivering to {session!r} failed", session=session)
                session.fail()
            session.pending -= entry.weight
            if session.rested is not None and session.pending <= self.limits.pending_each // 2:
                self._rested[session.id] = session

    def flush(self) -> None:
        """Send what was shown, and read on from those of whom enough has left the queue."""
        self.delivery.flush()
        rested, self._rested = self._rested, {}
        while self._resting and not self.full:
            _call(self._resting.popitem(last=False)[0])
        for session in rested.values():
            _call(session.rest_over)

    def _not_stored(self, session: Session, record: Record, failure: str) -> None:
        if isinstance(record, Marked | Fetched):
            return
        tag = record.message.tag if isinstance(record, Said) else record.tag
        if tag is not None and session.lineage is not None:
            session.lineage.tags.pop(tag, None)
        text = f"Not stored, not sent: {failure} Try again later."
        self.delivery.show(session, Refusal(code=NotStored.code, text=text, tag=tag))

    # -- names

    def taken(self, name: str, by_other_than: Session | None) -> bool:
        """Tell whether somebody has *name* or one that looks like it; who is only held gives it up."""
        for holder in self.users.holders(name):
            if holder is not by_other_than:
                holder.expire()
        return any(holder is not by_other_than for holder in self.users.holders(name))

    def depart(self, name: str) -> None:
        """Nobody goes by *name* any more: set it free, and remember when."""
        self.users.release(name)
        self._departed.pop(key(name), None)
        self._departed[key(name)] = self._last_id
        if len(self._departed) > self.limits.departed:
            del self._departed[next(iter(self._departed))]

    def departed(self, name: str) -> int | None:
        """The id of the newest message when *name* was last given up, if that is remembered."""
        return self._departed.get(key(name))

    # -- rooms

    def room(self, name: str) -> Room | None:
        """The room that *name* means, if there is one."""
        return self.rooms.get(key(room_name(name)))

    def open_room(self, name: str) -> Room:
        """The room that *name* means, made where there is none; raises :class:`TooManyRooms`, :class:`BadName`."""
        room = self.room(name)
        if room is None:
            self._make_place_for_a_room()
            room = self.rooms[key(room_name(name))] = Room(room_name(name))
        return room

    def _make_place_for_a_room(self) -> None:
        if len(self.rooms) < self.limits.rooms:
            return
        for room_key, room in self.rooms.items():
            if room.last_id and not (room.members or room.private or room.locked):
                del self.rooms[room_key]
                return
        raise TooManyRooms(f"The server holds {self.limits.rooms} rooms and all are in use. Join one of them: /rooms")

    def vacate(self, room: Room) -> None:
        """Let go of a room that is empty, unless something was said in it."""
        if room.idle:
            del self.rooms[key(room.name)]

    # -- tokens

    def lineage(self, token: str) -> Lineage | None:
        """What is known of *token*."""
        return self._live.get(token) or self._idle.get(token)

    def begin(self, session: Session, lineage: Lineage) -> None:
        """*session* continues *lineage*."""
        self._idle.pop(lineage.token, None)
        self._live[lineage.token] = lineage
        lineage.session = session

    def hold(self, session: Session) -> None:
        """Keep *session*, whose connection broke; where there are too many, the first of them goes."""
        self._held[session.id] = session
        if len(self._held) > self.limits.held:
            next(iter(self._held.values())).expire()

    def release(self, session: Session) -> bool:
        """Keep *session* no longer; tell whether it was kept."""
        return self._held.pop(session.id, None) is not None

    def end(self, lineage: Lineage) -> None:
        """The session of *lineage* has gone; forget the one that went first where there are too many."""
        lineage.session = None
        del self._live[lineage.token]
        self._idle[lineage.token] = lineage
        if len(self._idle) > self.limits.tokens:
            del self._idle[next(iter(self._idle))]


def _call(step: Callable[[], None]) -> None:
    """Take one step of several; a mistake in it is not for the others to bear."""
    try:
        step()
    except Exception:
        log.failure("{step!r} failed", step=step)
