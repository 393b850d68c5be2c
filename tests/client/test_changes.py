"""What changes of messages, answers and texts of several lines look like at our clients, with the real chat behind."""

from __future__ import annotations

import io
from typing import Any

import pytest
from box import Box
from client.scripted import ScriptedSeat, message, room, time_of
from client.seats import Seat, local_time
from client.wiring import Line as Wiring

from chat.client.model.client import CannotDo
from chat.client.model.scrollback import Line, Quote
from chat.client.plain.pipe import Tail
from chat.client.plain.plain import Plain
from chat.core.accounts import Role
from chat.core.events import Reaction
from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
TRACEBACK = "Traceback:\n  File x\n\n    raise"
FEATURES = ["changes", "conversations", "lines"]
LIMITS = {"text": 4096, "line": 16384, "name": 32, "rooms": 50, "lines": 100}


def program(box: Box, name: str = "bob", **fields: Any) -> Any:
    """A program that accepts everything, in the lobby."""
    return box.json(name, rooms={"lobby": None}, accept=FEATURES, **fields)


def last(seat: Seat | ScriptedSeat, title: str = "#lobby") -> Line:
    """The newest message of a room that is there, or that was."""
    return [line for line in seat.room(title).lines if line.id is not None][-1]


def change(kind: str, number: int, rev: int, **fields: Any) -> dict[str, Any]:
    """A change of the message with that id, made by bob in the lobby."""
    return {"type": kind, "id": number, "rev": rev, "room": "lobby", "by": "bob", "time": time_of(2000 + rev), **fields}


def entered(*messages: dict[str, Any], **fields: Any) -> ScriptedSeat:
    """ada in the lobby of a server that does what she has it do, with these messages."""
    seat = ScriptedSeat()
    seat.server.welcome(features=FEATURES, limits=LIMITS, **fields)
    seat.server.requests()
    numbers = [each["id"] for each in messages]
    seat.server.say(room("lobby", max(numbers, default=0)))
    if messages:
        seat.answer("history", type="history", room="lobby", messages=list(messages), more=False)
    return seat


# -- texts of several lines


def test_a_text_of_several_lines_is_one_message() -> None:
    box = Box()
    seat, bob = Seat(box), program(box)
    seat.enter(f"\n{TRACEBACK}  \n\n")
    assert [each.text for each in box.stored] == [TRACEBACK]
    assert [each["text"] for each in bob.objects() if each["type"] == "message"] == [TRACEBACK]
    assert last(seat).text == TRACEBACK
    assert seat.shown()[-1] == "ada: Traceback:\nada:   File x\nada: \nada:     raise"


@pytest.mark.parametrize("text", ["/topic a\nb", "/quit\nb", "exit\n/quit", "//x\n//y", "/usr/bin/x\ny"])
def test_a_text_of_several_lines_is_no_command(text: str) -> None:
    box = Box()
    Seat(box).enter(text)
    assert [each.text for each in box.stored] == [text]


def test_a_password_is_not_said_because_lines_follow() -> None:
    box = Box()
    with pytest.raises(CannotDo, match="The first line has a password in it, so nothing was sent"):
        Seat(box).enter("/register correct horse\n/join dev")
    assert box.stored == []


def test_commands_that_say_something_take_several_lines() -> None:
    box = Box()
    seat, bob = Seat(box), program(box)
    seat.enter("/ME waves\nand leaves", "/msg bob one\n  two")
    assert [each["text"] for each in bob.objects() if each["type"] == "message"] == ["waves\nand leaves", "one\n  two"]
    assert seat.shown("@bob") == ["ada (private): one\nada (private):   two"]


def test_too_many_lines_are_refused_before_they_are_sent() -> None:
    box = Box()
    seat = Seat(box)
    with pytest.raises(CannotDo, match="That has 101 lines, and the server takes 100 at once"):
        seat.enter("\n".join(["x"] * 101))
    seat.enter("\n".join(["x"] * 100))
    assert [each.text.count("\n") for each in box.stored] == [99]


