"""What fingers that know other chats do with rooms, and with commands that have other names there."""

from __future__ import annotations

import re

import pytest
from box import Box
from client.screens import Screen, play
from client.seats import Seat

from chat.client.link.states import Connecting, Online
from chat.client.model.client import CannotDo
from chat.client.terminal import bars, terminal

ROOMS = ("lobby", "dev", "ops", "opera")


def say(box: Box, *rooms: str, text: str = "hello") -> None:
    """Have bob say something in these rooms."""
    bob = box.json("bob", rooms=dict.fromkeys(rooms))
    for room in rooms:
        bob.ask(type="say", room=room, text=text)


# -- habit 27: Alt-A goes to what is unread, and back after the last


def test_27_alt_a_goes_through_what_is_unread_and_back_to_where_one_was() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("\x1b3")
        await screen.sees("ada #ops>")
        say(box, "lobby", "dev")
        say_to_me = box.json("eve", rooms={"opera": None})
        say_to_me.ask(type="say", room="opera", text="ada?")
        await screen.sees("1:#lobby(1)", "2:#dev(1)", "4:#opera(1!)")
        for prompt in ("ada #opera>", "ada #lobby>", "ada #dev>", "ada #ops>"):
            screen.press("\x1ba")
            await screen.sees(prompt)
            await screen.sees_no("Nothing is unread")
        screen.press("\x1ba")
        await screen.sees("Nothing is unread in other rooms.", "ada #ops>")

    play(scene, rooms=ROOMS)


def test_27_who_goes_elsewhere_meanwhile_is_not_brought_back() -> None:
    box = Box()
    seat = Seat(box, rooms=ROOMS)
    say(box, "dev")
    seat.pump()
    seat.model.turn_to_unread()
    seat.enter("/go ops")
    seat.model.turn_to_unread()
    assert seat.model.current.title == "#ops"


def test_27_a_room_that_was_left_is_not_gone_back_to() -> None:
    box = Box()
    seat = Seat(box, rooms=ROOMS)
    say(box, "dev")
    seat.pump()
    seat.model.turn_to_unread()
    seat.model.close(seat.room("#lobby"))
    seat.model.turn_to_unread()
    assert seat.model.current.title == "#dev"


# -- habit 28: some letters of a name are enough


@pytest.mark.parametrize(
    ("typed", "title"),
    [("op", "#ops"), ("opr", "#opera"), ("era", "#opera"), ("#de", "#dev"), ("LB", "#lobby"), ("4", "#opera")],
)
def test_28_some_letters_of_the_name_are_enough_for_go(typed: str, title: str) -> None:
    seat = Seat(Box(), rooms=ROOMS)
    seat.enter(f"/go {typed}")
    assert seat.model.current.title == title


def test_28_go_says_what_is_like_nothing() -> None:
    seat = Seat(Box(), rooms=ROOMS)
    with pytest.raises(CannotDo, match=r"You are not in tea. /join tea goes there."):
        seat.enter("/go tea")


def test_28_alt_g_shrinks_the_list_while_one_types_and_enter_goes() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft\x1bg")
        await screen.sees(" 1:#lobby", " 2:#dev", " 3:#ops", " 4:#opera", "Go to:")
        screen.press("op")
        await screen.sees("Go to: op")
        assert [room.title for room in screen.terminal._chooser.rooms] == ["#ops", "#opera"]
        screen.press("er\r")
        await screen.sees("ada #opera>")
        screen.press("\x1b1")
        await screen.sees("ada #lobby> draft")

    play(scene, rooms=ROOMS)


def test_28_the_arrows_and_tab_mark_another_room() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        for keys, prompt in (("op\x1b[B\r", "ada #opera>"), ("\t\t\x1b[A\r", "ada #dev>"), ("\x1b[Z\r", "ada #opera>")):
            screen.press("\x1bg")
            await screen.sees("Go to:")
            screen.press(keys)
            await screen.sees(prompt)

    play(scene, rooms=ROOMS)


