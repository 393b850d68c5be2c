"""Programs talk over connections that break to a daemon that is killed, again and again.

In the end what each program has seen, over all its connections together, must be what the history holds.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sqlite3
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.daemon import twistd

ROOM = "lobby"
PATIENCE = 60.0
"""The seconds after which a wait for the programs fails."""


@dataclass
class Result:
    """The counts of a run, and the faults that it found."""

    kills: int
    cuts: int
    said: int
    acknowledged: int
    lost: int
    doubled: int
    not_found: int
    """The messages that a search does not find."""
    wrong_views: list[str] = field(default_factory=list)


class Victim:
    """A daemon that is killed and started again on the same history."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._starts = 0
        self.port = 0

    async def start(self) -> None:
        """Start, and wait until it listens."""
        self._starts += 1
        path = self._folder / f"log-{self._starts}"
        listen = "tcp:0:interface=127.0.0.1"
        with path.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                *twistd(), "-n", "chat", "--no-limits", "--listen", listen, cwd=self._folder, stdout=log, stderr=log
            )
        while not (found := re.search(r"ChatFactory starting on (\d+)", path.read_text())):
            assert self.process.returncode is None, path.read_text()
            await asyncio.sleep(0.01)
        self.port = int(found[1])

    async def kill(self) -> None:
        """Kill it at once."""
        self.port = 0
        self.process.kill()
        await self.process.wait()

    async def end(self) -> int:
        """End it properly."""
        self.process.terminate()
        return await self.process.wait()


class Proxy:
    """Forwards connections of the programs to the daemon, and cuts them."""

    def __init__(self, victim: Victim, chance: random.Random) -> None:
        self._victim = victim
        self._chance = chance
        self._writers: set[asyncio.StreamWriter] = set()
        self.cuts = 0

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", self._victim.port)
            await asyncio.gather(self._pipe(reader, back), self._pipe(there, writer))
        self._writers.discard(writer)
        writer.close()

    @staticmethod
    async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
        writer.close()

    def cut(self) -> None:
        """Break one connection, in the middle of whatever it carries."""
        if self._writers:
            self._chance.choice(sorted(self._writers, key=id)).transport.abort()
            self.cuts += 1

    async def end(self) -> None:
        """Listen no more."""
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()


class Program:
    """A client that resends what was not acknowledged, and asks for what it missed, whenever it connects again."""

    def __init__(self, name: str, port: int, chance: random.Random) -> None:
        self.name = name
        self.view: list[tuple[int, str, str]] = []
        self.acknowledged: dict[str, list[int]] = {}
        self.talking = True
        self.said = 0
        self.unacknowledged: dict[str, str] = {}
        self._port = port
        self._chance = chance
        self._token: str | None = None
        self.seen: int | None = None

    async def live(self) -> None:
        """Connect again and again."""
        while True:
            with suppress(OSError, asyncio.IncompleteReadError, json.JSONDecodeError, ConnectionError):
                await self._connection()
            await asyncio.sleep(self._chance.random() * 0.1)

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        try:
            hello = {"type": "hello", "name": self.name, "rooms": {ROOM: self.seen}}
            self._send(writer, hello | ({"token": self._token} if self._token else {}))
            talk: asyncio.Task[None] | None = None
            try:
                while line := await reader.readline():
                    if line.startswith(b"{"):
                        event = json.loads(line)
                        if event["type"] == "welcome":
                            self._token = event["token"]
                            for tag, text in self.unacknowledged.items():
                                self._send(writer, {"type": "say", "room": ROOM, "text": text, "tag": tag})
                            talk = asyncio.create_task(self._talk(writer))
                        self._take(event)
            finally:
                if talk is not None:
                    talk.cancel()
        finally:
            writer.close()

    @staticmethod
    def _send(writer: asyncio.StreamWriter, fields: dict[str, Any]) -> None:
        writer.write(json.dumps(fields).encode() + b"\n")

    async def _talk(self, writer: asyncio.StreamWriter) -> None:
        while self.talking:
            if len(self.unacknowledged) < 8:
                self.said += 1
                tag, text = f"{self.name}-{self.said}", f"number {self.said} of {self.name}"
                self.unacknowledged[tag] = text
                self._send(writer, {"type": "say", "room": ROOM, "text": text, "tag": tag})
            await asyncio.sleep(self._chance.random() * 0.05)

    def _take(self, event: dict[str, Any]) -> None:
        if event["type"] == "error" and event["code"] in ("name-taken", "not-stored"):
            raise ConnectionError(event["text"])
        assert event["type"] not in ("error", "missed"), event
        if event["type"] == "room" and self.seen is None:
            self.seen = event["last"]
        if event["type"] == "message":
            self._take_message(event)

    def _take_message(self, message: dict[str, Any]) -> None:
        number, tag = message["id"], message.get("tag")
        if message["author"] == self.name and tag is not None:
            self.acknowledged.setdefault(tag, []).append(number)
            again = self.unacknowledged.pop(tag, None) is None
        else:
            again = False
        if again and number <= (self.seen or 0):
            return
        if message["author"] == self.name and number <= (self.seen or 0):
            return
        self.view.append((number, message["author"], message["text"]))
        self.seen = number


