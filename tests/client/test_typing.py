"""What typed lines do, with the real chat in memory behind them."""

from __future__ import annotations

import pytest
from box import Box
from client.seats import Seat

from chat.client.model.client import _BEFORE, CannotDo, all_commands
from chat.core.commands import table as commands


def test_text_is_said() -> None:
    box = Box()
    bob = box.text("bob")
    seat = Seat(box)
    bob.received()
    seat.enter("hello", "//join is a command", "  ", "/me waves")
    assert bob.lines() == ["ada: hello", "ada: /join is a command", "~ ada waves"]
    assert seat.shown()[1:] == ["ada: hello", "ada: /join is a command", "~ ada waves"]


@pytest.mark.parametrize("line", ["exit", "Quit", " EXIT ", "/quit", "/QUIT"])
def test_leaving(line: str) -> None:
    seat = Seat(Box())
    seat.enter(line)
    assert seat.wiring.over.called


def test_words_that_only_contain_exit_are_said() -> None:
    seat = Seat(Box())
    seat.enter("exit now")
    assert seat.shown()[-1] == "ada: exit now"


def test_an_unknown_command() -> None:
    with pytest.raises(CannotDo, match=r"There is no command /tpoic. Did you mean /topic?"):
        Seat(Box()).enter("/tpoic tea")


def test_a_missing_argument() -> None:
    with pytest.raises(CannotDo, match=r"Usage: /join room"):
        Seat(Box()).enter("/join")


def test_a_name_of_two_words() -> None:
    with pytest.raises(CannotDo, match=r"The name of a room has no blanks. Usage: /join room"):
        Seat(Box()).enter("/join dev room")


def test_a_text_that_is_too_long_is_not_sent() -> None:
    seat = Seat(Box())
    with pytest.raises(CannotDo, match=r"That is 4098 bytes long, and the server takes 4096 at once."):
        seat.enter("é" * 2049)
    assert not seat.client.link.outbox
    seat.enter("é" * 2048)
    assert len(seat.shown()) == 2


def test_joining_turns_to_the_room_at_once() -> None:
    seat = Seat(Box())
    seat.client.enter("/join #Dev")
    assert seat.model.current.title == "#dev"
    assert not seat.model.current.joined
    seat.pump()
    assert seat.model.current.joined
    seat.enter("hello")
    assert seat.shown("#dev")[-1] == "ada: hello"
    seat.enter("/join lobby")
    assert seat.model.current.title == "#lobby"


def test_an_impossible_room() -> None:
    seat = Seat(Box())
    with pytest.raises(CannotDo, match="room name can't be used"):
        seat.enter("/join #?!")
    assert seat.titles == ["#lobby"]


def test_leaving_a_room() -> None:
    seat = Seat(Box(), rooms=("lobby", "dev"))
    seat.enter("/go dev", "/leave")
    assert seat.titles == ["#lobby"]
    with pytest.raises(CannotDo, match="only room"):
        seat.enter("/leave")


def test_private_conversations() -> None:
    box = Box()
    bob = box.text("bob")
    seat = Seat(box)
    bob.received()
    seat.enter("/msg bob psst", "and more")
    assert bob.lines() == ["ada (private): psst", "ada (private): and more"]
    assert seat.shown("@bob") == ["ada (private): psst", "ada (private): and more"]
    with pytest.raises(CannotDo, match="private conversation"):
        seat.enter("/topic tea")
    seat.enter("/leave")
    assert seat.titles == ["#lobby"]


def test_what_one_does_can_be_said_in_private() -> None:
    box = Box()
    bob = box.text("bob")
    seat = Seat(box)
    seat.enter("/go @bob", "/me waves")
    seat.wiring.cable.cut()
    seat.enter("/me waits")
    assert seat.client.unsent(seat.room("@bob")) == ["~ ada waits"]
    seat.wiring.wait(5)
    assert bob.lines()[-2:] == ["~ (private) ada waves", "~ (private) ada waits"]
    assert [line for line in seat.shown("@bob") if "(private)" in line] == [
        "~ (private) ada waves",
        "~ (private) ada waits",
    ]


def test_the_spelling_of_the_partner_is_the_servers() -> None:
    box = Box()
    box.text("Bob")
    seat = Seat(box)
    seat.enter("/msg BOB psst")
    assert seat.titles == ["#lobby", "@Bob"]


def test_going_to_what_is_open() -> None:
    seat = Seat(Box(), rooms=("lobby", "dev"))
    for where, title in (("2", "#dev"), ("lobby", "#lobby"), ("#dev", "#dev"), ("@bob", "@bob"), ("1", "#lobby")):
        seat.enter(f"/go {where}")
        assert seat.model.current.title == title
    seat.enter("/go bob")
    assert seat.model.current.title == "@bob"
    with pytest.raises(CannotDo, match=r"You are not in tea. /join tea goes there."):
        seat.enter("/go tea")


