"""A backup is of one moment, for its owner only, whole under its name or not there, and goes back into its place."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from history.stores import REACTOR, wait
from history.test_kept_changes import ACCOUNTS, ADA, BOB, letter, reacted, said
from history.test_soundness import TRIGGER, damage, fill, look
from permissions import plant, umask
from twisted.logger import LogLevel, capturedLogs

from chat.core.facts import Contents, MadeByOperator, PasswordSet, TokenKept
from chat.core.ports import SaidBy
from chat.history import copying, restore
from chat.history.backup import CannotBackUp, Copied, back_up
from chat.history.directory import FILE, lock
from chat.history.restore import BEFORE, FASTEST, TOLERANCE, CannotRestore, Restored
from chat.history.schema import VERSION
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotOpen

VERSIONS = Path(__file__).with_name("versions")
NOW = 1_800_000_000.0
LARGEST = 1 << 53
"""The first number that programs in JavaScript can't tell from the next."""


def ignore(done: int, total: int) -> None:
    """Show no progress."""


def save(data: Path, target: Path, now: float = NOW) -> Copied:
    """Make a backup."""
    return back_up(data, target, now, ignore)


def bring_back(file: Path, data: Path, now: float = NOW) -> Restored:
    """Restore a backup."""
    return restore.restore(file, data, now, ignore)


@contextmanager
def opened(data: Path) -> Iterator[tuple[SqliteStore, Contents]]:
    """A history that is in use."""
    store = SqliteStore(REACTOR, data)
    contents = store.open()
    try:
        yield store, contents
    finally:
        store.close()


