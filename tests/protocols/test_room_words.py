"""What people read when the rules of a room change."""

from __future__ import annotations

import pytest
from box import Box, Client

from chat.core.accounts import Role
from chat.core.limits import Limits
from chat.history.passwords import hash_password

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


def lobby_with(box: Box) -> tuple[Client, Client]:
    """The owner, and a program of ada, who has an account, both in the lobby."""
    hashed = hash_password(PASSWORD)
    box.make_account("root", hashed, Role.OWNER)
    box.make_account("ada", hashed)
    root, ada = (box.json(name, password=PASSWORD, rooms={"lobby": None}) for name in ("root", "ada"))
    return root, ada


def sit_down(box: Box) -> list[str]:
    """What ada reads who comes in with netcat."""
    person = box.connect()
    person.send("ada", PASSWORD)
    shown: bytes = person.socket.value()
    return shown.decode(errors="replace").splitlines()


def test_who_was_kicked_out_of_the_lobby_with_another_device_comes_in_with_netcat(box: Box) -> None:
    root, _ = lobby_with(box)
    root.ask(type="kick", room="lobby", name="ada")
    assert sit_down(box)[-1] == "* You are ada, in #lobby with root. Type /help for commands, exit to leave."


def test_who_is_banned_from_the_lobby_reads_where_to_go(box: Box) -> None:
    root, ada = lobby_with(box)
    root.ask(type="ban", room="lobby", target="ada", text="1d")
    assert sit_down(box)[-2:] == [
        "! You are banned from #lobby for 1 day more.",
        "* You are ada, in no room. /join dev goes to the room #dev, /rooms lists them, exit leaves.",
    ]
    again = box.json("ada", password=PASSWORD, rooms={"lobby": None})
    assert not [event for event in ada.objects() + again.objects() if "in no room" in event.get("text", "")]


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
