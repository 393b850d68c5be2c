"""Which messages of a room have been shown, so that none is shown twice and none is left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from first_storey.events import Message

MAXIMUM_HELD = 500
"""How many new messages wait while older ones are being asked for; of more, the oldest are asked for again."""


class Track:
    """The reader's place in one room.

    Normally messages come in the order of their ids and :meth:`take` passes them on. After :meth:`miss`, or with a
    backlog to come first, the track is *catching up*: new messages are held back until :meth:`page` has been given
    the older ones. So a room's messages always come out in order.
    """

    def __init__(self, last: int, backlog: bool) -> None:
        self.seen: int | None = None if backlog else last
        """The id of the last message passed on; ``None`` where the backlog has not come yet."""
        self.last = last
        """Messages up to this id were said before we came in (again)."""
        self.catching_up = backlog
        self._held: deque[Message] = deque()
        self._wanted = 0

    def resume(self, last: int) -> None:
        """The room is entered again after a break, and what was said since ``seen`` will follow."""
        self.last = last
        self.catching_up = False
        self._held.clear()
        self._wanted = 0

    def take(self, message: Message) -> Sequence[Message]:
        """A message has come; return those that are to be shown now."""
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
        """Messages older than *before* will not come by themselves; tell whether to start asking for them."""
        self._wanted = max(self._wanted, before - 1)
        started, self.catching_up = not self.catching_up, True
        return started

    def page(self, messages: Sequence[Message], more: bool) -> tuple[Sequence[Message], bool]:
        """Older messages have come; return those to be shown now, and whether to ask for more after ``seen``."""
        is_backlog = self.seen is None
        seen = self.seen or 0
        shown = [message for message in messages if message.id > seen]
        if shown:
            seen = shown[-1].id
        elif is_backlog:
            seen = self.last
        self.seen = seen
        unfinished = self._wanted > seen or (more and not is_backlog)
        ask = unfinished and (bool(shown) or is_backlog)
        if not ask:
            shown.extend(self.give_up())
        return shown, ask

    def give_up(self) -> Sequence[Message]:
        """Stop catching up, and return what was held back."""
        self.catching_up = False
        self._wanted = 0
        seen = self.last if self.seen is None else self.seen
        held = [message for message in self._held if message.id > seen]
        self._held.clear()
        self.seen = held[-1].id if held else seen
        return held
