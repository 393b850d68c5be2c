"""Rooms: where users go, who is there, and what is said above the door."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from heapq import merge
from itertools import islice

from chat.core import membership, names, rights
from chat.core.command import HERE, ROOM, Command, Kind, Parameter
from chat.core.effects import Publish, Show
from chat.core.errors import NoSuchRoom, NotAllowed
from chat.core.events import Rooms, RoomSummary, Topic, Who
from chat.core.facts import TopicSet
from chat.core.hub import Hub
from chat.core.rights import user_of
from chat.core.room import Access, Room, Status
from chat.core.room_directory import Place, place_of
from chat.core.session import Session, User
from chat.core.text import clean, legible

PAGE_OF_PEOPLE = 20
PAGE_OF_PROGRAMS = 1_000
"""The rooms that ``/rooms`` shows at a time."""

ANY = "*"
"""What people write in the place of a part of a name to see all rooms."""

LOOKED_AT_FOR_A_LINE = 1_000
SHOWN_FOR_A_LINE = 100
"""So many rooms that are looked at, or shown, cost as much as another line."""


def who(hub: Hub, session: Session, tag: str | None, room: str) -> None:
    """Show who is in a room."""
    known = hub.rooms.find(room)
    if known is None or not rights.may_see(user_of(session), known):
        raise NoSuchRoom(f"There is no room #{names.room_name(room)}. See /rooms for those there are.")
    event = Who(room=known.name, users=known.names(), away=known.away(), ops=known.present_ops(), tag=tag)
    hub.answer(session, Show(session, event))


def list_rooms(
    hub: Hub,
    session: Session,
    tag: str | None,
    text: str | None = None,
    skip: int | None = None,
    count: int | None = None,
) -> None:
    """Show a page of the rooms that have *text* in their names, the liveliest first."""
    user = user_of(session)
    most = PAGE_OF_PEOPLE if session.one_room else PAGE_OF_PROGRAMS
    count = most if count is None else max(1, min(count, PAGE_OF_PROGRAMS))
    part = clean(text or "").strip().removeprefix("#").lower()[: names.MAXIMUM_LENGTH]
    part = "" if part == ANY else part
    skip = min(skip or 0, len(hub.rooms))
    looked_at = 0

    def fitting() -> Iterator[str]:
        nonlocal looked_at
        for looked_at, (_, _, name) in enumerate(_visible(hub, user), 1):  # noqa: B007
            if part in name:
                yield name

    found = list(islice(fitting(), skip, skip + count + 1))
    page = [_summary(hub.rooms[name]) for name in found[:count]]
    session.spent += looked_at // LOOKED_AT_FOR_A_LINE + len(page) // SHOWN_FOR_A_LINE
    following = skip + count if len(found) > count else None
    event = Rooms(rooms=page, more=following is not None, next=following, text=part or None, tag=tag)
    hub.answer(session, Show(session, event))


def _visible(hub: Hub, user: User) -> Iterator[Place]:
    """The places of the rooms that the user may see, in their order."""
    rooms = hub.rooms
    kinds = [Access.OPEN]
    if user.account is not None:
        kinds.append(Access.MEMBERS)
    if user.moderates:
        kinds.append(Access.PRIVATE)
    own = {
        room
        for room in (*rooms.entitling(user.subject), *user.rooms())
        if room.access not in kinds and room.status is not Status.CLOSED and rights.may_see(user, room)
    }
    return merge(sorted(map(place_of, own)), *map(rooms.liveliest, kinds))


def _summary(room: Room) -> RoomSummary:
    return RoomSummary(
        room=room.name,
        users=len(room.members),
        topic=room.topic,
        time=room.at,
        access=room.shown_access,
    )


def join(hub: Hub, session: Session, tag: str | None, room: str, after: int | None = None) -> None:
    """Come into a room."""
    membership.join(hub, session, room, after, tag)


def leave(hub: Hub, session: Session, tag: str | None, room: str) -> None:
    """Leave a room."""
    membership.leave(hub, session, room, tag)


def read_topic(text: str, here: str, is_open: Callable[[str], bool]) -> tuple[str, str | None]:
    """Read what people type behind ``/topic``: the room, and its new topic or ``None``.

    They may name a room first, as in ``/topic #dev``. If a topic follows, it must be one that *is_open* to them, as a
    topic too may begin so: ``#12 is mended``.
    """
    first, _, topic = text.partition(" ")
    if first.startswith("#") and (not topic or is_open(first[1:])):
        return names.room_name(first), topic.strip() or None
    return here, text or None


def topic(hub: Hub, session: Session, tag: str | None, room: str, text: str | None = None) -> None:
    """Show the topic of a room, or set it; ``-`` or an empty text clears it."""
    if session.one_room and text is not None:
        here = room
        room, text = read_topic(text, here, lambda name: name.casefold() == here.casefold())
    mine = membership.room_of(hub, session, room)
    if text is None:
        hub.show(session, Topic(time=hub.now(), room=mine.name, name=None, topic=mine.topic, tag=tag))
        return
    user = user_of(session)
    words = "" if text == "-" else legible(text, hub.limits.topic, "topic")
    if mine.locked and not rights.is_op(user, mine):
        raise NotAllowed(f"The topic of #{mine.name} is locked. Only its ops may set it.")
    rights.require_turn(hub, user, mine)
    event = Topic(time=hub.now(), room=mine.name, name=user.name, topic=words, tag=tag)
    give_turn_back = partial(mine.give_turn_back, user.party)
    hub.apply(session, TopicSet(event), (Publish(mine.name, event, asker=session),), tag=tag, also=give_turn_back)


COMMANDS = (
    Command(
        "who",
        (Parameter("room", Kind.ROOM, optional=True, here=True),),
        "lists who is in the room, or in another",
        who,
    ),
    Command(
        "rooms",
        (
            Parameter("text", Kind.ROOM, optional=True),
            Parameter("skip", Kind.NUMBER, optional=True),
            Parameter("count", Kind.NUMBER, optional=True, programs=True),
        ),
        "lists the rooms, the liveliest first, or those with a text in their names: /rooms dev",
        list_rooms,
    ),
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
