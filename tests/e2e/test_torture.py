"""Nothing is lost, doubled, reordered or shown to the wrong one, whatever breaks. ``python -m e2e.torture`` is long."""

from __future__ import annotations

from pathlib import Path

from e2e.torture.run import run, table


def test_every_view_is_the_history_and_every_right_was_given(tmp_path: Path) -> None:
    result = run(tmp_path, kills=3, seed=3)
    print(table([result]))
    assert result["faults"] == []
    assert result["counts"]["private messages shown"] > result["counts"]["kills"] == 3
