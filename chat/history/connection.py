"""Connections to the file of the history."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chat.history.store import CannotKeep

BUSY_TIMEOUT = 2.0
"""The seconds to wait for another program that has locked the file."""

LARGEST_LOG = 64_000_000
"""The bytes of the write-ahead log that stay on the disk when it begins anew.

It grows while somebody reads one moment for long, as ``chat admin check`` does.
"""


def connect(path: Path, sync: str = "full") -> sqlite3.Connection:
    """Connect to the file for reading and writing."""
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {sync}")
        connection.execute(f"PRAGMA journal_size_limit = {LARGEST_LOG}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def size_of(connection: sqlite3.Connection) -> int:
    """The bytes of a database."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * page)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def explained() -> Iterator[None]:
    """Raise :class:`CannotKeep` in place of the errors of SQLite."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "")
        why = next(
            (words for code, words in _REASONS.items() if name.startswith(code)), "the history can't be written."
        )
        raise CannotKeep(why) from error


_REASONS = {
    "SQLITE_FULL": "the disk of the server is full.",
    "SQLITE_IOERR": "the disk of the server can't be written.",
    "SQLITE_READONLY": "the history is read-only.",
    "SQLITE_BUSY": "the history is locked by another program.",
}
