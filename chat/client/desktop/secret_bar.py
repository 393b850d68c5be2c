"""The bar in which the user types a password or a key that the server wants before it lets them in again."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk

from chat.client.desktop.drawing import shown
from chat.client.desktop.keys import bind
from chat.client.desktop.look import Look


class SecretBar(ttk.Frame):
    """Lies in a grid. *give* takes what the user has typed."""

    def __init__(self, parent: tkinter.Misc, look: Look, give: Callable[[str], None]) -> None:
        gap = look.gap
        super().__init__(parent, style="Alert.TFrame", padding=(gap * 2, gap // 2, gap, gap // 2))
        self._give = give
        self._question = ""
        self._label = ttk.Label(self, name="question", style="Alert.TLabel")
        self._label.pack(side="left", padx=(0, gap))
        ttk.Button(self, text="Connect", style="Alert.TButton", command=self._submit).pack(side="right")
        self.field = ttk.Entry(self, name="secret", show="•", font=look.body)
        self.field.pack(side="left", fill="x", expand=True)
        bind(self.field, self._submit, "<Return>", "<KP_Enter>")

    def ask(self, question: str) -> bool:
        """Ask *question*, or vanish if it is empty; return whether the question is new."""
        if question == self._question:
            return False
        self._question = question
        self.field.delete(0, "end")
        if question:
            self._label.configure(text=shown(question))
            self.grid()
        else:
            self.grid_remove()
        return bool(question)

    def _submit(self) -> None:
        if secret := self.field.get():
            self.field.delete(0, "end")
            self._give(secret)
