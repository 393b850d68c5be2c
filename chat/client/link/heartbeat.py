"""Pings that show whether the server still answers, and how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

SILENT_PINGS = 3
"""The connection counts as dead if nothing comes from the server during this many pings."""


@dataclass(slots=True)
class Heartbeat:
    """The pings of one connection. Set ``heard`` whenever something comes from the server."""

    heard: bool
    _silent: int = 0
    _tag: str | None = None
    """The tag of the ping that is being timed."""
    _since: float = 0

    def beat(self) -> bool:
        """Count a ping that is due; return whether the connection still counts as alive."""
        self._silent = 0 if self.heard else self._silent + 1
        self.heard = False
        return self._silent < SILENT_PINGS

    def asked(self, tag: str, now: float) -> float | None:
        """A ping was sent. If an earlier one has no answer yet, return how long that has been waiting."""
        if self._tag is not None:
            return now - self._since
        self._tag, self._since = tag, now
        return None

    def answered(self, tag: str | None, now: float) -> float | None:
        """An answer has come. If it is to the ping that is being timed, return how long it took."""
        if self._tag is None or tag != self._tag:
            return None
        self._tag = None
        return now - self._since
