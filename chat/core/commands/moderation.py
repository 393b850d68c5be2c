"""What moderators decide about the whole chat, and owners about moderators. It goes into the audit record."""

from __future__ import annotations

import msgspec

from chat.core import bans
from chat.core.accounts import Account, Role
from chat.core.bans import Ban
from chat.core.command import ON, USER, WHY, Command, Kind, Parameter, Right
from chat.core.commands import room_people
from chat.core.commands.deciding import ban_line, for_span, timed
from chat.core.effects import Inform, Show
from chat.core.errors import BadField
from chat.core.events import BanLine, Bans, Notice, Stats
from chat.core.facts import Banned, RoleSet, Unbanned
from chat.core.hub import Hub
from chat.core.lifecycle import quit_chat
from chat.core.membership import find_user
from chat.core.ports import Delivery
from chat.core.rights import may_act_against, require_power_over, user_of
from chat.core.session import Session, User

MOST_BANS = 10_000


def ban(
    hub: Hub, session: Session, tag: str | None, target: str, text: str | None = None, room: str | None = None
) -> None:
    """Keep a name, an address or an account out of the chat, or a user out of a *room*."""
    if room is not None:
        room_people.ban(hub, session, tag, room, target, text)
        return
    keep_out(hub, session, tag, target, text, user_of(session))


def keep_out(hub: Hub, session: Session, tag: str | None, target: str, text: str | None, by: User | None) -> None:
    """Keep a name, an address or an account out of the chat, as the user *by* decides, or the operator (``None``)."""
    span, why = timed(text)
    until = None if span is None else hub.seconds + span
    account = hub.accounts.get(target.removeprefix(bans.ACCOUNT)) if target.startswith(bans.ACCOUNT) else None
    if account is None and target.startswith(bans.ACCOUNT):
        raise BadField(f"There is no account {target[1:65]}. Without the {bans.ACCOUNT} the name is banned.")
    written = f"{bans.ACCOUNT}{account.name}" if account is not None else bans.check_target(target)
    ban = Ban(written, until, why, session.name, hub.now(), account.id if account is not None else 0)
    if len(hub.bans.all(hub.seconds)) >= MOST_BANS:
        raise BadField(f"There are {MOST_BANS} bans, which is the most. {_shown(by, 'unban')} some.")
    hit = list(dict.fromkeys(map(user_of, _hit(hub, ban))))
    accounts = dict.fromkeys((*_accounts_hit(hub, ban), *(other.account for other in hit if other.account is not None)))
    if by is not None:
        if by in hit or by.account in accounts:
            raise BadField("That would ban yourself.")
        for other in hit:
            require_power_over(by, other)
        for account in accounts:
            require_power_over(by, account)
    for account in accounts:
        here = hub.user_with(account.id)
        if here is None or here in hit:
            # Who is here under another name stays, and may come back to it.
            hub.end_tokens(session, account.id)
    done = Show(session, Notice(text=f"{written} is banned from this chat {for_span(span)}.", tag=tag))
    hub.apply(session, Banned(ban), (PutOut(hub, ban, by), done), tag=tag, action="ban", target=written, why=why)


def _shown(by: User | None, command: str) -> str:
    """A *command* as who decides types it."""
    return f"/{command}" if by is not None else f"chat admin {command}"


class PutOut(msgspec.Struct, frozen=True):
    """Everybody leaves whom the *ban* by the user *by*, or the operator, is about, whoever that is by then."""

    hub: Hub
    ban: Ban
    by: User | None

    def perform(self, delivery: Delivery) -> None:
        for session in _hit(self.hub, self.ban):
            user = user_of(session)
            if self.by is None or (user is not self.by and may_act_against(self.by, user)):
                quit_chat(self.hub, session, self.ban.sentence(self.hub.seconds), "banned")


def _hit(hub: Hub, ban: Ban) -> list[Session]:
    """The sessions that *ban* is about: those from an address, and all of a name or an account."""
    if ban.account:
        user = hub.user_with(ban.account)
        return list(user.sessions) if user is not None else []
    only = bans.Bans()
    only.add(ban)
    now = hub.seconds
    return [
        session
        for user in hub.users.all()
        for session in user.sessions
        if only.of_name(user.name, now) is not None or only.of_address(session.peer.address, now) is not None
    ]


