"""Draws the rows of the screen that have changed.

prompt_toolkit draws the cells that have changed, and moves the cursor from one to the next by what it takes for the
width of the text between. Where the terminal draws that text wider or narrower, it writes into the wrong cells, and
leaves what was there before. So a row is cleared and drawn from its start here, which is a place that is set, unless
all of its characters have a width that is certain.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from posixpath import commonprefix
from typing import Any

from prompt_toolkit.application import Application, get_app
from prompt_toolkit.data_structures import Point
from prompt_toolkit.layout import Container
from prompt_toolkit.layout.dimension import Dimension
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition
from prompt_toolkit.output import Output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Attrs

from chat.client.terminal.rows import LINK

MAXIMUM_LINK = 2000
"""The longest address that terminals take. A longer one is no link."""
_MAXIMUM_LOOKS = 1000
_WITHOUT_LINKS = ("linux", "eterm-color", "dumb")
_BLANK = Char(" ", "")

Cells = Mapping[int, Char]
"""The characters of a row by their column."""


@dataclass(frozen=True, slots=True)
class _Look:
    """How a character looks, and where it leads; empty if nowhere."""

    attributes: Attrs
    link: str
    shows_blanks: bool


Run = tuple[str, _Look]
"""Characters of a row that look the same."""


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row shows, from its first column on; *cells* is what it was made from."""

    cells: Cells
    runs: Sequence[Run]
    certain: bool
    """Whether each character takes one cell in all terminals, and nothing is a link."""
    begins_in: str
    """Where the first character leads; empty if nowhere."""
    goes_on_in: str
    """Where the last character leads, if the row is full and its width is known; empty if nowhere."""


