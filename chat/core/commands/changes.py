"""How users change what was said: edit it, take it back, react to it, pin it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec import structs

from chat.core import reactions, rights
from chat.core.changed import gone
from chat.core.command import HERE, ON, TEXT, Command, Kind, Parameter, Right
from chat.core.commands.private import count_share
from chat.core.conversations import addressee_with, require_welcome
from chat.core.effects import Effect, Publish, Show, show_device
from chat.core.errors import BadField, NoSuchMessage, NotAllowed
from chat.core.events import AnyChange, Deleted, Edited, Message, Pinned, Pins, Reacted
from chat.core.facts import Between, Changed, Said
from chat.core.hub import Hub
from chat.core.lifecycle import show_skipped
from chat.core.membership import room_of
from chat.core.names import key
from chat.core.ports import Delivery, FindMessages, MessageById, MessagesById, Query
from chat.core.private import cost
from chat.core.queue import Undo
from chat.core.reactions import MOST_KINDS, Burst, reaction_from
from chat.core.rights import user_of
from chat.core.room import Room
from chat.core.saying import MOST_SAID, RECENT, speakable
from chat.core.session import Session, ignores
from chat.core.text import quoted
from chat.core.when import split_id

EDITABLE = timedelta(hours=1)
"""For so long the author of a message may edit it."""

MOST_PINS = 50
"""So many messages of a room may be pinned."""


class Target(NamedTuple):
    """A message that a user wants to change, as it is now: in a ``room``, if that is there, or ``between`` two parties.

    ``mine``: the user has said it.
    """

    message: Message
    mine: bool
    room: Room | None
    between: Between | None


def _look_up(hub: Hub, session: Session, tag: str | None, number: int, then: Callable[[Target], None]) -> None:
    """Look up a message that the user wants to change, and go on with it as it is then."""
    party = user_of(session).party

    def found(said: Said | None) -> None:
        target = _target(hub, session, number, said)
        if user_of(session).party == party:
            then(target)
        else:
            # The account was given up meanwhile: what the message is to the user has to be looked up anew.
            _look_up(hub, session, tag, number, then)

    hub.ask_in_turn(session, MessageById(number, party), found, tag)


def _target(hub: Hub, session: Session, number: int, said: Said | None) -> Target:
    """The message that was looked up, if it is there and the user may read it; raises :class:`NoSuchMessage`."""
    session.require_here()
    if said is None:
        raise gone(number)
    user = user_of(session)
    message, between = hub.changed.current(said.message, user.party), said.between
    room = hub.rooms.find(message.room) if message.room is not None else None
    mine = user.was(said.author)
    has = between is not None and between.is_had_by(user.party)
    if not (mine or has or (room is not None and rights.may_enter(hub, user, room))):
        raise gone(number)
    return Target(message, mine, room, between)


def _require_speech(hub: Hub, session: Session, target: Target) -> None:
    """Raise :class:`ChatError` if the user may not speak where the message was said, or to whom it is private with."""
    user, between = user_of(session), target.between
    if target.message.room is not None:
        rights.require_speech(hub, user, room_of(hub, session, target.message.room))
    elif between is not None:
        other = between.opposite(user.party)
        if hub.with_party(other) is not None:
            require_welcome(user, addressee_with(hub, other))


def _last_said(hub: Hub, session: Session, if_none: str) -> int:
    """The id of what the user said last; raises :class:`NoSuchMessage` with the sentence *if_none*."""
    said = set(user_of(session).said or ())
    if session.token is not None:
        # After a restart of the server, this is what is known.
        said |= {number for number, _ in session.token.tags.values()}
    for number in sorted(said, reverse=True)[:MOST_SAID]:
        if not hub.changed.is_deleted(number):
            return number
    raise NoSuchMessage(if_none)


# -- applying a change


def _apply(
    hub: Hub,
    session: Session,
    target: Target,
    event: AnyChange,
    effects: Sequence[Effect] = (),
    *,
    action: str = "",
    undo: Undo = tuple,
) -> None:
    """Have a message changed as *event* tells, and show that to all who can read it."""
    user = user_of(session)
    message, between = target.message, target.between
    fact = Changed(event, user.party, session.token_digest, target.room is not None and target.room.private)
    shown: list[Effect] = []
    if between is not None:
        shown.append(ShowBetween(hub, session, between, event, message))
    elif message.room is not None:
        shown += Publish(message.room, event, asker=session), NoteChange(hub, message.room, event, message)
        if message.room not in session.rooms or _needs_an_answer(session, event):
            shown.append(Show(session, event))
    hub.apply(
        session,
        fact,
        (*shown, *effects),
        tag=event.tag,
        action=action,
        target=message.author if action else "",
        room=message.room,
        why=f"message {message.id}",
        also=undo,
    )


class NoteChange(msgspec.Struct, frozen=True):
    """Have people told of a reaction, together with others that come soon, and of what became of the message."""

    hub: Hub
    room: str
    event: AnyChange
    message: Message

    def perform(self, delivery: Delivery) -> None:
        self.hub.bursts.note(self.room, self.event, self.message)


def _confirm(hub: Hub, session: Session, target: Target, event: AnyChange) -> None:
    """Answer a request that changes nothing."""
    if target.between is not None:
        event = structs.replace(event, with_=str(target.between.opposite(user_of(session).party)))
    hub.confirm(session, event, event.tag)


def _needs_an_answer(session: Session, event: AnyChange) -> bool:
    """Tell whether a program must be answered by itself, as it is not shown reactions otherwise."""
    return isinstance(event, Reacted) and not session.one_room and not session.knows_changes


class ShowBetween(msgspec.Struct, frozen=True):
    """Show a change of a private *message* to its author and to the other who has it, on all devices."""

    hub: Hub
    session: Session
    between: Between
    event: AnyChange
    message: Message

    def perform(self, delivery: Delivery) -> None:
        between = self.between
        self._show(delivery, between.author, between.other)
        if between.heard and between.other != between.author:
            self._show(delivery, between.other, between.author)

    def _show(self, delivery: Delivery, party: int, other: int) -> None:
        user = self.hub.user_with(party)
        if user is None:
            return
        if user is not self.session.user and not isinstance(self.event, Deleted) and ignores(user, self.event.by):
            return
        for device in user.sessions:
            tag = self.event.tag if device is self.session else None
            event = structs.replace(self.event, with_=str(other), tag=tag)
            if not self._show_device(delivery, device, event):
                continue
            if device.one_room and isinstance(event, Reacted):
                burst = Burst()
                burst.add(event, self.message)
                for told in burst.events():
                    show_device(delivery, device, told)

    def _show_device(self, delivery: Delivery, device: Session, event: AnyChange) -> bool:
        """Show *event* to a device, but for one that has too much to read; return whether it was shown.

        To one that knows of changes it is shown later. Others are told in any case what is deleted, but not the rest.
        """
        if device is self.session or device.untold is not None:
            show_device(delivery, device, event)
            return True
        if device.knows_changes:
            if device.skipped or not delivery.tell(device, event, partial(show_skipped, self.hub, device)):
                device.skipped = device.skipped or event.rev
                return False
            return True
        if isinstance(event, Deleted) or not delivery.is_full(device):
            delivery.show(device, event)
            return True
        return False


# -- taking back


def delete(hub: Hub, session: Session, tag: str | None, id: int | None = None) -> None:
    """Take back what was said."""
    none = "There is nothing to take back. Give the id of a message; /search shows them."
    number = _last_said(hub, session, none) if id is None else id
    _look_up(hub, session, tag, number, partial(_delete, hub, session, tag))


def _delete(hub: Hub, session: Session, tag: str | None, target: Target) -> None:
    user, message = user_of(session), target.message
    if not (target.mine or (target.room is not None and rights.is_op(user, target.room))):
        raise NotAllowed("That is not yours to delete.")
    event = deletion(hub, message, user.name, tag)
    effects = [TakeBack(hub, target.between, message.id, message.text)] if target.between is not None else []
    _apply(hub, session, target, event, effects, action="" if target.mine else "delete")


def deletion(hub: Hub, message: Message, by: str, tag: str | None = None) -> Deleted:
    """Make the event that tells that a message goes now, whose it was, and when it was said."""
    return Deleted(
        id=message.id,
        rev=hub.take_id(),
        room=message.room,
        by=by,
        time=hub.now(),
        tag=tag,
        author=message.author,
        said=message.time,
    )


class TakeBack(msgspec.Struct, frozen=True):
    """A private message is gone: its sender has its share of the history again."""

    hub: Hub
    between: Between
    number: int
    text: str

    def perform(self, delivery: Delivery) -> None:
        self.hub.shares.add(self.between.sender, -cost(self.text))
        self.hub.unheard.taken_back(self.between.other, self.between.author, self.number)


# -- editing


def edit(hub: Hub, session: Session, tag: str | None, text: str, id: int | None = None) -> None:
    """Give one's own message another text. People may type its id before that."""
    if session.one_room:
        id, text = split_id(text)
    text = speakable(hub, session, text)
    none = "There is nothing to edit: you have said nothing since you came in."
    number = _last_said(hub, session, none) if id is None else id
    _look_up(hub, session, tag, number, partial(_edit, hub, session, tag, text, counted=False))


