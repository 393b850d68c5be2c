"""Terminals in which tmux runs programs, and drawings of what they show: for ``picture.py`` and ``recording.py``."""

from __future__ import annotations

import io
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

SERVER = f"pictures-{os.getpid()}"
SVG = """<svg ATTRIBUTES viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix" xml:space="preserve">
{matrix}
</g>
</g>
</svg>"""


class Terminal:
    """A terminal with a *name* of its own, and a *title* that stands above it in the drawing."""

    def __init__(self, name: str, title: str, columns: int, rows: int) -> None:
        self.name = name
        self._title = title
        self._columns = columns
        self._rows = rows

    def open(self, folder: Path, *command: str) -> None:
        """Run *command* in it."""
        size = ["-x", str(self._columns), "-y", str(self._rows)]
        started = ["-c", str(folder), "-e", "COLORTERM=truecolor", *command]
        _tmux("new-session", "-d", "-s", self.name, *size, *started)

    def type(self, text: str) -> None:
        """Type *text*, and wait until it is on the screen."""
        _tmux("send-keys", "-t", self.name, "-l", text)
        self.wait(text[-20:])

    def press(self, key: str) -> None:
        """Press a key."""
        _tmux("send-keys", "-t", self.name, key)

    def wait(self, shown: str) -> None:
        """Wait until *shown* is on the screen."""
        until(lambda: shown in self.screen(), lambda: f"{shown!r} is not in\n{self.screen()}")

    def screen(self) -> str:
        """What is on the screen."""
        return _tmux("capture-pane", "-p", "-t", self.name)

    def coloured_screen(self) -> str:
        """What is on the screen, for :meth:`draw`."""
        return _tmux("capture-pane", "-e", "-p", "-N", "-t", self.name)

    def draw(self, coloured_screen: str, unique_id: str, attributes: str) -> str:
        """Draw what was on the screen as an element ``svg`` with these *attributes*.

        In them ``{width}`` and ``{height}`` stand for its size.
        """
        console = Console(
            width=self._columns, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor"
        )
        console.print(Text.from_ansi(coloured_screen.removesuffix("\n")), no_wrap=True, overflow="crop")
        code_format = SVG.replace("ATTRIBUTES", attributes)
        return console.export_svg(title=self._title, theme=MONOKAI, code_format=code_format, unique_id=unique_id)


def until(found: Callable[[], bool], what: Callable[[], str]) -> None:
    """Wait until *found*; give up after 20 seconds, and say *what* is missing."""
    deadline = time.monotonic() + 20
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(what())
        time.sleep(0.05)


def close_all() -> None:
    """End tmux, and all that runs in it."""
    subprocess.run(["tmux", "-L", SERVER, "kill-server"], check=False, capture_output=True)


def _tmux(*arguments: str) -> str:
    """Run tmux, and return what it prints."""
    return subprocess.run(["tmux", "-L", SERVER, *arguments], check=True, capture_output=True, text=True).stdout
