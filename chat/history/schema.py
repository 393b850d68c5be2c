"""The tables of the database, and how an older file becomes a newer one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from chat.history.store import CannotOpen

_MESSAGES = """
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    room TEXT,
    recipient TEXT,
    author TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    tag TEXT,
    lineage TEXT
) STRICT;
CREATE INDEX messages_by_room ON messages (room, id) WHERE room IS NOT NULL;
CREATE INDEX messages_by_lineage ON messages (lineage, id) WHERE lineage IS NOT NULL;
CREATE TABLE topics (
    room TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    author TEXT,
    time TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

MIGRATIONS = (_MESSAGES,)
"""What makes each version of the schema out of the one before; the first makes version 1. Only ever add to it."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema up to date; raises :class:`CannotOpen` for a version that is newer than all we know."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise CannotOpen(
            f"{path} was written by a newer twisted-chat. Install that, or choose another place with --data."
        )
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {statements} PRAGMA user_version = {number}; COMMIT;")
