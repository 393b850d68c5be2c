"""With whom users have their conversations: parties, the names they have, and who is told what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from chat.core import names
from chat.core.accounts import Account, Subject
from chat.core.effects import Effect, show_device
from chat.core.errors import BadField, NoSuchUser, NotAllowed
from chat.core.events import ConversationChanged
from chat.core.hub import Hub
from chat.core.membership import find_anyone
from chat.core.ports import Conversation, ConversationsOf, Delivery
from chat.core.rights import user_of
from chat.core.session import CONVERSATIONS, Session, User, ignores

MOST_LOOKED_AT = 1_000
"""So many of the newest conversations are searched for somebody who is gone."""


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
        found = self.user or self.account
        return found is not None and ignores(found, name)


def addressee(hub: Hub, session: Session, name: str) -> Addressee:
    """Who has *name*: a user, or an account that is not here; raises :class:`NoSuchUser`."""
    return _addressed(find_anyone(hub, session, name))


def _addressed(found: User | Account) -> Addressee:
    if isinstance(found, User):
        return Addressee(found.party, found.name, found, found.account)
    return Addressee(found.party, found.name, None, found)


def addressee_with(hub: Hub, party: Subject) -> Addressee:
    """Who the *party* is now; raises :class:`NoSuchUser`."""
    found = hub.with_party(party)
    if found is not None:
        return _addressed(found)
    raise NoSuchUser("Whoever that was is gone for good.")


def require_welcome(user: User, to: Addressee) -> None:
    """Raise :class:`NotAllowed` if whoever the *user* writes *to* takes nothing from users without an account."""
    if to.user is not user and user.account is None and to.ignores(GUESTS):
        raise NotAllowed(f"{to.name} takes no private messages from users without an account. /register makes you one.")


def party_from(text: str) -> Subject:
    """Read what names the other side of a conversation on the wire; raises :class:`BadField`."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) < 20 and 0 < int(digits) < 1 << 63:
        return int(text)
    raise BadField('"with" must be what a message or a conversation had in it.')


def find_party(hub: Hub, session: Session, name: str, tag: str | None, then: Callable[[Subject, str], None]) -> None:
    """Call *then* with the party that has *name*, and that name.

    If nobody has it now, it is who had it in the newest conversation of the user with somebody who is gone. If there is
    none either, the session gets a refusal under *tag*.
    """
    try:
        known = addressee(hub, session, name)
    except NoSuchUser as error:
        asked = ConversationsOf(user_of(session).party, hub.next_id, MOST_LOOKED_AT)
        hub.ask_in_turn(session, asked, partial(_find_gone, hub, name, error, then), tag)
        return
    then(known.party, known.name)


def _find_gone(
    hub: Hub,
    name: str,
    error: NoSuchUser,
    then: Callable[[Subject, str], None],
    conversations: Sequence[Conversation],
) -> None:
    for one in conversations:
        if hub.name_of(one.other) is None and names.key(one.name) == names.key(name):
            then(one.other, one.name)
            return
    raise error


def watch(hub: Hub, session: Session, party: Subject) -> None:
    """Tell the client of *session*, if it knows of conversations, what becomes of a *party* that it has one with."""
    if CONVERSATIONS in session.accept and not session.gone:
        hub.watchers.add(session, party)


class TellWatchers(msgspec.Struct, frozen=True):
    """Tell those who have a conversation with a *party* what it is called now, and whether it is here."""

    hub: Hub
    party: Subject

    def perform(self, delivery: Delivery) -> None:
        hub, party = self.hub, self.party
        name, here = hub.name_of(party), hub.user_with(party) is not None
        for session in hub.watchers.of(party):
            show_device(delivery, session, ConversationChanged(with_=str(party), name=name, here=here))


def told_watchers(hub: Hub, party: Subject) -> Sequence[Effect]:
    """The *party* was renamed, came or left: return what tells those who have a conversation with it."""
    return (TellWatchers(hub, party),) if hub.watchers.of(party) else ()
