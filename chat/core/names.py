"""Names of users and rooms: what is a possible name, and which names look alike."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from chat.core.errors import BadName
from chat.core.look_alikes import TABLE
from chat.core.text import MARKS_OF_NAMES, MAXIMUM_MARKS

MAXIMUM_LENGTH = 32
"""The characters that a name may have."""

RESERVED = ("server", "admin", "administrator", "root", "moderator", "system", "twisted-chat", "lobby", "guests")
"""Names that users would believe too much; nobody takes them but the accounts that the operator makes."""

_ROOM_SHAPE = re.compile(r"(?!_)\w([\w.-]*\w)?(?<!_)")
_MARKS = re.escape(MARKS_OF_NAMES)
_USER_SHAPE = re.compile(rf"(?=.*[^\W_])\w([\w.\-{_MARKS}]*[\w{_MARKS}])?")

if TYPE_CHECKING:
    from precis_i18n.profile import Profile

T = TypeVar("T")


def user_name(text: str) -> str:
    """Return the name that *text* stands for, normalised (RFC 8265, section 3.4).

    Raises :class:`BadName` if it is none.
    """
    return _enforce("UsernameCasePreserved", _USER_SHAPE, text.strip(), "name")


def room_name(text: str) -> str:
    """Return the room that *text* stands for, with or without ``#``, in lower case (RFC 8265, section 3.3).

    Raises :class:`BadName` if it is none.
    """
    return _enforce("UsernameCaseMapped", _ROOM_SHAPE, text.strip().removeprefix("#"), "room name")


def _enforce(profile: str, shape: re.Pattern[str], text: str, what: str) -> str:
    if not text:
        raise BadName(f"That {what} is empty. Use 1 to {MAXIMUM_LENGTH} letters and digits.")
    if len(text) > MAXIMUM_LENGTH:
        raise BadName(f"That {what} is too long. Use at most {MAXIMUM_LENGTH} letters and digits.")
    try:
        name: str = _profile(profile).enforce(text)
    except UnicodeEncodeError:
        name = ""
    if not shape.fullmatch(_without_marks(name)) or len(name) > MAXIMUM_LENGTH:
        raise BadName(f"That {what} can't be used. Use letters and digits, with _ - . only inside.")
    return name


@cache
def _profile(name: str) -> Profile:
    """Load a profile of PRECIS, which takes some milliseconds and 0.4 MB, when the first name is looked at."""
    from precis_i18n import get_profile

    return get_profile(name)


def _without_marks(name: str) -> str:
    """Drop the combining marks that follow a letter, which many scripts need and ``\\w`` leaves out."""
    bare: list[str] = []
    marks = 0
    for character in name:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if not marks or not bare or marks > MAXIMUM_MARKS:
            bare.append(character)
    return "".join(bare)


@lru_cache(maxsize=4096)
def key(name: str) -> str:
    """Return what *name* and all names that differ from it only in case or script have in common."""
    return _skeleton(name.casefold())


@lru_cache(maxsize=256)
def look_alikes(name: str) -> frozenset[str]:
    """Return the keys that *name* occupies: names that share one can't be told apart by eye."""
    return frozenset((key(name), _skeleton(name)))


def _skeleton(name: str) -> str:
    """Replace each character by the one that stands for all that look like it (after UTS 39, section 4)."""
    return unicodedata.normalize("NFD", "".join(map(_prototype, unicodedata.normalize("NFD", name))))


@lru_cache(maxsize=1024)
def _prototype(character: str) -> str:
    """Return what stands for *character* and for all that look like it."""
    place = TABLE.find(f",{ord(character):x},")
    if place < 0:
        return character
    line = TABLE[TABLE.rindex("\n", 0, place) + 1 : place]
    return "".join(chr(int(point, 16)) for point in line.partition("=")[0].split("+"))


def likeness(name: str, other: str) -> str:
    """Say which name *name* looks like, unless it is *other* itself, in whatever case."""
    return "" if name.casefold() == other.casefold() else f" It looks like {other}."


class Registry(Generic[T]):
    """Who goes by which name.

    Whoever enters a name has asked whether another looks like it. Where a history holds two that look alike, both are
    in it, and each is found by its exact name only. One holder may have several names, whether they look alike or not.
    """

    def __init__(self) -> None:
        self._holders: dict[str, T] = {}
        self._names: dict[str, str] = {}
        """The names that occupy a key, divided by blanks, which no name has."""

    def get(self, name: str) -> T | None:
        """Return who goes by *name*, or else the one whose name differs from it only in case or script."""
        exact = self._holders.get(name)
        if exact is not None:
            return exact
        alike = [self._holders[other] for other in self._names.get(key(name), "").split()]
        return alike[0] if alike and all(other is alike[0] for other in alike) else None

    def __getitem__(self, name: str) -> T:
        """Return who goes by exactly this *name*."""
        return self._holders[name]

    def __contains__(self, name: str) -> bool:
        """Tell whether somebody goes by exactly this *name*."""
        return name in self._holders

    def holders(self, name: str) -> list[T]:
        """Return all who have *name* or one that looks like it."""
        return [self._holders[other] for other in self._alike(name)]

    def likeness(self, name: str) -> str:
        """Say which name *name* looks like, as :func:`likeness` does; somebody has it."""
        alike = self._alike(name)
        return "" if name.casefold() in map(str.casefold, alike) else likeness(name, alike[0])

    def _alike(self, name: str) -> list[str]:
        """The names that are *name* or look like it."""
        return list(dict.fromkeys(other for key in look_alikes(name) for other in self._names.get(key, "").split()))

    def claim(self, name: str, holder: T) -> None:
        """Enter *holder*; the caller has asked whether the name is taken."""
        if name not in self._holders:
            for alike in look_alikes(name):
                others = self._names.get(alike)
                self._names[alike] = name if others is None else f"{others} {name}"
        self._holders[name] = holder

    def release(self, name: str) -> None:
        """Set *name* free, which somebody has."""
        del self._holders[name]
        for alike in look_alikes(name):
            others = " ".join(other for other in self._names.pop(alike).split() if other != name)
            if others:
                self._names[alike] = others

    def all(self) -> list[T]:
        """All holders, in the order in which they came."""
        return list(self._holders.values())

    def __len__(self) -> int:
        return len(self._holders)
