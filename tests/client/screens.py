"""Somebody at the full-screen client, with keys from a pipe and a terminal emulator that is only an object."""

from __future__ import annotations

import asyncio
import io
import re
import select
from collections.abc import Awaitable, Callable

import pyte
from box import Box
from client.seats import Seat
from e2e.waiting import DEADLINE
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from chat.client.model.input_history import InputHistory
from chat.client.terminal.pastes import KeyParser
from chat.client.terminal.terminal import Terminal
from chat.client.terminal.viewport import Viewport
from chat.core.limits import Limits

CLOCK = re.compile(r"(?<=\S) +\d\d:\d\d$")
PASTE = "\x1b[200~%s\x1b[201~"


class Written(io.StringIO):
    """What the terminal is sent."""

    encoding = "utf-8"


class Screen:
    """Somebody at a full-screen terminal."""

    def __init__(self, box: Box, keys: PipeInput, columns: int, lines: int, rooms: tuple[str, ...]) -> None:
        self.seat = Seat(box, rooms=rooms)
        self.size = Size(rows=lines, columns=columns)
        self.screen = pyte.Screen(columns, lines)
        self.screen.set_mode(pyte.modes.LNM)
        self.stream = pyte.Stream(self.screen)
        self.written = Written()
        self.output = Vt100_Output(
            self.written, lambda: self.size, term="xterm-256color", default_color_depth=ColorDepth.DEPTH_8_BIT
        )
        self.keys = keys
        self.history = InputHistory(box.clock.seconds)
        self.terminal = Terminal(self.seat.client, "localhost:12345", self.history, {}, keys, self.output)
        self.terminal.application.min_redraw_interval = None

    def rows(self) -> list[str]:
        """The rows of the screen, from the first that is not empty, without the time that the status bar ends with."""
        return [CLOCK.sub("", row) for row in self.rows_with_time()]

    def rows_with_time(self) -> list[str]:
        """The rows of the screen, as they are."""
        self.stream.feed(self.written.getvalue())
        self.written.seek(0)
        self.written.truncate()
        return [row.rstrip() for row in self.screen.display]

    def has(self, *parts: str) -> bool:
        """Whether all of that is on the screen."""
        shown = "\n".join(self.rows())
        return all(part in shown for part in parts)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for it."""
        try:
            async with asyncio.timeout(DEADLINE):
                self.seat.pump()
                while not condition():
                    await asyncio.sleep(0.002)
                    self.seat.pump()
        except TimeoutError:
            raise AssertionError("\n".join(["It has not come:", *self.rows()])) from None

    async def sees(self, *parts: str) -> None:
        """Wait until all of that is on the screen."""
        await self.until(lambda: self.has(*parts))

    async def sees_no(self, part: str) -> None:
        """Wait until that is not on the screen."""
        await self.until(lambda: not self.has(part))

    def press(self, keys: str) -> None:
        """Press keys."""
        self.keys.send_text(keys)

    def resize(self, lines: int, columns: int) -> None:
        """Have the client find another size. The emulator keeps its own, as it would cut off what is shown."""
        self.size = Size(rows=lines, columns=columns)
        self.terminal.application._on_resize()

    def has_read(self) -> bool:
        """Whether all keys have been read, and none is held back as it may be part of a paste."""
        parser = getattr(self.terminal.application.input, "vt100_parser", None)
        held = isinstance(parser, KeyParser) and parser._burst.name != "NOTHING"
        return not select.select([self.keys.fileno()], [], [], 0)[0] and not held

    async def press_until(self, key: str, condition: Callable[[], object]) -> None:
        """Press *key* again and again until *condition* holds, each time once what it did before is drawn."""

        def pressed() -> bool:
            if not self.is_settled():
                return False
            if not (holds := bool(condition())):
                self.press(key)
            return holds

        await self.until(pressed)

    def is_settled(self) -> bool:
        """Whether all keys have been read, and what they did is answered and drawn."""
        excerpt = self.seat.model.excerpt
        is_answered = excerpt is None or not excerpt.tag
        return self.has_read() and is_answered and not self.terminal.application.invalidated

    @property
    def typed(self) -> str:
        """The line that is being typed."""
        return self.terminal.application.current_buffer.text

    @property
    def viewport(self) -> Viewport:
        """What is seen of the room."""
        return self.terminal._viewport


def play(
    scene: Callable[[Screen, Box], Awaitable[None]],
    *,
    columns: int = 80,
    lines: int = 20,
    rooms: tuple[str, ...] = ("lobby",),
    before: Callable[[Box], None] = lambda box: None,
    limits: Limits | None = None,
) -> None:
    """Play a scene at a screen; *before* it, something may happen in the chat."""

    async def run(keys: PipeInput) -> None:
        box = Box() if limits is None else Box(limits=limits)
        before(box)
        screen = Screen(box, keys, columns, lines, rooms)
        running = asyncio.ensure_future(screen.terminal.run())
        await screen.sees("ada #lobby>")
        await scene(screen, box)
        screen.terminal.close()
        await asyncio.wait_for(running, DEADLINE)

    with create_pipe_input() as keys:
        asyncio.run(run(keys))


def screen_of(text: str) -> list[str]:
    """The rows of a screen. The lines across it, as ``── unread ──``, are written short."""
    return [across(row.strip("─ ")) if row.startswith("── ") else row.rstrip() for row in text.strip("\n").split("\n")]


def across(text: str) -> str:
    """A line across the screen with a text in its middle."""
    left = (78 - len(text)) // 2
    return f"{'─' * left} {text} {'─' * (78 - len(text) - left)}"


async def shows(screen: Screen, text: str) -> None:
    """Wait until the last rows of the screen are exactly these."""
    rows = screen_of(text)
    try:
        await screen.until(lambda: screen.rows()[-len(rows) :] == rows)
    except AssertionError as failure:
        raise AssertionError("\n".join([str(failure), "instead of:", *rows])) from None
