"""The daemon as a program: in the background, its log, its ways to listen, its help."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec import structs

from chat import __version__
from chat.protocols.ways import WAYS
from chat.settings import Settings
from e2e.clients import Person
from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory, at, twistd
from e2e.streams import SocketStream
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run twistd to its end."""
    return subprocess.run(
        [*twistd(), *words], cwd=folder, capture_output=True, text=True, timeout=DEADLINE, check=False
    )


def read(path: Path) -> str:
    """What the file holds, if there is one."""
    return path.read_text() if path.exists() else ""


@contextmanager
def busy_port() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server((HOST, 0)) as other:
        yield other.getsockname()[1]


# -- in the background


def test_it_runs_in_the_background_and_is_stopped_by_its_pid(tmp_path: Path) -> None:
    done = run(tmp_path, "--pidfile=chat.pid", "--logfile=chat.log", "chat", "--listen", LISTEN)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pid = int(wait_for(lambda: read(tmp_path / "chat.pid"), "it writes its process id"))
    try:
        pattern = r"ChatFactory starting on (\d+)\n"
        ports = wait_for(lambda: re.findall(pattern, read(tmp_path / "chat.log")), "it listens")
        ada = Person(SocketStream((HOST, int(ports[0]))))
        ada.walk_in("ada")
    finally:
        os.kill(pid, signal.SIGTERM)
    ada.until("* The server is shutting down. Goodbye.")
    ada.close()
    wait_for(lambda: not (tmp_path / "chat.pid").exists(), "it has taken its pid file away")
    wait_for(lambda: "Server Shut Down" in read(tmp_path / "chat.log"), "it has ended")
    assert "Traceback" not in read(tmp_path / "chat.log")


def test_a_crash_does_not_keep_the_background_command_of_the_page_from_starting(tmp_path: Path) -> None:
    """The number in the pid file may be another process's by then: only the claim on the data counts."""
    page = (Path(__file__).parents[2] / "docs" / "running.md").read_text()
    (command,) = re.findall(r"^twistd (--pidfile=.*) --data /var/lib/chat$", page, re.MULTILINE)
    (end,) = re.findall(r"^(fuser .*) /var/lib/chat/chat.lock$", page, re.MULTILINE)
    fuser = [tool("fuser"), *end.split()[1:], str(tmp_path / "chat.lock")]
    (tmp_path / "twistd.pid").write_text(f"{os.getpid()}\n")
    for crash in (True, False):
        (tmp_path / "chat.log").unlink(missing_ok=True)
        done = run(tmp_path, *command.split(), "--listen", LISTEN)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        wait_for(lambda: "listening on" in read(tmp_path / "chat.log"), "it listens")
        subprocess.run([option.replace("-TERM", "-KILL") if crash else option for option in fuser], check=True)
        wait_for(lambda: subprocess.run([fuser[0], "-s", fuser[-1]], check=False).returncode, "it lets go of its data")
    wait_for(lambda: "Server Shut Down" in read(tmp_path / "chat.log"), "it has ended")


# -- in use already


def test_a_port_in_use_is_one_sentence_in_the_foreground(tmp_path: Path) -> None:
    with busy_port() as port:
        done = run(tmp_path, "--nodaemon", "--pidfile=", "chat", "--listen", at(port))
    assert done.returncode == 1
    assert f"chat: can't listen on {HOST} port {port}: " in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "Choose another with --listen." in done.stdout + done.stderr


def test_a_port_in_use_is_told_in_the_background(tmp_path: Path) -> None:
    with busy_port() as port:
        done = run(tmp_path, "--logfile=chat.log", "chat", "--listen", at(port))
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
    # The process in the background tells the one in front first, and writes its log after that.
    sentence = f"chat: can't listen on {HOST} port {port}: "
    wait_for(lambda: sentence in read(tmp_path / "chat.log"), "the sentence is in the log")
    wait_for(lambda: not (tmp_path / "twistd.pid").exists(), "the pid file is gone")
    assert "Traceback" not in read(tmp_path / "chat.log")


