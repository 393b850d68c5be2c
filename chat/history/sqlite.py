"""The embedded history: one SQLite file in WAL mode."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import cached_property
from itertools import chain, compress
from operator import lt
from pathlib import Path
from typing import Any, TypeVar

from msgspec import structs
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from chat.core.accounts import StoredAccount, Subject
from chat.core.events import AnyChange, Deleted, Edited, File, Message, Topic
from chat.core.facts import (
    Changed,
    Contents,
    Decision,
    PresencesEnded,
    Record,
    RoomForgotten,
    RoomRecord,
    Said,
    TopicSet,
    Unregistered,
    fact_of,
)
from chat.core.ports import (
    Conversation,
    ConversationsOf,
    Missed,
    Query,
    SaidBy,
    Search,
    StoredToken,
    Unread,
    UnreadOf,
)
from chat.disk.file_directory import FileDirectory
from chat.disk.private import ensure_in_data
from chat.history import accounts, changes, conversations, files, rules, searching
from chat.history.connection import connect, explained, transaction
from chat.history.directory import FILE, FILES, close_files_to_others, lock
from chat.history.migrations import migrate
from chat.history.rows import (
    COLUMNS,
    INDEX,
    UNINDEX,
    ids_in_json,
    messages_from,
    words_of,
)
from chat.history.store import CannotKeep, CannotOpen, Page, read_around, stretches, with_changes

NO_ID = (1 << 63) - 1
"""Greater than the id of every message."""

DROPPED_AT_ONCE = 50
"""The messages that go in one transaction."""

TAGS_OF_HOOK = 256
"""So many of the last tags of each hook are known when a chat begins."""

LOOKED_AT_ONCE = 20_000
"""The ids among which the messages of somebody are looked for at once, from that of a message on.

A restore leaves a gap in the ids that is many millions of times as large.
"""

T = TypeVar("T")

log = Logger()

_INSERT = (
    "INSERT INTO messages (id, time, room, recipient, author, kind, text, tag, lineage, author_id, recipient_id) VALUES"
)
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_WIDTH = _ROW.count("?")
_TOGETHER = 32
"""So many rows are inserted by one statement, which takes a fifth less time than as many statements."""
_NULL = float("nan")
"""SQLite takes it for NULL. Python passes it on at once; for a None it would first look for an adapter each time."""
_INSERT_ONE = f"{_INSERT} {_ROW}"
_INSERT_SOME = f"{_INSERT} {', '.join([_ROW] * _TOGETHER)}"
_SET_TOPIC = "INSERT OR REPLACE INTO topics (room, topic, author, time) VALUES (?, ?, ?, ?)"
_BETWEEN = f"SELECT {COLUMNS} FROM messages WHERE room = ? AND id > ? AND id < ? AND deleted_by IS NULL ORDER BY id"  # noqa: S608
_ONE = f"""
    SELECT {COLUMNS}, coalesce(author_id, 0), coalesce(recipient_id, 0),
    CASE WHEN special THEN coalesce((SELECT answers FROM details WHERE details.id = messages.id), 0) ELSE 0 END
    FROM messages WHERE id = ? AND deleted_by IS NULL
"""  # noqa: S608
_SOME = f"""
    SELECT {COLUMNS} FROM messages
    WHERE id IN (SELECT value FROM json_each(?)) AND room IS NOT NULL AND deleted_by IS NULL ORDER BY id
"""  # noqa: S608
_NEXT = "SELECT min(id) FROM messages WHERE id > ?"
_SAID_BY = "SELECT id FROM messages WHERE id > ? AND id < ? AND deleted_by IS NULL AND %s ORDER BY id LIMIT ?"
_OF_SUBJECTS = "author_id IN (SELECT value FROM json_each(?))"
_OF_NOBODY = """
    author = ? COLLATE NOCASE AND NOT EXISTS (SELECT 1 FROM accounts WHERE author_id IN (accounts.id, presence))
"""
_ERASE = "UPDATE messages SET text = '', deleted_by = ? WHERE id = ?"
_EDIT = "UPDATE messages SET text = ? WHERE id = ?"
_BEYOND = "SELECT id FROM messages WHERE room = ? ORDER BY id DESC LIMIT 1 OFFSET ?"
_LASTING = """
    SELECT room FROM rules UNION SELECT room FROM rights WHERE subject > 0 UNION SELECT room FROM room_bans
    UNION SELECT room FROM hooks
