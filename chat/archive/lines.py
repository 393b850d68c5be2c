"""The lines of a file of whatever size and encoding."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator
from typing import AnyStr, BinaryIO

MAXIMUM_LINE = 1 << 16
"""The bytes, or in other encodings than UTF-8 the letters, that a line may have; JSON needs six for some letters."""

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The encodings by their byte order marks. UTF-32 is tried first: its mark begins with that of UTF-16."""


class BadLine(Exception):
    """A line can't be imported; the exception says why. If that ends with a colon, the line is to follow."""


class Lines:
    """An iterator over the lines of *file*, without their ends; ``None`` stands for one that is too long.

    A file without an *encoding* is in that of its byte order mark, or in UTF-16 if every second byte at its beginning
    is 0, or else in UTF-8. A line that is not UTF-8 is taken for Windows-1252, which IRC clients of old wrote.
    """

    def __init__(self, file: BinaryIO, encoding: str = "") -> None:
        self.guessed = 0
        """The lines so far that were taken for Windows-1252."""
        self.size = 0
        """The bytes of the lines so far."""
        self._file = file
        self._encoding = encoding or _encoding_of(file.peek(8)[:8] if isinstance(file, io.BufferedReader) else b"")

    def __iter__(self) -> Iterator[str | None]:
        if not self._encoding:
            for data in _whole(self._file.readline, b"\n"):
                self.size += MAXIMUM_LINE if data is None else len(data)
                yield data if data is None else self._decode(data.rstrip(b"\r\n")).lstrip("\ufeff")
            return
        with io.TextIOWrapper(self._file, self._encoding, "replace", newline="\n") as file:
            for line in _whole(file.readline, "\n"):
                self.size += MAXIMUM_LINE if line is None else len(line.encode(self._encoding, "replace"))
                yield line if line is None else line.rstrip("\r\n").lstrip("\ufeff")

    def _decode(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and not data[: error.start].isascii():
                return data.decode("utf-8", "replace")  # An IRC server has cut a letter in two.
            self.guessed += 1
            return data.decode("cp1252", "replace")


def _encoding_of(head: bytes) -> str:
    """Tell from its first bytes how a file is encoded; ``""`` if nothing speaks against UTF-8."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if len(head) >= 4 and not any(head[1::2]) and all(head[::2]):
        return "utf-16-le"
    if len(head) >= 4 and not any(head[::2]) and all(head[1::2]):
        return "utf-16-be"
    return ""


def _whole(readline: Callable[[int], AnyStr], end: AnyStr) -> Iterator[AnyStr | None]:
    """Yield whole lines, and ``None`` in place of each that is too long, which is never held as a whole."""
    while line := readline(MAXIMUM_LINE):
        if len(line) < MAXIMUM_LINE or line.endswith(end):
            yield line
            continue
        while line and not line.endswith(end):
            line = readline(MAXIMUM_LINE)
        yield None
