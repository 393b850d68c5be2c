"""Cleaning."""

from __future__ import annotations

import unicodedata
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.errors import Empty
from chat.core.text import MAXIMUM_MARKS, bounded, bounded_lines, clean, enumerate_words, legible


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


INVISIBLE = (
    "\u034f\u115f\u1160\u17b4\u180b\u200b\u200c\u200d\u2800\u3000\u3164\ufe0f\uffa0\U000e0100\U0001bca0\U0001d159\u0301\u20e3"
    "\u2065\ufff8\U000e0fff"
)


@pytest.mark.parametrize("character", INVISIBLE)
def test_a_text_of_invisible_characters_is_empty(character: str) -> None:
    assert bounded(character * 3, 99, "text") == bounded(f" {character} \u200d{character}", 99, "text") == ""
    with pytest.raises(Empty):
        bounded_lines(f"{character}\n\n{character}", 99, 9)
    with pytest.raises(Empty) if character.strip() else nullcontext():
        legible(character, 99, "topic")
    assert bounded(f"a{character}", 99, "text").startswith("a")


def test_what_can_be_seen_is_no_empty_text() -> None:
    for text in (
        "👍🏽",
        "❤️",
        "می\u200cخواهم",
        "\U0001fae9",
        "…",
        "ㅋ",
        "กำ",
        "°",
        "क्\u200dष",
        "1\ufe0f\u20e3",
        "\ue000",
    ):
        assert bounded(text, 99, "text") == bounded_lines(text, 99, 9) == legible(text, 99, "topic") == text
    assert legible(" ", 99, "topic") == legible("", 99, "topic") == ""


def test_lists_in_words() -> None:
    assert enumerate_words(["ada"]) == "ada"
    assert enumerate_words(["ada", "bob"]) == "ada and bob"
    assert enumerate_words(["ada", "bob", "cy"]) == "ada, bob and cy"
