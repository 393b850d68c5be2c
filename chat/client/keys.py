"""Which key does what in the terminal client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prompt_toolkit.filters import is_searching
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys

if TYPE_CHECKING:
    from chat.client.terminal import Terminal


def bindings(terminal: Terminal) -> KeyBindings:
    """Bind the keys; those of Emacs for editing a line are there besides."""
    keys = KeyBindings()
    typing = ~is_searching

    @keys.add("enter", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.enter()

    @keys.add("escape", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.drop_question()

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

    @keys.add("pageup")
    def _(event: KeyPressEvent) -> None:
        terminal.scroll_up()

    @keys.add("pagedown")
    def _(event: KeyPressEvent) -> None:
        terminal.scroll_down()

    @keys.add("escape", "end")
    @keys.add("c-end")
    def _(event: KeyPressEvent) -> None:
        terminal.follow()

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

    @keys.add("c-l")
    def _(event: KeyPressEvent) -> None:
        event.app.renderer.clear()

    @keys.add("c-z", filter=typing)
    def _(event: KeyPressEvent) -> None:
        event.app.suspend_to_background()

    @keys.add("f2", filter=typing)
    def _(event: KeyPressEvent) -> None:
        terminal.show_bare()

    return keys
