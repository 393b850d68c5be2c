"""Measure the history: import, size, search, replay, and what a commit costs with the index of words and without.

    python -m benchmarks.history [--messages 1000000]

The texts are of 3 to 16 words out of 50,000, the n-th of which is as frequent as 1/n; authors and rooms likewise.
"""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.machine import describe
from chat.archive.formats import json_line
from chat.core.events import Message
from chat.core.facts import Said
from chat.core.times import timestamp
from chat.history import sqlite
from chat.history.connection import connect, transaction
from chat.history.directory import FILE
from chat.history.migrations import migrate

WORDS, AUTHORS, ROOMS = 50_000, 500, 50
START = 1_700_000_000.0
TIMES = 300
"""How often each thing is asked for."""


def vocabulary() -> list[str]:
    """Make words, the frequent ones first. They are the same in every run."""
    random = Random(0)  # noqa: S311
    letters = "abcdefghijklmnopqrstuvwxyz"
    return list(dict.fromkeys("".join(random.choices(letters, k=random.randint(2, 9))) for _ in range(WORDS)))


class Talk:
    """Makes messages, which are the same in every run."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311
        self.words = vocabulary()
        self._weights = list(accumulate(1 / rank for rank in range(1, len(self.words) + 1)))
        self._authors = list(accumulate(1 / rank for rank in range(1, AUTHORS + 1)))
        self._rooms = list(accumulate(1 / rank for rank in range(1, ROOMS + 1)))

    def message(self, number: int) -> Message:
        """Make the message with the id *number*."""
        random = self._random
        return Message(
            id=number,
            time=timestamp(START + number),
            room=f"room{random.choices(range(ROOMS), cum_weights=self._rooms)[0]}",
            author=f"user{random.choices(range(AUTHORS), cum_weights=self._authors)[0]}",
            kind="say",
            text=" ".join(random.choices(self.words, cum_weights=self._weights, k=random.randint(3, 16))),
        )


class Client:
    """A program that asks one thing at a time."""

    def __init__(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")
        self.ask("hello", "welcome", name="bench", rooms={"room0": None})
        self.ask("ping", "pong")

    def ask(self, kind: str, answer: str, **fields: object) -> dict[str, Any]:
        """Send a request, and read up to its answer."""
        self._socket.sendall(json.dumps({"type": kind, **fields}).encode() + b"\n")
        while True:
            line = self._file.readline()
            event: dict[str, Any] = json.loads(line) if line.startswith(b"{") else {}
            if event.get("type") == answer:
                return event
            assert line
            assert event.get("type") != "error", event


@contextmanager
def chat(data: Path) -> Iterator[Client]:
    """Run a daemon with the history in *data*; yield a client of it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = "from twisted.scripts.twistd import run; run()"
    listen = f"tcp:{port}:interface=127.0.0.1"
    command = [
        sys.executable,
        "-c",
        code,
        "-n",
        "--pidfile=",
        "--logfile=log",
        "chat",
        "--listen",
        listen,
        "--no-limits",
    ]
    process = subprocess.Popen([*command, "--data", str(data)], cwd=data)
    try:
        yield Client(port)
    finally:
        process.terminate()
        process.wait(60)


def timed(name: str, times: int, ask: Callable[[int], object]) -> None:
    """Call *ask* several *times*, with the number of the call; print how long it takes."""
    taken = []
    for number in range(times):
        began = time.perf_counter()
        ask(number)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    print(f"| {name} | {median(taken):.2f} | {taken[times * 99 // 100]:.2f} | {taken[-1]:.2f} |", flush=True)


