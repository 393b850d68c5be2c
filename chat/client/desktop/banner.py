"""The bar that tells that there is no connection, and offers to try at once."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk

from chat.client.desktop.look import Look
from chat.client.desktop.wrapped_label import WrappedLabel


class Banner(ttk.Frame):
    """Lies in a grid. *try_now* makes an attempt to connect."""

    def __init__(self, parent: tkinter.Misc, look: Look, try_now: Callable[[], object]) -> None:
        gap = look.gap
        super().__init__(parent, style="Alert.TFrame", padding=(gap * 2, gap // 2, gap, gap // 2))
        self.try_now = ttk.Button(self, name="trynow", text="Try now", style="Alert.TButton", command=try_now)
        self.words = WrappedLabel(self, name="banner", style="Alert.TLabel")
        self.words.pack(side="left", fill="x", expand=True, pady=gap // 2)

    def show(self, words: str, *, waits: bool) -> None:
        """Tell *words*, or vanish if they are empty. If the client *waits*, the user can have it try now."""
        if self.words.cget("text") != words:
            self.words.configure(text=words)
        if not waits:
            self.try_now.pack_forget()
        elif not self.try_now.winfo_manager():
            self.try_now.pack(side="right", before=self.words)
        if words:
            self.grid()
        else:
            self.grid_remove()
