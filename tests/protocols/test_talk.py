"""Texts of several lines, and messages that are edited, deleted, answered, reacted to and pinned, in each dialect."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client, SlowStore
from protocols.talking import EVERYTHING, HASH, PASSWORD, answers, chat_with_accounts, program, said

from chat.core.accounts import Role
from chat.core.limits import Limits
from chat.core.reactions import BURST
from chat.history.store import CannotKeep


@pytest.fixture
def box() -> Box:
    """A chat with an owner and a registered user."""
    return chat_with_accounts()


def code(client: Client, **request: Any) -> str:
    """The code of the refusal that the request gets."""
    (answer,) = answers(client, **request)
    assert answer["type"] == "error", answer
    return str(answer["code"])


def texts(client: Client) -> list[str]:
    """The texts of the messages that a program was sent."""
    return [event["text"] for event in client.objects() if event["type"] == "message"]


def read(client: Client, number: int, room: str = "lobby") -> dict[str, Any]:
    """The message with that id, as the history has it."""
    (history,) = answers(client, type="history", room=room, count=200)
    found: dict[str, Any] = next(message for message in history["messages"] if message["id"] == number)
    return found


# -- several lines

TRACEBACK = "Traceback:\n  File x, line 1\n\n    raise Tea\nTea"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (TRACEBACK, TRACEBACK),
        (f"\n \n{TRACEBACK}  \n\n", TRACEBACK),
        (TRACEBACK.replace("\n", "\r\n"), TRACEBACK),
        ("a\rb\x0bc\x0cd\x85e\u2028f\u2029g", "a\nb\nc\nd\ne\nf\ng"),
        ("  first\nsecond", "  first\nsecond"),
        ("  one line  \n", "one line"),
        ("a\tb\n\x1b[31mc", "a b\n[31mc"),
    ],
)
def test_lines_are_kept(box: Box, sent: str, kept: str) -> None:
    ada, bob = program(box, "ada"), program(box, "bob")
    said(ada, sent)
    assert texts(bob) == [kept]


def test_each_reader_is_shown_lines_as_they_can_be(box: Box) -> None:
    ada, old, person = program(box, "ada"), box.json("old"), box.text("person")
    said(ada, "first\nbob: I am bob\n\nlast")
    assert texts(old) == ["first bob: I am bob  last"]
    assert person.lines() == ["ada: first", "ada: bob: I am bob", "ada: ", "ada: last"]
    person.send("/history")
    assert [line.split("] ")[1] for line in person.lines()[1:-1]] == [
        "ada: first",
        "ada: bob: I am bob",
        "ada: ",
        "ada: last",
    ]
    answers(ada, type="msg", name="person", text="psst\nagain")
    assert person.lines() == ["ada (private): psst", "ada (private): again"]


def test_no_more_than_a_hundred_lines(box: Box) -> None:
    ada = program(box, "ada")
    assert said(ada, "\n".join(["x"] * 100)) == 1
    (refusal,) = answers(ada, type="say", room="lobby", text="\n".join(["x"] * 101), tag="t")
    assert (refusal["code"], refusal["text"], refusal["tag"]) == (
        "too-long",
        "That text has 101 lines, so it was not sent. Use at most 100.",
        "t",
    )
    assert code(ada, type="edit", text="\n".join(["x"] * 101)) == "too-long"
    assert code(ada, type="say", room="lobby", text="\n \n") == "empty"


def test_lines_cost_as_much_as_so_many_messages() -> None:
    box = Box(limits=Limits(rate=1.0, burst=5))
    ada, bob = program(box, "ada"), program(box, "bob")
    ada.ask(type="say", room="lobby", text="\n".join("abcdefgh"))
    ada.ask(type="say", room="lobby", text="next")
    assert texts(bob) == ["a\nb\nc\nd\ne\nf\ng\nh"]
    box.clock.advance(10)
    assert texts(bob) == ["next"]


@pytest.mark.parametrize(
    "request_", [{"type": "topic", "room": "lobby", "text": "a\n\nb"}, {"type": "away", "text": "a\nb"}]
)
def test_everything_else_has_one_line(box: Box, request_: dict[str, Any]) -> None:
    (answer, *_) = answers(program(box, "ada"), **request_)
    assert answer.get("topic", answer.get("text")) == "a b"


def test_people_paste_lines(box: Box) -> None:
    bob, ada = program(box, "bob"), box.text("ada")
    ada.send("/paste", "def f():", "    return /quit", "", "exit", "  .  ", "after")
    assert ada.lines() == ["* Paste your lines now. A line with a dot alone ends them, and says them as one message."]
    assert texts(bob) == ["def f():\n    return /quit\n\nexit", "after"]


def test_no_line_is_lost_of_a_paste_that_is_just_too_long(box: Box) -> None:
    ada = box.text("ada")
    most = box.hub.limits.text
    for lines in (("x" * most, "y"), ("x" * most, "", "y"), ("x" * (most - 2), "y"), ("x" * most, "", " ")):
        ada.send("/paste", *lines, ".")
    assert [line for line in ada.lines() if line.startswith("! ")] == [
        "! You pasted too much, so it was not sent. Use at most 4096 bytes."
    ] * 2
    assert [said.text[-2:] for said in box.stored] == ["\ny", "xx"]


def test_json_may_be_pasted(box: Box) -> None:
    bob, ada = program(box, "bob"), box.text("ada")
    ada.send("/paste", '{"type":"hello"}', "[{}]", ".")
    assert texts(bob) == ['{"type":"hello"}\n[{}]']


def test_a_paste_of_too_much_is_refused_whole(box: Box) -> None:
    ada, bob = box.text("ada"), program(box, "bob")
    ada.received()
    ada.send("/paste", *(f"line {number}" for number in range(150)), ".")
    assert ada.lines()[-1] == "! You pasted 150 lines, so they were not sent. Use at most 100."
    ada.send("/paste", *("x" * 1000 for _ in range(9)), ".")
    assert ada.lines()[-1] == "! That text is too long, so it was not sent. Use at most 4096 bytes."
    ada.send("/paste", ".")
    assert ada.lines()[-1] == "! There is nothing to say in that."
    assert texts(bob) == []


# -- editing


def test_an_edit_is_shown_to_each_as_it_can_be(box: Box) -> None:
    ada, bob = program(box, "ada"), program(box, "bob")
    old, person = box.json("old"), box.text("person")
    number = said(ada, "tee")
    person.received()
    old.objects()
    (edited,) = answers(ada, type="edit", id=number, text="tea\nfor two", tag="t")
    assert edited == {
        "type": "edited",
        "id": number,
        "rev": number + 1,
        "room": "lobby",
        "by": "ada",
        "time": edited["time"],
        "tag": "t",
        "text": "tea\nfor two",
    }
    del edited["tag"]
    assert [event for event in bob.objects() if event["type"] == "edited"] == [edited]
    assert [event["text"] for event in old.objects()] == ["#lobby: ada edited message 1: tea for two"]
    assert person.lines() == ["ada (edited): tea", "ada (edited): for two"]
    assert said(bob, "next") == number + 2
    assert read(bob, number)["text"] == "tea\nfor two"


def test_people_edit_what_they_said_last(box: Box) -> None:
    ada, bob = box.text("ada"), program(box, "bob")
    ada.send("one", "two", "/edit three")
    assert [event["text"] for event in bob.objects() if event["type"] == "edited"] == ["three"]
    assert ada.lines()[-1] == "ada (edited): three"
    cy = box.text("cy")
    cy.send("/edit four")
    assert cy.lines()[-1] == "! There is nothing to edit: you have said nothing since you came in."
    number = box.stored[0].id
    ada.send(f"/edit #{number} #1 is better", f"/edit #{number}")
    assert ada.lines()[-2:] == ["ada (edited): #1 is better", "! There is nothing to say in that."]
    cy.send(f"/edit #{number} five")
    assert cy.lines()[-1] == "! That is not yours to edit."
    ada.send("/reply #1")
    assert ada.lines()[-1] == "! There is nothing to say in that."


def test_only_the_author_edits_and_only_for_an_hour(box: Box) -> None:
    ada, root = program(box, "ada"), program(box, "root", password=PASSWORD)
    number = said(ada, "tee")
    assert code(root, type="edit", id=number, text="coffee") == "not-allowed"
    assert code(ada, type="edit", id=number, text="  ") == "empty"
    assert code(ada, type="edit", id=99, text="tea") == "no-such-message"
    box.clock.advance(3_600)
    assert answers(ada, type="edit", id=number, text="tea")[0]["type"] == "edited"
    box.clock.advance(0.001)
    assert code(ada, type="edit", id=number, text="more tea") == "not-allowed"
    assert read(ada, number)["text"] == "tea"


def test_an_edit_that_changes_nothing_is_answered_and_not_shown(box: Box) -> None:
    ada, bob = program(box, "ada"), program(box, "bob")
    number = said(ada, "tea")
    bob.objects()
    (answer,) = answers(ada, type="edit", id=number, text=" tea ", tag="t")
    assert (answer["type"], answer["tag"], "rev" in answer) == ("edited", "t", False)
    assert bob.objects() == []


def test_who_may_not_speak_may_not_edit_or_react(box: Box) -> None:
    root = program(box, "root", password=PASSWORD, rooms={"dev": None})
    ada = program(box, "ada", rooms={"dev": None})
    number = said(ada, "tea", "dev")
    edit = {"type": "edit", "id": number, "text": "coffee"}
    react = {"type": "react", "id": number, "text": "👍", "on": True}
    answers(root, type="mute", room="dev", name="ada")
    assert [code(ada, **request) for request in (edit, react)] == ["muted", "muted"]
    answers(root, type="unmute", room="dev", name="ada")
    answers(root, type="room", room="dev", access="archived")
    assert [code(ada, **request) for request in (edit, react)] == ["not-allowed", "not-allowed"]
    answers(root, type="room", room="dev", access="archived")
    answers(root, type="kick", room="dev", name="ada")
    assert [code(ada, **request) for request in (edit, react)] == ["not-in-room", "not-in-room"]
    answers(root, type="room", room="dev", access="private")
    assert [code(ada, **request) for request in (edit, react)] == ["not-in-room", "not-in-room"]
    assert answers(ada, type="delete", id=number)[0]["type"] == "deleted"


def test_what_is_deleted_can_not_be_changed(box: Box) -> None:
    ada, root = program(box, "ada"), program(box, "root", password=PASSWORD)
    number = said(ada, "tea")
    answers(root, type="pin", room="lobby", id=number, on=True)
    answers(ada, type="react", id=number, text="👍", on=True)
    answers(root, type="delete", id=number)
    for request in (
        {"type": "edit", "id": number, "text": "coffee"},
        {"type": "react", "id": number, "text": "👍", "on": False},
        {"type": "delete", "id": number},
        {"type": "say", "room": "lobby", "text": "yes", "re": number},
    ):
        assert code(ada, **request) == "no-such-message", request
    assert code(root, type="pin", room="lobby", id=number, on=True) == "no-such-message"
    assert answers(root, type="pins", room="lobby")[0]["messages"] == []


@pytest.mark.parametrize("first", ["edit", "delete"])
def test_a_delete_and_an_edit_from_two_devices_at_once(first: str) -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True), store=SlowStore())
    box.make_account("zoe", HASH)
    box.settle()
    one, two = program(box, "zoe", password=PASSWORD), program(box, "zoe", password=PASSWORD)
    box.settle()
    one.ask(type="say", room="lobby", text="tea")
    box.settle()
    (number,) = [event["id"] for event in one.objects() if event["type"] == "message"]
    requests = {"edit": {"type": "edit", "id": number, "text": "coffee"}, "delete": {"type": "delete", "id": number}}
    second = "delete" if first == "edit" else "edit"
    one.ask(**requests[first], tag=first)
    two.ask(**requests[second], tag=second)
    box.settle()
    seen = [(event["type"], event.get("code")) for event in two.objects() if event["type"] != "message"]
    if first == "edit":
        assert seen[-2:] == [("edited", None), ("deleted", None)]
    else:
        assert seen[-2:] == [("deleted", None), ("error", "no-such-message")]
    one.ask(type="history", room="lobby")
    assert one.objects()[-1]["messages"] == []


def test_who_gives_the_account_up_can_not_change_what_it_said(box: Box) -> None:
    zoe = program(box, "zoe", password=PASSWORD)
    number = said(zoe, "tea")
    assert answers(zoe, type="edit", id=number, text="more tea")[0]["type"] == "edited"
    answers(zoe, type="unregister", password=PASSWORD)
    assert code(zoe, type="edit", id=number, text="coffee") == "not-allowed"
    assert code(zoe, type="delete", id=number) == "not-allowed"


def test_who_registers_may_still_change_what_they_said(box: Box) -> None:
    ada = program(box, "ada")
    number = said(ada, "tea")
    answers(ada, type="react", id=number, text="👍", on=True)
    answers(ada, type="register", password=PASSWORD)
    assert answers(ada, type="edit", id=number, text="more tea")[0]["type"] == "edited"
    (reacted,) = answers(ada, type="react", id=number, text="👍", on=False)
    assert reacted["count"] == 0


def test_who_takes_the_name_later_changes_nothing(box: Box) -> None:
    ada = program(box, "ada")
    number = said(ada, "tea")
    ada.ask(type="quit")
    other = program(box, "ada")
    assert code(other, type="edit", id=number, text="coffee") == "not-allowed"
    (reacted,) = answers(other, type="react", id=number, text="👍")
    assert reacted["on"]


def test_changes_that_can_not_be_stored_have_not_happened() -> None:
    box = Box(limits=Limits(rate=None), store=(store := SlowStore()))
    ada = program(box, "ada")
    ada.ask(type="say", room="lobby", text="tea")
    box.settle()
    ada.objects()
    for tag, request in enumerate(
        (
            {"type": "edit", "id": 1, "text": "coffee"},
            {"type": "react", "id": 1, "text": "👍"},
            {"type": "delete", "id": 1},
        )
    ):
        ada.ask(**request, tag=str(tag))
        store.fail(CannotKeep("the disk is full."))
        box.turn()
        assert [(event.get("code"), event["tag"]) for event in ada.objects()] == [("not-stored", str(tag))]
    ada.ask(type="react", id=1, text="👍", tag="again")
    box.settle()
    assert [(event["type"], event["count"]) for event in ada.objects()] == [("reacted", 1)]


# -- private messages


def test_a_private_message_is_changed_for_both_on_all_devices(box: Box) -> None:
    zoe, second = (program(box, "zoe", password=PASSWORD) for _ in range(2))
    bob, person = program(box, "bob"), box.text("person")
    (message,) = answers(zoe, type="msg", name="bob", text="psst")
    number = message["id"]
    (theirs,) = [event["with"] for event in bob.objects() if event["type"] == "message"]
    for client in (second, person):
        client.received()
    (edited,) = answers(zoe, type="edit", id=number, text="hush", tag="t")
    assert (edited["room"], edited["with"], edited["tag"], edited["text"]) == (None, message["with"], "t", "hush")
    (elsewhere,) = second.objects()
    assert elsewhere == {name: value for name, value in edited.items() if name != "tag"}
    (heard,) = bob.objects()
    assert heard == {**elsewhere, "with": theirs}
    assert person.lines() == []
    (reacted,) = answers(bob, type="react", id=number, text="ok", on=True)
    assert (reacted["by"], reacted["count"], reacted["with"]) == ("bob", 1, theirs)
    assert [event["count"] for event in zoe.objects()] == [1]
    assert code(bob, type="edit", id=number, text="x") == "not-allowed"
    eve = program(box, "eve")
    for request in ({"type": "react", "id": number, "text": "ok"}, {"type": "edit", "id": number, "text": "x"}):
        assert code(eve, **request) == "no-such-message"
    assert code(eve, type="msg", name="bob", text="me too", re=number) == "no-such-message"
    (answer,) = answers(bob, type="msg", **{"with": theirs}, text="yes", re=number)
    assert (answer["re"], answer["re_author"], answer["re_text"]) == (number, "zoe", "hush")


def test_people_read_changes_of_private_messages(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    ada.send("/msg bob tee", "/edit tea")
    assert bob.lines()[-2:] == ["ada (private): tee", "ada (private, edited): tea"]
    ada.received()
    bob.send("/react ok 1")
    assert ada.lines() == ['* bob reacted ok to what ada said: "tea"']


def test_an_edit_counts_for_the_share_of_its_sender() -> None:
    box = Box(limits=Limits(rate=None, private=700))
    ada, _ = program(box, "ada"), program(box, "bob")
    (message,) = answers(ada, type="msg", name="bob", text="x" * 100)
    assert code(ada, type="edit", id=message["id"], text="x" * 600) == "not-stored"
    assert answers(ada, type="edit", id=message["id"], text="x")[0]["type"] == "edited"
    assert answers(ada, type="edit", id=message["id"], text="x" * 450)[0]["type"] == "edited"
    assert code(ada, type="msg", name="bob", text="x" * 100) == "not-stored"


# -- answers


def test_an_answer_tells_what_it_answers(box: Box) -> None:
    ada, bob, person = program(box, "ada"), program(box, "bob"), box.text("person")
    number = said(bob, 'green "tea"?\nor coffee')
    person.received()
    (answer,) = answers(ada, type="say", room="lobby", text="yes\nplease", re=number, tag="t")
    assert (answer["re"], answer["re_author"], answer["re_text"], answer["tag"]) == (
        number,
        "bob",
        'green "tea"?',
        "t",
    )
    assert person.lines() == ["ada (to bob, \"green 'tea'?\"): yes", "ada: please"]
    long = said(bob, "x" * 200)
    (answer,) = answers(ada, type="say", room="lobby", text="what?", re=long)
    assert (len(answer["re_text"]), answer["re_text"][-1]) == (80, "…")


def test_an_answer_is_to_a_message_of_the_same_room(box: Box) -> None:
    ada = program(box, "ada", rooms={"lobby": None, "dev": None})
    number = said(ada, "tea", "dev")
    for wrong in (number, 99):
        assert code(ada, type="say", room="lobby", text="yes", re=wrong) == "no-such-message"
    assert said(ada, "yes", "dev", re=number) == number + 1


def test_people_answer_what_named_them(box: Box) -> None:
    ada, bob = box.text("ada"), box.text("bob")
    bob.send("ada: tea?", "or coffee?")
    ada.received()
    bob.received()
    ada.send("/reply tea")
    assert ada.lines() == ['* You answer bob: "ada: tea?"']
    assert bob.lines() == ['ada (to bob, "ada: tea?"): tea']
    bob.send("/reply good")
    assert bob.lines() == ['* You answer ada: "tea"']
    first = next(message.id for message in box.stored if message.text == "or coffee?")
    ada.received()
    ada.send(f"/reply #{first} or coffee", "/reply #999999 nothing")
    assert bob.lines() == ['ada (to bob, "or coffee?"): or coffee']
    assert ada.lines() == ['* You answer bob: "or coffee?"', "! There is no message 999999, or not any more."]
    eve = box.text("eve")
    eve.send("/reply no")
    assert eve.lines() == ["! Nobody has named you in #lobby. Begin with a name: ada: yes"]


def test_who_may_not_speak_is_not_told_what_they_answer(box: Box) -> None:
    root, ada = program(box, "root", password=PASSWORD), box.text("ada")
    said(root, "ada: tea?")
    answers(root, type="mute", room="lobby", name="ada")
    ada.received()
    ada.send("/reply yes")
    assert ada.lines() == ["! You are muted in #lobby for 10 minutes more."]


# -- reactions


def test_reactions_are_counted(box: Box) -> None:
    ada, bob = program(box, "ada"), program(box, "bob")
    number = said(ada, "tea")
    seen = [
        answers(client, type="react", id=number, text=text, on=on)[0]["count"]
        for client, text, on in (
            (ada, "👍", True),
            (bob, "👍", True),
            (bob, "👍", True),
            (bob, "ok", True),
            (ada, "👍", False),
            (ada, "👍", False),
            (ada, "👍", True),
        )
    ]
    assert seen == [1, 2, 2, 1, 1, 1, 2]


@pytest.mark.parametrize(
    "text", ["👍", "❤️", "👩‍💻", "👩🏻‍❤️‍💋‍👨🏿", "👨‍👩‍👧‍👦", "👍🏽", "🇩🇪", "1️⃣", "ok", "+1", "schön", "x" * 16]
)
def test_an_emoji_or_a_word_is_a_reaction(box: Box, text: str) -> None:
    ada = program(box, "ada")
    assert answers(ada, type="react", id=said(ada, "tea"), text=text)[0]["text"] == text


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "👍👍", "two words", "x" * 17, "👍ok", "?", "\u200d", "a\nb", "\u0301"),
        *("\u2800", "\u3164", "\u115f\u1160", "👍\u200d👍\u200d👍\u200d👍\u200d👍", "👍" + 500 * "\u200d👍"),
    ],
)
def test_nothing_else_is(box: Box, text: str) -> None:
    ada = program(box, "ada")
    assert code(ada, type="react", id=said(ada, "tea"), text=text) == "bad-field"


def test_people_who_look_back_see_what_has_become_of_messages(box: Box) -> None:
    root, person = program(box, "root", password=PASSWORD), box.text("person")
    number = said(root, "tee")
    answers(root, type="edit", id=number, text="tea\nfor two")
    answers(root, type="pin", room="lobby", id=number, on=True)
    for text in ("👍", "ok"):
        answers(root, type="react", id=number, text=text, on=True)
    person.received()
    for command in ("/history", "/search tea", "/pins"):
        person.send(command)
        first, second = (line.split("root: ")[1] for line in person.lines() if line.startswith("["))
        assert (first, second) == ("tea", "for two [edited, pinned, 👍 1, ok 1]"), command


def test_a_message_has_at_most_twenty_kinds(box: Box) -> None:
    ada = program(box, "ada")
    number = said(ada, "tea")
    for kind in range(20):
        assert answers(ada, type="react", id=number, text=f"k{kind}", on=True)[0]["count"] == 1
    assert code(ada, type="react", id=number, text="one more", on=True) == "bad-field"
    assert code(ada, type="react", id=number, text="more", on=True) == "bad-field"
    answers(ada, type="react", id=number, text="k0", on=False)
    assert answers(ada, type="react", id=number, text="more", on=True)[0]["count"] == 1


def test_people_are_told_of_a_burst_of_reactions_once(box: Box) -> None:
    ada, bob, person, old = program(box, "ada"), program(box, "bob"), box.text("person"), box.json("old")
    tea, milk = said(ada, "tea?"), said(ada, "milk?")
    person.received()
    old.objects()
    for client, number, text, on in (
        (ada, tea, "👍", True),
        (bob, tea, "👍", True),
        (bob, tea, "no", True),
        (bob, milk, "👍", True),
        (bob, milk, "👍", False),
    ):
        answers(client, type="react", id=number, text=text, on=on)
    assert person.lines() == []
    box.clock.advance(BURST)
    box.turn()
    assert person.lines() == ['* ada and bob reacted 👍; bob reacted no to what ada said: "tea?"']
    assert old.objects() == []
    (answer,) = answers(old, type="react", id=tea, text="👍", tag="t")
    assert (answer["type"], answer["count"], answer["tag"]) == ("reacted", 3, "t")


def test_people_react_to_what_somebody_else_said_last(box: Box) -> None:
    ada, bob = program(box, "ada"), box.text("bob")
    number = said(ada, "tea")
    bob.send("I agree", "/react 👍")
    assert [event["id"] for event in ada.objects() if event["type"] == "reacted"] == [number]
    bob.send("/join empty", "/react 👍")
    assert bob.lines()[-1] == (
        "! Nobody else has said anything in #empty lately. Give the id of a message: /react 👍 217"
    )


def test_who_ignores_somebody_is_shown_none_of_their_changes(box: Box) -> None:
    ada, bob = program(box, "ada"), program(box, "bob")
    number = said(ada, "tea")
    answers(bob, type="ignore", name="ada", on=True)
    answers(ada, type="edit", id=number, text="coffee")
    answers(ada, type="react", id=number, text="👍", on=True)
    assert bob.objects() == []
    answers(ada, type="delete", id=number)
    assert [event["type"] for event in bob.objects()] == ["deleted"]


def test_who_ignores_somebody_reads_them_in_no_quote(box: Box) -> None:
    root, cy, eve = program(box, "root", password=PASSWORD), program(box, "cy"), program(box, "eve")
    person = box.text("person")
    secret, plain = said(cy, "secret"), said(root, "plain")
    answers(eve, type="ignore", name="cy", on=True)
    person.send("/ignore cy")
    person.received()
    (answer,) = answers(root, type="say", room="lobby", text="yes\nno", re=secret, tag="t")
    assert (answer["re_author"], answer["tag"]) == ("cy", "t")
    assert [(event["re"], event.get("re_author"), "tag" in event) for event in eve.objects()] == [(secret, None, True)]
    assert person.lines() == ["root: yes", "root: no"]
    assert [event.get("re_text") for event in cy.objects() if event["type"] == "message"][-1:] == ["secret"]
    for number in (secret, plain):
        answers(root, type="react", id=number, text="ok", on=True)
    box.clock.advance(BURST)
    box.turn()
    assert person.lines() == ['* root reacted ok to what root said: "plain"']
    answers(root, type="pin", room="lobby", id=secret, on=True)
    assert answers(eve, type="pins", room="lobby")[0]["messages"] == []
    assert "re_text" not in read(eve, answer["id"])
    assert read(root, answer["id"])["re_text"] == "secret"


def test_the_author_s_other_devices_see_a_quote_that_somebody_ignores(box: Box) -> None:
    one, two = (program(box, "zoe", password=PASSWORD) for _ in range(2))
    cy, eve = program(box, "cy"), program(box, "eve")
    number = said(cy, "tea?")
    answers(eve, type="ignore", name="cy", on=True)
    two.objects()
    answers(one, type="say", room="lobby", text="yes", re=number, tag="t")
    assert [(event["re_author"], "tag" in event) for event in two.objects()] == [("cy", False)]
    assert ["re_author" in event for event in eve.objects()] == [False]


# -- pins


def test_ops_pin_messages(box: Box) -> None:
    root, ada = program(box, "root", password=PASSWORD), program(box, "ada")
    old, person = box.json("old"), box.text("person")
    tea, milk = said(ada, "tea\nfor two"), said(ada, "milk")
    person.received()
    old.objects()
    assert code(ada, type="pin", room="lobby", id=tea) == "not-allowed"
    (pinned,) = answers(root, type="pin", room="lobby", id=tea, on=True, tag="t")
    assert (pinned["on"], pinned["author"], pinned["text"], pinned["by"], pinned["rev"]) == (
        True,
        "ada",
        "tea",
        "root",
        milk + 1,
    )
    assert [event["text"] for event in old.objects()] == ['#lobby: root pinned what ada said: "tea"']
    assert person.lines() == ['* root pinned what ada said: "tea"']
    answers(root, type="pin", room="lobby", id=milk)
    (pins,) = answers(ada, type="pins", room="lobby")
    assert [message["id"] for message in pins["messages"]] == [tea, milk]
    late = box.text("late")
    late.send("/join dev", "/join lobby")
    assert "* 2 pinned: /pins" in late.lines()
    answers(root, type="pin", room="lobby", id=tea, on=False)
    newcomer = box.connect()
    newcomer.ask(type="hello", name="newcomer")
    assert newcomer.objects()[-1]["pins"] == 1


def test_people_pin_what_was_said_last(box: Box) -> None:
    bob, ada = box.text("bob"), box.text("ada")
    for person in (bob, ada):
        person.send("/join dev")
    ada.send("tea")
    bob.received()
    bob.send("/pin off", "/pin", "/pin off", "/pin #1 on")
    assert [line for line in bob.lines() if "pinned" in line] == [
        '* bob unpinned what ada said: "tea"',
        '* bob pinned what ada said: "tea"',
        '* bob unpinned what ada said: "tea"',
        '* bob pinned what ada said: "tea"',
    ]
    bob.send("/react ok on", "/react ok off")
    assert bob.lines() == []


def test_an_emoji_is_one_reaction_however_a_keyboard_writes_it(box: Box) -> None:
    ada, bob = program(box, "ada"), program(box, "bob")
    number = said(ada, "tea")
    for emoji in ("❤", "❤️", "❤︎"):
        answers(ada, type="react", id=number, text=emoji, on=True)
    assert [event["count"] for event in bob.objects() if event["type"] == "reacted"] == [1]
    (reacted,) = answers(bob, type="react", id=number, text="❤", on=True)
    assert (reacted["text"], reacted["count"]) == ("❤️", 2)


def test_a_room_has_at_most_fifty_pins(box: Box) -> None:
    root = program(box, "root", password=PASSWORD)
    numbers = [said(root, f"{number}") for number in range(51)]
    for number in numbers[:50]:
        assert answers(root, type="pin", room="lobby", id=number, on=True)[0]["type"] == "pinned"
    assert code(root, type="pin", room="lobby", id=numbers[50], on=True) == "bad-field"
    answers(root, type="delete", id=numbers[0])
    assert answers(root, type="pin", room="lobby", id=numbers[50], on=True)[0]["type"] == "pinned"


def test_a_message_is_pinned_where_it_was_said(box: Box) -> None:
    root = program(box, "root", password=PASSWORD, rooms={"lobby": None, "dev": None})
    assert code(root, type="pin", room="lobby", id=said(root, "tea", "dev")) == "no-such-message"


# -- notices, and everybody


def test_a_notice_is_marked(box: Box) -> None:
    bot, ada = program(box, "bot"), program(box, "ada")
    (message,) = answers(bot, type="say", room="lobby", text="build is green", notice=True)
    assert message["notice"] is True
    assert [event.get("notice") for event in ada.objects() if event["type"] == "message"] == [True]
    (plain,) = answers(bot, type="say", room="lobby", text="hello", notice=False)
    assert "notice" not in plain


def test_only_an_op_calls_everybody_and_not_too_often(box: Box) -> None:
    root, ada = program(box, "root", password=PASSWORD), program(box, "ada")
    assert "all" not in answers(ada, type="say", room="lobby", text="@room tea")[0]
    assert "all" not in answers(root, type="say", room="lobby", text="tea@room, @roommate")[0]
    assert answers(root, type="say", room="lobby", text="@room: tea")[0]["all"] is True
    (refusal,) = answers(root, type="say", room="lobby", text="tea, @room")
    assert refusal["text"] == (
        "Everybody in #lobby was called less than a minute ago. Wait 1 minute, or leave out @room."
    )
    box.clock.advance(61)
    assert answers(root, type="say", room="lobby", text="tea, @room")[0]["all"] is True


def test_a_call_that_can_not_be_stored_does_not_count() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True), store=(store := SlowStore()))
    box.make_account("root", HASH, Role.OWNER)
    box.settle()
    root = program(box, "root", password=PASSWORD)
    box.settle()
    root.ask(type="say", room="lobby", text="@room tea")
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    assert root.objects()[-1]["code"] == "not-stored"
    root.ask(type="say", room="lobby", text="@room tea")
    box.settle()
    assert root.objects()[-1]["all"] is True


# -- what names one


def test_words_of_one_s_own(box: Box) -> None:
    zoe, second = (program(box, "zoe", password=PASSWORD) for _ in range(2))
    assert answers(zoe, type="notify") == [{"type": "words", "words": []}]
    (answer,) = answers(zoe, type="notify", words=["Deploy", "tea time", "deploy"], tag="t")
    assert answer == {"type": "words", "words": ["deploy", "tea time"], "tag": "t"}
    assert second.objects() == [{"type": "words", "words": ["deploy", "tea time"]}]
    third = box.connect()
    third.ask(type="hello", name="zoe", password=PASSWORD, **EVERYTHING)
    assert next(event for event in third.objects() if event["type"] == "welcome")["words"] == ["deploy", "tea time"]
    for wrong in ("deploy", [1], [""], ["!"], ["x" * 65], [f"w{number}" for number in range(21)]):
        assert code(zoe, type="notify", words=wrong) == "bad-field", wrong
    assert code(program(box, "guest"), type="notify", words=["x"]) == "not-allowed"


def test_people_switch_words_on_and_off(box: Box) -> None:
    zoe = box.connect()
    zoe.send("zoe", PASSWORD)
    zoe.socket.clear()
    zoe._read = 0
    zoe.send("/notify deploy", "/notify Deploy", "/notify")
    assert zoe.lines() == [
        "* You are alerted by your name and by deploy.",
        "* You are alerted by your name alone. /notify deploy adds a word.",
        "* You are alerted by your name alone. /notify deploy adds a word.",
    ]
