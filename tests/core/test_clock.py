"""Times that never decrease, as far as the wall clock can be believed."""

from __future__ import annotations

from box import START, Box
from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogLevel, capturedLogs

from chat.core.clock import TOLERANCE, HistoryClock
from chat.core.times import timestamp

HOUR = 3_600.0


class Wall:
    """A wall clock that can be set."""

    def __init__(self, seconds: float = START) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def test_a_clock_that_is_set_back_a_little_tells_the_last_time_again() -> None:
    wall = Wall()
    clock = HistoryClock(wall)
    assert clock.now() == timestamp(START)
    with capturedLogs() as logged:
        for back in (1, 300, TOLERANCE):
            wall.seconds = START - back
            assert clock.now() == timestamp(START)
    wall.seconds = START + 1
    assert clock.now() == timestamp(START + 1)
    assert not logged


def test_a_clock_that_is_set_back_far_is_followed_and_the_log_says_so() -> None:
    wall = Wall()
    clock = HistoryClock(wall)
    clock.now()
    wall.seconds = START - TOLERANCE - 0.001
    with capturedLogs() as logged:
        assert clock.now() == timestamp(wall.seconds)
        assert clock.now() == timestamp(wall.seconds)
    assert [event["log_level"] for event in logged] == [LogLevel.warn]
    assert (logged[0]["last"], logged[0]["now"]) == (timestamp(START), timestamp(wall.seconds))


def test_it_goes_on_from_the_time_of_the_last_message() -> None:
    wall = Wall()
    clock = HistoryClock(wall)
    clock.restore(timestamp(START + TOLERANCE))
    assert clock.now() == timestamp(START + TOLERANCE)
    clock.restore(timestamp(START + HOUR))
    assert clock.now() == timestamp(START)
    clock.restore("no time at all")
    assert clock.now() == timestamp(START)


@given(st.lists(st.floats(-HOUR, HOUR), max_size=30))
def test_between_two_steps_times_never_decrease_and_never_lead_by_more(jumps: list[float]) -> None:
    wall = Wall()
    clock = HistoryClock(wall)
    last = clock.now()
    for jump in jumps:
        wall.seconds += jump
        now = clock.now()
        assert timestamp(wall.seconds) <= now <= timestamp(wall.seconds + TOLERANCE)
        assert now >= last or now == timestamp(wall.seconds)
        last = now


def test_messages_do_not_go_back_with_the_clock() -> None:
    box = Box()
    bot = box.json("bot")
    for wrong in (0, 300, -200, 0):
        box.wall_ahead = wrong
        bot.ask(type="say", room="lobby", text="hi")
    times = [message.time for message in box.stored]
    assert times == [timestamp(START), *[timestamp(START + 300)] * 3]
