"""What founders, ops and moderators make of a room, and what the list of rooms shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from box import Box, Client, SlowStore
from core.test_names_end import LIMITS, PASSWORD, Kept
from twisted.internet.defer import Deferred

from chat.core.accounts import Role
from chat.core.commands.rooms import PAGE_OF_PEOPLE, PAGE_OF_PROGRAMS
from chat.core.facts import BannedFrom, Decision, StatusSet
from chat.core.limits import Limits
from chat.core.ports import Search
from chat.core.room import MOST_SPOKEN, Room
from chat.core.room_directory import KEPT, RoomDirectory
from chat.core.session import NOTHING
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep, Page

HASH = hash_password(PASSWORD)
EVERYTHING = ["changes", "lines"]
ADDRESS = "192.0.2.1"
ELSEWHERE = "198.51.100.7"


@pytest.fixture
def box() -> Box:
    """A chat with a moderator, and with accounts that are not here."""
    box = Box(limits=LIMITS)
    box.make_account("mo", HASH, Role.MODERATOR)
    for name in ("ada", "bob", "zoe"):
        box.make_account(name, HASH)
    return box


def person(box: Box, name: str, room: str = "dev", host: str = ADDRESS) -> Client:
    """Somebody with netcat comes into a room, with an account if there is one of that name."""
    client = box.connect(host=host)
    client.send(name, *([PASSWORD] if box.hub.accounts.get(name) else []), f"/join {room}")
    client.socket.clear()
    return client


def shown(client: Client, *lines: str) -> list[str]:
    """What a person is shown when they have sent these lines."""
    client.received()
    client.send(*lines)
    return client.lines()


def asked(client: Client, **request: Any) -> list[dict[str, Any]]:
    """What a program is sent when it has asked for this."""
    client.objects()
    client.ask(**request)
    return client.objects()


# -- founders and ops


def test_who_makes_a_room_and_has_an_account_is_its_founder_and_hands_that_on(box: Box) -> None:
    ada, guest = person(box, "ada"), person(box, "guest")
    assert shown(guest, "/room") == ["* #dev is open to everybody. Everybody in it sets its topic. Its founder is ada."]
    assert shown(guest, "/room founder guest")[-1] == "! Only ada, the founder of #dev, hands that on."
    assert shown(ada, "/room founder guest")[-1] == (
        "! guest has no account, so they can't be the founder. They can /register first."
    )
    assert shown(ada, "/room founder bob") == ["* ada made bob the founder of the room."]
    assert shown(guest, "/room")[-1].endswith("Its founder is bob. Its op with an account is ada.")
    assert shown(ada, "/room founder ada")[-1] == "! Only bob, the founder of #dev, hands that on."
    bob = person(box, "bob")
    assert shown(bob, "/op ada off")[-1] == "* bob took back that ada is an op."


def test_who_registers_after_making_a_room_is_its_founder_too(box: Box) -> None:
    eve = person(box, "eve")
    eve.send(f"/register {PASSWORD}")
    assert shown(eve, "/room")[-1].endswith("Its founder is eve.")


def test_an_op_takes_nothing_from_the_founder_and_a_moderator_may(box: Box) -> None:
    ada, eve, mo = person(box, "ada"), person(box, "eve"), person(box, "mo")
    ada.send("/op eve")
    refusal = "! ada is the founder of #dev. Only a moderator may do that."
    for line in ("/op ada off", "/kick ada", "/kick ada 1d", "/mute ada", "/room ban ada"):
        assert shown(eve, line) == [refusal], line
    assert shown(ada, "/op ada") == ["! You are the founder of #dev. /room founder NAME hands it on."]
    assert shown(mo, "/op ada off") == ["* mo took back that ada is an op."]
    assert "founder" not in shown(mo, "/room")[-1]


def test_with_the_founder_gone_for_good_moderators_hand_the_room_on(box: Box) -> None:
    ada, bob, mo = person(box, "ada"), person(box, "bob"), person(box, "mo")
    assert shown(mo, "/room founder bob")[-1] == "! Only ada, the founder of #dev, hands that on."
    ada.send(f"/unregister {PASSWORD}")
    assert shown(bob, "/room founder bob")[-1] == "! #dev has no founder. Only a moderator may appoint one."
    assert shown(mo, "/room founder bob") == ["* mo made bob the founder of the room."]


def test_an_absent_account_is_made_op_muted_and_invited(box: Box) -> None:
    ada = person(box, "ada")
    assert shown(ada, "/op zoe on", "/mute zoe 1h noise", "/invite zoe", "/op nobody on") == [
        "* ada made zoe an op.",
        "* ada muted zoe for 1 hour: noise",
        "* ada invited zoe.",
        "! There is nobody called nobody here. See /who for those in this room.",
    ]
    zoe = person(box, "zoe")
    assert shown(zoe, "hello", "/who") == [
        "! You are muted in #dev for 1 hour more.",
        "* In #dev: ada (op), zoe (op)",
    ]
    assert shown(ada, "/unmute zoe") == ["* ada lets zoe speak again."]


def test_a_mute_of_an_absent_account_holds_under_another_name(box: Box) -> None:
    ada = person(box, "ada")
    ada.send("/mute zoe 1h")
    zoe = person(box, "zoe", "lobby")
    zoe.send("/nick susan", "/join dev")
    assert shown(zoe, "hello") == ["! You are muted in #dev for 1 hour more."]
    assert shown(ada, "/mute zoe 2h") == ["* ada muted susan for 2 hours"]
    assert shown(ada, "/unmute zoe") == ["* ada lets susan speak again."]
    assert shown(zoe, "hello") == []


# -- who comes in


def test_a_room_for_members_takes_in_accounts_and_the_invited(box: Box) -> None:
    ada = person(box, "ada", "den")
    ada.send("a secret", "/topic plans")
    assert shown(ada, "/room members") == ["* ada made the room members-only: only users with an account come in."]
    eve, bob = person(box, "eve", "lobby"), person(box, "bob", "lobby")
    assert shown(eve, "/join den", "/who den", "/rooms", "/search secret") == [
        "! #den is for users with an account. Make your name yours with /register first.",
        "! There is no room #den. See /rooms for those there are.",
        "* #lobby, 2 users",
        "* Nothing was found.",
    ]
    assert "#den, 1 user" in "\n".join(shown(bob, "/rooms"))
    assert shown(bob, "/search secret")[1].endswith("ada: a secret")
    ada.send("/invite eve")
    assert shown(eve, "/join den")[0].startswith("* You are eve, in #den with ada.")
    assert shown(ada, "/room open") == ["* ada opened the room to everybody."]
    assert person(box, "guest", "den").protocol.session.here == "den"


def test_only_an_op_who_can_come_back_closes_a_room_to_others(box: Box) -> None:
    eve = person(box, "eve")
    assert shown(eve, "/room members") == [
        "! A room for members needs an op who can come back: make your name yours with /register first."
    ]


def test_who_is_in_a_room_that_becomes_private_comes_in_again(box: Box) -> None:
    ada, bob, eve = person(box, "ada"), person(box, "bob"), person(box, "eve")
    ada.send("/room private")
    for client, name in ((bob, "bob"), (eve, "eve")):
        client.send("/join lobby")
        assert shown(client, "/join dev")[0].startswith(f"* You are {name}, in #dev")
    other = person(box, "other", "lobby")
    assert shown(other, "/join dev") == ["! #dev is private. Ask one of its ops for an invitation."]


def test_an_invitation_waits_for_an_account_which_is_told_until_it_comes(box: Box) -> None:
    ada = person(box, "ada")
    ada.send("/room private", "/invite zoe")

    def comes_in(*rooms: str) -> list[str]:
        zoe = box.connect()
        zoe.ask(type="hello", name="zoe", password=PASSWORD, rooms=dict.fromkeys(rooms))
        events = zoe.objects()
        zoe.ask(type="quit")
        return [event["room"] if event["type"] == "room" else event["text"] for event in events[1:]]

    invited = "You are invited to #dev. Come with /join dev"
    assert comes_in() == comes_in() == [invited]
    assert comes_in("dev") == ["dev"]
    assert comes_in() == []
    assert comes_in("dev") == ["dev"]


@pytest.mark.parametrize("line", ["/uninvite zoe", "/kick zoe", "/room ban zoe", "/kick zoe 1h"])
def test_an_invitation_is_taken_back(box: Box, line: str) -> None:
    ada, zoe = person(box, "ada"), person(box, "zoe", "lobby")
    ada.send("/room private", "/invite zoe")
    zoe.send("/join dev")
    ada.send(line)
    zoe.send("/join lobby")
    ada.send("/room unban zoe")
    assert shown(zoe, "/join dev") == ["! #dev is private. Ask one of its ops for an invitation."]
    assert shown(ada, "/uninvite zoe") == ["! zoe is not invited to #dev."]


def test_who_ignores_somebody_is_not_told_that_they_invite_them(box: Box) -> None:
    ada, bob = person(box, "ada"), person(box, "bob", "lobby")
    bob.send("/ignore ada")
    bob.received()
    ada.send("/invite bob")
    assert bob.lines() == []


# -- bans from a room


def test_a_ban_from_a_room_puts_out_and_keeps_out_and_is_told_apart_from_the_chats(box: Box) -> None:
    ada, bob, cy = person(box, "ada"), person(box, "bob"), person(box, "cy")
    bob.received()
    assert shown(ada, "/kick bob 1d too loud") == [
        "* bob was kicked out by ada: too loud",
        "* ada banned bob from #dev for 1 day: too loud",
    ]
    assert cy.lines()[-1] == "* ada banned bob from #dev for 1 day: too loud"
    assert bob.lines()[0] == "* ada banned you from #dev for 1 day: too loud"
    assert shown(bob, "/nick robert", "/join dev")[-1] == "! You are banned from #dev for 1 day more: too loud"
    assert shown(bob, "/search hello") == ["* Nothing was found."]
    assert shown(ada, "/room bans") == ["* bob, until 2026-11-22 09:15, by ada: too loud"]
    assert shown(ada, "/room")[-1].endswith("1 user is banned from it.")
    assert shown(ada, "/invite bob") == ["! robert is banned from #dev. Take that back first: /room unban robert"]
    mo = person(box, "mo")
    assert shown(mo, "/bans") == ["* Nobody is banned from this chat."]
    assert shown(ada, "/room unban bob", "/room unban bob", "/room bans") == [
        "* ada lifted the ban of bob from #dev.",
        "! bob is not banned from #dev. /room bans lists who is.",
        "* Nobody is banned from #dev.",
    ]
    assert shown(bob, "/join dev")[0].startswith("* You are robert, in #dev")


def test_a_program_bans_from_a_room_with_the_requests_of_moderators(box: Box) -> None:
    ada = box.json("ada", password=PASSWORD, rooms={"dev": None}, accept=EVERYTHING)
    bob = box.json("bob", password=PASSWORD, rooms={"dev": None})
    left, rule = asked(ada, type="ban", room="dev", target="bob", text="1h spam", tag="t")
    assert (left["type"], left["name"], left["by"]) == ("left", "bob", "ada")
    assert {**rule, "time": ""} == {
        "type": "rule",
        "time": "",
        "room": "dev",
        "by": "ada",
        "rule": "ban",
        "on": True,
        "name": "bob",
        "text": "for 1 hour: spam",
        "tag": "t",
    }
    left, told = bob.objects()
    assert (left["type"], left["by"]) == ("left", "ada")
    assert (told["type"], told["text"]) == ("notice", "ada banned you from #dev for 1 hour: spam")
    assert asked(bob, type="join", room="dev")[0]["code"] == "not-allowed"
    (bans,) = asked(ada, type="bans", room="dev")
    assert (bans["room"], [ban["target"] for ban in bans["bans"]]) == ("dev", ["bob"])
    assert asked(ada, type="bans")[0]["code"] == asked(ada, type="ban", target="bob")[0]["code"] == "not-allowed"
    assert asked(ada, type="unban", room="dev", target="bob")[0]["rule"] == "ban"


def test_a_kick_of_a_program_is_no_ban_whatever_its_reason_begins_with(box: Box) -> None:
    ada, bob = box.json("ada", password=PASSWORD, rooms={"dev": None}), box.json("bob", password=PASSWORD)
    bob.ask(type="join", room="dev")
    answers = asked(ada, type="kick", room="dev", name="bob", text="1d")
    assert "You kicked bob." in [event.get("text") for event in answers]
    assert asked(bob, type="join", room="dev")[0]["type"] == "room"


def test_a_reason_that_begins_with_a_number_is_no_time(box: Box) -> None:
    ada, bob = person(box, "ada"), person(box, "bob")
    assert shown(ada, "/kick bob 3 times you were asked")[0] == "* You kicked bob."
    assert shown(bob, "/join dev")[0].startswith("* You are bob, in #dev")
    assert shown(ada, "/kick bob 0d")[-1] == "! 0d is no time. Write one like 30s, 10m, 2h, 7d or 4w."


def test_a_ban_holds_for_all_devices_and_those_that_resume(box: Box) -> None:
    ada = person(box, "ada")
    first = box.json("bob", password=PASSWORD, rooms={"dev": None})
    second = box.json("bob", password=PASSWORD, rooms={"dev": None})
    first.lose()
    ada.send("/room ban bob 1h")
    assert [event["type"] for event in second.objects()][-2:] == ["left", "notice"]
    again = box.connect()
    again.ask(type="hello", name="bob", token=first.token, rooms={"dev": 0})
    events = again.objects()
    assert [event["text"] for event in events if event["type"] == "error"] == ["ada banned you from #dev for 1 hour."]
    assert not [event for event in events if event["type"] == "room"]


def test_another_name_does_not_end_a_ban_of_somebody_without_an_account(box: Box) -> None:
    ada, neighbour, eve = person(box, "ada"), person(box, "neighbour", "lobby"), person(box, "eve")
    ada.send("/room ban eve 2d", "hello")
    eve.send("exit")
    sentence = (
        "! Your address is banned from #dev for 1 day more, because of somebody without an account who came from it."
    )
    other = person(box, "eve", "lobby")
    assert shown(other, "/join dev") == [sentence]
    assert shown(neighbour, "/join dev")[0].startswith("* You are neighbour, in #dev")
    assert person(box, "far", host=ELSEWHERE).protocol.session.here == "dev"
    other.send(f"/register {PASSWORD}")
    assert shown(other, "/join dev")[0].startswith("* You are eve, in #dev")
    box.clock.advance(86_401)
    assert person(box, "new").protocol.session.here == "dev"
    assert shown(ada, "/room bans") == ["* Nobody is banned from #dev."]


def test_a_ban_of_somebody_who_left_is_taken_back_by_their_name(box: Box) -> None:
    ada, eve = person(box, "ada"), person(box, "eve")
    ada.send("/room ban eve 1h")
    eve.send("exit")
    assert shown(ada, "/room unban eve") == ["* ada lifted the ban of eve from #dev."]
    assert person(box, "eve2").protocol.session.here == "dev"


def test_a_ban_stays_with_who_registers(box: Box) -> None:
    ada, eve = person(box, "ada"), person(box, "eve")
    ada.send("/room ban eve 1h")
    eve.send(f"/register {PASSWORD}")
    assert shown(eve, "/join dev") == ["! You are banned from #dev for 1 hour more."]
    assert shown(ada, "/room unban eve") == ["* ada lifted the ban of eve from #dev."]


def test_moderators_are_not_kept_out(box: Box) -> None:
    ada = person(box, "ada")
    assert shown(ada, "/room ban mo", "/room ban ada") == [
        "! mo is a moderator. Only an owner may do that.",
        "! That would ban yourself.",
    ]


# -- how often one speaks


def test_a_slow_room_makes_all_but_ops_wait_and_says_how_long(box: Box) -> None:
    ada, bob = person(box, "ada"), person(box, "bob")
    assert shown(bob, "/slow 30s") == ["! Only the ops of #dev may do that."]
    assert shown(ada, "/slow 30s") == ["* ada slowed the room down: all but its ops may speak once every 30 seconds."]
    bob.send("one")
    box.clock.advance(10)
    assert (
        shown(bob, "two", "/me waves", "/topic tea")
        == ["! #dev is slow: you may speak once every 30 seconds, and again in 20 seconds."] * 3
    )
    assert shown(ada, "as", "I like") == []
    bob.send("/join lobby", "/join dev")
    assert shown(bob, "two")[-1].startswith("! #dev is slow")
    box.clock.advance(20)
    assert shown(bob, "two") == []
    assert shown(bob, "/room")[-1].endswith("All but its ops may speak once every 30 seconds. Its founder is ada.")
    assert shown(ada, "/slow off") == ["* ada let everybody speak as often as they like again."]
    assert shown(bob, "three", "four") == []
    assert shown(ada, "/slow 2d")[-1] == "! 2d is too long. Have them wait a day at most: /slow 1d"


def test_a_message_that_could_not_be_stored_was_nobodys_turn() -> None:
    store = SlowStore()
    box = Box(limits=LIMITS, store=store)
    ada, bob = box.json("ada", rooms={"dev": None}), box.json("bob", rooms={"dev": None})
    ada.ask(type="slow", room="dev", text="30s")
    box.settle()
    bob.ask(type="say", room="dev", text="x")
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    bob.objects()
    assert asked(bob, type="say", room="dev", text="x") == []
    store.store()
    box.turn()
    assert bob.objects()[0]["type"] == "message"


def test_few_of_those_who_spoke_are_remembered() -> None:
    room = Room("dev")
    room.slow = 10
    for subject in range(1, MOST_SPOKEN + 100):
        room.take_turn(subject, 0.0)
    assert room.spoken is not None
    assert len(room.spoken) == MOST_SPOKEN
    room.take_turn(1, 11.0)
    assert list(room.spoken) == [1]


# -- archive and end


def test_in_an_archived_room_nobody_speaks_until_it_is_taken_out(box: Box) -> None:
    ada, mo = person(box, "ada"), person(box, "mo")
    ada.send("last words", "/mute bob 1h")
    assert shown(ada, "/room archive") == ["* ada archived the room: it can be read, but nobody can speak in it."]
    for client in (ada, mo):
        assert (
            shown(client, "hello", "/me waves", "/topic tea")
            == ["! #dev is archived: it can be read, but nobody can speak in it."] * 3
        )
    assert shown(mo, "/away lunch") == ["* You are away: lunch"]
    assert shown(mo, "/rooms") == ["* #dev, 2 users, archived, active 2026-11-21 09:15"]
    bob = person(box, "bob")
    assert shown(bob, "/search words")[1].endswith("ada: last words")
    assert shown(ada, "/room archive") == ["* ada took the room out of the archive."]
    assert shown(bob, "hello") == ["! You are muted in #dev for 1 hour more."]


def test_a_closed_room_is_gone_for_all_but_moderators_and_its_name_is_taken(box: Box) -> None:
    ada, bob, eve, mo = person(box, "ada"), person(box, "bob"), person(box, "eve", "lobby"), person(box, "mo", "lobby")
    ada.send("a secret")
    assert shown(bob, "/room close dev") == ["! Only the founder of #dev or a moderator may do that."]
    assert (
        shown(ada, "/room close", "/room close def")
        == [
            "! To close #dev, type its name again: /room close dev",
        ]
        * 2
    )
    bot = box.json("bot", rooms={"dev": None})
    bob.received()
    assert shown(ada, "/room close dev")[:2] == ["* #dev is closed.", "* #dev was closed by ada."]
    assert bob.lines()[:2] == [
        "* #dev was closed by ada.",
        "* You are bob, in #lobby with ada, eve and mo. Type /help for commands, exit to leave.",
    ]
    assert [(event["type"], event.get("by"), event.get("text")) for event in bot.objects()] == [
        ("left", "ada", "#dev was closed by ada.")
    ]
    refusal = "! #dev is closed. Its founder or a moderator may open it again: /room open dev"
    for client in (bob, eve, ada):
        assert shown(client, "/join dev", "/join d\u0435v", "/who dev", "/search secret", "/rooms") == [
            refusal,
            refusal,
            "! There is no room #dev. See /rooms for those there are.",
            "* Nothing was found.",
            "* #lobby, 4 users",
        ]
    assert "mo: a secret" not in shown(mo, "/search secret")[1]
    assert shown(mo, "/search secret")[1].endswith("ada: a secret")
    mo.send("/join dev")
    assert shown(mo, "hello") == ["! #dev is closed: nobody can speak in it."]
    assert shown(eve, "/room open dev") == ["! Only the founder of #dev or a moderator may do that."]
    assert shown(ada, "/room open dev") == ["* #dev is open again."]
    assert mo.lines()[-1] == "* ada opened #dev again."
    assert shown(bob, "/join dev")[-2].endswith("ada: a secret")


def test_a_room_is_closed_and_opened_by_programs_from_elsewhere(box: Box) -> None:
    ada = box.json("ada", password=PASSWORD, rooms={"dev": None, "lobby": None}, accept=EVERYTHING)
    ada.ask(type="say", room="dev", text="x")
    answers = asked(ada, type="room", room="dev", access="closed", name="dev", tag="t")
    assert [answer.get("text") for answer in answers] == ["#dev is closed.", "#dev was closed by ada."]
    assert answers[0]["tag"] == "t"
    (answer,) = asked(ada, type="room", room="dev", access="open", tag="t2")
    assert (answer["type"], answer["tag"]) == ("notice", "t2")
    (room,) = [event for event in asked(ada, type="join", room="dev") if event["type"] == "room"]
    assert (room["last"], "access" in room) == (1, False)


def test_the_lobby_stays_as_it_is(box: Box) -> None:
    mo = person(box, "mo", "lobby")
    sentence = "! #lobby is where everybody comes in, so it stays open."
    lines = ("/room members", "/room private", "/room archive", "/room close lobby")
    assert shown(mo, *lines) == [sentence] * len(lines)


def test_a_closed_room_in_which_nothing_was_said_is_gone(box: Box) -> None:
    ada = person(box, "ada")
    ada.send("/room close dev", "/join lobby")
    eve = person(box, "eve")
    assert shown(eve, "/who") == ["* In #dev: eve (op)"]


class Chat:
    """A chat whose history stores a batch only when the test says so."""

    def __init__(self) -> None:
        self.store = SlowStore()
        self.box = Box(limits=LIMITS, store=self.store)
        self.ada = self.come("ada", "dev")
        self.ada.ask(type="register", password=PASSWORD)
        self.ada.ask(type="say", room="dev", text="x")
        self.settle()

    def settle(self) -> None:
        """Have all that waits stored."""
        self.box.settle()

    def fail(self) -> None:
        """The batch that waits can't be stored."""
        self.store.fail(CannotKeep("the disk is full."))
        self.settle()

    def come(self, name: str, *rooms: str) -> Client:
        """A program comes in."""
        client = self.box.json(name, rooms=dict.fromkeys(rooms), accept=EVERYTHING)
        self.settle()
        client.objects()
        return client


