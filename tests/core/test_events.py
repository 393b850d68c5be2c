"""Events, which `docs/protocol.md` describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest

from chat.core import errors, events
from chat.core.times import timestamp
from chat.protocols.text import TextDialect

PROTOCOL = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()


def test_every_event_is_documented_with_its_fields() -> None:
    section = PROTOCOL.split("### What the server sends")[1].split("### Error codes")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*?)\|", section, re.MULTILINE))
    del rows["type"]
    documented = {kind: set(re.findall(r"`(\w+)`", fields)) for kind, fields in rows.items()}
    assert documented == {
        str(event.__struct_config__.tag): set(event.__struct_encode_fields__) for event in get_args(events.AnyEvent)
    }


def test_every_error_code_is_documented() -> None:
    _, *documented = re.findall(r"^\| `([\w-]+)` \|", PROTOCOL.split("### Error codes")[1], re.MULTILINE)
    assert documented == [error.code for error in errors.ChatError.__subclasses__()]


def test_an_event_survives_the_wire() -> None:
    message = events.Message(id=1, time=timestamp(0.9999), room="lobby", author="ada", kind="say", text="hi")
    line = msgspec.json.encode(message)
    assert line == (
        b'{"type":"message","id":1,"time":"1970-01-01T00:00:00.999Z","room":"lobby","author":"ada","kind":"say","text":"hi"}'
    )
    assert msgspec.json.decode(line, type=events.AnyEvent) == message


def emptiest(kind: Any) -> Any:
    """A value of that type with nothing in it that may be missing: no names, no rooms, no text."""
    arguments = get_args(kind)
    if get_origin(kind) is Literal:
        return arguments[0]
    if type(None) in arguments:
        return None
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{field.name: emptiest(field.type) for field in msgspec.structs.fields(kind) if field.required})
    return (get_origin(kind) or kind)()


@pytest.mark.parametrize("kind", get_args(events.AnyEvent))
def test_every_event_has_words_also_if_there_is_nothing_in_it(kind: type[events.Event]) -> None:
    event: events.Event = emptiest(kind)
    assert all(isinstance(sentence, str) for sentence in event.words())
    assert isinstance(TextDialect().encode_for("ada", event), bytes)


def test_whois_tells_that_none_of_the_rooms_may_be_seen() -> None:
    event = events.Whois(name="bob", account="bob", rooms=[], idle=0, since="2026-11-21T09:15:02.114Z")
    assert event.words()[0] == "bob has the account bob, and is in no room that you can see."