@pytest.mark.parametrize("key", ["\x1b", "\x03", "\x04"])
def test_28_esc_stays_where_one_was(key: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft\x1bg")
        await screen.sees("Go to:")
        screen.press("dev")
        await screen.sees("Go to: dev")
        screen.press(key)
        await screen.sees("ada #lobby> draft")
        await screen.sees_no("Go to")

    play(scene, rooms=ROOMS)


def test_28_what_is_like_no_room_is_told_and_enter_goes_nowhere() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("\x1bgtea\r")
        await screen.sees("None of your rooms is like that.", "Go to: tea")

    play(scene, rooms=ROOMS)


# -- stumble 4: commands as other chats call them


def test_stumble_4_other_chats_names_of_commands_work() -> None:
    box = Box()
    box.text("bob")
    seat = Seat(box)
    seat.enter("/j dev", "/win 1", "/query bob", "/buffer dev", "/names", "/n lobby", "/t tea")
    assert seat.titles == ["#lobby", "#dev", "@bob"]
    assert seat.shown("#dev")[-3:] == [
        "* In #dev: ada (op)",
        "* In #lobby: ada, bob",
        "* ada set the topic of #dev to: tea",
    ]
    seat.enter("/close")
    assert seat.titles == ["#lobby", "@bob"]
    seat.enter("/go @bob", "/win close")
    assert seat.titles == ["#lobby"]
    seat.enter("only this", "/lastlog only")
    assert seat.shown()[-1] == "* That is all."


def test_stumble_4_at_netcat_too() -> None:
    ada = Box().text("ada")
    ada.send("/names", "/j dev", "/n", "/part", "/close", "/bye")
    here, *_, there, part, close, _ = ada.lines()
    assert (here, there) == ("* In #lobby: ada", "* In #dev: ada (op)")
    assert part == close == "! You are always in one room: /join lobby goes to the lobby, exit leaves."


def test_stumble_4_a_room_is_left_from_elsewhere() -> None:
    seat = Seat(Box(), rooms=ROOMS)
    seat.enter("/leave dev", "/part 3")
    assert seat.titles == ["#lobby", "#ops"]
    assert seat.model.current.title == "#lobby"
    for line in ("/leave tea", "/part tea is ready"):
        with pytest.raises(CannotDo, match=r"You are not in tea. /leave alone leaves #lobby, /go lists where you are."):
            seat.enter(line)
    seat.enter("/part #ops so long")
    assert seat.titles == ["#lobby"]
    left: list[bool] = []
    seat.client.leave = lambda: left.append(True)
    seat.enter("/quit so long")
    assert left == [True]


def test_stumble_4_clear_takes_the_lines_away_and_the_messages_come_back() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("earlier\r")
        await screen.sees("ada: earlier")
        screen.press("/clear\r")
        await screen.sees_no("ada: earlier")
        screen.press("later\r")
        await screen.sees("ada: later")
        screen.press("\x1b[5~")
        await screen.sees("ada: earlier", "ada: later")

    play(scene)


@pytest.mark.parametrize("typed", ["/save", "/say hi", "/xyzzy", "/ctcp bob", "/version", "/mode +o bob"])
def test_stumble_4_nothing_is_proposed_that_is_not_like_it(typed: str) -> None:
    with pytest.raises(CannotDo, match="Type /help for the commands"):
        Seat(Box()).enter(typed)


@pytest.mark.parametrize(
    ("typed", "meant"), [("/jion", "join"), ("/mgs", "msg"), ("/laeve", "leave"), ("/recconect", "reconnect")]
)
def test_stumble_4_what_is_like_it_is_proposed(typed: str, meant: str) -> None:
    with pytest.raises(CannotDo, match=f"Did you mean /{meant}"):
        Seat(Box()).enter(typed)


def test_stumble_4_tab_completes_behind_another_chats_name() -> None:
    box = Box()
    box.text("bob")
    seat = Seat(box, rooms=ROOMS)
    assert list(seat.client.complete("/query b").texts) == ["bob "]
    assert list(seat.client.complete("/buffer o").texts) == ["ops ", "opera "]
    assert list(seat.client.complete("/part d").texts) == ["dev "]
    assert list(seat.client.complete("/help reconn").texts) == ["reconnect "]


# -- stumble 9: the rooms that are open, with their numbers


@pytest.mark.parametrize("line", ["/go", "/win", "/win list", "/buffer list"])
def test_stumble_9_the_open_rooms_are_listed_with_their_numbers(line: str) -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    say(box, "dev", text="ada?")
    seat.pump()
    seat.enter(line)
    assert seat.shown()[-1] == "* Open: 1:#lobby 2:#dev(1!)"


MANY = tuple(f"room{number}" for number in range(1, 13))


@pytest.mark.parametrize(("keys", "prompt"), [("11", "room11>"), ("03", "room3>"), ("7\r", "room7>")])
def test_stumble_9_alt_j_and_two_digits_go_to_any_room(keys: str, prompt: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("/j room2\r")
        screen.press(f"\x1bj{keys}")
        await screen.sees(prompt)
        assert screen.typed == ""

    play(scene, rooms=("lobby", *MANY[1:]))


def test_stumble_9_a_number_that_no_room_has_is_told() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("draft\x1bj77")
        await screen.sees("There is no room 77: your rooms are 1 to 4.", "ada #lobby> draft")

    play(scene, rooms=ROOMS)


@pytest.mark.parametrize("line", ["/go", "/win list"])
def test_stumble_9_on_the_full_screen_the_list_can_be_chosen_from(line: str) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press(f"{line}\r")
        await screen.sees(" 12:#room12", "Go to:")
        screen.press("12\r")
        await screen.sees("ada #room12>")

    play(scene, rooms=("lobby", *MANY[1:]), lines=30)


def test_stumble_9_a_long_list_shows_what_is_marked() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        screen.press("\x1bg\x1b[A")
        await screen.sees("\n 12:#room12")
        assert not screen.has("\n 2:#room2")

    play(scene, rooms=("lobby", *MANY[1:]), lines=12)


# -- habit 29: the status bar


def bar(seat: Seat, width: int) -> str:
    """The status bar on a screen of that width."""
    parts = bars.status_bar(seat.model, "localhost", len(seat.wiring.link.outbox), width)
    text = "".join(part[1] for part in parts)
    assert len(text) == width
    return text.strip()


@pytest.fixture
def twelve() -> Seat:
    """Somebody in the sixth of twelve rooms, who is alone there."""
    seat = Seat(Box(), rooms=MANY)
    seat.enter("/go 6")
    return seat


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (
            160,
            "localhost · 1 person · lag 0 ms  1:#room1 2:#room2 3:#room3 4:#room4 5:#room5 6:#room6 7:#room7 8:#room8"
            " 9:#room9 10:#room10 11:#room11 12:#room12 10:15",
        ),
        (100, "localhost · 1 person · lag 0 ms  3:#room3 4:#room4 5:#room5 6:#room6 7:#room7 8:#room8 +6 10:15"),
        (82, "localhost · 1 person · lag 0 ms  4:#room4 5:#room5 6:#room6 7:#room7 +8 10:15"),
        (60, "localhost · 1 person · lag 0 ms  6:#room6 +11 10:15"),
        (44, "localhost · lag 0 ms  6:#room6 +11 10:15"),
        (24, "l… · lag 0 ms  6:#room6"),
    ],
)
def test_29_as_many_rooms_around_the_current_one_as_fit(twelve: Seat, width: int, shown: str) -> None:
    assert re.sub(" +10:15$", " 10:15", bar(twelve, width)) == shown


