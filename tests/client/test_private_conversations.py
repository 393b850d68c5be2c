"""Private conversations that the server keeps: what is unread, what was said before, and who is on the other side."""

from __future__ import annotations

import io
from typing import Any

import pytest
from box import Box
from client.scripted import ScriptedSeat, message, room
from client.seats import Seat

from chat.client.model.client import CannotDo
from chat.client.model.model import MAXIMUM_OPENED
from chat.client.model.read_marks import DELAY, ReadMarks
from chat.client.model.room import OtherSide
from chat.client.plain.plain import Plain
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
BOB = {"with": "p7"}


def listed(*conversations: dict[str, Any]) -> dict[str, Any]:
    """The answer that lists conversations."""
    return {"type": "conversations", "conversations": list(conversations), "more": False}


def with_bob(last: int, read: int, **fields: Any) -> dict[str, Any]:
    """A conversation in the list, in which all is unread that may be."""
    return {
        "name": "bob",
        "last": last,
        "read": read,
        "unread": last - read,
        "time": "now",
        "here": True,
        **BOB,
        **fields,
    }


def said(number: int, author: str = "bob", **fields: Any) -> dict[str, Any]:
    """A private message between ada and bob."""
    to = "bob" if author == "ada" else "ada"
    return message(number, author, **({"text": f"{number}", "to": to} | BOB | fields))


def page(*messages: dict[str, Any], more: bool = False) -> dict[str, Any]:
    """An answer with a part of the history of the conversation with bob."""
    return {"type": "history", "room": None, **BOB, "messages": list(messages), "more": more}


@pytest.fixture
def seat() -> ScriptedSeat:
    """Somebody who has just come in."""
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.say(room("lobby"))
    return seat


def test_what_is_unread_is_opened_and_counted(seat: ScriptedSeat) -> None:
    eve = with_bob(4, 4, name="eve", **{"with": "p8"})
    seat.answer("conversations", **listed(with_bob(9, 5, unread=2), eve))
    assert seat.unread == {"#lobby": "0", "@bob": "2"}
    request = seat.answer("history", **page(said(3), said(5), said(6, "ada"), said(7), said(9)))
    assert (request["with"], "room" in request, request["count"]) == ("p7", False, 100)
    assert seat.unread == {"#lobby": "0", "@bob": "2"}
    assert seat.model.current.title == "#lobby"
    assert seat.bells.rung == 0
    bob = seat.room("@bob")
    assert bob.mark is not None
    assert bob.lines[bob.mark].id == 7


def test_more_is_unread_than_was_fetched(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed(with_bob(900, 5)))
    request = seat.answer("history", **page(said(899), said(900), more=True))
    assert request["count"] == 200
    assert seat.unread["@bob"] == "2+"


def test_no_more_are_opened_than_can_be_overlooked(seat: ScriptedSeat) -> None:
    many = [with_bob(9, 0, name=f"u{number}", **{"with": f"p{number}"}) for number in range(100)]
    seat.answer("conversations", **listed(*many))
    assert len(seat.model.rooms) == 1 + MAXIMUM_OPENED
    assert len(seat.server.requests("history")) == MAXIMUM_OPENED


def test_what_comes_while_the_history_is_fetched_is_shown_once_and_in_order(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed(with_bob(7, 5)))
    (request,) = seat.server.requests("history")
    seat.server.say(said(8), {**page(said(5), said(7), said(8)), "tag": request["tag"]})
    assert seat.shown("@bob") == ["bob (private): 5", "bob (private): 7", "bob (private): 8"]
    assert seat.unread["@bob"] == "2"


def test_a_conversation_that_is_looked_at_shows_its_last_messages(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed(with_bob(7, 7)))
    assert seat.server.requests("history") == []
    seat.server.say(said(8))
    assert seat.server.requests("history") == []
    seat.client.enter("/go @bob")
    request = seat.answer("history", **page(said(5), said(7), more=True))
    assert (request["with"], request["before"]) == ("p7", 8)
    assert seat.shown("@bob") == ["bob (private): 5", "bob (private): 7", "bob (private): 8"]
    assert seat.unread["@bob"] == "0"
    seat.client.ask_earlier()
    assert seat.answer("history", **page(said(2)))["before"] == 5
    seat.client.ask_earlier()
    assert seat.server.requests("history") == []


