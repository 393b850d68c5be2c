"""The one place where we reach past what Twisted documents: each name is there, on every reactor it does its work, and
clients cannot tell it from Twisted's own way of writing.
"""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest
from e2e.waiting import DEADLINE
from twisted.internet import tcp, unix
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory
from twisted.internet.testing import MemoryReactor
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure

from chat.delivery.transports import socket_send

PROGRAM = """
import hashlib, socket, sys
from twisted.internet import {reactor}
{install}
from twisted.internet import reactor, threads
from chat.service import ChatService
from chat.settings import Settings

chat = ChatService(reactor, Settings(ways={{"listen": ("tcp:0:interface=127.0.0.1",)}}, data="none", no_limits=True,
                   no_log_talk=True), direct_send={direct})

def port():
    (port,) = [reader.getHost().port for reader in reactor.getReaders() if hasattr(reader, "getHost")]
    return port

def lines(name, number):
    client = socket.create_connection(("127.0.0.1", number), timeout=120)
    client.sendall(name + b"\\n")
    return client, client.makefile("rb")

def talk(number):
    slow, slowly = lines(b"slow", number)
    talker, talked = lines(b"talker", number)
    while not talked.readline().startswith(b"* You are talker"):
        pass
    text = b"x" * 4000
    for turn in range(400):
        talker.sendall(text + b"%d\\n" % turn)
    talker.sendall(b"/who\\n")
    while not talked.readline().startswith(b"* In #lobby"):
        pass
    shown = []
    while not (shown and shown[-1].endswith(b"399\\r\\n")):
        shown.append(slowly.readline())
    missed = sum(int(line.split()[3]) for line in shown if line.startswith(b"* You missed"))
    said = [line for line in shown if line.startswith(b"talker: ")]
    numbers = [int(line.rstrip().removeprefix(b"talker: " + text)) for line in said]
    assert numbers == sorted(set(numbers)), numbers
    assert missed + len(numbers) == 400, (missed, len(numbers))
    slow.sendall(b"exit\\n")
    assert slowly.readline() == b"* Goodbye.\\r\\n" and slowly.read() == b""
    talker.sendall(b"exit\\n")
    return [talked.readline(), talked.readline(), talked.read()]

def begin():
    chat.privilegedStartService()
    chat.startService()
    asked = threads.deferToThread(talk, port())
    asked.addCallback(lambda shown: print(shown))
    asked.addErrback(lambda failure: failure.printTraceback())
    asked.addCallback(lambda _: chat.stopService())
    asked.addBoth(lambda _: reactor.stop())

reactor.callWhenRunning(begin)
reactor.run()
"""


@pytest.mark.parametrize("direct", [True, False], ids=["socket", "reference"])
@pytest.mark.parametrize("reactor", ["select", "poll", "epoll", "asyncio"])
def test_on_every_reactor_a_slow_reader_gets_all_or_is_told_what_it_missed(reactor: str, direct: bool) -> None:
    program = PROGRAM.format(reactor=f"{reactor}reactor", install=f"{reactor}reactor.install()", direct=direct)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=DEADLINE * 2, check=True
    )
    assert done.stdout.strip() == str([b"* slow left.\r\n", b"* Goodbye.\r\n", b""]), done.stderr


def test_transports_of_sockets_can_be_told_from_others() -> None:
    for kind in (tcp.Server, tcp.Client, unix.Server):
        assert callable(kind.writeSomeData)
    assert "writeSomeData" not in vars(TLSMemoryBIOProtocol)
    assert not hasattr(TLSMemoryBIOProtocol, "writeSomeData")
    assert socket_send(object()) is None


def test_a_port_accepts_so_many_at_a_time() -> None:
    port = tcp.Port(0, Factory(), interface="127.0.0.1", reactor=MemoryReactor())
    port.addReader = lambda reader: None  # type: ignore[attr-defined]
    port.startListening()
    try:
        assert isinstance(port.numberAccepts, int)
    finally:
        port.connectionLost(Failure(ConnectionDone()))
    assert "server" in inspect.signature(tcp.Server.__init__).parameters


def test_tls_says_when_it_has_ended() -> None:
    assert list(inspect.signature(TLSMemoryBIOProtocol._tlsShutdownFinished).parameters) == ["self", "reason"]
