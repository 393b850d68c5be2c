"""What ``chat admin`` does with the files of a chat themselves, whether it runs or not."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from chat.admin.address import ALONE
from chat.admin.address import FILE as SOCKET
from chat.core.text import size_in_words
from chat.core.times import minute
from chat.disk.private import OTHERS
from chat.history import restore as restoring
from chat.history.backup import CannotBackUp, back_up, open_to_read, version_of
from chat.history.restore import BEFORE, CannotRestore, restore
from chat.history.schema import MIGRATIONS
from chat.history.soundness import faults
from chat.history.sqlite import FILE
from chat.history.store import CannotOpen
from chat.protocols.certificate import OWN

TOPIC = "The history and its files"

PATIENT = 10
"""How far work that can wait steps back behind the chat (``nice``)."""


Say = Callable[[str], None]
"""Is called with each line for the user."""


class NotDone(Exception):
    """What was asked for was not done; the message of the exception is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class FileCommand:
    """What is written for it, what it does, an example, and the function that does it, which returns the exit code."""

    usage: str
    summary: str
    example: str
    run: Callable[..., int]
    options: Sequence[str] = ()


def fits(words: Sequence[str]) -> bool:
    """Tell whether *words* are a command with as many words behind it as it needs."""
    return bool(words) and words[0] in COMMANDS and len(words) == len(COMMANDS[words[0]].usage.split())


def run(directory: Path, words: Sequence[str], say: Say) -> int:
    """Do what *words* say with the files in *directory*; return the exit code. Raises :class:`NotDone`."""
    name, *rest = words
    try:
        return COMMANDS[name].run(directory, say, *rest)
    except (CannotOpen, CannotBackUp, CannotRestore) as refusal:
        raise NotDone(str(refusal)) from refusal
    except PermissionError as error:
        raise NotDone(
            f"You may not use {error.filename or directory}. "
            "Run chat admin as the user that the chat runs as, or as root."
        ) from error
    except OSError as error:
        raise NotDone(f"{error.filename or directory}: {error.strerror}.") from error


def _back_up(directory: Path, say: Say, file: str) -> int:
    if file == "-":
        raise NotDone("A backup is checked where it is written, so it needs a file. Say its name.")
    _require_access(directory / FILE)
    os.nice(PATIENT)
    with _bar("copying") as show:
        copied = back_up(directory, Path(file), time.time(), show)
    say(f"{file} is a backup now, whole and checked: {_messages(copied.messages)}, {size_in_words(copied.size)}.")
    return 0


def _restore(directory: Path, say: Say, file: str) -> int:
    with _bar("copying") as show:
        done = restore(Path(file), directory, time.time(), show)
    until = f", the last of {minute(done.last_time)}" if done.last_time is not None else ""
    say(f"{directory / FILE} is restored from {file}: {_messages(done.messages)}{until}.")
    say(f"The ids of messages go on from {done.next_id}, so that none is used twice.")
    if not done.tokens:
        say("Everybody who has an account comes in by password again, as tokens may have been revoked since.")
    if done.kept is not None:
        say(f"What was there before is kept in {done.kept}. Remove it when you do not need it any more.")
    return 0


def _check(directory: Path, say: Say) -> int:
    path = directory / FILE
    if not path.exists():
        raise CannotOpen(f"There is no {path}. Say with --data where the history is.")
    _require_access(path)
    os.nice(PATIENT)
    found = 0
    for fault in (*_file_faults(directory), *_history_faults(path, say)):
        found += 1
        say(fault)
    if found:
        say("1 thing is wrong." if found == 1 else f"{found} things are wrong.")
    return 1 if found else 0


def _history_faults(path: Path, say: Say) -> Iterator[str]:
    try:
        with closing(open_to_read(path)) as connection:
            version = version_of(connection, path)
            with _stages() as show:
                found = list(faults(connection, show))
            yield from found
            if not found:
                (messages,) = connection.execute("SELECT count(*) FROM messages").fetchone()
                say(f"{path} was read from its beginning to its end, and is sound: {_messages(messages)}.")
                if version < len(MIGRATIONS):
                    say(
                        "It is of an older version, which the chat brings up to date when it starts: what belongs "
                        "together in it was not checked."
                    )
    except sqlite3.Error as error:
        yield f"{path} can't be read: {error}. Restore a backup (chat admin restore)."


def _file_faults(directory: Path) -> Iterator[str]:
    """What is wrong with the files around the history."""
    found = directory.stat()
    if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
        yield f"Everybody may replace the files in {directory}. Take that right away: chmod o-w {directory}"
    for path in sorted(directory.iterdir()):
        name = path.name
        if not (name.startswith(FILE) or name in (OWN, SOCKET, ALONE, "chat.lock")):
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
    new = (directory / OWN).with_suffix(".new")
    if new.exists():
        yield f"{new} is left from work that was ended. Remove it."


def _require_access(path: Path) -> None:
    """Raise :class:`PermissionError` if this user may not use *path*; SQLite would not say why it can't."""
    if path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise PermissionError(0, "", str(path))


def _messages(number: int) -> str:
    return "1 message" if number == 1 else f"{number:,} messages"


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how much is done, at a terminal."""
    with tqdm(desc=what, unit=" pages", disable=None, leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)
            if done == total:
                bar.set_description("checking")

        yield show


@contextmanager
def _stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is being looked at, and how much of it is done, at a terminal."""
    stage = ""
    with tqdm(disable=None, leave=False) as bar:

        def show(what: str, done: int, total: int) -> None:
            nonlocal stage
            if what != stage:
                stage = what
                bar.reset(total)
                bar.set_description(what)
            bar.update(done - bar.n)

        yield show


COMMANDS: Mapping[str, FileCommand] = {
    "backup": FileCommand(
        "backup FILE",
        "writes the whole history into a file, also while the chat runs",
        "backup /backup/chat.db --data /var/lib/chat",
        _back_up,
    ),
    "restore": FileCommand(
        "restore FILE",
        "puts a backup in the place of the history, while no chat runs",
        "restore /backup/chat.db --data /var/lib/chat",
        _restore,
    ),
    "check": FileCommand(
        "check",
        "reads the whole history, and says what is wrong with it and its files",
        "check --data /var/lib/chat",
        _check,
    ),
}
