"""The text dialect, for people with netcat or telnet (``docs/protocol.md``, section Text)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chat.core import events, lifecycle
from chat.core.command import Command
from chat.core.commands import table, talk
from chat.core.errors import BadJson, ChatError, InvitationNeeded, UnknownCommand
from chat.core.hub import Hub
from chat.core.session import Session
from chat.protocols.entrance import Entrance
from chat.protocols.manners import LEAVE_WORDS, Manners
from chat.protocols.telnet import TelnetFilter

HELP_LINE = "Say something by typing it. // begins a line with one slash. exit leaves."

HIDE, SHOW = b"\xff\xfb\x01", b"\xff\xfc\x01"
"""Telnet's WILL and WONT ECHO (RFC 857): the terminal is not to show what is typed, or to show it again."""

_OF_CLIENTS = {
    "leave": "You are always in one room: /join lobby goes to the lobby, exit leaves.",
    "send": "Files are sent by another program: /upload shows the line for it.",
}
"""What only clients can do, and what to type instead."""

_LONGEST_TO_LEAVE = max(map(len, LEAVE_WORDS))

_JSON = re.compile(r"\ufeff?\s*(?:\{\s*[\"}]|\[\s*\{)")
"""How a line begins that is meant as JSON, be it right or wrong: a password may stand in it."""


class TextDialect:
    """Lines for people: ``ada: hello``."""

    page = 64
    hides_own = True
    changes = False

    def encode(self, event: events.Event) -> bytes:
        """Write an event for everybody in a room."""
        if isinstance(event, events.Message):
            if "\n" in event.text:
                return _lines(event.words())
            return f"{event.line() if event.to else event.spoken}\r\n".encode()
        if isinstance(event, events.Edited):
            return _lines(event.words())
        if isinstance(event, events.Deleted) and event.by == events.BY_OPERATOR:
            # They are told of all at once that are erased.
            return b""
        return _lines(f"* {sentence}" for sentence in event.words())

    def encode_for(self, name: str, event: events.Event) -> bytes:
        """Write an event for the user called *name* alone."""
        match event:
            case events.Refusal():
                return _lines([f"! {event.text}"])
            case events.Left() if event.name == name:
                return b""
            case events.Prompt():
                return _lines([f"* {event.text}"]) + HIDE if event.text is not None else SHOW + b"\r\n"
            case events.RoomState():
                return self._arrival(name, event)
            case events.History() | events.Found() | events.Pins():
                return self._past(event)
            case events.Help() if len(event.commands) > 1 and not isinstance(event, events.Overview):
                return self.encode(event) + _lines([f"* {HELP_LINE}"])
            case _:
                return self.encode(event)

    def _arrival(self, name: str, event: events.RoomState) -> bytes:
        sentence = events.company(name, event.room, event.users)
        lines = [f"* {sentence} Type /help for commands, exit to leave."]
        if event.topic:
            lines.append(f"* The topic of #{event.room} is: {event.topic}")
        if event.pins:
            lines.append(f"* {event.pins} pinned: /pins")
        return _lines(lines)

    def encode_replay(self, room: str, past: Sequence[events.Numbered]) -> bytes:
        """Write old messages, each with its local time, between two marks; they are as they are now."""
        messages = [event for event in past if isinstance(event, events.Message)]
        return self._past(events.History(room=room, messages=messages, more=False)) if messages else b""

    def _past(self, event: events.History | events.Found | events.Pins) -> bytes:
        return _lines(line if line.startswith("[") else f"* {line}" for line in event.words())


