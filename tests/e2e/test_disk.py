"""The disk fails: those who speak are told, nothing half-happens, and reading goes on."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from e2e.clients import Bot, Person, messages
from e2e.daemon import LISTEN, Daemon, DaemonFactory, twistd
from e2e.tools import tool
from e2e.waiting import DEADLINE

NOT_STORED = "Not stored, not sent: "
FAILED = "the history can't be written: "
RECOVERED = "the history can be written again"


@contextmanager
def files_no_larger_than(size: int, chat: Daemon) -> Iterator[None]:
    """Have no file of the daemon grow beyond *size* bytes."""
    _, most = resource.prlimit(chat.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(chat.process.pid, resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.prlimit(chat.process.pid, resource.RLIMIT_FSIZE, (most, most))


def wal(chat: Daemon) -> Path:
    """The file that each commit writes to."""
    return chat.folder / "chat.db-wal"


def check_whole(path: Path, texts: list[str]) -> None:
    """Check that the history is sound, holds just *texts*, and finds all of them."""
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    stored = connection.execute("SELECT id, text FROM messages ORDER BY id").fetchall()
    assert [text for _, text in stored] == texts
    for number, text in stored:
        word = text.split()[0]
        found = connection.execute("SELECT rowid FROM words WHERE words MATCH ? AND rowid = ?", (f'"{word}"', number))
        assert found.fetchone() == (number,)
    connection.close()


def speak_in_vain(ada: Person, bot: Bot, watcher: Bot, why: str) -> None:
    """Say things that can't be stored, and look for them."""
    for number in range(3):
        ada.type(f"lost {number}")
        ada.expect(f"! {NOT_STORED}{why} Try again later.")
    bot.request("say", room="lobby", text="lost", tag="t")
    bot.expect("error", code="not-stored", tag="t")
    bot.request("topic", room="lobby", text="lost", tag="u")
    bot.expect("error", code="not-stored", tag="u")
    bot.request("msg", name="watcher", text="lost", tag="v")
    bot.expect("error", code="not-stored", tag="v")
    assert watcher.catch_up() == []
    assert bot.ask("topic", room="lobby")["topic"] == ""
    assert [message["text"] for message in bot.ask("history", room="lobby")["messages"]] == ["before"]
    assert [message["text"] for message in bot.ask("search", text="before")["messages"]] == ["before"]
    assert bot.ask("search", text="lost")["messages"] == []


def people(chat: Daemon) -> tuple[Person, Bot, Bot]:
    """Three people in the lobby, one of whom has said something."""
    ada, bot, watcher = chat.person("ada"), chat.bot("bot"), chat.bot("watcher")
    ada.type("before")
    watcher.expect("message", text="before")
    for client in (ada, bot, watcher):
        client.catch_up()
    return ada, bot, watcher


def test_files_that_can_not_grow(chat: Daemon) -> None:
    ada, bot, watcher = people(chat)
    with files_no_larger_than(wal(chat).stat().st_size, chat):
        speak_in_vain(ada, bot, watcher, "the disk of the server can't be written.")
    bot.request("say", room="lobby", text="lost", tag="t")
    again = bot.expect("message", text="lost", tag="t")
    watcher.expect("message", id=again["id"])
    ada.expect("bot: lost")
    ada.type("after")
    watcher.expect("message", author="ada", text="after")
    assert chat.log().count(FAILED) == 1
    assert chat.log().count(RECOVERED) == 1
    chat.hang_up()
    chat.end()
    check_whole(chat.folder / "chat.db", ["before", "lost", "after"])


def test_nothing_is_promised_that_is_not_stored(chat: Daemon) -> None:
    ada, bob, eve = chat.person("ada"), chat.bot("bob"), chat.bot("eve", accept=["changes", "lines"])
    bob.request("register", password="correct horse")
    bob.until("notice")
    bob.leave()
    ada.type("before", "said last")
    first, last = eve.until("message", text="said last")[-2:]
    ada.type("/join dev")
    ada.catch_up()
    eve.catch_up()
    with files_no_larger_than(wal(chat).stat().st_size, chat):
        for line in ("/msg bob psst", "/invite eve", "lost"):
            ada.type(line)
            ada.expect(f"! {NOT_STORED}the disk of the server can't be written. Try again later.")
        assert ada.catch_up() == []
        assert eve.catch_up() == []
    ada.type("/join lobby")
    ada.catch_up()
    for message in (last, first):
        ada.type("/delete")
        assert eve.until("deleted")[-1]["id"] == message["id"]


def test_it_fails_and_recovers_again_and_again(fast_chat: Daemon) -> None:
    ada, watcher = fast_chat.bot("ada"), fast_chat.bot("watcher")
    expected = []
    for turn in range(5):
        with files_no_larger_than(wal(fast_chat).stat().st_size + 150_000, fast_chat):
            texts = [f"{turn}-{number} " + "x" * 2_000 for number in range(30)]
            answers = [ada.ask("say", room="lobby", text=text) for text in texts]
        stored = [answer["text"] for answer in answers if answer["type"] == "message"]
        assert 0 < len(stored) < 30
        expected += [*stored, f"well {turn}"]
        assert ada.ask("say", room="lobby", text=f"well {turn}")["type"] == "message"
    assert [message["text"] for message in messages(watcher.catch_up())] == expected
    assert fast_chat.log().count(FAILED) == fast_chat.log().count(RECOVERED) == 5
    fast_chat.hang_up()
    fast_chat.end()
    check_whole(fast_chat.folder / "chat.db", expected)


