"""What the machine tells of its place in the network."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from chat.daemon import network


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ([], []),
        ([("eth0", "fe80::1")], []),
        ([("eth0", "2a00::1"), ("eth0", "8.8.8.8"), ("eth0", "fe80::1")], ["8.8.8.8", "2a00::1"]),
        ([("docker0", "172.17.0.1"), ("wlan0", "192.168.1.7")], ["192.168.1.7", "172.17.0.1"]),
        ([("wlan0", "2a00::7"), ("wlan0", "fd00::7"), ("wlan0", "192.168.1.7")], ["192.168.1.7", "fd00::7"]),
        ([("eth0", "8.8.8.8"), ("usb0", "169.254.3.4")], ["169.254.3.4", "8.8.8.8"]),
        ([("eth0", "10.0.0.2"), ("eth0", "10.0.0.1")], ["10.0.0.2"]),
        ([(f"veth{number}", f"10.0.{number}.1") for number in range(9)], [f"10.0.{number}.1" for number in range(4)]),
    ],
)
def test_the_likeliest_address_is_told_first(
    monkeypatch: pytest.MonkeyPatch, found: list[tuple[str, str]], told: list[str]
) -> None:
    monkeypatch.setattr(network, "_all_addresses", lambda: [(name, ip_address(address)) for name, address in found])
    monkeypatch.setattr(network, "usual_address", lambda _: ip_address("192.168.1.7"))
    assert network.addresses() == told


def test_the_addresses_of_this_machine_are_its_own() -> None:
    """What the system lists can be listened on; no loopback is among it."""
    for _, address in network._all_addresses():
        assert not address.is_loopback
        if not address.is_link_local:
            family = socket.AF_INET if address.version == 4 else socket.AF_INET6
            with socket.create_server((str(address), 0), family=family):
                pass


@pytest.mark.parametrize(
    ("answers", "name"),
    [
        (["192.168.1.7"], "desk.local"),
        (["fe80::7%eth0", "192.168.1.7"], "desk.local"),
        (["203.0.113.80"], None),
        (OSError("no such name"), None),
        (UnicodeError("label too long"), None),
    ],
)
def test_a_name_is_told_only_if_it_means_this_machine(
    monkeypatch: pytest.MonkeyPatch, answers: Sequence[str] | Exception, name: str | None
) -> None:
    def look_up(host: str, *_: Any, **options: Any) -> list[Any]:
        assert host == "desk.local"
        if isinstance(answers, Exception):
            raise answers
        return [(None, None, None, "", (answer, 0)) for answer in answers]

    monkeypatch.setattr(socket, "gethostname", lambda: "desk.example.org")
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert network.local_name(["192.168.1.7", "fd00::7"]) == name


UFW = "The firewall ufw is on. If others get no answer, let them in: sudo ufw allow 12345,12346/tcp"
FIREWALLD = (
    "The firewall firewalld is on. If others get no answer, let them in: "
    "sudo firewall-cmd --add-port=12345/tcp --add-port=12346/tcp"
)


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, None),
        ({"etc/ufw/ufw.conf": "ENABLED=no\n"}, None),
        ({"etc/ufw/ufw.conf": "ENABLED=yes\n"}, UFW),
        (
            {
                "etc/ufw/ufw.conf": "ENABLED=yes\n",
                "etc/ufw/user.rules": "-A ufw-user-input -p tcp --dport 12345 -j ACCEPT\n",
            },
            UFW,
        ),
        (
            {
                "etc/ufw/ufw.conf": "ENABLED=yes\n",
                "etc/ufw/user.rules": "-A ufw-user-input -p tcp -m multiport --dports 12345,12346 -j ACCEPT\n",
            },
            None,
        ),
        ({"sys/fs/cgroup/system.slice/firewalld.service/cgroup.procs": "1\n"}, FIREWALLD),
    ],
)
def test_a_firewall_is_told_with_what_opens_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, str], sentence: str | None
) -> None:
    monkeypatch.setattr(network, "_chains", lambda: "")
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert network.firewall([12345, 12346], tmp_path) == sentence


@pytest.mark.parametrize(
    ("chains", "told"),
    [
        ("table inet f {\n\tchain in {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n", True),
        ("table inet f {\n\tchain in {\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n}\n", False),
        (
            "table inet f {\n\tchain in {\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n"
            "\tchain out {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n",
            False,
        ),
    ],
)
def test_a_chain_that_drops_what_comes_in_is_a_firewall(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, chains: str, told: bool
) -> None:
    monkeypatch.setattr(network, "_chains", lambda: chains)
    assert (network.firewall([12345], tmp_path) is not None) is told


@pytest.mark.parametrize(("file", "told"), [("run/.containerenv", True), (".dockerenv", True), ("run/other", False)])
def test_a_container_knows_that_it_is_one(tmp_path: Path, file: str, told: bool) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / file).touch()
    assert network.in_container(tmp_path) is told
