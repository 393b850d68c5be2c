"""The benchmark's load generator, small: it counts every line, and notices one that is missing or doubled."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Lock, Thread
from typing import Any

import pytest
from e2e.daemon import Daemon, DaemonFactory
from e2e.waiting import DEADLINE

ROOT = Path(__file__).parent.parent
Figures = dict[str, Any]
Load = Callable[..., Figures]


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Run the load generator with these settings, and return what it measured or why it failed."""
    program = tmp_path_factory.mktemp("benchmarks") / "load"
    subprocess.run(["gcc", "-O2", "-Wall", "-Werror", "-o", program, ROOT / "benchmarks" / "load.c"], check=True)

    def run(port: int, **settings: object) -> Figures:
        settings = {"seconds": 0.3, "warmup": 0.1, **settings, "port": port}
        words = [f"{key}={value}" for key, value in settings.items()]
        output = subprocess.run([program, *words], capture_output=True, check=False, timeout=DEADLINE).stdout
        figures: Figures = json.loads(output)
        return figures

    return run


ANEW = ("--no-limits", "--history", "0")
"""What a chat needs in which is measured again: nobody is shown what was said before."""


def long_enough(load: Load, port: int, sent: int, **settings: object) -> Figures:
    """Measure, for longer on a busy machine, until so many lines were sent."""
    for seconds in (0.3, 1, 3, 10):
        figures = load(port, seconds=seconds, **settings)
        if "failed" in figures or figures["sent"] >= sent:
            break
    return figures


@pytest.mark.parametrize("dialect", ["text", "json"])
def test_every_member_receives_every_line_once(start_chat: DaemonFactory, load: Load, dialect: str) -> None:
    figures = long_enough(load, start_chat(*ANEW).port, 100, dialect=dialect, members=40, talkers=5)
    assert "failed" not in figures
    assert figures["sent"] >= 100
    assert figures["deliveries"] > 1000
    assert figures["p50_us"] <= figures["p99_us"] <= figures["max_us"]


def test_many_rooms(start_chat: DaemonFactory, load: Load) -> None:
    figures = long_enough(load, start_chat(*ANEW).port, 100, rooms=20, members=5, talkers=1, window=1)
    assert "failed" not in figures
    assert figures["sent"] >= 100


def test_lines_at_fixed_times(start_chat: DaemonFactory, load: Load) -> None:
    figures = long_enough(load, start_chat(*ANEW).port, 80, members=10, talkers=10, rate=200)
    assert "failed" not in figures
    assert figures["sent"] >= 80


def test_a_stuck_member_keeps_nothing_from_others(fast_chat: Daemon, load: Load) -> None:
    figures = load(fast_chat.port, members=20, talkers=4, stuck=1)
    assert "failed" not in figures


def test_everyone_is_told_who_is_there(fast_chat: Daemon, load: Load) -> None:
    figures = load(fast_chat.port, members=300, list=1, seconds=0)
    assert "failed" not in figures
    assert figures["notices"] == 300 * 299 / 2


@pytest.mark.parametrize(
    ("times", "complaint"),
    [(0, "did not receive text 5 of client 0"), (2, "received text 5 of client 0 twice")],
    ids=["lost", "doubled"],
)
def test_a_server_that_gives_one_line_to_one_member_wrongly_is_found_out(
    load: Load, times: int, complaint: str
) -> None:
    with careless_server(lambda number: times if number == 5 else 1) as port:
        figures = load(port, members=4, talkers=1, patience=5)
    assert complaint in figures["failed"]


def test_a_last_line_that_never_comes_is_missed(load: Load) -> None:
    with careless_server(lambda number: int(number < 5)) as port:
        figures = load(port, members=4, talkers=1, rate=20, patience=1)
    assert "deliveries: " in figures["failed"]


def test_the_command_measures_the_limit() -> None:
    command = [
        sys.executable,
        "-m",
        "benchmarks",
        "--rounds",
        "1",
        "--seconds",
        "0.2",
        "--only",
        "room-100-64",
        "limit",
    ]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=DEADLINE).stdout
    assert "| C limit | " in output


@contextmanager
def careless_server(times: Callable[[int], int]) -> Iterator[int]:
    """A chat that sends a line with this number to one of the other members so many *times*."""
    members: list[Member] = []
    lock = Lock()

    class Member(StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"* Welcome.\r\n")
            name = self.rfile.readline().strip()
            with lock:
                self.wfile.write(b"* You are %s, in #lobby with %d others.\r\n" % (name, len(members)))
                for member in members:
                    member.wfile.write(b"* %s joined.\r\n" % name)
                members.append(self)
            for number, line in enumerate(self.rfile):
                others = [member for member in members if member is not self]
                for member in others:
                    for _ in range(times(number) if member is others[0] else 1):
                        member.wfile.write(b"%s: %s\r\n" % (name, line.strip()))

    class Server(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """The generator hangs up when it has found something wrong."""

    with Server(("127.0.0.1", 0), Member) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