def test_a_lock_that_is_held_for_a_moment_is_waited_for(start_chat: DaemonFactory) -> None:
    """On a busy machine a moment may be longer than the chat waits, so it waits longer here."""
    chat = start_chat(first=f"from chat.history import connection; connection.BUSY_TIMEOUT = {DEADLINE}")
    ada, _, watcher = people(chat)
    other = sqlite3.connect(chat.folder / "chat.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ada.type("patience")
    Event().wait(0.3)
    other.execute("ROLLBACK")
    other.close()
    watcher.expect("message", text="patience")
    assert ada.catch_up() == []
    assert FAILED not in chat.log()


def test_a_lock_that_is_held_for_long_is_said(chat: Daemon) -> None:
    ada, bot, watcher = people(chat)
    other = sqlite3.connect(chat.folder / "chat.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ada.type("lost")
    ada.expect(f"! {NOT_STORED}the history is locked by another program. Try again later.")
    assert [message["text"] for message in bot.ask("history", room="lobby")["messages"]] == ["before"]
    other.execute("ROLLBACK")
    other.close()
    ada.type("after")
    watcher.expect("message", text="after")


def test_a_backup_beside_a_flood_is_whole(fast_chat: Daemon, start_chat: DaemonFactory, tmp_path: Path) -> None:
    bot = fast_chat.bot("bot")
    for part, command in enumerate((".backup {}", "VACUUM INTO '{}'")):
        for number in range(300):
            bot.request("say", room="lobby", text=f"{part} {number}", tag=f"{part} {number}")
        bot.until("message", tag=f"{part} 10")
        copy = tmp_path / f"copy{part}" / "chat.db"
        copy.parent.mkdir()
        program = [tool("sqlite3"), str(fast_chat.folder / "chat.db"), command.format(copy)]
        subprocess.run(program, check=True, timeout=DEADLINE, capture_output=True)
        bot.until("message", tag=f"{part} 299")
        second = start_chat("--data", str(copy.parent))
        reader = second.bot("reader")
        stored = reader.ask("history", room="lobby", count=200)["messages"]
        assert stored[-1]["id"] >= 300 * part + 11
        assert reader.ask("search", text=stored[-1]["text"])["messages"][0] == stored[-1]
        assert [message["id"] for message in stored] == list(range(stored[0]["id"], stored[-1]["id"] + 1))


def _may_mount() -> bool:
    return subprocess.run(["unshare", "-Urm", "mount", "-t", "tmpfs", "t", "/mnt"], capture_output=True).returncode == 0


mounting = pytest.mark.skipif(not _may_mount(), reason="this system lets nobody mount a file system of their own")


class SmallDisk:
    """A daemon whose history is on a file system of 2 MB."""

    def __init__(self, start_chat: DaemonFactory) -> None:
        mount = 'mkdir data && mount -t tmpfs -o size=2m disk data && exec "$@"'
        self.chat = start_chat("--no-limits", "--data", "data", wrapper=["unshare", "-Urm", "sh", "-c", mount, "sh"])
        self.folder = Path(f"/proc/{self.chat.process.pid}/root{self.chat.folder}/data")
        self._ballast = self.folder / "ballast"

    def fill(self) -> None:
        """Leave no room."""
        with self._ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4_096))
            except OSError:
                pass

    def empty(self) -> None:
        """Make room."""
        self._ballast.unlink()


@mounting
def test_a_full_disk(start_chat: DaemonFactory, tmp_path: Path) -> None:
    disk = SmallDisk(start_chat)
    ada, bot, watcher = people(disk.chat)
    disk.fill()
    speak_in_vain(ada, bot, watcher, "the disk of the server is full.")
    disk.empty()
    ada.type("after")
    watcher.expect("message", text="after")
    for file in disk.folder.glob("chat.db*"):
        shutil.copy(file, tmp_path)
    check_whole(tmp_path / "chat.db", ["before", "after"])
    assert disk.chat.log().count(FAILED) == 1
    assert disk.chat.log().count(RECOVERED) == 1


@mounting
def test_a_disk_that_fills_under_a_flood(start_chat: DaemonFactory) -> None:
    disk = SmallDisk(start_chat)
    bot, watcher = disk.chat.bot("bot"), disk.chat.bot("watcher")
    answers = []
    for number in range(700):
        bot.request("say", room="lobby", text=f"{number} " + "x" * 4_000, tag=str(number))
        answers.append(bot.read())
    stored = [answer for answer in answers if answer["type"] == "message"]
    assert 20 < len(stored) < 700
    assert {answer["code"] for answer in answers if answer["type"] == "error"} == {"not-stored"}
    assert [message["id"] for message in messages(watcher.catch_up())] == [message["id"] for message in stored]
    found = bot.ask("history", room="lobby", after=0, count=200)["messages"]
    assert found == stored[:200]


@mounting
def test_a_read_only_disk_is_said_at_the_start(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o ro disk data && exec "$@"'
    (tmp_path / "data").mkdir()
    command = ["unshare", "-Urm", "sh", "-c", mount, "sh", *twistd(), "--nodaemon", "--pidfile=", "chat"]
    done = subprocess.run(
        [*command, "--listen", LISTEN, "--data", "data"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 1
    assert "chat: data: Read-only file system. Choose another place with --data." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
