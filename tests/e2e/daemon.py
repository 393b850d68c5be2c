"""Real daemons: started, watched, ended and checked."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from e2e.clients import Bot, Client, Person
from e2e.streams import SocketStream
from e2e.waiting import DEADLINE, wait_for

HOST = "127.0.0.1"


def at(port: int) -> str:
    """The endpoint of a port."""
    return f"tcp:{port}:interface={HOST}"


LISTEN = at(0)
_TROUBLE = re.compile(r"Traceback|Unhandled|critical\]")
_LISTENING = re.compile(r"ChatFactory(?: \(PROXY\))? starting on (\S+)$", re.MULTILINE)

_TLS_LISTENING = re.compile(r"ChatFactory \(TLS\)(?: \(PROXY\))? starting on (\d+)$", re.MULTILINE)

_WEB_LISTENING = re.compile(r"WebSite(?: \(TLS\))?(?: \(PROXY\))? starting on (\d+)$", re.MULTILINE)


def twistd(first: str = "") -> list[str]:
    """The command that runs twistd: the script beside this Python, or what that script does.

    *first* are statements that are carried out before.
    """
    script = Path(sys.executable).with_name("twistd")
    if script.exists() and not first:
        return [str(script)]
    return [sys.executable, "-c", f"{first}\nfrom twisted.scripts.twistd import run\nrun()"]


def serves(command: Sequence[str], folder: Path) -> str:
    """Check that a command that runs a chat lets somebody in, and ends well; return its log."""
    daemon = Daemon([*command, "--listen", LISTEN], folder, 1, {"PATH": "/usr/bin:/bin"})
    try:
        daemon.stranger().walk_in("ada")
    finally:
        daemon.end()
    return daemon.log()


@contextmanager
def kept_port() -> Iterator[int]:
    """A port that the system gives to nobody else, whether a server of the test listens there or not.

    A socket that never listens is bound to it. Linux lets a server bind to it too, as both reuse the address, but only
    one that asks for this very port.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind((HOST, 0))
        yield keeper.getsockname()[1]


