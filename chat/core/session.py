"""A session: one connected user, and what they may do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from twisted.logger import Logger

from chat import __version__
from chat.core import durations, identity, moderation, names
from chat.core.accounts import Account, Role
from chat.core.commands import Command
from chat.core.errors import (
    AlreadyThere,
    BadField,
    ChatError,
    Internal,
    Muted,
    NameTaken,
    NoSuchUser,
    NotAllowed,
    NotInRoom,
    TooLong,
    TooManyRooms,
)
from chat.core.events import (
    Away,
    CommandHelp,
    Goodbye,
    Help,
    Ignored,
    Joined,
    Left,
    Limits,
    Message,
    Notice,
    Ping,
    Pong,
    Refusal,
    Renamed,
    RoomState,
    Topic,
    Welcome,
)
from chat.core.hub import LOBBY, Hub, Lineage, digest
from chat.core.peer import Peer
from chat.core.records import Query, Tags
from chat.core.room import Room
from chat.core.text import clean

NONE: Mapping[str, Any] = MappingProxyType({})
"""What most sessions have of what few have, so that it takes no room for each."""

log = Logger()


class Session:
    """One user of the chat, whatever carries what they say.

    ``peer`` is the other end of what carries it. A session with ``one_room`` leaves a room when it joins
    another, and is shown the last ``replay`` messages of it.

    The methods that a command runs raise :class:`ChatError` where they refuse, and then nothing has happened.
    """

    __slots__ = (
        "_private",
        "account",
        "away",
        "came",
        "claiming",
        "gone",
        "hub",
        "id",
        "ignored",
        "lineage",
        "marks",
        "name",
        "one_room",
        "peer",
        "pending",
        "replay",
        "rested",
        "rooms",
        "said",
        "spent",
    )

    def __init__(self, hub: Hub, number: int, peer: Peer, *, one_room: bool, replay: int = 0) -> None:
        self.hub = hub
        self._private: Sequence[Message] = ()
        self.id = number
        self.peer = peer
        self.one_room = one_room
        self.replay = replay
        self.name = ""
        self.came = 0
        """Greater than the id of every message that was there when it took its name."""
        self.rooms: dict[str, Room] = {}
        self.away: str | None = None
        self.ignored: Mapping[str, str] = NONE
        self.lineage: Lineage | None = None
        self.account: Account | None = None
        self.marks: Mapping[str, int] = NONE
        """Up to which id the account has read each room."""
        self.claiming = ""
        """The name whose password is to be typed next."""
        self.said: list[int] | None = None
        """The ids of the last messages of its own."""
        self.gone = False
        self.pending = 0
        self.rested: Callable[[], None] | None = None
        self.spent = 0
        """What its requests have cost beside the lines themselves, and whoever reads them has not charged yet."""

    def __repr__(self) -> str:
        return f"<session {self.id} of {self.name or 'nobody yet'} at {self.peer}>"

    # -- flow control

    @property
    def busy(self) -> bool:
        """Whether so much of it waits in the queue that no more should be read from it now."""
        return self.pending >= self.hub.limits.pending_each

    def rest(self, rested: Callable[[], None]) -> None:
        """Call *rested* once enough has left the queue."""
        self.rested = rested

    def rest_over(self) -> None:
        """Enough has left the queue."""
        rested, self.rested = self.rested, None
        if rested is not None:
            rested()

    def cost(self) -> int:
        """Return what a line cost that was just done, in lines."""
        cost, self.spent = 1 + self.spent, 0
        return cost

    # -- coming and going

    @property
    def welcome(self) -> bool:
        """Whether the session has a name."""
        return bool(self.name)

    @property
    def key(self) -> str:
        """What the rights of the user hang on: the key of the name that they own, or else of the one they have."""
        return names.key(self.account.name if self.account is not None else self.name)

    def may_enter(self, room: Room) -> bool:
        """Tell whether the user may be in *room*, and read it."""
        return self.id in room.members or moderation.may_enter(room, self.name, self.account)

    @property
    def here(self) -> str:
        """The room that it came into last."""
        return next(reversed(self.rooms), LOBBY)

    def come_in(self, name: str, rooms: Mapping[str, int | None], password: str | None = None) -> None:
        """Take a name, or the guest's where it is empty, and join *rooms*.

        A value of *rooms* is the id after which messages are replayed. What is wrong with the password is shown as a
        refusal and not raised.
        """
        identity.prove(self, name, password, None, partial(self._come_in, name, rooms, None), None)

    def come_in_again(
        self,
        name: str,
        rooms: Mapping[str, int | None],
        token: str | None,
        password: str | None = None,
        tag: str | None = None,
    ) -> None:
        """Come in so that a later session can go on from here, or go on where the one with *token* was.

        If the history must be asked about the token or the password, a refusal is shown and not raised.
        """
        hub = self.hub
        known = hub.lineage(token) if token else None

        def proven(lineage: Lineage) -> None:
            identity.prove(self, name, password, lineage, partial(self._come_in, name, rooms, lineage), tag)

        def found(tags: Mapping[str, tuple[int, str]]) -> None:
            if token and not self.gone:
                proven(hub.lineage(token) or Lineage(token if tags else hub.make_token(), tags=dict(tags)))

        if token and known is None:
            hub.delivery.consult(self, Tags(digest(token)), found, tag)
        else:
            proven(known or Lineage(hub.make_token()))

    def _come_in(
        self, name: str, rooms: Mapping[str, int | None], lineage: Lineage | None, account: Account | None
    ) -> None:
        hub = self.hub
        if len(rooms) > hub.limits.rooms_each:
            raise TooManyRooms(f"You can be in at most {hub.limits.rooms_each} rooms at once. Ask for fewer.")
        if account is not None:
            name = account.name
        name = names.user_name(name) if name.strip() else self._guest_name()
        before = lineage.session if lineage is not None else None
        if before is None and account is not None:
            before = hub.users.get(name)
        if hub.taken(name, by_other_than=before):
            raise NameTaken("That name is taken. Choose another.")
        if account is None and before is not None:
            account = before.account
        entered, closed = self._open_rooms(rooms, name, account)
        self.account = account
        if account is not None:
            self.marks = before.marks if before is not None else account.marks
        if lineage is not None:
            self.lineage = lineage
            self._say_welcome(name, lineage.token)
        if before is not None:
            before._hand_over(self, name, entered.keys())
        else:
            self.name = name
            hub.users.claim(name, self)
            self.came = hub.next_id
        if lineage is not None:
            hub.begin(self, lineage)
        log.info("{session.name} came from {session.peer}", session=self)
        for room, after in entered.items():
            self._come_into(room, after)
        for refusal in closed:
            self.refuse(refusal)
        if account is not None:
            identity.fetch_kept(self, account)

    def _guest_name(self) -> str:
        first = name = str(self.peer.port or f"guest{self.id}")
        tries = 1
        while self.hub.taken(name, by_other_than=None) or self.hub.registered.holders(name):
            tries += 1
            name = f"{first}-{tries}"
        return name

    def _open_rooms(
        self, wanted: Mapping[str, int | None], name: str, account: Account | None
    ) -> tuple[dict[Room, int | None], list[NotAllowed]]:
        """Open all the rooms that the user called *name* may enter, or none; and say which they may not."""
        opened: dict[Room, int | None] = {}
        closed: list[NotAllowed] = []
        try:
            for wanted_name, after in wanted.items():
                room = self.hub.open_room(wanted_name)
                if moderation.may_enter(room, name, account):
                    opened[room] = after
                else:
                    closed.append(_closed(room))
        except ChatError:
            for room in opened:
                self.hub.vacate(room)
            raise
        return opened, closed

    def _say_welcome(self, name: str, token: str) -> None:
        bounds = self.hub.limits
        accepted = Limits(text=bounds.text, line=bounds.json_line, name=names.MAXIMUM_LENGTH, rooms=bounds.rooms_each)
        welcome = Welcome(
            name=name,
            token=token,
            server=f"twisted-chat/{__version__}",
            time=self.hub.now(),
            limits=accepted,
            registered=self.account is not None,
            role=self.account.role if self.account is not None else "",
        )
        self.hub.show(self, welcome)

    def _hand_over(self, heir: Session, name: str, rooms: Collection[Room]) -> None:
        """Let *heir* go on in this session's place: nobody sees it leave the *rooms* that the heir asks for."""
        hub = self.hub
        for room in [room for room in self.rooms.values() if room not in rooms]:
            self._go_out_of(room)
        for room in self.rooms.values():
            del room.members[self.id]
            room.members[heir.id] = heir
            hub.then(self, partial(hub.delivery.leave, self, room.name))
        heir.name, heir.came, heir.rooms = self.name, self.came, self.rooms
        heir.away, heir.ignored = self.away, self.ignored
        heir._private, heir.said = self._private, self.said
        for message in self._private:
            hub.show(heir, message)
        self.rooms = {}
        hub.release(self)
        hub.users.release(self.name)
        hub.users.claim(heir.name, heir)
        if self.lineage is not None and self.lineage is not heir.lineage:
            hub.end(self.lineage)
        self._end("Your session goes on from another connection.", "replaced")
        if name != heir.name:
            heir.rename(name)

    def quit_quietly(self, text: str) -> None:
        """Leave with all others as the chat ends: nobody is told but this user."""
        if not self.gone:
            self._end(text)

    def quit(self, text: str = "Goodbye.", code: str = "") -> None:
        """Leave the chat; *text* is shown to this user, and *code* tells their client why."""
        if not self.gone:
            self._depart()
            self._end(text, code)

    def end_of_input(self) -> None:
        """The client sends no more: people have left then, and programs may come back with their token."""
        if self.lineage is None:
            self.quit()
        else:
            self.hub.then(self, partial(self.hub.delivery.close, self))

    def lost(self, why: str) -> bool:
        """The connection is gone; return whether the session is held, and is to expire later."""
        if self.gone:
            return False
        if self.welcome:
            log.info("{session.name} was disconnected: {why}", session=self, why=why)
        if self.lineage is not None:
            self.hub.hold(self)
            return True
        self._depart()
        self.gone = True
        return False

    def expire(self) -> None:
        """Nobody has come back for the session, if it is held."""
        if self.hub.release(self):
            log.info("{session.name} did not come back", session=self)
            self._depart()
            self.gone = True

    def _depart(self) -> None:
        for room in list(self.rooms.values()):
            self._go_out_of(room)
        if self.welcome:
            self.hub.depart(self.name)
        if self.lineage is not None:
            self.hub.end(self.lineage)

    def _end(self, text: str, code: str = "") -> None:
        self.gone = True
        if self.welcome:
            log.info("{session.name} left: {text}", session=self, text=text)
        self.hub.show(self, Goodbye(text=text, code=code))
        self.hub.then(self, partial(self.hub.delivery.close, self))

    def rename(self, name: str, tag: str | None = None) -> None:
        """Take another name."""
        hub = self.hub
        new = names.user_name(name)
        if new == self.name:
            raise AlreadyThere(f"You are {new} already.")
        identity.refuse_banned(hub.bans.of_name(new, hub.seconds), hub.seconds)
        if not identity.may_take(self, new):
            raise NameTaken("That name belongs to somebody. If that is you, leave and come in with its password.")
        if hub.taken(new, by_other_than=self):
            raise NameTaken("That name is taken. Choose another.")
        old = self.name
        hub.depart(old)
        hub.users.claim(new, self)
        self.came = hub.next_id
        self.name = new
        for room in self.rooms.values():
            room.renamed(names.key(old), self.key)
        log.info("{old} is now known as {new}", old=old, new=new)
        hub.show(self, Renamed(time=hub.now(), room=None, name=old, new=new, tag=tag))
        for room in self.rooms.values():
            hub.publish(self, room, Renamed(time=hub.now(), room=room.name, name=old, new=new), origin=self)

    # -- rooms

    def join(self, room: str, after: int | None = None, tag: str | None = None) -> None:
        """Come into a room, and leave the one before where there can be only one."""
        hub = self.hub
        if self._find_mine(room) is not None:
            raise AlreadyThere(f"You are in #{names.room_name(room)} already.")
        if not self.one_room and len(self.rooms) >= hub.limits.rooms_each:
            raise TooManyRooms(f"You are in {len(self.rooms)} rooms, which is the most. Leave one of them first.")
        opened = hub.open_room(room)
        if not self.may_enter(opened):
            raise _closed(opened)
        if self.one_room:
            for old in list(self.rooms.values()):
                self._go_out_of(old)
        self._come_into(opened, after, tag)

    def _come_into(self, room: Room, after: int | None, tag: str | None = None) -> None:
        hub = self.hub
        if self.id not in room.members:
            if room.idle and room.name != LOBBY:
                room.ops = {self.key}
            room.members[self.id] = self
            self.rooms[room.name] = room
            hub.publish(self, room, Joined(time=hub.now(), room=room.name, name=self.name))
        users, away, ops, last = room.names(), room.away(), room.present_ops(), room.last_id
        private, before = room.private, hub.next_id

        def enter() -> None:
            hub.delivery.enter(self, room.name)
            topic = room.topic
            state = RoomState(
                room=room.name,
                topic=topic,
                users=users,
                away=away,
                last=last,
                ops=ops,
                private=private,
                read=self.marks.get(room.name),
                tag=tag,
            )
            hub.delivery.show(self, state)
            if after is not None:
                hub.delivery.replay(self, Query(room.name, before, 0, after=after, newest=False))
            elif self.replay and last:
                hub.delivery.replay(self, Query(room.name, before, self.replay))

        hub.then(self, enter)

    def leave(self, room: str, tag: str | None = None) -> None:
        """Leave a room."""
        mine = self.my_room(room)
        self._go_out_of(mine)
        self.hub.show(self, Left(time=self.hub.now(), room=mine.name, name=self.name, tag=tag))

    def _go_out_of(self, room: Room, by: str | None = None, why: str = "") -> None:
        hub = self.hub
        del room.members[self.id]
        del self.rooms[room.name]
        if self.account is None:
            room.ops.discard(self.key)
        hub.then(self, partial(hub.delivery.leave, self, room.name))
        hub.publish(self, room, Left(time=hub.now(), room=room.name, name=self.name, by=by, text=why))
        hub.vacate(room)

    def put_out(self, room: Room, by: str, why: str) -> None:
        """Leave a room because an op said so; people, who are always in one room, go to the lobby or leave the chat."""
        if self.id not in room.members:
            return
        self._go_out_of(room, by, why)
        text = f"You were kicked out of #{room.name} by {by}{f': {why}' if why else '.'}"
        if self.one_room and room.name == LOBBY:
            self.quit(text)
            return
        left = Left(time=self.hub.now(), room=room.name, name=self.name, by=by, text=why)
        self.hub.show(self, Notice(text=text) if self.one_room else left)
        if self.one_room:
            self._come_into(self.hub.open_room(LOBBY), None)

    def _find_mine(self, room: str) -> Room | None:
        mine = self.rooms.get(room)
        if mine is None:
            known = self.hub.room(room)
            mine = known if known is not None and self.id in known.members else None
        return mine

    def my_room(self, room: str) -> Room:
        mine = self.rooms.get(room) or self._find_mine(room)
        if mine is None:
            raise NotInRoom(f"You are not in #{names.room_name(room)}. Join it first: /join {names.room_name(room)}")
        return mine

    def topic(self, room: str, text: str | None = None, tag: str | None = None) -> None:
        """Show the topic of a room, or set it; ``-`` or an empty text clears it."""
        hub = self.hub
        mine = self.my_room(room)
        if text is None:
            hub.then(self, partial(self._show_topic, mine, tag))
            return
        self.require_voice(mine)
        if mine.locked and not moderation.is_op(self, mine):
            raise NotAllowed(f"The topic of #{mine.name} is locked. Only its ops may set it.")
        words = "" if text == "-" else self.bounded(text, hub.limits.topic, "topic")
        event = Topic(time=hub.now(), room=mine.name, name=self.name, topic=words, tag=tag)

        def deliver() -> None:
            mine.topic = words
            hub.delivery.publish(mine.name, event, None)

        hub.store(self, event, deliver)

    def _show_topic(self, room: Room, tag: str | None) -> None:
        event = Topic(time=self.hub.now(), room=room.name, name=None, topic=room.topic, tag=tag)
        self.hub.delivery.show(self, event)

    def receive(self, message: Message) -> None:
        """Show a private message, and keep it for the case that the connection is just breaking."""
        if self.lineage is not None:
            self._private = [*self._private, message][-self.hub.limits.private_kept :]
        self.hub.delivery.show(self, message)

    def require_voice(self, room: Room) -> None:
        """Raise :class:`Muted` where the user may say nothing in *room* for now."""
        left = room.muted.get(self.key, 0.0) - self.hub.monotonic() if room.muted else 0.0
        if left > 0:
            raise Muted(f"You are muted in #{room.name} for {durations.in_words(left)} more.")

    def find_user(self, name: str) -> Session:
        user = self.hub.users.get(name)
        if user is None:
            present = [member.name for room in self.rooms.values() for member in room.members.values()]
            near = difflib.get_close_matches(name, present[:200], n=1)
            advice = f"Did you mean {near[0]}?" if near else "See /who for those in this room."
            raise NoSuchUser(f"There is nobody called {clean(name)[: names.MAXIMUM_LENGTH]} here. {advice}")
        return user

    def bounded(self, text: str, most: int, what: str) -> str:
        if len(text) > most or (not text.isascii() and len(text.encode("utf-8", "replace")) > most):
            raise TooLong(f"That {what} is too long, so it was not sent. Use at most {most} bytes.")
        return clean(text).strip()

    # -- the rest

    def ignore(self, name: str | None = None, tag: str | None = None) -> None:
        """Hide what a user says from this one, or show it again; without a name, show who is hidden."""
        if name is not None:
            name = names.user_name(name)
            if names.key(name) == names.key(self.name):
                raise BadField("You can't ignore yourself.")
            others = {key: ignored for key, ignored in self.ignored.items() if key != names.key(name)}
            if len(others) == len(self.ignored):
                if len(others) >= self.hub.limits.ignored_each:
                    raise BadField(f"You ignore {len(others)} users, which is the most.")
                others[names.key(name)] = name
            self.ignored = others
        self.hub.show(self, Ignored(names=list(self.ignored.values()), tag=tag))

    def mark_away(self, text: str | None = None, tag: str | None = None) -> None:
        """Tell others that the user is away, or back (``None``)."""
        hub = self.hub
        if text:
            for room in self.rooms.values():
                self.require_voice(room)
        self.away = None if text is None else self.bounded(text, hub.limits.topic, "text")
        hub.show(self, Away(time=hub.now(), room=None, name=self.name, text=self.away, tag=tag))
        for room in self.rooms.values():
            hub.publish(self, room, Away(time=hub.now(), room=room.name, name=self.name, text=self.away), origin=self)

    def ping(self, tag: str | None = None) -> None:
        """Answer."""
        self.hub.show(self, Pong(time=self.hub.now(), tag=tag))

    def may_use(self, command: Command) -> bool:
        """Tell whether the user has the right to a command, in the room that they are in."""
        room = self.hub.room(self.here)
        match command.who:
            case "ops":
                return room is not None and moderation.is_op(self, room)
            case "moderators":
                return moderation.is_moderator(self)
            case "owners":
                return self.account is not None and self.account.role is Role.OWNER
        return True

    def warn_of_flood(self) -> None:
        """Tell the user that they are read slowly."""
        text = f"You send more than {self.hub.limits.rate:g} lines a second, so they are read late. Slow down."
        self.hub.show(self, Notice(text=text))

    def show_that_the_server_is_there(self) -> None:
        """Send something to a program that may wonder."""
        self.hub.show(self, Ping(time=self.hub.now()))

    def show_help(self, commands: Sequence[Command], tag: str | None = None) -> None:
        """Explain *commands*."""
        lines = [CommandHelp(name=c.name, usage=c.usage, summary=c.summary) for c in commands]
        self.hub.show(self, Help(commands=lines, tag=tag))

    def fail(self) -> None:
        """The server made a mistake with this session: tell the user, and close."""
        if not self.gone:
            self.refuse(Internal("The server made a mistake, and has noted it. Please connect again."))
            self.quit()

    def refuse(self, error: ChatError, tag: str | None = None) -> None:
        """Tell the user that their request is refused, and why."""
        self.hub.refusals[error.code] += 1
        self.hub.show(self, Refusal(code=error.code, text=clean(str(error)), tag=tag))


def _closed(room: Room) -> NotAllowed:
    return NotAllowed(f"#{room.name} is private. Ask one of its ops for an invitation.")
