"""How what is said must be shown: the lines of a text, and what people with netcat read of each."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from chat.core.text import clean_lines

BREAKS = ("\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\v", "\f")
"""What ends a line, whoever has typed it where."""
WORDS = re.compile(r"words\d+")
_SAID = re.compile(
    r"(?P<name>\S+)(?: \((?P<how>private(?: to \S+)?|edited|private, edited)?"
    r'(?:(?:, )?to (?P<to>\S+), "(?P<quote>.*)")?\))?: '
)
FILE = re.compile(r": http://\S+/f/[\w-]{22}/words\d+\.txt")
"""Where the file of a message is fetched, behind its text."""
_DONE = re.compile(r"~ (?:\((?P<how>private(?: to \S+)?)\) )?(?P<name>\S+) (?P<to>)(?P<quote>)")
_OLD = re.compile(r"^\[[\d :-]+\] (?:#\d+ )?(?:#\S+ )?")
_FATE = re.compile(r" \[(?:edited|pinned|\S+ \d+)(?:, (?:pinned|\S+ \d+))*\]$")
"""What stands behind a message that people read again."""
QUOTED = 80
"""The characters of a message that are quoted in an answer to it."""


class Shown(NamedTuple):
    """A line of somebody, as people read it: who is said to have said it, *how*, and what they answer."""

    name: str
    how: str
    to: str
    quote: str

    @property
    def private(self) -> bool:
        """Whether it is said to be private."""
        return self.how.startswith("private")


def words_of(text: str) -> str:
    """What is told apart in a text, by which it is found again: the machine says nothing twice."""
    found = WORDS.search(text)
    return found[0] if found is not None else text


def shown_as(raw: str) -> str:
    """The text that others are to read, with a line break between its lines."""
    text = raw
    for line_break in BREAKS:
        text = text.replace(line_break, "\n")
    if not text.replace("\n", "").isprintable() or not text.isascii():
        # What is cleaned is tested elsewhere.
        return clean_lines(raw)
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines) if len(lines) > 1 else "".join(lines).strip()


def quote_of(shown: str) -> str:
    """What is quoted of a text."""
    first = next((line.strip() for line in shown.split("\n") if line.strip()), "")
    return first if len(first) <= QUOTED else first[: QUOTED - 1].rstrip() + "\u2026"


def read_line(line: str, shown: str, names: Collection[str]) -> Shown | None:
    """Read a *line* as one of the text *shown* of somebody with one of those *names*; ``None``: it is not."""
    if _OLD.match(line):
        line = _OLD.sub("", line, count=1)
        bare = _FATE.sub("", line, count=1)
        return _read(bare, shown, names) or _read(line, shown, names)
    return _read(line, shown, names)


def _read(line: str, shown: str, names: Collection[str]) -> Shown | None:
    for own in dict.fromkeys(shown.split("\n")):
        if not line.endswith(own):
            continue
        head = line[: len(line) - len(own)]
        found = _SAID.fullmatch(head) or _DONE.fullmatch(head)
        if found is not None and found["name"] in names:
            return Shown(found["name"], found["how"] or "", found["to"] or "", found["quote"] or "")
    return None
