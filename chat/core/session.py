"""A session: one connected user, and what they may do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from twisted.logger import Logger

from chat import __version__
from chat.core import names
from chat.core.commands import Command
from chat.core.errors import (
    AlreadyThere,
    BadField,
    ChatError,
    Empty,
    NameTaken,
    NoSuchRoom,
    NoSuchUser,
    NotInRoom,
    NotStored,
    TooLong,
    TooManyRooms,
)
from chat.core.events import (
    Away,
    CommandHelp,
    Found,
    Goodbye,
    Help,
    Ignored,
    Joined,
    Kind,
    Left,
    Limits,
    Message,
    Notice,
    Pong,
    Refusal,
    Renamed,
    Rooms,
    RoomState,
    RoomSummary,
    Topic,
    Welcome,
    Who,
)
from chat.core.hub import LOBBY, Hub, Lineage, digest
from chat.core.peer import Address, Peer
from chat.core.records import Query, Said, Search
from chat.core.room import Room
from chat.core.search import parse
from chat.core.text import clean

DEFAULT_COUNT = 20
"""The messages that ``/history`` shows when not told how many."""

log = Logger()


class Session:
    """One user of the chat, whatever carries what they say.

    ``peer`` is the other end of what carries it. A session with ``one_room`` leaves a room when it joins
    another, and is shown the last ``replay`` messages of it.

    The methods that a command runs raise :class:`ChatError` where they refuse, and then nothing has happened.
    """

    __slots__ = (
        "_hub",
        "_private",
        "away",
        "gone",
        "id",
        "ignored",
        "lineage",
        "name",
        "one_room",
        "peer",
        "pending",
        "replay",
        "rested",
        "rooms",
    )

    def __init__(self, hub: Hub, number: int, peer: Peer, *, one_room: bool, replay: int = 0) -> None:
        self._hub = hub
        self._private: list[Message] = []
        self.id = number
        self.peer = peer
        self.one_room = one_room
        self.replay = replay
        self.name = ""
        self.rooms: dict[str, Room] = {}
        self.away: str | None = None
        self.ignored: dict[str, str] = {}
        self.lineage: Lineage | None = None
        self.gone = False
        self.pending = 0
        self.rested: Callable[[], None] | None = None

    def __repr__(self) -> str:
        return f"<session {self.id} of {self.name or 'nobody yet'} at {self.peer}>"

    @property
    def address(self) -> Address | None:
        """Where the user is; ``None`` for a local socket."""
        return self.peer.address

    @property
    def secure(self) -> bool:
        """Whether nobody on the way can read what is sent, so that a password may be."""
        return self.peer.secure

    # -- flow control

    @property
    def busy(self) -> bool:
        """Whether so much of it waits in the queue that no more should be read from it now."""
        return self.pending >= self._hub.limits.pending_each

    def rest(self, rested: Callable[[], None]) -> None:
        """Call *rested* once enough has left the queue."""
        self.rested = rested

    def rest_over(self) -> None:
        """Enough has left the queue."""
        rested, self.rested = self.rested, None
        if rested is not None:
            rested()

    # -- coming and going

    @property
    def welcome(self) -> bool:
        """Whether the session has a name."""
        return bool(self.name)

    @property
    def here(self) -> str:
        """The room that it came into last."""
        return next(reversed(self.rooms), LOBBY)

    def come_in(self, name: str, rooms: Mapping[str, int | None]) -> None:
        """Take a name, or the guest's where it is empty, and join *rooms*.

        A value of *rooms* is the id after which messages are replayed.
        """
        self._come_in(name, rooms, None)

    def come_in_again(
        self, name: str, rooms: Mapping[str, int | None], token: str | None, tag: str | None = None
    ) -> None:
        """Come in so that a later session can go on from here, or go on where the one with *token* was.

        If the history must be asked about the token, a refusal is shown and not raised.
        """
        hub = self._hub
        known = hub.lineage(token) if token else None
        if not token or known is not None:
            self._come_in(name, rooms, known or Lineage(hub.make_token()))
            return

        def found(tags: Mapping[str, tuple[int, str]]) -> None:
            lineage = hub.lineage(token) or Lineage(token if tags else hub.make_token(), tags=dict(tags))
            try:
                if not self.gone:
                    self._come_in(name, rooms, lineage)
            except ChatError as error:
                self.refuse(error, tag)

        hub.delivery.recollect(self, digest(token), found)

    def _come_in(self, name: str, rooms: Mapping[str, int | None], lineage: Lineage | None) -> None:
        hub = self._hub
        if len(rooms) > hub.limits.rooms_each:
            raise TooManyRooms(f"You can be in at most {hub.limits.rooms_each} rooms at once. Ask for fewer.")
        before = lineage.session if lineage is not None else None
        name = names.user_name(name) if name.strip() else self._guest_name()
        if hub.taken(name, by_other_than=before):
            raise NameTaken("That name is taken. Choose another.")
        opened = dict(zip(self._open_rooms(list(rooms)), rooms.values(), strict=True))
        if lineage is not None:
            self.lineage = lineage
            self._say_welcome(name, lineage.token)
        if before is not None:
            before._hand_over(self, name, opened.keys())
        else:
            self.name = name
            hub.users.claim(name, self)
        if lineage is not None:
            hub.begin(self, lineage)
        log.info("{session.name} came from {session.peer}", session=self)
        for room, after in opened.items():
            self._come_into(room, after)

    def _guest_name(self) -> str:
        first = name = str(self.peer.port or f"guest{self.id}")
        tries = 1
        while self._hub.taken(name, by_other_than=None):
            tries += 1
            name = f"{first}-{tries}"
        return name

    def _open_rooms(self, wanted: Sequence[str]) -> list[Room]:
        """Open all the rooms, or none."""
        opened: list[Room] = []
        try:
            for name in wanted:
                opened.append(self._hub.open_room(name))
        except ChatError:
            for room in opened:
                self._hub.vacate(room)
            raise
        return opened

    def _say_welcome(self, name: str, token: str) -> None:
        bounds = self._hub.limits
        accepted = Limits(text=bounds.text, line=bounds.json_line, name=names.MAXIMUM_LENGTH, rooms=bounds.rooms_each)
        welcome = Welcome(
            name=name, token=token, server=f"twisted-chat/{__version__}", time=self._hub.now(), limits=accepted
        )
        self._hub.show(self, welcome)

    def _hand_over(self, heir: Session, name: str, rooms: Collection[Room]) -> None:
        """Let *heir* go on in this session's place: nobody sees it leave the *rooms* that the heir asks for."""
        hub = self._hub
        for room in [room for room in self.rooms.values() if room not in rooms]:
            self._go_out_of(room)
        for room in self.rooms.values():
            del room.members[self.id]
            room.members[heir.id] = heir
            hub.then(self, partial(hub.delivery.leave, self, room.name))
        heir.name, heir.rooms, heir.away, heir.ignored = self.name, self.rooms, self.away, self.ignored
        heir._private = self._private
        for message in self._private:
            hub.show(heir, message)
        self.rooms = {}
        hub.release(self)
        hub.users.release(self.name)
        hub.users.claim(heir.name, heir)
        self._end("Your session goes on from another connection.")
        if name != heir.name:
            heir.rename(name)

    def quit_quietly(self, text: str) -> None:
        """Leave with all others as the chat ends: nobody is told but this user."""
        if not self.gone:
            self._end(text)

    def quit(self, text: str = "Goodbye.") -> None:
        """Leave the chat; *text* is shown to this user."""
        if not self.gone:
            self._depart()
            self._end(text)

    def end_of_input(self) -> None:
        """The client sends no more: people have left then, and programs may come back with their token."""
        if self.lineage is None:
            self.quit()
        else:
            self._hub.then(self, partial(self._hub.delivery.close, self))

    def lost(self, why: str) -> bool:
        """The connection is gone; return whether the session is held, and is to expire later."""
        if self.gone:
            return False
        if self.welcome:
            log.info("{session.name} was disconnected: {why}", session=self, why=why)
        if self.lineage is not None:
            self._hub.hold(self)
            return True
        self._depart()
        self.gone = True
        return False

    def expire(self) -> None:
        """Nobody has come back for the session, if it is held."""
        if self._hub.release(self):
            log.info("{session.name} did not come back", session=self)
            self._depart()
            self.gone = True

    def _depart(self) -> None:
        for room in list(self.rooms.values()):
            self._go_out_of(room)
        if self.welcome:
            self._hub.users.release(self.name)
        if self.lineage is not None:
            self._hub.end(self.lineage)

    def _end(self, text: str) -> None:
        self.gone = True
        if self.welcome:
            log.info("{session.name} left: {text}", session=self, text=text)
        self._hub.show(self, Goodbye(text=text))
        self._hub.then(self, partial(self._hub.delivery.close, self))

    def rename(self, name: str, tag: str | None = None) -> None:
        """Take another name."""
        hub = self._hub
        new = names.user_name(name)
        if new == self.name:
            raise AlreadyThere(f"You are {new} already.")
        if hub.taken(new, by_other_than=self):
            raise NameTaken("That name is taken. Choose another.")
        old = self.name
        hub.users.release(old)
        hub.users.claim(new, self)
        self.name = new
        log.info("{old} is now known as {new}", old=old, new=new)
        hub.show(self, Renamed(time=hub.now(), room=None, name=old, new=new, tag=tag))
        for room in self.rooms.values():
            hub.publish(self, room, Renamed(time=hub.now(), room=room.name, name=old, new=new), origin=self)

    # -- rooms

    def join(self, room: str, after: int | None = None, tag: str | None = None) -> None:
        """Come into a room, and leave the one before where there can be only one."""
        hub = self._hub
        if self._find_mine(room) is not None:
            raise AlreadyThere(f"You are in #{names.room_name(room)} already.")
        if not self.one_room and len(self.rooms) >= hub.limits.rooms_each:
            raise TooManyRooms(f"You are in {len(self.rooms)} rooms, which is the most. Leave one of them first.")
        opened = hub.open_room(room)
        if self.one_room:
            for old in list(self.rooms.values()):
                self._go_out_of(old)
        self._come_into(opened, after, tag)

    def _come_into(self, room: Room, after: int | None, tag: str | None = None) -> None:
        hub = self._hub
        if self.id not in room.members:
            room.members[self.id] = self
            self.rooms[room.name] = room
            hub.publish(self, room, Joined(time=hub.now(), room=room.name, name=self.name))
        users, away, last = room.names(), room.away(), room.last_id
        before = hub.next_id

        def enter() -> None:
            hub.delivery.enter(self, room.name)
            topic = room.topic
            state = RoomState(room=room.name, topic=topic, users=users, away=away, last=last, tag=tag)
            hub.delivery.show(self, state)
            if after is not None:
                hub.delivery.replay(self, Query(room.name, before, 0, after=after, newest=False))
            elif self.replay and last:
                hub.delivery.replay(self, Query(room.name, before, self.replay))

        hub.then(self, enter)

    def leave(self, room: str, tag: str | None = None) -> None:
        """Leave a room."""
        mine = self._my_room(room)
        self._go_out_of(mine)
        self._hub.show(self, Left(time=self._hub.now(), room=mine.name, name=self.name, tag=tag))

    def _go_out_of(self, room: Room) -> None:
        hub = self._hub
        del room.members[self.id]
        del self.rooms[room.name]
        hub.then(self, partial(hub.delivery.leave, self, room.name))
        hub.publish(self, room, Left(time=hub.now(), room=room.name, name=self.name))
        hub.vacate(room)

    def _find_mine(self, room: str) -> Room | None:
        mine = self.rooms.get(room)
        if mine is None:
            known = self._hub.room(room)
            mine = known if known is not None and self.id in known.members else None
        return mine

    def _my_room(self, room: str) -> Room:
        mine = self._find_mine(room)
        if mine is None:
            raise NotInRoom(f"You are not in #{names.room_name(room)}. Join it first: /join {names.room_name(room)}")
        return mine

    def who(self, room: str, tag: str | None = None) -> None:
        """Show who is in a room."""
        known = self._hub.room(room)
        if known is None:
            raise NoSuchRoom(f"There is no room #{names.room_name(room)}. See /rooms for those there are.")
        event = Who(room=known.name, users=known.names(), away=known.away(), tag=tag)
        self._hub.answer(self, partial(self._hub.delivery.show, self, event))

    def list_rooms(self, tag: str | None = None) -> None:
        """Show all rooms, the fullest first."""
        rooms = sorted(self._hub.rooms.values(), key=lambda room: (-len(room.members), room.name))
        summaries = [RoomSummary(room=room.name, users=len(room.members), topic=room.topic) for room in rooms]
        self._hub.answer(self, partial(self._hub.delivery.show, self, Rooms(rooms=summaries, tag=tag)))

    def topic(self, room: str, text: str | None = None, tag: str | None = None) -> None:
        """Show the topic of a room, or set it; ``-`` or an empty text clears it."""
        hub = self._hub
        mine = self._my_room(room)
        if text is None:
            hub.then(self, partial(self._show_topic, mine, tag))
            return
        words = "" if text == "-" else self._bounded(text, hub.limits.topic, "topic")
        event = Topic(time=hub.now(), room=mine.name, name=self.name, topic=words, tag=tag)

        def deliver() -> None:
            mine.topic = words
            hub.delivery.publish(mine.name, event, None)

        hub.store(self, event, deliver)

    def _show_topic(self, room: Room, tag: str | None) -> None:
        event = Topic(time=self._hub.now(), room=room.name, name=None, topic=room.topic, tag=tag)
        self._hub.delivery.show(self, event)

    # -- talking

    def say(self, room: str, text: str, tag: str | None = None) -> None:
        """Say something in a room."""
        self._speak(room, "say", text, tag)

    def act(self, room: str, text: str, tag: str | None = None) -> None:
        """Say what one does."""
        self._speak(room, "action", text, tag)

    def _speak(self, room: str, kind: Kind, text: str, tag: str | None) -> None:
        mine = self._my_room(room)
        text = self._speakable(text)
        message = self._earlier(tag, kind, text, room=mine.name)
        if message is None:
            hub = self._hub
            message = Message(
                id=hub.next_message_id(),
                time=hub.now(),
                room=mine.name,
                author=self.name,
                kind=kind,
                text=text,
                tag=tag,
            )
            mine.last_id = message.id
            self._store(message, partial(hub.delivery.publish, mine.name, message, self))

    def tell(self, name: str, text: str, tag: str | None = None) -> None:
        """Say something to one user only."""
        hub = self._hub
        recipient = self._user(name)
        text = self._speakable(text)
        message = self._earlier(tag, "say", text, to=recipient.name)
        if message is not None:
            return
        message = Message(
            id=hub.next_message_id(),
            time=hub.now(),
            to=recipient.name,
            author=self.name,
            kind="say",
            text=text,
            tag=tag,
        )
        author = names.key(self.name)

        def deliver() -> None:
            if author not in recipient.ignored:
                recipient._receive(message)
            if recipient is not self:
                hub.delivery.show(self, message)

        self._store(message, deliver)
        if recipient.away is not None:
            reason = f": {recipient.away}" if recipient.away else "."
            hub.show(self, Notice(text=f"{recipient.name} is away{reason}"))

    def _receive(self, message: Message) -> None:
        """Show a private message, and keep it for the case that the connection is just breaking."""
        if self.lineage is not None:
            self._private = [*self._private, message][-self._hub.limits.private_kept :]
        self._hub.delivery.show(self, message)

    def _earlier(
        self, tag: str | None, kind: Kind, text: str, *, room: str | None = None, to: str | None = None
    ) -> Message | None:
        """Answer a message that was sent before under the same tag, and return it."""
        stored = self.lineage.tags.get(tag) if self.lineage is not None and tag is not None else None
        if stored is None or tag is None:
            return None
        number, time = stored
        message = Message(id=number, time=time, room=room, to=to, author=self.name, kind=kind, text=text, tag=tag)
        self._hub.then(self, partial(self._answer_again, tag, message))
        return message

    def _answer_again(self, tag: str, message: Message) -> None:
        if self.lineage is not None and tag in self.lineage.tags:
            self._hub.delivery.show(self, message)
        else:
            text = "Not stored, not sent: the first try failed. Try again later."
            self._hub.delivery.show(self, Refusal(code=NotStored.code, text=text, tag=tag))

    def _store(self, message: Message, deliver: Callable[[], None]) -> None:
        """Have *message* stored and delivered, and remember its tag."""
        lineage = None
        if self.lineage is not None and message.tag is not None:
            lineage = self.lineage.digest
            tags = self.lineage.tags
            tags[message.tag] = (message.id, message.time)
            if len(tags) > self._hub.limits.tags_each:
                del tags[next(iter(tags))]
        self._hub.store(self, Said(message, lineage), deliver)

    def _user(self, name: str) -> Session:
        user = self._hub.users.get(name)
        if user is None:
            present = [member.name for room in self.rooms.values() for member in room.members.values()]
            near = difflib.get_close_matches(name, present[:200], n=1)
            advice = f"Did you mean {near[0]}?" if near else "See /who for those in this room."
            raise NoSuchUser(f"There is nobody called {clean(name)[: names.MAXIMUM_LENGTH]} here. {advice}")
        return user

    def _bounded(self, text: str, most: int, what: str) -> str:
        if len(text.encode("utf-8", "replace")) > most:
            raise TooLong(f"That {what} is too long, so it was not sent. Use at most {most} bytes.")
        return clean(text).strip()

    def _speakable(self, text: str) -> str:
        text = self._bounded(text, self._hub.limits.text, "text")
        if not text:
            raise Empty("There is nothing to say in that.")
        return text

    # -- the rest

    def history(
        self,
        room: str,
        count: int | None = None,
        after: int | None = None,
        before: int | None = None,
        tag: str | None = None,
    ) -> None:
        """Show messages from the history of a room."""
        hub = self._hub
        query = Query(
            self._my_room(room).name,
            before=self._bound(before),
            count=self._count(count),
            after=after or 0,
            newest=after is None,
        )
        hub.answer(self, partial(hub.delivery.recall, self, query, tag))

    def _bound(self, before: int | None) -> int:
        """The id before which to look."""
        return self._hub.next_id if before is None else min(before, self._hub.next_id)

    def _count(self, count: int | None) -> int:
        """How many messages to look for."""
        return max(1, min(DEFAULT_COUNT if count is None else count, self._hub.limits.history_count))

    def search(
        self,
        text: str,
        room: str | None = None,
        count: int | None = None,
        before: int | None = None,
        tag: str | None = None,
    ) -> None:
        """Show messages that hold the words of *text*, newest first."""
        hub = self._hub
        wanted = parse(self._bounded(text, hub.limits.text, "search"))
        place = room if room is not None else wanted.room
        search = Search(
            wanted.phrases,
            before=min(self._bound(before), self._bound(wanted.before)),
            count=self._count(count),
            author=wanted.author,
            room=names.room_name(place) if place is not None else None,
            rooms=self._readable(),
        )
        found = Found(text=wanted.text, messages=[], more=False, tag=tag)
        hub.answer(self, partial(hub.delivery.search, self, search, found))

    def _readable(self) -> Collection[str] | None:
        """The rooms in which the user may read; ``None``: all."""
        return None

    def ignore(self, name: str | None = None, tag: str | None = None) -> None:
        """Hide what a user says from this one, or show it again; without a name, show who is hidden."""
        if name is not None:
            name = names.user_name(name)
            if names.key(name) == names.key(self.name):
                raise BadField("You can't ignore yourself.")
            if self.ignored.pop(names.key(name), None) is None:
                if len(self.ignored) >= self._hub.limits.ignored_each:
                    raise BadField(f"You ignore {len(self.ignored)} users, which is the most.")
                self.ignored = {**self.ignored, names.key(name): name}
        self._hub.show(self, Ignored(names=list(self.ignored.values()), tag=tag))

    def mark_away(self, text: str | None = None, tag: str | None = None) -> None:
        """Tell others that the user is away, or back (``None``)."""
        hub = self._hub
        self.away = None if text is None else self._bounded(text, hub.limits.topic, "text")
        hub.show(self, Away(time=hub.now(), room=None, name=self.name, text=self.away, tag=tag))
        for room in self.rooms.values():
            hub.publish(self, room, Away(time=hub.now(), room=room.name, name=self.name, text=self.away), origin=self)

    def ping(self, tag: str | None = None) -> None:
        """Answer."""
        self._hub.show(self, Pong(time=self._hub.now(), tag=tag))

    def show_help(self, commands: Sequence[Command], tag: str | None = None) -> None:
        """Explain *commands*."""
        lines = [CommandHelp(name=c.name, usage=c.usage, summary=c.summary) for c in commands]
        self._hub.show(self, Help(commands=lines, tag=tag))

    def refuse(self, error: ChatError, tag: str | None = None) -> None:
        """Tell the user that their request is refused, and why."""
        self._hub.show(self, Refusal(code=error.code, text=clean(str(error)), tag=tag))
