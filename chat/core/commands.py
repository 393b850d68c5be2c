"""The table of commands: one entry makes a command of the text dialect, a request of the JSON dialect, a line of
``/help`` and a completion in the clients.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any

from chat.core import identity, looking, moderation, talking
from chat.core.errors import BadField, UnknownCommand
from chat.core.events import wire_time

if TYPE_CHECKING:
    from chat.core.session import Session


class Kind(Enum):
    """What a parameter is; the clients complete accordingly."""

    ROOM = "room"
    USER = "user"
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    COMMAND = "command"
    SECRET = "secret"  # noqa: S105 - a kind, and no secret
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a command, and the field of that name in JSON.

    ``here``: the text dialect fills in the room that the user is in, unless people may type one, where it is
    ``optional``; JSON always needs it. ``programs``: only JSON has it; ``people``: JSON does not have it. A ``TEXT`` or
    a ``SECRET`` takes the rest of the line.
    """

    name: str
    kind: Kind
    optional: bool = False
    here: bool = False
    programs: bool = False
    people: bool = False

    @property
    def typed(self) -> bool:
        """Whether people type it."""
        return not self.programs and (self.optional or not self.here)

    def from_word(self, word: str) -> str | int:
        """Convert what was typed; raises :class:`BadField`."""
        if self.kind is not Kind.NUMBER:
            return word
        if not word.isascii() or not word.isdecimal() or len(word) > 9:
            raise BadField(f"{word[:40]} is not a number.")
        return int(word)

    def from_json(self, value: object) -> str | int:
        """Check a value of a JSON object; raises :class:`BadField`."""
        if self.kind is Kind.NUMBER:
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
                return value
            raise BadField(f'"{self.name}" must be a whole number from 0 on.')
        if isinstance(value, str):
            return value if self.kind is not Kind.TIME else self._time(value)
        raise BadField(f'"{self.name}" must be a string.')

    def _time(self, value: str) -> str:
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return wire_time(moment)
        except (ValueError, OverflowError):
            pass
        raise BadField(f'"{self.name}" must be a time like 2026-11-21T09:15:02Z.')


@dataclass(frozen=True, slots=True)
class Command:
    """A command: how it is called, what it is for, and what does it.

    ``run`` is called with the session, the request's tag and the parameters by name.
    """

    name: str
    parameters: tuple[Parameter, ...]
    summary: str
    run: Callable[..., None]
    programs: bool = False
    who: str = ""
    """Who may use it, where not everybody may: ``ops``, ``moderators``, ``owners``."""

    @property
    def usage(self) -> str:
        """How people type it: ``/msg name text``."""
        words = (f"[{p.name}]" if p.optional else p.name for p in self.parameters if p.typed)
        return " ".join(("/" + self.name, *words))

    def parse(self, rest: str, here: str) -> dict[str, str | int]:
        """Read the arguments that were typed after the command's name in the room *here*.

        Raises :class:`BadField` where one is missing, is too much or is no number.
        """
        arguments: dict[str, str | int] = {p.name: here for p in self.parameters if p.here}
        rest = rest.strip()
        for parameter in (p for p in self.parameters if p.typed):
            if parameter.kind in (Kind.TEXT, Kind.SECRET):
                word, rest = rest, ""
            else:
                word, _, rest = rest.partition(" ")
                rest = rest.lstrip()
            if word:
                arguments[parameter.name] = parameter.from_word(word)
            elif not parameter.optional:
                raise BadField(f"Usage: {self.usage} ({self.summary})")
        if rest:
            raise BadField(f"Usage: {self.usage} ({self.summary})")
        return arguments

    def check(self, fields: Mapping[str, object]) -> dict[str, str | int]:
        """Take the arguments out of a JSON object; raises :class:`BadField`."""
        arguments: dict[str, str | int] = {}
        for parameter in (p for p in self.parameters if not p.people):
            value = fields.get(parameter.name)
            if value is not None:
                arguments[parameter.name] = parameter.from_json(value)
            elif parameter.here or not parameter.optional:
                raise BadField(f'"{self.name}" needs "{parameter.name}".')
        return arguments


ELSEWHERE = {
    "leave": "quit",
    "list": "rooms",
    "names": "who",
    "part": "quit",
    "query": "msg",
    "tell": "msg",
    "users": "who",
    "w": "who",
    "whisper": "msg",
    "whois": "who",
}
"""What other chats call some of our commands."""


def split(line: str) -> tuple[Command, str]:
    """Find the command of a line like ``/msg bob hello``, and what follows its name.

    Raises :class:`UnknownCommand`, with the nearest real one.
    """
    word, _, rest = line.removeprefix("/").partition(" ")
    return find(word), rest


def find(word: str) -> Command:
    """Return the command that people call ``/word``; raises :class:`UnknownCommand`, with the nearest real one."""
    name = word.removeprefix("/").lower()
    command = TABLE.get(name)
    if command is not None and not command.programs:
        return command
    close = difflib.get_close_matches(name[:40], [c.name for c in for_people()], n=1, cutoff=0.5)
    near = [ELSEWHERE[name]] if name in ELSEWHERE else close
    advice = f"Did you mean /{near[0]}?" if near else "Type /help for the commands."
    raise UnknownCommand(f"There is no command /{word[:40]}. {advice}")


def for_people() -> list[Command]:
    """The commands that people type."""
    return [command for command in TABLE.values() if not command.programs]


def _help(session: Session, tag: str | None, command: str | None = None) -> None:
    offered = [find(command)] if command else [c for c in for_people() if session.may_use(c)]
    session.show_help(offered, tag)


def _quit(session: Session, tag: str | None) -> None:
    session.quit()


def _method(name: str) -> Callable[..., None]:
    """Run the method *name* of the session."""

    def run(session: Session, tag: str | None, **arguments: Any) -> None:
        getattr(session, name)(tag=tag, **arguments)

    return run


