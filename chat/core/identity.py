"""Who somebody is: names that belong to their users by a password."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from chat.core import durations, names
from chat.core.accounts import Account, check_password
from chat.core.errors import (
    AlreadyThere,
    Banned,
    NameTaken,
    NotAllowed,
    NotSecure,
    PasswordNeeded,
    TooManyTries,
    WrongPassword,
)
from chat.core.events import Notice, Read
from chat.core.records import Decision, Fetched, Hash, Kept, Marked, Proof, Unregistered

if TYPE_CHECKING:
    from chat.core.bans import Ban
    from chat.core.events import Message
    from chat.core.hub import Lineage
    from chat.core.session import Session

Admit = Callable[[Account | None], None]


def prove(
    session: Session, name: str, password: str | None, lineage: Lineage | None, admit: Admit, tag: str | None
) -> None:
    """Call *admit* once it is clear that the user may go by *name*: with the account that the name belongs to, if any.

    Who goes on where their session of *lineage* was need no password. Raises :class:`ChatError`; what is found out
    later is shown as a refusal.
    """
    hub = session.hub
    if not name.strip():
        admit(None)
        return
    name = names.user_name(name)
    refuse_banned(hub.bans.of_name(name, hub.seconds), hub.seconds)
    owner = hub.registered.get(name)
    before = lineage.session if lineage is not None else None
    if owner is None and hub.registered.holders(name):
        raise NameTaken("That name looks like one that belongs to somebody. Choose another.")
    if owner is None:
        admit(None)
    elif before is not None and before.account is not None and before.account.name == owner:
        admit(before.account)
    elif password is None:
        raise PasswordNeeded(f"The name {owner} belongs to somebody. Give its password, or choose another name.")
    else:
        wrong = "That password is wrong. Give your name and try again, or choose another."
        _check(session, owner, password, admit, tag, wrong)


def _check(
    session: Session, owner: str, password: str, right: Callable[[Account], None], tag: str | None, wrong: str
) -> None:
    """Call *right* with the account of *owner* if this is its password; be slow about others, and say *wrong*."""
    hub = session.hub
    _require_secure(session)
    name = (f"name {names.key(owner)}",)
    address = () if session.peer.local else (f"address {session.peer.address}",)
    wait = hub.tries.wait(name + address, hub.monotonic())
    if wait > 0:
        raise TooManyTries(f"There were too many wrong passwords. Try again in {durations.in_words(math.ceil(wait))}.")
    # Until the answer is there it counts as wrong, so that nobody tries many at once.
    hub.tries.failed(name, hub.monotonic())

    def answered(account: Account | None) -> None:
        if account is None:
            hub.tries.failed(address, hub.monotonic())
        else:
            hub.tries.forgive(name)
        if session.gone:
            return
        if account is None:
            raise WrongPassword(wrong)
        right(account)

    hub.delivery.consult(session, Proof(names.key(owner), password), answered, tag)


def _require_secure(session: Session) -> None:
    if not (session.peer.secure or session.hub.limits.plain_passwords):
        raise NotSecure("Others could read a password on this connection. Connect with TLS, or from the server itself.")


def refuse_banned(ban: Ban | None, now: float) -> None:
    """Raise :class:`Banned` if there is a ban."""
    if ban is not None:
        raise Banned(ban.sentence(now))


def may_take(session: Session, name: str) -> bool:
    """Tell whether no one else owns *name* or one that looks like it."""
    own = session.account.name if session.account is not None else None
    return all(owner == own for owner in session.hub.registered.holders(name))


def fetch_kept(session: Session, account: Account) -> None:
    """Show the private messages that were kept for the account."""
    key = names.key(account.name)

    def answered(messages: list[Message]) -> None:
        if session.gone or not messages:
            return
        many = "1 private message" if len(messages) == 1 else f"{len(messages)} private messages"
        session.hub.show(session, Notice(text=f"While you were away you got {many}."))
        for message in messages:
            session.hub.show(session, message)
        session.hub.store(session, Fetched(key, messages[-1].id), _nothing)

    hub = session.hub
    hub.answer(session, partial(hub.delivery.consult, session, Kept(key), answered, None))


def _nothing() -> None:
    pass


# -- commands


def register(session: Session, tag: str | None, password: str) -> None:
    """Make the session's name its user's own."""
    hub = session.hub
    name = session.name
    if session.account is not None:
        raise AlreadyThere(f"The name {session.account.name} is yours already. /password changes its password.")
    _require_secure(session)
    check_password(password)

    def hashed(encoded: str) -> None:
        if session.gone or session.account is not None:
            return
        if session.name != name or hub.registered.holders(name):
            raise NameTaken("That name belongs to somebody. Choose another.")
        account = Account(name, encoded)
        hub.registered.claim(name, name)
        decision = Decision(hub.now(), name, "register", name, change=account, tag=tag)
        hub.store(session, decision, partial(_own, session, account, tag), undo=partial(hub.registered.release, name))

    hub.delivery.consult(session, Hash(password), hashed, tag)


def _own(session: Session, account: Account, tag: str | None) -> None:
    session.account = account
    text = f"The name {account.name} is yours now. You need its password when you come in next."
    session.hub.delivery.show(session, Notice(text=text, tag=tag))


def change_password(session: Session, tag: str | None, password: str) -> None:
    """Give the account another password."""
    hub = session.hub
    account = _account(session)
    _require_secure(session)
    check_password(password)

    def hashed(encoded: str) -> None:
        changed = Account(account.name, encoded, account.role)
        decision = Decision(hub.now(), account.name, "password", account.name, change=changed, tag=tag)
        done = Notice(text="Your password is changed.", tag=tag)
        hub.store(session, decision, partial(hub.delivery.show, session, done))

    hub.delivery.consult(session, Hash(password), hashed, tag)


def unregister(session: Session, tag: str | None, password: str) -> None:
    """Set the name free."""
    hub = session.hub

    def right(account: Account) -> None:
        gone = Unregistered(names.key(account.name))
        decision = Decision(hub.now(), account.name, "unregister", account.name, change=gone, tag=tag)
        hub.store(session, decision, partial(disown, account.name))

    def disown(name: str) -> None:
        session.account = None
        hub.registered.release(name)
        hub.delivery.show(session, Notice(text=f"The name {name} belongs to nobody now.", tag=tag))

    _check(session, _account(session).name, password, right, tag, "That password is wrong.")


def mark_read(session: Session, tag: str | None, room: str, id: int) -> None:
    """Remember up to where the user has read a room."""
    account = _account(session)
    mine = session.my_room(room)
    read = min(id, mine.last_id)
    session.marks = {**session.marks, mine.name: read}
    done = Read(room=mine.name, id=read, tag=tag)
    show = partial(session.hub.delivery.show, session, done)
    session.hub.store(session, Marked(names.key(account.name), mine.name, read), show)


def _account(session: Session) -> Account:
    if session.account is None:
        raise NotAllowed("Your name is not registered. /register makes it yours.")
    return session.account
