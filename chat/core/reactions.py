"""Reactions: what may be one, and how those that come in a burst are told to people in one notice."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from msgspec import structs

from chat.core.errors import BadField
from chat.core.events import AnyChange, Deleted, Edited, Message, Reacted, Reactions
from chat.core.names import key
from chat.core.text import clean, in_quotes, quoted, seen

BURST = 3.0
"""The seconds in which reactions in a room are collected before people are told of them."""

MOST_KINDS = 20
"""So many different reactions a message may have."""

MOST = 10_000
"""So many users may react to a message, each reaction of one counted."""

LONGEST = 16
"""The characters of a reaction that is a word."""

_PICTURE = "[\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff]"
_SIGN = f"(?:{_PICTURE}|[0-9#*](?=\ufe0f?\u20e3))[\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?\u20e3?"
_EMOJI = f"[\U0001f1e6-\U0001f1ff]{{2}}|{_SIGN}(?:\u200d{_SIGN}){{0,3}}"
"""A flag, or at most four signs that are joined: no emoji has more."""

_SELECTORS = "[\ufe0e\ufe0f]"
_DRAWN_AS_TEXT = "[\u00a9\u00ae\u203c-\u20e2\u20e4-\u3299]|[0-9#*](?=\u20e3)"
"""Signs of emoji that many fonts draw as letters unless U+FE0F follows."""


def reaction_from(text: str) -> str:
    """Read a reaction, one emoji or a word; raises :class:`BadField` for what is neither.

    An emoji is written in one way, as keyboards differ in whether they send a variation selector with it.
    """
    text = seen(clean(text).strip())
    if re.fullmatch(_EMOJI, text):
        return re.sub(_DRAWN_AS_TEXT, "\\g<0>\ufe0f", re.sub(_SELECTORS, "", text))
    if re.fullmatch(rf"[+-]?\w{{1,{LONGEST}}}", text):
        return text
    raise BadField(f"React with one emoji, or with a word of up to {LONGEST} letters: /react 👍")


class Timer(Protocol):
    """What calls a function later."""

    def cancel(self) -> None:
        """Do not call it."""


class Bursts:
    """Collects the reactions in each room, and has them told together after :data:`BURST` seconds.

    *later* calls a function after so many seconds; *tell* shows an event to those in a room. *ignored* returns the keys
    of the names that somebody in a room ignores: what these reacted with is told by itself, so that it can be hidden.
    """

    def __init__(
        self,
        later: Callable[[float, Callable[[], None]], Timer],
        tell: Callable[[str, Reactions], None],
        ignored: Callable[[str], Collection[str]],
    ):
        self._later = later
        self._tell = tell
        self._ignored = ignored
        self._rooms: dict[str, tuple[Burst, Timer]] = {}

    def stop(self) -> None:
        """Tell of nothing more."""
        for _, timer in self._rooms.values():
            timer.cancel()
        self._rooms.clear()

    def note(self, room: str, event: AnyChange, message: Message) -> None:
        """A *message* of the room was changed: what is told is a reaction to it, as it is then."""
        if isinstance(event, Reacted):
            if room not in self._rooms:
                self._rooms[room] = Burst(), self._later(BURST, lambda: self._end(room))
            self._rooms[room][0].add(event, message)
        elif room in self._rooms:
            self._rooms[room][0].change(event)

    def _end(self, room: str) -> None:
        burst, _ = self._rooms.pop(room)
        for told in burst.events(self._ignored(room)):
            self._tell(room, told)


class Burst:
    """Reactions that are told together; one that is taken back at once is not told."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[Message, dict[str, dict[str, None]]]] = {}

    def add(self, event: Reacted, message: Message) -> None:
        """Somebody reacted to the *message*, or took that back."""
        _, kinds = self._of.setdefault(message.id, (message, {}))
        if event.on:
            kinds.setdefault(event.text, {})[event.by] = None
        elif event.by in kinds.get(event.text, ()):
            del kinds[event.text][event.by]

    def change(self, event: AnyChange) -> None:
        """A message has another text now, or is gone."""
        if event.id not in self._of:
            return
        message, kinds = self._of[event.id]
        match event:
            case Deleted():
                del self._of[event.id]
            case Edited(text=text):
                self._of[event.id] = structs.replace(message, text=text), kinds

    def events(self, apart: Collection[str] = ()) -> Sequence[Reactions]:
        """What is told of it: together, but for what was said or done by those whose names have the keys *apart*."""
        told: dict[str, dict[str, list[tuple[str, list[str]]]]] = {}
        for message, kinds in self._of.values():
            author = message.author if key(message.author) in apart else ""
            what = f"what {message.author} said: {in_quotes(quoted(message.text))}"
            for text, names in kinds.items():
                by: dict[str, list[str]] = {}
                for name in names:
                    by.setdefault(author or (name if key(name) in apart else ""), []).append(name)
                for one, some in by.items():
                    told.setdefault(one, {}).setdefault(what, []).append((text, some))
        return [Reactions(of=of, by=by) for by, of in told.items()]