def test_an_older_server_is_sent_each_line_by_itself() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    seat.server.requests()
    seat.client.enter("one\n\n  /two")
    assert [each["text"] for each in seat.server.requests("say")] == ["one", "/two"]
    with pytest.raises(CannotDo, match="takes 1 at once"):
        seat.client.enter("/me one\ntwo")
    seat.model.open("bob", private=True)
    for line in ("/edit x", "/react x", "/pins", "/notify x", "/me waves"):
        if line == "/me waves":
            seat.model.turn_to(seat.room("@bob"))
        with pytest.raises(CannotDo, match="The server is too old"):
            seat.client.enter(line)
    assert seat.server.requests() == []


def test_lines_that_have_no_room_in_the_outbox_are_all_refused() -> None:
    seat = ScriptedSeat()
    seat.server.welcome()
    with pytest.raises(CannotDo, match="That is 101 lines, and 100 messages at most can wait to be sent"):
        seat.client.enter("\n".join(["x"] * 101))
    assert not seat.client.link.outbox


# -- edits and deletions


def test_an_edited_message_is_shown_as_it_is_now() -> None:
    box = Box()
    seat, bob = Seat(box), program(box)
    bob.ask(type="say", room="lobby", text="gren tea")
    bob.ask(type="edit", text="green tea, ada?\nyes?")
    seat.pump()
    line = last(seat)
    assert (line.text, line.edited) == ("green tea, ada?\nyes?", True)
    assert seat.bells.rung == 0


def test_what_one_edits_is_the_last_that_one_said_in_this_room() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    seat.enter("one", "two", "/go dev", "other", "/go lobby", "/edit 2")
    assert [each.text for each in seat.room("#lobby").lines if each.mine] == ["one", "2"]
    assert [each.text for each in seat.room("#dev").lines if each.mine] == ["other"]
    assert not seat.client.link.outbox


def test_the_text_is_offered_to_be_edited() -> None:
    box = Box()
    seat = Seat(box)
    with pytest.raises(CannotDo, match="nothing here that you said"):
        seat.enter("/edit")
    seat.enter("one\n  two", "/edit")
    assert seat.client.draft == "/edit #1 one\n  two"
    seat.wiring.link.post("say", room="lobby", text="meanwhile, from elsewhere")
    seat.enter(f"{seat.client.draft}\nthree")
    assert seat.client.draft == ""
    assert [each.text for each in seat.room("#lobby").lines if each.mine] == [
        "one\n  two\nthree",
        "meanwhile, from elsewhere",
    ]


def test_an_edit_that_was_begun_in_one_room_and_ended_after_another_changes_its_own_message() -> None:
    seat = Seat(Box(), rooms=("lobby", "dev"))
    seat.enter("one", "/edit")
    begun = seat.client.draft
    seat.model.turn_to(seat.room("#dev"))
    seat.enter("other", "/edit")
    seat.wiring.link.post("say", room="lobby", text="from elsewhere")
    seat.enter(f"{seat.client.draft}s")
    seat.enter(f"{begun} two")
    assert (last_said(seat), last_said(seat, "#dev")) == (["one two", "from elsewhere"], ["others"])


def test_a_message_of_ones_own_is_edited_by_its_number() -> None:
    box = Box()
    seat, bob = Seat(box, rooms=("lobby", "dev")), program(box)
    seat.enter("one", "two", "/edit #1 One", "/go dev", "/edit #2 #3 is mended\ntoo", "/edit #1")
    assert last_said(seat) == ["One", "#3 is mended\ntoo"]
    assert seat.client.draft == "/edit #1 One"
    bob.ask(type="say", room="lobby", text="mine")
    seat.pump()
    number = box.stored[-1].id
    for line in (f"/edit #{number}", "/edit #99"):
        with pytest.raises(CannotDo, match="You did not say #"):
            seat.enter(line)
    seat.enter(f"/edit #{number} yours")
    assert seat.shown("#dev")[-1] == "! That is not yours to edit."
    seat.enter("/edit #0 nothing")
    assert last_said(seat)[-1] == "mine"
    assert last_said(seat, "#dev") == []


