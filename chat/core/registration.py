"""Making an account: who may, with whose invitation, and how somebody comes in with a new one."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from chat.core.accounts import StoredAccount, Subject, check_password
from chat.core.authentication import find_invitation, refuse_banned, require_key, require_secure
from chat.core.doors import (
    CODE_BYTES,
    GOOD_FOR,
    MOST,
    MOST_EACH,
    OPERATOR,
    Invitation,
    Registration,
    code_from,
    digest_of,
)
from chat.core.errors import BadField, ChatError, InvitationNeeded, NameTaken, NotAllowed
from chat.core.facts import MadeAtDoor, Registered
from chat.core.hub import Hub
from chat.core.lifecycle import admit, require_place
from chat.core.names import user_name
from chat.core.ports import Delivery, HashPassword
from chat.core.session import NO_MARKS, ResumeToken, Session

# -- with an invitation


def require_registration(hub: Hub, session: Session, code: str | None) -> str:
    """Return the digest of the invitation with which a client may make an account, ``""`` if it needs none.

    Raises :class:`ChatError` if nobody may make one, or not with this *code*.
    """
    match hub.doors.registration:
        case Registration.OPEN:
            return ""
        case Registration.CLOSED:
            raise NotAllowed("Nobody can register here. Ask whoever runs this chat for an account.")
        case Registration.INVITATION if code is None:
            raise InvitationNeeded("To register here you need an invitation. Send its code with the password.")
        case Registration.INVITATION:
            return find_invitation(hub, session, code).digest


def invited_by(hub: Hub, fact: Registered) -> str:
    """Say for the audit record who has invited somebody, before the *fact* is applied."""
    if not fact.invitation:
        return ""
    maker = hub.accounts.with_id(hub.invitations.find(fact.invitation, hub.seconds).maker)
    return f"invited by {maker.name if maker is not None else 'the operator'}"


def make_invitation(hub: Hub, maker: Subject) -> tuple[Invitation, str]:
    """Make an invitation, which is still to be stored, and its code; raises :class:`NotAllowed`."""
    match hub.doors.registration:
        case Registration.CLOSED:
            raise NotAllowed("Nobody can register here, so an invitation would be of no use.")
        case Registration.OPEN:
            raise NotAllowed("Everybody can register here, so nobody needs an invitation.")
    hub.invitations.drop_ended(hub.seconds)
    if maker != OPERATOR and len(hub.invitations.by(maker)) >= MOST_EACH:
        raise NotAllowed(f"{MOST_EACH} invitations of yours wait to be used, which is the most.")
    if len(hub.invitations) >= MOST:
        raise NotAllowed(f"{MOST} invitations wait to be used, which is the most.")
    code = code_from(hub.random.randbytes(CODE_BYTES))
    return Invitation(digest_of(code), maker, hub.seconds + GOOD_FOR), code


def passed_on(hub: Hub, code: str) -> str:
    """Write the line to pass on with a *code*."""
    key = " It asks for its key first, which you need too." if hub.doors.key is not None else ""
    where = (
        "Press Enter when it asks for your name, and then type this code"
        if hub.doors.members_only
        else "To make your name yours, type /register and a password, and then this code"
    )
    return f"You are invited to the chat.{key} {where}: {code}"


# -- at the door


def require_choosable(hub: Hub, session: Session, name: str) -> str:
    """Return *name* as a new account may have it; raises :class:`ChatError` if it can't be had."""
    name = user_name(name)
    refuse_banned(hub, hub.bans.of_name(name, hub.seconds) or hub.bans.of_address(session.peer.address, hub.seconds))
    hub.refuse_reserved(name)
    hub.free_names()
    for taken in (hub.accounts, hub.users):
        if taken.holders(name):
            raise NameTaken(f"That name is taken.{taken.likeness(name)} Choose another.")
    return name


def come_in_new(
    hub: Hub,
    session: Session,
    name: str | None,
    rooms: Mapping[str, int | None],
    password: str | None,
    code: str | None,
    token: ResumeToken | None = None,
    tag: str | None = None,
) -> None:
    """Make an account of *name*, and come in under it, as :func:`~chat.core.lifecycle.come_in` does.

    What is found out later is shown as a refusal and not raised.
    """
    require_key(hub, session)
    if not name or password is None:
        raise BadField('To register, "hello" needs "name" and "password".')
    invitation = require_registration(hub, session, code)
    require_place(hub, session, rooms)
    chosen = require_choosable(hub, session, name)
    require_secure(hub, session)
    check_password(password)

    def hashed(encoded: str) -> None:
        if session.gone:
            return
        require_place(hub, session, rooms)
        free = require_choosable(hub, session, chosen)
        fact = MadeAtDoor(hub.take_account(), free, encoded, hub.take_presence(), invitation)
        hub.apply(session, fact, tag=tag, action="register", target=chosen, why=invited_by(hub, fact))
        # Behind the account, and nothing more is read from the client before it.
        hub.answer(session, LetIn(hub, session, fact, rooms, token, tag))

    hub.ask(session, HashPassword(password, session.peer.network, session.require_here), hashed, tag)


class LetIn(msgspec.Struct, frozen=True):
    """Somebody who has made an account at the door comes in, if it could be stored."""

    hub: Hub
    session: Session
    fact: MadeAtDoor
    rooms: Mapping[str, int | None]
    token: ResumeToken | None
    tag: str | None

    def perform(self, delivery: Delivery) -> None:
        hub, session, fact = self.hub, self.session, self.fact
        if session.gone or hub.accounts.with_id(fact.account) is None:
            return
        stored = StoredAccount(fact.account, fact.name, fact.password)
        try:
            admit(hub, session, fact.name, self.rooms, self.token, NO_MARKS, stored)
        except ChatError as refusal:
            hub.refuse(session, refusal, self.tag)
