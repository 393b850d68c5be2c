"""Where the window is and how large, counted in letters and lines, so that it is as large with any font and display."""

from __future__ import annotations

import re
import tkinter

from chat.client.desktop.look import Look
from chat.client.desktop.saved_state import Placing

USUAL = Placing(columns=120, rows=32)
DECORATION = 3
"""How many lines of the screen are left for what the window manager puts round a window."""
_GEOMETRY = re.compile(r"(\d+)x(\d+)\+(-?\d+)\+(-?\d+)")


def place(root: tkinter.Tk, look: Look, placing: Placing | None) -> None:
    """Put the window where it was, with the size that it had; all of it is on the screen."""
    wanted = placing or USUAL
    letter, line = look.body.measure("0"), look.body.metrics("linespace")
    screen_width, screen_height = root.winfo_screenwidth(), root.winfo_screenheight()
    width = max(min(wanted.columns * letter, screen_width), 1)
    height = max(min(wanted.rows * line, screen_height - DECORATION * line), 1)
    geometry = f"{width}x{height}"
    if wanted.x is not None and wanted.y is not None:
        x = max(min(wanted.x, screen_width - width - letter), 0)
        y = max(min(wanted.y, screen_height - height - DECORATION * line), 0)
        geometry += f"+{x}+{y}"
    root.geometry(geometry)


def placing_of(root: tkinter.Tk, look: Look) -> Placing | None:
    """Return where the window is; ``None`` if that is not known, because it is not on the screen."""
    found = _GEOMETRY.fullmatch(root.geometry())
    if found is None or root.state() != "normal" or not root.winfo_viewable():
        return None
    width, height, x, y = map(int, found.groups())
    columns = round(width / look.body.measure("0"))
    return Placing(columns, round(height / look.body.metrics("linespace")), x, y)
