"""Where the password of a registered name comes from: a file, the system's keyring, or the user."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

SERVICE = "twisted-chat"


class NoPassword(Exception):
    """There is no password to be had; the message is the sentence that the user reads."""


def from_file(path: Path) -> str:
    """The first line of a file; raises :class:`NoPassword`."""
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
    """The keyring of the system, by the package ``keyring``; raises :class:`NoPassword` where there is none."""

    def __init__(self) -> None:
        try:
            import keyring
        except ImportError as failure:
            raise NoPassword("--keyring needs a package: pip install 'twisted-chat[keyring]'") from failure
        self._keyring: Any = keyring

    def get(self, name: str, address: str) -> str | None:
        """The password of *name* at *address*, if it is kept."""
        try:
            password: str | None = self._keyring.get_password(SERVICE, f"{name}@{address}")
        except self._keyring.errors.KeyringError as failure:
            raise NoPassword(f"The keyring does not open: {failure}.") from failure
        return password

    def keep(self, name: str, address: str, password: str) -> None:
        """Keep the password of *name* at *address*."""
        try:
            self._keyring.set_password(SERVICE, f"{name}@{address}", password)
        except self._keyring.errors.KeyringError as failure:
            raise NoPassword(f"The keyring does not keep the password: {failure}.") from failure


def ask(name: str) -> str | None:
    """Ask the user, whose terminal does not show it; return ``None`` where they give none."""
    try:
        return getpass.getpass(f"Password of {name}: ") or None
    except (EOFError, KeyboardInterrupt):
        return None
