"""What ops decide in their rooms, and moderators everywhere. All of it goes into the audit record."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from chat.core import bans, durations
from chat.core.accounts import Account, Role
from chat.core.bans import Ban
from chat.core.command import HERE, ON, USER, WHY, Command, Kind, Parameter, Right
from chat.core.effects import Effect, Inform, Leave, Publish, Show
from chat.core.errors import BadField, NotAllowed
from chat.core.events import Away, BanLine, Bans, Left, Notice, Renamed, Rule, RuleKind, Stats, timestamp
from chat.core.facts import Banned, Invited, LockSet, Muted, OpSet, PrivacySet, RoleSet, RoomFact, Unbanned
from chat.core.hub import Hub
from chat.core.lifecycle import Quit, quit_chat
from chat.core.membership import come_into, find_user, put_out, room_of
from chat.core.ports import Delivery
from chat.core.rights import may_act_against, require, require_power_over, user_of
from chat.core.room import LONGEST_MUTE_OF_NETWORK, Room
from chat.core.session import LOBBY, Session, User
from chat.core.text import bounded

DEFAULT_MUTE = 600
"""The seconds for which somebody is muted if no time is given."""

LONGEST_WHY = 300
"""The bytes of a reason."""

MOST_INVITED = 500
MOST_BANS = 10_000


def _member(room: Room, user: User) -> User:
    if user not in room.members:
        raise BadField(f"{user.name} is not in #{room.name}.")
    return user


def _victim(hub: Hub, session: Session, room: Room, name: str) -> User:
    """The member of *room* called *name*, whom the session may act against."""
    victim = find_user(hub, session, name)
    require_power_over(user_of(session), victim)
    return _member(room, victim)


def _timed(text: str | None) -> tuple[int | None, str]:
    """Read ``[time] [why]``."""
    first, _, rest = (text or "").strip().partition(" ")
    span = durations.seconds(first) if durations.is_duration(first) else None
    return span, bounded(rest if span is not None else text or "", LONGEST_WHY, "reason")


def _rule(
    hub: Hub,
    session: Session,
    room: Room,
    fact: RoomFact,
    rule: RuleKind,
    on: bool,
    *,
    about: User | None = None,
    text: str = "",
    tag: str | None = None,
    effects: Sequence[Effect] = (),
) -> None:
    """Change a rule of a room, and tell all in it; if it is so already, tell only the one who asked."""
    name = about.name if about is not None else None
    event = Rule(time=hub.now(), room=room.name, by=session.name, rule=rule, on=on, name=name, text=text, tag=tag)
    if _holds(room, fact):
        hub.confirm(session, event, tag)
        return
    hub.apply(
        session,
        fact,
        (Publish(room.name, event), *effects),
        tag=tag,
        action=rule if on else f"no {rule}",
        target=name or room.name,
        room=room.name,
        why=text,
    )
    if about is not None:
        hub.keep_tokens(about)


def _holds(room: Room, fact: RoomFact) -> bool:
    """Tell whether *fact*, which switches a rule, changes nothing."""
    match fact:
        case OpSet():
            return (fact.subject in room.ops) == fact.on
        case LockSet():
            return room.locked == fact.on
        case PrivacySet():
            return room.private == fact.on
    return False


# -- commands of ops


def kick(hub: Hub, session: Session, tag: str | None, room: str, name: str, text: str | None = None) -> None:
    """Put somebody out of the room."""
    mine = room_of(hub, session, room)
    victim = _victim(hub, session, mine, name)
    _put_out(hub, session, victim, mine, bounded(text or "", LONGEST_WHY, "reason"), tag)


def _put_out(hub: Hub, asker: Session, victim: User, room: Room, why: str, tag: str | None) -> None:
    """Put *victim* out of *room* with all devices. People, who are always in one room, go to the lobby, or from there
    leave the chat."""
    inside = [session for session in victim.sessions if room.name in session.rooms]
    lobby = hub.rooms.open(LOBBY)
    held = room.rights(victim.subject)
    listed = victim.account if victim.account is not None and room.name in victim.account.rooms else None
    text = f"You were kicked out of #{room.name} by {asker.name}{f': {why}' if why else '.'}"
    kicked = Left(time=hub.now(), room=room.name, name=victim.name, by=asker.name, text=why)
    away = victim.away
    gone = put_out(hub, victim, room, asker.name, why)
    kicks = {**(victim.kicked or {}), room.name: text}
    victim.kicked = dict(list(kicks.items())[-hub.limits.rooms_each :])
    if listed is not None:
        hub.list_room(asker, listed, room.name, on=False)
    told: list[Effect] = []
    arrivals: dict[Session, Sequence[Effect]] = {}
    for session in inside:
        told.append(Show(session, Notice(text=text) if session.one_room else kicked))
        if session.one_room and room is lobby:
            told[-1] = Quit(hub, session, text)
        elif session.one_room:
            arrivals[session] = come_into(hub, session, lobby)
            told += arrivals[session]
    moves = {session: session.moves for session in inside}

    def undo() -> Sequence[Effect]:
        """Have the victim back, but for the devices that have gone elsewhere since: they have left by themselves."""
        back = [session for session in inside if session in victim.sessions and _stayed(session, room, moves[session])]
        joined = victim.kicked is None or victim.kicked.get(room.name) is not text
        if hub.rooms.put_back(room) is not room or (joined and not victim.is_in(room)):
            back = []
        for session in back:
            for landed in list(session.rooms.values()) if session in arrivals else ():
                del session.rooms[landed.name]
                if not victim.is_in(landed):
                    del landed.members[victim]
            session.rooms[room.name] = room
        effects: list[Effect] = []
        for session in inside:
            if session not in back:
                effects += (Leave(session, room.name), *arrivals.get(session, ()))
        if back and not joined:
            room.members[victim] = None
            effects += _missed_of(victim, room, kicked, away)
            hub.rooms.entitle(room, victim.subject, held)
            if victim.kicked is not None:
                victim.kicked.pop(room.name, None)
            if listed is not None:
                hub.list_room(asker, listed, room.name, on=True)
        else:
            # Others are shown next that they come again, if they have.
            effects.append(Publish(room.name, Left(time=kicked.time, room=room.name, name=kicked.name)))
        return effects

    done = Show(asker, Notice(text=f"You kicked {victim.name}.", tag=tag))
    hub.decide(asker, (done, *gone, *told), undo, action="kick", target=victim.name, room=room.name, why=why, tag=tag)


def _missed_of(user: User, room: Room, kicked: Left, away: str | None) -> Sequence[Effect]:
    """What *room* was not told of a user who was out of it meanwhile, and whose kick is undone."""
    missed: list[Effect] = []
    if user.name != kicked.name:
        missed.append(Publish(room.name, Renamed(time=kicked.time, room=room.name, name=kicked.name, new=user.name)))
    if user.away != away:
        missed.append(Publish(room.name, Away(time=kicked.time, room=room.name, name=user.name, text=user.away)))
    return missed


def _stayed(session: Session, room: Room, moves: int) -> bool:
    """Tell whether a device that was put out of *room*, after so many *moves*, has gone nowhere since."""
    if session.gone:
        return False
    return session.moves == moves if session.one_room else room.name not in session.rooms


def mute(hub: Hub, session: Session, tag: str | None, room: str, name: str, text: str | None = None) -> None:
    """Let somebody say nothing in the room for a time."""
    mine = room_of(hub, session, room)
    victim = _victim(hub, session, mine, name)
    span, why = _timed(text)
    span = DEFAULT_MUTE if span is None else span
    words = f"for {durations.in_words(span)}" + (f": {why}" if why else "")
    network = _network(victim)
    fact = Muted(
        mine.name,
        victim.subject,
        hub.seconds + span,
        network,
        hub.seconds + min(span, LONGEST_MUTE_OF_NETWORK) if network else None,
    )
    _rule(hub, session, mine, fact, "mute", True, about=victim, text=words, tag=tag)


def unmute(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """Let somebody speak again."""
    mine = room_of(hub, session, room)
    victim = find_user(hub, session, name)
    network = _network(victim)
    if victim.subject not in mine.muted and network not in mine.muted_networks:
        raise BadField(f"{victim.name} is not muted in #{mine.name}.")
    fact = Muted(mine.name, victim.subject, None, network)
    _rule(hub, session, mine, fact, "mute", False, about=victim, tag=tag)


def _network(user: User) -> str:
    """Where newcomers are muted together with *user*, so that another name does not end it; ``""`` if nowhere."""
    return user.peer.network if user.account is None and not user.peer.local else ""


def op(hub: Hub, session: Session, tag: str | None, room: str, name: str, on: bool | None = None) -> None:
    """Make somebody an op of the room, or take that back."""
    mine = room_of(hub, session, room)
    other = _member(mine, find_user(hub, session, name))
    if on is None:
        on = other.subject not in mine.ops
    _rule(hub, session, mine, OpSet(mine.name, other.subject, on), "op", on, about=other, tag=tag)


def lock(hub: Hub, session: Session, tag: str | None, room: str, on: bool | None = None) -> None:
    """Let only ops set the topic, or everybody again."""
    mine = room_of(hub, session, room)
    if on is None:
        on = not mine.locked
    _rule(hub, session, mine, LockSet(mine.name, on), "lock", on, tag=tag)


def set_privacy(hub: Hub, session: Session, tag: str | None, room: str, access: str | None = None) -> None:
    """Let only those come in who are invited, or everybody; without *access*, tell which."""
    mine = room_of(hub, session, room)
    if access is None:
        _show_rules(hub, session, mine, tag)
        return
    user = user_of(session)
    require(user, Right.OP, mine)
    if access not in ("private", "open"):
        raise BadField("Say whether the room is to be private or open: /room private, or /room open")
    private = access == "private"
    if private and user.account is None:
        raise NotAllowed("A private room needs an op who can come back: make your name yours with /register first.")
    if private and mine.name == LOBBY:
        raise BadField(f"#{mine.name} is where everybody comes in, so it stays open.")
    _rule(hub, session, mine, PrivacySet(mine.name, private), "private", private, tag=tag)


def _show_rules(hub: Hub, session: Session, room: Room, tag: str | None) -> None:
    access = "private: only who is invited comes in" if room.private else "open to everybody"
    topic = "Only ops set its topic." if room.locked else "Everybody in it sets its topic."
    hub.show(session, Notice(text=f"#{room.name} is {access}. {topic}", tag=tag))


def invite(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """Let somebody into a private room."""
    mine = room_of(hub, session, room)
    if len(mine.invited) >= MOST_INVITED:
        raise BadField(f"#{mine.name} has {MOST_INVITED} invited users, which is the most.")
    guest = find_user(hub, session, name)
    text = f"{session.name} invites you to #{mine.name}. Come with /join {mine.name}"
    told = Inform(guest, Notice(text=text))
    fact = Invited(mine.name, guest.subject)
    _rule(hub, session, mine, fact, "invite", True, about=guest, tag=tag, effects=(told,))


# -- commands of moderators


def ban(hub: Hub, session: Session, tag: str | None, target: str, text: str | None = None) -> None:
    """Keep a name, an address or an account out."""
    user = user_of(session)
    span, why = _timed(text)
    until = None if span is None else hub.seconds + span
    account = hub.accounts.get(target.removeprefix(bans.ACCOUNT)) if target.startswith(bans.ACCOUNT) else None
    if account is None and target.startswith(bans.ACCOUNT):
        raise BadField(f"There is no account {target[1:65]}. Without the {bans.ACCOUNT} the name is banned.")
    written = f"{bans.ACCOUNT}{account.name}" if account is not None else bans.check_target(target)
    ban = Ban(written, until, why, user.name, hub.now(), account.id if account is not None else 0)
    if len(hub.bans.all(hub.seconds)) >= MOST_BANS:
        raise BadField(f"There are {MOST_BANS} bans, which is the most. /unban some.")
    hit = list(dict.fromkeys(map(user_of, _hit(hub, ban))))
    accounts = dict.fromkeys((*_accounts_hit(hub, ban), *(other.account for other in hit if other.account is not None)))
    if user in hit or user.account in accounts:
        raise BadField("That would ban yourself.")
    for other in hit:
        require_power_over(user, other)
    for account in accounts:
        require_power_over(user, account)
    for account in accounts:
        hub.end_tokens(session, account.id)
    length = "for ever" if span is None else f"for {durations.in_words(span)}"
    done = Show(session, Notice(text=f"{written} is banned {length}.", tag=tag))
    hub.apply(session, Banned(ban), (PutOut(hub, ban, user), done), tag=tag, action="ban", target=written, why=why)


class PutOut(msgspec.Struct, frozen=True):
    """Everybody leaves whom the *ban* by the user *by* is about, whoever that is by then."""

    hub: Hub
    ban: Ban
    by: User

    def perform(self, delivery: Delivery) -> None:
        for session in _hit(self.hub, self.ban):
            user = user_of(session)
            if user is not self.by and may_act_against(self.by, user):
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
        account = hub.account_with(ban.account)
        return [account] if account is not None else []
    return hub.accounts.holders(ban.target) if bans.network(ban.target) is None else []


def unban(hub: Hub, session: Session, tag: str | None, target: str) -> None:
    """Let a name, an address or an account in again."""
    ban = hub.bans.find(target)
    if ban is None:
        raise BadField(f"{target[:64]} is not banned. /bans lists who is.")
    done = Show(session, Notice(text=f"{ban.target} is not banned any more.", tag=tag))
    hub.apply(session, Unbanned(ban), (done,), tag=tag, action="unban", target=ban.target)


def list_bans(hub: Hub, session: Session, tag: str | None) -> None:
    """Show who may not come in."""
    hub.answer(session, Show(session, Bans(bans=ban_lines(hub), tag=tag)))


def ban_lines(hub: Hub) -> list[BanLine]:
    """The bans that hold now, as they are listed."""
    return [
        BanLine(
            target=ban.target,
            until=None if ban.until is None else timestamp(ban.until),
            why=ban.why,
            by=ban.by,
            time=ban.time,
        )
        for ban in hub.bans.all(hub.seconds)
    ]


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


COMMANDS = (
    Command("kick", (HERE, USER, WHY), "puts somebody out of the room", kick, needs=Right.OP, stores=True),
    Command(
        "mute",
        (HERE, USER, WHY),
        "lets somebody say nothing for a time: /mute eve 10m spam",
        mute,
        needs=Right.OP,
        stores=True,
    ),
    Command("unmute", (HERE, USER), "lets somebody speak again", unmute, needs=Right.OP, stores=True),
    Command(
        "op",
        (HERE, USER, ON),
        "makes somebody an op of the room, or takes that back",
        op,
        needs=Right.OP,
        stores=True,
    ),
    Command("lock", (HERE, ON), "lets only ops set the topic, or everybody again", lock, needs=Right.OP, stores=True),
    Command(
        "room",
        (HERE, Parameter("access", Kind.CHOICE, optional=True)),
        "makes the room private, or open: /room private; alone, tells which it is",
        set_privacy,
        stores=True,
        asks_without="access",
    ),
    Command("invite", (HERE, USER), "lets somebody into a private room", invite, needs=Right.OP, stores=True),
    Command(
        "ban",
        (Parameter("target", Kind.USER), WHY),
        "keeps a name, an address or an account out: /ban eve 7d spam, /ban 192.0.2.0/24, /ban @eve",
        ban,
        needs=Right.MODERATOR,
        stores=True,
    ),
    Command(
        "unban",
        (Parameter("target", Kind.USER),),
        "lets a name, an address or an account in again",
        unban,
        needs=Right.MODERATOR,
        stores=True,
    ),
    Command("stats", (), "shows how the server is doing", show_stats, needs=Right.MODERATOR),
    Command("bans", (), "lists who is kept out", list_bans, needs=Right.MODERATOR),
    Command(
        "moderator",
        (USER, ON),
        "makes somebody a moderator, or takes that back",
        appoint,
        needs=Right.OWNER,
        stores=True,
    ),
)
