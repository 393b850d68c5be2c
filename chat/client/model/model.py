"""What a screen shows: rooms, lines, unread counts and the state of the connection. No input or output of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import zip_longest

import msgspec

from chat.client.link.link import INVITATION_CODES, Listener, Post
from chat.client.link.states import Asking, Connecting, Greeting, Online, Refused, Secret, State, Waiting
from chat.client.model.apart import Apart, Listing, Unread
from chat.client.model.changes import apply, changed, quote
from chat.client.model.excerpt import Excerpt
from chat.client.model.plain_text import as_typed
from chat.client.model.room import Earlier, OtherSide, Room, title_of
from chat.client.model.scrollback import Line, LineKind
from chat.client.model.search_results import MAXIMUM_FOUND, Found, SearchResults
from chat.core import events
from chat.core.text import mentions
from chat.core.when import Past, read

MAXIMUM_EXPECTED = 200
MAXIMUM_REASONS = 10
MAXIMUM_KNOWN_ROOMS = 1000
MAXIMUM_CONVERSATIONS = 1000
NOTHING_UNREAD = "Nothing is unread in other rooms."
MAXIMUM_OPENED = 20
"""The most private conversations with something unread that are opened at once, the newest."""


class Observer:
    """Is told what changes in a model. Override the methods that you need."""

    def changed(self) -> None:
        """Something that is shown has changed."""

    def line_added(self, room: Room, line: Line, old: bool) -> None:
        """*line* was added at the end of *room*. It is *old* if it was said before the user joined."""

    def called(self, room: Room, line: Line) -> None:
        """*line* is meant for the user: it names them, answers them or all, or is a private message to them."""

    def room_ready(self, room: Room) -> None:
        """The user has come into *room*, and its last messages are there."""

    def refused(self, room: Room, text: str) -> None:
        """The server has refused what the user said in *room*: *text* is how they can type it again."""

    def message_changed(self, room: Room, change: events.AnyChange, line: Line | None) -> None:
        """A message of *room* was changed. It is *line* now, if it is among those that are shown."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The time at the user's place. *now* returns the time; *zone* is the time zone, ``None`` for the system's."""

    now: Callable[[], datetime]
    zone: tzinfo | None = None

    def local(self, time: str) -> datetime:
        """Convert a time that the server sent. If it can't be read, return the present time."""
        try:
            return datetime.fromisoformat(time).astimezone(self.zone)
        except (ValueError, OverflowError):
            return self.local_now()

    def local_now(self) -> datetime:
        """Return the local time."""
        return self.now().astimezone(self.zone)


