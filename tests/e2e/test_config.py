"""The configuration file, as somebody meets it who starts the daemon."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from e2e.daemon import LISTEN, DaemonFactory, twistd
from e2e.waiting import DEADLINE


def start(folder: Path, content: str | bytes) -> tuple[str, str]:
    """Start a daemon with a file that it must refuse; return the file's path and what was said."""
    path = folder / "chat.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    command = [*twistd(), "--nodaemon", "--pidfile=", "chat", "--listen", LISTEN, "--config", str(path)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "Traceback" not in said
    return str(path), said


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("prot = 7", 'there is no key "prot". There are: '),
        ("no_limits = true", 'there is no key "no_limits". There are: '),
        ('listen = "tcp:1"', '"listen" must be a list of strings'),
        ("listen = []", '"listen" must be a list of strings'),
        ("listen = [1]", '"listen" must be a list of strings'),
        ("welcome = 7", '"welcome" must be a string'),
        ('history = "20"', '"history" must be a whole number from 0 to 200'),
        ("history = true", '"history" must be a whole number from 0 to 200'),
        ("history = 201", '"history" must be a whole number from 0 to 200'),
        ("history = -1", '"history" must be a whole number from 0 to 200'),
        ("history = 2.5", '"history" must be a whole number from 0 to 200'),
        ('no-limits = "yes"', '"no-limits" must be true or false'),
        ("no-log-talk = 1", '"no-log-talk" must be true or false'),
        ('sync = "never"', '"sync" must be "full" or "normal"'),
        ("data = 7", '"data" must be a directory'),
        ("listen", "this is not TOML: "),
        ("{", "this is not TOML: "),
        (b"welcome = '\xff'", "this is not TOML: "),
    ],
)
def test_a_wrong_file_is_a_sentence(tmp_path: Path, content: str | bytes, complaint: str) -> None:
    path, said = start(tmp_path, content)
    assert f"{path}: {complaint}" in said


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    command = [*twistd(), "--nodaemon", "--pidfile=", "chat", "--config", "nowhere.toml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "nowhere.toml: the file can't be read (No such file or directory). Check --config." in said
    assert "Traceback" not in said


def test_a_wrong_endpoint_of_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text('listen = ["carrier-pigeon:7"]')
    command = [*twistd(), "--nodaemon", "--pidfile=", "chat", "--config", str(path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "carrier-pigeon:7" in said
    assert str(path) in said


def test_the_command_line_wins_over_the_file(start_chat: DaemonFactory, tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text('listen = ["tcp:1"]\nwelcome = "From the file."\nhistory = 1\n')
    chat = start_chat("--config", str(path), "--history", "2")
    bot = chat.bot("bot")
    for text in ("one", "two", "three"):
        bot.ask("say", room="lobby", text=text)
    ada = chat.stranger()
    ada.expect("* From the file. Type your name and press Enter.")
    ada.type("ada")
    ada.until("* Earlier in #lobby:")
    assert len(ada.until("* End of history.")) == 3
    assert chat.port != 1


def test_a_file_alone_is_enough(start_chat: DaemonFactory, tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text(f'listen = ["{LISTEN}"]\nwelcome = "From the file."\ndata = "none"\n')
    chat = start_chat("--config", str(path), listen=())
    ada = chat.stranger()
    ada.expect("* From the file. Type your name and press Enter.")
    assert not (chat.folder / "chat.db").exists()
