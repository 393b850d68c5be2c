"""The log is for nobody else to read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from permissions import umask
from twisted.python.logfile import LogFile

from chat.daemon.logfiles import make_private


def mode(path: Path) -> int:
    """Who may do what with the file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Any:
    """Files are for all to read unless their maker says otherwise."""
    with umask(0):
        yield


@pytest.mark.usefixtures("open_umask")
def test_all_log_files_are_private_from_the_first_byte(tmp_path: Path) -> None:
    make_private(str(tmp_path / "chat.log"))
    assert mode(tmp_path / "chat.log") == 0o600
    file = LogFile("chat.log", str(tmp_path), rotateLength=10)
    for _ in range(3):
        file.write("ten letters\n")
    file.close()
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(("before", "after"), [(0o644, 0o640), (0o640, 0o640), (0o666, 0o660), (0o600, 0o600)])
def test_a_log_that_was_for_all_to_read_is_no_more(tmp_path: Path, before: int, after: int) -> None:
    """What its group may do, the operator has decided."""
    path = tmp_path / "chat.log"
    path.write_text("old\n")
    path.chmod(before)
    make_private(str(path))
    assert (mode(path), path.read_text()) == (after, "old\n")


def test_what_is_no_plain_file_stays_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    before = mode(pipe)
    make_private(str(pipe))
    make_private(os.devnull)
    assert mode(pipe) == before
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
