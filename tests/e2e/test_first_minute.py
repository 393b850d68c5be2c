"""The first minute: what the daemon says at a terminal, how others come in, and what it says if it can't start."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pexpect
import pytest
import segno

from e2e.daemon import HOST, LISTEN, running, twistd
from e2e.lan import HOST4, HOST6, Lan, lan
from e2e.tools import put_away, tool
from e2e.waiting import DEADLINE, wait_for

SCRIPTS = Path(sys.executable).parent
CHAT = [sys.executable, "-m", "chat"]
_PATIENT = "from chat.daemon import greeter, network; greeter.LOOK_UP = network.PATIENCE = 100; import chat.__main__"
PATIENT_CHAT = [sys.executable, "-c", _PATIENT]
"""It waits for what it looks up about the machine however busy that is, and not only for a second."""
ENVIRONMENT = {**os.environ, "PATH": f"{SCRIPTS}:{os.environ['PATH']}", "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def network() -> Iterator[Lan]:
    """A network of two machines."""
    with lan() as made:
        yield made


class Terminal:
    """A program at a terminal."""

    def __init__(self, folder: Path, command: Sequence[str], **environment: str) -> None:
        program, *words = command
        self.child = pexpect.spawn(
            program,
            words,
            cwd=str(folder),
            env={**ENVIRONMENT, **environment},
            encoding="utf-8",
            codec_errors="replace",
            timeout=DEADLINE,
            dimensions=(40, 300),
        )

    def until(self, pattern: str) -> list[str]:
        """Wait for a line that ends so; return all lines up to it."""
        self.child.expect(f"{pattern}\r\n")
        shown: str = self.child.before + self.child.match.group()
        return shown.split("\r\n")[:-1]

    def greeting(self) -> list[str]:
        """What is printed first."""
        return self.until("ends the chat.")

    def end(self) -> list[str]:
        """Press Ctrl-C; return what is printed after that."""
        self.child.sendintr()
        return self.rest(0)

    def rest(self, code: int) -> list[str]:
        """What is printed until it ends with this exit code."""
        self.child.expect(pexpect.EOF)
        self.child.wait()
        assert (self.child.exitstatus, self.child.signalstatus) == (code, None)
        shown: str = self.child.before
        return [line for line in shown.split("\r\n") if line]


@contextmanager
def at_terminal(folder: Path, *command: str, **environment: str) -> Iterator[Terminal]:
    """Run a command at a terminal."""
    terminal = Terminal(folder, command, **environment)
    try:
        yield terminal
    finally:
        put_away(terminal.child)


def said(command: Sequence[str], folder: Path, **options: Any) -> str:
    """What a command that can't start says at the terminal, line by line; nothing of it is a traceback."""
    with at_terminal(folder, *command, **options) as terminal:
        return "\n".join(terminal.rest(1))


def typed(command: Sequence[str], *lines: str) -> str:
    """Type lines into a program, the last of which makes it end; return what it has shown by then."""
    with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("".join(f"{line}\n" for line in lines).encode())
        program.stdin.flush()
        shown = b""
        while b"Goodbye." not in shown and (line := program.stdout.readline()):
            shown += line
        return shown.decode("utf-8", "replace")


# -- the greeting


@pytest.mark.parametrize("command", ["twistd -n chat", "chat serve"])
def test_it_says_how_to_come_in_where_the_history_is_and_how_to_end(network: Lan, tmp_path: Path, command: str) -> None:
    with at_terminal(tmp_path, *network.host, *command.split()) as terminal:
        assert terminal.greeting() == [
            "The chat is open. To come in, type in another terminal:",
            "",
            "    nc localhost 12345",
            "    chat ada@localhost",
            "",
            f"The history is in {tmp_path}/chat.db",
            f"To let others on your network in: {command} --lan",
            "Ctrl-C ends the chat.",
        ]
        shown = typed([*network.host, tool("nc"), "localhost", "12345"], "ada", "hello", "exit")
        assert "* You are ada, alone in #lobby." in shown
        assert terminal.end() == ["^C", "The chat has ended."]


