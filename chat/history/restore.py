"""Puts a backup in the place of a history that no chat uses.

**Ids.** After a backup was made, the chat went on to give ids, which clients have seen and ask with. None of them is
given again. If the history that is replaced goes on from the backup, its last id is known. If it does not, or there is
none, as on a new machine, ids go on behind as many as a chat could have given since the backup was made.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Collection
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chat.core.events import BY_OPERATOR
from chat.core.facts import Decision
from chat.core.times import timestamp
from chat.disk.file_directory import FileDirectory
from chat.disk.files import sync_directory
from chat.disk.private import close_to_others, create_in_data
from chat.history import backed_files
from chat.history.accounts import decide, last_account
from chat.history.backup import FIRST_WITH_AUDIT, FIRST_WITH_FILES, MADE, name_in_record
from chat.history.connection import connect, transaction
from chat.history.copying import (
    Progress,
    copy,
    first_fault,
    is_database,
    lack_of_room,
    open_unchanged,
    reason,
    remove,
    remove_beside,
    version_of,
)
from chat.history.directory import BESIDE, FILE, FILES, lock
from chat.history.migrations import bring_up_to_date
from chat.history.schema import VERSION
from chat.history.soundness import first_unusable
from chat.history.sqlite import LAST_ID
from chat.history.store import CannotOpen

RESTORED = "restore"
PART = f"{FILE}.restoring"
BEFORE = f"{FILE}.before-restore-"
"""What a history that was replaced is called, with the time behind it."""

FIRST_WITH_TOKENS = 4
"""The version of the schema from which on accounts have ids, and tokens are stored."""

FASTEST = 1_000_000
"""More ids than a chat can give in a second: the fastest machines store some hundred thousand messages."""

TOO_LARGE = 1 << 53
"""The first number that clients in JavaScript can't tell from the next."""

TOLERANCE = 600
"""The seconds by which the clocks of the two machines may differ."""

_LAST_IDS = (
    LAST_ID,
    "SELECT max((SELECT coalesce(max(id), 0) FROM messages), last) FROM ids",
    "SELECT coalesce(max(id), 0) FROM messages",
)
"""How the last id is found, in the newest version first."""

_NEWEST = "SELECT id, time, author, kind FROM messages ORDER BY id DESC LIMIT 1"
_HAS = "SELECT 1 FROM messages WHERE (id, time, author, kind) = (?, ?, ?, ?)"
_MADE = "SELECT time FROM audit WHERE author = ? AND action = ? ORDER BY id DESC LIMIT 1"
_TAKE_ID = "UPDATE ids SET last = max(last, ?)"
_TAKE_ACCOUNT = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'accounts'"
_COUNT_ACCOUNTS = """
    INSERT INTO sqlite_sequence (name, seq)
    SELECT 'accounts', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'accounts')
"""


class CannotRestore(Exception):
    """Nothing was restored; the message of the exception says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored: how many messages, and the time of the last of them, if there is one.

    ``next_id``: where ids go on. ``kept``: the file that holds what was there before, if there was something.
    ``tokens``: whether those that still hold are known, so that their owners need not log in again.
    """

    messages: int
    last_time: str | None
    next_id: int
    kept: Path | None
    tokens: bool
    lost: int = 0
    """The messages whose files are nowhere, as the backup is a plain copy of a history without them."""


@dataclass(frozen=True, slots=True)
class Former:
    """What is known of the history that is replaced; nothing, if there is none.

    ``last_account``: the greatest id of an account. ``tokens``, ``hooks``: the digests of those that hold. ``goes_on``:
    whether it is what became of the history that was backed up.
    """

    last_id: int = 0
    last_account: int = 0
    tokens: Collection[tuple[str]] = ()
    hooks: Collection[tuple[str]] = ()
    goes_on: bool = False


