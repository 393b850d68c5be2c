"""The lines of a room, drawn a page at a time. The view follows the newest line, or stays where the user reads."""

from __future__ import annotations

import tkinter
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate, chain, islice
from tkinter import ttk
from typing import Any, Literal

from chat.client.desktop.drawing import Drawn, drawn, shown, unread_rule
from chat.client.desktop.keys import bind
from chat.client.desktop.look import Look
from chat.client.plain_text import plain_text
from chat.client.room import Room
from chat.client.scrollback import Line, LineKind

PAGE = 200
"""How many lines are drawn at first, and how many more when the user comes to the top."""
MAXIMUM_FOLLOWED = 1000
"""If more lines than these are drawn while the newest are followed, the oldest are removed."""


class Conversation(ttk.Frame):
    """Shows one room at a time. *earlier* fetches older lines, *open_link* shows a web page."""

    def __init__(
        self,
        parent: tkinter.Misc,
        look: Look,
        mentions: Callable[[str], Sequence[tuple[int, int]]],
        earlier: Callable[[], None],
        open_link: Callable[[str], None],
    ) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._look = look
        self._mentions = mentions
        self._earlier = earlier
        self._open_link = open_link
        self._room: Room | None = None
        self._first = self._end = 0
        """The serial number of the first line that is drawn, and that of the line after the last."""
        self._drawn: deque[tuple[Line, int]] = deque()
        """The lines that are drawn, and how many rows each of them has."""
        self._changes = 0
        self._marked: int | None = None
        self._unsent: list[str] = []
        self._following = True
        self._left_at = 0
        """Where the newest line was when the user went up."""
        self._places: dict[Room, tuple[int, int]] = {}
        """For each room that was left while an older line was being read: that line, and where the newest was."""
        self.text = tkinter.Text(
            self, name="lines", state="disabled", wrap="word", cursor="arrow", borderwidth=0, highlightthickness=0,
            takefocus=True, undo=False, exportselection=True, insertwidth=0, width=20, height=5,
        )  # fmt: skip
        self._bar = ttk.Scrollbar(self, command=self._dragged)
        self.text.configure(yscrollcommand=self._bar.set)
        self.text.grid(row=0, column=0, sticky="nsew")
        self._bar.grid(row=0, column=1, sticky="ns")
        self.rowconfigure(0, weight=1)
        self.columnconfigure(0, weight=1)
        self.newer = ttk.Button(self, name="newer", style="Accent.TButton", takefocus=False, command=self.follow)
        self.text.mark_set("tail", "1.0")
        self.text.mark_gravity("tail", "left")
        self._bind()
        look.watch(self._dress)

    # What is shown

    def show(self, room: Room, unsent: Sequence[str]) -> None:
        """Show *room* as it is now, with its *unsent* messages."""
        text = self.text
        text.configure(state="normal")
        if room is not self._room:
            self._turn_to(room)
        self._drop_gone(room)
        if room.mark != self._marked:
            self._move_mark(room)
        if room.lines.changes != self._changes:
            self._draw_changed(room)
        if room.lines.first < self._first and self._at_top():
            self._draw_older(room)
        if room.lines.end > self._end:
            self._draw_newer(room)
        if list(unsent) != self._unsent:
            self._draw_unsent(unsent)
        if self._following:
            text.see("end-1c")
        text.configure(state="disabled")
        self._show_button()

    def follow(self) -> None:
        """Go to the newest line, and stay there."""
        self._following = True
        if self._room is not None and len(self._drawn) > MAXIMUM_FOLLOWED:
            room, self._room = self._room, None
            self._places.pop(room, None)
            self.show(room, self._unsent)
        self.text.see("end-1c")
        self._show_button()

    def scroll(self, count: int, what: Literal["pages", "units"]) -> None:
        """Scroll by *number* ``pages`` or ``units``."""
        self.text.yview_scroll(count, what)
        self._scrolled()

    def go_to(self, message: int) -> bool:
        """Show the message with that id; return whether it is there."""
        room = self._room
        if room is None:
            return False
        found = next((room.lines.first + n for n, line in enumerate(room.lines) if line.id == message), None)
        if found is None:
            return False
        self._room = None
        self._places[room] = (found, room.lines.end)
        self.show(room, self._unsent)
        row = self._row_of(found)
        self.text.tag_remove("sel", "1.0", "end")
        self.text.tag_add("sel", f"{row}.0", f"{row + self._drawn[found - self._first][1]}.0")
        return True

    def newest_link(self) -> str | None:
        """The URL that was shown last."""
        found = self.text.tag_prevrange("url", "end")
        return self.text.get(*found) if found else None

    def _turn_to(self, room: Room) -> None:
        if self._room is not None:
            self._keep_place(self._room)
        self._room = room
        self.text.delete("1.0", "end")
        self._drawn.clear()
        self._changes = room.lines.changes
        self._unsent = []
        self._marked = room.mark
        serial, self._left_at = self._places.pop(room, (room.lines.end, room.lines.end))
        self._following = serial >= room.lines.end
        self._first = self._end = max(min(serial, room.lines.end) - PAGE, room.lines.first)
        if not self._following:
            self._draw_newer(room)
            self.text.yview(f"{self._row_of(max(serial, self._first))}.0")

    def _keep_place(self, room: Room) -> None:
        """Save the place at which the user reads the room that is shown."""
        if not self._following:
            self._places[room] = (self._serial_at("@0,0"), self._left_at)

    def _drop_gone(self, room: Room) -> None:
        """Remove lines that are no longer in the scrollback, or that are too many."""
        lines = room.lines
        if self._following and lines.end - self._end > PAGE:
            self._clear(lines.end - PAGE)
        elif lines.first > self._end:
            self._clear(lines.first)
        elif lines.first > self._first:
            self._drop(lines.first - self._first)
        elif self._drawn and self._drawn[0][0].kind is LineKind.DAY and lines[self._first] is not self._drawn[0][0]:
            self._drop(1)
        if self._following and len(self._drawn) > MAXIMUM_FOLLOWED:
            self._drop(len(self._drawn) - PAGE)

    def _clear(self, serial: int) -> None:
        self.text.delete("1.0", "end")
        self._unsent = []
        self._drawn.clear()
        self._first = self._end = serial

    def _drop(self, count: int) -> None:
        rows = sum(self._drawn.popleft()[1] for _ in range(count))
        self.text.delete("1.0", f"{rows + 1}.0")
        self._first += count

    def _draw_newer(self, room: Room) -> None:
        text = self.text
        text.delete("tail", "end-1c")
        self._unsent = []
        texts: list[Drawn] = []
        for serial in range(self._end, room.lines.end):
            line, rows = self._draw(room, serial)
            texts += line
            self._drawn.append((room.lines[serial], rows))
        if not self._drawn:
            return
        _insert(text, "end-1c", texts)
        text.mark_set("tail", "end-1c")
        self._end = room.lines.end

    def _draw_older(self, room: Room) -> None:
        text = self.text
        start = max(self._first - PAGE, room.lines.first)
        texts: list[Drawn] = []
        older: list[tuple[Line, int]] = []
        for serial in range(start, self._first):
            line, rows = self._draw(room, serial)
            texts += line
            older.append((room.lines[serial], rows))
        if not self._drawn:
            text.mark_gravity("tail", "right")
        _insert(text, "1.0", texts)
        text.mark_gravity("tail", "left")
        self._drawn.extendleft(reversed(older))
        self._first = start
        text.yview(f"{sum(rows for _, rows in older) + 1}.0")

    def _draw_changed(self, room: Room) -> None:
        """Redraw lines that were replaced by others, and the line after each, which may need a name now."""
        self._changes = room.lines.changes
        gone = [n for n, (line, _) in enumerate(self._drawn) if room.lines[self._first + n] is not line]
        for number in sorted({*gone, *(n + 1 for n in gone if n + 1 < len(self._drawn))}):
            self._redraw(room, self._first + number)

    def _redraw(self, room: Room, serial: int) -> None:
        """Draw a line anew, if it is drawn."""
        if not self._first <= serial < self._end:
            return
        number, row = serial - self._first, self._row_of(serial)
        self.text.delete(f"{row}.0", f"{row + self._drawn[number][1]}.0")
        texts, rows = self._draw(room, serial)
        self.text.mark_gravity("tail", "right")
        _insert(self.text, f"{row}.0", texts)
        self.text.mark_gravity("tail", "left")
        self._drawn[number] = (room.lines[serial], rows)

    def _draw(self, room: Room, serial: int) -> tuple[list[Drawn], int]:
        """Draw a line; return its texts, and how many rows they are."""
        lines = room.lines
        before = lines[serial - 1] if serial > max(lines.first, self._first) else None
        texts = drawn(lines[serial], before, self._mentions)
        if serial == room.mark:
            self._marked = serial
            texts = [*unread_rule(), *drawn(lines[serial], None, self._mentions)]
        return texts, sum(text.endswith("\n") for text, _ in texts)

    def _move_mark(self, room: Room) -> None:
        """Draw the mark where it is now."""
        before, self._marked = self._marked, room.mark
        for serial in (before, room.mark):
            if serial is not None:
                self._redraw(room, serial)

    def _draw_unsent(self, unsent: Sequence[str]) -> None:
        self.text.delete("tail", "end-1c")
        self._unsent = list(unsent)
        _insert(self.text, "end-1c", [(f"{shown(line)}\n", ("unsent",)) for line in unsent])

    # Where the user reads

    def _at_top(self) -> bool:
        return self.text.yview()[0] <= 0.0

    def _dragged(self, *arguments: str) -> None:
        self.text.yview(*arguments)
        self._scrolled()

    def _scrolled(self) -> None:
        """The user has scrolled. At the newest line, follow; at the top, fetch older lines."""
        following = self.text.dlineinfo("end-1c") is not None
        if self._following and not following and self._room is not None:
            self._left_at = self._room.lines.end
        self._following = following
        if self._room is not None and self._at_top() and not following:
            if self._room.lines.first < self._first:
                self.show(self._room, self._unsent)
            else:
                self._earlier()
        self._show_button()

    def _show_button(self) -> None:
        if self._following:
            self.newer.place_forget()
            return
        new = self._room.lines.end - self._left_at if self._room is not None else 0
        words = f"↓ {new} new" if new else "↓ Newest"
        if self.newer.cget("text") != words:
            self.newer.configure(text=words)
        if not self.newer.winfo_ismapped():
            self.newer.place(relx=0.5, rely=1.0, y=-self._look.gap, anchor="s")

    # Copying, links

    def selected(self) -> str:
        """Return the selected text. If it has several lines, each comes with name and time."""
        ranges = self.text.tag_ranges("sel")
        if not ranges or self._room is None or not self._drawn:
            return ""
        start, end = str(ranges[0]), str(ranges[-1])
        first, last = self._serial_at(start), self._serial_at(f"{end} - 1 chars")
        if first == last:
            return str(self.text.get(start, end)).strip("\n")
        lines = (self._room.lines[serial] for serial in range(first, last + 1))
        return "\n".join(f"[{line.time:%Y-%m-%d %H:%M}] {plain_text(line)}" for line in lines)

    def copy(self) -> None:
        """Put what is selected on the clipboard."""
        if chosen := self.selected():
            self.clipboard_clear()
            self.clipboard_append(chosen)

    def select_all(self) -> None:
        """Select all that is drawn."""
        self.text.tag_add("sel", "1.0", "tail")

    def _serial_at(self, index: str) -> int:
        """Return the serial number of the line that is drawn at a place."""
        row = int(str(self.text.index(index)).partition(".")[0])
        place = bisect_right(list(accumulate(rows for _, rows in self._drawn)), row - 1)
        return min(self._first + place, self._end - 1)

    def _row_of(self, serial: int) -> int:
        """Return the number of the first row of a line."""
        return 1 + sum(rows for _, rows in islice(self._drawn, serial - self._first))

    def _click_link(self, event: tkinter.Event[tkinter.Text]) -> None:
        found = self.text.tag_prevrange("url", f"@{event.x},{event.y} + 1 chars")
        if found and not self.text.tag_ranges("sel"):
            self._open_link(self.text.get(*found))

    # Keys and looks

    def _bind(self) -> None:
        text = self.text
        bind(text, lambda: self.scroll(-3, "units"), "<Button-4>")
        bind(text, lambda: self.scroll(3, "units"), "<Button-5>")
        bind(text, lambda: self.scroll(-1, "units"), "<Up>")
        bind(text, lambda: self.scroll(1, "units"), "<Down>")
        bind(text, lambda: self.scroll(-1, "pages"), "<Prior>")
        bind(text, lambda: self.scroll(1, "pages"), "<Next>")
        bind(text, lambda: self._dragged("moveto", "0"), "<Home>")
        bind(text, self.follow, "<End>")
        bind(text, self.select_all, "<Control-a>")
        bind(text, self.copy, "<<Copy>>")
        text.bind("<Button-1>", lambda _: text.focus_set())
        text.bind("<ButtonRelease-1>", lambda _: self._scrolled(), add=True)
        text.bind("<Configure>", lambda _: text.see("end-1c") if self._following else None)
        text.tag_bind("url", "<ButtonRelease-1>", self._click_link)
        text.tag_bind("url", "<Enter>", lambda _: text.configure(cursor="hand2"))
        text.tag_bind("url", "<Leave>", lambda _: text.configure(cursor="arrow"))

    def _dress(self) -> None:
        look, colours, gap, text = self._look, self._look.palette, self._look.gap, self.text
        text.configure(
            background=colours.surface,
            foreground=colours.text,
            font=look.body,
            padx=gap * 2,
            pady=gap,
            selectbackground=colours.selected,
            selectforeground=colours.text,
            inactiveselectbackground=colours.selected,
        )
        text.tag_configure("lead", spacing1=gap, lmargin1=0, lmargin2=gap * 3, spacing3=1)
        text.tag_configure("said", lmargin1=gap * 3, lmargin2=gap * 3, spacing1=1, spacing3=2)
        text.tag_configure("action", font=look.italic)
        text.tag_configure("time", foreground=colours.muted, font=look.small)
        text.tag_configure("notice", foreground=colours.muted, spacing1=gap // 2, lmargin2=gap * 3)
        text.tag_configure("refusal", foreground=colours.alert)
        text.tag_configure("unsent", foreground=colours.muted, font=look.italic, lmargin1=gap * 3, lmargin2=gap * 3)
        text.tag_configure("day", justify="center", foreground=colours.muted, font=look.small, spacing1=gap * 2)
        text.tag_configure("unread", justify="center", foreground=colours.alert, font=look.small, spacing1=gap)
        for number, tone in enumerate(colours.nicks):
            text.tag_configure(f"nick{number}", foreground=tone)
        text.tag_configure("me", foreground=colours.text)
        text.tag_configure("author", font=look.bold)
        text.tag_configure(
            "mentioned", background=colours.mentioned, lmargincolor=colours.mentioned, rmargincolor=colours.mentioned
        )
        text.tag_configure("mention", font=look.bold)
        text.tag_configure("url", foreground=colours.link, underline=True)
        text.tag_raise("sel")
        if self._following:
            text.see("end-1c")


def _insert(text: tkinter.Text, index: str, texts: list[Drawn]) -> None:
    if texts:
        arguments: Any = chain.from_iterable(texts)
        text.insert(index, *arguments)
