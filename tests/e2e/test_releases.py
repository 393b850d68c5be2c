"""The data directory of each release is brought up to date: nothing in it is lost, and the chat goes on."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest
from releases.make import PASSWORD

import chat
from e2e.clients import Bot
from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory
from e2e.streams import fingerprint

ROOT = Path(__file__).parents[2]
RELEASES = {path.name: path for path in (ROOT / "tests" / "releases").iterdir() if path.name[0].isdecimal()}
CHANGELOG = re.findall(r"^## (\S+) \((.*)\)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
"""The versions, newest first, each with its date, or with "unreleased"."""


def upgraded(start_chat: DaemonFactory, folder: Path, version: str) -> Daemon:
    """The chat of today on the data of an older release, or on what a chat of today has made of it."""
    data = folder / "data"
    if not data.exists():
        shutil.copytree(RELEASES[version], data)
    return start_chat("--data", str(data), "--tls-listen", LISTEN)


def history(bot: Bot, **place: object) -> list[tuple[int, str, str]]:
    """All that was said in a room, or with somebody."""
    answer = bot.ask("history", **place)
    return [(message["id"], message["author"], message["text"]) for message in answer["messages"]]


@pytest.mark.parametrize("version", RELEASES)
def test_all_that_a_release_has_stored_is_there_and_the_chat_goes_on(
    start_chat: DaemonFactory, tmp_path: Path, version: str
) -> None:
    for messages_since in range(2):
        daemon = upgraded(start_chat, tmp_path, version)
        ada, bob = (daemon.bot(name, password=PASSWORD, accept=["conversations"]) for name in ("ada", "bob"))
        assert history(ada, room="lobby")[:2] == [(1, "ada", "green 茶 for all"), (2, "carol", "I have no account.")]
        assert ada.ask("join", room="dev")["topic"] == "tea time"
        assert history(ada, room="dev") == [(3, "ada", "who is here?"), (4, "bob", "I am")]
        assert ada.ask("search", text="茶")["messages"][0]["id"] == 1
        (conversation,) = bob.ask("conversations")["conversations"]
        assert conversation["name"] == "ada"
        assert history(bob, **{"with": conversation["with"]}) == [(6, "ada", "psst"), (7, "bob", "yes?")]
        assert ada.ask("moderator", name="bob", on=True)["type"] == "notice", "ada is an owner"
        assert ada.ask("say", room="lobby", text="and on")["id"] == 8 + messages_since
        daemon.end()


@pytest.mark.parametrize("version", RELEASES)
def test_only_those_who_may_read_a_private_room(start_chat: DaemonFactory, tmp_path: Path, version: str) -> None:
    daemon = upgraded(start_chat, tmp_path, version)
    ada, bob = (daemon.bot(name, password=PASSWORD) for name in ("ada", "bob"))
    assert bob.ask("join", room="secret")["type"] == "error"
    assert ada.ask("join", room="secret")["type"] == "room"
    assert history(ada, room="secret") == [(5, "ada", "nobody reads this")]


@pytest.mark.parametrize("version", RELEASES)
def test_clients_find_the_certificate_that_they_know(start_chat: DaemonFactory, tmp_path: Path, version: str) -> None:
    daemon = upgraded(start_chat, tmp_path, version)
    certificate = re.search(r"-+BEGIN CERT.*", (RELEASES[version] / "tls.pem").read_text(), re.DOTALL)
    assert certificate is not None
    known = sha256(ssl.PEM_cert_to_DER_cert(certificate[0])).digest().hex(":").upper()
    assert fingerprint((HOST, daemon.tls_port)) == known


def test_each_release_has_its_data_directory() -> None:
    tags = subprocess.run(["git", "tag", "--list", "v*"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    released = {version for version, date in CHANGELOG if date != "unreleased"}
    assert {tag.removeprefix("v") for tag in tags.split()} | released <= set(RELEASES)


def test_the_version_is_the_newest_of_the_changelog() -> None:
    assert chat.__version__ == CHANGELOG[0][0]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for _, date in CHANGELOG[1:])
