"""After a power failure all is there that was shown, and nothing half; and this test sees it if a sync is left out.

``python -m power`` is longer.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from power.days import DAYS, talk
from power.disk import Fate
from power.judge import Cut, Judge, Syncs
from power.recording import Kind

CUTS = 100
FEWER_CUTS = 40
"""So many are enough for a day on which little happens."""

SINGLE = 20
"""So many syncs are left out, one at a time."""


@pytest.fixture(scope="module")
def judge_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Judge]:
    """Record a day, unless that was done already."""
    judges: dict[str, Judge] = {}

    def judge_of(name: str) -> Judge:
        if name not in judges:
            folder = tmp_path_factory.mktemp("day")
            judges[name] = Judge(DAYS[name](folder, 1), folder)
        return judges[name]

    return judge_of


@pytest.mark.parametrize("name", DAYS)
def test_nothing_is_lost_that_was_shown(judge_of: Callable[[str], Judge], name: str) -> None:
    judge = judge_of(name)
    assert judge.needed
    assert list(judge.faults(judge.random_cuts(CUTS if name == "talk" else FEWER_CUTS, seed=1))) == []


def test_on_a_day_of_talk_the_log_is_folded_into_the_file(judge_of: Callable[[str], Judge]) -> None:
    steps = judge_of("talk").steps
    ends = [number for number, step in enumerate(steps) if step.kind is Kind.UNLINKED and step.path.endswith("-wal")]
    folded = [number for number, step in enumerate(steps) if step.kind is Kind.SYNCED and step.path.endswith("chat.db")]
    assert any(
        before < number < after for before, after in zip((0, *ends), ends, strict=False) for number in folded[2:]
    )


@pytest.mark.parametrize(
    ("name", "kind", "path"),
    [
        ("talk", Kind.SYNCED, "chat/chat.db-wal"),
        ("talk", Kind.SYNCED, "chat/chat.db"),
        ("talk", Kind.DIRECTORY_SYNCED, "chat"),
        ("first start", Kind.SYNCED, "var/lib/chat/tls.new"),
        ("first start", Kind.DIRECTORY_SYNCED, "var/lib/chat"),
        ("first start", Kind.DIRECTORY_SYNCED, "var"),
        ("first certificate", Kind.DIRECTORY_SYNCED, ""),
        ("upgrade from version 4", Kind.SYNCED, "chat.db.v4.part"),
        ("upgrade from version 4, which was killed", Kind.DIRECTORY_SYNCED, ""),
        ("import and export", Kind.SYNCED, "srv/chat/chat.db-wal"),
        ("import and export", Kind.DIRECTORY_SYNCED, "srv"),
        ("import and export", Kind.SYNCED, "rooms.jsonl.part"),
        ("backup and restore", Kind.SYNCED, "backups/monday.db.part"),
        ("backup and restore", Kind.DIRECTORY_SYNCED, "backups"),
        ("backup and restore", Kind.SYNCED, "chat/chat.db.restoring"),
        ("files", Kind.SYNCED, "chat/chat.files/KEY.part"),
        ("files", Kind.DIRECTORY_SYNCED, "chat/chat.files"),
    ],
)
def test_it_is_seen_if_what_is_synced_in_one_place_is_not(
    judge_of: Callable[[str], Judge], name: str, kind: Kind, path: str
) -> None:
    judge = judge_of(name)
    left_out = [number for number, step in enumerate(judge.steps) if step.kind is kind and judge.where(step) == path]
    assert left_out
    assert any(judge.faults(judge.random_cuts(CUTS, seed=1), lambda number: number not in left_out))


def test_it_is_seen_if_a_single_sync_of_the_log_is_left_out(judge_of: Callable[[str], Judge]) -> None:
    judge = judge_of("talk")
    only: list[tuple[int, int]] = []
    for shown, state, _ in judge.needed:
        between = range(judge.states[state].steps, shown)
        syncs = [number for number in between if judge.steps[number].kind is Kind.SYNCED]
        if len(syncs) == 1:
            only.append((syncs[0], shown))
    assert len(only) > 5 * SINGLE
    for sync, shown in random.Random(1).sample(only, SINGLE):  # noqa: S311
        (fault,) = judge.faults([Cut(shown, Fate.LOST, 1)], _without(sync))
        assert "lost: " in fault


def _without(sync: int) -> Syncs:
    return lambda number: number != sync


def test_with_sync_normal_only_the_newest_may_be_lost(tmp_path: Path) -> None:
    judge = Judge(talk(tmp_path, 1, rounds=30, sync="normal"), tmp_path)
    cuts = judge.random_cuts(FEWER_CUTS, seed=1)
    assert list(judge.faults(cuts, lasts=False)) == []
    faults = list(judge.faults(cuts))
    assert faults
    assert all("lost: " in fault for fault in faults)
