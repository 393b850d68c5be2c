"""What ops decide about users in their rooms: who comes, speaks and stays. It goes into the audit record."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from chat.core import durations
from chat.core.accounts import Account
from chat.core.bans import RoomBan
from chat.core.command import HERE, ON, USER, WHY, Command, Right
from chat.core.commands.deciding import ban_line, change_rule, for_span, reason, timed
from chat.core.effects import Effect, Inform, Leave, Publish, Show
from chat.core.errors import BadField, ChatError, NotAllowed
from chat.core.events import Away, Bans, Left, Notice, Renamed
from chat.core.facts import BannedFrom, Invited, Muted, OpSet, RightsKept, UnbannedFrom
from chat.core.hub import Hub
from chat.core.lifecycle import Quit
from chat.core.membership import come_into, find_anyone, find_user, put_out, room_of
from chat.core.ports import Delivery
from chat.core.queue import Undo
from chat.core.rights import require_power_over, subject_of, user_of
from chat.core.room import LONGEST_FOR_NETWORK, Room
from chat.core.session import LOBBY, Session, User, ignores

DEFAULT_MUTE = 600
"""The seconds for which somebody is muted if no time is given."""

MOST_INVITED = 500
MOST_ROOM_BANS = 1_000


def _member(room: Room, user: User) -> User:
    if user not in room.members:
        raise BadField(f"{user.name} is not in #{room.name}.")
    return user


# -- out of the room


def kick(hub: Hub, session: Session, tag: str | None, room: str, name: str, text: str | None = None) -> None:
    """Put somebody out of the room. If people give a time before the reason, it is a ban from the room, too."""
    if session.one_room and durations.begins_with_one(text or ""):
        ban(hub, session, tag, room, name, text)
        return
    mine = room_of(hub, session, room)
    victim = find_user(hub, session, name)
    require_power_over(user_of(session), victim, mine)
    kick_out(hub, session, tag, mine, victim, text, f"You kicked {victim.name}.")


def kick_out(
    hub: Hub, session: Session, tag: str | None, mine: Room, victim: User, text: str | None, done: str
) -> None:
    """Put *victim* out of the room, and tell the one who asked that it is *done*."""
    _member(mine, victim)
    why = reason(text)
    invited = Invited(mine.name, victim.subject, on=False) if victim.subject in mine.invited else None
    sentence = f"You were kicked out of #{mine.name} by {session.name}{f': {why}' if why else '.'}"
    effects, have_back = _eject(hub, session, victim, mine, sentence, why)
    subject, held = victim.subject, mine.rights(victim.subject).invited
    hub.rooms.entitle(mine, subject, mine.rights(subject).uninvited())

    def undo() -> Sequence[Effect]:
        hub.rooms.entitle(mine, subject, msgspec.structs.replace(mine.rights(subject), invited=held))
        return have_back()

    hub.decide(
        session,
        (Show(session, Notice(text=done, tag=tag)), *effects),
        undo,
        action="kick",
        target=victim.name,
        room=mine.name,
        why=why,
        tag=tag,
        fact=invited,
    )


def _eject(
    hub: Hub, asker: Session, victim: User, room: Room, sentence: str, why: str
) -> tuple[Sequence[Effect], Undo]:
    """Put *victim* out of *room* with all devices; return the effects, and what undoes that.

    People, who are always in one room, go to the lobby, or from there leave the chat.
    """
    inside = [session for session in victim.sessions if room.name in session.rooms]
    lobby = hub.rooms.open(LOBBY) if any(session.one_room for session in inside) else None
    held = room.rights(victim.subject)
    listed = victim.account if victim.account is not None and room.name in victim.account.rooms else None
    kicked = Left(time=hub.now(), room=room.name, name=victim.name, by=asker.name, text=why)
    away = victim.away
    gone = put_out(hub, victim, room, asker.name, why)
    kicks = {**(victim.kicked or {}), room.name: sentence}
    victim.kicked = dict(list(kicks.items())[-hub.limits.rooms_each :])
    if listed is not None:
        hub.list_room(asker, listed, room.name, on=False)
    told: list[Effect] = []
    arrivals: dict[Session, Sequence[Effect]] = {}
    for session in inside:
        told.append(Show(session, Notice(text=sentence) if session.one_room else kicked))
        if session.one_room and room is lobby:
            told[-1] = Quit(hub, session, sentence)
        elif session.one_room and lobby is not None:
            arrivals[session] = come_into(hub, session, lobby)
            told += arrivals[session]
    moves = {session: session.moves for session in inside}

    def undo() -> Sequence[Effect]:
        """Have the victim back, but for the devices that have gone elsewhere since: they have left by themselves."""
        back = [session for session in inside if session in victim.sessions and _stayed(session, room, moves[session])]
        joined = victim.kicked is None or victim.kicked.get(room.name) is not sentence
        if hub.rooms.put_back(room) is not room or (joined and not victim.is_in(room)):
            back = []
        for session in back:
            for landed in list(session.rooms.values()) if session in arrivals else ():
                del session.rooms[landed.name]
                if not victim.is_in(landed):
                    hub.rooms.exit(landed, victim)
                    hub.vacate(asker, landed)
            session.rooms[room.name] = room
        effects: list[Effect] = []
        for session in inside:
            if session not in back:
                effects += (Leave(session, room.name), *arrivals.get(session, ()))
        if back and not joined:
            hub.rooms.enter(room, victim)
            effects += _missed_of(victim, room, kicked, away)
            hub.rooms.entitle(room, victim.subject, held)
            if room.kept and held.op:
                # Without an account they were op no longer, which the history is told all the same.
                hub.store(asker, RightsKept(room.name, victim.subject, op=True, founder=held.founder))
            if victim.kicked is not None:
                victim.kicked.pop(room.name, None)
            if listed is not None:
                hub.list_room(asker, listed, room.name, on=True)
        else:
            # Others are shown next that they come again, if they have.
            effects.append(Publish(room.name, Left(time=kicked.time, room=room.name, name=kicked.name)))
        return effects

    return (*gone, *told), undo


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


class PutAllOut(msgspec.Struct, frozen=True):
    """Everybody who is in the *room* by then is put out of it, as *asker* decided, and told *sentence*."""

    hub: Hub
    asker: Session
    room: Room
    sentence: str

    def perform(self, delivery: Delivery) -> None:
        hub, room = self.hub, self.room
        for user in [member for member in room.members if isinstance(member, User)]:
            try:
                effects, _ = _eject(hub, self.asker, user, room, self.sentence, self.sentence)
            except ChatError:
                # There is no place for them in the lobby.
                effects = [Quit(hub, session, self.sentence) for session in user.sessions if session.one_room]
            if user.kicked is not None:
                # They come in again with all others once it is open.
                user.kicked.pop(room.name, None)
            # Nobody stays who would see them leave.
            told = [one for one in effects if not isinstance(one, Publish) or one.room != room.name]
            hub.then(self.asker, *told)


def ban(hub: Hub, session: Session, tag: str | None, room: str, name: str, text: str | None = None) -> None:
    """Keep somebody out of the room for a time, or for ever."""
    mine = room_of(hub, session, room)
    user = user_of(session)
    victim = find_anyone(hub, session, name)
    if victim is user:
        raise BadField("That would ban yourself.")
    require_power_over(user, victim, mine)
    over = [subject for subject, ban in mine.bans.items() if not ban.holds(hub.seconds)]
    if len(mine.bans) - len(over) >= MOST_ROOM_BANS:
        raise BadField(f"{MOST_ROOM_BANS} users are banned from #{mine.name}, which is the most. /room unban some.")
    span, why = timed(text)
    until = None if span is None else hub.seconds + span
    network = network_of(victim)
    network_until = hub.seconds + min(span or LONGEST_FOR_NETWORK, LONGEST_FOR_NETWORK) if network else 0.0
    words = for_span(span, why)
    fact = BannedFrom(
        mine.name,
        RoomBan(
            subject_of(victim), victim.name, until, why, user.name, hub.now(), network, network_until, hub.arrivals
        ),
        over,
    )
    effects: Sequence[Effect] = ()
    also: Undo = tuple
    if isinstance(victim, User) and victim in mine.members:
        sentence = f"{user.name} banned you from #{mine.name} {words}{'' if why else '.'}"
        programs = [device for device in victim.sessions if mine.name in device.rooms and not device.one_room]
        ejected, also = _eject(hub, session, victim, mine, sentence, why)
        effects = (*ejected, *(Show(device, Notice(text=sentence)) for device in programs))
    change_rule(
        hub, session, mine, fact, "ban", True, about=victim, text=words, why=why, tag=tag, effects=effects, also=also
    )


def unban(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """Let somebody come into the room again."""
    mine = room_of(hub, session, room)
    found = find_ban(hub, mine, name)
    if found is None:
        raise BadField(f"{name[:64]} is not banned from #{mine.name}. /room bans lists who is.")
    user = hub.user_with(found.subject)
    if user is not None and user.kicked is not None:
        user.kicked.pop(mine.name, None)
    change_rule(hub, session, mine, UnbannedFrom(mine.name, found.subject), "ban", False, name=found.target, tag=tag)


def find_ban(hub: Hub, room: Room, name: str) -> RoomBan | None:
    """The ban from *room* of the account of that *name*, of who goes by it now, or of who did when it was made."""
    account, user = hub.accounts.get(name), hub.users.get(name)
    for other in (account, user):
        ban = room.bans.get(subject_of(other)) if other is not None else None
        if ban is not None:
            return ban
    wanted = name.strip().casefold()
    return next((ban for ban in reversed(room.bans.values()) if ban.target.casefold() == wanted), None)


def list_bans(hub: Hub, session: Session, tag: str | None, room: str) -> None:
    """Show who may not come into the room."""
    mine = room_of(hub, session, room)
    lines = [ban_line(ban) for ban in mine.bans.values() if ban.holds(hub.seconds)]
    hub.answer(session, Show(session, Bans(bans=lines, room=mine.name, tag=tag)))


# -- silent in the room


def mute(hub: Hub, session: Session, tag: str | None, room: str, name: str, text: str | None = None) -> None:
    """Let somebody say nothing in the room for a time."""
    mine = room_of(hub, session, room)
    victim = find_anyone(hub, session, name)
    require_power_over(user_of(session), victim, mine)
    if isinstance(victim, User) and victim.account is None:
        _member(mine, victim)
    span, why = timed(text)
    span = DEFAULT_MUTE if span is None else span
    network = network_of(victim)
    fact = Muted(
        mine.name,
        subject_of(victim),
        hub.seconds + span,
        network,
        hub.seconds + min(span, LONGEST_FOR_NETWORK) if network else None,
    )
    change_rule(hub, session, mine, fact, "mute", True, about=victim, text=for_span(span, why), tag=tag)


def unmute(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """Let somebody speak again."""
    mine = room_of(hub, session, room)
    victim = find_anyone(hub, session, name)
    network = network_of(victim)
    if subject_of(victim) not in mine.muted and network not in mine.muted_networks:
        raise BadField(f"{victim.name} is not muted in #{mine.name}.")
    fact = Muted(mine.name, subject_of(victim), None, network)
    change_rule(hub, session, mine, fact, "mute", False, about=victim, tag=tag)


def network_of(other: User | Account) -> str:
    """Where newcomers are muted or banned together with a user, so that another name does not end it, or ``""``."""
    if isinstance(other, Account) or other.account is not None or other.peer.local:
        return ""
    return other.peer.network


# -- ops and the invited


def op(hub: Hub, session: Session, tag: str | None, room: str, name: str, on: bool | None = None) -> None:
    """Make somebody an op of the room, or take that back."""
    mine = room_of(hub, session, room)
    user, other = user_of(session), find_anyone(hub, session, name)
    subject = subject_of(other)
    if isinstance(other, User) and other.account is None:
        _member(mine, other)
    if on is None:
        on = subject not in mine.ops
    if not on and subject == mine.founder:
        if other is user:
            raise NotAllowed(f"You are the founder of #{mine.name}. /room founder NAME hands it on.")
        require_power_over(user, other, mine)
    change_rule(hub, session, mine, OpSet(mine.name, subject, on), "op", on, about=other, tag=tag)


def invite(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """Let somebody into a room that is not open to everybody."""
    mine = room_of(hub, session, room)
    guest = find_anyone(hub, session, name)
    subject = subject_of(guest)
    if subject not in mine.invited and len(mine.invited) >= MOST_INVITED:
        raise BadField(f"#{mine.name} has {MOST_INVITED} invited users, which is the most.")
    if subject in mine.bans and mine.bans[subject].holds(hub.seconds):
        raise BadField(f"{guest.name} is banned from #{mine.name}. Take that back first: /room unban {guest.name}")
    effects: Sequence[Effect] = ()
    heard = not ignores(guest, session.name)
    if isinstance(guest, User) and heard:
        text = f"{session.name} invites you to #{mine.name}. Come with /join {mine.name}"
        effects = (Inform(guest, Notice(text=text)),)
    fact = Invited(mine.name, subject, waits=heard)
    change_rule(hub, session, mine, fact, "invite", True, about=guest, tag=tag, effects=effects)


def uninvite(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """Take an invitation back."""
    mine = room_of(hub, session, room)
    guest = find_anyone(hub, session, name)
    if subject_of(guest) not in mine.invited:
        raise BadField(f"{guest.name} is not invited to #{mine.name}.")
    fact = Invited(mine.name, subject_of(guest), on=False)
    change_rule(hub, session, mine, fact, "invite", False, about=guest, tag=tag)


_command = partial(Command, needs=Right.OP, stores=True)

COMMANDS = (
    _command(
        "kick",
        (HERE, USER, WHY),
        "puts somebody out of the room, and with a time bans them from it: /kick eve, /kick eve 1d spam",
        kick,
    ),
    _command("mute", (HERE, USER, WHY), "lets somebody say nothing for a time: /mute eve 10m spam", mute),
    _command("unmute", (HERE, USER), "lets somebody speak again", unmute),
    _command("op", (HERE, USER, ON), "makes somebody an op of the room, or takes that back", op),
    _command("invite", (HERE, USER), "lets somebody into a room that is not open to everybody", invite),
    _command("uninvite", (HERE, USER), "takes an invitation back", uninvite),
)
