"""What `docs/rights.md` says that people are shown, against what they are shown."""

from __future__ import annotations

import re
from pathlib import Path

from box import Box, Client, TlsTransport

from chat.core.commands.table import for_people
from chat.core.names import RESERVED

PAGE = (Path(__file__).parents[2] / "docs" / "rights.md").read_text()


def person(box: Box, name: str, host: str) -> Client:
    """Somebody comes in with netcat from *host*."""
    client = box.connect(host=host)
    client.send(name)
    return client


def member(box: Box, name: str) -> Client:
    """A program comes in and registers."""
    client = box.connect(TlsTransport)
    client.ask(type="hello", name=name)
    client.ask(type="register", password="correct horse")
    return client


def test_the_sentences_of_what_others_do_to_you() -> None:
    box = Box()
    mo, bob = member(box, "mo"), member(box, "bob")
    assert box.admin("role", "mo", "owner") == "mo is owner now."
    ada, eve, zed = (person(box, name, f"192.0.2.{number}") for number, name in enumerate(("ada", "eve", "zed")))
    for someone in (ada, eve, zed):
        someone.send("/join dev", "hello")
    ada.send("/kick eve being loud", "/mute zed 10m")
    zed.send("exit")
    zoe = person(box, "zoe", "192.0.2.2")
    zoe.send("/join dev", "hello")
    eve.send("/join dev")
    ada.send("/kick eve 1d spam")
    mo.ask(type="moderator", name="bob", on=True)
    mo.ask(type="ban", target="eve", text="7d spam")
    shown = {line[2:] for client in (eve, zoe) for line in client.lines()}
    shown |= {event["text"] for event in bob.objects() if event["type"] == "notice"}
    quoted = set(re.findall(r"`((?:Your?|ada banned you) [^`]*)`", PAGE))
    assert len(quoted) == 5
    assert quoted <= shown


def test_programs_are_told_that_it_is_a_ban_that_puts_them_out() -> None:
    box = Box()
    ada = box.json("ada", rooms={"dev": None})
    eve = box.json("eve", rooms={"lobby": None, "dev": None})
    ada.ask(type="ban", room="dev", target="eve", text="1d spam")
    left, told = eve.objects()
    assert (left["type"], left["room"], left["by"], left["text"]) == ("left", "dev", "ada", "spam")
    assert (told["type"], told["text"]) == ("notice", "ada banned you from #dev for 1 day: spam")


def test_a_search_finds_nothing_in_a_room_from_which_one_is_banned() -> None:
    box = Box()
    ada, eve, old = (
        person(box, name, host) for name, host in (("ada", "192.0.2.1"), ("eve", "192.0.2.2"), ("old", "192.0.2.2"))
    )
    for someone in (ada, eve):
        someone.send("/join dev", "green tea")
    ada.send("/kick eve 1d spam")
    new, other = person(box, "new", "192.0.2.2"), person(box, "other", "192.0.2.3")
    for reader, finds in ((eve, False), (new, False), (old, True), (other, True)):
        reader.received()
        reader.send("/search tea")
        assert ("* Nothing was found." in reader.lines()) is not finds, reader
    eve.send("exit")
    new.send("/search tea")
    assert new.lines()[-1] == "* Nothing was found."
    ada.send("/room unban eve")
    new.send("/search tea")
    assert new.lines()[-1] == "* That is all."


def test_the_reserved_names() -> None:
    sentence = PAGE.split("Nobody can take ")[1].split(", or a name that looks")[0]
    assert tuple(re.findall(r"`([^`]*)`", sentence)) == RESERVED


def test_all_that_only_some_may_do() -> None:
    privileged = {command.name for command in for_people() if command.privileged}
    assert not {name for name in privileged if f"`/{name}" not in PAGE}
