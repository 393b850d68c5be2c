"""``chat admin`` as operators use it, with a chat that runs and without."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from e2e.clients import Bot
from e2e.daemon import Daemon, DaemonFactory
from e2e.test_disk import files_no_larger_than, wal
from e2e.waiting import DEADLINE, wait_for

PASSWORD = "correct horse"  # noqa: S105
NEW = "battery staple"


def tool(data: Path, *words: str) -> list[str]:
    """The command that does *words* with the chat of *data*."""
    return [sys.executable, "-m", "chat", "admin", *words, "--data", str(data)]


def admin(data: Path, *words: str, send: str = "") -> str:
    """Run ``chat admin``; return what it says, after ``!`` if it is a complaint."""
    command = tool(data, *words)
    done = subprocess.run(command, input=send, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert (done.returncode == 0) == (not done.stderr), done.stderr
    return done.stdout or f"! {done.stderr}" * bool(done.stderr)


def register(chat: Daemon, *names: str) -> None:
    """Have users register their names, and leave."""
    for name in names:
        bot = chat.bot(name)
        bot.request("register", password=PASSWORD)
        bot.until("notice")
        bot.leave()


def log_in(chat: Daemon, name: str, password: str = PASSWORD) -> Bot:
    """Somebody comes in with a password."""
    return chat.bot(name, password=password)


def decided(data: Path) -> list[str]:
    """What the audit record says was decided, and by whom."""
    return [line.split(" ", 2)[2] for line in admin(data, "audit").splitlines()]


def sleeps_in(process: subprocess.Popen[str], what: str) -> bool:
    """Tell whether a process waits in a function of the kernel that has *what* in its name."""
    return what in Path(f"/proc/{process.pid}/wchan").read_text()


def test_what_the_operator_decides_counts_at_once(chat: Daemon) -> None:
    register(chat, "ada", "bob")
    bob, ada = log_in(chat, "bob"), log_in(chat, "ada")
    assert admin(chat.folder, "role", "bob", "moderator") == "bob is moderator now.\n"
    bob.until("notice", text="You are a moderator now.")
    assert bob.ask("ban", target="ada")["text"] == "ada is banned from this chat for ever."
    ada.until("goodbye", code="banned")
    assert admin(chat.folder, "bans") == "ada, for ever, by bob\n"
    assert admin(chat.folder, "role", "bob", "user") == "bob is user now.\n"
    assert bob.ask("unban", target="ada")["code"] == "not-allowed"
    assert bob.ask("password", password=NEW)["text"] == "Your password is changed."
    assert admin(chat.folder, "accounts") == "ada\nbob\n"
    assert admin(chat.folder, "unban", "ada") == "ada is not banned from this chat any more.\n"
    log_in(chat, "ada")
    assert decided(chat.folder) == [
        "ada: register ada",
        "bob: register bob",
        "chat admin: role moderator bob",
        "bob: ban ada",
        "chat admin: role user bob",
        "bob: password bob",
        "chat admin: unban ada",
    ]


def test_a_password_that_is_reset_ends_the_sessions_and_their_tokens(chat: Daemon) -> None:
    register(chat, "bob")
    thief = chat.socket()
    token = thief.hello("bob", password=PASSWORD)["token"]
    assert admin(chat.folder, "password", "bob", send="short\n") == "! chat: Use a password of 8 to 256 characters.\n"
    assert admin(chat.folder, "password", "bob", send=f"{NEW}\n") == "bob has another password.\n"
    text = "Whoever runs the server has given bob another password. Come in again with that."
    thief.until("goodbye", text=text)
    assert thief.read_to_end() == b""
    for fields in ({"token": token}, {"token": token, "password": PASSWORD}):
        again = chat.socket()
        again.request("hello", name="bob", **fields)
        assert again.first("error")["code"] in ("password-needed", "wrong-password")
    assert log_in(chat, "bob", NEW).ask("who", room="lobby")["users"] == ["bob"]


def test_it_works_without_a_chat_that_runs(start_chat: DaemonFactory) -> None:
    first = start_chat()
    register(first, "ada", "bob")
    first.end()
    assert not (first.folder / "admin.sock").exists()
    assert admin(first.folder, "role", "ada", "owner") == "ada is owner now.\n"
    assert admin(first.folder, "password", "bob", send=f"{NEW}\n") == "bob has another password.\n"
    assert (
        admin(first.folder, "password", "eve") == "! chat: There is no account eve. Users make theirs with /register.\n"
    )
    assert admin(first.folder, "accounts") == "ada owner\nbob\n"
    assert admin(first.folder, "bans") == ""
    assert decided(first.folder)[2:] == ["chat admin: role owner ada", "chat admin: password bob"]
    assert {path.name for path in first.folder.iterdir()} == {"chat.db", "chat.lock", "log"}
    second = start_chat("--data", str(first.folder))
    log_in(second, "bob", NEW)
    assert log_in(second, "ada").ask("moderator", name="bob")["text"] == "bob is a moderator now."


def test_several_operators_at_once_without_a_chat_that_runs(start_chat: DaemonFactory) -> None:
    names = [f"user{number}" for number in range(3)]
    chat = start_chat("--no-limits")
    register(chat, *names)
    chat.end()
    commands = [tool(chat.folder, "role", name, "moderator") for name in names]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for command in commands]
    said = [process.communicate(timeout=DEADLINE)[0].decode() for process in running]
    assert said == [f"{name} is moderator now.\n" for name in names]
    assert admin(chat.folder, "accounts").splitlines() == [f"{name} moderator" for name in names]


@pytest.mark.parametrize("mask", ["0000", "0177", "0022"])
def test_nobody_else_may_use_the_socket(start_chat: DaemonFactory, mask: str) -> None:
    chat = start_chat(wrapper=["sh", "-c", f'umask {mask}; exec "$@"', "sh"])
    chat.person("ada")
    assert stat.S_IMODE((chat.folder / "admin.sock").stat().st_mode) == 0o600


def test_the_socket_of_a_chat_that_was_killed_is_in_nobodys_way(start_chat: DaemonFactory) -> None:
    first = start_chat()
    register(first, "ada")
    first.kill()
    assert (first.folder / "admin.sock").exists()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(first.folder / "admin-alone.sock"))
    left.close()
    assert admin(first.folder, "accounts") == "ada\n"
    assert not (first.folder / "admin-alone.sock").exists()
    second = start_chat("--data", str(first.folder))
    second.person("eve")
    assert admin(first.folder, "role", "ada", "owner") == "ada is owner now.\n"


def test_a_file_that_has_the_name_of_the_socket_stays(start_chat: DaemonFactory, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("admin.sock", "admin-alone.sock"):
        (data / name).write_text("mine")
    chat = start_chat("--data", str(data))
    chat.person("eve")
    chat.await_log("chat admin can't reach this chat: ")
    assert "does not listen at admin.sock" in admin(data, "accounts")
    chat.end()
    assert admin(data, "accounts").startswith(f"! chat: There can be no socket {data / 'admin-alone.sock'}. ")
    assert (data / "admin.sock").read_text() == "mine"


def test_a_path_may_be_longer_than_the_address_of_a_socket(start_chat: DaemonFactory, tmp_path: Path) -> None:
    data = tmp_path / ("long" * 40) / ("longer" * 20)
    chat = start_chat("--data", str(data))
    register(chat, "ada")
    assert stat.S_ISSOCK((data / "admin.sock").stat().st_mode)
    assert admin(data, "role", "ada", "owner") == "ada is owner now.\n"
    chat.end()
    assert not (data / "admin.sock").exists()
    assert admin(data, "role", "ada", "user") == "ada is user now.\n"
    assert admin(data, "accounts") == "ada\n"


def test_a_chat_without_data_has_no_socket(start_chat: DaemonFactory) -> None:
    chat = start_chat("--data", "none")
    chat.person("ada")
    assert [path.name for path in chat.folder.iterdir()] == ["log"]
    assert admin(chat.folder, "accounts").startswith(f"! chat: There is no {chat.folder / 'chat.db'}. ")


def test_what_can_not_be_written_is_not_done(chat: Daemon) -> None:
    register(chat, "ada", "bob")
    bob = log_in(chat, "bob")
    sentence = "! chat: Not stored, not sent: the disk of the server can't be written. Try again later.\n"
    with files_no_larger_than(wal(chat).stat().st_size, chat):
        assert admin(chat.folder, "role", "ada", "owner") == sentence
        assert admin(chat.folder, "password", "bob", send=f"{NEW}\n") == sentence
    assert bob.catch_up() == []
    assert admin(chat.folder, "accounts") == "ada\nbob\n"
    assert decided(chat.folder) == ["ada: register ada", "bob: register bob"]


ROWS = 100_000


def fill_audit(data: Path) -> None:
    """Have the audit record hold :data:`ROWS` decisions more."""
    statement = "INSERT INTO audit (time, author, action, target, why) VALUES ('t', 'ada', 'ban', ?, 'spam')"
    with closing(sqlite3.connect(data / "chat.db")) as database, database:
        database.executemany(statement, ((f"eve{number}",) for number in range(ROWS)))


def expected(first: int = 0) -> Sequence[str]:
    """The lines of these decisions."""
    return [f"t ada: ban eve{number}: spam" for number in range(first, ROWS)]


def test_a_long_audit_record_is_read_beside_all_else(chat: Daemon, start_chat: DaemonFactory) -> None:
    ada = chat.bot("ada")
    fill_audit(chat.folder)
    with subprocess.Popen(tool(chat.folder, "audit"), stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        read = [reader.stdout.readline().rstrip("\n")]
        # Somebody looks at the first page for as long as they like.
        wait_for(lambda: sleeps_in(reader, "pipe"), "the pipe is full")
        assert ada.ask("ping")["type"] == "pong"
        assert chat.connections == 1
        chat.end()
        again = start_chat("--data", str(chat.folder))
        again.person("eve")
        read += reader.stdout.read().splitlines()
        assert reader.wait(DEADLINE) == 0
    assert read == expected()


def test_who_needs_only_the_beginning_of_a_list_takes_that(chat: Daemon) -> None:
    chat.person("ada")
    fill_audit(chat.folder)
    command = f"{' '.join(tool(chat.folder, 'audit'))} | head -n 2"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert (done.stdout.splitlines(), done.stderr) == (expected()[:2], "")


def test_ctrl_c_is_a_sentence(chat: Daemon) -> None:
    register(chat, "ada")
    with subprocess.Popen(
        tool(chat.folder, "password", "ada"), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asking:
        wait_for(lambda: sleeps_in(asking, "pipe"), "it waits for the password")
        asking.send_signal(signal.SIGINT)
        assert asking.wait(DEADLINE) == 1
        assert asking.stderr is not None
        assert asking.stderr.read() == "chat: Interrupted.\n"
    log_in(chat, "ada")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_stranger_on_the_machine_is_kept_out(start_chat: DaemonFactory, public: Path) -> None:
    data = public / "data"
    chat = start_chat("--data", str(data))
    register(chat, "ada")
    data.chmod(0o755)
    script = (
        "import os, socket, sys; os.setuid(65534); link = socket.socket(socket.AF_UNIX); "
        "print(link.connect_ex(sys.argv[1]))"
    )
    command = [sys.executable, "-c", script, str(data / "admin.sock")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert done.stdout == "13\n"
    (data / "admin.sock").chmod(0o666)
    script = (
        "import os, socket, sys; os.setuid(65534); link = socket.socket(socket.AF_UNIX); "
        "link.connect(sys.argv[1]); print(link.recv(1))"
    )
    command = [sys.executable, "-c", script, str(data / "admin.sock")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.stdout == "b''\n" or "ConnectionResetError" in done.stderr
    chat.await_log("somebody else than the user of this chat")
    assert admin(data, "accounts") == "ada\n"


# -- users, rooms and messages


def test_people_and_rooms_as_the_operator_sees_and_changes_them(chat: Daemon) -> None:
    eve, flo = chat.bot("eve", rooms={"lobby": None, "dev": None}), chat.person("flo")
    eve.ask("say", room="dev", text="words")
    users = [json.loads(line) for line in admin(chat.folder, "users", "--json").splitlines()]
    assert [(user["name"], user["way"], user["address"]) for user in users] == [
        ("eve", "json", "127.0.0.1"),
        ("flo", "text", "127.0.0.1"),
    ]
    assert admin(chat.folder, "announce", "The chat restarts at 20:00.") == "That is shown on 2 devices.\n"
    sentence = "Announcement by whoever runs the server: The chat restarts at 20:00."
    eve.until("notice", text=sentence)
    flo.until(f"* {sentence}")
    assert admin(chat.folder, "room", "dev", "close") == "#dev is closed.\n"
    eve.until("left", room="dev", by="chat admin")
    assert admin(chat.folder, "room", "dev", "delete") == "#dev is deleted, with 1 message.\n"
    assert "#dev" not in admin(chat.folder, "rooms")
    assert admin(chat.folder, "disconnect", "flo", "--data", str(chat.folder)) == "flo is disconnected.\n"
    flo.until("* Whoever runs the server has disconnected you.")
    assert admin(chat.folder, "kick", "flo", "lobby").startswith("! chat: There is nobody called flo here.")
    assert decided(chat.folder) == [
        "chat admin: announce to everybody: The chat restarts at 20:00.",
        "chat admin: close dev in #dev",
        "chat admin: delete room dev in #dev",
        "chat admin: disconnect flo",
    ]


def test_without_a_chat_that_runs_only_what_is_about_who_is_here_is_refused(start_chat: DaemonFactory) -> None:
    first = start_chat()
    register(first, "bob")
    eve = first.bot("eve", rooms={"dev": None})
    eve.ask("say", room="dev", text="words")
    first.end()
    start = f"twistd -n chat --data {first.folder}"
    for words in (["users"], ["announce", "hi"], ["kick", "eve", "dev"], ["disconnect", "eve"], ["hook", "ci", "dev"]):
        sentence = f"! chat: The chat does not run, and only one that runs can do that. Start it: {start}\n"
        assert admin(first.folder, *words) == sentence
    assert admin(first.folder, "rename", "bob", "robert").startswith("The account bob is called robert now.")
    assert admin(first.folder, "erase", "eve") == "1 message is erased that eve said.\n"
    assert admin(first.folder, "room", "dev", "archive") == "#dev is archived.\n"
    assert admin(first.folder, "ban", "eve", "1h") == "eve is banned from this chat for 1 hour.\n"
    password = admin(first.folder, "reset", "robert").split()[5]
    second = start_chat("--data", str(first.folder))
    robert = second.bot("bob", password=password, rooms={"dev": None})
    assert robert.ask("say", room="dev", text="hi")["text"].startswith("#dev is archived: ")
    assert robert.ask("history", room="dev", count=9)["messages"] == []


MANY = 2_000
KILLED = """
import os, signal
from chat.core.operating.erasing import Erasure
go_on = Erasure.go_on

