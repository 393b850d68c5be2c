"""Which of the open rooms the user means by some letters of a name."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from chat.client.model.room import Room


class Fit(IntEnum):
    """How a text is like the name of a room, the nearest first."""

    BEGINS = 0
    INSIDE = 1
    LETTERS = 2
    """The name has the letters in this order, and others between them."""
    NONE = 3


def rooms_like(text: str, rooms: Sequence[Room]) -> list[Room]:
    """Return the *rooms* that *text* is like, those first that it fits best. A number is the room at that place."""
    if text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= len(rooms):
        first = rooms[int(text[:9]) - 1]
        return [first, *(room for room in _by_name(text, rooms) if room is not first)]
    return _by_name(text, rooms)


def _by_name(text: str, rooms: Sequence[Room]) -> list[Room]:
    wanted = text.casefold()
    fits = [(_fit(wanted, room), room) for room in rooms]
    return [room for fit, room in sorted(fits, key=lambda each: each[0]) if fit is not Fit.NONE]


def _fit(wanted: str, room: Room) -> Fit:
    title = room.title.casefold()
    name = title if wanted[:1] in ("#", "@") else room.name.casefold()
    if name.startswith(wanted):
        return Fit.BEGINS
    if wanted in name:
        return Fit.INSIDE
    letters = iter(name)
    return Fit.LETTERS if all(letter in letters for letter in wanted) else Fit.NONE
