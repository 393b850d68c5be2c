"""Changes of messages in the tables of the database: the newest of each kind, and who is shown it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chat.core.accounts import Subject
from chat.core.events import AnyChange, Deleted, Edited, Message, Pinned, Reacted
from chat.core.facts import Changed, Said
from chat.core.ports import Missed, Query
from chat.core.text import quoted
from chat.history import files
from chat.history.rows import ids_in_json

DONE_EACH = 256
"""So many of the last tags of changes are kept for each token."""

TAKEN_BACK = 1_000
"""So many of the last reactions to a message that were taken back are kept, so that whoever was away is told."""

DONE_OF = 10_000
"""So many of the last tags of changes of a message are kept."""

_KINDS: Mapping[type[AnyChange], str] = {
    Edited: "edited",
    Deleted: "deleted",
    Reacted: "reacted",
    Pinned: "pinned",
}
_REQUESTS = {"edited": "edit", "deleted": "delete", "reacted": "react", "pinned": "pin"}
_STANDS = "SELECT state FROM changes WHERE id = ? AND kind = 'reacted' AND text = ? AND party = ?"
_REACT = """
    INSERT INTO reactions (id, text, count, first) VALUES (?, ?, 1, ?) ON CONFLICT DO UPDATE SET count = count + 1
"""
_REACT_NO_LONGER = "UPDATE reactions SET count = count - 1 WHERE id = ? AND text = ?"
_NOBODY_REACTS = "DELETE FROM reactions WHERE id = ? AND text = ? AND count = 0"
_FORGET_PRIVATE = """
    DELETE FROM private_changes
    WHERE rev IN (SELECT rev FROM changes WHERE id = ? AND kind = ? AND text = ? AND party = ?)
"""
_KEEP = """
    INSERT OR REPLACE INTO changes (rev, id, room, kind, text, party, state, author, time, tag, token)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_SHOW_TO = """
    INSERT OR REPLACE INTO private_changes (rev, subject, other)
    SELECT ?, subject, other FROM copies WHERE id = ? AND subject IN (?, ?)
"""
_DONE = "INSERT OR REPLACE INTO done (rev, id, kind, tag, token) VALUES (?, ?, ?, ?, ?)"
_BOUND_DONE = """
    DELETE FROM done WHERE token = ?1 AND rev <= (
        SELECT rev FROM done WHERE token = ?1 ORDER BY rev DESC LIMIT 1 OFFSET ?2
    )
"""
_BOUND_DONE_OF = """
    DELETE FROM done WHERE id = ?1 AND rev <= (SELECT rev FROM done WHERE id = ?1 ORDER BY rev DESC LIMIT 1 OFFSET ?2)
"""
_TAKEN_BACK = "FROM changes INDEXED BY taken_back WHERE id = ?1 AND kind = 'reacted' AND state = 0"
_BOUND_TAKEN_BACK = f"SELECT rev {_TAKEN_BACK} ORDER BY rev DESC LIMIT -1 OFFSET ?2"
_SPECIAL = "UPDATE messages SET special = 1 WHERE id = ? AND special IS NULL"
_EDIT = "INSERT INTO details (id, edited) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET edited = ?2"
_DETAIL = "INSERT INTO details (id, edited, re, answers, notice, everybody) VALUES (?, ?, ?, ?, ?, ?)"
_ANSWERS = "SELECT answers FROM details WHERE id = ?"
_REMEMBER = """
    UPDATE ids SET last = max(
        last, (SELECT coalesce(max(id), 0) FROM messages), (SELECT coalesce(max(rev), 0) FROM changes)
    )
"""
_USED = "UPDATE ids SET last = max(last, ?)"
_COLUMNS = """
    SELECT changes.rev, changes.id, changes.room, changes.kind, changes.text, state, changes.author, changes.time,
    changes.tag, token, messages.author, messages.text, coalesce((
        SELECT count FROM reactions WHERE reactions.id = changes.id AND reactions.text = changes.text
    ), 0)
"""
_IN_ROOM = f"""
    {_COLUMNS}, NULL FROM changes INDEXED BY changes_by_room CROSS JOIN messages ON messages.id = changes.id
    WHERE changes.room = ? AND rev > ? AND rev < ? AND changes.id <= ? ORDER BY rev LIMIT ?
"""
_OF_PARTY = f"""
    {_COLUMNS}, other FROM private_changes CROSS JOIN changes ON changes.rev = private_changes.rev
    CROSS JOIN messages ON messages.id = changes.id WHERE subject = ? %s
    AND private_changes.rev > ? AND private_changes.rev < ? AND changes.id <= ? ORDER BY private_changes.rev LIMIT ?
"""
_PINS = "SELECT room, id FROM changes INDEXED BY pins WHERE kind = 'pinned' AND state = 1 ORDER BY rev"
_TAGS = "SELECT tag, kind FROM done WHERE token = ? ORDER BY rev DESC LIMIT ?"
_ENDED = """
    DELETE FROM private_changes WHERE (rev, subject) IN (
        SELECT rev, subject FROM private_changes WHERE subject = ? LIMIT ?
    ) RETURNING rev
"""
_NOBODYS = "DELETE FROM changes WHERE rev = ?1 AND NOT EXISTS (SELECT 1 FROM private_changes WHERE rev = ?1)"


