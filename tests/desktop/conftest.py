"""Somebody at the window. Tk is imported only by tests that need it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from box import Box
from desktop.displays import Display, Other

if TYPE_CHECKING:
    from desktop.desks import Desk


@pytest.fixture
def box() -> Box:
    """A chat."""
    return Box()


@pytest.fixture
def desk(display: Display, box: Box) -> Iterator[Desk]:
    """Somebody at the window, in the lobby."""
    from desktop.desks import Desk

    desk = Desk(display, box)
    yield desk
    desk.close()


@pytest.fixture
def elsewhere(display: Display) -> Iterator[Callable[[], None]]:
    """Bring the window of another program to the front."""
    others: list[Other] = []
    yield lambda: others.append(Other(display))
    for other in others:
        other.close()
