"""What users say in rooms: lines, texts of several lines, answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import structs

from chat.core import rights
from chat.core.changed import gone
from chat.core.command import HERE, TEXT, Command, Kind, Parameter
from chat.core.durations import in_words
from chat.core.effects import Effect, Show
from chat.core.errors import NoSuchMessage, NotAllowed, TooLong
from chat.core.events import Kind as MessageKind
from chat.core.events import Message, Notice
from chat.core.facts import Said
from chat.core.hub import Hub
from chat.core.membership import room_of
from chat.core.names import key
from chat.core.ports import FindMessages, MessageById, Search
from chat.core.queue import Undo
from chat.core.rights import user_of
from chat.core.room import Room
from chat.core.saying import RECENT, acknowledge, answered_by, quote, speakable, store_in_room
from chat.core.session import Session
from chat.core.text import Pasted, calls_everybody, clean_lines, in_quotes
from chat.core.when import split_id

CALL_INTERVAL = 60.0
"""The seconds between two messages that call everybody in a room."""


def say(
    hub: Hub,
    session: Session,
    tag: str | None,
    room: str,
    text: str,
    re: int | None = None,
    notice: bool = False,
) -> None:
    """Say something in a room, perhaps in answer to a message, or as a program that nobody is to answer."""
    text = speakable(hub, session, text)
    if re is None:
        _speak(hub, session, room, "say", text, tag, notice=notice)
        return
    room_of(hub, session, room)

    def found(said: Said | None) -> None:
        answered = answered_by(hub, session, re, said)
        if answered.message.room != room_of(hub, session, room).name:
            raise gone(re)
        _speak(hub, session, room, "say", text, tag, answered, notice=notice)

    hub.ask_in_turn(session, MessageById(re, user_of(session).party), found, tag)


def act(hub: Hub, session: Session, tag: str | None, room: str, text: str) -> None:
    """Say what one does."""
    _speak(hub, session, room, "action", speakable(hub, session, text), tag)


def _speak(
    hub: Hub,
    session: Session,
    name: str,
    kind: MessageKind,
    text: str,
    tag: str | None,
    answered: Said | None = None,
    *,
    notice: bool = False,
) -> None:
    room = session.rooms.get(name) or room_of(hub, session, name)
    user = user_of(session)
    if room.muted or room.muted_networks or room.slow or room.status:
        rights.require_turn(hub, user, room)
    everybody = "@" in text and calls_everybody(text) and rights.is_op(user, room)
    if everybody:
        _call_everybody(hub, room)
    message = Message(
        id=hub.take_id(),
        time=hub.now(),
        room=room.name,
        author=user.name,
        kind=kind,
        text=text,
        tag=tag,
        account=user.account.name if user.account is not None else None,
        notice=notice,
        all=everybody,
    )
    effects: Sequence[Effect] = ()
    if answered is not None:
        message = structs.replace(message, **quote(answered))
        if session.one_room:
            # Who types an answer has not seen what it is to.
            told = f"You answer {message.re_author}: {in_quotes(message.re_text or '')}"
            effects = (Show(session, Notice(text=told)),)
    also: Undo = partial(_uncalled, room, room.called) if everybody else tuple
    of = answered.author if answered is not None else 0
    store_in_room(hub, session, user, room, message, effects, also, of)


def _call_everybody(hub: Hub, room: Room) -> None:
    """Call everybody in the *room*; raises :class:`NotAllowed` if that was done just now."""
    left = room.called - hub.monotonic()
    if left > 0:
        why = f"Everybody in #{room.name} was called less than a minute ago. Wait {in_words(left)}, or leave out @room."
        raise NotAllowed(why)
    room.called = hub.monotonic() + CALL_INTERVAL


def _uncalled(room: Room, until: float) -> Sequence[Effect]:
    """A message that called everybody could not be stored: they may be called again at once."""
    if room.called == until:
        room.called = 0.0
    return ()


# -- several lines


def paste(hub: Hub, session: Session, tag: str | None) -> None:
    """Take the lines that follow as one message, up to a line with a dot."""
    session.pasted = Pasted()
    hub.show(
        session, Notice(text="Paste your lines now. A line with a dot alone ends them, and says them as one message.")
    )


def paste_line(hub: Hub, session: Session, pasted: Pasted, line: str) -> None:
    """Take a line of what somebody pastes; once all are there, say them."""
    if line.strip() != ".":
        pasted.add(line, hub.limits.text)
        return
    session.pasted = None
    if pasted.count > hub.limits.lines:
        raise TooLong(f"You pasted {pasted.count} lines, so they were not sent. Use at most {hub.limits.lines}.")
    text = clean_lines(pasted.text)
    if not pasted.whole and len(text.encode("utf-8", "replace")) <= hub.limits.text:
        raise TooLong(f"You pasted too much, so it was not sent. Use at most {hub.limits.text} bytes.")
    session.active = hub.monotonic()
    say(hub, session, None, session.here, text)
    # Each line was charged when it came.
    session.spent = 0


# -- answering what names one


def reply(hub: Hub, session: Session, tag: str | None, room: str, text: str) -> None:
    """Answer the newest message that named the user in the room, or the one whose number stands before the text."""
    number, text = split_id(text)
    if number is not None:
        say(hub, session, tag, room, text, number)
        return
    user = user_of(session)
    there = room_of(hub, session, room)
    search = Search(
        (), hub.next_id, RECENT, room=there.name, naming=user.name, words=user.words, answered=user.subjects
    )

    def found(messages: Sequence[Message]) -> None:
        answered = next((message for message in messages if key(message.author) not in session.ignored), None)
        if answered is None:
            raise NoSuchMessage(f"Nobody has named you in #{there.name}. Begin with a name: ada: yes")
        say(hub, session, tag, room, text, re=answered.id)

    session.spent += hub.limits.search_cost - 1
    hub.ask_in_turn(session, FindMessages(search), found, tag)


COMMANDS = (
    Command(
        "say",
        (
            HERE,
            TEXT,
            Parameter("re", Kind.NUMBER, optional=True, programs=True),
            Parameter("notice", Kind.SWITCH, optional=True, programs=True),
        ),
        "says something in the room",
        say,
        programs=True,
        stores=True,
        again=partial(acknowledge, "say"),
    ),
    Command(
        "me",
        (HERE, TEXT),
        "says what you do: /me waves",
        act,
        stores=True,
        again=partial(acknowledge, "action"),
    ),
    Command(
        "reply",
        (HERE, TEXT),
        "answers what named you last in the room, or the message with that id: /reply yes or /reply #217 yes",
        reply,
        people=True,
    ),
    Command("paste", (), "takes several lines as one message, up to a line with a dot", paste, people=True),
)
