"""Random days in the chat: people, programs and the operator do anything in any order, and the promises hold.

This is the short version; ``PYTHONPATH=tests python -m machine --runs 20000`` is the long one.
"""

from __future__ import annotations

import os

import pytest
from machine.run import live, make, report, shorten

from chat.core import rights

RUNS = int(os.environ.get("MACHINE_RUNS", "200"))
NOT_YET: tuple[str, ...] = ()
"""The promises that the chat does not keep yet; the long version looks at them too, unless it is told not to."""


def test_the_promises_hold_in_random_days() -> None:
    for number in range(RUNS):
        fault = live(number, make(number), NOT_YET)
        assert fault is None, report(shorten(fault, NOT_YET))


def test_a_chat_that_breaks_a_promise_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rights, "has", lambda user, right, room: True)
    faults = (live(number, make(number), NOT_YET) for number in range(100))
    fault = shorten(next(fault for fault in faults if fault is not None), NOT_YET)
    assert fault.promise in ("op", "role")
    assert len(fault.steps) <= 3
