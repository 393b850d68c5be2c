"""Where the client keeps its files: as the XDG Base Directory Specification says, or Apple's guidelines."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "twisted-chat"


def config() -> Path:
    """Return the directory of what the user has set."""
    return _directory("XDG_CONFIG_HOME", ".config")


def state() -> Path:
    """Return the directory of what is remembered from one start to the next."""
    return _directory("XDG_STATE_HOME", ".local/state")


def _directory(variable: str, usual: str) -> Path:
    given = Path(os.environ.get(variable, "").strip())
    if given.is_absolute():  # the specification has others ignored
        return given / _NAME
    return _home() / ("Library/Application Support" if sys.platform == "darwin" else usual) / _NAME


def _home() -> Path:
    """Return the user's home; the root, as containers do, if nobody knows of one."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")
