"""Habit 36: start again, and everything is open where it was, with what was half typed and what was typed before."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from box import Box
from client.seats import local_time
from client.wiring import Line as Wiring
from twisted.internet.defer import maybeDeferred

from chat.client.model.client import CannotDo, Client
from chat.client.model.input_history import InputHistory, places_of
from chat.client.model.model import Model, Observer
from chat.client.model.plain_text import plain_text
from chat.client.model.read_marks import ReadMarks
from chat.client.model.room import Room
from chat.client.model.scrollback import Line, LineKind
from chat.client.model.session_file import SessionFile
from chat.client.model.session_keeper import SAVE_EVERY, SessionKeeper, rooms_to_join
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105


class Bell(Observer):
    """An observer that counts."""

    def __init__(self) -> None:
        self.rung = 0

    def called(self, room: Room, line: Line) -> None:
        self.rung += 1


class Start:
    """A client from its start to its end, which keeps what was open in *path*."""

    def __init__(
        self,
        box: Box,
        path: Path,
        rooms: Sequence[str] = ("lobby",),
        given: bool = False,
        password: str | None = None,
        name: str = "ada",
    ) -> None:
        self.box = box
        self.typed: dict[str, str] = {}
        """What is half typed, by the titles of the rooms."""
        file = SessionFile(path)
        saved = file.load()
        rooms, others = rooms_to_join(saved, rooms, given)
        self.model = Model(name, [*rooms, *others], local_time(box))
        self.bell = Bell()
        self.model.observe(self.bell)
        history = InputHistory(box.clock.seconds, saved.typed)
        self.keeper = SessionKeeper(file, saved, self.model, history, rooms[0] if given else None)
        self.wiring = Wiring(box, self.model, name, rooms=rooms, reopened=others, password=password, interactive=True)
        self.client = Client(self.wiring.link, self.model)
        ReadMarks(self.wiring.link, self.model, box.clock)
        self.keeper.start(self.wiring.link, box.clock, maybeDeferred)
        self.typed |= {room.title: draft for room, draft in self.keeper.drafts.items()}
        self.keeper.draft = lambda room: self.typed.get(room.title, "")
        self.keeper.replace = self._replace
        self.wiring.pump()

    def _replace(self, room: Room, before: str, after: str) -> None:
        if self.typed.get(room.title) == before:
            self.typed[room.title] = after

    def enter(self, *lines: str) -> None:
        """Type lines, and press Enter."""
        for line in lines:
            place = places_of(self.model.current)[0]
            self.client.enter(line)
            self.keeper.history.add(place, line)
            self.wiring.pump()

    def wait(self, seconds: float = SAVE_EVERY) -> None:
        """Let time go by."""
        self.wiring.wait(seconds)

    def cut_off(self) -> None:
        """Break the connection for good."""
        self.wiring.cable.cut()
        self.wiring.endpoint.refusing = True

    def leave(self) -> list[str]:
        """Leave the chat; return what is told then."""
        self.wiring.link.leave()
        self.wiring.pump()
        self.wiring.wait(3)
        return self.keeper.stop()

    def kill(self) -> None:
        """End as by kill -9."""
        assert self.keeper._call is not None
        self.keeper._call.stop()
        self.cut_off()

    def room(self, title: str) -> Room:
        """Return the room with that title."""
        return next(room for room in self.model.rooms if room.title == title)

    def shown(self, title: str) -> list[str]:
        """Return the lines of a room."""
        return [plain_text(line) for line in self.room(title).lines if line.kind is not LineKind.DAY]

    @property
    def titles(self) -> list[str]:
        """The titles of the open rooms."""
        return [room.title for room in self.model.rooms]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "terminal" / "ada@localhost:12345.json"


def with_account() -> Box:
    """A chat in which ada has an account."""
    box = Box(limits=Limits(plain_passwords=True))
    box.make_account("ada", hash_password(PASSWORD))
    return box


# Habit 36: what is open


def test_habit_36_the_same_rooms_are_open_in_their_order_and_the_same_one_is_shown(path: Path) -> None:
    box = Box()
    bob = box.text("bob")
    first = Start(box, path)
    first.enter("/join dev", "/msg bob hi", "/join attic", "/go dev")
    assert first.leave() == []
    again = Start(box, path)
    assert again.titles == ["#lobby", "#dev", "@bob", "#attic"]
    assert again.model.current.title == "#dev"
    assert all(room.joined for room in again.model.rooms)
    again.enter("/go @bob", "is it you?")
    assert "ada (private): is it you?" in bob.lines()


def test_habit_36_a_room_that_was_left_stays_closed_although_the_configuration_has_it(path: Path) -> None:
    box = Box()
    first = Start(box, path, ("lobby", "dev"))
    first.enter("/go lobby", "/leave")
    first.leave()
    assert Start(box, path, ("lobby", "dev")).titles == ["#dev"]


def test_habit_36_rooms_on_the_command_line_are_joined_and_the_first_is_shown(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.enter("/join dev")
    first.leave()
    again = Start(box, path, ("ops", "dev"), given=True)
    assert again.titles == ["#lobby", "#dev", "#ops"]
    assert again.model.current.title == "#ops"
    assert all(room.joined for room in again.model.rooms)


def test_habit_36_after_kill_9_all_is_there_but_the_last_seconds(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.enter("/join dev", "said")
    first.typed["#dev"] = "half typed"
    first.wait()
    first.typed["#dev"] = "half typed and"
    first.kill()
    again = Start(box, path)
    assert again.typed == {"#dev": "half typed"}
    assert [typed.text for typed in again.keeper.history.texts] == ["/join dev", "said"]
    assert again.titles == ["#lobby", "#dev"]


def test_habit_36_more_rooms_than_the_server_lets_do_not_keep_the_user_out(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.enter(*(f"/join room{number}" for number in range(5)))
    first.leave()
    small = Box(limits=Limits(rooms_each=3))
    again = Start(small, path, ("ops",), given=True)
    joined = [room.title for room in again.model.rooms if room.joined]
    assert joined == ["#lobby", "#room0", "#ops"]
    assert again.model.current.title == "#ops"


def test_habit_36_a_room_that_others_have_shut_does_not_keep_the_user_out(path: Path) -> None:
    box = with_account()
    box.make_account("eve", hash_password(PASSWORD))
    owner = box.json("eve", rooms={"dev": None}, password=PASSWORD)
    first = Start(box, path, name="bob")
    first.enter("/join dev", "/go lobby")
    first.leave()
    path.write_text(path.read_text().replace('"lobby"', '"no name"'))
    owner.ask(type="room", room="dev", access="private")
    again = Start(box, path, name="bob")
    assert again.titles == ["#dev"]
    assert not again.room("#dev").joined


# Habit 36: private conversations


def test_habit_36_a_guest_sees_the_last_lines_of_a_private_conversation_again(path: Path) -> None:
    box = Box()
    bob = box.text("bob")
    first = Start(box, path)
    first.enter("/msg bob hi")
    bob.send("/msg ada hello, ada")
    first.wiring.pump()
    first.leave()
    box.clock.advance(3600)
    again = Start(box, path)
    before = ["ada (private): hi", "bob (private): hello, ada"]
    assert again.shown("@bob") == before
    bob.send("/msg ada and now?")
    again.wiring.pump()
    assert again.shown("@bob") == [*before, "bob (private): and now?"]
    again.leave()
    assert Start(box, path).shown("@bob") == [*before, "bob (private): and now?"]


def test_habit_36_with_an_account_the_server_sends_the_last_lines_and_none_is_shown_twice(path: Path) -> None:
    box = with_account()
    bob = box.text("bob")
    first = Start(box, path, password=PASSWORD)
    first.enter("/msg bob hi")
    first.wait()
    first.leave()
    bob.send("/msg ada while you were away")
    again = Start(box, path, password=PASSWORD)
    assert again.model.current.title == "@bob"
    again.wait()
    said = [line for line in again.shown("@bob") if "hi" in line or "away" in line]
    assert len(said) == 2, said


def test_habit_36_a_conversation_is_with_the_same_user_and_nothing_goes_to_the_next_of_that_name(path: Path) -> None:
    box = Box()
    bob = box.text("bob")
    first = Start(box, path)
    first.enter("/msg bob hi")
    first.typed["@bob"] = "the secret is 42"
    first.leave()
    bob.send("exit")
    other = box.text("bob")
    again = Start(box, path)
    draft = again.typed["@bob"]
    again.enter(draft)
    assert not [line for line in other.lines() if "secret" in line]
    assert "! Whoever that was is gone for good." in again.shown(again.titles[-1])


def test_habit_36_before_anything_was_said_the_user_is_asked_whether_it_is_the_same(path: Path) -> None:
    box = Box()
    box.text("bob")
    first = Start(box, path)
    first.enter("/go @bob")
    first.leave()
    again = Start(box, path)
    with pytest.raises(CannotDo, match="may be somebody else now"):
        again.enter("hello")


# Habit 36: what is unread


def test_habit_36_a_guest_sees_what_is_unread_since_the_last_time(path: Path) -> None:
    box = Box()
    bob = box.text("bob")
    bob.send("seen")
    first = Start(box, path)
    first.enter("/join dev")
    first.leave()
    bob.send("unseen", "unseen, ada")
    again = Start(box, path)
    lobby = again.room("#lobby")
    assert (lobby.unread, lobby.calls, lobby.more_unread) == (2, 1, False)


def test_habit_36_what_was_read_in_another_chat_at_the_same_address_counts_for_nothing(path: Path) -> None:
    box = Box()
    bob = box.text("bob")
    bob.send(*(f"line {number}" for number in range(20)))
    first = Start(box, path)
    first.enter("/join dev")
    first.leave()
    new = Box()
    new.text("bob").send("one")
    assert Start(new, path).room("#lobby").unread == 0


def test_habit_36_with_an_account_the_server_knows_what_is_read(path: Path) -> None:
    box = with_account()
    bob = box.text("bob")
    first = Start(box, path, password=PASSWORD)
    first.enter("/join dev")
    first.wait()
    first.leave()
    bob.send("one", "two")
    elsewhere = Start(box, path.with_name("elsewhere.json"), password=PASSWORD)
    elsewhere.wait(5)
    elsewhere.leave()
    assert Start(box, path, password=PASSWORD).room("#lobby").unread == 0


# Habit 36: what was not sent


def test_habit_36_what_was_not_sent_is_told_at_the_end_and_stands_in_the_line_again(path: Path) -> None:
    box = Box()
    box.text("bob")
    first = Start(box, path)
    first.enter("/msg bob hi", "/go lobby")
    first.cut_off()
    first.enter("one", "two")
    first.typed["#lobby"] = "three"
    first.enter("/go @bob", "psst")
    assert first.leave() == [
        "2 messages were not sent, and will be in your line in #lobby when you start again.",
        "1 message was not sent, and will be in your line in @bob when you start again.",
    ]
    again = Start(box, path)
    assert [message.text for message in box.stored] == ["hi"]
    assert again.typed == {"#lobby": "one\ntwo\nthree", "@bob": "psst"}
    told = "* 2 messages were not sent when you left. What you had typed is in your line again."
    assert again.shown("#lobby")[-1] == told
    again.leave()
    assert Start(box, path).typed == {"#lobby": "one\ntwo\nthree", "@bob": "psst"}


def test_habit_36_what_was_not_sent_when_the_client_was_killed_is_there_too(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.cut_off()
    first.enter("/me waves")
    first.wait()
    first.kill()
    assert Start(box, path).typed == {"#lobby": "/me waves"}


@pytest.mark.parametrize("line", ["yes", "//etc", "/me waves", "/reply #1 yes"])
def test_habit_36_what_was_not_sent_does_the_same_when_it_is_sent_again(path: Path, line: str) -> None:
    box = Box()
    bob = box.text("bob")
    first = Start(box, path)
    bob.send("ada: coming?")
    first.wiring.pump()
    first.cut_off()
    first.enter(line)
    first.leave()
    assert Start(box, path).typed == {"#lobby": line}


def test_habit_36_several_texts_that_were_not_sent_become_one_message_without_commands(path: Path) -> None:
    box = Box()
    bob = box.text("bob")
    first = Start(box, path)
    bob.send("ada: coming?")
    first.wiring.pump()
    first.cut_off()
    first.enter("/reply #1 yes", "//etc is where", "/me waves")
    first.typed["#lobby"] = "half"
    first.leave()
    assert Start(box, path).typed == {"#lobby": "yes\n/etc is where\nwaves\nhalf"}


def test_habit_36_what_was_sent_is_not_there_again(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.enter("sent")
    assert first.leave() == []
    assert Start(box, path).typed == {}


@pytest.mark.parametrize(
    "line", ["said", "//said", "/me said", "/reply said", "/reply #1 said", " said\nin two lines "]
)
@pytest.mark.parametrize("acknowledged", [True, False])
def test_habit_36_what_was_said_just_before_kill_9_is_not_there_again(
    path: Path, line: str, acknowledged: bool
) -> None:
    box = Box()
    box.text("bob").send("ada: coming?")
    first = Start(box, path)
    if acknowledged:
        first.typed["#lobby"] = line
        first.wait()
        first.enter(line)
    else:
        first.client.enter(line)
        first.keeper._save_if_changed(maybeDeferred)
        first.wiring.pump()
    first.kill()
    again = Start(box, path)
    assert len(box.stored) == 2
    assert again.typed == {"#lobby": ""}
    assert not any("not sent" in line for line in again.shown("#lobby"))


def test_habit_36_what_was_said_before_or_by_others_stays_in_the_line(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.enter("yes")
    first.typed["#lobby"] = "yes"
    first.wait()
    first.kill()
    box.text("bob").send("yes")
    assert Start(box, path).typed == {"#lobby": "yes"}


def test_habit_36_of_several_texts_those_stay_that_were_not_said(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    for line in ("one", "/me two", "one"):
        first.client.enter(line)
    first.typed["#lobby"] = "three"
    first.keeper._save_if_changed(maybeDeferred)
    first.kill()
    second = Start(box, path)
    assert second.typed == {"#lobby": "one\ntwo\none\nthree"}
    second.kill()
    box.clock.advance(100)
    elsewhere = box.json("ada")
    elsewhere.ask(type="say", room="lobby", text="one")
    elsewhere.ask(type="quit")
    again = Start(box, path)
    assert again.typed == {"#lobby": "two\none\nthree"}
    assert again.shown("#lobby")[-1].startswith("* 2 messages were not sent when you left.")


def test_habit_36_in_private_what_was_said_just_before_kill_9_goes_when_it_is_shown(path: Path) -> None:
    box = with_account()
    box.make_account("bob", hash_password(PASSWORD))
    box.json("bob", password=PASSWORD)
    first = Start(box, path, password=PASSWORD)
    first.enter("/msg bob hi")
    first.client.enter("psst")
    first.keeper._save_if_changed(maybeDeferred)
    first.wiring.pump()
    first.kill()
    again = Start(box, path, password=PASSWORD)
    assert [message.text for message in box.stored] == ["hi", "psst"]
    again.client.ask_earlier()
    again.wiring.pump()
    assert again.typed == {"@bob": ""}
    assert again.shown("@bob")[-1] == "* That had come after all: it is not in your line any more."


def test_habit_36_changes_that_were_not_sent_are_told(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.enter("said")
    first.cut_off()
    first.enter("/edit new", "/react ok 1")
    assert first.leave() == ["Not sent: /edit #1 new", "1 change of a message was not sent."]


def test_habit_36_if_nothing_can_be_kept_what_was_not_sent_is_told_whole(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box()
    first = Start(box, path)
    first.cut_off()
    first.enter("one\ntwo", "/me waves")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as changed:
        changed.setattr(os, "fsync", full)
        first.wait(10)
        told = "! What is open can't be kept for the next start: No space left on device."
        assert first.shown("#lobby").count(told) == 1
        assert first.leave() == ["Not sent: one", "Not sent: two", "Not sent: /me waves"]


# Passwords, and texts that would mean something else next time


@pytest.mark.parametrize("draft", ["/register correct horse", "  /PASSWORD correct horse", "/pasword correct horse"])
def test_a_password_that_is_half_typed_is_not_kept(path: Path, draft: str) -> None:
    first = Start(Box(), path)
    first.typed["#lobby"] = draft
    first.wait()
    first.leave()
    assert "horse" not in path.read_text()


def test_the_new_text_of_a_message_is_kept_among_what_was_typed_and_does_not_change_another(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.enter("said")
    first.typed["#lobby"] = "/edit better"
    first.leave()
    again = Start(box, path)
    assert again.typed == {}
    assert again.keeper.history.texts[-1].text == "/edit better"


def test_the_new_text_of_a_message_whose_number_stands_before_it_is_kept(path: Path) -> None:
    box = Box()
    first = Start(box, path)
    first.enter("said")
    first.typed["#lobby"] = "/edit #1 better"
    first.leave()
    assert Start(box, path).typed == {"#lobby": "/edit #1 better"}


# Two clients, and files that can't be read


def test_two_clients_of_one_account_keep_what_was_typed_in_both(path: Path) -> None:
    box = with_account()
    one, two = (Start(box, path, password=PASSWORD) for _ in range(2))
    one.enter("from one")
    two.enter("from two", "/join dev")
    one.typed["#lobby"] = "draft of one"
    one.wait()
    two.wait()
    two.leave()
    one.leave()
    again = Start(box, path, password=PASSWORD)
    assert {typed.text for typed in again.keeper.history.texts} == {"from one", "from two", "/join dev"}
    assert again.typed == {"#lobby": "draft of one"}
    assert "#dev" in again.titles


def test_a_damaged_file_is_told_once_and_the_client_starts(path: Path) -> None:
    box = Box()
    path.parent.mkdir()
    path.write_text("damaged")
    first = Start(box, path, ("lobby", "dev"))
    told = [line for title in first.titles for line in first.shown(title) if "can't be read" in line]
    assert told == [f"* What was open last time can't be read: it is damaged. The file is kept as {path}.1.aside."]
    first.leave()
    assert not [line for line in Start(box, path).shown("#lobby") if "can't be read" in line]


# /quiet


def test_quiet_rings_no_bell_and_is_not_gone_to_but_for_mentions_and_stays_so(path: Path) -> None:
    box = Box()
    bob = box.text("bob")
    first = Start(box, path)
    first.enter("/join dev")
    bob.send("/join dev")
    first.enter("/quiet", "/go lobby")
    first.leave()
    again = Start(box, path)
    bob.send("hello")
    again.wiring.pump()
    dev = again.room("#dev")
    assert (dev.unread, dev.calls) == (1, 0)
    again.model.turn_to_unread()
    assert again.model.current.title == "#lobby"
    bob.send("hello ada")
    again.wiring.pump()
    assert (dev.unread, dev.calls, again.bell.rung) == (2, 1, 0)
    again.model.turn_to_unread()
    assert again.model.current is dev
    again.enter("/quiet")
    assert not dev.quiet
    again.enter("/go lobby")
    bob.send("hello ada")
    again.wiring.pump()
    assert again.bell.rung == 1


def test_quiet_holds_for_private_conversations(path: Path) -> None:
    box = Box()
    bob = box.text("bob")
    first = Start(box, path)
    first.enter("/msg bob hi", "/quiet on", "/go lobby")
    bob.send("/msg ada psst")
    first.wiring.pump()
    talk = first.room("@bob")
    assert (talk.unread, talk.calls, first.bell.rung) == (1, 0, 0)
    first.model.turn_to_unread()
    assert first.model.current.title == "#lobby"
