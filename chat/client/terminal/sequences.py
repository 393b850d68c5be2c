"""Splits what a terminal sends into keys and pastes, and drops all else: the terminal's answers, and unknown keys."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from enum import Enum, auto
from string import ascii_letters

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

Presses = tuple[KeyPress, ...]
"""What one key sends. For Alt and a key it is Escape and that key, which then has no data."""

PASTE = Keys.BracketedPaste
"""The key whose data is a paste."""

LONGEST = 4096
"""After so many characters, a sequence that has not ended is given up."""
SEQUENCE_TIME = 0.5
"""Seconds after which a sequence that has not ended is given up."""
PASTE_PAUSE = 5.0
"""Seconds without anything new after which a paste counts as complete, though its end mark is missing."""

_ESC = "\x1b"
_END_OF_PASTE = "\x1b[201~"
_EIGHT_BIT = {"\x8f": "O", "\x90": "P", "\x9b": "[", "\x9d": "]", "\x9f": "_"}
"""The C1 characters that begin a sequence, each with what follows ESC if it is sent in seven bits."""
_SHIFT, _ALT, _CTRL = 1, 2, 4
_LOCKS = 64 + 128
_WITH_CTRL = f" {ascii_letters}@[\\]^_"
_CURSOR_POSITION = re.compile(r"\d+;\d+R")
_KITTY = re.compile(r"(\d+)(?::(\d*))?(?::\d*)?(?:;(\d*)(?::(\d*))?)?(?:;[\d:]*)?u")
_XTERM = re.compile(r"27;(\d+);(\d+)~")
_RELEASED = "3"


class _State(Enum):
    """What is being read."""

    TEXT = auto()
    ESCAPE = auto()
    """An Escape: the key, or the beginning of a sequence."""
    CONTROL = auto()
    """A control sequence, CSI: ``ESC [``."""
    SHIFTED = auto()
    """A key of the keypad or a function key, SS3: ``ESC O``."""
    LINUX_CONSOLE = auto()
    """A function key of the Linux console: ``ESC [ [`` and a letter."""
    MOUSE = auto()
    """Where the mouse was pressed: ``ESC [ M`` and three characters."""
    STRING = auto()
    """An answer of the terminal: DCS, OSC or APC."""
    STRING_END = auto()
    """An Escape in an answer, which begins its end."""
    PASTE = auto()
    """What stands between the marks of a paste."""


_STARTS = {
    "[": _State.CONTROL,
    "O": _State.SHIFTED,
    "P": _State.STRING,
    "]": _State.STRING,
    "_": _State.STRING,
}


class Sequences:
    """Reads text from a terminal, however it is cut; *clock* tells the seconds.

    An Escape alone is the Esc key if :meth:`flush` is called before anything follows it. What else has begun waits for
    its rest, which may come late through a slow connection.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._state = _State.TEXT
        self._body: list[str] = []
        self._deadline = 0.0
        self._read: list[Presses] = []

    def feed(self, text: str) -> Sequence[Presses]:
        """Return the keys in *text*."""
        self._give_up()
        if self._state is _State.PASTE:
            self._deadline = self._clock() + PASTE_PAUSE
        for character in text:
            self._take(character)
        return self._taken()

    def flush(self) -> Sequence[Presses]:
        """Return the keys that were waiting to see what follows them: nothing has come for a while."""
        if self._state is _State.ESCAPE:
            self._begin(_State.TEXT)
            self._read.append(_presses(Keys.Escape, _ESC))
        else:
            self._give_up()
        return self._taken()

    def _taken(self) -> Sequence[Presses]:
        taken, self._read = self._read, []
        return taken

    def _give_up(self) -> None:
        """Stop waiting for the end of what has begun too long ago."""
        if self._state not in (_State.TEXT, _State.ESCAPE) and self._clock() > self._deadline:
            if self._state is _State.PASTE:
                self._read.append(_presses(Keys.BracketedPaste, "".join(self._body)))
            self._begin(_State.TEXT)

    def _begin(self, state: _State) -> None:
        self._state = state
        self._body.clear()
        if state is _State.PASTE:
            self._deadline = self._clock() + PASTE_PAUSE
        elif state is not _State.TEXT:
            self._deadline = self._clock() + SEQUENCE_TIME

    def _take(self, character: str) -> None:
        match self._state:
            case _State.TEXT:
                self._take_text(character)
            case _State.ESCAPE:
                self._take_after_escape(character)
            case _State.CONTROL | _State.SHIFTED:
                self._take_in_sequence(character)
            case _State.LINUX_CONSOLE | _State.MOUSE if character < " ":
                self._interrupt(character)
            case _State.LINUX_CONSOLE:
                self._end_with(_known(f"\x1b[[{character}"))
            case _State.MOUSE:
                self._body.append(character)
                if len(self._body) == 3:
                    self._begin(_State.TEXT)
            case _State.STRING:
                self._take_in_string(character)
            case _State.STRING_END if character == "\\":
                self._begin(_State.TEXT)
            case _State.STRING_END:
                self._begin(_State.ESCAPE)
                self._take_after_escape(character)
            case _State.PASTE:
                self._take_in_paste(character)

    def _take_text(self, character: str) -> None:
        if character == _ESC:
            self._begin(_State.ESCAPE)
        elif start := _EIGHT_BIT.get(character):
            self._begin(_STARTS[start])
        elif character in ANSI_SEQUENCES:
            self._read.append(_known(character))
        elif not ("\x80" <= character <= "\x9f" or "\ud800" <= character <= "\udfff"):
            self._read.append((KeyPress(character, character),))

    def _take_after_escape(self, character: str) -> None:
        if character == _ESC:
            self._read.append(_presses(Keys.Escape, _ESC))
            self._begin(_State.ESCAPE)
        elif state := _STARTS.get(character):
            self._begin(state)
        else:
            self._end_with(_known(_ESC + character) or _alt(character))

    def _take_in_sequence(self, character: str) -> None:
        body = "".join(self._body)
        if self._state is _State.CONTROL and not body and character in "[M":
            self._begin(_State.LINUX_CONSOLE if character == "[" else _State.MOUSE)
        elif " " <= character <= "?":
            self._body.append(character)
            self._bound()
        elif "@" <= character <= "~":
            is_control = self._state is _State.CONTROL
            self._end_with(_control(body + character) if is_control else _known(f"\x1bO{body}{character}"))
            if is_control and body + character == "200~":
                self._begin(_State.PASTE)
        else:
            self._interrupt(character)

    def _take_in_string(self, character: str) -> None:
        if character == _ESC:
            self._state = _State.STRING_END
        elif character in "\a\x9c":
            self._begin(_State.TEXT)
        elif character < " ":
            self._interrupt(character)
        else:
            self._body.append(character)
            self._bound()

    def _take_in_paste(self, character: str) -> None:
        self._body.append(character)
        if character == "~" and "".join(self._body[-len(_END_OF_PASTE) :]) == _END_OF_PASTE:
            self._end_with(_presses(Keys.BracketedPaste, "".join(self._body[: -len(_END_OF_PASTE)])))

    def _bound(self) -> None:
        if len(self._body) > LONGEST:
            self._begin(_State.TEXT)

    def _interrupt(self, character: str) -> None:
        """Drop the sequence; *character* is no part of it."""
        self._begin(_State.TEXT)
        self._take_text(character)

    def _end_with(self, presses: Presses) -> None:
        self._begin(_State.TEXT)
        if presses:
            self._read.append(presses)


def _presses(key: Keys | str, data: str) -> Presses:
    return (KeyPress(key, data),)


def _known(sequence: str) -> Presses:
    """Return what prompt_toolkit calls *sequence*, or nothing."""
    keys = ANSI_SEQUENCES.get(sequence, ())
    if not isinstance(keys, tuple):
        return _presses(keys, sequence)
    return tuple(KeyPress(key, "" if index else sequence) for index, key in enumerate(keys))


def _alt(character: str) -> Presses:
    """Return Alt and the key that sends *character*."""
    key = ANSI_SEQUENCES.get(character, character)
    return (KeyPress(Keys.Escape, _ESC), KeyPress(key, "")) if not isinstance(key, tuple) else ()


def _control(sequence: str) -> Presses:
    """Return the key that a control sequence stands for, or nothing."""
    if _CURSOR_POSITION.fullmatch(sequence):
        return _presses(Keys.CPRResponse, f"\x1b[{sequence}")
    if found := _XTERM.fullmatch(sequence):
        return _modified(int(found[2]), None, int(found[1]))
    known = _known(f"\x1b[{sequence}")
    if not known and (found := _KITTY.fullmatch(sequence)):
        code, shifted, modifiers, event = found.groups()
        if event != _RELEASED:
            return _modified(int(code), int(shifted) if shifted else None, int(modifiers or 1))
    return () if known and known[0].key == Keys.BracketedPaste else known


def _modified(code: int, shifted: int | None, modifiers: int) -> Presses:
    """Return the key with that Unicode *code* and those modifiers, each plus 1, as xterm and kitty send them."""
    modifiers = (modifiers - 1) & ~_LOCKS
    shift, alt, ctrl = bool(modifiers & _SHIFT), bool(modifiers & _ALT), bool(modifiers & _CTRL)
    if modifiers & ~(_SHIFT | _ALT | _CTRL):
        return ()
    match code:
        case 13:
            return _alt("\r") if shift or alt else _known("\r")
        case 9:
            return () if alt or ctrl else _known("\x1b[Z" if shift else "\t")
        case 8 | 127:
            return _alt("\x7f") if alt or ctrl else _known("\x7f")
        case 27:
            return () if alt or ctrl else _presses(Keys.Escape, _ESC)
    character = _character(shifted if shift and shifted else code)
    if not character:
        return ()
    if ctrl:
        if character not in _WITH_CTRL or (shift and character.isalpha()):
            return ()
        character = chr(ord(character) & 0x1F)
    elif shift:
        character = character.upper()
    if alt:
        return _alt(character)
    return _known(character) or _presses(character, character)


def _character(code: int) -> str:
    """Return the character with that code; nothing if it is a control character, or a key that has none."""
    if code > sys.maxunicode or unicodedata.category(chr(code)) in ("Cc", "Cs", "Co"):
        return ""
    return chr(code)
