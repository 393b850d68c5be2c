"""The standard output of a command, where it can't be written."""

from __future__ import annotations

import errno
import os
import sys

_OF_OUTPUT = (errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""How it fails to print."""


def is_of_output(failure: OSError) -> bool:
    """Return whether what failed is to print: then the failure has the name of no file."""
    return failure.errno in _OF_OUTPUT and failure.filename is None


def not_written(failure: OSError) -> int:
    """Say why what was printed can't be written, unless its reader has seen enough; return the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python writes what still waits when it ends
    if isinstance(failure, BrokenPipeError):
        return 0
    print(f"chat: the output can't be written: {failure.strerror}.", file=sys.stderr)
    return 1
