"""What users say to one user only."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import msgspec
from msgspec import structs

from chat.core import names
from chat.core.accounts import Account, Subject
from chat.core.command import TEXT, USER, Command
from chat.core.commands.talk import acknowledge, speakable, store_said
from chat.core.effects import Echo, Effect, Show
from chat.core.errors import NotAllowed, NotStored
from chat.core.events import Message, Notice, Sent
from chat.core.facts import Between
from chat.core.hub import Hub
from chat.core.lifecycle import show_skipped
from chat.core.membership import find_user
from chat.core.ports import Delivery, SpentBy
from chat.core.private import cost, not_shown
from chat.core.rights import user_of
from chat.core.session import Session, State, User, ignores

GUESTS = names.key("guests")
"""Who ignores this name is sent nothing in private by users without an account."""


class Addressee(NamedTuple):
    """To whom somebody writes: a party, the name it has now, and whether it is here, or has an account."""

    party: Subject
    name: str
    user: User | None
    account: Account | None

    @property
    def subject(self) -> Subject:
        """The account, or the presence."""
        return self.account.id if self.account is not None else self.party

    def ignores(self, name: str) -> bool:
        """Tell whether it ignores who goes by *name*."""
        if self.user is not None:
            return ignores(self.user, name)
        return self.account is not None and names.key(name) in self.account.ignored


def addressee(hub: Hub, session: Session, name: str) -> Addressee:
    """Who has *name*, be it an account that is not here; raises :class:`NoSuchUser`."""
    account = hub.accounts.get(name) if hub.users.get(name) is None else None
    user = hub.user_with(account.id) if account is not None else None
    if account is not None and user is None:
        return Addressee(account.party, account.name, None, account)
    user = user or find_user(hub, session, name)
    return Addressee(user.party, user.name, user, user.account)


def tell(hub: Hub, session: Session, tag: str | None, name: str, text: str) -> None:
    """Say something to one user only."""
    _tell(hub, session, tag, name, speakable(hub, text), counted=False)


def _tell(hub: Hub, session: Session, tag: str | None, name: str, text: str, *, counted: bool) -> None:
    """Say it, if the sender may; it is *counted* anew how much they have sent if it seems to be too much."""
    user = user_of(session)
    to = addressee(hub, session, name)
    if to.user is not user and user.account is None and to.ignores(GUESTS):
        raise NotAllowed(f"{to.name} takes no private messages from users without an account. /register makes you one.")
    sender = str(user.party) if user.account is not None else session.peer.network
    if hub.shares.spent(sender) + cost(text) > hub.limits.private:
        if counted:
            raise NotStored(_full(hub, user))

        def found(size: int) -> None:
            hub.shares.set(sender, size)
            if not session.gone:
                _tell(hub, session, tag, name, text, counted=True)

        # The history may have dropped some of it.
        hub.ask_in_turn(session, SpentBy(sender), found, tag)
        return
    hub.shares.add(sender, cost(text))
    between = Between(user.party, to.party, sender, heard=not to.ignores(user.name))
    message: Message = Sent(
        id=hub.take_id(),
        time=hub.now(),
        to=to.name,
        author=user.name,
        kind="say",
        text=text,
        tag=tag,
        account=user.account.name if user.account is not None else None,
        with_=str(to.party),
    )
    user.kept = True
    if to.user is not None and between.heard:
        to.user.kept = True
        hub.keep_tokens(to.user)
    effects: list[Effect] = []
    if to.user is user:
        message = Message(**structs.asdict(message))
        effects.append(Show(session, message))
    else:
        effects.append(Echo(session, message))
    effects.append(Tell(hub, message, between, session, to.user))
    if to.user is not None and to.user.away is not None:
        reason = f": {to.user.away}" if to.user.away else "."
        effects.append(Show(session, Notice(text=f"{to.name} is away{reason}")))
    undo = partial(_unspend, hub, sender, cost(text))
    store_said(hub, session, user, message, effects, undo, to.subject, between)


def _unspend(hub: Hub, sender: str, size: int) -> tuple[Effect, ...]:
    hub.shares.add(sender, -size)
    return ()


def _full(hub: Hub, user: User) -> str:
    whose = "Your private messages" if user.account is not None else "Private messages from your address"
    megabytes = hub.limits.private / 1_048_576
    return f"{whose} take {megabytes:g} MB, which is the most. Delete some of them, or try again later."


class Tell(msgspec.Struct, frozen=True):
    """Show a private message to whom it is for by now, and to the author's other devices; tell if nobody is shown it.

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
                if self._show(delivery, device, seen):
                    device.was_shown(between.author, message.id)

    def _show(self, delivery: Delivery, session: Session, message: Message) -> bool:
        """Show *message* to one device, if it is not to be shown it later; tell whether it was."""
        if session.state is not State.PRESENT or session.skipped or message.id < session.since:
            return False
        if delivery.tell(session, message, partial(show_skipped, self.hub, session)):
            return True
        session.skipped = message.id
        return False


COMMANDS = (
    Command(
        "msg",
        (USER, TEXT),
        "says something to one user only",
        tell,
        stores=True,
        again=partial(acknowledge, "say"),
    ),
)
