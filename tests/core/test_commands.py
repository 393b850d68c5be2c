"""The table of commands, which `docs/protocol.md` describes."""

from __future__ import annotations

import re
from pathlib import Path

from chat.core.commands import TABLE

PROTOCOL = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()


def test_every_request_is_documented_with_its_fields() -> None:
    section = PROTOCOL.split("### What a client sends")[1].split("### What the server sends")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \|(.*?)\|", section, re.MULTILINE))
    del rows["type"], rows["hello"]
    assert rows.keys() == TABLE.keys()
    for name, fields in rows.items():
        documented = {(field, mark == "?") for field, mark in re.findall(r"`(\w+)`(\??)", fields)}
        assert documented == {(parameter.name, parameter.optional) for parameter in TABLE[name].parameters}


def test_text_takes_the_rest_of_the_line() -> None:
    assert TABLE["msg"].parse("  bob  hi   there ", "lobby") == {"name": "bob", "text": "hi   there"}
    assert TABLE["history"].parse("5", "dev") == {"room": "dev", "count": 5}
