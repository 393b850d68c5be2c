"""What was said before: read again, searched, and how far it was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from heapq import nlargest
from typing import Unpack

from chat.core import names, rights
from chat.core.accounts import Subject
from chat.core.command import TEXT, WITH, Command, Kind, Parameter, Right
from chat.core.conversations import find_party, party_from
from chat.core.effects import Find, Recall, Show, ShowOthers
from chat.core.events import Found, History, Read
from chat.core.facts import ReadUpTo, ReadWith, Said
from chat.core.hub import Hub
from chat.core.membership import room_of
from chat.core.ports import MessageById, Query, Search
from chat.core.rights import user_of
from chat.core.search import Wanted, parse
from chat.core.session import CONVERSATIONS, Session, User
from chat.core.text import bounded
from chat.core.when import Past, read

DEFAULT_COUNT = 20
"""The messages that ``/history`` shows when not told how many."""

MOST_HIDDEN = 8
"""So many hidden rooms a search passes over without a look at what was said there."""

MOST_COMPARED = 1_000
"""The hidden rooms among which those are chosen."""


def history(
    hub: Hub,
    session: Session,
    tag: str | None,
    room: str = "",
    when: str | None = None,
    with_: str | None = None,
    **past: Unpack[Past],
) -> None:
    """Show messages of a room, or of a conversation; *when* is in words, in the time zone of the server."""
    if when:
        past = read(when, datetime.fromisoformat(hub.now()))
        if "around" in past:
            found = partial(_around, hub, session, tag, room, past)
            hub.ask_in_turn(session, MessageById(past["around"], user_of(session).party), found, tag)
            return
    other = party_from(with_) if with_ is not None else 0
    place = None if other else room_of(hub, session, room).name
    _recall(hub, session, tag, place, other, past)


def _around(hub: Hub, session: Session, tag: str | None, room: str, past: Past, said: Said | None) -> None:
    """Show what was said around a message: where it was said, if the user may read that, or else in the *room*."""
    session.require_here()
    user = user_of(session)
    place, other = None, 0
    if said is not None and said.between is not None and said.between.is_had_by(user.party):
        other = said.between.opposite(user.party)
    elif said is not None and (there := hub.rooms.get(said.message.room or "")) is not None:
        place = there.name if rights.may_enter(hub, user, there) else None
    if not other and place is None:
        place = room_of(hub, session, room).name
    _recall(hub, session, tag, place, other, past)


def _recall(hub: Hub, session: Session, tag: str | None, place: str | None, other: Subject, past: Past) -> None:
    """Show *past* messages of the room that is called *place*, or of the conversation with the *other*."""
    after, before, around = past.get("after"), past.get("before"), past.get("around")
    since, until = past.get("since"), past.get("until")
    query = Query(
        place,
        before=_bound(hub, before),
        count=_count(hub, past.get("count")),
        after=min(after or 0, hub.next_id),
        newest=after is None and since is None,
        since=since,
        until=until,
        around=around,
        party=user_of(session).party,
        other=other,
        token=session.token_digest,
        known=after if session.knows_changes and (since, until, around) == (None, None, None) else None,
    )
    session.spent += hub.limits.history_cost - 1
    answer = History(
        room=query.room,
        messages=[],
        more=False,
        since=since,
        until=until,
        after=after,
        before=before,
        around=around,
        tag=tag,
        with_=str(other) if other else None,
        name=hub.name_of(other) if other else None,
    )
    hub.answer(session, Recall(session, query, answer))


def search(
    hub: Hub,
    session: Session,
    tag: str | None,
    text: str,
    room: str | None = None,
    count: int | None = None,
    before: int | None = None,
    with_: str | None = None,
) -> None:
    """Show messages that hold the words of *text*, newest first: of rooms, or of the user's conversations."""
    wanted = parse(bounded(text, hub.limits.text, "search"), anything=with_ is not None)
    find = partial(_search, hub, session, tag, wanted, room, count, before)
    if with_ is not None:
        find(user_of(session).party, party_from(with_))
    elif wanted.conversation is None:
        find(0, 0)
    elif wanted.conversation:
        found = partial(_search_with, find, user_of(session))
        find_party(hub, session, wanted.conversation, tag, found)
    else:
        find(user_of(session).party, 0)


def _search_with(find: Callable[[Subject, Subject], None], user: User, other: Subject, name: str) -> None:
    find(user.party, other)