def keep_details(connection: sqlite3.Connection, messages: Sequence[Said]) -> None:
    """Keep what there is of new *messages* besides their texts."""
    for said in messages:
        message = said.message
        if message.re is not None or message.notice or message.all or message.edited is not None:
            row = (message.id, message.edited, message.re, said.answers or None, message.notice, message.all)
            connection.execute(_DETAIL, row)
            connection.execute(_SPECIAL, (message.id,))
        if message.file is not None:
            files.keep(connection, said)
            connection.execute(_SPECIAL, (message.id,))


def answers(connection: sqlite3.Connection, message: Message) -> Subject:
    """Whose message a *message* answers, or 0."""
    row = connection.execute(_ANSWERS, (message.id,)).fetchone() if message.re is not None else None
    return row[0] or 0 if row is not None else 0


def keep(connection: sqlite3.Connection, change: Changed, said: Said) -> None:
    """Keep that the message *said*, which is there, was changed; the same change before makes way.

    The copies of a private message are still there, also if it was deleted.
    """
    execute, event, message = connection.execute, change.event, said.message
    kind, rev = _KINDS[type(event)], event.rev
    text, party, on = "", 0, True
    match event:
        case Edited(time=time):
            execute(_EDIT, (message.id, time))
        case Deleted():
            forget(connection, [message.id])
        case Reacted(text=text, on=on):
            party = change.party
            _count(connection, message.id, text, party, rev, on=on)
        case Pinned(on=on):
            pass
    if said.between is not None:
        execute(_FORGET_PRIVATE, (message.id, kind, text, party))
        execute(_SHOW_TO, (rev, message.id, said.between.author, said.between.other))
    row = (rev, message.id, message.room, kind, text, party, on, event.by, event.time, event.tag, change.token)
    execute(_KEEP, row)
    execute(_SPECIAL, (message.id,))
    if not on:
        _bound_taken_back(connection, message.id)
    if event.tag is not None and change.token is not None:
        execute(_DONE, (rev, message.id, kind, event.tag, change.token))
        execute(_BOUND_DONE, (change.token, DONE_EACH))
        execute(_BOUND_DONE_OF, (message.id, DONE_OF))


def _count(connection: sqlite3.Connection, number: int, text: str, party: Subject, rev: int, *, on: bool) -> None:
    """The *party* reacts to the message with the id *number* with *text*, or no longer, by the change *rev*."""
    (stands,) = connection.execute(_STANDS, (number, text, party)).fetchone() or (0,)
    if on and not stands:
        connection.execute(_REACT, (number, text, rev))
    elif stands and not on:
        connection.execute(_REACT_NO_LONGER, (number, text))
        connection.execute(_NOBODY_REACTS, (number, text))


