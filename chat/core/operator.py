"""What ``chat admin`` does: the decisions of the operator, who runs the server, in the one queue with all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

import msgspec

from chat.core.accounts import Account, Role, check_password
from chat.core.commands.moderation import ban_lines
from chat.core.doors import OPERATOR
from chat.core.effects import Effect, Inform, Show
from chat.core.errors import BadField, ServerFull, UnknownCommand
from chat.core.events import Event, Notice, Prompt
from chat.core.facts import Decision, InvitationMade, MadeByOperator, PasswordSet, RoleSet, Unbanned
from chat.core.hub import Hub
from chat.core.lifecycle import EndSessions
from chat.core.names import user_name
from chat.core.peer import Peer
from chat.core.ports import AuditPage, HashPassword
from chat.core.registration import make_invitation, passed_on
from chat.core.session import Session

NAME = "chat admin"
"""Who decided it, in the audit record. No user can have that name, as it has a space."""

PAGE = 2_000
"""The lines of a list that are shown at a time."""

ROLES: Mapping[str, Role] = {"owner": Role.OWNER, "moderator": Role.MODERATOR, "user": Role.USER}

_YOU_ARE = {
    Role.OWNER: "You are an owner now.",
    Role.MODERATOR: "You are a moderator now.",
    Role.USER: "You are neither owner nor moderator now.",
}


class Operator(Session):
    """The place of the operator's connection in the chat. It has no user, and is seen by nobody."""

    __slots__ = ()

    def __init__(self, number: int) -> None:
        super().__init__(number, Peer(), one_room=False)

    @property
    def name(self) -> str:
        """Who decides what it asks for."""
        return NAME


class Request(msgspec.Struct, frozen=True):
    """What the operator asks for. It gets one answer: a notice, a refusal, a prompt, or lines of a list.

    ``secret`` is the password that a prompt has asked for. ``after`` is the ``next`` of the lines before.
    """

    words: list[str]
    secret: str | None = None
    after: str = ""

    def __repr__(self) -> str:
        return f"<request {self.words}>"


class Lines(Event, frozen=True, kw_only=True):
    """Lines of a list. If there are more, a request for them gives ``next`` as ``after``."""

    lines: list[str]
    next: str | None = None

    def words(self) -> list[str]:
        return self.lines


def run(hub: Hub, session: Operator, request: Request) -> None:
    """Do what the operator asks for, or raise :class:`~chat.core.errors.ChatError`."""
    if not fits(request.words):
        raise UnknownCommand(
            f'The chat that runs there does not know "{" ".join(request.words)[:80]}". '
            "It is of another version: restart it with the one that is installed."
        )
    if hub.queue.full:
        raise ServerFull("The chat has too much to do just now, so nothing was done. Try again.")
    name, *words = request.words
    COMMANDS[name].run(hub, session, request, *words)


def fits(words: Sequence[str]) -> bool:
    """Tell whether *words* are a command with as many words behind it as it needs."""
    return bool(words) and words[0] in COMMANDS and len(words) == len(COMMANDS[words[0]].usage.split())


# -- accounts


def _account(hub: Hub, name: str) -> Account:
    account = hub.accounts.get(name)
    if account is None:
        raise BadField(f"There is no account {name[:64]}. Users make theirs with /register.")
    return account


def _list_accounts(hub: Hub, session: Operator, request: Request) -> None:
    names = ((f"{account.name.casefold()} {account.name}", account) for account in hub.accounts.all())
    _show_lines(hub, session, request, names, lambda account: f"{account.name} {account.role}".rstrip())


def _make_account(hub: Hub, session: Operator, request: Request, name: str) -> None:
    name = user_name(name)
    hub.free_names()
    hub.require_free(name)

    def hashed(encoded: str) -> None:
        done = Show(session, Notice(text=f"{name} has an account now."))
        fact = MadeByOperator(hub.take_account(), name, encoded, hub.take_presence())
        hub.apply(session, fact, (done,), action="account", target=name)

    _ask_password(hub, session, request, f"Password of {name}: ", hashed)


def _set_role(hub: Hub, session: Operator, request: Request, name: str, role: str) -> None:
    account = _account(hub, name)
    if role not in ROLES:
        raise BadField(f"There is no role {role[:64]}. There are: {', '.join(ROLES)}.")
    done = Show(session, Notice(text=f"{account.name} is {role} now."))
    user = hub.user_with(account.id)
    effects: list[Effect] = [done]
    if user is not None:
        effects.insert(0, Inform(user, Notice(text=_YOU_ARE[ROLES[role]])))
    hub.apply(session, RoleSet(account.id, ROLES[role]), effects, action=f"role {role}", target=account.name)


