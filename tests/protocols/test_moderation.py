"""What ops and moderators may do, and others may not."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from box import START, Box, Client, SlowStore, Socket
from operated import HASH, PASSWORD, Recorded
from twisted.internet.defer import fail
from twisted.internet.task import deferLater

from chat.core.accounts import Role
from chat.core.bans import Ban
from chat.core.commands.table import TABLE
from chat.core.facts import Contents, RightsKept
from chat.core.limits import Limits
from chat.core.saying import MOST_SAID
from chat.history.store import CannotKeep

AT = datetime.fromtimestamp(START, UTC).astimezone().strftime("%H:%M")


class FullStore(Recorded):
    """A history with an audit record, whose disk is full when the test says so."""

    full = False

    def append(self, records: Any) -> Any:
        return fail(CannotKeep("the disk is full.")) if self.full else super().append(records)


@pytest.fixture
def store() -> FullStore:
    """Where the decisions of the box are kept."""
    return FullStore()


@pytest.fixture
def box(store: FullStore) -> Box:
    """A chat with an owner and a moderator, who are not there yet."""
    box = Box(limits=Limits(rate=None, plain_passwords=True), store=store)
    box.make_account("root", HASH, Role.OWNER)
    box.make_account("mo", HASH, Role.MODERATOR)
    return box


def log_in(box: Box, name: str) -> Client:
    """The owner or the moderator comes in with netcat."""
    user = box.connect()
    user.send(name, PASSWORD)
    user.socket.clear()
    return user


def in_room(box: Box, *names: str, room: str = "dev") -> list[Client]:
    """People in a room; the first made it, and is its op."""
    people = [box.text(name) for name in names]
    for person in people:
        person.send(f"/join {room}")
    for person in people:
        person.received()
    return people


# -- rights


def test_every_command_with_rights_is_refused_to_those_who_have_none(box: Box) -> None:
    in_room(box, "op", room="lobby2")
    eve = box.json("eve", rooms={"lobby": None, "lobby2": None})
    bob = box.text("bob")
    values = {
        "room": "lobby2",
        "name": "bob",
        "target": "bob",
        "access": "private",
        "text": "10m why",
        "on": True,
        "id": 1,
    }
    for command in TABLE.values():
        if command.privileged:
            fields = {p.name: values[p.name] for p in command.parameters}
            eve.ask(type=command.name, **fields, tag="t")
            (answer,) = [event for event in eve.objects() if "tag" in event]
            assert (answer["type"], answer["code"], answer["tag"]) == ("error", "not-allowed", "t"), command.name
    assert bob.lines() == []
    assert isinstance(box.store, FullStore)
    assert box.store.record == []


def test_rights_in_one_room_are_none_in_another(box: Box) -> None:
    eve = in_room(box, "eve", room="mine")[0]
    in_room(box, "ada", "bob", room="theirs")
    eve.send("/join theirs", "/kick bob")
    assert eve.lines()[-1] == "! Only the ops of #theirs may do that."


def test_nobody_is_op_of_the_lobby_by_being_first(box: Box) -> None:
    ada, _ = box.text("ada"), box.text("bob")
    ada.send("/kick bob")
    assert ada.lines()[-1] == "! Only the ops of #lobby may do that. Of a room that you make with /join you are the op."


def test_who_leaves_is_op_no_more_unless_registered(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob")
    bob.send("still here")
    ada.send("exit")
    again = in_room(box, "ada")[0]
    again.send("/kick bob")
    assert again.lines()[-1] == "! Only the ops of #dev may do that."
    bob.send("/join lobby")


def test_nobody_acts_against_a_moderator_but_an_owner(box: Box) -> None:
    ada = in_room(box, "ada")[0]
    mo, root = log_in(box, "mo"), log_in(box, "root")
    mo.send("/join dev")
    root.send("/join dev")
    ada.received()
    ada.send("/kick mo", "/kick root")
    assert ada.lines()[-2:] == [
        "! mo is a moderator. Only an owner may do that.",
        "! root is a moderator. Only an owner may do that.",
    ]
    root.send("/kick mo")
    assert "* mo was kicked out by root." in ada.lines()


def test_an_owner_makes_and_unmakes_moderators(box: Box, store: FullStore) -> None:
    root, ada = log_in(box, "root"), box.text("ada")
    root.send("/moderator ada")
    assert root.lines()[-1] == "! ada is not registered, so they can't be a moderator. They can /register first."
    ada.send(f"/register {PASSWORD}")
    root.send("/moderator ada")
    assert ada.lines()[-1] == "* You are a moderator now."
    ada.send("/bans")
    assert ada.lines() == ["* Nobody is banned from this chat."]
    root.send("/moderator ada")
    ada.received()
    ada.send("/bans")
    assert ada.lines() == ["! Only moderators may do that."]
    assert [decision.action for decision in store.record] == ["register", "role moderator", "role user"]


# -- kick and mute


def test_a_kicked_person_goes_to_the_lobby_and_hears_why(box: Box, store: FullStore) -> None:
    ada, bob, cy = in_room(box, "ada", "bob", "cy")
    ada.send("/kick bob too loud")
    assert ada.lines() == ["* You kicked bob.", "* bob was kicked out by ada: too loud"]
    assert cy.lines() == ["* bob was kicked out by ada: too loud"]
    assert bob.lines()[:2] == [
        "* You were kicked out of #dev by ada: too loud",
        "* You are bob, alone in #lobby. Type /help for commands, exit to leave.",
    ]
    (decision,) = store.record
    assert (decision.by, decision.action, decision.target, decision.room, decision.why) == (
        "ada",
        "kick",
        "bob",
        "dev",
        "too loud",
    )


def test_a_kicked_program_leaves_the_room(box: Box) -> None:
    ada = in_room(box, "ada")[0]
    bot = box.json("bot", rooms={"dev": None})
    ada.send("/kick bot")
    (left,) = bot.objects()
    assert (left["type"], left["name"], left["by"]) == ("left", "bot", "ada")
    bot.ask(type="say", room="dev", text="x")
    assert bot.objects()[-1]["code"] == "not-in-room"


def test_who_is_kicked_out_of_the_lobby_leaves_the_chat(box: Box) -> None:
    mo, bob = log_in(box, "mo"), box.text("bob")
    mo.send("/kick bob")
    assert bob.lines() == ["* You were kicked out of #lobby by mo."]
    assert bob.socket.half_closed


def test_the_muted_are_silent_for_a_time_whatever_they_are_called(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob")
    ada.send("/mute bob 5m spam")
    assert bob.lines() == ["* ada muted bob for 5 minutes: spam"]
    bob.send("hello", "/me waves", "/nick bobby", "hello")
    refusals = [line for line in bob.lines() if line.startswith("!")]
    assert refusals == ["! You are muted in #dev for 5 minutes more."] * 3
    box.clock.advance(301)
    ada.received()
    bob.send("sorry")
    assert ada.lines() == ["bobby: sorry"]


def test_unmuting(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob")
    ada.send("/mute bob", "/unmute bob", "/unmute bob")
    assert ada.lines()[-1] == "! bob is not muted in #dev."
    bob.received()
    bob.send("hello")
    assert ada.lines() == ["bob: hello"]


# -- ops, topics, private rooms


def test_ops_make_ops(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob")
    ada.send("/op bob")
    assert bob.lines() == ["* ada made bob an op."]
    bob.send("/op ada")
    assert ada.lines()[-1] == "* bob took back that ada is an op."
    ada.send("/op ada")
    assert ada.lines() == ["! Only the ops of #dev may do that."]


def test_a_locked_topic_is_set_by_ops_only(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob")
    ada.send("/lock")
    assert bob.lines() == ["* ada locked the topic: only ops set it."]
    bob.send("/topic mine")
    assert bob.lines() == ["! The topic of #dev is locked. Only its ops may set it."]
    ada.send("/topic tea", "/lock")
    bob.send("/topic mine")
    assert bob.lines()[-1] == "* bob set the topic of #dev to: mine"


def test_a_private_room_is_seen_by_the_invited_only(box: Box) -> None:
    ada = in_room(box, "ada", room="den")[0]
    ada.send("a secret", "/room private")
    assert ada.lines() == ["! A private room needs an op who can come back: make your name yours with /register first."]
    ada.send(f"/register {PASSWORD}")
    ada.send("/room private")
    bob, eve = box.text("bob"), box.json("eve")
    ada.send("/invite bob")
    assert bob.lines()[-1] == "* ada invites you to #den. Come with /join den"
    for request, code in (
        ({"type": "join", "room": "den"}, "not-allowed"),
        ({"type": "who", "room": "den"}, "no-such-room"),
        ({"type": "history", "room": "den"}, "not-in-room"),
        ({"type": "delete", "id": 1}, "no-such-message"),
    ):
        eve.ask(**request)
        assert eve.objects()[-1]["code"] == code, request
    eve.ask(type="rooms")
    assert [room["room"] for room in eve.objects()[-1]["rooms"]] == ["lobby"]
    eve.ask(type="search", text="secret")
    assert eve.objects()[-1]["messages"] == []
    bob.send("/join den")
    assert "* You are bob, in #den with ada. Type /help for commands, exit to leave." in bob.lines()
    bob.send("/search secret")
    assert "secret" in json.dumps(bob.lines())


def test_hello_leaves_out_rooms_that_are_closed(box: Box) -> None:
    ada = in_room(box, "ada", room="den")[0]
    ada.send(f"/register {PASSWORD}")
    ada.send("/room private")
    eve = box.connect()
    eve.ask(type="hello", name="eve", rooms={"den": None, "lobby": None})
    events = eve.objects()
    assert [event["room"] for event in events if event["type"] == "room"] == ["lobby"]
    assert [event["code"] for event in events if event["type"] == "error"] == ["not-allowed"]


def test_everybody_can_see_who_is_op_and_what_the_rules_are(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob", room="den")
    ada.send(f"/register {PASSWORD}")
    bob.send("/away tea", "/who", "/room")
    assert bob.lines()[-2:] == [
        "* In #den: ada (op), bob (away: tea)",
        "* #den is open to everybody. Everybody in it sets its topic. Its founder is ada.",
    ]
    ada.send("/op bob", "/lock", "/room private")
    bob.received()
    bob.send("/who den", "/room")
    assert bob.lines() == [
        "* In #den: ada (op), bob (op, away: tea)",
        "* #den is private: only who is invited comes in. Only ops set its topic. Its founder is ada.",
    ]
    eve = box.json("eve")
    eve.ask(type="who", room="lobby")
    assert "ops" not in eve.objects()[-1]


def test_who_is_in_a_room_that_becomes_private_may_stay_and_look(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob", room="den")
    ada.send(f"/register {PASSWORD}")
    ada.send("/room private")
    bob.received()
    bob.send("/who", "/rooms")
    assert bob.lines() == ["* In #den: ada (op), bob", "* #den, 2 users"]


def test_a_rule_that_can_not_be_stored_does_not_hold(box: Box, store: FullStore) -> None:
    mo = log_in(box, "mo")
    ada = in_room(box, "ada", room="den")[0]
    mo.send("/join den")
    ada.received()
    store.full = True
    mo.send("/room private", "/lock", "/op ada", "/mute ada", "/ban eve")
    store.full = False
    mo.received()
    mo.send("/room", "/who", "/bans")
    assert mo.lines() == [
        "* #den is open to everybody. Everybody in it sets its topic.",
        "* In #den: ada (op), mo",
        "* Nobody is banned from this chat.",
    ]
    ada.send("I may speak")
    assert mo.lines() == ["ada: I may speak"]


def test_all_that_somebody_without_an_account_has_said_is_theirs_to_delete_until_they_leave(box: Box) -> None:
    ada = box.text("ada")
    ada.send(*(f"line {number}" for number in range(1, MOST_SAID + 51)))
    ada.send("/delete 50")
    assert ada.lines() == [f"* ada deleted what ada said at {AT}."]
    ada.send("/quit")
    ada = box.text("ada")
    ada.send("/delete 51")
    assert ada.lines() == ["! That is not yours to delete."]


def test_the_lobby_stays_open(box: Box) -> None:
    mo = log_in(box, "mo")
    mo.send("/room private", "/room shut")
    assert mo.lines() == [
        "! #lobby is where everybody comes in, so it stays open.",
        "! There is no /room shut. There are /room open, /room members, /room private, /room founder NAME, "
        "/room ban NAME, /room unban NAME, /room bans, /room archive and /room close NAME.",
    ]


# -- bans


def test_a_banned_name_is_put_out_and_kept_out(box: Box, store: FullStore) -> None:
    mo, eve = log_in(box, "mo"), box.text("eve")
    mo.send("/ban Eve 1h spam")
    assert eve.lines() == ["* You are banned from this chat for 1 hour more: spam"]
    assert "* Eve is banned from this chat for 1 hour." in mo.lines()
    for name in ("eve", "\u0435ve"):
        again = box.connect()
        again.send(name)
        assert "! You are banned from this chat for 1 hour more: spam" in again.received()
    bob = box.text("bob")
    bob.send("/nick eve")
    assert bob.lines() == ["! You are banned from this chat for 1 hour more: spam"]
    box.clock.advance(3_601)
    assert box.text("eve").protocol.session.named
    assert [decision.action for decision in store.record] == ["ban"]


def test_bans_are_listed_in_the_readers_time(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    mo = log_in(box, "mo")
    mo.send("/ban eve 1h spam")
    mo.received()
    monkeypatch.setenv("TZ", "Etc/GMT-5")
    time.tzset()
    try:
        mo.send("/bans")
        assert mo.lines() == ["* eve, until 2026-11-21 15:15, by mo: spam"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_banned_address_is_turned_away_at_the_door(box: Box) -> None:
    mo = log_in(box, "mo")
    mo.send("/ban 192.0.2.0/24")
    assert mo.lines() == ["! That would ban yourself."]
    mo.send("/ban 203.0.113.0/24 spam and more", "/bans")
    listed = mo.lines()
    assert listed[0] == "* 203.0.113.0/24 is banned from this chat for ever."
    assert listed[1] == "* 203.0.113.0/24, for ever, by mo: spam and more"
    stranger = box.connect(host="203.0.113.7")
    assert stranger.lines() == ["! You are banned from this chat: spam and more", "* Goodbye."]
    assert stranger.socket.half_closed
    mo.send("/unban 203.0.113.0/24", "/unban 203.0.113.0/24")
    assert mo.lines() == [
        "* 203.0.113.0/24 is not banned from this chat any more.",
        "! 203.0.113.0/24 is not banned from this chat. /bans lists who is.",
    ]
    assert box.connect(host="203.0.113.7").lines() == ["* Hi. Type your name and press Enter."]


# -- deleting


def test_what_is_deleted_is_gone_from_replay_and_search(box: Box) -> None:
    ada, bot = box.text("ada"), box.json("bot")
    ada.send("oops tea", "better tea", "/delete 1")
    assert ada.lines()[-1] == f"* ada deleted what ada said at {AT}."
    assert bot.objects()[-1]["type"] == "deleted"
    bot.ask(type="history", room="lobby")
    assert [message["id"] for message in bot.objects()[-1]["messages"]] == [2]
    bot.ask(type="search", text="tea")
    assert [message["id"] for message in bot.objects()[-1]["messages"]] == [2]
    ada.send("/delete", "/delete")
    assert ada.lines() == [
        f"* ada deleted what ada said at {AT}.",
        "! There is nothing to take back. Give the id of a message; /search shows them.",
    ]


def test_deleting_what_others_said_needs_the_right(box: Box, store: FullStore) -> None:
    ada, bob, cy = in_room(box, "ada", "bob", "cy")
    bob.send("rude")
    cy.send("/delete 1")
    assert cy.lines()[-1] == "! That is not yours to delete."
    assert store.record == []
    ada.send("/delete 1")
    assert bob.lines() == [f"* ada deleted what bob said at {AT}."]
    assert [(decision.action, decision.target, decision.why) for decision in store.record] == [
        ("delete", "bob", "message 1")
    ]


def test_who_takes_a_name_later_may_not_delete_what_was_said_under_it(box: Box) -> None:
    ada, _ = box.text("ada"), box.text("bob")
    ada.send("mine", "exit")
    other = box.text("ada")
    other.send("/delete 1")
    assert other.lines() == ["! That is not yours to delete."]


def test_deleting_a_private_message(box: Box) -> None:
    ada, bob, eve = box.text("ada"), box.json("bob"), box.json("eve")
    ada.send("/msg bob psst")
    bob.received()
    eve.ask(type="delete", id=1)
    assert eve.objects()[-1]["code"] == "no-such-message"
    ada.send("/delete")
    assert [event["type"] for event in bob.objects()] == ["deleted"]
    assert ada.lines()[-1] == f"* ada deleted what ada said at {AT}."


def test_of_what_was_said_on_another_day_the_day_is_told(box: Box) -> None:
    ada = box.text("ada")
    ada.send("one")
    box.clock.advance(86_400)
    ada.send("/delete")
    day = datetime.fromtimestamp(START, UTC).astimezone()
    assert ada.lines()[-1] == f"* ada deleted what ada said at {AT} on {day:%Y-%m-%d}."


def test_moderators_see_how_the_server_is_doing(box: Box) -> None:
    mo, ada = log_in(box, "mo"), box.text("ada")
    ada.send("one", "/stats")
    assert ada.lines()[-1] == "! Only moderators may do that."
    mo.received()
    mo.send("/stats")
    shown = mo.lines()
    assert {"* connections: 2", "* users: 2", "* messages: 1", "* refused not-allowed: 1"} <= set(shown)


def test_the_muted_do_not_speak_by_topics_and_reasons(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob")
    bob.send("/away tea")
    ada.send("/mute bob 5m")
    ada.received()
    bob.send("/topic spam", "/away spam", "/away")
    assert ada.lines() == ["* bob is back."]


@pytest.mark.parametrize("time", ["10x", "-5m", "0m", "99999999w", "10"])
def test_a_wrong_time_is_no_reason(box: Box, time: str) -> None:
    ada, bob = in_room(box, "ada", "bob")
    ada.received()
    ada.send(f"/mute bob {time} why")
    assert ada.lines() == [f"! {time} is no time. Write one like 30s, 10m, 2h, 7d or 4w."]
    bob.send("hello")
    assert ada.lines() == ["bob: hello"]


@pytest.mark.parametrize("time", ["999999w", "3651d"])
def test_a_time_that_no_calendar_holds_is_refused_and_the_connection_stays(box: Box, time: str) -> None:
    mo = log_in(box, "mo")
    mo.send(f"/ban troll {time} spam", "/bans", "/stats")
    assert mo.lines()[:2] == [
        f"! {time} is too long a time. Use at most ten years, which is 3650d.",
        "* Nobody is banned from this chat.",
    ]
    ada, bob = in_room(box, "ada", "bob")
    ada.send(f"/mute bob {time} why")
    assert ada.lines() == [f"! {time} is too long a time. Use at most ten years, which is 3650d."]
    bob.send("hello")
    assert ada.lines() == ["bob: hello"]


def test_a_stored_ban_that_ends_after_the_calendar_is_listed(box: Box) -> None:
    box.hub.restore(Contents(bans=[Ban("troll", 6e11, "spam", "mo", "2026-11-21T09:15:02.114Z")]))
    mo = log_in(box, "mo")
    mo.send("/bans")
    assert mo.lines() == ["* troll, for ever, by mo: spam"]
    troll = box.connect()
    troll.send("troll")
    assert troll.lines()[-1] == "! You are banned from this chat: spam"


def test_what_one_said_is_ones_own_under_a_new_name_too(box: Box) -> None:
    ada = box.text("ada")
    ada.send("one", "two", "/nick lovelace", "/delete", "/delete")
    assert ada.lines()[-2:] == [f"* lovelace deleted what ada said at {AT}."] * 2


def test_a_ban_of_an_address_hits_who_has_no_name_yet(box: Box) -> None:
    mo = log_in(box, "mo")
    eve = box.connect(host="198.51.100.7")
    mo.send("/ban 198.51.100.7")
    eve.send("eve")
    assert eve.lines()[-1] == "! You are banned from this chat."
    mo.received()
    mo.send("/who")
    assert mo.lines() == ["* In #lobby: mo"]


def test_a_ban_while_the_password_is_checked_keeps_the_banned_out(box: Box) -> None:
    mo, eve = log_in(box, "mo"), box.text("eve")
    eve.send(f"/register {PASSWORD}", "exit")
    answer = box.delivery._lookups._answer
    box.delivery._lookups._answer = lambda lookup: deferLater(box.clock, 1, lambda: None).addCallback(
        lambda _: answer(lookup)
    )
    back = box.connect()
    back.ask(type="hello", name="eve", password=PASSWORD)
    mo.send("/ban eve 1h")
    box.clock.advance(1)
    box.turn()
    assert [event.get("code") for event in back.objects()] == ["banned"]


def test_a_held_session_that_is_banned_is_gone_once_and_for_all(box: Box) -> None:
    mo = log_in(box, "mo")
    eve = box.connect(host="198.51.100.7")
    eve.ask(type="hello", name="eve")
    eve.lose()
    mo.send("/ban 198.51.100.7 1h")
    other = box.text("eve")
    box.clock.advance(100)
    box.turn()
    third = box.connect()
    third.send("eve")
    assert third.lines()[-1].startswith("! That name is taken.")
    mo.received()
    mo.send("/who")
    assert mo.lines() == ["* In #lobby: eve, mo"]
    other.send("exit")
    assert other.lines()[-1] == "* Goodbye."


def test_a_mistyped_address_is_refused_with_how_to_write_one(box: Box) -> None:
    mo = log_in(box, "mo")
    mo.send("/ban 192.0.2 1h", "/ban 203.0.113.78:51234", "/bans")
    assert mo.lines() == [
        "! 192.0.2 is no address. Write one like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.",
        "! 203.0.113.78:51234 is no address. Write one like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.",
        "* Nobody is banned from this chat.",
    ]


def test_who_is_kicked_goes_to_the_lobby_also_if_all_rooms_are_in_use() -> None:
    box = Box(limits=Limits(rate=None, rooms=2))
    ada, bob = in_room(box, "ada", "bob")
    box.json("bot", rooms={"den": None})
    ada.received()
    ada.send("/kick bob", "/who")
    assert ada.lines() == [
        "* You kicked bob.",
        "* bob was kicked out by ada.",
        "* In #dev: ada (op)",
    ]
    bob.received()
    bob.send("/who")
    assert bob.lines() == ["* In #lobby: bob"]


@pytest.mark.parametrize("first", ["hello", "/room private", "/lock"])
def test_who_made_a_room_is_stored_as_its_op_before_anything_else_of_it_is(first: str) -> None:
    store = SlowStore()
    box = Box(store=store, limits=Limits(rate=None, plain_passwords=True))
    ada = box.text("ada")
    ada.send(f"/register {PASSWORD}")
    store.store()
    box.turn()
    ada.send("/join den", first)
    ((_, records),) = store.waiting
    assert records[0] == RightsKept("den", 1, op=True, founder=True)


@pytest.fixture
def ada(box: Box) -> Client:
    """A program of ada, who has an account."""
    box.make_account("ada", HASH)
    return box.json("ada", password=PASSWORD)


def test_a_ban_of_an_account_holds_whatever_name_it_goes_by(box: Box, ada: Client) -> None:
    mo = log_in(box, "mo")
    ada.ask(type="nick", name="ada2")
    mo.send("/ban ada 1h", "/unban ada", "/ban @Ada 1h spam", "/ban @eve")
    assert mo.lines()[-4:] == [
        "* ada is not banned from this chat any more.",
        "* @ada is banned from this chat for 1 hour.",
        "! There is no account eve. Without the @ the name is banned.",
        "* ada2 left.",
    ]
    assert ada.objects()[-1]["text"] == "You are banned from this chat for 1 hour more: spam"
    again = box.json("ada")
    again.ask(type="hello", name="ada", password=PASSWORD)
    assert again.objects()[-1]["code"] == "banned"
    mo.send("/bans", "/unban @ADA", "/bans")
    listed, *rest = mo.lines()
    assert listed.startswith("* @ada, until ")
    assert rest == ["* @ada is not banned from this chat any more.", "* Nobody is banned from this chat."]


@pytest.mark.parametrize("target", ["ada", "@ada", "192.0.2.1"])
def test_no_token_outlives_a_ban(box: Box, ada: Client, target: str) -> None:
    mo = Client(box, Socket(1, "127.0.0.1"))
    mo.send("mo", PASSWORD, f"/ban {target}", f"/unban {target}")
    assert ada.objects()[-1]["code"] == "banned"
    again = box.connect()
    again.ask(type="hello", name="ada", token=ada.token)
    assert again.objects()[-1]["code"] == "password-needed"


@pytest.mark.parametrize("target", ["root", "@root", "r\u043eot"])
def test_a_moderator_can_not_ban_an_owner_who_is_not_here(box: Box, target: str) -> None:
    mo = log_in(box, "mo")
    mo.send(f"/ban {target}")
    assert mo.lines() == ["! root is a moderator. Only an owner may do that."]
    mo.send("/ban @mo", "/nick mo2", "/ban mo")
    assert [line for line in mo.lines() if line.startswith("!")] == ["! That would ban yourself."] * 2


def test_only_what_moderators_decide_stays_in_the_audit_record_for_ever(
    box: Box, store: FullStore, ada: Client
) -> None:
    mo = log_in(box, "mo")
    mo.send("/join dev", "/lock", "/ban eve")
    ada.ask(type="join", room="den")
    ada.ask(type="lock", room="den")
    ada.ask(type="password", password="another horse")
    decided = [(decision.by, decision.action, decision.lasting) for decision in store.record]
    assert decided == [
        ("mo", "lock", True), ("mo", "ban", True), ("ada", "lock", False), ("ada", "password", False)
    ]  # fmt: skip


def test_who_registers_waits_for_their_turn_in_a_slow_room_as_before(box: Box) -> None:
    ada, bob = in_room(box, "ada", "bob")
    ada.send("/slow 1h")
    bob.send("one", "/register correct horse", "two")
    assert bob.lines()[-1].startswith("! #dev is slow: you may speak once every 1 hour")
