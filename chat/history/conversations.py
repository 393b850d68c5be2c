"""Private messages in the tables of the database: who has them, and how far each side has read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from msgspec import structs

from chat.core.accounts import Subject
from chat.core.events import Message
from chat.core.facts import Between, Said
from chat.core.ports import Conversation, Missed, Query, Unread, UnreadOf
from chat.core.private import cost
from chat.history import changes
from chat.history.rows import COLUMNS, INDEX_PRIVATE, LETTER, UNINDEX_PRIVATE, letters_from, message_from, words_between

_KEEP = "INSERT INTO private (id, author, recipient, sender) VALUES (?, ?, ?, ?)"
_COPY = "INSERT OR IGNORE INTO copies (subject, other, id, mine) VALUES (?, ?, ?, ?)"
_BEGIN = "INSERT OR IGNORE INTO conversations (subject, other, read) VALUES (?, ?, 0)"
_SPEND = "INSERT INTO spent (sender, size) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET size = size + ?2"
_FREE = "UPDATE spent SET size = size - ? WHERE sender = ?"
_NOTHING_SPENT = "DELETE FROM spent WHERE sender = ? AND size <= 0"
_READ = "UPDATE conversations SET read = max(read, ?) WHERE subject = ? AND other = ?"
_OVER = """
    DELETE FROM conversations WHERE subject = ?1 AND other = ?2
    AND NOT EXISTS (SELECT 1 FROM copies WHERE subject = ?1 AND other = ?2)
"""
_ONE = f"SELECT {COLUMNS} FROM messages WHERE id = ? AND deleted_by IS NULL"  # noqa: S608
_ERASE = "UPDATE messages SET text = '', deleted_by = author WHERE id = ?"
_KEPT = "JOIN messages ON messages.id = copies.id WHERE deleted_by IS NULL"
_HELD = f"SELECT {LETTER} FROM copies {_KEPT}"  # noqa: S608
_BETWEEN = f"""
    SELECT {LETTER} FROM copies INDEXED BY copies_of_conversation {_KEPT}
    AND subject = ? AND other = ? AND copies.id > ? AND copies.id < ? ORDER BY copies.id
"""  # noqa: S608
_MISSED = f"{_HELD} AND subject = ? AND copies.id > ? AND copies.id < ? ORDER BY copies.id LIMIT ?"
_NOT_OWN = f"""
    {_HELD} AND subject = ? AND copies.id > ? AND copies.id < ? AND (mine = 0 OR lineage IS NOT ?)
    ORDER BY copies.id LIMIT ?
"""
_OF_UNREAD = """
    FROM conversations CROSS JOIN copies INDEXED BY copies_received
    ON copies.subject = conversations.subject AND copies.other = conversations.other AND copies.id > read AND mine = 0
"""
_UNREAD = """
    SELECT copies.id, copies.other FROM copies CROSS JOIN conversations
    ON conversations.subject = copies.subject AND conversations.other = copies.other
    WHERE copies.subject = ? AND copies.id > ? AND copies.id < ? AND mine = 0 AND copies.id > read ORDER BY copies.id
"""
"""In the order of the ids, so that a page takes no more than what is read up to its end."""
_LETTER = f"{_HELD} AND subject = ? AND copies.id = ?"
_WAITING = f"""
    SELECT copies.other, count(*), min(copies.id), max(copies.id) {_OF_UNREAD}
    WHERE conversations.subject = ? AND copies.id < ? GROUP BY conversations.other ORDER BY 4 DESC
"""
_NEWEST_FROM = """
    SELECT id FROM copies INDEXED BY copies_received
    WHERE subject = ? AND other = ? AND mine = 0 AND id < ? ORDER BY id DESC LIMIT 1 OFFSET ?
"""
_NEWEST = "SELECT id FROM copies WHERE subject = ? AND id < ? ORDER BY id DESC LIMIT 1 OFFSET ?"
_UNHEARD = f"""
    SELECT conversations.subject, copies.other, max(copies.id) {_OF_UNREAD}
    WHERE conversations.subject = ? GROUP BY conversations.other
