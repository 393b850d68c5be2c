"""Where ``chat admin`` and the chat of a data directory find each other, and who is at the other end."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

FILE = "admin.sock"
"""The name of the socket in the data directory."""

ALONE = "admin-alone.sock"
"""The name of the socket of a chat that runs for one ``chat admin`` alone, so that no other reaches it as it ends."""

LONGEST = 100
"""The bytes of a path that fit into the address of a socket: 107 on Linux, 103 elsewhere."""


@contextmanager
def address_in(directory: Path, file: str = FILE) -> Iterator[str]:
    """Give the address of the socket *file* in *directory*, which is good as long as the context lasts.

    A path that is too long for an address is written through a descriptor of its directory, as the working directory
    belongs to the whole process.
    """
    path = directory.absolute() / file
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    folder = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{file}"
    finally:
        os.close(folder)


class Peer(NamedTuple):
    """The process at the other end of a socket, and its user."""

    process: int
    user: int


def peer_of(link: socket.socket) -> Peer | None:
    """Tell who is at the other end of a local socket, if this system tells (unix(7))."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    process, user, _ = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return Peer(process, user)
