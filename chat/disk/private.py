"""Files that nobody else may read, whatever the umask says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MODE = 0o600
OTHERS = 0o077
"""The bits of a mode that let anybody but the owner use the file."""


def create(path: Path) -> int:
    """Make the file *path*, which must not be there; return its descriptor, for reading and writing."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, MODE)
    os.fchmod(descriptor, MODE)
    return descriptor


def create_in_data(path: Path) -> int:
    """Make the file *path* as :func:`create` does; if root makes it, it belongs to the owner of its directory."""
    descriptor = create(path)
    give_to_owner(descriptor, path.parent)
    return descriptor


def ensure_in_data(path: Path) -> None:
    """Make the file *path* unless there is one."""
    try:
        os.close(create_in_data(path))
    except FileExistsError:
        return


def give_to_owner(descriptor: int, directory: Path) -> None:
    """Have a file that root has made in *directory* belong to the owner of that, who must be able to use it."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def is_open_to_others(path: Path) -> bool:
    """Tell whether *path* is a file that others may read or write."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & OTHERS)


def close_to_others(path: Path) -> bool:
    """Have nobody but its owner use the file *path*; return whether others could."""
    if not is_open_to_others(path):
        return False
    path.chmod(MODE)
    return True
