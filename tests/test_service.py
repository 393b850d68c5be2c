"""The chat as a service among others: twice in one process, and nothing of the process is touched."""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.waiting import DEADLINE
from twisted.internet.error import CannotListenError, ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure
from twisted.python.logfile import LogFile

from chat.daemon.logfiles import ROTATED_FILES, bound_log_files
from chat.daemon.obstacles import cannot_listen
from chat.history.directory import CERTIFICATE, FILE, LOCK, lock
from chat.history.store import CannotOpen
from chat.protocols.certificate import BadCertificate
from chat.service import ChatService
from chat.settings import Settings

PROGRAM = """
import gc, resource, signal, socket, sys
from twisted.application.service import MultiService
from pathlib import Path
from twisted.internet import reactor, threads
from twisted.internet.address import IPv4Address
from chat.admin.link import Chat
from chat.service import ChatService
from chat.settings import Settings

def process():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
    return (gc.get_threshold(), resource.getrlimit(resource.RLIMIT_NOFILE), sys.excepthook,
            [signal.getsignal(number) for number in numbers])

def talk(port, name):
    with socket.create_connection(("127.0.0.1", port), timeout=120) as client:
        lines = client.makefile("r", newline="\\r\\n")
        client.sendall(f"{name}\\n/register correct horse\\n/who\\n".encode())
        shown = [next(lines).rstrip() for _ in range(4)]
        client.sendall(b"exit\\n")
        return [*shown, *(line.rstrip() for line in lines)]

def ports():
    hosts = [reader.getHost() for reader in reactor.getReaders() if hasattr(reader, "getHost")]
    return [host.port for host in hosts if isinstance(host, IPv4Address)]

def administer(one, two):
    asked = (one, ["role", "ada", "owner"]), (one, ["accounts"]), (two, ["accounts"])
    return [line for folder, words in asked for line in Chat(Path(folder), None).do(words)]

parent = MultiService()
ways = {"listen": ("tcp:0:interface=127.0.0.1",)}
chats = [ChatService(reactor, Settings(ways=ways, data=folder)) for folder in sys.argv[1:]]
for chat in chats:
    chat.setServiceParent(parent)

def begin():
    before = process()
    parent.privilegedStartService()
    parent.startService()
    first, second = sorted(ports())
    asked = threads.deferToThread(lambda: [talk(first, "ada"), talk(second, "ada"), administer(*sys.argv[1:])])
    asked.addCallback(lambda talks: [print(line) for lines in talks for line in lines])
    asked.addCallback(lambda _: parent.stopService())
    asked.addCallback(lambda _: print("untouched" if process() == before else "touched"))
    asked.addErrback(lambda failure: failure.printTraceback())
    asked.addBoth(lambda _: reactor.stop())

reactor.callWhenRunning(begin)
reactor.run()
"""


def test_two_chats_in_one_process_share_nothing_and_touch_nothing_of_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "one"), str(tmp_path / "two")],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    of_one = [
        "* Welcome to chat. Type your name and press Enter.",
        "* You are ada, alone in #lobby. Type /help for commands, exit to leave.",
        "* The name ada is yours now. You need its password when you come in next.",
        "* In #lobby: ada",
        "* Goodbye.",
    ]
    of_the_operator = ["ada is owner now.", "ada owner", "ada"]
    assert done.stdout.splitlines() == [*of_one, *of_one, *of_the_operator, "untouched"], done.stderr
    assert (tmp_path / "one" / "chat.db").exists()
    assert (tmp_path / "two" / "chat.db").exists()


def test_a_few_log_files_stay_of_those_that_twisted_rotates(tmp_path: Path) -> None:
    file = LogFile("chat.log", str(tmp_path), rotateLength=10)
    bound_log_files()
    for number in range(ROTATED_FILES + 3):
        file.write(f"line {number:>5}\n")
    file.close()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"chat.log", *(f"chat.log.{number}" for number in range(1, ROTATED_FILES + 1))}


def test_making_the_service_touches_nothing_of_the_process() -> None:
    before = (gc.get_threshold(), resource.getrlimit(resource.RLIMIT_NOFILE), sys.excepthook)
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    ChatService(MemoryReactorClock(), Settings(data="none"))
    assert before == (gc.get_threshold(), resource.getrlimit(resource.RLIMIT_NOFILE), sys.excepthook)
    assert handlers == [signal.getsignal(number) for number in signal.valid_signals()]


def test_a_chat_that_no_member_could_come_into_is_not_made() -> None:
    with pytest.raises(ValueError, match="nobody could come in from elsewhere by tcp:1"):
        ChatService(Clock(), Settings(ways={"listen": ("tcp:1",)}, members_only=True))


def test_a_chat_makes_no_certificate_in_the_directory_of_another(tmp_path: Path) -> None:
    """Clients remember the certificate: two chats that begin at once must not make two."""
    with (tmp_path / LOCK).open("w") as claim:
        fcntl.flock(claim, fcntl.LOCK_EX)
        with pytest.raises(CannotOpen):
            ChatService(MemoryReactorClock(), Settings(data=str(tmp_path), tls=True)).startService()
    assert not (tmp_path / CERTIFICATE).exists()


def test_a_chat_that_has_no_certificate_lets_go_of_its_history(tmp_path: Path) -> None:
    with pytest.raises(BadCertificate):
        ChatService(MemoryReactorClock(), Settings(data=str(tmp_path), tls_cert="/nowhere")).startService()
    os.close(lock(tmp_path))


def test_who_finds_a_port_in_use_leaves_the_history_to_a_chat_that_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two chats that begin at once, the one that has the port claims the history a moment later."""
    os.close(lock(tmp_path))
    (tmp_path / FILE).touch()
    monkeypatch.setattr(fcntl, "flock", lambda *_: pytest.fail("the history is claimed"))
    error = CannotListenError("127.0.0.1", 12345, OSError(errno.EADDRINUSE, ""))
    sentence = cannot_listen(error, Settings(data=str(tmp_path)), [])
    assert sentence.startswith("can't listen on 127.0.0.1 port 12345: Address already in use. Choose another")


def test_nobody_comes_in_from_the_process_while_the_chat_does_not_run() -> None:
    chat = ChatService(Clock(), Settings(data="none"))
    refused: list[Failure] = []
    chat.endpoint.connect(Factory.forProtocol(Protocol)).addErrback(refused.append)
    assert [failure.type for failure in refused] == [ConnectionRefusedError]
