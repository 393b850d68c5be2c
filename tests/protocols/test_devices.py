"""One account on several devices."""

from __future__ import annotations

from typing import Any

import pytest
from box import Box, Client

from chat.core.limits import Limits
from chat.history.passwords import hash_password

PASSWORD = "correct horse"  # noqa: S105
HASHED = hash_password(PASSWORD)


@pytest.fixture
def chat() -> Box:
    """A chat with an account ada."""
    made = Box(limits=Limits(rate=None, plain_passwords=True))
    made.make_account("ada", HASHED)
    return made


def come(chat: Box, name: str = "ada", password: str | None = PASSWORD, **fields: Any) -> Client:
    """Come in as a program, and forget the answers."""
    client = chat.connect()
    client.ask(type="hello", name=name, password=password, **fields)
    return client


def sit_down(chat: Box) -> Client:
    """Come in as a person, and forget what was shown."""
    client = chat.connect()
    client.send("ada", PASSWORD)
    client._read = len(client.socket.value())
    return client


def room(client: Client) -> Any:
    """Who is in the lobby."""
    client.received()
    client.ask(type="who", room="lobby")
    return client.objects()[-1]["users"]


def kinds(client: Client) -> list[str]:
    return [event["type"] for event in client.objects()]


def test_others_see_one_name_which_comes_with_the_first_device_and_goes_with_the_last(chat: Box) -> None:
    bob = chat.text("bob")
    one, two = come(chat), come(chat)
    assert bob.lines() == ["* ada joined."]
    assert room(one) == ["bob", "ada"]
    one.ask(type="quit")
    assert bob.lines() == []
    assert room(two) == ["bob", "ada"]
    two.ask(type="quit")
    assert bob.lines() == ["* ada left."]


def test_each_device_joins_its_own_rooms(chat: Box) -> None:
    one, two = come(chat), come(chat)
    bob = chat.json("bob", rooms={"dev": None})
    bob.received()
    one.ask(type="join", room="dev")
    two.received()
    assert [(event["type"], event.get("name")) for event in bob.objects()] == [("joined", "ada")]
    bob.ask(type="say", room="dev", text="hello")
    assert kinds(two) == []
    two.ask(type="join", room="dev")
    one.ask(type="leave", room="dev")
    assert [event["type"] for event in bob.objects()] == ["message"]
    two.ask(type="leave", room="dev")
    assert [(event["type"], event.get("name")) for event in bob.objects()] == [("left", "ada")]


def test_what_one_device_says_the_others_show_without_its_tag(chat: Box) -> None:
    one, two, bob = come(chat), come(chat), chat.json("bob")
    person = sit_down(chat)
    for client in (one, two, bob):
        client.received()
    one.ask(type="say", room="lobby", text="hello", tag="t1")
    assert [client.objects()[-1].get("tag") for client in (one, two, bob)] == ["t1", None, "t1"]
    assert person.lines() == ["ada: hello"]
    person.send("hello too")
    assert [client.objects()[-1]["text"] for client in (one, two)] == ["hello too"] * 2
    assert person.lines() == []


def test_what_a_device_says_before_it_leaves_the_others_show_without_its_tag(chat: Box) -> None:
    one, two = come(chat), come(chat)
    two.received()
    one.send('{"type":"say","room":"lobby","text":"bye","tag":"t1"}', '{"type":"quit"}')
    assert [(event["text"], event.get("tag")) for event in two.objects()] == [("bye", None)]


def test_what_was_said_before_has_its_tag_only_for_the_session_that_said_it(chat: Box) -> None:
    one, two = come(chat), come(chat)
    for device in (one, two):
        device.received()
    one.ask(type="say", room="lobby", text="hello", tag="t1")
    for device, tag in ((one, "t1"), (two, None)):
        device.received()
        device.ask(type="history", room="lobby")
        assert device.objects()[-1]["messages"][0].get("tag") == tag
        device.ask(type="search", text="hello")
        assert device.objects()[-1]["messages"][0].get("tag") == tag
    three = come(chat, rooms={"lobby": 0})
    assert [event.get("tag") for event in three.objects() if event["type"] == "message"] == [None]


def test_a_device_that_reads_late_sees_no_tag_either(chat: Box) -> None:
    one, two = come(chat), come(chat)
    two.received()
    two.socket.room = 10
    one.ask(type="say", room="lobby", text="hello", tag="t1")
    two.socket.drain()
    assert [event.get("tag") for event in two.objects()] == [None]


