"""How events are written for programs (``docs/protocol.md``, section JSON lines)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import structs

from chat.core import events

_encode = msgspec.json.Encoder().encode


class JsonDialect:
    """One JSON object a line, for clients that accept what came into the protocol after its first version."""

    page = 64
    hides_own = False
    changes = True

    def encode(self, event: events.Event) -> bytes:
        """Write an event for everybody in a room; what only people are shown is left out."""
        return b"" if isinstance(event, events.Reactions | events.Erased) else _encode(event) + b"\n"

    def encode_for(self, name: str, event: events.Event) -> bytes:
        """Write an event for the user called *name* alone."""
        return self.encode(event)

    def encode_replay(self, room: str, past: Sequence[events.Numbered]) -> bytes:
        """Write old messages and changes as they were written when they were new."""
        return b"".join([self.encode(event) for event in past])


class FirstJsonDialect(JsonDialect):
    """The same for clients that accept less: what they do not know is told in a notice, and texts have one line."""

    changes = False

    def encode(self, event: events.Event) -> bytes:
        """Write an event for everybody in a room; reactions are left out."""
        if isinstance(event, events.Message):
            return _encode(_in_one_line(event)) + b"\n"
        match event:
            case events.History() | events.Found() | events.Pins():
                event = structs.replace(event, messages=[_in_one_line(message) for message in event.messages])
            case events.Rule() if (event.rule, event.on) not in events.FIRST_RULES:
                event = events.Notice(text=f"#{event.room}: {' '.join(event.words())}", tag=event.tag)
            case events.Edited() | events.Pinned():
                where = f"#{event.room}: " if event.room is not None else ""
                event = events.Notice(text=f"{where}{event.sentence()}", tag=event.tag)
            case events.Reacted():
                return b""
        return super().encode(event)

    def encode_for(self, name: str, event: events.Event) -> bytes:
        """Write an event for the user called *name* alone: an answer, also if it tells of a reaction."""
        if isinstance(event, events.Reacted) and event.tag is not None:
            return super().encode(event)
        return self.encode(event)


def _in_one_line(message: events.Message) -> events.Message:
    return structs.replace(message, text=message.text.replace("\n", " ")) if "\n" in message.text else message


LATER, FIRST = JsonDialect(), FirstJsonDialect()
"""The two that all connections share, so that what is shown to many is written once."""
