"""docs/bots.md shows the programs in examples/ as they are, and what else it shows works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from twisted.application.internet import ClientService
from twisted.internet.protocol import Factory, Protocol

from chat.testing import Chat, Limits

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path for path in (ROOT / "examples").iterdir() if path.is_file())
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "docs" / "bots.md").read_text(), re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    """What the page shows of a *kind*."""
    return [text for shown, text in BLOCKS if shown == kind]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_page_shows_the_programs_as_they_are(path: Path) -> None:
    assert path.read_text() in blocks({".py": "python", ".sh": "sh"}[path.suffix])
    if not path.name.startswith("test_"):
        assert len(path.read_text().splitlines()) < 40


def test_the_page_shows_no_other_programs() -> None:
    files = {path.read_text() for path in EXAMPLES}
    assert {kind for kind, _ in BLOCKS} == {"python", "sh", "json"}
    assert [text for text in blocks("python") if text not in files] == []
    # Others are commands of one line, which tests/e2e/test_bot_programs.py runs.
    assert [text for text in blocks("sh") if text not in files and text.count("\n") > 1] == []


def test_the_objects_on_the_page_do_what_it_says() -> None:
    chat = Chat()
    ada = chat.text("ada")
    ci = chat.connect()
    (shown,) = blocks("json")
    ci.send(*shown.splitlines())
    answers = ci.objects()
    assert [event["type"] for event in answers] == ["welcome", "room", "room", "message", "message", "goodbye"]
    assert [event.get("tag") for event in answers] == [None, None, None, "build 7", "build 7 for ada", None]
    assert answers[3]["notice"]
    assert ada.lines() == ["* ci joined.", "ci (private): Your build is green.", "* ci left."]
    assert not ci.connected


def test_what_the_page_says_of_testing_works() -> None:
    page = (ROOT / "docs" / "bots.md").read_text()
    rows = re.findall(r"^\| `(.+?)` \| (.+) \|$", page.partition("| in a test | does |")[2], re.MULTILINE)
    lines = [code for row in rows for code in (row[0], *re.findall(r"`([^`]+)`", row[1]))]
    assert len(lines) == len(rows) + 4
    bot: Any = type("Bot", (), {"receive": staticmethod(lambda line: ())})
    names: dict[str, Any] = {"Chat": Chat, "Limits": Limits, "ClientService": ClientService}
    names |= {"bot": bot, "factory": Factory.forProtocol(Protocol)}
    for line in lines:
        if "cut" in line:
            names["chat"].json("dice")
        exec(line, names)  # noqa: S102 - of our own page
    assert names["ada"].lines()
