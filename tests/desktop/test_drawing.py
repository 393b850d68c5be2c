"""Lines as a Tk text is given them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chat.client.desktop import drawing
from chat.client.desktop.drafts import MAXIMUM_SENT, Draft
from chat.client.desktop.drawing import TOGETHER, drawn, shown
from chat.client.scrollback import Line, LineKind

TIME = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
BEFORE = Line(LineKind.SAY, TIME, "before", author="bob")


def text(line: Line, before: Line | None = BEFORE) -> str:
    """What is drawn."""
    return "".join(part for part, _ in drawn(line, before, lambda _: ()))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (Line(LineKind.SAY, TIME, "hello", author="bob"), "hello\n"),
        (Line(LineKind.SAY, TIME, "hello", author="cy"), "cy  09:15\nhello\n"),
        (Line(LineKind.SAY, TIME + TOGETHER, "hello", author="bob"), "bob  09:18\nhello\n"),
        (Line(LineKind.SAY, TIME + TOGETHER - timedelta(seconds=1), "hello", author="bob"), "hello\n"),
        (Line(LineKind.ACTION, TIME, "waves", author="bob"), "09:15  bob waves\n"),
        (Line(LineKind.NOTICE, TIME, "bob left."), "09:15  bob left.\n"),
        (Line(LineKind.REFUSAL, TIME, "No."), "09:15  No.\n"),
        (Line(LineKind.DAY, TIME, "Saturday"), "Saturday\n"),
    ],
)
def test_lines(line: Line, expected: str) -> None:
    assert text(line) == expected


def test_a_name_stands_above_what_follows_anything_else() -> None:
    said = Line(LineKind.SAY, TIME, "hello", author="bob")
    assert text(said, None) == "bob  09:15\nhello\n"
    assert text(said, Line(LineKind.ACTION, TIME, "waves", author="bob")) == "bob  09:15\nhello\n"


def test_emoji_where_they_would_end_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown("plain") == "plain"
    monkeypatch.setattr(drawing, "_draws_emoji", lambda: True)
    assert shown("日本 👍 ☕") == "日本 👍 ☕"
    monkeypatch.setattr(drawing, "_draws_emoji", lambda: False)
    assert shown("日本 👍 ☕") == "日本 \ufffd \ufffd"


def test_what_was_sent_is_gone_through_and_bounded() -> None:
    draft = Draft()
    draft.text = "draft"
    assert not draft.step(1)
    for number in range(MAXIMUM_SENT + 10):
        draft.send(str(number))
    draft.text = "half"
    for _ in range(MAXIMUM_SENT):
        assert draft.step(1)
    assert not draft.step(1)
    assert draft.text == "10"
    for _ in range(MAXIMUM_SENT):
        assert draft.step(-1)
    assert draft.text == "half"
    assert not draft.step(-1)
