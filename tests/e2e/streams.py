"""What carries a client's bytes: a socket, or a program like netcat."""

from __future__ import annotations

import hashlib
import os
import select
import socket
import ssl
import struct
import subprocess
from collections.abc import Sequence
from typing import Protocol

from e2e.waiting import DEADLINE


class Stream(Protocol):
    """Bytes both ways. :meth:`receive` returns ``b""`` at the end; it raises :class:`TimeoutError` if nothing comes."""

    def send(self, data: bytes) -> None:
        """Send all of *data*."""

    def receive(self) -> bytes:
        """Wait for some bytes."""

    def finish(self) -> None:
        """Send no more."""

    def close(self) -> None:
        """Close it."""


class SocketStream:
    """A TCP or unix socket."""

    def __init__(self, address: tuple[str, int] | str, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(DEADLINE)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise
        if not isinstance(address, str):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive(self) -> bytes:
        return self.socket.recv(65_536)

    def finish(self) -> None:
        self.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        """Break the connection: the other end gets a reset, and what is under way either way is lost."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class TlsStream(SocketStream):
    """A TLS connection, which trusts any server unless *context* checks it."""

    socket: ssl.SSLSocket

    def __init__(
        self, address: tuple[str, int], *, context: ssl.SSLContext | None = None, receive_buffer: int | None = None
    ) -> None:
        super().__init__(address, receive_buffer=receive_buffer)
        self.socket = (context or trusting()).wrap_socket(self.socket, server_hostname="localhost")


def fingerprint(address: tuple[str, int], context: ssl.SSLContext | None = None) -> str:
    """Return the SHA-256 fingerprint of the certificate of the server at *address*."""
    stream = TlsStream(address, context=context)
    shown = stream.socket.getpeercert(binary_form=True)
    stream.close()
    assert shown is not None
    return hashlib.sha256(shown).digest().hex(":").upper()


def trusting() -> ssl.SSLContext:
    """Return settings for TLS that check nothing."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class ProgramStream:
    """The standard input and output of a program."""

    def __init__(self, command: Sequence[str]) -> None:
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input = self.process.stdin
        self._output = self.process.stdout

    def send(self, data: bytes) -> None:
        self._input.write(data)
        self._input.flush()

    def receive(self) -> bytes:
        readable, _, _ = select.select([self._output], [], [], DEADLINE)
        if not readable:
            raise TimeoutError
        return os.read(self._output.fileno(), 65_536)

    def finish(self) -> None:
        self._input.close()

    def wait(self) -> int:
        """Wait until the program ends by itself; return its exit code."""
        return self.process.wait(DEADLINE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._output.close()
        if not self._input.closed:
            self._input.close()
