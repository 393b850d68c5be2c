"""Passwords in the keyring, for a window that works without a keyring too.

Each of these functions may wait for the user to unlock the keyring, so call it in a thread.
"""

from __future__ import annotations

from twisted.logger import Logger

from chat.client.link.credentials import Keyring, NoPassword

_log = Logger()


def can_keep() -> bool:
    """Return whether there is a keyring."""
    try:
        Keyring()
    except NoPassword:
        return False
    return True


def kept(place: str) -> str | None:
    """Return the password or the key that is kept for *place*, if there is one."""
    try:
        return Keyring().get(place)
    except NoPassword as reason:
        _log.info("{reason}", reason=reason)
        return None


def keep(place: str, password: str) -> None:
    """Keep a password or a key; if that fails, log it."""
    try:
        Keyring().keep(place, password)
    except NoPassword as reason:
        _log.warn("{reason}", reason=reason)
