"""Tells the server how far the user has read, for the user's other devices."""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chat.client.link import Link
from chat.client.model import Model, Observer
from chat.client.room import Room
from chat.client.scrollback import Line

DELAY = 2.0
"""Seconds to wait, so that one mark covers what is read meanwhile."""


class ReadMarks(Observer):
    """Watches *model*, and sends read marks over *link* if the user's name is registered."""

    def __init__(self, link: Link, model: Model, clock: IReactorTime) -> None:
        self._link = link
        self._model = model
        self._clock = clock
        self._sent: dict[str, int] = {}
        self._soon: IDelayedCall | None = None
        model.observe(self)

    def changed(self) -> None:
        """Something was shown, perhaps for the first time."""
        if self._soon is None and self._news():
            self._soon = self._clock.callLater(DELAY, self._send)

    def line_added(self, room: Room, line: Line, old: bool) -> None:
        """Do nothing: :meth:`changed` is called too."""

    def called(self, room: Room, line: Line) -> None:
        """Do nothing: :meth:`changed` is called too."""

    def _news(self) -> list[Room]:
        if not (self._link.registered and self._link.online):
            return []
        return [room for room in self._model.rooms if room.joined and not room.private and self._is_news(room)]

    def _is_news(self, room: Room) -> bool:
        return room.seen > max(self._sent.get(room.name, 0), room.read_before)

    def _send(self) -> None:
        self._soon = None
        for room in self._news():
            self._sent[room.name] = room.seen
            self._link.ask("read", room=room.name, id=room.seen)
