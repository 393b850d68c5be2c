"""What programs ask for a second time: it is answered as if it were done again, and nothing more happens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from box import Box, Client, SlowStore
from twisted.internet.defer import fail

from chat.core.accounts import Role
from chat.core.commands.table import TABLE
from chat.core.facts import Decision, Record, TokenKept
from chat.core.limits import Limits
from chat.core.links import Links
from chat.history.memory import MemoryStore
from chat.history.passwords import hash_password
from chat.history.store import CannotKeep

PASSWORD = "correct horse"  # noqa: S105
HASH = hash_password(PASSWORD)


class WatchedStore(MemoryStore):
    """A history whose records can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Record] = []
        self.full = False

    def append(self, records: Sequence[Record]) -> Any:
        if self.full:
            return fail(CannotKeep("the disk is full."))
        self.records += (record for record in records if not isinstance(record, TokenKept))
        return super().append(records)

    @property
    def actions(self) -> list[str]:
        """What was decided."""
        return [record.action for record in self.records if isinstance(record, Decision)]


@pytest.fixture
def store() -> WatchedStore:
    """What the box stores."""
    return WatchedStore()


@pytest.fixture
def box(store: WatchedStore) -> Box:
    """A chat with an owner and a registered user."""
    box = Box(limits=Limits(rate=None, plain_passwords=True), store=store)
    box.hub.links = Links(port=8080)
    box.make_account("root", HASH, Role.OWNER)
    box.make_account("ada", HASH)
    store.records.clear()
    return box


def root_in_dev(box: Box) -> Client:
    """The owner, with a program, in a room with ada and bob."""
    root = box.json("root", password=PASSWORD, rooms={"dev": None})
    box.json("ada", password=PASSWORD, rooms={"dev": None})
    box.json("bob", rooms={"dev": None})
    root.objects()
    return root


def answers(client: Client, **request: Any) -> list[dict[str, Any]]:
    """What a program is sent once it has asked for this."""
    client.ask(**request)
    return client.objects()


# -- requests that switch something


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize(
    "request_",
    [
        {"type": "op", "room": "dev", "name": "bob"},
        {"type": "lock", "room": "dev"},
        {"type": "moderator", "name": "ada"},
        {"type": "ignore", "name": "bob"},
    ],
    ids=lambda request_: str(request_["type"]),
)
def test_a_switch_that_is_there_already_is_answered_and_nothing_is_stored_or_shown_to_others(
    box: Box, store: WatchedStore, request_: dict[str, Any], on: bool
) -> None:
    root = root_in_dev(box)
    watcher = box.json("eve", rooms={"dev": None})
    root.objects()
    answers(root, **request_, on=not on)
    watcher.objects()
    first = answers(root, **request_, on=on, tag="t")
    stored = len(store.records)
    seen = watcher.objects()
    assert [answer.get("tag") for answer in first] == ["t"]
    assert first[0]["type"] != "error"
    assert answers(root, **request_, on=on, tag="u") == [{**first[0], "tag": "u"}]
    assert answers(root, **request_, on=on) == [{name: value for name, value in first[0].items() if name != "tag"}]
    assert len(store.records) == stored
    assert watcher.objects() == []
    assert bool(seen) == (request_["type"] in ("op", "lock"))


def test_a_switch_without_a_direction_is_turned_over(box: Box) -> None:
    root = root_in_dev(box)
    assert [answers(root, type="lock", room="dev")[0]["on"] for _ in range(3)] == [True, False, True]
    assert answers(root, type="lock", room="dev", on=None)[0]["on"] is False
    assert [answers(root, type="op", room="dev", name="bob")[0]["on"] for _ in range(2)] == [True, False]
    assert [answers(root, type="ignore", name="bob")[0]["names"] for _ in range(2)] == [["bob"], []]
    texts = [answers(root, type="moderator", name="ada")[0]["text"] for _ in range(2)]
    assert texts == ["ada is a moderator now.", "ada is no moderator any more."]


