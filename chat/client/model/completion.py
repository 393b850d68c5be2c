"""What Tab offers: names of users, rooms and commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chat.client.model.reactions import OFFERED
from chat.core.command import SWITCH_WORDS, Command, Kind

NO_ALIASES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Offer:
    """The texts that may replace the line's text from *start* on."""

    start: int
    texts: Sequence[str]

    @property
    def is_beginning(self) -> bool:
        """Whether the one text that fits is a command or a folder, so that what follows it can be completed next."""
        return len(self.texts) == 1 and (self.texts[0].endswith("/") or (self.start == 0 and self.texts[0][0] == "/"))


def complete(
    before: str,
    *,
    people: Iterable[str],
    rooms: Iterable[str],
    commands: Iterable[Command],
    aliases: Mapping[str, str] = NO_ALIASES,
) -> Offer:
    """Complete the last word of the text *before* the cursor; *people* are offered in the order given.

    *aliases* are other names of some *commands*.
    """
    start = before.rfind(" ") + 1
    word = before[start:]
    if before.startswith("/") and not before.startswith("//"):
        if start == 0:
            return Offer(0, _fitting(word.removeprefix("/"), (c.name for c in commands), "/", " "))
        return Offer(start, _argument(before, word, people, rooms, commands, aliases))
    if word.startswith("#"):
        return Offer(start, _fitting(word[1:], rooms, "#", " "))
    if word.startswith("@"):
        return Offer(start, _fitting(word[1:], people, "@", " "))
    return Offer(start, _fitting(word, people, "", ": " if start == 0 else " "))


def _argument(
    before: str,
    word: str,
    people: Iterable[str],
    rooms: Iterable[str],
    commands: Iterable[Command],
    aliases: Mapping[str, str],
) -> Sequence[str]:
    """Complete an argument of a command according to its kind."""
    name, *words = before.removeprefix("/").split(" ")
    command = next((c for c in commands if c.name == aliases.get(name.lower(), name.lower())), None)
    typed = [p.kind for p in command.parameters if p.typed] if command else []
    kind = typed[min(len(words), len(typed)) - 1] if typed else Kind.TEXT
    if len(words) > len(typed) and kind is not Kind.TEXT:
        return ()
    match kind:
        case Kind.ROOM:
            prefix = word[:1] if word[:1] in ("#", "@") else ""
            candidates = people if prefix == "@" else rooms
            return _fitting(word.removeprefix(prefix), candidates, prefix, " ")
        case Kind.COMMAND:
            return _fitting(word.removeprefix("/"), (c.name for c in commands), "", " ")
        case Kind.NUMBER:
            return ()
        case Kind.REACTION:
            return _fitting(word, OFFERED, "", " ")
        case Kind.SWITCH:
            return _fitting(word, SWITCH_WORDS, "", " ")
        case _:
            return _fitting(word, people, "", " ")


def _fitting(word: str, candidates: Iterable[str], prefix: str, suffix: str) -> Sequence[str]:
    start = word.casefold()
    return [prefix + name + suffix for name in candidates if name.casefold().startswith(start)]