def test_who_comes_while_a_room_is_being_closed_is_refused_and_who_was_in_is_put_out() -> None:
    chat = Chat()
    bob, eve = chat.come("bob", "dev"), chat.come("eve")
    chat.ada.ask(type="room", room="dev", access="closed", name="dev")
    eve.ask(type="join", room="dev")
    bob.ask(type="say", room="dev", text="wait")
    chat.settle()
    assert [event["code"] for event in eve.objects()] == ["not-allowed"]
    assert [event["type"] for event in bob.objects()] == ["error", "left"]
    assert not chat.box.hub.rooms["dev"].members


def test_a_room_whose_end_can_not_be_stored_goes_on() -> None:
    chat = Chat()
    bob = chat.come("bob", "dev")
    chat.ada.ask(type="room", room="dev", access="closed", name="dev", tag="t")
    chat.fail()
    assert [event.get("code") for event in chat.ada.objects()][-1] == "not-stored"
    bob.ask(type="say", room="dev", text="still here")
    chat.settle()
    assert [event["type"] for event in bob.objects()] == ["message"]


def test_a_ban_that_can_not_be_stored_has_put_nobody_out() -> None:
    chat = Chat()
    bob = chat.come("bob", "dev")
    chat.ada.ask(type="ban", room="dev", target="bob", tag="t")
    chat.fail()
    assert [event.get("code") for event in chat.ada.objects()][-1] == "not-stored"
    bob.ask(type="say", room="dev", text="still here")
    chat.settle()
    assert [event["type"] for event in bob.objects()] == ["message"]
    assert not chat.box.hub.rooms["dev"].bans


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "slow", "text": "30s"},
        {"type": "room", "access": "members"},
        {"type": "room", "access": "private"},
        {"type": "room", "access": "archived"},
        {"type": "room", "access": "founder", "name": "bob"},
        {"type": "invite", "name": "bob"},
        {"type": "op", "name": "bob", "on": True},
        {"type": "ban", "target": "bob"},
        {"type": "kick", "name": "bob"},
    ],
    ids=str,
)
def test_what_can_not_be_stored_of_a_room_has_not_happened(request_: dict[str, Any]) -> None:
    chat = Chat()
    bob = chat.come("bob", "dev")
    bob.ask(type="register", password=PASSWORD)
    chat.settle()
    room = chat.box.hub.rooms["dev"]

    def state() -> list[object]:
        plain = (room.access, room.status, room.slow, room.maker, room.ops, dict(room.invited), dict(room.bans))
        return [*plain, room.names(), {subject: room.rights(subject) for subject in room.subjects()}]

    before = state()
    chat.ada.ask(room="dev", tag="t", **request_)
    assert state() != before
    chat.fail()
    assert state() == before


