"""The hashing of passwords: Argon2id (RFC 9106), with 19 MiB of memory and two passes.

OWASP names these parameters for servers. One hash takes about 30 ms of one core, which is short for a crowd that logs
in, and long for somebody who has stolen the hashes and has to guess passwords.
"""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_password(password: str) -> str:
    """Return the hash to store for a password. This takes long, so do not call it in the reactor's thread."""
    return _HASHER.hash(password)


def is_password(encoded: str | None, password: str) -> bool:
    """Tell whether *encoded* is a hash of *password*. With ``None`` that takes as long, and the answer is no."""
    try:
        return _HASHER.verify(encoded or _hash_of_no_account(), password) and encoded is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _hash_of_no_account() -> str:
    return _HASHER.hash("")