_ROOM = Parameter("room", Kind.ROOM)
_HERE = Parameter("room", Kind.ROOM, here=True)
_USER = Parameter("name", Kind.USER)
_TEXT = Parameter("text", Kind.TEXT)
_SECRET = Parameter("password", Kind.SECRET)
_WHY = Parameter("text", Kind.TEXT, optional=True)


TABLE: Mapping[str, Command] = {
    command.name: command
    for command in (
        Command(
            "help",
            (Parameter("command", Kind.COMMAND, optional=True),),
            "lists the commands, or explains one",
            _help,
        ),
        Command(
            "who",
            (Parameter("room", Kind.ROOM, optional=True, here=True),),
            "lists who is in the room, or in another",
            looking.who,
        ),
        Command("rooms", (), "lists all rooms", looking.list_rooms),
        Command(
            "join",
            (_ROOM, Parameter("after", Kind.NUMBER, optional=True, programs=True)),
            "goes to a room, which comes into being where there is none",
            _method("join"),
        ),
        Command("leave", (_HERE,), "leaves the room", _method("leave"), programs=True),
        Command("say", (_HERE, _TEXT), "says something in the room", talking.say, programs=True),
        Command("me", (_HERE, _TEXT), "says what you do: /me waves", talking.act),
        Command("msg", (_USER, _TEXT), "says something to one user only", talking.tell),
        Command("nick", (Parameter("name", Kind.TEXT),), "gives you another name", _method("rename")),
        Command(
            "topic",
            (_HERE, Parameter("text", Kind.TEXT, optional=True)),
            "shows or sets what the room is about",
            _method("topic"),
        ),
        Command(
            "history",
            (
                _HERE,
                Parameter("when", Kind.TEXT, optional=True, people=True),
                Parameter("count", Kind.NUMBER, optional=True, programs=True),
                Parameter("after", Kind.NUMBER, optional=True, programs=True),
                Parameter("before", Kind.NUMBER, optional=True, programs=True),
                Parameter("since", Kind.TIME, optional=True, programs=True),
                Parameter("until", Kind.TIME, optional=True, programs=True),
            ),
            "shows the last messages of the room, or /history 50, /history since 09:00, /history 2026-11-20",
            looking.history,
        ),
        Command(
            "search",
            (
                _TEXT,
                Parameter("room", Kind.ROOM, optional=True, programs=True),
                Parameter("count", Kind.NUMBER, optional=True, programs=True),
                Parameter("before", Kind.NUMBER, optional=True, programs=True),
            ),
            'finds messages by their words: /search tea "hot water" author:ada room:#dev',
            looking.search,
        ),
        Command(
            "mentions",
            (
                Parameter("before", Kind.NUMBER, optional=True),
                Parameter("count", Kind.NUMBER, optional=True, programs=True),
            ),
            "shows what named you since you were last here",
            looking.mentions,
        ),
        Command(
            "ignore",
            (Parameter("name", Kind.USER, optional=True),),
            "hides what a user says from you, or shows it again; alone, lists whom you ignore",
            _method("ignore"),
        ),
        Command(
            "away",
            (Parameter("text", Kind.TEXT, optional=True),),
            "tells others that you are away and why; alone, that you are back",
            _method("mark_away"),
        ),
        Command("register", (_SECRET,), "makes your name yours: it needs this password then", identity.register),
        Command("password", (_SECRET,), "changes the password of your name", identity.change_password),
        Command("unregister", (_SECRET,), "gives up your name", identity.unregister),
        Command(
            "delete",
            (Parameter("id", Kind.NUMBER, optional=True),),
            "takes back what you said last, or the message with that id",
            moderation.delete,
        ),
        Command(
            "read",
            (_ROOM, Parameter("id", Kind.NUMBER)),
            "remembers up to where you have read",
            identity.mark_read,
            programs=True,
        ),
        Command("kick", (_HERE, _USER, _WHY), "puts somebody out of the room", moderation.kick, who="ops"),
        Command(
            "mute",
            (_HERE, _USER, _WHY),
            "lets somebody say nothing for a time: /mute eve 10m spam",
            moderation.mute,
            who="ops",
        ),
        Command("unmute", (_HERE, _USER), "lets somebody speak again", moderation.unmute, who="ops"),
        Command(
            "op",
            (_HERE, _USER),
            "makes somebody an op of the room, or takes that back",
            moderation.op,
            who="ops",
        ),
        Command("lock", (_HERE,), "lets only ops set the topic, or everybody again", moderation.lock, who="ops"),
        Command(
            "room",
            (_HERE, Parameter("access", Kind.CHOICE, optional=True)),
            "makes the room private, or open: /room private; alone, tells which it is",
            moderation.set_privacy,
        ),
        Command("invite", (_HERE, _USER), "lets somebody into a private room", moderation.invite, who="ops"),
        Command(
            "ban",
            (Parameter("target", Kind.USER), _WHY),
            "keeps a name or an address out: /ban 192.0.2.0/24 7d spam",
            moderation.ban,
            who="moderators",
        ),
        Command(
            "unban",
            (Parameter("target", Kind.USER),),
            "lets a name or an address in again",
            moderation.unban,
            who="moderators",
        ),
        Command("stats", (), "shows how the server is doing", moderation.show_stats, who="moderators"),
        Command("bans", (), "lists who is kept out", moderation.list_bans, who="moderators"),
        Command(
            "moderator", (_USER,), "makes somebody a moderator, or takes that back", moderation.appoint, who="owners"
        ),
        Command("ping", (), "answers with a pong", _method("ping"), programs=True),
        Command("quit", (), "leaves the chat", _quit),
    )
}
"""All commands by name."""