@pytest.mark.parametrize("last", ["leave", "quit"])
def test_an_op_who_has_left_meanwhile_is_none_again_when_what_they_decided_is_undone(last: str) -> None:
    chat = Chat()
    eve = chat.come("eve", "den")
    eve.ask(type="say", room="den", text="x")
    chat.settle()
    chat.ada.ask(type="join", room="den")
    chat.settle()
    eve.ask(type="invite", room="den", name="eve")
    eve.ask(type="mute", room="den", name="eve")
    eve.ask(type=last, room="den")
    chat.fail()
    room = chat.box.hub.rooms["den"]
    assert (room.ops, room.invited, room.muted, room.maker) == (frozenset(), {}, {}, 0)


def test_every_decision_is_in_the_audit_record(box: Box) -> None:
    decided: list[tuple[str, str]] = []
    append = box.store.append

    def watched(records: Any) -> Any:
        decided.extend((one.action, one.target) for one in records if isinstance(one, Decision))
        return append(records)

    box.store.append = watched  # type: ignore[method-assign]
    ada = person(box, "ada")
    lines = ("hello", "/slow 9s", "/slow off", "/room members", "/room open", "/room archive", "/room archive")
    ada.send(*lines, "/invite bob", "/uninvite bob", "/room ban bob 1d x", "/room unban bob", "/room founder zoe")
    person(box, "zoe").send("/room close dev", "/room open dev")
    assert decided == [
        ("slow", "dev"),
        ("no slow", "dev"),
        ("members", "dev"),
        ("no members", "dev"),
        ("archived", "dev"),
        ("no archived", "dev"),
        ("invite", "bob"),
        ("no invite", "bob"),
        ("ban", "bob"),
        ("no ban", "bob"),
        ("founder", "zoe"),
        ("close", "dev"),
        ("open", "dev"),
    ]