def test_a_history_in_use_is_one_sentence(chat: Daemon, tmp_path: Path) -> None:
    done = run(tmp_path, "--nodaemon", "--pidfile=", "chat", "--listen", LISTEN, "--data", str(chat.folder))
    assert done.returncode == 1
    assert "chat.db is in use by another chat. Stop that, or choose another place with --data." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


# -- ways to listen


def test_it_listens_in_two_places_for_one_chat(start_chat: DaemonFactory, tmp_path: Path) -> None:
    path = str(tmp_path / "chat.sock")
    chat = start_chat(listen=(LISTEN, f"unix:{path}", LISTEN))
    first, second = chat.ports
    ada, bob = Person(SocketStream((HOST, first))), Person(SocketStream((HOST, second)))
    cy = Person(SocketStream(path))
    for person, name in ((ada, "ada"), (bob, "bob"), (cy, "cy")):
        chat.adopt(person)
        person.walk_in(name)
    cy.type("hello")
    ada.expect("* bob joined.", "* cy joined.", "cy: hello")
    bob.expect("* cy joined.", "cy: hello")


def test_a_guest_of_a_unix_socket_has_a_name_too(start_chat: DaemonFactory, tmp_path: Path) -> None:
    path = str(tmp_path / "chat.sock")
    chat = start_chat(listen=(f"unix:{path}",))
    guest = Person(SocketStream(path))
    chat.adopt(guest)
    assert re.match(r"\* You are guest\d+, alone in #lobby\.", guest.walk_in("")[0])


def test_what_is_no_endpoint_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, "--nodaemon", "--pidfile=", "chat", "--listen", "carrier-pigeon:7")
    assert done.returncode == 1
    assert "--listen carrier-pigeon:7: that is no endpoint. " in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("reactor", ["asyncio", "select", "poll"])
def test_it_runs_on_other_reactors(start_chat: DaemonFactory, reactor: str) -> None:
    chat = start_chat(before=["--reactor", reactor])
    ada, bot = chat.person("ada"), chat.bot("bot")
    ada.type("hello")
    bot.expect("message", text="hello", author="ada")
    chat.signal(signal.SIGINT)
    bot.expect("goodbye")
    ada.until("* The server is shutting down. Goodbye.")
    bot.close()
    ada.close()
    assert chat.wait() == 0


# -- its log


def test_the_log_says_who_came_what_was_said_and_who_left(chat: Daemon) -> None:
    chat.await_log(f"listening on {LISTEN}")
    ada, bob = chat.person("ada"), chat.person("bob")
    assert isinstance(ada.stream, SocketStream)
    port = ada.stream.socket.getsockname()[1]
    ada.type("hello all", "/me waves", "/msg bob between us", "/nick lovelace", "exit")
    ada.until("* Goodbye.")
    chat.await_log("lovelace left: Goodbye.")
    chat.await_log("ada to bob in private")
    for expected in (f"ada came from {HOST}:{port}", "#lobby ada: hello all", "#lobby ~ ada waves"):
        assert expected in chat.log()
    assert "ada is now known as lovelace" in chat.log()
    assert "between us" not in chat.log()
    bob.until("* lovelace left.")
    bob.close()
    chat.await_log("bob left: Goodbye.")


def test_the_log_tells_of_a_private_room_only_who_spoke(chat: Daemon) -> None:
    ada = chat.person("ada")
    ada.type("/register open sesame")
    ada.until("* The name ada is yours now. You need its password when you come in next.")
    secret = "the safe has 4711", "/edit the safe has 4712"
    ada.type("/join club", "for all", "/room private", *secret, "/room open", "open again", "exit")
    ada.until("* Goodbye.")
    chat.await_log("ada left: Goodbye.")
    chat.await_log("#club ada: open again")
    lines = [line.rpartition("chat.talklog#info] ")[2] for line in chat.log().splitlines()]
    assert [line.strip() for line in lines if "#club" in line] == [
        "#club ada: for all",
        "ada in #club, which is private",
        "ada in #club, which is private",
        "#club ada: open again",
    ]
    assert "safe" not in chat.log()


