"""What a client knows of the messages of a room, as a good client must: it takes in messages and how they change."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Event = Mapping[str, Any]
CHANGES = ("edited", "deleted", "reacted", "pinned")


@dataclass
class Known:
    """What a client shows of a message."""

    author: str
    text: str
    edited: str | None
    reactions: dict[str, int]
    pinned: bool
    deleted: bool = False

    @classmethod
    def of(cls, message: Event) -> Known:
        """What a client is shown of a message, as it is then."""
        reactions = {reaction["text"]: reaction["count"] for reaction in message.get("reactions", ())}
        return cls(
            message["author"], message["text"], message.get("edited"), reactions, bool(message.get("pinned", False))
        )

    def differs(self, message: Event) -> str:
        """How it is not what the history says of it."""
        told = Known.of(message)
        facts = ("text", "edited", "reactions", "pinned")
        pairs = {fact: (getattr(self, fact), getattr(told, fact)) for fact in facts}
        return ", ".join(
            f"{fact}: {mine!r}, not {theirs!r}" for fact, (mine, theirs) in pairs.items() if mine != theirs
        )


class Model:
    """The messages of a room, up to the greatest id or rev that the client has *seen*."""

    def __init__(self, seen: int = 0) -> None:
        self.seen = seen
        self.messages: dict[int, Known] = {}
        self.gap: int | None = None
        """The number after which it may have missed something, if it has."""

    def copy(self) -> Model:
        """The same, for another connection that goes on with it."""
        return deepcopy(self)

    def take(self, event: Event) -> None:
        """Take in a message, or a change of one that it knows."""
        number = event.get("rev", 0) or event["id"]
        self.seen = max(self.seen, number)
        if event["type"] == "message":
            self.messages[event["id"]] = Known.of(event)
            return
        known = self.messages.get(event["id"])
        if known is None:
            return
        match event["type"]:
            case "edited":
                known.text, known.edited = event["text"], event["time"]
            case "deleted":
                known.deleted = True
            case "reacted":
                known.reactions[event["text"]] = event["count"]
                if not event["count"]:
                    del known.reactions[event["text"]]
            case "pinned":
                known.pinned = event["on"]

    def miss(self, after: int) -> None:
        """It is told that it has missed what comes after that number."""
        self.gap = after if self.gap is None else min(self.gap, after)
