"""What a command is: its name, its parameters, its help, the right that it needs, and what carries it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from keyword import iskeyword
from typing import Any

import msgspec

from chat.core.errors import BadField
from chat.core.times import wire_time

SWITCH_WORDS = {"on": True, "off": False}
"""How people write what is true or false in JSON."""


Argument = str | int | Sequence[str]
"""What a command is given of what was typed, or sent."""


class Kind(Enum):
    """What a parameter is; the clients complete accordingly."""

    ROOM = "room"
    USER = "user"
    """The name of a user, which may be typed behind an ``@``."""
    TARGET = "target"
    """Who is banned: a name, an address, or an account behind an ``@``."""
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    COMMAND = "command"
    SECRET = "secret"  # noqa: S105 - a kind, and no secret
    CHOICE = "choice"
    SWITCH = "switch"
    REACTION = "reaction"
    WORDS = "words"


_ONE_WORD: Mapping[Kind | None, str] = {Kind.ROOM: "The name of a room", Kind.USER: "A name"}
"""What people may take for more than one word."""


class Right(Enum):
    """Who may use a command."""

    EVERYBODY = "everybody"
    OP = "op"
    """The ops of the room that the command is about, and moderators in it."""
    MODERATOR = "moderator"
    OWNER = "owner"
    ACCOUNT = "account"
    """Who has registered their name."""


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a command, and the field of that name in JSON.

    ``here``: the text dialect fills in the room that the user is in, unless people may type one, where it is
    ``optional``; JSON always needs it. ``programs``: only JSON has it; ``people``: JSON does not have it. ``alone``:
    people may leave it out, JSON may not. ``instead`` is the parameter that may be given in its place. A ``TEXT`` or a
    ``SECRET`` takes the rest of the line.
    """

    name: str
    kind: Kind
    optional: bool = False
    here: bool = False
    programs: bool = False
    people: bool = False
    alone: bool = False
    instead: str = ""
    argument: str = ""
    """What the command calls it: its name may be a keyword of Python."""

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "argument", f"{self.name}_" if iskeyword(self.name) else self.name)

    def given_by(self, fields: Mapping[str, object]) -> bool:
        """Tell whether the fields of a JSON object have what may stand in its place."""
        return bool(self.instead) and fields.get(self.instead) is not None

    @property
    def typed(self) -> bool:
        """Whether people type it."""
        return not self.programs and (self.optional or not self.here)

    @property
    def usage(self) -> str:
        """How it stands in the usage of a command: ``name``, or ``[name]`` if it may be left out."""
        word = "|".join(SWITCH_WORDS) if self.kind is Kind.SWITCH else self.name
        return f"[{word}]" if self.optional or self.alone else word

    def may_be_left_out_before(self, word: str) -> bool:
        """Tell whether *word* is for the next parameter: a number may be left out before ``on`` and ``off``."""
        return self.kind is Kind.NUMBER and (self.optional or self.alone) and word.lower() in SWITCH_WORDS

    def from_word(self, word: str) -> str | int:
        """Convert what was typed; raises :class:`BadField`."""
        if self.kind is Kind.SWITCH:
            if word.lower() not in SWITCH_WORDS:
                raise BadField(f"{word[:40]} is neither on nor off.")
            return SWITCH_WORDS[word.lower()]
        if self.kind is Kind.USER:
            return word.removeprefix("@")
        if self.kind is not Kind.NUMBER:
            return word
        digits = word.removeprefix("#")
        if not digits.isascii() or not digits.isdecimal() or len(digits) > 9:
            raise BadField(f"{word[:40]} is not a number.")
        return int(digits)

    def from_json(self, value: object) -> Argument:
        """Check a value of a JSON object; raises :class:`BadField`."""
        if self.kind is Kind.SWITCH:
            if isinstance(value, bool):
                return value
            raise BadField(f'"{self.name}" must be true or false.')
        if self.kind is Kind.NUMBER:
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
                return value
            raise BadField(f'"{self.name}" must be a whole number from 0 on.')
        if self.kind is Kind.WORDS:
            if isinstance(value, list) and all(isinstance(one, str) for one in value):
                return value
            raise BadField(f'"{self.name}" must be a list of strings.')
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


