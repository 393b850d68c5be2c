"""The daemon that is killed, and the proxy that breaks connections to it."""

from __future__ import annotations

import asyncio
import random
import re
import sys
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

from e2e.daemon import twistd

PATIENCE = 120.0
"""The seconds after which a wait for the daemon or the programs fails."""

LATENCY = 0.03
"""The most seconds for which the proxy holds back what the daemon sends, so that more is lost when it cuts."""

_AT_A_COMMIT = """
import os, signal, sqlite3, sys, time
connection = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
version = lambda: connection.execute("PRAGMA data_version").fetchone()
sys.stdin.read()
before, end = version(), time.monotonic() + 2
while version() == before and time.monotonic() < end:
    pass
os.kill(int(sys.argv[2]), signal.SIGKILL)
"""
"""Kills the daemon as soon as it has stored something, mostly before it has shown it. It opens the file for reading
only, so that it leaves the write-ahead log to the next daemon."""


class Victim:
    """A daemon that is killed and started again on the same history."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._starts = 0
        self.port = 0

    async def start(self) -> None:
        """Start, and wait until it listens. While ``chat admin`` uses the history, try again."""
        while not await self._try_to_start():
            pass

    async def _try_to_start(self) -> bool:
        self._starts += 1
        listen = "tcp:0:interface=127.0.0.1"
        with self._log.open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                *twistd(),
                "-n",
                "chat",
                "--no-limits",
                "--listen",
                listen,
                cwd=self.folder,
                stdout=output,
                stderr=output,
            )
        async with asyncio.timeout(PATIENCE):
            while "listening on" not in (log := self._log.read_text()):
                if self._process.returncode is not None:
                    assert "is in use by another chat" in log, log
                    return False
                await asyncio.sleep(0.01)
        found = re.search(r"ChatFactory starting on (\d+)", log)
        assert found is not None
        self.port = int(found[1])
        return True

    @property
    def _log(self) -> Path:
        return self.folder / f"log-{self._starts}"

    def troubles(self) -> list[str]:
        """What it has logged that it should not."""
        return re.findall(r".*(?:Traceback|Unhandled|critical\]).*", self._log.read_text())

    async def kill(self, *, at_a_commit: bool) -> None:
        """Kill it at once, or when it next has stored something."""
        if at_a_commit:
            command = (sys.executable, "-S", "-c", _AT_A_COMMIT, "chat.db", str(self._process.pid))
            killer = await asyncio.create_subprocess_exec(*command, cwd=self.folder, stdin=PIPE)
            await killer.communicate(b"")
        else:
            self._process.kill()
        await self._process.wait()
        self.port = 0

    async def end(self) -> int:
        """End it properly."""
        self._process.terminate()
        return await self._process.wait()

    def abandon(self) -> None:
        """Kill it, if it still runs, and check nothing."""
        with suppress(ProcessLookupError):
            self._process.kill()


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
            await asyncio.gather(self._pipe(reader, back, 0.0), self._pipe(there, writer, LATENCY))
        self._writers.discard(writer)
        writer.close()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latency: float) -> None:
        with suppress(OSError):
            while data := await reader.read(1000):
                await asyncio.sleep(self._chance.random() * latency)
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
