"""What a client shows of what its user does on other devices."""

from __future__ import annotations

import io
from typing import Any

import pytest
from box import Box
from client.scripted import Scripted, ScriptedSeat, message, room
from client.seats import Seat
from client.wiring import Record

from chat.client.model.read_marks import DELAY, ReadMarks
from chat.client.plain.pipe import Tail
from chat.client.plain.plain import Plain
from chat.core import events
from chat.core.limits import Limits
from chat.history.passwords import hash_password


def history(name: str | None, *numbers: int, more: bool = False, **fields: Any) -> dict[str, Any]:
    """A page of what bob said."""
    said = [message(number, "bob", f"{number}", room=name) for number in numbers]
    return {"type": "history", "room": name, "messages": said, "more": more, **fields}


def test_it_says_what_it_understands_and_comes_back_with_what_it_has_seen() -> None:
    seat = ScriptedSeat()
    (hello,) = seat.server.hellos
    assert hello["accept"] == ["changes", "conversations", "lines"]
    assert "private" not in hello
    seat.server.welcome()
    seat.server.say(message(3, "bob", "psst", to="ada", **{"with": "p7"}))
    seat.server.cut()
    seat.come_back()
    assert (seat.server.hellos[1]["token"], seat.server.hellos[1]["private"]) == ("x", 3)


def test_what_was_there_before_it_came_is_not_asked_for_when_it_comes_back() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    listed = {"name": "bob", "last": 40, "read": 40, "unread": 0, "time": "now", "here": True, "with": "p7"}
    seat.answer("conversations", type="conversations", conversations=[listed], more=False)
    seat.server.cut()
    seat.come_back()
    assert seat.server.hellos[1]["private"] == 40


def test_a_chat_that_forgot_everything_is_not_asked_for_what_comes_after_what_it_had() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say(room("lobby", last=0), message(900, "bob", "psst", to="ada"), message(901, "bob", "hi"))
    seat.server.cut()
    seat.come_back()
    seat.server.welcome()
    seat.server.say(room("lobby", last=0), message(2, "bob", "psst", to="ada"))
    seat.server.cut()
    seat.come_back()
    assert seat.server.hellos[2]["private"] == 2


def test_the_rooms_of_the_account_are_joined_after_those_that_were_asked_for() -> None:
    seat = ScriptedSeat(rooms=("dev", "lobby"))
    rooms = [{"room": name, "read": 2, "last": 3} for name in ("lobby", "tea", "den")]
    seat.server.welcome(rooms=rooms)
    assert [request["room"] for request in seat.server.requests("join")] == ["tea", "den"]
    seat.server.say(room("dev"), room("lobby"), room("tea"), room("den"))
    assert [each.title for each in seat.model.rooms] == ["#dev", "#lobby", "#tea", "#den"]
    assert seat.model.current.title == "#dev"


def test_rooms_that_were_left_meanwhile_are_not_joined_again_when_it_comes_back() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say(room("lobby"))
    seat.server.cut()
    seat.come_back()
    seat.server.welcome(rooms=[{"room": "tea", "last": 3}])
    assert seat.server.requests("join") == []


def test_no_more_rooms_are_joined_than_the_server_allows() -> None:
    seat = ScriptedSeat()
    limits = {"text": 4096, "line": 16384, "name": 32, "rooms": 3}
    seat.server.welcome(rooms=[{"room": f"r{number}", "last": 0} for number in range(5)], limits=limits)
    assert [request["room"] for request in seat.server.requests("join")] == ["r0", "r1"]


def test_a_script_joins_the_rooms_that_it_was_told() -> None:
    scripted = Scripted(Record(), backlog=0)
    scripted.server.welcome(rooms=[{"room": "tea", "last": 3}])
    assert {request["type"] for request in scripted.server.requests()} == {"ignore", "ping"}


