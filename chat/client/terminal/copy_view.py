"""The lines of the screen without what is around them, so that they can be copied."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from prompt_toolkit.application import in_terminal
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import Output

HINT = "-- Press Enter to come back --"
BACK = (Keys.ControlM, Keys.ControlJ, Keys.ControlC, Keys.SIGINT)
BACK_ALONE = (Keys.Escape, "q")
"""These count only if nothing else comes with them: terminals send Alt-Q as Esc and Q."""
ESCAPE_WAIT = 0.05
"""Seconds to wait before an Esc counts as the Esc key, and not as the start of another key's sequence."""


class CopyView:
    """Replaces the screen until the user presses Enter, Ctrl-C, Esc or q, or until :meth:`close`.

    All other keys are read and thrown away, so that none of them reaches the line that is being typed. If more text
    follows an Enter at once, it is part of a paste, and does nothing.
    """

    def __init__(self, source: Input, output: Output) -> None:
        self._source = source
        self._output = output
        self._over = asyncio.Event()
        self._escape: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Bring the screen back."""
        self._over.set()

    def type(self, keys: Sequence[KeyPress]) -> None:
        """Handle *keys* that came together."""
        if keys and (keys[-1].key in BACK or (len(keys) == 1 and keys[0].key in BACK_ALONE)):
            self.close()

    async def show(self, lines: Iterable[str]) -> None:
        """Show *lines*, and return when the screen is back."""
        async with in_terminal():
            for line in [*lines, HINT]:
                self._output.write(line)
                self._output.write_raw("\n")
            with self._source.raw_mode(), self._pastes_marked(), self._source.attach(self._read):
                await self._over.wait()
                self._wait_no_longer()
                self._source.flush_keys()

    @contextmanager
    def _pastes_marked(self) -> Iterator[None]:
        """Have the terminal mark pastes, so that a line break in one does not count as Enter."""
        self._output.enable_bracketed_paste()
        self._output.flush()
        try:
            yield
        finally:
            self._output.disable_bracketed_paste()
            self._output.flush()

    def _read(self) -> None:
        self._wait_no_longer()
        self.type(self._source.read_keys())
        if self._source.closed:
            self.close()
        else:
            loop = asyncio.get_running_loop()
            self._escape = loop.call_later(ESCAPE_WAIT, lambda: self.type(self._source.flush_keys()))

    def _wait_no_longer(self) -> None:
        if self._escape is not None:
            self._escape.cancel()
