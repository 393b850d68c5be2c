"""Whether the server of a connection is still there, and how long it takes to answer."""

from __future__ import annotations

from dataclasses import dataclass

SILENT_PINGS = 3
"""After so many pings with no sign of life the connection counts as dead."""


@dataclass(slots=True)
class Heartbeat:
    """The pings of one connection. Set ``heard`` whenever something comes from the server."""

    heard: bool
    _silent: int = 0
    _tag: str | None = None
    """The tag of the oldest ping that is not answered."""
    _since: float = 0

    def beat(self) -> bool:
        """It is time for a ping; tell whether the server is there: not if nothing came after the last few pings."""
        self._silent = 0 if self.heard else self._silent + 1
        self.heard = False
        return self._silent < SILENT_PINGS

    def asked(self, tag: str, now: float) -> float | None:
        """A ping was sent; return how long one before it has been without an answer."""
        if self._tag is not None:
            return now - self._since
        self._tag, self._since = tag, now
        return None

    def answered(self, tag: str | None, now: float) -> float | None:
        """An answer has come; return how long it took, if it is the one that was waited for."""
        if self._tag is None or tag != self._tag:
            return None
        self._tag = None
        return now - self._since
