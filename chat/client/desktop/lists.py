"""The lists beside the conversation: rooms with what is unread in them, and people."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Sequence
from itertools import count
from tkinter import ttk

from chat.client.desktop.drawing import shown
from chat.client.desktop.look import Look
from chat.client.model.room import Room
from chat.client.model.styled import nick_style


class RoomList(ttk.Frame):
    """The open rooms and private conversations. *turn_to* is called with the one that the user chooses."""

    def __init__(self, parent: tkinter.Misc, look: Look, turn_to: Callable[[Room], None]) -> None:
        super().__init__(parent, style="Side.TFrame")
        self._look = look
        self._turn_to = turn_to
        self._rooms: Sequence[Room] = ()
        self._shown: list[tuple[str, str, int, bool]] = []
        self.tree = ttk.Treeview(self, name="rooms", show="tree", columns=("unread",), selectmode="browse", height=5)
        self.tree.pack(fill="both", expand=True)
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._selected())
        look.watch(self._dress)

    def show(self, rooms: Sequence[Room], current: Room) -> None:
        """Bring the list up to date."""
        now = [(room.title, room.unread_words if room.unread else "", room.calls, room is current) for room in rooms]
        if now == self._shown and all(a is b for a, b in zip(rooms, self._rooms, strict=True)):
            return
        self._shown, self._rooms = now, list(rooms)
        tree = self.tree
        for surplus in tree.get_children()[len(now) :]:
            tree.delete(surplus)
        for number in range(len(tree.get_children()), len(now)):
            tree.insert("", "end", iid=f"r{number}")
        for number, (title, unread, calls, is_current) in enumerate(now):
            tag = "call" if calls else "unread" if unread else "read"
            tree.item(f"r{number}", text=f" {shown(title)}", values=(f"{unread} ",), tags=(tag,))
            if is_current and tree.selection() != (f"r{number}",):
                tree.selection_set(f"r{number}")
                tree.focus(f"r{number}")
                tree.see(f"r{number}")

    def _selected(self) -> None:
        for iid in self.tree.selection():
            number = int(iid[1:])
            if number < len(self._rooms) and not self._shown[number][3]:
                self._turn_to(self._rooms[number])

    def _dress(self) -> None:
        look, colours = self._look, self._look.palette
        self.tree.column("#0", width=look.body.measure("0" * 16), stretch=True)
        self.tree.column("unread", width=look.body.measure("00000"), stretch=False, anchor="e")
        self.tree.tag_configure("read", font=look.body, foreground=colours.text)
        self.tree.tag_configure("unread", font=look.bold, foreground=colours.text)
        self.tree.tag_configure("call", font=look.bold, foreground=colours.alert)


class PeopleList(ttk.Frame):
    """The people in the room. *talk_to* is called with the name of the one with whom the user wants to talk.

    Each user keeps one row while they are there, so that what is marked is always a user and never a place in the list.
    """

    def __init__(self, parent: tkinter.Misc, look: Look, talk_to: Callable[[str], None]) -> None:
        super().__init__(parent, style="Side.TFrame")
        self._look = look
        self._talk_to = talk_to
        self._users: set[str] = set()
        self._away: dict[str, str] = {}
        self._rows: dict[str, str] = {}
        """The row of each user."""
        self._row_numbers = count()
        self._pressed = ""
        """The row on which the user clicked last."""
        self.tree = ttk.Treeview(self, name="people", show="tree", selectmode="browse", height=5)
        bar = ttk.Scrollbar(self, style="Side.Vertical.TScrollbar", command=self.tree.yview)
        self.tree.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.tree.pack(fill="both", expand=True)
        self.tree.bind("<Button-1>", self._press)
        self.tree.bind("<Double-Button-1>", lambda _: self._choose(self._pressed))
        self.tree.bind("<Return>", lambda _: self._choose(self.tree.focus()))
        look.watch(self._dress)

    def show(self, room: Room) -> None:
        """Bring the list up to date."""
        if room.users == self._users and room.away == self._away:
            return
        tree, known, known_away = self.tree, self._users, self._away
        self._users, self._away = set(room.users), dict(room.away)
        for name in known - self._users:
            tree.delete(self._rows.pop(name))
        for place, name in enumerate(sorted(self._users, key=lambda name: (name.casefold(), name))):
            if name not in self._rows:
                self._rows[name] = tree.insert("", place, iid=f"p{next(self._row_numbers)}")
            elif (name in self._away) == (name in known_away):
                continue
            away = name in self._away
            text = f" {shown(name)} (away)" if away else f" {shown(name)}"
            tree.item(self._rows[name], text=text, tags=("away",) if away else (nick_style(name),))

    def _press(self, event: tkinter.Event[ttk.Treeview]) -> None:
        self._pressed = self.tree.identify_row(event.y)

    def _choose(self, row: str) -> None:
        name = next((name for name, each in self._rows.items() if each == row), None)
        if name is not None:
            self._talk_to(name)

    def _dress(self) -> None:
        look = self._look
        self.tree.column("#0", width=look.body.measure("0" * 14), stretch=True)
        self.tree.tag_configure("away", foreground=look.palette.muted, font=look.italic)
        for number, tone in enumerate(look.palette.nicks):
            self.tree.tag_configure(f"nick{number}", foreground=tone, font=look.body)