def test_what_was_found_is_answered_and_reacted_to_by_its_number() -> None:
    box = Box()
    bob = program(box)
    bob.ask(type="say", room="lobby", text="green tea?")
    for number in range(60):
        bob.ask(type="say", room="lobby", text=f"more {number}")
    seat = Seat(box)
    with pytest.raises(CannotDo, match="no message #1 in what is shown here"):
        seat.enter("/reply #1 yes")
    seat.enter("/react ok 1", "/react ok 1", "/search green", "/react ok 1")
    assert [event["on"] for event in bob.objects() if event["type"] == "reacted"] == [True, False, True]
    seat.enter("/react ok 1")
    assert bob.objects()[-1]["on"] is False
    bob.ask(type="edit", id=1, text="greener tea?")
    seat.pump()
    answered = seat.client.answers("/reply #1")
    assert answered is not None
    assert (answered[0].title, answered[1].text) == ("#lobby", "greener tea?")
    seat.enter("/reply #1 yes")
    assert box.stored[-1].re == 1
    bob.ask(type="delete", id=1)
    seat.pump()
    assert seat.client.answers("/reply #1") is None


def test_an_edit_that_is_refused_stands_in_the_line_again() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter("one")
    box.clock.advance(3601)
    seat.enter("/edit two\nthree")
    assert seat.bells.given_back == [("#lobby", "/edit #1 two\nthree")]


def last_said(seat: Seat, title: str = "#lobby") -> list[str]:
    """The texts of the messages in a room."""
    return [line.text for line in seat.room(title).lines if line.is_message]


def test_an_edit_waits_for_the_connection() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter("one")
    seat.wiring.cable.cut()
    seat.enter("/edit two")
    seat.wiring.wait(3)
    assert last_said(seat) == ["two"]


def test_no_older_message_is_changed_while_the_last_one_is_not_stored() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter("one")
    seat.wiring.cable.cut()
    seat.enter("two")
    for line in ("/edit three", "/edit", "/delete"):
        with pytest.raises(CannotDo, match="not stored yet"):
            seat.enter(line)
    seat.wiring.wait(3)
    assert last_said(seat) == ["one", "two"]
    seat.enter("/edit three")
    assert last_said(seat) == ["one", "three"]
    seat.enter("/delete")
    assert last_said(seat) == ["one"]


def test_what_one_takes_back_is_the_last_that_one_said_in_this_room() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    with pytest.raises(CannotDo, match="nothing here that you said"):
        seat.enter("/delete")
    seat.enter("one", "two", "/go dev", "other", "/go lobby", "/delete")
    assert last_said(seat) == ["one"]
    assert last_said(seat, "#dev") == ["other"]


def test_a_deletion_that_waits_names_the_message_that_was_meant() -> None:
    seat = entered(message(1, "ada", "one"), message(2, "ada", "two"))
    seat.client.enter("/delete")
    seat.client.enter("/delete 1")
    assert [each["id"] for each in seat.server.requests("delete")] == [2, 1]


def test_pin_alone_pins_the_newest_message() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    seat.enter("/go dev", "tea", "/pin")
    assert [line.pinned for line in seat.room("#dev").lines if line.is_message] == [True]


def test_a_deleted_message_takes_its_quotes_with_it() -> None:
    box = Box()
    seat, bob = Seat(box), program(box)
    bob.ask(type="say", room="lobby", text="green tea?")
    seat.pump()
    number = last(seat).id
    bob.ask(type="say", room="lobby", text="yes", re=number)
    seat.pump()
    assert last(seat).reply == Quote(number or 0, "bob", "green tea?")
    bob.ask(type="edit", id=number, text="black tea?\nor none?")
    seat.pump()
    assert last(seat).reply == Quote(number or 0, "bob", "black tea?")
    bob.ask(type="delete", id=number)
    seat.pump()
    assert last(seat).reply is None
    assert seat.shown()[-2:] == ["* bob deleted this.", "bob: yes"]


def test_a_deleted_message_is_gone_from_what_tells_of_it() -> None:
    box = Box()
    seat, bob = Seat(box, rooms=("dev", "lobby")), program(box)
    bob.ask(type="say", room="lobby", text="ada: apple\n  pear")
    bob.ask(type="say", room="lobby", text="ada: three")
    seat.pump()
    seat.enter("/mentions", "/go lobby", "/history 2", "/search apple", "/go dev")
    seat.pump()
    bob.ask(type="delete", id=1)
    seat.pump()
    shown = seat.shown("#dev") + seat.shown("#lobby")
    assert not [line for line in shown if "apple" in line or "pear" in line]
    assert seat.shown("#dev")[-6:] == [
        "* You were named, the newest first:",
        "* [2026-11-21 10:15] #2 #lobby bob: ada: three",
        "* bob deleted this.",
        "* bob deleted this.",
        "* /history around 2 shows what was said then.",
        "* That is all.",
    ]


