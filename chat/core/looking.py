"""What users look up: who is where, and what was said."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from chat.core import names
from chat.core.errors import NoSuchRoom
from chat.core.events import Found, History, Rooms, RoomSummary, Who
from chat.core.records import Query, Search
from chat.core.search import parse
from chat.core.when import read

if TYPE_CHECKING:
    from chat.core.session import Session

DEFAULT_COUNT = 20
"""The messages that ``/history`` shows when not told how many."""


def who(session: Session, tag: str | None, room: str) -> None:
    """Show who is in a room."""
    known = session.hub.room(room)
    if known is None or not session.may_enter(known):
        raise NoSuchRoom(f"There is no room #{names.room_name(room)}. See /rooms for those there are.")
    event = Who(room=known.name, users=known.names(), away=known.away(), ops=known.present_ops(), tag=tag)
    session.hub.answer(session, partial(session.hub.delivery.show, session, event))


def list_rooms(session: Session, tag: str | None) -> None:
    """Show all rooms, the fullest first."""
    visible = (room for room in session.hub.rooms.values() if session.may_enter(room))
    rooms = sorted(visible, key=lambda room: (-len(room.members), room.name))
    summaries = [RoomSummary(room=room.name, users=len(room.members), topic=room.topic) for room in rooms]
    session.hub.answer(session, partial(session.hub.delivery.show, session, Rooms(rooms=summaries, tag=tag)))


def history(
    session: Session,
    tag: str | None,
    room: str,
    when: str | None = None,
    count: int | None = None,
    after: int | None = None,
    before: int | None = None,
    since: str | None = None,
    until: str | None = None,
) -> None:
    """Show messages from the history of a room; *when* is in words, in the time zone of the server."""
    hub = session.hub
    if when:
        history(session, tag, room, **read(when, datetime.fromisoformat(hub.now())))
        return
    query = Query(
        session.my_room(room).name,
        before=_bound(session, before),
        count=_count(session, count),
        after=after or 0,
        newest=after is None and since is None,
        since=since,
        until=until,
    )
    session.spent += hub.limits.history_cost - 1
    answer = History(room=query.room, messages=[], more=False, since=since, tag=tag)
    hub.answer(session, partial(hub.delivery.recall, session, query, answer))


def search(
    session: Session,
    tag: str | None,
    text: str,
    room: str | None = None,
    count: int | None = None,
    before: int | None = None,
) -> None:
    """Show messages that hold the words of *text*, newest first."""
    hub = session.hub
    wanted = parse(session.bounded(text, hub.limits.text, "search"))
    place = room if room is not None else wanted.room
    search = Search(
        wanted.phrases,
        before=min(_bound(session, before), _bound(session, wanted.before)),
        count=_count(session, count),
        author=wanted.author,
        room=names.room_name(place) if place is not None else None,
        rooms=_readable(session),
    )
    found = Found(text=wanted.text, messages=[], more=False, tag=tag)
    session.spent += hub.limits.search_cost - 1
    hub.answer(session, partial(hub.delivery.search, session, search, found))


def mentions(session: Session, tag: str | None, before: int | None = None, count: int | None = None) -> None:
    """Show what named the user since that name was last here, newest first."""
    hub = session.hub
    left = hub.departed(session.name)
    search = Search(
        (),
        before=_bound(session, before),
        count=_count(session, count),
        after=left or 0,
        naming=session.name,
        absent_at=session.came if left is None else None,
        rooms=_readable(session),
    )
    session.spent += hub.limits.search_cost - 1
    answer = Found(text=None, messages=[], more=False, tag=tag)
    hub.answer(session, partial(hub.delivery.search, session, search, answer))


def _bound(session: Session, before: int | None) -> int:
    """The id before which to look."""
    return session.hub.next_id if before is None else min(before, session.hub.next_id)


def _count(session: Session, count: int | None) -> int:
    """How many messages to look for."""
    return max(1, min(DEFAULT_COUNT if count is None else count, session.hub.limits.history_count))


def _readable(session: Session) -> Collection[str] | None:
    """The rooms in which the user may read; ``None``: all."""
    rooms = session.hub.rooms.values()
    if not any(room.private for room in rooms):
        return None
    return [room.name for room in rooms if session.may_enter(room)]
