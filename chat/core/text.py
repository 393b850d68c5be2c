"""Cleaning: what may reach another user's screen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

from chat.core.errors import Empty, TooLong

MAXIMUM_MARKS = 8
"""How many combining marks stay on one character."""

MARKS_OF_NAMES = "[]\\`^{}|"
"""What the names of users may hold, but not begin with, besides letters, digits, ``_``, ``-`` and ``.``"""

QUOTED = 80
"""The characters of a message that are quoted in an answer to it."""

WRITTEN_TOGETHER = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f"
    "\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""The letters of scripts that put no space between words (Thai, Lao, Burmese, Khmer, Japanese, Chinese), or write what
follows a word together with it (Korean)."""

_RANGES = tuple(zip(WRITTEN_TOGETHER[::3], WRITTEN_TOGETHER[2::3], strict=True))
_SOME_MARKS = re.compile(f"[{re.escape(MARKS_OF_NAMES)}]+")
_UNSAFE = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\u2028\u2029"  # line and paragraph separators
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls
    "\u00ad\u180e\u200b\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb"  # invisible, and of no use in a chat
    "\ud800-\udfff\U000e0000-\U000e007f"  # surrogates, tags
    "]"
)

IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""The characters that Unicode calls Default_Ignorable_Code_Point, as a regular expression lists them."""

_DRAWS_NOTHING = re.compile(f"[{IGNORABLE}\u2800\U0001d159]")
"""Those, the empty Braille pattern and the empty head of a note."""

_EVERYBODY = re.compile(r"(?<![\w@])@room(?!\w)", re.IGNORECASE)

_BREAK = re.compile("\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
_BREAKS = re.compile(f"(?:{_BREAK.pattern})+")


def is_written_together(letter: str) -> bool:
    """Tell whether a letter is one of :data:`WRITTEN_TOGETHER`."""
    return any(first <= letter <= last for first, last in _RANGES)


def clean(text: str) -> str:
    """Take out of *text* what could harm, hide in or garble a line on a screen.

    Tabs become spaces, and so does each run of line breaks.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _UNSAFE.sub("", _BREAKS.sub(" ", text).replace("\t", " "))
    return text if text.isascii() else _bound_marks(text)


def clean_lines(text: str) -> str:
    """Clean each line of *text*, and drop the blank ones at its beginning and end; each break becomes ``\\n``.

    Lines keep the blanks that they begin with, unless there is only one.
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    lines = [clean(line).rstrip() for line in _BREAK.split(text)]
    while lines and not lines[-1]:
        del lines[-1]
    first = next((index for index, line in enumerate(lines) if line), 0)
    return "\n".join(lines[first:]) if len(lines) - first > 1 else "".join(lines[first:]).strip()


def _bound_marks(text: str) -> str:
    kept = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character)[0] == "M" else 0
        if marks <= MAXIMUM_MARKS:
            kept.append(character)
    return "".join(kept)


def seen(text: str) -> str:
    """Return *text*, or ``""`` if nothing of it can be seen."""
    return text if text.isascii() or any(map(_is_seen, text)) else ""


@lru_cache(maxsize=1024)
def _is_seen(character: str) -> bool:
    """Tell whether a character can be seen by itself. Marks, blanks, joiners and selectors can't."""
    category = unicodedata.category(character)
    return not (category[0] in "MZ" or category in ("Cc", "Cf") or _DRAWS_NOTHING.match(character))


def bounded(text: str, most: int, what: str) -> str:
    """Clean and strip *text*; what has nothing that can be seen becomes ``""``.

    Raises :class:`TooLong`, which calls it *what*, for more than *most* bytes.
    """
    _require_bytes(text, most, what)
    return seen(clean(text).strip())


def legible(text: str, most: int, what: str) -> str:
    """As :func:`bounded`; raises :class:`Empty` if nothing can be seen of a *text* that is not blank."""
    return _require_something(bounded(text, most, what)) if text.strip() else ""


def bounded_lines(text: str, most: int, lines: int) -> str:
    """Clean a text of several lines; raises :class:`TooLong` for more than *most* bytes, or so many *lines*.

    Raises :class:`Empty` if nothing of it can be seen.
    """
    _require_bytes(text, most, "text")
    text = clean_lines(text)
    if text.count("\n") >= lines:
        raise TooLong(f"That text has {text.count(chr(10)) + 1} lines, so it was not sent. Use at most {lines}.")
    return _require_something(seen(text))


def _require_something(text: str) -> str:
    if not text:
        raise Empty("There is nothing to say in that.")
    return text