def test_a_deleted_message_is_gone_from_what_tells_who_pinned_it() -> None:
    seat = entered(message(1, "bob", "one"), message(2, "bob", "two"))
    for number, text in ((1, "one"), (2, "two")):
        seat.server.say(change("pinned", number, 4 + number, on=True, author="bob", text=text))
    seat.client.enter("/pins")
    seat.answer("pins", type="pins", room="lobby", messages=[message(1, "bob", "one"), message(2, "bob", "two")])
    seat.server.say(change("deleted", 1, 8))
    assert [line.partition("]")[2] or line for line in seat.shown("#lobby")[-6:]] == [
        "* bob deleted this.",
        '* bob pinned what bob said: "two"',
        "* Pinned in #lobby:",
        "* bob deleted this.",
        " #2 bob: two",
        "* /history around 2 shows what was said then.",
    ]


@pytest.mark.parametrize("rev", [0, 9])
def test_a_change_of_a_deleted_message_changes_nothing(rev: int) -> None:
    seat = entered(message(1, "bob", "one"))
    seat.server.say(
        change("deleted", 1, 5),
        change("edited", 1, rev, text="two"),
        change("reacted", 1, rev, text="x", on=True, count=1),
    )
    assert (last(seat).text, last(seat).reactions) == ("bob deleted this.", ())


# -- reactions


def test_reactions_are_counted() -> None:
    box = Box()
    seat, bob, eve = Seat(box), program(box), program(box, "eve")
    bob.ask(type="say", room="lobby", text="done")
    seat.pump()
    number = last(seat).id
    seat.enter("/react 👍")
    eve.ask(type="react", id=number, text="👍", on=True)
    eve.ask(type="react", id=number, text="tea", on=True)
    seat.pump()
    assert last(seat).reactions == (Reaction(text="👍", count=2, mine=True), Reaction(text="tea", count=1))
    seat.enter("/react 👍", f"/react tea {number}")
    assert last(seat).reactions == (Reaction(text="👍", count=1), Reaction(text="tea", count=2, mine=True))
    eve.ask(type="react", id=number, text="👍", on=False)
    seat.pump()
    assert last(seat).reactions == (Reaction(text="tea", count=2, mine=True),)
    assert seat.bells.rung == 0


def test_one_reacts_to_what_others_said() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter("one")
    with pytest.raises(CannotDo, match="Nobody else has said anything here"):
        seat.enter("/react 👍")


def test_which_way_to_react_is_said_unless_only_the_server_knows() -> None:
    seat = entered(
        message(1, "bob", "one", reactions=[{"text": "x", "count": 2, "mine": True}]), message(2, "bob", "y")
    )
    seat.client.enter("/react x 1")
    seat.client.enter("/react x")
    seat.client.enter("/react x 77")
    seat.client.enter("/react x 2 off")
    sent = [(each["id"], each.get("on")) for each in seat.server.requests("react")]
    assert sent == [(1, False), (2, True), (77, None), (2, False)]


def test_reacting_in_a_private_conversation() -> None:
    box = Box()
    seat, bob = Seat(box), program(box)
    bob.ask(type="msg", name="ada", text="psst")
    seat.pump()
    seat.enter("/go @bob", "/react 👍")
    assert last(seat, "@bob").reactions == (Reaction(text="👍", count=1, mine=True),)
    bob.ask(type="edit", text="pssst")
    seat.pump()
    assert last(seat, "@bob").text == "pssst"
    bob.ask(type="delete")
    seat.pump()
    assert seat.shown("@bob") == ["* bob deleted this."]


# -- pins


def test_a_pin_that_comes_twice_counts_once() -> None:
    seat = entered(message(1, "bob", "one"))
    pinned = {"on": True, "author": "bob", "text": "one"}
    for rev in (5, 5, 0):
        seat.server.say(change("pinned", 1, rev, **pinned))
    assert seat.room("#lobby").pins == 1
    assert len([line for line in seat.shown("#lobby") if "pinned" in line]) == 1
    seat.server.say(change("deleted", 1, 8))
    assert seat.room("#lobby").pins == 0


