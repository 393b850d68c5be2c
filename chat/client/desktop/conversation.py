"""The lines of a room, drawn a page at a time. The view follows the newest line, or stays where the user reads."""

from __future__ import annotations

import tkinter
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate, chain, islice
from tkinter import ttk
from typing import Any, Literal, Protocol

from chat.client.desktop.drawing import Drawn, drawn, shown, unread_rule
from chat.client.desktop.keys import bind
from chat.client.desktop.look import Look
from chat.client.model.excerpt import Excerpt
from chat.client.model.plain_text import plain_text
from chat.client.model.room import Room
from chat.client.model.scrollback import Line, LineKind
from chat.core.events import Reaction

PAGE = 200
"""How many lines are drawn at first, and how many more when the user comes to the top."""
MAXIMUM_FOLLOWED = 1000
"""If more lines than these are drawn while the newest are followed, the oldest are removed."""
CONTEXT = 4
"""How many rows are shown above a message that the user goes to."""

Place = Room | Excerpt
"""What is shown: the newest lines of a room, or what was said round one message."""


class Reader(Protocol):
    """Does what the user wants with what is shown."""

    def read_on(self, older: bool) -> None:
        """Fetch more lines above those that are there, or below them."""

    def open_link(self, link: str) -> None:
        """Show a web page."""

    def go_to_newest(self) -> None:
        """Show the newest line of the room."""

    def go_to_message(self, number: int) -> None:
        """Show the message with that id."""

    def open_menu(self, line: Line, x: int, y: int) -> None:
        """Show what can be done with a line, at that place of the screen."""

    def react(self, line: Line, reaction: Reaction) -> None:
        """React to a message in the same way, or take that back."""