def test_an_older_server_is_asked_for_nothing_new() -> None:
    seat = ScriptedSeat()
    seat.server.welcome(features=[], registered=False)
    seat.server.say(room("lobby"))
    assert {request["type"] for request in seat.server.requests()} == {"ping"}
    seat.server.say(message(3, "bob", "psst", to="ada"))
    seat.client.go("@bob")
    assert seat.shown("@bob") == ["bob (private): psst"]
    assert seat.server.requests() == []
    seat.client.enter("hi")
    assert [(sent["name"], sent["text"]) for sent in seat.server.requests("msg")] == [("bob", "hi")]


# -- what is unread


@pytest.mark.parametrize(("read", "last", "count"), [(None, 900, 50), (890, 900, 50), (800, 900, 100), (3, 900, 200)])
def test_as_much_is_fetched_as_may_be_unread(read: int | None, last: int, count: int) -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    seat.server.welcome()
    seat.server.say(room("dev", last=last, read=read))
    assert [request["count"] for request in seat.server.requests("history")] == [count]


def test_a_new_device_shows_what_is_unread() -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    seat.server.welcome()
    seat.server.say(room("dev", last=20, read=17))
    seat.answer("history", **history("dev", 10, 15, 17, 18, 19, 20))
    assert seat.unread["#dev"] == "3"
    mark = seat.room("#dev").mark
    assert mark is not None
    assert seat.room("#dev").lines[mark].text == "18"


@pytest.mark.parametrize(("more", "words"), [(False, "3"), (True, "3+")])
def test_where_more_is_unread_than_was_fetched_it_says_so(more: bool, words: str) -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    seat.server.welcome()
    seat.server.say(room("dev", last=20, read=5))
    seat.answer("history", **history("dev", 18, 19, 20, more=more))
    assert seat.unread["#dev"] == words
    seat.model.turn_to(seat.room("#dev"))
    assert seat.unread["#dev"] == "0"


def test_what_is_read_on_another_device_is_read() -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    seat.server.welcome()
    seat.server.say(room("dev"))
    seat.server.say(*(message(number, "bob", f"ada: {number}", room="dev") for number in range(1, 6)))
    dev = seat.room("#dev")
    assert (dev.unread, dev.calls) == (5, 5)
    seat.server.say({"type": "read", "room": "dev", "id": 3})
    assert (dev.unread, dev.calls) == (2, 2)
    assert dev.mark is not None
    assert dev.lines[dev.mark].id == 4
    seat.server.say({"type": "read", "room": "dev", "id": 2})
    assert (dev.unread, dev.calls) == (2, 2)
    seat.server.say({"type": "read", "room": "dev", "id": 5})
    assert (dev.unread, dev.calls) == (0, 0)
    assert dev.mark is None


def test_what_was_read_on_another_device_during_a_break_is_read() -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    seat.server.welcome()
    seat.server.say(room("dev"), message(1, "bob", "one", room="dev"), message(2, "bob", "two", room="dev"))
    seat.server.cut()
    seat.come_back()
    seat.server.welcome()
    seat.server.say(room("dev", last=2, read=1))
    assert seat.unread["#dev"] == "1"


def test_who_reads_and_leaves_has_read(box: Box) -> None:
    one = desk(box, "lobby", "dev")
    box.json("bob", rooms={"dev": None}).ask(type="say", room="dev", text="one")
    one.pump()
    one.enter("/go dev", "/quit")
    assert desk(box, "lobby", "dev").room("#dev").unread == 0


def test_what_another_device_has_read_is_not_reported_again() -> None:
    seat = ScriptedSeat()
    ReadMarks(seat.link, seat.model, seat.clock)
    seat.server.welcome()
    seat.server.say(room("lobby"), message(1, "bob", "one"), {"type": "read", "room": "lobby", "id": 1})
    seat.clock.advance(DELAY)
    assert seat.server.requests("read") == []


