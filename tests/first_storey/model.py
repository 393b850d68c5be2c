"""What a screen shows: rooms, lines, unread counts and the state of the connection. No input or output of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from first_storey import events, wording
from first_storey.link import Connecting, Listener, Online, State, Waiting
from first_storey.room import Room
from first_storey.scrollback import Kind, Line
from first_storey.search import Search
from first_storey.text import mention_of
from first_storey.when import Past, read

MAXIMUM_EXPECTED = 200
MAXIMUM_KNOWN_ROOMS = 1000


class Observer(Protocol):
    """A screen that shows a model."""

    def changed(self) -> None:
        """Something is to be shown otherwise."""

    def line_added(self, room: Room, line: Line, old: bool) -> None:
        """A line has come at the end of a room; *old*: what was said before the user came."""

    def called(self, room: Room, line: Line) -> None:
        """Somebody calls the user, by name or in private, with *line*."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where a screen is: *now* tells the time, *zone* is the time zone (``None``: the system's)."""

    now: Callable[[], datetime]
    zone: tzinfo | None = None

    def local(self, time: str) -> datetime:
        """Read a time of the wire; where it is none, it is now."""
        try:
            return datetime.fromisoformat(time).astimezone(self.zone)
        except (ValueError, OverflowError):
            return self.local_now()

    def local_now(self) -> datetime:
        """The local time."""
        return self.now().astimezone(self.zone)


