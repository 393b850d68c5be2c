"""What is in the files of messages, as it lies on the disk: one file for each, called by its key, or none."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
from codecs import getincrementaldecoder
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from chat.disk.files import make_directory, put_in_place, sync_directory
from chat.disk.pictures import look
from chat.disk.private import create_in_data, give_to_owner

SPARE = 100_000_000
"""So many bytes of the disk are left free, so that messages can be stored."""

KEY = re.compile(r"[A-Za-z0-9_-]{22}")
"""What a key is: 16 random bytes, written in Base64."""

_OURS = re.compile(rf"{KEY.pattern}(\.part)?")
"""What a file is called, and one that is coming."""


class NoRoom(OSError):
    """The disk has no room for a file."""

    def __init__(self) -> None:
        super().__init__(errno.ENOSPC, "there is no room on the disk for the files of messages")


class FileDirectory:
    """Keeps files in the directory *path*, which is made with the first one.

    No file stays open between two pieces of it, however long its client takes: so a client has no descriptor but that
    of its connection. An error names the directory and never a key, by which a file is fetched, as the log has errors.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def path(self, key: str) -> Path:
        """Where the file with that *key* is."""
        return self._path / key

    def names(self) -> Collection[str]:
        """What there is, whole or not."""
        with suppress(FileNotFoundError), os.scandir(self._path) as entries:
            return {entry.name for entry in entries if _OURS.fullmatch(entry.name)}
        return ()

    def sweep(self, known: Collection[str]) -> None:
        """Remove all but the *known* files: they came for no message that is there."""
        self.remove(key for key in self.names() if key not in known)

    def end(self) -> None:
        """No file comes any more: remove what has not come whole."""
        self.remove(key for key in self.names() if key.endswith(".part"))

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the files with these *keys*."""
        with self.unnamed():
            for key in keys:
                self.path(key).unlink(missing_ok=True)

    def has(self, key: str) -> bool:
        """Tell whether the file with that *key* is there, and no link, which a chat that root runs would follow."""
        with self.unnamed(), suppress(FileNotFoundError):
            return stat.S_ISREG(self.path(key).lstat().st_mode)
        return False

    def read(self, key: str, at: int, size: int) -> bytes:
        """Read at most so many bytes of a file, from *at* on."""
        with self.unnamed():
            descriptor = os.open(self.path(key), os.O_RDONLY | os.O_NOFOLLOW)
            with open(descriptor, "rb", buffering=0) as file:
                file.seek(at)
                return file.read(size)

    @contextmanager
    def unnamed(self) -> Iterator[None]:
        """Have errors name the directory in place of the file."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None

    def require_room(self, size: int) -> None:
        """Raise :class:`NoRoom` if the disk has no room for so many bytes more."""
        where = self._path if self._path.exists() else self._path.parent
        if shutil.disk_usage(where).free < size + SPARE:
            raise NoRoom

    def begin(self, key: str, size: int) -> NewFile:
        """Begin a file of about this *size*; raises :class:`OSError`, also :class:`NoRoom`."""
        self.make()
        self.require_room(size)
        return NewFile(self, key)

    def make(self) -> None:
        """Make the directory, for the user to whom the one above belongs."""
        if not self._path.is_dir():
            make_directory(self._path)
            opened = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                give_to_owner(opened, self._path.parent)
            finally:
                os.close(opened)

    def sync(self) -> None:
        """Have the disk keep which files there are."""
        sync_directory(self._path)


class Contents(NamedTuple):
    """What is in a file: its bytes, their SHA-256, what they are, and the pixels of a picture."""

    size: int
    digest: str
    type: str
    width: int | None
    height: int | None


class NewFile:
    """A file that is coming. It is nobody's, and goes at the next start, until it is put in its place."""

    def __init__(self, directory: FileDirectory, key: str) -> None:
        self.key = key
        self.size = 0
        self._directory = directory
        self._part = directory.path(f"{key}.part")
        with directory.unnamed():
            os.close(create_in_data(self._part))
        self._digest = hashlib.sha256()
        self._decoder = getincrementaldecoder("utf-8")()
        self._is_text = True

    def write(self, data: bytes) -> None:
        """Write what has come; raises :class:`OSError`, also :class:`NoRoom`."""
        self._directory.require_room(len(data))
        with self._directory.unnamed():
            descriptor = os.open(self._part, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
            with open(descriptor, "wb") as file:
                file.write(data)
        self.size += len(data)
        self._digest.update(data)
        if self._is_text:
            self._look(data)

    def _look(self, data: bytes, *, final: bool = False) -> None:
        try:
            self._decoder.decode(data, final)
            self._is_text = b"\0" not in data
        except UnicodeDecodeError:
            self._is_text = False

    def finish(self) -> Contents:
        """Put it in its place, so that it survives a power failure, and tell what it is."""
        if self._is_text:
            self._look(b"", final=True)
        with self._directory.unnamed():
            with self._part.open("rb") as written:
                picture = look(written)
            put_in_place(self._part, self._directory.path(self.key))
        kind = "text/plain" if self._is_text else "application/octet-stream"
        digest = self._digest.hexdigest()
        if picture is None:
            return Contents(self.size, digest, kind, None, None)
        return Contents(self.size, digest, picture.type, picture.width, picture.height)

    def abandon(self) -> None:
        """Leave nothing of it."""
        self._directory.remove((self._part.name, self.key))
