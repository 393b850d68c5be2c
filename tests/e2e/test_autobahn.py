"""Autobahn's cases, which try all that the standard of WebSockets says (RFC 6455)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from e2e.daemon import running
from e2e.waiting import DEADLINE

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
TESTS = Path(__file__).parents[1]


def test_all_cases_without_compression_pass_but_the_one_that_the_page_names(tmp_path: Path) -> None:
    with running([sys.executable, "-m", "e2e.echo"], cwd=TESTS, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        address = f"127.0.0.1:{server.stdout.readline().decode().strip()}"
        kosoku: list[str | Path] = [
            Path(sys.executable).with_name("kosoku"),
            "-x",
            "12.*",
            "-x",
            "13.*",
            "-p",
            "4",
            "-o",
            tmp_path,
        ]
        done = subprocess.run(
            [*kosoku, address], capture_output=True, text=True, timeout=10 * DEADLINE, check=False, cwd=tmp_path
        )
    failed = re.findall(r"^ +([\d.]+): behavior", done.stdout + done.stderr, re.MULTILINE)
    assert "for 301 cases" in done.stdout + done.stderr
    named = re.findall(r"Autobahn's case (\d+\.\d+\.\d+)", PAGE.read_text())
    assert failed == named == ["7.1.5"]
