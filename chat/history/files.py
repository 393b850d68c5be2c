"""The files of messages in the tables of the database; what is in them lies in a directory beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence

from chat.core.events import File
from chat.core.facts import Said
from chat.core.files import LEAST, address

_KEEP = """
    INSERT INTO files (id, key, name, size, type, digest, width, height, sender) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_COLUMNS = "name, size, type, digest, width, height"
_TAKEN = f"coalesce(sum(max(size, {LEAST})), 0)"


def keep(connection: sqlite3.Connection, said: Said) -> None:
    """Keep what there is of the file that came with a message."""
    file, attached = said.message.file, said.attached
    if file is not None and attached is not None:
        row = (file.name, file.size, file.type, file.digest, file.width, file.height)
        connection.execute(_KEEP, (said.message.id, attached.key, *row, attached.sender))


def forget(connection: sqlite3.Connection, numbers: str) -> None:
    """The messages with these ids, written in JSON, are gone: so are their files. A trigger notes which those were."""
    connection.execute("DELETE FROM files WHERE id IN (SELECT value FROM json_each(?))", (numbers,))


def of_messages(connection: sqlite3.Connection, numbers: str) -> Mapping[int, File]:
    """The files of the messages with these ids, written in JSON."""
    query = f"SELECT id, {_COLUMNS}, site(key, name) FROM files WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
    return {
        number: File(name=name, size=size, type=kind, digest=digest, width=width, height=height, url=url)
        for number, name, size, kind, digest, width, height, url in connection.execute(query, (numbers,))
    }


def find(connection: sqlite3.Connection, key: str) -> File | None:
    """The file with that *key*, if its message is there."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM files WHERE key = ?", (key,)).fetchone()  # noqa: S608
    if row is None:
        return None
    name, size, kind, digest, width, height = row
    return File(name=name, size=size, type=kind, digest=digest, width=width, height=height)


def taken(connection: sqlite3.Connection, sender: str) -> tuple[int, int]:
    """How much room the files of a *sender* take, and those of all."""
    (own,) = connection.execute(f"SELECT {_TAKEN} FROM files WHERE sender = ?", (sender,)).fetchone()  # noqa: S608
    (together,) = connection.execute(f"SELECT {_TAKEN} FROM files").fetchone()  # noqa: S608
    return own, together


def known(connection: sqlite3.Connection) -> Collection[str]:
    """The keys of all files."""
    return {key for (key,) in connection.execute("SELECT key FROM files")}


def removed(connection: sqlite3.Connection) -> Sequence[str]:
    """The keys of those that are to be removed from the disk."""
    return [key for (key,) in connection.execute("SELECT key FROM removed_files")]


def are_removed(connection: sqlite3.Connection, keys: Collection[str]) -> None:
    """Those are removed from the disk."""
    connection.executemany("DELETE FROM removed_files WHERE key = ?", ((key,) for key in keys))


def name_addresses(connection: sqlite3.Connection, site: Callable[[], str]) -> None:
    """Have what is read of files on this *connection* tell by which addresses of the *site* they are fetched."""
    connection.create_function("site", 2, lambda key, name: address(site(), key, name))