@pytest.mark.parametrize("on", ["true", 1, 0, [], {}])
def test_a_direction_is_true_or_false(box: Box, on: object) -> None:
    root = root_in_dev(box)
    assert answers(root, type="lock", room="dev", on=on) == [
        {"type": "error", "code": "bad-field", "text": '"on" must be true or false.'}
    ]


def test_people_may_say_which_way(box: Box) -> None:
    ada, bob = box.text("zoe"), box.text("bob")
    ada.send("/join dev")
    bob.send("/join dev")
    for line, shown in (
        ("/op bob on", ["* zoe made bob an op."]),
        ("/op bob ON", ["* zoe made bob an op."]),
        ("/op bob off", ["* zoe took back that bob is an op."]),
        (
            "/op bob maybe",
            [
                "! maybe is neither on nor off. Usage: /op name [on|off] "
                "(makes somebody an op of the room, or takes that back)"
            ],
        ),
        ("/lock off", ["* zoe unlocked the topic."]),
        ("/lock on", ["* zoe locked the topic: only ops set it."]),
        ("/lock", ["* zoe unlocked the topic."]),
        ("/ignore bob off", ["* You ignore nobody."]),
        ("/help op", ["* /op name [on|off] - makes somebody an op of the room, or takes that back"]),
    ):
        ada.received()
        ada.send(line)
        assert ada.lines() == shown, line


def test_who_ignores_as_many_as_one_may_can_say_so_again() -> None:
    box = Box(limits=Limits(rate=None, ignored_each=1))
    bot = box.json("bot")
    for _ in range(2):
        assert answers(bot, type="ignore", name="bob", on=True) == [{"type": "ignored", "names": ["bob"]}]
    assert answers(bot, type="ignore", name="eve", on=True)[0]["code"] == "bad-field"


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "in the next"])
def test_what_can_not_be_stored_is_not_confirmed_to_who_repeats_it(together: bool) -> None:
    store = SlowStore()
    box = Box(store=store)
    bot = box.json("bot", rooms={"dev": None})
    lines = [f'{{"type":"lock","room":"dev","on":true,"tag":"t{number}"}}\n'.encode() for number in range(2)]
    if together:
        bot.send_bytes(b"".join(lines))
    else:
        bot.send_bytes(lines[0])
        bot.send_bytes(lines[1])
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    assert [(answer.get("code"), answer["tag"]) for answer in bot.objects()] == [
        ("not-stored", "t0"),
        ("not-stored", "t1"),
    ]
    bot.send_bytes(lines[1])
    store.store()
    box.turn()
    assert [(answer["type"], answer["on"]) for answer in bot.objects()] == [("rule", True)]


# -- tags that were used before

DONE = "That was done before, under this tag."

