"""Logs of IRC clients, one line at a time; all times in them are local time."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date
from typing import ClassVar, Literal

from chat.archive.formats import Further, text_of_lines
from chat.archive.lines import BadLine
from chat.archive.moments import KNOWN, Clock, Stamps, day_of
from chat.core import names
from chat.core.errors import BadName
from chat.core.events import Message
from chat.core.text import clean, seen
from chat.core.times import wire_time

_TERMINAL = "\x1b\\[[0-9;:]*m"
_MIRC = "\x03(?:\\d{1,2}(?:,\\d{1,2})?)?"
_COLOURS = re.compile(f"{_TERMINAL}|{_MIRC}|\x04[0-9A-Fa-f]{{6}}(?:,[0-9A-Fa-f]{{6}})?")
_COLOURS_OF_IRSSI = re.compile(f"{_TERMINAL}|{_MIRC}|\x04(?:[`-z]|[.,+'&-].|#.{{4}}|[/-?]{{2}})")
_WINDOWS = {0x80 + place: bytes([0x80 + place]).decode("cp1252", "ignore") for place in range(0x20)}
"""Clients that took Windows-1252 for Latin-1 have written controls in place of quotation marks and dashes."""

_MODES = "@+%&~!. "
_NOT_IN_NAMES = re.compile(r"[^\w.-]")
_NICK = re.compile(r"[A-Za-z\[\]\\`_^{|}][\w\[\]\\`^{|}-]*")
"""A nick as RFC 2812 has it."""

_NOBODY = "unknown"
"""Who said what is said by a nick of which nothing can be in a name."""

_MOST_NICKS = 4096


class Nicks:
    """Makes names of nicks, and knows which had to be changed."""

    def __init__(self) -> None:
        self.changed: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def name(self, nick: str) -> str:
        """Return the possible name nearest to a nick: ``ada|away`` is one itself, ``[ada]_`` becomes ``ada``."""
        name = self._names.get(nick)
        if name is None:
            if len(self._names) == _MOST_NICKS:
                self._names.clear()
            name = self._names[nick] = _name(nick)
            if name != nick and len(self.changed) < _MOST_NICKS:
                self.changed[clean(nick)] = name
        return name


def _name(nick: str) -> str:
    with suppress(BadName):
        return names.user_name(clean(nick))
    try:
        return names.user_name(_NOT_IN_NAMES.sub("-", clean(nick)).strip("-_.")[: names.MAXIMUM_LENGTH].strip("-_."))
    except BadName:
        return _NOBODY


class _LogReader:
    """Reads a log into *room*. It begins on *day*, unless it tells itself; its times are in one of the forms *stamps*.

    A message has the id 0.
    """

    colours: ClassVar = _COLOURS
    rolls: ClassVar = False
    """Whether nothing but its times tells where a day ends."""

    def __init__(
        self, room: str, day: date | None = None, stamps: Stamps = KNOWN, nicks: Nicks | None = None, action: str = "*"
    ) -> None:
        self._room = room
        self._clock = Clock(day, rolls=self.rolls)
        self._stamps = stamps
        self._nicks = nicks or Nicks()
        self._action = action

    def _stamp(self, line: str, *, whole: bool = False) -> re.Match[str] | None:
        """Find the time that a line begins with, or that it is."""
        for stamp in self._stamps:
            if found := (stamp.fullmatch if whole else stamp.match)(line):
                return found
        return None

    def _without_colours(self, line: str) -> str:
        return line if line.isprintable() else self.colours.sub("", line).translate(_WINDOWS)

    def _message(
        self, stamp: re.Match[str], nick: str, kind: Literal["say", "action"], text: str | None
    ) -> Message | None:
        """Make a message of what the log holds; return ``None`` if nothing is left of its text."""
        time = wire_time(self._clock.moment(stamp))
        text = clean(text or "")
        if not seen(text.strip()):
            return None
        text = text_of_lines(text)
        return Message(id=0, time=time, room=self._room, author=self._nicks.name(nick), kind=kind, text=text)


_SAID = re.compile(rf"<[{_MODES}]*(?P<nick>[^\s>:]+)(?::[^\s>]*)?\s*>(?:[ \t](?P<text>.*))?", re.DOTALL)
_DID = re.compile(r"\*\s+(?P<nick>\S+)(?:\s(?P<text>.*))?", re.DOTALL)


class _LinesOfTalk(_LogReader):
    """A log with lines like ``16:59 <ada> hello`` and ``16:59 * ada waves``."""

    events: ClassVar[re.Pattern[str]]
    """What else a line may say behind its time, with nothing in it to import."""

    def read(self, line: str) -> Message | None:
        """Read a line; return ``None`` if there is nothing in it to import. Raises :class:`BadLine`."""
        line = self._without_colours(line)
        stamp = self._stamp(line)
        if stamp is None:
            self._read_mark(line)
            return None
        said = line[stamp.end() :].lstrip(" ")
        if self.events.match(said):
            return None
        if found := _SAID.fullmatch(said):
            return self._message(stamp, found["nick"], "say", found["text"])
        if found := _DID.fullmatch(said):
            return self._message(stamp, found["nick"], "action", found["text"])
        if not said:
            return None
        raise BadLine("it is neither a message nor an event:")

    def _read_mark(self, line: str) -> None:
        """Read a line without a time."""
        if line.strip():
            raise BadLine("it begins with no time that is known:")

    def _begin(self, day: str) -> None:
        """Note the day of the lines that follow; if it can't be read, they have none."""
        self._clock.day = None
        self._clock.day = day_of(day)


