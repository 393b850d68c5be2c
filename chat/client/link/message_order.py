"""Puts the messages of a room and their changes in order, so that none is shown twice and none is left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from chat.core.events import Message, Numbered, number_of

MAXIMUM_HELD = 500
"""How many new messages to hold back while older ones are fetched. If there are more, the oldest are fetched again."""


class CatchingUp:
    """The reader's place in one room.

    Normally messages and changes come in the order of their numbers, and :meth:`take` passes them on. After
    :meth:`miss`, and while a backlog is fetched, the reader is *catching up*: what is new is held back until
    :meth:`page` has been given what is older.
    """

    def __init__(self, last: int, backlog: bool) -> None:
        self.seen: int | None = None if backlog else last
        """The last number passed on; ``None`` if the backlog has not come yet."""
        self.last = last
        """The id of the last message that was said before we joined, or joined again."""
        self.newest = last
        """The greatest id of the messages that were there before, or that were passed on."""
        self.catching_up = backlog
        self._held: deque[Numbered] = deque()
        self._wanted = 0

    def resume(self, last: int) -> None:
        """The room was joined again after a break. The server will send what came since ``seen``."""
        self.last = last
        self.catching_up = False
        self._held.clear()
        self._wanted = 0

    def take(self, news: Numbered) -> Sequence[Numbered]:
        """Handle what the server has sent; return what to show now."""
        number = number_of(news)
        if self.catching_up:
            self._held.append(news)
            if len(self._held) > MAXIMUM_HELD:
                self._wanted = max(self._wanted, number_of(self._held.popleft()))
            return ()
        if number:
            if self.seen is not None and number <= self.seen:
                return ()
            self.seen = number
        return self._passed([news])

    def miss(self, before: int) -> bool:
        """The server has left out what has numbers before *before*; return whether to start fetching that."""
        self._wanted = max(self._wanted, before - 1)
        started, self.catching_up = not self.catching_up, True
        return started

    def page(
        self, news: Iterable[Numbered], more: bool, following: int | None = None
    ) -> tuple[Sequence[Numbered], bool]:
        """Handle a page of what is older; return what to show, and whether to fetch more after ``seen``.

        *following* is the number from which to read on, if the server has said it: it leaves out whom the user ignores.
        """
        is_backlog = self.seen is None
        seen = self.seen or 0
        shown = sorted((one for one in news if number_of(one) > seen), key=number_of)
        if shown:
            seen = number_of(shown[-1])
        elif is_backlog:
            seen = self.last
        if not is_backlog and following is not None:
            seen = max(seen, following)
        came_further = is_backlog or seen > (self.seen or 0)
        self.seen = seen
        unfinished = self._wanted > seen or (more and not is_backlog)
        ask = unfinished and came_further
        self._passed(shown)
        if not ask:
            shown.extend(self.give_up())
        return shown, ask

    def give_up(self) -> Sequence[Numbered]:
        """Stop catching up; return what was held back."""
        self.catching_up = False
        self._wanted = 0
        seen = self.last if self.seen is None else self.seen
        held = [one for one in self._held if number_of(one) > seen or not number_of(one)]
        self._held.clear()
        self.seen = max([seen, *map(number_of, held)])
        return self._passed(held)

    def _passed(self, news: Sequence[Numbered]) -> Sequence[Numbered]:
        self.newest = max([self.newest, *(one.id for one in news if isinstance(one, Message))])
        return news
