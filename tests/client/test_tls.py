"""Whom the client trusts: the system's authorities, and certificates that the user has seen and kept."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from client.terminals import ENVIRONMENT, RealTerminal, run
from e2e.certificates import Authority
from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory
from e2e.streams import fingerprint

from chat.client.link.tls import KnownHosts


@pytest.fixture(autouse=True)
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the client keeps what it has seen."""
    monkeypatch.setitem(ENVIRONMENT, "XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "twisted-chat" / "known_hosts"


@pytest.fixture
def tls_chat(start_chat: DaemonFactory) -> Daemon:
    """A daemon with a certificate of its own."""
    return start_chat("--tls-listen", LISTEN)


@pytest.fixture
def vouched(start_chat: DaemonFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """A daemon for whose name, localhost, an authority vouches that the system trusts."""
    authority = Authority(tmp_path)
    chain, key = authority.sign("localhost")
    monkeypatch.setitem(ENVIRONMENT, "SSL_CERT_FILE", str(authority.root))
    return start_chat("--tls-listen", LISTEN, "--tls-cert", str(chain), "--tls-key", str(key))


def address(chat: Daemon, name: str, host: str = "localhost") -> str:
    """Where *name* goes."""
    return f"tls://{name}@{host}:{chat.tls_port}"


def test_a_server_that_an_authority_vouches_for_is_trusted(vouched: Daemon, known: Path) -> None:
    bob = vouched.person("bob")
    sent = run(address(vouched, "bot"), send="deploy done\n")
    assert (sent.returncode, sent.stderr) == (0, "")
    bob.expect("* bot joined.", "bot: deploy done", "* bot left.")
    assert not known.exists()


def test_a_certificate_for_another_name_is_not(vouched: Daemon) -> None:
    bob = vouched.person("bob")
    sent = run(address(vouched, "bot", HOST), send="secret\n")
    assert sent.returncode == 1
    assert "No authority that this computer trusts has signed its certificate" in sent.stderr
    assert bob.catch_up() == []


@pytest.mark.parametrize("days", [-1, 30])
def test_a_certificate_that_has_ended_is_not(
    start_chat: DaemonFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    authority = Authority(tmp_path)
    chain, key = authority.sign("localhost", days)
    monkeypatch.setitem(ENVIRONMENT, "SSL_CERT_FILE", str(authority.root))
    chat = start_chat("--tls-listen", LISTEN, "--tls-cert", str(chain), "--tls-key", str(key))
    assert run(address(chat, "bot"), send="hello\n").returncode == (1 if days < 0 else 0)


@pytest.mark.parametrize("option", ["--timeout=9", "--tail"])
def test_a_pipe_refuses_who_is_not_known(tls_chat: Daemon, known: Path, option: str) -> None:
    bob = tls_chat.person("bob")
    sent = run(option, address(tls_chat, "bot"), send="secret\n")
    place = f"localhost:{tls_chat.tls_port}"
    assert (sent.returncode, sent.stdout) == (1, "")
    assert sent.stderr == (
        f"chat: tls://{place}: No authority that this computer trusts has signed its certificate, "
        f"whose SHA-256 fingerprint is {fingerprint((HOST, tls_chat.tls_port))}. "
        f"To see and keep it, connect once from a terminal: chat tls://{place}\n"
    )
    assert bob.catch_up() == []
    assert not known.exists()


def test_at_the_terminal_a_new_certificate_is_shown_and_kept(tls_chat: Daemon, known: Path) -> None:
    ada = RealTerminal(address(tls_chat, "ada"), columns=120)
    ada.sees(fingerprint((HOST, tls_chat.tls_port)), "Trust this certificate from now on? [y/N]")
    ada.press("y\r")
    ada.sees("ada #lobby>", "You are ada")
    ada.press("exit\r")
    assert ada.ends() == 0
    assert known.read_text() == f"localhost:{tls_chat.tls_port} {fingerprint((HOST, tls_chat.tls_port))}\n"
    again = RealTerminal(address(tls_chat, "ada"))
    again.sees("ada #lobby>", "You are ada")
    again.close()
    assert "Trust" not in again.raw
    assert run(address(tls_chat, "bot"), send="hello\n").returncode == 0


@pytest.mark.parametrize("answer", ["\r", "n\r", "\x04", "\x03"])
def test_who_does_not_trust_it_is_not_connected(tls_chat: Daemon, known: Path, answer: str) -> None:
    bob = tls_chat.person("bob")
    ada = RealTerminal(address(tls_chat, "ada"))
    ada.sees("Trust this certificate from now on? [y/N]")
    ada.press(answer)
    assert ada.ends() == 1
    assert "Traceback" not in ada.raw
    assert bob.catch_up() == []
    assert not known.exists()


def test_a_certificate_that_has_changed_is_refused(tls_chat: Daemon, known: Path) -> None:
    place = f"localhost:{tls_chat.tls_port}"
    known.parent.mkdir()
    known.write_text(f"{place} AA:BB\n")
    bob = tls_chat.person("bob")
    sentence = f"Its certificate has changed: it was AA:BB, and now is {fingerprint((HOST, tls_chat.tls_port))}."
    sent = run(address(tls_chat, "bot"), send="secret\n")
    assert sent.returncode == 1
    assert f"chat: tls://{place}: {sentence}" in sent.stderr
    assert f"take the line {place} out of {known}" in sent.stderr
    ada = RealTerminal(address(tls_chat, "ada"), columns=200)
    assert ada.ends() == 1
    assert sentence in ada.raw
    assert bob.catch_up() == []
    assert known.read_text() == f"{place} AA:BB\n"


def test_what_does_not_speak_tls(tls_chat: Daemon) -> None:
    sent = run(f"tls://bot@localhost:{tls_chat.port}", send="hello\n")
    assert sent.returncode == 1
    assert "TLS could not be agreed on with the server. If it speaks none, leave out tls://." in sent.stderr


def test_what_speaks_tls_only(tls_chat: Daemon) -> None:
    sent = run(f"bot@localhost:{tls_chat.tls_port}", send="hello\n")
    assert sent.returncode == 1
    assert "This port speaks TLS." in sent.stderr


def test_the_file_of_what_is_known(tmp_path: Path) -> None:
    hosts = KnownHosts(tmp_path / "new" / "known_hosts")
    assert hosts.fingerprint("a:1") is None
    hosts.keep("a:1", "AA")
    hosts.keep("[::1]:1", "BB")
    hosts.keep("a:1", "CC")
    assert (hosts.fingerprint("a:1"), hosts.fingerprint("[::1]:1"), hosts.fingerprint("a:11")) == ("CC", "BB", None)
    hosts.path.write_bytes(b"a:1 AA\nrubbish\n\xff \xfe\n\nb:2")
    hosts.keep("c:3", "DD")
    assert (hosts.fingerprint("a:1"), hosts.fingerprint("c:3")) == ("AA", "DD")


def test_what_is_known_stays_so_if_more_can_not_be_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    hosts = KnownHosts(tmp_path / "known_hosts")
    hosts.keep("a:1", "AA")
    before = hosts.path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        hosts.keep("b:1", "BB")
    assert hosts.path.read_bytes() == before


def test_the_file_of_what_is_known_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a:1 AA\n")
    (tmp_path / "known_hosts").symlink_to(tmp_path / "real")
    KnownHosts(tmp_path / "known_hosts").keep("b:1", "BB")
    assert (tmp_path / "real").read_text() == "a:1 AA\nb:1 BB\n"
    assert (tmp_path / "known_hosts").is_symlink()


def test_a_file_goes_where_the_certificate_is_that_of_the_talk(
    start_chat: DaemonFactory, known: Path, tmp_path: Path
) -> None:
    chat = start_chat("--tls-listen", LISTEN, "--web", f"tls:0:interface={HOST}", "--no-limits")
    known.parent.mkdir()
    known.write_text(f"localhost:{chat.tls_port} {fingerprint((HOST, chat.tls_port))}\n")
    bob = chat.bot("bob", accept=["changes", "lines"])
    file = tmp_path / "log.txt"
    file.write_text("tea\n")
    sent = run("--file", str(file), address(chat, "ada"))
    assert (sent.returncode, sent.stderr) == (0, "")
    assert bob.until("message", author="ada")[-1]["file"]["url"].startswith("https://")
    sent = run("--file", str(file), f"cy@localhost:{chat.port}")
    assert sent.returncode == 1
    assert "the certificate of localhost can't be trusted (self-signed certificate)." in sent.stderr
