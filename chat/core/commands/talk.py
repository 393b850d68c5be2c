"""What users say, in rooms and in private, and what they take back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from chat.core import rights
from chat.core.accounts import Subject
from chat.core.command import HERE, TEXT, USER, Command, Kind, Parameter
from chat.core.effects import Effect, Publish, Show, ShowOthers, first_try_failed, show_device
from chat.core.errors import Empty, NoSuchMessage, NotAllowed, NotStored
from chat.core.events import Deleted, Message, Notice
from chat.core.events import Kind as MessageKind
from chat.core.facts import Erased, Said
from chat.core.hub import Hub
from chat.core.lifecycle import show_skipped
from chat.core.mailbox import not_shown
from chat.core.membership import find_user, room_of
from chat.core.ports import Delivery, MessageById
from chat.core.queue import Entry, Undo
from chat.core.rights import user_of
from chat.core.session import Session, State, User, ignores
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
    if room.muted or room.muted_networks:
        rights.require_voice(hub, user, room)
    text = _speakable(hub, text)
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
    undo = partial(room.unsay, message.id, room.last_id)
    room.last_id = message.id
    _store(hub, session, user, message, undo=undo)


def tell(hub: Hub, session: Session, tag: str | None, name: str, text: str) -> None:
    """Say something to one user only."""
    user = user_of(session)
    account = hub.accounts.get(name) if hub.users.get(name) is None else None
    recipient = hub.user_with(account.id) if account is not None else find_user(hub, session, name)
    account = recipient.account if recipient is not None else account
    subject = recipient.subject if recipient is not None else account.id if account is not None else 0
    to = recipient.name if recipient is not None else account.name if account is not None else ""
    text = _speakable(hub, text)
    unseen = recipient is not user and (recipient is None or not ignores(recipient, user.name))
    if unseen:
        _require_space(hub, session, to, subject, recipient)
    message = Message(
        id=hub.take_id(),
        time=hub.now(),
        to=to,
        author=user.name,
        kind="say",
        text=text,
        tag=tag,
        account=user.account.name if user.account is not None else None,
    )
    effects: list[Effect] = []
    if unseen:
        effects.append(Tell(hub, message, user, user.subject, subject, recipient))
        if recipient is not None:
            recipient.kept = True
            hub.keep_tokens(recipient)
    effects += (Show(session, message), ShowOthers(session, message))
    if recipient is None:
        effects.append(Show(session, Notice(text=f"{to} is not here, and will get that when they come in.")))
    elif recipient.away is not None:
        reason = f": {recipient.away}" if recipient.away else "."
        effects.append(Show(session, Notice(text=f"{recipient.name} is away{reason}")))
    _store(hub, session, user, message, effects, recipient=subject, unseen=unseen)


def _require_space(hub: Hub, session: Session, to: str, subject: Subject, reader: User | None) -> None:
    """Raise :class:`NotStored` if so much of this sender waits for *subject* that no more is taken."""
    sender = user_of(session).subject
    mailbox = hub.mailboxes.of(subject)
    oldest = mailbox.oldest_of(sender)
    if mailbox.is_full_for(sender) and oldest and reader is not None and _has_been_shown(hub, reader, oldest):
        # They were shown it long ago, and only read.
        hub.seen(session, subject, oldest, oldest)
        mailbox = hub.mailboxes.of(subject)
    if mailbox.is_full_for(sender):
        raise NotStored(f"{to} has not read what waits for them, so no more is taken from you now. Try again later.")


def _has_been_shown(hub: Hub, user: User, number: int) -> bool:
    """Tell whether all private messages up to the id *number* have been sent to a device of the *user*."""
    return any(number <= session.unconfirmed and hub.delivery.has_sent(session) for session in user.sessions)


class Tell(msgspec.Struct, frozen=True):
    """Show a private message to whom it is for by now: the *recipient*, or all who are here with the account.

    *sender* and *subject* are whom it was from and for when it was sent.
    """

    hub: Hub
    message: Message
    author: User
    sender: Subject
    subject: Subject
    recipient: User | None

    def perform(self, delivery: Delivery) -> None:
        hub, recipient = self.hub, self.recipient
        subject = hub.heir(self.subject)
        here = hub.user_with(subject)
        if recipient is not None and not recipient.gone and here is None:
            here = recipient
        # Who has given the account up meanwhile has given up what waits for it.
        if hub.account_with(subject) is not None or (here is not None and here.subject == subject):
            hub.mailboxes.of(subject).add(self.sender, self.message.id)
        elif recipient is not None and recipient.gone:
            sender = hub.user_with(self.sender)
            for session in sender.sessions if sender is not None else ():
                hub.show(session, not_shown(recipient.name))
        if here is not None and here is not self.author and not ignores(here, self.message.author):
            for session in here.sessions:
                self._show(delivery, session)

    def _show(self, delivery: Delivery, session: Session) -> None:
        if session.state is not State.PRESENT or session.skipped or self.message.id < session.since:
            return
        if delivery.tell(session, self.message, partial(show_skipped, self.hub, session)):
            session.unconfirmed = self.message.id
        else:
            session.skipped = self.message.id


def _store(
    hub: Hub,
    session: Session,
    user: User,
    message: Message,
    effects: Sequence[Effect] = (),
    undo: Undo | None = None,
    recipient: Subject = 0,
    unseen: bool = False,
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
    hub.queue.add(Entry(session, effects, Said(message, digest, user.subject, recipient, unseen), undo, tag))


def _speakable(hub: Hub, text: str) -> str:
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
        # The token may have been another's before: who comes back by it is shown nothing that they said.
        mine = stored is not None and user_of(self.session).was(stored.author)
        self.hub.show(self.session, stored.message if stored is not None and mine else self.message)


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
    if said is None or message is None or not (mine or (room is not None and rights.may_enter(user, room))):
        raise NoSuchMessage(f"There is no message {number}, or not any more.")
    if not (mine or (room is not None and rights.is_op(user, room))):
        raise NotAllowed("That is not yours to delete.")
    event = Deleted(time=hub.now(), room=message.room, id=number, by=user.name, tag=tag)
    effects: list[Effect] = []
    if message.room is not None:
        effects.append(Publish(message.room, event))
    if said.recipient:
        taken_back = Deleted(time=event.time, room=None, id=number, by=user.name)
        effects.append(TakeBack(hub, said.recipient, taken_back, user))
    if message.room not in session.rooms:
        effects.append(Show(session, event))
    fact = Erased((number,), user.name)
    if mine:
        hub.apply(session, fact, effects, tag=tag)
    else:
        why = f"message {number}"
        hub.apply(session, fact, effects, tag=tag, action="delete", target=message.author, room=message.room, why=why)


class TakeBack(msgspec.Struct, frozen=True):
    """Tell whoever is *subject* by now, but for the user *by*, that a private message to them is gone."""

    hub: Hub
    subject: Subject
    event: Deleted
    by: User

    def perform(self, delivery: Delivery) -> None:
        number = self.event.id
        self.hub.mailboxes.seen(self.hub.heir(self.subject), number, number)
        user = self.hub.user_with(self.subject)
        for session in user.sessions if user is not None and user is not self.by else ():
            show_device(delivery, session, self.event)


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
        "msg",
        (USER, TEXT),
        "says something to one user only",
        tell,
        stores=True,
        again=partial(acknowledge, "say"),
    ),
    Command(
        "delete",
        (Parameter("id", Kind.NUMBER, optional=True),),
        "takes back what you said last, or the message with that id",
        delete,
        stores=True,
    ),
)