def _require_bytes(text: str, most: int, what: str) -> None:
    if len(text) > most or (not text.isascii() and len(text.encode("utf-8", "replace")) > most):
        raise TooLong(f"That {what} is too long, so it was not sent. Use at most {most} bytes.")


class Pasted:
    """The lines that somebody pastes, one after the other."""

    def __init__(self) -> None:
        self.count = 0
        self.whole = True
        """Whether all of it is here."""
        self._lines: list[str] = []
        self._size = 0

    def add(self, line: str, most: int) -> None:
        """Add a line. Once there are more than *most* bytes, it is only counted."""
        self.count += 1
        if self._size <= most:
            self._lines.append(line)
            self._size += len(line.encode("utf-8", "replace")) + 1
        elif line.strip():
            self.whole = False

    @property
    def text(self) -> str:
        """All of them."""
        return "\n".join(self._lines)


def quoted(text: str) -> str:
    """What is quoted of a message: its first line, or so much of that as a line has room for."""
    first = next((line for line in text.split("\n") if line.strip()), "").strip()
    return first if len(first) <= QUOTED else f"{first[: QUOTED - 1].rstrip()}…"


def decode(data: bytes) -> str:
    """Decode and clean a line of bytes, with U+FFFD in place of what is not UTF-8."""
    return clean(data.decode("utf-8", "replace"))


def in_quotes(text: str) -> str:
    """Put a text in quotation marks; those in it become single ones."""
    return f'"{text.replace(chr(34), chr(39))}"'


def calls_everybody(text: str) -> bool:
    """Tell whether *text* has ``@room`` as a word."""
    return _EVERYBODY.search(text) is not None


def _is_letter(text: str, index: int) -> bool:
    """Tell whether *text* has a letter or digit there, of a script that puts spaces between words."""
    if not 0 <= index < len(text):
        return False
    character = text[index]
    return (character.isalnum() or character == "_") and not is_written_together(character)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether a name that stands in *text* there is a word of its own.

    ``ada-2``, ``ada.b`` and ``ada[m]`` are other people than ``ada``, ``[ada]`` is not. Where a script writes words
    together, a word may stand beside any other.
    """
    if not is_written_together(text[start]):
        before = text[start - 1] if start else ""
        marked = before in MARKS_OF_NAMES and _is_letter(text, start - 2)
        if before and (before in ".-" or marked or _is_letter(text, start - 1)):
            return False
    if is_written_together(text[end - 1]) or end == len(text):
        return True
    if text[end] in "[{\\^|" or _is_letter(text, end):
        return False
    if text[end] in ".-":
        return not _is_letter(text, end + 1)
    marks = _SOME_MARKS.match(text, end)
    return marks is None or not _is_letter(text, marks.end())


@lru_cache(maxsize=64)
def _in_any_case(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name), re.IGNORECASE)


def _named(text: str, name: str) -> Iterator[tuple[int, int]]:
    """Find where *text* has *name* as a word of its own."""
    find = _in_any_case(name).search
    found = find(text) if name else None
    while found is not None:
        alone = _stands_alone(text, *found.span())
        if alone:
            yield found.span()
        found = find(text, found.end() if alone else found.start() + 1)


def mentions(text: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Find where *text* has one of *names* as a word; what stands in a quoted line (``> so``) does not count."""
    names = list(names)
    start = 0
    for line in text.split("\n"):
        if not line.startswith(">"):
            for name in names:
                for first, last in _named(line, name):
                    yield start + first, start + last
        start += len(line) + 1


def enumerate_words(words: list[str]) -> str:
    """Write a list as people do: ``ada, bob and cy``."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def some_of(words: list[str], most: int = 10) -> str:
    """Write a list of which only the first are told: ``ada, bob and 30 others``."""
    return enumerate_words(words if len(words) <= most + 1 else [*words[:most], f"{len(words) - most} others"])


def counted(number: int, what: str) -> str:
    """Write a number of things: ``1 message``, ``1,234 messages``."""
    return f"1 {what}" if number == 1 else f"{number:,} {what}s"


def size_in_words(size: int) -> str:
    """Write a number of bytes: ``999 bytes``, ``1.43 MB``."""
    megabyte = 1_048_576
    return f"{size:,} bytes" if size < megabyte else f"{size / megabyte:.3g} MB"


def file_size(size: int) -> str:
    """Write the size of a file as the disk tells it: ``999 bytes``, ``12 KB``, ``1.4 MB``."""
    if size < 1_000:
        return counted(size, "byte")
    for unit, bytes_ in (("KB", 1_000), ("MB", 1_000_000)):
        if size < 999.5 * bytes_:
            return f"{size / bytes_:.3g} {unit}"
    return f"{size / 1_000_000_000:.3g} GB"
