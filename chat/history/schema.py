"""The tables of the database, as they are in this version; :mod:`chat.history.migrations` makes them of older ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

VERSION = 7
"""The version of the tables, which a file keeps as its ``user_version``."""

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
    lineage TEXT,
    deleted_by TEXT,
    author_id INTEGER,
    recipient_id INTEGER,
    special INTEGER
) STRICT;
CREATE INDEX messages_by_room ON messages (room, id) WHERE room IS NOT NULL;
CREATE INDEX messages_by_lineage ON messages (lineage, id) WHERE lineage IS NOT NULL;
CREATE INDEX messages_in_private ON messages (id) WHERE room IS NULL;
CREATE TABLE details (
    id INTEGER PRIMARY KEY,
    edited TEXT,
    re INTEGER,
    answers INTEGER,
    notice INTEGER NOT NULL DEFAULT 0,
    everybody INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE VIRTUAL TABLE words
    USING fts5(text, author, room, content='', columnsize=0, tokenize='ascii', prefix='2 3');
INSERT INTO words (words, rank) VALUES ('automerge', 8);
CREATE TABLE ids (last INTEGER NOT NULL) STRICT;
INSERT INTO ids VALUES (0);
CREATE TABLE steps (id INTEGER PRIMARY KEY, cause TEXT NOT NULL) STRICT;
"""
"""``messages.special``: there is more about the message in ``details``, ``changes`` or ``files``. ``details``: when it
was edited last, which message it answers (``re``) and whose that was (``answers``), whether it is a notice, and meant
for ``everybody``.

``words``: the index of the words in rooms, which holds no text, only where the words are. Beside the room,
``words.room`` holds whose message is answered, and whether it is for everybody. The beginnings of words that have two
or three letters are words of a second index, so that they are found as fast. With ``automerge`` of 8 a message takes a
tenth less time to store than with 4, which FTS5 would take.

``ids.last``: the greatest id of the messages that are no longer kept. ``steps``: the ids from which on times begin
anew, because the clock was set back (``clock``), messages with old times came in (``import``), or an older version left
it so (``unknown``). From one to the next the times of messages never decrease."""

_CHANGES = """
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
"""
"""``changes``: how messages were changed, the newest of each kind, and of reactions the newest of each text and party;
what was taken back has the ``state`` 0. ``reactions``: how many parties react to a message with a text, and since which
change (``first``) there was one without a break. ``private_changes``: which parties are shown the change of a private
message, and with whom that is. ``done``: the tags of changes."""

_CONVERSATIONS = """
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
CREATE VIRTUAL TABLE private_words
    USING fts5(text, author, parties, content='', columnsize=0, tokenize='ascii', prefix='2 3');
INSERT INTO private_words (private_words, rank) VALUES ('automerge', 8);
CREATE TABLE spent (sender TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE ended (subject INTEGER PRIMARY KEY) STRICT;
"""
"""A party is how conversations know somebody for good: an account by the presence that registered it, or by one that
nobody had, and others by their presence. ``private``: between whom a private message is, and whose share of the room
for private messages it takes. ``copies``: who has it, with whom, and whether they said it; it goes when nobody has it
any more. ``conversations``: up to which id a party has read. ``private_words``: the index of the words in private
messages. ``spent``: how much of their share the senders have taken. ``ended``: parties that are gone for good, whose
copies are still to go."""