# -- what outlives a restart, and what does not


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    chat = Kept(tmp_path)
    yield chat
    chat.close()


def request(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "room": "dev", **fields}


def test_all_of_a_room_outlives_a_restart(kept: Kept) -> None:
    register = {"type": "register", "password": PASSWORD}
    ada, _ = kept.come("ada", rooms={"dev": None})
    kept.ask(ada, register, request("say", text="hi"), request("topic", text="tea"))
    for name in ("bob", "cy", "dan"):
        other, _ = kept.come(name, rooms={"dev": None})
        kept.ask(other, register)
    kept.ask(
        ada,
        request("slow", text="30s"),
        request("room", access="members"),
        request("ban", target="bob", text="1d spam"),
        request("invite", name="cy"),
        request("mute", name="dan", text="1h"),
        request("room", access="archived"),
        request("room", access="founder", name="cy"),
    )
    rules = kept.ask(ada, request("room"))[0]["text"]
    assert rules.startswith(
        "#dev is members-only: only users with an account come in. It is archived: nobody can speak"
    )
    kept.restart()
    ada, events = kept.come("ada", password=PASSWORD, rooms={"dev": None})
    (room,) = [event for event in events if event["type"] == "room"]
    assert (room["access"], room["slow"], room["topic"], room["ops"]) == ("archived", 30, "tea", ["ada"])
    assert kept.ask(ada, request("room"))[0]["text"] == rules
    (bans,) = kept.ask(ada, request("bans"))
    assert [(ban["target"], ban["why"], ban["by"]) for ban in bans["bans"]] == [("bob", "spam", "ada")]
    _, events = kept.come("bob", password=PASSWORD, rooms={"dev": None})
    assert [event["text"] for event in events if event["type"] == "error"] == [
        "You are banned from #dev for 1 day more: spam"
    ]
    _, events = kept.come("cy", password=PASSWORD, rooms={})
    assert [event["text"] for event in events if event["type"] == "notice"] == [
        "You are invited to #dev. Come with /join dev"
    ]
    dan, _ = kept.come("dan", password=PASSWORD, rooms={"dev": None})
    kept.ask(ada, request("room", access="archived"))
    assert "muted" in [event.get("code") for event in kept.ask(dan, request("say", text="hi"))]


