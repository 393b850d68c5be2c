"""What the terminal of a chat shows of what is logged."""

from __future__ import annotations

from io import BytesIO, TextIOWrapper

import pytest
from twisted.logger import Logger
from twisted.python.failure import Failure

from chat.daemon.screen import Screen


class Shown(TextIOWrapper):
    """A terminal that keeps what it is shown."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(BytesIO(), encoding)

    def lines(self) -> list[str]:
        """All that was shown."""
        assert isinstance(self.buffer, BytesIO)
        return self.buffer.getvalue().decode(self.encoding).splitlines()


class Broken(Shown):
    """A terminal that was closed."""

    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


def test_warnings_wait_for_the_greeting_and_the_rest_is_not_shown() -> None:
    terminal = Shown()
    screen = Screen(terminal)
    log = Logger("chat.test", observer=screen)
    log.info("somebody said something")
    log.warn("the disk is slow")
    assert terminal.lines() == []
    screen.greet(["Hello."])
    log.error("the disk is full")
    assert terminal.lines() == ["Hello.", "chat: the disk is slow", "chat: the disk is full"]


def test_an_error_does_not_wait() -> None:
    terminal = Shown()
    log = Logger("stderr", observer=Screen(terminal))
    log.warn("first")
    log.error("chat: it can't start")
    assert terminal.lines() == ["first", "chat: it can't start"]


def test_a_mistake_is_shown_with_where_it_was_made() -> None:
    terminal = Shown()
    log = Logger("chat.test", observer=Screen(terminal))
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError:
        log.failure("counting failed", Failure())
    assert terminal.lines()[0] == "chat: counting failed"
    assert terminal.lines()[-1].endswith("ZeroDivisionError: by nothing")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "caf\u00e9 \\x1b[2J"), ("latin-1", "caf\u00e9 \\x1b[2J"), ("ascii", "caf\\xe9 \\x1b[2J")],
)
def test_what_a_terminal_can_not_show_is_written_as_an_escape(encoding: str, shown: str) -> None:
    terminal = Shown(encoding)
    Screen(terminal).show("caf\u00e9 \x1b[2J")
    assert terminal.lines() == [shown]


def test_nobody_misses_what_a_closed_terminal_does_not_show() -> None:
    screen = Screen(Broken())
    screen.greet(["Hello."])
    Logger("chat.test", observer=screen).error("the disk is full")
