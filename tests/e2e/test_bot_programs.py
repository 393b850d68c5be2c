"""The programs and commands of docs/bots.md, with real daemons."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from client.terminals import COMMAND, ENVIRONMENT

from e2e.daemon import HOST, Daemon, DaemonFactory, at, twistd
from e2e.test_operator import admin
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "bots.md").read_text()


def command(program: str, port: int = 0) -> list[str]:
    """The words of the page's command that runs *program*, with the *port* of a test."""
    (line,) = re.findall(rf"^```sh\n(.*{re.escape(program)}.*)\n```$", PAGE, re.MULTILINE)
    words = [{"localhost": HOST, "12345": str(port), "echo": "/bin/echo"}.get(word, word) for word in line.split()]
    programs = {"python3": [sys.executable], "twistd": twistd()}
    return [*programs.get(words[0], [words[0]]), *words[1:]]


class Program:
    """A program in a process group of its own, which is killed at the end. Its home is *folder*."""

    def __init__(self, words: Sequence[str], folder: Path) -> None:
        self._output = folder / "output"
        with self._output.open("ab") as file:
            self._process = subprocess.Popen(
                words,
                cwd=ROOT,
                env={**ENVIRONMENT, "HOME": str(folder), "PYTHONUNBUFFERED": "1"},
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def output(self) -> str:
        """All that was written by programs of that folder."""
        return self._output.read_text()

    def await_output(self, end: str) -> None:
        """Wait until the output has this *end*."""
        wait_for(lambda: self.output().endswith(end), f"{end!r} is written")

    def wait(self) -> int:
        """Wait until it has ended by itself; return its exit code."""
        return self._process.wait(DEADLINE)


def test_dice_rolls_and_comes_back_after_a_crash_of_the_server(
    start_chat: DaemonFactory, port: int, tmp_path: Path
) -> None:
    first = start_chat(listen=[at(port)])
    ada = first.person("ada")
    with Program(command("examples/dice.py", port), tmp_path) as dice:
        ada.expect("* dice joined.")
        ada.type("!roll 3d1")
        ada.expect("dice: ada rolls 3.")
        first.kill()
        again = start_chat("--data", str(first.folder), listen=[at(port)])
        ada = again.stranger()
        ada.walk_in("ada")
        ada.type("!roll 4d1")
        ada.until("dice: ada rolls 4.")
        assert dice.output() == ""


def test_the_watcher_runs_its_command_also_for_what_was_said_meanwhile(chat: Daemon, tmp_path: Path) -> None:
    words = watch(chat)
    ada = chat.person("ada")
    ada.type("/join ops")
    ada.until("* You are ada, alone in #ops.")
    bot = chat.bot("bot", rooms={"ops": None})
    with Program(words, tmp_path) as watcher:
        ada.until("* watch joined.")
        bot.ask("say", room="ops", text="alarm of a program", notice=True)
        ada.type("alarm one", "nothing", "alarm\\n two")
        watcher.await_output("ada: alarm one\nada: alarm\\n two\n")
    assert watcher.output().startswith("ada: alarm one\n")
    ada.type("alarm three")
    with Program(words, tmp_path) as watcher:
        watcher.await_output(" two\nada: alarm three\n")
        ada.type("alarm four")
        watcher.await_output("ada: alarm three\nada: alarm four\n")


def test_the_watcher_begins_anew_where_its_file_is_empty(chat: Daemon, tmp_path: Path) -> None:
    """A power failure may leave it so."""
    (tmp_path / ".chat-seen-ops").touch()
    ada = chat.bot("ada", rooms={"ops": None})
    with Program(watch(chat), tmp_path) as watcher:
        ada.expect("joined", name="watch")
        ada.ask("say", room="ops", text="alarm")
        watcher.await_output("ada: alarm\n")


def test_the_watcher_does_not_come_back_if_it_is_banned(chat: Daemon, tmp_path: Path) -> None:
    words = watch(chat)
    ada = chat.bot("ada", rooms={"ops": None})
    ada.ask("register", password="correct horse")
    assert admin(chat.folder, "role", "ada", "owner") == "ada is owner now.\n"
    with Program(words, tmp_path) as watcher:
        ada.until("joined", name="watch")
        ada.ask("ban", target="watch", text="enough")
        assert watcher.wait() == 1
        assert "banned" in watcher.output()


def watch(chat: Daemon) -> list[str]:
    """The command of the page that runs the watcher."""
    for program in ("nc", "jq"):
        tool(program)
    return command("examples/watch.sh", chat.port)


def test_the_output_of_a_command(chat: Daemon) -> None:
    (line,) = re.findall(r"^```sh\n(make .*)\n```$", PAGE, re.MULTILINE)
    for words, others in (
        ("make", "sh -c 'echo one; echo two >&2'"),
        ("chat ", f"{' '.join(COMMAND)} "),
        ("localhost", f"{HOST}:{chat.port}"),
    ):
        line = line.replace(words, others)
    ada = chat.bot("ada", rooms={"builds": None})
    subprocess.run(["sh", "-c", line], cwd=ROOT, env=ENVIRONMENT, check=True, timeout=DEADLINE)
    ada.expect("joined", name="ci")
    ada.expect("message", author="ci", text="one", notice=True)
    ada.expect("message", author="ci", text="two", notice=True)


def test_a_bot_in_the_process_of_the_chat(tmp_path: Path) -> None:
    program = tmp_path / "remind.py"
    program.write_text((ROOT / "examples" / "remind.py").read_text().replace("tcp:12345", "tcp:0"))
    *words, _ = command("examples/remind.py")
    daemon = Daemon([*words, str(program), "--pidfile="], tmp_path, 1, dict(os.environ))
    try:
        ada = daemon.person("ada")
        ada.type("/who", "!remind 0m tea")
        ada.expect("* In #lobby: ada, reminder", "reminder: ada: in 0 minutes.", "reminder: ada: tea")
        daemon.signal(signal.SIGTERM)
        ada.expect_end("* The server is shutting down. Goodbye.")
        ada.close()
        assert daemon.wait() == -signal.SIGTERM
        assert "reminder left: The server is shutting down." in daemon.log()
        assert "Traceback" not in daemon.log()
    finally:
        daemon.kill()
    assert (tmp_path / "chat.db").exists()
