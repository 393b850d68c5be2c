"""Into a room and out of it.

The functions that return effects have changed the state already; their caller puts the effects into the queue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from chat.core import names, rights
from chat.core.accounts import Account
from chat.core.effects import Effect, Enter, Leave, Publish, Replay, Show
from chat.core.errors import AlreadyThere, ChatError, NoSuchUser, NotAllowed, NotInRoom, TooManyRooms
from chat.core.events import Joined, Left, RoomState
from chat.core.facts import RightsKept
from chat.core.hub import Hub
from chat.core.ports import Delivery, Query
from chat.core.rights import user_of
from chat.core.room import Invite, Rights, Room
from chat.core.session import LOBBY, Session, User
from chat.core.text import clean


def room_of(hub: Hub, session: Session, name: str) -> Room:
    """The room called *name*, in which the session is; raises :class:`NotInRoom`."""
    found = session.rooms.get(name) or _find(hub, session, name)
    if found is None:
        raise NotInRoom(f"You are not in #{names.room_name(name)}. Join it first: /join {names.room_name(name)}")
    return found


def _find(hub: Hub, session: Session, name: str) -> Room | None:
    known = hub.rooms.find(name)
    return known if known is not None and known.name in session.rooms else None


def find_user(hub: Hub, session: Session, name: str) -> User:
    """Who goes by *name* now; raises :class:`NoSuchUser` with the nearest name of those around."""
    user = hub.users.get(name)
    if user is None:
        from difflib import get_close_matches

        present = [member.name for room in session.rooms.values() for member in room.members]
        near = get_close_matches(name, present[:200], n=1)
        advice = f"Did you mean {near[0]}?" if near else "See /who for those in this room."
        hook = hub.hooks.get(name)
        if hook is not None and hook.room in session.rooms:
            raise NoSuchUser(f"{hook.name} is a hook, by which a program speaks. An op ends it with /unhook.")
        raise NoSuchUser(f"There is nobody called {clean(name)[: names.MAXIMUM_LENGTH]} here. {advice}")
    return user


def find_anyone(hub: Hub, session: Session, name: str) -> User | Account:
    """Who goes by *name*, or the account of that name: its user, or itself if it is not here.

    Raises :class:`~chat.core.errors.NoSuchUser`.
    """
    account = hub.accounts.get(name)
    if account is None or hub.users.get(name) is not None:
        return find_user(hub, session, name)
    return hub.user_with(account.id) or account


def join(hub: Hub, session: Session, name: str, after: int | None = None, tag: str | None = None) -> None:
    """Come into a room, and leave the one before if there can be only one."""
    user = user_of(session)
    if _find(hub, session, name) is not None:
        raise AlreadyThere(f"You are in #{names.room_name(name)} already.")
    if not session.one_room and len(session.rooms) >= hub.limits.rooms_each:
        raise TooManyRooms(f"You are in {len(session.rooms)} rooms, which is the most. Leave one of them first.")
    room = hub.rooms.open(name)
    if not rights.may_enter(hub, user, room):
        raise rights.closed(hub, user, room)
    effects: list[Effect] = []
    if session.one_room:
        for old in list(session.rooms.values()):
            effects += go_out(hub, session, old)
    hub.then(session, *effects, *come_into(hub, session, room, after, tag))


def leave(hub: Hub, session: Session, name: str, tag: str | None = None) -> None:
    """Leave a room, which is none of the account's any more."""
    room = room_of(hub, session, name)
    user = user_of(session)
    if user.account is not None and not session.one_room:
        hub.list_room(session, user.account, room.name, on=False)
    effects = go_out(hub, session, room)
    left = Left(time=hub.now(), room=room.name, name=session.name, tag=tag)
    hub.then(session, *effects, Show(session, left))