"""
_KEEP_TOPIC = "INSERT OR IGNORE INTO rules (room, locked) SELECT room, 0 FROM topics WHERE room = ? AND topic <> ''"
_LAST_TIME = "SELECT coalesce((SELECT time FROM messages ORDER BY id DESC LIMIT 1), '')"
_TIME_FROM = "SELECT time FROM messages WHERE id >= ? AND id < ? ORDER BY id LIMIT 1"
_STEP = "INSERT OR IGNORE INTO steps (id, cause) VALUES (?, ?)"
_STEPS = "SELECT id FROM steps WHERE id > ? AND id < ? ORDER BY id"
_SAID_IN = "SELECT 1 FROM messages WHERE room = ? AND id < ?"
_GONE = f"""
    SELECT room FROM topics WHERE room NOT IN ({_LASTING})
    AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.room = topics.room)
"""  # noqa: S608
LAST_ID = """
    SELECT max((SELECT coalesce(max(id), 0) FROM messages), (SELECT coalesce(max(rev), 0) FROM changes), last) FROM ids
"""
_CLOSED = """
    SELECT room FROM rules WHERE status = 'closed'
    AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.room = rules.room)
"""
_ROOMS = """
    WITH RECURSIVE names (name) AS (
        SELECT min(room) FROM messages WHERE room IS NOT NULL
        UNION ALL
        SELECT (SELECT min(room) FROM messages WHERE room > name) FROM names WHERE name IS NOT NULL
    )
    SELECT name, coalesce(topic, ''), id, messages.time
    FROM names LEFT JOIN topics ON topics.room = name
    JOIN messages ON id = (SELECT max(id) FROM messages WHERE room = name)
    WHERE name IS NOT NULL
    UNION ALL
    SELECT room, topic, 0, NULL FROM topics
    WHERE topic <> '' AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.room = topics.room)