class Command(msgspec.Struct, frozen=True):
    """A command of the text dialect, a request of the JSON dialect, a line of ``/help``, a completion in the clients.

    ``run`` carries it out: it is called with the hub, the session, the request's tag and the parameters by name, after
    the right that the command ``needs`` was checked. It raises :class:`ChatError` to refuse; then nothing has happened.
    """

    name: str
    parameters: tuple[Parameter, ...]
    summary: str
    run: Callable[..., None]
    needs: Right = Right.EVERYBODY
    needs_in_room: Right | None = None
    """The right that it needs instead if it is about a room, which may be left out."""
    programs: bool = False
    """Whether only programs use it."""
    people: bool = False
    """Whether only people use it, who type it at netcat or telnet."""
    before_name: bool = False
    """Whether programs may use it before they have said hello."""
    stores: bool = False
    """Whether it stores something, which a tag does only once."""
    again: Callable[..., None] | None = None
    """What answers it if its tag has said something before: it is called as ``run`` is, with that id and time too."""
    automatic: bool = False
    """Whether programs use it by themselves, so that it does not tell that their user is active."""
    asks_without: str = ""
    """The parameter without which it only asks, and stores nothing."""
    farewell: bool = False
    """Whether people may type more words behind it, as users of other chats say farewell. Nobody is shown them."""

    @property
    def usage(self) -> str:
        """How people type it: ``/msg name text``."""
        return " ".join(("/" + self.name, *(p.usage for p in self.parameters if p.typed)))

    @property
    def privileged(self) -> bool:
        """Whether it is for ops, moderators or owners only."""
        return self.needs in (Right.OP, Right.MODERATOR, Right.OWNER)

    def would_store(self, arguments: Mapping[str, Any]) -> bool:
        """Tell whether it stores something if it is run with these *arguments*."""
        return self.stores and (not self.asks_without or self.asks_without in arguments)

    def parse(self, rest: str, here: str) -> dict[str, Argument]:
        """Read the arguments that were typed after the command's name in the room *here*.

        Raises :class:`BadField` if one is missing, is too much or is no number.
        """
        arguments: dict[str, Argument] = {p.name: here for p in self.parameters if p.here}
        rest = rest.strip()
        for parameter in (p for p in self.parameters if p.typed):
            if parameter.kind in (Kind.TEXT, Kind.SECRET):
                word, rest = rest, ""
            else:
                word, _, rest = rest.partition(" ")
                rest = rest.lstrip()
            if parameter.may_be_left_out_before(word):
                rest = f"{word} {rest}".strip()
            elif word:
                try:
                    arguments[parameter.argument] = parameter.from_word(word)
                except BadField as wrong:
                    raise BadField(f"{wrong} {self._advice}") from None
            elif not (parameter.optional or parameter.alone):
                raise BadField(self._advice)
        if rest and not self.farewell:
            last = next((p.kind for p in reversed(self.parameters) if p.typed), None)
            raise BadField(f"{_ONE_WORD[last]} has no blanks. {self._advice}" if last in _ONE_WORD else self._advice)
        return arguments

    @property
    def _advice(self) -> str:
        """What people are told who have typed it wrongly."""
        return f"Usage: {self.usage} ({self.summary})"

    def check(self, fields: Mapping[str, object]) -> dict[str, Argument]:
        """Take the arguments out of a JSON object; raises :class:`BadField`."""
        arguments: dict[str, Argument] = {}
        for parameter in self.parameters:
            value = fields.get(parameter.name) if not parameter.people else None
            if value is not None:
                arguments[parameter.argument] = parameter.from_json(value)
            elif parameter.people:
                continue
            elif (parameter.here or not parameter.optional) and not parameter.given_by(fields):
                raise BadField(f'"{self.name}" needs "{parameter.name}".')
        return arguments


HERE = Parameter("room", Kind.ROOM, here=True)
"""The room that the user is in, which people do not type."""
ROOM = Parameter("room", Kind.ROOM)
USER = Parameter("name", Kind.USER)
TEXT = Parameter("text", Kind.TEXT)
WHY = Parameter("text", Kind.TEXT, optional=True)
ON = Parameter("on", Kind.SWITCH, optional=True)
"""Which way to switch something; if it is left out, the other way than it is."""
WITH = Parameter("with", Kind.TEXT, optional=True, programs=True)
"""The other side of a conversation."""
SECRET = Parameter("password", Kind.SECRET)