def test_help_explains_all_commands() -> None:
    seat = Seat(Box())
    seat.enter("/help all")
    explained = "\n".join(seat.shown())
    for command in all_commands():
        assert f"* {command.usage} - {command.summary}" in explained


def test_help_names_all_commands_on_one_screen() -> None:
    seat = Seat(Box())
    seat.enter("/help")
    shown = seat.shown()[1:]
    assert len(shown) < 12
    named = [word.rstrip(",.") for line in shown for word in line.split() if word.startswith("/")]
    assert set(named) == {f"/{command.name}" for command in all_commands()}
    assert "* This client: /clear, /go, /leave, /peek, /quiet, /send, /quit, /reconnect" in shown


def test_help_explains_one_command() -> None:
    seat = Seat(Box())
    seat.enter("/help /go", "/help me")
    assert [line.split(" - ")[0] for line in seat.shown()[1:]] == ["* /go [room]", "* /me text"]


def test_help_says_that_a_command_is_not_needed() -> None:
    for line in ("/paste", "/help paste", "/help /PASTE"):
        with pytest.raises(CannotDo, match="Paste the lines as you do elsewhere"):
            Seat(Box()).enter(line)


def test_every_command_of_people_is_offered_once() -> None:
    names = [command.name for command in all_commands()]
    assert len(names) == len(set(names))
    assert {command.name for command in commands.for_people()} - {"paste", "upload"} <= set(names)


def test_several_lines_are_said_literally() -> None:
    seat = Seat(Box())
    seat.client.say_lines(["one", "/quit", "exit"])
    seat.pump()
    assert seat.shown()[1:] == ["ada: one", "ada: /quit", "ada: exit"]


def test_of_several_lines_none_is_said_where_one_is_too_long() -> None:
    seat = Seat(Box())
    with pytest.raises(CannotDo):
        seat.client.say_lines(["one", "x" * 5000])
    assert not seat.client.link.outbox


def test_without_a_connection_text_waits_and_requests_are_refused() -> None:
    seat = Seat(Box())
    seat.wiring.cable.cut()
    seat.enter("hello", "/me waves")
    with pytest.raises(CannotDo, match="no connection"):
        seat.enter("/who")
    assert seat.client.unsent(seat.model.current) == ["ada: hello", "~ ada waves"]
    seat.wiring.wait(2)
    assert seat.client.unsent(seat.model.current) == []
    assert seat.shown()[-2:] == ["ada: hello", "~ ada waves"]


def test_joining_without_a_connection_opens_nothing() -> None:
    seat = Seat(Box())
    seat.wiring.cable.cut()
    with pytest.raises(CannotDo, match="no connection"):
        seat.enter("/join dev")
    assert seat.titles == ["#lobby"]


def test_control_characters_are_not_sent() -> None:
    seat = Seat(Box())
    seat.enter("a\x1b[31mb")
    assert seat.shown()[-1] == "ada: a[31mb"


def test_completion_offers_others_and_the_last_speaker_first() -> None:
    box = Box()
    bob, bert = box.text("bob"), box.text("bert")
    seat = Seat(box)
    bert.send("hi")
    bob.send("hi")
    seat.pump()
    assert seat.client.complete("").texts == ["bob: ", "bert: "]
    assert seat.client.complete("hello be").texts == ["bert "]


def test_commands_whose_parameters_programs_do_not_have_are_put_into_their_words() -> None:
    people = {name for name, command in commands.TABLE.items() if any(p.people for p in command.parameters)}
    assert people <= _BEFORE.keys()


def test_a_kick_with_a_time_is_a_ban_from_the_room() -> None:
    box = Box()
    seat = Seat(box, rooms=("dev",))
    bob, cy = (box.json(name, rooms={"dev": None}) for name in ("bob", "cy"))
    seat.enter("/kick bob 1d spam", "/kick cy spam")
    told = [event["text"] for event in bob.objects() if event["type"] == "notice"]
    assert told == ["ada banned you from #dev for 1 day: spam"]
    assert [event["text"] for event in cy.objects() if event["type"] == "left" and event["name"] == "cy"] == ["spam"]
    bob.ask(type="join", room="dev")
    cy.ask(type="join", room="dev")
    assert [event["type"] for event in bob.objects()] == ["error"]
    assert [event["type"] for event in cy.objects()] == ["room"]


def test_rooms_are_listed_a_screen_at_a_time() -> None:
    box = Box()
    seat = Seat(box)
    box.json("bob", rooms={f"dev{number}": None for number in range(30)})
    seat.enter("/rooms dev")
    assert seat.shown()[-1] == "* There are more rooms: /rooms dev 20"
    seat.enter("/rooms dev 20")
    assert len([name for name in seat.model.known_rooms if name.startswith("dev")]) == 30


def test_which_device_is_logged_out() -> None:
    seat = Seat(Box())
    with pytest.raises(CannotDo, match=r"Say which device"):
        seat.enter("/logout phone")
    seat.enter("/logout 7")
    assert seat.shown()[-1].startswith("! ")
    seat.enter("/logout all")
    assert seat.wiring.link.farewell
