"""Whoever is killed while a backup is made or restored leaves the old one or the new one, whole."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.waiting import DEADLINE
from history.stores import wait
from history.test_backup import NOW, bring_back, kept, opened, save
from history.test_kept_changes import said
from history.test_soundness import fill, look
from history.test_versions import dump

from chat.history.directory import FILE
from chat.history.restore import PART

PLACES, LAST = 8, 16
"""So many places all over the work, and at its end, where it is killed."""

WORK = """
import os, signal, sqlite3, sys
from pathlib import Path
from chat.history import backup, copying, restore

limit, done = int(sys.argv[1]), 0

def count(*_):
    global done
    done += 1
    if done == limit:
        os.kill(os.getpid(), signal.SIGKILL)

def counted(work):
    def call(*arguments, **options):
        count()
        return work(*arguments, **options)
    return call

for name in ("open", "fsync", "fdatasync", "link", "unlink", "replace", "close"):
    setattr(os, name, counted(getattr(os, name)))

connect = sqlite3.connect

def traced(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.set_trace_callback(count)
    return connection

sqlite3.connect = traced
copying.AT_ONCE = 1
what, one, other = sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4])
{"backup": backup.back_up, "restore": restore.restore}[what](one, other, float(sys.argv[5]), count)
print(done)
"""


def work(limit: int, what: str, one: Path, other: Path) -> int:
    """Make or restore a backup, and be killed at the step *limit*; return how many steps there were, unless killed."""
    command = [sys.executable, "-c", WORK, str(limit), what, str(one), str(other), str(NOW)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == (-signal.SIGKILL if limit else 0)
    return int(done.stdout or 0)


def places(steps: int) -> Iterator[int]:
    """Where it is killed."""
    assert steps > PLACES + LAST
    yield from range(1, steps - LAST, (steps - LAST) // PLACES)
    yield from range(steps - LAST + 1, steps + 1)


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A directory with the data of a chat that was killed, of which there is a backup, and an older one."""
    data = tmp_path / "live"
    data.mkdir()
    fill(data)
    (tmp_path / "stage").mkdir()
    save(data, tmp_path / "stage" / "older.db")
    with opened(data) as (store, _):
        wait(store.append([said(21, "in the backup")]))
        save(data, tmp_path / "stage" / "backup.db")
        wait(store.append([said(22, "after the backup")]))
        shutil.copytree(data, tmp_path / "stage" / "data")
    return tmp_path / "stage"


def test_a_restore_that_is_killed_at_any_place(stage: Path, tmp_path: Path) -> None:
    scene = tmp_path / "scene"

    def begin() -> Path:
        shutil.rmtree(scene, ignore_errors=True)
        shutil.copytree(stage, scene)
        return scene / "data"

    before = dump(begin() / FILE)
    steps = work(0, "restore", scene / "backup.db", begin())
    after = dump(scene / "data" / FILE)
    assert before != after
    seen = set()
    for place in places(steps):
        data = begin()
        work(place, "restore", scene / "backup.db", data)
        found = dump(data / FILE)
        assert found in (before, after), place
        assert look(data) == [], place
        if found == after:
            assert [dump(path) for path in kept(data)] == [before], place
        seen.add(found == after)
        bring_back(scene / "backup.db", data)
        assert dump(data / FILE) == after, place
        assert not any(path.samefile(data / FILE) for path in kept(data)), place
        assert before in [dump(path) for path in kept(data)], place
        assert not list(data.glob(f"{PART}*")), place
        assert (scene / "backup.db").read_bytes() == (stage / "backup.db").read_bytes(), place
    assert seen == {True, False}


def test_a_backup_that_is_killed_at_any_place(stage: Path, tmp_path: Path) -> None:
    target = tmp_path / "backups" / "backup.db"

    def begin() -> Path:
        shutil.rmtree(target.parent, ignore_errors=True)
        target.parent.mkdir()
        shutil.copy(stage / "older.db", target)
        return stage / "data"

    older = (stage / "older.db").read_bytes()
    steps = work(0, "backup", begin(), target)
    whole = target.read_bytes()
    seen = set()
    for place in places(steps):
        work(place, "backup", begin(), target)
        found = target.read_bytes()
        assert found in (older, whole), place
        seen.add(found == whole)
        assert all(path.stat().st_mode & 0o077 == 0 for path in target.parent.iterdir() if path != target), place
        save(stage / "data", target)
        assert target.read_bytes() == whole, place
        assert os.listdir(target.parent) == ["backup.db"], place
    assert seen == {True, False}
