"""What the operator does with rooms: sets their rules, closes and deletes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from chat.core.commands import room_rules
from chat.core.commands.deciding import change_rule, holds
from chat.core.commands.room_people import PutAllOut
from chat.core.effects import Effect, Show
from chat.core.errors import BadField, NoSuchRoom
from chat.core.events import Notice, RuleKind, closed_by
from chat.core.facts import AccessSet, FounderSet, LockSet, RoomFact, SlowSet, StatusSet
from chat.core.hub import Hub
from chat.core.operating.request import (
    Command,
    Operator,
    Progress,
    Request,
    Then,
    Topic,
    find_account,
    show_lines,
    show_page,
)
from chat.core.ports import DropMessages
from chat.core.room import Access, Room, Status
from chat.core.text import counted, enumerate_words
from chat.core.times import minute


class RoomLine(msgspec.Struct, frozen=True):
    """A line in the list of rooms."""

    room: str
    here: int
    access: str
    status: str
    locked: bool
    slow: int
    founder: str | None
    topic: str
    last: int
    time: str | None

    def __str__(self) -> str:
        facts = [f"{self.here} here"]
        facts += [fact for fact in (self.status, self.access if self.access != "open" else "") if fact]
        facts += [f"founder {self.founder}"] if self.founder is not None else []
        facts += [f"last message {self.last} at {minute(self.time)}"] if self.time is not None else ["no messages"]
        return f"#{self.room}: {', '.join(facts)}"


class Rules(msgspec.Struct, frozen=True):
    """The rules of a room."""

    room: str
    rules: list[str]
    topic: str

    def __str__(self) -> str:
        return "\n".join([*self.rules, *([f"Its topic is: {self.topic}"] if self.topic else [])])


def find_room(hub: Hub, name: str) -> Room:
    """The room of that *name*; raises :class:`NoSuchRoom`."""
    room = hub.rooms.find(name.removeprefix("#"))
    if room is None:
        raise NoSuchRoom(f"There is no room #{name.removeprefix('#')[:64]}. chat admin rooms lists them.")
    return room


def _list(hub: Hub, session: Operator, request: Request) -> None:
    lines = ((room.name, _line(hub, room)) for room in hub.rooms.all())
    show_lines(hub, session, request, lines)


def _line(hub: Hub, room: Room) -> RoomLine:
    founder = hub.accounts.with_id(room.founder)
    return RoomLine(
        room=room.name,
        here=len(room.members),
        access=room.access.value,
        status=room.status.value,
        locked=room.locked,
        slow=room.slow,
        founder=founder.name if founder is not None else None,
        topic=room.topic,
        last=room.last_id,
        time=room.at if room.last_id else None,
    )


def _room(
    hub: Hub, session: Operator, request: Request, name: str, rule: str | None = None, value: str | None = None
) -> None:
    room = find_room(hub, name)
    if rule is None:
        show_page(hub, session, request, [Rules(room.name, room_rules.rules_of(hub, room), room.topic)], None)
        return
    if rule not in _RULES:
        *others, last = _RULES
        raise BadField(f"There is no rule {rule[:40]}. There are {', '.join(others)} and {last}.")
    takes, change = _RULES[rule]
    if takes and value is None:
        raise BadField(f"Say more: chat admin room {room.name} {rule} {takes}")
    if not takes and value is not None:
        raise BadField(f"Nothing follows {rule}.")
    change(hub, session, room, *([value] if value is not None else []))


# -- rules


def _change(
    hub: Hub, session: Operator, room: Room, fact: RoomFact, rule: RuleKind, on: bool, done: str, text: str = ""
) -> None:
    """Change a rule of the room, tell all in it, and tell the operator what is *done*."""
    if holds(room, fact):
        hub.confirm(session, Notice(text=f"{done.rstrip('.')} already."), None)
        return
    change_rule(hub, session, room, fact, rule, on, text=text, effects=(Show(session, Notice(text=done)),))


def _open(hub: Hub, session: Operator, room: Room) -> None:
    if room.status is Status.CLOSED:
        room_rules.open_again(hub, session, None, room)
    elif room.status is Status.ARCHIVED:
        fact = StatusSet(room.name, Status.LIVE)
        _change(hub, session, room, fact, "archived", False, f"#{room.name} is in use again.")
    else:
        _set_access(Access.OPEN, hub, session, room)


def _set_access(access: Access, hub: Hub, session: Operator, room: Room) -> None:
    done = Notice(text=f"#{room.name} is {room_rules.ACCESS[access]}.")
    if holds(room, AccessSet(room.name, access)):
        hub.confirm(session, done, None)
    else:
        room_rules.set_access(hub, session, None, room, access, (Show(session, done),))


def _archive(hub: Hub, session: Operator, room: Room) -> None:
    room_rules.refuse_lobby(room)
    if room.status is Status.CLOSED:
        raise BadField(f"#{room.name} is closed. chat admin room {room.name} open opens it again.")
    fact = StatusSet(room.name, Status.ARCHIVED)
    _change(hub, session, room, fact, "archived", True, f"#{room.name} is archived.")


def _close(hub: Hub, session: Operator, room: Room) -> None:
    room_rules.refuse_lobby(room)
    room_rules.shut(hub, session, None, room)


def _lock(hub: Hub, session: Operator, room: Room, value: str) -> None:
    if value not in ("on", "off"):
        raise BadField(f"{value[:40]} is neither on nor off.")
    on = value == "on"
    done = f"Only ops set the topic of #{room.name}." if on else f"Everybody in #{room.name} sets its topic."
    _change(hub, session, room, LockSet(room.name, on), "lock", on, done)


def _slow(hub: Hub, session: Operator, room: Room, value: str) -> None:
    span, words = room_rules.slowness(value)
    slow = f"All but the ops of #{room.name} may speak once every {words}."
    done = slow if span else f"Everybody in #{room.name} may speak as often as they like."
    _change(hub, session, room, SlowSet(room.name, span), "slow", span > 0, done, words)


def _found(hub: Hub, session: Operator, room: Room, value: str) -> None:
    account = find_account(hub, value)
    done = f"{account.name} is the founder of #{room.name}."
    if account.id == room.founder:
        hub.confirm(session, Notice(text=done), None)
        return
    user = hub.user_with(account.id)
    fact = FounderSet(room.name, account.id)
    shown = (Show(session, Notice(text=done)),)
    change_rule(hub, session, room, fact, "founder", True, about=user or account, effects=shown)


# -- the end of a room


def _delete(hub: Hub, session: Operator, room: Room) -> None:
    """Close the room, delete all that was said in it, and then forget it. Others wait for no more than a piece."""
    room_rules.refuse_lobby(room)
    deletion = Deletion(hub, session, room)
    out = PutAllOut(hub, session, room, closed_by(room.name, session.name))
    effects: tuple[Effect, ...] = (out, Then(deletion.go_on))
    if room.status is Status.CLOSED:
        hub.decide(session, effects, tuple, action="delete room", target=room.name, room=room.name)
    else:
        closed = StatusSet(room.name, Status.CLOSED)
        hub.apply(session, closed, effects, action="delete room", target=room.name, room=room.name)


class Deletion:
    """Deletes what was said in a *room* that is closed, piece by piece, as long as the operator waits for it."""

    def __init__(self, hub: Hub, session: Operator, room: Room) -> None:
        self._hub = hub
        self._session = session
        self._room = room
        self._last = hub.next_id - 1
        self._count = 0

    def go_on(self) -> None:
        """Delete the next piece."""
        if not self._session.gone:
            self._session.still_working()
            self._hub.ask(self._session, DropMessages(self._room.name, self._last), self._dropped, None)

    def _dropped(self, count: int) -> None:
        hub, room = self._hub, self._room
        self._count += count
        if count:
            hub.show(self._session, Progress(text=f"{self._count:,} deleted"))
            hub.then(self._session, Then(self.go_on))
            return
        there = hub.rooms.get(room.name) is room
        reopened = there and room.status is not Status.CLOSED
        if there and not reopened:
            # A moderator may have come in meanwhile.
            hub.then(self._session, PutAllOut(hub, self._session, room, closed_by(room.name, self._session.name)))
        hub.then(self._session, Then(self._end))
        many = counted(self._count, "message")
        done = f"#{room.name} is deleted, with {many}."
        if reopened:
            done = f"{many} of #{room.name} are deleted. The room was opened again meanwhile, so it stays."
        hub.show(self._session, Notice(text=done))

    def _end(self) -> None:
        self._hub.dropped(self._room.name, self._last)


Change = Callable[..., None]

_RULES: Mapping[str, tuple[str, Change]] = {
    "open": ("", _open),
    "members": ("", partial(_set_access, Access.MEMBERS)),
    "private": ("", partial(_set_access, Access.PRIVATE)),
    "lock": ("on|off", _lock),
    "slow": ("30s|off", _slow),
    "founder": ("NAME", _found),
    "archive": ("", _archive),
    "close": ("", _close),
    "delete": ("", _delete),
}
"""What may follow the name of a room, and what must follow that."""

COMMANDS = (
    Command(
        "rooms",
        "lists the rooms: who is in them, who may come in",
        _list,
        Topic.ROOMS,
        example="rooms",
        nothing="There are no rooms.",
    ),
    Command(
        "room ROOM [RULE] [VALUE]",
        f"tells the rules of a room, or changes one: {enumerate_words(list(_RULES))}",
        _room,
        Topic.ROOMS,
        example="room dev close",
    ),
)
