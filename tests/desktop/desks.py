"""Somebody at the window on a display, with the real chat in memory behind it."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

from box import Box
from client.seats import Seat
from desktop.displays import Display
from e2e.waiting import wait_for

from chat.client.desktop.drawing import NO_BREAK
from chat.client.desktop.look import Look
from chat.client.desktop.question import Question
from chat.client.desktop.window import Window


class Desk:
    """Somebody at the window."""

    def __init__(self, display: Display, box: Box, rooms: tuple[str, ...] = ("lobby",)) -> None:
        self.box = box
        self.seat = Seat(box, rooms=rooms)
        self.root = tkinter.Tk(screenName=display.name)
        self.root.report_callback_exception = self._failed
        self.failures: list[BaseException] = []
        self.links: list[str] = []
        self.notes: list[tuple[str, str, Callable[[], None]]] = []
        self.look = Look(self.root, dark=False, size=0)
        self.root.geometry("700x400+0+0")
        self.window = Window(self.root, self.look, self.seat.client, "localhost:12345", self._notify, self.links.append)
        self.text = self.window.conversation.text
        self.entry = self.window.entry.text
        self.began_at = self.root.focus_lastfor()
        """What got the keyboard focus as the window appeared."""
        self.focus(self.entry)
        self.until(lambda: self.seat.model.looking)

    def focus(self, widget: tkinter.Misc) -> None:
        """Bring the keyboard to *widget*."""
        self.root.deiconify()
        widget.focus_force()
        self.until(lambda: self.root.focus_get() is widget)

    def update(self) -> None:
        """Let everything arrive, and be drawn."""
        self.seat.pump()
        self.root.update()
        assert not self.failures, self.failures

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for it."""

        def settled() -> object:
            self.update()
            return condition()

        try:
            wait_for(settled, "it is so")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; there is:\n{self.shown}") from None

    def sees(self, *parts: str) -> None:
        """Wait until all of that is drawn."""
        self.until(lambda: all(part in self.shown for part in parts))

    def sees_no(self, part: str) -> None:
        """Wait until that is not drawn."""
        self.until(lambda: part not in self.shown)

    def press(self, *keys: str, on: tkinter.Misc | None = None) -> None:
        """Press keys."""
        widget = on or self.entry
        for key in keys:
            widget.event_generate(key)
            self.update()

    def say(self, *lines: str) -> None:
        """Type lines, each with Enter."""
        for line in lines:
            self.entry.insert("insert", line)
            self.update()
            self.press("<Return>")

    @property
    def shown(self) -> str:
        """All that is drawn."""
        return str(self.text.get("1.0", "end")).replace(NO_BREAK, " ")

    @property
    def visible(self) -> str:
        """What of it can be seen."""
        width, height = self.text.winfo_width(), self.text.winfo_height()
        return str(self.text.get("@0,0", f"@{width},{height}"))

    @property
    def typed(self) -> str:
        """What is being typed."""
        return str(self.entry.get("1.0", "end-1c"))

    @property
    def rooms(self) -> list[tuple[str, str]]:
        """The rooms that are listed, with what is unread."""
        tree = self.window.rooms.tree
        return [(tree.item(row, "text").strip(), str(tree.set(row, "unread")).strip()) for row in tree.get_children()]

    @property
    def people(self) -> list[str]:
        """The people that are listed."""
        tree = self.window.people.tree
        return [tree.item(row, "text").strip() for row in tree.get_children()]

    def person(self, name: str) -> str:
        """The row of somebody in the list of people."""
        tree = self.window.people.tree
        return next(row for row in tree.get_children() if tree.item(row, "text").split()[0] == name)

    @property
    def question(self) -> Question:
        """The question that is asked."""
        assert self.window._question is not None
        return self.window._question

    @property
    def asks(self) -> str:
        """What is asked, in words; empty if nothing is."""
        question = self.window._question
        return "" if question is None else f"{question.title()}\n{question.words.cget('text')}"

    def choose(self, label: str) -> None:
        """Choose something in the menu of the window."""
        self.window._window_menu().invoke(label)
        self.update()

    def row_of(self, text: str) -> str:
        """The place of a text."""
        found = self.text.search(text, "1.0") or self.text.search(text.replace(" ", NO_BREAK), "1.0")
        assert found, self.shown
        return found

    def tags_of(self, text: str) -> tuple[str, ...]:
        """How a text looks."""
        return self.text.tag_names(self.row_of(text))

    @property
    def copied(self) -> str:
        """What is on the clipboard."""
        return str(self.root.clipboard_get())

    def click(self, text: tkinter.Text, place: str) -> None:
        """Click on a place of *text*."""
        box = text.bbox(place)
        assert box is not None
        for event in ("<Motion>", "<Button-1>", "<ButtonRelease-1>"):
            text.event_generate(event, x=box[0] + 2, y=box[1] + box[3] // 2)
        self.update()

    def close(self) -> None:
        """Close the window."""
        while self.window._drawing is not None:
            self.root.update()
        self.root.destroy()
        assert not self.failures, self.failures

    def _notify(self, title: str, text: str, clicked: Callable[[], None]) -> None:
        self.notes.append((title, text, clicked))

    def _failed(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        self.failures.append(error)


def say(box: Box, name: str, count: int) -> None:
    """Somebody comes, says so many lines, and goes."""
    talker = box.text(name)
    for number in range(count):
        talker.send(f"{name} {number}.")
    talker.send("exit")
