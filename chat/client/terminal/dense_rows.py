"""Rows for reading much at once: short messages share a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from chat.client.model.scrollback import Line, LineKind, Scrollback
from chat.client.terminal.rows import Painter, Row
from chat.client.terminal.widths import cells

SHARED = timedelta(minutes=5)
"""How much later than the first message of a row another one on it may have been said."""
_GAP = "   "


class DenseRows:
    """Turns *lines* into rows. A line that shares the row of the one above has none of its own.

    A message that names the user or answers another, or has reactions or more than one row, shares none.
    """

    def __init__(self, painter: Painter, lines: Scrollback) -> None:
        self._painter = painter
        self._lines = lines
        self._laid_out: tuple[int, int] | None = None
        """The width for which the rows are, and how often the lines had changed then."""
        self._rows: dict[int, Sequence[Row]] = {}
        """The rows of the lines that were laid out so far, by the identity of the line."""
        self._layout: Iterator[None] = iter(())

    def rows(self, line: Line, width: int) -> Sequence[Row]:
        """Return the rows of *line*, which is one of the lines."""
        if self._laid_out != (width, self._lines.changes):
            self._laid_out = width, self._lines.changes
            self._rows.clear()
            self._layout = self._lay_out(width)
        while id(line) not in self._rows:
            next(self._layout)
        return self._rows[id(line)]

    def _lay_out(self, width: int) -> Iterator[None]:
        """Lay out one row, or a line that shares none, at each step: there may be far more lines than anybody reads."""
        first: Line | None = None
        shared: Row = []
        left = 0
        for line in self._lines:
            rows = self._painter.rows(line, width)
            alone = len(rows) > 1 or line.kind is LineKind.DAY or line.mention
            text = [] if alone else [("", _GAP), *rows[0][1:]]
            needed = sum(cells(part[1]) for part in text)
            if not alone and first is not None and needed <= left and line.time - first.time <= SHARED:
                shared += text
                left -= needed
                self._rows[id(line)] = ()
                continue
            if first is not None:
                self._rows[id(first)] = [shared]
                yield
            if alone:
                first = None
                self._rows[id(line)] = rows
                yield
            else:
                first, shared = line, list(rows[0])
                left = width - sum(cells(part[1]) for part in shared)
        if first is not None:
            self._rows[id(first)] = [shared]
            yield
