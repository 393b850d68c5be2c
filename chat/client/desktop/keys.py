"""Binds keys, and decides which widget gets what is typed."""

from __future__ import annotations

import tkinter
from collections.abc import Callable


def bind(widget: tkinter.Misc, action: Callable[[], object], *keys: str) -> None:
    """Call *action* at any of *keys*, and suppress what Tk does at them by default."""

    def act(event: object) -> str:
        action()
        return "break"

    for key in keys:
        widget.bind(key, act)


def give_focus(widget: tkinter.Misc) -> None:
    """Give *widget* the keyboard focus now, even if it is not on the screen yet.

    Tk gives a widget the focus only when the widget has appeared, and what is typed until then goes elsewhere. This
    makes a widget that has been laid out appear first.
    """
    widget.update_idletasks()
    widget.focus_set()
