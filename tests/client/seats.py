"""A user at a client that is joined to the real chat in memory."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from box import START, Box
from client.wiring import Line as Wiring

from chat.client.model.client import Client
from chat.client.model.model import LocalTime, Model, Observer
from chat.client.model.plain_text import plain_text
from chat.client.model.room import Room
from chat.client.model.scrollback import Line, LineKind
from chat.core.events import AnyChange

PARIS = timezone(timedelta(hours=1))


class Bells(Observer):
    """An observer that counts."""

    def __init__(self) -> None:
        self.rung = 0
        self.changes = 0
        self.lines: list[tuple[str, str]] = []
        self.changed_messages: list[tuple[str, AnyChange, Line | None]] = []
        self.given_back: list[tuple[str, str]] = []

    def refused(self, room: Room, text: str) -> None:
        self.given_back.append((room.title, text))

    def changed(self) -> None:
        self.changes += 1

    def line_added(self, room: Room, line: Line, old: bool) -> None:
        self.lines.append((room.title, plain_text(line)))

    def message_changed(self, room: Room, change: AnyChange, line: Line | None) -> None:
        self.changed_messages.append((room.title, change, line))

    def called(self, room: Room, line: Line) -> None:
        self.rung += 1


def local_time(box: Box) -> LocalTime:
    """Return the time of the *box*, in Paris."""
    return LocalTime(now=lambda: datetime.fromtimestamp(START + box.clock.seconds(), UTC), zone=PARIS)


class Seat:
    """A client in a box."""

    def __init__(
        self, box: Box, name: str = "ada", rooms: tuple[str, ...] = ("lobby",), password: str | None = None
    ) -> None:
        self.box = box
        self.bells = Bells()
        self.model = Model(name, rooms, local_time(box))
        self.model.observe(self.bells)
        self.wiring = Wiring(box, self.model, name, rooms=rooms, password=password, interactive=True)
        self.client = Client(self.wiring.link, self.model)
        self.pump()

    def enter(self, *lines: str) -> None:
        """Type lines."""
        for line in lines:
            self.client.enter(line)
            self.pump()

    def pump(self) -> None:
        """Carry bytes until nobody has anything to say."""
        self.wiring.pump()

    def lose_name(self, password: str) -> None:
        """The connection breaks, and somebody registers the user's name with that *password* meanwhile."""
        self.wiring.cable.cut()
        self.box.text(self.model.name).send(f"/register {password}", "exit")

    def shown(self, title: str = "#lobby") -> list[str]:
        """Return the lines of a room, without the lines that mark a new day."""
        room = self.room(title)
        return [plain_text(line) for line in room.lines if line.kind is not LineKind.DAY]

    def room(self, title: str) -> Room:
        """Return the room with that title."""
        return next(room for room in self.model.rooms if room.title == title)

    @property
    def titles(self) -> list[str]:
        """The titles of the open rooms."""
        return [room.title for room in self.model.rooms]