def test_the_name_alone_shows_the_conversation(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed(with_bob(7, 7)))
    seat.client.enter("/msg bob")
    assert seat.model.current.title == "@bob"
    assert seat.server.requests("msg") == []
    assert seat.answer("history", **page(said(7)))["with"] == "p7"
    assert seat.shown("@bob") == ["bob (private): 7"]


def test_what_is_typed_goes_to_that_very_user(seat: ScriptedSeat) -> None:
    seat.server.say(said(8))
    seat.client.enter("/go @bob")
    seat.client.enter("hi")
    (sent,) = seat.server.requests("msg")
    assert ("name" in sent, sent["with"], sent["text"]) == (False, "p7", "hi")
    assert seat.client.unsent(seat.room("@bob")) == ["ada: hi"]
    seat.server.say(said(9, "ada", tag=sent["tag"], text="hi"))
    assert seat.client.unsent(seat.room("@bob")) == []


def test_the_first_answer_tells_whom_a_new_conversation_is_with(seat: ScriptedSeat) -> None:
    seat.client.enter("/msg bob hi")
    (sent,) = seat.server.requests("msg")
    assert (sent["name"], "with" in sent) == ("bob", False)
    seat.server.say(said(9, "ada", tag=sent["tag"], text="hi"))
    assert [each.title for each in seat.model.rooms] == ["#lobby", "@bob"]
    seat.client.enter("again")
    assert [again["with"] for again in seat.server.requests("msg")] == ["p7"]


def test_what_the_user_says_on_another_device_appears_in_the_conversation(seat: ScriptedSeat) -> None:
    seat.server.say(said(8, "ada"))
    assert seat.shown("@bob") == ["ada (private): 8"]
    assert seat.unread == {"#lobby": "0", "@bob": "0"}
    assert seat.bells.rung == 0


def test_what_is_read_is_told_and_what_is_read_elsewhere_is_read(seat: ScriptedSeat) -> None:
    ReadMarks(seat.link, seat.model, seat.clock)
    seat.server.say(said(8), said(9))
    seat.server.say({"type": "read", "room": None, **BOB, "id": 8})
    assert seat.unread["@bob"] == "1"
    seat.client.enter("/go @bob")
    seat.clock.advance(DELAY)
    (mark,) = seat.server.requests("read")
    assert ("room" in mark, mark["with"], mark["id"]) == (False, "p7", 9)


def test_what_was_read_elsewhere_is_not_unread_in_a_conversation_that_opens_later(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed(with_bob(7, 7)))
    seat.server.say({"type": "read", "room": None, **BOB, "id": 8}, said(8))
    assert seat.unread["@bob"] == "0"


def test_what_was_read_elsewhere_during_a_break_is_read(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed())
    seat.server.say(said(8), said(9))
    seat.server.cut()
    seat.come_back()
    seat.server.welcome()
    seat.answer("conversations", **listed(with_bob(9, 8)))
    assert seat.unread["@bob"] == "1"


def test_a_new_name_is_told_and_what_is_typed_still_goes_there(seat: ScriptedSeat) -> None:
    seat.server.say(said(8))
    seat.server.say({"type": "conversation", **BOB, "name": "robert", "here": True})
    assert seat.shown("@robert") == ["bob (private): 8", "* bob is now known as robert."]
    seat.client.enter("/go @robert")
    seat.client.enter("hi")
    assert [sent["with"] for sent in seat.server.requests("msg")] == ["p7"]
    seat.server.say(said(9, "ada", to="robert"), said(8))
    assert [each.title for each in seat.model.rooms] == ["#lobby", "@robert"]


