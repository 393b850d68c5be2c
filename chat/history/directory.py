"""The data directory of a chat: which files are in it, who uses it, and that nobody else reads them."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from twisted.logger import Logger

from chat.disk.files import make_directory
from chat.disk.private import close_to_others, ensure_in_data, planted_link
from chat.history.store import CannotOpen

FILE = "chat.db"
"""The history."""

BESIDE = ("-wal", "-shm", "-journal")
"""How the names of files end that SQLite keeps beside a database."""

FILES = "chat.files"
"""The directory of the files that came with messages."""

LOCK = "chat.lock"
CERTIFICATE = "tls.pem"
"""What the chat has made for itself for TLS."""

log = Logger()


def history_in(directory: Path) -> Path:
    """The file of the history in *directory*; raises :class:`CannotOpen` if there is none."""
    path = directory / FILE
    if not path.exists():
        raise CannotOpen(f"There is no {path}. Say with --data where the history is.")
    return path


def is_of_chat(directory: Path, path: Path) -> bool:
    """Tell whether *path*, which need not be there yet, is the name of a file of the chat in *directory*."""
    own = path.name.startswith(FILE) or path.name in (FILES, LOCK, CERTIFICATE)
    return own and path.parent.is_dir() and path.parent.samefile(directory)


def lock(directory: Path) -> int:
    """Claim the history in *directory*, which is made if there is none, for this process.

    Returns a file descriptor, with whose end the claim ends; raises :class:`CannotOpen`.
    """
    try:
        make_directory(directory)
        planted = planted_link(directory, (LOCK, FILE, FILES, *(f"{FILE}{end}" for end in BESIDE)))
        if planted is not None:
            raise CannotOpen(
                f"{planted} is a link, and root follows none in a directory of another user, who could have it write "
                "anywhere. Do that as this user."
            )
        ensure_in_data(directory / LOCK)
        claim = os.open(directory / LOCK, os.O_RDWR)
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(claim)
        raise CannotOpen(
            f"{directory / FILE} is in use by another chat. Stop that, or choose another place with --data."
        ) from error
    except OSError as error:
        place = directory if directory.parts else directory.absolute()
        raise CannotOpen(f"{place}: {error.strerror}. Choose another place with --data.") from error
    return claim


def close_files_to_others(directory: Path) -> None:
    """Have nobody but its owner use what there is of a history in *directory*: private messages are in it.

    Raises :class:`CannotOpen` where that can't be; for copies of the history it is only logged.
    """
    own = {FILE, f"{FILE}-wal", f"{FILE}-shm", LOCK}
    for path in (*directory.glob(f"{FILE}*"), directory / LOCK):
        try:
            if close_to_others(path):
                log.warn("others could use {path}; now only its owner can", path=path)
        except PermissionError as error:
            if path.name not in own:
                log.warn("others may use {path}, and that can't be changed: it belongs to somebody else", path=path)
                continue
            raise CannotOpen(
                f"Others may use {path}, and it belongs to another user than the one that the chat runs as, who can't "
                f"change that. As root: chown --reference={directory} {path}"
            ) from error
