"""A real daemon and real connections, in the place of a chat in memory: it is killed by ``kill -9``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from ipaddress import ip_address
from itertools import count
from pathlib import Path
from select import select

from e2e.daemon import HOST, LISTEN, Daemon, twistd
from e2e.waiting import DEADLINE
from house import FILES_EACH, KEY, Errand, Exchange, House, Line, Turnstile, http

from chat.core.files import LEAST
from chat.disk.file_directory import FileDirectory
from chat.history.directory import FILES

OPTIONS = (
    "--no-limits", "--allow-plain-passwords", "--history", "3", "--limit", "rooms-each=4",
    "--limit", f"files-each={FILES_EACH * LEAST}", "--web", LISTEN,
)  # fmt: skip
DOORS = {
    "open": (),
    "key": ("--key", KEY),
    "invitation": ("--registration", "invitation", "--invitations", "members"),
    "members": ("--members-only",),
    "closed": ("--key", KEY, "--registration", "closed"),
}
BEHIND_PROXY = f"haproxy:tcp:0:interface={HOST}"
PING = '{"type":"ping","tag":"sync%d"}\n'


class RealLine(Line):
    """A socket; a proxy says that it comes from *host*."""

    def __init__(self, port: int, host: str) -> None:
        self.cut = False
        self._ended = False
        self._json = False
        self._got = bytearray()
        self._socket = socket.create_connection((HOST, port))
        family = f"TCP{ip_address(host).version}"
        own = "192.0.2.1" if family == "TCP4" else "2001:db8::1"
        self._socket.sendall(f"PROXY {family} {host} {own} {50_000 + port % 1000} 12345\r\n".encode())

    @property
    def closed(self) -> bool:
        """Whether the chat has closed it, or it was cut."""
        return self.cut or self._ended

    def send(self, data: bytes) -> None:
        """Send *data*, unless the chat reads no more."""
        self._json = self._json or data.startswith(b"{")
        if not self.closed:
            try:
                self._socket.sendall(data)
            except OSError:
                self._ended = True

    def received(self) -> bytes:
        """What has come since the last look, but for the answers to :meth:`ask_for_a_sign`."""
        self._fetch()
        *whole, rest = bytes(self._got).split(b"\n")
        self._got = bytearray(rest)
        return b"".join(line + b"\n" for line in whole if b'"tag":"sync' not in line)

    def _fetch(self) -> None:
        while not self.closed and select([self._socket], [], [], 0)[0]:
            try:
                data = self._socket.recv(65_536)
            except OSError:
                data = b""
            self._ended = not data
            self._got += data

    def ask_for_a_sign(self, number: int) -> None:
        """Wait until the chat has done all that was sent; who does not speak JSON is only looked at."""
        if self._json:
            self.send((PING % number).encode())
            sign = f'"tag":"sync{number}"'.encode()
            end = time.monotonic() + DEADLINE
            while not self.closed and sign not in self._got:
                assert time.monotonic() < end, "the chat does not answer"
                select([self._socket], [], [], 1)
                self._fetch()

    def lose(self) -> None:
        """It breaks."""
        self._fetch()
        self.cut = True
        self._socket.close()

    def stick(self, room: int) -> None:
        """Reading slowly is for the chat in memory."""

    def drain(self) -> None:
        """There is nothing to take that is not taken."""


class RealExchange(Exchange):
    """A request by HTTP to the *port* of a daemon; the chat closes the connection when it has answered."""

    def __init__(self, port: int, data: bytes, *, whole: bool) -> None:
        self._got = b""
        with socket.create_connection((HOST, port), timeout=DEADLINE) as connection:
            connection.sendall(data)
            while whole and (piece := connection.recv(65_536)):
                self._got += piece

    def answer(self) -> tuple[int, bytes] | None:
        """The status and the body."""
        head, end, body = self._got.partition(b"\r\n\r\n")
        return (int(head.split()[1]), body) if end else None


class RealErrand(Errand):
    """What ``chat admin`` has said."""

    def __init__(self, done: bool, text: str) -> None:
        self._done = done, text

    def answer(self) -> tuple[bool, str] | None:
        """Whether it was done, and what the chat says."""
        return self._done


class RealHouse(House):
    """A daemon whose history is in *directory*. Everything takes as long as it does, and the clock is the true one."""

    def __init__(self, directory: Path, seed: int, doors: str = "open") -> None:
        self._directory = directory
        self._options = DOORS[doors]
        self._begun = time.monotonic()
        self._signs = count()
        self._open: list[RealLine] = []
        self.running = False
        self.start()

    def start(self) -> None:
        """Begin on the history that is there."""
        self.hashing = self.reading = self.storing = self.filing = Turnstile()
        command = [*twistd(), "--nodaemon", "--pidfile=", "chat", "--listen", BEHIND_PROXY, *OPTIONS, *self._options]
        self._daemon = Daemon([*command, "--data", str(self._directory)], self._directory, 1, dict(os.environ))
        self._open = []
        self.running = True

    def stop(self) -> None:
        """End as a daemon does that is asked to."""
        self.turn()
        self._daemon.end()
        self.running = False

    def kill(self, *, stored: bool = False) -> None:
        """End at once, with nobody told."""
        self._daemon.kill()
        assert "Traceback" not in self._daemon.log(), self._daemon.log()
        for line in self._open:
            line.lose()
        self.running = False

    def connect(self, host: str) -> Line:
        """Connect from the address *host*."""
        line = RealLine(self._daemon.port, host)
        self._open.append(line)
        return line

    def turn(self) -> None:
        """Wait until the chat has done all that was asked, and then until all are shown what came of it."""
        for _ in range(2):
            self._open = [line for line in self._open if not line.closed]
            for line in self._open:
                line.ask_for_a_sign(next(self._signs))

    def _ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, whole: bool = True
    ) -> Exchange:
        data = http(method, path, body, headers)
        port = self._daemon.web_ports[0]
        return RealExchange(port, data if whole else data[: len(data) - len(body) // 2], whole=whole)

    def fetch(self, key: str, name: str) -> Exchange:
        """Somebody fetches a file."""
        return self._ask("GET", f"/f/{key}/{name}")

    def files(self) -> Collection[str]:
        """The keys of the files that lie on the disk."""
        return FileDirectory(self._directory / FILES).names()

    def let_all_through(self) -> None:
        """Nothing is held up."""
        self.turn()

    def fail_to_store(self, failing: bool) -> None:
        """Failing is for the chat in memory."""

    @property
    def seconds(self) -> float:
        """The seconds for which the machine has run."""
        return time.monotonic() - self._begun

    def waiting(self) -> str:
        """What waits is not to be seen from here; the log may tell more."""
        return self._daemon.log()[-2000:]

    def admin(self, *words: str, secret: str = "") -> Errand:
        """Run ``chat admin``."""
        command: Sequence[str] = [sys.executable, "-m", "chat", "admin", "--data", str(self._directory), *words]
        done = subprocess.run(
            command, input=f"{secret}\n", capture_output=True, text=True, check=False, timeout=DEADLINE
        )
        return RealErrand(done.returncode == 0, (done.stdout + done.stderr).rstrip("\n"))