class TextManners(Manners):
    """Somebody with netcat or telnet: lines end as terminals end them, and telnet's commands are taken out."""

    way = "text"
    dialect = TextDialect()
    one_room = True
    replays = True
    line_end = re.compile(b"\r[\n\0]|[\r\n]")

    __slots__ = ("_after_return", "_entrance", "_telnet", "answer", "left")

    def __init__(self) -> None:
        self.answer = b""
        self.left = False
        self._telnet = TelnetFilter()
        self._entrance: Entrance | None = None
        self._after_return = False
        """Whether a CR came last: an LF or NUL behind it belongs to it."""

    @property
    def passed(self) -> int:
        """How far the user has come."""
        return self._entrance.passed if self._entrance is not None else 0

    def greet(self, welcome: str, hub: Hub, session: Session) -> bytes:
        """Ask for a name, or for what is needed first."""
        self._entrance = Entrance(hub, session)
        question = self._entrance.question(hub)
        if self._entrance.hidden or hub.doors.members_only:
            return _lines([f"* {welcome}", f"* {question}"])
        return self.dialect.encode(events.Notice(text=f"{welcome} {question}"))

    def to_silent(self) -> bytes:
        """Have the telnet of a person hide what is typed. A program has spoken by then, and is not sent these bytes."""
        return HIDE + b"\r\n" if self._entrance is not None and self._entrance.hidden else b""

    # -- what the user sends

    def hear(self, data: bytes, session: Session) -> bytes:
        """Take telnet's commands out, and what belongs to an end of line that came before."""
        telnet = self._telnet
        data = telnet.feed(data, offering=self._entrance is not None and self._entrance.hidden)
        self.answer, self.left = telnet.answer, telnet.left
        if self._after_return and data[:1] in (b"\n", b"\0"):
            data = data[1:]
            self._after_return = False
        if data:
            self._after_return = data.endswith(b"\r")
        return data

    def receive(self, hub: Hub, session: Session, line: bytes) -> None:
        """Do what the *line* of a user says; refusals are shown to them."""
        text = line.decode("utf-8", "replace")
        if "\b" in text or "\x7f" in text:
            text = _typed(text)
        entrance, user = self._entrance, session.user
        try:
            if session.pasted is not None:
                talk.paste_line(hub, session, session.pasted, text)
            elif (user is None or user.said is None) and _JSON.match(text.strip()):
                raise BadJson("This is JSON. Send it as the first line.")
            elif entrance is not None and (user is None or entrance.registers):
                entrance.answer(hub, session, text.strip(), line)
            elif text.startswith("/") and not text.startswith("//"):
                self._command(hub, session, text)
            else:
                self._say(hub, session, text)
        except ChatError as error:
            hub.refuse(session, error)
            if entrance is not None:
                entrance.ask_again(hub, session)

    def _command(self, hub: Hub, session: Session, text: str) -> None:
        if instead := _OF_CLIENTS.get(table.named(text.split()[0])):
            raise UnknownCommand(instead)
        command, rest = table.split(text)
        self._run(hub, session, command, command.parse(rest, session.here))

    def _say(self, hub: Hub, session: Session, text: str) -> None:
        stripped = text.strip()
        if len(stripped) <= _LONGEST_TO_LEAVE and stripped.lower() in LEAVE_WORDS:
            lifecycle.quit_chat(hub, session)
        elif stripped:
            session.active = hub.monotonic()
            talk.say(hub, session, None, session.here, text.removeprefix("/"))

    def too_long(self, hub: Hub, session: Session) -> None:
        """A line was too long, and is dropped; nothing is said then of which it was to be a part."""
        if session.pasted is not None:
            session.pasted.whole = False
        super().too_long(hub, session)

    def _run(self, hub: Hub, session: Session, command: Command, arguments: Mapping[str, Any]) -> None:
        try:
            table.run(hub, session, command, None, arguments)
        except InvitationNeeded:
            if self._entrance is None:
                raise
            self._entrance.ask_code(hub, session, arguments["password"])


def _lines(lines: Iterable[str]) -> bytes:
    return "".join([f"{line}\r\n" for line in lines]).encode()


def _typed(text: str) -> str:
    """Read a line that was typed; each Backspace removes the character before it."""
    kept: list[str] = []
    for character in text:
        if character not in "\b\x7f":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)
