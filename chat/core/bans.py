"""Who may not come in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network

from chat.core import durations, names
from chat.core.peer import Address

LAST_SECOND = 253_402_300_799.0
"""The end of the year 9999, after which no time can be written."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Ban:
    """A name, or an address with the number of its bits that count (``192.0.2.0/24``), which may not come in.

    ``until``: seconds since 1970, ``None`` for ever.
    """

    target: str
    until: float | None
    why: str
    by: str
    time: str

    def sentence(self, now: float) -> str:
        """Tell who is banned so, at the time *now*."""
        span = "" if self.until is None else f" for {durations.in_words(self.until - now)} more"
        return f"You are banned{span}{f': {self.why}' if self.why else '.'}"


def network(target: str) -> Network | None:
    """The addresses that *target* stands for; ``None`` if it is a name. A plain word of digits is a name."""
    if "." not in target and ":" not in target:
        return None
    try:
        return ip_network(target, strict=False)
    except ValueError:
        return None


def normal(target: str) -> str:
    """Write *target* in the one way in which bans are kept; raises :class:`BadName` if it is neither."""
    found = network(target)
    return str(found) if found is not None else names.key(names.user_name(target))


class Bans:
    """The bans there are."""

    def __init__(self) -> None:
        self._bans: dict[str, Ban] = {}
        self._lengths: set[tuple[int, int]] = set()

    def restore(self, bans: Iterable[Ban]) -> None:
        """Go on from what the history holds."""
        for ban in bans:
            # A ban may have been stored that ends after the calendar does.
            ends = ban.until is None or ban.until <= LAST_SECOND
            self.add(ban if ends else replace(ban, until=None))

    def add(self, ban: Ban) -> Ban | None:
        """Enter *ban*, in place of one of the same target, which is returned."""
        found = network(ban.target)
        if found is not None:
            self._lengths.add((found.version, found.prefixlen))
        before = self._bans.pop(normal(ban.target), None)
        self._bans[normal(ban.target)] = ban
        return before

    def find(self, target: str) -> Ban | None:
        """The ban of *target*, if there is one."""
        return self._bans.get(normal(target))

    def remove(self, target: str) -> Ban | None:
        """Take the ban of *target* away, if there is one."""
        return self._bans.pop(normal(target), None)

    def put_back(self, target: str, ban: Ban | None) -> None:
        """Have *ban*, or none, be the ban of *target*."""
        self.remove(target)
        if ban is not None:
            self.add(ban)

    def all(self, now: float) -> list[Ban]:
        """The bans that hold at the time *now*."""
        return [ban for ban in self._bans.values() if ban.until is None or ban.until > now]

    def of_name(self, name: str, now: float) -> Ban | None:
        """The ban that holds for *name*, and all names that look like it."""
        return next((ban for alike in names.look_alikes(name) if (ban := self._valid(alike, now))), None)

    def of_address(self, address: Address | None, now: float) -> Ban | None:
        """The ban that holds for *address*."""
        if address is None:
            return None
        for version, length in self._lengths:
            if version == address.version and (
                ban := self._valid(str(ip_network((address, length), strict=False)), now)
            ):
                return ban
        return None

    def _valid(self, target: str, now: float) -> Ban | None:
        ban = self._bans.get(target)
        if ban is not None and ban.until is not None and ban.until <= now:
            del self._bans[target]
            return None
        return ban
