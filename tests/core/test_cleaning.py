"""Cleaning."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from chat.core.text import MAXIMUM_MARKS, clean, enumerate_words


@given(st.text())
def test_nothing_harmful_is_left(text: str) -> None:
    cleaned = clean(text)
    assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp", "Cs") for character in cleaned)
    assert not set(cleaned) & set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert clean(cleaned) == cleaned


def test_what_people_write_stays() -> None:
    text = "naïve – 日本語 👩‍👩‍👧 🏳️‍🌈 नमस्ते שלום می‌خواهم"
    assert clean(text) == text


def test_harm_is_taken_out() -> None:
    assert clean("a\tb\x1b[31mc\x9b1m\u202ed\x00\u2028e") == "a b[31mc1md e"


def test_combining_marks_are_bounded() -> None:
    assert clean("z" + "\u0301" * 50 + "a\u0301") == "z" + "\u0301" * MAXIMUM_MARKS + "a\u0301"


def test_lists_in_words() -> None:
    assert enumerate_words(["ada"]) == "ada"
    assert enumerate_words(["ada", "bob"]) == "ada and bob"
    assert enumerate_words(["ada", "bob", "cy"]) == "ada, bob and cy"