STORING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "topic", "room": "dev", "text": "tea"}, {"type": "topic", "room": "dev", "text": "coffee"}),
    ({"type": "delete", "id": 1}, {"type": "ping"}),
    ({"type": "delete"}, {"type": "say", "room": "dev", "text": "keep this"}),
    ({"type": "kick", "room": "dev", "name": "bob"}, {"type": "ping"}),
    ({"type": "mute", "room": "dev", "name": "bob"}, {"type": "unmute", "room": "dev", "name": "bob"}),
    ({"type": "unmute", "room": "dev", "name": "bob"}, {"type": "mute", "room": "dev", "name": "bob"}),
    ({"type": "op", "room": "dev", "name": "bob"}, {"type": "ping"}),
    ({"type": "op", "room": "dev", "name": "bob", "on": True}, {"type": "op", "room": "dev", "name": "bob"}),
    ({"type": "lock", "room": "dev"}, {"type": "ping"}),
    ({"type": "lock", "room": "dev", "on": False}, {"type": "lock", "room": "dev", "on": True}),
    ({"type": "room", "room": "dev", "access": "private"}, {"type": "room", "room": "dev", "access": "open"}),
    ({"type": "room", "room": "dev", "access": "archived"}, {"type": "room", "room": "dev", "access": "archived"}),
    ({"type": "room", "room": "dev", "access": "founder", "name": "ada"}, {"type": "ping"}),
    ({"type": "slow", "room": "dev", "text": "30s"}, {"type": "slow", "room": "dev", "text": "off"}),
    ({"type": "invite", "room": "dev", "name": "bob"}, {"type": "ping"}),
    ({"type": "uninvite", "room": "dev", "name": "ada"}, {"type": "invite", "room": "dev", "name": "ada"}),
    ({"type": "ban", "room": "dev", "target": "bob"}, {"type": "unban", "room": "dev", "target": "bob"}),
    ({"type": "ban", "target": "192.0.2.7"}, {"type": "unban", "target": "192.0.2.7"}),
    ({"type": "unban", "target": "192.0.2.8"}, {"type": "ban", "target": "192.0.2.8"}),
    ({"type": "moderator", "name": "ada"}, {"type": "ping"}),
    ({"type": "password", "password": "another horse"}, {"type": "password", "password": PASSWORD}),
    ({"type": "unregister", "password": PASSWORD}, {"type": "register", "password": PASSWORD}),
    (
        {"type": "rename", "name": "boss", "password": PASSWORD},
        {"type": "rename", "name": "root", "password": PASSWORD},
    ),
    ({"type": "edit", "id": 1, "text": "once"}, {"type": "edit", "id": 1, "text": "twice"}),
    ({"type": "react", "id": 1, "text": "👍"}, {"type": "ping"}),
    ({"type": "react", "id": 1, "text": "👍", "on": True}, {"type": "react", "id": 1, "text": "👍", "on": False}),
    ({"type": "pin", "room": "dev", "id": 1}, {"type": "ping"}),
    ({"type": "hook", "room": "dev", "name": "ci"}, {"type": "unhook", "room": "dev", "name": "ci"}),
    ({"type": "unhook", "room": "dev", "name": "old"}, {"type": "hook", "room": "dev", "name": "old"}),
    ({"type": "notify", "words": ["deploy"]}, {"type": "notify", "words": ["tea"]}),
    ({"type": "read", "room": "dev", "id": 1}, {"type": "read", "room": "dev", "id": 2}),
    ({"type": "ignore", "name": "bob"}, {"type": "ping"}),
    ({"type": "ignore", "name": "bob", "on": True}, {"type": "ignore", "name": "bob", "on": False}),
]
"""Requests that store something, each with what comes between it and its repetition."""


@pytest.mark.parametrize(("request_", "between"), STORING, ids=lambda request_: "-".join(map(str, request_.values())))
def test_what_a_tag_has_stored_is_done_once_whatever_comes_in_between(
    box: Box, store: WatchedStore, request_: dict[str, Any], between: dict[str, Any]
) -> None:
    root = root_in_dev(box)
    for setup in (
        {"type": "say", "room": "dev", "text": "one"},
        {"type": "say", "room": "dev", "text": "two"},
        {"type": "mute", "room": "dev", "name": "bob"},
        {"type": "invite", "room": "dev", "name": "ada"},
        {"type": "ban", "target": "192.0.2.8"},
        {"type": "hook", "room": "dev", "name": "old"},
    ):
        answers(root, **setup)
    first = answers(root, **request_, tag="t")
    assert [answer["type"] for answer in first if answer.get("tag") == "t"] != ["error"]
    assert "t" in [answer.get("tag") for answer in first]
    answers(root, **between)
    stored = len(store.records)
    assert answers(root, **request_, tag="t") == [{"type": "notice", "text": DONE, "tag": "t"}]
    root.lose()
    again = box.connect()
    again.ask(type="hello", name="root", token=root.token, rooms={"dev": 99})
    again.objects()
    assert answers(again, **request_, tag="t") == [{"type": "notice", "text": DONE, "tag": "t"}]
    assert len(store.records) == stored


