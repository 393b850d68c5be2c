"""``chat admin backup``, ``restore`` and ``check`` as operators use them, beside daemons and without."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pexpect
import pytest

from e2e.clients import Bot
from e2e.daemon import LISTEN, Daemon, DaemonFactory
from e2e.test_disk import mounting
from e2e.waiting import DEADLINE

CHAT = [sys.executable, "-m", "chat"]


def admin(data: Path, *words: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run ``chat admin``."""
    command = [*CHAT, "admin", *words, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False, **options)  # type: ignore[call-overload, no-any-return]


def done(data: Path, *words: str, **options: object) -> str:
    """Run ``chat admin``, which must work; return what it prints."""
    ended = admin(data, *words, **options)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def refused(data: Path, *words: str, **options: object) -> str:
    """Run ``chat admin``, which must refuse; return why."""
    ended = admin(data, *words, **options)
    assert (ended.returncode, ended.stdout) == (1, "")
    return ended.stderr


def say(bot: Bot, *texts: str) -> list[int]:
    """Say something, one after the other; return the ids."""
    return [bot.ask("say", room="lobby", text=text)["id"] for text in texts]


def test_a_backup_beside_a_flood_is_whole_and_goes_back(
    fast_chat: Daemon, start_chat: DaemonFactory, tmp_path: Path
) -> None:
    bot = fast_chat.bot("bot")
    target = tmp_path / "chat.db"
    for night in range(2):
        for number in range(1_000):
            bot.request("say", room="lobby", text=f"{night} {number}", tag=f"{night} {number}")
        bot.until("message", tag=f"{night} 10")
        said = done(fast_chat.folder, "backup", str(target))
        assert said.startswith(f"{target} is a backup now, whole and checked: ")
        bot.until("message", tag=f"{night} 999")
        assert done(tmp_path, "check").startswith(f"{target} was read from its beginning to its end, and is sound: ")
        copy = tmp_path / f"copy{night}"
        done(copy, "restore", str(target))
        reader = start_chat("--data", str(copy)).bot("reader")
        stored = reader.ask("history", room="lobby", count=200)["messages"]
        assert stored[-1]["id"] >= 1_000 * night + 11
        assert reader.ask("search", text=stored[-1]["text"])["messages"][0] == stored[-1]
        assert [message["id"] for message in stored] == list(range(stored[0]["id"], stored[-1]["id"] + 1))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert "sound" in done(fast_chat.folder, "check")


@pytest.mark.parametrize("new_machine", [False, True])
def test_a_program_that_has_seen_more_than_the_backup_is_shown_all_that_comes(
    start_chat: DaemonFactory, tmp_path: Path, new_machine: bool
) -> None:
    first = start_chat()
    ada = first.bot("ada", accept=["changes", "lines"])
    say(ada, "one", "two")
    target = tmp_path / "backup.db"
    done(first.folder, "backup", str(target))
    *_, last = say(ada, "three", "four", "five")
    ada.request("edit", id=last, text="5")
    rev = ada.expect("edited", id=last)["rev"]
    assert "A chat uses" in refused(first.folder, "restore", str(target))
    first.hang_up()
    first.end()
    data = tmp_path / "new" if new_machine else first.folder
    said = done(data, "restore", str(target))
    assert ("by password again" in said) == new_machine
    second = start_chat("--data", str(data))
    ada = second.bot("ada")
    say(ada, "six")
    program = second.socket()
    program.hello("program", rooms={"lobby": rev})
    (shown,) = [event for event in program.catch_up() if event["type"] == "message"]
    assert shown["text"] == "six"
    assert shown["id"] > rev
    assert (shown["id"] == rev + 1) != new_machine
    assert [message["text"] for message in ada.ask("history", room="lobby")["messages"]] == ["one", "two", "six"]


