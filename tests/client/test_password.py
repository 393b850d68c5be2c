"""A registered name in the client: its password, its reading marks, and what rights mean on the screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from box import Box
from client.seats import Seat
from client.wiring import Line, Record
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from chat.client.link.credentials import NoPassword, from_file
from chat.client.link.link import CannotEnter
from chat.client.model.read_marks import DELAY, ReadMarks
from chat.core.accounts import Role, StoredAccount
from chat.core.facts import Contents
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)


@pytest.fixture
def box() -> Box:
    """A chat in which ada is registered, and not there."""
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    ada = box.text("ada")
    ada.send(f"/register {PASSWORD}", "exit")
    return box


def failure_of(over: Deferred[None]) -> CannotEnter:
    """Why a link did not come in."""
    failures: list[CannotEnter] = []

    def note(failure: Failure) -> None:
        assert isinstance(failure.value, CannotEnter)
        failures.append(failure.value)

    over.addErrback(note)
    return failures[0]


@pytest.mark.parametrize(("password", "code"), [(None, "password-needed"), ("wrong horse", "wrong-password")])
def test_a_refusal_says_which_name_needs_a_password(box: Box, password: str | None, code: str) -> None:
    failure = failure_of(Line(box, Record(), password=password).over)
    assert (failure.code, failure.name) == (code, "ada")


def test_the_right_password_comes_in_and_comes_in_again_after_a_restart(box: Box) -> None:
    line = Line(box, Record(), password=PASSWORD)
    assert line.link.online
    other = Box(limits=Limits(rate=None, plain_passwords=True), store=box.store)
    other.hub.restore(Contents(accounts=[StoredAccount(1, "ada", "")]))
    line.cable.die()
    line.move_to(other)
    line.wait(2)
    assert line.link.online


def test_a_password_that_was_set_is_used_from_then_on() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    seat = Seat(box)
    seat.enter("/register short")
    assert seat.wiring.link.password is None
    seat.enter(f"/register {PASSWORD}")
    assert seat.wiring.link.password == PASSWORD
    seat.enter("/password battery staple")
    assert seat.wiring.link.password == "battery staple"  # noqa: S105


def test_read_marks_are_sent_a_little_later_and_once(box: Box) -> None:
    seat = Seat(box, password=PASSWORD)
    ReadMarks(seat.wiring.link, seat.model, box.clock)
    bob = box.text("bob")
    bob.send("one", "two")
    seat.wiring.pump()
    seat.wiring.wait(DELAY)
    sent = [line for line in seat.wiring.cable.sent if b'"read"' in line]
    assert len(sent) == 2
    assert b'"id":0' in sent[0]
    assert b'"id":2' in sent[1]


def test_marks_begin_with_the_registration_and_end_with_it() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    seat = Seat(box)
    ReadMarks(seat.wiring.link, seat.model, box.clock)
    bob = box.text("bob")

    def marks_sent(text: str) -> int:
        before = len(seat.wiring.cable.sent)
        bob.send(text)
        seat.wiring.pump()
        seat.wiring.wait(DELAY + 1)
        return sum(b'"read"' in line for line in seat.wiring.cable.sent[before:])

    assert marks_sent("one") == 0
    seat.enter(f"/register {PASSWORD}")
    assert marks_sent("two") == 1
    seat.enter(f"/unregister {PASSWORD}")
    assert seat.wiring.link.password is None
    assert marks_sent("three") == 0
    assert not [line for line in seat.shown() if line.startswith("!")]


def test_another_device_begins_where_this_one_has_stopped_to_read(box: Box) -> None:
    seat = Seat(box, password=PASSWORD)
    ReadMarks(seat.wiring.link, seat.model, box.clock)
    bob = box.text("bob")
    bob.send("one")
    seat.wiring.pump()
    seat.wiring.wait(DELAY)
    seat.enter("/quit")
    bob.send("two", "three")
    other = Seat(box, password=PASSWORD, rooms=("dev", "lobby"))
    lobby = other.model.find("lobby")
    assert lobby is not None
    assert lobby.unread == 2


def test_without_a_registered_name_no_marks_are_sent() -> None:
    box = Box()
    seat = Seat(box)
    ReadMarks(seat.wiring.link, seat.model, box.clock)
    box.text("bob").send("one")
    seat.wiring.pump()
    seat.wiring.wait(DELAY + 1)
    assert not [line for line in seat.wiring.cable.sent if b'"read"' in line]


def test_a_deleted_message_is_gone_from_the_screen(box: Box) -> None:
    seat = Seat(box, "cy")
    bob = box.text("bob")
    bob.send("oops", "fine", "/delete 1")
    seat.wiring.pump()
    assert seat.shown()[-2:] == ["* bob deleted this.", "bob: fine"]


def test_who_is_kicked_sees_by_whom_and_why(box: Box) -> None:
    bob = box.text("bob")
    bob.send("/join dev")
    seat = Seat(box, "cy", rooms=("lobby", "dev"))
    bob.send("/kick cy too loud")
    seat.wiring.pump()
    assert [room.name for room in seat.model.rooms] == ["lobby"]
    assert seat.shown()[-1] == "! You were kicked out of #dev by bob: too loud"


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/kick cy too loud", "You were kicked out of #dev by bob: too loud"),
        ("/room ban cy 1d spam", "bob banned you from #dev for 1 day: spam"),
        ("/room close dev", "#dev is closed. Its founder or a moderator may open it again: /room open dev"),
    ],
)
def test_who_is_put_out_while_the_connection_is_broken_is_not_in_the_room(box: Box, command: str, why: str) -> None:
    bob = box.text("bob")
    bob.send(f"/register {PASSWORD}", "/join dev", "hello")
    seat = Seat(box, "cy", rooms=("lobby", "dev"))
    seat.model.turn_to(seat.model.rooms[1])
    seat.wiring.cable.cut()
    bob.send(command)
    seat.wiring.wait(2)
    assert [room.name for room in seat.model.rooms] == ["lobby"]
    assert seat.shown()[-2:] == ["* Connected again.", f"! {why}"]
    seat.wiring.cable.cut()
    seat.wiring.wait(2)
    assert seat.shown()[-1] == "* Connected again."


def test_who_was_kicked_while_the_connection_was_broken_may_join_again(box: Box) -> None:
    bob = box.text("bob")
    bob.send("/join dev")
    seat = Seat(box, "cy", rooms=("dev",))
    seat.wiring.cable.cut()
    bob.send("/kick cy")
    seat.wiring.wait(2)
    assert not seat.model.current.joined
    seat.enter("/join dev", "hello")
    assert seat.model.current.joined
    assert bob.lines()[-1] == "cy: hello"


def test_who_is_in_a_room_that_is_closed_sees_by_whom(box: Box) -> None:
    bob = box.text("bob")
    bob.send(f"/register {PASSWORD}", "/join dev")
    seat = Seat(box, "cy", rooms=("lobby", "dev"))
    bob.send("/room close dev")
    seat.wiring.pump()
    assert [room.name for room in seat.model.rooms] == ["lobby"]
    assert seat.shown()[-1] == "! #dev was closed by bob."


def test_whose_account_ends_while_the_connection_is_broken_is_told(box: Box) -> None:
    seat = Seat(box, "ada", password=PASSWORD)
    seat.wiring.cable.cut()
    box.admin("unregister", "ada")
    seat.wiring.wait(2)
    assert seat.shown()[-2:] == ["* Connected again.", "* You are here without an account now."]
    seat.wiring.cable.cut()
    seat.wiring.wait(2)
    assert seat.shown()[-1] == "* Connected again."


def test_a_password_file_is_its_first_line(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\nand notes\n")
    assert from_file(path) == PASSWORD


def test_a_byte_order_mark_is_no_part_of_a_password(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_bytes(b"\xef\xbb\xbfcorrect horse\r\n")
    assert from_file(path) == "correct horse"


@pytest.mark.parametrize(
    ("content", "complaint"), [(None, "can't be read"), (b"", "no password"), (b"\xff", "no text")]
)
def test_a_bad_password_file_is_a_sentence(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoPassword, match=complaint):
        from_file(path)


def test_the_banned_do_not_come_back_by_themselves(box: Box) -> None:
    box.make_account("ada", HASH, Role.MODERATOR)
    seat = Seat(box, "eve")
    moderator = box.connect()
    moderator.send("ada", PASSWORD, "/ban eve spam")
    seat.pump()
    seat.wiring.wait(40)
    assert seat.wiring.link.farewell == "You are banned from this chat: spam"
    assert len(seat.wiring.endpoint.cables) == 1