def test_a_kick_takes_all_devices_out_of_the_room_and_off_the_list(chat: Box) -> None:
    bob = chat.json("bob", rooms={"dev": None})
    one, two = come(chat, rooms={"dev": None}), come(chat, rooms={"dev": None, "lobby": None})
    for client in (bob, one, two):
        client.received()
    bob.ask(type="kick", room="dev", name="ada")
    assert [(event["type"], event.get("by")) for event in one.objects()] == [("left", "bob")]
    assert [(event["type"], event.get("by")) for event in two.objects()] == [("left", "bob")]
    assert [listed["room"] for listed in come(chat).objects()[0]["rooms"]] == ["lobby"]


def test_a_new_name_and_words_for_being_away_go_to_all_devices(chat: Box) -> None:
    one, two = come(chat), come(chat, rooms={})
    for device in (one, two):
        device.received()
    one.ask(type="nick", name="lovelace", tag="n")
    assert [(event["room"], event.get("tag")) for event in one.objects()] == [(None, "n"), ("lobby", None)]
    assert [(event["room"], event["new"], event.get("tag")) for event in two.objects()] == [(None, "lovelace", None)]
    two.ask(type="away", text="tea", tag="a")
    assert [(event["room"], event["text"]) for event in one.objects()] == [(None, "tea"), ("lobby", "tea")]
    one.ask(type="away")
    assert [(event["room"], event["text"]) for event in two.objects()][-1] == (None, None)


def test_a_person_is_told_once_that_they_have_another_name(chat: Box) -> None:
    person, one = sit_down(chat), come(chat)
    one.ask(type="nick", name="lovelace")
    assert person.lines() == ["* ada is now known as lovelace."]


def test_how_far_one_device_has_read_all_are_told(chat: Box) -> None:
    one, two = come(chat), come(chat)
    one.ask(type="say", room="lobby", text="hello")
    for device in (one, two):
        device.received()
    one.ask(type="read", room="lobby", id=1, tag="r")
    assert [(event["type"], event["id"], event.get("tag")) for event in one.objects()] == [("read", 1, "r")]
    assert [(event["type"], event["id"], event.get("tag")) for event in two.objects()] == [("read", 1, None)]


def test_a_token_resumes_its_own_session_and_no_other(chat: Box) -> None:
    one, two = come(chat), come(chat)
    token = one.objects()[0]["token"]
    two.received()
    again = come(chat, password=None, token=token)
    assert one.objects()[-1]["code"] == "replaced"
    assert again.objects()[0]["token"] == token
    two.ask(type="ping")
    assert kinds(two) == ["pong"]


def test_the_eleventh_device_takes_the_place_of_one_whose_connection_is_broken(chat: Box) -> None:
    devices = [come(chat) for _ in range(10)]
    devices[4].lose()
    come(chat).ask(type="ping")
    for device in devices[:4] + devices[5:]:
        assert "goodbye" not in kinds(device)


def test_the_eleventh_device_ends_the_one_that_was_used_least_lately(chat: Box) -> None:
    devices = []
    for _ in range(10):
        devices.append(come(chat))
        chat.clock.advance(1)
    devices[0].ask(type="say", room="lobby", text="hello")
    bob = chat.text("bob")
    come(chat)
    gone = [device for device in devices if "goodbye" in kinds(device)]
    assert gone == [devices[1]]
    assert bob.lines() == []


def test_the_rooms_of_an_account_are_told_to_its_next_device(chat: Box) -> None:
    one = come(chat, rooms={"lobby": None, "dev": None, "tea": None})
    one.ask(type="say", room="dev", text="hello")
    one.ask(type="leave", room="tea")
    one.ask(type="read", room="dev", id=1)
    one.lose()
    listed = come(chat, rooms={}).objects()[0]["rooms"]
    assert listed == [{"room": "lobby", "read": None, "last": 0}, {"room": "dev", "read": 1, "last": 1}]


def test_a_person_who_goes_from_room_to_room_changes_no_list(chat: Box) -> None:
    come(chat, rooms={"dev": None})
    person = chat.connect()
    person.send("ada", PASSWORD, "/join tea", "/join dev")
    assert [listed["room"] for listed in come(chat).objects()[0]["rooms"]] == ["dev"]


def test_a_room_that_is_gone_is_none_of_the_account_s(chat: Box) -> None:
    one = come(chat, rooms={"tea": None})
    one.lose()
    chat.clock.advance(120)
    chat.json("bob", rooms={"tea": None})
    assert come(chat, rooms={}).objects()[0].get("rooms", []) == []