def _bound_taken_back(connection: sqlite3.Connection, number: int) -> None:
    """Forget those of the reactions to a message that were taken back first, if there are too many."""
    first = connection.execute(_BOUND_TAKEN_BACK, (number, TAKEN_BACK)).fetchall()
    for table in ("private_changes", "changes"):
        connection.executemany(f"DELETE FROM {table} WHERE rev = ?", first)  # noqa: S608


def use(connection: sqlite3.Connection, rev: int) -> None:
    """The number *rev* is taken, although nothing has it."""
    connection.execute(_USED, (rev,))


def forget(connection: sqlite3.Connection, ids: Collection[int]) -> None:
    """Forget how the messages with these *ids* were changed; no number is used again."""
    execute, numbers = connection.execute, ids_in_json(ids)
    of = "id IN (SELECT value FROM json_each(?))"
    execute(_REMEMBER)
    execute(f"DELETE FROM private_changes WHERE rev IN (SELECT rev FROM changes WHERE {of})", (numbers,))  # noqa: S608
    files.forget(connection, numbers)
    for table in ("changes", "details", "reactions"):
        execute(f"DELETE FROM {table} WHERE {of}", (numbers,))  # noqa: S608


def drop(connection: sqlite3.Connection, ids: Collection[int]) -> None:
    """The messages with these *ids* are kept no longer, and nothing about them."""
    forget(connection, ids)
    numbers = ids_in_json(ids)
    connection.execute("DELETE FROM done WHERE id IN (SELECT value FROM json_each(?))", (numbers,))


def end(connection: sqlite3.Connection, party: Subject, most: int) -> bool:
    """The *party* is gone for good: take at *most* so many changes from it. Returns whether there may be more."""
    connection.execute(_REMEMBER)
    gone = connection.execute(_ENDED, (party, most)).fetchall()
    connection.executemany(_NOBODYS, gone)
    return len(gone) == most


# -- questions


def of_room(connection: sqlite3.Connection, query: Query, before: int, count: int) -> list[AnyChange]:
    """The first *count* changes of *query*, which is about a room, with a number less than *before*."""
    values = (query.room, query.after, before, query.known, count)
    return [_event(row, query.token) for row in connection.execute(_IN_ROOM, values)]


def of_party(connection: sqlite3.Connection, query: Query | Missed, before: int, count: int) -> list[AnyChange]:
    """The first *count* changes of private messages of *query* with a number less than *before*."""
    values: list[object] = [query.party]
    if isinstance(query, Query):
        values.append(query.other)
    values += query.after, before, query.known, count
    statement = _OF_PARTY % ("AND other = ?" if isinstance(query, Query) else "")
    return [_event(row, query.token) for row in connection.execute(statement, values)]


def _event(row: tuple[Any, ...], token: str | None) -> AnyChange:
    """Make a change of the :data:`_COLUMNS` of a row; the tag is for who made it under the *token*."""
    rev, number, room, kind, text, state, by, time, tag, lineage, author, said, count, other = row
    fields = {
        "id": number,
        "rev": rev,
        "room": room,
        "by": by,
        "time": time,
        "tag": tag if lineage is not None and lineage == token else None,
        "with_": str(other) if other is not None else None,
    }
    if kind == "edited":
        return Edited(**fields, text=said)
    if kind == "deleted":
        return Deleted(**fields)
    if kind == "reacted":
        return Reacted(**fields, text=text, on=bool(state), count=count)
    return Pinned(**fields, on=bool(state), author=author, text=quoted(said))


def pins(connection: sqlite3.Connection) -> Mapping[str, Sequence[int]]:
    """The ids of the pinned messages of all rooms, in the order in which they were pinned."""
    found: dict[str, list[int]] = {}
    for room, number in connection.execute(_PINS):
        found.setdefault(room, []).append(number)
    return found


def done(connection: sqlite3.Connection, token: str, most: int) -> Sequence[tuple[str, str]]:
    """The last changes that were made under the *token*, at *most* so many: the names of their requests, the tags."""
    rows = connection.execute(_TAGS, (token, most)).fetchall()
    return tuple((_REQUESTS[kind], tag) for tag, kind in reversed(rows))