def restore(file: Path, directory: Path, now: float, progress: Progress) -> Restored:
    """Put the backup *file*, which stays as it is, in the place of the history in *directory*.

    Whatever happens, the history is the old one or the restored one, whole. Raises :class:`CannotOpen` and
    :class:`CannotRestore`.
    """
    path, part, files = directory / FILE, directory / PART, FileDirectory(directory / FILES)
    try:
        with ExitStack() as opened:
            source = opened.enter_context(closing(_open(file, path)))
            _claim(directory, opened)
            _remove_left(directory)
            more, spare = backed_files.room_to_give_back(source, directory)
            if lack := lack_of_room(source, directory, "the history", more, spare):
                raise CannotRestore(lack)
            undo = opened.enter_context(ExitStack())
            undo.callback(files.sweep, files.names())
            undo.callback(remove, part)
            descriptor = create_in_data(part)
            try:
                copy(source, part, descriptor, progress)
                restored = _prepare(part, file, path, now)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            kept = _keep(path, now, undo)
            part.replace(path)
            undo.pop_all()
    except (sqlite3.Error, OSError) as error:
        raise CannotRestore(f"{directory} can't be written: {reason(error)}. Nothing was restored.") from error
    try:
        sync_directory(directory)
    except OSError as error:
        why = f"a power failure may take that back, as {directory} can't be synced: {reason(error)}."
        raise CannotRestore(f"{file} was restored, but {why}") from error
    messages, last_time, next_id, tokens, lost = restored
    return Restored(messages, last_time, next_id, kept, tokens, lost)


def _open(file: Path, path: Path) -> sqlite3.Connection:
    """Open the backup, of this version or an older one."""
    if not file.exists():
        raise CannotRestore(f"There is no {file}.")
    if not file.is_file():
        raise CannotRestore(f"{file} is no file.")
    if path.exists() and file.samefile(path):
        raise CannotRestore(f"{file} is the history itself.")
    try:
        connection = open_unchanged(file)
        try:
            version_of(connection, file)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise CannotRestore(f"{file} is no backup of a chat, or is damaged: {error}. Nothing was changed.") from error
    return connection


def _claim(directory: Path, opened: ExitStack) -> None:
    """See that no chat uses *directory*, nor begins to."""
    try:
        opened.callback(os.close, lock(directory))
    except CannotOpen as error:
        if isinstance(error.__cause__, BlockingIOError):
            raise CannotRestore(
                f"A chat uses {directory / FILE}. Stop it, and try again: nothing was changed."
            ) from error
        raise


def _remove_left(directory: Path) -> None:
    """Remove what a restore has left that was killed."""
    remove(directory / PART)
    FileDirectory(directory / FILES).end()
    for kept in directory.glob(f"{BEFORE}*"):
        with suppress(FileNotFoundError):
            if kept.samefile(directory / FILE):
                kept.unlink()
    for files in directory.glob(f"{BEFORE}*{backed_files.BESIDE}"):
        backed_files.remove_left(files.with_name(files.name.removesuffix(backed_files.BESIDE)))


def _prepare(part: Path, file: Path, path: Path, now: float) -> tuple[int, str | None, int, bool, int]:
    """Check the copy, bring it up to date, and have nothing be used twice that was used since the backup was made."""
    fault = first_fault(part)
    if fault is not None:
        raise _damaged(file, fault)
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        made = _made(connection)
        lost = 0
        try:
            if version_of(connection, part) >= FIRST_WITH_FILES:
                lost = backed_files.give_back(connection, backed_files.places(file), path.parent)
            bring_up_to_date(connection, part)
            unusable = first_unusable(connection)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_ERROR":
                raise
            unusable = str(error)
        if unusable is not None:
            raise _damaged(file, unusable)
        newest = connection.execute(_NEWEST).fetchone()
        former = _former(path, newest)
        jump = 0 if former.goes_on else _ids_since(made, now, file)
        with transaction(connection):
            last = max(connection.execute(LAST_ID).fetchone()[0] + jump, former.last_id)
            account = max(last_account(connection) + jump, former.last_account)
            if max(last, account) >= TOO_LARGE:
                raise _damaged(file, f"it has the id {max(last, account) - jump}")
            connection.execute(_TAKE_ID, (last,))
            connection.execute(_COUNT_ACCOUNTS)
            connection.execute(_TAKE_ACCOUNT, (account,))
            _keep_only(connection, "tokens", former.tokens if former.goes_on else ())
            if former.goes_on:
                _keep_only(connection, "hooks", former.hooks)
            why = f"ids go on from {last + 1}"
            decide(connection, Decision(timestamp(now), BY_OPERATOR, RESTORED, name_in_record(file.name), why=why))
        (messages,) = connection.execute("SELECT count(*) FROM messages").fetchone()
    return messages, newest[1] if newest is not None else None, last + 1, former.goes_on, lost


def _damaged(file: Path, fault: str) -> CannotRestore:
    return CannotRestore(f"{file} is damaged: {fault}. Nothing was changed. Restore another backup.")


