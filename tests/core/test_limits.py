"""The token bucket."""

from __future__ import annotations

from chat.core.limits import Bucket


def test_a_burst_and_then_a_rate() -> None:
    bucket = Bucket(burst=3, rate=2, now=100)
    assert [bucket.take(100) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    assert bucket.take(101.5) == 0
    assert bucket.take(101.5) == 0.5


def test_it_never_holds_more_than_the_burst() -> None:
    bucket = Bucket(burst=2, rate=1, now=0)
    assert [bucket.take(1000) for _ in range(3)] == [0, 0, 1.0]
