"""The formats of exported and imported files."""

from __future__ import annotations

import json

import msgspec
import pytest

from chat.archive.formats import Item, JsonReader, Rules, json_line, text_line
from chat.archive.lines import BadLine
from chat.archive.logs import IrssiReader, WeechatReader
from chat.core.events import Message, Reaction, Topic

MESSAGE = Message(
    id=17, time="2026-11-21T08:15:02.114Z", room="dev", author="ada", kind="action", text="waves é 👋", tag="a1"
)
TOPIC = Topic(time="2026-11-21T08:15:02.114Z", room="dev", name=None, topic="tea")


TALK = Message(
    id=18,
    time="2026-11-21T08:15:02.114Z",
    room="dev",
    author="ada",
    kind="say",
    text="def f():\n    pass\n\nf()",
    re=17,
    edited="2026-11-21T08:16:02.114Z",
    notice=True,
    all=True,
)


@pytest.mark.parametrize(
    "item", [MESSAGE, TALK, TOPIC, Rules(room="dev", private=True), Rules(room="dev", locked=True)]
)
def test_a_line_of_json_is_the_object_of_the_wire_and_is_read_back_the_same(item: Item) -> None:
    assert JsonReader().read(json_line(item)) == item


def test_a_line_of_text(berlin: None) -> None:
    assert text_line(MESSAGE) == "[2026-11-21 09:15:02] #dev ~ ada waves é 👋"


def test_each_line_of_a_text_is_its_author_s(berlin: None) -> None:
    answer = msgspec.structs.replace(TALK, re_author="bob", re_text="what is f?")
    assert text_line(answer).split("\n") == [
        '[2026-11-21 09:15:02] #dev ada (to bob, "what is f?"): def f():',
        "[2026-11-21 09:15:02] #dev ada:     pass",
        "[2026-11-21 09:15:02] #dev ada: ",
        "[2026-11-21 09:15:02] #dev ada: f()",
    ]


def test_what_belongs_to_users_of_one_chat_is_not_imported() -> None:
    reactions = (Reaction(text="ok", count=2, mine=True),)
    message = msgspec.structs.replace(TALK, re_author="bob", re_text="what?", reactions=reactions, pinned=True)
    assert JsonReader().read(json_line(message)) == TALK
    assert JsonReader().read(json_line(msgspec.structs.replace(TALK, re=18))) == msgspec.structs.replace(TALK, re=None)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"id": 0}, "0 can't be the id"),
        ({"id": 1 << 52}, "4503599627370496 can't be the id"),
        ({"id": "7"}, "this is no message"),
        ({"time": "yesterday"}, "yesterday is no time"),
        ({"time": "2026-11-21T08:15:02"}, "is no time"),
        ({"author": "a b"}, "a b is no name"),
        ({"room": "#!"}, "#! is no room"),
        ({"kind": "shout"}, "this is no message"),
        ({"text": "\x00 "}, "a text has 1 to 4096 bytes"),
        ({"text": "x" * 4097}, "a text has 1 to 4096 bytes"),
        ({"text": "x" + "\n" * 100 + "x"}, "a text has at most 100 lines"),
        ({"edited": "later"}, "later is no time"),
        ({"tag": "x" * 65}, "a tag has 1 to 64"),
        ({"room": None, "to": "bob"}, "private messages can't be imported"),
    ],
)
def test_what_is_no_message_of_ours_is_refused(change: dict[str, object], complaint: str) -> None:
    line = json.dumps({**json.loads(json_line(MESSAGE)), **change})
    with pytest.raises(BadLine, match=complaint):
        JsonReader().read(line)


@pytest.mark.parametrize("line", ['{"type":"rules","room":"#!"}', '{"type":"rules","room":"dev","private":1}'])
def test_rules_that_make_no_sense_are_refused(line: str) -> None:
    with pytest.raises(BadLine):
        JsonReader().read(line)