def _set_password(hub: Hub, session: Operator, request: Request, name: str) -> None:
    account = _account(hub, name)

    def hashed(encoded: str) -> None:
        if _account(hub, name) is not account:
            raise BadField(f"The account {account.name} is another one now. Try again.")
        text = f"Whoever runs the server has given {account.name} another password. Come in again with that."
        done = Show(session, Notice(text=f"{account.name} has another password."))
        effects = (EndSessions(hub, account, text), done)
        hub.apply(session, PasswordSet(account.id, encoded), effects, action="password", target=account.name)

    _ask_password(hub, session, request, f"New password of {account.name}: ", hashed)


def _make_invitation(hub: Hub, session: Operator, request: Request) -> None:
    invitation, code = make_invitation(hub, OPERATOR)
    lines = ["Pass this line on to one person. It is good for 7 days.", passed_on(hub, code)]
    done = Show(session, Lines(lines=lines))
    hub.apply(session, InvitationMade(invitation), (done,), action="invitation by", target=NAME)


def _ask_password(hub: Hub, session: Operator, request: Request, prompt: str, hashed: Callable[[str], None]) -> None:
    """Ask for a password if *request* has none yet; else have it hashed, and call *hashed* if the operator is there."""
    if request.secret is None:
        hub.show(session, Prompt(text=prompt))
        return
    check_password(request.secret)

    def answered(encoded: str) -> None:
        if not session.gone:
            hashed(encoded)

    hub.ask(session, HashPassword(request.secret, None, session.require_here), answered, None)


# -- bans


def _list_bans(hub: Hub, session: Operator, request: Request) -> None:
    _show_lines(hub, session, request, ((ban.target, ban) for ban in ban_lines(hub)), str)


def _unban(hub: Hub, session: Operator, request: Request, target: str) -> None:
    ban = hub.bans.find(target)
    if ban is None:
        raise BadField(f"{target[:64]} is not banned from this chat. chat admin bans lists who is.")
    done = Show(session, Notice(text=f"{ban.target} is not banned from this chat any more."))
    hub.apply(session, Unbanned(ban), (done,), action="unban", target=ban.target)


# -- the audit record


def _list_decisions(hub: Hub, session: Operator, request: Request) -> None:
    if not (request.after or "0").isdecimal() or len(request.after) > 18:
        raise BadField(f"No list goes on after {request.after[:64]!r}. Ask for it from its beginning.")

    def found(decisions: Sequence[tuple[int, Decision]]) -> None:
        lines = [_decided(decision) for _, decision in decisions[:PAGE]]
        more = str(decisions[PAGE - 1][0]) if len(decisions) > PAGE else None
        hub.show(session, Lines(lines=lines, next=more))

    hub.ask_in_turn(session, AuditPage(int(request.after or 0), PAGE + 1), found, None)


def _decided(decision: Decision) -> str:
    where = f" in #{decision.room}" if decision.room else ""
    why = f": {decision.why}" if decision.why else ""
    return f"{decision.time} {decision.by}: {decision.action} {decision.target}{where}{why}"


def _show_lines(
    hub: Hub,
    session: Operator,
    request: Request,
    entries: Iterable[tuple[str, Any]],
    line: Callable[[Any], str],
) -> None:
    """Show a page of *entries* in the order of their keys, each as a *line*."""
    rest = (entry for entry in entries if entry[0] > request.after)
    page = nsmallest(PAGE + 1, rest, key=lambda entry: entry[0])
    shown = page[:PAGE]
    more = shown[-1][0] if len(page) > PAGE else None
    hub.show(session, Lines(lines=[line(value) for _, value in shown], next=more))


@dataclass(frozen=True, slots=True)
class Command:
    """What is written for it, what it does, and the function that does it."""

    usage: str
    summary: str
    run: Callable[..., None]


COMMANDS: Mapping[str, Command] = {
    "accounts": Command("accounts", "lists the accounts with their roles", _list_accounts),
    "account": Command("account NAME", "makes an account, whose name may be reserved", _make_account),
    "invitation": Command("invitation", "makes a code with which one newcomer registers", _make_invitation),
    "role": Command("role NAME ROLE", "makes an account owner, moderator or user", _set_role),
    "password": Command("password NAME", "gives an account another password and ends its sessions", _set_password),
    "bans": Command("bans", "lists who may not come in", _list_bans),
    "unban": Command("unban TARGET", "lets a name or an address in again", _unban),
    "audit": Command("audit", "prints what ops, moderators and the operator have decided", _list_decisions),
}
