"""A network of two machines, each a network namespace, so that programs use real addresses and the usual ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from e2e.namespaces import inside, namespaces

HOST4, HOST6 = "10.77.0.1", "fd77::1"
GUEST4, GUEST6 = "10.77.0.2", "fd77::2"

_MAKE = f"""
ip link set lo up
unshare --net sleep infinity &
guest=$!
trap 'kill $guest' EXIT
until [ "$(readlink /proc/$guest/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add lan type veth peer name lan netns $guest
ip address add {HOST4}/24 dev lan
ip address add {HOST6}/64 dev lan nodad
ip link set lan up
nsenter --target $guest --net sh -ec '
    ip link set lo up
    ip address add {GUEST4}/24 dev lan
    ip address add {GUEST6}/64 dev lan nodad
    ip link set lan up'
echo $guest
read end || :
"""


@dataclass(frozen=True)
class Lan:
    """Two machines; a command is put before those that are to run on one of them."""

    host: Sequence[str]
    guest: Sequence[str]


@contextmanager
def lan() -> Iterator[Lan]:
    """Two machines on one network."""
    with namespaces(["--net"], _MAKE) as (host, guest):
        yield Lan(inside(host, "--net"), inside(int(guest), "--net"))
