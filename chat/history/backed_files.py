"""The files of messages in backups: a table of the backup has what is in them, so that it stays one file."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from chat.disk.file_directory import SPARE, FileDirectory
from chat.history.copying import SYNCED_AT_ONCE
from chat.history.directory import FILES

PIECE = 1_048_576
"""The bytes of a file in one row."""

BESIDE = ".files"
"""How the directory of the files of a history ends that is kept under another name."""

_TABLE = """
    CREATE TABLE backed_files (
        key TEXT NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (key, number)
    ) STRICT
"""
_ALL = "SELECT id, key, name, digest FROM files ORDER BY id"
_DROP = "DELETE FROM files WHERE key = ?"

Pieces = Callable[[], Iterator[bytes]]


class DamagedFile(Exception):
    """A file is not as it was sent; the message of the exception is a part of a sentence."""


def size(connection: sqlite3.Connection) -> int:
    """The bytes of all files; 0 in a history that is older than they are."""
    with suppress(sqlite3.OperationalError):
        return int(connection.execute("SELECT coalesce(sum(size), 0) FROM files").fetchone()[0])
    return 0


def room_to_give_back(connection: sqlite3.Connection, directory: Path) -> tuple[int, int]:
    """The bytes of those files that are not in *directory*, and how much of the disk is to be left free beside them."""
    if not size(connection):
        return 0, 0
    there = FileDirectory(directory / FILES).names()
    missing = [size for key, size in connection.execute("SELECT key, size FROM files") if key not in there]
    return sum(missing), SPARE if missing else 0


def take(connection: sqlite3.Connection, directory: Path, descriptor: int) -> None:
    """Put what is in the files of a backup into it; *descriptor* is that of its file.

    Those that the chat has removed since are left out. Raises :class:`DamagedFile`.
    """
    rows = connection.execute(_ALL).fetchall()
    if not rows:
        return
    connection.execute(_TABLE)
    files = FileDirectory(directory / FILES)
    written = 0
    for number, key, name, digest in rows:
        hashed = sha256()
        connection.execute("BEGIN")
        try:
            for part, data in enumerate(_read(files.path(key))()):
                hashed.update(data)
                connection.execute("INSERT INTO backed_files VALUES (?, ?, ?)", (key, part, data))
                written += 1
                if written % SYNCED_AT_ONCE == 0:
                    os.fsync(descriptor)
        except FileNotFoundError:
            connection.execute("ROLLBACK")
            _forget(connection, key)
            continue
        connection.execute("COMMIT")
        if hashed.hexdigest() != digest:
            raise DamagedFile(f"the file {name} of message {number} is not as it was sent")


def _forget(connection: sqlite3.Connection, key: str) -> None:
    """The message has no file any more."""
    connection.execute(_DROP, (key,))
    connection.execute("DELETE FROM removed_files WHERE key = ?", (key,))


def give_back(connection: sqlite3.Connection, places: Sequence[Path], directory: Path) -> int:
    """Put the files of a backup into *directory*, from itself, or from one of *places* if it is a plain copy.

    Return how many are nowhere: their messages have no files from then on. What is there stays there.
    """
    backed = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'backed_files'").fetchone() is not None
    target, missing = FileDirectory(directory / FILES), 0
    for _, key, _, digest in connection.execute(_ALL).fetchall():
        if _is(_read(target.path(key)), digest):
            continue
        sources: list[Pieces] = [_read(place / key) for place in places]
        if backed:
            sources.insert(0, _pieces(connection, key))
        source = next((one for one in sources if _is(one, digest)), None)
        if source is None:
            _forget(connection, key)
            missing += 1
            continue
        new = target.begin(key, 0)
        try:
            for data in source():
                new.write(data)
            new.finish()
        except BaseException:
            new.abandon()
            raise
    if backed:
        connection.execute("DROP TABLE backed_files")
        connection.execute("VACUUM")
    return missing


def _read(path: Path) -> Pieces:
    def read() -> Iterator[bytes]:
        with path.open("rb") as file:
            while data := file.read(PIECE):
                yield data

    return read


def _pieces(connection: sqlite3.Connection, key: str) -> Pieces:
    def read() -> Iterator[bytes]:
        for (data,) in connection.execute("SELECT data FROM backed_files WHERE key = ? ORDER BY number", (key,)):
            yield data

    return read


def _is(pieces: Pieces, digest: str) -> bool:
    """Tell whether these pieces are there, and are the file with that *digest*."""
    hashed = sha256()
    try:
        for data in pieces():
            hashed.update(data)
    except FileNotFoundError:
        return False
    return hashed.hexdigest() == digest


def faults(connection: sqlite3.Connection, directory: Path, is_known: Callable[[str], bool]) -> Iterator[str]:
    """Say in sentences which files are not there, or not as they were sent.

    *connection* sees one moment. What the chat has removed since is not missing: *is_known* tells whether a message has
    the file with that key now.
    """
    for number, key, name, digest in connection.execute(_ALL).fetchall():
        if not _is(_read(directory / FILES / key), digest) and is_known(key):
            yield f"The file {name} of message {number} is not there, or not as it was sent. Restore a backup."


def keep(directory: Path, kept: Path) -> None:
    """Give the files in *directory* a second place, beside a history that is *kept*."""
    files = FileDirectory(directory / FILES)
    keys = [key for key in files.names() if not key.endswith(".part")]
    if not keys:
        return
    place = FileDirectory(beside(kept))
    place.make()
    for key in keys:
        try:
            os.link(files.path(key), place.path(key))
        except OSError:
            shutil.copyfile(files.path(key), place.path(key))
    place.sync()


def beside(kept: Path) -> Path:
    """Where the files are of a history that is called *kept*."""
    return kept.with_name(kept.name + BESIDE)


def places(file: Path) -> Sequence[Path]:
    """Where the files may be of a history that is a plain copy, called *file*."""
    return (beside(file), file.with_name(FILES))


def remove_left(before: Path) -> None:
    """Remove the files of a history that was not kept after all."""
    if not before.exists():
        remove(before)


def remove(kept: Path) -> None:
    """Remove the files of a history that is called *kept*."""
    shutil.rmtree(beside(kept), ignore_errors=True)
