"""Backups take the files of messages along, in one file, and a restore puts them back."""

from __future__ import annotations

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from history.stores import deleted, wait
from history.test_backup import NOW, bring_back, opened, save
from history.test_files import KEYS, on_disk, put, sent

from chat.admin.files import run
from chat.disk.file_directory import FileDirectory, NoRoom
from chat.history import backed_files, restore
from chat.history.backup import CannotBackUp
from chat.history.directory import FILE, FILES
from chat.history.restore import BEFORE, CannotRestore

DATA = bytes(range(256)) * 10_000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory with a history of two messages with files."""
    folder = tmp_path / "data"
    with opened(folder) as (store, _):
        wait(store.append([sent(1, put(folder, KEYS[1], DATA)), sent(2, put(folder, KEYS[2]))]))
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "chat.db"


def known(folder: Path) -> list[str]:
    """The keys of the files that messages have."""
    with opened(folder) as (store, _):
        return [key for key in KEYS if wait(store.file(key)) is not None]


def check(folder: Path) -> list[str]:
    """What ``chat admin check`` says."""
    said: list[str] = []
    run(folder, ["check"], said.append)
    return said


def test_a_backup_has_the_files_in_it(data: Path, target: Path, tmp_path: Path) -> None:
    assert save(data, target).size > len(DATA)
    assert [path.name for path in target.parent.iterdir()] == ["chat.db"]
    new = tmp_path / "new"
    done = bring_back(target, new)
    assert (done.messages, done.lost) == (2, 0)
    assert on_disk(new) == KEYS[1:3]
    assert (new / FILES / KEYS[1]).read_bytes() == DATA
    assert (new / FILES / KEYS[1]).stat().st_mode & 0o777 == 0o600
    assert (new / FILE).stat().st_size < len(DATA)
    assert known(new) == KEYS[1:3]
    assert on_disk(new) == KEYS[1:3]
    assert check(new)[-1].endswith("is sound: 2 messages.")


def test_what_is_deleted_since_is_there_again(data: Path, target: Path) -> None:
    save(data, target)
    with opened(data) as (store, _):
        wait(store.append([deleted(1)]))
        wait(store.append([sent(4, put(data, KEYS[4]))]))
    done = bring_back(target, data, NOW + 1)
    assert done.kept is not None
    assert known(data) == KEYS[1:3]
    assert (data / FILES / KEYS[1]).read_bytes() == DATA
    done = bring_back(done.kept, data, NOW + 2)
    assert done.lost == 0
    assert known(data) == [KEYS[2], KEYS[4]]
    assert on_disk(data) == [KEYS[2], KEYS[4]]


def test_files_that_were_not_kept_are_not_left(data: Path, target: Path) -> None:
    save(data, target)
    left = data / f"{BEFORE}20260101T000000Z{backed_files.BESIDE}"
    left.mkdir()
    bring_back(target, data)
    assert not left.exists()


def test_what_a_restore_has_left_that_was_killed_is_in_nobodys_way(data: Path, target: Path, tmp_path: Path) -> None:
    save(data, target)
    new = tmp_path / "new"
    (new / FILES).mkdir(parents=True)
    (new / FILES / f"{KEYS[1]}.part").write_bytes(DATA[:1000])
    assert bring_back(target, new).lost == 0
    assert on_disk(new) == KEYS[1:3]


def test_a_plain_copy_is_restored_with_what_lies_beside_it(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(data, copy)
    new = tmp_path / "new"
    assert bring_back(copy / FILE, new).lost == 0
    assert on_disk(new) == KEYS[1:3]
    shutil.rmtree(copy / FILES)
    other = tmp_path / "other"
    assert bring_back(copy / FILE, other).lost == 2
    assert known(other) == []


def test_a_file_that_is_removed_meanwhile_is_left_out(data: Path, target: Path, tmp_path: Path) -> None:
    (data / FILES / KEYS[2]).unlink()
    save(data, target)
    new = tmp_path / "new"
    assert bring_back(target, new).lost == 0
    assert known(new) == [KEYS[1]]


def test_a_file_that_is_damaged_is_told(data: Path, target: Path) -> None:
    (data / FILES / KEYS[2]).write_bytes(b"tee")
    with pytest.raises(CannotBackUp, match=r"the file a b\.txt of message 2 is not as it was sent"):
        save(data, target)
    assert list(target.parent.iterdir()) == []
    wrong = "The file a b.txt of message 2 is not there, or not as it was sent. Restore a backup."
    assert wrong in check(data)
    (data / FILES / KEYS[2]).unlink()
    assert wrong in check(data)


def test_a_file_without_its_message_is_told(data: Path) -> None:
    with closing(sqlite3.connect(data / FILE, isolation_level=None)) as history:
        history.execute("DELETE FROM messages WHERE id = 2")
    assert any("1 have files and are not there (the first is 2)" in line for line in check(data))


def test_the_disk_needs_room_for_the_files_too(data: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(data)._replace(free=len(DATA))
    monkeypatch.setattr(shutil, "disk_usage", lambda where: usage)
    with pytest.raises(CannotBackUp, match="There is no room"):
        save(data, target)


def test_a_restore_that_has_no_room_for_a_file_says_so(
    data: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(data, target)
    new = tmp_path / "new"
    require_room = FileDirectory.require_room

    def fill(directory: FileDirectory, size: int) -> None:
        if KEYS[1] in directory.names():
            raise NoRoom
        require_room(directory, size)

    monkeypatch.setattr(FileDirectory, "require_room", fill)
    (new / FILES).mkdir(parents=True)
    (new / FILES / KEYS[3]).write_bytes(DATA)
    with pytest.raises(CannotRestore, match=r"there is no room on the disk for the files of messages\. Nothing was"):
        bring_back(target, new)
    assert on_disk(new) == [KEYS[3]]


def test_a_restore_that_fails_later_leaves_no_file_either(data: Path, target: Path, tmp_path: Path) -> None:
    save(data, target)
    with closing(sqlite3.connect(target, isolation_level=None)) as backup:
        backup.execute("DROP TABLE topics")
        backup.execute("CREATE TABLE topics (room TEXT)")
    with pytest.raises(CannotRestore, match="is damaged"):
        bring_back(target, tmp_path / "new")
    assert on_disk(tmp_path / "new") == []


@pytest.mark.parametrize("step", [(FileDirectory, "end"), (restore, "close_to_others")])
def test_a_restore_that_fails_at_any_step_keeps_nothing_of_what_stays(
    data: Path, target: Path, monkeypatch: pytest.MonkeyPatch, step: tuple[object, str]
) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    save(data, target)
    before = sorted(data.rglob("*"))
    monkeypatch.setattr(*step, fail)
    with pytest.raises(CannotRestore, match="Nothing was restored"):
        bring_back(target, data)
    assert sorted(data.rglob("*")) == before


def test_a_restore_needs_room_for_what_is_to_stay_free_if_files_are_missing(
    data: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(data, target)
    free = target.stat().st_size + len(DATA) + 1_000_000
    usage = shutil.disk_usage(data)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda where: usage)
    with pytest.raises(CannotRestore, match=r"it needs [\d.]+ MB and leaves 100 MB free, and there are [\d.]+ MB\."):
        bring_back(target, tmp_path / "new")
    assert not (tmp_path / "new" / FILES).exists()
    assert bring_back(target, data).lost == 0
