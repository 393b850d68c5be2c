"""What is shown over a room until the user comes back from it."""

from __future__ import annotations

from collections.abc import Iterable

from chat.client.model.room import Room
from chat.client.model.scrollback import Line, LineKind, Scrollback


class Apart:
    """Lines that are shown over the current room. *title* is that of the room where they were said."""

    kept = False
    """Whether the user comes back to it from what they open over it."""

    def __init__(self, title: str, lines: Scrollback) -> None:
        self.title = title
        self.lines = lines
        self.below: Apart | None = None
        """What is shown again when this is closed; if it is nothing, that is the room."""

    @property
    def mark(self) -> int | None:
        """The serial number of the line above which the mark is."""
        return None


class Glance(Apart):
    """The lines of another *room*, which stays unread."""

    def __init__(self, room: Room) -> None:
        super().__init__(room.title, room.lines)
        self.room = room

    @property
    def mark(self) -> int | None:
        """The serial number of the first line that was not seen."""
        return self.room.mark


class Listing(Apart):
    """What a command has listed. A line that tells of a message, by its ``about``, can be chosen to go there."""

    kept = True

    def __init__(self, lines: Iterable[Line]) -> None:
        super().__init__("", Scrollback.of(lines))
        self.chosen = next(iter(self._places), None)
        """The serial number of the line that is chosen; ``None`` if no line tells of a message."""

    @property
    def _places(self) -> list[int]:
        return [serial for serial in range(self.lines.first, self.lines.end) if self.lines[serial].about is not None]

    @property
    def number(self) -> int | None:
        """The id of the message that is chosen."""
        return None if self.chosen is None else self.lines[self.chosen].about

    def choose(self, forward: bool) -> None:
        """Choose the next message, or the one before, if there is one."""
        places = self._places
        if self.chosen is not None and places:
            here = sum(place < self.chosen for place in places) + (1 if forward else -1)
            self.chosen = places[max(min(here, len(places) - 1), 0)]


class Unread(Apart):
    """What is unread in *rooms*, one after the other, each with its title above. What comes later is not in it."""

    kept = True

    def __init__(self, rooms: Iterable[Room]) -> None:
        self._places: list[tuple[Room, int] | None] = []
        """For each line, the room where it was said, and its id; nothing for a title."""
        lines: list[Line] = []
        for room in rooms:
            if not (unread := room.unread_lines()):
                continue
            lines += [Line(LineKind.DAY, unread[0].time, f"{room.title}, {room.unread_words} unread"), *unread]
            self._places += [None, *((room, line.id or 0) for line in unread)]
        super().__init__("", Scrollback.of(lines))

    def room(self, serial: int) -> Room | None:
        """Return the room to which the line with that serial number belongs."""
        below = self._places[max(serial, 0) :]
        return next((place[0] for place in below if place is not None), None)

    def see(self, serial: int) -> None:
        """The user has seen the lines up to that serial number."""
        seen = dict(place for place in self._places[: serial + 1] if place is not None)
        for room, number in seen.items():
            room.see(number)
