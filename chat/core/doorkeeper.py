"""Who may connect: how many from one address, and how often."""

from __future__ import annotations

import msgspec

from chat.core.errors import ChatError, ConnectsTooFast, TooManyConnections
from chat.core.limits import Bucket, Limits
from chat.core.peer import Peer

REMEMBERED = 4_096
"""Addresses from which nobody is connected, but somebody was."""


class _Visitors(msgspec.Struct):
    bucket: Bucket | None
    connections: int = 0


class Doorkeeper:
    """Counts the connections of each IPv4 address and each IPv6 /64, which is what one customer is given.

    Clients on this machine are not counted.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._visitors: dict[str, _Visitors] = {}

    def enter(self, peer: Peer, now: float) -> ChatError | None:
        """Count a connection at the monotonic time *now*; return why it is one too many, if it is."""
        if peer.local or peer.address is None:
            return None
        visitors = self._take(peer.network, now)
        visitors.connections += 1
        most = self._limits.connections_each
        if most is not None and visitors.connections > most:
            return TooManyConnections(
                f"There are {most} connections from your address, which is the most. Close one of them first."
            )
        if visitors.bucket is not None and (wait := visitors.bucket.take(now)) > 0:
            return ConnectsTooFast(f"Your address connects too often. Try again in {wait + 1:.0f} seconds.")
        return None

    def overrun(self, peer: Peer) -> bool:
        """Whether so many connections of an address are open, those included that are being refused, that no more
        should be kept open to be told so."""
        most = self._limits.connections_each
        if most is None or peer.local or peer.address is None:
            return False
        return self._visitors[peer.network].connections > 2 * most

    def leave(self, peer: Peer) -> None:
        """A connection that has entered is gone."""
        if not peer.local and peer.address is not None:
            self._visitors[peer.network].connections -= 1

    def _take(self, network: str, now: float) -> _Visitors:
        """Find what is known of a network, which becomes the one that was seen last."""
        visitors = self._visitors.pop(network, None)
        if visitors is None:
            self._forget_one()
            rate = self._limits.connects_rate
            visitors = _Visitors(None if rate is None else Bucket(self._limits.connects_burst, rate, now))
        self._visitors[network] = visitors
        return visitors

    def _forget_one(self) -> None:
        """Where many are known, let go of the one that was seen first, unless it is connected."""
        if len(self._visitors) < REMEMBERED:
            return
        key, visitors = next(iter(self._visitors.items()))
        del self._visitors[key]
        if visitors.connections:
            self._visitors[key] = visitors

    def __len__(self) -> int:
        return len(self._visitors)
