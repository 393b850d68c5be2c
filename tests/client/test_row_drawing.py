"""Which rows of the screen are drawn, and how: links, the menu, and the text that is being typed."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from box import Box
from client.screens import Screen, play
from hypothesis import given
from hypothesis import strategies as st

from chat.client.terminal import bars
from chat.client.terminal.rows import Row
from chat.client.terminal.viewport import Viewport
from chat.client.terminal.widths import cells, displayed, fitting, wrap
from chat.core.text import clean

URL = "https://example.org/" + "/".join(f"part-{number}" for number in range(20))
LINK = re.compile(r"\x1b\]8;id=([0-9a-f]+);([!-~]+)\x1b\\(?:\x1b\[[0-9;]*m)*([!-~]+)\x1b\]8;;\x1b\\")
UNCERTAIN = (
    st.text(st.sampled_from("ab  हिंदी বাংলা日本👍✓\u302e\u3248\u0301") | st.characters()).map(clean).map(displayed)
)


def drawn(screen: Screen) -> str:
    """What was written to the terminal since the last time."""
    written = screen.written.getvalue()
    screen.rows()
    return written


def test_a_key_draws_its_row_from_where_it_changes_and_no_other_row(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[int] = []

    async def scene(screen: Screen, box: Box) -> None:
        bob = box.json("bob")
        for number in range(100):
            bob.ask(type="say", room="lobby", text=f"日本 {number}")
        await screen.sees("日本 99")
        screen.press("one")
        await screen.sees("ada #lobby> one")
        original = Viewport._rows

        def counted(viewport: Viewport, serial: int) -> Sequence[Row]:
            painted.append(serial)
            return original(viewport, serial)

        monkeypatch.setattr(Viewport, "_rows", counted)
        drawn(screen)
        screen.press("s")
        await screen.until(lambda: "s" in screen.written.getvalue())
        written = drawn(screen)
        assert re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", written) == "s"
        assert written.count("\x1b[K") == 1
        assert len(painted) <= 20

    play(scene)


def test_all_parts_of_an_url_lead_to_all_of_it() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        bob = box.text("bob")
        drawn(screen)
        bob.send(f"see {URL} and http://b.example/x.")
        await screen.until(lambda: "b.example" in screen.written.getvalue())
        written = drawn(screen)
        links = LINK.findall(re.sub(r"\x1b\[\?7l", "", written))
        long = [link for link in links if link[1] == URL]
        assert "".join(part for _, _, part in long) == URL
        assert len({number for number, _, _ in long}) == 1
        assert ("http://b.example/x", "http://b.example/x") in [(address, part) for _, address, part in links]
        rows = screen.rows()
        assert [row for row in rows if row in URL and row] == [URL[:80], URL[80:160], URL[160:]]

    play(scene)


def test_a_terminal_that_knows_no_links_gets_none() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.output.term = "linux"
        box.text("bob").send(f"see {URL}.")
        await screen.sees(URL[:80])
        assert "\x1b]8" not in drawn(screen)

    play(scene)


def test_what_is_typed_is_broken_between_words() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("some words that need more than one row")
        await screen.sees("that need more than one\nrow")
        assert screen.rows()[-3:] == ["ada #lobby> some words", "that need more than one", "row"]
        screen.press("\x01X")
        await screen.sees("ada #lobby> Xsome words")
        assert (screen.screen.cursor.y, screen.screen.cursor.x) == (17, 13)
        screen.press("\x05 ")
        await screen.until(lambda: screen.typed.endswith(" "))
        await screen.until(lambda: screen.rows() and (screen.screen.cursor.y, screen.screen.cursor.x) == (19, 4))

    play(scene, columns=26)


def test_what_tab_offers_fits_where_a_terminal_takes_the_most() -> None:
    row = bars.offers([f"{'✓' * 6}{number}" for number in range(4)], current=1, width=20)
    assert next(part[1] for part in row if part[1].strip()) == "✓✓✓✓✓✓1"


@given(UNCERTAIN, st.integers(4, 30))
def test_rows_are_broken_by_the_most_that_a_terminal_may_take(text: str, width: int) -> None:
    for start, end in wrap(text, width, width):
        assert cells(text[start:end]) <= width or fitting(text, start, end, width) == start


def test_marks_stay_with_their_letter() -> None:
    word = "हिंदी" * 4
    assert cells(word) == 16
    assert [word[start:end] for start, end in wrap(word, 7, 7)] == ["हिंदीहिं", "दीहिंदी", "हिंदी"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1\ufe0f\u20e32\ufe0f\u20e3", "12"),
        ("\U0003fffd\U000e01ef\u0378x", "\ufffd\ufffdx"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f3f4"),
        ("\U0001fae9", "\U0001fae9"),
        ("हिंदी", "हिंदी"),
    ],
)
def test_what_terminals_count_differently_is_left_out_where_nothing_is_lost(text: str, shown: str) -> None:
    assert displayed(text) == shown