def _edit(hub: Hub, session: Session, tag: str | None, text: str, target: Target, *, counted: bool) -> None:
    """Edit it, if the user may. If they seem to have sent too much in private, that is *counted* anew first."""
    user, message = user_of(session), target.message
    if not target.mine:
        raise NotAllowed("That is not yours to edit.")
    if datetime.fromisoformat(hub.now()) - datetime.fromisoformat(message.time) > EDITABLE:
        raise NotAllowed("That was said more than an hour ago. It can't be edited any more.")
    _require_speech(hub, session, target)
    event = Edited(id=message.id, room=message.room, by=user.name, text=text, time=hub.now(), tag=tag)
    if text == message.text:
        _confirm(hub, session, target, event)
        return
    undo: Undo = tuple
    if target.between is not None:
        sender, more = target.between.sender, cost(text) - cost(message.text)
        if more > 0 and hub.shares.spent(sender) + more > hub.limits.private:
            edit_then = partial(_edit, hub, session, tag, text, counted=True)
            again = partial(_look_up, hub, session, tag, message.id, edit_then)
            count_share(hub, session, tag, sender, again, counted=counted)
            return
        hub.shares.add(sender, more)
        undo = partial(hub.shares.add, sender, -more)
    _apply(hub, session, target, structs.replace(event, rev=hub.take_id()), undo=undo)


