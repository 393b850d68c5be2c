"""The daemon connects to nobody: what it would send to the world is counted where the only way out is a dead end."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.daemon import Daemon, twistd
from e2e.namespaces import inside, namespaces
from e2e.waiting import wait_for

_DEAD_END = """
mount --bind "$1" /etc/resolv.conf
ip link set lo up
ip link add out arp off type veth peer name nowhere
for end in out nowhere; do
    echo 1 >/proc/sys/net/ipv6/conf/$end/disable_ipv6
    ip link set $end up
done
ip address add 192.0.2.1/24 dev out
ip route add default via 192.0.2.254 dev out
echo ready
read end || :
"""


class DeadEnd:
    """A network with one way out, where all packets are counted and lost; name servers are out there too."""

    def __init__(self, holder: int) -> None:
        self.enter = inside(holder, "--net", "--mount")

    def run(self, *command: str, given: str = "", check: bool = True) -> str:
        """Run a command there, and return what it prints."""
        return subprocess.run(
            [*self.enter, *command], input=given, stdout=subprocess.PIPE, text=True, check=check
        ).stdout

    @property
    def sent(self) -> int:
        """The packets that went out."""
        lines = self.run("cat", "/proc/net/dev").splitlines()
        (out,) = [line for line in lines if line.strip().startswith("out:")]
        return int(out.split(":")[1].split()[9])


@contextmanager
def dead_end(folder: Path) -> Iterator[DeadEnd]:
    """Make one."""
    names = folder / "resolv.conf"
    names.write_text("nameserver 192.0.2.53\noptions timeout:1 attempts:1\n")
    with namespaces(["--net", "--mount"], _DEAD_END, str(names)) as (holder, _):
        yield DeadEnd(holder)


def test_not_one_packet_leaves(tmp_path: Path) -> None:
    with dead_end(tmp_path) as network:
        options = ["chat", "--tls", "--metrics", "tcp:9100:interface=127.0.0.1"]
        chat = Daemon(
            [*network.enter, *twistd(), "-n", *options], tmp_path, 1, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        )
        client = [sys.executable, "-m", "chat", "--name"]
        said = network.run("nc", "-N", "127.0.0.1", "12345", given="eve\nlook at https://example.org/\nexit\n")
        assert "You are eve" in said
        network.run(*client, "bot", "127.0.0.1", given="hello\n")
        chat.end()
        assert network.sent == 0
        # Who asks for a name, or connects, is counted.
        network.run("getent", "hosts", "example.org", check=False)
        asked = wait_for(lambda: network.sent, "the question is counted")
        network.run("nc", "-w", "1", "198.51.100.1", "443", check=False)
        assert network.sent > asked


def test_the_daemon_has_no_words_to_connect_with() -> None:
    """Only the client, and `chat admin`, which reaches the daemon by its socket, connect to anything."""
    words = r"connect(TCP|SSL|UNIX)|clientFromString|(TCP[46]|UNIX)ClientEndpoint|HostnameEndpoint|create_connection"
    words += r"|urlopen|urllib\.request|http\.client|web\.client|smtplib"
    folder = Path(__file__).parents[2] / "chat"
    found = {path.relative_to(folder).parts[0] for path in folder.rglob("*.py") if re.search(words, path.read_text())}
    assert found <= {"client", "admin"}
