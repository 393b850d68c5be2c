"""What was open is open again at the next start, with what was half typed."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from box import Box
from client.seats import Seat

from chat.client.desktop import saved_state
from chat.client.desktop.drafts import Draft, Editing
from chat.client.desktop.open_rooms import as_saved, restore
from chat.client.desktop.saved_state import MAXIMUM_ADDRESSES, SavedState
from chat.client.model.open_rooms import OpenRoom, OpenRooms

ADA = "ada@localhost:12345"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is saved."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return saved_state.path()


def test_what_was_open_is_open_again_in_its_order() -> None:
    box = Box()
    bob = box.text("bob")
    seat = Seat(box)
    seat.enter("/msg bob hi", "/join dev", "/join attic", "/go dev")
    drafts = {seat.room("#dev"): Draft("half typed"), seat.room("@bob"): Draft("psst")}
    saved = as_saved(seat.model, drafts)
    seat.enter("exit")
    again = Seat(box, rooms=("lobby", "dev", "attic"))
    restored = restore(again.model, saved, None)
    again.pump()
    assert again.titles == ["#lobby", "@bob", "#dev", "#attic"]
    assert again.model.current.title == "#dev"
    assert {room.title: draft.text for room, draft in restored.items()} == {"#dev": "half typed", "@bob": "psst"}
    again.enter("/go @bob", "is it you?")
    assert "ada (private): is it you?" in bob.lines()


def test_a_quiet_room_is_quiet_again() -> None:
    seat = Seat(Box())
    seat.enter("/join dev", "/quiet")
    saved = as_saved(seat.model, {})
    again = Seat(Box(), rooms=("lobby", "dev"))
    restore(again.model, saved, None)
    assert [room.quiet for room in again.model.rooms] == [False, True]


def test_a_private_conversation_is_still_with_the_same_user() -> None:
    box = Box()
    bob = box.text("bob")
    seat = Seat(box)
    seat.enter("/msg bob hi")
    saved = as_saved(seat.model, {})
    seat.enter("exit")
    bob.send("exit")
    other = box.text("bob")
    again = Seat(box)
    restore(again.model, saved, None)
    assert again.model.current.title == "@bob"
    again.enter("the secret is 42")
    assert not [line for line in other.lines() if "secret" in line]
    assert "! Whoever that was is gone for good." in again.shown(again.titles[-1])


def test_a_room_that_the_user_wants_to_see_is_shown() -> None:
    seat = Seat(Box(), rooms=("lobby", "dev"))
    restore(seat.model, OpenRooms([OpenRoom("lobby"), OpenRoom("tea")], current=1), "dev")
    assert seat.titles == ["#lobby", "#dev"]
    assert seat.model.current.title == "#dev"


def test_passwords_are_not_saved_and_of_an_edit_what_was_there_before() -> None:
    seat = Seat(Box())
    seat.enter("said", "/join dev")
    lobby, dev = seat.room("#lobby"), seat.room("#dev")
    editing = Draft("before")
    line = lobby.newest(lambda line: line.mine)
    assert line is not None
    editing.begin(Editing(line))
    saved = as_saved(seat.model, {lobby: editing, dev: Draft("/register correct horse")})
    assert [room.draft for room in saved.rooms] == ["before", ""]


def test_two_windows_save_what_is_open_in_each(file: Path) -> None:
    one, two = saved_state.load(), saved_state.load()
    one.leave_open(ADA, OpenRooms([OpenRoom("lobby")]))
    one.save(ADA)
    two.leave_open("bob@localhost:12345", OpenRooms([OpenRoom("dev")]))
    two.save("bob@localhost:12345")
    assert [address.partition("@")[0] for address in saved_state.load().open] == ["ada", "bob"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_saved_is_bounded(file: Path) -> None:
    for number in range(MAXIMUM_ADDRESSES + 5):
        state = saved_state.load()
        state.leave_open(f"u{number}@localhost:12345", OpenRooms())
        state.save(f"u{number}@localhost:12345")
    assert len(saved_state.load().open) == MAXIMUM_ADDRESSES
    assert f"u{MAXIMUM_ADDRESSES + 4}@localhost:12345" in saved_state.load().open


def test_what_an_older_client_has_saved_is_read(file: Path) -> None:
    file.parent.mkdir(parents=True)
    file.write_text('{"server": "localhost", "dark": true}')
    assert saved_state.load() == SavedState(server="localhost", dark=True)
