"""A client that comes back gets exactly what it missed, and what it sends again is stored once."""

from __future__ import annotations

import threading

from e2e.clients import Bot, Event, messages
from e2e.daemon import Daemon
from e2e.streams import SocketStream


def drop(bot: Bot) -> None:
    """Break the connection of *bot* without a word."""
    assert isinstance(bot.stream, SocketStream)
    bot.stream.reset()


def stored(reader: Bot, room: str = "lobby") -> list[Event]:
    """All that the history holds of a room."""
    found: list[Event] = []
    more = True
    while more:
        page = reader.ask("history", room=room, after=found[-1]["id"] if found else 0, count=200)
        found += page["messages"]
        more = page["more"]
    return found


def test_a_new_connection_takes_over_and_nobody_sees_it(chat: Daemon) -> None:
    ada, watcher = chat.person("ada"), chat.bot("watcher")
    old = chat.socket()
    token = old.hello("bot")["token"]
    old.catch_up()
    ada.catch_up()
    watcher.catch_up()
    new = chat.socket()
    assert new.hello("bot", token=token)["token"] == token
    new.expect("room", room="lobby", users=["ada", "watcher", "bot"])
    assert old.until("goodbye")
    assert old.read_line() == b""
    assert ada.catch_up() == []
    assert watcher.catch_up() == []
    ada.type("hello")
    new.expect("message", text="hello")
    new.request("say", room="lobby", text="hi")
    ada.expect("bot: hi")


def test_a_taken_over_session_keeps_what_it_ignores_and_that_it_is_away(chat: Daemon) -> None:
    old = chat.socket()
    token = old.hello("bot")["token"]
    old.ask("ignore", name="ada")
    old.ask("away", text="lunch")
    new = chat.socket()
    new.hello("bot", token=token)
    new.expect("room", away={"bot": "lunch"})
    assert new.ask("ignore")["names"] == ["ada"]


def test_a_wrong_token_takes_nothing_over(chat: Daemon) -> None:
    bot = chat.bot("bot")
    thief = chat.socket()
    thief.request("hello", name="bot", token="wrong", tag="t")
    thief.first("error", code="name-taken", tag="t")
    assert bot.catch_up() == []
    thief.request("hello", name="thief", token="wrong")
    assert thief.expect("welcome", name="thief")["token"] != "wrong"  # noqa: S105


def test_what_is_sent_again_is_stored_and_shown_once(chat: Daemon) -> None:
    ada = chat.person("ada")
    bot = chat.socket()
    token = bot.hello("bot")["token"]
    bot.catch_up()
    bot.request("say", room="lobby", text="once", tag="a1")
    first = bot.expect("message", text="once", tag="a1")
    drop(bot)
    again = chat.socket()
    again.hello("bot", token=token, rooms={"lobby": first["id"]})
    again.until("room")
    again.request("say", room="lobby", text="once", tag="a1")
    assert again.expect("message", text="once", tag="a1") == first
    assert [message["id"] for message in stored(again)] == [first["id"]]
    assert ada.catch_up().count("bot: once") == 1


def test_what_was_not_answered_is_stored_once_when_it_is_sent_again(fast_chat: Daemon) -> None:
    watcher = fast_chat.bot("watcher")
    token: str | None = None
    for number in range(30):
        bot = fast_chat.socket()
        token = bot.hello("bot", token=token)["token"]
        bot.catch_up()
        bot.request("say", room="lobby", text=str(number), tag=str(number))
        drop(bot)
        again = fast_chat.socket()
        again.hello("bot", token=token)
        again.catch_up()
        again.request("say", room="lobby", text=str(number), tag=str(number))
        again.until("message", tag=str(number))
        drop(again)
    expected = [str(number) for number in range(30)]
    assert [message["text"] for message in stored(watcher)] == expected
    assert [message["text"] for message in messages(watcher.catch_up())] == []


def test_a_replay_is_exactly_what_was_missed(fast_chat: Daemon) -> None:
    talker, bot = fast_chat.bot("talker"), fast_chat.socket()
    token = bot.hello("bot")["token"]
    seen = talker.ask("say", room="lobby", text="seen")["id"]
    drop(bot)
    for number in range(1_700):
        talker.request("say", room="lobby", text=str(number))
    missed = [event["id"] for event in messages(talker.catch_up())]
    assert len(missed) == 1_700
    bot = fast_chat.socket()
    bot.hello("bot", token=token, rooms={"lobby": seen})
    bot.expect("room", last=missed[-1])
    live = talker.ask("say", room="lobby", text="live")["id"]
    assert [event["id"] for event in bot.until("message", text="live")] == [*missed, live]


def test_whoever_comes_back_again_and_again_misses_nothing_of_a_flood(fast_chat: Daemon) -> None:
    watcher, talker = fast_chat.bot("watcher"), fast_chat.bot("talker")
    over = threading.Event()

    def talk() -> None:
        number = 0
        while not over.is_set():
            for _ in range(20):
                talker.request("say", room="lobby", text=str(number))
                number += 1
            talker.catch_up()

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        bot = fast_chat.socket()
        token = bot.hello("bot", rooms={"lobby": 0})["token"]
        seen: list[Event] = []
        for _ in range(12):
            target = len(seen) + 150
            while len(seen) < target:
                event = bot.read()
                if event["type"] == "message":
                    seen.append(event)
            drop(bot)
            bot = fast_chat.socket()
            bot.hello("bot", token=token, rooms={"lobby": seen[-1]["id"]})
    finally:
        over.set()
        thread.join()
    seen += messages(bot.catch_up())
    assert seen == stored(watcher)
