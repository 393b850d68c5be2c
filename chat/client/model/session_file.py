"""The file that keeps what was open in the terminal client, under one name at one server, for the next start.

It is written whole or not at all. If several clients write it, all that was typed in any of them is kept; of everything
else, the newest change.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import msgspec

from chat.client.model.input_history import TypedText, bounded
from chat.client.model.open_rooms import MAXIMUM_OPEN, OpenRoom, OpenRooms
from chat.disk.files import make_directory, write_private

VERSION = 1
LARGEST = 16 * 1024 * 1024
"""How many bytes the file may have to be read."""
MAXIMUM_ASIDE = 100
"""How many files that can't be read are kept at most; the next one takes the place of the last."""
LOCK_WAIT = 1.0
"""Seconds to wait for another client that is writing the file."""
_LONGEST_NAME = 150


class SavedSession(msgspec.Struct, frozen=True):
    """What is kept: what was open, and what was typed."""

    version: int
    open: OpenRooms = msgspec.field(default_factory=OpenRooms)
    typed: tuple[TypedText, ...] = ()


NOTHING = SavedSession(VERSION)


class _Any(msgspec.Struct):
    """What the files of all versions have."""

    version: int


def file_name(name: str, address: str) -> str:
    """Return what the file is called for the user of that name at that server."""
    whole = quote(f"{name}@{address}".casefold(), safe="@:[]")
    if len(whole) > _LONGEST_NAME:
        whole = f"{whole[:_LONGEST_NAME]}-{sha256(whole.encode()).hexdigest()[:16]}"
    return f"{whole}.json"


class SessionFile:
    """The file at *path*."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_first = not path.parent.is_dir()
        """Whether no client has kept anything here before, under whatever name."""
        self.trouble = ""
        """A sentence for the user if the file could not be read; empty otherwise."""
        self._unusable: OSError | None = None
        """Why the file can't be written; ``None`` if it can, as far as it is known."""
        self._before = NOTHING
        """What this client has saved last."""
        self._lock = Lock()

    def load(self) -> SavedSession:
        """Read the file. One that can't be read is put aside, and :attr:`trouble` says so."""
        try:
            self._before = self._read()
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as failure:
            self._put_aside(failure)
        return self._before

    def save(self, session: SavedSession) -> None:
        """Write the file, together with what other clients have written meanwhile; raises :class:`OSError`."""
        if self._unusable is not None:
            raise self._unusable
        with self._lock:
            make_directory(self.path.parent)
            with self._alone():
                try:
                    there = self._read()
                except FileNotFoundError:
                    there = NOTHING
                except ValueError as failure:
                    self._put_aside(failure)
                    there = NOTHING
                whole = merged(self._before, session, there)
                if whole != there:
                    write_private(self.path, msgspec.json.encode(whole))
            self._before = session

    def _read(self) -> SavedSession:
        """Return what is in the file. Raises :class:`OSError` or :class:`ValueError`."""
        with open(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError("it is no file")
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ValueError("it is too large")
        try:
            if msgspec.json.decode(data, type=_Any).version > VERSION:
                raise ValueError("a newer version of the client has written it")
            return msgspec.json.decode(data, type=SavedSession)
        except (msgspec.DecodeError, UnicodeDecodeError) as failure:
            raise ValueError("it is damaged") from failure

    def _put_aside(self, failure: OSError | ValueError) -> None:
        """Keep a file that can't be read under another name."""
        why = failure.strerror if isinstance(failure, OSError) else str(failure)
        sentence = f"What was open last time can't be read: {why}."
        aside = self._free_name()
        try:
            self.path.rename(aside)
        except OSError as refused:
            self._unusable = refused
            self.trouble = f"{sentence} {self.path} stays as it is, and nothing is kept for the next start."
        else:
            self.trouble = f"{sentence} The file is kept as {aside}."

    def _free_name(self) -> Path:
        names = (self.path.with_name(f"{self.path.name}.{number}.aside") for number in range(1, MAXIMUM_ASIDE + 1))
        path = self.path
        for path in names:
            if not os.path.lexists(path):
                break
        return path

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other clients from writing the file meanwhile. If one does not end, as it is suspended, go on anyway."""
        lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            last = time.monotonic() + LOCK_WAIT
            while time.monotonic() < last:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(0.02)
                except OSError:  # some network file systems have no locks
                    break
            yield
        finally:
            with suppress(OSError):
                os.close(lock)


def merged(before: SavedSession, mine: SavedSession, there: SavedSession) -> SavedSession:
    """Return what is to be kept.

    *before* is what this client has saved last, *mine* what it has to save now, and *there* is in the file.
    """
    earlier, others = _by_place(before), _by_place(there)
    rooms = [_merged(earlier.get(place), room, others.get(place)) for place, room in _by_place(mine).items()]
    known = {*earlier, *_by_place(mine)}
    rooms += [room for place, room in others.items() if place not in known]
    opened = OpenRooms(rooms[:MAXIMUM_OPEN], mine.open.current)
    return SavedSession(VERSION, opened, bounded({*mine.typed, *there.typed}))


def _by_place(session: SavedSession) -> dict[tuple[bool, str], OpenRoom]:
    return {(room.private, room.with_ or room.name): room for room in session.open.rooms}


def _merged(before: OpenRoom | None, mine: OpenRoom, there: OpenRoom | None) -> OpenRoom:
    """Return *mine*, with all that this client has not changed as it is *there*."""
    if there is None:
        return mine
    if before is None:
        before = OpenRoom(mine.name, mine.private, mine.with_)
    same = [name for name in mine.__struct_fields__ if getattr(mine, name) == getattr(before, name)]
    return msgspec.structs.replace(mine, **{name: getattr(there, name) for name in same})