def test_of_a_room_without_a_mark_it_is_told_what_was_there_when_the_user_came() -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    ReadMarks(seat.link, seat.model, seat.clock)
    seat.server.welcome()
    seat.server.say(room("lobby", read=None), room("dev", last=7, read=None), message(9, "bob", "hi", room="dev"))
    seat.clock.advance(DELAY)
    marks = seat.server.requests("read")
    assert [(mark["room"], mark["id"]) for mark in marks] == [("lobby", 0), ("dev", 7)]
    seat.server.say(*({"type": "read", "room": mark["room"], "id": mark["id"], "tag": mark["tag"]} for mark in marks))
    seat.clock.advance(DELAY)
    assert seat.server.requests("read") == []


def test_a_mark_that_was_lost_is_sent_again() -> None:
    seat = ScriptedSeat()
    ReadMarks(seat.link, seat.model, seat.clock)
    seat.server.welcome()
    seat.server.say(room("lobby"), message(9, "bob", "hi"))
    seat.clock.advance(DELAY)
    assert len(seat.server.requests("read")) == 1
    seat.server.cut()
    seat.come_back()
    seat.server.welcome()
    seat.server.say(room("lobby", last=9, read=0))
    seat.clock.advance(DELAY)
    assert [mark["id"] for mark in seat.server.requests("read")] == [9]


def test_what_the_user_said_on_another_device_is_not_unread() -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    seat.server.welcome()
    seat.server.say(room("dev"), message(1, "ada", "from the phone", room="dev"))
    assert seat.unread["#dev"] == "0"


def test_what_was_deleted_is_not_unread() -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    seat.server.welcome()
    seat.server.say(room("dev"), message(1, "bob", "one", room="dev"), message(2, "bob", "two", room="dev"))
    seat.server.say({"type": "deleted", "time": "now", "room": "dev", "id": 1, "by": "bob"})
    assert seat.unread["#dev"] == "1"


# -- what the user says


def test_what_the_user_says_on_another_device_is_shown_once_and_acknowledges_nothing() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say(room("lobby"))
    seat.client.enter("from here")
    (sent,) = seat.server.requests("say")
    seat.server.say(message(1, "ada", "from the phone"), message(2, "ada", "from the phone", tag="other-1"))
    assert list(seat.link.outbox) == [sent["tag"]]
    seat.server.say(message(3, "ada", "from here", tag=sent["tag"]))
    assert not seat.link.outbox
    assert seat.shown("#lobby")[1:] == ["ada: from the phone", "ada: from the phone", "ada: from here"]


def test_the_tag_of_somebody_else_is_no_acknowledgement() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say(room("lobby"))
    seat.client.enter("from here")
    (sent,) = seat.server.requests("say")
    seat.server.say(message(1, "mal", "guessed", tag=sent["tag"]))
    assert list(seat.link.outbox) == [sent["tag"]]
    seat.server.cut()
    seat.come_back()
    seat.server.welcome()
    assert [again["tag"] for again in seat.server.requests("say")] == [sent["tag"]]


def test_what_was_said_under_the_name_before_is_acknowledged() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say(room("lobby"))
    seat.client.enter("from here")
    (sent,) = seat.server.requests("say")
    seat.server.say({"type": "renamed", "time": "now", "room": None, "name": "ada", "new": "lovelace"})
    seat.server.say(message(1, "ada", "from here", tag=sent["tag"]))
    assert not seat.link.outbox


def test_a_plain_terminal_shows_what_was_not_typed_at_it() -> None:
    seat = ScriptedSeat()
    output = io.StringIO()
    plain = Plain(seat.client, output)
    seat.server.welcome()
    seat.server.say(room("lobby"))
    plain.feed(b"from here\r")
    (sent,) = seat.server.requests("say")
    seat.server.say(message(1, "ada", "from here", tag=sent["tag"]), message(2, "ada", "from the phone"))
    assert output.getvalue().endswith("from here\r\n10:15 ada: from the phone\r\n")


def test_what_a_plain_terminal_has_shown_is_read() -> None:
    seat = ScriptedSeat(rooms=("lobby", "dev"))
    Plain(seat.client, io.StringIO())
    ReadMarks(seat.link, seat.model, seat.clock)
    seat.server.welcome()
    seat.server.say(room("lobby"), room("dev"), message(1, "bob", "one", room="dev"))
    seat.clock.advance(DELAY)
    assert [(mark["room"], mark["id"]) for mark in seat.server.requests("read")] == [("dev", 1)]


