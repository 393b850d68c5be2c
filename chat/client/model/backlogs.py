"""Fetches older messages: those above what is shown, and the last ones of a private conversation."""

from __future__ import annotations

from chat.client.link.link import PAGE, Link
from chat.client.model.model import Model, Observer
from chat.client.model.room import Earlier, Room

COUNT = 100
"""How many older messages to fetch at once."""


class Backlogs(Observer):
    """Watches *model*, and fetches over *link* the last messages of conversations that are unread or looked at."""

    def __init__(self, link: Link, model: Model) -> None:
        self._link = link
        self._model = model
        model.observe(self)
        self.changed()

    def ask_earlier(self, room: Room) -> None:
        """Fetch messages older than those that are shown in *room*, if there may be some."""
        may_ask = room.earlier in (Earlier.WANTED, Earlier.POSSIBLE) and not room.lines.full
        if not (may_ask and room.joined and self._link.online):
            return
        oldest = room.lines.oldest_id
        count = min(max(COUNT, room.waiting), PAGE)
        before = {} if oldest is None else {"before": oldest}
        self._model.expect_earlier(self._link.ask("history", **room.address, **before, count=count), room)

    def changed(self) -> None:
        """Fetch the last messages of a conversation when it is first looked at, or something in it is unread."""
        for room in self._model.rooms:
            wanted = room.earlier is Earlier.WANTED and room.with_ is not None
            if wanted and (room is self._model.current or room.waiting):
                self.ask_earlier(room)
