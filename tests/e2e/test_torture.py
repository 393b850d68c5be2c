"""Nothing is lost, doubled or out of order, whatever breaks. ``CHAT_TORTURE_KILLS=100`` makes it long."""

from __future__ import annotations

import os
from pathlib import Path

from e2e.torture import run


def test_every_view_is_the_history(tmp_path: Path) -> None:
    kills = int(os.environ.get("CHAT_TORTURE_KILLS", "5"))
    result = run(tmp_path, programs=20, kills=kills, seed=kills)
    print(result)
    assert result.said == result.acknowledged
    assert (result.lost, result.doubled, result.not_found, result.wrong_views) == (0, 0, 0, [])
    assert result.cuts > kills
