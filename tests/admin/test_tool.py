"""What ``chat admin`` says where the chat does not answer as it should."""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from chat.admin import command, link
from chat.admin.address import address_in
from chat.core.operating.table import COMMANDS

RIGHTS = (Path(__file__).parents[2] / "docs" / "rights.md").read_text()
AS_NOBODY = "import os, sys; from chat.admin.command import run; os.setuid(65534); sys.exit(run(sys.argv[1:], None))"


@contextmanager
def no_chat(directory: Path) -> Iterator[None]:
    """Stands for a chat that can't run."""
    raise AssertionError("a chat runs already")
    yield


class Impostor:
    """Listens in the place of a chat, and has one answer for all that it is asked."""

    def __init__(self, directory: Path, answer: bytes) -> None:
        self.requests: list[Any] = []
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX)
        with address_in(directory) as address:
            self._socket.bind(address)
        self._socket.listen()
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        link, _ = self._socket.accept()
        with link:
            self.requests.append(json.loads(link.makefile().readline()))
            link.sendall(self._answer)

    def end(self) -> None:
        """Listen no more."""
        self._thread.join()
        self._socket.close()


def admin(directory: Path, *words: str) -> int:
    """Run the tool here; a chat runs or pretends to."""
    return command.run([*words, "--data", str(directory)], no_chat)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["bans"], "Nobody is banned.\n"), (["audit", "--by", "mo"], "No decision was found.\n")],
)
def test_a_list_without_lines_says_so_to_people_only(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    sentence: str,
) -> None:
    for at_terminal, option, shown in ((True, [], sentence), (True, ["--json"], ""), (False, [], "")):
        monkeypatch.setattr(sys.stdout, "isatty", lambda at_terminal=at_terminal: at_terminal)
        chat = Impostor(tmp_path, b'{"type":"lines","lines":[]}\n')
        assert admin(tmp_path, *words, *option) == 0
        chat.end()
        assert capsys.readouterr() == (shown, "")
        (tmp_path / "admin.sock").unlink()


def test_a_list_with_lines_is_only_those(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    chat = Impostor(tmp_path, b'{"type":"lines","lines":["eve, for ever, by chat admin"]}\n')
    assert admin(tmp_path, "bans") == 0
    chat.end()
    assert capsys.readouterr() == ("eve, for ever, by chat admin\n", "")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "The chat ended before it had answered. Look whether it was done, and try again."),
        (b'{"type":"notice","te', "The chat ended before it had answered. Look whether it was done, and try again."),
        (b'{"type":"telepathy"}\n', "The chat that runs there is of another version. Restart it with this one."),
        (b'{"type":"error","code":"unknown-command","text":"Fly?"}\n', "Fly?"),
    ],
)
def test_an_answer_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: bytes, sentence: str
) -> None:
    chat = Impostor(tmp_path, answer)
    assert admin(tmp_path, "accounts") == 1
    chat.end()
    assert capsys.readouterr() == ("", f"chat: {sentence}\n")
    assert chat.requests == [{"words": ["accounts"]}]


def test_every_command_is_documented() -> None:
    section = RIGHTS.split("## From the machine of the chat")[1].split("\n## ")[0]
    documented = re.findall(r"`(\w+)[^`]*`", "".join(re.findall(r"^\| (`[^|]*)\|", section, re.MULTILINE)))
    assert documented == list(COMMANDS)


def test_a_chat_that_does_not_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "PATIENCE", 0.01)
    with socket.socket(socket.AF_UNIX) as silent, address_in(tmp_path) as address:
        silent.bind(address)
        silent.listen()
        assert admin(tmp_path, "accounts") == 1
    assert capsys.readouterr().err.startswith("chat: The chat has not answered for 0 seconds. Look into its log")


def test_a_data_directory_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for directory in (tmp_path, tmp_path / "nowhere", tmp_path / ("long" * 40) / ("er" * 40)):
        assert admin(directory, "accounts") == 1
        sentence = f"chat: There is no {directory / 'chat.db'}. Say with --data where the history is.\n"
        assert capsys.readouterr().err == sentence


def test_a_history_that_is_in_use_by_what_does_not_listen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "BEGINNING", 0.0)
    (tmp_path / "chat.db").touch()
    with (tmp_path / "chat.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert admin(tmp_path, "accounts") == 1
    assert capsys.readouterr().err == (
        f"chat: A chat uses {tmp_path / 'chat.db'} and does not listen at admin.sock: it begins, ends, or is of an "
        "older version. Try again in a moment; if that does not help, restart the chat.\n"
    )


def test_a_chat_that_begins_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "chat.db").touch()
    chats: list[Impostor] = []

    class Beginning(link.Chat):
        def _check_history(self) -> None:
            try:
                super()._check_history()
            finally:
                chats.append(Impostor(tmp_path, b'{"type":"notice","text":"Done."}\n'))

    with (tmp_path / "chat.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert list(Beginning(tmp_path, no_chat).do(["accounts"])) == ["Done."]
    chats[0].end()


def test_a_file_that_is_no_history_or_of_another_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chat.db"
    path.write_bytes(b"no database" * 1000)
    assert admin(tmp_path, "accounts") == 1
    assert capsys.readouterr().err.startswith(f"chat: {path} can't be used: file is not a database. ")
    path.unlink()
    path.touch()
    assert admin(tmp_path, "accounts") == 1
    sentence = f"chat: {path} belongs to another version of twisted-chat. Start the chat once, or update.\n"
    assert capsys.readouterr().err == sentence


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("closed", ["socket", "history", "directory"])
def test_somebody_elses_chat(tmp_path: Path, closed: str) -> None:
    directory = tmp_path / "data"
    directory.mkdir(mode=0o755)
    (directory / "chat.db").touch(mode=0o600)
    (directory / "chat.lock").touch(mode=0o600)
    for parent in (tmp_path, *list(tmp_path.parents)[:2]):
        parent.chmod(0o755)
    with socket.socket(socket.AF_UNIX) as chat, address_in(directory) as address:
        if closed == "socket":
            chat.bind(address)
            (directory / "admin.sock").chmod(0o600)
            chat.listen()
        if closed == "directory":
            directory.chmod(0o700)
        tool = [sys.executable, "-c", AS_NOBODY, "accounts", "--data", str(directory)]
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        f"chat: You may not use {directory}. Run chat admin as the user that the chat runs as, or as root.\n",
    )


def test_what_could_harm_a_terminal_is_not_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = {"type": "lines", "lines": ["eve\x1b[31m is \u202eliving", "in\x9b5n #dev"], "next": None}
    chat = Impostor(tmp_path, json.dumps(lines).encode() + b"\n")
    assert admin(tmp_path, "users") == 0
    chat.end()
    assert capsys.readouterr().out == "eve[31m is living\nin5n #dev\n"


def test_what_is_no_utf_8_is_not_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("disconnect", os.fsdecode(b"ev\xff")), ("audit", "--by", os.fsdecode(b"ev\xff"))):
        assert admin(tmp_path, *words) == 1
        assert capsys.readouterr().err == (
            "chat: That can't be read as UTF-8, in which the chat has all names and texts.\n"
        )
