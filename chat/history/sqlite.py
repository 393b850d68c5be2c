"""The embedded history: one SQLite file in WAL mode."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from chat.core.events import Message
from chat.core.records import Query, Record, RoomRecord, Said
from chat.history.schema import migrate
from chat.history.store import CannotKeep, CannotOpen, Contents, Page

FILE = "chat.db"
BUSY_TIMEOUT = 2.0
"""The seconds to wait for another program that has locked the file."""

T = TypeVar("T")

_COLUMNS = "id, time, room, recipient, author, kind, text, tag"
_INSERT = f"INSERT INTO messages ({_COLUMNS}, lineage) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
_SET_TOPIC = "INSERT OR REPLACE INTO topics (room, topic, author, time) VALUES (?, ?, ?, ?)"
_BETWEEN = f"SELECT {_COLUMNS} FROM messages WHERE room = ? AND id > ? AND id < ? ORDER BY id"  # noqa: S608
_TAGS = "SELECT tag, id, time FROM messages WHERE lineage = ? ORDER BY id DESC LIMIT ?"
_ROOMS = """
    WITH RECURSIVE names (name) AS (
        SELECT min(room) FROM messages WHERE room IS NOT NULL
        UNION ALL
        SELECT (SELECT min(room) FROM messages WHERE room > name) FROM names WHERE name IS NOT NULL
    )
    SELECT name, coalesce(topic, ''), (SELECT max(id) FROM messages WHERE room = name)
    FROM names LEFT JOIN topics ON topics.room = name
    WHERE name IS NOT NULL
"""


class SqliteStore:
    """Keeps records in the file ``chat.db`` of a directory, which one process may use at a time.

    A batch is one transaction, written by a thread of its own; another thread reads meanwhile. With *sync* ``full``
    a stored message survives a power failure, with ``normal`` only the end of the process.
    """

    def __init__(self, reactor: IReactorFromThreads, directory: Path, sync: str = "full") -> None:
        self._reactor = reactor
        self._directory = directory
        self._sync = sync
        self._writing = ThreadPool(1, 1, "history writer")
        self._reading = ThreadPool(1, 1, "history reader")

    def open(self) -> Contents:
        """Make the file where there is none, bring its schema up to date, and begin the threads."""
        path = self._directory / FILE
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self._directory / "chat.lock", os.O_CREAT | os.O_RDWR, 0o600)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotOpen(
                f"{path} is in use by another chat. Stop that, or choose another place with --data."
            ) from error
        except OSError as error:
            raise CannotOpen(f"{self._directory}: {error.strerror}. Choose another place with --data.") from error
        try:
            path.touch(mode=0o600)
            self._writer = self._connect(path)
            migrate(self._writer, path)
            self._reader = self._connect(path)
            (last_id,) = self._reader.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()
            rooms = [RoomRecord(*row) for row in self._reader.execute(_ROOMS)]
        except (sqlite3.Error, OSError) as error:
            raise CannotOpen(
                f"{path} can't be used: {error}. Repair it, or choose another place with --data."
            ) from error
        self._writing.start()
        self._reading.start()
        return Contents(last_id, rooms)

    def _connect(self, path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self._sync}")
        return connection

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        """Keep *records* in one transaction."""
        return self._defer(self._writing, self._write, records)

    def _write(self, records: Sequence[Record]) -> None:
        with _explained(), _transaction(self._writer):
            self._writer.executemany(_INSERT, (_row(record) for record in records if isinstance(record, Said)))
            topics = [(t.room, t.topic, t.name, t.time) for t in records if not isinstance(t, Said)]
            if topics:
                self._writer.executemany(_SET_TOPIC, topics)

    def read(self, query: Query) -> Deferred[Page]:
        """Find the messages of *query*."""
        return self._defer(self._reading, self._find, query)

    def _find(self, query: Query) -> Page:
        order = " DESC LIMIT ?" if query.newest else " LIMIT ?"
        values = (query.room, query.after, query.before, query.count + 1)
        rows = self._reader.execute(_BETWEEN + order, values).fetchall()
        messages = [_message(row) for row in rows[: query.count]]
        return Page(messages[::-1] if query.newest else messages, more=len(rows) > query.count)

    def tags(self, lineage: str, most: int) -> Deferred[Mapping[str, tuple[int, str]]]:
        """Find the last tags of a *lineage*."""
        return self._defer(self._reading, self._find_tags, lineage, most)

    def _find_tags(self, lineage: str, most: int) -> Mapping[str, tuple[int, str]]:
        rows = self._reader.execute(_TAGS, (lineage, most)).fetchall()
        return {tag: (number, time) for tag, number, time in reversed(rows)}

    def _defer(self, pool: ThreadPool, work: Callable[..., T], *arguments: Any) -> Deferred[T]:
        return deferToThreadPool(self._reactor, pool, work, *arguments)

    def close(self) -> None:
        """End the threads, and fold the write-ahead log into the file."""
        self._writing.stop()
        self._reading.stop()
        self._reader.close()
        self._writer.close()
        os.close(self._lock)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _explained() -> Iterator[None]:
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


def _row(said: Said) -> tuple[object, ...]:
    message = said.message
    return (
        message.id,
        message.time,
        message.room,
        message.to,
        message.author,
        message.kind,
        message.text,
        message.tag,
        said.lineage,
    )


def _message(row: tuple[Any, ...]) -> Message:
    number, time, room, recipient, author, kind, text, tag = row
    return Message(id=number, time=time, room=room, to=recipient, author=author, kind=kind, text=text, tag=tag)
