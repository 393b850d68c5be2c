"""The JSON lines dialect, as ``docs/protocol.md`` describes it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from box import Box
from conftest import LoggedFailures
from twisted.internet.defer import Deferred, fail

from chat import __version__
from chat.core.limits import Limits
from chat.core.ports import Search
from chat.history.memory import MemoryStore
from chat.history.store import Page

NOW = "2026-11-21T09:15:02.114Z"


def message(number: int, author: str, text: str, **more: Any) -> dict[str, Any]:
    """A message as it is received."""
    place = {} if "to" in more else {"room": "lobby"}
    return {
        "type": "message",
        "id": number,
        "time": NOW,
        "author": author,
        "kind": "say",
        "text": text,
        **place,
        **more,
    }


def test_a_bot_in_three_lines() -> None:
    box = Box()
    bot = box.connect()
    bot.send_bytes(
        b'{"type":"hello","name":"bot"}\n'
        b'{"type":"say","room":"lobby","text":"build is green","tag":"a1"}\n'
        b'{"type":"quit"}\n'
    )
    lines = bot.lines()
    token = json.loads(lines[1])["token"]
    assert lines == [
        "* Hi. Type your name and press Enter.",
        f'{{"type":"welcome","name":"bot","token":"{token}","server":"twisted-chat/{__version__}","time":"{NOW}",'
        '"limits":{"text":4096,"line":16384,"name":32,"rooms":50,"lines":100},"protocol":1,"features":["register","changes","conversations","lines","actions"]}',
        '{"type":"room","room":"lobby","topic":"","users":["bot"],"away":{},"last":0}',
        f'{{"type":"message","id":1,"time":"{NOW}","room":"lobby","author":"bot","kind":"say",'
        '"text":"build is green","tag":"a1"}',
        '{"type":"goodbye","text":"Goodbye."}',
    ]
    assert bot.socket.half_closed


def test_everything_that_happens_in_a_room() -> None:
    box = Box()
    bot = box.json("bot")
    ada = box.text("ada")
    ada.send("hi", "/me waves", "/topic tea", "/away lunch", "/away", "/nick lovelace", "exit")
    assert bot.objects() == [
        {"type": "joined", "time": NOW, "room": "lobby", "name": "ada"},
        message(1, "ada", "hi"),
        message(2, "ada", "waves", kind="action"),
        {"type": "topic", "time": NOW, "room": "lobby", "name": "ada", "topic": "tea"},
        {"type": "away", "time": NOW, "room": "lobby", "name": "ada", "text": "lunch"},
        {"type": "away", "time": NOW, "room": "lobby", "name": "ada", "text": None},
        {"type": "renamed", "time": NOW, "room": "lobby", "name": "ada", "new": "lovelace"},
        {"type": "left", "time": NOW, "room": "lobby", "name": "lovelace"},
    ]


@pytest.mark.parametrize(
    ("request_", "answers"),
    [
        ({"type": "say", "room": "#Lobby", "text": "hi"}, [message(1, "bot", "hi", tag="t")]),
        ({"type": "me", "room": "lobby", "text": "hums"}, [message(1, "bot", "hums", kind="action", tag="t")]),
        ({"type": "msg", "name": "ADA", "text": "psst"}, [message(1, "bot", "psst", to="ada", tag="t")]),
        (
            {"type": "join", "room": "dev"},
            [
                {
                    "type": "room",
                    "room": "dev",
                    "topic": "",
                    "users": ["bot"],
                    "away": {},
                    "last": 0,
                    "ops": ["bot"],
                    "tag": "t",
                }
            ],
        ),
        (
            {"type": "leave", "room": "lobby"},
            [{"type": "left", "time": NOW, "room": "lobby", "name": "bot", "tag": "t"}],
        ),
        (
            {"type": "nick", "name": "robot"},
            [
                {"type": "renamed", "time": NOW, "room": None, "name": "bot", "new": "robot", "tag": "t"},
                {"type": "renamed", "time": NOW, "room": "lobby", "name": "bot", "new": "robot"},
            ],
        ),
        (
            {"type": "topic", "room": "lobby", "text": "tea"},
            [{"type": "topic", "time": NOW, "room": "lobby", "name": "bot", "topic": "tea", "tag": "t"}],
        ),
        (
            {"type": "topic", "room": "lobby"},
            [{"type": "topic", "time": NOW, "room": "lobby", "name": None, "topic": "", "tag": "t"}],
        ),
        (
            {"type": "away", "text": "lunch"},
            [
                {"type": "away", "time": NOW, "room": None, "name": "bot", "text": "lunch", "tag": "t"},
                {"type": "away", "time": NOW, "room": "lobby", "name": "bot", "text": "lunch"},
            ],
        ),
        (
            {"type": "who", "room": "lobby"},
            [{"type": "who", "room": "lobby", "users": ["ada", "bot"], "away": {}, "tag": "t"}],
        ),
        ({"type": "rooms"}, [{"type": "rooms", "rooms": [{"room": "lobby", "users": 2, "topic": ""}], "tag": "t"}]),
        (
            {"type": "history", "room": "lobby"},
            [{"type": "history", "room": "lobby", "messages": [], "more": False, "tag": "t"}],
        ),
        (
            {"type": "search", "text": "tea before:9"},
            [{"type": "found", "text": "tea", "messages": [], "more": False, "tag": "t"}],
        ),
        ({"type": "mentions"}, [{"type": "found", "text": None, "messages": [], "more": False, "tag": "t"}]),
        ({"type": "ignore", "name": "ada"}, [{"type": "ignored", "names": ["ada"], "tag": "t"}]),
        ({"type": "ignore"}, [{"type": "ignored", "names": [], "tag": "t"}]),
        (
            {"type": "help", "command": "who"},
            [
                {
                    "type": "help",
                    "commands": [
                        {"name": "who", "usage": "/who [room]", "summary": "lists who is in the room, or in another"}
                    ],
                    "tag": "t",
                }
            ],
        ),
        ({"type": "ping"}, [{"type": "pong", "time": NOW, "tag": "t"}]),
        ({"type": "ping", "unknown": {"field": 1}}, [{"type": "pong", "time": NOW, "tag": "t"}]),
        ({"type": "quit"}, [{"type": "goodbye", "text": "Goodbye."}]),
    ],
)
def test_every_request_is_answered(request_: dict[str, Any], answers: list[dict[str, Any]]) -> None:
    box = Box()
    box.text("ada")
    bot = box.json("bot")
    bot.ask(**request_, tag="t")
    found = bot.objects()
    if answers[0].get("to"):
        assert found[0].pop("with")
    assert found == answers


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("no json", "bad-json"),
        ("[1]", "bad-json"),
        ('{"type":"ping"', "bad-json"),
        ('{"a":' * 3000, "bad-json"),
        ("{}", "bad-field"),
        ('{"type":1}', "bad-field"),
        ('{"type":"ping","tag":1}', "bad-field"),
        ('{"type":"ping","tag":""}', "bad-field"),
        ('{"type":"ping","tag":"%s"}' % ("x" * 65), "bad-field"),
        ('{"type":"ping","tag":"\\u001b"}', "bad-field"),
        ('{"type":"say","room":"lobby"}', "bad-field"),
        ('{"type":"say","room":7,"text":"x"}', "bad-field"),
        ('{"type":"say","room":"lobby","text":["x"]}', "bad-field"),
        ('{"type":"history","room":"lobby","count":-1}', "bad-field"),
        ('{"type":"history","room":"lobby","count":true}', "bad-field"),
        ('{"type":"history","room":"lobby","after":99999999999999999999}', "bad-field"),
        ('{"type":"history","room":"lobby","after":1.5}', "bad-field"),
        ('{"type":"dance"}', "unknown-type"),
        ('{"type":"help","command":"dance"}', "unknown-command"),
        ('{"type":"hello","name":"again"}', "not-welcome-yet"),
        ('{"type":"join","room":"a b"}', "bad-name"),
        ('{"type":"nick","name":"ADA"}', "name-taken"),
        ('{"type":"msg","name":"nobody","text":"x"}', "no-such-user"),
        ('{"type":"who","room":"nowhere"}', "no-such-room"),
        ('{"type":"say","room":"nowhere","text":"x"}', "not-in-room"),
        ('{"type":"leave","room":"nowhere"}', "not-in-room"),
        ('{"type":"join","room":"lobby"}', "already-there"),
        ('{"type":"say","room":"lobby","text":"%s"}' % ("x" * 4097), "too-long"),
        ('{"type":"say","room":"lobby","text":"%s"}' % ("x" * 20_000), "too-long"),
        ('{"type":"say","room":"lobby","text":" \\u0000\\u200b"}', "empty"),
    ],
)
def test_a_refusal_has_a_code_and_changes_nothing(line: str, code: str) -> None:
    box = Box()
    ada = box.text("ada")
    bot = box.json("bot")
    ada.received()
    bot.send(line)
    (refusal,) = bot.objects()
    assert refusal["type"] == "error"
    assert refusal["code"] == code
    assert refusal["text"].endswith((".", '"}', "(says what you do: /me waves)")) or "/" in refusal["text"]
    assert ada.received() == ""
    bot.ask(type="say", room="lobby", text="still here")
    assert ada.lines() == ["bot: still here"]


def test_a_refusal_carries_the_tag_it_answers() -> None:
    bot = Box().json("bot")
    bot.ask(type="say", room="nowhere", text="x", tag="t7")
    assert bot.objects()[0]["tag"] == "t7"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"half \ud83d smile", "half \ufffd smile"),
        (r"\ude00\uD83D", "\ufffd\ufffd"),
        (r"\ud83d\ud83d\ude00 \u00e9\n\\ud83d", "\ufffd😀 é\n\\ud83d"),
        (r"\\\ud83dx\"", '\\\ufffdx"'),
        (r"\ud83d\u0041", "\ufffdA"),
    ],
)
def test_half_a_surrogate_pair_is_said_as_a_replacement(text: str, said: str) -> None:
    bot = Box().json("bot", accept=["changes", "lines"])
    bot.send(f'{{"type":"say","room":"lobby","text":"{text}","tag":"a"}}')
    assert [(event["text"], event["tag"]) for event in bot.objects()] == [(said, "a")]


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("{'type':'ping','tag':'t'}", "object keys must be strings (byte 1)"),
        ('{"type":"ping"', "it ends too early"),
        ('{"type":"ping","x":' + "[" * 3000, "it is nested too deeply"),
        ('{"type":"say","text":"a\tb"}', "invalid character (byte 23)"),
        ('{"type":"ping",}', "trailing comma in object (byte 15)"),
        (r'{"text":"\ud83d \q"}', "invalid escape character in string (byte 15)"),
    ],
)
def test_what_is_no_json_is_told_why(line: str, cause: str) -> None:
    bot = Box().json("bot")
    bot.send(line)
    text = f"That line is not JSON: {cause}. Send one object a line."
    assert bot.objects() == [{"type": "error", "code": "bad-json", "text": text}]


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        ('{"type":"say","tag":"t1","text":', "t1"),
        ('{"type":"say","text":"a\tb", "tag" : "t\\"2"}', 't"2'),
        ('[{"type":"ping","tag":"t3"}]', "t3"),
        ('{"type":"say","tag":"%s","text":' % ("x" * 65), None),
        (r'{"type":"say","tag":"\q","text":', None),
        ('{"type":"say","tag":7,', None),
    ],
)
def test_what_is_no_json_is_refused_under_its_tag(line: str, tag: str | None) -> None:
    bot = Box().json("bot")
    bot.send(line)
    assert [(event["code"], event.get("tag")) for event in bot.objects()] == [("bad-json", tag)]


def test_hello_comes_first() -> None:
    bot = Box().connect()
    bot.ask(type="say", room="lobby", text="x", tag="t")
    assert bot.objects()[0]["code"] == "not-welcome-yet"
    bot.ask(type="ping")
    assert bot.objects()[0]["type"] == "pong"


@pytest.mark.parametrize(
    "fields",
    [
        {"name": 7},
        {"token": 7},
        {"rooms": []},
        {"rooms": "lobby"},
        {"rooms": {"lobby": "1"}},
        {"rooms": {"lobby": -1}},
        {"rooms": {"lobby": True}},
        {"rooms": {"lobby": 1.5}},
        {"accept": "changes"},
        {"accept": {"changes": True}},
        {"accept": ["changes", 7]},
        {"accept": ["lines"] * 33},
    ],
)
def test_a_hello_with_a_wrong_field_is_refused_and_may_be_said_again(fields: dict[str, Any]) -> None:
    box = Box()
    bot = box.connect()
    bot.ask(type="hello", **fields)
    assert [answer.get("code") for answer in bot.objects()] == ["bad-field"]
    bot.ask(type="hello", name="bot")
    assert [answer["type"] for answer in bot.objects()] == ["welcome", "room"]


@pytest.mark.parametrize(
    ("accept", "kept"),
    [
        (None, set()),
        ([], set()),
        (["changes", "weather", "lines", "lines", ""], {"changes", "lines"}),
        (["conversations", *(f"later-{number}" for number in range(31))], {"conversations"}),
    ],
)
def test_what_a_program_accepts_is_kept_with_its_session_and_what_is_unknown_is_ignored(
    accept: list[str] | None, kept: set[str]
) -> None:
    box = Box()
    bot = box.connect()
    bot.ask(type="hello", accept=["lines", 7])
    bot.ask(type="hello", name="bot", accept=accept)
    assert [answer["type"] for answer in bot.objects()] == ["error", "welcome", "room"]
    user = box.hub.users.get("bot")
    assert user is not None
    assert user.sessions[0].accept == kept


def test_a_hello_that_is_refused_joins_nothing() -> None:
    box = Box(limits=Limits(rooms=2, rate=None))
    ada = box.text("ada")
    bot = box.connect()
    bot.ask(type="hello", name="bot", rooms={"lobby": None, "one": None, "two": None})
    assert bot.objects()[0]["code"] == "too-many-rooms"
    bot.ask(type="hello", name="bot", rooms={"lobby": None, "a b": None})
    assert bot.objects()[0]["code"] == "bad-name"
    ada.send("/rooms")
    assert ada.lines() == ["* #lobby, 1 user"]


def test_a_guest_has_the_name_of_its_port() -> None:
    bot = Box().connect()
    bot.ask(type="hello", rooms={})
    assert [(answer["type"], answer["name"]) for answer in bot.objects()] == [("welcome", "50001")]


def test_in_many_rooms_up_to_a_limit() -> None:
    box = Box(limits=Limits(rooms_each=3, rate=None))
    bot = box.json("bot", rooms={"a": None, "b": None})
    bot.ask(type="join", room="c")
    bot.ask(type="join", room="d")
    assert [answer.get("code", "joined") for answer in bot.objects()] == ["joined", "too-many-rooms"]


def test_a_room_given_twice_is_joined_once() -> None:
    box = Box()
    bot = box.connect()
    bot.ask(type="hello", name="bot", rooms={"dev": None, "#Dev": 0})
    assert [answer["type"] for answer in bot.objects()] == ["welcome", "room"]


def test_replay_gives_exactly_what_was_missed() -> None:
    box = Box()
    ada = box.text("ada")
    ada.send(*(f"line {number}" for number in range(1, 1203)))
    bot = box.connect()
    bot.ask(type="hello", name="bot", rooms={"lobby": 2})
    ada.send("after")
    answers = bot.objects()
    assert answers[1]["last"] == 1202
    assert [answer["id"] for answer in answers[2:]] == list(range(3, 1204))


def test_history_is_read_in_pages() -> None:
    box = Box()
    box.text("ada").send(*(str(number) for number in range(1, 11)))
    bot = box.json("bot")

    def read(**query: int) -> tuple[list[int], bool]:
        bot.ask(type="history", room="lobby", **query)
        (answer,) = bot.objects()
        return [item["id"] for item in answer["messages"]], answer["more"]

    assert read(count=3) == ([8, 9, 10], True)
    assert read(count=3, before=8) == ([5, 6, 7], True)
    assert read(count=5, before=5) == ([1, 2, 3, 4], False)
    assert read(count=3, after=2) == ([3, 4, 5], True)
    assert read(after=7, before=10) == ([8, 9], False)
    assert read(after=10) == ([], False)


def test_history_is_read_by_time() -> None:
    box = Box()
    ada, bot = box.text("ada"), box.json("bot")
    for number in range(1, 6):
        ada.send(str(number))
        box.clock.advance(60)
    bot.received()

    def read(**query: object) -> tuple[list[int], bool, str | None]:
        bot.ask(type="history", room="lobby", **query)
        (answer,) = bot.objects()
        return [item["id"] for item in answer["messages"]], answer["more"], answer.get("since")

    assert read(since="2026-11-21T10:17:02.114+01:00") == ([3, 4, 5], False, "2026-11-21T09:17:02.114Z")
    assert read(since=NOW, until="2026-11-21T09:17:02Z", count=1) == ([1], True, NOW)
    assert read(until="2026-11-21T09:17:02Z") == ([1, 2], False, None)
    assert read(since=NOW, after=1, before=4)[:2] == ([2, 3], False)
    assert read(since="2027-01-01T00:00:00Z")[:2] == ([], False)


def test_a_search_is_answered_newest_first_and_in_pages() -> None:
    box = Box()
    box.text("ada").send(*("tea" if number % 2 else "/me drinks TEA" for number in range(1, 11)))
    bot = box.json("bot", rooms={"dev": None})

    def find(text: str, **fields: object) -> tuple[list[int], bool]:
        bot.ask(type="search", text=text, **fields)
        (answer,) = bot.objects()
        assert answer["type"] == "found"
        return [item["id"] for item in answer["messages"]], answer["more"]

    assert find("tea", count=3) == ([10, 9, 8], True)
    assert find("tea", count=3, before=8) == ([7, 6, 5], True)
    assert find("tea before:6", count=3, before=8) == ([5, 4, 3], True)
    assert find("drinks author:Ada", room="lobby") == ([10, 8, 6, 4, 2], False)
    assert find("tea", room="dev", before=None) == ([], False)
    for text, code in (("?", "empty"), ("author:a author:b", "bad-field"), ("tea room:.", "bad-name")):
        bot.ask(type="search", text=text)
        assert bot.objects()[0]["code"] == code


def test_a_history_that_can_not_be_read_is_said(logged_failures: LoggedFailures) -> None:
    class Broken(MemoryStore):
        def search(self, search: Search) -> Deferred[Page]:
            return fail(OSError("worn out"))

    bot = Box(store=Broken()).json("bot")
    bot.ask(type="search", text="tea", tag="t")
    assert [(answer["code"], answer["tag"]) for answer in bot.objects()] == [("internal", "t")]
    assert logged_failures.flush(OSError)
    bot.ask(type="ping")
    assert [answer["type"] for answer in bot.objects()] == ["pong"]


def test_a_message_sent_again_under_its_tag_is_stored_once() -> None:
    box = Box()
    ada = box.text("ada")
    bot = box.json("bot")
    ada.received()
    bot.ask(type="say", room="lobby", text="one", tag="a1")
    first = bot.objects()
    bot.ask(type="say", room="lobby", text="one", tag="a1")
    assert bot.objects() == first
    bot.protocol.connectionLost()
    again = box.json("bot", token=bot.token, rooms={"lobby": 1})
    again.ask(type="say", room="lobby", text="one", tag="a1")
    assert again.objects() == first
    again.ask(type="msg", name="ada", text="psst", tag="a2")
    again.ask(type="msg", name="ada", text="psst", tag="a2")
    assert [answer["id"] for answer in again.objects()] == [2, 2]
    assert [line for line in ada.lines() if line.startswith("bot")] == ["bot: one", "bot (private): psst"]
    assert [stored.id for stored in box.stored] == [1, 2]
    again.ask(type="nick", name="robot")
    again.received()
    again.ask(type="say", room="lobby", text="not one at all", tag="a1")
    assert again.objects() == first


@pytest.mark.parametrize("end", ['{"type":"quit"}\n', ""])
def test_what_is_sent_again_is_answered_in_its_place_and_before_the_end(end: str) -> None:
    box = Box()
    bot = box.json("bot")
    again = '{"type":"say","room":"lobby","text":"one","tag":"a1"}\n'
    bot.send_bytes(again.encode())
    bot.received()
    others = '{"type":"ping","tag":"p"}\n{"type":"say","room":"lobby","text":"two","tag":"a2"}\n'
    bot.send_bytes((again + others + again + end).encode())
    bot.end()
    assert [answer.get("tag") for answer in bot.objects()][:4] == ["a1", "p", "a2", "a1"]


def test_a_message_that_was_deleted_is_known_when_it_is_sent_again() -> None:
    box = Box()
    bot = box.json("bot")
    bot.ask(type="say", room="lobby", text="one", tag="a1")
    bot.ask(type="delete", id=1)
    bot.received()
    bot.ask(type="say", room="lobby", text="one", tag="a1")
    assert [(answer["type"], answer["id"]) for answer in bot.objects()] == [("message", 1)]
    assert [stored.id for stored in box.stored] == [1]


def test_the_same_tag_under_another_token_is_another_message() -> None:
    box = Box()
    for name in ("bot", "bat"):
        box.json(name).ask(type="say", room="lobby", text="one", tag="a1")
    assert [stored.author for stored in box.stored] == ["bot", "bat"]


def test_a_token_takes_the_session_over() -> None:
    box = Box()
    ada = box.text("ada")
    old = box.json("bot", rooms={"lobby": None, "dev": None})
    ada.received()
    ada.send("one", "two")
    old.received()
    new = box.connect()
    new.ask(type="hello", name="bot", token=old.token, rooms={"lobby": 1, "new": None})
    assert [(answer["type"], answer.get("room"), answer.get("id")) for answer in new.objects()] == [
        ("welcome", None, None),
        ("room", "lobby", None),
        ("message", "lobby", 2),
        ("room", "new", None),
    ]
    assert old.objects()[-1] == {
        "type": "goodbye",
        "text": "Your session goes on from another connection.",
        "code": "replaced",
    }
    assert old.socket.half_closed
    old.protocol.connectionLost()
    new.ask(type="say", room="lobby", text="hi")
    assert ada.lines() == ["bot: hi"]
    ada.send("/rooms")
    assert ada.lines() == ["* #lobby, 2 users, active 2026-11-21 09:15", "* #new, 1 user"]


def test_a_short_break_is_seen_by_nobody() -> None:
    box = Box()
    ada = box.text("ada")
    bot = box.json("bot")
    ada.received()
    ada.send("/msg bot one")
    bot.protocol.connectionLost()
    box.clock.advance(59)
    ada.send("two", "/msg bot three", "/who")
    assert ada.lines() == [
        "* bot is not connected just now, and will get that when they are back.",
        "* In #lobby: ada, bot",
    ]
    again = box.connect()
    again.ask(type="hello", name="bot", token=bot.token, rooms={"lobby": 0})
    told = again.objects()
    assert [answer["type"] for answer in told] == ["welcome", "message", "message", "room", "message"]
    assert [answer["text"] for answer in told if answer["type"] == "message"] == ["one", "three", "two"]
    box.clock.advance(120)
    ada.send("/who")
    assert ada.lines() == ["* In #lobby: ada, bot"]


def test_a_long_break_is_leaving() -> None:
    box = Box()
    ada = box.text("ada")
    bot = box.json("bot")
    ada.received()
    bot.end()
    bot.protocol.connectionLost()
    box.turn()
    assert ada.lines() == []
    box.clock.advance(61)
    box.turn()
    assert ada.lines() == ["* bot left."]


def test_a_program_that_quits_is_not_held() -> None:
    box = Box()
    ada = box.text("ada")
    bot = box.json("bot")
    ada.received()
    bot.ask(type="quit")
    assert ada.lines() == ["* bot left."]
    bot.protocol.connectionLost()
    box.text("bot")
    assert ada.lines() == ["* bot joined."]


def test_a_name_that_is_only_held_is_free_for_others() -> None:
    box = Box()
    ada = box.text("ada")
    bot = box.json("bot")
    ada.received()
    bot.protocol.connectionLost()
    box.json("BOT")
    assert ada.lines() == ["* bot left.", "* BOT joined."]
    box.clock.advance(120)
    box.turn()
    assert ada.lines() == []


def test_only_so_many_are_held() -> None:
    box = Box(limits=Limits(rate=None, held=2))
    ada = box.text("ada")
    bots = [box.json(f"bot{number}") for number in range(3)]
    ada.received()
    for bot in bots:
        bot.protocol.connectionLost()
    box.turn()
    assert ada.lines() == ["* bot0 left."]


def test_a_stranger_can_not_take_a_session_over() -> None:
    box = Box()
    box.json("bot")
    thief = box.connect()
    thief.ask(type="hello", name="bot", token="token-2")
    assert thief.objects()[0]["code"] == "name-taken"


def test_a_client_in_many_rooms_sees_each_in_order() -> None:
    box = Box()
    bot = box.json("bot", rooms={"lobby": None, "dev": None})
    ada, dev = box.text("ada"), box.json("eve", rooms={"dev": None})
    bot.received()
    for number in range(5):
        ada.protocol.dataReceived(f"a{number}\n".encode())
        dev.protocol.dataReceived(json.dumps({"type": "say", "room": "dev", "text": f"d{number}"}).encode() + b"\n")
    box.turn()
    answers = bot.objects()
    ids = {room: [answer["id"] for answer in answers if answer["room"] == room] for room in ("lobby", "dev")}
    assert ids == {"lobby": [1, 3, 5, 7, 9], "dev": [2, 4, 6, 8, 10]}
