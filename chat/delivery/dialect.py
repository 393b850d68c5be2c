"""What delivery asks of a dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chat.core.events import Event, Numbered


class Dialect(Protocol):
    """One way to write events as bytes."""

    page: int
    """The messages, and changes of messages, that are replayed at a time."""

    hides_own: bool
    """Whether users are not shown again what they did themselves."""

    changes: bool
    """Whether clients know how messages change, so that they count changes among what they missed."""

    def encode(self, event: Event) -> bytes:
        """Write an event for everybody in a room; ``b""`` if it is not shown to them."""

    def encode_for(self, name: str, event: Event) -> bytes:
        """Write an event for the user called *name* alone."""

    def encode_replay(self, room: str, past: Sequence[Numbered]) -> bytes:
        """Write old messages, and changes in their places between them, for somebody who comes into the room."""
