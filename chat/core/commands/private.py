"""What users say to one user only, and their conversations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from msgspec import structs

from chat.core.accounts import Subject
from chat.core.changed import gone
from chat.core.command import WITH, Command, Kind, Parameter
from chat.core.commands.history import DEFAULT_COUNT
from chat.core.conversations import Addressee, addressee, addressee_with, find_party, party_from, require_welcome, watch
from chat.core.effects import Echo, Effect, Recall, Show
from chat.core.errors import NotStored
from chat.core.events import ConversationLine, Conversations, File, History, Message, Notice, Sent
from chat.core.facts import Attached, Between, Said
from chat.core.hub import Hub
from chat.core.lifecycle import show_skipped
from chat.core.ports import Conversation, ConversationsOf, Delivery, MessageById, Query, SpentBy
from chat.core.private import cost, not_shown
from chat.core.queue import Undo
from chat.core.rights import user_of
from chat.core.saying import acknowledge, answered_by, forget_said, quote, speakable, store_said
from chat.core.session import Session, State, User, ignores
from chat.core.text import size_in_words


def message(
    hub: Hub,
    session: Session,
    tag: str | None,
    name: str = "",
    text: str | None = None,
    with_: str | None = None,
    re: int | None = None,
    action: bool = False,
) -> None:
    """Say something to one user only, or what one does (*action*).

    Without a text, show what was said last in the conversation with them.
    """
    if text is None:
        find_party(hub, session, name, tag, partial(_show, hub, session, tag))
        return
    find = partial(_addressee, hub, session, name, party_from(with_) if with_ is not None else None)
    text = speakable(hub, session, text)
    if re is None:
        _tell(hub, session, tag, find, text, action=action, counted=False)
        return

    def found(said: Said | None) -> None:
        answered = answered_by(hub, session, re, said)
        between, party = answered.between, user_of(session).party
        if between is None or not between.is_had_by(party) or between.opposite(party) != find().party:
            raise gone(re)
        _tell(hub, session, tag, find, text, answered, action=action, counted=False)

    hub.ask_in_turn(session, MessageById(re, user_of(session).party), found, tag)


def _show(hub: Hub, session: Session, tag: str | None, other: Subject, name: str) -> None:
    query = Query(None, hub.next_id, DEFAULT_COUNT, party=user_of(session).party, other=other)
    answer = History(room=None, messages=[], more=False, with_=str(other), name=name, tag=tag)
    session.spent += hub.limits.history_cost - 1
    hub.answer(session, Recall(session, query, answer))


def _addressee(hub: Hub, session: Session, name: str, party: Subject | None) -> Addressee:
    return addressee(hub, session, name) if party is None else addressee_with(hub, party)


def sender_of(session: Session) -> str:
    """Whose share of the room for private messages, and for files, it is what is sent from *session*."""
    user = user_of(session)
    return str(user.party) if user.account is not None else session.peer.network


def _tell(
    hub: Hub,
    session: Session,
    tag: str | None,
    find: Callable[[], Addressee],
    text: str,
    answered: Said | None = None,
    *,
    action: bool,
    counted: bool,
) -> None:
    """Say it, if the sender may. If they seem to have sent too much, that is *counted* anew first."""
    user = user_of(session)
    to = find()
    require_welcome(user, to)
    sender = sender_of(session)
    if hub.shares.spent(sender) + cost(text) > hub.limits.private:
        again = partial(_tell, hub, session, tag, find, text, answered, action=action, counted=True)
        count_share(hub, session, tag, sender, again, counted=counted)
        return
    say_to(hub, session, to, sender, text, tag, answered, action=action)


def say_to(
    hub: Hub,
    session: Session,
    to: Addressee,
    sender: str,
    text: str,
    tag: str | None = None,
    answered: Said | None = None,
    *,
    action: bool = False,
    file: File | None = None,
    attached: Attached | None = None,
    then: Sequence[Effect] = (),
    also: Undo = tuple,
) -> None:
    """Say something to somebody, which takes so much of the share of the *sender*, or send them a *file*.

    If it can't be stored, *also* is called besides.
    """
    user = user_of(session)
    hub.shares.add(sender, cost(text))
    between = Between(user.party, to.party, sender, heard=not to.ignores(user.name))
    said: Message = Sent(
        id=hub.take_id(),
        time=hub.now(),
        to=to.name,
        author=user.name,
        kind="action" if action or file is not None else "say",
        text=text,
        tag=tag,
        account=user.account.name if user.account is not None else None,
        with_=str(to.party),
        file=file,
        **quote(answered),
    )
    user.kept = True
    if to.user is not None and between.heard:
        to.user.kept = True
        hub.keep_tokens(to.user)
    effects: list[Effect] = []
    if to.user is user:
        said = Message(**structs.asdict(said))
        effects.append(Show(session, said))
    else:
        # Who sends a file has not typed that.
        effects.append(Echo(session, said) if file is None else Show(session, said))
    effects.append(Tell(hub, said, between, session, to.user))
    if to.user is not None and to.user.away is not None:
        reason = f": {to.user.away}" if to.user.away else "."
        effects.append(Show(session, Notice(text=f"{to.name} is away{reason}")))
    undo = partial(_untold, hub, user, sender, said, also)
    answers = answered.author if answered is not None else 0
    store_said(hub, session, user, said, (*effects, *then), undo, to.subject, between, answers, attached=attached)


def _untold(hub: Hub, user: User, sender: str, message: Message, also: Undo) -> Sequence[Effect]:
    """A private message could not be stored: it takes nothing of the share of its *sender*."""
    hub.shares.add(sender, -cost(message.text))
    return (*also(), *forget_said(user, message.id))


def count_share(
    hub: Hub, session: Session, tag: str | None, sender: str, then: Callable[[], None], *, counted: bool
) -> None:
    """Count what the *sender*'s private messages take, as the history may have dropped some of them, and try again.

    Raises :class:`NotStored` if that was *counted* already.
    """
    if counted:
        registered = user_of(session).account is not None
        whose = "Your private messages" if registered else "Private messages from your address"
        most = size_in_words(hub.limits.private)
        raise NotStored(f"{whose} take {most}, which is the most. Delete some of them, or try again later.")

    def found(size: int) -> None:
        hub.shares.set(sender, size)
        if not session.gone:
            then()

    hub.ask_in_turn(session, SpentBy(sender), found, tag)


class Tell(msgspec.Struct, frozen=True):
    """Show a private message to its recipient and the author's other devices; tell the author if nobody is shown it.

    *recipient* is who was here for it when it was said by *session*.
    """

    hub: Hub
    message: Message
    between: Between
    session: Session
    recipient: User | None

    def perform(self, delivery: Delivery) -> None:
        hub, between, message = self.hub, self.between, self.message
        for device in user_of(self.session).others(self.session):
            self._show(delivery, device, structs.replace(message, tag=None))
        if between.other == between.author:
            return
        for device in user_of(self.session).sessions:
            watch(hub, device, between.other)
        reader = hub.user_with(between.other)
        if reader is None and self.recipient is not None and not self.recipient.gone:
            # They have given up their account.
            reader = self.recipient
        if between.heard:
            self._hand_over(delivery, reader)
        if reader is None and hub.name_of(between.other) is not None:
            delivery.show(self.session, Notice(text=f"{message.to} is not here, and will get that when they come in."))
        elif reader is not None and reader.held:
            text = f"{message.to} is not connected just now, and will get that when they are back."
            delivery.show(self.session, Notice(text=text))

    def _hand_over(self, delivery: Delivery, reader: User | None) -> None:
        hub, between, message = self.hub, self.between, self.message
        if reader is None and hub.name_of(between.other) is None:
            author = hub.user_with(between.author)
            for session in author.sessions if author is not None and message.to is not None else ():
                hub.show(session, not_shown(message.to or ""))
        if reader is None:
            return
        if reader.account is None:
            hub.unheard.add(reader.party, between.author, message.id)
        if not ignores(reader, message.author):
            seen = Message(**{**structs.asdict(message), "with_": str(between.author)})
            for device in reader.sessions:
                watch(hub, device, between.author)
                if self._show(delivery, device, seen):
                    device.was_shown(between.author, message.id)

    def _show(self, delivery: Delivery, session: Session, message: Message) -> bool:
        """Show *message* to a device, unless it will be shown it later; return whether it was shown now."""
        if session.state is not State.PRESENT or session.skipped or message.id < session.since:
            return False
        if delivery.tell(session, message, partial(show_skipped, self.hub, session)):
            return True
        session.skipped = message.id
        return False


# -- all of them


def conversations(
    hub: Hub, session: Session, tag: str | None, before: int | None = None, count: int | None = None
) -> None:
    """List the conversations of the user, the newest first."""
    most = max(1, min(hub.limits.history_count if count is None else count, hub.limits.history_count))
    limit = hub.next_id if before is None else min(before, hub.next_id)
    session.spent += hub.limits.history_cost - 1
    asked = ConversationsOf(user_of(session).party, limit, most + 1)
    hub.ask_in_turn(session, asked, partial(_list, hub, session, tag, most), tag)


def _list(hub: Hub, session: Session, tag: str | None, most: int, found: Sequence[Conversation]) -> None:
    lines = []
    for one in found[:most]:
        name = hub.name_of(one.other)
        here = hub.user_with(one.other) is not None
        watch(hub, session, one.other)
        lines.append(
            ConversationLine(
                with_=str(one.other),
                name=name or one.name,
                last=one.last,
                read=one.read,
                unread=one.unread,
                time=one.time,
                here=here,
                gone=name is None,
            )
        )
    hub.show(session, Conversations(conversations=lines, more=len(found) > most, tag=tag))


COMMANDS = (
    Command(
        "msg",
        (
            Parameter("name", Kind.USER, instead="with"),
            Parameter("text", Kind.TEXT, alone=True),
            WITH,
            Parameter("re", Kind.NUMBER, optional=True, programs=True),
            Parameter("action", Kind.SWITCH, optional=True, programs=True),
        ),
        "says something to one user only; without a text, shows what you two said last",
        message,
        stores=True,
        again=partial(acknowledge, "say"),
        asks_without="text",
    ),
    Command(
        "conversations",
        (
            Parameter("before", Kind.NUMBER, optional=True),
            Parameter("count", Kind.NUMBER, optional=True, programs=True),
        ),
        "lists with whom you have talked in private, and what you have not read of it",
        conversations,
    ),
)