class RowByRow(Container):
    """Holds *content*, and draws it in place of prompt_toolkit when :meth:`draw` is called after each of its frames."""

    def __init__(self, content: Container) -> None:
        self._content = content
        self._screen = Screen()
        self._height = self._width = 0
        self._anew = True
        """Whether nothing is known of what the terminal shows."""
        self._rows: dict[int, _Row] = {}
        self._looks: dict[str, _Look] = {}

    def reset(self) -> None:
        """Forget where *content* was scrolled to."""
        self._content.reset()

    def preferred_width(self, max_available_width: int) -> Dimension:
        """Return the width that *content* prefers."""
        return self._content.preferred_width(max_available_width)

    def preferred_height(self, width: int, max_available_height: int) -> Dimension:
        """Return the height that *content* prefers."""
        return self._content.preferred_height(width, max_available_height)

    def get_children(self) -> list[Container]:
        """Return *content*."""
        return [self._content]

    def write_to_screen(
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """Keep what is to be shown. *screen* stays empty, so that prompt_toolkit only moves the cursor."""
        self._screen = Screen()
        self._screen.show_cursor = False
        self._height, self._width = write_position.height, write_position.width
        self._anew = self._anew or get_app().renderer.last_rendered_screen is None
        self._content.write_to_screen(self._screen, mouse_handlers, write_position, parent_style, erase_bg, z_index)
        self._screen.draw_all_floats()
        screen.cursor_positions.update(self._screen.cursor_positions)
        screen.visible_windows_to_write_positions.update(self._screen.visible_windows_to_write_positions)

    def draw(self, application: Application[Any]) -> None:
        """Draw what has changed since the last time."""
        if application.is_done:
            return
        if self._anew or len(self._looks) > _MAXIMUM_LOOKS:
            self._rows.clear()
            self._looks.clear()
            self._anew = False
        before = self._rows
        self._rows = self._made(before)
        y = 0
        while y < self._height:
            end = y + 1
            while end < self._height and self._rows[end - 1].goes_on_in and self._goes_on(end):
                end += 1
            if any(before.get(number) is not self._rows[number] for number in range(y, end)):
                if end == y + 1:
                    self._draw_row(y, before.get(y))
                else:
                    self._draw_in_one_piece(y, end)
            y = end
        output = application.output
        if self._screen.show_cursor:
            self._put_cursor(self._screen.get_cursor_position(application.layout.current_window))
        output.reset_attributes()
        output.flush()

    def _made(self, before: Mapping[int, _Row]) -> dict[int, _Row]:
        """Return the rows to be shown. Those that have moved to another place are not made again."""
        known: dict[tuple[int, ...], _Row] = {}
        rows = {}
        for y in range(self._height):
            cells = self._screen.data_buffer[y]
            if y in before and before[y].cells == cells:
                rows[y] = before[y]
                continue
            known = known or {_identity(row.cells): row for row in before.values()}
            rows[y] = known.get(_identity(cells)) or self._row(cells)
        return rows

    def _row(self, cells: Cells) -> _Row:
        end = min(max(cells, default=-1) + 1, self._width)
        while end and (cell := cells.get(end - 1, _BLANK)).char == " " and not self._look(cell.style).shows_blanks:
            end -= 1
        runs = self._runs(cells, end)
        known = all(text.isascii() for text, _ in runs)
        full = known and end == self._width
        return _Row(
            cells,
            runs,
            certain=known and not any(look.link for _, look in runs),
            begins_in=runs[0][1].link if runs else "",
            goes_on_in=runs[-1][1].link if full and runs else "",
        )

    def _runs(self, cells: Cells, end: int) -> list[Run]:
        """Return what is to be written for the columns up to *end*."""
        runs: list[Run] = []
        texts: list[str] = []
        style = ""
        x = 0
        while x < end:
            cell = cells.get(x, _BLANK)
            if cell.style != style and texts:
                runs.append(("".join(texts), self._look(style)))
                texts = []
            style = cell.style
            texts.append(cell.char)
            x += cell.width or 1
        return [*runs, ("".join(texts), self._look(style))] if texts else runs

    def _look(self, style: str) -> _Look:
        if style not in self._looks:
            links = [part[len(LINK) : -1] for part in style.split() if part.startswith(LINK)]
            link = next((link for link in links if len(link) <= MAXIMUM_LINK), "")
            look = get_app().renderer.style.get_attrs_for_style_str(style)
            shows_blanks = bool(look.bgcolor or look.reverse or look.underline or look.strike)
            self._looks[style] = _Look(look, link, shows_blanks)
        return self._looks[style]

    def _goes_on(self, y: int) -> bool:
        """Tell whether the row *y* begins in the link with which the one above ends."""
        return self._rows[y].begins_in == self._rows[y - 1].goes_on_in

    def _draw_row(self, y: int, before: _Row | None) -> None:
        row = self._rows[y]
        start = 0
        if before is not None and before.certain and row.certain:
            start = _same(before.runs, row.runs)
        _clear(get_app().output, y, start)
        _write(_from(row.runs, start))

    def _draw_in_one_piece(self, start: int, end: int) -> None:
        """Draw rows through which a link goes. The terminal breaks it, and so knows that it is one piece."""
        output = get_app().output
        for y in reversed(range(start, end)):
            _clear(output, y, 0)
        *others, last = (self._rows[y].runs for y in range(start, end))
        text, look = last[0]
        output.enable_autowrap()
        _write([*chain(*others), (text[:1], look)])
        output.disable_autowrap()
        _write([(text[1:], look), *last[1:]])

    def _put_cursor(self, place: Point) -> None:
        """Put the cursor where it belongs. After text of uncertain width only the terminal knows where that is."""
        output = get_app().output
        before = self._runs(self._rows[place.y].cells, place.x)
        if all(text.isascii() for text, _ in before):
            output.cursor_goto(place.y + 1, place.x + 1)
        else:
            output.cursor_goto(place.y + 1, 1)
            _write(before)
        output.show_cursor()


def _identity(cells: Cells) -> tuple[int, ...]:
    """Return what two rows with the same characters have in common, as prompt_toolkit keeps one of each."""
    return (*cells, *map(id, cells.values()))


def _same(some: Sequence[Run], others: Sequence[Run]) -> int:
    """Return how many characters both begin with."""
    count = 0
    for (text, look), (other_text, other_look) in zip(some, others, strict=False):
        if look is not other_look:
            break
        common = len(commonprefix((text, other_text)))
        count += common
        if common < max(len(text), len(other_text)):
            break
    return count


def _from(runs: Iterable[Run], start: int) -> Iterator[Run]:
    """Yield what comes after the first *start* characters."""
    for text, look in runs:
        if len(text) > start:
            yield text[start:], look
        start = max(start - len(text), 0)


def _clear(output: Output, y: int, x: int) -> None:
    """Clear the row *y* from the column *x* on, and go there."""
    output.cursor_goto(y + 1, x + 1)
    output.reset_attributes()
    output.erase_end_of_line()


def _write(runs: Iterable[Run]) -> None:
    """Write text where the cursor is."""
    application = get_app()
    output, depth = application.output, application.color_depth
    links = isinstance(output, Vt100_Output) and output.term not in _WITHOUT_LINKS
    for text, look in runs:
        if links and look.link:
            output.write_raw(f"\x1b]8;id={zlib.crc32(look.link.encode()):x};{look.link}\x1b\\")
        output.set_attributes(look.attributes, depth)
        output.write(text)
        if links and look.link:
            output.write_raw("\x1b]8;;\x1b\\")
