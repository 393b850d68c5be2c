"""What decisions about rooms and users have in common: whom they are about, for how long and why, who is told."""

from __future__ import annotations

from collections.abc import Sequence

from chat.core import durations
from chat.core.accounts import Account
from chat.core.bans import Ban, RoomBan
from chat.core.effects import Effect, Publish
from chat.core.events import BanLine, Rule, RuleKind
from chat.core.facts import AccessSet, Invited, LockSet, OpSet, RoomFact, SlowSet, StatusSet
from chat.core.hub import Hub
from chat.core.queue import Undo
from chat.core.room import Room
from chat.core.session import Session, User
from chat.core.text import bounded
from chat.core.times import timestamp

LONGEST_WHY = 300
"""The bytes of a reason."""


def timed(text: str | None) -> tuple[int | None, str]:
    """Read ``[time] [why]``."""
    first, _, rest = (text or "").strip().partition(" ")
    span = durations.seconds(first) if durations.is_duration(first) else None
    return span, reason(rest if span is not None else text)


def reason(text: str | None) -> str:
    """Check the reason of a decision."""
    return bounded(text or "", LONGEST_WHY, "reason")


def for_span(span: int | None, why: str = "") -> str:
    """Write how long something holds, and why: ``for 2 hours: spam``."""
    return ("for ever" if span is None else f"for {durations.in_words(span)}") + (f": {why}" if why else "")


def ban_line(ban: Ban | RoomBan) -> BanLine:
    """Write a ban as it is listed."""
    until = None if ban.until is None else timestamp(ban.until)
    return BanLine(target=ban.target, until=until, why=ban.why, by=ban.by, time=ban.time)


def change_rule(
    hub: Hub,
    session: Session,
    room: Room,
    fact: RoomFact,
    rule: RuleKind,
    on: bool,
    *,
    about: User | Account | None = None,
    name: str | None = None,
    text: str = "",
    why: str = "",
    tag: str | None = None,
    effects: Sequence[Effect] = (),
    also: Undo = tuple,
) -> None:
    """Change a rule of a room, and tell all in it; if it is so already, tell only the one who asked."""
    name = about.name if about is not None else name
    event = Rule(time=hub.now(), room=room.name, by=session.name, rule=rule, on=on, name=name, text=text, tag=tag)
    if holds(room, fact):
        hub.confirm(session, event, tag)
        return
    hub.apply(
        session,
        fact,
        (*effects, Publish(room.name, event, asker=session)),
        tag=tag,
        action=rule if on else f"no {rule}",
        target=name or room.name,
        room=room.name,
        why=why or text,
        also=also,
    )
    if isinstance(about, User):
        hub.keep_tokens(about)


def holds(room: Room, fact: RoomFact) -> bool:
    """Tell whether *fact*, which switches a rule, changes nothing."""
    match fact:
        case OpSet():
            return (fact.subject in room.ops) == fact.on
        case Invited(on=False):
            return fact.subject not in room.invited
        case LockSet():
            return room.locked == fact.on
        case AccessSet():
            return room.access is fact.access
        case StatusSet():
            return room.status is fact.status
        case SlowSet():
            return room.slow == fact.seconds
    return False
