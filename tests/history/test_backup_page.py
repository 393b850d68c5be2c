"""What ``docs/backup.md`` says to do every night works as it stands there, with other directories."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.tools import tool
from e2e.waiting import DEADLINE
from history.test_soundness import fill

TONIGHT = 'date() { command date --date=2026-11-26 "$@"; }; '
"""Has the shell take all nights for one."""

PAGE = (Path(__file__).parents[2] / "docs" / "backup.md").read_text()


def blocks(kind: str) -> list[str]:
    """What the page shows of a kind."""
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def cron_command() -> str:
    """What cron has the shell do: ``\\%`` is a percent sign to it."""
    (block,) = blocks("text")
    *_, line = block.splitlines()
    *_, command = line.split(None, 6)
    return command.replace(r"\%", "%")


def systemd_command() -> str:
    """What systemd has the shell do: ``$$`` and ``%%`` stand for one of them."""
    service, _ = blocks("ini")
    found = re.search(r"^ExecStart=/bin/sh -c '(.*)'$", service, re.MULTILINE)
    assert found is not None
    return found[1].replace("$$", "$").replace("%%", "%")


@pytest.mark.parametrize("command", [cron_command(), systemd_command()], ids=["cron", "systemd"])
def test_a_backup_is_made_every_night(tmp_path: Path, command: str) -> None:
    data, backups = tmp_path / "data", tmp_path / "backups"
    data.mkdir()
    backups.mkdir()
    fill(data)
    for old, new in (
        ("/opt/chat/bin/chat", f"{sys.executable} -m chat"),
        ("/backup/", f"{backups}/"),
        ("/var/lib/chat", str(data)),
    ):
        assert old in command
        command = command.replace(old, new)
    for _ in range(2):
        subprocess.run(
            ["/bin/sh", "-c", TONIGHT + command], check=True, timeout=DEADLINE, env={**os.environ, "LC_ALL": "C"}
        )
    assert [path.name for path in backups.iterdir()] == ["chat-Thu.db"]


def test_systemd_knows_the_units(tmp_path: Path) -> None:
    verify = [tool("systemd-analyze"), "verify"]
    names = ["chat-backup.service", "chat-backup.timer"]
    for name, text in zip(names, blocks("ini"), strict=True):
        assert text.startswith(f"# /etc/systemd/system/{name}\n")
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [*verify, *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
