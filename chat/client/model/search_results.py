"""Messages that were found by a search, or that are pinned in a room, shown apart from the rooms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chat.client.model.changes import changed
from chat.client.model.scrollback import Line
from chat.core.events import AnyChange, Deleted

MAXIMUM_FOUND = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """A message that was found, and where it was said: a *room*, or, if *private*, the conversation with that user."""

    line: Line
    room: str
    private: bool = False
    with_: str | None = None


@dataclass(eq=False, slots=True)
class SearchResults:
    """The text that is searched for, and the messages found so far, the newest first; or what is *pinned_in* a room."""

    text: str = ""
    pinned_in: str = ""
    tag: str = ""
    """The tag of the request that is not answered yet; empty if there is none."""
    found: list[Found] = field(default_factory=list)
    more: bool = False
    """Whether there are older messages to be found."""
    next: int | None = None
    """The id before which to look for them; an older server does not tell it."""
    refusal: str = ""
    changes: int = 0
    """How often what was found has changed."""
    waits: bool = False
    """Whether it is to be asked for as soon as there is a connection."""

    @property
    def what(self) -> str:
        """What was looked for, in words."""
        return f"Pinned in #{self.pinned_in}" if self.pinned_in else f"Search for “{self.text}”"

    def change(self, change: AnyChange, mine: bool) -> None:
        """A message was changed, by the user if it is *mine*: show it as it is now, and a deleted one no more."""
        if isinstance(change, Deleted):
            now = [found for found in self.found if found.line.id != change.id]
        else:
            now = [replace(found, line=changed(found.line, change, mine)) for found in self.found]
        if now != self.found:
            self.found, self.changes = now, self.changes + 1

    @property
    def oldest_id(self) -> int | None:
        """The id before which to look for older messages."""
        return self.next or (self.found[-1].line.id if self.found else None)

    def add(self, found: Iterable[Found], more: bool, next: int | None = None) -> None:
        """Add an answer of the server."""
        self.tag = ""
        self.next = next
        self.found.extend(found)
        self.more = more and len(self.found) < MAXIMUM_FOUND
