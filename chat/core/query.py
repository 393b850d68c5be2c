"""What to read from the history."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """The messages of ``room`` with ``after`` < id < ``before``: ``count`` of them, the newest or the oldest.

    Whoever answers returns them in the order of their ids.
    """

    room: str
    before: int
    count: int
    after: int = 0
    newest: bool = True