def test_every_request_that_stores_something_is_done_once() -> None:
    tested = {str(request["type"]) for request, _ in STORING}
    assert {name for name, command in TABLE.items() if command.stores} == tested | {
        "register",
        "invitation",
        "say",
        "me",
        "msg",
        "logout",
    }


def test_a_registration_is_done_once(box: Box, store: WatchedStore) -> None:
    bot = box.json("bot")
    request = {"type": "register", "password": PASSWORD, "tag": "t"}
    assert answers(bot, **request)[0]["type"] == "notice"
    answers(bot, type="unregister", password=PASSWORD)
    assert answers(bot, **request) == [{"type": "notice", "text": DONE, "tag": "t"}]
    assert store.actions == ["register", "unregister"]


def test_a_log_out_is_done_once(box: Box) -> None:
    root = root_in_dev(box)
    for _ in range(2):
        other = box.json("root", password=PASSWORD)
        answers(root, type="logout", device=2, tag="t")
    answers(other, type="ping")
    assert other.objects() == []
    assert answers(other, type="ping")[0]["type"] == "pong"


def test_a_message_is_acknowledged_again_to_who_may_not_say_it_any_more(box: Box) -> None:
    root = root_in_dev(box)
    bot = box.json("bot", rooms={"dev": None, "lobby": None})
    request = {"type": "say", "room": "dev", "text": "hi", "tag": "t"}
    whisper = {"type": "msg", "name": "zoe", "text": "waves", "action": True, "tag": "u"}
    zoe = box.json("zoe")
    bot.objects()
    first = answers(bot, **request)
    second = answers(bot, **whisper)
    assert second[0]["kind"] == "action"
    zoe.ask(type="quit")
    root.ask(type="mute", room="dev", name="bot")
    bot.objects()
    assert answers(bot, **request) == first
    root.ask(type="kick", room="dev", name="bot")
    bot.objects()
    assert answers(bot, **request) == first
    assert answers(bot, **whisper) == second
    assert answers(bot, **{**request, "room": "", "text": ""}) == first


def test_a_request_of_another_type_under_the_same_tag_is_another_request(box: Box, store: WatchedStore) -> None:
    root = root_in_dev(box)
    said = answers(root, type="say", room="dev", text="hi", tag="t")
    assert answers(root, type="topic", room="dev", text="tea", tag="t")[0]["topic"] == "tea"
    assert answers(root, type="lock", room="dev", tag="t")[0]["on"] is True
    stored = len(store.records)
    assert answers(root, type="say", room="dev", text="hi", tag="t") == said
    assert answers(root, type="topic", room="dev", text="tea", tag="t")[0]["text"] == DONE
    assert answers(root, type="lock", room="dev", tag="t")[0]["text"] == DONE
    assert len(store.records) == stored


def test_what_another_session_has_done_counts_for_none_of_this_one(box: Box) -> None:
    root = root_in_dev(box)
    answers(root, type="lock", room="dev", tag="t")
    root.ask(type="quit")
    box.turn()
    again = box.connect()
    again.ask(type="hello", name="root", password=PASSWORD, token=root.token, rooms={"dev": None})
    again.objects()
    assert answers(again, type="lock", room="dev", tag="t")[0]["on"] is False


def test_what_another_session_has_changed_of_a_message_is_not_done_again(box: Box) -> None:
    root = root_in_dev(box)
    answers(root, type="say", room="dev", text="tea")
    asked = (
        {"type": "react", "id": 1, "text": "ok", "tag": "t"},
        {"type": "pin", "room": "dev", "id": 1, "tag": "t"},
        {"type": "edit", "id": 1, "text": "coffee", "tag": "t"},
        {"type": "delete", "id": 1, "tag": "t"},
    )
    for request in asked:
        assert answers(root, **request)[0].get("text") != DONE
    root.ask(type="quit")
    box.turn()
    again = box.connect()
    again.ask(type="hello", name="root", password=PASSWORD, token=root.token, rooms={"dev": None})
    again.objects()
    assert [answers(again, **request)[0]["text"] for request in asked] == [DONE] * 4


