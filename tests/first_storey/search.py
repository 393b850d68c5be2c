"""A search in a window of its own: what was asked, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from first_storey.scrollback import Line

MAXIMUM_FOUND = 1000


@dataclass(eq=False, slots=True)
class Search:
    """What is searched for, and the answers so far, the newest message first, each with its room."""

    text: str
    tag: str = ""
    """The tag of the request that is not answered yet."""
    found: list[tuple[str, Line]] = field(default_factory=list)
    more: bool = False
    """Whether there are older ones."""
    refusal: str = ""

    @property
    def oldest_id(self) -> int | None:
        """The id of the oldest message found."""
        return self.found[-1][1].id if self.found else None

    def add(self, found: Iterable[tuple[str, Line]], more: bool) -> None:
        """An answer has come."""
        self.tag = ""
        self.found.extend(found)
        self.more = more and len(self.found) < MAXIMUM_FOUND