def test_a_backup_shows_its_progress_at_a_terminal(start_chat: DaemonFactory, tmp_path: Path) -> None:
    chat = start_chat()
    say(chat.bot("ada"), "hello")
    words = ["-m", "chat", "admin", "--data", str(chat.folder)]
    for command, shows, ends in (
        (["backup", str(tmp_path / "backup.db")], "copying", "is a backup now"),
        (["check"], "what belongs together", "is sound"),
    ):
        terminal = pexpect.spawn(sys.executable, [*words, *command], timeout=DEADLINE, encoding="utf-8")
        terminal.expect(shows)
        terminal.expect(ends)
        terminal.expect(pexpect.EOF)
        terminal.wait()
        terminal.close()
        assert terminal.exitstatus == 0


def test_a_disk_that_fills_while_a_backup_is_made(fast_chat: Daemon, tmp_path: Path) -> None:
    say(fast_chat.bot("ada"), *("x" * 4_000 for _ in range(100)))
    (tmp_path / "backups").mkdir()
    target = tmp_path / "backups" / "chat.db"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    said = refused(fast_chat.folder, "backup", str(target), preexec_fn=limit)
    assert said.startswith(f"chat: {target}.part can't be written: ")
    assert said.endswith(". Nothing is left.\n")
    assert not list(target.parent.iterdir())
    done(fast_chat.folder, "backup", str(target))
    whole = target.read_bytes()
    said = refused(fast_chat.folder, "backup", str(target), preexec_fn=limit)
    assert said.endswith(f". Nothing is left, and {target} is as it was.\n")
    assert target.read_bytes() == whole
    assert list(target.parent.iterdir()) == [target]
    new = tmp_path / "new"
    said = refused(new, "restore", str(target), preexec_fn=limit)
    assert said.endswith("Nothing was restored.\n")
    assert os.listdir(new) == ["chat.lock"]


@mounting
def test_a_disk_without_room_for_a_backup(fast_chat: Daemon, tmp_path: Path) -> None:
    say(fast_chat.bot("ada"), *("x" * 4_000 for _ in range(100)))
    small = tmp_path / "small"
    small.mkdir()
    mount = f'mount -t tmpfs -o size=300k disk {small} && "$@"; code=$?; ls -A {small}; exit $code'
    command = [*CHAT, "admin", "backup", str(small / "chat.db"), "--data", str(fast_chat.folder)]
    ended = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", mount, "sh", *command], capture_output=True, text=True, timeout=DEADLINE
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"chat: There is no room in {small} for the backup: it needs ")
    assert ended.stdout == ""


@pytest.mark.parametrize(
    ("breaks", "sentence"),
    [
        (lambda data: (data / "chat.db").chmod(0o640), "Others may use {data}/chat.db. The chat mends that"),
        (lambda data: (data / "tls.pem").touch(0o644), "Others may use {data}/tls.pem."),
        (lambda data: data.chmod(0o777), "Everybody may replace the files in {data}."),
        (lambda data: (data / "chat.db.v5.part").touch(0o600), "{data}/chat.db.v5.part is left from work"),
        (lambda data: (data / "chat.db.restoring").touch(0o600), "{data}/chat.db.restoring is left from work"),
        (lambda data: (data / "tls.new").touch(0o600), "{data}/tls.new is left from work"),
        (
            lambda data: os.link(data / "chat.db", data / "chat.db.before-restore-1"),
            "{data}/chat.db.before-restore-1 is left from a restore that was ended, and is the history itself.",
        ),
    ],
)
def test_what_is_wrong_with_the_files_is_said(tmp_path: Path, breaks: Callable[[Path], object], sentence: str) -> None:
    data = tmp_path / "data"
    done(data, "restore", str(Path(__file__).parents[1] / "history" / "versions" / "5.db"))
    done(data, "check")
    breaks(data)
    ended = admin(data, "check")
    assert ended.returncode == 1
    *_, fault, last = ended.stdout.splitlines()
    assert fault.startswith(sentence.format(data=data))
    assert last == "1 thing is wrong."


def test_what_is_wrong_with_the_history_is_said_beside_a_chat(chat: Daemon) -> None:
    say(chat.bot("ada"), "one", "two")
    with closing(sqlite3.connect(chat.folder / "chat.db")) as connection, connection:
        connection.execute("UPDATE messages SET text = 'three' WHERE text = 'two'")
        connection.execute("INSERT INTO details (id) VALUES (77)")
    ended = admin(chat.folder, "check")
    assert ended.returncode == 1
    assert ended.stdout.splitlines() == [
        "Of the messages, 1 have details and are not there (the first is 77). Restore a backup (chat admin restore).",
        "Searches in rooms find wrong messages, or miss some: the index differs in 2 words. "
        "Restore a backup (chat admin restore).",
        "2 things are wrong.",
    ]


