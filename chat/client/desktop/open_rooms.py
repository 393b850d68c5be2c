"""Saves and restores which rooms were open under one name at one server, and what was half typed there."""

from __future__ import annotations

from collections.abc import Mapping

from chat.client.desktop.drafts import Draft
from chat.client.desktop.saved_state import OpenRoom, OpenRooms
from chat.client.model.client import has_secret
from chat.client.model.model import Model
from chat.client.model.room import OtherSide, Room

MAXIMUM_OPEN = 200
"""How many rooms and private conversations are saved at most."""


def as_saved(model: Model, drafts: Mapping[Room, Draft]) -> OpenRooms:
    """Return what is open."""
    rooms = model.rooms[:MAXIMUM_OPEN]
    return OpenRooms(
        rooms=[OpenRoom(room.name, room.private, room.with_, _draft(drafts.get(room))) for room in rooms],
        current=rooms.index(model.current) if model.current in rooms else 0,
    )


def _draft(draft: Draft | None) -> str:
    kept = "" if draft is None else draft.kept
    return "" if has_secret(kept) else kept


def restore(model: Model, saved: OpenRooms, chosen: str | None) -> dict[Room, Draft]:
    """Open what was open, in the same order, and turn to what was shown last; return what was half typed.

    *chosen* is the room that the user wants to see in place of that. The rooms themselves were joined already.
    """
    rooms: list[Room] = []
    drafts: dict[Room, Draft] = {}
    for number, each in enumerate(saved.rooms):
        room = model.conversation(each.name, each.with_) if each.private else model.find(each.name)
        if room is None or room in rooms:
            continue
        rooms.append(room)
        if room.private and room.with_ is None:
            room.other_side = OtherSide.UNSURE
        if each.draft:
            drafts[room] = Draft(each.draft)
        if chosen is None and number == saved.current:
            model.turn_to(room)
    model.rooms.sort(key=lambda room: rooms.index(room) if room in rooms else len(rooms))
    if chosen is not None and (room := model.find(chosen)) is not None:
        model.turn_to(room)
    return drafts
