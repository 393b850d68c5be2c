"""A user who sends or asks a lot does not slow down another."""

from __future__ import annotations

import threading

from e2e.clients import Bot, messages
from e2e.daemon import Daemon

FLOOD = 3_000


def test_the_lines_of_a_flood_are_throttled(chat: Daemon) -> None:
    bob, eve = chat.bot("bob"), chat.bot("eve")
    bob.catch_up()
    eve.send(b'{"type":"say","room":"lobby","text":"flood"}\n' * FLOOD)
    bob.expect("message", author="eve")
    heard = [messages(bob.catch_up()) for _ in range(5)]
    assert sum(map(len, heard)) < FLOOD / 4
    bob.ask("say", room="lobby", text="in between")
    eve.until("message", author="bob", text="in between")


def test_what_a_throttled_user_sends_is_late_but_whole(chat: Daemon) -> None:
    bob, eve = chat.person("bob"), chat.person("eve")
    bob.expect("* eve joined.")
    lines = [f"line {number}" for number in range(24)]
    eve.type(*lines)
    bob.expect(*(f"eve: {line}" for line in lines))


def test_an_endless_flood_does_not_keep_others_from_being_answered(fast_chat: Daemon) -> None:
    """The flood goes on until the answer has come."""
    bob, eve, reader = fast_chat.bot("bob"), fast_chat.socket(), fast_chat.bot("reader")
    eve.hello("eve")
    answered = threading.Event()
    threads = [threading.Thread(target=flood, args=(eve, answered)), threading.Thread(target=drain, args=(eve,))]
    for thread in threads:
        thread.start()
    try:
        reader.until("message", author="eve")
        for _ in range(20):
            bob.catch_up()
        bob.ask("say", room="lobby", text="in between")
    finally:
        answered.set()
        threads[0].join()
    eve.request("quit")
    threads[1].join()
    assert "in between" in [event["text"] for event in messages(reader.catch_up())]


def flood(eve: Bot, over: threading.Event) -> None:
    """Say something again and again."""
    while not over.is_set():
        eve.send(b'{"type":"say","room":"lobby","text":"flood"}\n' * 100)


def drain(eve: Bot) -> None:
    """Read to the end, and keep nothing."""
    while eve.stream.receive():
        pass


def test_an_endless_flood_of_questions_does_not_either(fast_chat: Daemon) -> None:
    bob, eve = fast_chat.bot("bob"), fast_chat.bot("eve")
    for number in range(200):
        eve.request("say", room="lobby", text=f"{number} " + "x" * 1_000)
    eve.catch_up()
    bob.catch_up()
    answered = threading.Event()

    def ask() -> None:
        while not answered.is_set():
            eve.send(b'{"type":"history","room":"lobby","count":200}\n{"type":"help"}\n{"type":"rooms"}\n' * 5)

    threads = [threading.Thread(target=ask), threading.Thread(target=drain, args=(eve,))]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            assert bob.catch_up() == []
    finally:
        answered.set()
        threads[0].join()
    eve.request("quit")
    threads[1].join()


def test_a_user_who_reads_nothing_does_not_hold_up_the_others(fast_chat: Daemon) -> None:
    stuck = fast_chat.socket(receive_buffer=4_096)
    stuck.request("hello", name="stuck")
    talker, bob = fast_chat.bot("talker"), fast_chat.bot("bob")
    for _ in range(40):
        for _ in range(50):
            talker.request("say", room="lobby", text="x" * 4_000)
        assert len(messages(talker.catch_up())) == 50
        assert len(messages(bob.catch_up())) == 50
