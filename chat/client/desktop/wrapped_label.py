"""A label for sentences."""

from __future__ import annotations

import tkinter
from tkinter import ttk
from typing import Any


class WrappedLabel(ttk.Label):
    """Wraps its text at its width. *padding* is that at the left, at the top, at the right and at the bottom."""

    def __init__(self, parent: tkinter.Misc, padding: tuple[int, int, int, int] = (0, 0, 0, 0), **options: Any) -> None:
        super().__init__(parent, padding=padding, **options)
        self._beside = padding[0] + padding[2]
        self.bind("<Configure>", self._wrap)

    def _wrap(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self.configure(wraplength=max(event.width - self._beside, 1))