# -- what is meant for the user


@pytest.mark.parametrize(
    ("said", "rings"),
    [
        ({"text": "hi ada"}, True),
        ({"text": "one\nada: two"}, True),
        ({"text": "> ada said so\nno"}, False),
        ({"text": "> ada said so\nada: no"}, True),
        ({"text": "the deploy is done"}, True),
        ({"text": "deployed"}, False),
        ({"text": "no name", "re": 1, "re_author": "ada", "re_text": "tea?"}, True),
        ({"text": "no name", "re": 1, "re_author": "eve", "re_text": "tea?"}, False),
        ({"text": "@room tea", "all": True}, True),
        ({"text": "@room tea"}, False),
        ({"text": "ada: built", "notice": True, "all": True, "re": 1, "re_author": "ada"}, False),
    ],
)
def test_what_rings(said: dict[str, Any], rings: bool) -> None:
    seat = entered(words=["deploy"])
    seat.server.say(message(2, "bob", **said))
    assert seat.bells.rung == rings
    assert last(seat).mention is rings


def test_words_of_ones_own() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    box.make_account("ada", HASH)
    seat, bob = Seat(box, password=PASSWORD), program(box)
    seat.enter("/notify deploy", "/notify Tea")
    assert seat.model.words == ["deploy", "Tea"]
    bob.ask(type="say", room="lobby", text="tea is ready")
    seat.pump()
    assert seat.bells.rung == 1
    assert seat.model.mention_spans("x\ntea and ada") == [(2, 5), (10, 13)]
    seat.enter("/notify TEA")
    bob.ask(type="say", room="lobby", text="tea is cold")
    seat.pump()
    assert (seat.bells.rung, seat.model.words) == (1, ["deploy"])
    assert Seat(box, password=PASSWORD).model.words == ["deploy"]


def test_answering_what_names_one() -> None:
    box = Box()
    seat, bob = Seat(box), program(box)
    with pytest.raises(CannotDo, match="nothing here that names you"):
        seat.enter("/reply yes")
    bob.ask(type="say", room="lobby", text="ada: tea?")
    bob.ask(type="say", room="lobby", text="or not")
    bob.ask(type="msg", name="ada", text="in private?")
    seat.pump()
    seat.enter("/reply yes\nplease")
    assert seat.shown()[-1] == 'ada (to bob, "ada: tea?"): yes\nada: please'
    seat.enter("/go @bob", "/reply no")
    assert seat.shown("@bob")[-1] == 'ada (private, to bob, "in private?"): no'
    bob.ask(type="say", room="lobby", text="fine", re=box.stored[-2].id)
    seat.pump()
    assert seat.room("#lobby").calls == 1


# -- what comes after a break, and in what order


def test_the_greatest_number_seen_is_given_on_coming_back() -> None:
    seat = entered(message(3, "bob", "one"))
    seat.server.say(change("edited", 3, 8, text="two"), {**change("edited", 2, 9, text="x"), "room": None, "with": "7"})
    seat.server.cut()
    seat.come_back()
    hello = seat.server.hellos[-1]
    assert (hello["rooms"], hello["private"]) == ({"lobby": 8}, 9)
    seat.server.welcome(features=FEATURES, limits=LIMITS)
    seat.server.say(room("lobby", 3))
    assert seat.server.requests("history") == []
    seat.server.say(change("edited", 3, 8, text="old"), change("edited", 3, 11, text="new"))
    assert [line.text for line in seat.room("#lobby").lines if line.is_message] == ["new"]


