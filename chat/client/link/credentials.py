"""Where passwords, keys and invitations come from: a file, the system's keyring, or the user."""

from __future__ import annotations

import getpass
from pathlib import Path

from chat.client.link.states import Asking, Secret
from chat.core.errors import BadName
from chat.core.names import user_name
from chat.disk.texts import read_text

SERVICE = "twisted-chat"


class NoPassword(Exception):
    """The password can't be read or kept. The message is a sentence for the user."""


def password_place(name: str, address: str) -> str:
    """Return the place of the password of *name* at the server with that address."""
    return f"{name}@{address}"


def key_place(address: str) -> str:
    """Return the place of the key of the chat at that address."""
    return f"key of {address}"


def place_of_answer(asking: Asking, address: str) -> str | None:
    """Return the place of what the user is asked for by the server at that address; ``None`` if it is used once."""
    match asking.secret:
        case Secret.PASSWORD | Secret.NEW_PASSWORD:
            return password_place(asking.name, address)
        case Secret.KEY:
            return key_place(address)
        case Secret.INVITATION:
            return None


def from_file(path: Path, what: str = "password") -> str:
    """Return the first line of a file, which has to be a password or *what* is said; raises :class:`NoPassword`."""
    try:
        lines = read_text(path.expanduser()).splitlines()
    except OSError as failure:
        raise NoPassword(f"{path} can't be read: {failure.strerror}.") from failure
    except RuntimeError as failure:
        raise NoPassword(f"{path} can't be read: nobody has such a home directory.") from failure
    except UnicodeDecodeError as failure:
        raise NoPassword(f"{path} is no text in UTF-8.") from failure
    if not lines or not lines[0]:
        raise NoPassword(f"{path} has no {what} in its first line.")
    return lines[0]


class Keyring:
    """The system's keyring, through the package ``keyring``; raises :class:`NoPassword` if there is none.

    A *place* is that of a password (:func:`password_place`) or of a key (:func:`key_place`).
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
        """Return what is kept for *place*, if there is one."""
        try:
            return self._ring.get_password(SERVICE, place)
        except Exception as failure:
            raise NoPassword(f"The keyring can't be read: {failure}.") from failure

    def keep(self, place: str, password: str) -> None:
        """Keep what belongs to *place*."""
        try:
            self._ring.set_password(SERVICE, place, password)
        except Exception as failure:
            raise NoPassword(f"The keyring can't be written: {failure}.") from failure


def ask(name: str) -> str | None:
    """Ask for the password of *name*; return ``None`` if the user gives none."""
    return _hidden(f"Password of {name}: ")


def ask_key() -> str | None:
    """Ask for the key of the chat; return ``None`` if the user gives none."""
    return _hidden("Key: ")


def ask_code() -> str | None:
    """Ask for the code of an invitation; return ``None`` if the user gives none."""
    return _shown("Code of your invitation, or Enter to choose another name: ")


def ask_name(suggested: str = "") -> str | None:
    """Ask for a name until it can be one; return ``None`` if the user gives none."""
    while name := _shown(f"Your name [{suggested}]: " if suggested else "Your name: "):
        try:
            return user_name(name)
        except BadName as refusal:
            print(refusal)
    return suggested or None


def ask_new_password(name: str) -> str | None:
    """Ask for a password that the user chooses, twice; return ``None`` if the user gives none."""
    while first := _hidden(f"A new password for {name}: "):
        if _hidden("Again: ") == first:
            return first
        print("The two passwords differ.")
    return None


def _hidden(prompt: str) -> str | None:
    """Ask the user, without showing what is typed."""
    try:
        return getpass.getpass(prompt) or None
    except (EOFError, KeyboardInterrupt):
        print()
        return None


def _shown(prompt: str) -> str | None:
    try:
        return input(prompt).strip() or None
    except (EOFError, KeyboardInterrupt):
        print()
        return None
