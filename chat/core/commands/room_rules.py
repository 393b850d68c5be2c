"""The rules of a room: who comes in, who speaks how often, who sets the topic, whose room it is. They are told by
``/room``, set by ops, and go into the audit record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from chat.core import durations, names, rights
from chat.core.accounts import Account
from chat.core.command import HERE, ON, Command, Kind, Parameter, Right
from chat.core.commands import room_people
from chat.core.commands.deciding import change_rule
from chat.core.commands.room_people import PutAllOut
from chat.core.effects import Effect, Publish, Show
from chat.core.errors import BadField, NotAllowed
from chat.core.events import Notice, Rule, RuleKind, closed_by
from chat.core.facts import AccessSet, FounderSet, LockSet, SlowSet, StatusSet
from chat.core.hub import Hub
from chat.core.membership import find_anyone, room_of
from chat.core.rights import require, user_of
from chat.core.room import Access, Room, Status
from chat.core.session import LOBBY, Session, User
from chat.core.text import enumerate_words

LONGEST_SLOW = 86_400
"""The seconds that somebody may have to wait between two messages, at most."""

WORDS = (
    "/room open, /room members, /room private, /room founder NAME, /room ban NAME, /room unban NAME, /room bans, "
    "/room archive and /room close NAME"
)


def lock(hub: Hub, session: Session, tag: str | None, room: str, on: bool | None = None) -> None:
    """Let only ops set the topic, or everybody again."""
    mine = room_of(hub, session, room)
    if on is None:
        on = not mine.locked
    change_rule(hub, session, mine, LockSet(mine.name, on), "lock", on, tag=tag)


def slow(hub: Hub, session: Session, tag: str | None, room: str, text: str) -> None:
    """Let all but the ops speak only so often, or as they like (``off``)."""
    mine = room_of(hub, session, room)
    span, words = slowness(text)
    change_rule(hub, session, mine, SlowSet(mine.name, span), "slow", span > 0, text=words, tag=tag)


def slowness(text: str) -> tuple[int, str]:
    """Read how many seconds people have to wait between two messages, or ``off``; return that in words, too."""
    if text.strip().lower() == "off":
        return 0, ""
    span = durations.seconds(text.strip())
    if span > LONGEST_SLOW:
        raise BadField(f"{text[:40]} is too long. Have them wait a day at most: /slow 1d")
    return span, durations.in_words(span)


def room_command(
    hub: Hub,
    session: Session,
    tag: str | None,
    room: str,
    access: str | None = None,
    name: str | None = None,
    text: str | None = None,
    on: bool | None = None,
) -> None:
    """Change a rule of the room, or decide about somebody in it; without *access*, tell its rules."""
    if access is None:
        show_rules(hub, session, room_of(hub, session, room), tag)
        return
    word = access.lower()
    if word not in _ACTIONS:
        raise BadField(f"There is no /room {access[:40]}. There are {WORDS}.")
    action = _ACTIONS[word]
    if "name" not in action.takes and name is not None:
        raise BadField(f"Nothing follows /room {word}.")
    if action.needs_name and name is None:
        raise BadField(f"Say who: /room {word} NAME")
    if "text" not in action.takes and text is not None:
        raise BadField(f"Only a name follows /room {word}.")
    if action.of_ops:
        _require_op(hub, session, room)
    given = {"name": name, "text": text, "on": on}
    action.run(hub, session, tag, room, **{argument: given[argument] for argument in action.takes})


class Action(NamedTuple):
    """What a word behind ``/room`` does, the arguments that it ``takes``, and whether it is for ops of the room."""

    run: Callable[..., None]
    takes: tuple[str, ...] = ()
    needs_name: bool = False
    of_ops: bool = False


def _require_op(hub: Hub, session: Session, room: str) -> None:
    require(user_of(session), Right.OP, room_of(hub, session, room))


# -- who comes in


def _set_access(access: Access, hub: Hub, session: Session, tag: str | None, room: str) -> None:
    mine = room_of(hub, session, room)
    if access is not Access.OPEN and user_of(session).account is None:
        kind = "A private room" if access is Access.PRIVATE else "A room for members"
        raise NotAllowed(f"{kind} needs an op who can come back: make your name yours with /register first.")
    set_access(hub, session, tag, mine, access)


def set_access(
    hub: Hub, session: Session, tag: str | None, mine: Room, access: Access, effects: Sequence[Effect] = ()
) -> None:
    """Say who comes into the room; *effects* come before what is told of it."""
    if access is not Access.OPEN:
        refuse_lobby(mine)
    before = mine.access
    members = [member for member in mine.members if isinstance(member, User)] if access is Access.PRIVATE else []
    fact = AccessSet(mine.name, access, tuple(member.subject for member in members))
    closed = access is not Access.OPEN
    rule: RuleKind = "members" if (access if closed else before) is Access.MEMBERS else "private"
    change_rule(hub, session, mine, fact, rule, closed, tag=tag, effects=effects)
    for member in members:
        if member.account is None:
            hub.keep_tokens(member)


def refuse_lobby(room: Room) -> None:
    """Raise :class:`BadField` for the lobby, which always is as it is."""
    if room.name == LOBBY:
        raise BadField(f"#{room.name} is where everybody comes in, so it stays open.")


def _open(hub: Hub, session: Session, tag: str | None, room: str, name: str | None) -> None:
    """Open the room to everybody, or again if it is closed."""
    wanted = hub.rooms.find(name if name is not None else room)
    if wanted is not None and wanted.status is Status.CLOSED:
        _reopen(hub, session, wanted, tag)
    elif name is None or (wanted is not None and wanted is hub.rooms.find(room)):
        _require_op(hub, session, room)
        _set_access(Access.OPEN, hub, session, tag, room)
    else:
        raise BadField(f"#{names.room_name(name)} is not closed. In it, /room open lets everybody come in.")


def _reopen(hub: Hub, session: Session, room: Room, tag: str | None) -> None:
    _require_founder(session, room)
    open_again(hub, session, tag, room)


def open_again(hub: Hub, session: Session, tag: str | None, room: Room) -> None:
    """Open a *room* that was closed."""
    event = Rule(time=hub.now(), room=room.name, by=session.name, rule="closed", on=False)
    done = Show(session, Notice(text=f"#{room.name} is open again.", tag=tag))
    hub.apply(
        session,
        StatusSet(room.name, Status.LIVE),
        (done, Publish(room.name, event)),
        tag=tag,
        action="open",
        target=room.name,
        room=room.name,
    )


# -- its end


def _archive(hub: Hub, session: Session, tag: str | None, room: str, on: bool | None = None) -> None:
    """Let everybody read the room, and nobody speak in it; or take it out of the archive."""
    mine = room_of(hub, session, room)
    refuse_lobby(mine)
    if mine.status is Status.CLOSED:
        raise BadField(f"#{mine.name} is closed. /room open opens it again.")
    if on is None:
        on = mine.status is Status.LIVE
    fact = StatusSet(mine.name, Status.ARCHIVED if on else Status.LIVE)
    change_rule(hub, session, mine, fact, "archived", on, tag=tag)


def _close(hub: Hub, session: Session, tag: str | None, room: str, name: str | None) -> None:
    """Have everybody leave the room, and nobody come in again."""
    mine = room_of(hub, session, room)
    _require_founder(session, mine)
    refuse_lobby(mine)
    if name is None or hub.rooms.find(name) is not mine:
        raise BadField(f"To close #{mine.name}, type its name again: /room close {mine.name}")
    shut(hub, session, tag, mine)


def shut(hub: Hub, session: Session, tag: str | None, mine: Room) -> None:
    """Have everybody leave the room, and nobody come in again."""
    if mine.status is Status.CLOSED:
        raise BadField(f"#{mine.name} is closed already.")
    sentence = closed_by(mine.name, session.name)
    hub.apply(
        session,
        StatusSet(mine.name, Status.CLOSED),
        (Show(session, Notice(text=f"#{mine.name} is closed.", tag=tag)), PutAllOut(hub, session, mine, sentence)),
        tag=tag,
        action="close",
        target=mine.name,
        room=mine.name,
    )


def _require_founder(session: Session, room: Room) -> None:
    user = user_of(session)
    if not (user.moderates or rights.is_founder(user, room)):
        raise NotAllowed(f"Only the founder of #{room.name} or a moderator may do that.")


# -- whose room it is


def _set_founder(hub: Hub, session: Session, tag: str | None, room: str, name: str) -> None:
    """Make an account the founder of the room."""
    mine = room_of(hub, session, room)
    user = user_of(session)
    founder = hub.accounts.with_id(mine.founder)
    if founder is not None and not rights.is_founder(user, mine):
        raise NotAllowed(f"Only {founder.name}, the founder of #{mine.name}, hands that on.")
    if founder is None and not user.moderates:
        raise NotAllowed(f"#{mine.name} has no founder. Only a moderator may appoint one.")
    other = find_anyone(hub, session, name)
    account = other if isinstance(other, Account) else other.account
    if account is None:
        raise BadField(f"{other.name} has no account, so they can't be the founder. They can /register first.")
    if account is founder:
        raise BadField(f"{account.name} is the founder of #{mine.name} already.")
    fact = FounderSet(mine.name, account.id)
    change_rule(hub, session, mine, fact, "founder", True, about=other, tag=tag)


# -- what they are


def show_rules(hub: Hub, session: Session, room: Room, tag: str | None) -> None:
    """Tell all rules of the room."""
    hub.show(session, Notice(text=" ".join(rules_of(hub, room)), tag=tag))


def rules_of(hub: Hub, room: Room) -> list[str]:
    """Tell all rules of the room, in sentences."""
    if room.status is Status.CLOSED:
        sentences = [f"#{room.name} is closed: only moderators come in, and nobody can speak in it."]
    else:
        sentences = [f"#{room.name} is {ACCESS[room.access]}."]
    if room.status is Status.ARCHIVED:
        sentences.append("It is archived: nobody can speak in it.")
    sentences.append("Only ops set its topic." if room.locked else "Everybody in it sets its topic.")
    if room.slow:
        sentences.append(f"All but its ops may speak once every {durations.in_words(room.slow)}.")
    founder = hub.accounts.with_id(room.founder)
    if founder is not None:
        sentences.append(f"Its founder is {founder.name}.")
    accounts = [account.name for subject in room.ops if (account := hub.accounts.with_id(subject)) is not None]
    others = [name for name in sorted(accounts, key=str.casefold) if founder is None or name != founder.name]
    if others:
        verb = "Its op" if len(others) == 1 else "Its ops"
        sentences.append(f"{verb} with an account {'is' if len(others) == 1 else 'are'} {enumerate_words(others)}.")
    banned = sum(ban.holds(hub.seconds) for ban in room.bans.values())
    if banned:
        who = "1 user is" if banned == 1 else f"{banned} users are"
        sentences.append(f"{who} banned from it.")
    return sentences


ACCESS: Mapping[Access, str] = {
    Access.OPEN: "open to everybody",
    Access.MEMBERS: "members-only: only users with an account come in",
    Access.PRIVATE: "private: only who is invited comes in",
}

_ARCHIVE = Action(_archive, ("on",), of_ops=True)
_CLOSE = Action(_close, ("name",))

_ACTIONS: Mapping[str, Action] = {
    "open": Action(_open, ("name",)),
    "members": Action(partial(_set_access, Access.MEMBERS), of_ops=True),
    "private": Action(partial(_set_access, Access.PRIVATE), of_ops=True),
    "archive": _ARCHIVE,
    "archived": _ARCHIVE,
    "close": _CLOSE,
    "closed": _CLOSE,
    "founder": Action(_set_founder, ("name",), needs_name=True),
    "ban": Action(room_people.ban, ("name", "text"), needs_name=True, of_ops=True),
    "unban": Action(room_people.unban, ("name",), needs_name=True, of_ops=True),
    "bans": Action(room_people.list_bans, of_ops=True),
}
"""What may follow ``/room``."""

COMMANDS = (
    Command("lock", (HERE, ON), "lets only ops set the topic, or everybody again", lock, needs=Right.OP, stores=True),
    Command(
        "slow",
        (HERE, Parameter("text", Kind.TEXT)),
        "lets all but the ops speak only so often: /slow 30s, /slow off",
        slow,
        needs=Right.OP,
        stores=True,
    ),
    Command(
        "room",
        (
            HERE,
            Parameter("access", Kind.CHOICE, optional=True),
            Parameter("name", Kind.USER, optional=True),
            Parameter("text", Kind.TEXT, optional=True),
            Parameter("on", Kind.SWITCH, optional=True, programs=True),
        ),
        "tells the rules of the room, or changes them: /room private, members, open, archive, close NAME, "
        "founder NAME, ban NAME 1d spam, unban NAME, bans",
        room_command,
        stores=True,
        asks_without="access",
    ),
)
