"""Somebody with netcat: on another device of an account, or without one. They only read what is said in the lobby."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from e2e.torture.changes import MARK
from e2e.torture.ledger import Ledger

TELNET = re.compile(rb"\xff[\xfb\xfc\xfe].", re.DOTALL)
_ANSWER = r'to \S+, "[^"]*"'
SAID = re.compile(rf"(\S+)(?: \({_ANSWER}\))?: (number \d+ of \S+)")
WHISPERED = re.compile(rf"(\S+) \(private(?: to \S+)?(?:, {_ANSWER})?\): (secret \d+ of \S+)")
EDITED = re.compile(rf"(\S+) \(edited\): number \d+ of \S+{MARK}\S+")
WHISPERED_ANEW = re.compile(rf"\S+ \(private, edited\): (secret \d+ of \S+){MARK}\S+")
MORE = re.compile(r"(\S+): (?:  more of|end of) (\S+)")


class Watcher:
    """Connects again and again as *home*, with its *password* if there is one."""

    def __init__(self, home: str, port: int, ledger: Ledger, password: str | None) -> None:
        self.home = home
        self.gate = asyncio.Event()
        """Open while there is a daemon to connect to."""
        self.idle = asyncio.Event()
        self.idle.set()
        self.inside = False
        self._port = port
        self._ledger = ledger
        self._password = password

    def __repr__(self) -> str:
        return f"<{self.home} with netcat, {'inside' if self.inside else 'not inside'}>"

    async def live(self) -> None:
        """Connect again and again."""
        while True:
            await self.gate.wait()
            self.idle.clear()
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._connection()
            self.inside = False
            self.idle.set()
            await asyncio.sleep(self._ledger.chance.random() * 0.2)

    async def _connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        seen: list[tuple[str, str]] = []
        self._ledger.lines.append((self.home, seen))
        try:
            writer.write(f"{self.home}\n".encode())
            while data := await reader.readline():
                line = TELNET.sub(b"", data).decode().rstrip("\r\n")
                if "Type its password" in line and self._password is not None:
                    writer.write(f"{self._password}\n".encode())
                elif line.startswith("* You are "):
                    self.inside = True
                elif line.startswith("! ") and not self.inside:
                    break
                elif self.inside:
                    self._look_at(line, seen)
        finally:
            writer.close()

    def _look_at(self, line: str, seen: list[tuple[str, str]]) -> None:
        if line.startswith("* "):
            # What was pinned, or reacted to, is quoted.
            return
        if more := MORE.fullmatch(line):
            tag = more[2].rsplit("-", 1)
            if not seen or seen[-1] != (more[1], f"number {tag[1]} of {tag[0]}"):
                self._ledger.fault("reordered", f"{self.home} is shown {line!r} after {seen[-1:]}")
        elif said := SAID.fullmatch(line):
            seen.append((said[1], said[2]))
        elif EDITED.fullmatch(line):
            self._ledger.counts["edits shown by text"] += 1
        elif anew := WHISPERED_ANEW.fullmatch(line):
            self._ledger.whispered.append((self.home, anew[1]))
        elif whispered := WHISPERED.fullmatch(line):
            self._ledger.whispered.append((self.home, whispered[2]))
        elif "secret" in line or ("number" in line and not line.startswith("[")):
            self._ledger.fault("other", f"{self.home} is shown {line!r}")
