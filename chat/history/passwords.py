"""The hashing of passwords: Argon2id (RFC 9106), with 19 MiB of memory and two passes.

OWASP names these parameters for servers. One hash takes about 30 ms of one core, which is short for a crowd that logs
in, and long for somebody who has stolen the hashes and has to guess passwords.
"""

from __future__ import annotations

import secrets
from functools import cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


def hash_password(password: str) -> str:
    """Return the hash to store for a password. This takes long, so do not call it in the reactor's thread."""
    hasher = Argon2id(salt=secrets.token_bytes(16), length=32, iterations=2, lanes=1, memory_cost=19 * 1024)
    return hasher.derive_phc_encoded(password.encode())


def is_password(encoded: str | None, password: str) -> bool:
    """Tell whether *encoded* is a hash of *password*. With ``None`` that takes as long, and the answer is no."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), encoded or _hash_of_no_account())
    except (InvalidKey, ValueError):
        # A ValueError is about numbers in the hash that no hash has.
        return False
    return encoded is not None


@cache
def _hash_of_no_account() -> str:
    return hash_password("")
