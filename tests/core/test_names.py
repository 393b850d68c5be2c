"""Names: what is one, and which look alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.errors import BadName
from chat.core.names import Registry, key, look_alikes, room_name, user_name
from chat.core.text import mentions


@pytest.mark.parametrize(
    "name",
    [
        "a", "ada", "Ada.Lovelace", "a_b-c", "54321", "Jürgen", "日本", "אדם", "नमस्ते", "x" * 32,
        "_ada", "ada_", "__ada__", "ada[m]", "ada|away", "ada`", "ada^", "a\\b", "ada{home}", "x]", "_1|",
    ],
)  # fmt: skip
def test_names_of_many_scripts(name: str) -> None:
    assert user_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "-a", "a.", "_", "a b", "a:b", "a/b", "a\u200bb", "a\x07", "Ⅷ", "😀", "a" * 33, "\u0301a",
        "__", "_|", "[ada]", "|ada", "`", "^a", "{a}", "\\a", "ada-", "a|b.", "a[ b]",
    ],
)  # fmt: skip
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


@given(st.text(max_size=40) | st.text("ab1_-.[]\\`^{}|éд", max_size=12))
def test_a_name_is_a_name_again(text: str) -> None:
    try:
        name = user_name(text)
    except BadName:
        return
    assert user_name(name) == name
    assert key(name) in look_alikes(name)
    assert name.isprintable()
    assert not set(name) & set(" :#/*!~()<>@,;'\"")
    assert name[0] not in "[]\\`^{}|.-"


@pytest.mark.parametrize("name", ["_dev", "dev_", "dev[m]", "dev|x", "dev`", "dev^", "a\\b", "dev{x}"])
def test_rooms_keep_their_rules(name: str) -> None:
    with pytest.raises(BadName):
        room_name(name)


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


def test_of_two_old_names_that_look_alike_each_is_found_by_its_exact_name() -> None:
    registry: Registry[str] = Registry()
    for name in ("modem", "modern"):
        registry.claim(name, name)
    assert [registry.get(name) for name in ("modem", "modern", "rnodem")] == ["modem", "modern", None]
    assert registry.holders("rnodem") == registry.all() == ["modem", "modern"]
    registry.release("modem")
    assert (registry.get("modem"), registry["modern"], len(registry)) == ("modern", "modern", 1)
    registry.release("modern")
    assert registry.holders("modem") == []
    assert "modern" not in registry


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ada", "see [ada]"),
        ("ada", "[cc ada]"),
        ("ada", "[ada](https://example.org)"),
        ("ada", "type `kick ada`"),
        ("ada", "{bob, ada}"),
        ("ada", "Ada: hi"),
        ("ada", "ada... what?"),
        ("ada[m]", "hi ada[m], and welcome"),
        ("ada[m]", "ADA[M]: hi"),
        ("ada|away", "(ada|away)"),
        ("_ada", "is _ada here?"),
        ("ada_", "ask ada_."),
        ("ada\\b", "ada\\b?"),
    ],
)
def test_a_text_that_names_somebody(name: str, text: str) -> None:
    assert list(mentions(text, [name]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ada", "ada[m]: hi"),
        ("ada", "ada|away: hi"),
        ("ada", "ada_ ada^ ada| _ada"),
        ("ada", "x|ada y[ada]"),
        ("ada", "ada-2 and ada.b"),
        ("m", "ada[m]"),
        ("away", "ada|away"),
        ("ada[m]", "ada[m]2 and xada[m]"),
        ("ada[m]", "adam"),
    ],
)
def test_a_text_that_names_somebody_else(name: str, text: str) -> None:
    assert not list(mentions(text, [name]))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("中文", "我们说中文吗"),
        ("ภาษา", "ผมพูดภาษาไทย"),
        ("서버", "서버가 죽었어요"),
        ("ada", "我们问ada吧"),
        ("ada", "@ada请看"),
        ("東京", "東京タワー"),
    ],
)
def test_a_name_is_found_where_words_are_written_together(name: str, text: str) -> None:
    assert list(mentions(text, [name]))


def test_one_holder_is_found_by_names_that_look_alike_and_two_holders_are_not() -> None:
    names: Registry[str] = Registry()
    names.claim("ada", "one")
    names.claim("Ada", "one")
    assert [names.get(name) for name in ("ada", "Ada", "ADA", "аda")] == ["one"] * 4
    names.claim("ADA", "other")
    assert [names.get(name) for name in ("ada", "ADA", "аda")] == ["one", "other", None]
    names.release("ADA")
    names.release("Ada")
    assert names.get("ADA") == "one"
