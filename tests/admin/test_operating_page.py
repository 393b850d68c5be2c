"""Every command that ``docs/operating.md``, and the help of ``chat admin``, show is carried out here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import operated
import pytest
from box import Box, Operator
from msgspec import json

from chat.admin.options import Options
from chat.core.doors import Doors, Registration
from chat.core.links import Links
from chat.core.operating.table import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
SHOWN = dict.fromkeys(re.findall(r"`chat admin ([^`-][^`]*)`", PAGE))


def make_box() -> Box:
    """A chat with the users and rooms of the page: eve is here, ada and bob have accounts, mal is banned."""
    box = operated.make_box(doors=Doors(None, False, Registration.INVITATION))
    box.hub.links = Links(port=8080)
    box.json("eve", rooms={"lobby": None, "dev": None}).ask(type="say", room="dev", text="spam")
    box.admin("ban", "mal")
    return box


@pytest.mark.parametrize("line", [*SHOWN, *(command.example for command in COMMANDS.values())])
def test_a_command_that_is_shown_is_carried_out(line: str) -> None:
    options = Options()
    options.parseOptions(shlex.split(line.partition(" | ")[0]))
    box = make_box()
    if options["words"][0] == "unhook":
        box.admin("hook", options["words"][1], "dev")
    operator = Operator(box).ask(
        *options["words"],
        secret=operated.PASSWORD,
        options=options.filters,
        json=bool(options["json"]),
    )
    box.turn()
    answer = operator.answer()
    assert answer["type"] in ("notice", "lines"), answer
    if options["json"]:
        assert all(isinstance(json.decode(row), dict) for row in answer["lines"])


def test_every_command_is_on_the_page() -> None:
    assert {line.split()[0] for line in SHOWN} == set(COMMANDS)


def test_the_help_explains_every_command_and_option() -> None:
    text = str(Options())
    assert text.startswith("Usage: chat admin COMMAND [options]\n\nPeople who are here:\n  users\n")
    assert "\n\nOptions:\n" in text
    for command in COMMANDS.values():
        assert f"\n  {command.usage}\n" in text
        assert f"\n      chat admin {command.example}\n" in text
    assert all(len(line) <= 80 for line in text.splitlines())
