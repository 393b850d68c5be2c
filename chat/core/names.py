"""Names of users and rooms: what is a possible name, and which names look alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Generic, TypeVar

import precis_i18n
from confusable_homoglyphs import confusables

from chat.core.errors import BadName
from chat.core.text import MAXIMUM_MARKS

MAXIMUM_LENGTH = 32
"""The characters that a name may have."""

_SHAPE = re.compile(r"(?!_)\w([\w.-]*\w)?(?<!_)")
_USER = precis_i18n.get_profile("UsernameCasePreserved")
_ROOM = precis_i18n.get_profile("UsernameCaseMapped")

T = TypeVar("T")


def user_name(text: str) -> str:
    """Return the name that *text* stands for, normalised (RFC 8265, section 3.4).

    Raises :class:`BadName` if it is none.
    """
    return _enforce(_USER, text.strip(), "name")


def room_name(text: str) -> str:
    """Return the room that *text* stands for, with or without ``#``, in lower case (RFC 8265, section 3.3).

    Raises :class:`BadName` if it is none.
    """
    return _enforce(_ROOM, text.strip().removeprefix("#"), "room name")


def _enforce(profile: precis_i18n.profile.Profile, text: str, what: str) -> str:
    if not text:
        raise BadName(f"That {what} is empty. Use 1 to {MAXIMUM_LENGTH} letters and digits.")
    if len(text) > MAXIMUM_LENGTH:
        raise BadName(f"That {what} is too long. Use at most {MAXIMUM_LENGTH} letters and digits.")
    try:
        name: str = profile.enforce(text)
    except UnicodeEncodeError:
        name = ""
    if not _SHAPE.fullmatch(_without_marks(name)) or len(name) > MAXIMUM_LENGTH:
        raise BadName(f"That {what} can't be used. Use letters and digits, with _ - . only inside.")
    return name


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
    prototypes = _prototypes()
    decomposed = unicodedata.normalize("NFD", name)
    return unicodedata.normalize("NFD", "".join(prototypes.get(character, character) for character in decomposed))


@cache
def _prototypes() -> Mapping[str, str]:
    """Map characters to what stands for their look-alikes, from Unicode's table of confusables.

    The library's table names pairs in both directions, so the pairs are joined to groups, of which the smallest member
    stands for all; a sequence (``rn``) stands for the character that looks like it (``m``).
    """
    parents: dict[str, str] = {}

    def root(character: str) -> str:
        while (parent := parents.get(character, character)) != character:
            character = parent
        return character

    sequences: dict[str, str] = {}
    for source, targets in confusables.confusables_data.items():
        for target in (item["c"].strip("\u200e") for item in targets):
            if len(source) == len(target) == 1:
                low, high = sorted((root(source), root(target)))
                parents[high] = low
            elif len(source) == 1:
                sequences[source] = target
    return {
        character: "".join(map(root, sequences.get(root(character), sequences.get(character, root(character)))))
        for character in parents.keys() | sequences.keys()
    }


class Registry(Generic[T]):
    """Who goes by which name; no two names in it look alike."""

    def __init__(self) -> None:
        self._holders: dict[str, T] = {}

    def get(self, name: str) -> T | None:
        """Return who goes by *name*, or by one that differs from it only in case or script."""
        return self._holders.get(key(name))

    def holders(self, name: str) -> list[T]:
        """Return all who have *name* or one that looks like it."""
        return [self._holders[alike] for alike in look_alikes(name) if alike in self._holders]

    def claim(self, name: str, holder: T) -> None:
        """Enter *holder*; the caller has asked whether the name is taken."""
        for alike in look_alikes(name):
            self._holders[alike] = holder

    def release(self, name: str) -> None:
        """Set *name* and its look-alikes free."""
        for alike in look_alikes(name):
            del self._holders[alike]

    def all(self) -> list[T]:
        """All holders, each once."""
        return list({id(holder): holder for holder in self._holders.values()}.values())
