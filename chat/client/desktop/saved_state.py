"""What the desktop client saves for the next start: the server, the name and the look. No passwords."""

from __future__ import annotations

from pathlib import Path

import msgspec
from twisted.logger import Logger

from chat.client import places

_log = Logger()


def path() -> Path:
    """Return the path of the file."""
    return places.state() / "desktop.json"


class SavedState(msgspec.Struct):
    """``size`` is the size of the font in points, 0 for the usual one."""

    server: str = ""
    port: str = ""
    tls: bool = False
    name: str = ""
    dark: bool = False
    size: int = 0
    geometry: str = ""

    def save(self) -> None:
        """Write the file; if that fails, log it."""
        file = path()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(".new")
            temporary.write_bytes(msgspec.json.encode(self))
            temporary.replace(file)
        except OSError as failure:
            _log.warn("{file} can't be written: {failure}", file=file, failure=failure)


def load() -> SavedState:
    """Read the file; if that fails, return the defaults."""
    try:
        return msgspec.json.decode(path().read_bytes(), type=SavedState)
    except (OSError, msgspec.DecodeError):
        return SavedState()
