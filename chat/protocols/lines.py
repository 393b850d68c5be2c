"""Bytes into lines."""

from __future__ import annotations


class LineSplitter:
    """Cuts a stream at LF or CRLF into lines of at most *maximum* bytes; of a longer one only the fact remains."""

    __slots__ = ("_maximum", "_overlong", "_partial")

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._partial = b""
        self._overlong = False

    def feed(self, data: bytes) -> list[bytes | None]:
        """Return the lines that *data* completes, with ``None`` for one that was too long."""
        *ends, rest = data.split(b"\n")
        lines: list[bytes | None] = []
        for end in ends:
            self._add(end)
            lines.append(self.finish())
        self._add(rest)
        return lines

    def finish(self) -> bytes | None:
        """Return what has come since the last line end, as a line."""
        line = None if self._overlong else self._partial.removesuffix(b"\r")
        self._partial = b""
        self._overlong = False
        return line

    @property
    def pending(self) -> bool:
        """Whether something has come since the last line end."""
        return bool(self._partial) or self._overlong

    def _add(self, data: bytes) -> None:
        if self._overlong:
            return
        self._partial += data
        if len(self._partial) > self._maximum + 1 or len(self._partial.removesuffix(b"\r")) > self._maximum:
            self._partial = b""
            self._overlong = True
