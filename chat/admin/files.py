"""What ``chat admin`` does with the files of a chat themselves, whether it runs or not."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from chat.admin.address import ALONE
from chat.admin.address import FILE as SOCKET
from chat.admin.progress import pages, stages
from chat.core.operating.request import Command, Topic
from chat.core.text import counted, size_in_words
from chat.core.times import minute
from chat.disk.private import OTHERS
from chat.history import restore as restoring
from chat.history.backed_files import faults as file_faults
from chat.history.backup import CannotBackUp, back_up
from chat.history.copying import open_to_read, version_of
from chat.history.directory import CERTIFICATE, FILE, history_in, is_of_chat
from chat.history.restore import BEFORE, restore
from chat.history.schema import VERSION
from chat.history.soundness import faults

PATIENT = 10
"""How far work that can wait steps back behind the chat (``nice``)."""

Say = Callable[[str], None]
"""Is called with each line for the user."""


def run(directory: Path, words: Sequence[str], say: Say) -> int:
    """Do what *words* say with the files in *directory*; return the exit code.

    Raises :class:`CannotOpen`, :class:`CannotBackUp`, :class:`CannotRestore` and :class:`OSError`.
    """
    name, *rest = words
    code: int = COMMANDS[name].run(directory, say, *rest)
    return code


def _back_up(directory: Path, say: Say, file: str) -> int:
    if file == "-":
        raise CannotBackUp("A backup is checked where it is written, so it needs a file. Say its name.")
    _require_access(directory / FILE)
    os.nice(PATIENT)
    with pages("copying") as show:
        copied = back_up(directory, Path(file), time.time(), show)
    messages, size = counted(copied.messages, "message"), size_in_words(copied.size)
    say(f"{file} is a backup now, whole and checked: {messages}, {size}.")
    return 0


def _restore(directory: Path, say: Say, file: str) -> int:
    with pages("copying") as show:
        done = restore(Path(file), directory, time.time(), show)
    until = f", the last of {minute(done.last_time)}" if done.last_time is not None else ""
    say(f"{directory / FILE} is restored from {file}: {counted(done.messages, 'message')}{until}.")
    say(f"The ids of messages go on from {done.next_id}, so that none is used twice.")
    if not done.tokens:
        say("Everybody who has an account comes in by password again, as tokens may have been revoked since.")
    if done.lost:
        say(f"{counted(done.lost, 'file')} that came with messages {'is' if done.lost == 1 else 'are'} nowhere.")
    if done.kept is not None:
        say(f"What was there before is kept in {done.kept}. Remove it when you do not need it any more.")
    return 0


def _check(directory: Path, say: Say) -> int:
    path = history_in(directory)
    _require_access(path)
    os.nice(PATIENT)
    found = 0
    for fault in (*_file_faults(directory), *_history_faults(path, say)):
        found += 1
        say(fault)
    if found:
        say(f"{counted(found, 'thing')} {'is' if found == 1 else 'are'} wrong.")
    return 1 if found else 0


def _history_faults(path: Path, say: Say) -> Iterator[str]:
    try:
        with closing(open_to_read(path)) as connection:
            version = version_of(connection, path)
            with stages() as show:
                found = list(faults(connection, show))
            if version == VERSION:
                found += file_faults(connection, path.parent, partial(_has_file, path))
            yield from found
            if not found:
                (messages,) = connection.execute("SELECT count(*) FROM messages").fetchone()
                say(f"{path} was read from its beginning to its end, and is sound: {counted(messages, 'message')}.")
                if version < VERSION:
                    say(
                        "It is of an older version, which the chat brings up to date when it starts: what belongs "
                        "together in it was not checked."
                    )
    except sqlite3.Error as error:
        yield f"{path} can't be read: {error}. Restore a backup (chat admin restore)."


def _has_file(path: Path, key: str) -> bool:
    """Tell whether a message of the history has the file with that *key* now."""
    with closing(open_to_read(path)) as connection:
        return connection.execute("SELECT 1 FROM files WHERE key = ?", (key,)).fetchone() is not None


def _file_faults(directory: Path) -> Iterator[str]:
    """What is wrong with the files around the history."""
    found = directory.stat()
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        yield f"Everybody may replace the files in {directory}. Take that right away: chmod o-w {directory}"
    for path in sorted(directory.iterdir()):
        name = path.name
        if not (is_of_chat(directory, path) or name in (SOCKET, ALONE)):
            continue
        try:
            file = path.stat()
        except FileNotFoundError:
            continue
        if not stat.S_ISDIR(file.st_mode) and file.st_mode & OTHERS:
            yield f"Others may use {path}. The chat mends that when it starts; so does: chmod 600 {path}"
        if file.st_uid != found.st_uid:
            mend = f"chown --reference={directory} {path}"
            yield f"{path} belongs to another user than its directory. Unless that is meant so: {mend}"
        if name.startswith(BEFORE) and file.st_nlink > 1 and path.samefile(directory / FILE):
            yield f"{path} is left from a restore that was ended, and is the history itself. Remove it."
        if name.endswith(".part") or name.startswith(restoring.PART):
            yield f"{path} is left from work that was ended. Remove it, unless chat admin restore is at work."
    new = (directory / CERTIFICATE).with_suffix(".new")
    if new.exists():
        yield f"{new} is left from work that was ended. Remove it."


def _require_access(path: Path) -> None:
    """Raise :class:`PermissionError` if this user may not use *path*; SQLite would not say why it can't."""
    if path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise PermissionError(0, "", str(path))


_command = partial(Command, topic=Topic.FILES)

COMMANDS: Mapping[str, Command] = {
    "backup": _command(
        "backup FILE",
        "writes the whole history into a file, also while the chat runs",
        _back_up,
        example="backup /backup/chat.db --data /var/lib/chat",
    ),
    "restore": _command(
        "restore FILE",
        "puts a backup in the place of the history, while no chat runs",
        _restore,
        example="restore /backup/chat.db --data /var/lib/chat",
    ),
    "check": _command(
        "check",
        "reads the whole history, and says what is wrong with it and its files",
        _check,
        example="check --data /var/lib/chat",
    ),
}
