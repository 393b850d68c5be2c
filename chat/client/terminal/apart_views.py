"""Which part is visible of what is shown over a room."""

from __future__ import annotations

from collections.abc import Sequence

from chat.client.model.apart import Apart, Listing, Unread
from chat.client.model.excerpt import Excerpt
from chat.client.model.model import Model
from chat.client.model.scrollback import Line
from chat.client.terminal.dense_rows import DenseRows
from chat.client.terminal.rows import Painter, Row
from chat.client.terminal.viewport import Viewport


class ApartViews:
    """The viewports of what *model* shows over the room, and of what is below that."""

    def __init__(self, model: Model, painter: Painter) -> None:
        self._model = model
        self._painter = painter
        self._viewports: dict[Apart, Viewport] = {}
        self._drawn: dict[Apart, int] = {}
        """How often the lines of what is unread had changed when it was last drawn."""

    @property
    def shown(self) -> Apart | None:
        """What is shown over the room: the uppermost that has come."""
        apart = self._model.apart
        while apart is not None and not len(apart.lines):
            apart = apart.below
        return apart

    def viewport(self, apart: Apart, width: int, height: int) -> Viewport:
        """Return the visible part of *apart*; it begins where the user will look first."""
        if apart not in self._viewports:
            self._viewports = {other: view for other, view in self._viewports.items() if other in self._open()}
            self._viewports[apart] = self._new(apart, width, height)
        viewport = self._viewports[apart]
        if isinstance(apart, Unread) and self._drawn.get(apart) != apart.lines.changes:
            # A message that is longer now may have another row, and so may all below.
            self._drawn = {apart: apart.lines.changes}
            viewport.repaint()
        return viewport

    def choose(self, listing: Listing, forward: bool) -> None:
        """Choose the next message of a list, or the one before."""
        listing.choose(forward)
        viewport = self._viewports[listing]
        viewport.repaint()
        if listing.chosen is not None:
            viewport.reveal(listing.chosen)

    def _open(self) -> list[Apart]:
        """What is shown over the room, and what is below that."""
        found: list[Apart] = []
        apart = self._model.apart
        while apart is not None:
            found.append(apart)
            apart = apart.below
        return found

    def _new(self, apart: Apart, width: int, height: int) -> Viewport:
        if isinstance(apart, Listing):

            def paint(line: Line, width: int) -> Sequence[Row]:
                chosen = apart.chosen is not None and apart.lines[apart.chosen] is line
                return self._painter.listed(line, width, chosen)

            viewport = Viewport(apart, paint)
        elif isinstance(apart, Unread):
            viewport = Viewport(apart, DenseRows(self._painter, apart.lines).rows)
        else:
            viewport = Viewport(apart, self._painter.rows, "found" if isinstance(apart, Excerpt) else "unread")
        viewport.resize(width, height)
        match apart:
            case Listing() | Unread():
                viewport.begin_at(apart.lines.first)
            case Excerpt():
                viewport.go_to(apart.lines.first if apart.mark is None else apart.mark)
        return viewport
