"""One account on several devices, with real daemons, also when they are killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from e2e.clients import Bot
from e2e.daemon import Daemon, DaemonFactory

PASSWORD = "correct horse"  # noqa: S105


def device(chat: Daemon, **fields: object) -> tuple[Bot, str]:
    """Connect ada on another device; return the token too."""
    bot = chat.socket()
    welcome = bot.hello("ada", **{"password": PASSWORD, **fields})
    bot.catch_up()
    return bot, welcome["token"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the history is."""
    return tmp_path / "history"


def test_each_device_comes_back_by_its_own_token_after_a_kill(start_chat: DaemonFactory, folder: Path) -> None:
    chat = start_chat("--data", str(folder))
    one = chat.socket()
    tokens = [one.hello("ada", rooms={"lobby": None, "dev": None})["token"]]
    one.catch_up()
    one.ask("register", password=PASSWORD)
    bob = chat.bot("bob")
    for _ in range(2):
        two, token = device(chat)
        tokens.append(token)
    assert [event["type"] for event in bob.catch_up()] == []
    one.ask("say", room="dev", text="before the kill")
    one.ask("logout", device=3)
    two.until("goodbye", code="logged-out")
    one.ask("ignore", name="eve", on=True)
    chat.kill()

    chat = start_chat("--data", str(folder))
    bob = chat.bot("bob")
    back, welcome = [], {}
    for token in tokens[:2]:
        bot = chat.socket()
        welcome = bot.hello("ada", token=token)
        assert welcome["token"] == token
        bot.catch_up()
        back.append(bot)
    assert [event["type"] for event in bob.catch_up()] == ["joined"]
    assert welcome["rooms"] == [{"room": "lobby", "read": None, "last": 0}, {"room": "dev", "read": None, "last": 1}]
    assert back[0].ask("ignore")["names"] == ["eve"]
    out = chat.socket()
    out.request("hello", name="ada", token=tokens[2])
    out.first("error", code="password-needed")
    back[0].ask("say", room="lobby", text="on all devices")
    assert [event["text"] for event in back[1].catch_up()] == ["on all devices"]


def test_an_account_that_was_renamed_keeps_both_names_after_a_kill(start_chat: DaemonFactory, folder: Path) -> None:
    chat = start_chat("--data", str(folder))
    ada = chat.bot("ada")
    ada.ask("register", password=PASSWORD)
    ada.ask("say", room="lobby", text="by ada")
    assert ada.ask("rename", name="lovelace", password=PASSWORD)["type"] == "notice"
    chat.kill()

    chat = start_chat("--data", str(folder))
    eve = chat.socket()
    eve.request("hello", name="ada")
    eve.first("error", code="password-needed")
    back = chat.socket()
    assert back.hello("ada", password=PASSWORD)["name"] == "lovelace"
    (said,) = back.ask("history", room="lobby")["messages"]
    assert (said["author"], said["account"]) == ("ada", "lovelace")


def test_a_device_whose_connection_breaks_is_seen_by_nobody(chat: Daemon) -> None:
    one = chat.bot("ada")
    one.ask("register", password=PASSWORD)
    bob = chat.bot("bob")
    two, token = device(chat)
    two.close()
    again, same = device(chat, token=token)
    assert same == token
    one.ask("msg", name="bob", text="psst")
    assert [event["type"] for event in bob.catch_up()] == ["message"]
    assert len(again.ask("devices")["devices"]) == 2


def test_whom_a_guest_ignores_is_known_after_a_kill_as_long_as_they_may_come_back(
    start_chat: DaemonFactory, folder: Path
) -> None:
    chat = start_chat("--data", str(folder))
    guest = chat.socket()
    token = guest.hello("guest")["token"]
    guest.catch_up()
    assert guest.ask("ignore", name="eve", on=True)["names"] == ["eve"]
    guest.catch_up()
    chat.kill()

    chat = start_chat("--data", str(folder))
    back = chat.socket()
    back.hello("guest", token=token)
    back.catch_up()
    assert back.ask("ignore")["names"] == ["eve"]
    other = chat.socket()
    other.hello("other")
    other.catch_up()
    assert other.ask("ignore")["names"] == []
