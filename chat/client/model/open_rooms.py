"""Which rooms and private conversations are open, as it is saved for the next start, and opened again then."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from chat.client.model.client import has_secret
from chat.client.model.model import Model
from chat.client.model.room import OtherSide, Room

MAXIMUM_OPEN = 200
"""How many rooms and private conversations are saved at most."""


class SavedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of a private conversation."""

    time: str
    author: str
    text: str
    action: bool = False
    mine: bool = False


class OpenRoom(msgspec.Struct, frozen=True, omit_defaults=True):
    """A room or private conversation that was open, and what was half typed there.

    ``read`` is the id up to which the user has read it. ``lines`` are the last messages of a private conversation.
    ``unsent`` is what the user has said, and the server has not acknowledged.
    """

    name: str
    private: bool = False
    with_: str | None = msgspec.field(default=None, name="with")
    draft: str = ""
    quiet: bool = False
    read: int = 0
    lines: tuple[SavedLine, ...] = ()
    unsent: tuple[str, ...] = ()


class OpenRooms(msgspec.Struct):
    """What was open under one name at one server, in its order. ``current`` is the number of the one that was shown."""

    rooms: list[OpenRoom] = []
    current: int = 0


def as_saved(model: Model, draft: Callable[[Room], str]) -> OpenRooms:
    """Return what is open. *draft* returns what is half typed in a room; passwords are left out."""
    rooms = model.rooms[:MAXIMUM_OPEN]
    return OpenRooms(
        rooms=[OpenRoom(room.name, room.private, room.with_, _public(draft(room)), room.quiet) for room in rooms],
        current=rooms.index(model.current) if model.current in rooms else 0,
    )


def _public(draft: str) -> str:
    return "" if has_secret(draft) else draft


def restore(model: Model, saved: OpenRooms, chosen: str | None) -> dict[Room, OpenRoom]:
    """Open what was open, in the same order, and turn to what was shown last; return what is open again.

    *chosen* is the room that the user wants to see in place of that. The rooms themselves were joined already.
    """
    restored: dict[Room, OpenRoom] = {}
    for number, each in enumerate(saved.rooms):
        room = model.conversation(each.name, each.with_) if each.private else model.find(each.name)
        if room is None or room in restored:
            continue
        restored[room] = each
        room.quiet = each.quiet
        if room.private and room.with_ is None:
            room.other_side = OtherSide.UNSURE
        if chosen is None and number == saved.current:
            model.turn_to(room)
    order = list(restored)
    model.rooms.sort(key=lambda room: order.index(room) if room in restored else len(order))
    if chosen is not None and (room := model.find(chosen)) is not None:
        model.turn_to(room)
    return restored
