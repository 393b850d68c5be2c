"""Names: what is one, and which look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.errors import BadName
from chat.core.names import Registry, key, look_alikes, room_name, user_name


@pytest.mark.parametrize(
    "name", ["a", "ada", "Ada.Lovelace", "a_b-c", "54321", "Jürgen", "日本", "אדם", "नमस्ते", "x" * 32]
)
def test_names_of_many_scripts(name: str) -> None:
    assert user_name(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "-a", "a.", "_", "a b", "a:b", "a/b", "a\u200bb", "a\x07", "Ⅷ", "😀", "a" * 33, "\u0301a"]
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(BadName):
        user_name(name)


def test_names_are_normalised() -> None:
    assert user_name(" ａｄａ ") == "ada"
    assert user_name("e\u0301va") == "éva"
    assert room_name("#Dev") == "dev"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ada"),
        ("ada", "аda"),
        ("bob1", "bobl"),
        ("Il", "ll"),
        ("jim", "jirn"),
        ("STRASSE", "straße"),
        ("σας", "ΣΑΣ"),
    ],
)
def test_look_alikes(one: str, other: str) -> None:
    assert look_alikes(one) & look_alikes(other)


@pytest.mark.parametrize(
    ("one", "other"), [("ada", "eva"), ("anna", "avva"), ("guy", "guu"), ("jürgen", "jurgen"), ("1", "2")]
)
def test_different_names(one: str, other: str) -> None:
    assert not look_alikes(one) & look_alikes(other)


@given(st.integers(min_value=1, max_value=65535), st.integers(min_value=1, max_value=65535))
def test_guests_of_different_ports_never_look_alike(one: int, other: int) -> None:
    assert bool(look_alikes(str(one)) & look_alikes(str(other))) == (one == other)


@given(st.text(max_size=40))
def test_a_name_is_a_name_again(text: str) -> None:
    try:
        name = user_name(text)
    except BadName:
        return
    assert user_name(name) == name
    assert key(name) in look_alikes(name)
    assert name.isprintable()
    assert not set(name) & set(" :#/*!~()[]")


def test_a_registry_holds_no_two_that_look_alike() -> None:
    registry: Registry[object] = Registry()
    ada, bob = object(), object()
    registry.claim("Ada", ada)
    registry.claim("bob", bob)
    assert registry.get("ADA") is ada
    assert registry.holders("аda") == [ada]
    assert registry.holders("eve") == []
    registry.release("Ada")
    assert registry.get("ada") is None
    assert registry.holders("ada") == []
