"""Copies a whole history into one file, also while a chat uses it."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chat.core.text import clean, size_in_words
from chat.core.times import timestamp
from chat.disk.files import led_to, put_in_place
from chat.disk.private import create
from chat.history.schema import MIGRATIONS
from chat.history.sqlite import BUSY_TIMEOUT, FILE
from chat.history.store import CannotOpen

OPERATOR = "chat admin"
"""Who made or restored a backup, in the audit record."""

MADE = "backup"
"""What the audit record of a backup, but not that of the chat, says last: when the backup was made."""

FIRST_WITH_AUDIT = 3
"""The version of the schema from which on there is an audit record."""

AT_ONCE = 256
"""The pages that are copied at a time: 1 MB."""

SYNCED_AT_ONCE = 8
"""After so many times :data:`AT_ONCE` the copy is synced, so that no message waits long for the disk meanwhile."""

BEGINS = b"SQLite format 3\0"
BESIDE = ("-wal", "-shm", "-journal")
"""How the names of files end that SQLite keeps beside a database."""

OWN = ("chat.lock", "tls.pem")
"""The files of a chat whose names do not begin as that of the history."""

Progress = Callable[[int, int], None]
"""Is told how much is done of how much."""


class CannotBackUp(Exception):
    """There is no new backup; the message of the exception says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds: how many messages, and in how many bytes."""

    messages: int
    size: int


def back_up(directory: Path, target: Path, now: float, progress: Progress) -> Copied:
    """Copy the history in *directory*, as it is at this moment, into the file *target*, which only its owner may read.

    The copy gets its name when it is whole, checked and synced. A backup that had the name is there until then. Raises
    :class:`CannotOpen` and :class:`CannotBackUp`.
    """
    path = directory / FILE
    try:
        target = led_to(target)
    except OSError as error:
        raise CannotBackUp(f"{target} can't be written: {error.strerror}.") from error
    check_target(directory, target)
    part = target.with_name(f"{target.name}.part")
    with _reading(path) as source, _new(part, target) as descriptor:
        version = version_of(source, path)
        messages, last = _extent(source)
        require_room(source, target.parent, "the backup")
        try:
            copy(source, part, descriptor, progress)
            if version >= FIRST_WITH_AUDIT:
                _sign(part, target.name, now)
            fault = first_fault(part)
            if fault is None and _extent_in(part) != (messages, last):
                fault = "messages are missing"
            if fault is not None:
                raise _damaged(path, fault, target)
            size = part.stat().st_size
            for end in BESIDE:
                target.with_name(target.name + end).unlink(missing_ok=True)
            put_in_place(part, target)
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
                raise _damaged(path, str(error), target) from error
            raise CannotBackUp(
                f"{part} can't be written: {reason(error)}. Nothing is left{_as_it_was(target)}"
            ) from error
    return Copied(messages, size)


def _damaged(path: Path, fault: str, target: Path) -> CannotBackUp:
    return CannotBackUp(
        f"{path} is damaged, and its copy would be too: {fault}. Nothing is left{_as_it_was(target)} "
        "chat admin check says more."
    )


def _as_it_was(target: Path) -> str:
    return f", and {target} is as it was." if target.exists() else "."


def check_target(directory: Path, target: Path) -> None:
    """Raise :class:`CannotBackUp` if *target* can't be the name of a backup, or is that of something else."""
    if not target.parent.is_dir():
        raise CannotBackUp(f"There is no directory {target.parent}. Make it first.")
    if is_of_chat(directory, target):
        raise CannotBackUp(f"{target} is a name for files of the chat itself. Choose another.")
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise CannotBackUp(f"{target} is a directory. Say the name of a file in it, such as {target / FILE}.")
    if not stat.S_ISREG(mode):
        raise CannotBackUp(f"{target} is no file. A backup is checked where it is written, so it needs one.")
    if target.stat().st_size and not _may_be_backup(target):
        raise CannotBackUp(f"{target} is there, and is no backup of a chat. Choose another name, or remove it.")


def is_of_chat(directory: Path, target: Path) -> bool:
    """Tell whether *target* is the name of a file of the chat in *directory*, as this may be when it is written."""
    own = target.name.startswith(FILE) or target.name in OWN
    return own and target.parent.is_dir() and target.parent.samefile(directory)


def _may_be_backup(path: Path) -> bool:
    """Tell whether a file is a chat's, or was one before it was damaged."""
    if not is_database(path):
        return False
    try:
        with closing(open_unchanged(path)) as connection:
            return _is_history(connection)
    except sqlite3.Error:
        return True


def is_database(path: Path) -> bool:
    """Tell whether a file begins as the databases of SQLite do."""
    with path.open("rb") as file:
        return file.read(len(BEGINS)) == BEGINS


def _is_history(connection: sqlite3.Connection) -> bool:
    tables = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('messages', 'topics')").fetchone()
    return bool(tables == (2,))