# -- what the server keeps


def test_whom_the_account_ignores_is_what_the_server_says() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.answer("ignore", type="ignored", names=["mal"])
    assert seat.model.ignored == {"mal"}
    assert seat.bells.lines == []
    seat.server.say({"type": "ignored", "names": []})
    assert seat.bells.lines == [("#lobby", "* You ignore nobody.")]
    seat.server.cut()
    seat.come_back()
    seat.server.welcome()
    seat.answer("ignore", type="ignored", names=["mal", "eve"])
    assert seat.model.ignored == {"mal", "eve"}
    assert seat.server.requests("ignore") == []


def away(seat: ScriptedSeat) -> None:
    """The user is away; the connection breaks, and comes back to a server that does not know that they are away."""
    seat.server.welcome()
    seat.server.say(room("lobby"))
    seat.client.enter("/away lunch")
    seat.answer("away", type="away", time="now", room=None, name="ada", text="lunch")
    seat.server.cut()
    seat.come_back()
    seat.server.welcome()
    seat.server.say(room("lobby"), room("dev"))


def test_who_was_away_is_away_again_in_a_new_session() -> None:
    seat = ScriptedSeat()
    away(seat)
    mine = {"device": 1, "way": "json", "address": None, "since": "now", "idle": 0, "this": True}
    seat.answer("devices", type="devices", devices=[mine, {**mine, "device": 2, "this": False, "held": True}])
    assert [request["text"] for request in seat.server.requests("away")] == ["lunch"]


def test_who_is_back_on_another_device_is_back() -> None:
    seat = ScriptedSeat()
    away(seat)
    other = {"device": 2, "way": "json", "address": None, "since": "now", "idle": 0}
    seat.answer("devices", type="devices", devices=[other])
    assert seat.server.requests("away") == []
    assert seat.model.away is None


def test_an_older_server_knows_of_no_other_devices() -> None:
    seat = ScriptedSeat()
    away(seat)
    seat.answer("devices", type="error", code="unknown-type", text="No.")
    assert [request["text"] for request in seat.server.requests("away")] == ["lunch"]
    assert "! No." not in seat.shown("#lobby")


# -- being sent away


def test_who_was_logged_out_elsewhere_stays_away_and_is_told_why() -> None:
    record = Record()
    scripted = Scripted(record)
    scripted.server.welcome()
    scripted.server.say({"type": "goodbye", "text": "You were logged out on another device.", "code": "logged-out"})
    scripted.server.cut()
    scripted.come_back()
    assert scripted.link.farewell == "You were logged out on another device."
    assert len(scripted.server.hellos) == 1
    assert isinstance(record.events[-1], events.Goodbye)


@pytest.mark.parametrize("code", ["password-needed", "wrong-password", "wrong-key", "invitation-needed", "banned"])
def test_who_would_have_to_be_asked_does_not_come_back_by_themselves(code: str) -> None:
    scripted = Scripted(Record())
    scripted.server.welcome()
    scripted.server.cut()
    scripted.come_back()
    scripted.server.say({"type": "error", "code": code, "text": "No.", "tag": "hello"})
    scripted.come_back()
    assert scripted.link.farewell == "No."
    assert len(scripted.server.hellos) == 2


def test_a_tail_goes_on_with_private_messages_where_it_was() -> None:
    output, complaints = io.StringIO(), list[str]()
    seat = ScriptedSeat()
    tail = Tail(output, seat.model.local_time, complaints.append)
    scripted = Scripted(tail, backlog=0, conversations=True)
    scripted.server.welcome()
    scripted.server.say(message(3, "bob", "psst", to="ada", **{"with": "p7"}))
    scripted.server.cut()
    scripted.come_back()
    assert scripted.server.hellos[1]["private"] == 3


