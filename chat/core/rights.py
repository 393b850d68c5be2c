"""Who may do what."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, islice

import msgspec

from chat.core import durations
from chat.core.accounts import Account, Role, Subject
from chat.core.command import Right
from chat.core.errors import Muted, NotAllowed, NotWelcomeYet
from chat.core.hub import Hub
from chat.core.room import Access, Room, Status
from chat.core.session import LOBBY, Session, User


def user_of(session: Session) -> User:
    """The user of a session that has a name; raises :class:`NotWelcomeYet` for any other."""
    if session.user is None:
        raise NotWelcomeYet("Give your name first.")
    return session.user


def is_op(user: User, room: Room) -> bool:
    """Tell whether the user may moderate *room*."""
    return user.moderates or user.subject in room.ops


def is_founder(user: User, room: Room) -> bool:
    """Tell whether the user founded *room*."""
    return user.account is not None and user.account.id == room.founder


def is_owner(user: User) -> bool:
    """Tell whether the user may act against moderators, and appoint them."""
    return user.account is not None and user.account.role is Role.OWNER


def may_see(user: User, room: Room) -> bool:
    """Tell whether the user may know who is in *room*, and what it is about."""
    if user.moderates or user in room.members:
        return True
    if room.status is Status.CLOSED:
        return False
    open_to_them = room.access is Access.OPEN or (room.access is Access.MEMBERS and user.account is not None)
    return open_to_them or user.subject in room.invited or user.subject in room.ops


def may_enter(hub: Hub, user: User, room: Room) -> bool:
    """Tell whether the user may be in *room*, and read it."""
    return may_see(user, room) and (not room.bans or banned_from(hub, user, room) is None)


def banned_from(hub: Hub, user: User, room: Room) -> str | None:
    """Say that the user is banned from *room*, and for how long, if they are."""
    if user.moderates or user in room.members:
        return None
    now = hub.seconds
    own = room.bans.get(user.subject)
    if own is not None and (own.until is None or own.until > now):
        return own.sentence(room.name, now)
    if user.account is not None:
        return None
    network = user.peer.network
    for ban in room.bans.values():
        if ban.network == network and ban.network_until > now and user.arrived > ban.arrived:
            return ban.network_sentence(room.name, now)
    return None


def closed(hub: Hub, user: User, room: Room) -> NotAllowed:
    """The refusal of somebody who may not enter *room*."""
    if room.status is Status.CLOSED:
        return NotAllowed(
            f"#{room.name} is closed. Its founder or a moderator may open it again: /room open {room.name}"
        )
    banned = banned_from(hub, user, room)
    if banned is not None:
        return NotAllowed(banned)
    if room.access is Access.MEMBERS:
        return NotAllowed(f"#{room.name} is for users with an account. Make your name yours with /register first.")
    return NotAllowed(f"#{room.name} is private. Ask one of its ops for an invitation.")


def readable(hub: Hub, user: User) -> Readable | None:
    """The rooms in which the user may read; ``None``: all."""
    if user.moderates:
        return None
    hidden = hub.rooms.hidden(account=user.account is not None)
    barring = hub.rooms.barred(user.peer.network) if user.account is None else ()
    rooms = (*hub.rooms.entitling(user.subject), *user.rooms(), *barring)
    own = [room for room in rooms if room.name in hidden or room.bans]
    allowed = frozenset(room.name for room in own if may_enter(hub, user, room))
    barred = frozenset(room.name for room in own if room.name not in allowed)
    return Readable(hidden, allowed, barred) if hidden or barred else None


class Readable(msgspec.Struct, frozen=True):
    """The rooms that a user may read, as a container: all but the *hidden* and the *barred*, and the *allowed*."""

    hidden: frozenset[str]
    allowed: frozenset[str]
    barred: frozenset[str]

    def __contains__(self, room: object) -> bool:
        return room in self.allowed or (room not in self.hidden and room not in self.barred)

    def others(self, most: int) -> Sequence[str]:
        """At *most* so many of the rooms that the user may not read."""
        return list(islice((room for room in chain(self.hidden, self.barred) if room not in self.allowed), most))


def has(user: User, right: Right, room: Room | None) -> bool:
    """Tell whether the user has the *right* to a command, which is about *room*."""
    match right:
        case Right.OP:
            return room is not None and is_op(user, room)
        case Right.MODERATOR:
            return user.moderates
        case Right.OWNER:
            return is_owner(user)
        case Right.ACCOUNT:
            return user.account is not None
    return True


def require(user: User, right: Right, room: Room | None) -> None:
    """Raise :class:`NotAllowed` if the user has not the *right* to a command, which is about *room*."""
    if has(user, right, room):
        return
    match right:
        case Right.OP if room is not None:
            own = " Of a room that you make with /join you are the op." if room.name == LOBBY else ""
            raise NotAllowed(f"Only the ops of #{room.name} may do that.{own}")
        case Right.ACCOUNT:
            raise NotAllowed("Your name is not registered. /register makes it yours.")
        case Right.OWNER:
            raise NotAllowed("Only an owner may do that.")
        case _:
            raise NotAllowed("Only moderators may do that.")


def require_voice(hub: Hub, user: User, room: Room) -> None:
    """Raise :class:`Muted` if the user may say nothing in *room* for now."""
    now = hub.monotonic()
    left = room.muted.get(user.subject, 0.0) - now
    if left > 0:
        raise Muted(f"You are muted in #{room.name} for {durations.in_words(left)} more.")
    if user.account is None and room.muted_networks:
        until, since = room.muted_networks.get(user.peer.network, (0.0, 0))
        if until > now and user.arrived > since:
            span = durations.in_words(until - now)
            why = "because of somebody without an account who came from it"
            raise Muted(f"Your address is muted in #{room.name} for {span} more, {why}.")


def require_speech(hub: Hub, user: User, room: Room) -> None:
    """Raise :class:`NotAllowed` or :class:`Muted` if the user may not speak in *room*."""
    require_use(room)
    require_voice(hub, user, room)


def require_use(room: Room) -> None:
    """Raise :class:`NotAllowed` if nobody can speak in *room*."""
    if room.status is Status.ARCHIVED:
        raise NotAllowed(f"#{room.name} is archived: it can be read, but nobody can speak in it.")
    if room.status is Status.CLOSED:
        raise NotAllowed(f"#{room.name} is closed: nobody can speak in it.")


def require_turn(hub: Hub, user: User, room: Room) -> None:
    """Raise as :func:`require_speech` does, or if the user has to wait in a slow *room*; else take their turn."""
    require_speech(hub, user, room)
    if room.slow and not is_op(user, room):
        now = hub.monotonic()
        left = room.wait_of(user.party, now)
        if left > 0:
            every = durations.in_words(room.slow)
            wait = durations.in_words(left)
            raise Muted(f"#{room.name} is slow: you may speak once every {every}, and again in {wait}.")
        room.take_turn(user.party, now)


def may_act_against(user: User, other: User | Account) -> bool:
    """Tell whether *other* is no moderator, or the user is an owner."""
    return not other.moderates or is_owner(user)


def require_power_over(user: User, other: User | Account, room: Room | None = None) -> None:
    """Raise :class:`NotAllowed` if *other* is a moderator, and the user no owner.

    Of those who decide in a *room*, only moderators act against its founder.
    """
    if not may_act_against(user, other):
        raise NotAllowed(f"{other.name} is a moderator. Only an owner may do that.")
    if room is not None and not user.moderates and user is not other and subject_of(other) == room.founder:
        raise NotAllowed(f"{other.name} is the founder of #{room.name}. Only a moderator may do that.")


def subject_of(other: User | Account) -> Subject:
    """Whom the rights of a user or of an account belong to."""
    return other.id if isinstance(other, Account) else other.subject
