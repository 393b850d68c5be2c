"""Where the window is, and how large."""

from __future__ import annotations

import tkinter
from collections.abc import Iterator

import pytest
from desktop.displays import Display

from chat.client.desktop.look import Look
from chat.client.desktop.placing import USUAL, place, placing_of
from chat.client.desktop.saved_state import Placing


@pytest.fixture
def root(display: Display) -> Iterator[tkinter.Tk]:
    """A window that is not shown yet."""
    root = tkinter.Tk(screenName=display.name)
    root.withdraw()
    yield root
    root.destroy()


def show(root: tkinter.Tk, look: Look, placing: Placing | None) -> Placing:
    """Show the window; return where it is."""
    place(root, look, placing)
    root.deiconify()
    root.update()
    now = placing_of(root, look)
    assert now is not None
    assert now.x is not None
    assert now.y is not None
    return now


@pytest.mark.parametrize("size", [0, 7])
def test_the_usual_size_is_counted_in_letters(root: tkinter.Tk, size: int) -> None:
    look = Look(root, dark=False, size=size)
    now = show(root, look, None)
    assert (now.columns, now.rows) == (USUAL.columns, USUAL.rows)
    assert root.winfo_width() == USUAL.columns * look.body.measure("0")


def test_no_window_is_larger_than_the_screen(root: tkinter.Tk) -> None:
    look = Look(root, dark=False, size=24)
    show(root, look, None)
    assert root.winfo_width() <= root.winfo_screenwidth()
    assert root.winfo_rooty() + root.winfo_height() <= root.winfo_screenheight()


@pytest.mark.parametrize(("x", "y"), [(2100, 300), (-900, 0), (0, 5000), (0, -300), (1200, 700)])
def test_a_window_that_was_on_another_screen_comes_onto_this_one(root: tkinter.Tk, x: int, y: int) -> None:
    look = Look(root, dark=False, size=0)
    show(root, look, Placing(60, 20, x, y))
    assert root.winfo_rootx() >= 0
    assert root.winfo_rooty() >= 0
    assert root.winfo_rootx() + root.winfo_width() <= root.winfo_screenwidth()
    assert root.winfo_rooty() + root.winfo_height() <= root.winfo_screenheight()


def test_a_window_is_where_it_was_with_as_many_letters(root: tkinter.Tk) -> None:
    now = show(root, Look(root, dark=False, size=0), Placing(60, 20, 200, 100))
    assert now == Placing(60, 20, 200, 100)
    look = Look(root, dark=False, size=14)
    again = show(root, look, now)
    assert (again.columns, again.rows, root.winfo_width()) == (60, 20, 60 * look.body.measure("0"))


def test_what_is_not_on_the_screen_has_no_place(root: tkinter.Tk) -> None:
    assert placing_of(root, Look(root, dark=False, size=0)) is None