def reading(client: Client, words: list[str], newest: int) -> None:
    """Print how long searching and reading take."""
    random = Random(2)  # noqa: S311
    rare, often = words[len(words) // 2 :], words[:20]

    def search(text: Callable[[], str]) -> Callable[[int], object]:
        return lambda _: client.ask("search", "found", text=text())

    def some() -> str:
        return random.choice(often)

    def any_of(first: int, last: int) -> str:
        return str(random.randint(first, last))

    def since(_: int) -> object:
        moment = timestamp(START + random.randint(0, newest))
        return client.ask("history", "history", room="room0", since=moment, count=200)

    print("\n| asked for | p50 ms | p99 ms | worst ms |\n|---|---|---|---|")
    timed("a frequent word", TIMES, search(some))
    timed("a rare word", TIMES, search(lambda: random.choice(rare)))
    timed("three frequent words", TIMES, search(lambda: " ".join(random.sample(often, 3))))
    timed("a frequent and a rare word", TIMES, search(lambda: f"{some()} {random.choice(rare)}"))
    timed("a phrase of two frequent words", TIMES, search(lambda: f'"{some()} {some()}"'))
    timed("a phrase of six frequent words", TIMES, search(lambda: f'"{" ".join(random.sample(often, 6))}"'))
    timed("a frequent word of a rare author", TIMES, search(lambda: f"{some()} author:user{any_of(400, 499)}"))
    timed("a frequent word in a small room", TIMES, search(lambda: f"{some()} room:#room{any_of(40, 49)}"))
    timed("a frequent word, deep in the past", TIMES, search(lambda: f"{some()} before:{any_of(1000, newest)}"))
    timed("the most frequent word eight times on end", TIMES // 10, search(lambda: f'"{" ".join(often[:1] * 8)}"'))
    timed("what names me", TIMES, lambda _: client.ask("mentions", "found"))
    timed("the last 20 of a room", TIMES, lambda _: client.ask("history", "history", room="room0"))
    timed("200 of a room since some time", TIMES, since)

    def replay(number: int) -> None:
        client.ask("join", "room", room="room1", after=0)
        client.ask("ping", "pong")
        client.ask("leave", "left", room="room1")

    timed("a room of a tenth of all, replayed whole", 5, replay)


def commits(data: Path, talk: Talk, first: int) -> None:
    """Print what a commit costs, with the index of words and without."""
    print("\n| messages in a commit | with the index, ms | without, ms | with: messages a second |\n|---|---|---|---|")
    connection = connect(data / FILE)
    migrate(connection, data / FILE)
    number = first

    def commit(size: int, indexed: bool) -> float:
        nonlocal number
        batch = [Said(talk.message(number + offset)) for offset in range(size)]
        number += size
        began = time.perf_counter()
        with transaction(connection):
            if indexed:
                sqlite.insert(connection, batch)
            else:
                sqlite.insert_rows(connection, batch)
        return (time.perf_counter() - began) * 1000

    for size, times in ((1, 300), (10, 300), (100, 100), (1_000, 30)):
        both: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(times):
            for indexed in (True, False):
                both[indexed].append(commit(size, indexed))
        with_it, without = median(both[True]), median(both[False])
        mean = sum(both[True]) / times
        print(f"| {size} | {with_it:.2f} | {without:.2f} | {size / mean * 1000:,.0f} |", flush=True)
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000, help="how many (default: 1000000)")
    options = parser.parse_args()
    count = options.messages
    print("\n".join(f"- {line}" for line in describe([])))
    with TemporaryDirectory(prefix="chat-benchmark-") as name:
        folder = Path(name)
        talk = Talk(1)
        with (folder / "rooms.jsonl").open("wb") as file:
            for number in range(1, count + 1):
                file.write(json_line(talk.message(number)).encode() + b"\n")
        data = folder / "data"
        for step, command in (
            ("import", ["import", str(folder / "rooms.jsonl"), "--data", str(data)]),
            ("export", ["export", "--data", str(data), "--output", str(folder / "again.jsonl")]),
        ):
            began = time.perf_counter()
            subprocess.run([sys.executable, "-m", "chat", *command], check=True, stdout=subprocess.DEVNULL)
            took = time.perf_counter() - began
            print(f"- {step}: {took:.1f} s, {count / took:,.0f} messages a second")
        assert (folder / "again.jsonl").read_bytes() == (folder / "rooms.jsonl").read_bytes()
        (folder / "again.jsonl").unlink()
        size = (data / "chat.db").stat().st_size
        print(
            f"- chat.db: {size / 1e6:.0f} MB, {size / count:.0f} bytes a message; "
            f"the JSON lines: {(folder / 'rooms.jsonl').stat().st_size / 1e6:.0f} MB"
        )
        began = time.perf_counter()
        with chat(data) as client:
            print(f"- from the start of the daemon to the first answer: {time.perf_counter() - began:.2f} s")
            reading(client, talk.words, count)
        commits(data, talk, count + 1)
        empty = folder / "empty"
        empty.mkdir()
        print("\nIn an empty history:")
        commits(empty, talk, 1)
        shutil.rmtree(data)


if __name__ == "__main__":
    main()