def test_the_commands_are_as_they_were_typed(network: Lan, tmp_path: Path) -> None:
    (tmp_path / "bin").symlink_to(SCRIPTS)
    command = ["bin/chat", "serve", "--data", "my data"]
    with at_terminal(tmp_path, *network.host, *command, PATH="/usr/bin:/bin") as terminal:
        greeting = terminal.greeting()
    assert "    bin/chat ada@localhost" in greeting
    assert f"The history is in {tmp_path}/my data/chat.db" in greeting
    assert "To let others on your network in: bin/chat serve --data 'my data' --lan" in greeting


def test_only_what_the_operator_must_see_comes_after_the_greeting(tmp_path: Path) -> None:
    port = ["--listen", LISTEN]
    with at_terminal(tmp_path, *CHAT, "serve", *port, "--no-limits", "--key", "tea") as terminal:
        greeting = terminal.greeting()
        assert greeting[0] == "The chat is open. To come in, type in another terminal:"
        (number,) = [line.split()[-1] for line in greeting if line.startswith("    nc ")]
        assert terminal.until("--config instead")
        assert terminal.until("--no-limits\\)")
        typed([tool("nc"), HOST, number], "tea", "ada", "hello", "exit")
        assert terminal.end() == ["^C", "The chat has ended."]


@pytest.mark.parametrize("where", ["pipe", "option"])
def test_the_log_goes_where_there_is_no_terminal_or_by_its_option(tmp_path: Path, where: str) -> None:
    command = [*CHAT, "serve", "--listen", LISTEN]
    if where == "option":
        with at_terminal(tmp_path, *command, "--log") as terminal:
            assert re.match(r"\S+ \[.*\] twistd .* starting up\.", terminal.until("listening on .*?")[0])
            terminal.child.sendintr()
            shown = "\n".join(terminal.rest(0))
    else:
        log = tmp_path / "log"
        with log.open("wb") as output, running(command, cwd=tmp_path, stdout=output, stderr=output) as daemon:
            wait_for(lambda: "listening on" in log.read_text(), "it listens")
            daemon.send_signal(signal.SIGINT)
            assert daemon.wait(DEADLINE) == 0
        shown = log.read_text()
    assert "Server Shut Down." in shown
    assert "The chat " not in shown


def test_a_job_in_the_background_of_a_shell_greets_too_and_is_not_stopped(tmp_path: Path) -> None:
    """With ``stty tostop`` the terminal stops those in the background who write to it."""
    for options, last in ("", r"kill \d+ ends the chat\."), ("--data /proc/x", "Choose another place with --data."):
        script = f"set -m; stty tostop; {' '.join(CHAT)} serve --listen {LISTEN} {options} & wait"
        with at_terminal(tmp_path, tool("bash"), "-c", script) as terminal:
            line = terminal.until(last)[-1]
            if not options:
                os.kill(int(line.split()[1]), signal.SIGTERM)
                assert "The chat has ended." in terminal.rest(0)


def test_the_chat_goes_on_when_its_terminal_is_closed(tmp_path: Path) -> None:
    with at_terminal(tmp_path, *CHAT, "serve", "--listen", LISTEN) as terminal:
        greeting = terminal.greeting()
        (number,) = [line.split()[-1] for line in greeting if line.startswith("    nc ")]
        pid = terminal.child.pid
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), terminal.child.child_fd)
        shown = typed([tool("nc"), HOST, number], "ada", "hello", "exit")
        assert "* You are ada, alone in #lobby." in shown
        os.kill(pid, signal.SIGTERM)
        assert terminal.child.wait() == 0


def test_a_terminal_that_knows_few_letters_gets_escapes(tmp_path: Path) -> None:
    folder = tmp_path / "caf\u00e9\x1b[2J"
    folder.mkdir()
    command = [*CHAT, "serve", "--listen", LISTEN]
    with at_terminal(folder, *command, PYTHONIOENCODING="ascii") as terminal:
        assert f"The history is in {tmp_path}/caf\\xe9\\x1b[2J/chat.db" in terminal.greeting()


# -- others on the network


