"""The link, against the real chat in memory: it comes in, comes back, and nothing is lost or doubled."""

from __future__ import annotations

import json

import pytest
from box import Box
from client.wiring import Line, Record
from conftest import LoggedFailures
from twisted.internet.defer import Deferred

from chat.client.link.heartbeat import SILENT_PINGS
from chat.client.link.link import (
    GOODBYE_WAIT,
    LONGEST_WAIT,
    MAXIMUM_OUTBOX,
    PING_INTERVAL,
    WELCOME_WAIT,
    CannotEnter,
    NotNow,
    Post,
)
from chat.client.link.states import Connecting, Greeting, Online, Waiting
from chat.core import events
from chat.core.limits import Limits


def failure_of(over: Deferred[None]) -> str:
    """Return the sentence with which a link has given up."""
    caught: list[str] = []
    over.addErrback(lambda failure: caught.append(str(failure.trap(CannotEnter) and failure.value)))
    return caught[0]


def requests(line: Line) -> list[dict[str, object]]:
    """What the client has sent over its newest connection."""
    return [json.loads(sent) for sent in line.cable.sent]


def test_it_comes_in() -> None:
    record = Record()
    line = Line(Box(), record, conversations=False)
    assert record.states == [Connecting(), Greeting(), Online()]
    assert [type(event) for event in record.events] == [events.Welcome, events.RoomState]
    assert line.link.name == "ada"


def test_without_a_name_it_is_a_guest() -> None:
    line = Line(Box(), Record(), "")
    assert line.link.name == "50001"


def test_the_last_messages_come_first() -> None:
    box = Box()
    bob = box.json("bob")
    for number in range(60):
        bob.ask(type="say", room="lobby", text=f"{number}")
    record = Record()
    Line(box, record, backlog=50)
    assert record.texts == [f"{number}" for number in range(10, 60)]
    assert len(record.old) == 50


def test_what_is_said_now_is_not_old() -> None:
    box = Box()
    record = Record()
    line = Line(box, record)
    box.text("bob").send("hello")
    line.pump()
    assert record.texts == ["hello"]
    assert record.old == []


def test_what_is_said_is_acknowledged() -> None:
    record = Record()
    line = Line(Box(), record)
    tag = line.link.post("say", room="lobby", text="hello")
    assert list(line.link.outbox) == [tag]
    line.pump()
    assert not line.link.outbox
    assert record.texts == ["hello"]


def test_what_is_refused_does_not_stay_in_the_outbox() -> None:
    record = Record()
    line = Line(Box(), record)
    line.link.post("say", room="dev", text="hello")
    line.pump()
    assert not line.link.outbox
    assert record.refusals == ["You are not in #dev. Join it first: /join dev"]


def test_a_refused_name() -> None:
    box = Box()
    box.text("ada")
    line = Line(box, Record())
    assert failure_of(line.over) == "That name is taken. Choose another."


def test_another_name_where_the_first_is_taken() -> None:
    box = Box()
    box.text("ada")
    line = Line(box, Record(), "ada", "ada-2")
    assert line.link.name == "ada-2"


def test_nobody_listens() -> None:
    line = Line(Box(), Record(), refusing=True)
    assert failure_of(line.over) == "Nothing is listening there."


def test_what_listens_is_no_chat() -> None:
    line = Line(Box(), Record(), silent=True)
    line.wait(WELCOME_WAIT)
    assert failure_of(line.over) == "Something is listening there, but it does not answer like a chat server."


def test_it_comes_back_and_nobody_sees_it_leave() -> None:
    box = Box()
    bob = box.json("bob")
    record = Record()
    line = Line(box, record)
    bob.objects()
    line.cable.die()
    assert record.last_state() == Waiting("The connection was lost.", 1)
    line.wait(2)
    assert record.last_state() == Online()
    assert bob.objects() == []


def test_it_says_for_how_long_it_waits() -> None:
    record = Record()
    line = Line(Box(), record)
    line.endpoint.refusing = True
    line.cable.cut()
    line.wait(7)
    waits = [state.seconds for state in record.states if isinstance(state, Waiting)]
    assert waits == [1, 2, 1, 4, 3, 2, 1, 8]
    assert record.last_state() == Waiting("Nothing is listening there.", 8)


def test_waits_grow_up_to_a_bound_and_are_jittered() -> None:
    record = Record()
    line = Line(Box(), record, random=lambda: 0.0)
    line.endpoint.refusing = True
    line.cable.cut()
    line.wait(120)
    first_of_each = [
        state.seconds
        for before, state in zip(record.states, record.states[1:], strict=False)
        if isinstance(state, Waiting) and isinstance(before, Connecting)
    ]
    assert first_of_each[:7] == [1, 2, 4, 8, 15, 15, 15]
    assert max(first_of_each) == LONGEST_WAIT / 2


def test_a_good_connection_makes_waits_short_again() -> None:
    record = Record()
    line = Line(Box(), record)
    line.endpoint.refusing = True
    line.cable.cut()
    line.wait(7)
    line.endpoint.refusing = False
    line.wait(8)
    assert record.last_state() == Online()
    line.cable.cut()
    assert record.last_state() == Waiting("The connection was lost.", 1)


