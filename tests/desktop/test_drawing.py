"""Lines as a Tk text is given them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chat.client.desktop import drawing
from chat.client.desktop.drafts import MAXIMUM_SENT, Answering, Draft, Editing, Reacting
from chat.client.desktop.drawing import NO_BREAK, TOGETHER, drawn, shown
from chat.client.model.scrollback import Line, LineKind, Quote
from chat.core.events import Reaction

TIME = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
BEFORE = Line(LineKind.SAY, TIME, "before", author="bob")


def text(line: Line, before: Line | None = BEFORE) -> str:
    """What is drawn."""
    return "".join(part for part, _ in drawn(line, before, lambda _: ())).replace(NO_BREAK, " ")


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


def test_a_message_of_several_lines_keeps_its_blanks() -> None:
    said = Line(LineKind.SAY, TIME, "Traceback:\n\n  File", author="bob")
    assert text(said) == "Traceback:\n\n  File\n"
    assert text(said, None) == "bob  09:15\nTraceback:\n\n  File\n"
    assert text(replace(said, kind=LineKind.ACTION)) == "09:15  bob Traceback:\n\n  File\n"


def test_what_is_known_of_a_message_stands_around_it() -> None:
    said = Line(
        LineKind.SAY,
        TIME,
        "yes",
        author="bob",
        reply=Quote(3, "ada", "green tea?"),
        reactions=(Reaction(text="👍", count=2), Reaction(text="tea", count=1, mine=True)),
        edited=True,
        pinned=True,
        notice=True,
    )
    assert text(said) == "┌ ada: green tea?\nyes  (edited)  (pinned)\n  👍 2   tea 1 \n"
    assert text(said, None).startswith("bob  09:15\n┌ ada: green tea?\nyes")
    tags = dict(drawn(said, None, lambda _: ()))
    assert "quote" in tags["┌ ada: green tea?\n"]
    assert "program" in tags["yes"]
    assert tags[" 👍 2 ".replace(" ", NO_BREAK)][-2:] == ("reaction", "reaction0")
    assert tags[" tea 1 ".replace(" ", NO_BREAK)][-3:] == ("reaction", "reacted", "reaction1")


def test_to_edit_or_to_react_sets_the_draft_aside_and_to_answer_keeps_it() -> None:
    line = Line(LineKind.SAY, TIME, "gren", author="ada", mine=True, id=7)
    draft = Draft()
    draft.text = "half"
    draft.begin(Editing(line))
    assert (draft.text, draft.purpose) == ("gren", Editing(line))
    draft.text = "green"
    draft.begin(Reacting(line))
    assert draft.text == ""
    draft.begin(Answering(line))
    assert draft.text == "half"
    draft.end()
    assert (draft.text, draft.purpose) == ("half", None)
    draft.begin(Editing(line))
    draft.send("green")
    assert (draft.text, draft.purpose) == ("half", None)
    draft.begin(Answering(line))
    draft.send("yes")
    assert (draft.text, draft.purpose) == ("", None)