def come_into(
    hub: Hub, session: Session, room: Room, after: int | None = None, tag: str | None = None
) -> Sequence[Effect]:
    """Put the user into *room*, and return the effects. Nobody sees a user come who is in it already."""
    user = user_of(session)
    effects: list[Effect] = []
    if user not in room.members:
        if room.forgettable and room.name != LOBBY:
            hub.rooms.entitle(room, user.subject, Rights(op=True, founder=True))
        hub.rooms.enter(room, user)
        effects.append(Publish(room.name, Joined(time=hub.now(), room=room.name, name=user.name)))
    session.rooms[room.name] = room
    session.moves += 1
    if user.account is not None and not session.one_room:
        hub.list_room(session, user.account, room.name, on=True)
    if user.kicked is not None:
        user.kicked.pop(room.name, None)
    if room.invited.get(user.subject) is Invite.WAITING:
        hub.use_invitation(session, room, user.subject)
    state = RoomState(
        room=room.name,
        topic=room.topic,
        users=room.names(),
        away=room.away(),
        last=room.last_id,
        ops=room.present_ops(),
        private=room.private,
        access=room.shown_access,
        locked=room.locked,
        slow=room.slow,
        read=user.marks.get(room.name),
        pins=len(room.pinned),
        tag=tag,
    )
    effects += (Enter(session, room.name), ShowRoom(session, room, state))
    if after is not None:
        query = Query(
            room.name,
            hub.next_id,
            0,
            after=after,
            newest=False,
            party=user.party,
            token=session.token_digest,
            known=after if session.knows_changes else None,
        )
        effects.append(Replay(session, query))
    elif session.replay and room.last_id:
        effects.append(Replay(session, Query(room.name, hub.next_id, session.replay, party=user.party)))
    return effects


class ShowRoom(msgspec.Struct, frozen=True):
    """Show the *state* of a room that the session has come into; what could not be stored meanwhile was not said."""

    session: Session
    room: Room
    state: RoomState

    def perform(self, delivery: Delivery) -> None:
        last = self.room.said_up_to(self.state.last)
        state = self.state if last == self.state.last else msgspec.structs.replace(self.state, last=last)
        delivery.show(self.session, state)


def go_out(hub: Hub, session: Session, room: Room) -> Sequence[Effect]:
    """Take a session out of *room*, and return the effects. The user is in it as long as another session is."""
    user = user_of(session)
    left = _step_out(session, room)
    return (left,) if user.is_in(room) else (left, _leave_room(hub, session, user, room))


def put_out(hub: Hub, user: User, room: Room, by: str, why: str) -> Sequence[Effect]:
    """Take all sessions of the user out of *room*, and return the effects."""
    effects: list[Effect] = [_step_out(session, room) for session in user.sessions if room.name in session.rooms]
    return *effects, _leave_room(hub, user.sessions[-1], user, room, by, why)


def _step_out(session: Session, room: Room) -> Leave:
    del session.rooms[room.name]
    session.moves += 1
    return Leave(session, room.name)


def _leave_room(hub: Hub, session: Session, user: User, room: Room, by: str | None = None, why: str = "") -> Publish:
    """The user is in *room* no more. Without an account they stop being its op."""
    hub.rooms.exit(room, user)
    if user.account is None and user.subject in room.ops:
        hub.rooms.entitle(room, user.subject, room.rights(user.subject).no_op())
        if room.kept:
            hub.store(session, RightsKept(room.name, user.subject, op=False))
    hub.vacate(session, room)
    return Publish(room.name, Left(time=hub.now(), room=room.name, name=user.name, by=by, text=why))


def enterable(
    hub: Hub, session: Session, user: User, wanted: Mapping[str, int | None], *, resumes: bool
) -> tuple[dict[Room, int | None], list[NotAllowed]]:
    """Open all the rooms that the user may enter, or none; and say which they may not, and why.

    A device that *resumes* its session does not come into those again that the user was kicked out of.
    """
    opened: dict[Room, int | None] = {}
    refused: list[NotAllowed] = []
    try:
        for name, after in wanted.items():
            room = hub.rooms.open(name)
            if resumes and user.kicked is not None and room.name in user.kicked:
                refused.append(NotAllowed(user.kicked[room.name]))
                hub.vacate(session, room)
            elif rights.may_enter(hub, user, room):
                opened[room] = after
            else:
                refused.append(rights.closed(hub, user, room))
    except ChatError:
        for room in opened:
            hub.vacate(session, room)
        raise
    return opened, refused
