"""A label for one line that may be longer than the place for it."""

from __future__ import annotations

import tkinter
from bisect import bisect_right
from tkinter import font, ttk
from typing import Any

from chat.client.desktop.look import Look


class ElidedLabel(ttk.Label):
    """Ends in ``…`` if the text does not fit, and then shows all of it under the pointer. It is drawn in *face*."""

    def __init__(self, parent: tkinter.Misc, look: Look, face: font.Font, **options: Any) -> None:
        super().__init__(parent, **options)
        self._look = look
        self._face = face
        self._whole = ""
        self.tip: tkinter.Toplevel | None = None
        """Shows the whole text while the pointer is on the label."""
        self.bind("<Configure>", lambda event: self._fit(event.width))
        self.bind("<Enter>", lambda _: self._show_tip())
        for way in ("<Leave>", "<Button>", "<Unmap>"):
            self.bind(way, lambda _: self._drop_tip())

    def show(self, text: str) -> None:
        """Show *text*."""
        if text != self._whole:
            self._whole = text
            self._drop_tip()
            self._fit(self.winfo_width())

    def _fit(self, width: int) -> None:
        text, size = self._whole, self._face.measure
        if width > 1 and size(text) > width:
            fits = bisect_right(range(1, len(text)), width, key=lambda length: size(f"{text[:length]}…"))
            text = f"{text[:fits].rstrip()}…"
        if self.cget("text") != text:
            self.configure(text=text)

    def _show_tip(self) -> None:
        if self.tip is not None or self.cget("text") == self._whole:
            return
        look, colours = self._look, self._look.palette
        self.tip = tip = tkinter.Toplevel(self, background=colours.border)
        tip.overrideredirect(True)
        longest = min(look.body.measure("0" * 60), self.winfo_screenwidth() // 2)
        ttk.Label(tip, text=self._whole, wraplength=longest, padding=look.gap).pack(padx=1, pady=1)
        tip.update_idletasks()
        x = min(self.winfo_rootx(), self.winfo_screenwidth() - tip.winfo_reqwidth())
        tip.geometry(f"+{x}+{self.winfo_rooty() + self.winfo_height()}")

    def _drop_tip(self) -> None:
        if self.tip is not None:
            self.tip.destroy()
            self.tip = None
