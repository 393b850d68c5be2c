"""Who may come in, and by which name: the key, passwords, invitations, and the bans that are asked about then."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from twisted.logger import Logger

from chat.core import durations, names
from chat.core.accounts import Account, Guesses, StoredAccount
from chat.core.bans import Ban
from chat.core.doors import Invitation, Registration, digest_of
from chat.core.errors import (
    Banned,
    InvitationNeeded,
    KeyNeeded,
    NameTaken,
    NotSecure,
    PasswordNeeded,
    TooManyTries,
    WrongInvitation,
    WrongKey,
    WrongPassword,
)
from chat.core.hub import Hub
from chat.core.ports import CheckPassword
from chat.core.session import ResumeToken, Session

TOKEN_LIFE = 30 * 86_400.0
"""The seconds for which the token of an account that is not here opens a new session, from its last use on."""

log = Logger()

Admit = Callable[[StoredAccount | None], None]
"""Called once it is clear that a client may go by a name, with the account if its password was checked."""


def needs_key(hub: Hub, session: Session) -> bool:
    """Tell whether the client of *session* has still to give the key of the chat."""
    return hub.doors.key is not None and not session.key_given and not session.peer.on_socket


def require_key(hub: Hub, session: Session) -> None:
    """Raise :class:`KeyNeeded` if the client has still to give the key."""
    if needs_key(hub, session):
        raise KeyNeeded("This chat needs a key. Ask those who are in it.")


def give_key(hub: Hub, session: Session, key: str | None) -> None:
    """Take the *key* of the chat, if it needs one; be slow about wrong ones from the same address."""
    if not needs_key(hub, session) or key is None:
        require_key(hub, session)
        return
    tries = _refuse_slowed(hub, session, "key")
    if not hub.doors.is_key(key):
        hub.tries.failed(tries, hub.monotonic())
        raise WrongKey("That key is wrong.")
    hub.tries.forgive(tries)
    session.key_given = True


def find_invitation(hub: Hub, session: Session, code: str) -> Invitation:
    """Find the invitation of *code*; be slow about wrong ones from the same address."""
    tries = _refuse_slowed(hub, session, "code")
    try:
        found = hub.invitations.find(digest_of(code), hub.seconds)
    except WrongInvitation:
        hub.tries.failed(tries, hub.monotonic())
        raise
    hub.tries.forgive(tries)
    return found


def _refuse_slowed(hub: Hub, session: Session, what: str) -> tuple[str, ...]:
    """Raise :class:`TooManyTries` after too many wrong ones from an address; return what counts the next."""
    tries = (f"{what} from {session.peer.network}",)
    _refuse_too_many(hub.tries.wait(tries, hub.monotonic()), f"{what}s")
    return tries


def require_member(hub: Hub, name: str, account: Account | None) -> None:
    """Raise :class:`InvitationNeeded` if only members come in, and whoever comes as *name* has no *account*."""
    if account is not None or not hub.doors.members_only:
        return
    who = f", and none of them is called {name}" if name else ""
    others = {Registration.INVITATION: ", or with an invitation", Registration.OPEN: ", or make an account"}
    instead = others.get(hub.doors.registration, "")
    raise InvitationNeeded(f"Only members come in here{who}. Come in with your name and password{instead}.")


def prove(
    hub: Hub,
    session: Session,
    name: str,
    password: str | None,
    token: ResumeToken | None,
    admit: Admit,
    tag: str | None,
) -> None:
    """Call *admit* once it is clear that the client of *session* may go by *name*.

    A client that comes back by its *token* needs no password. Raises :class:`ChatError`; what is found out later is
    shown as a refusal.
    """
    if not name.strip():
        admit(None)
        return
    name = names.user_name(name)
    hub.free_names()
    refuse_banned(hub, hub.bans.of_name(name, hub.seconds))
    owner = hub.accounts.get(name)
    if owner is None and hub.accounts.holders(name):
        raise NameTaken(f"That name belongs to somebody.{hub.accounts.likeness(name)} Choose another.")
    before = token.resumes if token is not None else None
    if owner is None and (before is None or before.name != name):
        hub.refuse_reserved(name)
    if owner is None or (token is not None and returning(hub, token) is owner):
        admit(None)
    elif password is None:
        if not takes_passwords(hub, session):
            raise NotSecure(
                f"The name {owner.name} belongs to somebody, and others could read its password on this connection. "
                "Connect with TLS, or choose another name."
            )
        raise PasswordNeeded(f"The name {owner.name} belongs to somebody. Give its password, or choose another name.")
    else:
        check(hub, session, owner, password, admit, tag)


def returning(hub: Hub, token: ResumeToken) -> Account | None:
    """The account whose client comes back by *token*, if there is one."""
    if token.logged_out:
        return None
    lives = token.session is not None or hub.seconds - token.used < TOKEN_LIFE
    return hub.accounts.with_id(token.subject) if lives else None


def check(
    hub: Hub,
    session: Session,
    account: Account,
    password: str,
    right: Callable[[StoredAccount], None],
    tag: str | None,
) -> None:
    """Call *right* if *password* is that of *account*; be slow about others."""
    require_secure(hub, session)
    place = session.peer.network
    name = (f"account {account.id} from {place}",)
    address = () if session.peer.local else (f"address {place}",)
    _refuse_too_many(hub.tries.wait(name + address, hub.monotonic()))

    def still() -> None:
        session.require_here()
        # Others may have tried from there while this one waited: then there is no need to look.
        _refuse_too_many(hub.tries.wait(name + address, hub.monotonic()))

    def look() -> None:
        # In its turn, when the history holds what was decided before: another password, or the account itself.
        lookup = CheckPassword(account.id, password, place, still)
        hub.ask_in_turn(session, lookup, partial(answered, account.passwords), tag)

    def answered(passwords: int, stored: StoredAccount | None) -> None:
        if account.passwords != passwords and not session.gone:
            look()
            return
        now = hub.monotonic()
        # Others may have tried from there while this one waited: then nobody learns whether it was right.
        wait = hub.tries.wait(name + address, now)
        if stored is None and hub.accounts.with_id(account.id) is account:
            if wait <= 0:
                hub.tries.failed(name + address, now)
            if hub.guesses.count(account.name, now):
                log.warn("{name} has got {most} wrong passwords within an hour", name=account.name, most=Guesses.MANY)
        elif stored is not None and wait <= 0:
            hub.tries.forgive(name)
        if session.gone:
            return
        session.require_here()
        _refuse_too_many(wait)
        if session.named:
            # There may be no account any more: it was given up, or could not be stored.
            hub.account(account.id)
        if stored is None or hub.accounts.with_id(account.id) is not account:
            raise WrongPassword("That password is wrong.")
        right(stored)

    look()


def _refuse_too_many(wait: float, what: str = "passwords") -> None:
    """Raise :class:`TooManyTries` if one has to *wait* before one tries again."""
    if wait > 0:
        raise TooManyTries(f"There were too many wrong {what}. Try again in {durations.in_words(math.ceil(wait))}.")


def takes_passwords(hub: Hub, session: Session) -> bool:
    """Tell whether nobody could read a password that the client sends, or the operator does not mind."""
    return session.peer.secure or hub.limits.plain_passwords


def require_secure(hub: Hub, session: Session) -> None:
    """Raise :class:`NotSecure` if others could read what the client sends."""
    if not takes_passwords(hub, session):
        raise NotSecure("Others could read a password on this connection. Connect with TLS, or from the server itself.")


def refuse_banned(hub: Hub, ban: Ban | None) -> None:
    """Raise :class:`Banned` if there is a ban."""
    if ban is not None:
        raise Banned(ban.sentence(hub.seconds))
