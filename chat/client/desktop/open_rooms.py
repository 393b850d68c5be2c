"""Saves and restores which rooms were open under one name at one server, and what was half typed there."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chat.client.desktop.drafts import Draft
from chat.client.model import open_rooms
from chat.client.model.model import Model
from chat.client.model.open_rooms import OpenRooms
from chat.client.model.room import Room


def as_saved(
    model: Model, drafts: Mapping[Room, Draft], is_code: Callable[[str], bool] = lambda text: False
) -> OpenRooms:
    """Return what is open. A draft in the current room that *is_code*, that of an invitation, is left out."""

    def draft(room: Room) -> str:
        text = drafts[room].kept if room in drafts else ""
        return "" if room is model.current and is_code(text) else text

    return open_rooms.as_saved(model, draft)


def restore(model: Model, saved: OpenRooms, chosen: str | None) -> dict[Room, Draft]:
    """Open what was open, and return what was half typed; see :func:`chat.client.model.open_rooms.restore`."""
    restored = open_rooms.restore(model, saved, chosen)
    return {room: Draft(each.draft) for room, each in restored.items() if each.draft}
