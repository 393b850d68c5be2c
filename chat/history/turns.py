"""Whose password is checked next: a check takes a core for some 30 ms, and one client could keep all others waiting."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from twisted.internet.defer import Deferred, succeed

from chat.core.errors import ChatError, TooManyTries

MOST = 64
"""So many addresses may have a check that is under way or waits."""


class Turn(NamedTuple):
    """A place in the line of an address: *begin* fires when the check may begin, or fails with what *still* raises."""

    begin: Deferred[None]
    still: Callable[[], None]

    def refusal(self) -> ChatError | None:
        """Why the check is not to be made any more, if so."""
        try:
            self.still()
        except ChatError as refusal:
            return refusal
        return None


class Turns:
    """Lets one check at a time begin, and takes the addresses in turn.

    One check of each address waits for the address's turn; further ones wait behind it, and are about as many as there
    are connections at most, since a client is not read while it waits.
    """

    def __init__(self) -> None:
        self._checked: str | None = None
        self._lines: OrderedDict[str, deque[Turn]] = OrderedDict()

    def wait(self, place: str, still: Callable[[], None]) -> Deferred[None]:
        """Wait until a check for the address *place* may begin; :meth:`done` is to be called after it.

        Raises :class:`TooManyTries` if too many addresses wait. Fails with what *still* raises when the turn has come.
        """
        if self._checked is None:
            self._checked = place
            return succeed(None)
        if place not in self._lines and len(self._lines.keys() | {self._checked, place}) > MOST:
            raise TooManyTries("Too many passwords wait to be checked just now. Try again in a few seconds.")
        turn = Turn(Deferred(), still)
        self._lines.setdefault(place, deque()).append(turn)
        return turn.begin

    def done(self) -> None:
        """The check is over: the next address has its turn."""
        if self._checked is not None and self._checked in self._lines:
            self._lines.move_to_end(self._checked)
        self._checked = None
        while self._lines and self._checked is None:
            place, line = self._lines.popitem(last=False)
            refused = []
            while line and (refusal := line[0].refusal()) is not None:
                refused.append((line.popleft(), refusal))
            if line:
                self._checked = place
                turn = line.popleft()
                if line:
                    self._lines[place] = line
                turn.begin.callback(None)
            for turn, refusal in refused:
                turn.begin.errback(refusal)
