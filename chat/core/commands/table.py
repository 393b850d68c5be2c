"""All commands, and the one place where they are run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chat.core import rights
from chat.core.command import Command, Kind, Parameter, Right
from chat.core.commands import (
    account,
    changes,
    devices,
    files,
    history,
    hooks,
    moderation,
    people,
    private,
    room_people,
    room_rules,
    rooms,
    talk,
)
from chat.core.effects import ShowDone
from chat.core.errors import UnknownCommand
from chat.core.events import CommandHelp, Help, Overview
from chat.core.hub import Hub
from chat.core.membership import room_of
from chat.core.session import Session

ALL = "all"
"""What people type after /help to have all commands explained."""

ALIASES = {
    "bye": "quit",
    "close": "leave",
    "exit": "quit",
    "h": "help",
    "j": "join",
    "k": "kick",
    "lastlog": "search",
    "list": "rooms",
    "m": "msg",
    "n": "who",
    "names": "who",
    "part": "leave",
    "q": "msg",
    "query": "msg",
    "signoff": "quit",
    "t": "topic",
    "tell": "msg",
    "users": "who",
    "w": "who",
    "whisper": "msg",
    "wi": "whois",
}
"""What other chats call some of our commands. People may type these names too."""

_LIKE_IT = 0.72
"""How much of a mistyped name has to be that of a command, from 0 to 1, for people to be asked whether they mean it."""


def run(hub: Hub, session: Session, command: Command, tag: str | None, arguments: Mapping[str, Any]) -> None:
    """Run *command* if the user of *session* has the right that it needs; raises :class:`ChatError`.

    If it has stored something under the same tag before, say so, and do no more.
    """
    token = session.token
    if tag is not None and token is not None and (tag in token.tags or token.done):
        if command.again is not None and tag in token.tags and command.would_store(arguments):
            command.again(hub, session, tag, token.tags[tag], **arguments)
            return
        if token.done and (command.name, tag) in token.done and command.would_store(arguments):
            hub.then(session, ShowDone(session, command.name, tag))
            return
    session.request = command.name
    if not command.automatic:
        session.active = hub.monotonic()
    needs = command.needs
    if command.needs_in_room is not None and "room" in arguments:
        needs = command.needs_in_room
    if needs is not Right.EVERYBODY:
        room = room_of(hub, session, arguments["room"]) if needs is Right.OP else None
        rights.require(rights.user_of(session), needs, room)
    command.run(hub, session, tag, **arguments)


def split(line: str) -> tuple[Command, str]:
    """Find the command of a line like ``/msg bob hello``, and what follows its name.

    Raises :class:`UnknownCommand`, with the nearest real one.
    """
    word, _, rest = line.removeprefix("/").partition(" ")
    return find(word), rest


def named(word: str) -> str:
    """Return our name of the command that people call ``/word``."""
    name = word.removeprefix("/").lower()
    return ALIASES.get(name, name)


def find(word: str, others: Sequence[str] = ()) -> Command:
    """Return the command that people call ``/word``.

    Raises :class:`UnknownCommand`, with the nearest real one; *others* are the names of commands that are real besides.
    """
    command = TABLE.get(named(word))
    if command is not None and not command.programs:
        return command
    near = _nearest(word.removeprefix("/").lower()[:40], [*(c.name for c in for_people()), *others])
    advice = f"Did you mean /{near}?" if near else "Type /help for the commands."
    raise UnknownCommand(f"There is no command /{word[:40]}. {advice}")


def _nearest(name: str, real: Sequence[str]) -> str | None:
    """Return the *real* name that has the same letters, or else the one most like it, if there is one."""
    from difflib import get_close_matches

    letters = sorted(name)
    same = [other for other in real if sorted(other) == letters]
    return next(iter(same or get_close_matches(name, real, n=1, cutoff=_LIKE_IT)), None)


def for_people() -> list[Command]:
    """The commands that people type."""
    return [command for command in TABLE.values() if not command.programs]


def show_help(hub: Hub, session: Session, tag: str | None, command: str | None = None) -> None:
    """Explain one command, or all that the user has the right to in the room that they are in.

    People, whose terminal may have 24 lines, are first shown the names of these by topic.
    """
    if command and not (session.one_room and command.lower() == ALL):
        offered = [find(command)]
    else:
        user, room = rights.user_of(session), hub.rooms.find(session.here)
        offered = [c for c in for_people() if not c.privileged or rights.has(user, c.needs, room)]
    lines = [CommandHelp(name=c.name, usage=c.usage, summary=c.summary) for c in offered]
    if command or not session.one_room:
        hub.show(session, Help(commands=lines, tag=tag))
        return
    hub.show(session, Overview(commands=lines, topics=by_topic(offered), tag=tag))


def by_topic(offered: Collection[Command]) -> Mapping[str, Sequence[str]]:
    """The names of the *offered* commands by what they are about; those that need a right come last, by that right."""
    topics: dict[str, list[str]] = {}
    for whose in (None, *_WHOSE):
        for topic, commands in TOPICS:
            names = [c.name for c in commands if c in offered and (c.needs if c.privileged else None) is whose]
            if names:
                topics.setdefault(_WHOSE[whose] if whose is not None else topic, []).extend(names)
    return topics


_WHOSE = {Right.OP: "As an op here", Right.MODERATOR: "As a moderator", Right.OWNER: "As an owner"}

_HELP = Command(
    "help",
    (Parameter("command", Kind.COMMAND, optional=True),),
    "lists the commands, or explains one",
    show_help,
)

TOPICS: Sequence[tuple[str, Sequence[Command]]] = (
    ("Rooms", rooms.COMMANDS),
    ("Talk", (*talk.COMMANDS, *private.COMMANDS, *files.COMMANDS)),
    ("You and others", people.COMMANDS),
    ("Earlier messages", (*history.COMMANDS, *changes.COMMANDS)),
    ("Your account", account.COMMANDS),
    ("Your devices", devices.COMMANDS),
    ("Rooms", (*room_people.COMMANDS, *room_rules.COMMANDS, *hooks.COMMANDS)),
    ("The chat", moderation.COMMANDS),
)
"""All commands but ``/help``, by what they are about."""

TABLE: Mapping[str, Command] = {
    command.name: command for command in (_HELP, *(command for _, commands in TOPICS for command in commands))
}
"""All commands by name."""
