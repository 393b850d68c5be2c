"""The limits of what each client may send, hold and have waiting."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class Limits(Struct, frozen=True):
    """The bounds of a server, which ``docs/limits.md`` explains one by one.

    Lengths are in bytes, times in seconds, rates a second. ``None``: there is no such limit.
    """

    connections: int = 10_000
    connections_each: int | None = 50
    connects_burst: int = 60
    connects_rate: float | None = 1.0
    handshake: float = 10.0
    name_time: float = 60.0
    name_tries: int = 16
    burst: int = 20
    rate: float | None = 4.0
    flood_notice: float = 10.0
    flood_end: float = 300.0
    history_cost: int = 2
    search_cost: int = 5
    history_count: int = 200
    text: int = 4_096
    lines: int = 100
    topic: int = 512
    json_line: int = 16_384
    rooms: int = 10_000
    rooms_each: int = 50
    ignored_each: int = 100
    private: int = 16_777_216
    file: int = 25_000_000
    files: int = 1_000_000_000
    files_each: int = 250_000_000
    upload_time: float = 600.0
    pending: int = 2_048
    pending_each: int = 64
    window: int = 262_144
    stuck: float = 180.0
    keepalive: int = 60
    ping: float = 90.0
    grace: float = 60.0
    held: int = 1_000
    tags_each: int = 256
    tokens: int = 4_096
    departed: int = 4_096
    plain_passwords: bool = False

    def without_rates(self) -> Limits:
        """Return the limits without those of what one user or one address may do in a time, or have at once."""
        return replace(self, rate=None, connects_rate=None, connections_each=None)


class Bucket:
    """A token bucket: *burst* lines at once, then *rate* a second.

    It owes instead of refusing: :meth:`take` always takes, and tells how long to wait before the next line.
    """

    __slots__ = ("_burst", "_level", "_rate", "_updated")

    def __init__(self, burst: float, rate: float, now: float) -> None:
        self._burst = self._level = burst
        self._rate = rate
        self._updated = now

    def take(self, now: float, cost: float = 1) -> float:
        """Take *cost* tokens at the monotonic time *now*; return the seconds to wait, 0 if there were enough."""
        self._level = min(self._burst, self._level + (now - self._updated) * self._rate) - cost
        self._updated = now
        return max(0.0, -self._level / self._rate)
