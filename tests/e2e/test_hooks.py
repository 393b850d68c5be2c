"""Hooks of real daemons: the lines of the page, what was sent twice, and the ends of the daemon."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory
from e2e.tools import tool
from e2e.waiting import DEADLINE

PAGE = (Path(__file__).parents[2] / "docs" / "talking.md").read_text()
SECTION = PAGE.split("## From anything that can send HTTP\n")[1].split("\n## ")[0]
LINES = [line for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL) for line in block.splitlines()]
PASSWORD = "correct horse battery"  # noqa: S105


def hook(chat: Daemon) -> str:
    """Make a hook as somebody who has just come in would; return its address."""
    ada = chat.bot("ada", rooms={"ops": None})
    assert ada.ask("register", password=PASSWORD)["type"] == "notice"
    answer = ada.ask("hook", room="ops", name="ci")
    ada.request("quit")
    address: str = answer["text"].split()[-1]
    return address


def post(chat: Daemon, address: str, body: bytes, query: str = "") -> tuple[int, bytes]:
    """Send something to the hook of that *address*, wherever the chat is now."""
    (port,) = chat.web_ports
    connection = http.client.HTTPConnection(HOST, port, timeout=DEADLINE)
    try:
        connection.request("POST", f"/h/{address.rpartition('/')[2]}{query}", body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def said(chat: Daemon) -> list[str]:
    """What ci has said."""
    reader = chat.bot("reader", rooms={"ops": None}, accept=["changes", "lines"])
    messages = reader.ask("history", room="ops", count=200)["messages"]
    reader.request("quit")
    return [message["text"] for message in messages if message["author"] == "ci"]


def test_the_lines_of_the_page_work(start_chat: DaemonFactory, tmp_path: Path) -> None:
    chat = start_chat("--web", LISTEN)
    address = hook(chat)
    assert len(LINES) == 5
    for line in LINES:
        assert "curl" not in line or "http://localhost:8080/h/SECRET" in line
        command = line.replace("http://localhost:8080/h/SECRET", address).replace("curl ", f"{tool('curl')} -fsS ")
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE
        )
        assert done.stdout in ("ok", "")
    first, report, green = said(chat)
    assert (first, green) == ("deploy done", "build 7 is green")
    assert report == (tmp_path / "report.txt").read_text().strip()
    assert "\n" in report


@pytest.mark.parametrize("killed", [True, False])
def test_a_hook_and_its_tags_outlast_the_daemon(start_chat: DaemonFactory, tmp_path: Path, killed: bool) -> None:
    options = ("--web", LISTEN, "--data", str(tmp_path / "data"))
    chat = start_chat(*options)
    address = hook(chat)
    assert post(chat, address, b"build 7 is green", "?tag=build-7") == (200, b"ok")
    assert post(chat, address, b"build 8 is green", "?tag=build-8") == (200, b"ok")
    if killed:
        chat.kill()
    else:
        chat.end()
    chat = start_chat(*options)
    for _ in range(2):
        assert post(chat, address, b"build 7 is green", "?tag=build-7") == (200, b"ok")
    assert post(chat, address, b"build 9 is green", "?tag=build-9") == (200, b"ok")
    assert said(chat) == [f"build {number} is green" for number in (7, 8, 9)]
    taken = chat.socket()
    taken.request("hello", name="CI")
    assert taken.first("error")["code"] == "name-taken"
    taken.close()


def test_the_operator_makes_one_and_nothing_tells_its_secret(start_chat: DaemonFactory, tmp_path: Path) -> None:
    data = tmp_path / "data"
    chat = start_chat("--web", LISTEN, "--data", str(data))
    chat.bot("ada", rooms={"ops": None})

    def admin(*words: str) -> str:
        command = [sys.executable, "-m", "chat", "admin", *words, "--data", str(data)]
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE).stdout

    address = admin("hook", "ci", "ops").split()[-1]
    secret = address.rpartition("/")[2]
    assert len(secret) == 22
    for body in (b"hello", b"", b"x" * 5_000):
        post(chat, address, body)
    assert post(chat, address, json.dumps({"text": "<http://x.example|there>"}).encode())[0] == 200
    assert said(chat) == ["hello", "there (http://x.example)"]
    assert "ci of #ops, made by the operator" in admin("hooks")
    assert "ci" in admin("unhook", "ci")
    assert post(chat, address, b"hello")[0] == 404
    assert "unhook ci" in admin("audit")
    chat.hang_up()
    told = [chat.log(), admin("audit"), *(path.read_bytes().decode("latin-1") for path in data.rglob("chat.db*"))]
    assert not [text for text in told if secret in text]
