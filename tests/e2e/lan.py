"""A network of two machines, each a network namespace, so that programs use real addresses and the usual ports."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from e2e.tools import tool

HOST4, HOST6 = "10.77.0.1", "fd77::1"
GUEST4, GUEST6 = "10.77.0.2", "fd77::2"

_MAKE = f"""
set -e
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
    """Two machines on one network; without the right to make network namespaces, the test is skipped."""
    command = [tool("unshare"), "--user", "--map-root-user", "--net", "sh", "-c", _MAKE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as maker:
        assert maker.stdout is not None
        guest = maker.stdout.readline().strip()
        if not guest:
            pytest.skip("there may be no network namespaces here")
        yield Lan(_into(str(maker.pid)), _into(guest))
        maker.communicate("\n")


def _into(process: str) -> list[str]:
    return [tool("nsenter"), "--target", process, "--user", "--net", "--preserve-credentials"]
