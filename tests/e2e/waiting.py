"""Waiting for conditions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

DEADLINE = 30.0
"""The seconds after which something awaited is taken never to come."""

T = TypeVar("T")


def wait_for(condition: Callable[[], T], what: str, deadline: float = DEADLINE) -> T:
    """Return the first true value of *condition*; fail where none comes."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline:.0f} seconds in vain: {what}")
        time.sleep(0.01)
    return value
