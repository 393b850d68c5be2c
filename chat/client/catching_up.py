"""Puts the messages of a room in order, so that none is shown twice and none is left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from chat.core.events import Message

MAXIMUM_HELD = 500
"""How many new messages to hold back while older ones are fetched. If there are more, the oldest are fetched again."""


class CatchingUp:
    """The reader's place in one room.

    Normally messages come in the order of their ids, and :meth:`take` passes them on. After :meth:`miss`, and while a
    backlog is fetched, the reader is *catching up*: new messages are held back until :meth:`page` has been given the
    older ones.
    """

    def __init__(self, last: int, backlog: bool) -> None:
        self.seen: int | None = None if backlog else last
        """The id of the last message passed on; ``None`` if the backlog has not come yet."""
        self.last = last
        """The id of the last message that was said before we joined, or joined again."""
        self.catching_up = backlog
        self._held: deque[Message] = deque()
        self._wanted = 0

    def resume(self, last: int) -> None:
        """The room was joined again after a break. The server will send what was said since ``seen``."""
        self.last = last
        self.catching_up = False
        self._held.clear()
        self._wanted = 0

    def take(self, message: Message) -> Sequence[Message]:
        """Handle a message from the server; return the messages to show now."""
        if self.catching_up:
            self._held.append(message)
            if len(self._held) > MAXIMUM_HELD:
                self._wanted = max(self._wanted, self._held.popleft().id)
            return ()
        if self.seen is not None and message.id <= self.seen:
            return ()
        self.seen = message.id
        return (message,)

    def miss(self, before: int) -> bool:
        """The server has left out messages before the id *before*; return whether to start fetching them."""
        self._wanted = max(self._wanted, before - 1)
        started, self.catching_up = not self.catching_up, True
        return started

    def page(
        self, messages: Sequence[Message], more: bool, following: int | None = None
    ) -> tuple[Sequence[Message], bool]:
        """Handle a page of older messages; return the messages to show, and whether to fetch more after ``seen``.

        *following* is the id from which to read on, if the server has said it: it leaves out whom the user ignores.
        """
        is_backlog = self.seen is None
        seen = self.seen or 0
        shown = [message for message in messages if message.id > seen]
        if shown:
            seen = shown[-1].id
        elif is_backlog:
            seen = self.last
        if not is_backlog and following is not None:
            seen = max(seen, following)
        came_further = is_backlog or seen > (self.seen or 0)
        self.seen = seen
        unfinished = self._wanted > seen or (more and not is_backlog)
        ask = unfinished and came_further
        if not ask:
            shown.extend(self.give_up())
        return shown, ask

    def give_up(self) -> Sequence[Message]:
        """Stop catching up; return the messages that were held back."""
        self.catching_up = False
        self._wanted = 0
        seen = self.last if self.seen is None else self.seen
        held = [message for message in self._held if message.id > seen]
        self._held.clear()
        self.seen = held[-1].id if held else seen
        return held
