"""What a screen shows, with the real chat in memory behind it."""

from __future__ import annotations

import pytest
from box import Box
from client.seats import Seat

from chat.client.link.link import Post
from chat.client.link.states import Online, Waiting
from chat.client.model.client import CannotDo
from chat.client.model.model import Observer
from chat.client.model.room import MAXIMUM_SPEAKERS, Room
from chat.client.model.scrollback import LineKind
from chat.core import events
from chat.core.limits import Limits
from chat.history.passwords import hash_password


def test_coming_in() -> None:
    seat = Seat(Box())
    assert seat.shown() == ["* You are ada, alone in #lobby."]
    assert seat.model.state == Online()
    assert seat.model.current.users == {"ada"}


def test_messages_and_notices() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    bob.send("hello", "/me waves", "/topic tea", "/away lunch", "/away", "/nick robert", "exit")
    seat.pump()
    assert seat.shown()[1:] == [
        "bob: hello",
        "~ bob waves",
        "* bob set the topic of #lobby to: tea",
        "* bob is away: lunch",
        "* bob is back.",
        "* bob is now known as robert.",
        "* robert left.",
    ]
    assert seat.model.current.topic == "tea"
    assert seat.model.current.users == {"ada"}


def test_comings_and_goings_of_the_silent_are_not_shown() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    seat.pump()
    assert seat.model.current.users == {"ada", "bob"}
    bob.send("/nick robert", "/away", "exit")
    seat.pump()
    assert seat.shown() == ["* You are ada, alone in #lobby."]
    assert seat.model.current.users == {"ada"}


def test_who_spoke_long_ago_counts_as_silent() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    bob.send("hello")
    box.clock.advance(31 * 60)
    bob.send("exit")
    seat.pump()
    assert "* bob left." not in seat.shown()


def test_whoever_talks_with_the_user_in_private_is_never_silent() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    bob.send("/msg ada psst", "exit")
    seat.pump()
    assert seat.shown()[-1] == "* bob left."


def test_unread_messages_are_counted_where_the_user_is_not() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    bob = box.json("bob", rooms={"lobby": None, "dev": None})
    bob.ask(type="say", room="dev", text="one")
    bob.ask(type="say", room="dev", text="ada: two")
    bob.ask(type="say", room="lobby", text="three")
    seat.pump()
    dev = seat.room("#dev")
    assert (dev.unread, dev.calls) == (2, 1)
    assert seat.room("#lobby").unread == 0
    seat.model.turn_to(dev)
    assert (dev.unread, dev.calls) == (0, 0)


def test_the_unread_mark_stays_while_the_user_looks_and_goes_when_they_turn_away() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    bob = box.json("bob", rooms={"dev": None})
    bob.ask(type="say", room="dev", text="one")
    bob.ask(type="say", room="dev", text="two")
    seat.pump()
    dev = seat.room("#dev")
    assert dev.mark is not None
    assert dev.lines[dev.mark].text == "one"
    seat.model.turn_to(dev)
    assert dev.mark is not None
    seat.model.turn_by(1)
    assert dev.mark is None


def test_what_was_said_before_the_user_first_came_is_not_unread() -> None:
    box = Box()
    box.json("bob", rooms={"dev": None}).ask(type="say", room="dev", text="ada, where are you?")
    seat = Seat(box, rooms=("lobby", "dev"))
    assert seat.shown("#dev") == ["bob: ada, where are you?", "* You are ada, in #dev with bob."]
    assert seat.room("#dev").unread == 0
    assert seat.bells.rung == 0


def test_what_was_said_during_a_break_is_unread_and_rings_no_bell() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    bob = box.json("bob", rooms={"dev": None})
    seat.wiring.cable.cut()
    bob.ask(type="say", room="dev", text="ada: hello")
    seat.wiring.wait(2)
    assert (seat.room("#dev").unread, seat.room("#dev").calls) == (1, 1)
    assert seat.bells.rung == 0


