"""What goes wrong around a daemon: clocks that jump, and descriptors that run out."""

from __future__ import annotations

import resource
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from e2e.clients import Person
from e2e.daemon import HOST, Daemon, DaemonFactory
from e2e.streams import SocketStream
from e2e.tools import library
from e2e.waiting import wait_for

HOUR = 3_600
YEAR = 365 * 24 * HOUR


@pytest.fixture
def set_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the wall clock of the daemons that are started from now on so many seconds before or after the real one."""
    offset = tmp_path / "offset"

    def set_to(seconds: int) -> None:
        new = offset.with_suffix(".new")
        new.write_text(f"{seconds:+d}s")
        new.rename(offset)

    set_to(0)
    monkeypatch.setenv("LD_PRELOAD", library("libfaketime.so.1"))
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(offset))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return set_to


@pytest.mark.parametrize("reactor", ["epoll", "asyncio"])
@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_that_jumps_by_an_hour_drops_and_delays_nobody(
    set_clock: Callable[[int], None], start_chat: DaemonFactory, reactor: str, jump: int
) -> None:
    chat = start_chat("--limit", "rate=20", before=["--reactor", reactor])
    ada, bot, stranger, eve = chat.person("ada"), chat.bot("bot"), chat.stranger(), chat.person("eve")
    held = chat.bot("held")
    ada.expect("* bot joined.", "* eve joined.", "* held joined.")
    held.close()
    eve.type(*(f"line {number}" for number in range(60)))
    ada.expect("eve: line 0")
    set_clock(jump)
    bot.catch_up()
    seen = bot.ask("say", room="lobby", text="what time is it?")["time"]
    told = datetime.fromisoformat(seen) - datetime.now(UTC)
    assert abs(told - timedelta(seconds=jump)) < timedelta(hours=0.5), "the daemon's clock has jumped"
    assert ada.until("eve: line 59")[-1] == "eve: line 59"
    stranger.walk_in("late")
    assert sorted(bot.ask("who", room="lobby")["users"]) == ["ada", "bot", "eve", "held", "late"]


def end(chat: Daemon) -> None:
    """End the daemon when nobody is there."""
    chat.hang_up()
    chat.end()


def test_a_clock_that_was_wrong_hides_nothing_of_a_day(
    set_clock: Callable[[int], None], start_chat: DaemonFactory
) -> None:
    said: list[dict[str, Any]] = []

    def run(lines: int, *options: str) -> Daemon:
        chat = start_chat("--no-limits", *options)
        bob = chat.bot("bob")
        said.extend(bob.ask("say", room="lobby", text=f"line {number}") for number in range(lines))
        return chat

    first = run(20)
    end(first)
    set_clock(-20 * YEAR)
    wrong = run(1, "--data", str(first.folder))
    wrong.await_log("the clock was set back from")
    end(wrong)
    set_clock(0)
    chat = run(20, "--data", str(first.folder))
    ada = chat.bot("ada")
    page = ada.ask("history", room="lobby", since=said[0]["time"], count=200)["messages"]
    assert [message["id"] for message in page] == [*range(1, 21), *range(22, 42)]
    page = ada.ask("history", room="lobby", until=said[0]["time"], count=200)["messages"]
    assert [message["id"] for message in page] == [21]


def talkers(chat: Daemon) -> tuple[Person, Person]:
    """Two people, one of whom has said something.

    For what is said first, the directory of the history is opened for a moment: it would take the descriptor with which
    Twisted gets over it if they run out, and that would be in the log.
    """
    ada, bob = chat.person("ada"), chat.person("bob")
    bob.type("hello")
    ada.expect("* bob joined.", "bob: hello")
    return ada, bob


def test_descriptors_that_run_out_do_not_disturb_those_who_are_in(start_chat: DaemonFactory) -> None:
    """Few sockets are left for clients, and as many files again are opened behind the daemon's back."""
    chat = start_chat(descriptors=100)
    chat.await_log("the system allows 100 open files, so only 36 clients can connect")
    ada, bob = talkers(chat)
    crowd = [SocketStream((HOST, chat.port)) for _ in range(300)]
    bob.type("still here")
    ada.expect("bob: still here")
    for stream in crowd:
        stream.close()
    wait_for(lambda: chat.connections == 2, "the crowd is gone")
    chat.person("cy")
    ada.expect("* cy joined.")


def test_accepting_goes_on_when_there_are_descriptors_again(chat: Daemon) -> None:
    """The system has fewer than it said at the start."""
    ada, bob = talkers(chat)
    pid = chat.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 4, before[1]))
    crowd = [SocketStream((HOST, chat.port)) for _ in range(40)]
    chat.await_log("EMFILE")
    bob.type("still here")
    ada.expect("bob: still here")
    for stream in crowd:
        stream.close()
    wait_for(lambda: chat.connections == 2, "the crowd is gone")
    chat.person("cy")
    ada.expect("* cy joined.")