class IrssiReader(_LinesOfTalk):
    """Reads a log of irssi, which tells its days in lines of their own, in the language of its user."""

    colours = _COLOURS_OF_IRSSI
    events = re.compile(r"-!-|-\S+- |!\S* |\[\S+\(\S+\)\] ")
    _DAY = re.compile(r"--- (?:Log opened|Day changed) (.*)")

    def _read_mark(self, line: str) -> None:
        if day := self._DAY.match(line):
            self._begin(day[1])
        elif not line.startswith("--- "):
            super()._read_mark(line)


class ZncReader(_LinesOfTalk):
    """Reads a log of ZNC's module ``log``, which begins a file each day, and names it after the day."""

    events = re.compile(r"\*\*\* |-\S+- |(?:Connected to|Disconnected from) IRC|Broadcast: ")


class PlainReader(_LinesOfTalk):
    """Reads ``[16:59] <ada> hello``, as HexChat, mIRC and many bots write it."""

    rolls = True
    events = re.compile(
        r"\*\*\*|-!-|--|==|<--|-\S+-\s|\*\s+(?:"
        r"\S+ (?:\(\S+@\S+\) (?:has (?:joined|left|quit)|Quit)\b|has (?:joined|left) [#&]|has quit(?: \(|$)|has kicked "
        r"|is now known as \S+$|sets mode|changes topic to |has changed the topic to: |was kicked by "
        r"|(?:gives|removes) (?:channel (?:half-)?operator status|voice) (?:to|from) )"
        r"|Now talking (?:in|on) |Topic (?:for \S+ )?(?:is|set)\b|Set by |Disconnected)"
    )
    _MARK = re.compile(r"[-*=#]{2}|Session \w+: ")
    _YEAR = re.compile(r"\b[12]\d{3}\b")

    def _read_mark(self, line: str) -> None:
        if not self._MARK.match(line):
            super()._read_mark(line)
        elif self._YEAR.search(line):
            self._begin(line)


class WeechatReader(_LogReader):
    """Reads a log of WeeChat: time, nick and text, separated by tabs."""

    _begun = False
    """Whether there was a line with a time."""

    def read(self, line: str) -> Message | Further | None:
        """Read a line; return ``None`` if there is nothing in it to import. Raises :class:`BadLine`."""
        line = self._without_colours(line)
        time, tab, rest = line.partition("\t")
        stamp = self._stamp(time, whole=True) if tab else None
        prefix, tab, text = rest.partition("\t")
        if stamp is None:
            if tab:
                raise BadLine(f"{clean(time)[:40]} is no time that is known:")
            if line.strip() and not self._begun:
                raise BadLine("it begins with no time that is known:")
            return Further(line)
        self._begun = True
        if not tab:
            raise BadLine("it has no column for a nick:")
        prefix = prefix.strip()
        if not prefix:
            return Further(text, wire_time(self._clock.moment(stamp)))
        if prefix in ("*", self._action):
            nick, _, text = text.partition(" ")
            return self._message(stamp, nick, "action", text)
        nick = prefix.removeprefix("<").removesuffix(">").strip().lstrip(_MODES)
        if prefix in ("-->", "<--", "--", "=!=") or not (_NICK.fullmatch(nick) or _name(nick) != _NOBODY):
            return None
        return self._message(stamp, nick, "say", text)