def test_the_talk_can_be_kept_out_of_the_log(start_chat: DaemonFactory) -> None:
    chat = start_chat("--no-log-talk")
    ada = chat.bot("ada")
    ada.ask("say", room="lobby", text="a secret word")
    ada.ask("msg", name="ada", text="a secret word")
    ada.request("quit")
    ada.until("goodbye")
    chat.signal(signal.SIGTERM)
    assert chat.wait() == 0
    assert "ada came from" in chat.log()
    assert "ada left" in chat.log()
    assert "secret" not in chat.log()


def test_nothing_in_the_log_is_forged(chat: Daemon) -> None:
    stranger, eve = chat.stranger(), chat.bot("eve")
    stranger.send(b"x\r\n2026-11-21T00:00:00+0000 [-] forged\r\n\r\n")
    eve.ask("say", room="lobby", text="one\n2026-11-21T00:00:00+0000 [-] forged\x1b[2J {eve!r} {")
    chat.await_log("{eve!r} {")
    assert "\x1b" not in chat.log()
    assert not re.search(r"^\S+ \[-\] forged", chat.log(), re.MULTILINE)


# -- its options


def test_help_names_every_option_with_its_default(tmp_path: Path) -> None:
    shown = " ".join(run(tmp_path, "chat", "--help").stdout.split())
    names = {field.name for field in structs.fields(Settings)} - {"ways"} | {way.setting for way in WAYS}
    for name in names:
        option = f"--{name.replace('_', '-')}"
        assert option in shown
        described = shown.partition(option)[2].partition(" --")[0]
        assert "(default: " in described, f"{option} has no default in: {described}"
    assert "--config" in shown


def test_version(tmp_path: Path) -> None:
    assert run(tmp_path, "chat", "--version").stdout == f"twisted-chat {__version__}\n"


def test_welcome_and_history_are_options(start_chat: DaemonFactory) -> None:
    chat = start_chat("--welcome", "Hello there.", "--history", "2")
    bot = chat.bot("bot")
    for text in ("one", "two", "three"):
        bot.ask("say", room="lobby", text=text)
    ada = chat.stranger()
    ada.expect("* Hello there. Type your name and press Enter.")
    ada.type("ada")
    ada.until("* Earlier in #lobby:")
    assert [line.partition("] ")[2] for line in ada.until("* End of history.")[:-1]] == ["bot: two", "bot: three"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--history", "many"], "--history must be a whole number from 0 to 200, not many."),
        (["--history", "201"], "--history must be a whole number from 0 to 200, not 201."),
        (["--sync", "never"], "--sync must be full or normal, not never."),
        (["--keep", "a while"], "--keep must be a time like 90d, 12h or 4w, or forever, not a while."),
        (["--keep", "999999w"], "--keep: 999999w is too long a time. Use at most ten years, which is 3650d."),
        (["--keep-messages", "0"], "--keep-messages must be a whole number from 1 on, not 0."),
        (["--fly"], "--fly"),
    ],
)
def test_a_wrong_option_is_a_sentence(tmp_path: Path, words: list[str], complaint: str) -> None:
    done = run(tmp_path, "--nodaemon", "--pidfile=", "chat", "--listen", LISTEN, *words)
    assert done.returncode == 1
    assert complaint in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_old_messages_are_dropped(start_chat: DaemonFactory) -> None:
    first = start_chat("--no-limits")
    bot = first.bot("bot")
    for number in range(500):
        bot.request("say", room="lobby", text=f"line {number}")
    bot.until("message", text="line 499")
    first.hang_up()
    first.end()
    second = start_chat("--data", str(first.folder), "--keep", "90d", "--keep-messages", "30")
    second.await_log("470 old messages were dropped")
    bot = second.bot("bot")
    assert [message["id"] for message in bot.ask("history", room="lobby", count=200)["messages"]] == [*range(471, 501)]
    assert bot.ask("search", text="line")["messages"][0]["id"] == 500
    assert bot.ask("search", text="469")["messages"] == []