# -- reacting


def react(
    hub: Hub,
    session: Session,
    tag: str | None,
    text: str,
    room: str = "",
    id: int | None = None,
    on: bool | None = None,
) -> None:
    """React to a message, or take that back; without an id, to the newest of the room that somebody else said."""
    text = reaction_from(text)
    user = user_of(session)
    if id is not None:
        _look_up(hub, session, tag, id, partial(_react, hub, session, tag, text, on))
        return
    query = Query(room_of(hub, session, room).name, hub.next_id, RECENT)

    def found(messages: Sequence[Message]) -> None:
        own = {*(user.said or ())}
        others = [
            message.id
            for message in messages
            if message.id not in own and message.author != user.name and key(message.author) not in session.ignored
        ]
        if not others:
            raise NoSuchMessage(
                f"Nobody else has said anything in #{query.room} lately. Give the id of a message: /react 👍 217"
            )
        react(hub, session, tag, text, room, others[-1], on)

    hub.ask_in_turn(session, FindMessages(query), found, tag)


def _react(hub: Hub, session: Session, tag: str | None, text: str, on: bool | None, target: Target) -> None:
    user, message = user_of(session), target.message
    _require_speech(hub, session, target)
    counts = {one.text: one.count for one in message.reactions}
    mine = any(one.mine for one in message.reactions if one.text == text)
    on = not mine if on is None else on
    count = counts.get(text, 0) + on - mine
    event = Reacted(
        id=message.id, room=message.room, by=user.name, text=text, on=on, count=count, time=hub.now(), tag=tag
    )
    if on is mine:
        _confirm(hub, session, target, event)
        return
    if on and text not in counts and len(counts) >= MOST_KINDS:
        raise BadField(f"That message has {MOST_KINDS} different reactions, which is the most. Use one of them.")
    if on and sum(counts.values()) >= reactions.MOST:
        raise BadField(f"That message has {reactions.MOST:,} reactions, which is the most.")
    _apply(hub, session, target, structs.replace(event, rev=hub.take_id()))


