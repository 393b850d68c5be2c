"""The texts about the state of things that all screens share."""

from __future__ import annotations

from chat.client.link.states import (
    Asking,
    Connecting,
    Ended,
    Greeting,
    Leaving,
    Online,
    Replaced,
    Secret,
    State,
    Waiting,
)
from chat.client.model.model import Model
from chat.client.model.room import OtherSide, Room


def connection(state: State, address: str) -> str:
    """Return how the connection to the server at *address* is."""
    match state:
        case Online():
            return address
        case Connecting() | Greeting():
            return f"connecting to {address}"
        case Waiting(seconds=seconds):
            return f"no connection, next try in {seconds} s"
        case Leaving() | Replaced() | Ended():
            return f"leaving {address}"
        case _:
            return "no connection"


def why(state: State) -> str:
    """Return why there is no connection; empty if there is one, or one is being made."""
    return getattr(state, "why", "")


def question(state: State) -> str:
    """Return what the user is asked for, so that the server lets them in again; empty if that is nothing."""
    if not isinstance(state, Asking):
        return ""
    match state.secret:
        case Secret.PASSWORD:
            return f"Password of {state.name}"
        case Secret.KEY:
            return "Key of the chat"
        case Secret.INVITATION:
            return "Code of your invitation"
        case Secret.NEW_PASSWORD:
            return f"A new password for {state.name}"


def topic(room: Room) -> str:
    """Return the topic of a room, or say that it is a private conversation."""
    if not room.private:
        return room.topic
    match room.other_side:
        case OtherSide.HERE:
            return "private, only the two of you see this"
        case OtherSide.AWAY:
            return f"private, {room.name} is not here now"
        case OtherSide.UNSURE:
            return f"private, {room.name} may be somebody else now"
        case OtherSide.GONE:
            return f"private, {room.name} does not come back"


def title(room: Room) -> str:
    """Return the title of a room, with what bounds who comes in and who speaks, and whether it is quiet.

    For example ``#dev (private, quiet)``.
    """
    marks = [*room.limits, *(["quiet"] if room.quiet else [])]
    return f"{room.title} ({', '.join(marks)})" if marks else room.title


def label(number: int, room: Room) -> str:
    """Return the *number* and the title of a room, and what is unread there: ``2:#dev(3!)``."""
    if not room.unread:
        return f"{number}:{room.title}"
    return f"{number}:{room.title}({room.unread_words}{'!' if room.calls else ''})"


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