def test_changes_wait_while_older_messages_are_fetched() -> None:
    seat = entered(message(1, "bob", "one"))
    seat.server.say({"type": "missed", "room": "lobby", "count": 3, "after": 1, "before": 6})
    seat.server.say(change("edited", 1, 7, text="third"), change("reacted", 2, 8, text="x", on=True, count=2))
    assert last(seat).text == "one"
    answer = {
        "type": "history",
        "room": "lobby",
        "messages": [message(2, "bob", "two", reactions=[{"text": "x", "count": 1}])],
        "changes": [change("edited", 1, 5, text="second")],
        "more": False,
    }
    assert seat.answer("history", **answer)["after"] == 1
    assert [line.text for line in seat.room("#lobby").lines if line.is_message] == ["third", "two"]
    assert last(seat).reactions == (Reaction(text="x", count=2),)
    seat.server.say(change("edited", 1, 7, text="again"))
    assert [line.text for line in seat.room("#lobby").lines if line.is_message] == ["third", "two"]


# -- reading round a message


def test_what_was_said_round_a_message_is_read_apart() -> None:
    seat = entered(message(90, "bob", "newest"))
    seat.client.enter("/search tea")
    seat.answer("search", type="found", text="tea", messages=[message(17, "bob", "tea", room="dev")], more=False)
    seat.client.enter("/history around 17")
    page = [message(number, "bob", str(number), room="dev") for number in (16, 17, 18)]
    answer = {"type": "history", "room": "dev", "messages": page, "more": False}
    request = seat.answer("history", **answer, around=17, more_before=True, more_after=True)
    assert (request["room"], request["around"]) == ("dev", 17)
    excerpt = seat.model.excerpt
    assert excerpt is not None
    assert excerpt.title == "#dev"
    assert excerpt.mark is not None
    assert excerpt.lines[excerpt.mark].id == 17
    seat.client.read_on(older=True)
    older = [message(15, "bob", "15", room="dev")]
    assert seat.answer("history", **{**answer, "messages": older, "before": 16})["before"] == 16
    seat.client.read_on(older=True)
    seat.client.read_on(older=False)
    newer = [message(19, "bob", "19", room="dev")]
    changes = [change("edited", 16, 30, text="sixteen")]
    assert seat.answer("history", **{**answer, "messages": newer, "changes": changes, "after": 18})["after"] == 18
    texts = [line.text for line in excerpt.lines if line.is_message]
    assert texts == ["15", "sixteen", "17", "18", "19"]
    assert (excerpt.more_before, excerpt.more_after) == (False, False)
    assert [line.text for line in seat.room("#lobby").lines if line.is_message] == ["newest"]
    seat.model.turn_to(seat.model.current)
    assert seat.model.excerpt is None


def test_a_place_that_is_not_there_is_refused_in_words() -> None:
    seat = entered(message(90, "bob", "newest"))
    seat.client.enter("/history around 17")
    seat.answer("history", type="error", code="no-such-message", text="There is no message 17.")
    assert seat.model.excerpt is None
    assert seat.shown("#lobby")[-1] == "! There is no message 17."
    seat.client.enter("/history around 17")
    page = [message(number, "bob", "x") for number in (16, 18)]
    seat.answer("history", type="history", room="lobby", messages=page, more=False, around=17)
    assert seat.model.excerpt is None
    assert seat.shown("#lobby")[-1] == "! There is no message 17 in #lobby, or not any more."


# -- the plain client, and pipes


def test_the_plain_client_writes_each_line_and_tells_of_changes() -> None:
    box = Box()
    seat, bob = Seat(box), program(box)
    output = io.StringIO()
    Plain(seat.client, output)
    bob.ask(type="say", room="lobby", text="one\n  two")
    bob.ask(type="edit", text="1\n2")
    bob.ask(type="react", id=1, text="👍", on=True)
    bob.ask(type="say", room="lobby", text="yes", re=1)
    bob.ask(type="delete", id=1)
    seat.pump()
    assert output.getvalue().splitlines() == [
        "10:15 bob: one",
        "10:15 bob:   two",
        "10:15 bob (edited): 1",
        "10:15 bob (edited): 2",
        '10:15 * bob reacted 👍 to what bob said: "1"',
        '10:15 bob (to bob, "1"): yes',
        "10:15 * bob deleted what bob said at 10:15.",
    ]


