"""What users say, in rooms and in private, and what they take back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from msgspec import structs

from chat.core import rights
from chat.core.accounts import Subject
from chat.core.command import HERE, TEXT, Command, Kind, Parameter
from chat.core.effects import Effect, Publish, Show, ShowOthers, first_try_failed, show_device
from chat.core.errors import Empty, NoSuchMessage, NotAllowed
from chat.core.events import Deleted, Message
from chat.core.events import Kind as MessageKind
from chat.core.facts import Between, Changed, Said
from chat.core.hub import Hub
from chat.core.membership import room_of
from chat.core.ports import Delivery, MessageById
from chat.core.private import cost
from chat.core.queue import Entry, Undo
from chat.core.rights import user_of
from chat.core.room import Room
from chat.core.session import Session, User
from chat.core.text import bounded, clean

MOST_SAID = 100
"""So many of their last messages users may take back without giving an id."""


def say(hub: Hub, session: Session, tag: str | None, room: str, text: str) -> None:
    """Say something in a room."""
    _speak(hub, session, room, "say", text, tag)


def act(hub: Hub, session: Session, tag: str | None, room: str, text: str) -> None:
    """Say what one does."""
    _speak(hub, session, room, "action", text, tag)


def _speak(hub: Hub, session: Session, name: str, kind: MessageKind, text: str, tag: str | None) -> None:
    room = session.rooms.get(name) or room_of(hub, session, name)
    user = user_of(session)
    text = speakable(hub, text)
    if room.muted or room.muted_networks or room.slow or room.status:
        rights.require_turn(hub, user, room)
    message = Message(
        id=hub.take_id(),
        time=hub.now(),
        room=room.name,
        author=user.name,
        kind=kind,
        text=text,
        tag=tag,
        account=user.account.name if user.account is not None else None,
    )
    if not room.kept:
        hub.keep(session, room)
    undo = partial(_unsaid, hub, session, room, message.id, room.last_id, room.at)
    room.last_id, room.at = message.id, message.time
    if not room.stirred:
        hub.rooms.stir(room)
    store_said(hub, session, user, message, undo=undo)


def _unsaid(hub: Hub, session: Session, room: Room, number: int, before: int, at: str | None) -> Sequence[Effect]:
    """A message could not be stored: forget its room if it is empty and nothing else was said in it."""
    room.unsay(number, before, at, user_of(session).party)
    hub.vacate(session, room)
    return ()


def store_said(
    hub: Hub,
    session: Session,
    user: User,
    message: Message,
    effects: Sequence[Effect] = (),
    undo: Undo | None = None,
    recipient: Subject = 0,
    between: Between | None = None,
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
    hub.queue.add(Entry(session, effects, Said(message, digest, user.subject, recipient, between), undo, tag))


def speakable(hub: Hub, text: str) -> str:
    text = bounded(text, hub.limits.text, "text")
    if not text:
        raise Empty("There is nothing to say in that.")
    return text


# -- what was sent before


def acknowledge(
    kind: MessageKind,
    hub: Hub,
    session: Session,
    tag: str,
    said: tuple[int, str],
    text: str,
    room: str | None = None,
    name: str | None = None,
    with_: str | None = None,
) -> None:
    """Answer what was sent before under the same tag with the message that it became; *said* is its id and time."""
    number, time = said
    message = Message(
        id=number,
        time=time,
        room=None if room is None else clean(room).removeprefix("#").lower(),
        to=None if name is None else clean(name),
        author=session.name,
        kind=kind,
        text=clean(text),
        tag=tag,
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
            self.hub.ask(self.session, MessageById(self.message.id), self._found, self.tag)
        else:
            delivery.show(self.session, first_try_failed(self.tag))

    def _found(self, stored: Said | None) -> None:
        message = self.message
        # The token may have been another's before: who comes back by it is shown nothing that they said.
        if stored is not None and user_of(self.session).was(stored.author):
            message = stored.message
            if stored.between is not None:
                message = structs.replace(message, with_=str(stored.between.other))
        self.hub.show(self.session, message)


# -- taking back


def delete(hub: Hub, session: Session, tag: str | None, id: int | None = None) -> None:
    """Take back what was said."""
    number = id
    if number is None:
        number = next((said for said in reversed(_last_said(user_of(session))) if not hub.is_erased(said)), None)
    if number is None:
        raise NoSuchMessage("There is nothing to take back. Give the id of a message; /search shows them.")

    hub.ask_in_turn(session, MessageById(number), partial(_delete, hub, session, tag, number), tag)


def _delete(hub: Hub, session: Session, tag: str | None, number: int, said: Said | None) -> None:
    if session.gone:
        return
    user = user_of(session)
    message = said.message if said is not None else None
    room = hub.rooms.find(message.room) if message is not None and message.room is not None else None
    mine = said is not None and user.was(said.author)
    between = said.between if said is not None else None
    told = between is not None and between.heard and between.other == user.party
    readable = mine or told or (room is not None and rights.may_enter(hub, user, room))
    if said is None or message is None or not readable:
        raise NoSuchMessage(f"There is no message {number}, or not any more.")
    if not (mine or (room is not None and rights.is_op(user, room))):
        raise NotAllowed("That is not yours to delete.")
    event = Deleted(time=hub.now(), room=message.room, id=number, rev=hub.take_id(), by=user.name, tag=tag)
    effects: list[Effect] = []
    if message.room is not None:
        effects.append(Publish(message.room, event))
    if said.between is not None:
        effects.append(TakeBack(hub, said.between, cost(message.text), structs.replace(event, tag=None)))
        event = structs.replace(event, with_=str(said.between.other))
        effects.append(ShowOthers(session, event))
    if message.room not in session.rooms:
        effects.append(Show(session, event))
    digest = session.token.digest if session.token is not None else None
    fact = Changed(structs.replace(event, with_=None), user.party, digest)
    if mine:
        hub.apply(session, fact, effects, tag=tag)
    else:
        why = f"message {number}"
        hub.apply(session, fact, effects, tag=tag, action="delete", target=message.author, room=message.room, why=why)


class TakeBack(msgspec.Struct, frozen=True):
    """A private message that took so much of its sender's share is gone: tell whoever it was for."""

    hub: Hub
    between: Between
    cost: int
    event: Deleted

    def perform(self, delivery: Delivery) -> None:
        hub, between = self.hub, self.between
        hub.shares.add(between.sender, -self.cost)
        hub.unheard.taken_back(between.other, between.author, self.event.id)
        user = hub.user_with(between.other) if between.heard and between.other != between.author else None
        for session in user.sessions if user is not None else ():
            show_device(delivery, session, structs.replace(self.event, with_=str(between.author)))


def _last_said(user: User) -> Sequence[int]:
    """The ids of what the user said last."""
    return user.said[-MOST_SAID:] if user.said is not None else ()


COMMANDS = (
    Command(
        "say",
        (HERE, TEXT),
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
        "delete",
        (Parameter("id", Kind.NUMBER, optional=True),),
        "takes back what you said last, or the message with that id",
        delete,
        stores=True,
    ),
)