def test_friends_come_in_by_the_lines_that_it_prints(network: Lan, tmp_path: Path) -> None:
    with at_terminal(tmp_path, *network.host, *CHAT, "serve", "--lan") as terminal:
        greeting = terminal.greeting()
        assert greeting[:5] == [
            "The chat is open, also to others on your network. They type:",
            "",
            f"    nc {HOST4} 12345",
            f"    nc {HOST6} 12345",
            f"    chat tls://ada@{HOST4}",
        ]
        assert "With nc, everybody on the way can read along." in greeting
        assert f"In a browser, open http://{HOST4}:8080/" in greeting
        for line in greeting[2:4]:
            shown = typed([*network.guest, *line.split()], "bob", "hello", "/register open sesame", "exit")
            assert "* You are bob, alone in #lobby." in shown
            assert "! Others could read a password on this connection." in shown
        shown = typed([*network.guest, tool("ncat"), "--ssl", HOST4, "12346"], "bob", "/register open sesame", "exit")
        assert "* The name bob is yours now." in shown
        fingerprint = re.search("fingerprint: (.*)", "\n".join(greeting))
        assert fingerprint is not None
        with at_terminal(tmp_path, *network.guest, *CHAT, f"tls://ada@{HOST4}", HOME=str(tmp_path)) as friend:
            friend.child.expect_exact(fingerprint[1])
        assert terminal.end() == ["^C", "The chat has ended."]
    with at_terminal(tmp_path, *network.host, *CHAT, "serve", "--lan") as terminal:
        assert terminal.greeting() == greeting, "the same data has the same certificate"


def test_the_name_of_the_machine_is_told_if_it_is_known_in_the_network(network: Lan, tmp_path: Path) -> None:
    name = f"{socket.gethostname().partition('.')[0]}.local"
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{HOST4} {name}\n")
    script = 'mount --bind hosts /etc/hosts && exec "$@"'
    command = [*network.host, tool("unshare"), "--mount", "sh", "-c", script, "sh", *PATIENT_CHAT]
    command += ["serve", "--lan"]
    with at_terminal(tmp_path, *command) as terminal:
        assert terminal.greeting()[2:4] == [f"    nc {HOST4} 12345", f"    nc {name} 12345"]


def test_the_key_is_told_to_who_opens_the_chat_and_the_guest_types_it(network: Lan, tmp_path: Path) -> None:
    config = tmp_path / "chat.toml"
    config.write_text('lan = true\nkey = "green tea"\n')
    with at_terminal(tmp_path, *network.host, *CHAT, "serve", "--config", str(config)) as terminal:
        assert "All are asked for the key first: green tea" in terminal.greeting()
        shown = typed([*network.guest, tool("nc"), HOST4, "12345"], "green tea", "bob", "exit")
        assert "* You are bob, alone in #lobby." in shown


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (["--lan", "--data", "none"], [f"nc {HOST4} 12345", f"nc {HOST6} 12345"]),
        (["--lan", "--members-only"], [f"ncat --ssl {HOST4} 12346", f"chat tls://ada@{HOST4}"]),
        (["--listen", "tcp:12345"], [f"nc {HOST4} 12345"]),
        (["--listen", "everywhere:2345"], [f"nc {HOST4} 2345", f"nc {HOST6} 2345"]),
        (
            ["--lan", "--listen", f"tcp:2345:interface={HOST4}", "--tls-listen", "tcp:2346"],
            [f"nc {HOST4} 2345", f"chat tls://ada@{HOST4}:2346"],
        ),
        (["--lan", "--listen", LISTEN], [f"ncat --ssl {HOST4} 12346", f"chat tls://ada@{HOST4}"]),
    ],
)
def test_what_others_type_is_what_reaches_the_chat(
    network: Lan, tmp_path: Path, options: list[str], lines: list[str]
) -> None:
    with at_terminal(tmp_path, *network.host, *CHAT, "serve", *options) as terminal:
        greeting = terminal.greeting()
        assert [line.strip() for line in greeting if line.startswith("    ")] == lines
        assert "is yours" not in "\n".join(greeting)
        for line in lines:
            if not line.startswith("chat"):
                shown = typed([*network.guest, *line.split()], "bob", "exit")
                assert "Welcome to chat." in shown


def test_a_guest_fetches_a_file_by_the_link_that_is_told_where_no_way_leads_to_the_rest_of_the_world(
    network: Lan, tmp_path: Path
) -> None:
    sent = tmp_path / "plan.txt"
    sent.write_text("tea at five")
    with at_terminal(tmp_path, *network.host, *CHAT, "serve", "--lan") as terminal:
        terminal.greeting()
        with at_terminal(tmp_path, *network.guest, tool("nc"), HOST4, "12345") as bob:
            bob.child.sendline("bob")
            bob.until("leave.\r?")
            command = [*network.host, *CHAT, "--file", str(sent), "ada@localhost"]
            subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, timeout=DEADLINE, check=True)
            link = bob.until(r"plan\.txt\r?")[-1].split()[-1]
        command = [*network.guest, tool("curl"), "-sg", link]
        assert subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE).stdout == "tea at five"


