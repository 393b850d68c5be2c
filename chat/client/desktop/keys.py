"""Binds keys, and suppresses what Tk does at them by default."""

from __future__ import annotations

import tkinter
from collections.abc import Callable


def bind(widget: tkinter.Misc, action: Callable[[], object], *keys: str) -> None:
    """Call *action* at any of *keys*, in place of Tk's default."""

    def act(event: object) -> str:
        action()
        return "break"

    for key in keys:
        widget.bind(key, act)
