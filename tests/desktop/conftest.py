"""The display that all tests of the desktop client share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from desktop.displays import Display


@pytest.fixture(scope="session")
def display() -> Iterator[Display]:
    """A display with a window manager."""
    display = Display()
    yield display
    display.close()