def test_what_was_said_last_is_typed_again_in_the_plain_client() -> None:
    box = Box()
    seat = Seat(box)
    output = io.StringIO()
    plain = Plain(seat.client, output)
    for typed in (b"gren tea\r", b"/edit\r"):
        plain.feed(typed)
        seat.pump()
    assert plain.typed == "/edit #1 gren tea"
    assert output.getvalue().endswith("/edit\r\n/edit #1 gren tea")
    plain.feed(b"\x17\x17green tea\r")
    seat.pump()
    assert [line.text for line in seat.room("#lobby").lines if line.is_message] == ["green tea"]
    seat.enter("one\ntwo")
    plain.feed(b"/edit\r")
    assert plain.typed == ""
    assert output.getvalue().endswith("! That has several lines. Type /edit #3 and all of its new text in one.\r\n")


def test_a_tail_prints_each_line_and_what_was_changed() -> None:
    box = Box()
    output, complaints = io.StringIO(), list[str]()
    tail = Tail(output, local_time(box), complaints.append)
    wiring = Wiring(box, tail, "logger", conversations=False, backlog=0)
    bob = program(box)
    bob.ask(type="say", room="lobby", text="one\n  two")
    bob.ask(type="edit", text="1\n2")
    bob.ask(type="react", id=1, text="👍", on=True)
    bob.ask(type="delete", id=1)
    wiring.pump()
    assert [line.partition("#")[2] for line in output.getvalue().splitlines()] == [
        "lobby bob: one",
        "lobby bob:   two",
        "lobby bob (edited): 1",
        "lobby bob (edited): 2",
        "lobby * bob deleted what bob said at 10:15.",
    ]
    assert complaints == []


def test_an_edit_that_is_not_answered_is_sent_again_under_its_tag() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter("one")
    seat.wiring.cable.silent = True
    seat.enter("/edit two")
    assert len(seat.client.link.outbox) == 1
    assert seat.client.unsent(seat.model.current) == []
    seat.wiring.cable.cut()
    seat.wiring.wait(3)
    assert not seat.client.link.outbox
    assert last_said(seat) == ["two"]


def test_pins() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    box.make_account("ada", HASH, Role.OWNER)
    seat, bob = Seat(box, password=PASSWORD), program(box)
    bob.ask(type="say", room="lobby", text="green tea?")
    seat.pump()
    number = last(seat).id
    seat.enter(f"/pin {number}")
    assert seat.room("#lobby").pins == 1
    assert seat.shown()[-1] == '* ada pinned what bob said: "green tea?"'
    assert last(seat).pinned
    seat.enter("/pins")
    assert seat.shown()[-3] == "* Pinned in #lobby:"
    late = Seat(box, "eve")
    assert late.shown()[-1] == "* 1 pinned: /pins"
    seat.enter(f"/pin {number}")
    late.pump()
    assert (seat.room("#lobby").pins, late.room("#lobby").pins) == (0, 0)


def test_changes_that_were_missed_are_applied() -> None:
    box = Box()
    seat, bob = Seat(box), program(box)
    for text in ("one", "two", "three"):
        bob.ask(type="say", room="lobby", text=text)
    bob.ask(type="msg", name="ada", text="psst")
    seat.pump()
    first, _, third, private = [each.id for each in box.stored]
    seat.wiring.cable.cut()
    bob.ask(type="edit", id=first, text="1")
    bob.ask(type="react", id=first, text="👍", on=True)
    bob.ask(type="delete", id=third)
    bob.ask(type="edit", id=private, text="ada")
    bob.ask(type="say", room="lobby", text="four")
    bob.ask(type="edit", text="ada: 4")
    seat.wiring.wait(3)
    assert last_said(seat) == ["1", "two", "ada: 4"]
    assert [line.reactions for line in seat.room("#lobby").lines if line.text == "1"] == [
        (Reaction(text="👍", count=1),)
    ]
    assert "* bob deleted this." in seat.shown()
    assert seat.shown("@bob")[0] == "bob (private): ada"
    assert seat.bells.rung == 1  # for the private message


def test_history_that_is_fetched_is_as_it_is_now() -> None:
    box = Box()
    bob = program(box)
    bob.ask(type="say", room="lobby", text="one")
    bob.ask(type="edit", text="two")
    bob.ask(type="react", id=1, text="👍", on=True)
    seat = Seat(box)
    (line,) = [line for line in seat.room("#lobby").lines if line.is_message]
    assert (line.text, line.edited, line.reactions) == ("two", True, (Reaction(text="👍", count=1),))