def open_unchanged(path: Path) -> sqlite3.Connection:
    """Open a file that nobody writes to, in such a way that it stays as it is; raises :class:`sqlite3.Error`."""
    beside = any(path.with_name(path.name + end).exists() for end in BESIDE)
    return sqlite3.connect(f"{path.absolute().as_uri()}?{'mode=ro' if beside else 'immutable=1'}", uri=True)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Read the history as it is at this moment, whatever a chat writes meanwhile."""
    if not path.exists():
        raise CannotOpen(f"There is no {path}. Say with --data where the history is.")
    try:
        with closing(open_to_read(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise CannotOpen(f"{path} can't be read: {error}.") from error


def open_to_read(path: Path) -> sqlite3.Connection:
    """Connect to a history that a chat may use, and stay at this moment; raises :class:`sqlite3.Error`."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT, isolation_level=None
    )
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the schema of a history; raises :class:`CannotOpen` if it is none, or a newer one."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not version or not _is_history(connection):
        raise CannotOpen(f"{path} is no history of a chat.")
    if version > len(MIGRATIONS):
        raise CannotOpen(f"{path} was written by a newer twisted-chat. Use that.")
    return int(version)


@contextmanager
def _new(part: Path, target: Path) -> Iterator[int]:
    """Make the file in which a backup grows, in place of one that was left behind. Nothing of it stays but its end."""
    try:
        with suppress(FileNotFoundError):
            _remove_left(part, target)
        for end in BESIDE:
            part.with_name(part.name + end).unlink(missing_ok=True)
        descriptor = create(part)
    except FileExistsError as error:
        raise _another(target) from error
    except OSError as error:
        raise CannotBackUp(f"{part} can't be written: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not _is_open_as(part, descriptor):
            raise _another(target)
        yield descriptor
    finally:
        if _is_open_as(part, descriptor):
            for end in ("", *BESIDE):
                part.with_name(part.name + end).unlink(missing_ok=True)
        os.close(descriptor)


def _is_open_as(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_left(part: Path, target: Path) -> None:
    """Remove what a backup has left that was killed; raises :class:`CannotBackUp` if one is being made."""
    left = os.open(part, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_open_as(part, left):
            part.unlink()
    except BlockingIOError as error:
        raise _another(target) from error
    finally:
        os.close(left)


def _another(target: Path) -> CannotBackUp:
    return CannotBackUp(f"Another backup to {target} is being made. Wait for that, or choose another name.")


def require_room(source: sqlite3.Connection, where: Path, what: str) -> None:
    """Raise :class:`CannotBackUp` unless a copy of *source* fits on the disk of the directory *where*."""
    needed, free = size_of(source), shutil.disk_usage(where).free
    if free < needed:
        raise CannotBackUp(
            f"There is no room in {where} for {what}: it needs {size_in_words(needed)}, and there are "
            f"{size_in_words(free)}. Nothing was written."
        )


def size_of(connection: sqlite3.Connection) -> int:
    """The bytes of a database."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * page)


def copy(source: sqlite3.Connection, part: Path, descriptor: int, progress: Progress) -> None:
    """Copy a database, of which *source* sees one moment, into the empty file *part*, which is open as *descriptor*.

    Afterwards the copy stands in one file, and is not synced.
    """
    steps = 0

    def copied(status: int, remaining: int, total: int) -> None:
        nonlocal steps
        steps += 1
        if steps % SYNCED_AT_ONCE == 0:
            os.fsync(descriptor)
        progress(total - remaining, total)

    with closing(_writing(part)) as target:
        target.execute("PRAGMA journal_mode = OFF")
        source.backup(target, pages=AT_ONCE, progress=copied)
    with closing(_writing(part)) as target:
        target.execute("PRAGMA journal_mode = DELETE")


def _writing(part: Path) -> sqlite3.Connection:
    """Write to a file that nobody else knows, and that is synced at its end."""
    connection = sqlite3.connect(part, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def _sign(part: Path, name: str, now: float) -> None:
    """Have the backup say when it was made."""
    with closing(_writing(part)) as connection:
        connection.execute(
            "INSERT INTO audit (time, author, action, target, why) VALUES (?, ?, ?, ?, '')",
            (timestamp(now), OPERATOR, MADE, name_in_record(name)),
        )


def name_in_record(name: str) -> str:
    """Write the name of a file for the audit record, which holds what can be shown."""
    return clean(os.fsencode(name).decode("utf-8", "replace"))


def first_fault(path: Path) -> str | None:
    """What SQLite finds wrong first in a file that nobody writes to."""
    with closing(open_unchanged(path)) as connection:
        try:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found == "ok" and connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                found = "a row belongs to none"
        except sqlite3.DatabaseError as error:
            found = str(error)
    return None if found == "ok" else in_one_line(found)


def in_one_line(fault: str) -> str:
    """Write what SQLite has found as a part of a sentence."""
    return " ".join(fault.replace("*** in database main ***", "").split())


def _extent(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many messages there are, and the id of the last."""
    messages, last = connection.execute("SELECT count(*), coalesce(max(id), 0) FROM messages").fetchone()
    return messages, last


def _extent_in(path: Path) -> tuple[int, int]:
    with closing(open_unchanged(path)) as connection:
        return _extent(connection)


def reason(error: sqlite3.Error | OSError) -> str:
    """Why a file can't be written, in words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if getattr(error, "sqlite_errorname", "").startswith("SQLITE_FULL"):
        return "the disk is full"
    return str(error)
