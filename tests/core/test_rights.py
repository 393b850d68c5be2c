"""The plain objects behind passwords and bans."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from chat.core import durations
from chat.core.accounts import Tries
from chat.core.bans import Ban, Bans, check_target, network, normal
from chat.core.errors import BadField, BadName


def test_wrong_tries_wait_longer_and_longer_for_each_key() -> None:
    tries = Tries()
    waits = []
    now = 1_000.0
    for _ in range(8):
        waits.append(tries.wait(("name ada", "address 192.0.2.1"), now))
        now += waits[-1]
        tries.failed(("name ada", "address 192.0.2.1"), now)
    assert waits == [0, 0, 0, 1, 2, 4, 8, 16]
    assert tries.wait(("name ada",), now) == tries.wait(("address 192.0.2.1",), now) == 32
    assert tries.wait(("name bob", "address 192.0.2.2"), now) == 0


def test_the_wait_is_bounded_and_forgotten() -> None:
    tries = Tries()
    for _ in range(100):
        tries.failed(("name ada",), 0.0)
    assert tries.wait(("name ada",), 0.0) == Tries.LONGEST
    tries.failed(("name ada",), Tries.LONGEST + 1)
    assert tries.wait(("name ada",), Tries.LONGEST + 1) == 0


def test_right_tries_cost_nothing() -> None:
    tries = Tries()
    for _ in range(20):
        tries.failed(("name ada",), 0.0)
        tries.forgive(("name ada",))
    assert tries.wait(("name ada",), 0.0) == 0


def test_few_keys_are_remembered() -> None:
    tries = Tries(most=3)
    for number in range(10):
        for _ in range(4):
            tries.failed((f"name {number}",), 0.0)
    assert [number for number in range(10) if tries.wait((f"name {number}",), 0.0)] == [7, 8, 9]


@pytest.mark.parametrize(
    ("text", "span"), [("30s", 30), ("10m", 600), ("2h", 7_200), ("7d", 604_800), ("4w", 2_419_200)]
)
def test_durations(text: str, span: int) -> None:
    assert durations.seconds(text) == span


def test_what_begins_with_a_duration() -> None:
    texts = ("1d", " 2h spam", "0d", "3 times", "4x", "", "spam 1d")
    assert [text for text in texts if durations.begins_with_one(text)] == ["1d", " 2h spam", "0d"]


@pytest.mark.parametrize("text", ["", "m", "10", "-1m", "1.5h", "10 m", "٣m", "0d", "1234567d", "9" * 5_000 + "w"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadField, match="is no time"):
        durations.seconds(text)


@pytest.mark.parametrize("text", ["3651d", "522w", "999999w", "999999d"])
def test_no_duration_is_longer_than_ten_years(text: str) -> None:
    with pytest.raises(durations.OutOfCalendar, match="is too long a time"):
        durations.seconds(text)
    assert durations.seconds("3650d") == durations.LONGEST


@pytest.mark.parametrize(
    ("span", "words"), [(0.2, "1 second"), (59, "59 seconds"), (60, "1 minute"), (600, "10 minutes"), (90_000, "1 day")]
)
def test_durations_in_words(span: float, words: str) -> None:
    assert durations.in_words(span) == words


def ban(target: str, until: float | None = None) -> Ban:
    """A ban."""
    return Ban(target, until, "spam", "ada", "t")


def test_a_name_is_banned_with_its_look_alikes() -> None:
    bans = Bans()
    bans.add(ban("Eve"))
    for name in ("eve", "EVE", "\u0435ve"):
        assert bans.of_name(name, 0.0) == ban("Eve")
    assert bans.of_name("ev", 0.0) is None


def test_addresses_are_banned_by_their_first_bits() -> None:
    bans = Bans()
    bans.add(ban("192.0.2.0/24"))
    bans.add(ban("2001:db8::/32"))
    bans.add(ban("198.51.100.7"))
    for banned in ("192.0.2.1", "192.0.2.255", "2001:db8:1::5", "198.51.100.7"):
        assert bans.of_address(ip_address(banned), 0.0) is not None
    for free in ("192.0.3.1", "2001:db9::1", "198.51.100.8"):
        assert bans.of_address(ip_address(free), 0.0) is None
    assert bans.of_address(None, 0.0) is None


@pytest.mark.parametrize(
    ("banned", "alike"), [("Idle", "ldle"), ("ldle", "Idle"), ("Evil", "EviI"), ("Il", "ll"), ("ll", "Il")]
)
def test_a_ban_is_one_of_all_names_that_look_alike(banned: str, alike: str) -> None:
    bans = Bans()
    bans.add(ban(banned))
    assert bans.of_name(alike, 0.0) == ban(banned)
    assert bans.all(0.0) == [ban(banned)]
    assert bans.remove(ban(alike)) == ban(banned)
    assert not bans.of_name(banned, 0.0)
    assert not bans.all(0.0)


def test_a_later_ban_takes_the_place_of_one_of_a_look_alike() -> None:
    bans = Bans()
    bans.add(ban("Idle"))
    assert bans.add(ban("ldle", until=10.0)) == ban("Idle")
    assert bans.all(0.0) == [ban("ldle", until=10.0)]
    assert not bans.of_name("Idle", 10.0)


@pytest.mark.parametrize(
    ("target", "shown", "hit"),
    [
        ("::ffff:203.0.113.9", "203.0.113.9/32", "203.0.113.9"),
        ("::ffff:198.51.100.0/120", "198.51.100.0/24", "198.51.100.77"),
        ("fe80::2", "fe80::2/128", "fe80::2%lo"),
        ("fe80::/10", "fe80::/10", "fe80::2%lo"),
        ("fe80::2%lo", "fe80::2%lo/128", "fe80::2%lo"),
    ],
)
def test_addresses_are_banned_however_they_are_written(target: str, shown: str, hit: str) -> None:
    assert check_target(target) == shown
    bans = Bans()
    bans.add(ban(target))
    assert bans.of_address(ip_address(hit), 0.0) == ban(target)


@pytest.mark.parametrize(
    "target",
    ["192.0.2", "203.0.113.077", "192.0.2.*", "1.2.3.4.5", "[2001:db8:1::5]", "203.0.113.78:51234", "fe80::2%1"],
)
def test_a_mistyped_address_is_no_name(target: str) -> None:
    with pytest.raises(BadField):
        check_target(target)


def test_bans_end() -> None:
    bans = Bans()
    bans.add(ban("eve", until=10.0))
    assert bans.of_name("eve", 9.0)
    assert bans.all(9.0)
    assert not bans.all(10.0)
    assert not bans.of_name("eve", 10.0)


def test_a_stored_ban_that_ends_after_the_calendar_is_one_for_ever() -> None:
    bans = Bans()
    bans.restore([ban("eve", until=6e11), ban("mal", until=float("inf")), ban("cy", until=12.0)])
    assert [held.until for held in bans.all(0.0)] == [None, None, 12.0]


def test_bans_are_taken_back() -> None:
    bans = Bans()
    bans.add(ban("192.0.2.7/24"))
    assert bans.remove(ban("192.0.2.0/24")) == ban("192.0.2.7/24")
    assert bans.remove(ban("192.0.2.0/24")) is None


def test_what_a_target_is() -> None:
    assert network("12345") is None
    assert network("1.2.3") is None
    assert str(network("192.0.2.9/24")) == "192.0.2.0/24"
    assert normal(ban("ADA")) == normal(ban("ada"))
    with pytest.raises(BadName):
        normal(ban("192.0.2.1/99"))
