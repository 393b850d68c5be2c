"""Signals: none but those that ask for the end ends the chat, and logs can be rotated from outside."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.daemon import LISTEN, DaemonFactory, running, twistd
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

LOGROTATE = (Path(__file__).parents[2] / "docs" / "running.md").read_text()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
@pytest.mark.parametrize("options", [(), ("--tls-listen", LISTEN)], ids=["plain", "tls"])
def test_a_signal_that_asks_for_no_end_ends_nothing(
    start_chat: DaemonFactory, number: signal.Signals, options: tuple[str, ...]
) -> None:
    chat = start_chat(*options)
    ada = chat.person("ada")
    chat.signal(number)
    chat.await_log("there is no log file to open again")
    if number is signal.SIGHUP:
        chat.await_log("fingerprint is" if options else "there is no certificate to read again")
    ada.type("/who")
    ada.expect("* In #lobby: ada")


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_during_the_start_is_answered_after_it(tmp_path: Path, number: signal.Signals) -> None:
    """The start is held up by options in a pipe, to which nothing is written until the signal was sent."""
    options, log = tmp_path / "chat.toml", tmp_path / "log"
    os.mkfifo(options)

    def opened() -> int:
        try:
            return os.open(options, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return 0  # nobody reads it yet

    with log.open("wb") as output:
        command = [*twistd(), "-n", "chat", "--listen", LISTEN, "--config", str(options)]
        with running(command, cwd=tmp_path, stdout=output, stderr=output) as daemon:
            writing = wait_for(opened, "it reads its options")
            daemon.send_signal(number)
            os.close(writing)
            wait_for(lambda: "there is no log file to open again" in log.read_text(), "it answers the signal")
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(DEADLINE) == 0


AS_THE_REACTOR_BEGINS = """
import os, signal
from twisted.internet import reactor
reactor.addSystemEventTrigger("during", "startup", os.kill, os.getpid(), signal.SIGTERM)
"""


def test_the_end_that_is_asked_for_as_the_reactor_begins_is_an_orderly_one(tmp_path: Path) -> None:
    """The reactor handles SIGTERM itself from then on."""
    command = [*twistd(AS_THE_REACTOR_BEGINS), "-n", "chat", "--listen", LISTEN]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0
    assert "Server Shut Down" in done.stdout


@pytest.fixture
def logging(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A chat that logs to a file, and that file."""
    log = tmp_path / "chat.log"
    options = ["--nodaemon", "--pidfile=", f"--logfile={log}", "chat", "--listen", LISTEN, f"--data={tmp_path}"]
    with running([*twistd(), *options], cwd=tmp_path) as daemon:
        wait_for(lambda: log.exists() and "listening on" in log.read_text(), "it listens")
        yield daemon, log
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(DEADLINE) == 0
    assert "Main loop terminated." in log.read_text()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_the_log_goes_on_in_a_new_file_when_the_old_one_was_moved(
    logging: tuple[subprocess.Popen[bytes], Path], number: signal.Signals
) -> None:
    daemon, log = logging
    for moved in ("chat.log.1", "chat.log.2"):
        log.rename(log.with_name(moved))
        daemon.send_signal(number)
        wait_for(lambda: log.exists() and f"the log goes on in {log}" in log.read_text(), "a new log")
        assert "listening on" not in log.read_text()


def test_every_log_file_is_for_nobody_else_to_read(logging: tuple[subprocess.Popen[bytes], Path]) -> None:
    daemon, log = logging
    assert log.stat().st_mode & 0o777 == 0o600
    log.rename(log.with_name("chat.log.1"))
    daemon.send_signal(signal.SIGHUP)
    wait_for(lambda: log.exists() and f"the log goes on in {log}" in log.read_text(), "a new log")
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_log_that_can_not_be_opened_anew_goes_on_where_it_was(
    logging: tuple[subprocess.Popen[bytes], Path], number: signal.Signals
) -> None:
    daemon, log = logging
    moved = log.parent.rename(log.parent.with_name("moved"))
    daemon.send_signal(number)
    old = moved / log.name
    wait_for(lambda: f"in the old file: {log} can't be opened (No such file" in old.read_text(), "it says so")
    moved.rename(log.parent)
    log.rename(log.with_name("chat.log.1"))
    daemon.send_signal(number)
    wait_for(lambda: log.exists() and f"the log goes on in {log}" in log.read_text(), "a new log")


def test_the_recipe_for_logrotate_works(logging: tuple[subprocess.Popen[bytes], Path]) -> None:
    program = tool("logrotate")
    daemon, log = logging
    _, recipe = LOGROTATE.split("/var/log/chat/chat.log {\n")
    recipe = recipe.split("}\n")[0].replace("systemctl reload chat", f"kill -HUP {daemon.pid}")
    config = log.with_name("recipe")
    config.write_text(f"{log} {{\n{recipe}}}\n")
    for _ in range(2):
        subprocess.run([program, "--force", "--state", str(log.with_name("state")), str(config)], check=True)
        wait_for(lambda: log.exists() and "the log goes on in" in log.read_text(), "a new log")
        assert "listening on" not in log.read_text()
    assert sorted(file.name for file in log.parent.glob("chat.log*")) == ["chat.log", "chat.log.1", "chat.log.2.gz"]


def test_a_number_left_in_the_pid_file_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    """Only the claim on the data decides whether a chat runs there."""
    (tmp_path / "twistd.pid").write_text(f"{os.getpid()}\n")
    log = tmp_path / "log"
    with log.open("wb") as output:
        command = [*twistd(), "-n", "chat", "--listen", LISTEN]
        with running(command, cwd=tmp_path, stdout=output, stderr=output) as daemon:
            wait_for(lambda: "listening on" in log.read_text(), "it listens")
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(DEADLINE) == 0
