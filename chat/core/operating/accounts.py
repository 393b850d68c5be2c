"""What the operator does with accounts: makes them, names them, gives passwords and roles, ends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from chat.core.accounts import Account, Role, check_password
from chat.core.commands.account import KEPT_NAME, TakeName
from chat.core.commands.devices import EndDevices
from chat.core.conversations import told_watchers
from chat.core.doors import OPERATOR, code_from
from chat.core.effects import Effect, Inform, Show
from chat.core.errors import BadField
from chat.core.events import BY_OPERATOR, Notice, Prompt
from chat.core.facts import (
    AccountRenamed,
    InvitationMade,
    LoggedOut,
    MadeByOperator,
    PasswordSet,
    RoleSet,
    Unregistered,
)
from chat.core.hub import Hub
from chat.core.lifecycle import EndSessions, EndUser
from chat.core.names import user_name
from chat.core.operating.request import Command, Operator, Request, Topic, find_account, show_lines, tell
from chat.core.ports import HashPassword
from chat.core.registration import make_invitation, passed_on

ROLES: Mapping[str, Role] = {"owner": Role.OWNER, "moderator": Role.MODERATOR, "user": Role.USER}

PASSWORD_BYTES = 10
"""The bytes of chance in a password that the chat makes: 16 letters and digits."""

_YOU_ARE = {
    Role.OWNER: "You are an owner now.",
    Role.MODERATOR: "You are a moderator now.",
    Role.USER: "You are neither owner nor moderator now.",
}


class AccountLine(msgspec.Struct, frozen=True):
    """A line in the list of accounts."""

    name: str
    role: str
    here: bool

    def __str__(self) -> str:
        return f"{self.name} {self.role}".rstrip()


class NewPassword(msgspec.Struct, frozen=True):
    """The password that the chat has made for an account."""

    name: str
    password: str

    def __str__(self) -> str:
        return (
            f"The password of {self.name} is {self.password}\n"
            f"It is shown only here. Whoever is {self.name} comes in with it, and then changes it: /password NEW"
        )


class NewInvitation(msgspec.Struct, frozen=True):
    """An invitation: the line to pass on."""

    line: str
    code: str

    def __str__(self) -> str:
        return f"Pass this line on to one person. It is good for 7 days.\n{self.line}"


def _list(hub: Hub, session: Operator, request: Request) -> None:
    lines = (
        (
            f"{account.name.casefold()} {account.name}",
            AccountLine(account.name, account.role.value, hub.user_with(account.id) is not None),
        )
        for account in hub.accounts.all()
    )
    show_lines(hub, session, request, lines)


def _make(hub: Hub, session: Operator, request: Request, name: str) -> None:
    name = user_name(name)
    hub.free_names()
    hub.require_free(name)

    def hashed(encoded: str) -> None:
        done = Show(session, Notice(text=f"{name} has an account now."))
        fact = MadeByOperator(hub.take_account(), name, encoded, hub.take_presence())
        hub.apply(session, fact, (done,), action="account", target=name)

    _ask_password(hub, session, request, f"Password of {name}: ", hashed)


def _rename(hub: Hub, session: Operator, request: Request, name: str, new: str) -> None:
    account = find_account(hub, name)
    new = user_name(new)
    hub.free_names()
    if new == account.name:
        raise BadField(f"The account is called {new} already.")
    if hub.bans.of_name(new, hub.seconds) is not None:
        raise BadField(f"The name {new} is banned from this chat. chat admin unban {new} lifts that.")
    old = account.name
    fact = AccountRenamed(account.id, new, old, hub.seconds + KEPT_NAME)
    take = TakeName(hub, session, fact, None)
    hub.apply(session, fact, action="rename", target=old, why=f"to {new}", also=take.undo)
    hub.then(session, take)


def _set_role(hub: Hub, session: Operator, request: Request, name: str, role: str) -> None:
    account = find_account(hub, name)
    if role not in ROLES:
        raise BadField(f"There is no role {role[:64]}. There are: {', '.join(ROLES)}.")
    done = Show(session, Notice(text=f"{account.name} is {role} now."))
    user = hub.user_with(account.id)
    effects: list[Effect] = [done]
    if user is not None:
        effects.insert(0, Inform(user, Notice(text=_YOU_ARE[ROLES[role]])))
    hub.apply(session, RoleSet(account.id, ROLES[role]), effects, action=f"role {role}", target=account.name)


# -- passwords and devices


def _set_password(hub: Hub, session: Operator, request: Request, name: str) -> None:
    account = find_account(hub, name)
    done = Notice(text=f"{account.name} has another password.")
    hashed = partial(_give_password, hub, session, name, account, Show(session, done))
    _ask_password(hub, session, request, f"New password of {account.name}: ", hashed)


def _reset_password(hub: Hub, session: Operator, request: Request, name: str) -> None:
    account = find_account(hub, name)
    letters = code_from(hub.random.randbytes(PASSWORD_BYTES))
    password = "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))
    done = tell(session, request, NewPassword(account.name, password))
    _hash(hub, session, password, partial(_give_password, hub, session, name, account, done))


def _give_password(hub: Hub, session: Operator, name: str, account: Account, done: Effect, encoded: str) -> None:
    """Give the *account*, of which the operator said the *name*, another password, and end all its sessions."""
    if find_account(hub, name) is not account:
        raise BadField(f"The account {account.name} is another one now. Try again.")
    text = f"Whoever runs the server has given {account.name} another password. Come in again with that."
    effects = (EndSessions(hub, account, text, "logged-out"), done)
    hub.apply(session, PasswordSet(account.id, encoded), effects, action="password", target=account.name)


def _ask_password(hub: Hub, session: Operator, request: Request, prompt: str, hashed: Callable[[str], None]) -> None:
    """Ask for a password if *request* has none yet; else have it hashed, and call *hashed* if the operator is there."""
    if request.secret is None:
        hub.show(session, Prompt(text=prompt))
        return
    check_password(request.secret)
    _hash(hub, session, request.secret, hashed)


def _hash(hub: Hub, session: Operator, password: str, hashed: Callable[[str], None]) -> None:
    def answered(encoded: str) -> None:
        if not session.gone:
            hashed(encoded)

    hub.ask(session, HashPassword(password, None, session.require_here), answered, None)


def _log_out(hub: Hub, session: Operator, request: Request, name: str) -> None:
    account = find_account(hub, name)
    user = hub.user_with(account.id)
    devices = user.sessions if user is not None else ()
    text = "Whoever runs the server has logged out all your devices. Come in again with your password."
    done = Show(session, Notice(text=f"All devices of {account.name} are logged out."))
    ended = EndDevices(devices, hub, text, session)
    fact = LoggedOut(account.id, None)
    hub.apply(session, fact, (ended, done), action="logout", target=account.name, also=ended.begin())


# -- the end of an account


def _unregister(hub: Hub, session: Operator, request: Request, name: str) -> None:
    account = find_account(hub, name)
    user = hub.user_with(account.id)
    ends: list[Effect] = []
    if user is not None:
        text = f"Whoever runs the server has ended the account {account.name}. The name belongs to nobody now."
        ends.append(EndUser(hub, user, text, "logged-out"))
    done = Show(session, Notice(text=f"There is no account {account.name} any more. The name is free."))
    undo = partial(hub.keep_after_all, session, account, list(account.rooms))
    watchers = told_watchers(hub, account.party)
    hub.apply(
        session,
        Unregistered(account.id, hub.take_presence()),
        (*ends, *watchers, done),
        action="unregister",
        target=account.name,
        also=undo,
    )


def _invite(hub: Hub, session: Operator, request: Request) -> None:
    invitation, code = make_invitation(hub, OPERATOR)
    done = tell(session, request, NewInvitation(passed_on(hub, code), code))
    hub.apply(session, InvitationMade(invitation), (done,), action="invitation by", target=BY_OPERATOR)


_command = partial(Command, topic=Topic.ACCOUNTS)

COMMANDS = (
    _command(
        "accounts", "lists the accounts with their roles", _list, example="accounts", nothing="Nobody has an account."
    ),
    _command(
        "account NAME",
        "asks for a password, and makes an account, whose name may be reserved",
        _make,
        example="account helpdesk",
    ),
    _command("invitation", "makes a code with which one newcomer registers", _invite, example="invitation"),
    _command("role NAME ROLE", "makes an account owner, moderator or user", _set_role, example="role ada owner"),
    _command(
        "rename NAME NEW",
        "gives an account another name; the one before is kept for it for 30 days",
        _rename,
        example="rename ada lovelace",
    ),
    _command(
        "reset NAME",
        "gives an account a password that it prints once, and logs out all devices",
        _reset_password,
        example="reset ada",
    ),
    _command(
        "password NAME",
        "the same with a password that it asks for, or reads from the standard input",
        _set_password,
        example="password ada",
    ),
    _command(
        "logout NAME",
        "logs out all devices of an account: they need the password again",
        _log_out,
        example="logout ada",
    ),
    _command("unregister NAME", "ends an account, and sets its name free", _unregister, example="unregister ada"),
)