class Model(Listener):
    """Listens to a link, and keeps what its user sees."""

    def __init__(self, name: str, rooms: Iterable[str], local_time: LocalTime) -> None:
        self.name = name
        self.state: State = Connecting()
        self.why = ""
        """Why there is no connection, also while one is being made; empty if there is one."""
        self.lag: float | None = None
        self.is_moderator = False
        self.limits: events.Limits | None = None
        self.away: str | None = None
        self.ignored: set[str] = set()
        self.rooms = [Room(room) for room in rooms]
        self.current = self.rooms[0]
        self._came_from: Room | None = None
        """Where the user was before they began to go through the rooms with something unread."""
        self.looking = True
        """Whether the user sees the current room."""
        self.search: SearchResults | None = None
        """The search whose results are shown apart from the rooms, if there is one."""
        self.apart: Apart | None = None
        """What is shown over the current room, if something is."""
        self.lists_apart = False
        """Whether the screen shows over the room what a command lists, and not among the lines of the room."""
        self._observers: list[Observer] = []
        self.local_time = local_time
        self._answers: dict[str, Room] = {}
        self._opened: dict[str, Room] = {}
        """The rooms from which others were opened, by the tags of the requests that did it."""
        self._earlier: dict[str, Room] = {}
        self.may_send: Callable[[events.Upload, Room], None] = lambda event, room: None
        """Is told where a file may be sent, and the room in which that was asked."""
        self.forgotten: Callable[[], object] = lambda: None
        """Is called when the connection is lost over which answers would have come."""
        self._apart: set[str] = set()
        """The tags of requests whose answers are shown apart from the rooms, or dropped if nobody waits for them."""
        self._listed_rooms: list[str] = []
        self._found_at: dict[int, Found] = {}
        """The messages that were found lately, or are pinned, by their ids."""
        self._conversations: dict[str, events.ConversationLine] = {}
        """The private conversations that the server has listed, by their ``with``."""
        self.words: list[str] = []
        """What names the user besides their name."""
        self._lost = False
        self._reasons_told: list[str] = []
        """Why there is no connection, as far as the user was told since it was lost, or since they did something."""

    def observe(self, observer: Observer) -> None:
        """Tell *observer* of changes from now on."""
        self._observers.append(observer)

    # What the user does

    def turn_to(self, room: Room) -> None:
        """Show *room*."""
        self.apart = None
        self._came_from = None
        if room is not self.current:
            if self.looking:
                self.current.turned_away()
            self.current = room
        if self.looking:
            room.turned_to()
        self._changed()

    @property
    def excerpt(self) -> Excerpt | None:
        """What is read round a message that was found, if something is."""
        return self.apart if isinstance(self.apart, Excerpt) else None

    def show(self, apart: Apart) -> None:
        """Show something over the room. Below it stays what the user will come back to."""
        below = self.apart
        while below is not None and (not below.kept or type(below) is type(apart)):
            below = below.below
        apart.below = below
        self.apart = apart
        self._changed()

    def come_back(self) -> None:
        """Close what is shown over the room; show what is below it."""
        if self.apart is not None:
            self.apart = self.apart.below
            self._changed()

    def look(self, looking: bool) -> None:
        """Note whether the user is looking at the screen. If not, new messages count as unread."""
        if looking != self.looking:
            self.looking = looking
            if looking:
                self.current.turned_to()
            else:
                self.current.turned_away()
            self._changed()

    def turn_by(self, steps: int) -> None:
        """Show the room *steps* places further in the list; after the last comes the first."""
        self.turn_to(self.rooms[(self.rooms.index(self.current) + steps) % len(self.rooms)])

    def turn_to_unread(self) -> str:
        """Show a room with a mention of the user; if there is none, a room with something unread.

        When all have been shown so one after the other, show again the room that was shown before. Return what the user
        is to be told if there is nothing of all that; else nothing.
        """
        came_from = self._came_from or self.current
        unread = [room for room in self.rooms if room.is_waiting]
        if unread:
            self.turn_to(max(unread, key=lambda room: bool(room.calls)))
            self._came_from = came_from
        elif came_from is not self.current and came_from in self.rooms:
            self.turn_to(came_from)
        else:
            return NOTHING_UNREAD
        return ""

    def show_unread(self) -> None:
        """Show over the room what is unread in others, first where the user is named."""
        rooms = [room for room in self.rooms if room.is_waiting]
        unread = Unread(sorted(rooms, key=lambda room: not room.calls))
        if len(unread.lines):
            self.show(unread)

    def see(self, unread: Unread, serial: int) -> None:
        """The user has seen what is unread up to the line with that serial number."""
        unread.see(serial)
        self._changed()

    def read_all(self) -> None:
        """Take what has come in all rooms as read."""
        for room in self.rooms:
            if room.unread and room.lines.newest_id is not None:
                room.turned_to()
                room.turned_away()
        self._changed()

    def draw_mark(self) -> None:
        """Draw the mark in the current room below what has come."""
        self.current.draw_mark()
        self._changed()

    def calls(self) -> list[tuple[int, Room, int]]:
        """Return the messages that name the user or answer them, the oldest first: id, room and serial number."""
        found = [
            (line.id, room, serial)
            for room in self.rooms
            for serial, line in enumerate(room.lines, room.lines.first)
            if line.mention and line.id is not None
        ]
        return sorted(found, key=lambda call: call[0])

    def answerable(self) -> list[tuple[Room, Line]]:
        """Return the messages that name the user, or are private to them, the newest first."""
        found = [
            (line.id, room, line)
            for room in self.rooms
            for line in room.lines
            if line.is_message and not line.mine and not line.notice and line.id and (line.mention or line.private)
        ]
        return [(room, line) for _, room, line in sorted(found, key=lambda each: each[0], reverse=True)]

    def message(self, number: int) -> tuple[Room, Line] | None:
        """Return the message with that id, and its room, if it was shown or found in one of the open rooms."""
        for room in self.rooms:
            serial = room.lines.find(number)
            if serial is not None:
                return (room, room.lines[serial]) if room.lines[serial].is_message else None
        found = self._found_at.get(number)
        place = self.place(self.place_of(number)) if found is not None and found.line.is_message else None
        return (place, found.line) if found is not None and place is not None else None

    def see_call(self, room: Room, number: int) -> None:
        """The user has seen a message that is for them."""
        room.see_call(number)
        self._changed()

    def past(self, when: str) -> Past:
        """Read which part of the history is meant, in the time zone of the screen; raises :class:`BadField`."""
        return read(when, self.local_time.local_now(), self.local_time.zone)

    def room_called(self, word: str) -> Room | None:
        """Return the open room of that number, title or name, if there is one."""
        if word.isdecimal() and word.isascii() and 1 <= int(word[:9]) <= len(self.rooms):
            return self.rooms[int(word[:9]) - 1]
        if word.startswith("@"):
            return self.find(word[1:], private=True)
        return self.find(word.removeprefix("#")) or self.find(word, private=True)

    def find(self, name: str, private: bool = False) -> Room | None:
        """Return the room or private conversation of that name."""
        wanted = name.casefold()
        found = (room for room in self.rooms if room.private == private and room.name.casefold() == wanted)
        return next((room for room in found if room.other_side is not OtherSide.GONE), None)

    def open(self, name: str, private: bool = False) -> Room:
        """Return the room or private conversation of that name, a new one if there is none."""
        room = self.find(name, private)
        if room is None:
            room = Room(name, private)
            self.rooms.append(room)
            if private:
                wanted = name.casefold()
                listed = (each for each in self._conversations.values() if each.name.casefold() == wanted)
                self._identify(room, next((each.with_ for each in listed if not each.gone), None))
        return room

    def conversation(self, name: str, with_: str | None) -> Room:
        """Return the private conversation with that user, a new one if there is none open.

        *with_* is how requests name the user; ``None`` if the server has not said it.
        """
        if with_ is None:
            return self.open(name, private=True)
        room = next((room for room in self.rooms if room.with_ == with_), None)
        if room is None:
            room = self.find(name, private=True)
            if room is None or room.with_ is not None:
                room = Room(name, private=True)
                self.rooms.append(room)
            self._identify(room, with_)
        return room

    def _identify(self, room: Room, with_: str | None) -> None:
        """Note with whom a conversation is, and take over what the server has listed of it."""
        room.with_ = with_
        if with_ is not None and room.other_side is OtherSide.UNSURE:
            room.other_side = OtherSide.HERE
        if (listed := self._conversations.get(with_ or "")) is not None:
            room.read_up_to(listed.read)
            room.other_side = _other_side(listed)

    def close(self, room: Room) -> None:
        """Close *room*, unless it is the only one that is open."""
        if len(self.rooms) > 1:
            place = self.rooms.index(room)
            del self.rooms[place]
            if room is self.current:
                self.turn_to(self.rooms[max(place - 1, 0)])
        self._changed()

    def expect(self, tag: str) -> None:
        """Show the answer with that *tag* in the current room."""
        self._answers[tag] = self.current
        if len(self._answers) > MAXIMUM_EXPECTED:
            del self._answers[next(iter(self._answers))]

    def expects(self, tag: str) -> bool:
        """Whether the request with that *tag* is not answered yet."""
        return tag in self._answers

    def expect_to_open(self, tag: str, before: Room) -> None:
        """The request with that *tag* has opened what is shown now. If it is refused, show *before* again."""
        self.expect(tag)
        self._opened[tag] = before
        if len(self._opened) > MAXIMUM_EXPECTED:
            del self._opened[next(iter(self._opened))]

    def expect_earlier(self, tag: str, room: Room) -> None:
        """Put the messages of the answer with that *tag* above the others in *room*."""
        self._earlier[tag] = room
        room.earlier = Earlier.ASKED

    def expect_apart(self, tag: str) -> None:
        """Show the answer with that *tag* in the search or in the excerpt that asked for it, if that is still there."""
        self._apart.add(tag)

    def tell(
        self, text: str, kind: LineKind = LineKind.NOTICE, room: Room | None = None, about: int | None = None
    ) -> None:
        """Add a line that the client writes itself. It tells *about* the message with that id, if there is one."""
        self._add(room or self.current, Line(kind, self.local_time.local_now(), text, about=about))

    def tell_list(self, texts: Sequence[str], room: Room | None = None, numbers: Sequence[int | None] = ()) -> None:
        """Show what a command lists, over the room or in it. The texts tell of the messages with these *numbers*."""
        pairs = list(zip_longest(texts, numbers[: len(texts)]))
        if self.lists_apart:
            now = self.local_time.local_now()
            self.show(Listing([Line(LineKind.NOTICE, now, text, about=number) for text, number in pairs]))
            return
        for text, number in pairs:
            self.tell(text, room=room, about=number)

    @property
    def known_rooms(self) -> list[str]:
        """The rooms that are open, and those in the server's last list."""
        return list(dict.fromkeys([room.name for room in self.rooms if not room.private] + self._listed_rooms))

    @property
    def partners(self) -> list[str]:
        """The users with whom there is a private conversation."""
        return [listed.name for listed in self._conversations.values() if not listed.gone]

    # What the link tells

    def state_changed(self, state: State) -> None:
        """Show whether there is a connection."""
        self.state = state
        if not isinstance(state, Connecting | Greeting):
            self.why = getattr(state, "why", "")
        match state:
            case Waiting() | Asking() | Refused():
                self._tell_why(state)
            case Online() if self._lost:
                self._lost = False
                self._reasons_told.clear()
                self._tell_all("Connected again.")
        self._changed()

    def tell_why_again(self) -> None:
        """The user does something about the connection: say why there is none, even if that was said before."""
        self._reasons_told.clear()

    def _tell_why(self, state: Waiting | Asking | Refused) -> None:
        """Tell in all rooms why there is no connection, each reason once."""
        is_first = not self._lost
        if is_first:
            self._lost = True
            self._forget_requests()
        if state.why in self._reasons_told:
            return
        self._reasons_told = [*self._reasons_told, state.why][-MAXIMUM_REASONS:]
        match state:
            case Waiting(why) if is_first:
                self._tell_all(f"Disconnected from server. {why} Reconnecting by itself.")
            case Waiting(why):
                self._tell_all(f"Still no connection. {why} /reconnect tries at once.")
            case Refused(why):
                self._tell_all(f"No connection. {why} /reconnect tries again; nothing is tried by itself.")
            case Asking(Secret.PASSWORD, why):
                self._tell_all(f"No connection. {why} /nick gives you another name.")
            case Asking(why=why):
                self._tell_all(f"No connection. {why}")

    def _forget_requests(self) -> None:
        """Expect no answers any more: the connection over which they would have come is lost."""
        self.lag = None
        for room in self._earlier.values():
            room.earlier = Earlier.POSSIBLE if room.lines.oldest_id or not room.private else Earlier.WANTED
        self._earlier.clear()
        self._apart.clear()
        if self.search is not None and self.search.tag:
            self.search.tag, self.search.waits = "", True
        if self.excerpt is not None:
            self.excerpt.tag = ""
        self.forgotten()

    def lag_changed(self, seconds: float) -> None:
        """Show how long the server takes to answer."""
        self.lag = seconds
        self._changed()

    def outbox_changed(self) -> None:
        """Show what is waiting to be acknowledged."""
        self._changed()

    def post_refused(self, post: Post) -> None:
        """Give the user back what they said."""
        room = self._answers.get(post.tag)
        text = as_typed(post)
        if room is None or text is None:
            return
        if room not in self.rooms:  # it was said while the user was kept out
            room = self.current
        if post.tag in self._opened:
            room, text = self._opened[post.tag], f"/msg {room.name} {post.fields['text']}"
        for observer in self._observers:
            observer.refused(room, text)

    def event_received(self, event: events.Event, old: bool) -> None:
        """Show what the server has sent."""
        if (tag := getattr(event, "tag", None)) in self._apart:
            self._apart.discard(tag)
            self._answered_apart(event, tag)
            self._changed()
            return
        match event:
            case events.Message():
                self._message(event, old)
            case events.History():
                self._history(event)
            case events.Found() | events.Pins():
                self._past(event)
            case events.Welcome():
                self.name = event.name
                self.is_moderator = bool(event.role)
                self.limits = event.limits
                self.words = event.words_
            case events.RoomState():
                self._entered(event)
            case events.Joined():
                self._joined(event)
            case events.Left():
                self._left(event)
            case events.Renamed():
                self._renamed(event)
            case events.Edited() | events.Deleted() | events.Reacted() | events.Pinned():
                self._message_changed(event, old)
            case events.Read():
                self._read(event)
            case events.Conversations():
                self._listed(event)
            case events.ConversationChanged():
                self._other_side_changed(event)
            case events.Refusal() if (room := self._earlier.pop(event.tag or "", None)) is not None:
                room.earlier = Earlier.NONE
            case events.Refusal():
                opened = self._answers.get(event.tag or "")
                room = self._asked(event.tag)
                before = self._opened.pop(event.tag or "", None)
                if before is not None and room is opened and room.lines.newest_id is None:
                    self._close_again(room, before)
                    room = before if before in self.rooms else self.current
                self.tell(event.text, LineKind.REFUSAL, room)
                if event.code in INVITATION_CODES:
                    self.tell("Type the code of your invitation; with a command you drop that.", room=room)
            case events.Goodbye(code=""):
                pass  # the end of the connection follows, and repeats why
            case _:
                self._other(event)
        self._changed()

    def _close_again(self, room: Room, before: Room) -> None:
        """Close a room or conversation that was not to be; if it is shown, show again what was shown *before*."""
        if room is self.current and before in self.rooms:
            self.rooms.remove(room)
            self.turn_to(before)
        else:
            self.close(room)

    def _answered_apart(self, event: events.Event, tag: str) -> None:
        """Show an answer in the search or in the excerpt that asked for it."""
        search = self.search if self.search is not None and self.search.tag == tag else None
        excerpt = self.excerpt if self.excerpt is not None and self.excerpt.tag == tag else None
        match event:
            case events.Found() if search is not None:
                search.add((self._found(message) for message in event.messages), event.more, event.next)
            case events.Pins() if search is not None:
                search.add((self._found(message) for message in reversed(event.messages)), more=False)
            case events.Rooms():
                self._list(event)
            case events.Refusal() if search is not None:
                search.tag, search.refusal = "", event.text
            case events.History() if excerpt is not None:
                self._read_on(event, excerpt)
            case events.Refusal() if excerpt is not None:
                self.come_back()
                self.tell(event.text, LineKind.REFUSAL)

    def _message(self, event: events.Message, old: bool) -> None:
        if event.author in self.ignored:
            return
        mine = event.author == self.name
        if event.room is None:
            other = event.to if mine and event.to else event.author
            room = self.conversation(other, event.with_)
            if not old or room.with_ is None:
                room.name = other
        else:
            room = self.open(event.room)
        line = self._line(event)
        room.add_message(line, seen=self.looking and room is self.current)
        if (line.mention or line.private) and not (old or mine or line.notice or room.quiet):
            for observer in self._observers:
                observer.called(room, line)
        self._added(room, line, old)

    def _line(self, event: events.Message) -> Line:
        mine = event.author == self.name
        return Line(
            LineKind.ACTION if event.kind == "action" else LineKind.SAY,
            self.local_time.local(event.time),
            event.text + event.link,
            author=event.author,
            mine=mine,
            mention=not mine and self._calls(event),
            private=event.room is None,
            id=event.id,
            typed=mine and event.tag is not None,
            reply=quote(event),
            reactions=event.reactions,
            edited=event.edited is not None,
            pinned=event.pinned,
            notice=event.notice,
            link=event.link,
        )

    def _calls(self, message: events.Message) -> bool:
        """Return whether a message is meant for the user: it names them, or it answers them or everybody."""
        if message.notice:
            return False
        return message.all or message.re_author == self.name or self.mentions(message.text)

    def _found(self, message: events.Message) -> Found:
        """Say where a message was said that was found."""
        line = self._line(message)
        if message.room is not None:
            return Found(line, room=message.room)
        other = message.to if line.mine and message.to else message.author
        return Found(line, room=other, private=True, with_=message.with_)

    def mentions(self, text: str) -> bool:
        """Return whether *text* names the user."""
        return bool(self.mention_spans(text))

    def mention_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where *text* names the user, by name or by one of their words; lines that are quoted do not count."""
        return sorted(mentions(text, (self.name, *self.words)))

    def _history(self, event: events.History) -> None:
        room = self._earlier.pop(event.tag or "", None)
        if room is None:
            self._past(event)
            return
        is_backlog = room.lines.oldest_id is None
        lines = [self._line(message) for message in event.messages if message.author not in self.ignored]
        older = room.add_earlier(lines, event.more)
        if self.looking and room is self.current:
            room.turned_to()
        else:
            room.count_unread()
        if is_backlog:
            for line in older:
                self._added(room, line, old=True)

    def _read_on(self, event: events.History, excerpt: Excerpt) -> None:
        """Show what was read round a message, or more of it."""
        excerpt.tag = ""
        lines = [self._line(message) for message in event.messages if message.author not in self.ignored]
        if event.around is not None:
            excerpt.add_newer(lines, event.more_after)
            excerpt.more_before = event.more_before
            if excerpt.mark is None:
                self.come_back()
                text = f"There is no message {excerpt.number} in {excerpt.title}, or not any more."
                self.tell(text, LineKind.REFUSAL)
        elif event.before is not None:
            excerpt.add_older(lines, event.more)
        elif event.after is not None:
            excerpt.add_newer(lines, event.more)
            for change in event.changes:
                apply(excerpt.lines, change, change.by == self.name)
        else:
            # The server is too old to read round a message.
            self.come_back()
            self._past(event)

    def place_of(self, number: int) -> Excerpt:
        """Return the place where a message is, for what is said round it to be read."""
        found = self._found_at.get(number)
        if found is None:
            return Excerpt(self.current.title, self.current.address, number)
        address = {"room": found.room} if not found.private else {"with": found.with_ or ""}
        return Excerpt(title_of(found.room, found.private), address, number)

    def place(self, excerpt: Excerpt) -> Room | None:
        """Return the open room in which an excerpt was said."""
        return next((room for room in self.rooms if room.address == excerpt.address), None)

    def _read(self, event: events.Read) -> None:
        """The user has read something, on this device or on another."""
        if event.with_ is None:
            room = self.find(event.room or "")
        else:
            room = next((room for room in self.rooms if room.with_ == event.with_), None)
            if (listed := self._conversations.get(event.with_)) is not None:
                read = max(listed.read, event.id)
                self._conversations[event.with_] = msgspec.structs.replace(listed, read=read)
        if room is not None:
            room.read_up_to(event.id)

    def _listed(self, event: events.Conversations) -> None:
        """Bring the open conversations up to date; in answer to the link's own request, open those that are unread."""
        wanted = self._answers.pop(event.tag or "", None)
        opened = 0
        for listed in event.conversations:
            self._conversations[listed.with_] = listed
            room = next((room for room in self.rooms if room.with_ == listed.with_), None)
            if room is None and wanted is None and listed.unread and opened < MAXIMUM_OPENED:
                opened += 1
                room = self.conversation(listed.name, listed.with_)
                room.wait(listed.unread)
            elif room is None and not listed.gone:
                room = self.find(listed.name, private=True)
                room = room if room is not None and room.with_ is None else None
            if room is not None:
                self._identify(room, listed.with_)
                room.name = listed.name
        for surplus in list(self._conversations)[:-MAXIMUM_CONVERSATIONS]:
            del self._conversations[surplus]
        if wanted is not None:
            self.tell_list(event.page(self.local_time.local), room=wanted if wanted in self.rooms else self.current)

    def _other_side_changed(self, event: events.ConversationChanged) -> None:
        """The other side of a private conversation was renamed, came, left or is gone."""
        listed = self._conversations.get(event.with_)
        if listed is not None:
            name = listed.name if event.name is None else event.name
            listed = msgspec.structs.replace(listed, name=name, here=event.here, gone=event.name is None)
            self._conversations[event.with_] = listed
        room = next((room for room in self.rooms if room.with_ == event.with_), None)
        if room is None:
            return
        name, side = room.name, room.other_side
        room.name = event.name or name
        room.other_side = OtherSide.GONE if event.name is None else OtherSide.HERE if event.here else OtherSide.AWAY
        if room.name != name:
            self.tell(f"{name} is now known as {room.name}.", room=room)
        if room.other_side is not side:
            self.tell(f"{room.name} {_SIDES[room.other_side]}", room=room)

    def _past(self, event: events.History | events.Found | events.Pins) -> None:
        room = self._asked(event.tag)
        if not isinstance(event, events.History):
            self._found_at |= {message.id: self._found(message) for message in event.messages}
            for surplus in list(self._found_at)[:-MAXIMUM_FOUND]:
                del self._found_at[surplus]
        # The first line of a page is its heading.
        numbers = (None, *(message.id for message in event.messages for _ in message.by_line()))
        self.tell_list(event.page(self.local_time.local), room, numbers)

    def _entered(self, event: events.RoomState) -> None:
        self.open(event.room).enter(event)

    def room_ready(self, room: str, more: bool) -> None:
        """Say which room this is and who is in it, below its backlog."""
        ready = self.open(room)
        ready.there_is_earlier(more)
        if ready.unread:
            ready.count_unread()
        self.tell(events.company(self.name, ready.name, ready.users), room=ready)
        if ready.topic:
            self.tell(f"The topic is: {ready.topic}", room=ready)
        if ready.pins:
            self.tell(f"{ready.pins} pinned: /pins", room=ready)
        for observer in self._observers:
            observer.room_ready(ready)

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
            if not any(event.name in room.users for room in self.rooms):
                self._doubt(event.name)
            return
        room.joined = False
        room.set_users((), {}, ())
        self.close(room)
        if event.by is not None:
            why = f": {event.text}" if event.text else "."
            kicked = f"You were kicked out of {room.title} by {event.by}{why}"
            closed = event.text == events.closed_by(room.name, event.by)
            self.tell(event.text if closed else kicked, LineKind.REFUSAL)

    def _message_changed(self, event: events.AnyChange, old: bool) -> None:
        """Show a message as it is now, and who has pinned it."""
        asked = self._answers.pop(event.tag or "", None)
        mine = event.by == self.name
        for room in [room for room in self.rooms if _is_place_of(event, room)]:
            pins = room.pins
            line = room.change(event, mine, old)
            if isinstance(event, events.Pinned) and (asked is not None or old or room.pins != pins):
                self._say(event, room)
            for observer in self._observers:
                observer.message_changed(room, event, line)
        if isinstance(event, events.Deleted):
            for room in self.rooms:
                # What was found stands where it was searched for.
                apply(room.lines, event, mine)
        apart = self.apart
        while apart is not None:
            apply(apart.lines, event, mine)
            apart = apart.below
        if self.search is not None:
            self.search.change(event, mine)
        if (found := self._found_at.get(event.id)) is not None:
            self._found_at[event.id] = replace(found, line=changed(found.line, event, mine))

    def _renamed(self, event: events.Renamed) -> None:
        mine = self.name in (event.name, event.new)
        if event.room is not None and (room := self.find(event.room)) is not None:
            room.rename_user(event.name, event.new)
            if not mine:
                self._tell_of(room, event.new, event, event.time)
        private = self.find(event.name, private=True)
        if private is not None and private.with_ is None and self.find(event.new, private=True) in (None, private):
            private.name = event.new
        if private is None or private.name != event.new:
            self._doubt(event.name)
            self._doubt(event.new)
        if mine:
            self.name = event.new
            if event.room is None:
                self._say(event, self._asked(event.tag))

    def _doubt(self, name: str) -> None:
        """Whoever is called *name* now may be another than the one to whom the user has begun to write."""
        room = self.find(name, private=True)
        if room is not None and room.with_ is None and room.other_side is OtherSide.HERE:
            room.other_side = OtherSide.UNSURE
            self.tell(f"{room.name} {_SIDES[room.other_side]}", room=room)

    def _other(self, event: events.Event) -> None:
        """Update the room that an event is about, and show the event in words."""
        tag = getattr(event, "tag", None)
        unasked = tag is not None and tag not in self._answers
        """Whether it answers a request that the link has made by itself."""
        room = asked = self._asked(tag)
        # An answer is shown where it was asked for; what happens in a room, or was asked about it, is shown there too.
        if not isinstance(event, events.Who | events.Read):
            room = self.find(getattr(event, "room", None) or "") or room
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
            case events.Who() if (listed := self.find(event.room)) is not None:
                listed.set_users(event.users, event.away, event.ops)
            case events.Rule() if (ruled := self.find(event.room)) is not None:
                ruled.set_rule(event)
            case events.Rooms():
                self._list(event)
            case events.Words():
                self.words = event.words_
            case events.Upload():
                self.may_send(event, room)
                return
            case events.Ignored():
                self.ignored = set(event.names)
                if unasked:
                    return
        if isinstance(event, _LISTS) and tag is not None and not unasked:
            self.tell_list(event.words(), room)
            return
        self._say(event, room)
        if room is not asked and tag is not None and not unasked:
            self._say(event, asked)

    def _list(self, event: events.Rooms) -> None:
        """Note which rooms there are."""
        known = dict.fromkeys([listed.room for listed in event.rooms] + self._listed_rooms)
        self._listed_rooms = list(known)[:MAXIMUM_KNOWN_ROOMS]

    def _asked(self, tag: str | None) -> Room:
        """Return the room from which the request with that *tag* came."""
        room = self._answers.pop(tag or "", self.current)
        return room if room in self.rooms else self.current

    def _tell_of(self, room: Room, name: str, event: events.Event, time: str) -> None:
        """Show what *name* did, if they spoke here recently or there is a private conversation with them."""
        now = self.local_time.local(time)
        if room.spoke_recently(name, now) or self.find(name, private=True) is not None:
            self._say(event, room)

    def _say(self, event: events.Event, room: Room) -> None:
        about = event.id if isinstance(event, events.Pinned) else None
        for sentence in event.words():
            self.tell(sentence, room=room, about=about)

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


_LISTS = (events.Bans, events.Devices, events.Help, events.Rooms, events.Stats, events.Who, events.Whois)
"""The answers that list something, besides messages and conversations."""

_SIDES = {
    OtherSide.HERE: "is here now.",
    OtherSide.AWAY: "is not here now.",
    OtherSide.UNSURE: "was seen to leave, or to have another name. Whoever has the name now may be somebody else.",
    OtherSide.GONE: "is gone for good. Whoever has the name later is somebody else.",
}


def _is_place_of(change: events.AnyChange, room: Room) -> bool:
    """Return whether *room* may show the message that was changed."""
    if change.room is not None:
        return not room.private and room.name == change.room
    return room.private and (change.with_ is None or room.with_ is None or room.with_ == change.with_)


def _other_side(listed: events.ConversationLine) -> OtherSide:
    if listed.gone:
        return OtherSide.GONE
    return OtherSide.HERE if listed.here else OtherSide.AWAY
