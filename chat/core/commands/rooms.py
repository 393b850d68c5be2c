"""Rooms: where users go, who is there, and what is said above the door."""

from __future__ import annotations

from chat.core import membership, names, rights
from chat.core.command import HERE, ROOM, Command, Kind, Parameter
from chat.core.effects import Publish, Show
from chat.core.errors import NoSuchRoom, NotAllowed
from chat.core.events import Rooms, RoomSummary, Topic, Who
from chat.core.facts import TopicSet
from chat.core.hub import Hub
from chat.core.rights import user_of
from chat.core.session import Session
from chat.core.text import bounded


def who(hub: Hub, session: Session, tag: str | None, room: str) -> None:
    """Show who is in a room."""
    known = hub.rooms.find(room)
    if known is None or not rights.may_enter(user_of(session), known):
        raise NoSuchRoom(f"There is no room #{names.room_name(room)}. See /rooms for those there are.")
    event = Who(room=known.name, users=known.names(), away=known.away(), ops=known.present_ops(), tag=tag)
    hub.answer(session, Show(session, event))


def list_rooms(hub: Hub, session: Session, tag: str | None) -> None:
    """Show all rooms, the fullest first."""
    user = user_of(session)
    visible = (room for room in hub.rooms.all() if rights.may_enter(user, room))
    rooms = sorted(visible, key=lambda room: (-len(room.members), room.name))
    summaries = [RoomSummary(room=room.name, users=len(room.members), topic=room.topic) for room in rooms]
    hub.answer(session, Show(session, Rooms(rooms=summaries, tag=tag)))


def join(hub: Hub, session: Session, tag: str | None, room: str, after: int | None = None) -> None:
    """Come into a room."""
    membership.join(hub, session, room, after, tag)


def leave(hub: Hub, session: Session, tag: str | None, room: str) -> None:
    """Leave a room."""
    membership.leave(hub, session, room, tag)


def topic(hub: Hub, session: Session, tag: str | None, room: str, text: str | None = None) -> None:
    """Show the topic of a room, or set it; ``-`` or an empty text clears it."""
    mine = membership.room_of(hub, session, room)
    if text is None:
        hub.show(session, Topic(time=hub.now(), room=mine.name, name=None, topic=mine.topic, tag=tag))
        return
    user = user_of(session)
    rights.require_voice(hub, user, mine)
    if mine.locked and not rights.is_op(user, mine):
        raise NotAllowed(f"The topic of #{mine.name} is locked. Only its ops may set it.")
    words = "" if text == "-" else bounded(text, hub.limits.topic, "topic")
    event = Topic(time=hub.now(), room=mine.name, name=user.name, topic=words, tag=tag)
    hub.apply(session, TopicSet(event), (Publish(mine.name, event),), tag=tag)


COMMANDS = (
    Command(
        "who",
        (Parameter("room", Kind.ROOM, optional=True, here=True),),
        "lists who is in the room, or in another",
        who,
    ),
    Command("rooms", (), "lists all rooms", list_rooms),
    Command(
        "join",
        (ROOM, Parameter("after", Kind.NUMBER, optional=True, programs=True)),
        "goes to a room, which comes into being where there is none",
        join,
    ),
    Command("leave", (HERE,), "leaves the room", leave, programs=True),
    Command(
        "topic",
        (HERE, Parameter("text", Kind.TEXT, optional=True)),
        "shows or sets what the room is about",
        topic,
        stores=True,
        asks_without="text",
    ),
)
