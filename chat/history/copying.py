"""Reads a history from beside the chat that uses it, copies it, and finds out whether a copy is whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from chat.core.text import file_size
from chat.history.connection import BUSY_TIMEOUT, size_of
from chat.history.directory import BESIDE
from chat.history.schema import VERSION
from chat.history.store import CannotOpen

AT_ONCE = 256
"""The pages that are copied at a time: 1 MB."""

SYNCED_AT_ONCE = 8
"""After so many times :data:`AT_ONCE` the copy is synced, so that no message waits long for the disk meanwhile."""

BEGINS = b"SQLite format 3\0"

Progress = Callable[[int, int], None]
"""Is told how much is done of how much."""


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
    if not version or not is_history(connection):
        raise CannotOpen(f"{path} is no history of a chat.")
    if version > VERSION:
        raise CannotOpen(f"{path} was written by a newer twisted-chat. Use that.")
    return int(version)


def open_unchanged(path: Path) -> sqlite3.Connection:
    """Open a file that nobody writes to, in such a way that it stays as it is; raises :class:`sqlite3.Error`."""
    beside = any(path.with_name(path.name + end).exists() for end in BESIDE)
    return sqlite3.connect(f"{path.absolute().as_uri()}?{'mode=ro' if beside else 'immutable=1'}", uri=True)


def remove_beside(path: Path) -> None:
    """Remove what SQLite keeps beside the database *path*."""
    for end in BESIDE:
        path.with_name(path.name + end).unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove the database *path*, if it is there, and what SQLite keeps beside it."""
    path.unlink(missing_ok=True)
    remove_beside(path)


def is_database(path: Path) -> bool:
    """Tell whether a file begins as the databases of SQLite do."""
    with path.open("rb") as file:
        return file.read(len(BEGINS)) == BEGINS


def is_history(connection: sqlite3.Connection) -> bool:
    """Tell whether a database has the tables that every version of the history has."""
    tables = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name IN ('messages', 'topics')").fetchone()
    return bool(tables == (2,))


def lack_of_room(source: sqlite3.Connection, where: Path, what: str, more: int = 0, spare: int = 0) -> str | None:
    """Say so if a copy of *source*, and so many bytes *more*, do not fit on the disk of the directory *where*.

    So many bytes of the disk are left *spare*.
    """
    needed, free = size_of(source) + more, shutil.disk_usage(where).free
    if needed + spare <= free:
        return None
    beside = f" and leaves {file_size(spare)} free" if spare else ""
    return (
        f"There is no room in {where} for {what}: it needs {file_size(needed)}{beside}, and there are "
        f"{file_size(free)}. Nothing was written."
    )


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

    with closing(writing(part)) as target:
        target.execute("PRAGMA journal_mode = OFF")
        source.backup(target, pages=AT_ONCE, progress=copied)
    with closing(writing(part)) as target:
        target.execute("PRAGMA journal_mode = DELETE")


def writing(part: Path) -> sqlite3.Connection:
    """Write to a file that nobody else knows, and that is synced at its end."""
    connection = sqlite3.connect(part, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    return connection


def first_fault(path: Path) -> str | None:
    """What SQLite finds wrong first in a file that nobody writes to."""
    with closing(open_unchanged(path)) as connection:
        try:
            return next(iter(damages(connection, 1)), None)
        except sqlite3.DatabaseError as error:
            return in_one_line(str(error))


def damages(connection: sqlite3.Connection, most: int) -> Sequence[str]:
    """What SQLite finds wrong in a database, as parts of sentences, *most* of them at most."""
    found = [in_one_line(row) for (row,) in connection.execute(f"PRAGMA integrity_check({most})") if row != "ok"]
    if not found and connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        found.append("a row belongs to none")
    return found


def in_one_line(fault: str) -> str:
    """Write what SQLite has found as a part of a sentence."""
    return " ".join(fault.replace("*** in database main ***", "").split())


def reason(error: sqlite3.Error | OSError) -> str:
    """Why a file can't be written, in words."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if getattr(error, "sqlite_errorname", "").startswith("SQLITE_FULL"):
        return "the disk is full"
    return str(error)
