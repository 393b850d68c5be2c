"""How a file of an older version becomes one of this version, whose tables :mod:`chat.history.schema` has."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from twisted.logger import Logger

from chat.core import names
from chat.core.private import cost
from chat.disk.files import put_in_place
from chat.disk.private import create_in_data
from chat.history.connection import size_of, transaction
from chat.history.indexing import indexed_name, indexed_parties, indexed_text
from chat.history.schema import VERSION, create, statements
from chat.history.store import CannotOpen

ROOM = 3
"""How often the size of an old file must be free on its disk: for the copy, and for the log of what is changed."""

log = Logger()

_SEARCH = """
CREATE VIRTUAL TABLE words USING fts5(text, author, room, content='', columnsize=0, tokenize='ascii');
INSERT INTO words (rowid, text, author, room)
    SELECT id, indexed_text(text), indexed_name(author), indexed_name(room) FROM messages WHERE room IS NOT NULL;
ALTER TABLE messages ADD COLUMN deleted_by TEXT;
CREATE INDEX messages_in_private ON messages (id) WHERE room IS NULL;
CREATE TABLE ids (last INTEGER NOT NULL) STRICT;
INSERT INTO ids VALUES (0);
"""
"""The index of words, and who deleted what."""

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
"""Accounts, and what they decide. ``kept``: the private messages that wait for an account."""

_IDENTITIES = """
ALTER TABLE accounts RENAME TO old_accounts;
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT '',
    presence INTEGER
) STRICT;
CREATE TEMP TABLE registered AS
    SELECT target AS name, max(time) AS time FROM audit WHERE action = 'register' GROUP BY target;
CREATE TEMP TABLE owners AS
    SELECT row_number() OVER (ORDER BY registered.time IS NULL, registered.time, old.name, old.key) AS id,
        old.key AS key, old.name AS name, registered.time AS time
    FROM old_accounts AS old LEFT JOIN registered USING (name);
INSERT INTO accounts (id, name, password, role)
    SELECT owners.id, old.name, old.password, old.role FROM owners JOIN old_accounts AS old USING (key) ORDER BY 1;
