"""The page about the limits, against the limits."""

from __future__ import annotations

import re
from pathlib import Path

from chat.core.limits import Limits
from chat.settings import LIMITS

PAGE = (Path(__file__).parents[1] / "docs" / "limits.md").read_text()


def test_it_lists_every_limit_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z-]+)`( \*)? \| ([0-9.]+) \| (.+) \|", PAGE, re.MULTILINE)
    documented = {name: float(default) for name, _, default, _ in rows}
    assert documented == {name.replace("_", "-"): getattr(Limits(), name) for name in LIMITS}


def test_it_marks_what_can_be_switched_off() -> None:
    marked = set(re.findall(r"^\| `([a-z-]+)` \* \|", PAGE, re.MULTILINE))
    free = Limits().without_rates()
    off = {name.replace("_", "-") for name in LIMITS if getattr(free, name) is None}
    without_effect = {"connects-burst", "burst", "flood-notice", "flood-end", "history-cost", "search-cost"}
    assert marked == off | without_effect