@pytest.mark.parametrize(("rows", "drawn"), [(40, True), (24, False)])
def test_a_guest_opens_the_page_and_a_phone_its_code(network: Lan, tmp_path: Path, rows: int, drawn: bool) -> None:
    """The code is drawn if all that is told stays on the screen with it."""
    with at_terminal(tmp_path, *network.host, *CHAT, "serve", "--lan", NO_COLOR="", TERM="xterm") as terminal:
        terminal.child.setwinsize(rows, 300)
        greeting = terminal.greeting()
        (page,) = [line.split()[-1] for line in greeting if line.startswith("In a browser, open ")]
        assert page == f"http://{HOST4}:8080/"
        for host in (HOST4, f"[{HOST6}]"):
            command = [*network.guest, tool("curl"), "-sg", f"http://{host}:8080/"]
            shown = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True).stdout
            assert shown.lower().startswith("<!doctype html>")
        last = terminal.end()
    code = [f"\x1b[97;40m{line}\x1b[0m" for line in segno_lines(page)] if drawn else []
    assert last == [*code, "^C", "The chat has ended."]


def segno_lines(text: str) -> list[str]:
    """The lines of the QR code of *text*."""
    drawn = StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue().splitlines()


def test_it_works_without_ipv6_and_without_any_network(tmp_path: Path) -> None:
    with lan() as other:
        off = "for what in /proc/sys/net/ipv6/conf/*/disable_ipv6; do echo 1 >$what; done"
        subprocess.run([*other.host, "sh", "-c", off], check=True)
        with at_terminal(tmp_path, *other.host, *CHAT, "serve", "--lan") as terminal:
            assert terminal.greeting()[2:4] == [f"    nc {HOST4} 12345", f"    chat tls://ada@{HOST4}"]
            assert "Welcome to chat." in typed([*other.guest, tool("nc"), HOST4, "12345"], "bob", "exit")
        subprocess.run([*other.host, tool("ip"), "link", "delete", "lan"], check=True)
        with at_terminal(tmp_path, *other.host, *CHAT, "serve", "--lan") as terminal:
            assert terminal.greeting()[:4] == [
                "The chat is open to others too, but this machine is on no network. Once it is, they type:",
                "",
                "    nc ADDRESS 12345",
                "    chat tls://ada@ADDRESS",
            ]


def test_a_firewall_that_drops_is_told_to_root(tmp_path: Path) -> None:
    program = tool("nft")
    rules = "add table inet f; add chain inet f in { type filter hook input priority 0; policy drop; }"
    with lan() as other:
        subprocess.run([*other.host, program, rules], check=True)
        with at_terminal(tmp_path, *other.host, *PATIENT_CHAT, "serve", "--lan") as terminal:
            expected = (
                "The firewall nftables drops what no rule allows. "
                "Allow TCP to 8080,12345,12346, if others get no answer."
            )
            assert expected in terminal.greeting()


