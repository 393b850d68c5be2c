"""Rooms that somebody looks after, with real daemons, also when they are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.clients import Bot
from e2e.daemon import Daemon, DaemonFactory

PASSWORD = "correct horse"  # noqa: S105
EVERYTHING = ["changes", "lines"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the history is."""
    return tmp_path / "history"


def member(chat: Daemon, name: str, *rooms: str) -> Bot:
    """Somebody who has an account comes into rooms."""
    bot = chat.socket()
    bot.hello(name, password=PASSWORD, rooms=dict.fromkeys(rooms), accept=EVERYTHING)
    bot.catch_up()
    return bot


def newcomer(chat: Daemon, name: str, *rooms: str) -> Bot:
    """Somebody makes an account."""
    bot = chat.bot(name, rooms=dict.fromkeys(rooms), accept=EVERYTHING)
    bot.catch_up()
    bot.ask("register", password=PASSWORD)
    return bot


def test_what_an_op_has_decided_holds_after_a_kill(start_chat: DaemonFactory, folder: Path) -> None:
    chat = start_chat("--data", str(folder))
    ada, bob = newcomer(chat, "ada", "dev"), newcomer(chat, "bob", "dev")
    zoe = newcomer(chat, "zoe", "lobby")
    zoe.request("quit")
    zoe.first("goodbye")
    ada.catch_up()
    ada.ask("say", room="dev", text="hello")
    ada.ask("topic", room="dev", text="tea")
    ada.ask("room", room="dev", access="private")
    ada.ask("slow", room="dev", text="1h")
    ada.ask("invite", room="dev", name="zoe")
    ada.request("ban", room="dev", target="bob", text="1d spam", tag="ban")
    ada.until("rule", rule="ban", tag="ban")
    assert bob.until("left", name="bob")[-1]["by"] == "ada"
    chat.kill()

    chat = start_chat("--data", str(folder))
    bob = chat.socket()
    bob.hello("bob", password=PASSWORD, rooms={"dev": None})
    refusal = bob.first("error", code="not-allowed")["text"]
    assert refusal.startswith("You are banned from #dev for ")
    assert refusal.endswith(" more: spam")
    zoe = chat.socket()
    zoe.hello("zoe", password=PASSWORD, rooms={})
    zoe.first("notice", text="You are invited to #dev. Come with /join dev")
    room = zoe.ask("join", room="dev")
    assert (room["topic"], room["access"], room["slow"], room["last"]) == ("tea", "private", 3600, 1)
    zoe.ask("say", room="dev", text="one")
    assert zoe.ask("say", room="dev", text="two")["code"] == "muted"
    ada = member(chat, "ada", "dev")
    assert ada.ask("room", room="dev")["text"] == (
        "#dev is private: only who is invited comes in. Everybody in it sets its topic. "
        "All but its ops may speak once every 1 hour. Its founder is ada. 1 user is banned from it."
    )


def test_a_room_that_was_closed_before_a_kill_is_closed(start_chat: DaemonFactory, folder: Path) -> None:
    chat = start_chat("--data", str(folder))
    ada = newcomer(chat, "ada", "dev", "lobby")
    bob = chat.person("bob")
    bob.type("/join dev")
    bob.catch_up()
    ada.catch_up()
    ada.ask("say", room="dev", text="hello")
    ada.request("room", room="dev", access="closed", name="dev")
    assert ada.until("left", room="dev", name="ada")[0]["type"] == "notice"
    assert "* #dev was closed by ada." in bob.until("* You are bob, in #lobby with ada.")
    chat.kill()

    chat = start_chat("--data", str(folder))
    bob = chat.person("bob")
    bob.type("/join dev", "/rooms")
    bob.expect(
        "! #dev is closed. Its founder or a moderator may open it again: /room open dev",
        "* #lobby, 1 user",
    )
    ada = member(chat, "ada", "lobby")
    assert ada.ask("room", room="dev", access="open")["text"] == "#dev is open again."
    assert ada.ask("join", room="dev")["last"] == 1
