"""Reads files that the user has written: settings, passwords, keys."""

from __future__ import annotations

import errno
import os

LONGEST = 1 << 20
"""How many bytes such a file may have. A device may have no end."""


def read_text(path: str | os.PathLike[str]) -> str:
    """Return what is in a file, without the byte order mark that some editors begin it with.

    Raises :class:`OSError` if it can't be read or is too long, and :class:`UnicodeDecodeError` if it is not UTF-8.
    """
    with open(path, "rb") as file:
        data = file.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), os.fspath(path))
    return data.decode("utf-8-sig")
