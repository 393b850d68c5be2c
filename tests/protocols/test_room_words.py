"""What people read when the rules of a room change."""

from __future__ import annotations

import pytest
from box import Box, Client

from chat.core.limits import Limits

PASSWORD = "correct horse"  # noqa: S105


@pytest.fixture
def box() -> Box:
    """A chat in which everybody may register."""
    return Box(limits=Limits(rate=None, plain_passwords=True))


def in_den(box: Box, *names: str) -> list[Client]:
    """Users come into ``#den``; the first has an account and founds it."""
    users = [box.text(name) for name in names]
    users[0].send(f"/register {PASSWORD}")
    for user in users:
        user.send("/join den")
    for user in users:
        user.received()
    return users


@pytest.mark.parametrize(
    ("typed", "to_others", "to_eve"),
    [
        ("/kick eve 2h", "for 2 hours.", "for 2 hours."),
        ("/kick eve 2h spam", "for 2 hours: spam", "for 2 hours: spam"),
        ("/room ban eve", "for ever.", "for ever."),
        ("/room ban eve noise", "for ever: noise", "for ever: noise"),
    ],
)
def test_a_ban_from_a_room_is_told_in_whole_sentences(box: Box, typed: str, to_others: str, to_eve: str) -> None:
    ada, bob, eve = in_den(box, "ada", "bob", "eve")
    ada.send(typed)
    why = to_others.partition(": ")[2]
    told = [
        f"* eve was kicked out by ada{f': {why}' if why else '.'}",
        f"* ada banned eve from #den {to_others}",
    ]
    assert bob.lines() == told
    assert ada.lines() == told
    assert eve.lines()[0] == f"* ada banned you from #den {to_eve}"
    ada.send("/room unban eve")
    assert bob.lines() == ["* ada lifted the ban of eve from #den."]


def test_a_kick_with_a_time_bans_who_has_just_left_the_room_too(box: Box) -> None:
    ada, eve = in_den(box, "ada", "eve")
    eve.send("/join lobby")
    ada.received()
    ada.send("/kick eve", "/kick eve 1d spam")
    assert ada.lines() == ["! eve is not in #den.", "* ada banned eve from #den for 1 day: spam"]
    eve.received()
    eve.send("/join den")
    assert eve.lines() == ["! You are banned from #den for 1 day more: spam"]


def test_a_slow_room_says_who_may_speak_how_often(box: Box) -> None:
    ada, bob = in_den(box, "ada", "bob")
    ada.send("/slow 30s", "/room", "/slow off")
    assert ada.lines() == [
        "* ada slowed the room down: all but its ops may speak once every 30 seconds.",
        "* #den is open to everybody. Everybody in it sets its topic. All but its ops may speak once every 30 seconds. "
        "Its founder is ada.",
        "* ada let everybody speak as often as they like again.",
    ]
    bob.received()
    ada.send("/slow 30s")
    bob.send("one", "two")
    assert bob.lines()[-1] == "! #den is slow: you may speak once every 30 seconds, and again in 30 seconds."


def test_who_reads_that_a_room_is_closed_reads_how_it_is_opened_again(box: Box) -> None:
    ada, bob = in_den(box, "ada", "bob")
    ada.send("hello", "/room close den")
    bob.received()
    bob.send("/join den")
    assert bob.lines() == ["! #den is closed. Its founder or a moderator may open it again: /room open den"]
    ada.received()
    ada.send("/room open den")
    assert ada.lines() == ["* #den is open again."]


def test_an_archived_room_says_that_nobody_can_speak(box: Box) -> None:
    ada, bob = in_den(box, "ada", "bob")
    ada.send("/room archive")
    bob.send("hello")
    assert bob.lines() == [
        "* ada archived the room: it can be read, but nobody can speak in it.",
        "! #den is archived: it can be read, but nobody can speak in it.",
    ]
