"""Who may go by which name: passwords, and the bans that are asked about when somebody comes in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from twisted.logger import Logger

from chat.core import durations, names
from chat.core.accounts import Account, Guesses, StoredAccount
from chat.core.bans import Ban
from chat.core.errors import Banned, NameTaken, NotSecure, PasswordNeeded, TooManyTries, WrongPassword
from chat.core.events import Message, Notice
from chat.core.facts import KeptShown
from chat.core.hub import Hub
from chat.core.ports import CheckPassword, KeptMessages
from chat.core.session import ResumeToken, Session, State

log = Logger()

Admit = Callable[[StoredAccount | None], None]
"""Called once it is clear that a client may go by a name, with the account if its password was checked."""


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

    A client that resumes the session of *token* needs no password. Raises :class:`ChatError`; what is found out
    later is shown as a refusal.
    """
    if not name.strip():
        admit(None)
        return
    name = names.user_name(name)
    refuse_banned(hub, hub.bans.of_name(name, hub.seconds))
    owner = hub.accounts.get(name)
    before = token.session if token is not None else None
    if owner is None and hub.accounts.holders(name):
        raise NameTaken("That name looks like one that belongs to somebody. Choose another.")
    if owner is None or (before is not None and before.user is not None and before.user.account is owner):
        admit(None)
    elif password is None:
        raise PasswordNeeded(f"The name {owner.name} belongs to somebody. Give its password, or choose another name.")
    else:
        wrong = "That password is wrong. Give your name and try again, or choose another."
        check(hub, session, owner, password, admit, tag, wrong)


def check(
    hub: Hub,
    session: Session,
    account: Account,
    password: str,
    right: Callable[[StoredAccount], None],
    tag: str | None,
    wrong: str,
) -> None:
    """Call *right* if *password* is that of *account*; be slow about others, and say *wrong*."""
    require_secure(hub, session)
    place = session.peer.network
    name = (f"name {account.key} from {place}",)
    address = () if session.peer.local else (f"address {place}",)
    wait = hub.tries.wait(name + address, hub.monotonic())
    if wait > 0:
        raise TooManyTries(f"There were too many wrong passwords. Try again in {durations.in_words(math.ceil(wait))}.")
    # Until the answer is there it counts as wrong, so that nobody tries many at once.
    hub.tries.failed(name, hub.monotonic())
    unstored, roles = account.unstored, account.roles

    def look() -> None:
        # In its turn, when the history holds what was decided before: another password, or the account itself.
        hub.ask_in_turn(session, CheckPassword(account.key, password), partial(answered, account.passwords), tag)

    def answered(passwords: int, stored: StoredAccount | None) -> None:
        if account.passwords != passwords and not session.gone:
            look()
            return
        if stored is None and hub.accounts.get(account.name) is account:
            hub.tries.failed(address, hub.monotonic())
            if hub.guesses.count(account.key, hub.monotonic()):
                log.warn("{name} has got {most} wrong passwords within an hour", name=account.name, most=Guesses.MANY)
        else:
            hub.tries.forgive(name)
        if session.gone:
            return
        if session.named:
            # There may be no account any more: it was given up, or could not be stored.
            hub.account(account.key)
        if stored is None or hub.accounts.get(account.name) is not account:
            raise WrongPassword(wrong)
        if not unstored and not account.unstored and account.roles == roles:
            # ``chat admin`` gives roles in the file, beside the running chat.
            account.role = stored.role
        right(stored)

    look()


def require_secure(hub: Hub, session: Session) -> None:
    """Raise :class:`NotSecure` if others could read what the client sends."""
    if not (session.peer.secure or hub.limits.plain_passwords):
        raise NotSecure("Others could read a password on this connection. Connect with TLS, or from the server itself.")


def refuse_banned(hub: Hub, ban: Ban | None) -> None:
    """Raise :class:`Banned` if there is a ban."""
    if ban is not None:
        raise Banned(ban.sentence(hub.seconds))


def fetch_kept(hub: Hub, session: Session, account: Account) -> None:
    """Show the private messages that were kept for the account."""

    def answered(messages: Sequence[Message]) -> None:
        if session.state is not State.PRESENT or not messages:
            return
        many = "1 private message" if len(messages) == 1 else f"{len(messages)} private messages"
        hub.show(session, Notice(text=f"While you were away you got {many}."))
        for message in messages:
            hub.show(session, message)
        hub.apply(session, KeptShown(account.key, messages[-1].id))

    hub.ask_in_turn(session, KeptMessages(account.key), answered, None)
