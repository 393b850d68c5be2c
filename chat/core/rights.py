"""Who may do what."""

from __future__ import annotations

from chat.core import durations
from chat.core.accounts import Account, Role
from chat.core.command import Right
from chat.core.errors import Muted, NotAllowed, NotWelcomeYet
from chat.core.hub import Hub
from chat.core.room import Room
from chat.core.session import Session, User


def user_of(session: Session) -> User:
    """The user of a session that has a name; raises :class:`NotWelcomeYet` for any other."""
    if session.user is None:
        raise NotWelcomeYet("Give your name first.")
    return session.user


def is_op(user: User, room: Room) -> bool:
    """Tell whether the user may moderate *room*."""
    return user.moderates or user.subject in room.ops


def is_owner(user: User) -> bool:
    """Tell whether the user may act against moderators, and appoint them."""
    return user.account is not None and user.account.role is Role.OWNER


def may_enter(user: User, room: Room) -> bool:
    """Tell whether the user may be in *room*, and read it."""
    if not room.private or user in room.members or user.moderates:
        return True
    return user.subject in room.invited or user.subject in room.ops


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
            raise NotAllowed(f"Only the ops of #{room.name} may do that.")
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


def may_act_against(user: User, other: User | Account) -> bool:
    """Tell whether *other* is no moderator, or the user is an owner."""
    return not other.moderates or is_owner(user)


def require_power_over(user: User, other: User | Account) -> None:
    """Raise :class:`NotAllowed` if *other* is a moderator, and the user no owner."""
    if not may_act_against(user, other):
        raise NotAllowed(f"{other.name} is a moderator. Only an owner may do that.")
