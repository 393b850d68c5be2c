"""Widths, wrapping, hanging indent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text.utils import fragment_list_to_text
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.layout.processors import TransformationInput
from prompt_toolkit.utils import get_cwidth

from chat.client.model.scrollback import Line, LineKind, Quote, Scrollback
from chat.client.model.styled import NICK_TONES, nick_style
from chat.client.terminal.dense_rows import DenseRows
from chat.client.terminal.rows import Painter, Row, rule
from chat.client.terminal.typed_text import EmojiApart
from chat.client.terminal.widths import displayed, shorten, wrap
from chat.core.events import Reaction
from chat.core.text import clean

TIME = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)
TEXTS = st.text(st.sampled_from("ab  日本é́👍🇩👨\u200d\ufe0f.,/:") | st.characters()).map(clean).map(displayed)
PAINTER = Painter(lambda text: [(text.index("ada"), text.index("ada") + 3)] if "ada" in text else [])


def plain(row: Row) -> str:
    return "".join(part[1] for part in row)


def painted(
    text: str, width: int, kind: LineKind = LineKind.SAY, author: str = "bob", mention: bool = False
) -> list[str]:
    line = Line(kind, TIME, text, author=author, mention=mention)
    return [plain(row) for row in PAINTER.rows(line, width)]


def wrapped(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in wrap(text, width, width)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", [""]),
        ("one two three", ["one two ", "three"]),
        ("one two  three", ["one two", "three"]),
        ("abcdefghijklm", ["abcdefgh", "ijklm"]),
        ("to abcdefghijklm", ["to ", "abcdefgh", "ijklm"]),
        ("日本語の文章", ["日本語の", "文章"]),
        ("ab日本語の", ["ab日本語", "の"]),
        ("abc日本語の", ["abc日本", "語の"]),
    ],
)
def test_wrapping(text: str, rows: list[str]) -> None:
    assert wrapped(text, 8) == rows


def test_an_url_is_kept_whole_where_it_fits() -> None:
    assert wrapped("look at http://a.bc/d-e now", 18) == ["look at ", "http://a.bc/d-e ", "now"]


def test_an_url_that_is_longer_than_a_row_begins_a_row() -> None:
    assert wrapped("see http://a.bc/de/fg ok", 12) == ["see ", "http://a.bc/", "de/fg ok"]


@given(TEXTS, st.integers(2, 30), st.integers(2, 30))
def test_rows_hold_all_of_the_text_and_fit(text: str, first: int, rest: int) -> None:
    rows = wrap(text, first, rest)
    place = 0
    for number, (start, end) in enumerate(rows):
        assert text[place:start].strip() == ""
        assert get_cwidth(text[start:end]) <= (rest if number else first)
        place = end
    assert text[place:].strip() == ""


@given(TEXTS, st.integers(1, 60), st.sampled_from(LineKind))
def test_no_painted_row_is_wider_than_a_screen_of_some_width(text: str, width: int, kind: LineKind) -> None:
    narrowest = 20
    rows = PAINTER.rows(Line(kind, TIME, text, author="bob"), max(width, narrowest))
    assert rows
    assert all(get_cwidth(plain(row)) <= max(width, narrowest) for row in rows)


def test_a_screen_of_almost_no_width_hurts_nobody() -> None:
    for width in range(1, 12):
        assert painted("some text", width, author="a-name-that-is-rather-long")


def test_further_rows_hang_under_the_text() -> None:
    assert painted("one two three four", 34) == ["10:15 bob: one two three four"]
    assert painted("one two three four five", 33) == ["10:15 bob: one two three four ", "           five"]


def test_on_a_narrow_screen_they_hang_less() -> None:
    assert painted("one two three four", 18) == ["10:15 bob: one two", "      three four"]


def test_kinds_begin_differently() -> None:
    assert painted("waves", 40, LineKind.ACTION) == ["10:15 ~ bob waves"]
    assert painted("bob left.", 40, LineKind.NOTICE) == ["10:15 * bob left."]
    assert painted("No.", 40, LineKind.REFUSAL) == ["10:15 ! No."]
    assert painted("Saturday", 20, LineKind.DAY) == ["───── Saturday ─────"]


def test_urls_and_the_users_name_are_marked() -> None:
    line = Line(LineKind.SAY, TIME, "ada, see https://example.org/x.", author="bob", mention=True)
    (row,) = PAINTER.rows(line, 80)
    marked = {part[1]: part[0] for part in row}
    assert "class:mention" in marked["ada"]
    assert "class:url" in marked["https://example.org/x"]
    assert "class:url" not in marked["."]


def test_colours_of_names_are_stable() -> None:
    assert nick_style("Bob") == nick_style("bob")
    assert len({nick_style(f"user{number}") for number in range(500)}) == len(NICK_TONES)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("👨‍👩‍👧", "👨👩👧"),
        ("❤\ufe0f", "❤"),
        ("👍🏽", "👍"),
        ("🇩🇪", "DE"),
        ("क\u094d\u200dष", "क\u094d\u200dष"),
        ("日本 é", "日本 é"),
    ],
)
def test_what_terminals_draw_differently_is_taken_apart(text: str, shown: str) -> None:
    assert displayed(text) == shown


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("short", 5, "short"), ("longer", 5, "long…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("x", 0, "")],
)
def test_shortening(text: str, width: int, shown: str) -> None:
    assert shorten(text, width) == shown


@given(TEXTS, st.integers(0, 60))
def test_a_rule_is_as_wide_as_the_screen(text: str, width: int) -> None:
    assert get_cwidth(plain(rule(text, width, ""))) <= width


def test_emoji_that_are_typed_stand_apart_and_the_cursor_keeps_its_place() -> None:
    text = "a\U0001f469\u200d\U0001f467 b"
    given = TransformationInput(BufferControl(), Document(text), 0, lambda index: index, [("", text)], 80, 1)
    shown = EmojiApart().apply_transformation(given)
    assert fragment_list_to_text(shown.fragments) == "a\U0001f469\U0001f467 b"
    assert [shown.source_to_display(index) for index in range(len(text) + 1)] == [0, 1, 2, 2, 3, 4, 5]
    assert [shown.display_to_source(index) for index in range(6)] == [0, 1, 3, 4, 5, 6]


SAID = Line(LineKind.SAY, TIME, "Traceback:\n  File x, in a row that is too long\n\nend", author="bob", id=1)


def test_each_line_of_a_message_hangs_below_the_first() -> None:
    assert [plain(row).rstrip() for row in PAINTER.rows(SAID, 40)] == [
        "10:15 bob: Traceback:",
        "             File x, in a row that is",
        "           too long",
        "",
        "           end",
    ]


def test_what_belongs_to_a_message_is_shown_quietly_round_it() -> None:
    line = replace(
        SAID,
        text="one\ntwo",
        reply=Quote(7, "eve", "green tea, or what else would you like?"),
        reactions=(Reaction(text="👍", count=2, mine=True), Reaction(text="tea", count=1)),
        edited=True,
        pinned=True,
    )
    assert [plain(row).rstrip() for row in PAINTER.rows(line, 36)] == [
        "      ┌ eve: green tea, or what els…",
        "10:15 bob: one",
        "           two (edited, pinned)",
        "      👍 2  tea 1",
    ]
    styles = {part[1].strip(): part[0] for row in PAINTER.rows(line, 36) for part in row}
    assert styles["👍 2"] == "class:quiet.mine"
    assert styles["tea 1"] == styles["(edited, pinned)"] == "class:quiet"
    for width in range(1, 20):
        assert len(PAINTER.rows(line, width)) >= 4


def test_reactions_go_on_in_another_row() -> None:
    texts = ("👍", "tea", "kettle", "x" * 30, "ok")
    line = Line(LineKind.SAY, TIME, "x", author="bob", reactions=tuple(Reaction(text=text, count=2) for text in texts))
    assert [plain(row).rstrip() for row in PAINTER.rows(line, 21)][1:] == [
        "      👍 2  tea 2",
        "      kettle 2",
        "      xxxxxxxxxxxxxx…",
        "      ok 2",
    ]
    for width in range(1, 60):
        assert all(
            get_cwidth(plain(row)) <= max(width, 6) for row in PAINTER.rows(line, width)[-4:] if "2" in plain(row)
        )


def test_of_much_that_is_unread_only_as_much_is_laid_out_as_is_read() -> None:
    painted: list[Line] = []

    class Counting(Painter):
        def rows(self, line: Line, width: int) -> Sequence[Row]:
            painted.append(line)
            return super().rows(line, width)

    lines = Scrollback.of(Line(LineKind.SAY, TIME, f"message {number}", author="bob") for number in range(10_000))
    dense = DenseRows(Counting(lambda text: []), lines)
    rows = [row for serial in range(20) for row in dense.rows(lines[serial], 80)]
    assert fragment_list_to_text(rows[0]) == "10:15 bob: message 0   bob: message 1   bob: message 2   bob: message 3"
    assert len(rows) == 5
    assert len(painted) < 30
    dense.rows(lines[9_999], 80)
    assert len(painted) == 10_000
