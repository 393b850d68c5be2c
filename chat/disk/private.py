"""Files that nobody else may read, whatever the umask says."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
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
    """Tell whether *path* is a file that others may read or write, and whose mode is ours to change."""
    try:
        file = path.stat()
        linked = path.is_symlink() and file.st_uid != path.parent.stat().st_uid
    except FileNotFoundError:
        return False
    return stat.S_ISREG(file.st_mode) and bool(file.st_mode & OTHERS) and not linked


def close_to_others(path: Path) -> bool:
    """Have nobody but its owner use the file *path*; return whether others could.

    It is left as it is if a link leads to it, and it belongs to another user than the directory of the link: whoever
    may write there could have root change the mode of any file.
    """
    if not is_open_to_others(path):
        return False
    path.chmod(MODE)
    return True


def planted_link(directory: Path, names: Iterable[str]) -> Path | None:
    """Return the first of these *names* that is a link where root must not follow any: in somebody else's directory."""
    if os.geteuid() != 0 or directory.stat().st_uid == 0:
        return None
    return next((path for name in names if (path := directory / name).is_symlink()), None)