def test_a_ban_of_an_address_outlives_a_restart(kept: Kept) -> None:
    ada, _ = kept.come("ada", rooms={"dev": None})
    kept.ask(ada, {"type": "register", "password": PASSWORD}, request("say", text="hi"))
    eve, _ = kept.come("eve", rooms={"dev": None})
    kept.ask(ada, request("ban", target="eve"))
    kept.ask(eve, {"type": "quit"})
    kept.restart()
    _, events = kept.come("eve", rooms={"dev": None})
    assert [event["text"][:33] for event in events if event["type"] == "error"] == ["Your address is banned from #dev "]


def test_a_closed_room_stays_closed_until_nothing_is_kept_of_it(kept: Kept) -> None:
    ada, _ = kept.come("ada", rooms={"dev": None})
    kept.ask(ada, {"type": "register", "password": PASSWORD}, request("say", text="hi"))
    kept.ask(ada, request("room", access="closed", name="dev"))
    kept.restart()
    _, events = kept.come("eve", rooms={"dev": None})
    assert [event["code"] for event in events if event["type"] == "error"] == ["not-allowed"]
    kept.drop("dev", 1)
    kept.restart()
    _, events = kept.come("eve", rooms={"dev": None})
    assert [event["ops"] for event in events if event["type"] == "room"] == [["eve"]]


