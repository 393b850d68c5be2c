"""Finds pastes in what a terminal sends, also where it does not mark them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from itertools import groupby
from time import monotonic

from prompt_toolkit.input import Input
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from chat.client.terminal.sequences import Presses, Sequences

LARGE = 256
"""So many characters at once are a piece of a paste, though there may be no line break in them yet."""

_BREAK_INSIDE = re.compile(r"[\r\n][^\r\n]")
_BREAK = re.compile(r"\r\n|[\r\n]")
_TEXT_KEYS = (Keys.ControlM, Keys.ControlJ, Keys.ControlI)
"""The keys that a paste may hold, besides those that type a character."""


class _Burst(Enum):
    """What came since the last pause."""

    NOTHING = auto()
    TYPED = auto()
    """Keys, all of which were passed on."""
    ENDED = auto()
    """A large piece of text and an Enter, which is held back: more may follow before the next pause."""
    PASTED = auto()
    """Text with line breaks, which is held back until it is complete."""


class KeyParser(Vt100Parser):
    """Takes the place of prompt_toolkit's parser. *clock* tells the seconds.

    If text follows an Enter in what was read at once, that is a paste, and so is all that follows without a pause.
    It is passed on as one key, like a paste with marks, when :meth:`flush` is called: nothing has come for a while.
    """

    def __init__(self, feed_key_callback: Callable[[KeyPress], None], clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        super().__init__(feed_key_callback)

    def reset(self, request: bool = False) -> None:
        """Forget what was begun."""
        self._sequences = Sequences(self._clock)
        self._burst = _Burst.NOTHING
        self._held = ""

    def feed(self, data: str) -> None:
        """Pass on the keys in *data*, which was read at once."""
        self._pass_on(self._sequences.feed(data), may_go_on=len(data) >= LARGE)

    def flush(self) -> None:
        """Pass on what was held back: nothing has come for a while."""
        self._pass_on(self._sequences.flush(), may_go_on=False)
        self._settle()
        self._burst = _Burst.NOTHING

    def _pass_on(self, keys: Sequence[Presses], may_go_on: bool) -> None:
        for is_text, group in groupby(keys, _is_text):
            if is_text:
                self._take_text("".join(presses[0].data for presses in group), may_go_on)
                continue
            self._settle()
            self._emit(press for presses in group for press in presses)
            self._burst = _Burst.TYPED

    def _take_text(self, text: str, may_go_on: bool) -> None:
        text, self._held = self._held + text, ""
        if self._burst is _Burst.PASTED or _BREAK_INSIDE.search(text):
            self._held, self._burst = text, _Burst.PASTED
            return
        end = _BREAK.search(text)
        if end is None or not may_go_on:
            self._type(text)
            self._burst = _Burst.TYPED
        else:
            self._type(text[: end.start()])
            self._held, self._burst = text[end.start() :], _Burst.ENDED

    def _settle(self) -> None:
        """Pass on what was held back: nothing more belongs to it."""
        held, self._held = self._held, ""
        if self._burst is not _Burst.PASTED:
            self._type(held)
            return
        first = _BREAK.match(held)
        if first is not None:
            self._emit((KeyPress(Keys.Escape, "\x1b"), KeyPress(Keys.ControlM, "")))
            held = held[first.end() :].rstrip("\r\n")
        if first is None or _BREAK.search(held):
            self._emit([KeyPress(Keys.BracketedPaste, held)])
        else:
            self._type(held.replace("\t", " "))

    def _type(self, text: str) -> None:
        for character in text:
            key = ANSI_SEQUENCES.get(character, character)
            if not isinstance(key, tuple):
                self._emit([KeyPress(key, character)])

    def _emit(self, presses: Iterable[KeyPress]) -> None:
        for press in presses:
            self.feed_key_callback(press)


def parse_keys_of(source: Input) -> None:
    """Have *source* read keys with a :class:`KeyParser`, if it is a terminal."""
    if isinstance(source, Vt100Input):
        source.vt100_parser = KeyParser(source.vt100_parser.feed_key_callback)


def _is_text(presses: Presses) -> bool:
    """Whether a key types something, or is an Enter or a Tab."""
    return len(presses) == 1 and (not isinstance(presses[0].key, Keys) or presses[0].key in _TEXT_KEYS)
