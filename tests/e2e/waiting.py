"""Waiting for conditions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE = 120.0
"""The seconds after which a test gives up waiting."""

T = TypeVar("T")


def wait_for(condition: Callable[[], T], what: str) -> T:
    """Wait until *condition* returns something true, and return that. If it never does, fail, naming *what*."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {DEADLINE:.0f} seconds in vain: {what}")
        time.sleep(0.01)
    return value