def test_topic_rules_and_founder_outlive_what_was_said(kept: Kept) -> None:
    ada, _ = kept.come("ada", rooms={"dev": None})
    kept.ask(ada, {"type": "register", "password": PASSWORD}, request("say", text="hi"), request("topic", text="tea"))
    kept.ask(ada, request("leave"))
    kept.drop("dev", 1)
    for _ in range(2):
        kept.restart()
        _, events = kept.come("eve", rooms={"dev": None})
        assert [(event["topic"], event.get("ops")) for event in events if event["type"] == "room"] == [("tea", None)]


def test_a_room_that_is_made_anew_inherits_nothing(kept: Kept) -> None:
    ada, _ = kept.come("ada", rooms={"dev": None})
    kept.come("bob")
    kept.ask(ada, {"type": "register", "password": PASSWORD}, request("slow", text="9s"), request("ban", target="bob"))
    kept.ask(ada, request("mute", name="ada"), request("unban", target="bob"), request("slow", text="off"))
    kept.ask(ada, request("leave"))
    _, events = kept.come("eve", rooms={"dev": None})
    kept.restart()
    _, events = kept.come("bob", rooms={"dev": None})
    assert [event["ops"] for event in events if event["type"] == "room"] == [["bob"]]


def test_a_room_that_is_made_anew_at_once_inherits_nothing(kept: Kept) -> None:
    ada, _ = kept.come("ada", rooms={"dev": None})
    eve, _ = kept.come("eve")
    kept.ask(ada, {"type": "register", "password": PASSWORD}, request("lock"), request("topic", text="tea"))
    kept.ask(ada, request("lock"))
    # All of this is in one batch.
    ada.protocol.dataReceived(b'{"type":"leave","room":"dev"}\n')
    kept.ask(eve, request("join"), request("say", text="hi"))
    kept.restart()
    assert [room.topic for room in kept.held.rooms if room.name == "dev"] == [""]
    assert not [subject for rules in kept.held.rules for subject in rules.ops if subject > 0]


# -- how many there are