def test_who_leaves_and_comes_is_told(seat: ScriptedSeat) -> None:
    seat.server.say(said(8))
    for here in (True, False, False, True):
        seat.server.say({"type": "conversation", **BOB, "name": "bob", "here": here})
    assert seat.shown("@bob")[1:] == ["* bob is not here now.", "* bob is here now."]


def test_whoever_has_the_name_of_somebody_who_is_gone_is_somebody_else(seat: ScriptedSeat) -> None:
    seat.server.say(said(8))
    seat.server.say({"type": "conversation", **BOB, "name": None, "here": False})
    assert [each.title for each in seat.model.rooms] == ["#lobby", "@bob (gone)"]
    seat.client.enter("/msg bob hi")
    (sent,) = seat.server.requests("msg")
    assert (sent["name"], "with" in sent) == ("bob", False)
    seat.server.say(said(9, "ada", tag=sent["tag"], **{"with": "p9"}))
    assert [each.title for each in seat.model.rooms] == ["#lobby", "@bob (gone)", "@bob"]
    assert seat.shown("@bob") == ["ada (private): 9"]


def test_old_messages_do_not_give_a_conversation_its_old_name(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed(with_bob(7, 7, name="robert")))
    seat.client.enter("/go @robert")
    seat.answer("history", **page(said(7)))
    assert seat.shown("@robert") == ["bob (private): 7"]
    assert [each.title for each in seat.model.rooms] == ["#lobby", "@robert"]


def test_the_history_of_a_conversation_on_demand(seat: ScriptedSeat) -> None:
    seat.server.say(said(8))
    seat.client.enter("/go @bob")
    seat.server.requests()
    seat.client.enter("/history 5")
    (request,) = seat.server.requests("history")
    assert (request["with"], request["count"], "room" in request) == ("p7", 5, False)
    with pytest.raises(CannotDo, match="this is a private conversation"):
        seat.client.enter("/who")


def test_a_break_while_the_history_is_fetched(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed(with_bob(9, 5)))
    assert len(seat.server.requests("history")) == 1
    seat.server.cut()
    seat.come_back()
    seat.server.welcome()
    seat.answer("conversations", **listed(with_bob(9, 5)))
    seat.answer("history", **page(said(9)))
    assert seat.unread["@bob"] == "1"


def test_a_history_that_is_refused_is_not_asked_for_again(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed(with_bob(9, 5)))
    seat.answer("history", type="error", code="no-such-user", text="There is no such conversation.")
    assert seat.server.requests("history") == []
    assert seat.shown("#lobby") == ["* You are ada, in #lobby with bob."]


def test_a_plain_terminal_shows_what_is_unread() -> None:
    seat = ScriptedSeat()
    output = io.StringIO()
    Plain(seat.client, output)
    ReadMarks(seat.link, seat.model, seat.clock)
    seat.server.welcome()
    seat.answer("conversations", **listed(with_bob(9, 5)))
    seat.answer("history", **page(said(5), said(9)))
    assert output.getvalue() == "10:15 [@bob] bob (private): 5\r\n10:15 [@bob] bob (private): 9\r\n"
    seat.clock.advance(DELAY)
    assert [(mark["with"], mark["id"]) for mark in seat.server.requests("read")] == [("p7", 9)]


def test_what_is_found_in_a_conversation_is_gone_to(seat: ScriptedSeat) -> None:
    seat.client.search("tea in:me")
    seat.answer("search", type="found", text="tea in:me", messages=[said(8), said(9, "ada")], more=False)
    assert seat.model.search is not None
    for found in seat.model.search.found:
        assert (found.room, found.private, found.with_) == ("bob", True, "p7")


def test_who_was_gone_before_is_told_apart_from_whoever_has_the_name(seat: ScriptedSeat) -> None:
    gone = with_bob(7, 5, gone=True, here=False)
    seat.answer("conversations", **listed(with_bob(9, 9, **{"with": "p9"}), gone))
    assert [each.title for each in seat.model.rooms] == ["#lobby", "@bob (gone)"]
    seat.client.enter("/go @bob")
    assert (seat.model.current.title, seat.model.current.with_) == ("@bob", "p9")