def go_on_until_some_are_erased(self):
    if self._piece:
        os.kill(os.getpid(), signal.SIGKILL)
    go_on(self)

Erasure.go_on = go_on_until_some_are_erased
"""
"""Has the chat be killed when it has erased the first piece of what it is to erase."""


def test_what_takes_long_goes_on_where_a_kill_has_ended_it(start_chat: DaemonFactory) -> None:
    chat = start_chat("--no-limits", first=KILLED)
    eve, flo = chat.bot("eve"), chat.bot("flo", accept=["changes", "lines"])
    for number in range(MANY):
        eve.request("say", room="lobby", text=f"words {number}")
    eve.request("ping")
    eve.until("pong")
    flo.ask("say", room="lobby", text="stays")
    with subprocess.Popen(tool(chat.folder, "erase", "eve"), stderr=subprocess.PIPE, text=True) as erasing:
        assert chat.process.wait(DEADLINE) == -signal.SIGKILL
        chat.kill()
        assert erasing.stderr is not None
        complaint = "The chat ended before it had answered. Look whether it was done, and try again."
        assert erasing.stderr.read() == f"chat: {complaint}\n"
        assert erasing.wait(DEADLINE) == 1
    again = start_chat("--data", str(chat.folder), "--no-limits")
    left = MANY - sum(text == "" for (text,) in texts(chat.folder))
    assert 0 < left < MANY
    assert admin(chat.folder, "erase", "eve") == f"{left:,} messages are erased that eve said.\n"
    assert [text for (text,) in texts(chat.folder) if text] == ["stays"]
    found = again.bot("flo").ask("history", room="lobby", count=200)
    assert [message["text"] for message in found["messages"]] == ["stays"]
    assert decided(chat.folder) == ["chat admin: erase eve"] * 2


def texts(data: Path) -> Sequence[tuple[str]]:
    """What the file has of what was said."""
    with closing(sqlite3.connect(data / "chat.db")) as database:
        return database.execute("SELECT text FROM messages ORDER BY id").fetchall()


def test_a_terminal_shows_how_far_it_is(chat: Daemon) -> None:
    eve = chat.bot("eve")
    eve.ask("say", room="lobby", text="words")
    command = " ".join(tool(chat.folder, "erase", "eve"))
    script = ["script", "-qec", command, "/dev/null"]
    done = subprocess.run(script, capture_output=True, timeout=DEADLINE, check=True)
    assert done.stdout == (b"\r\x1b[K1 erased, 50 % looked through ...\r\x1b[K1 message is erased that eve said.\r\n")
