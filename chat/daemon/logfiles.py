"""The files that ``twistd --logfile`` writes: private, bounded in number, and opened anew after a rotation."""

from __future__ import annotations

import gc
import os
import stat
from typing import Any

from twisted.logger import Logger
from twisted.python import usage
from twisted.python.logfile import BaseLogFile, LogFile

ROTATED_FILES = 9
"""The rotated log files that are kept beside the current one."""

MODE = 0o600

log = Logger()


def prepare_log_file(twistd: dict[str, Any]) -> None:
    """Make the log file before *twistd* (its options) does, for nobody else to read.

    Raises :class:`UsageError` if that can't be.
    """
    path = _log_file(twistd)
    if path is None:
        return
    try:
        make_private(path)
    except OSError as error:
        raise usage.UsageError(
            f"the log can't go to {path}: {error.strerror}. Choose another file with --logfile."
        ) from error


def _log_file(twistd: dict[str, Any]) -> str | None:
    """The file that ``twistd`` logs to, if it does."""
    if twistd.get("syslog") or twistd.get("logger"):
        return None
    path: str = twistd.get("logfile") or ("-" if twistd.get("nodaemon", True) else "twistd.log")
    return None if path == "-" else path


def make_private(path: str) -> None:
    """Make the log file before Twisted does, for nobody else to read; raises :class:`OSError`.

    Twisted gives all later files the mode of the first. What is no plain file stays as it is, like ``/dev/stderr``.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        return
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, MODE)
    try:
        mode = stat.S_IMODE(os.fstat(file).st_mode)
        if mode & stat.S_IRWXO:
            os.fchmod(file, mode & ~stat.S_IRWXO)
    finally:
        os.close(file)


def log_files() -> list[BaseLogFile]:
    """Find the log files of ``twistd --logfile`` among all objects, as Twisted gives nobody a reference to them."""
    # isinstance() would also read __class__, which makes a proxy fetch the object that it stands for.
    return [thing for thing in gc.get_objects() if issubclass(type(thing), BaseLogFile) and not thing.closed]


def bound_log_files() -> None:
    """Have Twisted keep :data:`ROTATED_FILES` of the log files that it has rotated; by default it keeps all."""
    for file in log_files():
        if isinstance(file, LogFile) and file.maxRotatedFiles is None:
            file.maxRotatedFiles = ROTATED_FILES


def reopen_log_files() -> None:
    """Have the log go on in new files, where the old ones were moved away."""
    files = log_files()
    for file in files:
        try:
            make_private(file.path)
        except OSError as error:
            log.error(
                "the log goes on in the old file: {path} can't be opened ({error})",
                path=file.path,
                error=error.strerror,
            )
            continue
        file.reopen()
        log.info("the log goes on in {path}", path=file.path)
    if not files:
        log.info("there is no log file to open again")