def texts(path: Path) -> list[str]:
    """What was said, as it stands in a file that nobody uses."""
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM messages ORDER BY id")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory with a history in which much has happened; the last number in it is 20."""
    folder = tmp_path / "data"
    folder.mkdir()
    fill(folder)
    return folder


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a backup goes, by itself in a directory."""
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "chat.db"


# -- a backup


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o777])
def test_a_backup_is_for_its_owner_only_from_its_first_byte(data: Path, target: Path, mask: int) -> None:
    modes: set[int] = set()

    def watch(done: int, total: int) -> None:
        modes.update(stat.S_IMODE(path.stat().st_mode) for path in target.parent.iterdir())

    with umask(mask):
        back_up(data, target, NOW, watch)
    assert modes | {stat.S_IMODE(target.stat().st_mode)} == {0o600}
    assert list(target.parent.iterdir()) == [target]


def test_a_backup_beside_a_chat_is_of_one_moment(data: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "AT_ONCE", 1)
    shown = []
    with opened(data) as (store, _):
        before = texts(data / FILE)

        def talk(done: int, total: int) -> None:
            shown.append((done, total))
            wait(store.append([said(20 + done, f"meanwhile {done}", by=BOB)]))

        copied = back_up(data, target, NOW, talk)
    assert len(texts(data / FILE)) == len(before) + len(shown)
    assert texts(target) == before
    assert copied == Copied(len(before), target.stat().st_size)
    assert [done for done, _ in shown] == list(range(1, len(shown) + 1))
    assert len({total for _, total in shown}) == 1
    shutil.copy(target, data / FILE)
    assert look(data) == []


def test_a_backup_stands_in_one_file_and_reading_it_changes_nothing(data: Path, target: Path) -> None:
    save(data, target)
    before = target.read_bytes()
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        connection.execute("SELECT * FROM messages").fetchall()
        assert list(target.parent.iterdir()) == [target]
    assert target.read_bytes() == before


def test_a_backup_takes_the_place_of_the_one_before_once_it_is_whole(data: Path, target: Path) -> None:
    save(data, target)
    first = target.read_bytes()
    target.with_name("chat.db-wal").write_bytes(b"of somebody who has looked into the old one")
    with opened(data) as (store, _):
        wait(store.append([said(21, "next day")]))

        def look_at_the_old_one(done: int, total: int) -> None:
            assert target.read_bytes() == first

        back_up(data, target, NOW, look_at_the_old_one)
    assert texts(target)[-1] == "next day"
    assert list(target.parent.iterdir()) == [target]


def test_another_name_for_the_backup_stays_one(data: Path, target: Path) -> None:
    latest = target.with_name("latest")
    latest.symlink_to(target)
    save(data, latest)
    assert latest.is_symlink()
    assert texts(target) == texts(data / FILE)


def test_a_link_that_somebody_else_has_planted_is_not_followed(data: Path, tmp_path: Path) -> None:
    planted = plant(tmp_path / "public", "chat.db", tmp_path / "elsewhere")
    with pytest.raises(CannotBackUp, match=r"chat\.db can't be written: Permission denied\."):
        save(data, planted)
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_no_backup_is_not_replaced(data: Path, target: Path, tmp_path: Path) -> None:
    save(data, target)
    thesis = tmp_path / "thesis.txt"
    thesis.write_text("my thesis")
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE tunes (name)")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for name, why in (
        (thesis, "is there, and is no backup of a chat"),
        (other, "is there, and is no backup of a chat"),
        (pipe, "is no file"),
        (tmp_path, "is a directory"),
        (tmp_path / "nowhere" / "chat.db", "There is no directory"),
        (data / FILE, "is a name for files of the chat itself"),
        (data / "chat.db-wal", "is a name for files of the chat itself"),
        (data / "chat.lock", "is a name for files of the chat itself"),
    ):
        before = name.read_bytes() if name.is_file() else None
        with pytest.raises(CannotBackUp, match=why):
            save(data, name)
        assert (name.read_bytes() if name.is_file() else None) == before
    assert {path.name for path in tmp_path.iterdir()} == {"data", "backups", "thesis.txt", "other.db", "pipe"}


def test_a_backup_that_is_damaged_is_replaced(data: Path, target: Path) -> None:
    save(data, target)
    target.write_bytes(target.read_bytes()[:1000])
    save(data, target)
    assert texts(target) == texts(data / FILE)
    target.write_bytes(b"")
    save(data, target)
    assert texts(target) == texts(data / FILE)


def test_of_a_history_that_is_damaged_there_is_no_backup(data: Path, target: Path) -> None:
    save(data, target)
    before = target.read_bytes()
    damage(data / FILE)
    with pytest.raises(CannotBackUp, match=r"chat\.db is damaged, and its copy would be too: .* is as it was"):
        save(data, target)
    assert target.read_bytes() == before
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_disk_that_fails_leaves_nothing(
    data: Path, target: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(copying, "AT_ONCE", 1)
    owner: object = Path if fails == "replace" else os
    monkeypatch.setattr(owner, fails, full)
    with pytest.raises(CannotBackUp, match=r"can't be written: No space left on device\. Nothing is left\."):
        save(data, target)
    assert list(target.parent.iterdir()) == []


def test_without_room_nothing_is_begun(data: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(data)._replace(free=50_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(CannotBackUp, match=r"There is no room in .*backups for the backup: it needs [\d.]+ KB"):
        save(data, target)
    assert list(target.parent.iterdir()) == []


def test_one_backup_at_a_time_has_a_name(data: Path, target: Path) -> None:
    def again(done: int, total: int) -> None:
        with pytest.raises(CannotBackUp, match=r"Another backup to .* is being made"):
            save(data, target)

    back_up(data, target, NOW, again)
    assert texts(target) == texts(data / FILE)


def test_what_a_backup_has_left_that_was_killed_is_in_nobodys_way(data: Path, target: Path, tmp_path: Path) -> None:
    part = target.with_name("chat.db.part")
    part.write_bytes(b"half a backup")
    part.chmod(0o644)
    part.with_name("chat.db.part-wal").write_bytes(b"and more")
    save(data, target)
    assert list(target.parent.iterdir()) == [target]
    precious = tmp_path / "precious"
    precious.write_text("precious")
    part.symlink_to(precious)
    with pytest.raises(CannotBackUp):
        save(data, target)
    assert precious.read_text() == "precious"


def test_the_histories_of_older_versions_can_be_backed_up(tmp_path: Path, target: Path) -> None:
    for version in range(1, VERSION):
        shutil.copy(VERSIONS / f"{version}.db", tmp_path / FILE)
        save(tmp_path, target)
        assert texts(target) == texts(VERSIONS / f"{version}.db")
        with closing(sqlite3.connect(target)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (version,)


def test_without_a_history_there_is_no_backup(tmp_path: Path, target: Path) -> None:
    with pytest.raises(CannotOpen, match=r"There is no .*chat\.db\. Say with --data"):
        save(tmp_path, target)
    (tmp_path / FILE).write_bytes(b"")
    with pytest.raises(CannotOpen, match="is no history of a chat"):
        save(tmp_path, target)


# -- restoring it


def kept(data: Path) -> list[Path]:
    """The histories that were replaced."""
    return sorted(data.glob(f"{BEFORE}*"))


def test_a_backup_goes_back_into_its_place(data: Path, target: Path) -> None:
    save(data, target)
    with opened(data) as (store, _):
        wait(store.append([said(21, "after the backup"), said(22, "and more")]))
    after = texts(data / FILE)
    before = target.read_bytes()
    done = bring_back(target, data)
    assert target.read_bytes() == before
    assert texts(data / FILE) == texts(target)
    assert [texts(path) for path in kept(data)] == [after]
    assert done == Restored(len(texts(target)), "t", 23, kept(data)[0], tokens=True)
    assert {stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()} == {0o600}
    assert {path.name for path in data.iterdir()} == {FILE, "chat.lock", kept(data)[0].name}
    assert look(data) == []
    with opened(data) as (store, contents):
        assert contents.last_id == 22
        *_, (_, made), (_, restored) = wait(store.audit(0, 99))
    assert (made.by, made.action, made.target) == ("chat admin", "backup", "chat.db")
    assert (restored.by, restored.action, restored.why) == ("chat admin", "restore", "ids go on from 23")


def test_no_number_of_a_change_is_used_again_either(data: Path, target: Path) -> None:
    save(data, target)
    with opened(data) as (store, _):
        wait(store.append([reacted(1, 30, "tea", ADA)]))
    assert bring_back(target, data).next_id == 31


def test_on_a_new_machine_ids_go_on_behind_all_that_may_have_been_given(
    data: Path, target: Path, tmp_path: Path
) -> None:
    save(data, target)
    for days in (0, 1, 1_000):
        new = tmp_path / f"new{days}"
        done = bring_back(target, new, NOW + days * 86_400)
        assert done.next_id == 21 + (days * 86_400 + TOLERANCE) * FASTEST
        assert done.next_id < LARGEST
        assert done.kept is None
        assert stat.S_IMODE(new.stat().st_mode) == 0o700
        with opened(new) as (store, contents):
            assert contents.last_id == done.next_id - 1
            assert contents.last_account > 1_000_000
            wait(store.append([said(done.next_id, "hello again")]))
        assert look(new) == []


def test_the_gap_in_the_ids_takes_no_time_where_the_messages_of_somebody_are_looked_for(
    data: Path, target: Path, tmp_path: Path
) -> None:
    save(data, target)
    new = tmp_path / "new"
    beyond = bring_back(target, new, NOW + 1_000 * 86_400).next_id + 1
    with opened(new) as (store, _):
        wait(store.append([said(beyond - 1, "hello again")]))
        found, looked, pieces = list[int](), 0, 0
        while looked < beyond - 1 and pieces < 10:
            some, looked = wait(store.said_by(SaidBy((ADA,), "ada", looked, beyond)))
            found += [one.message.id for one in some]
            pieces += 1
    assert looked == beyond - 1
    assert found == [1, 3, 6, 20, beyond - 1]


def test_what_stands_there_counts_if_it_went_on_from_the_backup_and_nothing_else(
    data: Path, target: Path, tmp_path: Path
) -> None:
    save(data, target)
    new = tmp_path / "new"
    with opened(new) as (store, _):
        wait(store.append([said(5, "a chat that was begun meanwhile")]))
    assert bring_back(target, new).next_id > FASTEST
    with opened(new) as (store, contents):
        wait(store.append([said(contents.last_id + 1, "went on")]))
        last = contents.last_id + 1
    assert bring_back(target, new).next_id == last + 1
    damaged = new / FILE
    damaged.write_bytes(damaged.read_bytes()[:5_000])
    assert bring_back(target, new, NOW + 1).next_id > FASTEST


def test_a_chat_that_lives_twice_from_one_backup_never_repeats_an_id(data: Path, target: Path, tmp_path: Path) -> None:
    save(data, target)
    first = bring_back(target, tmp_path / "first", NOW + 3_600)
    most = first.next_id + 86_400 * 100_000
    second = bring_back(target, tmp_path / "second", NOW + 3_600 + 86_400)
    assert second.next_id > most


def test_the_clock_must_be_right(data: Path, target: Path, tmp_path: Path) -> None:
    save(data, target)
    assert bring_back(target, tmp_path / "new", NOW - TOLERANCE + 1).next_id > 21
    (data / FILE).unlink()
    with pytest.raises(CannotRestore, match=r"was made at 2027-.* Set the clock and try again"):
        bring_back(target, data, 0.0)
    assert not (data / FILE).exists()


def test_a_copy_that_was_made_otherwise_is_restored_too(data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / FILE
    copy.parent.mkdir()
    with opened(data) as (store, _):
        wait(store.append([said(21, "in the log of what is written")]))
        for path in data.glob(f"{FILE}*"):
            shutil.copy(path, copy.parent)
    done = bring_back(copy, tmp_path / "new")
    assert texts(tmp_path / "new" / FILE)[-1] == "in the log of what is written"
    assert done.next_id > NOW * FASTEST


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6])
def test_backups_of_older_versions_are_brought_up_to_date(tmp_path: Path, version: int) -> None:
    done = bring_back(VERSIONS / f"{version}.db", tmp_path)
    assert look(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {FILE, "chat.lock"}
    with opened(tmp_path) as (_, contents):
        assert contents.last_id == done.next_id - 1 > FASTEST


def test_what_can_not_be_restored_changes_nothing(data: Path, target: Path, tmp_path: Path) -> None:
    save(data, target)
    before = (data / FILE).read_bytes()
    newer, damaged, text = tmp_path / "newer.db", tmp_path / "damaged.db", tmp_path / "text"
    text.write_text("no backup")
    for copy in (newer, damaged):
        shutil.copy(target, copy)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("PRAGMA user_version = 99")
    damage(damaged)
    for file, why in (
        (newer, "was written by a newer twisted-chat"),
        (damaged, r"is damaged: .* Nothing was changed\. Restore another backup\."),
        (text, "is no backup of a chat"),
        (tmp_path / "nothing", "There is no"),
        (tmp_path, "is no file"),
        (data / FILE, "is the history itself"),
    ):
        with pytest.raises((CannotRestore, CannotOpen), match=why):
            bring_back(file, data)
        assert (data / FILE).read_bytes() == before
        assert {path.name for path in data.iterdir()} <= {FILE, "chat.lock"}


@pytest.mark.parametrize(
    ("breaks", "why"),
    [
        (TRIGGER, "it has the trigger evil, which no chat makes"),
        ("DROP TABLE marks", "the table marks is not there"),
        ("ALTER TABLE messages RENAME text TO words", "the table messages is not as a chat makes it"),
        ("UPDATE accounts SET role = 'god'", "'god' is not a valid Role"),
        ("UPDATE ids SET last = 9223372036854775807", "it has the id 9223372036854775807"),
        ("UPDATE ids SET last = 1 << 53", "it has the id 9007199254740992"),
        ("UPDATE sqlite_sequence SET seq = 9223372036854775807", "it has the id 9223372036854775807"),
    ],
)
def test_what_no_chat_has_made_is_not_restored(data: Path, target: Path, tmp_path: Path, breaks: str, why: str) -> None:
    save(data, target)
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute(breaks)
    with pytest.raises(CannotRestore) as refusal:
        bring_back(target, tmp_path / "new")
    assert str(refusal.value) == f"{target} is damaged: {why}. Nothing was changed. Restore another backup."
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"chat.lock"}


def test_an_older_backup_that_no_chat_has_made_is_not_restored(data: Path, tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    shutil.copy(VERSIONS / "3.db", older)
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("DROP TABLE accounts")
    with pytest.raises(CannotRestore, match=r"older\.db is damaged: .*accounts.* Nothing was changed\."):
        bring_back(older, data)


def test_a_history_that_no_chat_can_use_is_refused_in_a_sentence(data: Path) -> None:
    with closing(sqlite3.connect(data / FILE)) as connection, connection:
        connection.execute("UPDATE accounts SET role = 'god'")
    with pytest.raises(CannotOpen, match=r"chat\.db can't be used: 'god' is not a valid Role\."), opened(data):
        pass


def test_a_chat_that_runs_is_left_alone(data: Path, target: Path) -> None:
    save(data, target)
    with opened(data) as (store, _):
        with pytest.raises(CannotRestore, match=r"A chat uses .*chat\.db\. Stop it, and try again"):
            bring_back(target, data)
        wait(store.append([said(21, "on and on")]))
    assert not kept(data)


def test_another_program_that_reads_the_history_is_waited_for_by_the_operator(data: Path, target: Path) -> None:
    save(data, target)
    with closing(sqlite3.connect(data / FILE, isolation_level=None)) as reader:
        with opened(data) as (store, _):
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM messages").fetchone()
            wait(store.append([said(21, "later than what is read")]))
        with pytest.raises(CannotRestore, match=r"Another program has .*chat\.db open"):
            bring_back(target, data)
        assert not kept(data)
        reader.execute("ROLLBACK")
        bring_back(target, data)
        assert {path.name for path in data.iterdir()} == {FILE, "chat.lock", kept(data)[0].name}
        assert look(data) == []
    assert texts(kept(data)[0])[-1] == "later than what is read"


def test_a_history_that_is_damaged_is_kept_with_what_was_not_folded_into_it(data: Path, target: Path) -> None:
    save(data, target)
    (data / FILE).write_bytes(b"no database at all" * 1_000)
    (data / f"{FILE}-wal").write_bytes(b"what was written last")
    done = bring_back(target, data)
    assert done.kept is not None
    assert done.kept.read_bytes() == b"no database at all" * 1_000
    assert done.kept.with_name(f"{done.kept.name}-wal").read_bytes() == b"what was written last"
    assert not (data / f"{FILE}-wal").exists()
    assert look(data) == []


def test_two_restores_keep_two_histories(data: Path, target: Path) -> None:
    save(data, target)
    assert bring_back(target, data).kept != bring_back(target, data).kept
    assert len(kept(data)) == 2


def test_a_file_system_without_second_names(data: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*names: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    save(data, target)
    before = texts(data / FILE)
    monkeypatch.setattr(os, "link", refuse)
    bring_back(target, data)
    assert [texts(path) for path in kept(data)] == [before]
    assert stat.S_IMODE(kept(data)[0].stat().st_mode) == 0o600


def test_a_restore_that_can_not_be_synced_at_last_says_that_it_was_made(
    data: Path, target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(directory: Path) -> None:
        if (directory / FILE).exists():
            raise OSError(errno.EIO, "Input/output error")

    save(data, target)
    monkeypatch.setattr(restore, "sync_directory", refuse)
    with pytest.raises(CannotRestore, match="was restored, but a power failure may take that back"):
        bring_back(target, tmp_path / "new")
    assert texts(tmp_path / "new" / FILE) == texts(data / FILE)


def test_a_token_that_was_revoked_since_brings_nobody_back(data: Path, target: Path, tmp_path: Path) -> None:
    with opened(data) as (store, _):
        wait(store.append([TokenKept("revoked", 1, 1.0), TokenKept("held", 2, 1.0)]))
    save(data, target)
    with opened(data) as (store, _):
        wait(store.append([PasswordSet(1, "new hash"), TokenKept("later", 2, 2.0)]))

    def held(folder: Path) -> set[str]:
        with closing(sqlite3.connect(folder / FILE)) as connection:
            return {digest for (digest,) in connection.execute("SELECT digest FROM tokens")}

    assert bring_back(target, data).tokens
    assert held(data) == {"held"}
    assert not bring_back(target, tmp_path / "new").tokens
    assert held(tmp_path / "new") == set()


def test_no_account_gets_the_id_of_one_that_was_made_since(data: Path, target: Path) -> None:
    save(data, target)
    with opened(data) as (store, _):
        wait(store.append([MadeByOperator(9, "cy", "hash", -90)]))
    bring_back(target, data)
    with opened(data) as (_, contents):
        assert contents.last_account == 9
        assert [account.id for account in contents.accounts] == [1, 2]


def test_without_accounts_none_is_counted(tmp_path: Path, target: Path) -> None:
    with opened(tmp_path) as (store, _):
        wait(store.append([said(1)]))
    save(tmp_path, target)
    bring_back(target, tmp_path)
    with opened(tmp_path) as (_, contents):
        assert contents.last_account == 0
    assert bring_back(target, tmp_path / "new").next_id > FASTEST


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_restores_belongs_to_the_user_that_the_chat_runs_as(data: Path, target: Path, tmp_path: Path) -> None:
    save(data, target)
    new = tmp_path / "new"
    new.mkdir()
    os.chown(new, 12_345, 54_321)
    bring_back(target, new)
    bring_back(target, new)
    assert {(path.stat().st_uid, path.stat().st_gid) for path in new.iterdir()} == {(12_345, 54_321)}
    assert target.stat().st_uid == 0


# -- modes


@pytest.mark.parametrize("mask", [0o000, 0o022])
def test_the_files_of_a_history_are_for_their_owner_only(tmp_path: Path, mask: int) -> None:
    with umask(mask), opened(tmp_path / "new" / "data") as (store, _):
        wait(store.append([*ACCOUNTS, letter(1, ADA, BOB)]))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new" / "data").iterdir()}
    assert modes == dict.fromkeys(["chat.lock", FILE, f"{FILE}-wal", f"{FILE}-shm"], 0o600)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new", tmp_path / "new" / "data")} == {0o700}


def test_a_history_that_others_could_read_is_mended(data: Path) -> None:
    for name in (f"{FILE}.v5", f"{BEFORE}20261126T000000Z"):
        shutil.copy(data / FILE, data / name)
    for path in data.iterdir():
        path.chmod(0o664)
    with opened(data):
        assert {stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()} == {0o600}


def test_a_history_of_somebody_else_that_others_can_read_is_refused(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    old = data / f"{FILE}.old"
    shutil.copy(data / FILE, old)
    old.chmod(0o644)
    monkeypatch.setattr(Path, "chmod", refuse)
    with capturedLogs() as logged, opened(data):
        pass
    assert [event["path"] for event in logged if event["log_level"] is LogLevel.warn] == [old]
    os.chmod(data / FILE, 0o644)
    with pytest.raises(CannotOpen, match=r"Others may use .*chat\.db, and it belongs to another user"), opened(data):
        pass


def test_a_claim_can_be_taken_twice_but_not_at_once(tmp_path: Path) -> None:
    claim = lock(tmp_path)
    with pytest.raises(CannotOpen, match="in use by another chat"):
        lock(tmp_path)
    fcntl.flock(claim, fcntl.LOCK_UN)
    os.close(claim)
    os.close(lock(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is led elsewhere by links of other users")
def test_root_is_led_nowhere_by_links_in_the_directory_of_a_chat(data: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "passwd"
    secrets.write_text("of root")
    secrets.chmod(0o644)
    (data / "chat.db.v3").symlink_to(secrets)
    for path in (data, *data.iterdir()):
        os.chown(path, 65_534, 65_534, follow_symlinks=False)
    with opened(data):
        pass
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o644
    (data / FILE).unlink()
    (data / FILE).symlink_to(tmp_path / "anywhere")
    with pytest.raises(CannotOpen, match=r"chat\.db is a link, and root follows none"):
        lock(data)
    assert not (tmp_path / "anywhere").exists()
