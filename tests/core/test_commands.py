"""The table of commands, which `docs/protocol.md` describes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from box import Box

from chat.core.command import Kind
from chat.core.commands.table import TABLE
from chat.core.errors import BadField
from chat.core.limits import Limits

PROTOCOL = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()


def test_every_request_is_documented_with_its_fields() -> None:
    section = PROTOCOL.split("### What a client sends")[1].split("### What the server sends")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*?)\|", section, re.MULTILINE))
    del rows["type"], rows["hello"]
    assert rows.keys() == {name for name, command in TABLE.items() if not command.people}
    for name, fields in rows.items():
        documented = {(field, mark == "?") for field, mark in re.findall(r"`(\w+)`(\??)", fields)}
        stand_in = {parameter.instead for parameter in TABLE[name].parameters}
        assert documented == {
            (parameter.name, parameter.optional and not parameter.here and parameter.name not in stand_in)
            for parameter in TABLE[name].parameters
            if not parameter.people
        }


def test_text_takes_the_rest_of_the_line() -> None:
    assert TABLE["msg"].parse("  bob  hi   there ", "lobby") == {"name": "bob", "text": "hi   there"}
    assert TABLE["history"].parse("since  9:00", "dev") == {"room": "dev", "when": "since  9:00"}


def test_a_number_is_a_number() -> None:
    assert TABLE["mentions"].parse("5", "dev") == {"before": 5}
    with pytest.raises(BadField, match=r"^many is not a number\. Usage: /mentions \[before\] "):
        TABLE["mentions"].parse("many", "dev")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("2026-11-21T09:15:02Z", "2026-11-21T09:15:02.000Z"),
        ("2026-11-21T10:15:02.114999+01:00", "2026-11-21T09:15:02.114Z"),
    ],
)
def test_a_time_is_taken_as_the_wire_writes_it(given: str, taken: str) -> None:
    assert TABLE["history"].check({"room": "dev", "since": given}) == {"room": "dev", "since": taken}


@pytest.mark.parametrize("given", ["now", "2026-11-21", "2026-11-21T09:15:02", "0001-01-01T00:00:00+12:00", 7])
def test_no_time_is_refused(given: object) -> None:
    with pytest.raises(BadField):
        TABLE["history"].check({"room": "dev", "since": given})


def test_no_number_is_too_great() -> None:
    """What is refused is refused with a sentence, and the connection stays."""
    examples = {Kind.TEXT: "hi", Kind.ROOM: "lobby", Kind.USER: "ada", Kind.SWITCH: True}
    for command in TABLE.values():
        for number in [each for each in command.parameters if each.kind is Kind.NUMBER]:
            box = Box(limits=Limits(rate=None))
            ada = box.json("ada")
            needed = [each for each in command.parameters if not each.optional and each.kind in examples]
            fields = {each.name: examples[each.kind] for each in needed}
            ada.ask(type=command.name, **fields, **{number.name: 2**63 - 1})
            ada.ask(type="ping")
            assert [event for event in ada.objects() if event.get("code") != "internal"][-1]["type"] == "pong", command