"""


class SqliteStore:
    """Keeps records in the file ``chat.db`` of a directory, which one process may use at a time.

    A batch is one transaction, written by a thread of its own; another thread reads meanwhile, and one searches. With
    *sync* ``full`` a stored message survives a power failure, with ``normal`` only the end of the process. *site*
    returns the address of the web port, for files that are fetched there.
    """

    def __init__(
        self, reactor: IReactorFromThreads, directory: Path, sync: str = "full", *, site: Callable[[], str] = str
    ) -> None:
        self._reactor = reactor
        self._directory = directory
        self._sync = sync
        self._site = site
        self.files = FileDirectory(directory / FILES)
        """What is in the files of messages."""
        self._writing = ThreadPool(1, 1, "history writer")
        self._reading = ThreadPool(0, 1, "history reader")
        self._searching = ThreadPool(0, 1, "history searcher")

    def open(self) -> Contents:
        """Make the file if there is none, bring its schema up to date, and begin the threads."""
        with ExitStack() as opened:
            contents = self._open(opened)
            self._opened = opened.pop_all()
        self._writing.start()
        self._reading.start()
        self._searching.start()
        self._writing.callInThread(self._clean)
        return contents

    def _open(self, opened: ExitStack) -> Contents:
        path = self._directory / FILE
        opened.callback(os.close, lock(self._directory))
        try:
            close_files_to_others(self._directory)
            ensure_in_data(path)
            with closing(connect(path, self._sync)) as connection:  # closed, it gives its memory back
                migrate(connection, path)
            self._writer = self._connect(opened)
            for (room,) in self._writer.execute(f"{_GONE} UNION {_CLOSED}").fetchall():
                self._forget(room, NO_ID)
            self._reader = self._connect(opened)
            self.files.sweep(files.known(self._reader))
            self._remove_files()
            return read_contents(self._reader)
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            raise CannotOpen(
                f"{path} can't be used: {error}. Repair it, or choose another place with --data."
            ) from error

    @cached_property
    def _searcher(self) -> sqlite3.Connection:
        """For the thread that searches, which connects when it has something to do."""
        return self._connect(self._opened)

    def _connect(self, opened: ExitStack) -> sqlite3.Connection:
        connection = opened.enter_context(closing(connect(self._directory / FILE, self._sync)))
        files.name_addresses(connection, self._site)
        return connection

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        """Keep *records* in one transaction."""
        return self._defer(self._writing, self._write, records)

    def _write(self, records: Sequence[Record]) -> None:
        with explained(), transaction(self._writer):
            messages = [record for record in records if isinstance(record, Said)]
            insert(self._writer, messages)
            first = messages[0].message.id if messages else NO_ID
            for record in records:
                if isinstance(record, Said):
                    if record.between is not None:
                        conversations.keep(self._writer, record, record.between)
                    continue
                if isinstance(record, Decision):
                    accounts.decide(self._writer, record)
                match fact := fact_of(record):
                    case TopicSet(topic):
                        set_topic(self._writer, topic)
                    case Changed():
                        self._change(fact)
                    case RoomForgotten(room):
                        self._forget(room, first)
                    case _:
                        accounts.write(self._writer, fact)
                        if isinstance(fact, Unregistered | PresencesEnded):
                            self._writing.callInThread(self._clean)

    def _clean(self) -> None:
        """Take a batch of what parties had that are gone, and go on with the rest behind what waits meanwhile."""
        try:
            with explained(), transaction(self._writer):
                more = conversations.clean(self._writer, DROPPED_AT_ONCE)
        except CannotKeep as why:
            log.error("private messages of who is gone can't be dropped: {why} The next try is at the start.", why=why)
        else:
            self._remove_files()
            if more:
                self._writing.callInThread(self._clean)

    def _remove_files(self) -> None:
        """Remove the files from the disk whose messages are gone."""
        try:
            keys = files.removed(self._writer)
            if keys:
                self.files.remove(keys)
                with explained(), transaction(self._writer):
                    files.are_removed(self._writer, keys)
        except (CannotKeep, OSError) as why:
            log.error("files that were deleted can't be removed: {why} The next try is at the start.", why=why)

    def _forget(self, room: str, before: int) -> None:
        """Forget a room, unless something was said in it *before* this id after all.

        What was said since then was said in the next room of that name.
        """
        if self._writer.execute(_SAID_IN, (room, before)).fetchone() is None:
            self._writer.execute("DELETE FROM topics WHERE room = ?", (room,))
            rules.forget(self._writer, room)

    def _change(self, change: Changed) -> None:
        """Change a message, unless it is gone."""
        event = change.event
        said = self._get(self._writer, event.id)
        if said is None:
            changes.use(self._writer, event.rev)
            return
        changes.keep(self._writer, change, said)
        if isinstance(event, Edited):
            self._edit(said, event.text)
        elif isinstance(event, Deleted):
            self._erase(said, event.by)

    def _edit(self, said: Said, text: str) -> None:
        """Put a text in place of that of a message, and its words into the index."""
        if said.message.room is not None:
            edited = structs.replace(said, message=structs.replace(said.message, text=text))
            self._writer.execute(UNINDEX, words_of(said))
            self._writer.execute(INDEX, words_of(edited))
        elif said.between is not None:
            conversations.edit(self._writer, said.message, text, said.between)
        self._writer.execute(_EDIT, (text, said.message.id))

    def _erase(self, said: Said, by: str) -> None:
        """Take the text out of a message and out of the index; the row stays, so that its tag is remembered."""
        if said.message.room is not None:
            self._writer.execute(UNINDEX, words_of(said))
        elif said.between is not None:
            conversations.forget(self._writer, said.message, said.between)
        self._writer.execute(_ERASE, (by, said.message.id))
        if said.message.file is not None:
            self._writing.callInThread(self._remove_files)

    def read(self, query: Query) -> Deferred[Page]:
        """Find the messages of *query*."""
        return self._defer(self._reading, self._find, query)

    def _find(self, query: Query) -> Page:
        if query.around is not None:
            return read_around(query, query.around, self._find_messages)
        page = self._find_messages(query)
        if query.known is None or query.newest:
            return page
        before = page.messages[-1].id if page.more else query.before
        of: Callable[..., list[AnyChange]] = changes.of_room if query.room is not None else changes.of_party
        return with_changes(page, of(self._reader, query, before, query.count + 1), query.count)

    def _find_messages(self, query: Query) -> Page:
        found: list[Message] = []
        for first, end in self._parts(self._reader, query):
            most = query.count + 1 - len(found)
            if query.room is None:
                found += conversations.read(self._reader, query, first, end, most)
            else:
                order = " DESC LIMIT ?" if query.newest else " LIMIT ?"
                rows = self._reader.execute(_BETWEEN + order, (query.room, first - 1, end, most))
                found += messages_from(self._reader, rows, query.party)
            if len(found) > query.count:
                break
        messages = found[: query.count]
        return Page(messages[::-1] if query.newest else messages, more=len(found) > query.count)

    def _parts(self, connection: sqlite3.Connection, query: Query) -> Iterator[tuple[int, int]]:
        """Where the messages of *query* are: from which id on, and before which; in the order that was asked."""
        first, end = query.after + 1, query.before
        if query.since is None and query.until is None:
            yield first, end
            return
        parts = stretches(first, _steps(connection, first, end), end)
        for first, end in reversed(parts) if query.newest else parts:
            if query.since is not None:
                first = _first_at(connection, query.room, query.since, first, end)
            if query.until is not None:
                end = _first_at(connection, query.room, query.until, first, end)
            yield first, end

    def message(self, number: int, party: Subject = 0) -> Deferred[Said | None]:
        """Find the message with the id *number*, as *party* is to see it, and whose it is, if it is there."""
        return self._defer(self._reading, self._get, self._reader, number, party)

    def _get(self, connection: sqlite3.Connection, number: int, party: Subject = 0) -> Said | None:
        row = connection.execute(_ONE, (number,)).fetchone()
        if row is None:
            return None
        *columns, author, recipient, answers = row
        (message,) = messages_from(connection, [tuple(columns)], party)
        between = conversations.between(connection, number) if message.room is None else None
        return Said(message, author=author, recipient=recipient, between=between, answers=answers)

    def said_by(self, wanted: SaidBy) -> Deferred[tuple[Sequence[Said], int]]:
        """Find the first messages of *wanted*, and up to which id that is all."""
        return self._defer(self._searching, self._find_said_by, wanted)

    def _find_said_by(self, wanted: SaidBy) -> tuple[Sequence[Said], int]:
        (first,) = self._searcher.execute(_NEXT, (wanted.after,)).fetchone()
        if first is None:
            return (), wanted.before - 1
        end = min(wanted.before, first + LOOKED_AT_ONCE)
        whose = ids_in_json(wanted.subjects) if wanted.subjects else wanted.name
        statement = _SAID_BY % (_OF_SUBJECTS if wanted.subjects else _OF_NOBODY)
        rows = self._searcher.execute(statement, (wanted.after, end, whose, DROPPED_AT_ONCE)).fetchall()
        said = [self._get(self._searcher, number) for (number,) in rows]
        looked = rows[-1][0] if len(rows) == DROPPED_AT_ONCE else end - 1
        return [one for one in said if one is not None], looked

    def messages(self, ids: Sequence[int], party: Subject) -> Deferred[Sequence[Message]]:
        """Find the messages of rooms that have these *ids*, as *party* is to see them, in the order of their ids."""
        return self._defer(self._reading, self._get_some, ids, party)

    def _get_some(self, ids: Sequence[int], party: Subject) -> Sequence[Message]:
        rows = self._reader.execute(_SOME, (ids_in_json(ids),))
        return messages_from(self._reader, rows, party)

    def account(self, account: Subject) -> Deferred[StoredAccount | None]:
        """Find the account with that id."""
        return self._defer(self._reading, accounts.find, self._reader, account)

    def missed(self, wanted: Missed, count: int) -> Deferred[Page]:
        """Find the first *count* private messages of *wanted*."""
        return self._defer(self._reading, self._find_missed, wanted, count)

    def _find_missed(self, wanted: Missed, count: int) -> Page:
        found = conversations.missed(self._reader, wanted, count + 1)
        page = Page(found[:count], more=len(found) > count)
        if wanted.known is None:
            return page
        before = page.messages[-1].id if page.more else wanted.before
        return with_changes(page, changes.of_party(self._reader, wanted, before, count + 1), count)

    def unread(self, asked: UnreadOf) -> Deferred[Unread]:
        """Find out what a party has not read."""
        return self._defer(self._reading, conversations.unread, self._reader, asked)

    def conversations(self, asked: ConversationsOf) -> Deferred[Sequence[Conversation]]:
        """Find the conversations of a party."""
        return self._defer(self._reading, conversations.listed, self._reader, asked.party, asked.before, asked.count)

    def spent(self, sender: str) -> Deferred[int]:
        """Find out how much of its share of the room for private messages a *sender* has taken."""
        return self._defer(self._reading, conversations.spent_by, self._reader, sender)

    def file(self, key: str) -> Deferred[File | None]:
        """Find the file with that *key*, if its message is there."""
        return self._defer(self._reading, files.find, self._reader, key)

    def files_of(self, sender: str) -> Deferred[tuple[int, int]]:
        """Find out how much room the files of a *sender* take, and those of all."""
        return self._defer(self._reading, files.taken, self._reader, sender)

    def audit(self, after: int, count: int) -> Deferred[Sequence[tuple[int, Decision]]]:
        """Find the first *count* decisions of the audit record behind the one with the number *after*."""
        return self._defer(self._reading, accounts.decisions, self._reader, after, count)

    def search(self, search: Search) -> Deferred[Page]:
        """Find the messages of *search*, newest first."""
        return self._defer(self._searching, self._find_words, search)

    def _find_words(self, search: Search) -> Page:
        after = search.after
        if search.naming is not None and search.absent_at is not None:
            after = max(after, searching.last_words(self._searcher, search.naming, search.absent_at))
        span = Query(None, search.before, 0, after, since=search.since, until=search.until)
        return searching.find(self._searcher, search, self._parts(self._searcher, span))

    def aged(self, until: str, now: str) -> Deferred[int]:
        """Find up to which id all is too old."""
        return self._defer(self._searching, self._find_aged, until, now)

    def _find_aged(self, until: str, now: str) -> int:
        connection = self._searcher
        last, beyond = 0, connection.execute(LAST_ID).fetchone()[0] + 1
        for first, end in stretches(1, _steps(connection, 1, beyond), beyond):
            young = _first_at(connection, None, until, first, end)
            if young > first:
                last = young - 1
            row = connection.execute(_TIME_FROM, (young, end)).fetchone()
            if row is not None and row[0] <= now:
                break
        return last

    def overdue(self, last: int, most: int | None) -> Deferred[Sequence[tuple[str | None, int]]]:
        """Find what is too old, and too much for its room."""
        return self._defer(self._searching, self._find_overdue, last, most)

    def _find_overdue(self, last: int, most: int | None) -> Sequence[tuple[str | None, int]]:
        execute = self._searcher.execute
        rooms = [room for room, *_ in execute(_ROOMS)]
        found: dict[str | None, int] = {}
        for room in (*rooms, None) if last else ():
            found[room] = execute(f"SELECT max(id) {_of(room)} AND id <= ?3", (room, 0, last)).fetchone()[0] or 0
        for room in rooms if most is not None else ():
            row = execute(_BEYOND, (room, most)).fetchone()
            found[room] = max(found.get(room, 0), row[0] if row is not None else 0)
        return [(room, number) for room, number in found.items() if number]

    def drop(self, room: str | None, last: int) -> Deferred[int]:
        """Drop a batch of messages, so small that others wait for it unnoticed."""
        return self._defer(self._writing, self._drop, room, last)

    def _drop(self, room: str | None, last: int) -> int:
        writer = self._writer
        with explained(), transaction(writer):
            batch = f"SELECT {COLUMNS} {_of(room)} AND id <= ?3 ORDER BY id LIMIT ?4"
            going = writer.execute(batch, (room, 0, last, DROPPED_AT_ONCE)).fetchall()
            messages = messages_from(writer, going, 0)
            if room is None:
                conversations.drop(writer, messages)
            else:
                said = (Said(message, answers=changes.answers(writer, message)) for message in messages if message.text)
                writer.executemany(UNINDEX, list(map(words_of, said)))
            changes.drop(writer, [message.id for message in messages])
            writer.executemany("DELETE FROM messages WHERE id = ?", ((message.id,) for message in messages))
            if messages and room is not None:
                writer.execute(_KEEP_TOPIC, (room,))
        if any(message.file is not None for message in messages):
            self._remove_files()
        return len(messages)

    def drop_decisions(self, until: str) -> Deferred[int]:
        """Drop some of the decisions that do not last and are older than *until*."""
        return self._defer(self._writing, self._drop_decisions, until)

    def _drop_decisions(self, until: str) -> int:
        with explained(), transaction(self._writer):
            return accounts.drop_decisions(self._writer, until, DROPPED_AT_ONCE)

    def token(self, token: str, most: int) -> Deferred[StoredToken | None]:
        """Find the *token* of that digest, with the last tags that were used under it."""
        return self._defer(self._reading, accounts.token, self._reader, token, most)

    def _defer(self, pool: ThreadPool, work: Callable[..., T], *arguments: Any) -> Deferred[T]:
        return deferToThreadPool(self._reactor, pool, work, *arguments)

    def close(self) -> None:
        """End the threads, and fold the write-ahead log into the file."""
        self._writing.stop()
        self._reading.stop()
        self._searching.stop()
        self._opened.close()


def read_contents(connection: sqlite3.Connection) -> Contents:
    """Read what a chat begins with."""
    (last_id,) = connection.execute(LAST_ID).fetchone()
    held = accounts.presences(connection)
    ignored = accounts.ignored_by(connection)
    return Contents(
        last_id=last_id,
        rooms=[RoomRecord(*row) for row in connection.execute(_ROOMS)],
        accounts=accounts.all_accounts(connection, ignored),
        bans=accounts.bans(connection),
        rules=rules.read(connection),
        last_account=accounts.last_account(connection),
        former_names=accounts.former_names(connection),
        ignored=ignored,
        presences=held,
        unheard=conversations.unheard(connection, held),
        spent=conversations.spent(connection),
        invitations=accounts.invitations(connection),
        pins=changes.pins(connection),
        hooks=rules.hooks(connection, TAGS_OF_HOOK),
        last_time=connection.execute(_LAST_TIME).fetchone()[0],
    )


def insert(connection: sqlite3.Connection, messages: Sequence[Said], cause: str = "clock") -> None:
    """Put messages into the tables, and those of rooms into the index of words.

    Where a time is less than the one before, times begin anew by this *cause*.
    """
    (last,) = connection.execute(_LAST_TIME).fetchone()
    times = [said.message.time for said in messages]
    for said in compress(messages, map(lt, times, chain((last,), times))):
        begin_stretch(connection, said.message.id, cause)
    insert_rows(connection, messages)
    connection.executemany(INDEX, [words_of(said) for said in messages if said.message.room is not None])
    changes.keep_details(connection, messages)


def insert_rows(connection: sqlite3.Connection, messages: Sequence[Said]) -> None:
    """Put messages into their table."""
    rows: list[object] = []
    for said in messages:
        message = said.message
        rows += (
            message.id,
            message.time,
            message.room if message.room is not None else _NULL,
            message.to if message.to is not None else _NULL,
            message.author,
            message.kind,
            message.text,
            message.tag if message.tag is not None else _NULL,
            said.token if said.token is not None else _NULL,
            said.author or _NULL,
            said.recipient or _NULL,
        )
    whole = len(rows) - len(rows) % (_TOGETHER * _WIDTH)
    for start in range(0, whole, _TOGETHER * _WIDTH):
        connection.execute(_INSERT_SOME, rows[start : start + _TOGETHER * _WIDTH])
    for start in range(whole, len(rows), _WIDTH):
        connection.execute(_INSERT_ONE, rows[start : start + _WIDTH])


def set_topic(connection: sqlite3.Connection, topic: Topic) -> None:
    """Have *topic* take the place of the topic before."""
    connection.execute(_SET_TOPIC, (topic.room, topic.topic, topic.name, topic.time))


def begin_stretch(connection: sqlite3.Connection, number: int, cause: str) -> None:
    """From the message with the id *number* on, times begin anew by this *cause*."""
    connection.execute(_STEP, (number, cause))


def _steps(connection: sqlite3.Connection, first: int, end: int) -> list[int]:
    """The ids between *first* and *end* from which on times begin anew."""
    return [number for (number,) in connection.execute(_STEPS, (first, end))]


def _first_at(connection: sqlite3.Connection, room: str | None, time: str, first: int, end: int) -> int:
    """The least id from *first* to *end* from which on all was said in *room*, or anywhere, at *time* or later."""
    where = "room = ?1 AND id" if room is not None else "?1 IS NULL AND id"
    next_of = f"SELECT id, time FROM messages WHERE {where} >= ?2 AND id < ?3 ORDER BY id LIMIT 1"  # noqa: S608
    while first < end:
        middle = (first + end) // 2
        row = connection.execute(next_of, (room, middle, end)).fetchone()
        if row is None or row[1] >= time:
            end = middle
        else:
            first = row[0] + 1
    return first


def _of(room: str | None) -> str:
    """The messages of a room (?1), or private ones, from an id (?2) on, in an order for which there is an index."""
    return f"FROM messages WHERE {'room = ?1' if room is not None else 'room IS NULL AND ?1 IS NULL'} AND id >= ?2"