def test_29_rooms_that_wait_for_one_come_before_those_near_by(twelve: Seat) -> None:
    say(twelve.box, "room1", "room12")
    say_to_ada = twelve.box.json("eve", rooms={"room11": None})
    say_to_ada.ask(type="say", room="room11", text="ada?")
    twelve.pump()
    assert " 1:#room1(1) 5:#room5 6:#room6 11:#room11(1!) 12:#room12(1) +7 " in bar(twelve, 106)
    assert bar(twelve, 56) == "localhost · lag 0 ms  6:#room6 11:#room11(1!) +10"
    assert bar(twelve, 43) == "localhost · lag 0 ms  6:#room6 +11! 10:15"


def test_29_why_there_is_no_connection_is_shown_during_an_attempt_too() -> None:
    seat = Seat(Box())
    seat.wiring.endpoint.refusing = True
    seat.wiring.cable.cut()
    seat.wiring.wait(2)
    why = seat.model.why
    assert why == "Nothing is listening there."
    seat.model.state_changed(Connecting())
    assert bar(seat, 80).startswith("connecting to localhost · Nothing is listening there.")
    seat.model.state_changed(Online())
    assert why not in bar(seat, 80)


def test_29_the_time_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(screen: Screen, box: Box) -> None:
        await screen.until(lambda: screen.rows_with_time()[-2].endswith(" 10:15"))
        box.clock.advance(60)
        await screen.until(lambda: screen.rows_with_time()[-2].endswith(" 10:16"))

    monkeypatch.setattr(terminal, "MINUTE", 0)
    play(scene)


# -- habit 30: who says what where


def test_30_the_prompt_has_name_absence_and_room() -> None:
    async def scene(screen: Screen, box: Box) -> None:
        box.text("bob")
        screen.press("/away tea\r")
        await screen.sees("ada (away) #lobby>")
        screen.press("/msg bob\r")
        await screen.sees("ada (away) @bob>")

    play(scene)