def test_a_question_may_use_a_tag_again(box: Box) -> None:
    root = root_in_dev(box)
    answers(root, type="topic", room="dev", text="tea", tag="t")
    for question, answer in (
        ({"type": "topic", "room": "dev"}, "topic"),
        ({"type": "room", "room": "dev"}, "notice"),
        ({"type": "who", "room": "dev"}, "who"),
        ({"type": "ignore", "name": "bob"}, "ignored"),
        ({"type": "history", "room": "lobby"}, "error"),
    ):
        answered = answers(root, **question, tag="t")
        assert [(one["type"], one["tag"]) for one in answered] == [(answer, "t")]
        assert answered[0].get("text") != DONE


def test_what_was_refused_may_be_asked_for_under_its_tag(box: Box, store: WatchedStore) -> None:
    root = root_in_dev(box)
    request = {"type": "kick", "room": "dev", "name": "zoe", "tag": "t"}
    assert answers(root, **request)[0]["type"] == "error"
    box.json("zoe", rooms={"dev": None})
    root.objects()
    assert "You kicked zoe." in [answer.get("text") for answer in answers(root, **request)]
    lock = {"type": "lock", "room": "dev", "tag": "u"}
    store.full = True
    assert answers(root, **lock)[0]["code"] == "not-stored"
    store.full = False
    assert answers(root, **lock)[0]["on"] is True


@pytest.mark.parametrize("name", ["root", "guest"])
def test_who_is_ignored_is_heard_again_if_that_can_not_be_stored(box: Box, store: WatchedStore, name: str) -> None:
    root_in_dev(box)
    client = box.json(name, password=PASSWORD) if name == "root" else box.json(name)
    client.objects()
    store.full = True
    assert answers(client, type="ignore", name="eve", tag="t")[0]["code"] == "not-stored"
    assert answers(client, type="ignore")[0]["names"] == []
    store.full = False
    assert answers(client, type="ignore", name="eve", tag="t")[0]["names"] == ["eve"]
    store.full = True
    assert answers(client, type="ignore", name="eve", on=False)[0]["code"] == "not-stored"
    assert answers(client, type="ignore")[0]["names"] == ["eve"]


def test_what_waits_is_not_done_before_it_is_stored() -> None:
    store = SlowStore()
    box = Box(store=store)
    bot = box.json("bot", rooms={"dev": None})
    line = b'{"type":"lock","room":"dev","tag":"t"}\n'
    bot.send_bytes(line)
    bot.send_bytes(line)
    assert bot.objects() == []
    store.fail(CannotKeep("the disk is full."))
    box.turn()
    assert [answer["code"] for answer in bot.objects()] == ["not-stored", "not-stored"]
    bot.send_bytes(line)
    bot.send_bytes(line)
    store.store()
    box.turn()
    assert [(answer["type"], answer["tag"]) for answer in bot.objects()] == [("rule", "t"), ("notice", "t")]


def test_a_switch_that_was_there_already_uses_its_tag(box: Box) -> None:
    root = root_in_dev(box)
    answers(root, type="lock", room="dev", on=True)
    answers(root, type="lock", room="dev", on=True, tag="t")
    answers(root, type="lock", room="dev", on=False)
    assert answers(root, type="lock", room="dev", on=True, tag="t") == [{"type": "notice", "text": DONE, "tag": "t"}]


def test_only_so_many_tags_are_remembered() -> None:
    box = Box(limits=Limits(rate=None, tags_each=2))
    bot = box.json("bot", rooms={"dev": None})
    for number in range(3):
        answers(bot, type="topic", room="dev", text=f"{number}", tag=f"t{number}")
    assert answers(bot, type="topic", room="dev", text="new", tag="t1")[0]["text"] == DONE
    assert answers(bot, type="topic", room="dev", text="new", tag="t0")[0]["topic"] == "new"