def test_the_bell_rings_for_the_user_only() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    bob.send("hello", "/me waves")
    seat.pump()
    seat.enter("ada says ada")
    assert seat.bells.rung == 0
    bob.send("hi Ada!")
    seat.pump()
    assert seat.bells.rung == 1
    bob.send("/msg ada psst")
    seat.pump()
    assert seat.bells.rung == 2


@pytest.mark.parametrize("text", ["ada", "ADA: hi", "hello ada.", "(ada)", "@ada", "one,ada,two", "ada…"])
def test_mentions(text: str) -> None:
    assert Seat(Box()).model.mentions(text)


@pytest.mark.parametrize("text", ["", "adam", "nada", "ada-2", "ada.b", "ada_", "x.ada", "ad a"])
def test_no_mentions(text: str) -> None:
    assert not Seat(Box()).model.mentions(text)


def test_a_new_name_is_the_one_that_is_mentioned() -> None:
    box = Box()
    seat = Seat(box)
    seat.enter("/nick lovelace")
    assert seat.shown()[-1] == "* You are now known as lovelace."
    assert seat.model.mentions("lovelace?")
    assert not seat.model.mentions("ada?")
    assert seat.model.current.users == {"lovelace"}


def test_a_name_that_the_operator_has_given_is_told_once() -> None:
    box = Box(limits=Limits(rate=None, plain_passwords=True))
    seat = Seat(box)
    seat.enter("/register correct horse")
    seat.enter("hello")
    before = len(seat.shown())
    box.admin("rename", "ada", "lovelace")
    seat.pump()
    kept = "The name ada is kept for it for 30 days."
    assert seat.shown()[before:] == [
        "* You are now known as lovelace.",
        f"* Whoever runs the server has called your account lovelace. {kept}",
    ]


def test_a_private_message_opens_a_conversation() -> None:
    box = Box()
    seat = Seat(box)
    box.text("bob").send("/msg ada psst")
    seat.pump()
    assert seat.titles == ["#lobby", "@bob"]
    assert seat.shown("@bob") == ["bob (private): psst"]
    assert seat.room("@bob").calls == 1


def test_a_conversation_follows_a_change_of_name() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    bob.send("/msg ada psst", "/nick robert", "/msg ada again")
    seat.pump()
    assert seat.titles == ["#lobby", "@robert"]
    assert seat.shown("@robert") == ["bob (private): psst", "robert (private): again"]


def test_ignored_users_are_not_shown() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    seat.enter("/ignore bob")
    bob.send("hello", "/msg ada psst")
    seat.pump()
    assert seat.shown()[1:] == ["* You ignore bob."]
    assert seat.titles == ["#lobby"]


def test_a_break_is_told_once_and_so_is_its_end() -> None:
    seat = Seat(Box())
    seat.wiring.endpoint.refusing = True
    seat.wiring.cable.cut()
    seat.wiring.wait(7)
    assert isinstance(seat.model.state, Waiting)
    seat.wiring.endpoint.refusing = False
    seat.wiring.wait(8)
    assert seat.shown()[1:] == [
        "* Disconnected from server. The connection was lost. Reconnecting by itself.",
        "* Still no connection. Nothing is listening there. /reconnect tries at once.",
        "* Connected again.",
    ]


def test_a_line_where_the_day_changes() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    bob.send("late")
    box.clock.advance(15 * 3600)
    bob.send("early")
    seat.pump()
    assert [line.text for line in seat.model.current.lines if line.kind is LineKind.DAY] == [
        "Saturday, 21 November 2026",
        "Sunday, 22 November 2026",
    ]


def test_times_are_local() -> None:
    box = Box()
    seat = Seat(box)
    box.text("bob").send("hello")
    seat.pump()
    last = list(seat.model.current.lines)[-1]
    assert f"{last.time:%H:%M}" == "10:15"