@pytest.mark.parametrize("registered", [True, False])
def test_a_tail_has_read_what_it_prints_if_nobody_reads_elsewhere(registered: bool) -> None:
    seat = ScriptedSeat()
    tail = Tail(io.StringIO(), seat.model.local_time, list[str]().append)
    scripted = Scripted(tail, backlog=0, conversations=True)
    tail.start(scripted.link)
    scripted.server.welcome(registered=registered)
    scripted.server.say(message(3, "bob", "psst", to="ada", **{"with": "p7"}))
    read = [(mark["with"], mark["id"]) for mark in scripted.server.requests("read")]
    assert read == ([] if registered else [("p7", 3)])


# -- with the real chat

PASSWORD = "correct horse"  # noqa: S105


@pytest.fixture
def box() -> Box:
    """A chat in which ada has an account."""
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    box.make_account("ada", hash_password(PASSWORD))
    return box


def desk(box: Box, *rooms: str) -> Seat:
    """ada at one of her devices."""
    seat = Seat(box, rooms=rooms or ("lobby",), password=PASSWORD)
    ReadMarks(seat.wiring.link, seat.model, box.clock)
    return seat


def wait(one: Seat, other: Seat) -> None:
    """Let so much time go by that whoever comes back by themselves has come back."""
    for _ in range(40):
        one.wiring.wait(1)
        other.pump()


def test_two_devices_show_the_same(box: Box) -> None:
    one, two = desk(box), desk(box)
    bob = box.json("bob")
    one.enter("from one", "/msg bob psst")
    two.enter("from two")
    bob.ask(type="say", room="lobby", text="hello both")
    bob.ask(type="msg", name="ada", text="hello")
    one.pump()
    two.pump()
    for seat in (one, two):
        assert seat.shown()[1:] == ["ada: from one", "ada: from two", "bob: hello both"]
        assert seat.shown("@bob") == ["ada (private): psst", "bob (private): hello"]
    wait(one, two)
    assert len(one.wiring.endpoint.cables) == len(two.wiring.endpoint.cables) == 1


def test_a_new_device_comes_into_the_rooms_of_the_account_but_not_into_those_that_were_left(box: Box) -> None:
    one = desk(box, "lobby", "dev", "tea")
    one.enter("/go dev", "/leave")
    two = desk(box)
    assert two.titles == ["#lobby", "#tea"]
    two.enter("/go tea", "/leave")
    one.pump()
    assert (one.titles, two.titles) == (["#lobby", "#tea"], ["#lobby"])
    three = desk(box)
    assert three.titles == ["#lobby"]


def test_what_is_read_on_one_device_is_read_on_the_other(box: Box) -> None:
    one, two = desk(box, "lobby", "dev"), desk(box, "lobby", "dev")
    bob = box.json("bob", rooms={"dev": None})
    bob.ask(type="say", room="dev", text="one")
    one.pump()
    two.pump()
    assert two.room("#dev").unread == 1
    one.enter("/go dev")
    one.wiring.wait(DELAY)
    two.pump()
    assert two.room("#dev").unread == 0


def test_a_device_that_is_logged_out_stays_away(box: Box) -> None:
    one, two = desk(box), desk(box)
    one.enter("/devices")
    assert len([line for line in one.shown() if "this one" in line or "json" in line]) >= 2
    one.enter("/logout 2")
    wait(two, one)
    assert two.wiring.link.farewell
    assert len(one.wiring.endpoint.cables) == len(two.wiring.endpoint.cables) == 1
    assert (one.wiring.link.online, two.wiring.link.online) == (True, False)


def test_an_account_with_another_name_goes_by_it_on_all_devices(box: Box) -> None:
    one, two = desk(box), desk(box)
    one.enter(f"/rename lovelace {PASSWORD}")
    two.pump()
    assert (one.model.name, two.model.name) == ("lovelace", "lovelace")
    two.enter("hello")
    assert two.shown()[-1] == "lovelace: hello"
    assert not two.wiring.link.outbox
