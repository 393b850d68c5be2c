"""Events, which `docs/protocol.md` describes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec

from chat.core import errors, events

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
    message = events.Message(id=1, time=events.timestamp(0.9999), room="lobby", author="ada", kind="say", text="hi")
    line = msgspec.json.encode(message)
    assert line == (
        b'{"type":"message","id":1,"time":"1970-01-01T00:00:00.999Z","room":"lobby","author":"ada","kind":"say","text":"hi"}'
    )
    assert msgspec.json.decode(line, type=events.AnyEvent) == message
