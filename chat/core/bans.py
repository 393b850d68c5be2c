"""Who may not come in."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network

from msgspec import Struct
from msgspec.structs import replace

from chat.core import durations, names
from chat.core.accounts import Subject
from chat.core.errors import BadField
from chat.core.peer import Address

LAST_SECOND = 253_402_300_799.0
"""The end of the year 9999, after which no time can be written."""

MAPPED_BITS = 96
"""The bits that an IPv6 address has before an IPv4 address that is mapped into it (RFC 4291, section 2.5.5.2)."""

_LIKE_AN_ADDRESS = re.compile(r"[\d.*]*\.[\d.*]*(/\d*)?", re.ASCII)
"""What is made of digits and dots is meant as an address and no name."""

ACCOUNT = "@"
"""What stands before the name of an account that is banned."""

Network = IPv4Network | IPv6Network


class Ban(Struct, frozen=True):
    """A name, an address with the number of its bits that count (``192.0.2.0/24``), or an account may not come in.

    ``until``: seconds since 1970, ``None`` for ever. The target of a ban of an ``account`` is ``@`` and its name.
    """

    target: str
    until: float | None
    why: str
    by: str
    time: str
    account: Subject = 0

    def sentence(self, now: float) -> str:
        """Tell who is banned so, at the time *now*."""
        return _banned("this chat", self.until, self.why, now)


class RoomBan(Struct, frozen=True):
    """The ``subject``, called ``target`` then, may not come into a room. ``until`` is as in :class:`Ban`.

    ``network``, if it is given: from where newcomers without an account may not either, until ``network_until``.
    ``arrived`` users had come in before them, since the chat began.
    """

    subject: Subject
    target: str
    until: float | None
    why: str
    by: str
    time: str
    network: str = ""
    network_until: float = 0.0
    arrived: int = 0

    def sentence(self, room: str, now: float) -> str:
        """Tell who is banned so from *room*, at the time *now*."""
        return _banned(f"#{room}", self.until, self.why, now)

    def network_sentence(self, room: str, now: float) -> str:
        """Tell who comes from the same network, at the time *now*."""
        span = durations.in_words(self.network_until - now)
        why = "because of somebody without an account who came from it"
        return f"Your address is banned from #{room} for {span} more, {why}."

    def of(self, subject: Subject) -> RoomBan:
        """The same of *subject*, who is whom it is about."""
        return self if self.subject == subject else replace(self, subject=subject)

    def of_network(self) -> RoomBan | None:
        """What is left of it when the presence that it is about has ended."""
        return replace(self, until=self.network_until) if self.network else None

    def holds(self, now: float) -> bool:
        """Tell whether it keeps somebody out at the time *now*."""
        return self.until is None or self.until > now or self.network_until > now


def _banned(place: str, until: float | None, why: str, now: float) -> str:
    span = "" if until is None else f" for {durations.in_words(until - now)} more"
    return f"You are banned from {place}{span}{f': {why}' if why else '.'}"


def network(target: str) -> Network | None:
    """The addresses that *target* stands for; ``None`` if it is a name. A plain word of digits is a name.

    An IPv4 address within an IPv6 one counts as the former, as it does where clients come from.
    """
    if "." not in target and ":" not in target:
        return None
    try:
        found = ip_network(target, strict=False)
    except ValueError:
        return None
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is not None and found.prefixlen >= MAPPED_BITS:
        return IPv4Network((mapped, found.prefixlen - MAPPED_BITS))
    return found


def check_target(target: str) -> str:
    """Return a name or an address as bans show it; raises :class:`BadField` or :class:`BadName` if it is neither."""
    found = network(target)
    if found is None and (":" in target or _LIKE_AN_ADDRESS.fullmatch(target)):
        raise BadField(f"{target[:64]} is no address. Write one like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.")
    if found is None:
        return names.user_name(target)
    zone = str(found).partition("%")[2].partition("/")[0]
    if zone.isdecimal():
        raise BadField(f"Give the interface by its name, as in fe80::2%eth0, or leave %{zone} out to mean all of them.")
    return str(found)


def normal(ban: Ban) -> str:
    """Write what *ban* is about in the one way in which bans are stored; raises :class:`BadName` if it is nothing."""
    if ban.account:
        return _account_key(ban.account)
    found = network(ban.target)
    return str(found) if found is not None else names.key(names.user_name(ban.target))


def _keys(ban: Ban) -> Collection[str]:
    """What *ban* is found by: the account, the addresses, or all that looks like the name."""
    return (_account_key(ban.account),) if ban.account else _target_keys(ban.target)


def _account_key(account: Subject) -> str:
    return f"{ACCOUNT}{account}"


def _target_keys(target: str) -> Collection[str]:
    found = network(target)
    return (str(found),) if found is not None else names.look_alikes(names.user_name(target))


def same(one: Ban, other: Ban) -> bool:
    """Tell whether two bans are about the same account, the same addresses, or names that look alike."""
    return not set(_keys(one)).isdisjoint(_keys(other))


class Bans:
    """The bans there are. A ban of a name is one of all names that look like it."""

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
        found = network(ban.target) if not ban.account else None
        if found is not None:
            self._lengths.add((found.version, found.prefixlen))
        before = self.remove(ban)
        self._bans.update(dict.fromkeys(_keys(ban), ban))
        return before

    def find(self, target: str) -> Ban | None:
        """The ban with *target*, or of a name that looks like it, if there is one."""
        if target.startswith(ACCOUNT):
            wanted = names.key(target)
            return next((ban for ban in self._bans.values() if ban.account and names.key(ban.target) == wanted), None)
        return self._at(_target_keys(target))

    def _at(self, keys: Collection[str]) -> Ban | None:
        return next((ban for key in keys if (ban := self._bans.get(key)) is not None), None)

    def remove(self, ban: Ban) -> Ban | None:
        """Take *ban*, or another that is about the same, away; return what was taken, if there was one."""
        found = self._at(_keys(ban))
        if found is not None:
            self._forget(found)
        return found

    def _forget(self, ban: Ban) -> None:
        for key in _keys(ban):
            if self._bans.get(key) is ban:
                del self._bans[key]

    def put_back(self, ban: Ban, before: Ban | None) -> None:
        """Have *before*, or none, in the place of *ban*."""
        self.remove(ban)
        if before is not None:
            self.add(before)

    def all(self, now: float) -> list[Ban]:
        """The bans that hold at the time *now*."""
        bans = dict.fromkeys(self._bans.values())
        return [ban for ban in bans if ban.until is None or ban.until > now]

    def of_name(self, name: str, now: float) -> Ban | None:
        """The ban that holds for *name*, and all names that look like it."""
        return next((ban for alike in names.look_alikes(name) if (ban := self._valid(alike, now))), None)

    def of_account(self, account: Subject, now: float) -> Ban | None:
        """The ban that holds for *account*, whatever name it goes by."""
        return self._valid(_account_key(account), now)

    def of_address(self, address: Address | None, now: float) -> Ban | None:
        """The ban that holds for *address*; one without a zone holds for the address on every interface."""
        if address is None:
            return None
        places: list[Address] = [address]
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            places.append(IPv6Address(int(address)))
        for place in places:
            for version, length in self._lengths:
                if version == place.version and (
                    ban := self._valid(str(ip_network((place, length), strict=False)), now)
                ):
                    return ban
        return None

    def _valid(self, key: str, now: float) -> Ban | None:
        ban = self._bans.get(key)
        if ban is not None and ban.until is not None and ban.until <= now:
            self._forget(ban)
            return None
        return ban