CREATE TABLE rights (
    room TEXT NOT NULL,
    subject INTEGER NOT NULL,
    op INTEGER NOT NULL,
    invited INTEGER NOT NULL,
    muted REAL,
    PRIMARY KEY (room, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX rights_by_subject ON rights (subject);
CREATE TABLE muted_networks (
    room TEXT NOT NULL,
    network TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (room, network)
) STRICT, WITHOUT ROWID;
INSERT INTO rights (room, subject, op, invited)
    SELECT room, owners.id, max(op), max(invited) FROM (
        SELECT room, value AS key, 1 AS op, 0 AS invited FROM rules, json_each(rules.ops)
        UNION ALL
        SELECT room, value, 0, 1 FROM rules, json_each(rules.invited)
    ) JOIN owners USING (key) GROUP BY room, owners.id;
ALTER TABLE rules DROP COLUMN ops;
ALTER TABLE rules DROP COLUMN invited;
ALTER TABLE marks RENAME TO old_marks;
CREATE TABLE marks (
    account INTEGER NOT NULL,
    room TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;
INSERT INTO marks SELECT owners.id, room, old_marks.id FROM old_marks JOIN owners ON key = account;
CREATE TABLE ignored (
    subject INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (subject, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE unseen (
    subject INTEGER NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (subject, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unseen_by_id ON unseen (id);
INSERT INTO unseen SELECT owners.id, kept.id FROM kept JOIN owners ON key = account;
CREATE TABLE tokens (
    digest TEXT PRIMARY KEY,
    subject INTEGER NOT NULL,
    used REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_subject ON tokens (subject, used);
ALTER TABLE bans ADD COLUMN account INTEGER NOT NULL DEFAULT 0;
ALTER TABLE audit ADD COLUMN lasting INTEGER NOT NULL DEFAULT 1;
CREATE INDEX audit_of_room ON audit (room, id) WHERE NOT lasting AND room IS NOT NULL;
CREATE INDEX audit_of_name ON audit (target, id) WHERE NOT lasting AND room IS NULL;
DROP TRIGGER audit_is_not_deleted;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit WHEN old.lasting
    BEGIN SELECT raise(ABORT, 'the audit record can not be changed'); END;
ALTER TABLE messages ADD COLUMN author_id INTEGER;
ALTER TABLE messages ADD COLUMN recipient_id INTEGER;
DROP TABLE kept;
DROP TABLE old_marks;
DROP TABLE old_accounts;
"""
"""Accounts and presences get ids, and what was kept by name is kept by these."""

_STEPS = """
CREATE TABLE steps (id INTEGER PRIMARY KEY, cause TEXT NOT NULL) STRICT;
INSERT INTO steps (id, cause)
    SELECT id, 'unknown' FROM (SELECT id, time, lag(time) OVER (ORDER BY id) AS before FROM messages)
    WHERE time < before;
"""
"""What an older version left of steps is found by looking at every message (``unknown``)."""

_PEOPLE = """
UPDATE accounts SET presence = presence_of(id, password) WHERE presence IS NULL;
CREATE TABLE former_names (
    name TEXT PRIMARY KEY,
    account INTEGER NOT NULL,
    until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE joined (
    account INTEGER NOT NULL,
    room TEXT NOT NULL,
    UNIQUE (account, room)
) STRICT;
CREATE TABLE private (
    id INTEGER PRIMARY KEY,
    author INTEGER NOT NULL,
    recipient INTEGER NOT NULL,
    sender TEXT NOT NULL
) STRICT;
CREATE TABLE copies (
    subject INTEGER NOT NULL,
    id INTEGER NOT NULL,
    other INTEGER NOT NULL,
    mine INTEGER NOT NULL,
    PRIMARY KEY (subject, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_of_conversation ON copies (subject, other, id);
CREATE INDEX copies_received ON copies (subject, other, id) WHERE mine = 0;
CREATE TABLE conversations (
    subject INTEGER NOT NULL,
    other INTEGER NOT NULL,
    read INTEGER NOT NULL,
    PRIMARY KEY (subject, other)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE private_words USING fts5(text, author, parties, content='', columnsize=0, tokenize='ascii');
CREATE TABLE spent (sender TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE ended (subject INTEGER PRIMARY KEY) STRICT;
CREATE TABLE invitations (
    digest TEXT PRIMARY KEY,
    maker INTEGER NOT NULL,
    until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_maker ON invitations (maker);
"""
"""Private messages belong to parties, and accounts have devices."""

_ROOMS = """
ALTER TABLE rules ADD COLUMN access TEXT NOT NULL DEFAULT 'open';
UPDATE rules SET access = 'private' WHERE private;
ALTER TABLE rules DROP COLUMN private;
ALTER TABLE rules ADD COLUMN status TEXT NOT NULL DEFAULT '';
ALTER TABLE rules ADD COLUMN slow INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rights ADD COLUMN founder INTEGER NOT NULL DEFAULT 0;
UPDATE rights SET invited = 2 WHERE invited;
CREATE TABLE room_bans (
    room TEXT NOT NULL,
    subject INTEGER NOT NULL,
    target TEXT NOT NULL,
    until REAL,
    why TEXT NOT NULL,
    author TEXT NOT NULL,
    time TEXT NOT NULL,
    network TEXT NOT NULL,
    network_until REAL NOT NULL,
    PRIMARY KEY (room, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX room_bans_by_subject ON room_bans (subject);
"""
"""Rooms get their doors."""

_TALK = """
ALTER TABLE messages ADD COLUMN special INTEGER;
CREATE TABLE details (
    id INTEGER PRIMARY KEY,
    edited TEXT,
    re INTEGER,
    answers INTEGER,
    notice INTEGER NOT NULL DEFAULT 0,
    everybody INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE changes (
    rev INTEGER PRIMARY KEY,
    id INTEGER NOT NULL,
    room TEXT,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    party INTEGER NOT NULL,
    state INTEGER NOT NULL,
    author TEXT NOT NULL,
    time TEXT NOT NULL,
    tag TEXT,
    token TEXT
) STRICT;
CREATE UNIQUE INDEX changes_of_message ON changes (id, kind, text, party);
CREATE INDEX changes_by_room ON changes (room, rev) WHERE room IS NOT NULL;
CREATE INDEX pins ON changes (rev) WHERE kind = 'pinned' AND state = 1;
CREATE INDEX taken_back ON changes (id, rev) WHERE kind = 'reacted' AND state = 0;
CREATE TABLE reactions (
    id INTEGER NOT NULL,
    text TEXT NOT NULL,
    count INTEGER NOT NULL,
    first INTEGER NOT NULL,
    PRIMARY KEY (id, text)
) STRICT, WITHOUT ROWID;
CREATE TABLE private_changes (
    rev INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    other INTEGER NOT NULL,
    PRIMARY KEY (rev, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX private_changes_by_subject ON private_changes (subject, rev);
CREATE INDEX private_changes_of_conversation ON private_changes (subject, other, rev);
CREATE TABLE done (
    rev INTEGER PRIMARY KEY,
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    tag TEXT NOT NULL,
    token TEXT NOT NULL
) STRICT;
CREATE INDEX done_by_token ON done (token, rev);
CREATE INDEX done_of_message ON done (id);
CREATE TABLE own_words (
    account INTEGER NOT NULL,
    word TEXT NOT NULL,
    UNIQUE (account, word)
) STRICT;
"""
"""Messages can be changed and answered."""

_INDEXES = """
DROP TABLE words;
DROP TABLE private_words;
CREATE VIRTUAL TABLE words
    USING fts5(text, author, room, content='', columnsize=0, tokenize='ascii', prefix='2 3');
CREATE VIRTUAL TABLE private_words
    USING fts5(text, author, parties, content='', columnsize=0, tokenize='ascii', prefix='2 3');
INSERT INTO words (words, rank) VALUES ('automerge', 8);
INSERT INTO private_words (private_words, rank) VALUES ('automerge', 8);
"""
"""The indexes of words, made anew because what a word is has changed."""

_HOOKS_AND_FILES = """
CREATE TABLE hooks (
    name TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    maker INTEGER NOT NULL,
    time TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    type TEXT NOT NULL,
    digest TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    sender TEXT NOT NULL
) STRICT;
CREATE INDEX files_by_sender ON files (sender, size);
CREATE TABLE removed_files (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TRIGGER file_is_removed AFTER DELETE ON files
    BEGIN INSERT OR IGNORE INTO removed_files VALUES (old.key); END;
"""

AT_ONCE = 20_000
"""The messages that a migration works on at a time."""

STEP = 10
"""The percent after which progress is logged."""

Migration = Callable[[sqlite3.Connection, Callable[[int, int], None]], None]
"""Makes a version of the schema from the one before, and tells how much it has done of how much."""


def _statements(script: str) -> Migration:
    def run(connection: sqlite3.Connection, progress: Callable[[int, int], None]) -> None:
        for statement in statements(script):
            connection.execute(statement)

    return run


def _give_ids(connection: sqlite3.Connection, progress: Callable[[int, int], None]) -> None:
    """Give accounts their ids, and messages those of their authors and recipients.

    An old message is an account's if it was said under the account's name since that was registered. Where names of
    several accounts look alike, each is only meant by its exact name.
    """
    _statements(_IDENTITIES)(connection, progress)
    by_name: dict[str, list[tuple[int | None, str]]] = {}
    by_key: dict[str, list[tuple[int | None, str]]] = {}
    for number, name, time in connection.execute("SELECT id, name, time FROM owners"):
        account = (number, time) if time is not None else (None, "")
        by_name.setdefault(name, []).append(account)
        by_key.setdefault(names.key(name), []).append(account)
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()

    def owner(name: str | None, time: str) -> int | None:
        found = by_name.get(name) or by_key.get(names.key(name), []) if name else []
        return found[0][0] if len(found) == 1 and time >= found[0][1] else None

    query = "SELECT id, author, recipient, time FROM messages WHERE id > ? ORDER BY id LIMIT ?"
    after = 0
    while by_name and (rows := connection.execute(query, (after, AT_ONCE)).fetchall()):
        found = [(owner(author, time), owner(to, time), number) for number, author, to, time in rows]
        connection.executemany(
            "UPDATE messages SET author_id = ?, recipient_id = ? WHERE id = ?",
            (row for row in found if row[0] is not None or row[1] is not None),
        )
        after = rows[-1][0]
        progress(after, last)
    connection.execute("DROP TABLE owners")
    connection.execute("DROP TABLE registered")
    _statements(_STEPS)(connection, progress)


def _begin_conversations(connection: sqlite3.Connection, progress: Callable[[int, int], None]) -> None:
    """Give private messages to those who said them and to whom they were said, and take the text of all others away.

    A user without an account of whom no token is held has left. What nobody knows the author of any more is kept apart
    by the names.
    """
    execute, executemany = connection.execute, connection.executemany
    _statements(_PEOPLE + _ROOMS)(connection, progress)
    parties = {account: presence or account for account, presence in execute("SELECT id, presence FROM accounts")}
    accounts = set(parties.values())
    here = accounts.union(subject for (subject,) in execute("SELECT subject FROM tokens WHERE subject < 0"))
    waiting: dict[int, set[int]] = {}
    for subject, number in execute("SELECT subject, id FROM unseen"):
        waiting.setdefault(number, set()).add(parties.get(subject, subject))
    unread: dict[tuple[int, int], int] = {}
    spent: dict[str, int] = {}
    (last,) = execute("SELECT coalesce(max(id), 0) FROM messages WHERE room IS NULL").fetchone()
    query = """
        SELECT id, author, coalesce(author_id, 0), recipient, coalesce(recipient_id, 0), text FROM messages
        WHERE room IS NULL AND deleted_by IS NULL AND id > ? ORDER BY id LIMIT ?
    """
    after = 0
    while rows := execute(query, (after, AT_ONCE)).fetchall():
        copies: list[tuple[int, int, int, bool]] = []
        private: list[tuple[int, int, int, str]] = []
        found: list[tuple[int, str, str, str]] = []
        nobodys: list[tuple[int]] = []
        for number, name, author_id, to, recipient_id, text in rows:
            author = parties.get(author_id, author_id) or _stranger(name)
            unseen = waiting.get(number, set())
            other = parties.get(recipient_id, recipient_id)
            if unseen and other not in unseen:
                other = min(unseen)
            other = other or _stranger(to or "")
            readers = [party for party in {other, *unseen} & here if party != author]
            if author in here:
                copies.append((author, other, number, True))
            elif not readers:
                nobodys.append((number,))
                continue
            copies += [(party, author, number, False) for party in readers]
            for party in unseen:
                unread.setdefault((party, author), number)
            sender = str(author) if author in accounts else ""
            private.append((number, author, other, sender))
            found.append((number, indexed_text(text), indexed_name(name), indexed_parties(author, other)))
            spent[sender] = spent.get(sender, 0) + cost(text)
        executemany("INSERT INTO copies (subject, other, id, mine) VALUES (?, ?, ?, ?)", copies)
        executemany("INSERT INTO private (id, author, recipient, sender) VALUES (?, ?, ?, ?)", private)
        executemany("INSERT INTO private_words (rowid, text, author, parties) VALUES (?, ?, ?, ?)", found)
        executemany("UPDATE messages SET text = '', deleted_by = author WHERE id = ?", nobodys)
        after = rows[-1][0]
        progress(after, last)
    spent.pop("", None)
    executemany("INSERT INTO spent VALUES (?, ?)", spent.items())
    execute("INSERT INTO conversations SELECT subject, other, max(id) FROM copies GROUP BY subject, other")
    marks = ((number - 1, party, other) for (party, other), number in unread.items())
    executemany("UPDATE conversations SET read = ? WHERE subject = ? AND other = ?", marks)
    execute("DROP TABLE unseen")


def _begin_talk(connection: sqlite3.Connection, progress: Callable[[int, int], None]) -> None:
    """Make room for what comes with changes of messages, and index all words anew."""
    _statements(_TALK + _INDEXES)(connection, progress)
    execute, executemany = connection.execute, connection.executemany
    (last,) = execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()
    query = """
        SELECT messages.id, room, messages.author, text, private.author, private.recipient
        FROM messages LEFT JOIN private ON private.id = messages.id AND room IS NULL
        WHERE messages.id > ? AND deleted_by IS NULL ORDER BY messages.id LIMIT ?
    """
    after = 0
    while rows := execute(query, (after, AT_ONCE)).fetchall():
        executemany(
            "INSERT INTO words (rowid, text, author, room) VALUES (?, ?, ?, ?)",
            (
                (number, indexed_text(text), indexed_name(name), indexed_name(room))
                for number, room, name, text, _, _ in rows
                if room is not None
            ),
        )
        executemany(
            "INSERT INTO private_words (rowid, text, author, parties) VALUES (?, ?, ?, ?)",
            (
                (number, indexed_text(text), indexed_name(name), indexed_parties(author, other))
                for number, _, name, text, author, other in rows
                if author is not None
            ),
        )
        after = rows[-1][0]
        progress(after, last)


def _stranger(name: str) -> int:
    """Make a party for whoever had a *name* of which no more is known; it is no presence that anybody has."""
    return -1 - (int.from_bytes(hashlib.sha256(names.key(name).encode()).digest()[:8], "big") >> 1)


MIGRATIONS: Sequence[Migration] = (
    _statements(_SEARCH),
    _statements(_ACCOUNTS),
    _give_ids,
    _begin_conversations,
    _begin_talk,
    _statements(_HOOKS_AND_FILES),
)
"""What makes each version of the schema from the one before, version 2 first. Only append to it."""


def presence_of(account: int, password: str) -> int:
    """Make a presence for an account that had none when it was made.

    Nobody can guess it who does not know the hash of the password, and who upgrades a file twice gets the same.
    """
    digest = hashlib.sha256(f"{account} {password}".encode()).digest()
    return -1 - (int.from_bytes(digest[:8], "big") >> 1)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables in a new file, and bring those of an older one up to date, whole or not at all.

    An older file is copied first. Raises :class:`CannotOpen` for a version that is newer than all we know, and if the
    disk has no room for the copy.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise CannotOpen(
            f"{path} was written by a newer twisted-chat. Install that, or choose another place with --data."
        )
    if version == 0:
        with transaction(connection):
            create(connection)
    elif version < VERSION:
        _copy(connection, path, version)
        bring_up_to_date(connection, path)
        log.info("{path} is of version {version} now", path=path, version=VERSION)


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Make the newest version of an older one, whole or not at all."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.create_function("indexed_text", 1, indexed_text, deterministic=True)
    connection.create_function("indexed_name", 1, indexed_name, deterministic=True)
    connection.create_function("presence_of", 2, presence_of, deterministic=True)
    with transaction(connection):
        for number, migration in enumerate(MIGRATIONS[version - 1 :], version + 1):
            migration(connection, _Progress(f"{path} becomes version {number}").show)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _copy(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Copy the file of an older *version* beside it, where it stays until the operator removes it."""
    copy = path.with_name(f"{path.name}.v{version}")
    needed, free = ROOM * size_of(connection), shutil.disk_usage(path.parent).free
    if free < needed:
        raise CannotOpen(
            f"{path} must be brought up to date first, and for that there must be {_megabytes(needed)} MB of room on "
            f"its disk. There are {_megabytes(free)} MB. Make room, and start again: nothing was changed."
        )
    log.info("{path} is of version {version}; it is copied to {copy} first", path=path, version=version, copy=copy)
    partial = copy.with_name(f"{copy.name}.part")
    partial.unlink(missing_ok=True)
    os.close(create_in_data(partial))
    try:
        with closing(sqlite3.connect(partial)) as target:
            connection.backup(target)
        put_in_place(partial, copy)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    log.warn("{copy} is the history as it was before the update, and stays until you remove it", copy=copy)


def _megabytes(size: int) -> int:
    return -(-size // 1_000_000)


class _Progress:
    """Logs how far something is, now and then."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._next = STEP

    def show(self, done: int, of: int) -> None:
        """So much is done."""
        percent = 100 * done // of
        if percent >= self._next:
            log.info("{what}: {percent} %", what=self._what, percent=percent)
            self._next = percent - percent % STEP + STEP