def _accounts_hit(hub: Hub, ban: Ban) -> list[Account]:
    """The accounts that can't come in by their names because of *ban*, whether they are here or not."""
    if ban.account:
        account = hub.accounts.with_id(ban.account)
        return [account] if account is not None else []
    return hub.accounts.holders(ban.target) if bans.network(ban.target) is None else []


def unban(hub: Hub, session: Session, tag: str | None, target: str, room: str | None = None) -> None:
    """Let a name, an address or an account into the chat again, or a user into a *room*."""
    if room is not None:
        room_people.unban(hub, session, tag, room, target)
        return
    let_in(hub, session, tag, target, user_of(session))


def let_in(hub: Hub, session: Session, tag: str | None, target: str, by: User | None) -> None:
    """Let a name, an address or an account in again, as the user *by* decides, or the operator (``None``)."""
    ban = hub.bans.find(target)
    if ban is None:
        raise BadField(f"{target[:64]} is not banned from this chat. {_shown(by, 'bans')} lists who is.")
    done = Show(session, Notice(text=f"{ban.target} is not banned from this chat any more.", tag=tag))
    hub.apply(session, Unbanned(ban), (done,), tag=tag, action="unban", target=ban.target)


def list_bans(hub: Hub, session: Session, tag: str | None, room: str | None = None) -> None:
    """Show who may not come into the chat, or into a *room*."""
    if room is not None:
        room_people.list_bans(hub, session, tag, room)
        return
    hub.answer(session, Show(session, Bans(bans=ban_lines(hub), tag=tag)))


def ban_lines(hub: Hub) -> list[BanLine]:
    """The bans that hold now, as they are listed."""
    return [ban_line(ban) for ban in hub.bans.all(hub.seconds)]


def show_stats(hub: Hub, session: Session, tag: str | None) -> None:
    """Show how the server is doing."""
    hub.answer(session, Show(session, Stats(figures=dict(hub.figures()), tag=tag)))


def appoint(hub: Hub, session: Session, tag: str | None, name: str, on: bool | None = None) -> None:
    """Make a registered user a moderator, or take that back."""
    other = find_user(hub, session, name)
    account = other.account
    if account is None:
        raise BadField(f"{other.name} is not registered, so they can't be a moderator. They can /register first.")
    if account.role is Role.OWNER:
        raise BadField(f"{other.name} is an owner.")
    if on is None:
        on = not account.moderates
    role = Role.MODERATOR if on else Role.USER
    what = "a moderator now" if on else "no moderator any more"
    done = Notice(text=f"{other.name} is {what}.", tag=tag)
    if account.role is role:
        hub.confirm(session, done, tag)
        return
    effects = (Show(session, done), Inform(other, Notice(text=f"You are {what}."), but=session))
    fact = RoleSet(account.id, role)
    hub.apply(session, fact, effects, tag=tag, action=f"role {role or 'user'}", target=account.name)


_ROOM = Parameter("room", Kind.ROOM, optional=True, programs=True)

COMMANDS = (
    Command(
        "ban",
        (Parameter("target", Kind.TARGET), WHY, _ROOM),
        "keeps a name, an address or an account out of the chat: /ban eve 7d spam, /ban 192.0.2.0/24, /ban @eve",
        ban,
        needs=Right.MODERATOR,
        needs_in_room=Right.OP,
        stores=True,
    ),
    Command(
        "unban",
        (Parameter("target", Kind.TARGET), _ROOM),
        "lets a name, an address or an account into the chat again",
        unban,
        needs=Right.MODERATOR,
        needs_in_room=Right.OP,
        stores=True,
    ),
    Command("stats", (), "shows how the server is doing", show_stats, needs=Right.MODERATOR),
    Command(
        "bans",
        (_ROOM,),
        "lists who is kept out of the chat",
        list_bans,
        needs=Right.MODERATOR,
        needs_in_room=Right.OP,
    ),
    Command(
        "moderator",
        (USER, ON),
        "makes somebody a moderator, or takes that back",
        appoint,
        needs=Right.OWNER,
        stores=True,
    ),
)