"""
_LIST = """
    SELECT listed.other, last, read, author, recipient, time, mine, (
        SELECT count(*) FROM copies INDEXED BY copies_received
        WHERE subject = ?1 AND copies.other = listed.other AND id > read AND mine = 0
    ) FROM (
        SELECT other, read, (
            SELECT max(id) FROM copies WHERE subject = ?1 AND other = conversations.other
        ) AS last FROM conversations WHERE subject = ?1 AND last < ?2 ORDER BY last DESC LIMIT ?3
    ) AS listed
    JOIN messages ON messages.id = last JOIN copies AS newest ON newest.subject = ?1 AND newest.id = last
"""


def keep(connection: sqlite3.Connection, said: Said, between: Between) -> None:
    """Have its author, and the other if they hear it, have a private message that is stored."""
    execute, message = connection.execute, said.message
    author, other = between.author, between.other
    execute(_KEEP, (message.id, author, other, between.sender))
    execute(INDEX_PRIVATE, words_between(message, author, other))
    execute(_SPEND, (between.sender, cost(message.text)))
    execute(_COPY, (author, other, message.id, True))
    execute(_BEGIN, (author, other))
    if between.heard and other != author:
        execute(_COPY, (other, author, message.id, False))
        execute(_BEGIN, (other, author))


def between(connection: sqlite3.Connection, number: int) -> Between | None:
    """Between whom the private message with the id *number* is; ``heard`` tells whether the other has it."""
    row = connection.execute("SELECT author, recipient, sender FROM private WHERE id = ?", (number,)).fetchone()
    if row is None:
        return None
    author, other, sender = row
    return Between(author, other, sender, heard=_has(connection, other, number))


def _has(connection: sqlite3.Connection, party: Subject, number: int) -> bool:
    query = "SELECT 1 FROM copies WHERE subject = ? AND id = ?"
    return connection.execute(query, (party, number)).fetchone() is not None


def forget(connection: sqlite3.Connection, message: Message, whose: Between) -> None:
    """Nobody has a private message any more, nor finds its words; the row of the message itself stays."""
    execute = connection.execute
    execute(UNINDEX_PRIVATE, words_between(message, whose.author, whose.other))
    execute("DELETE FROM private WHERE id = ?", (message.id,))
    execute(_FREE, (cost(message.text), whose.sender))
    execute(_NOTHING_SPENT, (whose.sender,))
    for party, other in {(whose.author, whose.other), (whose.other, whose.author)}:
        execute("DELETE FROM copies WHERE subject = ? AND id = ?", (party, message.id))
        execute(_OVER, (party, other))


def edit(connection: sqlite3.Connection, message: Message, text: str, whose: Between) -> None:
    """A private *message* has another *text* now: its words are found, and its sender has spent what that takes."""
    edited = structs.replace(message, text=text)
    connection.execute(UNINDEX_PRIVATE, words_between(message, whose.author, whose.other))
    connection.execute(INDEX_PRIVATE, words_between(edited, whose.author, whose.other))
    connection.execute(_SPEND, (whose.sender, cost(text) - cost(message.text)))


def drop(connection: sqlite3.Connection, messages: Iterable[Message]) -> None:
    """Forget those of *messages*, which are private, that somebody has."""
    for message in messages:
        whose = between(connection, message.id)
        if whose is not None:
            forget(connection, message, whose)


def mark(connection: sqlite3.Connection, party: Subject, other: Subject, number: int) -> None:
    """The *party* has read its conversation with the *other* up to the id *number*."""
    connection.execute(_READ, (number, party, other))


# -- parties that are gone


def end(connection: sqlite3.Connection, party: Subject) -> None:
    """The *party* is gone for good; :func:`clean` takes its copies away, little by little."""
    query = "INSERT OR IGNORE INTO ended SELECT ?1 WHERE EXISTS (SELECT 1 FROM {} WHERE subject = ?1)"
    for table in ("conversations", "private_changes"):
        connection.execute(query.format(table), (party,))


def clean(connection: sqlite3.Connection, most: int) -> bool:
    """Take at *most* so many copies of a party that is gone, and the texts that nobody has any more.

    Returns whether there may be more.
    """
    execute = connection.execute
    row = execute("SELECT subject FROM ended LIMIT 1").fetchone()
    if row is None:
        return False
    (party,) = row
    copies = execute("SELECT id FROM copies WHERE subject = ? ORDER BY id LIMIT ?", (party, most)).fetchall()
    for (number,) in copies:
        execute("DELETE FROM copies WHERE subject = ? AND id = ?", (party, number))
        whose = between(connection, number)
        found = execute(_ONE, (number,)).fetchone()
        if whose is None or found is None:
            continue
        if not whose.heard and not _has(connection, whose.author, number):
            forget(connection, message_from(found), whose)
            changes.forget(connection, [number])
            execute(_ERASE, (number,))
    if len(copies) < most and not changes.end(connection, party, most):
        execute("DELETE FROM conversations WHERE subject = ?", (party,))
        execute("DELETE FROM ended WHERE subject = ?", (party,))
    return True


# -- questions


def read(connection: sqlite3.Connection, query: Query, first: int, end: int, count: int) -> list[Message]:
    """The messages of a conversation from the id *first* on and before *end*, in the order that was asked."""
    order = " DESC LIMIT ?" if query.newest else " LIMIT ?"
    values = (query.party, query.other, first - 1, end, count)
    return letters_from(connection, connection.execute(_BETWEEN + order, values), query.party, query.token)


def missed(connection: sqlite3.Connection, wanted: Missed, count: int) -> list[Message]:
    """The first *count* private messages of *wanted*."""
    party, token = wanted.party, wanted.token
    rows: Iterable[tuple[Any, ...]]
    if wanted.unread:
        ids = _unread(connection, wanted, count)
        rows = (connection.execute(_LETTER, (party, number)).fetchone() for number in ids)
    elif wanted.own:
        rows = connection.execute(_MISSED, (party, wanted.after, wanted.before, count))
    else:
        rows = connection.execute(_NOT_OWN, (party, wanted.after, wanted.before, token, count))
    return letters_from(connection, rows, party, token)


def _unread(connection: sqlite3.Connection, wanted: Missed, count: int) -> Sequence[int]:
    """The first *count* ids of what is not read of *wanted*."""
    with closing(connection.execute(_UNREAD, (wanted.party, wanted.after, wanted.before))) as rows:
        return list(islice((number for number, other in rows if number >= wanted.newest.get(other, 0)), count))


def unread(connection: sqlite3.Connection, asked: UnreadOf) -> Unread:
    """What a party has not read."""
    execute, party, before = connection.execute, asked.party, asked.before
    senders = []
    newest: dict[Subject, int] = {}
    start = before
    for other, count, first, last in execute(_WAITING, (party, before)).fetchall():
        (name,) = execute("SELECT author FROM messages WHERE id = ?", (last,)).fetchone()
        senders.append((other, name, count))
        if asked.most is not None and count > asked.most:
            (newest[other],) = execute(_NEWEST_FROM, (party, other, before, asked.most - 1)).fetchone()
        start = min(start, newest.get(other, first))
    recent = execute(_NEWEST, (party, before, asked.recent - 1)).fetchone()
    return Unread(senders, start, recent[0] if recent is not None else 1, newest)


def listed(connection: sqlite3.Connection, party: Subject, before: int, count: int) -> Sequence[Conversation]:
    """The *count* conversations of a *party* whose last message has the greatest id below *before*, newest first."""
    return [
        Conversation(other, last, read, recipient if mine else author, time, unread)
        for other, last, read, author, recipient, time, mine, unread in connection.execute(
            _LIST, (party, before, count)
        )
    ]


def unheard(connection: sqlite3.Connection, parties: Iterable[Subject]) -> Sequence[tuple[Subject, Subject, int]]:
    """What *parties* have not read: each with who said something, and the id of the last of it."""
    return [row for party in parties for row in connection.execute(_UNHEARD, (party,))]


def presences(connection: sqlite3.Connection) -> Sequence[Subject]:
    """The parties of conversations that have no account."""
    query = """
        SELECT subject FROM conversations WHERE subject < 0 UNION SELECT subject FROM private_changes WHERE subject < 0
        EXCEPT SELECT presence FROM accounts EXCEPT SELECT subject FROM ended
    """
    return [party for (party,) in connection.execute(query)]


def spent(connection: sqlite3.Connection) -> Mapping[str, int]:
    """How much of their share all senders have taken."""
    return dict(connection.execute("SELECT sender, size FROM spent"))


def spent_by(connection: sqlite3.Connection, sender: str) -> int:
    """How much of their share a *sender* has taken."""
    row = connection.execute("SELECT size FROM spent WHERE sender = ?", (sender,)).fetchone()
    return row[0] if row is not None else 0
