"""The search bar, and below it what was found."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk

from chat.client.desktop.drawing import shown
from chat.client.desktop.keys import bind, give_focus
from chat.client.desktop.look import Look
from chat.client.room import title_of
from chat.client.search_results import Found, SearchResults
from chat.client.styled import author_styles, styled_text


class Finder(ttk.Frame):
    """*find* searches for a text, *older* for older messages. *go* is called with a message that was found,
    *close* when the user closes the search.
    """

    def __init__(
        self,
        parent: tkinter.Misc,
        look: Look,
        find: Callable[[str], None],
        older: Callable[[], None],
        go: Callable[[Found], None],
        close: Callable[[], None],
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._find = find
        self._go = go
        self._shown: tuple[SearchResults | None, int, str, str] = (None, 0, "", "")
        bar = ttk.Frame(self, padding=(look.gap * 3 // 2, look.gap))
        bar.pack(fill="x")
        self.field = ttk.Entry(bar, name="search", font=look.body)
        self.field.pack(side="left", fill="x", expand=True)
        ttk.Button(bar, text="Close", style="Flat.TButton", command=close).pack(side="right")
        ttk.Button(bar, text="Search", command=self._pressed).pack(side="right", padx=look.gap)
        row = ttk.Frame(self, padding=(look.gap * 2, 0, look.gap * 3 // 2, look.gap))
        row.pack(fill="x")
        self._status = ttk.Label(row, style="Muted.TLabel")
        self._status.pack(side="left")
        self._older = ttk.Button(row, text="Older", style="Flat.TButton", command=older)
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
        bind(self.field, self._pressed, "<Return>", "<KP_Enter>")
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
        state = (search, len(search.found), search.tag, search.refusal) if search is not None else (None, 0, "", "")
        if state == self._shown:
            return
        start = self._shown[1] if search is self._shown[0] else 0
        self._shown = state
        self.text.configure(state="normal")
        if search is None or not start:
            self.text.delete("1.0", "end")
        if search is not None:
            self._draw(search, start)
        else:
            self._older.pack_forget()
            self._status.configure(text="")
        self.text.configure(state="disabled")

    def _draw(self, search: SearchResults, start: int) -> None:
        text = self.text
        for found in search.found[start:]:
            line = found.line
            tags = ["found", f"m{line.id}"]
            text.insert("end", shown(title_of(found.room, found.private)), [*tags, "head", "room"])
            text.insert("end", f"   {line.time:%d %b %Y %H:%M}\n", [*tags, "head", "time"])
            text.insert("end", shown(line.author), [*tags, "author", *author_styles(line)])
            for part, styles in styled_text(line, "  " + shown(line.text), lambda _: ()):
                text.insert("end", part, [*tags, *styles])
            text.insert("end", "\n", tags)
            text.tag_bind(f"m{line.id}", "<Button-1>", self._going(found))
        if search.more:
            self._older.pack(side="right")
        else:
            self._older.pack_forget()
        if search.tag:
            words = "Searching …"
        elif search.refusal:
            words = search.refusal
        elif not search.found:
            words = "Nothing was found."
        else:
            words = "Found, the newest first. A click goes there."
        self._status.configure(text=words)

    def _going(self, found: Found) -> Callable[[object], None]:
        return lambda _: self._go(found)

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
