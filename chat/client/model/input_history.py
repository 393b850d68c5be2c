"""What the user has typed in all rooms, without passwords."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from chat.client.model.client import has_secret
from chat.client.model.room import Room, title_of

MAXIMUM_LINES = 1000
MAXIMUM_SIZE = 256 * 1024
"""How many bytes are kept at most."""


class TypedText(msgspec.Struct, frozen=True, order=True):
    """A text that was typed at a *time*, in seconds since 1970, in the room or conversation called *place*."""

    time: float
    place: str
    text: str


class InputHistory:
    """The texts, the newest last. *now* returns the time in seconds since 1970."""

    def __init__(self, now: Callable[[], float], texts: Iterable[TypedText] = ()) -> None:
        self._now = now
        self.texts = bounded(texts)

    def add(self, place: str, text: str) -> None:
        """Keep a text, unless it is blank, has a password in it, or was the last one at that place."""
        if not text.strip() or has_secret(text):
            return
        last = next((typed.text for typed in reversed(self.texts) if typed.place == place), None)
        if text != last:
            after = self.texts[-1].time + 1e-6 if self.texts else 0.0
            self.texts = bounded((*self.texts, TypedText(max(self._now(), after), place, text)))


def places_of(room: Room) -> tuple[str, ...]:
    """Return how a room is called as a place. A conversation is called by its user, and before by their name."""
    title = title_of(room.name, room.private)
    return (title,) if room.with_ is None else (room.with_, title)


def bounded(texts: Iterable[TypedText]) -> tuple[TypedText, ...]:
    """Return the newest of *texts* in their order, as many as are kept."""
    newest = sorted(texts)[-MAXIMUM_LINES:]
    left = MAXIMUM_SIZE
    for index in range(len(newest) - 1, -1, -1):
        left -= len(newest[index].text.encode("utf-8", "replace"))
        if left < 0:
            return tuple(newest[index + 1 :])
    return tuple(newest)