_ACCOUNTS = """
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    role TEXT NOT NULL DEFAULT '',
    presence INTEGER
) STRICT;
CREATE TABLE tokens (
    digest TEXT PRIMARY KEY,
    subject INTEGER NOT NULL,
    used REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tokens_by_subject ON tokens (subject, used);
CREATE TABLE former_names (
    name TEXT PRIMARY KEY,
    account INTEGER NOT NULL,
    until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE invitations (
    digest TEXT PRIMARY KEY,
    maker INTEGER NOT NULL,
    until REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX invitations_by_maker ON invitations (maker);
CREATE TABLE joined (
    account INTEGER NOT NULL,
    room TEXT NOT NULL,
    UNIQUE (account, room)
) STRICT;
CREATE TABLE marks (
    account INTEGER NOT NULL,
    room TEXT NOT NULL,
    id INTEGER NOT NULL,
    PRIMARY KEY (account, room)
) STRICT, WITHOUT ROWID;
CREATE TABLE ignored (
    subject INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (subject, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE own_words (
    account INTEGER NOT NULL,
    word TEXT NOT NULL,
    UNIQUE (account, word)
) STRICT;
"""
"""Accounts, and the presences of users without one, have ids: those of accounts are positive, those of presences
negative. ``accounts.presence``: the presence that registered the account. ``tokens``: by which token who comes back,
and when it was used last. ``former_names``: the names that accounts had before, and until when they are kept for them.
``invitations``: who has made them (0: the operator), by the digests of their codes, and until when they are good
(seconds since 1970). ``joined``: the rooms that the devices of an account come into, in the order in which they first
did. ``marks``: up to which id an account has read a room. ``ignored``: whom an account ignores. ``own_words``: what
names an account besides its name."""

_ROOMS = """
CREATE TABLE topics (
    room TEXT PRIMARY KEY,
    topic TEXT NOT NULL,
    author TEXT,
    time TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE rules (
    room TEXT PRIMARY KEY,
    locked INTEGER NOT NULL,
    access TEXT NOT NULL DEFAULT 'open',
    status TEXT NOT NULL DEFAULT '',
    slow INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE rights (
    room TEXT NOT NULL,
    subject INTEGER NOT NULL,
    op INTEGER NOT NULL,
    invited INTEGER NOT NULL,
    muted REAL,
    founder INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (room, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX rights_by_subject ON rights (subject);
CREATE TABLE muted_networks (
    room TEXT NOT NULL,
    network TEXT NOT NULL,
    until REAL NOT NULL,
    PRIMARY KEY (room, network)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE hooks (
    name TEXT PRIMARY KEY,
    room TEXT NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    maker INTEGER NOT NULL,
    time TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
"""``rules.access``: who comes into a room; ``status``: whether it is archived or closed; ``slow``: the seconds between
two messages. ``rights``: whose room it is (``founder``), who is op of it, invited into it (1 if they have not come
since, 2 if they have), or muted there until then (seconds since 1970). ``muted_networks``: from where newcomers are
muted too. ``room_bans``: who may not come into a room, called so then, until when, and from where others may not.
``hooks``: by which name a program speaks in which room, the digest of its secret, who has made it (0: the operator)
and when."""

_ORDER = """
CREATE TABLE bans (
    key TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    until REAL,
    why TEXT NOT NULL,
    author TEXT NOT NULL,
    time TEXT NOT NULL,
    account INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    time TEXT NOT NULL,
    author TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    room TEXT,
    why TEXT NOT NULL,
    lasting INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX audit_of_room ON audit (room, id) WHERE NOT lasting AND room IS NOT NULL;
CREATE INDEX audit_of_name ON audit (target, id) WHERE NOT lasting AND room IS NULL;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
    BEGIN SELECT raise(ABORT, 'the audit record can not be changed'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit WHEN old.lasting
    BEGIN SELECT raise(ABORT, 'the audit record can not be changed'); END;
"""
"""``audit.lasting``: a moderator, an owner or the operator decided it; what ops decide in their rooms, and what users
decide about their accounts, goes in time."""

_FILES = """
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
"""``files``: the file that came with a message, by the id of that; ``key`` is what it is called on the disk and in its
address, ``sender`` whose share of the room for files it takes, as in ``private``. ``removed_files``: those whose
message is gone, and which are to be removed from the disk."""


def create(connection: sqlite3.Connection) -> None:
    """Make the tables in an empty file."""
    for script in (_MESSAGES, _CHANGES, _CONVERSATIONS, _ACCOUNTS, _ROOMS, _ORDER, _FILES):
        for statement in statements(script):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")


def statements(script: str) -> Iterator[str]:
    """The statements of *script*, each of which ends at the end of a line."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