def test_who_is_without_an_account_has_no_list_and_one_device(chat: Box) -> None:
    bob = come(chat, name="bob", password=None)
    assert "rooms" not in bob.objects()[0]
    other = come(chat, name="bob", password=None)
    assert [event["code"] for event in other.objects()] == ["name-taken"]


def test_the_devices_of_a_user_are_listed(chat: Box) -> None:
    one, person = come(chat), sit_down(chat)
    chat.clock.advance(120)
    lost = come(chat, rooms={})
    lost.lose()
    person.send("/devices")
    assert person.lines() == [
        "* 1: json from 192.0.2.1, since 2026-11-21 09:15, idle for 2 minutes",
        "* 2: text from 192.0.2.1, since 2026-11-21 09:15, active now (this one)",
        "* 3: json from 192.0.2.1, since 2026-11-21 09:17, active now, its connection is broken",
    ]
    one.received()
    one.ask(type="devices", tag="d")
    answer = one.objects()[-1]
    assert answer["tag"] == "d"
    assert [line["device"] for line in answer["devices"]] == [1, 2, 3]
    assert answer["devices"][0] == {
        "device": 1, "way": "json", "address": "192.0.2.1", "since": "2026-11-21T09:15:02.114Z", "idle": 0, "this": True
    }  # fmt: skip
    again = come(chat)
    again.received()
    lost_again = come(chat)
    lost_again.ask(type="devices")
    assert [line["device"] for line in lost_again.objects()[-1]["devices"]] == [1, 2, 3, 4, 5]


def test_a_ping_does_not_make_a_user_active(chat: Box) -> None:
    one = come(chat)
    chat.clock.advance(120)
    one.ask(type="ping")
    bob = chat.text("bob")
    bob.send("/whois ada")
    assert bob.lines() == [
        "* ada has the account ada, and is in #lobby.",
        "* Here since 2026-11-21 09:15, idle for 2 minutes.",
    ]


def test_a_device_that_is_logged_out_does_not_come_back_by_its_token(chat: Box) -> None:
    one, two = come(chat), come(chat)
    token = two.objects()[0]["token"]
    one.received()
    one.ask(type="logout", device=2, tag="x")
    assert [(event["type"], event["text"]) for event in one.objects()] == [("notice", "Device 2 is logged out.")]
    end = two.objects()[-1]
    assert (end["type"], end["code"]) == ("goodbye", "logged-out")
    again = come(chat, password=None, token=token)
    assert [event["code"] for event in again.objects()] == ["password-needed"]


def test_a_log_out_everywhere_ends_all_devices_and_all_tokens(chat: Box) -> None:
    away = come(chat)
    tokens = [away.objects()[0]["token"]]
    away.ask(type="quit")
    one, person = come(chat), sit_down(chat)
    tokens.append(one.objects()[0]["token"])
    person.send("/logout all")
    assert person.lines() == ["* All devices are logged out.", "* You have logged out."]
    assert one.objects()[-1]["text"] == "All your devices were logged out from another one."
    for token in tokens:
        assert [event["code"] for event in come(chat, password=None, token=token).objects()] == ["password-needed"]


def test_a_log_out_says_what_to_do_if_it_does_not_know_the_device(chat: Box) -> None:
    person = sit_down(chat)
    person.send("/logout", "/logout phone", "/logout 7")
    assert person.lines() == [
        "! Usage: /logout which (logs a device out: /logout 2, or /logout all)",
        "! Say which device is to be logged out: /logout 2, or /logout all. /devices lists them.",
        "! You have no device 7. /devices lists them.",
    ]


def test_whois_shows_only_the_rooms_that_the_asker_may_see(chat: Box) -> None:
    one = come(chat, rooms={"lobby": None, "den": None})
    one.ask(type="room", room="den", access="private")
    one.ask(type="away", text="tea")
    bob = chat.json("bob")
    bob.ask(type="whois", name="ada", tag="w")
    assert bob.objects()[-1] == {
        "type": "whois", "name": "ada", "account": "ada", "rooms": ["lobby"], "away": "tea", "idle": 0,
        "since": "2026-11-21T09:15:02.114Z", "tag": "w",
    }  # fmt: skip
    bob.ask(type="whois", name="bob")
    assert "account" not in bob.objects()[-1]
    one.ask(type="quit")
    bob.ask(type="whois", name="ada")
    assert bob.objects()[-1]["text"] == "ada has an account, and is not here now."


