"""The tables of the database, and how an older file becomes a newer one."""

from __future__ import annotations

import sqlite3
from functools import lru_cache
from pathlib import Path

from chat.core.search import words
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

_SEARCH = """
CREATE VIRTUAL TABLE words USING fts5(text, author, room, content='', columnsize=0, tokenize='ascii');
INSERT INTO words (rowid, text, author, room)
    SELECT id, indexed_text(text), indexed_name(author), indexed_name(room) FROM messages WHERE room IS NOT NULL;
ALTER TABLE messages ADD COLUMN deleted_by TEXT;
CREATE INDEX messages_in_private ON messages (id) WHERE room IS NULL;
CREATE TABLE ids (last INTEGER NOT NULL) STRICT;
INSERT INTO ids VALUES (0);
"""
"""The index of words holds no text, only where the words are. ``ids.last`` is the greatest id of the messages that
are no longer kept."""

_ACCOUNTS = """
CREATE TABLE accounts (
    key TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TABLE marks (
    account TEXT NOT NULL,
    room TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;
CREATE TABLE kept (
    account TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE bans (
    key TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    until REAL,
    why TEXT NOT NULL,
    author TEXT NOT NULL,
    time TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rules (
    room TEXT PRIMARY KEY,
    private INTEGER NOT NULL,
    locked INTEGER NOT NULL,
    ops TEXT NOT NULL,
    invited TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    author TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    room TEXT,
    why TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'the audit record can not be changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
    BEGIN SELECT raise(ABORT, 'the audit record can not be changed'); END;
"""
"""``marks``: up to which id an account has read a room; ``kept``: private messages that it gets when it comes in."""

MIGRATIONS = (_MESSAGES, _SEARCH, _ACCOUNTS)
"""The statements that make each version of the schema from the one before, version 1 first. Only append to it."""


def indexed_text(text: str) -> str:
    """Write *text* so that the tokenizer of the index, which knows ASCII only, finds our words in it."""
    return text if text.isascii() else " ".join(words(text))


@lru_cache(maxsize=4096)
def indexed_name(name: str) -> str:
    """Write the name of an author or room as one word of the index."""
    return name.casefold().encode().hex()


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the schema up to date; raises :class:`CannotOpen` for a version that is newer than all we know."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(MIGRATIONS):
        raise CannotOpen(
            f"{path} was written by a newer twisted-chat. Install that, or choose another place with --data."
        )
    connection.create_function("indexed_text", 1, indexed_text, deterministic=True)
    connection.create_function("indexed_name", 1, indexed_name, deterministic=True)
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {statements} PRAGMA user_version = {number}; COMMIT;")
