"""Edits, deletions, reactions and pins with real daemons, also when they are killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from e2e.clients import Bot
from e2e.daemon import Daemon, DaemonFactory

EVERYTHING = {"accept": ["changes", "lines", "conversations"]}
CHANGES = ("edited", "deleted", "reacted", "pinned")


def come_in(chat: Daemon, name: str, **fields: Any) -> Bot:
    """A program that knows all there is."""
    bot = chat.socket()
    bot.hello(name, **EVERYTHING, **fields)
    return bot


def say(bot: Bot, text: str, **fields: Any) -> int:
    """Say something, and return its id."""
    return int(bot.ask("say", room="lobby", text=text, **fields)["id"])


def history(bot: Bot) -> list[dict[str, Any]]:
    """What the history holds of the lobby, without what differs by reader and run."""
    messages = bot.ask("history", room="lobby", count=200)["messages"]
    return [{key: value for key, value in message.items() if key not in ("time", "tag")} for message in messages]


def test_what_was_changed_stays_changed_when_the_daemon_is_killed(start_chat: DaemonFactory, tmp_path: Path) -> None:
    folder = str(tmp_path / "history")
    chat = start_chat("--data", folder)
    ada, bob = come_in(chat, "ada"), come_in(chat, "bob")
    first, second, third = say(ada, "tee"), say(ada, "secret"), say(bob, "yes\n  please", re=1)
    (edited, deleted, reacted) = (
        ada.ask("edit", id=first, text="tea\nfor two"),
        ada.ask("delete", id=second),
        bob.ask("react", id=first, text="👍", on=True),
    )
    assert (edited["rev"], deleted["rev"], reacted["rev"]) == (third + 1, third + 2, third + 3)
    chat.kill()

    chat = start_chat("--data", folder)
    eve = come_in(chat, "eve")
    tea, answer = history(eve)
    assert (tea["text"], tea["reactions"]) == ("tea\nfor two", [{"text": "👍", "count": 1}])
    assert "edited" in tea
    assert (answer["text"], answer["re"], answer["re_author"], answer["re_text"]) == (
        "yes\n  please",
        first,
        "ada",
        "tea",
    )
    assert eve.ask("search", text="secret")["messages"] == []
    assert eve.ask("search", text="tee")["messages"] == []
    assert [message["id"] for message in eve.ask("search", text="tea")["messages"]] == [first]
    assert say(eve, "next") == reacted["rev"] + 1


def test_who_comes_back_is_told_what_was_changed_meanwhile(start_chat: DaemonFactory, tmp_path: Path) -> None:
    folder = str(tmp_path / "history")
    chat = start_chat("--data", folder)
    ada, bob = come_in(chat, "ada"), chat.socket()
    welcome = bob.hello("bob", **EVERYTHING)
    old, gone = say(ada, "old"), say(ada, "gone")
    seen = say(bob, "seen")
    bob.close()
    ada.ask("edit", id=old, text="older")
    ada.ask("edit", id=old, text="oldest")
    new = say(ada, "new")
    ada.ask("delete", id=gone)
    ada.ask("edit", id=new, text="newer")
    ada.ask("react", id=seen, text="ok", on=True)
    chat.kill()

    chat = start_chat("--data", folder)
    bob = chat.socket()
    bob.hello("bob", token=welcome["token"], rooms={"lobby": seen}, **EVERYTHING)
    replayed = [event for event in bob.catch_up() if event["type"] in ("message", *CHANGES)]
    assert [(event["type"], event["id"], event.get("text")) for event in replayed] == [
        ("edited", old, "oldest"),
        ("message", new, "newer"),
        ("deleted", gone, None),
        ("reacted", seen, "ok"),
    ]
    numbers = [int(event["rev"] if "rev" in event else event["id"]) for event in replayed]
    assert numbers == sorted(numbers)
    bob.close()

    again = chat.socket()
    again.hello("bob", token=welcome["token"], rooms={"lobby": numbers[-1]}, **EVERYTHING)
    assert [event for event in again.catch_up() if event["type"] in ("message", *CHANGES)] == []


def test_a_change_that_is_sent_again_after_a_crash_is_done_once(start_chat: DaemonFactory, tmp_path: Path) -> None:
    folder = str(tmp_path / "history")
    chat = start_chat("--data", folder)
    ada = chat.socket()
    welcome = ada.hello("ada", **EVERYTHING)
    number = say(ada, "tea")
    requests = {"r": ("react", {"id": number, "text": "👍"}), "e": ("edit", {"id": number, "text": "tea for two"})}
    for tag, (kind, fields) in requests.items():
        ada.request(kind, **fields, tag=tag)
    ada.until("edited", tag="e")
    chat.kill()

    chat = start_chat("--data", folder)
    ada = chat.socket()
    ada.hello("ada", token=welcome["token"], rooms={"lobby": number}, **EVERYTHING)
    ada.catch_up()
    for tag, (kind, fields) in requests.items():
        ada.request(kind, **fields, tag=tag)
        assert ada.until("notice", tag=tag)[-1]["text"] == "That was done before, under this tag."
    (tea,) = history(ada)
    assert (tea["text"], tea["reactions"]) == ("tea for two", [{"text": "👍", "count": 1, "mine": True}])
    assert ada.ask("delete")["id"] == number, "what it said last is still known"