def test_what_was_missed_meanwhile_is_shown_once_and_in_order() -> None:
    box = Box()
    bob = box.text("bob")
    record = Record()
    line = Line(box, record)
    bob.send("one")
    line.pump()
    line.cable.cut()
    bob.send("two", "three")
    line.wait(2)
    bob.send("four")
    line.pump()
    assert record.texts == ["one", "two", "three", "four"]
    assert [message.id for message in record.messages if message.id in record.old] == [2, 3]


def test_what_was_said_meanwhile_is_sent_in_order() -> None:
    box = Box()
    record = Record()
    line = Line(box, record)
    line.cable.cut()
    line.link.post("say", room="lobby", text="one")
    line.link.post("say", room="lobby", text="two")
    line.wait(2)
    assert record.texts == ["one", "two"]
    assert not line.link.outbox


def test_what_was_stored_but_not_acknowledged_is_stored_once() -> None:
    box = Box()
    bob = box.json("bob")
    record = Record()
    line = Line(box, record)
    line.link.post("say", room="lobby", text="one")
    line.link.post("msg", name="bob", text="psst")
    line.cable.silent = True
    line.pump()
    assert len(line.link.outbox) == 2
    line.cable.die()
    line.wait(2)
    assert not line.link.outbox
    assert sorted(record.texts) == ["one", "psst"]
    assert [event["text"] for event in bob.objects() if event["type"] == "message"] == ["one", "psst"]


def test_private_messages_of_a_break_are_old_and_shown_once() -> None:
    box = Box()
    bob = box.text("bob")
    record = Record()
    line = Line(box, record)
    bob.send("/msg ada one")
    line.pump()
    line.cable.die()
    box.clock.advance(0.5)
    bob.send("/msg ada two")
    line.wait(2)
    bob.send("/msg ada three")
    line.pump()
    assert record.texts == ["one", "two", "three"]
    assert record.old == [2]


def test_a_message_that_was_shown_is_only_an_acknowledgement_when_it_comes_again() -> None:
    record = Record()
    line = Line(Box(), record)
    tag = line.link.post("say", room="lobby", text="one")
    line.pump()
    line.link.outbox[tag] = Post(tag, "say", {"room": "lobby", "text": "one"})
    line.cable.cut()
    line.wait(2)
    assert not line.link.outbox
    assert record.texts == ["one"]


def test_a_chat_that_forgot_everything_is_entered_anew() -> None:
    record = Record()
    line = Line(Box(), record)
    for text in ("one", "two", "three"):
        line.link.post("say", room="lobby", text=text)
    line.pump()
    line.cable.cut()
    line.move_to(Box())
    line.wait(2)
    line.link.post("say", room="lobby", text="four")
    line.pump()
    assert record.texts == ["one", "two", "three", "four"]


def test_a_name_that_is_taken_after_a_break_is_tried_again() -> None:
    box = Box()
    record = Record()
    line = Line(box, record)
    line.cable.cut()
    thief = box.text("ada")
    line.wait(2)
    assert Waiting("That name is taken. Choose another.", 2) in record.states
    thief.send("exit")
    line.wait(3)
    assert record.last_state() == Online()


def test_whom_we_ignored_we_go_on_ignoring() -> None:
    box = Box()
    bob = box.text("bob")
    record = Record()
    line = Line(box, record)
    line.link.ask("ignore", name="bob")
    line.pump()
    line.cable.cut()
    line.wait(2)
    bob.send("hello")
    line.pump()
    assert record.texts == []


def test_whoever_was_away_stays_away() -> None:
    box = Box()
    bob = box.json("bob")
    line = Line(box, Record())
    line.link.ask("away", text="lunch")
    line.pump()
    line.cable.cut()
    line.wait(2)
    bob.objects()
    bob.ask(type="who", room="lobby")
    assert bob.objects()[0]["away"] == {"ada": "lunch"}


def test_a_new_name_is_kept_after_a_break() -> None:
    line = Line(Box(), Record())
    line.link.ask("nick", name="lovelace")
    line.pump()
    line.cable.cut()
    line.wait(2)
    assert line.link.name == "lovelace"
    assert requests(line)[0]["name"] == "lovelace"


def test_a_room_that_was_left_is_not_entered_again() -> None:
    line = Line(Box(), Record(), rooms=("lobby", "dev"))
    line.link.ask("leave", room="dev")
    line.pump()
    line.cable.cut()
    line.wait(2)
    assert requests(line)[0]["rooms"] == {"lobby": 0}


def test_a_room_that_was_joined_is_entered_again() -> None:
    line = Line(Box(), Record())
    line.link.ask("join", room="dev")
    line.pump()
    line.cable.cut()
    line.wait(2)
    assert requests(line)[0]["rooms"] == {"lobby": 0, "dev": 0}


def test_what_a_slow_reader_missed_is_fetched_page_by_page() -> None:
    box = Box(limits=Limits(rate=None, window=2000))
    bob = box.text("bob")
    record = Record()
    line = Line(box, record)
    line.cable.server.socket.room = 0
    for number in range(450):
        bob.send(f"line {number}")
    line.cable.server.socket.drain()
    line.pump()
    assert record.texts == [f"line {number}" for number in range(450)]


