"""Conversations last, on all devices, for both sides; what clients and people are shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest
from box import Box, Client

from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)
LIMITS = Limits(rate=None, plain_passwords=True)
TAGS = count()


@pytest.fixture
def box() -> Box:
    """A chat in which ada and bob have accounts."""
    box = Box(limits=LIMITS)
    for name in ("ada", "bob"):
        box.make_account(name, HASH)
    return box


def login(box: Box, name: str, *accept: str, **fields: Any) -> Client:
    """A program that comes in with the password."""
    return box.json(name, password=PASSWORD, accept=list(accept), **fields)


def converses(box: Box, name: str, **fields: Any) -> Client:
    """A program with an account that knows of conversations."""
    return login(box, name, "conversations", **fields)


def person(box: Box, name: str) -> Client:
    """Somebody with netcat, who has read what they were shown when they came in."""
    client = box.connect()
    client.send(name, PASSWORD)
    client.socket.clear()
    return client


def answer(client: Client, **fields: Any) -> dict[str, Any]:
    """Ask for something; return what answers it."""
    client.objects()
    tag = fields.setdefault("tag", f"tag {next(TAGS)}")
    client.ask(**fields)
    (found,) = [event for event in client.objects() if event.get("tag") == tag]
    return found


def texts(events: Sequence[dict[str, Any]]) -> list[str]:
    """The texts of the messages among *events*."""
    return [event["text"] for event in events if event.get("type", "message") == "message"]


def with_(client: Client, name: str) -> str:
    """What names the user of that *name* in the conversations of *client*."""
    found = answer(client, type="conversations")["conversations"]
    return next(str(one["with"]) for one in found if one["name"] == name)


# -- reading, searching, marking


def test_a_conversation_is_read_by_both_whether_present_or_not(box: Box) -> None:
    ada, bob = converses(box, "ada"), converses(box, "bob")
    ada.ask(type="msg", name="bob", text="green tea?")
    bob.ask(type="msg", name="ada", text="with milk")
    bob.ask(type="quit")
    ada.ask(type="msg", name="bob", text="are you there?")
    later = converses(box, "bob")
    for client, other in ((ada, "bob"), (later, "ada")):
        page = answer(client, type="history", **{"with": with_(client, other)})
        assert (page["room"], page["name"], page["more"]) == (None, other, False)
        assert texts(page["messages"]) == ["green tea?", "with milk", "are you there?"]
        assert {message["with"] for message in page["messages"]} == {page["with"]}


def test_a_page_goes_on_where_the_one_before_ended(box: Box) -> None:
    ada = converses(box, "ada")
    for number in range(5):
        ada.ask(type="msg", name="bob", text=str(number))
    other = with_(ada, "bob")
    newest = answer(ada, type="history", count=2, **{"with": other})
    assert (texts(newest["messages"]), newest["more"]) == (["3", "4"], True)
    before = answer(ada, type="history", count=2, before=newest["next"], **{"with": other})
    assert (texts(before["messages"]), before["more"]) == (["1", "2"], True)
    first = answer(ada, type="history", count=9, after=0, **{"with": other})
    assert (texts(first["messages"]), first["more"]) == (["0", "1", "2", "3", "4"], False)


def test_nobody_reads_the_conversation_of_others(box: Box) -> None:
    ada, eve = converses(box, "ada"), box.json("eve", accept=["conversations"])
    ada.ask(type="msg", name="bob", text="hunter2")
    for other in (with_(ada, "bob"), "1", "2", "-1"):
        assert answer(eve, type="history", **{"with": other})["messages"] == []
        assert answer(eve, type="search", text="hunter2", **{"with": other})["messages"] == []
    assert answer(eve, type="search", text="hunter2 in:me")["messages"] == []
    assert answer(eve, type="search", text="in:@bob hunter2")["messages"] == []
    assert answer(eve, type="conversations")["conversations"] == []


def test_a_search_finds_private_messages_only_where_it_says_so(box: Box) -> None:
    ada, eve = converses(box, "ada"), box.json("eve")
    ada.ask(type="say", room="lobby", text="green tea for all")
    ada.ask(type="msg", name="bob", text="green tea for bob")
    eve.ask(type="msg", name="ada", text="green tea for ada")
    assert texts(answer(ada, type="search", text="green tea")["messages"]) == ["green tea for all"]
    assert texts(answer(ada, type="search", text="tea in:me")["messages"]) == ["green tea for ada", "green tea for bob"]
    assert texts(answer(ada, type="search", text="in:@bob tea")["messages"]) == ["green tea for bob"]
    assert texts(answer(ada, type="search", text="IN:@EVE")["messages"]) == ["green tea for ada"]
    found = answer(ada, type="search", text="tea", **{"with": with_(ada, "bob")})
    assert (texts(found["messages"]), found["with"]) == (["green tea for bob"], with_(ada, "bob"))
    assert answer(ada, type="search", text="in:dev tea")["code"] == "bad-field"
    assert answer(ada, type="search", text="in:me room:lobby tea")["code"] == "bad-field"


def test_what_is_read_on_one_device_is_read_on_all_that_know_of_it(box: Box) -> None:
    eve, first, second, old = box.json("eve"), converses(box, "ada"), converses(box, "ada"), login(box, "ada")
    eve.ask(type="msg", name="ada", text="psst")
    (message,) = (event for event in second.objects() if event["type"] == "message")
    for client in (first, old):
        client.objects()
    other = message["with"]
    assert answer(first, type="read", id=999, tag="r", **{"with": other}) == {
        "type": "read", "room": None, "id": message["id"], "tag": "r", "with": other,
    }  # fmt: skip
    assert second.objects() == [{"type": "read", "room": None, "id": message["id"], "with": other}]
    assert old.objects() == []
    (line,) = answer(second, type="conversations")["conversations"]
    assert (line["read"], line["unread"], line["last"]) == (message["id"], 0, message["id"])


def test_a_client_that_does_not_know_of_conversations_has_read_what_it_was_sent(box: Box) -> None:
    eve, new, old = box.json("eve"), converses(box, "ada"), login(box, "ada")
    eve.ask(type="msg", name="ada", text="psst")
    new.objects()
    new.ask(type="ping")
    assert answer(new, type="conversations")["conversations"][0]["unread"] == 1
    old.ask(type="ping")
    assert [event["type"] for event in new.objects()] == ["read"]
    assert answer(new, type="conversations")["conversations"][0]["unread"] == 0


def test_the_list_has_the_newest_first_and_goes_on(box: Box) -> None:
    ada = converses(box, "ada")
    for name in ("eve", "cy", "zoe"):
        box.json(name).ask(type="msg", name="ada", text=f"{name} is here")
    ada.ask(type="msg", name="eve", text="hello")
    page = answer(ada, type="conversations", count=2)
    assert [(one["name"], one["unread"], one["here"]) for one in page["conversations"]] == [
        ("eve", 1, True),
        ("zoe", 1, True),
    ]
    assert page["more"]
    rest = answer(ada, type="conversations", before=page["conversations"][-1]["last"])
    assert [one["name"] for one in rest["conversations"]] == ["cy"]
    assert not rest["more"]


# -- devices


def test_what_one_says_in_private_appears_on_all_ones_devices_with_the_tag_on_one(box: Box) -> None:
    first, second, bob, people = login(box, "ada"), login(box, "ada"), login(box, "bob"), person(box, "ada")
    first.ask(type="msg", name="bob", text="psst", tag="1")
    (mine,) = (event for event in first.objects() if event["type"] == "message")
    (other,) = (event for event in second.objects() if event["type"] == "message")
    assert mine == {**other, "tag": "1"}
    assert people.lines() == ["ada (private to bob): psst"]
    (heard,) = (event for event in bob.objects() if event["type"] == "message")
    assert heard["with"] != mine["with"]
    people.send("/msg bob from here")
    assert people.lines() == []
    assert texts(first.objects()) == ["from here"]


def test_a_private_message_reaches_all_devices_of_the_recipient(box: Box) -> None:
    eve, devices = box.json("eve"), [login(box, "ada"), converses(box, "ada")]
    eve.ask(type="msg", name="ada", text="psst")
    assert [texts(device.objects()) for device in devices] == [["psst"], ["psst"]]


# -- coming in


def test_who_says_what_they_have_seen_is_sent_what_came_later_behind_the_rooms(box: Box) -> None:
    eve, ada, other = box.json("eve"), converses(box, "ada"), converses(box, "ada")
    eve.ask(type="msg", name="ada", text="one")
    ada.ask(type="msg", name="eve", text="two", tag="t")
    seen = next(event["id"] for event in ada.objects() if event.get("text") == "one")
    token = ada.token
    ada.lose()
    other.ask(type="msg", name="eve", text="three", tag="t")
    eve.ask(type="msg", name="ada", text="four")
    again = box.connect()
    again.ask(type="hello", name="ada", token=token, private=seen, accept=["conversations"], rooms={"lobby": None})
    events = again.objects()
    assert [event["type"] for event in events] == ["welcome", "room", "message", "message", "message"]
    assert [(event["text"], event.get("tag")) for event in events[2:]] == [
        ("two", "t"),
        ("three", None),
        ("four", None),
    ]
    assert "conversations" in events[0]["features"]


def test_who_knows_of_conversations_and_does_not_say_what_they_have_seen_is_sent_nothing(box: Box) -> None:
    eve = box.json("eve")
    eve.ask(type="msg", name="ada", text="one")
    ada = box.connect()
    ada.ask(type="hello", name="ada", password=PASSWORD, accept=["conversations"])
    assert [event["type"] for event in ada.objects()] == ["welcome", "room"]
    assert answer(ada, type="conversations")["conversations"][0]["unread"] == 1


def test_who_resumes_and_says_nothing_of_it_is_sent_the_last_and_all_that_is_not_read(box: Box) -> None:
    eve, ada = box.json("eve"), login(box, "ada")
    eve.ask(type="msg", name="ada", text="read")
    ada.ask(type="ping")
    token = ada.token
    ada.lose()
    eve.ask(type="msg", name="ada", text="not read")
    again = box.connect()
    again.ask(type="hello", name="ada", token=token)
    assert texts(again.objects()) == ["read", "not read"]
    again.lose()
    for number in range(30):
        eve.ask(type="msg", name="ada", text=str(number))
    again = box.connect()
    again.ask(type="hello", name="ada", token=token)
    assert texts(again.objects()) == ["not read", *map(str, range(30))]
    again.ask(type="ping")
    again.lose()
    again = box.connect()
    again.ask(type="hello", name="ada", token=token)
    assert texts(again.objects()) == [*map(str, range(10, 30))]


def test_people_are_told_once_what_came_and_from_whom(box: Box) -> None:
    for name in ("bob", "eve"):
        box.text(name) if name == "eve" else login(box, name)
    eve, bob = box.json("eve2"), login(box, "bob")
    eve.ask(type="msg", name="ada", text="one")
    bob.ask(type="msg", name="ada", text="two")
    bob.ask(type="msg", name="ada", text="three")
    ada = box.connect()
    ada.send("ada", PASSWORD)
    told = b"* 3 private messages while you were away, from bob and eve2. /msg bob shows them.\r\n"
    assert ada.socket.value().endswith(told)
    ada.socket.clear()
    ada.send("/conversations")
    assert ada.lines() == ["* [2026-11-21 09:15] bob, 2 unread", "* [2026-11-21 09:15] eve2, 1 unread"]
    ada.send("/msg bob")
    assert ada.lines() == [
        "* Earlier in private with bob:",
        "[2026-11-21 09:15] bob: two",
        "[2026-11-21 09:15] bob: three",
        "* End of history.",
    ]
    ada.send("/conversations")
    assert ada.lines() == ["* [2026-11-21 09:15] bob", "* [2026-11-21 09:15] eve2, 1 unread"]
    ada.send("/msg eve2")
    ada.send("/quit")
    again = box.connect()
    again.send("ada", PASSWORD)
    assert b"while you were away" not in again.socket.value()


def test_people_are_told_how_to_read_what_came_before(box: Box) -> None:
    ada, bob = person(box, "ada"), login(box, "bob")
    for number in range(1, 26):
        bob.ask(type="msg", name="ada", text=f"line {number}")
    ada.received()
    ada.send("/msg bob")
    first, oldest, *_, last = ada.lines()
    assert (first, oldest) == ("* Earlier in private with bob:", "[2026-11-21 09:15] bob: line 6")
    assert last == "* For older ones: /search before:6 in:@bob"
    ada.send(last.removeprefix("* For older ones: "))
    found = ada.lines()
    assert [line.split("): ")[-1] for line in found[1:-2]] == [f"line {number}" for number in range(5, 0, -1)]
    assert found[-2:] == ["* /history around 5 shows what was said then.", "* That is all."]


def test_who_reads_a_private_message_is_told_that_it_is_not_theirs_to_delete(box: Box) -> None:
    ada, bob, eve = person(box, "ada"), person(box, "bob"), box.text("eve")
    bob.send("/msg ada psst")
    for client, refusal in (
        (ada, "! That is not yours to delete."),
        (eve, "! There is no message 1, or not any more."),
    ):
        client.received()
        client.send("/delete 1")
        assert client.lines() == [refusal]
    ada.send("/ignore bob")
    bob.send("/msg ada hello?")
    ada.received()
    ada.send("/delete 2")
    assert ada.lines() == ["! There is no message 2, or not any more."]


# -- whoever they are by now


def test_with_goes_to_that_very_user_whatever_the_name_is_now(box: Box) -> None:
    ada, eve = converses(box, "ada"), box.json("eve")
    ada.ask(type="msg", name="eve", text="one")
    other = with_(ada, "eve")
    eve.ask(type="nick", name="eve2")
    stranger = box.json("eve")
    eve.objects()
    said = answer(ada, type="msg", text="two", **{"with": other})
    assert (said["to"], said["with"]) == ("eve2", other)
    assert (texts(eve.objects()), texts(stranger.objects())) == (["two"], [])
    eve.ask(type="quit")
    assert answer(ada, type="msg", text="three", **{"with": other})["code"] == "no-such-user"
    page = answer(ada, type="history", **{"with": other})
    assert texts(page["messages"]) == ["one", "two"]
    assert "name" not in page
    (line,) = answer(ada, type="conversations")["conversations"]
    assert (line["name"], line["here"], line["gone"]) == ("eve2", False, True)


def test_registering_changes_nothing_in_a_conversation(box: Box) -> None:
    ada, eve = converses(box, "ada"), box.json("eve", accept=["conversations"])
    ada.ask(type="msg", name="eve", text="one")
    other, mine = with_(ada, "eve"), with_(eve, "ada")
    eve.ask(type="register", password=PASSWORD)
    assert with_(ada, "eve") == other
    eve.ask(type="quit")
    ada.ask(type="msg", text="two", **{"with": other})
    eve = converses(box, "eve")
    assert texts(answer(eve, type="history", **{"with": mine})["messages"]) == ["one", "two"]


def test_who_gives_up_the_account_gives_up_their_side_only(box: Box) -> None:
    ada, bob = converses(box, "ada"), converses(box, "bob")
    ada.ask(type="msg", name="bob", text="one")
    other = with_(ada, "bob")
    bob.ask(type="unregister", password=PASSWORD)
    assert answer(bob, type="conversations")["conversations"] == []
    assert ada.objects()[-1] == {"type": "conversation", "with": other, "name": None, "here": False}
    assert texts(answer(ada, type="history", **{"with": other})["messages"]) == ["one"]
    assert answer(ada, type="msg", text="two", **{"with": other})["code"] == "no-such-user"
    ada.ask(type="msg", name="bob", text="two")
    assert texts(answer(bob, type="history", **{"with": with_(bob, "ada")})["messages"]) == ["two"]
    assert len({one["with"] for one in answer(ada, type="conversations")["conversations"]}) == 2
    ada.ask(type="unregister", password=PASSWORD)
    assert box.store._between.keys() == {2}  # type: ignore[attr-defined]


def test_a_guest_takes_nothing_with_them_and_who_takes_the_name_gets_nothing(box: Box) -> None:
    ada, eve = person(box, "ada"), box.text("eve")
    eve.send("/msg ada the safe is 4711")
    ada.received()
    eve.send("exit")
    stranger = box.json("eve", accept=["conversations"])
    assert answer(stranger, type="conversations")["conversations"] == []
    ada.send("/search in:me 4711")
    assert [line for line in ada.lines() if "4711" in line] == ["[2026-11-21 09:15] #1 eve (private): the safe is 4711"]
    stranger.ask(type="quit")
    ada.received()
    ada.send("/msg eve", "/search in:@eve safe")
    assert sum("the safe is 4711" in line for line in ada.lines()) == 2


def test_when_both_guests_are_gone_so_is_what_they_said(box: Box) -> None:
    eve, cy = box.text("eve"), box.text("cy")
    eve.send("/msg cy psst")
    cy.send("exit")
    assert len(box.store._between) == 1  # type: ignore[attr-defined]
    eve.send("exit")
    assert not box.store._between  # type: ignore[attr-defined]
    assert box.store._spent == {"192.0.2.1": 0}  # type: ignore[attr-defined]


# -- what becomes of the other side


def test_clients_that_know_of_conversations_are_told_what_becomes_of_the_other_side(box: Box) -> None:
    ada, old, bob = converses(box, "ada"), login(box, "ada"), login(box, "bob")
    ada.ask(type="msg", name="bob", text="one")
    other = with_(ada, "bob")
    for client in (ada, old):
        client.objects()
    bob.ask(type="leave", room="lobby")
    bob.ask(type="nick", name="robert")
    bob.ask(type="quit")
    login(box, "bob", rooms={})
    changes = [event for event in ada.objects() if event["type"] == "conversation"]
    assert [(event["with"], event["name"], event["here"]) for event in changes] == [
        (other, "robert", True),
        (other, "bob", False),
        (other, "bob", True),
    ]
    assert "conversation" not in {event["type"] for event in old.objects()}
    ada.ask(type="quit")
    assert not box.hub.watchers._sessions
    assert not box.hub.watchers._parties


def test_the_list_makes_a_client_be_told_too(box: Box) -> None:
    bob = login(box, "bob")
    bob.ask(type="msg", name="ada", text="one")
    ada = converses(box, "ada")
    answer(ada, type="conversations")
    bob.ask(type="quit")
    assert [event["type"] for event in ada.objects()] == ["left", "conversation"]


# -- deleting


def test_a_message_that_is_taken_back_is_gone_for_both_on_all_devices(box: Box) -> None:
    ada, second, bob = converses(box, "ada"), converses(box, "ada"), converses(box, "bob")
    ada.ask(type="msg", name="bob", text="my password is hunter2")
    (number,) = (event["id"] for event in bob.objects() if event["type"] == "message")
    mine, theirs = with_(ada, "bob"), with_(bob, "ada")
    for client in (ada, second, bob):
        client.objects()
    ada.ask(type="delete", id=number, tag="d")
    gone = {
        "type": "deleted",
        "time": "2026-11-21T09:15:02.114Z",
        "room": None,
        "id": number,
        "rev": number + 1,
        "by": "ada",
        "author": "ada",
        "said": "2026-11-21T09:15:02.114Z",
    }
    assert ada.objects() == [{**gone, "with": mine, "tag": "d"}]
    assert second.objects() == [{**gone, "with": mine}]
    assert bob.objects() == [{**gone, "with": theirs}]
    for client in (ada, bob):
        assert answer(client, type="conversations")["conversations"] == []
        assert answer(client, type="search", text="hunter2 in:me")["messages"] == []


def test_only_the_author_takes_a_private_message_back(box: Box) -> None:
    ada, bob, eve = converses(box, "ada"), converses(box, "bob"), box.json("eve")
    ada.ask(type="msg", name="bob", text="one")
    for client, code in ((bob, "not-allowed"), (eve, "no-such-message")):
        assert answer(client, type="delete", id=1)["code"] == code
    assert texts(answer(bob, type="history", **{"with": with_(bob, "ada")})["messages"]) == ["one"]


# -- ignoring


def test_who_ignores_the_sender_has_nothing_of_it_and_the_sender_does(box: Box) -> None:
    eve, ada = box.json("eve", accept=["conversations"]), converses(box, "ada")
    ada.ask(type="ignore", name="eve")
    eve.ask(type="msg", name="ada", text="one")
    assert answer(ada, type="conversations")["conversations"] == []
    ada.ask(type="quit")
    eve.ask(type="msg", name="ada", text="two")
    ada = converses(box, "ada")
    assert answer(ada, type="conversations")["conversations"] == []
    assert texts(answer(eve, type="history", **{"with": with_(eve, "ada")})["messages"]) == ["one", "two"]
    ada.objects()
    eve.ask(type="delete")
    assert ada.objects() == []


@pytest.mark.parametrize("present", [True, False])
def test_ignoring_guests_refuses_them_with_a_sentence(box: Box, present: bool) -> None:
    eve, bob, ada = box.text("eve"), login(box, "bob"), person(box, "ada")
    ada.send("/ignore guests")
    assert ada.lines() == ["* You ignore guests."]
    if not present:
        ada.send("/quit")
    eve.received()
    eve.send("/msg ada hello")
    sentence = "! ada takes no private messages from users without an account. /register makes you one."
    assert eve.lines() == [sentence]
    assert answer(bob, type="msg", name="ada", text="hello")["text"] == "hello"
    eve.send("hello all")
    assert ada.lines() == (["bob (private): hello", "eve: hello all"] if present else ["* Goodbye."])


def test_nobody_is_called_guests(box: Box) -> None:
    client = box.connect()
    client.ask(type="hello", name="Guests")
    assert client.objects()[-1]["code"] == "name-taken"


# -- what can't be told


def test_the_sender_is_told_if_nobody_of_the_recipient_is_connected(box: Box) -> None:
    ada, bob, second = login(box, "ada"), login(box, "bob"), login(box, "bob")
    bob.lose()
    ada.objects()
    ada.ask(type="msg", name="bob", text="one")
    assert [event["type"] for event in ada.objects()] == ["message"]
    second.lose()
    ada.objects()
    ada.ask(type="msg", name="bob", text="two")
    told = ada.objects()[-1]["text"]
    assert told == "bob is not connected just now, and will get that when they are back."
    box.clock.advance(100)
    ada.objects()
    ada.ask(type="msg", name="bob", text="three")
    assert ada.objects()[-1]["text"] == "bob is not here, and will get that when they come in."


def test_what_is_sent_again_under_its_tag_is_answered_as_it_is_stored(box: Box) -> None:
    ada = converses(box, "ada")
    first = answer(ada, type="msg", name="bob", text="one", tag="1")
    assert answer(ada, type="msg", name="bob", text="one", tag="1") == first
    assert answer(ada, type="msg", text="one", tag="1", **{"with": first["with"]}) == first


@pytest.mark.parametrize("wrong", ["", "bob", "0", "--1", "99999999999999999999", "٣"])
def test_what_names_nobody_is_refused(box: Box, wrong: str) -> None:
    ada = converses(box, "ada")
    for kind in ("history", "search", "read", "msg"):
        assert answer(ada, type=kind, text="x", id=1, **{"with": wrong})["code"] == "bad-field"
    assert answer(ada, type="msg", text="x")["text"] == '"msg" needs "name".'
    assert answer(ada, type="history")["text"] == '"history" needs "room".'


def test_only_a_party_has_a_name(box: Box) -> None:
    ada, eve = converses(box, "ada"), box.json("eve")
    eve.ask(type="register", password=PASSWORD)
    account = box.hub.accounts["eve"]
    assert answer(ada, type="history", **{"with": str(account.party)})["name"] == "eve"
    assert "name" not in answer(ada, type="history", **{"with": str(account.id)})
