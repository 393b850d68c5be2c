"""What the desktop client saves for the next start: where the user was, what was open, and the look. No passwords."""

from __future__ import annotations

from pathlib import Path

import msgspec

from chat.client import places
from chat.client.model.open_rooms import OpenRooms
from chat.disk.files import write_private

MAXIMUM_ADDRESSES = 20
"""Of how many addresses is saved what was open there."""


def path() -> Path:
    """Return the path of the file."""
    return places.state() / "desktop.json"


class Placing(msgspec.Struct, frozen=True):
    """Where the window was on the screen, in pixels, and how many letters and lines of the font would fill it."""

    columns: int
    rows: int
    x: int | None = None
    y: int | None = None


class SavedState(msgspec.Struct):
    """``size`` is the size of the font in points, 0 for the usual one. ``open`` has what was open at each address, such
    as ``ada@localhost:12345``; the address that was used last is the last.
    """

    server: str = ""
    port: str = ""
    tls: bool = False
    name: str = ""
    dark: bool = False
    size: int = 0
    placing: Placing | None = None
    open: dict[str, OpenRooms] = {}

    def leave_open(self, address: str, rooms: OpenRooms) -> None:
        """Note what is open at *address*."""
        self.open.pop(address, None)
        self.open[address] = rooms

    def save(self, address: str = "") -> None:
        """Write the file, for nobody else to read; may raise :class:`OSError`. Of what is open, only that at *address*
        was changed: another window may have saved the rest meanwhile.
        """
        others = load().open
        if address and (mine := self.open.get(address)) is not None:
            others.pop(address, None)
            others[address] = mine
        self.open = dict(list(others.items())[-MAXIMUM_ADDRESSES:])
        write_private(path(), msgspec.json.encode(self))


def load() -> SavedState:
    """Read the file; if that fails, return the defaults."""
    try:
        return msgspec.json.decode(path().read_bytes(), type=SavedState)
    except (OSError, msgspec.DecodeError):
        return SavedState()
