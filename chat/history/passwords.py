"""How passwords are kept: Argon2id (RFC 9106), with 19 MiB of memory and two passes.

These are the parameters that OWASP names for servers: about 30 ms on one core, so that a crowd that logs in is not
kept waiting, and who has stolen the hashes is.
"""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return what to keep of a password. Takes long: not for the reactor's thread."""
    return _HASHER.hash(password)


def is_password(encoded: str | None, password: str) -> bool:
    """Tell whether *encoded* was made of *password*; with ``None`` that takes as long, and it was not."""
    try:
        return _HASHER.verify(encoded or _nobody(), password) and encoded is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _HASHER.hash("")
