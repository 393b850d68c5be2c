"""The search bar, and below it what was found."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk

from chat.client.desktop.drawing import shown
from chat.client.desktop.keys import bind, give_focus
from chat.client.desktop.look import Look
from chat.client.desktop.wrapped_label import WrappedLabel
from chat.client.model.room import title_of
from chat.client.model.search_results import Found, SearchResults
from chat.client.model.styled import author_styles, styled_text


class Finder(ttk.Frame):
    """*find* searches for a text, *older* for older messages. *go* is called with a message that was found, and with
    whether the user wants to join its room; *close* when the user closes the search.
    """

    def __init__(
        self,
        parent: tkinter.Misc,
        look: Look,
        find: Callable[[str], None],
        older: Callable[[], None],
        go: Callable[[Found, bool], None],
        close: Callable[[], None],
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._find = find
        self._go = go
        self._search: SearchResults | None = None
        self._changes = self._drawn = 0
        """How many of the results are drawn."""
        self._chosen: int | None = None
        """The id of the message that is marked."""
        self._typed = ""
        """What was in the field when it was marked."""
        bar = ttk.Frame(self, padding=(look.gap * 3 // 2, look.gap))
        bar.pack(fill="x")
        self.field = ttk.Entry(bar, name="search", font=look.body)
        ttk.Button(bar, text="Close", style="Flat.TButton", command=close).pack(side="right")
        ttk.Button(bar, text="Search", command=self._pressed).pack(side="right", padx=look.gap)
        self.field.pack(side="left", fill="x", expand=True)
        row = ttk.Frame(self, padding=(look.gap * 2, 0, look.gap * 3 // 2, look.gap))
        row.pack(fill="x")
        self._status = WrappedLabel(row, style="Muted.TLabel")
        self._status.pack(side="left", fill="x", expand=True)
        self._older = ttk.Button(row, text="Older", style="Flat.TButton", command=older)
        self._join = ttk.Button(row, style="Flat.TButton", command=lambda: self._go_to_chosen(join=True))
        frame = ttk.Frame(self)
        frame.pack(fill="both", expand=True)
        self.text = tkinter.Text(
            frame, name="found", state="disabled", wrap="word", cursor="arrow", borderwidth=0, highlightthickness=0,
            width=20, height=5,
        )  # fmt: skip
        scrollbar = ttk.Scrollbar(frame, command=self.text.yview)
        self.text.configure(yscrollcommand=scrollbar.set)
        scrollbar.pack(side="right", fill="y")
        self.text.pack(fill="both", expand=True)
        bind(self.field, self._entered, "<Return>", "<KP_Enter>")
        bind(self.field, lambda: self._choose(self._place + 1), "<Down>")
        bind(self.field, lambda: self._choose(max(self._place, 0) - 1), "<Up>")
        bind(self.field, lambda: self.field.selection_range(0, "end"), "<Control-a>")
        for widget in (self.field, self.text):
            bind(widget, close, "<Escape>")
            bind(widget, lambda: self.text.yview_scroll(-1, "pages"), "<Prior>")
            bind(widget, lambda: self.text.yview_scroll(1, "pages"), "<Next>")
        self.text.tag_bind("found", "<Enter>", lambda _: self.text.configure(cursor="hand2"))
        self.text.tag_bind("found", "<Leave>", lambda _: self.text.configure(cursor="arrow"))
        look.watch(self._dress)

    def begin(self) -> None:
        """Give the field the keyboard focus."""
        give_focus(self.field)
        self.field.selection_range(0, "end")

    def show(self, search: SearchResults | None) -> None:
        """Show the results so far."""
        self.text.configure(state="normal")
        changes = search.changes if search is not None else 0
        if search is not self._search:
            self._chosen = None
            self._join.pack_forget()
        if search is not self._search or changes != self._changes:
            self._search, self._drawn, self._changes = search, 0, changes
            self.text.delete("1.0", "end")
        if search is not None:
            for number in range(self._drawn, len(search.found)):
                self._draw(search.found[number], number)
            self._drawn = len(search.found)
            self._mark()
        self.text.configure(state="disabled")
        if search is not None and search.more:
            self._older.pack(side="right", before=self._status)
        else:
            self._older.pack_forget()
        if not self._join.winfo_manager():
            self._say(_status(search))

    def ask_to_join(self, found: Found) -> None:
        """Ask whether the user wants to join the room of a message."""
        room = shown(title_of(found.room, found.private))
        self._say(f"You are not in {room}. If you join it, everybody there sees that.")
        self._join.configure(text=f"Join {room}")
        self._join.pack(side="bottom", anchor="e", before=self._status)

    def _say(self, words: str) -> None:
        if self._status.cget("text") != words:
            self._status.configure(text=words)

    def _draw(self, found: Found, number: int) -> None:
        text, line, tags = self.text, found.line, ("found", f"r{number}")
        text.insert("end", shown(title_of(found.room, found.private)), [*tags, "head", "room"])
        text.insert("end", f"   {line.time:%d %b %Y %H:%M}\n", [*tags, "head", "time"])
        text.insert("end", shown(line.author), [*tags, "author", *author_styles(line)])
        for part, styles in styled_text(line, "  " + shown(line.text), lambda _: ()):
            text.insert("end", part, [*tags, *styles])
        text.insert("end", "\n", tags)
        text.tag_bind(f"r{number}", "<ButtonRelease-1>", lambda _: self._clicked(number))

    def _choose(self, number: int) -> None:
        """Mark the result of that number; before the first one is none, after the last one the last."""
        found = self._found[: self._drawn]
        self._chosen = found[min(number, len(found) - 1)].line.id if number >= 0 and found else None
        self._typed = self.field.get()
        self._join.pack_forget()
        self._say(_status(self._search))
        self._mark()
        if (number := self._place) >= 0:
            self.text.see(f"r{number}.last - 1 chars")
            self.text.see(f"r{number}.first")

    @property
    def _found(self) -> list[Found]:
        return self._search.found if self._search is not None else []

    @property
    def _place(self) -> int:
        """The number of the result that is marked; -1 if none is."""
        return next((n for n, found in enumerate(self._found) if found.line.id == self._chosen), -1)

    def _mark(self) -> None:
        self.text.tag_remove("chosen", "1.0", "end")
        if (number := self._place) >= 0:
            self.text.tag_add("chosen", f"r{number}.first", f"r{number}.last")

    def _clicked(self, number: int) -> None:
        self._choose(number)
        self._go_to_chosen()

    def _entered(self) -> None:
        """Go to the result that is marked; if none is, or if another text was typed since, search."""
        if self._place < 0 or self.field.get() != self._typed:
            self._pressed()
        else:
            self._go_to_chosen(join=bool(self._join.winfo_manager()))

    def _go_to_chosen(self, join: bool = False) -> None:
        if (number := self._place) >= 0:
            self._join.pack_forget()
            self._go(self._found[number], join)

    def _pressed(self) -> None:
        if text := self.field.get().strip():
            self._find(text)

    def _dress(self) -> None:
        look, colours, text = self._look, self._look.palette, self.text
        text.configure(
            background=colours.surface,
            foreground=colours.text,
            font=look.body,
            padx=look.gap * 2,
            pady=look.gap,
            selectbackground=colours.selected,
            selectforeground=colours.text,
        )
        text.tag_configure("head", spacing1=look.gap * 2, font=look.small, foreground=colours.muted)
        text.tag_configure("room", foreground=colours.accent)
        text.tag_configure("author", font=look.bold)
        text.tag_configure("action", font=look.italic)
        text.tag_configure("url", foreground=colours.link)
        for number, tone in enumerate(colours.nicks):
            text.tag_configure(f"nick{number}", foreground=tone)
        text.tag_configure("chosen", background=colours.selected)


def _status(search: SearchResults | None) -> str:
    """Tell how a search has gone."""
    if search is None:
        return ""
    if search.waits:
        return "Not searched: there is no connection." if not search.found else "No older ones: there is no connection."
    if search.tag:
        return "Searching …"
    if search.refusal:
        return search.refusal
    if search.pinned_in:
        return f"{search.what}. A click goes there." if search.found else f"Nothing is pinned in #{search.pinned_in}."
    return "Found, the newest first. A click goes there." if search.found else "Nothing was found."
