"""After a refusal the connection works, and nothing half-happened."""

from __future__ import annotations

import pytest

from e2e.clients import Bot, Event
from e2e.daemon import Daemon
from e2e.test_json_errors import REFUSED

TYPED = [
    "/fly",
    "/say hi",
    "/join",
    "/join ..",
    "/join " + "x" * 33,
    "/join dev extra",
    "/join lobby",
    "/me",
    "/msg",
    "/msg nobody hi",
    "/msg watcher \x07",
    "/msg watcher " + "x" * 4_097,
    "/me \u202e",
    "/me " + "x" * 4_097,
    "/nick",
    "/nick two words",
    "/nick watcher",
    "/nick " + "x" * 33,
    "/nick ..",
    "/topic " + "x" * 513,
    "/history many",
    "/history 1 2",
    "/history -1",
    "/ignore two words",
    "/ignore actor",
    "/away " + "x" * 513,
    "/who lobby dev",
    "/who nowhere",
    "/help fly",
    "\x07",
    "x" * 4_097,
    "x" * 100_000,
]


def state(watcher: Bot) -> Event:
    """All of the chat that a user can see."""
    room = watcher.ask("who", room="lobby")
    topic = watcher.ask("topic", room="lobby")
    history = watcher.ask("history", room="lobby", count=200)
    return {
        "users": room["users"],
        "away": room["away"],
        "rooms": watcher.ask("rooms")["rooms"],
        "topic": (topic["topic"], topic["name"]),
        "messages": history["messages"],
    }


@pytest.mark.parametrize("line", TYPED, ids=lambda line: line[:24])
def test_a_refused_line_changes_nothing(shared_chat: Daemon, line: str) -> None:
    actor, watcher = shared_chat.person("actor"), shared_chat.bot("watcher")
    actor.expect("* watcher joined.")
    before = state(watcher)
    actor.type(line)
    (refusal,) = actor.catch_up()
    assert refusal.startswith("! ")
    assert refusal.rstrip(")").endswith((".", "?", "/rooms")) or "Usage: " in refusal
    assert watcher.catch_up() == []
    assert state(watcher) == before
    actor.type("/ignore", "still here")
    actor.expect("* You ignore nobody.")
    watcher.expect("message", author="actor", text="still here")


@pytest.mark.parametrize(("code", "request_"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_refused_request_changes_nothing(shared_chat: Daemon, code: str, request_: Event) -> None:
    shared_chat.bot("ada")
    watcher, bot = shared_chat.bot("watcher"), shared_chat.bot("bot")
    watcher.catch_up()
    before = state(watcher)
    answer = bot.ask(request_["type"], **{key: value for key, value in request_.items() if key != "type"})
    assert (answer["type"], answer["code"]) == ("error", code)
    assert bot.catch_up() == []
    assert watcher.catch_up() == []
    assert state(watcher) == before
    assert bot.ask("ignore")["names"] == []
    assert bot.ask("say", room="lobby", text="still here")["type"] == "message"
    watcher.expect("message", author="bot", text="still here")


def test_a_refused_name_leaves_no_trace(shared_chat: Daemon) -> None:
    watcher, stranger = shared_chat.bot("watcher"), shared_chat.stranger()
    before = state(watcher)
    for name in ("watcher", "WATCHER", "two words", "..", "/who", "x" * 5_000):
        stranger.type(name)
    stranger.type("actor")
    refusals = stranger.until("* You are actor")[1:-1]
    assert len(refusals) == 6
    assert all(refusal.startswith("! ") for refusal in refusals)
    watcher.expect("joined", name="actor")
    stranger.type("exit")
    watcher.expect("left", name="actor")
    assert state(watcher) == before
