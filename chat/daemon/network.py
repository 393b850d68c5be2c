"""What the machine tells of its place in the network: its addresses, its name, a firewall."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from chat.core.peer import Address
from chat.protocols.listening import usual_address

MOST = 4
"""The addresses that are told at most."""
PATIENCE = 1.0
"""The seconds that nftables has to tell its rules."""

_UP, _LOOPBACK, _RUNNING = 0x1, 0x8, 0x40
"""The flags of an interface, which all systems number alike."""

_DROPS = re.compile(r"hook input [^}]*policy drop;")


class _Interface(ctypes.Structure):
    """``struct ifaddrs``."""


_Interface._fields_ = [
    ("next", ctypes.POINTER(_Interface)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("address", ctypes.c_void_p),
]


def addresses() -> list[str]:
    """The addresses by which others on the network reach this machine, the likeliest first.

    Private ones come first, and of each interface there is one of IPv4 and one of IPv6. Link-local addresses of IPv6
    are left out: they would go with the name of an interface of the other machine.
    """
    usual = {usual_address(family) for family in (socket.AF_INET, socket.AF_INET6)}
    found = sorted(
        ((name, address) for name, address in _all_addresses() if not (address.version == 6 and address.is_link_local)),
        key=lambda found: (_rank(found[1]), found[1] not in usual),
    )
    first = {(name, address.version): address for name, address in reversed(found)}
    return [str(address) for _, address in found if address in first.values()][:MOST]


def local_name(known: Sequence[str]) -> str | None:
    """The name in ``.local`` that means one of our *known* addresses, if it does; asking may take seconds."""
    name = f"{socket.gethostname().partition('.')[0]}.local"
    try:
        answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    meant = {str(answer[4][0]).partition("%")[0] for answer in answers}
    return name if meant & set(known) else None


def in_container(root: Path = Path("/")) -> bool:
    """Tell whether this is a container of Docker or Podman, whose addresses may be of no use to others."""
    return (root / ".dockerenv").exists() or (root / "run/.containerenv").exists()


def firewall(ports: Sequence[int], root: Path = Path("/")) -> str | None:
    """Say how to let others come in by *ports*, if a firewall is known to stand in the way."""
    listed = ",".join(str(port) for port in ports)
    if "ENABLED=yes" in _text(root / "etc/ufw/ufw.conf"):
        rules = _text(root / "etc/ufw/user.rules")
        if all(re.search(rf"--dports? (\S+,)?{port}\b.*-j ACCEPT", rules) for port in ports):
            return None
        return f"The firewall ufw is on. If others get no answer, let them in: sudo ufw allow {listed}/tcp"
    if (root / "sys/fs/cgroup/system.slice/firewalld.service").exists() or (root / "run/firewalld.pid").exists():
        added = " ".join(f"--add-port={port}/tcp" for port in ports)
        return f"The firewall firewalld is on. If others get no answer, let them in: sudo firewall-cmd {added}"
    if _DROPS.search(_chains()):
        return f"The firewall nftables drops what no rule allows. Allow TCP to {listed}, if others get no answer."
    return None


def _all_addresses() -> Iterator[tuple[bytes, Address]]:
    """The addresses of all interfaces that are in use, with the names of these."""
    system = ctypes.CDLL(None, use_errno=True)
    listed = ctypes.POINTER(_Interface)()
    if system.getifaddrs(ctypes.byref(listed)):
        return
    try:
        one = listed
        while one:
            interface = one.contents
            if interface.address and interface.flags & (_UP | _RUNNING | _LOOPBACK) == _UP | _RUNNING:
                address = _address(ctypes.string_at(interface.address, 2), interface.address)
                if address is not None and not address.is_loopback:
                    yield interface.name, address
            one = interface.next
    finally:
        system.freeifaddrs(listed)


def _address(head: bytes, place: int) -> Address | None:
    """The address of a ``struct sockaddr``, which outside of Linux begins with its length."""
    family = int.from_bytes(head, sys.byteorder) if sys.platform == "linux" else head[1]
    if family == socket.AF_INET:
        return IPv4Address(ctypes.string_at(place + 4, 4))
    if family == socket.AF_INET6:
        return IPv6Address(ctypes.string_at(place + 8, 16))
    return None


def _rank(address: Address) -> int:
    if address.version == 4:
        return 1 if address.is_link_local else 0 if address.is_private else 3
    return 2 if address.is_private else 4


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeError):
        return ""


def _chains() -> str:
    """What nftables has, which only root may ask."""
    program = shutil.which("nft") if os.geteuid() == 0 else None
    if program is None:
        return ""
    with suppress(OSError, subprocess.TimeoutExpired):
        command = [program, "list", "chains"]
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout  # noqa: S603
    return ""
