"""Names that belong to somebody: registering one, its password, giving it up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import msgspec

from chat.core import rights
from chat.core.accounts import StoredAccount, check_password
from chat.core.authentication import check, refuse_banned, require_secure
from chat.core.command import SECRET, USER, Command, Kind, Parameter, Right
from chat.core.conversations import told_watchers
from chat.core.effects import Effect, Inform, Show
from chat.core.errors import AlreadyThere, NameTaken, NotAllowed
from chat.core.events import Notice
from chat.core.facts import AccountRenamed, InvitationMade, PasswordSet, Registered, Unregistered
from chat.core.hub import Hub
from chat.core.lifecycle import EndOthers, Quit, tell_name
from chat.core.names import user_name
from chat.core.ports import Delivery, HashPassword
from chat.core.registration import invited_by, make_invitation, passed_on, require_registration
from chat.core.rights import user_of
from chat.core.session import Session
from chat.core.times import wire_time


def register(hub: Hub, session: Session, tag: str | None, password: str, code: str | None = None) -> None:
    """Make the session's name its user's own, with the *code* of an invitation if one is needed."""
    user = user_of(session)
    name = user.name
    if user.account is not None:
        raise AlreadyThere(f"The name {user.account.name} is yours already. /password changes its password.")
    hub.refuse_reserved(name)
    require_secure(hub, session)
    check_password(password)
    invitation = require_registration(hub, session, code)

    def hashed(encoded: str) -> None:
        if session.gone:
            return
        if user.name != name:
            raise NameTaken(f"You are {user.name} now, so {name} was not registered. Register again.")
        ignored = tuple(user.ignored.values())
        fact = Registered(hub.take_account(), name, encoded, user.presence, invitation, ignored)
        text = f"The name {name} is yours now. You need its password when you come in next."
        done = Show(session, Notice(text=text, tag=tag))

        def undo() -> Sequence[Effect]:
            if user.gone:
                hub.end_presence(user)
            return ()

        why = invited_by(hub, fact)
        hub.apply(session, fact, (done,), tag=tag, action="register", target=name, why=why, also=undo)
        hub.keep_token(session)
        for room in session.rooms.values() if not session.one_room else ():
            hub.list_room(session, hub.account(fact.account), room.name, on=True)

    hub.ask(session, HashPassword(password, session.peer.network, session.require_here), hashed, tag)


def change_password(hub: Hub, session: Session, tag: str | None, password: str) -> None:
    """Give the account another password."""
    user = user_of(session)
    account = user.account
    require_secure(hub, session)
    check_password(password)
    passwords = account.passwords if account is not None else 0

    def hashed(encoded: str) -> None:
        if session.gone or account is None:
            return
        session.require_here()
        if user.account is not account:
            rights.require(user, Right.ACCOUNT, None)
            raise NotAllowed("You have another account now. Try again.")
        if account.passwords != passwords:
            raise NotAllowed("Your password was changed meanwhile. Come in again with that one.")
        done = Show(session, Notice(text="Your password is changed.", tag=tag))
        fact = PasswordSet(account.id, encoded, session.token_digest)
        ended = EndOthers(hub, session, "Your password was changed from another connection.")
        hub.apply(session, fact, (done, ended), tag=tag, action="password", target=account.name)

    # In its turn, so that no session sets a password that is about to end because there is another.
    hub.ask_in_turn(session, HashPassword(password, session.peer.network, session.require_here), hashed, tag)


def rename_account(hub: Hub, session: Session, tag: str | None, name: str, password: str) -> None:
    """Give the account another name; the one before is kept for it for a time."""
    user = user_of(session)
    account = user.account
    if account is None:
        return
    new = user_name(name)

    def require_free() -> None:
        hub.free_names()
        if new == account.name:
            raise AlreadyThere(f"Your account is called {new} already.")
        refuse_banned(hub, hub.bans.of_name(new, hub.seconds))
        if new not in hub.accounts.former_names(account):
            hub.refuse_reserved(new)
            if len(hub.accounts.former_names(account)) >= MOST_FORMER:
                raise NotAllowed(f"Your account has had {MOST_FORMER} other names lately, which is the most.")
        hub.require_free(new, account)

    def right(stored: StoredAccount) -> None:
        require_free()
        old = account.name
        fact = AccountRenamed(account.id, new, old, hub.seconds + KEPT_NAME)
        take = TakeName(hub, session, fact, tag)
        hub.apply(session, fact, tag=tag, action="rename", target=old, why=f"to {new}", also=take.undo)
        # Nothing more is read from the client before it.
        hub.answer(session, take)

    require_free()
    check(hub, session, account, password, right, tag)


class TakeName(msgspec.Struct):
    """Whoever is here with an account that has another name goes by that, if it could be stored."""

    hub: Hub
    session: Session
    fact: AccountRenamed
    tag: str | None
    undone: bool = False

    def undo(self) -> Sequence[Effect]:
        """It could not be stored, which the asker is told."""
        self.undone = True
        return ()

    def perform(self, delivery: Delivery) -> None:
        if self.undone:
            return
        hub, session, fact = self.hub, self.session, self.fact
        account = hub.accounts.with_id(fact.account)
        user = None
        if account is not None and account.name == fact.name:
            user = hub.user_with(account.id)
        # Else what is still to be stored gives the account yet another name, or gives it up: only the asker is told.
        told: Sequence[Effect] = ()
        if user is not None and user.name != fact.name:
            old = user.name
            hub.rename(user, fact.name)
            asker = user.sessions[-1] if session.gone or session.user is None else session
            told = tell_name(hub, asker, old, fact.name, None)
        kept = f"The name {fact.before} is kept for it for 30 days."
        if session.user is None:
            # The operator asked for it.
            text = f"Whoever runs the server has called your account {fact.name}. {kept}"
            theirs = (Inform(user, Notice(text=text)),) if user is not None else ()
            done = Notice(text=f"The account {fact.before} is called {fact.name} now. {kept}")
            hub.then(session, *told, *theirs, Show(session, done))
            return
        text = f"Your account is called {fact.name} now. {kept}"
        hub.then(session, *told, Show(session, Notice(text=text, tag=self.tag)))


def unregister(hub: Hub, session: Session, tag: str | None, password: str) -> None:
    """Give the name up, with all the rights of its account; other sessions of the account end."""
    user = user_of(session)
    account = user.account
    if account is None:
        return

    def right(stored: StoredAccount) -> None:
        done = Show(session, Notice(text=f"The name {account.name} belongs to nobody now.", tag=tag))
        others = f"The name {account.name} was given up from another connection."
        ends: list[Effect] = [EndOthers(hub, session, others)]
        if hub.doors.members_only:
            here = "You have given up your account, and only members may be here."
            ends = [EndOthers(hub, session, others, ONLY_MEMBERS), Quit(hub, session, here, ONLY_MEMBERS)]
        ends += told_watchers(hub, account.party)
        ignored = tuple(user.ignored.values()) if session.token is not None else ()
        fact = Unregistered(account.id, hub.take_presence(), ignored)
        undo = partial(hub.keep_after_all, session, account, list(account.rooms))
        hub.apply(session, fact, (done, *ends), tag=tag, action="unregister", target=account.name, also=undo)
        if ignored:
            hub.keep_token(session)

    check(hub, session, account, password, right, tag)


KEPT_NAME = 30 * 86_400.0
"""The seconds for which the name that an account had before is kept for it."""

MOST_FORMER = 5
"""So many former names are kept for one account."""


def invite_newcomer(hub: Hub, session: Session, tag: str | None) -> None:
    """Make an invitation to the chat, and show the line to pass on."""
    account = user_of(session).account
    if account is None or not hub.doors.may_invite(account):
        raise NotAllowed("Only moderators may do that.")
    invitation, code = make_invitation(hub, account.id)
    head, line = "Pass this on to one person. It is good for 7 days.", passed_on(hub, code)
    until = wire_time(datetime.fromtimestamp(invitation.until, UTC))
    notices = [Notice(text=f"{head} {line}", tag=tag, code=code, until=until)]
    if session.one_room:
        notices = [Notice(text=head), Notice(text=line)]
    done = [Show(session, notice) for notice in notices]
    hub.apply(session, InvitationMade(invitation), done, tag=tag, action="invitation by", target=account.name)


ONLY_MEMBERS = "members-only"
"""The code of the goodbye to those who have given up their account where only members come in."""

CODE = Parameter("code", Kind.SECRET, optional=True, programs=True)
"""The code of an invitation; people are asked for it."""

COMMANDS = (
    Command("register", (SECRET, CODE), "makes your name yours: it needs this password then", register, stores=True),
    Command(
        "password",
        (SECRET,),
        "changes the password of your name",
        change_password,
        needs=Right.ACCOUNT,
        stores=True,
    ),
    Command(
        "rename",
        (USER, SECRET),
        "gives your account another name: /rename lovelace correct horse battery",
        rename_account,
        needs=Right.ACCOUNT,
        stores=True,
    ),
    Command("unregister", (SECRET,), "gives up your name", unregister, needs=Right.ACCOUNT, stores=True),
    Command(
        "invitation",
        (),
        "makes a code with which one newcomer registers",
        invite_newcomer,
        needs=Right.ACCOUNT,
        stores=True,
    ),
)
