"""What ops do in their rooms, and moderators everywhere. All of it goes into the audit record."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from chat.core import bans, durations, names
from chat.core.accounts import Account, Role
from chat.core.bans import Ban
from chat.core.errors import BadField, NoSuchMessage, NotAllowed
from chat.core.events import BanLine, Bans, Deleted, Message, Notice, Rule, RuleKind, Stats, timestamp
from chat.core.hub import LOBBY
from chat.core.records import Decision, Erasure, RoomRules, Unbanned, Which
from chat.core.talking import has_said, last_said

if TYPE_CHECKING:
    from chat.core.room import Room
    from chat.core.session import Session

DEFAULT_MUTE = 600
"""The seconds for which somebody is muted where no time is given."""

LONGEST_WHY = 300
"""The bytes of a reason."""

MOST_INVITED = 500
MOST_BANS = 10_000


def is_moderator(session: Session) -> bool:
    """Tell whether the user may moderate everywhere."""
    return session.account is not None and session.account.moderates


def is_op(session: Session, room: Room) -> bool:
    """Tell whether the user may moderate *room*."""
    return is_moderator(session) or session.key in room.ops


def may_enter(room: Room, name: str, account: Account | None) -> bool:
    """Tell whether *room* is open to the user called *name* with that *account*."""
    if not room.private or (account is not None and account.moderates):
        return True
    key = names.key(account.name if account is not None else name)
    return key in room.invited or key in room.ops


def _op_of(session: Session, room: str) -> Room:
    mine = session.my_room(room)
    if not is_op(session, mine):
        raise NotAllowed(f"Only the ops of #{mine.name} may do that.")
    return mine


def _require_moderator(session: Session) -> None:
    if not is_moderator(session):
        raise NotAllowed("Only moderators may do that.")


def _victim(session: Session, name: str) -> Session:
    """The user called *name*, whom the session may act against."""
    victim = session.find_user(name)
    if is_moderator(victim) and not (session.account is not None and session.account.role is Role.OWNER):
        raise NotAllowed(f"{victim.name} is a moderator. Only an owner may do that.")
    return victim


def _member(room: Room, victim: Session) -> Session:
    if victim.id not in room.members:
        raise BadField(f"{victim.name} is not in #{room.name}.")
    return victim


def _reason(session: Session, text: str | None) -> str:
    return session.bounded(text or "", LONGEST_WHY, "reason")


def _timed(session: Session, text: str | None) -> tuple[int | None, str]:
    """Read ``[time] [why]``."""
    first, _, rest = (text or "").strip().partition(" ")
    span = durations.seconds(first)
    if span == 0 or (span is None and first.lstrip("+-")[:1].isdecimal()):
        raise BadField(f"{first[:40]} is no time. Write one like 30s, 10m, 2h, 7d or 4w.")
    return span, _reason(session, rest if span is not None else text)


def _decide(
    session: Session,
    action: str,
    target: str,
    deliver: Callable[[], None],
    change: Account | Ban | Unbanned | RoomRules | Erasure | None = None,
    *,
    room: str | None = None,
    why: str = "",
    tag: str | None = None,
) -> None:
    """Enter a decision in the audit record, and then *deliver* what it means."""
    hub = session.hub
    hub.store(session, Decision(hub.now(), session.name, action, target, room, why, change, tag), deliver)


def _rule(
    session: Session, room: Room, rule: Rule, change: Callable[[], None], *, why: str = "", tag: str | None = None
) -> None:
    """Change a rule of a room, and tell all in it."""
    hub = session.hub
    undo = room.undo()
    change()
    action = rule.rule if rule.on else f"no {rule.rule}"
    kept = room.rules({names.key(name) for name in hub.registered.all()})

    def deliver() -> None:
        hub.delivery.publish(room.name, rule, None)

    decision = Decision(hub.now(), session.name, action, rule.name or room.name, room.name, why, kept, tag)
    hub.store(session, decision, deliver, undo)


# -- commands of ops


def kick(session: Session, tag: str | None, room: str, name: str, text: str | None = None) -> None:
    """Put somebody out of the room."""
    mine = _op_of(session, room)
    victim = _member(mine, _victim(session, name))
    why = _reason(session, text)

    def deliver() -> None:
        victim.put_out(mine, session.name, why)
        session.hub.delivery.show(session, Notice(text=f"You kicked {victim.name}.", tag=tag))

    _decide(session, "kick", victim.name, deliver, room=mine.name, why=why)


def mute(session: Session, tag: str | None, room: str, name: str, text: str | None = None) -> None:
    """Let somebody say nothing in the room for a time."""
    mine = _op_of(session, room)
    victim = _member(mine, _victim(session, name))
    span, why = _timed(session, text)
    span = DEFAULT_MUTE if span is None else span
    until = session.hub.monotonic() + span
    text = f"for {durations.in_words(span)}" + (f": {why}" if why else "")
    rule = _of(session, mine, "mute", True, victim.name, text, tag)
    _rule(session, mine, rule, partial(mine.muted.__setitem__, victim.key, until), why=text, tag=tag)


def unmute(session: Session, tag: str | None, room: str, name: str) -> None:
    """Let somebody speak again."""
    mine = _op_of(session, room)
    victim = session.find_user(name)
    if victim.key not in mine.muted:
        raise BadField(f"{victim.name} is not muted in #{mine.name}.")
    rule = _of(session, mine, "mute", False, victim.name, "", tag)
    _rule(session, mine, rule, partial(mine.muted.__delitem__, victim.key), tag=tag)


def op(session: Session, tag: str | None, room: str, name: str) -> None:
    """Make somebody an op of the room, or take that back."""
    mine = _op_of(session, room)
    other = _member(mine, session.find_user(name))
    on = other.key not in mine.ops
    rule = _of(session, mine, "op", on, other.name, "", tag)
    _rule(session, mine, rule, partial(mine.ops.add if on else mine.ops.discard, other.key), tag=tag)


def lock(session: Session, tag: str | None, room: str) -> None:
    """Let only ops set the topic, or everybody again."""
    mine = _op_of(session, room)
    rule = _of(session, mine, "lock", not mine.locked, None, "", tag)
    _rule(session, mine, rule, partial(setattr, mine, "locked", rule.on), tag=tag)


def set_privacy(session: Session, tag: str | None, room: str, access: str | None = None) -> None:
    """Let only those come in who are invited, or everybody; without *access*, tell which."""
    if access is None:
        _show_rules(session, session.my_room(room), tag)
        return
    mine = _op_of(session, room)
    if access not in ("private", "open"):
        raise BadField("Say whether the room is to be private or open: /room private, or /room open")
    private = access == "private"
    if private and session.account is None:
        raise NotAllowed("A private room needs an op who can come back: make your name yours with /register first.")
    if private and mine.name == LOBBY:
        raise BadField(f"#{mine.name} is where everybody comes in, so it stays open.")
    rule = _of(session, mine, "private", private, None, "", tag)
    _rule(session, mine, rule, partial(setattr, mine, "private", private), tag=tag)


def _show_rules(session: Session, room: Room, tag: str | None) -> None:
    access = "private: only who is invited comes in" if room.private else "open to everybody"
    topic = "Only ops set its topic." if room.locked else "Everybody in it sets its topic."
    session.hub.show(session, Notice(text=f"#{room.name} is {access}. {topic}", tag=tag))


def invite(session: Session, tag: str | None, room: str, name: str) -> None:
    """Let somebody into a private room."""
    mine = _op_of(session, room)
    if len(mine.invited) >= MOST_INVITED:
        raise BadField(f"#{mine.name} has {MOST_INVITED} invited users, which is the most.")
    guest = session.find_user(name)
    rule = _of(session, mine, "invite", True, guest.name, "", tag)
    _rule(session, mine, rule, partial(mine.invited.add, guest.key), tag=tag)
    session.hub.show(guest, Notice(text=f"{session.name} invites you to #{mine.name}. Come with /join {mine.name}"))


def _of(session: Session, room: Room, rule: RuleKind, on: bool, name: str | None, text: str, tag: str | None) -> Rule:
    return Rule(
        time=session.hub.now(), room=room.name, by=session.name, rule=rule, on=on, name=name, text=text, tag=tag
    )


# -- commands of moderators


def ban(session: Session, tag: str | None, target: str, text: str | None = None) -> None:
    """Keep a name or an address out."""
    hub = session.hub
    _require_moderator(session)
    span, why = _timed(session, text)
    until = None if span is None else hub.seconds + span
    written = str(bans.network(target) or names.user_name(target))
    ban = Ban(written, until, why, session.name, hub.now())
    if len(hub.bans.all(hub.seconds)) >= MOST_BANS:
        raise BadField(f"There are {MOST_BANS} bans, which is the most. /unban some.")
    only = bans.Bans()
    only.add(ban)
    hit = [user for user in hub.users.all() if _hits(only, user, hub.seconds)]
    if session in hit:
        raise BadField("That would ban yourself.")
    for user in hit:
        _victim(session, user.name)

    def deliver() -> None:
        for user in hit:
            user.quit(ban.sentence(hub.seconds), "banned")
        length = "for ever" if span is None else f"for {durations.in_words(span)}"
        hub.delivery.show(session, Notice(text=f"{written} is banned {length}.", tag=tag))

    hub.bans.add(ban)
    decision = Decision(hub.now(), session.name, "ban", written, None, why, ban, tag)
    hub.store(session, decision, deliver, undo=partial(hub.bans.discard, written))


def _hits(only: bans.Bans, user: Session, now: float) -> bool:
    return only.of_name(user.name, now) is not None or only.of_address(user.peer.address, now) is not None


def unban(session: Session, tag: str | None, target: str) -> None:
    """Let a name or an address in again."""
    hub = session.hub
    _require_moderator(session)
    ban = hub.bans.remove(target)
    if ban is None:
        raise BadField(f"{target[:64]} is not banned. /bans lists who is.")
    decision = Decision(hub.now(), session.name, "unban", ban.target, change=Unbanned(bans.normal(target)), tag=tag)
    done = Notice(text=f"{ban.target} is not banned any more.", tag=tag)
    hub.store(session, decision, partial(hub.delivery.show, session, done), undo=partial(hub.bans.add, ban))


def list_bans(session: Session, tag: str | None) -> None:
    """Show who may not come in."""
    hub = session.hub
    _require_moderator(session)
    lines = [
        BanLine(
            target=ban.target,
            until=None if ban.until is None else timestamp(ban.until),
            why=ban.why,
            by=ban.by,
            time=ban.time,
        )
        for ban in hub.bans.all(hub.seconds)
    ]
    hub.answer(session, partial(hub.delivery.show, session, Bans(bans=lines, tag=tag)))


def show_stats(session: Session, tag: str | None) -> None:
    """Show how the server is doing."""
    hub = session.hub
    _require_moderator(session)
    hub.answer(session, partial(hub.delivery.show, session, Stats(figures=dict(hub.figures()), tag=tag)))


def appoint(session: Session, tag: str | None, name: str) -> None:
    """Make a registered user a moderator, or take that back."""
    if session.account is None or session.account.role is not Role.OWNER:
        raise NotAllowed("Only an owner may do that.")
    other = session.find_user(name)
    account = other.account
    if account is None:
        raise BadField(f"{other.name} is not registered, so they can't be a moderator. They can /register first.")
    if account.role is Role.OWNER:
        raise BadField(f"{other.name} is an owner.")
    role = Role.USER if account.moderates else Role.MODERATOR
    changed = Account(account.name, account.password, role)

    def deliver() -> None:
        other.account = changed
        what = "a moderator now" if changed.moderates else "no moderator any more"
        session.hub.delivery.show(session, Notice(text=f"{other.name} is {what}.", tag=tag))
        if other is not session:
            session.hub.delivery.show(other, Notice(text=f"You are {what}."))

    _decide(session, f"role {role or 'user'}", account.name, deliver, changed, tag=tag)


# -- messages


def delete(session: Session, tag: str | None, id: int | None = None) -> None:
    """Take back what was said."""
    said = last_said(session)
    if id is None and not said:
        raise NoSuchMessage("There is nothing to take back. Give the id of a message; /search shows them.")
    number = id if id is not None else said[-1]
    hub = session.hub
    hub.answer(
        session, partial(hub.delivery.consult, session, Which(number), partial(_delete, session, tag, number), tag)
    )


def _delete(session: Session, tag: str | None, number: int, message: Message | None) -> None:
    hub = session.hub
    if session.gone:
        return
    room = hub.room(message.room) if message is not None and message.room is not None else None
    mine = message is not None and has_said(session, message)
    if message is None or not (mine or (room is not None and session.may_enter(room))):
        raise NoSuchMessage(f"There is no message {number}, or not any more.")
    if not (mine or (room is not None and is_op(session, room))):
        raise NotAllowed("That is not yours to delete.")
    event = Deleted(time=hub.now(), room=message.room, id=number, by=session.name, tag=tag)

    session.said = [said for said in last_said(session) if said != number]

    def deliver() -> None:
        if message.room is not None:
            hub.delivery.publish(message.room, event, None)
        other = hub.users.get(message.to) if message.to is not None else None
        if other is not None and other is not session:
            hub.delivery.show(other, Deleted(time=event.time, room=None, id=number, by=session.name))
        if message.room is None or session.id not in (room.members if room is not None else ()):
            hub.delivery.show(session, event)

    erasure = Erasure((number,), session.name, tag)
    if mine:
        hub.store(session, erasure, deliver)
    else:
        _decide(
            session, "delete", message.author, deliver, erasure, room=message.room, why=f"message {number}", tag=tag
        )
