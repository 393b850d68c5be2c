"""What the desktop client remembers from one time to the next: where the user was, and how it looked. No passwords."""

from __future__ import annotations

from pathlib import Path

import msgspec
import platformdirs
from twisted.logger import Logger

_log = Logger()


def path() -> Path:
    """Return the file in which it is kept."""
    return platformdirs.user_state_path("twisted-chat") / "desktop.json"


class SavedState(msgspec.Struct):
    """``size`` is that of the font in points, 0 for that of other programs."""

    server: str = ""
    port: str = ""
    tls: bool = False
    name: str = ""
    dark: bool = False
    size: int = 0
    geometry: str = ""

    def save(self) -> None:
        """Keep it; what can't be kept is only logged."""
        file = path()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(".new")
            temporary.write_bytes(msgspec.json.encode(self))
            temporary.replace(file)
        except OSError as failure:
            _log.warn("{file} can't be written: {failure}", file=file, failure=failure)


def load() -> SavedState:
    """Return what was kept; where there is nothing that can be read, nothing is remembered."""
    try:
        return msgspec.json.decode(path().read_bytes(), type=SavedState)
    except (OSError, msgspec.DecodeError):
        return SavedState()
