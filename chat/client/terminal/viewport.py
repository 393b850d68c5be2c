"""The visible rows of a room. They follow the newest line, or stay in place while new lines come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from chat.client.model.scrollback import Line, Scrollback
from chat.client.terminal.rows import Row, rule

_MAXIMUM_CACHED = 1000
_ALL = 1 << 30
"""A number of rows greater than that of any line."""


class Shown(Protocol):
    """What is shown: a room, or what is read round a message."""

    @property
    def lines(self) -> Scrollback:
        """The lines."""

    @property
    def mark(self) -> int | None:
        """The serial number of the line above which the mark is."""


class Viewport:
    """The visible part of a room. *paint* turns a line into rows for a width; *mark* is what the mark is called."""

    def __init__(self, room: Shown, paint: Callable[[Line, int], Sequence[Row]], mark: str = "unread") -> None:
        self._room = room
        self._paint = paint
        self._mark = mark
        self._width = 80
        self._height = 1
        self._bottom: tuple[int, int] | None = None
        """The serial number of the lowest visible line, and how many of its rows show; ``None`` at the newest."""
        self._cache: dict[tuple[int, bool], tuple[Line, Sequence[Row]]] = {}

    @property
    def below(self) -> int:
        """How many lines are hidden below."""
        if self._bottom is None:
            return 0
        return max(self._room.lines.end - 1 - self._clamped(self._bottom)[0], 0)

    @property
    def following(self) -> bool:
        """Whether new lines are shown as they come."""
        return self._bottom is None

    @property
    def _scrolled_height(self) -> int:
        """The rows for lines while it does not follow: one is taken by the hint that there are newer ones."""
        return max(self._height - 1, 1)

    def resize(self, width: int, height: int) -> None:
        """The screen has this size."""
        if width != self._width:
            self._cache.clear()
            if self._bottom is not None:
                self._bottom = (self._bottom[0], _ALL)
        self._width, self._height = width, height

    def visible(self) -> Sequence[Row]:
        """Return the rows to show, the lowest last; one less than the height while newer lines are hidden."""
        height = self._height if self.following else self._scrolled_height
        rows = [row for _, row in islice(self._upwards(), height)]
        if len(rows) < height and not self.following:
            # The visible lines are gone from the scrollback: show the oldest that are there.
            self.scroll_down(height - len(rows))
            rows = [row for _, row in islice(self._upwards(), height)]
        rows.reverse()
        return rows

    def lines(self) -> Sequence[Line]:
        """Return the lines of which at least one row is visible."""
        height = self._height if self.following else self._scrolled_height
        serials = {serial for (serial, _), _ in islice(self._upwards(), height)}
        end = self._room.lines.end
        for serial in sorted(serials):
            # A line without rows shares those of the one above.
            while (serial := serial + 1) < end and not self._rows(serial):
                serials.add(serial)
        return [self._room.lines[serial] for serial in sorted(serials) if serial < end]

    def scroll_up(self, count: int) -> bool:
        """Go up by so many rows; tell whether the top was reached."""
        height = self._scrolled_height
        places = [place for place, _ in islice(self._upwards(), count + height)]
        if len(places) <= (self._height if self.following else height):
            return True
        self._bottom = places[min(count, len(places) - height)]
        return len(places) < count + height

    def scroll_down(self, count: int) -> None:
        """Go down by so many rows."""
        if self._bottom is None:
            return
        serial, shown = self._clamped(self._bottom)
        shown = min(shown, len(self._rows(serial)))
        while count > 0 and serial < self._room.lines.end:
            left = len(self._rows(serial)) - shown
            if left >= count:
                shown += count
                count = 0
            else:
                count -= left
                serial, shown = serial + 1, 0
        if shown == 0:
            serial -= 1
            shown = len(self._rows(serial)) if serial >= self._room.lines.first else 0
        at_end = serial >= self._room.lines.end - 1 and shown >= len(self._rows(serial))
        self._bottom = None if at_end else (serial, shown)

    def go_to(self, serial: int) -> None:
        """Show the line with that serial number in the middle."""
        self._bottom = (serial, _ALL)
        self.scroll_down(self._scrolled_height // 2)

    def begin_at(self, serial: int) -> None:
        """Show the line with that serial number at the top, or the newest ones if there are not enough below it."""
        self._bottom = (serial, _ALL)
        rows = self._rows(serial)
        self.scroll_down(self._scrolled_height - len(rows))

    def reveal(self, serial: int) -> None:
        """Go so far that the line with that serial number is visible."""
        bottom = self._clamped(self._bottom or (self._room.lines.end - 1, _ALL))
        if (serial, len(self._rows(serial))) > bottom:
            self._bottom = (serial, _ALL)
            self.scroll_down(0)
        while not any(place[0] == serial for place, _ in islice(self._upwards(), self._scrolled_height)):
            if self.scroll_up(1):
                break

    def repaint(self) -> None:
        """Paint all lines anew: they look different."""
        self._cache.clear()

    def stay(self) -> None:
        """Do not follow the newest line, even if it is visible."""
        if self._bottom is None and len(self._room.lines):
            self._bottom = (self._room.lines.end - 1, _ALL)

    def go_to_mark(self) -> bool:
        """Put the mark at the top of the screen; return whether there is one."""
        mark = self._room.mark
        if mark is None or mark < self._room.lines.first:
            return False
        if mark == self._room.lines.end:
            self.follow()
        else:
            self.begin_at(mark)
        return True

    @property
    def lowest(self) -> int:
        """The serial number of the lowest visible line."""
        return self._clamped(self._bottom or (self._room.lines.end - 1, _ALL))[0]

    @property
    def lowest_whole(self) -> int:
        """The serial number of the lowest line that is visible to its end."""
        if self._bottom is None:
            return self._room.lines.end - 1
        serial, shown = self._clamped(self._bottom)
        return serial if shown >= len(self._rows(serial)) else serial - 1

    @property
    def middle(self) -> int:
        """The serial number of the line in the middle, or of the newest one if that is visible."""
        if self._bottom is None:
            return self._room.lines.end
        places = [place for place, _ in islice(self._upwards(), self._scrolled_height // 2 + 1)]
        return places[-1][0] if places else self._room.lines.end

    def follow(self) -> None:
        """Go to the newest line, and stay there."""
        self._bottom = None

    def _upwards(self) -> Iterator[tuple[tuple[int, int], Row]]:
        """Yield the rows from the lowest visible one upwards, each with its place."""
        lines = self._room.lines
        if not len(lines):
            return
        serial, shown = self._clamped(self._bottom or (lines.end - 1, _ALL))
        if self._bottom is None and self._room.mark == lines.end:
            yield (lines.end, 1), rule(self._mark, self._width, "class:unread")
        while serial >= lines.first:
            rows = self._rows(serial)
            for number in range(min(shown, len(rows)), 0, -1):
                yield (serial, number), rows[number - 1]
            serial, shown = serial - 1, _ALL

    def _clamped(self, place: tuple[int, int]) -> tuple[int, int]:
        """Return *place*, or the oldest one if that line is gone."""
        return max(place, (self._room.lines.first, 1))

    def _rows(self, serial: int) -> Sequence[Row]:
        """Return the rows of a line, with the unread mark above the first that was not seen."""
        line = self._room.lines[serial]
        marked = serial == self._room.mark
        cached = self._cache.get((serial, marked))
        if cached is not None and cached[0] is line:
            return cached[1]
        rows = list(self._paint(line, self._width))
        if marked:
            rows.insert(0, rule(self._mark, self._width, "class:unread"))
        if len(self._cache) >= _MAXIMUM_CACHED:
            self._cache.clear()
        self._cache[serial, marked] = (line, rows)
        return rows
