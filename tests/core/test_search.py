"""What is typed to search for, and what a word is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.errors import BadField, BadName, ChatError, Empty
from chat.core.search import MOST_WORDS, Wanted, parse, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Green tea!", ["green", "tea"]),
        ("don't_stop http://a.b/c?d=1", ["don", "t", "stop", "http", "a", "b", "c", "d", "1"]),
        ("Café CAFE\u0301 Straße", ["cafe", "cafe", "strasse"]),
        ("お茶です", ["お", "茶", "て\u3099".replace("て\u3099", "で"), "す"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("Привет, мир", ["привет", "мир"]),
        ("🎉 ... !", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text())
def test_words_have_words_only_and_stay_the_same(text: str) -> None:
    found = words(text)
    assert all(word and not set(word) & set(" \"'\t\n") for word in found)
    assert words(" ".join(found)) == found


def test_all_that_can_be_asked_for() -> None:
    wanted = parse('green "hot, black tea" AUTHOR:Ada room:#Dev before:#120 don\'t')
    assert wanted == Wanted(
        text='green "hot, black tea" AUTHOR:Ada room:#Dev don\'t',
        phrases=(("green",), ("hot", "black", "tea"), ("don", "t")),
        author="Ada",
        room="dev",
        before=120,
    )


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ('"not closed', (("not", "closed"),)),
        ("AND OR NOT (a b*", (("and",), ("or",), ("not",), ("a",), ("b",))),
        ("a* -b ^c NEAR(d", (("a",), ("b",), ("c",), ("near", "d"))),
        ("author: room:", (("author",), ("room",))),
        ('wor"ld', (("wor", "ld"),)),
    ],
)
def test_nothing_is_wrong_syntax(text: str, phrases: tuple[tuple[str, ...], ...]) -> None:
    assert parse(text).phrases == phrases


def test_an_author_or_room_is_enough() -> None:
    assert parse("author:ada").author == "ada"
    assert parse("room:dev").room == "dev"


@pytest.mark.parametrize("text", ["", "  ", '""', "?!", "before:12"])
def test_nothing_to_look_for(text: str) -> None:
    with pytest.raises(Empty):
        parse(text)


def test_what_is_too_much_or_makes_no_sense_is_refused() -> None:
    assert parse("a " * MOST_WORDS).phrases == (("a",),) * MOST_WORDS
    for text in (
        "a " * (MOST_WORDS + 1),
        "a author:ada author:bob",
        'a author:""',
        "a before:x",
        "a before:" + "9" * 30,
    ):
        with pytest.raises(BadField):
            parse(text)
    with pytest.raises(BadName):
        parse("a room:!!")


@given(st.text(alphabet=st.sampled_from('ab:"#é 茶authorrombf12')))
def test_what_is_typed_is_understood_or_refused_and_its_text_means_the_same(text: str) -> None:
    try:
        wanted = parse(text)
    except ChatError:
        return
    again = parse(wanted.text)
    assert (again.phrases, again.author, again.room, again.before) == (
        wanted.phrases,
        wanted.author,
        wanted.room,
        None,
    )