def test_what_is_known_of_a_room_is_not_lost_when_others_need_its_place() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True, rooms=3))
    box.make_account("ada", HASH)
    ada = box.json("ada", password=PASSWORD, rooms={"dev": None})
    for fields in (
        {"type": "say", "text": "hi"},
        {"type": "topic", "text": "tea"},
        {"type": "lock"},
        {"type": "leave"},
    ):
        asked(ada, room="dev", **fields)
    eve = box.json("eve", rooms={})
    for number in range(20):
        for kind in ("join", "say", "leave"):
            eve.ask(type=kind, room=f"room{number}", text="x")
    room = next(event for event in asked(eve, type="join", room="dev") if event["type"] == "room")
    assert (room["topic"], room["locked"], room.get("ops")) == ("tea", True, None)
    assert len(box.hub.rooms) == 21


def test_as_many_rooms_are_in_use_and_kept_as_may() -> None:
    rooms = RoomDirectory(2)
    for number in range(KEPT * 2):
        room = rooms.open(f"room{number}")
        room.kept = True
        rooms.enter(room, box_member := Somebody())
        rooms.exit(room, box_member)
    with pytest.raises(Exception, match="The server keeps 22 rooms, which is the most"):
        rooms.open("another")
    assert rooms.open("room7").name == "room7"


class Somebody:
    """A member of a room."""

    name = "ada"
    away: str | None = None
    ignored: Mapping[str, str] = NOTHING
    subject = 1


def test_rooms_come_in_pages_the_liveliest_first(box: Box) -> None:
    bot = box.json("bot", rooms={"lobby": None})
    for number in range(45):
        bot.ask(type="join", room=f"room{number:02}")
        bot.ask(type="say", room=f"room{number:02}", text="x")
    for number in range(40):
        bot.ask(type="leave", room=f"room{number:02}")
    ada = person(box, "ada", "lobby")
    first = shown(ada, "/rooms")
    assert len(first) == PAGE_OF_PEOPLE + 1
    assert [line.split(",")[0] for line in first[:8]] == [
        "* #lobby",
        *(f"* #room{number}" for number in (44, 43, 42, 41, 40, 39, 38)),
    ]
    assert first[-1] == "* There are more rooms: /rooms * 20"
    second, third = shown(ada, "/rooms * 20"), shown(ada, "/rooms * 40")
    assert second[-1] == "* There are more rooms: /rooms * 40"
    assert len({*first[:-1], *second[:-1], *third}) == 46
    assert [line.split(",")[0] for line in shown(ada, "/rooms m1")[:2]] == ["* #room19", "* #room18"]
    assert shown(ada, "/rooms teapot") == ["* There is no such room."]
    (page,) = asked(bot, type="rooms", text="#ROOM3", count=4, skip=2)
    assert [room["room"] for room in page["rooms"]] == ["room37", "room36", "room35", "room34"]
    assert (page["more"], page["next"], page["text"]) == (True, 6, "room3")
    assert page["rooms"][0] == {"room": "room37", "users": 0, "topic": "", "time": "2026-11-21T09:15:02.114Z"}
    (all_,) = asked(bot, type="rooms")
    assert len(all_["rooms"]) == 46
    assert "more" not in all_


def test_the_order_follows_what_happens(box: Box) -> None:
    ada, bob = box.json("ada", rooms={}, password=PASSWORD), box.json("bob", rooms={}, password=PASSWORD)

    def order() -> list[str]:
        return [room["room"] for room in asked(ada, type="rooms")[0]["rooms"]]

    for room in ("a", "b", "c"):
        ada.ask(type="join", room=room)
    assert order() == ["a", "b", "c"]
    ada.ask(type="say", room="b", text="x")
    assert order() == ["b", "a", "c"]
    bob.ask(type="join", room="c")
    assert order() == ["c", "b", "a"]
    ada.ask(type="leave", room="a")
    bob.ask(type="leave", room="c")
    ada.ask(type="say", room="c", text="x")
    assert order() == ["c", "b"]


def test_an_answer_costs_what_it_weighs() -> None:
    box = Box(limits=Limits(rate=None))
    for number in range(3_000):
        room = box.hub.rooms.open(f"room{number}")
        room.topic = "t" * 500
    bot = box.json("bot", rooms={})
    session = bot.protocol.session
    session.spent = 0
    (page,) = asked(bot, type="rooms")
    assert (len(page["rooms"]), page["next"]) == (PAGE_OF_PROGRAMS, PAGE_OF_PROGRAMS)
    spent: list[int] = []
    charge = session.cost

    def cost() -> int:
        spent.append(charge())
        return spent[-1]

    for fields in ({}, {"count": 99}, {"skip": 2_000}, {"text": "nothing"}):
        session.spent = 0
        bot.protocol._manners.receive(
            box.hub,
            session,
            b'{"type":"rooms"%s}'
            % b"".join(
                b',"%s":%s' % (name.encode(), b'"nothing"' if value == "nothing" else str(value).encode())
                for name, value in fields.items()
            ),
        )
        cost()
    assert spent == [1 + 1 + 10, 1, 1 + 3 + 10, 1 + 3]


def test_programs_that_accept_less_read_of_later_rules_in_a_notice(box: Box) -> None:
    ada = box.json("ada", password=PASSWORD, rooms={"dev": None}, accept=EVERYTHING)
    old = box.json("old", rooms={"dev": None}, accept=["changes"])
    new = box.json("new", rooms={"dev": None}, accept=EVERYTHING)
    ada.ask(type="slow", room="dev", text="30s")
    assert [(event["type"], event["text"]) for event in old.objects() if event["type"] != "joined"] == [
        ("notice", "#dev: ada slowed the room down: all but its ops may speak once every 30 seconds.")
    ]
    (rule,) = new.objects()
    assert (rule["type"], rule["rule"], rule["on"], rule["text"]) == ("rule", "slow", True, "30 seconds")
    assert len(box.delivery.feeds("dev")) == 2


