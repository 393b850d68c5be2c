"""The list of the open rooms, in which the user finds one by its number or by some letters of its name."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import FilterOrBool
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from chat.client.model import status
from chat.client.model.model import Model
from chat.client.model.room import Room
from chat.client.model.room_filter import rooms_like
from chat.client.terminal.widths import cells, displayed, shorten

DIGITS = 2
"""So many digits are a number; less of them are one after Enter."""


class By(Enum):
    """How the user says which room they want."""

    NAME = "Go to"
    NUMBER = "Number of the room"


class RoomChooser:
    """Is open until the user chooses a room, drops it, or turns to another room some other way."""

    def __init__(self, model: Model, ended: Callable[[str], None]) -> None:
        self._model = model
        self._ended = ended
        """Is called when a room was chosen, or none, with a sentence that says why not."""
        self.by = By.NAME
        self.buffer = Buffer(history=DummyHistory(), multiline=False, on_text_changed=lambda _: self._typed())
        self._opened_in: Room | None = None
        self._place = 0

    @property
    def is_open(self) -> bool:
        """Whether the user is choosing."""
        return self._opened_in is self._model.current

    def open(self, by: By) -> None:
        """Let the user choose."""
        self.by = by
        self.buffer.reset()
        self._place = 0
        self._opened_in = self._model.current

    def close(self) -> None:
        """Stay in the room on the screen."""
        self._opened_in = None

    @property
    def rooms(self) -> list[Room]:
        """The rooms from which the user chooses now, the best one first."""
        text = self.buffer.text.strip()
        return rooms_like(text, self._model.rooms) if text else list(self._model.rooms)

    def move(self, steps: int) -> None:
        """Mark another room."""
        self._place = (self._place + steps) % max(len(self.rooms), 1)

    def take(self) -> None:
        """Turn to the room that is marked."""
        rooms = self.rooms
        if self._place < len(rooms):
            self.close()
            self._model.turn_to(rooms[self._place])
            self._ended("")

    def rows(self, width: int, height: int) -> StyleAndTextTuples:
        """Return the rows of at most so many rooms, the marked one among them."""
        rooms = self.rooms
        if not rooms:
            return [("class:hint", shorten("None of your rooms is like that. /join goes to others.", width))]
        first = min(max(self._place - height + 1, 0), max(len(rooms) - height, 0))
        numbers = {room: number for number, room in enumerate(self._model.rooms, 1)}
        row: StyleAndTextTuples = []
        for place, room in list(enumerate(rooms))[first : first + height]:
            label = shorten(f" {displayed(status.label(numbers[room], room))} ", width)
            topic = shorten(displayed(status.topic(room)), max(width - cells(label) - 1, 0))
            row += [("class:offer.current" if place == self._place else "class:offer", label)]
            row += [("class:quiet", f" {topic}"), ("", "\n")]
        return row[:-1]

    def count(self, height: int) -> int:
        """Return how many rows it takes, of *height* at most."""
        return min(max(len(self.rooms), 1), height)

    def bindings(self, while_: FilterOrBool) -> KeyBindings:
        """Bind the keys that do something else *while_* the user chooses."""
        keys = KeyBindings()

        @keys.add("enter", filter=while_)
        def _(event: KeyPressEvent) -> None:
            self.take()

        @keys.add("c-c", filter=while_)
        @keys.add("<sigint>", filter=while_)
        @keys.add("c-d", filter=while_)
        def _(event: KeyPressEvent) -> None:
            self.close()
            self._ended("")

        for steps, names in ((1, ("down", "tab")), (-1, ("up", "s-tab"))):
            for name in names:

                @keys.add(name, filter=while_)
                def _(event: KeyPressEvent, steps: int = steps) -> None:
                    self.move(steps)

        @keys.add("escape", "enter", filter=while_)
        @keys.add("escape", "c-j", filter=while_)
        @keys.add("c-r", filter=while_)
        @keys.add("c-s", filter=while_)
        def _(event: KeyPressEvent) -> None:
            """Do nothing."""

        return keys

    def _typed(self) -> None:
        self._place = 0
        text = self.buffer.text
        if self.by is By.NUMBER and len(text) == DIGITS and self.is_open:
            number = int(text) if text.isascii() and text.isdecimal() else 0
            self.close()
            if 1 <= number <= len(self._model.rooms):
                self._model.turn_to(self._model.rooms[number - 1])
                self._ended("")
            else:
                self._ended(f"There is no room {displayed(text)}: your rooms are 1 to {len(self._model.rooms)}.")