# -- pinning


def pin(hub: Hub, session: Session, tag: str | None, room: str, id: int | None = None, on: bool | None = None) -> None:
    """Pin a message of the room, or take that back; without an id, the newest."""
    there = room_of(hub, session, room)
    if id is not None:
        _look_up(hub, session, tag, id, partial(_pin, hub, session, tag, there.name, on))
        return

    def found(messages: Sequence[Message]) -> None:
        session.require_here()
        if not messages:
            raise NoSuchMessage(f"Nothing has been said in #{there.name}.")
        pin(hub, session, tag, room, messages[0].id, on)

    hub.ask_in_turn(session, FindMessages(Query(there.name, hub.next_id, 1)), found, tag)


def _pin(hub: Hub, session: Session, tag: str | None, name: str, on: bool | None, target: Target) -> None:
    user, message = user_of(session), target.message
    room = room_of(hub, session, name)
    rights.require(user, Right.OP, room)
    if message.room != room.name:
        raise NoSuchMessage(f"Message {message.id} is not in #{room.name}.")
    pinned = message.id in room.pinned
    on = not pinned if on is None else on
    event = Pinned(
        id=message.id,
        room=room.name,
        by=user.name,
        on=on,
        author=message.author,
        text=quoted(message.text),
        time=hub.now(),
        tag=tag,
    )
    if on is pinned:
        _confirm(hub, session, target, event)
        return
    if on and len(room.pinned) >= MOST_PINS:
        raise BadField(f"{MOST_PINS} messages are pinned in #{room.name}, which is the most. Unpin one of them first.")
    _apply(hub, session, target, structs.replace(event, rev=hub.take_id()))


def pins(hub: Hub, session: Session, tag: str | None, room: str) -> None:
    """Show the pinned messages of the room."""
    there = room_of(hub, session, room)
    asked = there.pinned

    def found(messages: Sequence[Message]) -> None:
        kept = {message.id for message in messages}
        # The history may have dropped some of them.
        there.pinned = tuple(number for number in there.pinned if number in kept or number not in asked)
        shown = [message for message in messages if key(message.author) not in session.ignored]
        hub.show(session, Pins(room=there.name, messages=shown, tag=tag))

    session.spent += hub.limits.history_cost - 1
    hub.ask_in_turn(session, MessagesById(asked, user_of(session).party), found, tag)


COMMANDS = (
    Command(
        "edit",
        (Parameter("id", Kind.NUMBER, optional=True, programs=True), TEXT),
        "changes what you said last, or your message with that id, within an hour: /edit tea or /edit #217 tea",
        edit,
        stores=True,
    ),
    Command(
        "delete",
        (Parameter("id", Kind.NUMBER, optional=True),),
        "takes back what you said last, since you came in, or the message with that id, which /search shows",
        delete,
        stores=True,
    ),
    Command(
        "react",
        (
            Parameter("room", Kind.ROOM, here=True, people=True),
            Parameter("text", Kind.REACTION),
            Parameter("id", Kind.NUMBER, alone=True),
            ON,
        ),
        "reacts to what somebody said last, or to the message with that id: /react 👍 or /react 👍 217",
        react,
        stores=True,
    ),
    Command(
        "pin",
        (HERE, Parameter("id", Kind.NUMBER, alone=True), ON),
        "pins what was said last, or the message with that id, which /search shows; again, takes that back",
        pin,
        needs=Right.OP,
        stores=True,
    ),
    Command("pins", (HERE,), "shows what is pinned in the room", pins),
)