def test_a_fact_of_a_room_is_small() -> None:
    chat = Chat()
    chat.come("bob", "dev")
    chat.ada.ask(type="ban", room="dev", target="bob")
    ((_, records),) = chat.store.waiting
    facts = [record.fact for record in records if isinstance(record, Decision)]
    assert [type(fact) for fact in facts] == [BannedFrom]
    chat.settle()
    chat.ada.ask(type="room", room="dev", access="closed", name="dev")
    ((_, records),) = chat.store.waiting
    assert [type(record.fact) for record in records if isinstance(record, Decision)] == [StatusSet]


def test_no_request_looks_at_all_rooms(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, eve = person(box, "ada", "den"), box.json("eve", rooms={"lobby": None})
    ada.send("/room private", "hello", "/join lobby")
    for number in range(100):
        eve.ask(type="join", room=f"room{number}")
        eve.ask(type="say", room=f"room{number}", text="hello")
        eve.ask(type="leave", room=f"room{number}")
    asked(eve, type="rooms")

    def look(directory: RoomDirectory) -> list[Room]:
        raise AssertionError("looks at all rooms")

    monkeypatch.setattr(RoomDirectory, "all", look)
    for request in (
        {"type": "join", "room": "room7"},
        {"type": "say", "room": "room7", "text": "hello"},
        {"type": "rooms", "count": 5},
        {"type": "search", "text": "hello"},
        {"type": "leave", "room": "room7"},
        {"type": "register", "password": PASSWORD},
        {"type": "unregister", "password": PASSWORD},
        {"type": "join", "room": "another"},
    ):
        assert [event for event in asked(eve, **request) if event["type"] == "error"] == []
    assert shown(ada, "/search hello", f"/unregister {PASSWORD}")[-1].startswith("* The name ada")


def test_the_list_follows_who_may_see_a_room(box: Box) -> None:
    ada, bob, eve, mo = (person(box, name, "lobby") for name in ("ada", "bob", "eve", "mo"))
    ada.send("/join den", "hello", "/invite bob")

    def listed() -> list[bool]:
        return [any(line.startswith("* #den,") for line in shown(client, "/rooms")) for client in (ada, bob, eve, mo)]

    assert listed() == [True, True, True, True]
    for line, seen in (
        ("/room members", [True, True, False, True]),
        ("/room private", [True, True, False, True]),
        ("/uninvite bob", [True, False, False, True]),
        ("/room members", [True, True, False, True]),
        ("/room archive", [True, True, False, True]),
        ("/room close den", [False, False, False, False]),
        ("/room open den", [True, True, False, True]),
    ):
        ada.send(line)
        assert listed() == seen, line


def test_who_is_banned_from_a_private_room_reads_that_and_not_that_it_is_private(box: Box) -> None:
    ada, bob = person(box, "ada"), person(box, "bob")
    ada.send("/room private", "/room ban bob 1h")
    assert shown(bob, "/join dev") == ["! You are banned from #dev for 1 hour more."]
    box.clock.advance(3_601)
    assert shown(bob, "/join dev") == ["! #dev is private. Ask one of its ops for an invitation."]


def test_a_closed_room_of_which_nothing_is_kept_any_more_is_gone(box: Box) -> None:
    ada = person(box, "ada")
    ada.send("one", "two", "/room close dev")
    box.hub.dropped("dev", 1)
    assert shown(ada, "/join dev")[0].startswith("! #dev is closed.")
    box.hub.dropped("dev", 2)
    box.hub.dropped("dev", 2)
    eve = person(box, "eve")
    assert shown(eve, "/who") == ["* In #dev: eve (op)"]
    eve.send("three")
    box.hub.dropped("dev", 3)
    assert shown(eve, "/who") == ["* In #dev: eve (op)"]


def test_nothing_is_kept_of_rooms_that_came_and_went() -> None:
    box = Box(limits=Limits(rate=None))
    ada = box.json("ada")
    ada.ask(type="rooms")
    for number in range(50):
        ada.ask(type="join", room=f"room{number}")
        if number % 7 == 0:
            ada.ask(type="rooms")
        ada.ask(type="leave", room=f"room{number}")
    assert len(box.hub.rooms._stirred) <= 8, "no more than have a place in the order"
    ada.received()
    ada.ask(type="rooms")
    assert [room["room"] for room in ada.objects()[-1]["rooms"]] == ["lobby"]
    assert len(box.hub.rooms._stirred) == 0


def test_a_search_passes_over_the_hidden_rooms_where_something_was_said_last(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.core.commands.history.MOST_HIDDEN", 2)
    ada = person(box, "ada", "open")
    for room in ("one", "two", "three", "four"):
        ada.send(f"/join {room}", "/room private", f"tea in {room}")
    ada.send("/join one", "more tea", "/join open", "tea")
    searches: list[Search] = []
    search = box.store.search

    def asked(one: Search) -> Deferred[Page]:
        searches.append(one)
        return search(one)

    monkeypatch.setattr(box.store, "search", asked)
    bob, mo = person(box, "bob"), person(box, "mo")
    bob.lines()
    bob.send("/search tea", "/mentions")
    assert [line.partition("] ")[2] for line in bob.lines() if line.startswith("[")] == ["#6 #open ada: tea"]
    for client in (ada, mo):
        client.send("/search tea")
    assert [tuple(one.hidden) for one in searches] == [("one", "four"), ("one", "four"), (), ()]