@contextmanager
def running(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that the test ends; a failure of the test kills it."""
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        finally:
            process.kill()


class Daemon:
    """A chat daemon in the foreground, and its clients."""

    def __init__(self, command: Sequence[str], folder: Path, listeners: int, environment: dict[str, str]) -> None:
        self.folder = folder
        self.expects_trouble = False
        """Whether its log may have failures."""
        self._log = folder / "log"
        self._killed = False
        self._is_to_end = False
        self._clients: list[Client] = []
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        try:
            wait_for(lambda: self._listens(listeners), f"{' '.join(command)} listens")
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise
        self._idle = self._sockets()

    def _listens(self, listeners: int) -> bool:
        assert self.process.poll() is None, f"the daemon ended with {self.process.returncode}:\n{self.log()}"
        # All ports are open, also those for TLS and metrics, when it says where it listens.
        return len(_LISTENING.findall(self.log())) >= listeners and "listening on" in self.log()

    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text("utf-8", "replace")

    def await_log(self, text: str) -> None:
        """Wait until it has logged *text*."""
        wait_for(lambda: text in self.log(), f"the log says {text!r}")

    @property
    def ports(self) -> list[int]:
        """The TCP ports it listens on."""
        return [int(where) for where in _LISTENING.findall(self.log()) if where.isdecimal()]

    @property
    def port(self) -> int:
        """The first of them."""
        return self.ports[0]

    @property
    def tls_port(self) -> int:
        """The port it listens on for TLS."""
        found = wait_for(lambda: _TLS_LISTENING.search(self.log()), "it listens for TLS")
        assert found is not None
        return int(found[1])

    @property
    def web_ports(self) -> list[int]:
        """The TCP ports it listens on for browsers."""
        return [int(port) for port in _WEB_LISTENING.findall(self.log())]

    @property
    def rss(self) -> int:
        """The bytes of memory that it has in use."""
        return resident(self.process.pid)

    # -- clients

    def connect(self, **options: Any) -> SocketStream:
        """Open a connection."""
        return SocketStream((HOST, self.port), **options)

    def adopt(self, client: Client) -> None:
        """Close *client* before the daemon ends."""
        self._clients.append(client)

    def stranger(self, **options: Any) -> Person:
        """Somebody who has connected and not given a name yet."""
        person = Person(self.connect(**options))
        self.adopt(person)
        return person

    def person(self, name: str) -> Person:
        """Somebody in the lobby, who has read what is shown to people who come in."""
        person = self.stranger()
        person.walk_in(name)
        person.catch_up()
        return person

    def socket(self, **options: Any) -> Bot:
        """A program that has connected and not said hello yet."""
        bot = Bot(self.connect(**options))
        self.adopt(bot)
        return bot

    def bot(self, name: str, **fields: Any) -> Bot:
        """A program that is in, and has read what is shown to programs that come in."""
        bot = self.socket()
        bot.hello(name, **fields)
        bot.catch_up()
        return bot

    def hang_up(self) -> None:
        """Have all clients leave, and wait until the daemon has let go of them."""
        for client in self._clients:
            client.leave()
        self._clients.clear()
        self.await_alone()

    def await_alone(self) -> None:
        """Wait until nobody is connected."""
        wait_for(lambda: self.connections == 0, "all connections are gone")

    @property
    def connections(self) -> int:
        """How many sockets it has open beside those it listens on."""
        return len(self._sockets() - self._idle)

    @property
    def open_files(self) -> set[str]:
        """The names of what it has open, as Linux gives them."""
        return {_target(link) for link in list(Path(f"/proc/{self.process.pid}/fd").iterdir())}

    def _sockets(self) -> set[str]:
        """Its sockets but those of the operator, the first of which it opens when it has said where it listens."""
        found = {name for name in self.open_files if name.startswith("socket:")}
        unix = Path(f"/proc/{self.process.pid}/net/unix").read_text().splitlines()
        return found - {f"socket:[{line.split()[6]}]" for line in unix if line.endswith("/admin.sock")}

    # -- the end

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._is_to_end |= number in (signal.SIGINT, signal.SIGTERM)
        self.process.send_signal(number)

    def kill(self) -> None:
        """Kill it at once, and do not check how it ends."""
        self.process.kill()
        self.process.wait()
        self._killed = True

    def wait(self) -> int:
        """Wait until it has ended; return its exit code."""
        return self.process.wait(DEADLINE)

    def end(self) -> None:
        """Close the clients, end it by SIGTERM unless it was told to end already, and check that it ended well."""
        for client in self._clients:
            client.close()
        try:
            if self.process.poll() is None and not self._is_to_end:
                self.signal(signal.SIGTERM)
            code = self.wait()
        finally:
            self.process.kill()
            self.process.wait()
        if self._killed:
            return
        assert code == 0, f"exit code {code}:\n{self.log()}"
        if not self.expects_trouble:
            assert not _TROUBLE.search(self.log()), self.log()


class DaemonFactory(Protocol):
    """Starts a daemon."""

    def __call__(
        self,
        *options: str,
        listen: Sequence[str] = (LISTEN,),
        before: Sequence[str] = (),
        descriptors: int = 0,
        wrapper: Sequence[str] = (),
        first: str = "",
    ) -> Daemon:
        """Start ``twistd -n chat`` with *options*.

        *before* are options of twistd itself, *descriptors* is the limit of open files if it is not 0, *wrapper* is a
        command that runs the command behind it, and *first* are statements that are carried out in its process before.
        """


class Yard:
    """Runs daemons, each in a folder of its own, and ends them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._daemons = ExitStack()
        self._count = 0

    def start(
        self,
        *options: str,
        listen: Sequence[str] = (LISTEN,),
        before: Sequence[str] = (),
        descriptors: int = 0,
        wrapper: Sequence[str] = (),
        first: str = "",
    ) -> Daemon:
        """See :class:`DaemonFactory`."""
        self._count += 1
        folder = self._folder / f"daemon{self._count}"
        folder.mkdir()
        listens = [word for endpoint in listen for word in ("--listen", endpoint)]
        command = [*twistd(first), "--nodaemon", "--pidfile=", *before, "chat", *listens, *options]
        if descriptors:
            command = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", *command]
        daemon = Daemon([*wrapper, *command], folder, max(1, len(listen)), dict(os.environ))
        self._daemons.callback(daemon.end)
        return daemon

    def __enter__(self) -> Yard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._daemons.close()


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""


def resident(pid: int) -> int:
    """The bytes of memory that a process has in use."""
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def raise_descriptor_limit() -> None:
    """Let this process open as many sockets as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
