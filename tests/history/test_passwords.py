"""The hashes of passwords."""

from __future__ import annotations

import pytest

from chat.history.passwords import hash_password, is_password

BY_ARGON2_CFFI = "$argon2id$v=19$m=19456,t=2,p=1$4t2OjwrvWFUVGmJZXlyM7A$PVLXqjgVGepcKAwC6f1EpCK1/seksfjqcH9MheLn2mo"
"""A hash of ``geheim`` by the package argon2-cffi, with which version 0.1 made them."""


def test_a_hash_is_of_its_password_only() -> None:
    hashed = hash_password("correct horse")
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hashed != hash_password("correct horse")
    assert is_password(hashed, "correct horse")
    assert not is_password(hashed, "correct hors")


def test_hashes_of_older_versions_go_on_to_count() -> None:
    assert is_password(BY_ARGON2_CFFI, "geheim")
    assert not is_password(BY_ARGON2_CFFI, "geheim ")


NO_TIME = BY_ARGON2_CFFI.replace("t=2", "t=0")


@pytest.mark.parametrize("stored", [None, "nonsense", "$argon2id$v=19$m=1,t=1,p=1$", "$2b$12$abc", NO_TIME])
def test_without_a_hash_no_password_is_right(stored: str | None) -> None:
    assert not is_password(stored, "")
    assert not is_password(stored, "geheim")
