"""The bar that tells that something else is shown than the newest lines, and offers the way back."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk

from chat.client.desktop.drawing import shown
from chat.client.desktop.look import Look
from chat.client.desktop.wrapped_label import WrappedLabel
from chat.client.model.excerpt import Excerpt
from chat.client.model.search_results import SearchResults


class PlaceBar(ttk.Frame):
    """Lies in a grid. *results* shows what was found, *close* forgets it and shows the room."""

    def __init__(
        self, parent: tkinter.Misc, look: Look, results: Callable[[], None], close: Callable[[], None]
    ) -> None:
        gap = look.gap
        super().__init__(parent, style="Alert.TFrame", padding=(gap * 2, gap // 2, gap, gap // 2))
        ttk.Button(self, text="Close", style="Alert.TButton", command=close).pack(side="right")
        self.results = ttk.Button(self, text="Results", style="Alert.TButton", command=results)
        self.words = WrappedLabel(self, name="place", style="Alert.TLabel")
        self.words.pack(side="left", fill="x", expand=True)

    def show(self, search: SearchResults | None, excerpt: Excerpt | None) -> None:
        """Tell what is shown; if it is only the room, vanish."""
        if excerpt is not None:
            words = f"Older messages of {excerpt.title}" if excerpt.lines else f"Looking in {excerpt.title} …"
        elif search is not None:
            words = search.what
        else:
            self.grid_remove()
            return
        self.words.configure(text=shown(words))
        if search is None:
            self.results.pack_forget()
        elif not self.results.winfo_manager():
            self.results.pack(side="right", before=self.words)
        self.grid()