def test_a_history_that_fails_holds_nothing_back() -> None:
    record = Record()
    box = Box()
    box.text("bob").send("before")
    line = Line(box, record, silent=True)
    wire = line.cable.wire
    wire.dataReceived(
        b'{"type":"welcome","name":"ada","token":"x","server":"s","time":"now",'
        b'"limits":{"text":4096,"line":16384,"name":32,"rooms":50}}\n'
        b'{"type":"room","room":"lobby","topic":"","users":["ada"],"away":{},"last":1}\n'
        b'{"type":"message","id":2,"time":"now","room":"lobby","author":"bob","kind":"say","text":"after"}\n'
    )
    line.pump()
    asked = next(request for request in requests(line) if request["type"] == "history")
    assert record.texts == []
    wire.dataReceived(f'{{"type":"error","code":"internal","text":"Sorry.","tag":"{asked["tag"]}"}}\n'.encode())
    assert record.texts == ["after"]
    assert record.refusals == ["Sorry."]


def test_it_measures_the_lag() -> None:
    record = Record()
    line = Line(Box(), record)
    assert record.lags == [0.0]
    line.cable.silent = True
    line.wait(PING_INTERVAL)
    line.cable.silent = False
    assert len(record.lags) == 1
    line.wait(PING_INTERVAL)
    assert record.lags[1] == pytest.approx(PING_INTERVAL, abs=0.5)


def test_a_dead_connection_is_noticed() -> None:
    record = Record()
    line = Line(Box(), record)
    line.cable.silent = True
    line.wait(PING_INTERVAL * (SILENT_PINGS + 1))
    assert Waiting("The server does not answer any more.", 1) in record.states


def test_it_says_goodbye() -> None:
    box = Box()
    bob = box.json("bob")
    line = Line(box, Record())
    bob.objects()
    line.link.leave()
    line.pump()
    assert [event["type"] for event in bob.objects()] == ["left"]
    assert line.over.called


def test_it_does_not_wait_for_a_goodbye_for_ever() -> None:
    line = Line(Box(), Record())
    line.cable.silent = True
    line.cable.server.socket.room = 0
    line.link.leave()
    line.wait(GOODBYE_WAIT)
    assert line.over.called


def test_it_can_leave_while_it_waits() -> None:
    line = Line(Box(), Record())
    line.cable.cut()
    line.link.leave()
    assert line.over.called
    line.wait(5)
    assert len(line.endpoint.cables) == 1


def test_why_the_server_closed_is_told() -> None:
    record = Record()
    line = Line(Box(), record)
    line.cable.wire.dataReceived(b'{"type":"goodbye","text":"The server is shutting down. Goodbye."}\n')
    line.cable.cut()
    assert record.last_state() == Waiting("The server is shutting down. Goodbye.", 1)


def test_without_a_connection_nothing_can_be_asked() -> None:
    line = Line(Box(), Record())
    line.cable.cut()
    with pytest.raises(NotNow, match="no connection"):
        line.link.ask("who", room="lobby")


def test_the_outbox_is_bounded() -> None:
    line = Line(Box(), Record())
    line.cable.cut()
    for number in range(MAXIMUM_OUTBOX):
        line.link.post("say", room="lobby", text=f"{number}")
    with pytest.raises(NotNow, match="waiting to be sent"):
        line.link.post("say", room="lobby", text="one more")


def test_a_mistake_of_the_listener_does_not_break_the_connection(logged_failures: LoggedFailures) -> None:
    record = Record()
    line = Line(Box(), record)
    record.events = None  # type: ignore[assignment]
    line.link.post("say", room="lobby", text="one")
    line.pump()
    record.events = []
    line.link.post("say", room="lobby", text="two")
    line.pump()
    assert record.texts == ["two"]
    assert len(logged_failures.flush(AttributeError)) == 1


def test_a_link_that_is_paused_reads_nothing_and_stays() -> None:
    box = Box()
    record = Record()
    line = Line(box, record)
    line.link.pause()
    assert line.cable.transport.producerState == "paused"
    line.wait(PING_INTERVAL * (SILENT_PINGS + 2))
    box.text("bob").send("one", "two")
    line.pump()
    assert record.texts == []
    line.link.resume()
    line.wait(PING_INTERVAL)
    assert record.texts == ["one", "two"]
    assert len(line.endpoint.cables) == 1


def test_a_link_that_was_paused_gets_what_came_behind_a_break() -> None:
    box = Box()
    record = Record()
    line = Line(box, record)
    line.link.pause()
    bob = box.text("bob")
    bob.send("one")
    line.pump()
    line.cable.cut()
    bob.send("two")
    line.wait(2)
    line.link.resume()
    line.wait(2)
    assert record.texts == ["one", "two"]


def test_a_link_that_is_paused_leaves_at_once() -> None:
    line = Line(Box(), Record())
    line.link.pause()
    line.link.leave()
    line.pump()
    assert line.over.called