def test_a_time_that_is_none_is_now() -> None:
    box = Box()
    seat = Seat(box)
    message = events.Message(id=1, time="soon", room="lobby", author="bob", kind="say", text="hi")
    seat.model.event_received(message, old=False)
    assert f"{list(seat.model.current.lines)[-1].time:%H:%M}" == "10:15"


def test_who_is_in_another_room_is_told_and_opens_nothing() -> None:
    box = Box()
    box.text("bob").send("/join attic")
    seat = Seat(box)
    seat.enter("/who attic")
    assert seat.shown()[-1] == "* In #attic: bob (op)"
    assert seat.titles == ["#lobby"]


def test_answers_go_where_the_question_came_from() -> None:
    seat = Seat(Box(), rooms=("lobby", "dev"))
    seat.client.enter("/who")
    seat.model.turn_by(1)
    seat.pump()
    assert seat.shown("#lobby")[-1].startswith("* In #lobby")
    assert len(seat.shown("#dev")) == 1


def test_refusals_are_told_apart() -> None:
    seat = Seat(Box())
    seat.enter("/msg nobody hi")
    assert seat.titles == ["#lobby"]
    assert seat.shown()[1:] == ["! There is nobody called nobody here. See /who for those in this room."]


@pytest.fixture
def shut() -> Box:
    """A chat with a private room, the vault."""
    box = Box(limits=Limits(plain_passwords=True))
    box.make_account("zoe", hash_password("correct horse"))
    zoe = box.json("zoe", password="correct horse", rooms={"vault": None})
    zoe.ask(type="room", room="vault", access="private")
    return box


def test_a_room_that_is_shut_to_one_does_not_stay_open(shut: Box) -> None:
    seat = Seat(shut, rooms=("lobby", "dev"))
    seat.enter("/go dev", "/join vault")
    assert seat.titles == ["#lobby", "#dev"]
    assert seat.model.current.title == "#dev"
    assert seat.shown("#dev")[-1].startswith("! #vault is private.")


