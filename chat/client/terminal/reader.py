"""What is on the screen, the room or what is shown over it, and how the user moves in it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from chat.client.model.apart import Apart, Glance, Listing, Unread
from chat.client.model.client import Client
from chat.client.model.excerpt import Excerpt
from chat.client.model.model import NOTHING_UNREAD
from chat.client.model.room import Room
from chat.client.model.scrollback import Line
from chat.client.terminal.dense_rows import DenseRows
from chat.client.terminal.rows import Painter, Row
from chat.client.terminal.viewport import Viewport


class Reader:
    """Moves in what *client* shows. What a move returns is to be told to the user.

    *painter* turns lines into rows; *of_room* returns the viewport of the current room.
    """

    def __init__(self, client: Client, painter: Painter, of_room: Callable[[], Viewport]) -> None:
        self._client = client
        self._model = client.model
        self._painter = painter
        self._of_room = of_room
        self.width = 80
        self.height = 1
        """The rows for lines on the screen."""
        self._viewports: dict[Apart, Viewport] = {}
        self._drawn: dict[Apart, int] = {}
        """How often the lines of what is unread had changed when it was last drawn."""
        self._mention: int | None = None
        """The id of the message to which the user has gone, as it is meant for them."""

    @property
    def apart(self) -> Apart | None:
        """What is shown over the room: the uppermost that has come."""
        apart = self._model.apart
        while apart is not None and not len(apart.lines):
            apart = apart.below
        return apart

    @property
    def shown(self) -> Apart | Room:
        """What is on the screen."""
        return self.apart or self._model.current

    @property
    def viewport(self) -> Viewport:
        """The part of it that is visible."""
        apart = self.apart
        return self._of_room() if apart is None else self._of(apart)

    @property
    def chooses(self) -> bool:
        """Whether it is a list from which a message can be chosen."""
        return isinstance(self.apart, Listing) and self.apart.chosen is not None

    @property
    def _page(self) -> int:
        return max(self.height - 2, 1)

    # Moves

    def scroll_up(self) -> str:
        """Go a page up; at the top, ask for older messages."""
        self._mention = None
        if self.viewport.scroll_up(self._page):
            match self.apart:
                case Excerpt():
                    self._client.read_on(older=True)
                case Glance(room=room):
                    self._client.ask_earlier(room)
                case None:
                    self._client.ask_earlier()
        return ""

    def scroll_down(self) -> str:
        """Go a page down; at the end of what was said round a message, ask for newer messages."""
        self._mention = None
        viewport = self.viewport
        viewport.scroll_down(self._page)
        if isinstance(self.apart, Excerpt) and viewport.following:
            viewport.stay()
            self._client.read_on(older=False)
        return ""

    def follow(self) -> str:
        """Go to the newest line of the room."""
        self._mention = self._model.apart = None
        self._of_room().follow()
        return ""

    def come_back(self) -> str:
        """Close what is shown over the room; from a mention in it, go to the newest line."""
        apart = self.apart
        if apart is None and self._mention is not None:
            self._of_room().follow()
        self._mention = None
        if isinstance(apart, Unread):
            self._model.see(apart, self.viewport.lowest_whole)
        self._model.come_back()
        return ""

    def read_on(self) -> str:
        """Read on in what is unread in other rooms; at its end, come back to where the user was.

        What was visible before is read.
        """
        self._mention = None
        apart = self.apart
        if isinstance(apart, Unread):
            viewport = self.viewport
            at_end = viewport.following
            self._model.see(apart, viewport.lowest_whole)
            if at_end:
                self._model.come_back()
            else:
                viewport.scroll_down(self._page + 1)
            return ""
        while self._model.apart is not None and not isinstance(self._model.apart, Unread):
            self._model.come_back()
        if self._model.apart is None:
            self._model.show_unread()
        return "" if self._model.apart is not None else NOTHING_UNREAD

    def go_to_mark(self) -> str:
        """Put the line above what is unread at the top of the screen."""
        self._mention = None
        there = self.viewport.go_to_mark()
        return "" if there else "There is no unread line here. Alt-M draws one below what has come."

    def draw_mark(self) -> str:
        """Draw that line below what has come in the current room."""
        self.follow()
        self._model.draw_mark()
        return ""

    def read_all(self) -> str:
        """Take all that is unread as read, and come back to the room."""
        self._model.apart = None
        self._model.read_all()
        return "All that has come is read."

    def to_mention_before(self) -> str:
        """Show the newest message for the user before the one that is shown, in whatever room."""
        return self._go_to_mention(forward=False)

    def to_mention_after(self) -> str:
        """Show the oldest message for the user after the one that is shown, in whatever room."""
        return self._go_to_mention(forward=True)

    def choose(self, forward: bool) -> None:
        """Choose the next message of the list, or the one before."""
        listing = self.apart
        if isinstance(listing, Listing) and listing.chosen is not None:
            listing.choose(forward)
            self.viewport.repaint()
            self.viewport.reveal(listing.chosen)

    def room_shown(self) -> None:
        """Another room is on the screen."""
        self._mention = None

    def _go_to_mention(self, forward: bool) -> str:
        calls = self._model.calls()
        here = self._id_here() if self._mention is None else self._mention
        others = [call for call in calls if (call[0] > here if forward else call[0] < here)]
        if not others:
            return f"Nothing that is shown {'after' if forward else 'before'} this names you."
        call = others[0] if forward else others[-1]
        self._mention, room, serial = call
        if room is self._model.current:
            self._model.apart = None
        else:
            self._model.show(Glance(room))
            self._model.see_call(room, self._mention)
        self.viewport.go_to(serial)
        return f"mention {calls.index(call) + 1} of {len(calls)}"

    def _id_here(self) -> float:
        """The id of the message in the middle of the screen; for the newest lines and in lists, it is beyond all."""
        viewport, lines = self.viewport, self.shown.lines
        if viewport.following or isinstance(self.apart, Listing | Unread):
            return math.inf
        ids = (lines[serial].id for serial in range(min(viewport.middle, lines.end - 1), lines.first - 1, -1))
        return next((number for number in ids if number is not None), 0)

    # The viewports of what is shown over the room, and of what is below that

    def _of(self, apart: Apart) -> Viewport:
        if apart not in self._viewports:
            self._viewports = {other: view for other, view in self._viewports.items() if other in self._open()}
            self._viewports[apart] = self._new(apart)
        viewport = self._viewports[apart]
        if isinstance(apart, Unread) and self._drawn.get(apart) != apart.lines.changes:
            # A message that is longer now may have another row, and so may all below.
            self._drawn = {apart: apart.lines.changes}
            viewport.repaint()
        return viewport

    def _open(self) -> list[Apart]:
        found: list[Apart] = []
        apart = self._model.apart
        while apart is not None:
            found.append(apart)
            apart = apart.below
        return found

    def _new(self, apart: Apart) -> Viewport:
        """Return a viewport that begins where the user will look first."""
        match apart:
            case Listing():

                def listed(line: Line, width: int) -> Sequence[Row]:
                    chosen = apart.chosen is not None and apart.lines[apart.chosen] is line
                    return self._painter.listed(line, width, chosen)

                viewport = Viewport(apart, listed)
            case Unread():
                viewport = Viewport(apart, DenseRows(self._painter, apart.lines).rows)
            case Excerpt():
                viewport = Viewport(apart, self._painter.rows, mark="found")
            case _:
                viewport = Viewport(apart, self._painter.rows)
        viewport.resize(self.width, self.height)
        match apart:
            case Listing() | Unread():
                viewport.begin_at(apart.lines.first)
            case Excerpt():
                viewport.go_to(apart.lines.first if apart.mark is None else apart.mark)
        return viewport