def test_what_can_not_be_is_said_in_sentences(chat: Daemon, tmp_path: Path) -> None:
    assert refused(chat.folder, "backup", "-") == (
        "chat: A backup is checked where it is written, so it needs a file. Say its name.\n"
    )
    nothing = f"chat: There is no {tmp_path}/chat.db. Say with --data where the history is.\n"
    assert refused(tmp_path, "check") == nothing
    assert refused(tmp_path, "backup", "x") == nothing
    assert "is no backup of a chat" in refused(tmp_path, "restore", "/etc/passwd")
    without = admin(chat.folder, "backup")
    assert (without.returncode, without.stdout) == (2, "")
    assert without.stderr == (
        "chat: Usage: chat admin backup FILE, for example: chat admin backup /backup/chat.db --data /var/lib/chat. "
        "chat admin --help explains.\n"
    )
    filtered = admin(chat.folder, "check", "--room", "dev")
    assert (filtered.returncode, filtered.stdout) == (2, "")


def test_programs_read_json(chat: Daemon, tmp_path: Path) -> None:
    (line,) = done(chat.folder, "backup", str(tmp_path / "backup.db"), "--json").splitlines()
    assert json.loads(line)["text"].startswith(f"{tmp_path / 'backup.db'} is a backup now, whole and checked: ")


def test_a_file_may_have_any_name(chat: Daemon, tmp_path: Path) -> None:
    name = os.fsdecode(b"x\xff\x1b[31m\n.db")
    file = str(tmp_path / name)
    assert done(chat.folder, "backup", file) == (
        f"{tmp_path}/x[31m .db is a backup now, whole and checked: 0 messages, {Path(file).stat().st_size:,} bytes.\n"
    )
    (line,) = done(chat.folder, "backup", file, "--json").splitlines()
    assert json.loads(line)["text"].startswith(file)
    new = tmp_path / "new"
    assert "is restored from" in done(new, "restore", file)
    made, restored = done(new, "audit").splitlines()
    assert made.endswith(" chat admin: backup x\ufffd[31m .db")
    assert " chat admin: restore x\ufffd[31m .db: ids go on from " in restored


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_nobody_else_makes_a_backup(start_chat: DaemonFactory, public: Path) -> None:
    data = public / "data"
    start_chat("--data", str(data))
    data.chmod(0o755)
    as_nobody = (
        "import os, sys; from chat.admin.command import run; os.setuid(65534); sys.exit(run(sys.argv[1:], None))"
    )
    for command in (["backup", "x"], ["check"]):
        ended = subprocess.run(
            [sys.executable, "-c", as_nobody, *command, "--data", str(data)],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == (
            f"chat: You may not use {data}/chat.db. Run chat admin as the user that the chat runs as, or as root.\n"
        )


def test_all_files_of_a_chat_are_for_its_owner_only(start_chat: DaemonFactory, tmp_path: Path) -> None:
    data = tmp_path / "data"
    options = ("--data", str(data), "--tls", "--tls-listen", LISTEN)
    open_to_all = ["sh", "-c", 'umask 0; exec "$@"', "sh"]
    first = start_chat(*options, wrapper=open_to_all)
    first.person("ada").type("hello")
    names = {"chat.db", "chat.db-wal", "chat.db-shm", "chat.lock", "admin.sock", "tls.pem"}
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()} == dict.fromkeys(names, 0o600)
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    done(data, "check")
    first.kill()
    for path in data.iterdir():
        path.chmod(0o666)
    shutil.copy(data / "chat.db", data / "chat.db.v5")
    second = start_chat(*options, wrapper=open_to_all)
    assert {stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()} == {0o600}
    for name in ("chat.db", "chat.db-wal", "chat.lock", "chat.db.v5", "tls.pem"):
        assert f"others could use {data / name}" in second.log()
    done(data, "check")
