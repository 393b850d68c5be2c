"""What is typed to search for, and what a word is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.core.errors import BadField, BadName, ChatError, Empty
from chat.core.search import MOST_LETTERS, MOST_WORDS, Wanted, parse
from chat.core.text import mentions
from chat.core.words import folded_name, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Green tea!", ["green", "tea"]),
        ("don't_stop http://a.b/c?d=1", ["don", "t", "stop", "http", "a", "b", "c", "d", "1"]),
        ("Café CAFE\u0301 Straße", ["cafe", "cafe", "strasse"]),
        ("お茶です", ["お", "茶", "て\u3099".replace("て\u3099", "で"), "す"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("Привет, мир", ["привет", "мир"]),
        ("🎉 ... !", ["🎉"]),
        ("كَتَبَ كتـــب", ["كتب", "كتب"]),
        ("שָׁלוֹם", ["שלום"]),
        ("ܫܠܳܡܐ", ["ܫܠܡܐ"]),
        ("क्\u200dष வணக்கம் বাংলা", ["क्ष", "வணக்கம்", "বাংলা"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("ｈｅｌｌｏ ﬁne ⅷ ㌔", ["hello", "fine", "viii", "キ", "ロ"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("DIYARBAKIR diyarbakır İzmir", ["diyarbakir", "diyarbakir", "izmir"]),
        ("서버가", ["서", "버", "가"]),
        ("\u1109\u1165\u1107\u1165", ["서", "버"]),
        ("第10回tokyo", ["第", "10", "回", "tokyo"]),
        ("I ❤️ tea, I ❤ tea", ["i", "❤", "tea", "i", "❤", "tea"]),
        ("\ufe0f \u200d tea\ufe0f", ["tea"]),
        ("👍🏽👍", ["👍", "👍"]),
        ("👩\u200d👩\u200d👧 🇩🇪🇫🇷", ["👩", "👩", "👧", "🇩🇪", "🇫🇷"]),
        ("\U0001fae9", ["\U0001fae9"]),
        ("20°C ─── █ ⣿", ["20", "c"]),
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
        ("AND OR NOT (a *b", (("and",), ("or",), ("not",), ("a",), ("b",))),
        ("* a -b ^c NEAR(d", (("a",), ("b",), ("c",), ("near", "d"))),
        ("author: room:", (("author",), ("room",))),
        ('wor"ld', (("wor", "ld"),)),
    ],
)
def test_nothing_is_wrong_syntax(text: str, phrases: tuple[tuple[str, ...], ...]) -> None:
    assert parse(text).phrases == phrases


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("hel*", (("hel*",),)),
        ('"hot te*" GREEN*', (("hot", "te*"), ("green*",))),
        ("don't_st**", (("don", "t", "st*"),)),
        ("he*lo hel*!", (("he", "lo"), ("hel",))),
        ("서버* 👍*", (("서", "버"), ("👍",))),
        ("हि*", (("हि*",),)),
    ],
)
def test_beginnings_of_words(text: str, phrases: tuple[tuple[str, ...], ...]) -> None:
    assert parse(text).phrases == phrases


def test_a_run_of_letters_that_are_written_together_is_one_word() -> None:
    piece = "東京タワーの展望台から見た夕焼けがとても"
    assert parse(piece).phrases == (tuple(piece),)
    assert len(parse(" ".join(["ที่นี่", "서버가", "🎉🎉🎉"] * 5)).phrases) == 15
    with pytest.raises(BadField, match="at most 16 words"):
        parse(" ".join(["東京"] * 17))
    with pytest.raises(BadField, match="at most 128 letters and emoji"):
        parse("東" * (MOST_LETTERS + 1))


@given(st.text())
def test_all_ways_to_write_the_same_are_found(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert words(unicodedata.normalize(form, text)) == words(text)
    assert words(text.replace("\ufe0f", "")) == words(text)


@pytest.mark.usefixtures("berlin")
def test_days_and_times() -> None:
    wanted = parse('tea since:2026-07-01 until:"2026-11-21 9:00"')
    assert (wanted.since, wanted.until) == ("2026-06-30T22:00:00.000Z", "2026-11-21T08:00:00.000Z")
    wanted = parse('tea since:"2026-11-21 10:15:30" until:2026-11-21')
    assert (wanted.since, wanted.until) == ("2026-11-21T09:15:30.000Z", "2026-11-21T23:00:00.000Z")
    assert wanted.text == 'tea since:"2026-11-21 10:15:30" until:2026-11-21'


def test_from_and_an_at_sign() -> None:
    assert parse("tea from:@evé") == Wanted("tea from:@evé", (("tea",),), author="evé")
    assert parse('author:"@evé"').author == "evé"
    with pytest.raises(BadField, match="There can be one author: in a search only"):
        parse("author:ada from:bob")


@pytest.mark.parametrize(
    ("name", "folded"),
    [("Ada", "ada"), ("EVE\u0301", "evé"), ("évé", "évé"), ("ＡＤＡ", "ada"), ("Straße", "strasse")],
)
def test_names_are_compared_in_any_case_and_form(name: str, folded: str) -> None:
    assert folded_name(name) == folded_name(folded) == folded


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("before:noon", "before: takes the number of a message, as in before:120"),
        ("room:c++ tea", "room: takes the name of a room, as in room:#dev"),
        ("h* tea", "A word needs two letters at least before its *, as in de*"),
        (
            "since:noon",
            'since: takes a day, or a day with a time in quotes: since:2026-11-20 or since:"2026-11-20 09:00"',
        ),
        ("until:2026-13-01 tea", "until: takes a day"),
        ('tea until:"2026-11-20 25:00"', "until: takes a day"),
        ("since:2026-01-01 until:9999-12-31 tea", "until: takes a day"),
        ('from:"" tea', "from: needs something behind it."),
        ("author:@", "author: needs something behind it."),
        ("in:bob", "in: takes in:me for all your private messages, or a name, as in in:@bob"),
    ],
)
def test_what_is_wrong_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ChatError) as refused:
        parse(text)
    assert str(refused.value).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ada: hi", True),
        ("> ada: hi", False),
        ("> bob: hi\nthanks ada", True),
        (">ada\n> ada\nyes", False),
        ("a deploy, at last", True),
        ("deployed ada2", False),
        ("so\n  ada\n", True),
    ],
)
def test_a_quote_names_nobody(text: str, named: bool) -> None:
    assert any(mentions(text, ("ada", "deploy"))) is named


def test_an_author_or_room_is_enough() -> None:
    assert parse("author:ada").author == "ada"
    assert parse("room:dev").room == "dev"


@pytest.mark.parametrize("text", ["", "  ", '""', "?!", "before:12", "since:2026-11-20", "\ufe0f"])
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


@given(st.text(alphabet=st.sampled_from('ab:"#é 茶authorrombf12*👍')))
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
