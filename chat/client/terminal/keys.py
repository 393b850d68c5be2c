"""Which key does what in the terminal client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition, has_selection, is_searching
from prompt_toolkit.key_binding import KeyBindings, KeyPress, KeyPressEvent
from prompt_toolkit.keys import Keys

from chat.client.terminal.reader import Reader
from chat.client.terminal.room_chooser import By

WITHOUT_MEANING = (("c-q",), ("c-o",), ("escape", "0"), ("escape", "-"), ("escape", "#"))
"""What prompt_toolkit would do with these takes the line away, or changes what the next key does."""

READING = (
    (("pageup",), Reader.scroll_up),
    (("pagedown",), Reader.scroll_down),
    (("escape", "end"), Reader.follow),
    (("c-end",), Reader.follow),
    (("escape", "r"), Reader.read_on),
    (("escape", "u"), Reader.go_to_mark),
    (("escape", "m"), Reader.draw_mark),
    (("escape", "e"), Reader.read_all),
    (("escape", "p"), Reader.to_mention_before),
    (("escape", "n"), Reader.to_mention_after),
)
"""The keys that move in what is on the screen."""


class Actions(Protocol):
    """What the keys can do."""

    def enter(self) -> None:
        """Send what was typed."""

    def begin_line(self) -> None:
        """Begin another line of what is typed."""

    def go_back(self) -> None:
        """Drop the question that is asked, and come back from a place that was read apart."""

    def interrupt(self) -> None:
        """Do the first of these that applies: clear the line, ask whether to leave, leave."""

    def leave(self) -> None:
        """Leave the chat."""

    def paste(self, data: str) -> None:
        """Take in what was pasted."""

    def complete(self, forward: bool) -> None:
        """Complete the word before the cursor, or go to the next that fits."""

    @property
    def chooses(self) -> bool:
        """Whether Up and Down choose a message in a list, or go from match to match."""

    def choose(self, forward: bool) -> None:
        """Choose the next message of the list, or go to the next match; or to the one before."""

    def search(self) -> None:
        """Search the lines that are shown; if the user does, go to the match before."""

    def read(self, move: Callable[[Reader], str]) -> None:
        """Move in what is on the screen."""

    def turn_by(self, steps: int) -> None:
        """Show the next room, or the one before."""

    def turn_to_unread(self) -> None:
        """Show a room with something unread."""

    def turn_to_number(self, number: int) -> None:
        """Show the room with that number."""

    def choose_room(self, by: By) -> None:
        """Show the open rooms, for the user to choose one."""

    def move(self, forward: bool) -> None:
        """Move the cursor by what is seen as one character."""

    def bring_back(self, count: int) -> None:
        """Show what was typed so many texts before, in whatever room; after, if *count* is negative."""

    def search_typed(self) -> None:
        """Search what was typed in all rooms."""

    @property
    def shows_copy_view(self) -> bool:
        """Whether the copy view is shown, or about to be shown."""

    def show_copy_view(self) -> None:
        """Show the lines that are on the screen as plain text, to be copied."""

    def type_at_copy_view(self, keys: Sequence[KeyPress]) -> None:
        """Give the copy view keys that were read just before it was shown, or just after."""


def _alone() -> bool:
    """Whether nothing came together with the key that is handled now: an Escape is then the Esc key, and no Alt."""
    return not get_app().key_processor.input_queue


def bindings(terminal: Actions) -> KeyBindings:
    """Bind the keys to *terminal*. The Emacs keys for editing a line work besides."""
    keys = KeyBindings()
    typing = ~is_searching
    copying = Condition(lambda: terminal.shows_copy_view)

    @keys.add("enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.enter()

    @keys.add("escape", "enter", filter=typing)
    @keys.add("escape", "c-j", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.begin_line()

    @keys.add("escape", filter=typing & ~copying, eager=Condition(_alone))
    def _(event: KeyPressEvent) -> None:
        terminal.go_back()

    @keys.add("escape", Keys.Any, filter=typing)
    def _(event: KeyPressEvent) -> None:
        """Do nothing for an Alt key without a meaning; if Esc came apart from the other key, handle each."""
        other = event.key_sequence[-1]
        if other.data:
            terminal.go_back()
            event.key_processor.feed(other, first=True)

    @keys.add(Keys.Any, save_before=lambda event: not event.is_repeat)
    def _(event: KeyPressEvent) -> None:
        """Type a character. A key without a meaning types nothing."""
        if not isinstance(event.key_sequence[-1].key, Keys):
            event.current_buffer.insert_text(event.data)

    for sequence in WITHOUT_MEANING:

        @keys.add(*sequence)
        def _(event: KeyPressEvent) -> None:
            """Do nothing."""

    @keys.add("c-c", filter=typing)
    @keys.add("<sigint>", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.interrupt()

    @keys.add("c-d", filter=typing)
    def _(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.delete()
        else:
            terminal.leave()

    @keys.add("tab", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.complete(forward=True)

    @keys.add("s-tab", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.complete(forward=False)

    @keys.add(Keys.BracketedPaste, filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.paste(event.data)

    chooses = Condition(lambda: terminal.chooses)

    @keys.add("up", filter=typing & chooses)
    def _(event: KeyPressEvent) -> None:
        terminal.choose(forward=False)

    @keys.add("down", filter=typing & chooses)
    def _(event: KeyPressEvent) -> None:
        terminal.choose(forward=True)

    @keys.add("c-s", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.search()

    for sequence, move in READING:

        @keys.add(*sequence, filter=typing)
        def _(event: KeyPressEvent, move: Callable[[Reader], str] = move) -> None:
            terminal.read(move)

    for names, forward in ((("left", "c-b"), False), (("right", "c-f"), True)):
        for name in names:

            @keys.add(name, filter=typing & ~has_selection)
            def _(event: KeyPressEvent, forward: bool = forward) -> None:
                terminal.move(forward)

    @keys.add("c-n", filter=typing)
    @keys.add("escape", "right", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.turn_by(1)

    @keys.add("c-p", filter=typing)
    @keys.add("escape", "left", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.turn_by(-1)

    @keys.add("escape", "a", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.turn_to_unread()

    for digit in "123456789":

        @keys.add("escape", digit, filter=typing)
        def _(event: KeyPressEvent, number: int = int(digit)) -> None:
            terminal.turn_to_number(number)

    for letter, by in (("g", By.NAME), ("j", By.NUMBER)):

        @keys.add("escape", letter, filter=typing)
        def _(event: KeyPressEvent, by: By = by) -> None:
            terminal.choose_room(by)

    @keys.add("c-up", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.bring_back(1)

    @keys.add("c-down", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.bring_back(-1)

    @keys.add("c-r", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.search_typed()

    @keys.add("c-l")
    def _(event: KeyPressEvent) -> None:
        event.app.renderer.clear()

    @keys.add("c-z", filter=typing)
    def _(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    @keys.add("f2", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.show_copy_view()

    @keys.add(Keys.Any, filter=copying, eager=True)
    def _(event: KeyPressEvent) -> None:
        terminal.type_at_copy_view(event.key_sequence)

    return keys