def test_a_list_on_demand_opens_nothing(seat: ScriptedSeat) -> None:
    seat.answer("conversations", **listed())
    seat.client.enter("/conversations")
    seat.answer("conversations", **listed(with_bob(9, 8)))
    assert [each.title for each in seat.model.rooms] == ["#lobby"]
    assert seat.shown("#lobby")[-1].endswith("bob, 1 unread")


def test_a_guest_too_tells_what_they_have_read_in_private() -> None:
    seat = ScriptedSeat()
    ReadMarks(seat.link, seat.model, seat.clock)
    seat.server.welcome(registered=False)
    seat.server.say(room("lobby"), message(7, "bob", "hi"), said(8))
    seat.client.enter("/go @bob")
    seat.clock.advance(DELAY)
    assert [(mark["with"], mark["id"]) for mark in seat.server.requests("read")] == [("p7", 8)]


# -- with the real chat


@pytest.fixture
def box() -> Box:
    """A chat in which ada and bob have accounts."""
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    for name in ("ada", "bob"):
        box.make_account(name, HASH)
    return box


def desk(box: Box, name: str = "ada", password: str | None = PASSWORD) -> Seat:
    """Somebody at one of their devices."""
    seat = Seat(box, name, password=password)
    ReadMarks(seat.wiring.link, seat.model, box.clock)
    return seat


def test_what_came_while_nobody_was_there_is_unread_on_all_devices_until_one_reads_it(box: Box) -> None:
    bob = desk(box, "bob")
    bob.enter("/msg ada one", "two", "three")
    one, two = desk(box), desk(box)
    for seat in (one, two):
        assert seat.titles == ["#lobby", "@bob"]
        assert seat.room("@bob").unread == 3
        assert seat.shown("@bob") == ["bob (private): one", "bob (private): two", "bob (private): three"]
    one.enter("/go @bob")
    one.wiring.wait(DELAY)
    two.pump()
    assert two.room("@bob").unread == 0
    assert desk(box).titles == ["#lobby"]


def test_the_name_alone_shows_what_was_said(box: Box) -> None:
    bob = desk(box, "bob")
    bob.enter("/msg ada one")
    desk(box).enter("/go @bob", "two", "/quit")
    ada = desk(box)
    assert ada.titles == ["#lobby"]
    ada.enter("/msg bob")
    assert ada.model.current.title == "@bob"
    assert ada.shown("@bob") == ["bob (private): one", "ada (private): two"]
    ada.enter("/history 1")
    assert ada.shown("@bob")[-2:] == ["* [2026-11-21 10:15] ada: two", "* For older ones: /search before:2 in:@bob"]
    ada.enter("/go lobby", "/conversations")
    assert ada.shown()[-1] == "* [2026-11-21 10:15] bob"


def test_a_break_loses_and_doubles_nothing_that_is_private(box: Box) -> None:
    bob, ada = desk(box, "bob"), desk(box)
    bob.enter("/msg ada one")
    ada.pump()
    ada.wiring.cable.die()
    bob.enter("two")
    ada.enter("/go @bob", "three")
    ada.wiring.wait(2)
    bob.enter("four")
    ada.pump()
    texts = [line.rpartition(" ")[2] for line in ada.shown("@bob") if "(private)" in line]
    assert sorted(texts[:3]) == ["one", "three", "two"]
    assert texts[3:] == ["four"]


def test_who_leaves_comes_and_has_another_name_is_told(box: Box) -> None:
    bob, ada = desk(box, "bob"), desk(box)
    bob.enter("/msg ada one", "/nick robert")
    ada.pump()
    assert ada.titles == ["#lobby", "@robert"]
    ada.enter("/go @robert", "two")
    bob.pump()
    assert bob.shown("@ada")[-1] == "ada (private): two"
    bob.enter("/quit")
    ada.pump()
    assert ada.shown("@bob")[-2:] == ["* robert is now known as bob.", "* bob is not here now."]
    assert ada.room("@bob").other_side is OtherSide.AWAY
    ada.enter("three")
    bob = desk(box, "bob")
    assert bob.room("@ada").unread == 1
    ada.pump()
    assert ada.room("@bob").other_side is OtherSide.HERE


