"""The real command, when it can't come back by itself: what it shows, and what its user can do."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from client.terminals import COMMAND, ENVIRONMENT, FOLDER, RealTerminal
from e2e.cuts import CutProxy
from e2e.daemon import HOST, Daemon, DaemonFactory, at
from e2e.streams import fingerprint
from e2e.waiting import DEADLINE, wait_for

from chat.client.link.tls import KnownHosts

PASSWORD = "correct horse"  # noqa: S105 - of a test
TAKEN = "That name is taken. Choose another."
OWNED = "The name ada belongs to somebody. Give its password, or choose another name."
SCREENS = pytest.mark.parametrize("options", [(), ("--plain",)], ids=["screen", "plain"])


def comes_in(options: tuple[str, ...], proxy: CutProxy) -> RealTerminal:
    """ada at the client, behind a connection that can be cut."""
    ada = RealTerminal(*options, f"ada@{HOST}:{proxy.port}", columns=120)
    ada.sees("You are ada, alone in #lobby.")
    return ada


def is_cut_off(ada: RealTerminal, proxy: CutProxy, daemon: Daemon) -> None:
    """Cut ada's connection, and wait until both ends know: before the daemon does, nobody else may have the name."""
    proxy.cut()
    ada.sees("Disconnected from server.")
    daemon.await_alone()


@SCREENS
def test_somebody_took_the_name_while_the_connection_was_down(shared_chat: Daemon, options: tuple[str, ...]) -> None:
    with CutProxy(shared_chat.port) as proxy:
        ada = comes_in(options, proxy)
        is_cut_off(ada, proxy, shared_chat)
        other = shared_chat.person("ada")
        ada.press("two\r")
        proxy.mend()
        ada.sees(f"Still no connection. {TAKEN} /reconnect tries at once.")
        if not options:
            ada.sees("no connection, next try in", f" · 1 unsent · {TAKEN} · /reconnect tries now")
        ada.press("/nick lovelace\r")
        ada.sees("Connected again.")
        other.expect("* lovelace joined.", "lovelace: two")
        ada.press("/quit\r")
        assert ada.ends() == 0


@SCREENS
def test_somebody_registered_the_name_while_the_connection_was_down(
    shared_chat: Daemon, options: tuple[str, ...]
) -> None:
    with CutProxy(shared_chat.port) as proxy:
        ada = comes_in(options, proxy)
        ada.press("one\r")
        ada.sees("one")
        is_cut_off(ada, proxy, shared_chat)
        other = shared_chat.bot("ada")
        other.ask("register", password=PASSWORD)
        other.request("quit")
        other.until("goodbye")
        ada.press("two\r")
        proxy.mend()
        ada.sees(OWNED, "Password of ada")
        ada.press("wrong horse\r")
        ada.sees("That password is wrong.")
        wait_for(lambda: ada.read().count("Password of ada") == (2 if options else 1), "it asks again")
        ada.press(f"{PASSWORD}\r")
        ada.sees("Connected again.")
        assert not [secret for secret in ("wrong horse", PASSWORD) if secret in ada.raw]
        bot = shared_chat.bot("bot")
        said = bot.ask("history", room="lobby")["messages"]
        assert [message["text"] for message in said if message["author"] == "ada"][-2:] == ["one", "two"]
        ada.press(f"/unregister {PASSWORD}\r")
        ada.sees("belongs to nobody")
        ada.press("/quit\r")
        assert ada.ends() == 0


def test_the_next_attempt_is_made_when_the_user_wants_it(shared_chat: Daemon) -> None:
    with CutProxy(shared_chat.port) as proxy:
        ada = comes_in((), proxy)
        proxy.cut()
        wait_for(lambda: any(f"next try in {seconds} s" in ada.read() for seconds in range(3, 31)), "it waits long")
        proxy.mend()
        ada.press("/reconnect\r")
        ada.sees("Connected again.")
        ada.press("/quit\r")
        assert ada.ends() == 0


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownHosts:
    """The certificates that the client trusts."""
    monkeypatch.setitem(ENVIRONMENT, "XDG_CONFIG_HOME", str(tmp_path))
    return KnownHosts(tmp_path / "twisted-chat" / "known_hosts")


def other_certificate(start_chat: DaemonFactory, daemon: Daemon) -> str:
    """End the daemon, and start one with another certificate in its place; return the fingerprint."""
    port = daemon.tls_port
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    start_chat("--tls-listen", at(port))
    return fingerprint((HOST, port))


@SCREENS
def test_another_certificate_is_told_with_both_fingerprints_and_nothing_is_tried(
    start_chat: DaemonFactory, port: int, known: KnownHosts, options: tuple[str, ...]
) -> None:
    daemon = start_chat("--tls-listen", at(port))
    place = f"{HOST}:{port}"
    before = fingerprint((HOST, port))
    known.keep(place, before)
    ada = RealTerminal(*options, f"tls://ada@{place}", columns=600)
    ada.sees("You are ada")
    now = other_certificate(start_chat, daemon)
    ada.sees(f"No connection. Its certificate has changed: it was {before}, and now is {now}.")
    ada.sees("Somebody may be listening in.", "/reconnect tries again; nothing is tried by itself.")
    ada.press("kept\r")
    ada.sees("kept")
    ada.press("/reconnect\r")
    wait_for(lambda: ada.read().count("No connection. Its certificate has changed") == 2, "it is told again")
    known.keep(place, now)
    ada.press("/reconnect\r")
    ada.sees("Connected again.")
    if not options:
        ada.sees("ada: kept")
    ada.press("/quit\r")
    assert ada.ends() == 0


def test_a_tail_ends_after_another_certificate(start_chat: DaemonFactory, port: int, known: KnownHosts) -> None:
    daemon = start_chat("--tls-listen", at(port))
    place = f"{HOST}:{port}"
    before = fingerprint((HOST, port))
    known.keep(place, before)
    bob = daemon.person("bob")
    with subprocess.Popen(
        [*COMMAND, "--tail", f"tls://t@{place}"], cwd=FOLDER, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True
    ) as tail:
        bob.expect("* t joined.")
        now = other_certificate(start_chat, daemon)
        _, complaints = tail.communicate(timeout=DEADLINE)
    assert tail.returncode == 1
    assert f"chat: Its certificate has changed: it was {before}, and now is {now}." in complaints
