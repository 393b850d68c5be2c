"""Where the password of a registered name comes from: a file, the system's keyring, or the user."""

from __future__ import annotations

import getpass
from pathlib import Path

SERVICE = "twisted-chat"


class NoPassword(Exception):
    """The password can't be read or kept. The message is a sentence for the user."""


def from_file(path: Path) -> str:
    """Return the first line of a file; raises :class:`NoPassword`."""
    try:
        lines = path.expanduser().read_text(encoding="utf-8").splitlines()
    except OSError as failure:
        raise NoPassword(f"{path} can't be read: {failure.strerror}.") from failure
    except UnicodeDecodeError as failure:
        raise NoPassword(f"{path} is no text in UTF-8.") from failure
    if not lines or not lines[0]:
        raise NoPassword(f"{path} has no password in its first line.")
    return lines[0]


class Keyring:
    """The system's keyring, through the package ``keyring``; raises :class:`NoPassword` if there is none.

    A *place* is written ``ada@host:port``.
    """

    def __init__(self) -> None:
        try:
            import keyring
        except ImportError as failure:
            raise NoPassword("The keyring needs a package: pip install 'twisted-chat[keyring]'") from failure
        self._ring = keyring.get_keyring()
        if self._ring.priority <= 0:
            raise NoPassword("This system has no keyring. Use a password file.")

    def get(self, place: str) -> str | None:
        """Return the password that is kept for *place*, if there is one."""
        try:
            return self._ring.get_password(SERVICE, place)
        except Exception as failure:
            raise NoPassword(f"The keyring can't be read: {failure}.") from failure

    def keep(self, place: str, password: str) -> None:
        """Keep the password of *place*."""
        try:
            self._ring.set_password(SERVICE, place, password)
        except Exception as failure:
            raise NoPassword(f"The keyring can't be written: {failure}.") from failure


def ask(name: str) -> str | None:
    """Ask the user, without showing what is typed; return ``None`` if the user gives none."""
    try:
        return getpass.getpass(f"Password of {name}: ") or None
    except (EOFError, KeyboardInterrupt):
        return None