def test_what_was_said_into_a_room_that_is_shut_comes_back(shut: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    seat = Seat(shut, rooms=("lobby", "dev"))
    refused: list[tuple[str, str]] = []
    monkeypatch.setattr(seat.bells, "refused", lambda room, text: refused.append((room.title, text)))
    seat.client.enter("/join vault")
    assert seat.model.current.title == "#vault"
    seat.client.enter("hello?")
    seat.client.enter("/go dev")
    seat.pump()
    assert seat.titles == ["#lobby", "#dev"]
    assert refused == [("#dev", "hello?")]


def test_history_on_demand() -> None:
    box = Box()
    seat = Seat(box)
    box.text("bob").send("one", "two")
    seat.pump()
    seat.enter("/history 1")
    assert seat.shown()[-3:] == [
        "* Earlier in #lobby:",
        "* [2026-11-21 10:15] bob: two",
        "* End of history.",
    ]


def test_history_of_a_time_is_of_the_time_zone_of_the_screen() -> None:
    box = Box()
    seat = Seat(box)
    bob = box.text("bob")
    bob.send("one")
    box.clock.advance(60)
    bob.send("two")
    seat.pump()
    seat.enter("/history since 10:16")
    assert seat.shown()[-3:] == ["* Earlier in #lobby:", "* [2026-11-21 10:16] bob: two", "* End of history."]
    seat.enter("/history 2026-11-20")
    assert seat.shown()[-1] == "* Nothing was said in #lobby then."
    seat.enter("/history before 2")
    assert seat.shown()[-3:] == ["* Earlier in #lobby:", "* [2026-11-21 10:15] bob: one", "* End of history."]
    with pytest.raises(CannotDo, match="which day"):
        seat.enter("/history yesterday")


def test_mentions_on_demand() -> None:
    box = Box()
    seat = Seat(box)
    box.text("bob").send("hello ada")
    seat.pump()
    seat.enter("/mentions")
    assert seat.shown()[-4:] == [
        "* You were named, the newest first:",
        "* [2026-11-21 10:15] #1 #lobby bob: hello ada",
        "* /history around 1 shows what was said then.",
        "* That is all.",
    ]


def test_a_search() -> None:
    box = Box()
    seat = Seat(box)
    box.text("bob").send("green tea")
    seat.pump()
    seat.enter("/search TEA")
    assert seat.shown()[-4:] == [
        "* Found, the newest first:",
        "* [2026-11-21 10:15] #1 #lobby bob: green tea",
        "* /history around 1 shows what was said then.",
        "* That is all.",
    ]


def test_older_messages_go_above() -> None:
    box = Box()
    bob = box.text("bob")
    for number in range(320):
        bob.send(f"{number}")
    seat = Seat(box)
    texts = [line.text for line in seat.model.current.lines if line.kind is LineKind.SAY]
    assert texts == [f"{number}" for number in range(270, 320)]
    for first in (170, 70, 0):
        seat.client.ask_earlier()
        seat.client.ask_earlier()
        seat.pump()
        texts = [line.text for line in seat.model.current.lines if line.kind is LineKind.SAY]
        assert texts == [f"{number}" for number in range(first, 320)]
    sent = len(seat.wiring.cable.sent)
    seat.client.ask_earlier()
    seat.pump()
    assert len(seat.wiring.cable.sent) == sent


def test_all_events_can_be_shown() -> None:
    seat = Seat(Box(limits=Limits(rate=None)))
    now = "2026-11-21T09:15:02.114Z"
    for event in (
        events.Topic(time=now, room="lobby", name=None, topic="tea"),
        events.Rooms(rooms=[events.RoomSummary(room="dev", users=3, topic="")]),
        events.Ignored(names=["bob"]),
        events.Help(commands=[events.CommandHelp(name="who", usage="/who", summary="lists who is here")]),
        events.Notice(text="Mind the gap."),
        events.Missed(room=None, count=3, after=1, before=5),
        events.Pong(time=now),
        events.Goodbye(text="Bye.", code="disconnected"),
    ):
        before = len(seat.shown())
        seat.model.event_received(event, old=False)
        assert len(seat.shown()) > before


def test_out_of_the_only_room() -> None:
    seat = Seat(Box())
    left = events.Left(time="2026-11-21T09:15:02.114Z", room="lobby", name="ada")
    seat.model.event_received(left, old=False)
    assert not seat.model.current.joined
    assert seat.model.current.users == set()


def test_speakers_are_bounded_and_the_last_one_comes_first() -> None:
    box = Box()
    seat = Seat(box)
    room = seat.model.current
    for number in range(MAXIMUM_SPEAKERS + 10):
        message = events.Message(
            id=number + 1,
            time="2026-11-21T09:15:02.114Z",
            room="lobby",
            author=f"user{number}",
            kind="say",
            text="hi",
        )
        room.add_user(f"user{number}")
        seat.model.event_received(message, old=False)
    assert room.people()[0] == f"user{MAXIMUM_SPEAKERS + 9}"
    assert room.people()[MAXIMUM_SPEAKERS] == "ada"


def test_the_room_with_a_call_is_the_first_to_turn_to() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev", "tea"))
    bob = box.json("bob", rooms={"dev": None, "tea": None})
    bob.ask(type="say", room="dev", text="hello")
    bob.ask(type="say", room="tea", text="hello ada")
    seat.pump()
    seat.model.turn_to_unread()
    assert seat.model.current.title == "#tea"
    seat.model.turn_to_unread()
    assert seat.model.current.title == "#dev"
    seat.model.turn_to_unread()
    assert seat.model.current.title == "#lobby"


def test_rooms_go_round() -> None:
    seat = Seat(Box(), rooms=("lobby", "dev", "tea"))
    seat.model.turn_by(-1)
    assert seat.model.current.title == "#tea"
    seat.model.turn_by(1)
    assert seat.model.current.title == "#lobby"


def test_the_last_room_stays() -> None:
    seat = Seat(Box())
    seat.model.close(seat.model.current)
    assert seat.titles == ["#lobby"]


def test_names_are_found_however_they_are_written() -> None:
    seat = Seat(Box())
    assert seat.model.open("LOBBY") is seat.model.current
    assert isinstance(seat.model.open("Bob", private=True), Room)
    assert seat.model.find("bob", private=True) is seat.room("@Bob")


def test_what_comes_while_the_user_looks_away_is_unread() -> None:
    box = Box()
    seat = Seat(box, rooms=("lobby", "dev"))
    bob = box.text("bob")
    bob.send("seen")
    seat.pump()
    lobby = seat.room("#lobby")
    seat.model.look(False)
    bob.send("unseen", "ada: look")
    seat.pump()
    assert (lobby.unread, lobby.calls) == (2, 1)
    assert lobby.mark is not None
    assert lobby.lines[lobby.mark].text == "unseen"
    seat.model.turn_to(seat.room("#dev"))
    seat.model.turn_to(lobby)
    assert (lobby.unread, lobby.mark is None) == (2, False)
    seat.model.look(True)
    assert (lobby.unread, lobby.mark is None) == (0, False)
    seat.model.turn_to(seat.room("#dev"))
    assert lobby.mark is None


def test_a_search_outside_of_the_rooms() -> None:
    box = Box()
    seat = Seat(box)
    box.text("bob").send(*(f"tea {number}" for number in range(25)))
    seat.pump()
    before = seat.shown()
    seat.client.search(" tea ")
    seat.client.search_older()
    seat.pump()
    search = seat.model.search
    assert search is not None
    assert (search.text, len(search.found), search.more) == ("tea", 20, True)
    assert [found.line.text for found in search.found[:2]] == ["tea 24", "tea 23"]
    assert {found.room for found in search.found} == {"lobby"}
    seat.client.search_older()
    seat.pump()
    assert (len(search.found), search.more, search.found[-1].line.text) == (25, False, "tea 0")
    seat.client.search(" ".join(f"word{number}" for number in range(40)))
    seat.pump()
    assert seat.model.search is not None
    assert seat.model.search.refusal
    assert seat.shown() == before


def test_what_happens_in_another_room_is_shown_there() -> None:
    box = Box()
    bob = box.text("bob")
    bob.send("/join dev")
    seat = Seat(box, rooms=("lobby", "dev"))
    dev, lobby = seat.model.find("dev"), seat.model.find("lobby")
    assert dev is not None
    assert lobby is not None
    seat.model.turn_to(lobby)
    bob.send("/lock")
    seat.pump()
    for room, times in ((dev, 1), (lobby, 0)):
        assert sum("locked the topic" in line.text for line in room.lines) == times


@pytest.mark.parametrize(
    ("post", "typed"),
    [
        (Post("t", "say", {"room": "lobby", "text": "/etc"}), "//etc"),
        (Post("t", "me", {"room": "lobby", "text": "waves"}), "/me waves"),
        (Post("t", "msg", {"with": "b", "text": "waves", "action": True}), "/me waves"),
        (Post("t", "say", {"room": "lobby", "text": "yes", "re": 217}), "/reply #217 yes"),
        (Post("t", "edit", {"id": 1, "text": "yes"}), "/edit #1 yes"),
        (Post("t", "delete", {"id": 1}), None),
    ],
)
def test_what_is_refused_is_given_back_as_it_was_typed(post: Post, typed: str | None) -> None:
    given: list[str] = []

    class Typist(Observer):
        def refused(self, room: Room, text: str) -> None:
            given.append(text)

    model = Seat(Box()).model
    model.observe(Typist())
    model.expect(post.tag)
    model.post_refused(post)
    assert given == ([] if typed is None else [typed])
