"""Copies a whole history into one file, also while a chat uses it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chat.core.events import BY_OPERATOR
from chat.core.text import clean
from chat.core.times import timestamp
from chat.disk.files import led_to, put_in_place
from chat.disk.private import create
from chat.history import backed_files
from chat.history.backed_files import DamagedFile
from chat.history.copying import (
    Progress,
    copy,
    first_fault,
    is_database,
    is_history,
    lack_of_room,
    open_to_read,
    open_unchanged,
    reason,
    remove,
    remove_beside,
    version_of,
    writing,
)
from chat.history.directory import FILE, history_in, is_of_chat
from chat.history.store import CannotOpen

MADE = "backup"
"""What the audit record of a backup, but not that of the chat, says last: when the backup was made."""

FIRST_WITH_AUDIT = 3
"""The version of the schema from which on there is an audit record."""

FIRST_WITH_FILES = 7
"""The version of the schema from which on messages have files, and rooms have hooks."""


class CannotBackUp(Exception):
    """There is no new backup; the message of the exception says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds: how many messages, and in how many bytes."""

    messages: int
    size: int


def back_up(directory: Path, target: Path, now: float, progress: Progress) -> Copied:
    """Copy the history in *directory*, as it is at this moment, into the file *target*, which only its owner may read.

    The copy gets its name when it is whole, checked and synced. A backup that had the name is there until then. Raises
    :class:`CannotOpen` and :class:`CannotBackUp`.
    """
    try:
        target = led_to(target)
    except OSError as error:
        raise CannotBackUp(f"{target} can't be written: {error.strerror}.") from error
    check_target(directory, target)
    path = history_in(directory)
    part = target.with_name(f"{target.name}.part")
    with _reading(path) as source, _new(part, target) as descriptor:
        version = version_of(source, path)
        messages, last = _extent(source)
        if lack := lack_of_room(source, target.parent, "the backup", backed_files.size(source)):
            raise CannotBackUp(lack)
        try:
            copy(source, part, descriptor, progress)
            if version >= FIRST_WITH_AUDIT:
                _sign(part, target.name, now)
            if version >= FIRST_WITH_FILES:
                with closing(writing(part)) as connection:
                    backed_files.take(connection, directory, descriptor)
            fault = first_fault(part)
            if fault is None and _extent_in(part) != (messages, last):
                fault = "messages are missing"
            if fault is not None:
                raise _damaged(path, fault, target)
            size = part.stat().st_size
            remove_beside(target)
            put_in_place(part, target)
        except DamagedFile as error:
            raise _damaged(path, str(error), target) from error
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
                raise _damaged(path, str(error), target) from error
            raise CannotBackUp(
                f"{part} can't be written: {reason(error)}. Nothing is left{_as_it_was(target)}"
            ) from error
    return Copied(messages, size)


def _damaged(path: Path, fault: str, target: Path) -> CannotBackUp:
    return CannotBackUp(
        f"{path} is damaged, and its copy would be too: {fault}. Nothing is left{_as_it_was(target)} "
        "chat admin check says more."
    )


def _as_it_was(target: Path) -> str:
    return f", and {target} is as it was." if target.exists() else "."


def check_target(directory: Path, target: Path) -> None:
    """Raise :class:`CannotBackUp` if *target* can't be the name of a backup, or is that of something else."""
    if not target.parent.is_dir():
        raise CannotBackUp(f"There is no directory {target.parent}. Make it first.")
    if is_of_chat(directory, target):
        raise CannotBackUp(f"{target} is a name for files of the chat itself. Choose another.")
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        raise CannotBackUp(f"{target} is a directory. Say the name of a file in it, such as {target / FILE}.")
    if not stat.S_ISREG(mode):
        raise CannotBackUp(f"{target} is no file. A backup is checked where it is written, so it needs one.")
    if target.stat().st_size and not _may_be_backup(target):
        raise CannotBackUp(f"{target} is there, and is no backup of a chat. Choose another name, or remove it.")


def _may_be_backup(path: Path) -> bool:
    """Tell whether a file is a chat's, or was one before it was damaged."""
    if not is_database(path):
        return False
    try:
        with closing(open_unchanged(path)) as connection:
            return is_history(connection)
    except sqlite3.Error:
        return True


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Read the history as it is at this moment, whatever a chat writes meanwhile."""
    try:
        with closing(open_to_read(path)) as connection:
            yield connection
    except sqlite3.Error as error:
        raise CannotOpen(f"{path} can't be read: {error}.") from error


@contextmanager
def _new(part: Path, target: Path) -> Iterator[int]:
    """Make the file in which a backup grows, in place of one that was left behind. Nothing of it stays but its end."""
    try:
        with suppress(FileNotFoundError):
            _remove_left(part, target)
        remove_beside(part)
        descriptor = create(part)
    except FileExistsError as error:
        raise _another(target) from error
    except OSError as error:
        raise CannotBackUp(f"{part} can't be written: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if not _is_open_as(part, descriptor):
            raise _another(target)
        yield descriptor
    finally:
        if _is_open_as(part, descriptor):
            remove(part)
        os.close(descriptor)


def _is_open_as(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_left(part: Path, target: Path) -> None:
    """Remove what a backup has left that was killed; raises :class:`CannotBackUp` if one is being made."""
    left = os.open(part, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_open_as(part, left):
            part.unlink()
    except BlockingIOError as error:
        raise _another(target) from error
    finally:
        os.close(left)


def _another(target: Path) -> CannotBackUp:
    return CannotBackUp(f"Another backup to {target} is being made. Wait for that, or choose another name.")


def _sign(part: Path, name: str, now: float) -> None:
    """Have the backup say when it was made."""
    with closing(writing(part)) as connection:
        connection.execute(
            "INSERT INTO audit (time, author, action, target, why) VALUES (?, ?, ?, ?, '')",
            (timestamp(now), BY_OPERATOR, MADE, name_in_record(name)),
        )


def name_in_record(name: str) -> str:
    """Write the name of a file for the audit record, which holds what can be shown."""
    return clean(os.fsencode(name).decode("utf-8", "replace"))


def _extent(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many messages there are, and the id of the last."""
    messages, last = connection.execute("SELECT count(*), coalesce(max(id), 0) FROM messages").fetchone()
    return messages, last


def _extent_in(path: Path) -> tuple[int, int]:
    with closing(open_unchanged(path)) as connection:
        return _extent(connection)
