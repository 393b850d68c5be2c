"""Looking back, with netcat, after the chat was ended and began anew."""

from __future__ import annotations

import re
from datetime import datetime

from e2e.clients import Person
from e2e.daemon import HOST, Daemon, DaemonFactory
from e2e.streams import ProgramStream
from e2e.tools import tool

STAMP = re.compile(r"^\[(\d{4}-\d\d-\d\d \d\d:\d\d)\] ")


def netcat(chat: Daemon, name: str) -> Person:
    """Somebody who has walked in with netcat."""
    person = Person(ProgramStream([tool("nc"), HOST, str(chat.port)]))
    chat.adopt(person)
    person.walk_in(name)
    person.catch_up()
    return person


def answer(person: Person, line: str) -> list[str]:
    """Return what a command shows, without the times."""
    person.type(line)
    return [STAMP.sub("", shown) for shown in person.catch_up()]


def begin(start_chat: DaemonFactory) -> Daemon:
    """A chat in which bob has said something to ada before and after she left, and which began anew since."""
    first = start_chat("--no-limits")
    bob, ada = first.person("bob"), first.person("ada")
    for person, lines in (
        (bob, ["ada: you are here"]),
        (ada, ["I go", "exit"]),
        (bob, ["Ada, call me", "no ada-2, please", "/join dev", "/me asks ada for Grünen Tee, 日本語"]),
    ):
        person.type(*lines)
        if person is ada:
            person.read_to_end()
        else:
            person.catch_up()
    first.end()
    return start_chat("--no-limits", "--data", str(first.folder))


def test_search_mentions_and_history(start_chat: DaemonFactory) -> None:
    today = datetime.now().astimezone().strftime("%Y-%m-%d")
    ada = netcat(begin(start_chat), "ada")
    tea = "#5 #dev ~ bob asks ada for Grünen Tee, 日本語"
    found = ["* Found, the newest first:", tea, "* /history around 5 shows what was said then.", "* That is all."]
    assert answer(ada, "/search grunen TEE") == found
    assert answer(ada, '/search "本語" author:BOB room:#dev') == found
    assert answer(ada, '/search "tee grunen"') == ["* Nothing was found."]
    named = [tea, "#3 #lobby bob: Ada, call me"]
    assert answer(ada, "/mentions") == ["* You were named, the newest first:", *named, *found[2:]]
    everything = ["* Earlier in #lobby:", "bob: ada: you are here", "ada: I go", "bob: Ada, call me"]
    everything += ["bob: no ada-2, please", "* End of history."]
    assert answer(ada, "/history since 2026-01-01") == everything
    assert answer(ada, f"/history since {today} 00:00:00") == everything
    assert answer(ada, "/history 2020-01-01") == ["* Nothing was said in #lobby then."]
    assert answer(ada, "/history 1") == [everything[0], *everything[-2:]]
