"""Measures how late a hundred people hear each other while 10,000 connections send a byte now and then.

By hand: ``cd tests && python -m e2e.loris 10000``. It and the daemon open as many sockets each, which ``ulimit -n``
must allow.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Event, Process
from multiprocessing.synchronize import Event as Happening
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e.daemon import HOST, Yard, raise_descriptor_limit

PEOPLE = 100
PAUSE = 2.0
"""The seconds between two messages of one of them."""
SECONDS = 30.0
INTERVAL = 5.0
"""The seconds between two bytes of a connection of the attack."""


async def person(port: int, number: int, heard: Callable[[float], object], end: float) -> None:
    """Say the time every now and then, and note how late the others' times are heard."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b'{"type":"hello","name":"person%d"}\n' % number)
    talking = asyncio.create_task(talk(writer, number))
    while time.monotonic() < end:
        line = await reader.readline()
        if (at := line.find(b'"text":"at ')) >= 0:
            heard(time.monotonic() - float(line[at + 11 : line.index(b'"', at + 11)]))
    talking.cancel()
    writer.close()


async def talk(writer: asyncio.StreamWriter, number: int) -> None:
    """Say the time."""
    await asyncio.sleep(1 + PAUSE * number / PEOPLE)
    while True:
        writer.write(b'{"type":"say","room":"lobby","text":"at %.6f"}\n' % time.monotonic())
        await asyncio.sleep(PAUSE)


def measure(port: int) -> list[float]:
    """Have people talk; return the delays in seconds, the shortest first."""
    delays: list[float] = []

    async def all_talk() -> None:
        end = time.monotonic() + SECONDS
        await asyncio.gather(*(person(port, number, delays.append, end) for number in range(PEOPLE)))

    asyncio.run(all_talk())
    return sorted(delays)


def attack(port: int, count: int, ready: Happening) -> None:
    """Keep *count* connections open, each sending a byte now and then, and open those again that are closed."""
    raise_descriptor_limit()

    async def one(number: int) -> None:
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection(HOST, port)
                if number == count - 1:
                    ready.set()
                while not writer.is_closing():
                    await asyncio.sleep(INTERVAL)
                    writer.write(b"x")
                    await writer.drain()
            await asyncio.sleep(1)

    async def all_at_once() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                group.create_task(one(number))
                if number % 200 == 0:
                    await asyncio.sleep(0.1)

    asyncio.run(all_at_once())


def report(what: str, delays: list[float], memory: int, connections: int) -> None:
    """Print a line."""
    median, late = (1000 * delays[int(len(delays) * part)] for part in (0.5, 0.99))
    print(
        f"{what:>8}: {len(delays)} heard, median {median:.1f} ms, p99 {late:.1f} ms, "
        f"longest {1000 * delays[-1]:.1f} ms; {connections} connections, {memory / 1e6:.0f} MB",
        flush=True,
    )


def main() -> None:
    """Measure without the attack, with it, and after it."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    raise_descriptor_limit()
    with TemporaryDirectory() as folder, Yard(Path(folder)) as yard:
        chat = yard.start("--limit", f"connections={count + 1_000}", "--no-log-talk", "--sync", "normal")
        report("without", measure(chat.port), chat.rss, chat.connections)
        ready = Event()
        attacker = Process(target=attack, args=(chat.port, count, ready), daemon=True)
        attacker.start()
        ready.wait()
        delays = measure(chat.port)
        report("with", delays, chat.rss, chat.connections)
        attacker.kill()
        attacker.join()
        report("after", measure(chat.port), chat.rss, chat.connections)


if __name__ == "__main__":
    main()
