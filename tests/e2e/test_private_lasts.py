"""Private conversations with real daemons, also when they are killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from e2e.clients import Bot
from e2e.daemon import DaemonFactory

PASSWORD = "correct horse"  # noqa: S105


def conversation(bot: Bot, name: str) -> tuple[dict[str, Any], list[str]]:
    """The line of the conversation with somebody in the list, and the texts that are in it."""
    lines = bot.ask("conversations")["conversations"]
    line = next(one for one in lines if one["name"] == name)
    return line, [message["text"] for message in bot.ask("history", **{"with": line["with"]})["messages"]]


def test_a_conversation_outlives_the_daemon_and_each_side_has_its_own(
    start_chat: DaemonFactory, tmp_path: Path
) -> None:
    folder = str(tmp_path / "history")
    chat = start_chat("--data", folder)
    ada, bob, eve = chat.bot("ada"), chat.bot("bob"), chat.socket()
    token = eve.hello("eve", accept=["conversations"])["token"]
    for bot in (ada, bob):
        bot.ask("register", password=PASSWORD)
    first = ada.ask("msg", name="bob", text="green tea?")
    bob.until("message", text="green tea?")
    bob.request("quit")
    ada.until("left", name="bob")
    ada.ask("msg", text="are you there?", **{"with": first["with"]})
    ada.ask("msg", name="eve", text="is it you?")
    eve.until("message", text="is it you?")
    chat.kill()

    chat = start_chat("--data", folder)
    bob = chat.socket()
    bob.hello("bob", password=PASSWORD, accept=["conversations"])
    bob.catch_up()
    line, texts = conversation(bob, "ada")
    assert (texts, line["unread"], line["here"]) == (["green tea?", "are you there?"], 1, False)
    found = bob.ask("search", text="in:@ada tea")["messages"]
    assert [message["text"] for message in found] == ["green tea?"]
    eve = chat.socket()
    eve.hello("eve", token=token, accept=["conversations"], private=0)
    assert [event["text"] for event in eve.catch_up() if event["type"] == "message"] == ["is it you?"]
    assert conversation(eve, "ada")[1] == ["is it you?"]
    assert eve.ask("delete", id=line["last"])["code"] == "no-such-message"
    bob.ask("read", id=line["last"], **{"with": line["with"]})
    chat.kill()

    chat = start_chat("--data", folder)
    person = chat.stranger()
    person.type("bob", PASSWORD, "/conversations", "exit")
    shown = person.read_to_end().decode("utf-8", "replace").splitlines()
    assert shown[-2].startswith("* [")
    assert shown[-2].endswith("] ada")
    assert not [line for line in shown if "while you were away" in line]
