"""Files with real daemons and curl, also when the daemon is killed at any byte."""

from __future__ import annotations

import json
import socket
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from hashlib import sha256
from pathlib import Path

import pytest

from chat.history.directory import FILE, FILES
from e2e.clients import Bot
from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

WEB = ("--web", LISTEN)
DATA = bytes(range(256)) * 2_000


def web(chat: Daemon) -> tuple[str, int]:
    """The address and port of the page."""
    (port,) = chat.web_ports
    return HOST, port


def site(chat: Daemon) -> str:
    """Where the page is."""
    return "http://{}:{}".format(*web(chat))


def on_disk(folder: Path) -> list[str]:
    """The files that are there."""
    return sorted(path.name for path in (folder / FILES).iterdir()) if (folder / FILES).exists() else []


def known(folder: Path) -> dict[str, str]:
    """The keys and digests of the files of messages."""
    with closing(sqlite3.connect(folder / FILE)) as history:
        return dict(history.execute("SELECT key, digest FROM files"))


def ask(bot: Bot, name: str, size: int) -> str:
    """Ask to send a file; return the path."""
    url = str(bot.ask("upload", room="lobby", name=name, size=size)["url"])
    return url[url.index("/u/") :]


def head(path: str, size: int) -> bytes:
    """What is sent before a file."""
    return f"PUT {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nContent-Length: {size}\r\n\r\n".encode()


def curl(*words: str) -> bytes:
    """Run curl."""
    return subprocess.run([tool("curl"), "-sS", *words], check=True, capture_output=True, timeout=DEADLINE).stdout


def test_a_person_sends_a_file_by_the_line_that_upload_shows(start_chat: DaemonFactory, tmp_path: Path) -> None:
    chat = start_chat(*WEB)
    ada, bob = chat.person("ada"), chat.bot("bob", accept=["changes", "lines"])
    ada.catch_up()
    ada.type("/upload")
    line = ada.until("* curl ")[-1]
    local = tmp_path / "the log.bin"
    local.write_bytes(DATA)
    words = [str(local) if word == "FILE" else word for word in line.removeprefix("* curl ").split()]
    assert curl(*words) == b"the log.bin was sent to #lobby.\n"
    said = bob.until("message")[-1]
    file = said["file"]
    assert ada.until("~ ")[-1] == f"~ ada sent the log.bin (512 KB): {file['url']}"
    assert (file["size"], file["digest"]) == (len(DATA), sha256(DATA).hexdigest())
    assert curl(file["url"]) == DATA
    assert curl("-r", "1000-1999", file["url"]) == DATA[1000:2000]
    assert curl("-r", "-10", file["url"]) == DATA[-10:]
    assert on_disk(chat.folder) == list(known(chat.folder))
    assert file["url"] not in chat.log()
    ada.type("/delete")
    ada.until("* ada deleted")
    assert curl(file["url"]) == b"There is no such file, or not any more.\n"
    wait_for(lambda: not on_disk(chat.folder), "the file is gone")


