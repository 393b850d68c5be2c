"""The texts about the state of things that all screens share."""

from __future__ import annotations

from chat.client.model import Model
from chat.client.room import Room


def topic(room: Room) -> str:
    """Return the topic of a room, or say that it is a private conversation."""
    return "private, only the two of you see this" if room.private else room.topic


def people(room: Room) -> str:
    """Return how many people are there; empty if that is not known."""
    if room.private or not room.joined:
        return ""
    return "1 person" if len(room.users) == 1 else f"{len(room.users)} people"


def lag(model: Model) -> str:
    """Return how long the server takes to answer; empty if that is not known."""
    if model.lag is None:
        return ""
    return f"lag {model.lag * 1000:.0f} ms" if model.lag < 1 else f"lag {model.lag:.1f} s"


def place(model: Model) -> str:
    """Return the user's name and the room to which a line goes."""
    text = f"{model.name} {model.current.title}" if model.away is None else f"{model.name} (away) {model.current.title}"
    return text if model.current.joined else f"{text} (not in it)"
