"""Names that belong to somebody, and the roles of their owners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from heapq import nlargest

import msgspec

from chat.core.errors import BadPassword

Subject = int
"""Whom rights and messages belong to: the id of an account, which is positive, or of a presence, which is negative.

Neither is ever used again. 0 is nobody.
"""

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 256
"""The characters that a password may have."""


class Role(StrEnum):
    """What an account may do; an owner may do what a moderator may, and appoint moderators."""

    USER = ""
    MODERATOR = "moderator"
    OWNER = "owner"


def is_presence(subject: Subject) -> bool:
    """Tell whether *subject* is a user without an account."""
    return subject < 0


class Account(msgspec.Struct, eq=False):
    """A registered name and its role. There is one object of it, which every session of the account refers to."""

    id: Subject
    name: str
    role: Role = Role.USER
    passwords: int = 0
    """How often its password was changed."""
    presence: Subject = 0
    """The presence that registered it, whose messages are the account's now; one that nobody had if none did."""
    ignored: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Whom it ignores: the keys of their names, and the names."""
    rooms: dict[str, None] = msgspec.field(default_factory=dict)
    """The rooms that its devices come into, in the order in which they first did."""
    words: tuple[str, ...] = ()
    """What names it besides its name."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """All that its messages may belong to: to the presence that registered it, too."""
        return (self.id, self.presence) if self.presence else (self.id,)

    @property
    def party(self) -> Subject:
        """How conversations know it, before and after it was registered."""
        return self.presence or self.id

    def is_author(self, author: Subject) -> bool:
        """Tell whether what *author* said is the account's."""
        return author in (self.id, self.presence) and author != 0

    @property
    def moderates(self) -> bool:
        """Whether it may moderate everywhere."""
        return self.role is not Role.USER


class StoredAccount(msgspec.Struct, frozen=True):
    """An account as a history holds it.

    ``marks`` is the id up to which it has read each room, ``ignored`` are the names that it ignores, ``rooms`` are
    those that its devices come into, ``words`` name it besides its name.
    """

    id: Subject
    name: str
    password: str
    role: Role = Role.USER
    presence: Subject = 0
    marks: Mapping[str, int] = msgspec.field(default_factory=dict)
    ignored: Sequence[str] = ()
    rooms: Sequence[str] = ()
    words: Sequence[str] = ()


def check_password(password: str) -> None:
    """Raise :class:`BadPassword` if *password* can't be one."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadPassword(f"Use a password of {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters.")


class Tries:
    """Slows down who tries passwords: after a few wrong ones each further one doubles the wait.

    Addresses, and names as they are tried from an address, are keys. At most *most* of them are remembered.
    """

    FREE = 3
    """Wrong tries that cost nothing."""

    LONGEST = 900.0
    """The longest wait, in seconds; after as long without a try the key is forgotten."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._wrong: dict[str, tuple[int, float]] = {}

    def wait(self, keys: tuple[str, ...], now: float) -> float:
        """The seconds to wait before the next try, at the monotonic time *now*."""
        return max((self._until(key, now) - now for key in keys), default=0.0)

    def _until(self, key: str, now: float) -> float:
        count, last = self._wrong.get(key, (0, now))
        if count < self.FREE:
            return now
        return last + min(self.LONGEST, float(2 ** min(count - self.FREE, 20)))

    def failed(self, keys: tuple[str, ...], now: float) -> None:
        """A wrong try was made."""
        for key in keys:
            count, last = self._wrong.pop(key, (0, now))
            self._wrong[key] = (1 if now - last > self.LONGEST else count + 1, now)
        while len(self._wrong) > self._most:
            del self._wrong[next(iter(self._wrong))]

    def forgive(self, keys: tuple[str, ...]) -> None:
        """A try was right: whoever made it, the wrong ones before it are forgotten."""
        for key in keys:
            self._wrong.pop(key, None)


class Guesses:
    """Counts the wrong passwords that names get, wherever from, to tell of those that somebody guesses at.

    At most *most* names are remembered.
    """

    MANY = 100
    """So many wrong passwords within :data:`SPAN` are worth a word."""

    SPAN = 3_600.0
    """The seconds in which they are counted."""

    NAMED = 20
    """So many names are told at most."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._wrong: dict[str, tuple[int, float]] = {}

    def count(self, name: str, now: float) -> bool:
        """Count a wrong password at the monotonic time *now*; tell whether it is the one that makes them many."""
        number, since = self._wrong.pop(name, (0, now))
        if now - since > self.SPAN:
            number, since = 0, now
        self._wrong[name] = (number + 1, since)
        if len(self._wrong) > self._most:
            del self._wrong[next(iter(self._wrong))]
        return number + 1 == self.MANY

    def many(self, now: float) -> Mapping[str, int]:
        """The names that have got many by the time *now*, those with the most first, with their numbers."""
        many = [
            (number, name)
            for name, (number, since) in self._wrong.items()
            if number >= self.MANY and now - since <= self.SPAN
        ]
        return {name: number for number, name in nlargest(self.NAMED, many)}
