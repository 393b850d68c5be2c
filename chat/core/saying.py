"""What becomes of what users say, in rooms or in private: it is cleaned, stored, quoted, and not said twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import structs

from chat.core.accounts import Subject
from chat.core.changed import gone
from chat.core.effects import Effect, first_try_failed
from chat.core.events import Kind, Message
from chat.core.facts import Attached, Between, Said
from chat.core.hub import Hub
from chat.core.ports import Delivery, MessageById
from chat.core.queue import Entry, Undo
from chat.core.rights import user_of
from chat.core.room import Room
from chat.core.session import Session, User
from chat.core.text import bounded_lines, clean, clean_lines, quoted

MOST_SAID = 100
"""How many of the last messages of a user are known, so that they can be changed without an id."""

RECENT = 20
"""How many of the newest messages are looked at for the one that people answer, or react to, without an id."""


def speakable(hub: Hub, session: Session, text: str) -> str:
    """Clean what somebody is about to say, and charge them for each line; raises :class:`TooLong` and :class:`Empty`.

    The first line is charged as every request is.
    """
    limits = hub.limits
    if len(text) <= limits.text and text.isascii() and text.isprintable() and (line := text.strip()):
        return line
    text = bounded_lines(text, limits.text, limits.lines)
    if "\n" in text:
        session.spent += text.count("\n")
    return text


def store_said(
    hub: Hub,
    session: Session,
    user: User,
    message: Message,
    effects: Sequence[Effect] = (),
    undo: Undo | None = None,
    recipient: Subject = 0,
    between: Between | None = None,
    answers: Subject = 0,
    hidden: bool = False,
    attached: Attached | None = None,
) -> None:
    """Have a message stored and shown, and remember its id and its tag."""
    if user.said is None:
        user.said = []
    elif len(user.said) >= 2 * MOST_SAID:
        del user.said[:-MOST_SAID]
    user.said.append(message.id)
    tag = message.tag
    token = session.token
    digest = None
    if token is not None:
        if not token.kept:
            hub.keep_token(session)
        if tag is not None:
            digest = token.digest
            token.tags[tag] = (message.id, message.time)
            if len(token.tags) > hub.limits.tags_each:
                del token.tags[next(iter(token.tags))]
    said = Said(message, digest, user.subject, recipient, between, answers, hidden, attached)
    hub.queue.add(Entry(session, effects, said, undo, tag))


def store_in_room(
    hub: Hub,
    session: Session,
    user: User,
    room: Room,
    message: Message,
    effects: Sequence[Effect] = (),
    also: Undo = tuple,
    answers: Subject = 0,
    attached: Attached | None = None,
) -> None:
    """Have a message of a room stored and shown. If it can't be stored, *also* is called besides."""
    if not room.kept:
        hub.keep(session, room)
    undo = Unsay(hub, session, user, room, message.id, room.last_id, room.at, also)
    room.last_id, room.at = message.id, message.time
    if not room.stirred:
        hub.rooms.stir(room)
    hidden = room.private
    store_said(hub, session, user, message, effects, undo, answers=answers, hidden=hidden, attached=attached)


class Unsay(msgspec.Struct, frozen=True, gc=False):
    """Undoes the message *number*, which followed the one *before* of the time *at*, and calls *also*.

    It forgets the room if that is empty and nothing else was said in it.
    """

    hub: Hub
    session: Session
    user: User
    room: Room
    number: int
    before: int
    at: str | None
    also: Undo

    def __call__(self) -> Sequence[Effect]:
        self.room.unsay(self.number, self.before, self.at, self.user.party)
        self.hub.vacate(self.session, self.room)
        return (*self.also(), *forget_said(self.user, self.number))


def forget_said(user: User, number: int) -> Sequence[Effect]:
    """A message of the user could not be stored: they can't mean it by what they said last."""
    if user.said is not None and number in user.said:
        user.said.remove(number)
    return ()


# -- answers


def answered_by(hub: Hub, session: Session, number: int, said: Said | None) -> Said:
    """The message that somebody answers, as it is now; raises :class:`NoSuchMessage`."""
    session.require_here()
    if said is None:
        raise gone(number)
    return structs.replace(said, message=hub.changed.current(said.message, user_of(session).party))


def quote(answered: Said | None) -> Mapping[str, Any]:
    """The fields of a message that tell which one it answers."""
    if answered is None:
        return {}
    message = answered.message
    return {"re": message.id, "re_author": message.author, "re_text": quoted(message.text)}


# -- what was sent before


def acknowledge(
    kind: Kind,
    hub: Hub,
    session: Session,
    tag: str,
    said: tuple[int, str],
    text: str,
    room: str | None = None,
    name: str | None = None,
    with_: str | None = None,
    re: int | None = None,
    notice: bool = False,
    action: bool = False,
) -> None:
    """Answer what was sent before under the same tag with the message that it became; *said* is its id and time."""
    number, time = said
    message = Message(
        id=number,
        time=time,
        room=None if room is None else clean(room).removeprefix("#").lower(),
        to=None if name is None else clean(name),
        author=session.name,
        kind="action" if action else kind,
        text=clean_lines(text),
        tag=tag,
        re=re,
        notice=notice,
        with_=None if with_ is None else clean(with_),
    )
    hub.answer(session, AnswerAgain(hub, session, tag, message))


class AnswerAgain(msgspec.Struct, frozen=True):
    """Show what the user has stored under *tag*; of what is erased only the *message* is left that was sent again."""

    hub: Hub
    session: Session
    tag: str
    message: Message

    def perform(self, delivery: Delivery) -> None:
        if self.session.token is not None and self.tag in self.session.token.tags:
            self.hub.ask(self.session, MessageById(self.message.id, user_of(self.session).party), self._found, self.tag)
        else:
            delivery.show(self.session, first_try_failed(self.tag))

    def _found(self, stored: Said | None) -> None:
        message = self.message
        if self.hub.changed.is_deleted(message.id):
            stored = None
        # The token may have been another's before: who comes back by it is shown nothing that they said.
        if stored is not None and user_of(self.session).was(stored.author):
            message = self.hub.changed.current(stored.message, user_of(self.session).party)
            if stored.between is not None:
                message = structs.replace(message, with_=str(stored.between.other))
        self.hub.show(self.session, message)