class Model(Listener):
    """Listens to a link and keeps what its user is to see."""

    def __init__(self, name: str, rooms: Iterable[str], surroundings: Surroundings) -> None:
        self.name = name
        self.state: State = Connecting()
        self.lag: float | None = None
        self.limits: events.Limits | None = None
        self.away: str | None = None
        self.ignored: set[str] = set()
        self.rooms = [Room(room) for room in rooms]
        self.current = self.rooms[0]
        self.looking = True
        """Whether the user sees the current room."""
        self.search: Search | None = None
        """What the user searches for outside of any room."""
        self._observers: list[Observer] = []
        self._surroundings = surroundings
        self._answers: dict[str, Room] = {}
        self._earlier: dict[str, Room] = {}
        self._listed_rooms: list[str] = []
        self._mention = mention_of(name)
        self._lost = False

    def observe(self, observer: Observer) -> None:
        """Tell *observer* from now on what is to be shown."""
        self._observers.append(observer)

    # What the user does

    def turn_to(self, room: Room) -> None:
        """Show *room*."""
        if room is not self.current:
            if self.looking:
                self.current.turned_away()
            self.current = room
        if self.looking:
            room.turned_to()
        self._changed()

    def look(self, looking: bool) -> None:
        """The user sees the current room from now on, or sees none: what comes then is unread."""
        if looking != self.looking:
            self.looking = looking
            if looking:
                self.current.turned_to()
            else:
                self.current.turned_away()
            self._changed()

    def turn_by(self, steps: int) -> None:
        """Show the room so many places further, round and round."""
        self.turn_to(self.rooms[(self.rooms.index(self.current) + steps) % len(self.rooms)])

    def turn_to_unread(self) -> None:
        """Show the room where the user is called, or the next one with something unread."""
        unread = [room for room in self.rooms if room.unread]
        if unread:
            self.turn_to(max(unread, key=lambda room: bool(room.calls)))

    def past(self, when: str) -> Past:
        """Read which part of the history is meant, in the time zone of the screen; raises :class:`BadField`."""
        return read(when, self._surroundings.local_now(), self._surroundings.zone)

    def find(self, name: str, private: bool = False) -> Room | None:
        """Return the room or private conversation of that name."""
        wanted = name.casefold()
        return next((r for r in self.rooms if r.private == private and r.name.casefold() == wanted), None)

    def open(self, name: str, private: bool = False) -> Room:
        """Return the room or private conversation of that name, a new one where there is none."""
        room = self.find(name, private)
        if room is None:
            room = Room(name, private)
            self.rooms.append(room)
        return room

    def close(self, room: Room) -> None:
        """Show *room* no more; the last one stays."""
        if len(self.rooms) > 1:
            if room is self.current:
                self.turn_by(-1 if self.rooms.index(room) else 1)
            self.rooms.remove(room)
        self._changed()

    def expect(self, tag: str, earlier: bool = False) -> None:
        """The answer with that *tag* belongs into the current room; *earlier*: its messages go above the others."""
        expected = self._earlier if earlier else self._answers
        expected[tag] = self.current
        if len(expected) > MAXIMUM_EXPECTED:
            del expected[next(iter(expected))]

    def tell(self, text: str, kind: Kind = Kind.NOTICE, room: Room | None = None) -> None:
        """Add a line of the client's own."""
        self._add(room or self.current, Line(kind, self._surroundings.local_now(), text))

    @property
    def known_rooms(self) -> list[str]:
        """The rooms that are open, and those that the server has listed."""
        return list(dict.fromkeys([room.name for room in self.rooms if not room.private] + self._listed_rooms))

    # What the link tells

    def state_changed(self, state: State) -> None:
        """The connection has come, gone, or is waited for."""
        self.state = state
        match state:
            case Waiting() if not self._lost:
                self._lost = True
                self.lag = None
                self._tell_all(f"Disconnected from server. {state.why} Reconnecting by itself.")
            case Online() if self._lost:
                self._lost = False
                self._tell_all("Connected again.")
        self._changed()

    def lag_changed(self, seconds: float) -> None:
        """The server takes so long to answer."""
        self.lag = seconds
        self._changed()

    def outbox_changed(self) -> None:
        """Something waits to be sent, or does so no more."""
        self._changed()

    def event_received(self, event: events.Event, old: bool) -> None:
        """Take in what the server has sent."""
        match event:
            case events.Message():
                self._message(event, old)
            case events.History():
                self._history(event)
            case events.Found() if self.search is not None and event.tag == self.search.tag:
                self.search.add(((m.room or "", self._line(m)) for m in event.messages), event.more)
            case events.Found():
                self._past(event)
            case events.Welcome():
                self._rename_self(event.name)
                self.limits = event.limits
            case events.RoomState():
                self._entered(event)
            case events.Joined():
                self._joined(event)
            case events.Left():
                self._left(event)
            case events.Renamed():
                self._renamed(event)
            case events.Refusal() if self.search is not None and event.tag == self.search.tag:
                self.search.tag, self.search.refusal = "", event.text
            case events.Deleted():
                self._deleted(event)
            case events.Read():
                pass
            case events.Refusal():
                self.tell(event.text, Kind.REFUSAL, self._asked(event.tag))
            case _:
                self._other(event)
        self._changed()

    def _message(self, event: events.Message, old: bool) -> None:
        if event.author in self.ignored:
            return
        mine = event.author == self.name
        if event.room is None:
            room = self.open(event.to or event.author if mine else event.author, private=True)
            room.name = event.to if mine and event.to else event.author
        else:
            room = self.open(event.room)
        line = self._line(event)
        room.add_message(line, seen=self.looking and room is self.current)
        if (line.mention or line.private) and not (old or mine):
            for observer in self._observers:
                observer.called(room, line)
        self._added(room, line, old)

    def _line(self, event: events.Message) -> Line:
        mine = event.author == self.name
        return Line(
            Kind.ACTION if event.kind == "action" else Kind.SAY,
            self._surroundings.local(event.time),
            event.text,
            author=event.author,
            mine=mine,
            mention=not mine and self.mentions(event.text),
            private=event.room is None,
            id=event.id,
        )

    def mentions(self, text: str) -> bool:
        """Tell whether *text* names the user."""
        return self._mention.search(text) is not None

    def mention_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where *text* names the user."""
        return [match.span() for match in self._mention.finditer(text)]

    def _history(self, event: events.History) -> None:
        room = self._earlier.pop(event.tag or "", None)
        if room is not None:
            room.earlier_asked = not event.more
            room.lines.prepend(self._line(m) for m in event.messages if m.author not in self.ignored)
            return
        self._past(event)

    def _past(self, event: events.History | events.Found) -> None:
        room = self._asked(event.tag)
        before, lines, behind = wording.past(event, self._surroundings.local)
        for line in (before, *lines, *([behind] if lines else [])):
            self.tell(line, room=room)

    def _entered(self, event: events.RoomState) -> None:
        self.open(event.room).enter(event.topic, event.users, event.away, event.last, event.read)

    def room_ready(self, room: str) -> None:
        """Say where the user is, below what was said there before."""
        ready = self.open(room)
        self.tell(wording.presence(self.name, ready.name, ready.users), room=ready)
        if ready.topic:
            self.tell(f"The topic is: {ready.topic}", room=ready)

    def _joined(self, event: events.Joined) -> None:
        room = self.open(event.room)
        room.add_user(event.name)
        self._tell_of(room, event.name, event, event.time)

    def _left(self, event: events.Left) -> None:
        room = self.find(event.room)
        if room is None:
            return
        if event.name != self.name:
            self._tell_of(room, event.name, event, event.time)
            room.remove_user(event.name)
            return
        room.joined = False
        room.set_users((), {})
        self.close(room)
        if event.by is not None:
            why = f": {event.text}" if event.text else "."
            self.tell(f"You were kicked out of {room.title} by {event.by}{why}", Kind.REFUSAL)

    def _deleted(self, event: events.Deleted) -> None:
        """Leave of a message that is gone only that it was there."""
        rooms = [room for room in self.rooms if (room.name == event.room if event.room else room.private)]
        for room in rooms:
            room.lines.delete(event.id, f"{event.by} deleted this.")

    def _renamed(self, event: events.Renamed) -> None:
        mine = event.name == self.name or (event.room is None and event.new == self.name)
        if event.room is not None and (room := self.find(event.room)) is not None:
            room.rename_user(event.name, event.new)
            if not mine:
                self._tell_of(room, event.new, event, event.time)
        private = self.find(event.name, private=True)
        if private is not None and self.find(event.new, private=True) in (None, private):
            private.name = event.new
        if mine:
            self._rename_self(event.new)
            if event.room is None:
                self._say(event, self._asked(event.tag))

    def _rename_self(self, name: str) -> None:
        self.name = name
        self._mention = mention_of(name)

    def _other(self, event: events.Event) -> None:
        """Keep what an event tells of a room, and say it in words."""
        room = self._asked(getattr(event, "tag", None))
        match event:
            case events.Topic():
                room = self.open(event.room)
                room.topic = event.topic
            case events.Away(room=None):
                self.away = event.text
            case events.Away(room=str(name)):
                room = self.open(name)
                if event.text is None:
                    room.away.pop(event.name, None)
                else:
                    room.away[event.name] = event.text
                if event.name != self.name:
                    self._tell_of(room, event.name, event, event.time)
                return
            case events.Who():
                self.open(event.room).set_users(event.users, event.away)
            case events.Rooms():
                self._listed_rooms = [listed.room for listed in event.rooms[:MAXIMUM_KNOWN_ROOMS]]
            case events.Ignored():
                self.ignored = set(event.names)
        self._say(event, room)

    def _asked(self, tag: str | None) -> Room:
        """Return the room from which the request with that *tag* came."""
        room = self._answers.pop(tag or "", self.current)
        return room if room in self.rooms else self.current

    def _tell_of(self, room: Room, name: str, event: events.Event, time: str) -> None:
        """Say what somebody did, unless nobody would care: they have said nothing."""
        now = self._surroundings.local(time)
        if room.spoke_recently(name, now) or self.find(name, private=True) is not None:
            self._say(event, room)

    def _say(self, event: events.Event, room: Room) -> None:
        for sentence in wording.notice(event):
            self.tell(sentence, room=room)

    def _tell_all(self, text: str) -> None:
        for room in self.rooms:
            self.tell(text, room=room)

    def _add(self, room: Room, line: Line) -> None:
        room.lines.append(line)
        self._added(room, line, old=False)
        self._changed()

    def _added(self, room: Room, line: Line, old: bool) -> None:
        for observer in self._observers:
            observer.line_added(room, line, old)

    def _changed(self) -> None:
        for observer in self._observers:
            observer.changed()
