"""The full-screen terminal client: the application around the model, and what its keys do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer, CompletionState
from prompt_toolkit.completion import Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import DummyHistory
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyPress, merge_key_bindings
from prompt_toolkit.layout import (
    ConditionalContainer,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.controls import UIContent, UIControl
from prompt_toolkit.layout.processors import ConditionalProcessor, PasswordProcessor
from prompt_toolkit.output import Output
from prompt_toolkit.search import SearchDirection, start_search
from prompt_toolkit.styles import DynamicStyle
from prompt_toolkit.widgets import SearchToolbar

from chat.client.model import status
from chat.client.model.apart import Apart, Glance, Listing, Unread
from chat.client.model.client import MAXIMUM_PASTE, CannotDo, Client, changes_message
from chat.client.model.excerpt import Excerpt
from chat.client.model.input_history import InputHistory
from chat.client.model.model import Observer
from chat.client.model.plain_text import lines_with_time
from chat.client.model.room import Room
from chat.client.model.scrollback import Line
from chat.client.terminal import bars
from chat.client.terminal.copy_view import CopyView
from chat.client.terminal.drawing import RowByRow
from chat.client.terminal.finder import Finder
from chat.client.terminal.input_line import InputLine
from chat.client.terminal.keys import bindings
from chat.client.terminal.pastes import parse_keys_of
from chat.client.terminal.reader import Reader
from chat.client.terminal.room_chooser import By, RoomChooser
from chat.client.terminal.rows import Painter, Row
from chat.client.terminal.style import color_depth, style
from chat.client.terminal.typed_text import EmojiApart, TypedText
from chat.client.terminal.viewport import Viewport
from chat.client.terminal.widths import displayed, shorten
from chat.core.text import clean_lines, in_quotes, quoted

MINUTE = 60
FRAME = 0.05
"""The fewest seconds between two redraws."""
KEY_LINES = (
    "Tab completes. Alt-Enter begins a line. PageUp and PageDown scroll. Ctrl-N goes to the next room.",
    "Alt-R reads all that is unread, Alt-P what names you; Alt-A goes to unread rooms, Alt-G finds one.",
)
BELL_INTERVAL = 2.0
MAXIMUM_ROWS = 8
"""The most rows for what is typed; it scrolls if it has more."""
LISTED_LINES = 5
"""If more lines are typed or pasted, the hint says what is first and last in them."""
LISTED_WIDTH = 30
ANSWERED_WIDTH = 60
"""How much to show of what is answered."""
_WEIGHT = 20
"""The rows that the messages get for one of all else. The heights are the same with 1, but cost more to divide."""


class View:
    """One room on the screen: which part of it is visible, and the line that is being typed there."""

    def __init__(self, room: Room, painter: Painter, line: InputLine) -> None:
        self.viewport = Viewport(room, painter.rows)
        self.buffer = line


class _Messages(UIControl):
    """Draws the visible rows, and no others."""

    def __init__(self, rows: Callable[[int, int], list[Row]]) -> None:
        self._rows = rows

    def create_content(self, width: int, height: int) -> UIContent:
        rows = self._rows(width, height)
        return UIContent(get_line=rows.__getitem__, line_count=len(rows), show_cursor=False)


class Terminal(Observer):
    """The screen of *client*. *address* is the server's address as the user writes it.

    What is typed goes into *history*. *drafts* are the texts that were half typed in rooms when the user left.
    """

    def __init__(
        self,
        client: Client,
        address: str,
        history: InputHistory,
        drafts: Mapping[Room, str],
        input: Input | None = None,
        output: Output | None = None,
    ) -> None:
        self._client = client
        self._model = client.model
        self._address = address
        self._painter = Painter(self._model.mention_spans)
        self._history = history
        self._drafts = dict(drafts)
        """The drafts of the rooms that were not shown yet."""
        self._views: dict[Room, View] = {}
        self._reader = Reader(client, self._painter, lambda: self._view.viewport)
        self._finder: Finder | None = None
        """The search among the lines that are shown, if the user does it."""
        self._hint = ""
        self._asked_to_leave = False
        self._last_bell = 0.0
        self._copy_view: CopyView | None = None
        self._search = SearchToolbar(ignore_case=True)
        self._secret = Buffer(history=DummyHistory(), multiline=False, on_text_changed=lambda _: self._typed())
        """What the user answers when they are asked for a password or a key."""
        self._chooser = RoomChooser(self._model, self._chosen)
        client.list_open = lambda: self.choose_room(By.NAME)
        client.key_lines = KEY_LINES
        hidden = ConditionalProcessor(PasswordProcessor(), Condition(lambda: self._takes_secret))
        self._control = TypedText(
            self._prompt,
            [hidden, EmojiApart()],
            buffer=self._view.buffer,
            search_buffer_control=self._search.control,
            preview_search=True,
        )
        self._drawing = RowByRow(self._body())
        self._model.lists_apart = True
        self._model.observe(self)
        self.application: Application[None] = Application(
            layout=Layout(self._drawing, focused_element=self._control),
            style=DynamicStyle(lambda: style(self.application.color_depth)),
            color_depth=color_depth() if output is None else None,
            key_bindings=merge_key_bindings([bindings(self), self._chooser.bindings(Condition(lambda: self._chooses))]),
            full_screen=True,
            mouse_support=False,
            enable_page_navigation_bindings=False,
            min_redraw_interval=FRAME,
            after_render=self._drawing.draw,
            input=input,
            output=output,
        )
        parse_keys_of(self.application.input)
        self.application.timeoutlen = 0.3
        self.application.ttimeoutlen = 0.05

    async def run(self) -> None:
        """Show the screen until :meth:`close`; raises whatever exception ended it."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failed)
        try:
            await self.application.run_async(self._begin, set_exception_handler=False)
        except EOFError:
            self.leave()
        finally:
            loop.set_exception_handler(None)

    def _begin(self) -> None:
        self.application.create_background_task(self._tell_time())

    async def _tell_time(self) -> None:
        """Draw again whenever the time that is shown changes."""
        while True:
            await asyncio.sleep(max(MINUTE - self._model.local_time.local_now().second, 0))
            self.application.invalidate()

    def close(self) -> None:
        """Restore the terminal."""
        self._exit(None)

    # What the model tells

    def changed(self) -> None:
        """Draw again soon. Keep what was half typed in rooms that have closed."""
        buffer = self._control.buffer
        if self._finder is not None and not self._finder.is_in(self._shown):
            self._end_search()
        if buffer is not self._buffer:
            self._view_shown()
            self._secret.reset()
        for room in [room for room in self._views if room not in self._model.rooms]:
            self._keep(self._views.pop(room).buffer, was_shown=buffer)
        self.application.invalidate()

    def _keep(self, closed: InputLine, was_shown: Buffer) -> None:
        """Keep the line of a closed room: where the user types now if that was typed last, or else to be brought back.

        It is never put where something is typed already, and no changed text where it would change another message.
        """
        line = self._view.buffer
        if changes_message(closed.text):
            closed.append_to_history()
        elif closed is was_shown and not line.text:
            line.document = closed.document
        elif closed.text:
            line.history.append_string(closed.text)

    def called(self, room: Room, line: Line) -> None:
        """Ring the bell, but not too often."""
        now = asyncio.get_running_loop().time()
        if now - self._last_bell >= BELL_INTERVAL:
            self._last_bell = now
            self.application.output.bell()
            self.application.output.flush()

    def refused(self, room: Room, text: str) -> None:
        """Put what was not delivered back into the line of its room, unless there is something in it."""
        buffer = self._view_of(room).buffer
        if not buffer.text:
            buffer.document = Document(text)

    # What the keys do

    def enter(self) -> None:
        """Send what was typed."""
        buffer = self._buffer
        text, apart = buffer.text, self._model.apart
        answered, edited = self._client.answers(text), self._client.edits(text)
        is_code = self._client.is_code(text)
        self.drop_question()
        if self._finder is not None and buffer is self._finder.buffer:
            self._enter_search(self._finder)
            return
        if self._apart is not None and not text and buffer is not self._secret:
            self._go_to(self._apart)
            return
        buffer.complete_state = None
        if self._takes_secret:
            self._give(text)
            return
        document, buffer.document = buffer.document, Document()
        try:
            self._client.enter(text)
        except CannotDo as reason:
            buffer.document = document
            self._hint = str(reason)
            return
        if text and not is_code:
            buffer.history.append_string(text)
        buffer.reset(Document(self._client.draft))
        if self._model.apart is apart:
            self._model.apart = None
        self._view_shown()
        self._view.viewport.follow()
        self._hint = self._hint_of_lines()
        if answered is not None and answered[0] is not self._model.current:
            self._hint = f"Your answer goes to {answered[0].title}."
        elif edited is not None and edited[0] is not self._model.current:
            self._hint = f"That changes what you said in {edited[0].title}."

    def _go_to(self, apart: Apart) -> None:
        """Go to the room, or to the message, that is shown over the room."""
        match apart:
            case Listing(number=int(number)):
                try:
                    self._client.open_at(number)
                except CannotDo as reason:
                    self._hint = str(reason)
            case Glance(room=room) if room in self._model.rooms:
                self._turn_to(room, self._viewport.middle)
            case Excerpt(number=number) if (place := self._model.place(apart)) is not None:
                self._turn_to(place, place.lines.find(number))
            case Glance() | Excerpt():
                self._hint = f"You are not in {apart.title}."

    def _turn_to(self, room: Room, serial: int | None) -> None:
        """Show *room*, with the line of that serial number in the middle; if it is not there, the newest line."""
        self._model.turn_to(room)
        self._view_shown()
        self._view.viewport.follow()
        if serial is not None and serial < room.lines.end:
            self._view.viewport.go_to(serial)

    def search(self) -> None:
        """Search the lines that are shown; if the user does, go to the match before."""
        if self._finder is not None:
            self.choose(forward=False)
        elif isinstance(self._apart, Unread):
            self._hint = "Esc comes back to the room. Search there."
        elif self._buffer is not self._secret:
            self.drop_question()
            self._finder = Finder(self._shown, self._viewport, self._painter, self._typed)
            self._control.buffer = self._buffer

    def _enter_search(self, finder: Finder) -> None:
        """Stay at the match, or search all rooms if there is none here."""
        text, found = finder.buffer.text, finder.found
        self._end_search()
        if text and not found:
            try:
                self._client.enter(f"/search {text}")
            except CannotDo as reason:
                self._hint = str(reason)

    def _end_search(self) -> None:
        """Give the keys back to the line of the room."""
        if self._finder is not None:
            self._finder.end()
            self._view.viewport.repaint()  # above a short list, the room is visible too
            self._finder = None
            self._control.buffer = self._buffer

    @property
    def chooses(self) -> bool:
        """Whether Up and Down choose a message in a list, as nothing is typed, or go from match to match."""
        if self._finder is not None:
            return True
        return self._reader.chooses and not self._buffer.text

    def choose(self, forward: bool) -> None:
        """Choose the next message of the list, or go to the next match; or to the one before."""
        if self._finder is not None:
            self._finder.step(forward)
        else:
            self._reader.choose(forward)

    def _give(self, secret: str) -> None:
        """Answer what the user is asked for."""
        self._secret.reset()
        try:
            if secret:
                self._client.give(secret)
        except CannotDo as reason:
            self._hint = str(reason)

    def begin_line(self) -> None:
        """Begin another line of what is typed."""
        if self._finder is None:
            self._buffer.insert_text("\n")

    def drop_question(self) -> None:
        """Drop the question that is asked, and the hint."""
        self._asked_to_leave = False
        self._hint = ""
        self.application.invalidate()

    def go_back(self) -> None:
        """Drop the question that is asked, and come back from the list of rooms or a place that was read apart.

        If there is nothing to come back from, ask whether to stop sending a file, or stop it.
        """
        asked = self._hint
        self.drop_question()
        if self._chooses:
            self._chooser.close()
            self._view_shown()
            return
        if self._finder is not None:
            if not isinstance(self._apart, Listing):
                self._viewport.follow()
            self._end_search()
            return
        is_back = self._apart is None and self._viewport.following
        self._reader.come_back()
        if is_back:
            self._hint = self._client.stop_sending(asked)

    def interrupt(self) -> None:
        """Do the first of these that applies: clear the line (Up brings it back), ask whether to leave, leave."""
        if self._finder is not None:
            self.go_back()
            return
        buffer = self._buffer
        asked = self._asked_to_leave
        if buffer.text:
            self.drop_question()
            if not self._client.is_code(buffer.text):
                buffer.append_to_history()
            buffer.reset()
        elif asked:
            self.leave()
        else:
            self._asked_to_leave = True
            self._hint = "Press Ctrl-C again, or Ctrl-D, to leave."

    def leave(self) -> None:
        """Leave the chat."""
        self._hint = "Leaving…"
        self._client.link.leave()
        self.application.invalidate()

    def paste(self, data: str) -> None:
        """Take in what was pasted. If it has several lines, they can be seen, and become one message."""
        text = clean_lines(data)
        if len(text.encode("utf-8", "replace")) > MAXIMUM_PASTE:
            is_said = isinstance(self._buffer, InputLine)
            self._hint = self._client.keep_paste(text) if is_said else "That is too much to paste."
            return
        is_sought = self._finder is not None or self._chooses
        self._buffer.insert_text(text.partition("\n")[0] if is_sought else text)

    def _typed(self) -> None:
        """What is typed was changed."""
        self.drop_question()
        self._hint = self._hint_of_lines()

    def _hint_of_lines(self) -> str:
        """Say what becomes of several lines, if there are some."""
        lines = self._buffer.text.split("\n")
        count = len(lines)
        if count == 1:
            return self._hint_of_message()
        limits = self._model.limits
        if limits is not None and count > limits.lines > 0:
            as_file = "Enter twice sends them as a file, " if self._client.takes_files else ""
            return f"{count} lines, and the server takes {limits.lines} at once. {as_file}Ctrl-C drops them."
        how = "as one message" if self._client.takes_lines else "one by one"
        if count <= LISTED_LINES or self._takes_secret:
            return f"{count} lines. Enter sends them {how}, Ctrl-C drops them."
        first, last = (in_quotes(shorten(line.strip(), LISTED_WIDTH)) for line in (lines[0], lines[-1]))
        return f"{count} lines, from {first} to {last}. Enter sends them {how}, Ctrl-C drops them."

    def _hint_of_message(self) -> str:
        """Say what is answered, or edited, whose it is, and where."""
        answered = self._client.answers(self._buffer.text)
        if (named := answered or self._client.edits(self._buffer.text)) is None:
            return ""
        room, line = named
        does = f"Answers {line.author}" if named is answered else "Changes what you said"
        return f"{does} in {room.title}: {in_quotes(shorten(quoted(line.text), ANSWERED_WIDTH))}"

    def complete(self, forward: bool) -> None:
        """Complete the word before the cursor, or go to the next that fits."""
        buffer = self._buffer
        if self._takes_secret or self._finder is not None:
            return
        if buffer.complete_state is not None and buffer.complete_state.completions:
            state = buffer.complete_state
            step = 1 if forward else -1
            buffer.go_to_completion(((state.complete_index or 0) + step) % len(state.completions))
            return
        document = buffer.document
        before, blank_follows = document.text_before_cursor, document.text_after_cursor.startswith(" ")
        offer = self._client.complete(before)
        if not offer.texts:
            return
        texts = [text.rstrip() if blank_follows else text for text in offer.texts]
        completions = [Completion(text, offer.start - len(before), display=displayed(text.strip())) for text in texts]
        buffer.complete_state = CompletionState(document, completions)
        buffer.go_to_completion(0 if forward else len(completions) - 1)
        if offer.is_beginning:
            buffer.complete_state = None

    def read(self, move: Callable[[Reader], str]) -> None:
        """Move in what is on the screen."""
        self.drop_question()
        self._hint = move(self._reader)

    def turn_by(self, steps: int) -> None:
        """Show the next room, or the one before."""
        self._model.turn_by(steps)
        self._view_shown()

    def turn_to_unread(self) -> None:
        """Show a room with something unread."""
        why_not = self._model.turn_to_unread()
        self._view_shown()
        self._hint = why_not

    def turn_to_number(self, number: int) -> None:
        """Show the room with that number in the status bar."""
        if number <= len(self._model.rooms):
            self._model.turn_to(self._model.rooms[number - 1])
            self._view_shown()

    def choose_room(self, by: By) -> None:
        """Show the open rooms, for the user to choose one."""
        self._end_search()
        self._chooser.open(by)
        self._view_shown()

    def _chosen(self, why_not: str) -> None:
        self._view_shown()
        self._hint = why_not

    def move(self, forward: bool) -> None:
        """Move the cursor by what is seen as one character."""
        buffer = self._buffer
        if isinstance(buffer, InputLine):
            buffer.move(forward)
        elif forward:
            buffer.cursor_right()
        else:
            buffer.cursor_left()

    def bring_back(self, count: int) -> None:
        """Show what was typed so many texts before, in whatever room; after, if *count* is negative."""
        if isinstance(self._buffer, InputLine):
            self._buffer.bring_back(count, everywhere=True)

    def search_typed(self) -> None:
        """Search what was typed in all rooms."""
        if isinstance(self._buffer, InputLine):
            self._buffer.begin_search()
            start_search(direction=SearchDirection.BACKWARD)

    @property
    def shows_copy_view(self) -> bool:
        """Whether the copy view is shown, or about to be shown."""
        return self._copy_view is not None

    def show_copy_view(self) -> None:
        """Show the lines that are on the screen as plain text, to be copied."""
        if self._copy_view is None:
            self._copy_view = CopyView(self.application.input, self.application.output)
            self.application.create_background_task(self._show_copy_view(self._copy_view))

    def type_at_copy_view(self, keys: Sequence[KeyPress]) -> None:
        """Give the copy view keys that were read just before it was shown, or just after."""
        if self._copy_view is not None:
            self._copy_view.type(keys)

    # How it looks

    @property
    def _view(self) -> View:
        return self._view_of(self._model.current)

    def _view_of(self, room: Room) -> View:
        if room not in self._views:
            line = InputLine(self._history, room, self._drafts.pop(room, ""), lambda _: self._typed())
            self._views[room] = View(room, self._painter, line)
        return self._views[room]

    def draft(self, room: Room) -> str:
        """Return what is half typed in *room*."""
        return self._views[room].buffer.text if room in self._views else self._drafts.get(room, "")

    def replace(self, room: Room, before: str, after: str) -> None:
        """Have another text stand in the line of *room*, if it is still the one *before*."""
        if room not in self._views and self._drafts.get(room) == before:
            self._drafts[room] = after
        elif room in self._views and self._views[room].buffer.text == before:
            self._views[room].buffer.document = Document(after)

    @property
    def _buffer(self) -> Buffer:
        """What is being typed: the line of the room, what is looked for, or the answer to a question."""
        if status.question(self._model.state):
            return self._secret
        if self._chooser.is_open:
            return self._chooser.buffer
        return self._view.buffer if self._finder is None else self._finder.buffer

    @property
    def _chooses(self) -> bool:
        """Whether the user is choosing a room."""
        return self._buffer is self._chooser.buffer

    @property
    def _takes_secret(self) -> bool:
        """Whether what is being typed answers what the user is asked for, and is no command."""
        return self._buffer is self._secret and not self._secret.text.startswith("/")

    @property
    def _viewport(self) -> Viewport:
        """The part that is visible of the room, or of what is shown over it."""
        return self._reader.viewport

    @property
    def _apart(self) -> Apart | None:
        """What is shown over the room."""
        return self._reader.apart

    @property
    def _shown(self) -> Apart | Room:
        """What is on the screen: the room, or what is over it."""
        return self._reader.shown

    @property
    def _width(self) -> int:
        return self.application.output.get_size().columns

    @property
    def _listed(self) -> int:
        """How many rooms are listed at most."""
        return max(self.application.output.get_size().rows // 2, 1)

    def _view_shown(self) -> None:
        """Another room is shown: send the keys there."""
        self.drop_question()
        self._end_search()
        self._reader.room_shown()
        self._control.buffer = self._buffer
        self.application.invalidate()

    def _body(self) -> HSplit:
        messages = Window(_Messages(self._message_rows), height=Dimension(weight=_WEIGHT), always_hide_cursor=True)
        typed = Window(
            self._control,
            dont_extend_height=True,
            height=Dimension(min=1, max=MAXIMUM_ROWS),
            style="class:text",
        )
        return HSplit(
            [
                self._bar(lambda: bars.topic_bar(self._model.current, self._width)),
                messages,
                self._bar(self._status),
                ConditionalContainer(
                    Window(
                        FormattedTextControl(lambda: self._chooser.rows(self._width, self._listed)),
                        dont_extend_height=True,
                        height=lambda: Dimension.exact(self._chooser.count(self._listed)),
                    ),
                    Condition(lambda: self._chooses),
                ),
                ConditionalContainer(self._bar(self._offers), Condition(lambda: bool(self._offers()))),
                ConditionalContainer(
                    Window(
                        FormattedTextControl(lambda: bars.hint(self._told, self._width)),
                        dont_extend_height=True,
                        height=Dimension(min=1, max=MAXIMUM_ROWS),
                    ),
                    # Not _told itself: in a search it looks through all lines, and this is asked again and again.
                    Condition(lambda: self._finder is not None or bool(self._hint)),
                ),
                self._search,
                typed,
            ]
        )

    def _bar(self, text: Callable[[], StyleAndTextTuples]) -> Window:
        return Window(FormattedTextControl(text), height=1, wrap_lines=False)

    def _status(self) -> StyleAndTextTuples:
        return bars.status_bar(self._model, self._address, len(self._client.link.outbox), self._width)

    def _offers(self) -> StyleAndTextTuples:
        """Return the row of what Tab offers; nothing if it offers less than two."""
        state = self._buffer.complete_state
        if state is None or len(state.completions) < 2:
            return []
        return bars.offers([offer.display_text for offer in state.completions], state.complete_index or 0, self._width)

    @property
    def _told(self) -> str:
        """The hint. In a search it is where the user is, also when lines come meanwhile."""
        return self._hint if self._finder is None else self._finder.hint

    def _prompt(self) -> StyleAndTextTuples:
        if self._chooses:
            return [("class:prompt", self._chooser.by.value), ("class:prompt.mark", ": ")]
        if self._finder is not None and self._buffer is self._finder.buffer:
            return bars.search_prompt(self._shown.title, self._width)
        return bars.prompt(self._model, self._width)

    def _message_rows(self, width: int, height: int) -> list[Row]:
        """Return *height* rows, the newest at the bottom; messages that are not stored yet come last."""
        self._reader.width, self._reader.height = width, height
        apart = self._apart
        rows = self._rows_of_room(width, height) if apart is None else self._rows_apart(apart, width, height)
        rows = rows[-height:]
        empty: list[Row] = [[] for _ in range(height - len(rows))]
        return empty + rows

    def _rows_of_room(self, width: int, height: int) -> list[Row]:
        viewport = self._view.viewport
        unsent: list[Row] = []
        if viewport.following:
            for text in self._client.unsent(self._model.current)[-(height // 2 or 1) :]:
                unsent.append([("class:unsent", shorten(f"  ... {displayed(text)}", width))])
        viewport.resize(width, max(height - len(unsent), 1))
        rows = [*viewport.visible(), *unsent]
        if not viewport.following:
            rows.append(bars.more_below(viewport.below, width))
        return rows

    def _rows_apart(self, apart: Apart, width: int, height: int) -> list[Row]:
        """Return the rows of what is shown over the room. Above a short list, the room stays visible."""
        viewport = self._viewport
        viewport.resize(width, height)
        rows = [*viewport.visible(), bars.apart(apart, viewport.lowest, width)]
        left = height - len(rows) - 1
        if isinstance(apart, Listing) and left > 0:
            rows = [*self._rows_of_room(width, left), [("class:day", "─" * width)], *rows]
        return rows

    async def _show_copy_view(self, view: CopyView) -> None:
        try:
            await view.show(text for line in self._viewport.lines() for text in lines_with_time(line))
        finally:
            self._copy_view = None

    # The end

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Drawing or a key failed: restore the terminal, then report the exception."""
        self._exit(context.get("exception") or RuntimeError(context["message"]))

    def _exit(self, failure: BaseException | None) -> None:
        if self._copy_view is not None:
            self._copy_view.close()
        application = self.application
        if application.future is not None and not application.future.done():
            if failure is None:
                application.exit()
            else:
                application.exit(exception=failure)
