"""Times that people type."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.errors import BadField
from chat.core.when import MOST, read

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
"""It is a quarter past ten in Berlin."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("50", {"count": 50}),
        ("since 09:00", {"count": MOST, "since": "2026-11-21T08:00:00.000Z"}),
        ("SINCE  10:15", {"count": MOST, "since": "2026-11-21T09:15:00.000Z"}),
        ("since 10:16", {"count": MOST, "since": "2026-11-20T09:16:00.000Z"}),
        ("since 9:00:30", {"count": MOST, "since": "2026-11-21T08:00:30.000Z"}),
        ("since 2026-07-01 09:00", {"count": MOST, "since": "2026-07-01T07:00:00.000Z"}),
        ("after 217", {"count": MOST, "after": 217}),
        ("BEFORE  400", {"count": MOST, "before": 400}),
        ("before 400 after 217", {"count": MOST, "after": 217, "before": 400}),
        ("50 before 400", {"count": 50, "before": 400}),
        ("around 217", {"around": 217}),
        ("50 AROUND 217", {"count": 50, "around": 217}),
        ("since 09:00 after 217", {"count": MOST, "since": "2026-11-21T08:00:00.000Z", "after": 217}),
        (
            "2026-11-20 after 217",
            {"count": MOST, "since": "2026-11-19T23:00:00.000Z", "until": "2026-11-20T23:00:00.000Z", "after": 217},
        ),
        ("since 2026-11-20", {"count": MOST, "since": "2026-11-19T23:00:00.000Z"}),
        (
            "2026-11-20",
            {"count": MOST, "since": "2026-11-19T23:00:00.000Z", "until": "2026-11-20T23:00:00.000Z"},
        ),
        (
            "2026-10-25",
            {"count": MOST, "since": "2026-10-24T22:00:00.000Z", "until": "2026-10-25T23:00:00.000Z"},
        ),
    ],
)
def test_what_can_be_asked_for(text: str, expected: dict[str, object]) -> None:
    assert read(text, NOW, BERLIN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "many",
        "-1",
        "since",
        "since 25:00",
        "2026-13-01",
        "9:00",
        "0001-01-01",
        "50 60",
        "after",
        "after x",
        "before 1 before 2",
        "around",
        "around x",
        "since 09:00 around 217",
        "2026-11-20 around 217",
        "around 217 after 3",
        f"after {10**18}",
    ],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadField, match="/history since 09:00"):
        read(text, NOW, BERLIN)


@given(st.text(alphabet="since0123456789:- "))
def test_anything_is_understood_or_refused(text: str) -> None:
    try:
        fields = read(text, NOW, BERLIN)
    except BadField:
        return
    assert fields.get("since", "") <= fields.get("until", "9")
