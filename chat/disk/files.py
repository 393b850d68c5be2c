"""Makes directories and files that are there after a power failure, too.

A disk may forget a file that was written and synced, as long as the directory that has its name was not.
"""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path


def make_directory(path: Path) -> None:
    """Make the directory *path* unless there is one, for nobody else to read, and those above it."""
    if path.is_dir():
        return
    if path.exists():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    make_directory(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Have the disk keep which files the directory *path* has, and under which names."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    except OSError as error:
        # Some network file systems can't sync directories. They keep names by themselves, or not at all.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(directory)


def put_in_place(part: Path, path: Path) -> None:
    """Have the file *part*, which is written, be the file *path*: after a power failure it is whole, or was not there.

    A file that was there before is there until then.
    """
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(path)
    sync_directory(path.parent)


def led_to(path: Path) -> Path:
    """Return the file that *path* leads to by way of links, which need not be there yet.

    The system is asked whether it follows them: it raises :class:`PermissionError` for a link that another user has
    made where everybody may make files, such as ``/tmp``.
    """
    with suppress(FileNotFoundError):
        path.stat()
    return Path(os.path.realpath(path))


def write_private(path: Path, data: bytes) -> None:
    """Have the file *path* hold *data*, for nobody else to read, or be as it was before, whatever happens meanwhile."""
    make_directory(path.parent)
    part = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as written:
            os.fchmod(written.fileno(), 0o600)
            written.write(data)
        put_in_place(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
