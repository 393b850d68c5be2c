"""The menu of a message: what the user can do with it."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from functools import partial

from chat.client.desktop.drafts import Answering, Editing, Purpose, Reacting
from chat.client.desktop.drawing import shown
from chat.client.desktop.look import Look
from chat.client.model.client import Client
from chat.client.model.reactions import OFFERED
from chat.client.model.room import Room
from chat.client.model.scrollback import Line
from chat.core.commands.changes import EDITABLE


class MessageMenu:
    """Makes the menu. *begin* has the user type for a purpose, *copy* puts a message, or what of it is selected, on the
    clipboard, *change* sends a request about a message.
    """

    def __init__(
        self,
        look: Look,
        client: Client,
        begin: Callable[[Purpose], None],
        copy: Callable[[Line], None],
        change: Callable[..., None],
    ) -> None:
        self._look = look
        self._client = client
        self._begin = begin
        self._copy = copy
        self._change = change
        self._opened: tkinter.Menu | None = None

    def menu(self, line: Line) -> tkinter.Menu:
        """Return the menu of a line. What is no message can only be copied."""
        if self._opened is not None:
            self._opened.destroy()
        self._opened = menu = self._look.menu()
        model = self._client.model
        if line.is_message and self._client.knows_changes:
            room = model.current
            is_op = not room.private and (model.is_moderator or model.name in room.ops)
            menu.add_command(label="Reply", command=lambda: self._begin_in(room, Answering(line)))
            menu.add_cascade(label="React", menu=self._reactions(menu, line))
            if line.mine and model.local_time.local_now() - line.time < EDITABLE:
                menu.add_command(label="Edit", command=lambda: self._begin_in(room, Editing(line)))
            menu.add_command(label="Copy", command=lambda: self._copy(line))
            if is_op:
                label = "Unpin" if line.pinned else "Pin"
                pin = partial(self._change, "pin", room=room.name, id=line.id, on=not line.pinned)
                menu.add_command(label=label, command=pin)
            if line.mine or is_op:
                menu.add_separator()
                menu.add_command(label="Delete", command=partial(self._change, "delete", id=line.id))
        else:
            menu.add_command(label="Copy", command=lambda: self._copy(line))
        return menu

    def _begin_in(self, room: Room, purpose: Purpose) -> None:
        """Have the user type in the room whose message it is, though another may be shown since the menu was opened."""
        model = self._client.model
        if room in model.rooms:
            if room is not model.current:
                model.turn_to(room)
            self._begin(purpose)

    def _reactions(self, parent: tkinter.Menu, line: Line) -> tkinter.Menu:
        menu = self._look.menu(parent)
        room = self._client.model.current
        mine = {reaction.text for reaction in line.reactions if reaction.mine}
        for text, name in OFFERED.items():
            react = partial(self._change, "react", id=line.id, text=text, on=text not in mine)
            menu.add_command(label=f"{shown(text)}  {name}{'  (take back)' if text in mine else ''}", command=react)
        menu.add_command(label="Another …", command=lambda: self._begin_in(room, Reacting(line)))
        return menu