class Conversation(ttk.Frame):
    """Shows one room or excerpt at a time, to a *reader*. *mentions* finds where a text names the user."""

    def __init__(
        self,
        parent: tkinter.Misc,
        look: Look,
        mentions: Callable[[str], Sequence[tuple[int, int]]],
        reader: Reader,
    ) -> None:
        super().__init__(parent, style="Surface.TFrame")
        self._look = look
        self._mentions = mentions
        self._reader = reader
        self._place: Place | None = None
        self._first = self._end = 0
        """The serial number of the first line that is drawn, and that of the line after the last."""
        self._drawn: deque[tuple[Line, int]] = deque()
        """The lines that are drawn, and how many rows each of them has."""
        self._changes = 0
        self._marked: int | None = None
        """The serial number of the line that is drawn with the mark above it."""
        self._unsent: list[str] = []
        self._following = True
        self._left_at = 0
        """Where the newest line was when the user went up."""
        self._pressed_at = ""
        """Where the user pressed the button of the mouse last."""
        self._places: dict[Place, tuple[int, int]] = {}
        """For each place that was left while an older line was being read: that line, and where the newest was."""
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
        self.newer = ttk.Button(
            self, name="newer", style="Accent.TButton", takefocus=False, command=reader.go_to_newest
        )
        self.text.mark_set("tail", "1.0")
        self.text.mark_gravity("tail", "left")
        self._bind()
        look.watch(self._dress)

    # What is shown

    def show(self, place: Place, unsent: Sequence[str]) -> None:
        """Show *place* as it is now, with its *unsent* messages."""
        text = self.text
        text.configure(state="normal")
        if place is not self._place:
            self._turn_to(place)
        self._drop_gone(place)
        if _unread_at(place) != self._marked:
            self._move_mark(place)
        if place.lines.changes != self._changes:
            self._draw_changed(place)
        if place.lines.first < self._first and self._at_top():
            self._draw_older(place)
        if place.lines.end > self._end:
            self._draw_newer(place)
        if list(unsent) != self._unsent:
            self._draw_unsent(unsent)
        if self._following:
            text.see("end-1c")
        text.configure(state="disabled")
        self._show_button()

    def follow(self) -> None:
        """Go to the newest line, and stay there."""
        place = self._place
        if not isinstance(place, Room):
            return
        self._following = True
        if len(self._drawn) > MAXIMUM_FOLLOWED:
            self._place = None
            self._places.pop(place, None)
            self.show(place, self._unsent)
        self.text.see("end-1c")
        self._show_button()

    def scroll(self, count: int, what: Literal["pages", "units"]) -> None:
        """Scroll by *number* ``pages`` or ``units``."""
        self.text.yview_scroll(count, what)
        self._scrolled()

    def go_to(self, message: int) -> bool:
        """Show and mark the message with that id; return whether it is there."""
        place = self._place
        found = place.lines.find(message) if place is not None else None
        if place is None or found is None:
            return False
        self._place = None
        self._places[place] = (found, place.lines.end)
        self.show(place, self._unsent)
        self.text.update_idletasks()
        self._mark_line(found)
        self.text.yview(f"{self._row_of(found)}.0")
        self.text.yview_scroll(-CONTEXT, "units")
        self._see(found)
        return True

    def choose(self, step: int) -> None:
        """Mark the next message below the one that is marked (1), or above it (-1), for a menu to be opened on it."""
        ranges = self.text.tag_ranges("sel")
        serial = self._serial_at(str(ranges[0])) if ranges else self._end
        serial += step
        while self._first <= serial < self._end and not self._drawn[serial - self._first][0].is_message:
            serial += step
        if self._first <= serial < self._end:
            self._mark_line(serial)
            self._see(serial)

    def open_menu(self) -> None:
        """Open the menu of the message that is marked, or of the newest one that is in view."""
        if not self.text.tag_ranges("sel"):
            self.choose(-1)
        ranges = self.text.tag_ranges("sel")
        box = self.text.bbox(str(ranges[0])) if ranges else None
        if box is not None and (line := self._line_at(str(ranges[0]))) is not None:
            x, y = self.text.winfo_rootx() + box[0], self.text.winfo_rooty() + box[1] + box[3]
            self._reader.open_menu(line, x, y)

    def _see(self, serial: int) -> None:
        """Scroll as far as is needed for a line to be in view, and the row below it."""
        row = self._row_of(serial)
        self.text.see(f"{row + self._drawn[serial - self._first][1]}.0")
        self.text.see(f"{row}.0")
        self._scrolled()

    def _is_marked(self, serial: int) -> bool:
        """Return whether that line is selected as a whole, and nothing else."""
        row = self._row_of(serial)
        rows = [f"{row}.0", f"{row + self._drawn[serial - self._first][1]}.0"]
        return [str(index) for index in self.text.tag_ranges("sel")] == rows

    def unmark(self) -> None:
        """Mark and select nothing."""
        self.text.tag_remove("sel", "1.0", "end")

    def _mark_line(self, serial: int) -> None:
        row = self._row_of(serial)
        self.unmark()
        self.text.tag_add("sel", f"{row}.0", f"{row + self._drawn[serial - self._first][1]}.0")

    def newest_link(self) -> str | None:
        """The URL that was shown last."""
        found = self.text.tag_prevrange("url", "end")
        return self.text.get(*found) if found else None

    def _turn_to(self, place: Place) -> None:
        if isinstance(self._place, Room):
            self._keep_place(self._place)
        self._place = place
        self.text.delete("1.0", "end")
        self._drawn.clear()
        self._changes = place.lines.changes
        self._unsent = []
        self._marked = _unread_at(place)
        serial, self._left_at = self._places.pop(place, (place.lines.end, place.lines.end))
        self._following = isinstance(place, Room) and serial >= place.lines.end
        self._first = self._end = max(min(serial, place.lines.end) - PAGE, place.lines.first)
        if not self._following:
            self._draw_newer(place)
            self.text.yview(f"{self._row_of(max(serial, self._first))}.0")

    def _keep_place(self, room: Room) -> None:
        """Save the place at which the user reads the room that is shown."""
        if not self._following:
            self._places[room] = (self._serial_at("@0,0"), self._left_at)

    def _drop_gone(self, place: Place) -> None:
        """Remove lines that are no longer in the scrollback, or that are too many."""
        lines = place.lines
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

    def _draw_newer(self, place: Place) -> None:
        text = self.text
        text.delete("tail", "end-1c")
        self._unsent = []
        texts: list[Drawn] = []
        for serial in range(self._end, place.lines.end):
            line, rows = self._draw(place, serial)
            texts += line
            self._drawn.append((place.lines[serial], rows))
        if not self._drawn:
            return
        _insert(text, "end-1c", texts)
        text.mark_set("tail", "end-1c")
        self._end = place.lines.end

    def _draw_older(self, place: Place) -> None:
        text = self.text
        end, self._first = self._first, max(self._first - PAGE, place.lines.first)
        texts: list[Drawn] = []
        older: list[tuple[Line, int]] = []
        for serial in range(self._first, end):
            line, rows = self._draw(place, serial)
            texts += line
            older.append((place.lines[serial], rows))
        if not self._drawn:
            text.mark_gravity("tail", "right")
        _insert(text, "1.0", texts)
        text.mark_gravity("tail", "left")
        self._drawn.extendleft(reversed(older))
        if older:
            self._redraw(place, end)
        text.yview(f"{sum(rows for _, rows in older) + 1}.0")

    def _draw_changed(self, place: Place) -> None:
        """Redraw lines that were replaced by others, and the line after each, which may need a name now."""
        self._changes = place.lines.changes
        gone = [n for n, (line, _) in enumerate(self._drawn) if place.lines[self._first + n] is not line]
        for number in sorted({*gone, *(n + 1 for n in gone if n + 1 < len(self._drawn))}):
            self._redraw(place, self._first + number)

    def _redraw(self, place: Place, serial: int) -> None:
        """Draw a line anew, if it is drawn."""
        if not self._first <= serial < self._end:
            return
        number, row = serial - self._first, self._row_of(serial)
        is_marked = self._is_marked(serial)
        self.text.delete(f"{row}.0", f"{row + self._drawn[number][1]}.0")
        texts, rows = self._draw(place, serial)
        self.text.mark_gravity("tail", "right")
        _insert(self.text, f"{row}.0", texts)
        self.text.mark_gravity("tail", "left")
        self._drawn[number] = (place.lines[serial], rows)
        if is_marked:
            self._mark_line(serial)

    def _draw(self, place: Place, serial: int) -> tuple[list[Drawn], int]:
        """Draw a line; return its texts, and how many rows they are."""
        lines = place.lines
        before = lines[serial - 1] if serial > max(lines.first, self._first) else None
        texts = drawn(lines[serial], before, self._mentions)
        if serial == _unread_at(place):
            self._marked = serial
            texts = [*unread_rule(), *drawn(lines[serial], None, self._mentions)]
        return texts, sum(text.count("\n") for text, _ in texts)

    def _move_mark(self, place: Place) -> None:
        """Draw the mark where it is now."""
        before, self._marked = self._marked, _unread_at(place)
        for serial in (before, _unread_at(place)):
            if serial is not None:
                self._redraw(place, serial)

    def _draw_unsent(self, unsent: Sequence[str]) -> None:
        self.text.delete("tail", "end-1c")
        self._unsent = list(unsent)
        _insert(self.text, "end-1c", [(f"{shown(line)}\n", ("unsent",)) for line in unsent])

    # Where the user reads

    def _at_top(self) -> bool:
        return self.text.yview()[0] <= 0.0

    def _at_end(self) -> bool:
        """Return whether the newest line is in view as a whole. Below it is only an empty row."""
        box = self.text.dlineinfo("end-2c")
        return box is not None and box[1] + box[3] <= self.text.winfo_height()

    def _dragged(self, *arguments: str) -> None:
        self.text.yview(*arguments)
        self._scrolled()

    def _scrolled(self) -> None:
        """The user has scrolled. At the newest line, follow; at the top, fetch older lines."""
        at_end = self._at_end()
        following = at_end and isinstance(self._place, Room)
        if self._following and not following and self._place is not None:
            self._left_at = self._place.lines.end
        self._following = following
        if at_end and not following:
            self._reader.read_on(older=False)
        if self._place is not None and self._at_top() and not following:
            if self._place.lines.first < self._first:
                self.show(self._place, self._unsent)
            else:
                self._reader.read_on(older=True)
        self._show_button()

    def _show_button(self) -> None:
        if self._following:
            self.newer.place_forget()
            return
        new = self._place.lines.end - self._left_at if isinstance(self._place, Room) else 0
        words = f"↓ {new} new" if new else "↓ Newest"
        if self.newer.cget("text") != words:
            self.newer.configure(text=words)
        if not self.newer.winfo_ismapped():
            self.newer.place(relx=0.5, rely=1.0, y=-self._look.gap, anchor="s")

    # Copying, links

    def selected(self) -> str:
        """Return the selected text. If it has several lines, each comes with name and time."""
        ranges = self.text.tag_ranges("sel")
        if not ranges or self._place is None or not self._drawn:
            return ""
        start, end = str(ranges[0]), str(ranges[-1])
        first, last = self._serial_at(start), self._serial_at(f"{end} - 1 chars")
        if first == last:
            return str(self.text.get(start, end)).strip("\n")
        lines = (self._place.lines[serial] for serial in range(first, last + 1))
        return "\n".join(f"[{line.time:%Y-%m-%d %H:%M}] {plain_text(line)}" for line in lines)

    def copy(self, line: Line | None = None) -> None:
        """Put what is selected on the clipboard, or the text of *line* if all of that is selected."""
        ranges = self.text.tag_ranges("sel")
        whole = line is not None and ranges and self._is_marked(self._serial_at(str(ranges[0])))
        if chosen := line.text if line is not None and whole else self.selected():
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

    def _line_at(self, index: str) -> Line | None:
        """Return the line that is drawn at a place, if one is."""
        if not self._drawn or self.text.compare(index, ">=", "tail"):
            return None
        return self._drawn[self._serial_at(index) - self._first][0]

    def _row_of(self, serial: int) -> int:
        """Return the number of the first row of a line."""
        return 1 + sum(rows for _, rows in islice(self._drawn, serial - self._first))

    def _click(self, event: tkinter.Event[tkinter.Text]) -> None:
        """The user has clicked on a link, on the row above an answer, or on a reaction."""
        place = f"@{event.x},{event.y}"
        tags, line = self.text.tag_names(place), self._line_at(place)
        if self.text.index(place) != self._pressed_at:
            return
        if line is not None and "reaction" in tags:
            number = next(n for n in range(len(line.reactions)) if f"reaction{n}" in tags)
            self._reader.react(line, line.reactions[number])
        elif self.text.tag_ranges("sel"):
            return  # the second click of a double click
        elif "url" in tags:
            self._reader.open_link(self.text.get(*self.text.tag_prevrange("url", f"{place} + 1 chars")))
        elif line is not None and "quote" in tags and line.reply is not None:
            self._reader.go_to_message(line.reply.id)

    def _press(self, event: tkinter.Event[tkinter.Text]) -> None:
        self._pressed_at = self.text.index(f"@{event.x},{event.y}")
        self.text.focus_set()

    def _open_menu_at(self, event: tkinter.Event[tkinter.Text]) -> None:
        """Open the menu of the message under the pointer, and mark it, unless the user has selected a part of it."""
        place = f"@{event.x},{event.y}"
        line = self._line_at(place)
        if line is None or line.kind is LineKind.DAY:
            return
        if "sel" not in self.text.tag_names(place):
            self._mark_line(self._serial_at(place))
        self._reader.open_menu(line, event.x_root, event.y_root)

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
        bind(text, self._reader.go_to_newest, "<End>")
        bind(text, self.select_all, "<Control-a>")
        bind(text, self.copy, "<<Copy>>")
        bind(text, lambda: self.choose(-1), "<Alt-Up>")
        bind(text, lambda: self.choose(1), "<Alt-Down>")
        text.bind("<Button-3>", self._open_menu_at)
        text.bind("<Button-1>", self._press)
        text.bind("<ButtonRelease-1>", lambda _: self._scrolled(), add=True)
        text.bind("<Configure>", lambda _: text.see("end-1c") if self._following else None)
        for tag in ("url", "quote", "reaction"):
            text.tag_bind(tag, "<ButtonRelease-1>", self._click)
            text.tag_bind(tag, "<Enter>", lambda _: text.configure(cursor="hand2"))
            text.tag_bind(tag, "<Leave>", lambda _: text.configure(cursor="arrow"))

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
        text.tag_configure("program", foreground=colours.muted)
        text.tag_configure("quote", foreground=colours.muted, font=look.small, spacing3=0)
        text.tag_configure("reactions", spacing1=0, spacing3=gap // 2)
        text.tag_configure("reaction", font=look.small, background=colours.raised, spacing1=0, spacing3=gap // 2)
        text.tag_configure("reaction", lmargin2=gap * 3 + look.body.measure(" "), lmargincolor=colours.surface)
        text.tag_configure("mentioned margin", lmargincolor=colours.mentioned)
        text.tag_configure("reacted", background=colours.selected)
        text.tag_configure("url", foreground=colours.link, underline=True)
        text.tag_configure("sel", lmargincolor=colours.selected)
        for tag in ("reaction", "mentioned margin", "reacted", "sel"):
            text.tag_raise(tag)
        if self._following:
            text.see("end-1c")


def _unread_at(place: Place) -> int | None:
    """Return the serial number of the first line that was not seen."""
    return place.mark if isinstance(place, Room) else None


def _insert(text: tkinter.Text, index: str, texts: list[Drawn]) -> None:
    if texts:
        arguments: Any = chain.from_iterable(texts)
        text.insert(index, *arguments)
