"""Tells the server how far the user has read, for the user's other devices.

Of a room of which the server knows nothing, it is told what was there when the user came, so that what comes later is
unread on all devices.
"""

from __future__ import annotations

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from chat.client.link.link import Link
from chat.client.model.model import Model, Observer
from chat.client.model.room import Room

DELAY = 2.0
"""Seconds to wait, so that one mark covers what is read meanwhile."""


class ReadMarks(Observer):
    """Watches *model*, and sends read marks over *link*: of rooms if the name is registered, and of conversations."""

    def __init__(self, link: Link, model: Model, clock: IReactorTime) -> None:
        self._link = link
        self._model = model
        self._clock = clock
        self._sent: dict[Room, int] = {}
        self._soon: IDelayedCall | None = None
        model.observe(self)
        link.before_leaving = self._send
        self.changed()

    def changed(self) -> None:
        """Something was shown, perhaps for the first time."""
        if not self._link.online:
            self._sent.clear()
        elif self._soon is None and (news := self._news()):
            at_once = any(self._is_unmarked(room) for room in news)
            self._soon = self._clock.callLater(0 if at_once else DELAY, self._send)

    def _news(self) -> list[Room]:
        if not self._link.online:
            return []
        return [room for room in self._model.rooms if room.joined and self._is_news(room)]

    def _is_news(self, room: Room) -> bool:
        is_kept = room.with_ is not None if room.private else self._link.registered
        is_newer = room.seen > max(self._sent.get(room, 0), room.read)
        return is_kept and (is_newer or self._is_unmarked(room))

    def _is_unmarked(self, room: Room) -> bool:
        return not room.is_marked and room not in self._sent

    def _send(self) -> None:
        if self._soon is not None and self._soon.active():
            self._soon.cancel()
        self._soon = None
        self._sent = {room: sent for room, sent in self._sent.items() if room in self._model.rooms}
        for room in self._news():
            self._sent[room] = max(room.seen, room.read)
            self._link.ask("read", **room.address, id=self._sent[room])
