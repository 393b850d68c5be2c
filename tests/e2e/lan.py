"""A network of two machines, each a network namespace, so that programs use real addresses and the usual ports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from e2e.namespaces import inside, namespaces

HOST4, HOST6 = "10.77.0.1", "fd77::1"
GUEST4, GUEST6 = "10.77.0.2", "fd77::2"

_END = """
ip link set lo up
ip link set lan addrgenmode none
ip address add $1/24 dev lan
ip address add $2/64 dev lan nodad
ip link set lan up
"""
"""Sets up one end of the network, which has no address but these. For another, the system would see first, for a second
or two, whether somebody has it already; and a browser breaks off what it does when an address is added."""

_MAKE = f"""
unshare --net sleep infinity &
guest=$!
trap 'kill $guest' EXIT
until [ "$(readlink /proc/$guest/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link add lan type veth peer name lan netns $guest
sh -ec "$1" sh {HOST4} {HOST6}
nsenter --target $guest --net sh -ec "$1" sh {GUEST4} {GUEST6}
for enter in "" "nsenter --target $guest --net"; do
    until $enter ip -brief link show lan | grep -q " UP "; do sleep 0.01; done
done
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
    with namespaces(["--net"], _MAKE, _END) as (host, guest):
        yield Lan(inside(host, "--net"), inside(int(guest), "--net"))