async def torture(folder: Path, programs: int, kills: int, seed: int) -> Result:
    """Let *programs* talk while the daemon is killed *kills* times; return the result."""
    chance = random.Random(seed)  # noqa: S311
    victim = Victim(folder)
    await victim.start()
    proxy = Proxy(victim, chance)
    await proxy.start()
    crowd = [Program(f"program{number}", proxy.port, chance) for number in range(programs)]
    lives = [asyncio.create_task(program.live()) for program in crowd]
    await _until(lambda: all(program.view for program in crowd), lives)
    for _ in range(kills):
        for _ in range(chance.randrange(1, 6)):
            await asyncio.sleep(chance.random() * 0.15)
            proxy.cut()
        await victim.kill()
        await asyncio.sleep(chance.random() * 0.1)
        await victim.start()
        count = sum(len(program.view) for program in crowd)
        await _until(lambda count=count: sum(len(program.view) for program in crowd) > count, lives)
    for program in crowd:
        program.talking = False
    await _until(lambda: not any(program.unacknowledged for program in crowd), lives)
    last = max(program.seen or 0 for program in crowd)
    await _until(lambda: all(program.seen == last for program in crowd), lives)
    for life in lives:
        life.cancel()
    await asyncio.gather(*lives, return_exceptions=True)
    await proxy.end()
    assert await victim.end() == 0
    return _judge(folder, crowd, kills, proxy.cuts)


async def _until(reached: Any, lives: list[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not reached():
            for life in lives:
                if life.done():
                    life.result()
            await asyncio.sleep(0.01)


def _judge(folder: Path, crowd: list[Program], kills: int, cuts: int) -> Result:
    with sqlite3.connect(folder / "chat.db") as database:
        history = database.execute("SELECT id, author, text, tag FROM messages ORDER BY id").fetchall()
        find = "SELECT rowid FROM words WHERE words MATCH ?"
        found = [database.execute(find, (f'"{text}"',)).fetchall() for _, _, text, _ in history]
    database.close()
    stored: dict[str, list[int]] = {}
    for number, _, _, tag in history:
        stored.setdefault(tag, []).append(number)
    acknowledged = [(tag, ids) for program in crowd for tag, ids in program.acknowledged.items()]
    result = Result(
        kills=kills,
        cuts=cuts,
        said=sum(program.said for program in crowd),
        acknowledged=len(acknowledged),
        lost=sum(1 for tag, ids in acknowledged if not set(ids) <= set(stored.get(tag, ()))),
        doubled=sum(1 for ids in stored.values() if len(ids) > 1),
        not_found=sum((number,) not in ids for (number, *_), ids in zip(history, found, strict=True)),
    )
    lines = [(number, author, text) for number, author, text, _ in history]
    for program in crowd:
        if program.view != [line for line in lines if line[0] >= program.view[0][0]]:
            result.wrong_views.append(program.name)
    return result


def run(folder: Path, programs: int, kills: int, seed: int) -> Result:
    """Run :func:`torture` to its end."""
    work: Coroutine[Any, Any, Result] = torture(folder, programs, kills, seed)
    return asyncio.run(work)
