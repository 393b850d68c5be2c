"""Searches the lines that are shown, while the user types what to find."""

from __future__ import annotations

import re
from collections.abc import Callable

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.history import DummyHistory

from chat.client.terminal.rows import Painter
from chat.client.terminal.viewport import Shown, Viewport
from chat.core.text import in_quotes


class Finder:
    """Finds what is typed in its ``buffer`` among the lines of *shown*, has *painter* light it, and goes there.

    It begins with the match that is nearest to the lowest line that was visible. *changed* is called when another text
    is typed.
    """

    def __init__(self, shown: Shown, viewport: Viewport, painter: Painter, changed: Callable[[], None]) -> None:
        self._shown = shown
        self._viewport = viewport
        self._painter = painter
        self._changed = changed
        self._here = viewport.lowest
        """The serial number of the line from which it goes on."""
        self.buffer = Buffer(history=DummyHistory(), multiline=False, on_text_changed=lambda _: self._typed())

    @property
    def found(self) -> list[int]:
        """The serial numbers of the lines with a match."""
        pattern, lines = self._painter.sought, self._shown.lines
        if pattern is None:
            return []
        return [serial for serial, line in enumerate(lines, lines.first) if pattern.search(line.text)]

    @property
    def hint(self) -> str:
        """Where the user is among the matches, or that there is none."""
        text, found = self.buffer.text, self.found
        if not text:
            return "Type what to find in these lines. Esc comes back."
        if self._here in found:
            return f"match {found.index(self._here) + 1} of {len(found)} (Up, Down; Enter stays here, Esc comes back)"
        return f"{in_quotes(text)} is not in the {len(self._shown.lines)} lines here. Enter searches all rooms for it."

    def is_in(self, shown: Shown) -> bool:
        """Whether it searches the lines of *shown*."""
        return self._shown is shown

    def step(self, forward: bool) -> None:
        """Go to the next match, or to the one before, if there is one."""
        others = [serial for serial in self.found if (serial > self._here if forward else serial < self._here)]
        if others:
            self._go_to(others[0] if forward else others[-1])

    def end(self) -> None:
        """Light nothing any more."""
        self._painter.sought = None
        self._viewport.repaint()

    def _typed(self) -> None:
        text = self.buffer.text
        self._painter.sought = re.compile(re.escape(text), re.IGNORECASE) if text else None
        found = self.found
        if found:
            self._go_to(next((serial for serial in reversed(found) if serial <= self._here), found[0]))
        self._viewport.repaint()
        self._changed()

    def _go_to(self, serial: int) -> None:
        self._here = serial
        self._painter.current = self._shown.lines[serial]
        self._viewport.go_to(serial)
        self._viewport.repaint()
