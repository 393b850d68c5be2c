"""The client without a screen of its own: for simple terminals and screen readers.

Nothing is ever drawn again or moved. What arrives while a line is being typed waits until the line is sent or empty.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import termios
import tty
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

from chat.client.model import status
from chat.client.model.client import CannotDo, Client
from chat.client.model.model import Observer
from chat.client.model.plain_text import change_in_words, plain_lines
from chat.client.model.room import Room
from chat.client.model.scrollback import Line
from chat.client.plain.pipe import Printer
from chat.client.signals import handled
from chat.client.terminal.sequences import PASTE, Presses, Sequences
from chat.client.terminal.widths import cells, certain
from chat.core.events import AnyChange
from chat.core.text import Pasted, clean

KEY_LINES = ("Tab completes. /go active goes to a room with something unread, /mentions lists what names you.",)
MAXIMUM_HELD = 1000
MAXIMUM_TYPED = 8192
PAUSE = 0.05
"""Seconds without a key after which an Escape is the Esc key."""


class Plain(Observer):
    """Writes plain lines for a client, and handles what is typed at a terminal, in *encoding*."""

    def __init__(self, client: Client, output: Printer, encoding: str = "utf-8") -> None:
        self.typed = ""
        """The line that is being typed."""
        self.drafts: dict[Room, str] = {}
        """What was half typed when the user left, in rooms that they have not turned to since."""
        self._client = client
        self._model = client.model
        self._output = output
        self.stalled = False
        """Whether the terminal takes nothing for now."""
        self._held: deque[str] = deque()
        self._left_out = 0
        self._room = client.model.current
        self._question = ""
        """What the user is asked for, which is not shown while they type it; empty if that is nothing."""
        self._asked_to_leave = False
        self._sequences = Sequences(monotonic)
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._pasted: Pasted | None = None
        """The lines that the user pastes, up to a line with a dot."""
        client.only_prints = True
        client.key_lines = KEY_LINES
        client.model.observe(self)

    # What the model tells

    def changed(self) -> None:
        """Say so if the user has gone to another room. Ask for what the server wants to know."""
        if self._model.current is not self._room:
            self._room = self._model.current
            self._show(f"* What you type goes to {self._room.title} now.")
            if self._room.joined:
                self._bring_draft()
        self._ask()

    def room_ready(self, room: Room) -> None:
        """Bring back what was half typed there."""
        if room is self._model.current or self._model.current.private:
            self._bring_draft()

    def line_added(self, room: Room, line: Line, old: bool) -> None:
        """Show a line, unless the user has typed it, so that it is on the terminal already."""
        room.seen = max(room.seen, line.id or 0)
        if line.typed and not old:
            return
        place = "" if room is self._model.current else f"[{room.title}] "
        for text in plain_lines(line):
            self._show(f"{line.time:%H:%M} {place}{text}")

    def message_changed(self, room: Room, change: AnyChange, line: Line | None) -> None:
        """Tell what was changed."""
        if change.by not in self._model.ignored:
            place = "" if room is self._model.current else f"[{room.title}] "
            local = self._model.local_time.local
            for sentence in change_in_words(change, line, local):
                self._show(f"{local(change.time):%H:%M} {place}{sentence}")

    def called(self, room: Room, line: Line) -> None:
        """Ring."""
        self._write("\a")

    # What the terminal takes

    def hold(self) -> None:
        """Hold lines back: the terminal takes nothing for now."""
        self.stalled = True

    def go_on(self) -> None:
        """Show what was held back, unless the user is typing."""
        self.stalled = False
        self._show_held()

    # What the user types

    def draft(self, room: Room) -> str:
        """Return what is half typed in *room*, below what the user had typed there last time and has not seen yet."""
        typed = self.typed if room is self._model.current and not self._takes_secret else ""
        return "\n".join(text for text in (self.drafts.get(room, ""), typed) if text)

    def replace(self, room: Room, before: str, after: str) -> None:
        """Have another text stand in the line, if that is of *room* and still the text *before*."""
        if room is self._model.current and self.typed == before and not self._takes_secret:
            self._erase(len(before))
            self.drafts[room] = after
            self._bring_draft()

    def _bring_draft(self) -> None:
        """Put into the line what was half typed in the room when the user left. Several lines are shown above it."""
        if self.typed or self._question or self._pasted is not None:
            return
        draft = self.drafts.pop(self._model.current, "")
        if "\n" in draft:
            for line in draft.split("\n"):
                self._show(f"* Not sent last time: {line}")
        elif draft:
            self._write(draft)
            self.typed = draft

    def feed(self, data: bytes) -> None:
        """Take in what was typed."""
        self._take_keys(self._sequences.feed(self._decoder.decode(data)))

    def flush(self) -> None:
        """Nothing has come for a while: an Escape was the Esc key, which does nothing, and begins no sequence."""
        self._take_keys(self._sequences.flush())

    def _take_keys(self, keys: Sequence[Presses]) -> None:
        """Take in keys that type something; Enter, Tab and the like are among them. All others do nothing."""
        for presses in keys:
            if len(presses) == 1 and (presses[0].key == PASTE or len(presses[0].data) == 1):
                for character in presses[0].data:
                    self._key(character)

    def hang_up(self) -> None:
        """Leave: nothing more can be typed."""
        self._client.link.leave()

    def interrupt(self) -> None:
        """Ctrl-C: drop what is typed or pasted; if there is nothing, ask whether to leave; then leave."""
        if self.typed or self._pasted is not None:
            self._write("\r\n")
            self._set_typed("")
            if self._pasted is not None:
                self._pasted = None
                self._show("* What you pasted was dropped.")
        elif self._asked_to_leave:
            self._client.link.leave()
        else:
            self._asked_to_leave = True
            self._show("* Press Ctrl-C again, or Ctrl-D, to leave.")

    def _key(self, key: str) -> None:
        match key:
            case "\r" | "\n":
                self._enter()
            case "\x04":
                if not self.typed:
                    self._client.link.leave()
            case "\x7f" | "\b":
                self._erase(1)
            case "\x17":
                self._erase(len(self.typed) - self.typed.rstrip().rfind(" ") - 1)
            case "\x15":
                self._erase(len(self.typed))
            case "\t" if self._pasted is None:
                self._complete()
            case "\t":
                self._key(" ")
            case _:
                if clean(key) and len(self.typed) < MAXIMUM_TYPED:
                    self.typed += key
                    if not self._takes_secret:
                        self._write(key)

    def _ask(self) -> None:
        """Ask for what the server wants to know, as soon as nothing is being typed or pasted."""
        question = status.question(self._model.state)
        if question == self._question or (question and (self.typed or self._pasted is not None)):
            return
        self._question = question
        if question:
            self._show(f"* {question} (not shown while you type it):")

    @property
    def _takes_secret(self) -> bool:
        """Whether what is being typed answers what the user is asked for, and is no command."""
        return bool(self._question) and not self.typed.startswith("/")

    def _enter(self) -> None:
        self._write("\r\n")
        line, draft, told = self.typed, "", ""
        self._asked_to_leave = False
        try:
            if self._pasted is not None:
                self._take(self._pasted, line)
            elif self._takes_secret:
                if line:
                    self._client.give(line)
            elif line.strip().lower() == "/paste":
                self._pasted = Pasted()
                told = "* Paste your lines now. A line with a dot alone ends them, and says them as one message."
            else:
                self._client.enter(line)
                draft = self._client.draft
        except CannotDo as reason:
            told = f"! {reason}"
        self._set_typed("")
        if "\n" in draft:
            told = f"! That has several lines. Type {' '.join(draft.split()[:2])} and all of its new text in one."
        elif draft:
            self._write(draft)
            self._set_typed(draft)
        if told:
            self._show(told)
        elif self._room.joined:
            self._bring_draft()

    def _take(self, pasted: Pasted, line: str) -> None:
        """Take a line of what the user pastes; once all are there, say them. Raises :class:`CannotDo`."""
        if line.strip() != ".":
            pasted.add(line, MAXIMUM_TYPED)
            return
        self._pasted = None
        if not pasted.whole:
            raise CannotDo(f"That is too much to paste, so it was not sent: at most {MAXIMUM_TYPED} bytes at once.")
        self._client.say_pasted(pasted.text)

    def _erase(self, count: int) -> None:
        """Erase the last *count* characters. If their width is not certain, the rest is written again below."""
        end = max(len(self.typed) - count, 0)
        kept, gone = self.typed[:end], self.typed[end:]
        if not self._takes_secret:
            self._write("\b \b" * cells(gone) if certain(self.typed, end) else f"\r\n{kept}")
        self._set_typed(kept)

    def _complete(self) -> None:
        """Complete the word as far as all names that fit agree."""
        if self._takes_secret:
            return
        offer = self._client.complete(self.typed)
        word = self.typed[offer.start :]
        common = _common_start(offer.texts)
        if len(common) > len(word) and common.casefold().startswith(word.casefold()):
            self._erase(len(word))
            self._write(common)
            self._set_typed(self.typed + common)

    def _set_typed(self, text: str) -> None:
        self.typed = text
        self._show_held()
        if not text:
            self._ask()

    def _show_held(self) -> None:
        if self._left_out and not self.typed and not self.stalled:
            self._write(f"* {self._left_out} lines are left out.\r\n")
            self._left_out = 0
        while self._held and not self.typed and not self.stalled:
            self._write(f"{self._held.popleft()}\r\n")

    def _show(self, line: str) -> None:
        if not self.typed and not self.stalled:
            self._write(f"{line}\r\n")
            return
        self._held.append(line)
        if len(self._held) > MAXIMUM_HELD:
            self._held.popleft()
            self._left_out += 1

    def _write(self, text: str) -> None:
        self._output.write(text)


def _common_start(texts: Sequence[str]) -> str:
    """Return the longest beginning that all *texts* share."""
    first, last = min(texts, default=""), max(texts, default="")
    length = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:length]


class Keys:
    """Passes what is typed at a terminal to *plain*, key by key."""

    def __init__(self, descriptor: int, plain: Plain) -> None:
        self._descriptor = descriptor
        self._plain = plain
        self._taken = False
        self._pause: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take keys while the context lasts; restore the terminal then."""
        before = termios.tcgetattr(self._descriptor)

        def begin() -> None:
            tty.setcbreak(self._descriptor)

        begin()
        self._taken = True
        if not self._plain.stalled:
            self.listen()
        try:
            with handled((signal.SIGCONT,), begin):
                yield
        finally:
            self._taken = False
            self.leave_waiting()
            # Not TCSADRAIN, which waits for a terminal that may be stalled.
            termios.tcsetattr(self._descriptor, termios.TCSANOW, before)

    def listen(self) -> None:
        """Take keys again."""
        if self._taken:
            self._loop.add_reader(self._descriptor, self._readable)

    def leave_waiting(self) -> None:
        """Leave what is typed to the terminal for now."""
        self._loop.remove_reader(self._descriptor)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, 1024)
        except OSError:  # the terminal is gone
            data = b""
        if data:
            self._plain.feed(data)
            if self._pause is not None:
                self._pause.cancel()
            self._pause = self._loop.call_later(PAUSE, self._plain.flush)
        else:
            self.leave_waiting()
            self._plain.hang_up()
