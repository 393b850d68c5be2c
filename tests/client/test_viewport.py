"""Which rows are on the screen, and the lines behind them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chat.client.model.room import Room
from chat.client.model.scrollback import Line, LineKind, Scrollback
from chat.client.terminal.rows import Row
from chat.client.terminal.viewport import Viewport

TIME = datetime(2026, 11, 21, 10, 15, tzinfo=UTC)


def say(number: int, time: datetime = TIME) -> Line:
    return Line(LineKind.SAY, time, f"{number}", author="bob", id=number)


def paint(line: Line, width: int) -> Sequence[Row]:
    """Paint the number ``n`` on ``n % 3 + 1`` rows; less on a wide screen."""
    if line.kind is LineKind.DAY:
        return [[("", "day")]]
    rows = 1 if width > 80 else int(line.text) % 3 + 1
    return [[("", f"{line.text}.{row}")] for row in range(rows)]


def seen(viewport: Viewport) -> list[str]:
    return [row[0][1] for row in viewport.visible()]


def filled(count: int, height: int = 5) -> tuple[Room, Viewport]:
    room = Room("lobby")
    viewport = Viewport(room, paint)
    viewport.resize(80, height)
    for number in range(count):
        room.lines.append(say(number))
    return room, viewport


def test_nothing_yet() -> None:
    _, viewport = filled(0)
    assert seen(viewport) == []
    assert viewport.scroll_up(5)
    viewport.scroll_down(5)
    assert viewport.following


def test_the_newest_rows_are_seen() -> None:
    _, viewport = filled(6)
    assert seen(viewport) == ["4.0", "4.1", "5.0", "5.1", "5.2"]


def test_new_lines_come_in_while_it_follows() -> None:
    room, viewport = filled(6)
    room.lines.append(say(6))
    assert seen(viewport) == ["4.1", "5.0", "5.1", "5.2", "6.0"]


def test_the_place_is_kept_while_new_lines_come() -> None:
    room, viewport = filled(10)
    assert not viewport.scroll_up(4)
    place = seen(viewport)
    for number in range(10, 20):
        room.lines.append(say(number))
    assert seen(viewport) == place
    assert viewport.below >= 10


def test_scrolling_up_ends_at_the_top() -> None:
    _, viewport = filled(10)
    while not viewport.scroll_up(4):
        pass
    assert seen(viewport)[0] == "day"
    assert viewport.scroll_up(4)
    assert len(seen(viewport)) == 4


def test_scrolling_down_to_the_end_follows_again() -> None:
    _, viewport = filled(10)
    viewport.scroll_up(7)
    viewport.scroll_down(3)
    assert not viewport.following
    viewport.scroll_down(100)
    assert viewport.following
    assert viewport.below == 0


@given(st.integers(0, 30), st.integers(1, 10), st.lists(st.integers(-12, 12), max_size=12))
def test_scrolling_shows_a_full_part_of_the_whole(count: int, height: int, moves: list[int]) -> None:
    room, viewport = filled(count, height)
    every = [row[0][1] for line in room.lines for row in paint(line, 80)]
    for move in moves:
        if move < 0:
            viewport.scroll_up(-move)
        else:
            viewport.scroll_down(move)
        rows = seen(viewport)
        assert len(rows) == min(height if viewport.following else max(height - 1, 1), len(every))
        assert not rows or any(every[i : i + len(rows)] == rows for i in range(len(every)))
        assert (viewport.below == 0) or not viewport.following


@given(st.integers(3, 30), st.integers(1, 10), st.integers(1, 12))
def test_down_undoes_up(count: int, height: int, distance: int) -> None:
    _, viewport = filled(count, height)
    viewport.scroll_up(50)
    start = seen(viewport)
    viewport.scroll_down(distance)
    if not viewport.following:
        viewport.scroll_up(distance)
        assert seen(viewport) == start


def test_what_falls_out_of_the_scrollback_makes_way_for_the_oldest() -> None:
    room, viewport = filled(10)
    room.lines = Scrollback(maximum=20)
    for number in range(20):
        room.lines.append(say(number))
    viewport.scroll_up(1000)
    for number in range(20, 2000):
        room.lines.append(say(number))
    rows = seen(viewport)
    assert len(rows) == 4
    assert rows[0].split(".")[0] == next(iter(room.lines)).text
    assert viewport.below < len(room.lines)


def test_another_width_keeps_the_line() -> None:
    room, viewport = filled(30)
    viewport.scroll_up(20)
    lowest = seen(viewport)[-1].split(".")[0]
    viewport.resize(100, 5)
    assert seen(viewport)[-1] == f"{lowest}.0"
    assert len(room.lines) == 31


def test_the_unread_mark_is_above_the_first_line_that_was_not_seen() -> None:
    room, viewport = filled(2)
    room.add_message(say(3), seen=False)
    room.add_message(say(4), seen=False)
    assert "unread" in viewport.visible()[1][0][1]
    assert seen(viewport)[2:] == ["3.0", "4.0", "4.1"]
    room.turned_away()
    assert "unread" not in "".join(seen(viewport))


def test_older_lines_do_not_move_what_is_seen() -> None:
    room, viewport = filled(10)
    viewport.scroll_up(5)
    place = seen(viewport)
    room.lines.prepend([say(100), say(101)])
    assert seen(viewport) == place


def test_the_scrollback_is_bounded() -> None:
    lines = Scrollback(maximum=10)
    for number in range(1000):
        serial = lines.append(say(number))
        assert lines[serial].id == number
    assert 10 <= len(lines) <= 260
    assert lines.full


def test_days_are_told_once_when_older_lines_come() -> None:
    lines = Scrollback()
    lines.append(say(5, TIME))
    lines.prepend([say(3, TIME - timedelta(days=1)), say(4, TIME)])
    assert [line.kind.value for line in lines] == ["day", "say", "day", "say", "say"]
    assert lines.oldest_id == 3