def test_an_account_gets_another_name_and_the_old_one_stays_its_own_for_a_time(chat: Box) -> None:
    one, person, bob = come(chat), sit_down(chat), chat.text("bob")
    one.received()
    one.ask(type="rename", name="lovelace", password="wrong horse")
    assert one.objects()[-1]["code"] == "wrong-password"
    one.ask(type="rename", name="bob", password=PASSWORD)
    assert one.objects()[-1]["code"] == "name-taken"
    one.ask(type="rename", name="lovelace", password=PASSWORD, tag="r")
    events = one.objects()
    assert [event["type"] for event in events] == ["renamed", "renamed", "notice"]
    assert (events[-1]["tag"], "lovelace" in events[-1]["text"]) == ("r", True)
    assert bob.lines() == ["* ada is now known as lovelace."]
    assert person.lines() == ["* bob joined.", "* ada is now known as lovelace."]
    eve = come(chat, name="ada", password=None)
    assert [event["code"] for event in eve.objects()] == ["password-needed"]
    assert come(chat, name="ada").objects()[0]["name"] == "lovelace"
    assert come(chat, name="lovelace").objects()[0]["name"] == "lovelace"
    chat.clock.advance(30 * 86_400 + 1)
    assert come(chat, name="ada", password=None).objects()[0]["name"] == "ada"


def test_an_account_can_have_its_old_name_back(chat: Box) -> None:
    one = come(chat)
    for name in ("lovelace", "ada", "lovelace"):
        one.received()
        one.ask(type="rename", name=name, password=PASSWORD)
        assert one.objects()[-1]["type"] == "notice"
    for number in range(5):
        one.ask(type="rename", name=f"ada{number}", password=PASSWORD)
    assert [event.get("code") for event in one.objects()][-1] == "not-allowed"


def test_a_number_of_a_device_that_is_too_long_is_refused(chat: Box) -> None:
    person = sit_down(chat)
    person.send(f"/logout {'9' * 5_000}")
    assert person.lines() == ["! Say which device is to be logged out: /logout 2, or /logout all. /devices lists them."]


def test_a_device_that_comes_back_has_done_nothing_by_that(chat: Box) -> None:
    one, bob = come(chat), chat.json("bob")
    one.objects()
    chat.clock.advance(40)
    one.lose()
    chat.clock.advance(40)
    come(chat, token=one.token, password=None)
    bob.ask(type="whois", name="ada")
    assert bob.objects()[-1]["idle"] == 80


def test_a_token_that_was_logged_out_is_not_given_again_to_who_has_the_password(chat: Box) -> None:
    one, two = chat.connect(), come(chat)
    one.ask(type="hello", name="ada", password=PASSWORD)
    token = one.objects()[0]["token"]
    two.ask(type="logout")
    again = chat.connect()
    again.ask(type="hello", name="ada", token=token, password=PASSWORD)
    assert again.objects()[0]["token"] != token
    thief = chat.connect()
    thief.ask(type="hello", name="ada", token=token)
    assert thief.objects()[0]["code"] == "password-needed"


def test_who_registers_while_they_are_logged_out_come_in_by_their_password_and_not_by_the_token(chat: Box) -> None:
    eve = chat.connect()
    eve.ask(type="hello", name="eve")
    token = eve.objects()[0]["token"]
    eve.send('{"type":"logout","device":1}', f'{{"type":"register","password":"{PASSWORD}"}}')
    again = chat.connect()
    again.ask(type="hello", name="eve", token=token)
    assert again.objects()[0]["code"] == "password-needed"
    again.ask(type="hello", name="eve", token=token, password=PASSWORD)
    welcome = again.objects()[0]
    assert (welcome["registered"], welcome["token"] == token) == (True, False)


def test_a_kick_keeps_a_device_out_that_resumes_and_none_that_is_new(chat: Box) -> None:
    bob, one = chat.json("bob", rooms={"dev": None}), chat.connect()
    one.ask(type="hello", name="ada", password=PASSWORD, rooms={"dev": None})
    token = one.objects()[0]["token"]
    come(chat, rooms={})
    bob.ask(type="kick", room="dev", name="ada")
    one.lose()
    again = chat.connect()
    again.ask(type="hello", name="ada", token=token, rooms={"dev": None})
    assert [event["type"] for event in again.objects()] == ["welcome", "error"]
    new = chat.connect()
    new.ask(type="hello", name="ada", password=PASSWORD, rooms={"dev": None})
    assert [event["type"] for event in new.objects()] == ["welcome", "room"]
