"""``chat serve``: the daemon for those who have no ``twistd`` on the path."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.daemon import LISTEN, Daemon, twistd
from e2e.waiting import DEADLINE

SERVE = [sys.executable, "-m", "chat", "serve"]


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE, check=False)


def test_it_serves_without_twistd_on_the_path(tmp_path: Path) -> None:
    nowhere = tmp_path / "bin"
    nowhere.mkdir()
    assert shutil.which("twistd", path=str(nowhere)) is None
    daemon = Daemon([*SERVE, "--listen", LISTEN], tmp_path, 1, {"PATH": str(nowhere)})
    try:
        ada = daemon.stranger()
        ada.walk_in("ada")
        daemon.signal(signal.SIGINT)
        ada.until("* The server is shutting down. Goodbye.")
        assert daemon.wait() == 0
    finally:
        daemon.end()
    assert {path.name for path in tmp_path.iterdir()} >= {"chat.db", "chat.lock"}
    assert not (tmp_path / "twistd.pid").exists()


def test_it_has_the_options_of_twistd_chat_under_its_own_name(tmp_path: Path) -> None:
    served, plugged = run(tmp_path, *SERVE, "--help"), run(tmp_path, *twistd(), "--nodaemon", "chat", "--help")
    assert (served.returncode, plugged.returncode) == (0, 0)
    first, *others = served.stdout.splitlines()
    assert first == "Usage: chat serve [options]"
    assert others == plugged.stdout.splitlines()[1:]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--fly"], "chat: option --fly not recognized"),
        (["somewhere"], "chat: it takes options only, and somewhere is none."),
        (["--history", "many"], "chat: --history must be a whole number from 0 to 200, not many."),
    ],
)
def test_what_is_wrong_is_a_sentence_and_says_where_to_look(tmp_path: Path, words: list[str], complaint: str) -> None:
    done = run(tmp_path, *SERVE, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"{complaint}\nchat serve --help lists the options.\n"
