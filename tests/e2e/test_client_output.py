"""What the client prints, where its reader goes, stalls or lacks letters, and what may surround its start."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from client.terminals import COMMAND, ENVIRONMENT, FOLDER

from e2e.clients import Person
from e2e.daemon import Daemon, running
from e2e.tools import tool
from e2e.waiting import DEADLINE

BOM = b"\xef\xbb\xbf"
SAID = ("café", "“quoted” — dash", "日本語", "plain")


def address(daemon: Daemon, name: str = "x") -> str:
    """Where *name* goes."""
    return f"{name}@127.0.0.1:{daemon.port}"


def shell(command: str, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Have a shell run the client as ``"$@"`` with *arguments*."""
    line = ["sh", "-c", command, "sh", *COMMAND, *arguments]
    environment = ENVIRONMENT | (env or {})
    return subprocess.run(
        line, cwd=FOLDER, env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False
    )


@contextmanager
def client(*arguments: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run the client while the context lasts; it leaves the chat at the end."""
    options = {"env": ENVIRONMENT} | options
    with running([*COMMAND, *arguments], cwd=FOLDER, **options) as process:
        yield process
        process.terminate()
        process.wait(DEADLINE)


@pytest.fixture
def bob(shared_chat: Daemon) -> Person:
    """Somebody who is in already."""
    return shared_chat.person("bob")


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A pseudo-terminal: the end of who looks at it, and that of programs."""
    master, slave = pty.openpty()
    yield master, slave
    os.close(slave)


def read_until(descriptor: int, wanted: bytes) -> bytes:
    """Read until *wanted* has come."""
    data = b""
    while wanted not in data:
        ready, _, _ = select.select([descriptor], [], [], DEADLINE)
        assert ready, f"{wanted!r} did not come; there was {data!r}"
        data += os.read(descriptor, 4096)
    return data


# Output that can't be written


def test_tail_ends_when_its_reader_goes_without_a_further_line(shared_chat: Daemon, bob: Person) -> None:
    with client("--tail", address(shared_chat), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        assert tail.stderr is not None
        bob.expect("* x joined.")
        bob.type("hello")
        assert tail.stdout.readline().endswith(b"bob: hello\n")
        tail.stdout.close()
        assert tail.wait(DEADLINE) == 0
        assert tail.stderr.read() == b""
    bob.expect("* x left.")


def test_tail_on_a_full_disk_ends_at_the_first_line(shared_chat: Daemon, bob: Person) -> None:
    with (
        open("/dev/full", "wb") as full,
        client("--tail", address(shared_chat), stdout=full, stderr=subprocess.PIPE) as tail,
    ):
        bob.expect("* x joined.")
        bob.type("hello")
        assert tail.wait(DEADLINE) == 1
        assert tail.stderr is not None
        assert tail.stderr.read() == b"chat: the output can't be written: No space left on device.\n"


@pytest.mark.parametrize("option", ["--tail", "--plain"])
def test_no_output(shared_chat: Daemon, terminal: tuple[int, int], option: str) -> None:
    command = ["sh", "-c", '"$@" >&-', "sh", *COMMAND, option, address(shared_chat)]
    done = subprocess.run(
        command,
        cwd=FOLDER,
        env=ENVIRONMENT,
        stdin=terminal[1],
        stderr=subprocess.PIPE,
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"chat: there is no output to print to.\n")


@pytest.mark.parametrize("words", [["--help"], ["admin", "accounts"], ["export"]])
def test_what_only_prints_needs_an_output(words: list[str]) -> None:
    done = shell('"$@" >&-', *words)
    assert (done.returncode, done.stderr) == (1, "chat: there is no output to print to.\n")


def test_a_plain_client_ends_when_its_reader_goes(shared_chat: Daemon, bob: Person, terminal: tuple[int, int]) -> None:
    with client(address(shared_chat), stdin=terminal[1], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as plain:
        assert plain.stdout is not None
        assert plain.stderr is not None
        while b"You are x" not in plain.stdout.readline():
            assert plain.poll() is None
        plain.stdout.close()
        assert plain.wait(DEADLINE) == 0
        assert plain.stderr.read() == b""
    bob.expect("* x joined.", "* x left.")


@pytest.mark.parametrize("option", ["--tail", "--plain"])
def test_a_stalled_terminal_keeps_nobody_from_ending_the_client(
    shared_chat: Daemon, terminal: tuple[int, int], option: str
) -> None:
    """Nobody reads the other end of the terminal."""
    _, slave = terminal
    before = fcntl.fcntl(slave, fcntl.F_GETFL), termios.tcgetattr(slave)
    bob = shared_chat.bot("bob")
    with client(option, address(shared_chat), stdin=slave, stdout=slave, stderr=slave) as stalled:
        bob.until("joined", name="x")
        termios.tcflow(slave, termios.TCOOFF)
        for _ in range(100):
            bob.ask("say", room="lobby", text="a long line " * 300)
        assert fcntl.fcntl(slave, fcntl.F_GETFL) == before[0]
        assert stalled.poll() is None
        stalled.send_signal(signal.SIGTERM)
        assert stalled.wait(DEADLINE) == 0
    assert termios.tcgetattr(slave) == before[1]


def test_tail_loses_nothing_while_its_reader_reads_nothing(shared_chat: Daemon) -> None:
    bob = shared_chat.bot("bob")
    with client("--tail", address(shared_chat), stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        bob.until("joined", name="x")
        for number in range(1000):
            bob.ask("say", room="lobby", text=f"{number} {'x' * 1000}")
        numbers = [int(tail.stdout.readline().split()[4]) for _ in range(1000)]
        assert numbers == list(range(1000))
        tail.send_signal(signal.SIGTERM)
        assert tail.wait(DEADLINE) == 0


@pytest.mark.parametrize("command", ["", "admin", "export", "import", "completion", "serve"])
def test_a_help_that_can_not_be_written(command: str) -> None:
    done = shell('"$@" >/dev/full', *command.split(), "--help")
    assert (done.returncode, done.stderr) == (1, "chat: the output can't be written: No space left on device.\n")


@pytest.mark.parametrize("command", ["admin rooms", "admin check", "export", "export --output /dev/full"])
def test_an_answer_that_can_not_be_written(tmp_path: Path, command: str) -> None:
    log = tmp_path / "2026-11-26.log"
    log.write_text("[16:59] <ada> hello\n")
    data = ("--data", str(tmp_path / "data"))
    assert shell('"$@"', "import", str(log), "--format", "plain", "--room", "dev", *data).returncode == 0
    done = shell('"$@" >/dev/full', *command.split(), *data)
    assert (done.returncode, done.stderr) == (1, "chat: the output can't be written: No space left on device.\n")


def test_a_help_whose_reader_has_seen_enough() -> None:
    done = shell('{ "$@"; echo $? >&2; } | true', "--help")
    assert done.stderr == "0\n"


# Locales


@pytest.fixture
def latin_1() -> dict[str, str]:
    """An environment in which text is Latin-1."""
    for name in ("de_DE.ISO-8859-1", "en_US.ISO-8859-1"):
        environment = {"LC_ALL": name, "PYTHONIOENCODING": "", "PYTHONUTF8": ""}
        if shell("locale charmap", env=environment).stdout == "ISO-8859-1\n":
            return environment
    pytest.skip("there is no locale with Latin-1")


def test_every_line_is_printed_whatever_the_locale_lacks(
    shared_chat: Daemon, bob: Person, latin_1: dict[str, str]
) -> None:
    with client("--tail", address(shared_chat), stdout=subprocess.PIPE, env=ENVIRONMENT | latin_1) as tail:
        assert tail.stdout is not None
        bob.expect("* x joined.")
        bob.type(*SAID)
        lines = [tail.stdout.readline().partition(b"bob: ")[2] for _ in SAID]
        assert lines == [b"caf\xe9\n", b"?quoted? ? dash\n", b"???\n", b"plain\n"]


def test_what_is_typed_is_read_in_the_locale(
    shared_chat: Daemon, bob: Person, latin_1: dict[str, str], terminal: tuple[int, int]
) -> None:
    master, slave = terminal
    with client("--plain", address(shared_chat), stdin=slave, stdout=slave, env=ENVIRONMENT | latin_1):
        bob.expect("* x joined.")
        read_until(master, b"in #lobby with bob")
        os.write(master, b"\xfcber\r")
        read_until(master, b"\xfcber\r\r\n")
        bob.expect("x: über")


def test_what_comes_in_by_a_pipe_is_read_in_the_locale(
    shared_chat: Daemon, bob: Person, latin_1: dict[str, str]
) -> None:
    assert shell("""printf '\\374ber\\n\\303\\274ber\\n' | "$@" """, address(shared_chat), env=latin_1).returncode == 0
    bob.expect("* x joined.", "x: über", "x: über")


# The start


def test_no_input() -> None:
    done = shell('"$@" <&-', "x@127.0.0.1:1")
    assert done.returncode == 2
    assert done.stderr == "chat: there is no input. Say something by a pipe, or print what is said with --tail.\n"


def test_tail_needs_no_input(shared_chat: Daemon, bob: Person) -> None:
    command = ["sh", "-c", 'exec "$@" <&-', "sh", *COMMAND, "--tail", address(shared_chat)]
    with running(command, cwd=FOLDER, env=ENVIRONMENT, stdout=subprocess.PIPE) as tail:
        assert tail.stdout is not None
        bob.expect("* x joined.")
        bob.type("hello")
        assert tail.stdout.readline().endswith(b"bob: hello\n")
        tail.terminate()
        assert tail.wait(DEADLINE) == 0


def test_an_input_that_can_not_be_read(shared_chat: Daemon) -> None:
    done = shell('"$@" 0>/dev/null', address(shared_chat))
    assert (done.returncode, done.stderr) == (1, "chat: the input can't be read: Bad file descriptor.\n")


def test_complaints_do_not_go_elsewhere_where_there_is_no_standard_error() -> None:
    done = shell('"$@" 2>&-', "--nonsense")
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("home", ["unreadable", "unset"])
def test_a_home_that_can_not_be_used(shared_chat: Daemon, bob: Person, tmp_path: Path, public: Path, home: str) -> None:
    """As after su, in cron, and in containers. Nobody has the number of that user, nor may read the files here.

    The Python of the tests may be in a directory of ours alone, so it is mounted where that user can get at it.
    """
    if os.getuid():
        pytest.skip("only root can be somebody else")
    there = tmp_path / "home"
    there.mkdir(mode=0o700)
    become = f"{tool('setpriv')} --reuid=65777 --regid=65534 --clear-groups"
    python = public / Path(sys.executable).relative_to(sys.prefix)
    inside = f"mount --bind {sys.prefix} {public} && echo hi | {become} {python} -m chat {address(shared_chat)}"
    variable = "-u HOME" if home == "unset" else f"HOME={there}"
    command = f"env -u XDG_CONFIG_HOME {variable} {tool('unshare')} --mount sh -c '{inside}'"
    done = shell(command, env={"PYTHONPATH": str(FOLDER)})
    assert (done.returncode, done.stderr) == (0, "")
    bob.expect("* x joined.", "x: hi")


@pytest.mark.parametrize("option", ["--config", "--password-file"])
def test_a_byte_order_mark_is_passed_over(shared_chat: Daemon, bob: Person, tmp_path: Path, option: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(BOM + (b'name = "marked"\r\n' if option == "--config" else b"correct horse\r\n"))
    if option == "--password-file":
        owner = shared_chat.bot("marked")
        owner.ask("register", password="correct horse")
        owner.leave()
        bob.until("* marked left.")
    done = shell(
        'echo hi | "$@"', option, str(path), address(shared_chat, "marked" if "word" in option else "").lstrip("@")
    )
    assert (done.returncode, done.stderr) == (0, "")
    bob.expect("* marked joined.", "marked: hi")


def test_a_log_that_can_not_be_written_ends_nothing(shared_chat: Daemon, bob: Person) -> None:
    done = shell('echo hi | "$@"', "--log", "/dev/full", address(shared_chat))
    assert (done.returncode, done.stderr) == (0, "chat: /dev/full can't be written: No space left on device.\n")
    bob.expect("* x joined.", "x: hi")