def test_a_guest_who_leaves_is_gone(box: Box) -> None:
    guest, ada = desk(box, "eve", password=None), desk(box)
    guest.enter("/msg ada one")
    ada.pump()
    guest.enter("/quit")
    ada.pump()
    assert ada.titles == ["#lobby", "@eve (gone)"]
    other = desk(box, "eve", password=None)
    ada.enter("/msg eve who are you?")
    other.pump()
    assert ada.titles == ["#lobby", "@eve (gone)", "@eve"]
    assert other.shown("@ada") == ["ada (private): who are you?"]


def test_what_was_said_in_private_is_found(box: Box) -> None:
    bob, ada = desk(box, "bob"), desk(box)
    bob.enter("/msg ada green tea")
    ada.pump()
    for text in ("tea in:me", "tea in:@bob"):
        ada.client.search(text)
        ada.pump()
        search = ada.model.search
        assert search is not None
        assert [(found.room, found.private, found.line.text) for found in search.found] == [("bob", True, "green tea")]
        assert search.found[0].with_ == ada.room("@bob").with_
    ada.client.search("tea")
    ada.pump()
    assert ada.model.search is not None
    assert ada.model.search.found == []


def test_the_names_of_conversations_are_completed_in_commands(seat: ScriptedSeat) -> None:
    gone = with_bob(6, 6, name="roger", gone=True, **{"with": "p8"})
    seat.answer("conversations", **listed(with_bob(7, 7, name="robert"), gone))
    assert list(seat.client.complete("/msg ro").texts) == ["robert "]
    assert list(seat.client.complete("/go @ro").texts) == ["@robert "]
    assert list(seat.client.complete("ro").texts) == []


MAYBE = "was seen to leave, or to have another name. Whoever has the name now may be somebody else."


def test_a_conversation_that_was_only_opened_follows_a_new_name() -> None:
    box = Box()
    bob, eve, seat = box.text("bob"), box.text("eve"), Seat(box)
    seat.enter("/go @bob")
    bob.send("/nick bobby")
    eve.send("/nick bob")
    seat.pump()
    seat.enter("for bobby")
    assert "ada (private): for bobby" in bob.lines()
    assert not [line for line in eve.lines() if "for bobby" in line]


@pytest.mark.parametrize("away", ["/join dev", "exit"])
def test_who_takes_a_name_gets_nothing_unasked(away: str) -> None:
    box = Box()
    bob, eve = box.text("bob"), box.text("eve")
    seat = Seat(box)
    seat.enter("/go @bob")
    bob.send(away, "/nick bobby")
    eve.send("/nick bob")
    seat.pump()
    assert seat.shown("@bob") == [f"* bob {MAYBE}"]
    with pytest.raises(CannotDo, match="bob may be somebody else now"):
        seat.enter("the secret is 42")
    assert not [line for line in eve.lines() if "secret" in line]
    seat.enter("hello you")
    assert "ada (private): hello you" in eve.lines()
    assert seat.room("@bob").other_side is OtherSide.HERE


def test_who_takes_a_name_that_was_never_seen_gets_nothing_unasked() -> None:
    box = Box()
    box.text("bob").send("/join dev", "/nick bobby")
    eve = box.text("eve")
    seat = Seat(box)
    seat.enter("/go @bob")
    eve.send("/nick bob")
    seat.pump()
    assert seat.shown("@bob") == [f"* bob {MAYBE}"]
    with pytest.raises(CannotDo):
        seat.enter("the secret is 42")


def test_who_only_leaves_one_of_two_rooms_stays_the_same() -> None:
    box = Box()
    bob = box.json("bob", rooms={"lobby": None, "dev": None})
    seat = Seat(box, rooms=("lobby", "dev"))
    seat.enter("/go @bob")
    bob.ask(type="leave", room="dev")
    seat.pump()
    assert seat.shown("@bob") == []
    seat.enter("still you")
    assert seat.shown("@bob") == ["ada (private): still you"]