def test_what_a_client_has_received_besides_is_passed_over() -> None:
    for line in ('{"type":"joined","time":"t","room":"dev","name":"ada"}', "[]", '{"type":7}', "{}"):
        assert JsonReader().read(line) is None
    for line in ("ada: hello", "", "--- Log opened Thu Nov 27 11:46:48 2025"):
        with pytest.raises(BadLine, match=r"this is no message of an export\. .* --format"):
            JsonReader().read(line)


def test_times_and_texts_are_taken_as_the_chat_would_have_written_them() -> None:
    line = (
        '{"type":"message","id":1,"time":"2026-11-21T09:15:02+01:00","room":"#DEV","author":"ada","kind":"say",'
        '"text":"a\\u001b[31mb"}'
    )
    assert JsonReader().read(line) == Message(
        id=1, time="2026-11-21T08:15:02.000Z", room="dev", author="ada", kind="say", text="a[31mb"
    )


IRSSI = """\
--- Log opened Sat Nov 21 09:15:02 2026
09:15 -!- ada [~ada@host] has joined #dev
09:15 < ada> hello: <bob>
09:15 <@[bob]_> \x02bold\x02 and \x0304,01red\x03
09:16:30  * ada waves
09:16 -!- mode/#dev [+o ada] by bob
--- Day changed Sun Nov 22 2026
00:01 <+cy>
00:02 <+cy> late
--- Log closed Sun Nov 22 00:03:00 2026
"""


def test_a_log_of_irssi(berlin: None) -> None:
    reader = IrssiReader("dev")
    found = [message for line in IRSSI.splitlines() if (message := reader.read(line)) is not None]
    assert [(m.time, m.author, m.kind, m.text) for m in found] == [
        ("2026-11-21T08:15:00.000Z", "ada", "say", "hello: <bob>"),
        ("2026-11-21T08:15:00.000Z", "bob", "say", "bold and red"),
        ("2026-11-21T08:16:30.000Z", "ada", "action", "waves"),
        ("2026-11-21T23:02:00.000Z", "cy", "say", "late"),
    ]
    assert {message.room for message in found} == {"dev"}
    with pytest.raises(BadLine, match="no day is given"):
        IrssiReader("dev").read("09:15 < ada> hello")


WEECHAT = """\
2026-11-21 09:15:02\t-->\tada (~ada@host) has joined #dev
2026-11-21 09:15:03\t@ada\thello\tthere
2026-11-21 09:15:04\t *\tada waves
2026-11-21 09:15:05\t--\tMode #dev [+o ada] by bob
2026-11-21 09:15:06\t=!=\ttrouble
2026-11-21 09:15:07\t{}\twho am I?
2026-11-21 09:15:08\tada\t
"""


def test_people_keep_the_names_that_they_had_on_irc(berlin: None) -> None:
    weechat, irssi = WeechatReader("dev"), IrssiReader("dev")
    irssi.read("--- Log opened Sat Nov 21 09:15:02 2026")
    for nick in ("ada|away", "bob[m]", "_cy_", "dot`", "eve^", "x{y}", "a\\b"):
        for message in weechat.read(f"2026-11-21 09:15:03\t@{nick}\thi"), irssi.read(f"09:15 <+{nick}> hi"):
            assert isinstance(message, Message)
            assert message.author == nick


def test_a_log_of_weechat(berlin: None) -> None:
    reader = WeechatReader("dev")
    found = [message for line in WEECHAT.splitlines() if isinstance(message := reader.read(line), Message)]
    assert [(m.time, m.author, m.kind, m.text) for m in found] == [
        ("2026-11-21T08:15:03.000Z", "ada", "say", "hello there"),
        ("2026-11-21T08:15:04.000Z", "ada", "action", "waves"),
        ("2026-11-21T08:15:07.000Z", "unknown", "say", "who am I?"),
    ]
    with pytest.raises(BadLine, match="today is no time"):
        reader.read("today\tada\thello")
