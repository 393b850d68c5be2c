"""A small dialog over the window that asks one thing, or tells one. The chat goes on meanwhile."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Sequence
from tkinter import ttk

from chat.client.desktop.drawing import shown
from chat.client.desktop.keys import bind, give_focus
from chat.client.desktop.look import Look
from chat.client.desktop.wrapped_label import WrappedLabel

OFFERED = 8
"""How many of what is offered are in view."""


class Question(tkinter.Toplevel):
    """A dialog of a *title* and *words*. The button *action* closes it and calls *act*, if there is one; the other
    button only closes it, and so does Escape.

    If *act* returns a sentence, it says why that can't be done, and the dialog shows it and stays. *back* gives the
    keyboard back when the dialog closes.
    """

    def __init__(
        self,
        root: tkinter.Tk,
        look: Look,
        title: str,
        words: str,
        action: str = "",
        act: Callable[[], str] = lambda: "",
        *,
        back: Callable[[], object],
    ) -> None:
        super().__init__(root, class_=root.winfo_class())
        self.withdraw()
        self.title(title)
        self.transient(root)
        self.resizable(False, False)
        self.configure(background=look.palette.window)
        self._root_window = root
        self._look = look
        self._act = act
        self._back = back
        gap = look.gap
        self.body = ttk.Frame(self, padding=gap * 3)
        self.body.pack(fill="both", expand=True)
        ttk.Label(self.body, text=title, style="Title.TLabel").pack(anchor="w")
        self.words = ttk.Label(self.body, name="words", text=words, wraplength=look.body.measure("0" * 85))
        self.words.pack(anchor="w", pady=(gap, 0))
        self._refusal = WrappedLabel(self.body, name="refusal", style="Hint.TLabel")
        buttons = ttk.Frame(self.body)
        buttons.pack(side="bottom", anchor="e", pady=(gap * 2, 0))
        self.cancel = ttk.Button(buttons, text="Cancel" if action else "Close", name="cancel", command=self.close)
        self.cancel.pack(side="left")
        self.action = ttk.Button(buttons, text=action, name="action", style="Accent.TButton", command=self.go)
        if action:
            self.action.pack(side="left", padx=(gap, 0))
        for button in (self.cancel, self.action):
            bind(button, button.invoke, "<Return>", "<KP_Enter>")
        bind(self, self.close, "<Escape>")
        self.protocol("WM_DELETE_WINDOW", self.close)

    def appear(self, first: tkinter.Misc | None = None) -> None:
        """Show the dialog over the middle of the window. *first* gets the keyboard; if it is left out, the button that
        only closes the dialog does, so that Enter loses nothing.
        """
        root = self._root_window
        self.update_idletasks()
        x = root.winfo_rootx() + (root.winfo_width() - self.winfo_reqwidth()) // 2
        y = root.winfo_rooty() + (root.winfo_height() - self.winfo_reqheight()) // 3
        x = min(max(x, 0), max(self.winfo_screenwidth() - self.winfo_reqwidth(), 0))
        y = min(max(y, 0), max(self.winfo_screenheight() - self.winfo_reqheight(), 0))
        self.geometry(f"+{x}+{y}")
        self.deiconify()
        give_focus(first or self.cancel)

    def go(self) -> None:
        """Do what the dialog asks about."""
        if refusal := self._act():
            self._refusal.configure(text=refusal)
            self._refusal.pack(side="bottom", fill="x", pady=(self._look.gap, 0))
        else:
            self.close()

    def refresh(self) -> None:
        """Show what has become known since."""

    def close(self) -> None:
        """Close the dialog."""
        self.destroy()
        self._back()


class Request(Question):
    """Asks for a text, and begins with *text*. *offers* returns texts to choose from. *act* is called with the text."""

    def __init__(
        self,
        root: tkinter.Tk,
        look: Look,
        title: str,
        words: str,
        action: str,
        act: Callable[[str], str],
        *,
        back: Callable[[], object],
        text: str = "",
        offers: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        super().__init__(root, look, title, words, action, lambda: act(self.field.get()), back=back)
        self.field = ttk.Entry(self.body, name="text", font=look.body, width=48)
        self.field.insert(0, text)
        self.field.selection_range(0, "end")
        self.field.pack(fill="x", pady=(look.gap, 0))
        bind(self.field, self.go, "<Return>", "<KP_Enter>")
        bind(self.field, lambda: self.field.selection_range(0, "end"), "<Control-a>")
        self._offers = offers
        self._offered: list[str] = []
        self.list = ttk.Treeview(self.body, name="offered", show="tree", selectmode="browse", height=OFFERED)
        self.list.bind("<<TreeviewSelect>>", lambda _: self._choose())
        self.list.bind("<Double-Button-1>", lambda _: self.go() if self.list.selection() else None)
        bind(self.list, self.go, "<Return>", "<KP_Enter>")
        bind(self.field, self._go_down, "<Down>")

        self.refresh()

    def refresh(self) -> None:
        """Offer what is known now, below what is offered already."""
        for text in self._offers():
            if text not in self._offered:
                self.list.insert("", "end", iid=f"o{len(self._offered)}", text=f" {shown(text)}")
                self._offered.append(text)
        if self._offered and not self.list.winfo_manager():
            self.list.pack(fill="both", expand=True, pady=(self._look.gap, 0), after=self.field)

    def _choose(self) -> None:
        """Put what is chosen into the field."""
        for row in self.list.selection():
            self.field.delete(0, "end")
            self.field.insert(0, self._offered[int(row[1:])])

    def _go_down(self) -> None:
        if self._offered:
            self.list.focus_set()
            self.list.selection_set("o0")
            self.list.focus("o0")
