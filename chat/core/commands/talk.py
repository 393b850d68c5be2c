"""What users say, in rooms and in private, and what they take back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from chat.core import names, rights
from chat.core.command import HERE, TEXT, USER, Command, Kind, Parameter
from chat.core.effects import Effect, Publish, Show
from chat.core.errors import Empty, NoSuchMessage, NotAllowed, NotStored
from chat.core.events import Deleted, Message, Notice, Refusal
from chat.core.events import Kind as MessageKind
from chat.core.facts import Erased, Said
from chat.core.hub import Hub
from chat.core.membership import find_user, room_of
from chat.core.ports import Delivery, MessageById
from chat.core.queue import Entry
from chat.core.rights import user_of
from chat.core.session import Session, User, ignores
from chat.core.text import bounded

MOST_SAID = 100
"""So many of their last messages users may take back without owning their name."""


def say(hub: Hub, session: Session, tag: str | None, room: str, text: str) -> None:
    """Say something in a room."""
    _speak(hub, session, room, "say", text, tag)


def act(hub: Hub, session: Session, tag: str | None, room: str, text: str) -> None:
    """Say what one does."""
    _speak(hub, session, room, "action", text, tag)


def _speak(hub: Hub, session: Session, name: str, kind: MessageKind, text: str, tag: str | None) -> None:
    room = session.rooms.get(name) or room_of(hub, session, name)
    user = user_of(session)
    if room.muted:
        rights.require_voice(hub, user, room)
    text = _speakable(hub, text)
    if tag is not None and _said_before(hub, session, tag, kind, text, room=room.name):
        return
    message = Message(id=hub.take_id(), time=hub.now(), room=room.name, author=user.name, kind=kind, text=text, tag=tag)
    room.last_id = message.id
    _store(hub, session, user, message)


def tell(hub: Hub, session: Session, tag: str | None, name: str, text: str) -> None:
    """Say something to one user only."""
    user = user_of(session)
    absent = hub.accounts.get(name) if hub.users.get(name) is None else None
    recipient = find_user(hub, session, name) if absent is None else None
    text = _speakable(hub, text)
    to = recipient.name if recipient is not None else absent.name if absent is not None else ""
    if tag is not None and _said_before(hub, session, tag, "say", text, to=to):
        return
    message = Message(id=hub.take_id(), time=hub.now(), to=to, author=user.name, kind="say", text=text, tag=tag)
    effects: list[Effect] = []
    if recipient is not None and not ignores(recipient, user.name):
        effects.append(Tell(recipient, message, hub.limits.private_kept))
    if recipient is not user:
        effects.append(Show(session, message))
    _store(hub, session, user, message, effects, kept_for=absent.key if absent is not None else None)
    if absent is not None:
        hub.show(session, Notice(text=f"{absent.name} is not here, and will get that when they come in."))
    elif recipient is not None and recipient.away is not None:
        reason = f": {recipient.away}" if recipient.away else "."
        hub.show(session, Notice(text=f"{recipient.name} is away{reason}"))


class Tell(msgspec.Struct, frozen=True):
    """Show a private message to its recipient, where they are by then; remember the last *most* of them.

    They are shown again to who resumes, as the connection may just be breaking.
    """

    recipient: User
    message: Message
    most: int

    def perform(self, delivery: Delivery) -> None:
        user = self.recipient
        if user.session.token is not None:
            user.private = [*user.private, self.message][-self.most :]
        delivery.show(user.session, self.message)


def _store(
    hub: Hub,
    session: Session,
    user: User,
    message: Message,
    effects: Sequence[Effect] = (),
    kept_for: str | None = None,
) -> None:
    """Have *message* stored and shown, and remember its id and its tag."""
    if user.said is None:
        user.said = []
    elif len(user.said) >= 2 * MOST_SAID:
        del user.said[:-MOST_SAID]
    user.said.append(message.id)
    digest = None
    tag = message.tag
    if session.token is not None and tag is not None:
        digest = session.token.digest
        tags = session.token.tags
        tags[tag] = (message.id, message.time)
        if len(tags) > hub.limits.tags_each:
            del tags[next(iter(tags))]
    hub.queue.add(Entry(session, effects, Said(message, digest, kept_for), None, tag))


def _speakable(hub: Hub, text: str) -> str:
    text = bounded(text, hub.limits.text, "text")
    if not text:
        raise Empty("There is nothing to say in that.")
    return text


# -- what was sent before


def _said_before(
    hub: Hub,
    session: Session,
    tag: str,
    kind: MessageKind,
    text: str,
    *,
    room: str | None = None,
    to: str | None = None,
) -> bool:
    """Answer what was sent before under the same tag with the message that it became; tell whether it was."""
    stored = session.token.tags.get(tag) if session.token is not None else None
    if stored is None:
        return False
    number, time = stored
    message = Message(id=number, time=time, room=room, to=to, author=session.name, kind=kind, text=text, tag=tag)
    hub.answer(session, AnswerAgain(hub, session, tag, message))
    return True


class AnswerAgain(msgspec.Struct, frozen=True):
    """Show what was stored under *tag*; of an erased message only the *message* is left that was sent again."""

    hub: Hub
    session: Session
    tag: str
    message: Message

    def perform(self, delivery: Delivery) -> None:
        if self.session.token is not None and self.tag in self.session.token.tags:
            self.hub.ask(self.session, MessageById(self.message.id), self._found, self.tag)
        else:
            text = "Not stored, not sent: the first try failed. Try again later."
            delivery.show(self.session, Refusal(code=NotStored.code, text=text, tag=self.tag))

    def _found(self, stored: Message | None) -> None:
        self.hub.show(self.session, stored or self.message)


# -- taking back


def delete(hub: Hub, session: Session, tag: str | None, id: int | None = None) -> None:
    """Take back what was said."""
    number = id
    if number is None:
        number = next((said for said in reversed(_last_said(user_of(session))) if not hub.is_erased(said)), None)
    if number is None:
        raise NoSuchMessage("There is nothing to take back. Give the id of a message; /search shows them.")

    hub.ask_in_turn(session, MessageById(number), partial(_delete, hub, session, tag, number), tag)


def _delete(hub: Hub, session: Session, tag: str | None, number: int, message: Message | None) -> None:
    if session.gone:
        return
    user = user_of(session)
    room = hub.room(message.room) if message is not None and message.room is not None else None
    mine = message is not None and has_said(user, message)
    if message is None or not (mine or (room is not None and rights.may_enter(user, room))):
        raise NoSuchMessage(f"There is no message {number}, or not any more.")
    if not (mine or (room is not None and rights.is_op(user, room))):
        raise NotAllowed("That is not yours to delete.")
    event = Deleted(time=hub.now(), room=message.room, id=number, by=user.name, tag=tag)
    effects: list[Effect] = []
    if message.room is not None:
        effects.append(Publish(message.room, event))
    other = hub.users.get(message.to) if message.to is not None else None
    if other is not None and other is not user:
        effects.append(Show(other.session, Deleted(time=event.time, room=None, id=number, by=user.name)))
    if message.room not in session.rooms:
        effects.append(Show(session, event))
    fact = Erased((number,), user.name)
    if mine:
        hub.apply(session, fact, effects, tag=tag)
    else:
        why = f"message {number}"
        hub.apply(session, fact, effects, tag=tag, action="delete", target=message.author, room=message.room, why=why)


def has_said(user: User, message: Message) -> bool:
    """Tell whether the user said this: lately, under whatever name, or under their own since they registered it."""
    account = user.account
    own = account is not None and account.key == names.key(message.author) and message.time > account.registered
    return own or message.id in _last_said(user)


def _last_said(user: User) -> Sequence[int]:
    """The ids of what the user said last."""
    return user.said[-MOST_SAID:] if user.said is not None else ()


COMMANDS = (
    Command("say", (HERE, TEXT), "says something in the room", say, programs=True),
    Command("me", (HERE, TEXT), "says what you do: /me waves", act),
    Command("msg", (USER, TEXT), "says something to one user only", tell),
    Command(
        "delete",
        (Parameter("id", Kind.NUMBER, optional=True),),
        "takes back what you said last, or the message with that id",
        delete,
    ),
)
