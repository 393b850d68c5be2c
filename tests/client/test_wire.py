"""What comes over the wire: events with clean strings, and nothing that hurts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from client.wiring import ClientTransport
from hypothesis import given
from hypothesis import strategies as st

from chat.client.link.wire import Wire, decode
from chat.core import events

ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_an_event() -> None:
    line = b'{"type":"joined","time":"2026-11-21T09:15:02.114Z","room":"lobby","name":"ada"}'
    assert decode(line) == events.Joined(time="2026-11-21T09:15:02.114Z", room="lobby", name="ada")


def test_unknown_fields_are_passed_over() -> None:
    assert decode(b'{"type":"pong","time":"now","colour":"blue"}') == events.Pong(time="now")


@pytest.mark.parametrize(
    "line",
    [
        b"* Welcome to chat. Type your name and press Enter.",
        b"",
        b"{",
        b"{}",
        b"[]",
        b'{"type":"weather","sky":"blue"}',
        b'{"type":"message"}',
        b'{"type":"message","id":"one"}',
        b'{"type":7}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_what_is_no_event_is_passed_over(line: bytes) -> None:
    assert decode(line) is None


def test_what_is_not_utf8_is_replaced() -> None:
    assert decode(b'{"type":"notice","text":"a\xff"}') == events.Notice(text="a\ufffd")


def test_every_string_is_cleaned() -> None:
    line = msgspec.json.encode(
        {"type": "who", "room": "lob\x1bby", "users": ["a\x07da", "b\u202eob"], "away": {"a\x9bda": "tea\r\n"}}
    )
    assert decode(line) == events.Who(room="lobby", users=["ada", "bob"], away={"ada": "tea"})


@given(st.dictionaries(st.sampled_from(["type", "text", "tag", "room", "users", "id", "time"]), ANYTHING))
def test_no_object_hurts(value: dict[str, object]) -> None:
    event = decode(msgspec.json.encode(value))
    assert event is None or isinstance(event, events.Event)


@given(st.binary())
def test_no_line_hurts(line: bytes) -> None:
    assert decode(b"{" + line) is None or line


def test_a_line_without_end_breaks_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Wire, "MAX_LENGTH", 1000)
    received: list[events.Event] = []
    wire = Wire(lambda wire: None, received.append)
    transport = ClientTransport()
    wire.makeConnection(transport)
    wire.dataReceived(b"{" * 2000)
    assert transport.aborted
    assert received == []


def test_lines_may_end_in_crlf_and_come_in_pieces() -> None:
    received: list[events.Event] = []
    wire = Wire(lambda wire: None, received.append)
    wire.makeConnection(ClientTransport())
    for byte in b'* Hello.\r\n{"type":"goodbye","text":"Bye."}\r\n':
        wire.dataReceived(bytes([byte]))
    assert received == [events.Goodbye(text="Bye.")]


def test_texts_of_messages_keep_their_lines() -> None:
    said = {"id": 7, "time": "now", "room": "lobby", "author": "bob", "kind": "say", "text": "\na\x07\r\n  b\u2028c\n"}
    kept = events.Message(id=7, time="now", room="lobby", author="bob", kind="say", text="a\n  b\nc")
    assert decode(msgspec.json.encode({"type": "message", **said})) == kept
    page = {"type": "history", "room": "a\nb", "messages": [said], "more": False}
    assert decode(msgspec.json.encode(page)) == events.History(room="a b", messages=[kept], more=False)
    edited = {"type": "edited", "id": 7, "room": "lobby", "by": "b\nb", "time": "now", "text": "a\n b"}
    assert decode(msgspec.json.encode(edited)) == events.Edited(id=7, room="lobby", by="b b", time="now", text="a\n b")


def test_other_texts_of_several_lines_are_one_line() -> None:
    line = msgspec.json.encode({"type": "notice", "text": "one\n  two\n"})
    assert decode(line) == events.Notice(text="one   two")