def test_a_download_takes_no_descriptor_but_that_of_its_connection(start_chat: DaemonFactory, tmp_path: Path) -> None:
    """So the bound of connections is one of descriptors, too; and what is deleted is not sent on."""
    chat = start_chat(*WEB)
    ada = chat.bot("ada")
    local = tmp_path / "log.bin"
    local.write_bytes(bytes(16_000_000))
    curl("-T", str(local), f"{site(chat)}{ask(ada, 'log.bin', 16_000_000)}")
    path = ada.until("message")[-1]["file"]["url"].partition("/f/")[2]
    with socket.create_connection(web(chat), DEADLINE) as reader, reader.makefile("rb") as got:
        reader.sendall(f"GET /f/{path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert got.readline().startswith(b"HTTP/1.1 200")
        wait_for(lambda: not any(FILES in name for name in chat.open_files), "no file stays open")
        ada.ask("delete")
        wait_for(lambda: not on_disk(chat.folder), "the file is gone")
        assert len(got.read()) < 16_000_000
    chat.end()
    assert path not in chat.log()


@pytest.mark.parametrize("came", [0, 1, 100_000, len(DATA) - 1, len(DATA)])
def test_a_daemon_that_is_killed_leaves_a_file_whole_or_not_at_all(
    start_chat: DaemonFactory, tmp_path: Path, came: int
) -> None:
    folder = tmp_path / "history"
    chat = start_chat("--data", str(folder), *WEB)
    ada = chat.bot("ada")
    path = ask(ada, "first.bin", 3)
    local = tmp_path / "first.bin"
    local.write_bytes(b"one")
    curl("-T", str(local), f"{site(chat)}{path}")
    (first,) = on_disk(folder)
    path = ask(ada, "second.bin", len(DATA))
    with socket.create_connection(web(chat)) as sender:
        sender.sendall(head(path, len(DATA)) + DATA[:came])
        wait_for(lambda: len(on_disk(folder)) > 1, "the file begins to come")
        chat.kill()
    with closing(sqlite3.connect(folder / FILE)) as history:
        told = history.execute("SELECT count(*) FROM messages WHERE text LIKE 'sent %'").fetchone()[0]

    again = start_chat("--data", str(folder), *WEB)
    files = known(folder)
    assert on_disk(folder) == sorted(files)
    assert first in files
    assert len(files) == told
    assert told == 1 or came == len(DATA)
    for key, digest in files.items():
        assert sha256((folder / FILES / key).read_bytes()).hexdigest() == digest
    messages = again.bot("bob").ask("history", room="lobby", count=20)["messages"]
    shown = [message["file"]["digest"] for message in messages if "file" in message]
    assert sorted(shown) == sorted(files.values())


def test_what_was_shown_is_there_when_the_daemon_is_killed(start_chat: DaemonFactory, tmp_path: Path) -> None:
    folder = tmp_path / "history"
    chat = start_chat("--data", str(folder), *WEB)
    ada = chat.bot("ada")
    local = tmp_path / "log.bin"
    local.write_bytes(DATA)
    curl("-T", str(local), f"{site(chat)}{ask(ada, 'log.bin', len(DATA))}")
    said = ada.until("message")[-1]
    chat.kill()
    again = start_chat("--data", str(folder), *WEB)
    url = said["file"]["url"].split("/f/")[1]
    assert curl(f"{site(again)}/f/{url}") == DATA


def test_an_end_by_a_signal_leaves_nothing_half(start_chat: DaemonFactory, tmp_path: Path) -> None:
    chat = start_chat(*WEB)
    path = ask(chat.bot("ada"), "log.bin", len(DATA))
    with socket.create_connection(web(chat)) as sender:
        sender.sendall(head(path, len(DATA)) + DATA[:1000])
        wait_for(lambda: on_disk(chat.folder) != [], "the file begins to come")
        chat.end()
    assert on_disk(chat.folder) == []


def test_nobody_waits_for_a_file_that_somebody_sends(start_chat: DaemonFactory) -> None:
    """What is said goes on between any two pieces of several large files."""
    chat = start_chat(*WEB, "--no-limits")
    ada = chat.bot("ada")
    pieces = 20
    paths = [ask(ada, "large.bin", len(DATA) * pieces) for _ in range(3)]
    with ExitStack() as stack:
        senders = [stack.enter_context(socket.create_connection(web(chat))) for _ in paths]
        for sender, path in zip(senders, paths, strict=True):
            sender.settimeout(DEADLINE)
            sender.sendall(head(path, len(DATA) * pieces))
        for number in range(pieces):
            ada.request("say", room="lobby", text=f"{number}", tag=f"{number}")
            assert all("file" not in message for message in ada.until("message", tag=f"{number}"))
            for sender in senders:
                sender.sendall(DATA)
        for sender in senders:
            assert stack.enter_context(sender.makefile("rb")).read().endswith(b"large.bin was sent to #lobby.\n")


def test_a_program_that_closes_its_side_behind_a_file_is_answered(start_chat: DaemonFactory) -> None:
    chat = start_chat(*WEB)
    path = ask(chat.bot("ada"), "log.bin", len(DATA))
    with socket.create_connection(web(chat), DEADLINE) as sender, sender.makefile("rb") as got:
        sender.sendall(head(path, len(DATA)) + DATA)
        sender.shutdown(socket.SHUT_WR)
        assert got.read().endswith(b"log.bin was sent to #lobby.\n")


def test_the_client_sends_a_file_and_leaves(start_chat: DaemonFactory, tmp_path: Path) -> None:
    chat = start_chat(*WEB, "--no-limits")
    bob = chat.bot("bob", accept=["changes", "lines"])
    local = tmp_path / "log.bin"
    local.write_bytes(DATA)
    command = [sys.executable, "-m", "chat", "--file", str(local), f"ada@{HOST}:{chat.port}"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    file = bob.until("message", author="ada")[-1]["file"]
    assert file["digest"] == sha256(DATA).hexdigest()
    bob.until("left")
    command[4] = str(tmp_path / "nothing")
    done = subprocess.run(command, check=False, capture_output=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stderr.endswith(b"nothing can't be read: No such file or directory.\n")


def test_the_client_is_told_that_a_chat_takes_no_files(start_chat: DaemonFactory, tmp_path: Path) -> None:
    local = tmp_path / "log.bin"
    local.write_bytes(DATA)
    command = [sys.executable, "-m", "chat", "--file", str(local), f"ada@{HOST}:{start_chat().port}"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (1, b"chat: This chat takes no files.\n")


def test_the_client_says_why_the_server_ended_the_session_before_a_file_was_sent(tmp_path: Path) -> None:
    local = tmp_path / "log.bin"
    local.write_bytes(DATA)
    limits = {"text": 4096, "line": 16384, "name": 32, "rooms": 50}
    welcome = {"type": "welcome", "name": "ada", "token": "x", "server": "s", "time": "", "limits": limits}
    goodbye = {"type": "goodbye", "code": "banned", "text": "You were banned."}
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-m", "chat", "--file", str(local), f"ada@{HOST}:{port}"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as client:
            server.settimeout(DEADLINE)
            with server.accept()[0] as connection:
                connection.recv(4096)
                for said in ({**welcome, "features": ["files"]}, goodbye):
                    connection.sendall(json.dumps(said).encode() + b"\n")
            told = client.communicate(timeout=DEADLINE)[1]
    assert (client.returncode, told) == (1, b"chat: You were banned.\n")
