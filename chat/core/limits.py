"""What bounds the memory and the say of each client."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a server. Lengths are in bytes, the rate is in lines a second."""

    sessions: int = 10_000
    rooms: int = 10_000
    rooms_each: int = 50
    text: int = 4_096
    topic: int = 512
    json_line: int = 16_384
    ignored_each: int = 100
    history_count: int = 200
    pending_each: int = 64
    """Requests of one session that wait for the history before its next line is read."""
    tags_each: int = 256
    """Tags remembered for each token, so that a message sent again is stored once."""
    tokens: int = 4_096
    """Tokens remembered after their session has gone."""
    departed: int = 4_096
    """Names of which it is remembered when they were last here."""
    grace: float = 60.0
    """Seconds for which a session whose connection broke is kept for its token."""
    held: int = 1_000
    """Sessions that are kept so at once."""
    private_kept: int = 20
    """Private messages that a session which goes on from another connection is shown again."""
    window: int = 262_144
    """What a room's feed, or one session's own queue, keeps for readers that are behind."""
    plain_passwords: bool = False
    """Whether passwords are taken where others could listen in."""
    handshake: float = 10.0
    """Seconds that a client has to agree on TLS."""
    burst: int = 20
    rate: float | None = 4.0


class Bucket:
    """A token bucket: *burst* lines at once, then *rate* a second.

    It owes instead of refusing: :meth:`take` always takes, and tells how long to wait before the next line.
    """

    __slots__ = ("_burst", "_level", "_rate", "_updated")

    def __init__(self, burst: float, rate: float, now: float) -> None:
        self._burst = self._level = burst
        self._rate = rate
        self._updated = now

    def take(self, now: float) -> float:
        """Take one token at the monotonic time *now*; return the seconds to wait, 0 where there were enough."""
        self._level = min(self._burst, self._level + (now - self._updated) * self._rate) - 1
        self._updated = now
        return max(0.0, -self._level / self._rate)
