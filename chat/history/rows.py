"""How the rows of the table of messages become messages, and what the index of words holds of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import structs

from chat.core.accounts import Subject
from chat.core.events import Message, Reaction, Sent
from chat.core.facts import Said
from chat.core.text import quoted
from chat.history import files
from chat.history.indexing import indexed_name, indexed_parties, indexed_place, indexed_text

COLUMNS = (
    "messages.id, time, room, recipient, messages.author, kind, text, tag, "
    "CASE WHEN author_id > 0 THEN (SELECT accounts.name FROM accounts WHERE accounts.id = author_id) END, special"
)
_SPECIAL = 9
"""Which of the columns tells whether there is more about the message."""
LETTER = f"{COLUMNS}, copies.other, mine, lineage"
"""The columns of a private message that somebody has."""
INDEX = "INSERT INTO words (rowid, text, author, room) VALUES (?, ?, ?, ?)"
_DETAILS = """
    SELECT details.id, details.edited, re, notice, everybody, answered.author, answered.text
    FROM json_each(?1) CROSS JOIN details ON details.id = value JOIN messages AS answer ON answer.id = details.id
    LEFT JOIN messages AS answered ON answered.id = re AND answered.deleted_by IS NULL AND (
        answered.room = answer.room OR answer.room IS NULL AND answered.room IS NULL AND EXISTS (
            SELECT 1 FROM copies AS its JOIN copies AS that ON that.subject = its.subject AND that.other = its.other
            WHERE its.subject = ?2 AND its.id = answer.id AND that.id = re
        )
    )
"""
"""Of a private message, only what the same party has of the same conversation is quoted."""
_REACTIONS = """
    SELECT reactions.id, reactions.text, count, EXISTS (
        SELECT 1 FROM changes
        WHERE changes.id = reactions.id AND kind = 'reacted' AND changes.text = reactions.text AND party = ?2
        AND state = 1
    ) FROM json_each(?1) CROSS JOIN reactions ON reactions.id = value ORDER BY reactions.id, first
"""
_PINNED = """
    SELECT changes.id FROM json_each(?) CROSS JOIN changes
    ON changes.id = value AND kind = 'pinned' AND text = '' AND party = 0 WHERE state = 1
"""
UNINDEX = "INSERT INTO words (words, rowid, text, author, room) VALUES ('delete', ?, ?, ?, ?)"
INDEX_PRIVATE = "INSERT INTO private_words (rowid, text, author, parties) VALUES (?, ?, ?, ?)"
UNINDEX_PRIVATE = (
    "INSERT INTO private_words (private_words, rowid, text, author, parties) VALUES ('delete', ?, ?, ?, ?)"
)


def message_from(row: tuple[Any, ...]) -> Message:
    """Make a message of the :data:`COLUMNS` of a row."""
    return _messages((row,))[0]


def _messages(rows: Iterable[tuple[Any, ...]]) -> list[Message]:
    """Make all messages of a page at once, which takes less time than one by one."""
    return [
        Message(id=number, time=time, room=room, to=to, author=author, kind=kind, text=text, tag=tag, account=account)
        for number, time, room, to, author, kind, text, tag, account, _ in rows
    ]


def _letter(row: tuple[Any, ...], party: Subject, token: str | None) -> Message:
    """Make a private message, as *party* is shown it, of the columns :data:`LETTER`.

    It has its tag only for who said it under the token of the digest *token*.
    """
    number, time, _, recipient, author, kind, text, tag, account, _, other, mine, lineage = row
    return (Sent if mine and other != party else Message)(
        id=number,
        time=time,
        to=recipient,
        author=author,
        kind=kind,
        text=text,
        tag=tag if not mine or lineage == token else None,
        account=account,
        with_=str(other),
    )


def messages_from(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]], party: Subject) -> list[Message]:
    """Make messages of the :data:`COLUMNS` of *rows*, as *party* is to see them."""
    found = list(rows)
    return _complete(connection, _messages(found), found, party)


def letters_from(
    connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]], party: Subject, token: str | None
) -> list[Message]:
    """Make private messages, as *party* is shown them, of the columns :data:`LETTER` of *rows*."""
    found = list(rows)
    return _complete(connection, [_letter(row, party, token) for row in found], found, party)


def ids_in_json(ids: Iterable[int]) -> str:
    """Write *ids* as the ``json_each`` of SQLite reads them."""
    return msgspec.json.encode(list(ids)).decode()


def _complete(
    connection: sqlite3.Connection, messages: list[Message], rows: Sequence[tuple[Any, ...]], party: Subject
) -> list[Message]:
    """Add to *messages*, which were made of *rows*, what else there is of them that *party* is to see."""
    special = [row[0] for row in rows if row[_SPECIAL]]
    if not special:
        return messages
    ids = ids_in_json(special)
    fields: dict[int, dict[str, Any]] = {number: {} for number in special}
    for number, edited, re, notice, everybody, author, text in connection.execute(_DETAILS, (ids, party)):
        quote = quoted(text) if text is not None else None
        fields[number] = {
            "edited": edited,
            "re": re,
            "re_author": author,
            "re_text": quote,
            "notice": bool(notice),
            "all": bool(everybody),
        }
    reactions: dict[int, list[Reaction]] = {}
    for number, text, count, mine in connection.execute(_REACTIONS, (ids, party)):
        reactions.setdefault(number, []).append(Reaction(text=text, count=count, mine=bool(mine)))
    for number, kinds in reactions.items():
        fields[number]["reactions"] = tuple(kinds)
    for (number,) in connection.execute(_PINNED, (ids,)):
        fields[number]["pinned"] = True
    for number, file in files.of_messages(connection, ids).items():
        fields[number]["file"] = file
    return [structs.replace(message, **fields[message.id]) if message.id in fields else message for message in messages]


def words_of(said: Said) -> tuple[object, ...]:
    """What the index of words holds of a message in a room."""
    message = said.message
    place = indexed_name(message.room or "")
    if said.answers or message.all:
        place = indexed_place(message.room or "", said.answers, everybody=message.all)
    return (message.id, indexed_text(message.text), indexed_name(message.author), place)


def words_between(message: Message, author: Subject, other: Subject) -> tuple[object, ...]:
    """What the index of words in private messages holds of one between two parties."""
    return (message.id, indexed_text(message.text), indexed_name(message.author), indexed_parties(author, other))
