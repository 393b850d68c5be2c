"""Ctrl-C and SIGTERM end the chat properly, under load too."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from e2e.clients import Bot, Event, Person, messages
from e2e.daemon import Daemon, DaemonFactory
from e2e.waiting import wait_for

SIGNALS = [signal.SIGINT, signal.SIGTERM]
FAREWELL = "The server is shutting down. Goodbye."
TALKERS = 5


@pytest.mark.parametrize("number", SIGNALS)
def test_everyone_is_told(chat: Daemon, number: signal.Signals) -> None:
    ada, bot, stranger = chat.person("ada"), chat.bot("bot"), chat.stranger()
    stranger.expect("* Welcome to chat. Type your name and press Enter.")
    ada.expect("* bot joined.")
    chat.signal(number)
    ada.expect_end(f"* {FAREWELL}")
    bot.expect("goodbye", text=FAREWELL)
    assert bot.read_line() == b""
    stranger.expect_end(f"* {FAREWELL}")
    for client in (ada, bot, stranger):
        client.close()
    assert chat.wait() == 0


def test_an_empty_chat_ends(chat: Daemon) -> None:
    chat.signal(signal.SIGINT)
    assert chat.wait() == 0
    assert "Traceback" not in chat.log()


@pytest.mark.parametrize("number", SIGNALS)
def test_all_that_was_acknowledged_is_delivered(fast_chat: Daemon, number: signal.Signals) -> None:
    talkers = [fast_chat.bot(f"talker{index}") for index in range(TALKERS)]
    watcher, person = fast_chat.bot("watcher"), fast_chat.person("person")
    with ThreadPoolExecutor(2 * TALKERS + 2) as pool:
        views = [pool.submit(view, bot) for bot in [*talkers, watcher]]
        heard = pool.submit(lines, person)
        talks = [pool.submit(talk, bot) for bot in talkers]
        probe = fast_chat.bot("probe")
        said = 0
        while said < 500:
            said += probe.read()["type"] == "message"
        fast_chat.signal(number)
        probe.until("goodbye")
        probe.close()
        for one_talk in talks:
            one_talk.result()
        check(views, heard)
    assert fast_chat.wait() == 0


def check(views: list[Future[list[Event]]], heard: Future[list[str]]) -> None:
    """Compare what all have seen."""
    whole = messages(views[-1].result())
    ids = [event["id"] for event in whole]
    assert ids == sorted(set(ids))
    for view_ in views:
        events = view_.result()
        assert events[-1] == {"type": "goodbye", "text": FAREWELL}
        assert [event["id"] for event in messages(events)] == ids
    told = heard.result()
    assert told[-1] == f"* {FAREWELL}"
    texts = [f"{event['author']}: {event['text']}" for event in whole]
    assert [line for line in told if line.startswith("talker")] == texts


def view(bot: Bot) -> list[Event]:
    """All that a bot is shown up to the end."""
    events = bot.until("goodbye")
    assert bot.read_line() == b""
    bot.close()
    return events


def lines(person: Person) -> list[str]:
    """All that a person is shown up to the end."""
    shown = person.read_to_end().decode().split("\r\n")
    person.close()
    return shown[:-1]


def talk(bot: Bot) -> None:
    """Say something again and again, until the connection ends."""
    count = 0
    try:
        while True:
            for _ in range(10):
                count += 1
                bot.request("say", room="lobby", text=f"number {count}", tag=str(count))
            threading.Event().wait(0.001)
    except OSError:
        pass


def test_a_reader_that_does_not_read_holds_up_the_end_for_a_while_only(fast_chat: Daemon) -> None:
    stuck = fast_chat.socket(receive_buffer=4_096)
    stuck.request("hello", name="stuck")
    talker, ada = fast_chat.bot("talker"), fast_chat.person("ada")
    for _ in range(60):
        for _ in range(40):
            talker.request("say", room="lobby", text="x" * 4_000)
        ids = [event["id"] for event in messages(talker.catch_up())]
        assert len(ids) == 40
    ada.catch_up()
    fast_chat.signal(signal.SIGTERM)
    talker.until("goodbye", text=FAREWELL)
    ada.expect_end(f"* {FAREWELL}")
    for client in (talker, ada):
        client.close()
    assert fast_chat.wait() == 0


def test_a_second_signal_ends_at_once(start_chat: DaemonFactory) -> None:
    """The log says that it does; the first signal alone would wait for the stuck reader, for hours here."""
    chat = start_chat("--no-limits", first="from chat import service; service.PATIENCE = 10_000.0")
    stuck = chat.socket(receive_buffer=4_096)
    stuck.request("hello", name="stuck")
    talker = chat.bot("talker")
    for _ in range(60):
        for _ in range(40):
            talker.request("say", room="lobby", text="x" * 4_000)
        talker.catch_up()
    chat.signal(signal.SIGINT)
    talker.until("goodbye")
    talker.close()
    chat.signal(signal.SIGINT)
    assert chat.wait() == 0
    assert "ending at once" in chat.log()


def test_what_was_said_is_there_after_the_end(start_chat: DaemonFactory) -> None:
    first = start_chat("--no-limits")
    bot = first.bot("bot")
    texts = [f"line {number}" for number in range(200)]
    for text in texts:
        bot.request("say", room="lobby", text=text)
    bot.until("message", text=texts[-1])
    bot.ask("topic", room="lobby", text="tea")
    first.signal(signal.SIGTERM)
    bot.until("goodbye")
    bot.close()
    assert first.wait() == 0
    second = start_chat("--data", str(first.folder))
    reader = second.socket()
    reader.hello("reader", rooms={"lobby": 0})
    assert reader.expect("room", room="lobby")["topic"] == "tea"
    assert [event["text"] for event in messages(reader.catch_up())] == texts
    newest = reader.ask("say", room="lobby", text="and on")
    assert newest["id"] == len(texts) + 1


def test_nobody_comes_in_while_it_ends(fast_chat: Daemon) -> None:
    bot = fast_chat.bot("bot")
    port = fast_chat.port
    fast_chat.signal(signal.SIGTERM)
    bot.expect("goodbye")
    wait_for(lambda: f"(TCP Port {port} Closed)" in fast_chat.log(), "the port is closed")
    with pytest.raises(ConnectionRefusedError):
        fast_chat.connect()
