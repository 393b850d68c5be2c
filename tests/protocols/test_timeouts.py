"""Many timeouts on one timer."""

from __future__ import annotations

from conftest import LoggedFailures
from twisted.internet.task import Clock

from chat.protocols.timeouts import SHARE, Timeouts


def test_each_is_due_in_its_time() -> None:
    clock, due = Clock(), list[str]()
    timeouts = Timeouts(clock, 16, due.append)
    timeouts.add("ada")
    clock.advance(8)
    timeouts.add("bob")
    clock.advance(7.9)
    assert due == []
    clock.advance(0.1)
    assert due == ["ada"]
    clock.advance(8)
    assert due == ["ada", "bob"]
    assert clock.getDelayedCalls() == []


def test_thousands_share_one_timer_and_few_looks() -> None:
    clock, due = Clock(), list[int]()
    timeouts = Timeouts(clock, 16, due.append)
    for number in range(4_000):
        clock.advance(0.001)
        timeouts.add(number)
        assert len(clock.getDelayedCalls()) == 1
    late = clock.seconds() + 16 + 16 / SHARE
    looks = 0
    while clock.getDelayedCalls():
        clock.advance(clock.getDelayedCalls()[0].getTime() - clock.seconds())
        looks += 1
    assert due == list(range(4_000))
    assert clock.seconds() <= late
    assert looks <= SHARE


def test_what_is_discarded_is_not_due() -> None:
    clock, due = Clock(), list[str]()
    timeouts = Timeouts(clock, 16, due.append)
    timeouts.add("ada")
    timeouts.add("bob")
    timeouts.discard("ada")
    timeouts.discard("nobody")
    clock.advance(16)
    assert due == ["bob"]
    timeouts.add("cyd")
    timeouts.discard("cyd")
    assert clock.getDelayedCalls() == []


def test_what_is_added_again_waits_anew() -> None:
    clock, due = Clock(), list[str]()
    timeouts = Timeouts(clock, 16, due.append)
    timeouts.add("ada")
    clock.advance(10)
    timeouts.add("ada")
    clock.advance(10)
    assert due == []
    clock.advance(6)
    assert due == ["ada"]


def test_who_is_due_may_be_added_again_or_take_others_away() -> None:
    clock, due = Clock(), list[str]()

    def again(name: str) -> None:
        due.append(name)
        timeouts.discard("bob")
        timeouts.add(name)

    timeouts = Timeouts(clock, 16, again)
    timeouts.add("ada")
    timeouts.add("bob")
    clock.advance(16)
    clock.advance(16)
    assert due == ["ada", "ada"]
    timeouts.discard("ada")
    assert clock.getDelayedCalls() == []


def test_a_mistake_with_one_keeps_nobody_else_waiting(logged_failures: LoggedFailures) -> None:
    clock, due = Clock(), list[int]()

    def divide(number: int) -> None:
        due.append(16 // number)

    timeouts = Timeouts(clock, 16, divide)
    timeouts.add(0)
    timeouts.add(2)
    clock.advance(16)
    assert due == [8]
    assert len(logged_failures.flush(ZeroDivisionError)) == 1
    timeouts.add(4)
    clock.advance(16)
    assert due == [8, 4]