def _search(
    hub: Hub,
    session: Session,
    tag: str | None,
    wanted: Wanted,
    room: str | None,
    count: int | None,
    before: int | None,
    party: Subject,
    other: Subject,
) -> None:
    """Search rooms, or what the *party* has in private, with the *other* if there is one."""
    place = room if room is not None else wanted.room
    rooms = rights.readable(hub, user_of(session))
    search = Search(
        wanted.phrases,
        before=min(_bound(hub, before), _bound(hub, wanted.before)),
        count=_count(hub, count),
        author=wanted.author,
        room=names.room_name(place) if place is not None else None,
        reader=user_of(session).party,
        since=wanted.since,
        until=wanted.until,
        rooms=rooms,
        hidden=_liveliest(hub, rooms) if rooms is not None else (),
        party=party,
        other=other,
        token=session.token_digest if party else None,
    )
    session.spent += hub.limits.search_cost - 1
    found = Found(text=wanted.text, messages=[], more=False, tag=tag, with_=str(other) if other else None)
    hub.answer(session, Find(session, search, found))


def mentions(hub: Hub, session: Session, tag: str | None, before: int | None = None, count: int | None = None) -> None:
    """Show what was to alert the user since that name was last here, newest first."""
    user = user_of(session)
    left = hub.departed(user.name)
    rooms = rights.readable(hub, user)
    search = Search(
        (),
        before=_bound(hub, before),
        count=_count(hub, count),
        after=left or 0,
        naming=user.name,
        words=user.words,
        answered=user.subjects,
        absent_at=user.came if left is None else None,
        reader=user.party,
        rooms=rooms,
        hidden=_liveliest(hub, rooms) if rooms is not None else (),
    )
    session.spent += hub.limits.search_cost - 1
    hub.answer(session, Find(session, search, Found(text=None, messages=[], more=False, tag=tag)))


def _liveliest(hub: Hub, rooms: rights.Readable) -> Sequence[str]:
    """The rooms in which something was said last, of those that may not be read."""

    def last_id(name: str) -> int:
        room = hub.rooms.get(name)
        return room.last_id if room is not None else 0

    return nlargest(MOST_HIDDEN, rooms.others(MOST_COMPARED), key=last_id)


def mark_read(hub: Hub, session: Session, tag: str | None, id: int, room: str = "", with_: str | None = None) -> None:
    """Remember up to where the user has read a room, or a conversation."""
    user = user_of(session)
    if with_ is not None:
        _mark_conversation(hub, session, tag, party_from(with_), min(id, hub.next_id - 1))
        return
    rights.require(user, Right.ACCOUNT, None)
    mine = room_of(hub, session, room)
    number = min(id, mine.last_id)
    fact = ReadUpTo(user.subject, mine.name, number)
    read = Read(room=mine.name, id=number, tag=tag)
    hub.apply(session, fact, (Show(session, read), ShowOthers(session, read)), tag=tag)


def _mark_conversation(hub: Hub, session: Session, tag: str | None, other: Subject, number: int) -> None:
    party = user_of(session).party
    read = Read(room=None, with_=str(other), id=number, tag=tag)
    hub.unheard.got(party, other, number)
    others = ShowOthers(session, read, frozenset((CONVERSATIONS,)))
    hub.apply(session, ReadWith(party, other, number), (Show(session, read), others), tag=tag)


def _bound(hub: Hub, before: int | None) -> int:
    """The id before which to look."""
    return hub.next_id if before is None else min(before, hub.next_id)


def _count(hub: Hub, count: int | None) -> int:
    """How many messages to look for."""
    return max(1, min(DEFAULT_COUNT if count is None else count, hub.limits.history_count))


COMMANDS = (
    Command(
        "history",
        (
            Parameter("room", Kind.ROOM, here=True, instead="with"),
            Parameter("when", Kind.TEXT, optional=True, people=True),
            Parameter("count", Kind.NUMBER, optional=True, programs=True),
            Parameter("after", Kind.NUMBER, optional=True, programs=True),
            Parameter("before", Kind.NUMBER, optional=True, programs=True),
            Parameter("since", Kind.TIME, optional=True, programs=True),
            Parameter("until", Kind.TIME, optional=True, programs=True),
            Parameter("around", Kind.NUMBER, optional=True, programs=True),
            WITH,
        ),
        "shows the last messages of the room, or /history 50, /history since 09:00, /history 2026-11-20, and "
        "/history around 217 what was said round a message that /search shows",
        history,
    ),
    Command(
        "search",
        (
            TEXT,
            Parameter("room", Kind.ROOM, optional=True, programs=True),
            Parameter("count", Kind.NUMBER, optional=True, programs=True),
            Parameter("before", Kind.NUMBER, optional=True, programs=True),
            WITH,
        ),
        'finds messages by their words: /search tea "hot water" del* author:ada room:#dev since:2026-11-20 '
        "until:2026-11-21, or in:@bob, in:me",
        search,
    ),
    Command(
        "mentions",
        (
            Parameter("before", Kind.NUMBER, optional=True),
            Parameter("count", Kind.NUMBER, optional=True, programs=True),
        ),
        "shows what named you since you were last here",
        mentions,
    ),
    Command(
        "read",
        (Parameter("room", Kind.ROOM, instead="with"), Parameter("id", Kind.NUMBER), WITH),
        "remembers up to where you have read",
        mark_read,
        programs=True,
        stores=True,
        automatic=True,
    ),
)