def _made(connection: sqlite3.Connection) -> str | None:
    """When the backup was made, or the last message was said that it holds."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version >= FIRST_WITH_AUDIT:
        row = connection.execute(_MADE, (BY_OPERATOR, MADE)).fetchone()
        if row is not None:
            return str(row[0])
    newest = connection.execute(_NEWEST).fetchone()
    return newest[1] if newest is not None else None


def _ids_since(made: str | None, now: float, file: Path) -> int:
    """As many ids as the chat could at most have given since then."""
    try:
        since = datetime.fromisoformat(made).timestamp() if made is not None else 0.0
    except ValueError:
        since = 0.0
    if now < since - TOLERANCE:
        raise CannotRestore(
            f"{file} was made at {made}, and the clock of this machine says that it is {timestamp(now)}. Set the clock "
            "and try again: the time that has passed tells which ids may have been given meanwhile."
        )
    return int((max(now - since, 0) + TOLERANCE) * FASTEST)


def _former(path: Path, newest: tuple[object, ...] | None) -> Former:
    """What is known of the history that is there; *newest* is the newest message of the backup."""
    if not path.exists() or not is_database(path):
        return Former()
    try:
        with closing(connect(path)) as connection:
            last_id = _last_id(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if not FIRST_WITH_TOKENS <= version <= VERSION:
                return Former(last_id)
            goes_on = newest is not None and connection.execute(_HAS, newest).fetchone() is not None
            tokens = connection.execute("SELECT digest FROM tokens").fetchall()
            hooks = connection.execute("SELECT digest FROM hooks").fetchall() if version >= FIRST_WITH_FILES else ()
            return Former(last_id, last_account(connection), tokens, hooks, goes_on)
    except sqlite3.Error:
        return Former()


def _last_id(connection: sqlite3.Connection) -> int:
    for query in _LAST_IDS:
        with suppress(sqlite3.OperationalError):
            return int(connection.execute(query).fetchone()[0])
    return 0


def _keep_only(connection: sqlite3.Connection, table: str, digests: Collection[tuple[str]]) -> None:
    """Have only those tokens, or hooks, hold that still did before: others were taken away since the backup."""
    connection.execute("CREATE TEMP TABLE held (digest TEXT PRIMARY KEY) STRICT")
    connection.executemany("INSERT INTO held (digest) VALUES (?)", digests)
    connection.execute(f"DELETE FROM {table} WHERE digest NOT IN (SELECT digest FROM held)")  # noqa: S608
    connection.execute("DROP TABLE held")


def _keep(path: Path, now: float, undo: ExitStack) -> Path | None:
    """Give the history that is there a second name, under which it stays, and have nothing of it stand elsewhere.

    *undo* takes that name away if the history stays in its place, unless it was not whole without what stood beside it.
    """
    if not path.exists():
        _remove_beside(path)
        return None
    whole = _fold(path)
    kept = _free_name(path, now)
    if whole:
        undo.callback(remove, kept)
        undo.callback(backed_files.remove, kept)
    backed_files.keep(path.parent, kept)
    _link(path, kept)
    close_to_others(kept)
    for end in BESIDE:
        beside = path.with_name(path.name + end)
        if not whole and beside.exists() and end != "-shm":
            _link(beside, kept.with_name(kept.name + end))
    sync_directory(path.parent)
    _remove_beside(path)
    return kept


def _remove_beside(path: Path) -> None:
    """Remove what SQLite keeps beside the old file: it does not belong to the new one."""
    remove_beside(path)
    sync_directory(path.parent)


def _fold(path: Path) -> bool:
    """Have all of the history stand in its one file; return whether that could be, as the file may be damaged.

    What is no database is not opened: SQLite would remove what stands beside it.
    """
    if not is_database(path):
        return False
    try:
        with closing(connect(path)) as connection:
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            busy = True
        else:
            return False
    if busy:
        raise CannotRestore(f"Another program has {path} open. End it, and try again: nothing was changed.")
    return True


def _free_name(path: Path, now: float) -> Path:
    stamp = f"{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
    kept = path.with_name(f"{BEFORE}{stamp}")
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{BEFORE}{stamp}-{number}")
    return kept


def _link(path: Path, kept: Path) -> None:
    """Give *path* a second name, or make a copy where the file system has no such names."""
    with suppress(OSError):
        return os.link(path, kept)
    try:
        with path.open("rb") as source, open(create_in_data(kept), "wb") as copied:
            shutil.copyfileobj(source, copied)
            copied.flush()
            os.fsync(copied.fileno())
    except BaseException:
        kept.unlink(missing_ok=True)
        raise
