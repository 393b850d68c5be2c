"""The daemon under systemd: it says when it is ready, takes a port that is open already, and logs for programs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from e2e.clients import Person
from e2e.daemon import HOST, LISTEN, DaemonFactory, running, twistd
from e2e.streams import SocketStream
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

UNIT = Path(__file__).parents[2] / "docs" / "chat.service"


@pytest.mark.parametrize("abstract", [False, True])
def test_it_says_when_it_is_ready_and_when_it_ends(
    start_chat: DaemonFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, abstract: bool
) -> None:
    address = f"\0chat-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as system:
        system.bind(address)
        system.settimeout(DEADLINE)
        monkeypatch.setenv("NOTIFY_SOCKET", address.replace("\0", "@"))
        chat = start_chat()
        assert system.recv(100) == b"READY=1"
        chat.person("ada")
        chat.signal(signal.SIGTERM)
        assert system.recv(100) == b"STOPPING=1"


def test_it_takes_a_port_that_is_open_already(tmp_path: Path) -> None:
    """As systemd does: the port is descriptor 3, and the process is told that it is meant."""
    with socket.create_server((HOST, 0)) as port:
        script = 'exec 3<&"$1"; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=chat exec "${@:2}"'
        options = ["--nodaemon", "--pidfile=", "chat", "--listen", "systemd:domain=INET:index=0"]
        command = ["bash", "-c", script, "bash", str(port.fileno()), *twistd(), *options]
        with running(
            command, cwd=tmp_path, pass_fds=[port.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as daemon:
            ada = Person(SocketStream((HOST, port.getsockname()[1])))
            ada.walk_in("ada")
            daemon.send_signal(signal.SIGTERM)
            ada.until("* The server is shutting down. Goodbye.")
            ada.close()
            assert daemon.wait(DEADLINE) == 0


def test_the_log_as_json_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as output:
        options = ["--nodaemon", "--pidfile=", "--logger", "chat.jsonlog.to_stdout", "chat", "--listen", LISTEN]
        with running([*twistd(), *options], cwd=tmp_path, stdout=output, stderr=output) as daemon:
            wait_for(lambda: "listening on" in log.read_text(), "it listens")
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(DEADLINE) == 0
    records = [json.loads(line) for line in log.read_text().splitlines()]
    (record,) = [record for record in records if record["text"] == f"listening on {LISTEN}"]
    assert record == {
        "time": record["time"],
        "level": "info",
        "from": "chat.service",
        "text": f"listening on {LISTEN}",
    }


def test_the_unit_is_one_that_systemd_understands(tmp_path: Path) -> None:
    copy = tmp_path / "chat.service"
    copy.write_text(UNIT.read_text().replace("/opt/chat/bin/twistd", "/bin/true"))
    done = subprocess.run([tool("systemd-analyze"), "verify", str(copy)], capture_output=True, text=True, check=False)
    assert "chat.service" not in done.stderr