# -- what keeps it from starting


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6"])
def test_a_port_in_use_by_one_family_is_in_use(network: Lan, tmp_path: Path, family: str) -> None:
    program = (
        f"import socket, time; s = socket.create_server(('', 12345), family=socket.{family}); print(); time.sleep(99)"
    )
    with running([*network.host, sys.executable, "-uc", program], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert said([*network.host, *CHAT, "serve", "--lan"], tmp_path) == (
            "chat: can't listen on port 12345: Address already in use. Choose another with --listen. "
            "For example: --lan --listen everywhere:12355"
        )


@pytest.mark.parametrize("endpoints", [["tcp:2345", r"tcp:2345:interface=\:\:"], [r"tcp6:2345", "tcp:2345"]])
def test_two_endpoints_that_are_one_are_told_apart(network: Lan, tmp_path: Path, endpoints: list[str]) -> None:
    options = [word for endpoint in endpoints for word in ("--listen", endpoint)]
    assert said([*network.host, *CHAT, "serve", *options], tmp_path).endswith(
        f"port 2345: Address already in use. This chat listens there by {endpoints[0]} already: choose another port, "
        "or, for IPv4 and IPv6, give --lan or everywhere:2345 in place of both."
    )


def test_a_number_alone_is_taken_for_a_port(tmp_path: Path) -> None:
    shown = said([*CHAT, "serve", "--listen", "12377"], tmp_path)
    assert "For a port, write tcp:12377, or everywhere:12377 for others too.\n" in shown


def test_an_endpoint_of_which_the_shell_has_taken_the_backslashes(tmp_path: Path) -> None:
    shown = said([*CHAT, "serve", "--listen", "tcp:12345:interface=:::"], tmp_path)
    assert "Try everywhere:12345, or quote it, as shells take backslashes: 'tcp:12345:interface=\\:\\:'" in shown
    assert len(shown.splitlines()) == 2


def test_a_second_chat_in_the_directory_is_told_of_the_first(network: Lan, tmp_path: Path) -> None:
    with at_terminal(tmp_path, *network.host, *CHAT, "serve") as first:
        first.greeting()
        assert said([*network.host, *twistd(), "-n", "chat"], tmp_path) == (
            f"chat: can't listen on {HOST} port 12345: Address already in use. A chat with the history in {tmp_path} "
            f"runs already: come in there, or stop it first (kill {first.child.pid})."
        )
        assert said([*network.host, *CHAT, "serve", "--listen", LISTEN], tmp_path) == (
            "chat: chat.db is in use by another chat. Stop that, or choose another place with --data."
        )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--data", "/proc/x"], "/proc/x: No such file or directory. Choose another place with --data."),
        (["--data", "/dev/null/x"], "/dev/null/x: Not a directory. Choose another place with --data."),
        (
            ["--listen", "unix:/proc/x/sock"],
            "can't listen on unix:/proc/x/sock: No such file or directory. Choose another with --listen.",
        ),
        (
            ["--listen", "tcp:99999"],
            "can't listen on tcp:99999: a port is a number from 0 to 65535. Choose another with --listen.",
        ),
        (
            ["--metrics", "tcp:99999"],
            "can't listen on tcp:99999: a port is a number from 0 to 65535. Choose another with --metrics.",
        ),
        (["--tls", "--tls-cert", "/proc/x"], "/proc/x can't be read: No such file or directory. Check --tls-cert."),
    ],
)
def test_what_keeps_it_from_starting_is_one_sentence(tmp_path: Path, options: list[str], sentence: str) -> None:
    listen = [] if "--listen" in options else ["--listen", LISTEN]
    tls = ["--tls-listen", LISTEN] if "--tls" in options else []
    command = ["chat", *listen, *tls, *options]
    for words in ([*CHAT, "serve", *command[1:]], [*twistd(), "-n", f"--logfile={tmp_path}/log", *command]):
        assert said(words, tmp_path) == f"chat: {sentence}"
    first, *others = said([*twistd(), "--logfile=log", *command], tmp_path).splitlines()
    assert first == f"chat: {sentence}"
    assert others[-1] == "Please look at log file for more information."


def test_where_nothing_can_be_written_the_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "chat.lock").mkdir()
    shown = said([*CHAT, "serve", "--listen", LISTEN], tmp_path)
    assert shown == f"chat: {tmp_path}: Is a directory. Choose another place with --data."


@pytest.mark.parametrize("command", ["chat serve", "twistd -n chat"])
def test_who_reads_a_part_of_the_help_sees_no_traceback(tmp_path: Path, command: str) -> None:
    script = f"set -o pipefail; {command} --help | head -1"
    with at_terminal(tmp_path, tool("bash"), "-c", script) as terminal:
        (line,) = terminal.rest(0)
    assert line.startswith("Usage: ")


def test_a_pid_file_that_is_in_the_way_may_go(tmp_path: Path) -> None:
    (tmp_path / "twistd.pid").write_text(f"{os.getpid()}\n")
    assert said([*twistd(), "chat", "--listen", LISTEN], tmp_path).splitlines()[0] == (
        f"chat: process {os.getpid()} runs, whose number is in twistd.pid. If that is no chat, remove twistd.pid, or "
        "give twistd --pidfile="
    )


def test_a_log_that_can_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    shown = said([*twistd(), "-n", "--logfile=/proc/x/log", "chat"], tmp_path)
    assert shown.splitlines()[0] == (
        "chat: the log can't go to /proc/x/log: No such file or directory. Choose another file with --logfile."
    )
