"""TLS: without any set-up, with a certificate from a file, and with clients that do not speak it."""

from __future__ import annotations

import re
import signal
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from e2e.certificates import Authority
from e2e.clients import Bot, Person, messages
from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory, twistd
from e2e.streams import ProgramStream, SocketStream, TlsStream, fingerprint, trusting
from e2e.test_memory import FEW, MIB, say, warm
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

WELCOME = "* Welcome to chat. Type your name and press Enter."


@pytest.fixture
def tls_chat(start_chat: DaemonFactory) -> Daemon:
    """A daemon that speaks TLS, with the certificate that it makes itself."""
    return start_chat("--tls-listen", LISTEN)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Somebody who signs certificates."""
    return Authority(tmp_path)


def person(chat: Daemon, name: str) -> Person:
    """Somebody who has come in by TLS."""
    newcomer = Person(TlsStream((HOST, chat.tls_port)))
    chat.adopt(newcomer)
    newcomer.walk_in(name)
    newcomer.catch_up()
    return newcomer


def test_people_and_programs_talk_by_tls_and_without(tls_chat: Daemon) -> None:
    ada, bob = person(tls_chat, "ada"), tls_chat.person("bob")
    bot = Bot(TlsStream((HOST, tls_chat.tls_port)))
    tls_chat.adopt(bot)
    bot.hello("bot")
    bot.catch_up()
    ada.type("hello")
    bob.expect("* bot joined.", "ada: hello")
    bot.expect("message", text="hello", author="ada")
    bot.ask("say", room="lobby", text="x" * 4_000)
    ada.expect("* bob joined.", "* bot joined.", f"bot: {'x' * 4_000}")
    ada.type("exit")
    ada.expect_end("* Goodbye.")


@pytest.mark.parametrize("program", ["openssl", "ncat", "socat"])
def test_programs_that_people_have(tls_chat: Daemon, program: str) -> None:
    place = f"{HOST}:{tls_chat.tls_port}"
    command = {
        "openssl": [tool("openssl"), "s_client", "-quiet", "-verify_quiet", "-connect", place],
        "ncat": [tool("ncat"), "--ssl", HOST, str(tls_chat.tls_port)],
        "socat": [tool("socat"), "-", f"OPENSSL:{place},verify=0"],
    }[program]
    bob = tls_chat.person("bob")
    stream = ProgramStream(command)
    ada = Person(stream)
    tls_chat.adopt(ada)
    ada.walk_in("ada")
    bob.expect("* ada joined.")
    ada.type("hello")
    bob.expect("ada: hello")
    bob.type("hi")
    ada.expect("bob: hi")
    ada.type("exit")
    bob.expect("* ada left.")


def test_the_certificate_it_makes_is_kept_and_told(start_chat: DaemonFactory, tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    first = start_chat("--tls-listen", LISTEN, "--data", data)
    seen = fingerprint((HOST, first.tls_port))
    assert re.fullmatch("([0-9A-F]{2}:){31}[0-9A-F]{2}", seen)
    first.await_log(f"the certificate's SHA-256 fingerprint is {seen}")
    assert stat.S_IMODE((tmp_path / "data" / "tls.pem").stat().st_mode) == 0o600
    first.signal(signal.SIGTERM)
    first.wait()
    second = start_chat("--tls-listen", LISTEN, "--data", data)
    assert fingerprint((HOST, second.tls_port)) == seen


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_that_are_spoken(tls_chat: Daemon, version: ssl.TLSVersion) -> None:
    context = trusting()
    context.minimum_version = context.maximum_version = version
    stranger = Person(TlsStream((HOST, tls_chat.tls_port), context=context))
    tls_chat.adopt(stranger)
    stranger.walk_in("ada")


def test_older_versions_are_refused(tls_chat: Daemon) -> None:
    context = trusting()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
        TlsStream((HOST, tls_chat.tls_port), context=context)


def test_renewed_files_are_used_after_a_hang_up_and_nobody_is_dropped(
    start_chat: DaemonFactory, authority: Authority
) -> None:
    chain, key = authority.sign("localhost")
    context = ssl.create_default_context(cafile=str(authority.root))
    chat = start_chat("--tls-listen", LISTEN, "--tls-cert", str(chain), "--tls-key", str(key))
    port = chat.tls_port
    ada, bob = Person(TlsStream((HOST, port), context=context)), chat.person("bob")
    chat.adopt(ada)
    ada.walk_in("ada")
    before = fingerprint((HOST, port))
    authority.sign("localhost")
    chat.signal(signal.SIGHUP)
    wait_for(lambda: fingerprint((HOST, port), context) != before, "it is renewed")
    ada.type("still here")
    bob.expect("* ada joined.", "ada: still here")


def test_what_can_not_be_used_leaves_the_certificate_as_it_was(start_chat: DaemonFactory, authority: Authority) -> None:
    chain, key = authority.sign("localhost")
    chat = start_chat("--tls-listen", LISTEN, "--tls-cert", str(chain), "--tls-key", str(key))
    before = fingerprint((HOST, chat.tls_port))
    chain.write_text("nothing")
    chat.signal(signal.SIGHUP)
    chat.await_log("the certificate stays as it was: ")
    assert fingerprint((HOST, chat.tls_port)) == before


def test_one_file_may_hold_both(start_chat: DaemonFactory, authority: Authority, tmp_path: Path) -> None:
    chain, key = authority.sign("localhost")
    both = tmp_path / "both.pem"
    both.write_bytes(key.read_bytes() + chain.read_bytes())
    chat = start_chat("--tls-listen", LISTEN, "--tls-cert", str(both))
    assert fingerprint((HOST, chat.tls_port), ssl.create_default_context(cafile=str(authority.root)))


def test_a_certificate_that_has_ended_is_told(start_chat: DaemonFactory, authority: Authority) -> None:
    chain, key = authority.sign("localhost", days=-1)
    chat = start_chat("--tls-listen", LISTEN, "--tls-cert", str(chain), "--tls-key", str(key))
    chat.await_log("the certificate ended on ")
    chat.person("ada")


def refused(folder: Path, *options: str) -> str:
    """Return what the daemon says when it does not start."""
    done = subprocess.run(
        [*twistd(), "--nodaemon", "--pidfile=", "chat", "--listen", LISTEN, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_files_that_can_not_be_used_are_told_in_a_sentence(tmp_path: Path, authority: Authority) -> None:
    chain, key = map(str, authority.sign("localhost"))
    root, nothing = str(authority.root), str(tmp_path / "nothing")
    listen = ("--tls-listen", LISTEN)
    assert f"{nothing} can't be read: No such file" in refused(tmp_path, *listen, "--tls-cert", nothing)
    assert f"{chain} holds no private key in PEM form." in refused(tmp_path, *listen, "--tls-cert", chain)
    assert f"{key} holds no certificate in PEM form." in refused(tmp_path, *listen, "--tls-cert", key)
    assert f"{key} is not the key of {root}." in refused(tmp_path, *listen, "--tls-cert", root, "--tls-key", key)
    assert "--tls-key is of no use without --tls-cert" in refused(tmp_path, *listen, "--tls-key", key)
    assert "with --data none there is no place to keep one" in refused(tmp_path, "--tls", "--data", "none")
    assert "--tls-listen pigeon:7: that is no endpoint" in refused(tmp_path, "--tls-listen", "pigeon:7")
    subprocess.run(
        [tool("openssl"), "pkey", "-in", key, "-aes128", "-passout", "pass:secret", "-out", nothing], check=True
    )
    assert f"{nothing} is locked by a password." in refused(
        tmp_path, *listen, "--tls-cert", chain, "--tls-key", nothing
    )


def test_people_who_speak_no_tls_are_told(tls_chat: Daemon) -> None:
    bob = tls_chat.person("bob")
    for first in (b"ada\n", b'{"type":"hello"}\n', b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100_000):
        stream = SocketStream((HOST, tls_chat.tls_port))
        stream.send(first)
        told = Person(stream).read()
        assert told == "! This port speaks TLS. Connect with ncat --ssl, openssl s_client or chat tls://host."
        stream.close()
    assert bob.catch_up() == []


def test_tls_on_the_plain_port_is_told_and_disturbs_nobody(tls_chat: Daemon) -> None:
    bob = tls_chat.person("bob")
    with pytest.raises(ssl.SSLError):
        TlsStream((HOST, tls_chat.port))
    stream = SocketStream((HOST, tls_chat.port))
    stream.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    scanner = Person(stream)
    tls_chat.adopt(scanner)
    scanner.expect_end(WELCOME, "* This port does not speak TLS. Connect with nc, telnet or the chat client.")
    assert bob.catch_up() == []


def test_garbage_after_the_first_byte_disturbs_nobody(tls_chat: Daemon) -> None:
    ada, bob = person(tls_chat, "ada"), tls_chat.person("bob")
    for garbage in (b"\x16" * 50_000, b"\x16\x03\x01\x00\x05hello", b"\x16\x03\x03\x40\x00" + b"\x01" * 0x4000):
        stream = SocketStream((HOST, tls_chat.tls_port))
        stream.send(garbage)
        stream.reset()
    bob.type("still here")
    ada.expect("* bob joined.", "bob: still here")


def test_a_reader_by_tls_who_does_not_read_costs_no_memory(start_chat: DaemonFactory) -> None:
    chat = start_chat("--tls-listen", LISTEN, "--no-limits", "--no-log-talk")
    talker = warm(chat)
    stuck = Bot(TlsStream((HOST, chat.tls_port), receive_buffer=4_096))
    chat.adopt(stuck)
    stuck.request("hello", name="stuck")
    talker.until("joined", name="stuck")
    before = chat.rss
    ids = say(talker, 24 * MIB)
    assert chat.rss - before < FEW
    stuck.request("ping", tag="the end")
    stuck.read_line()
    shown = stuck.until("pong", tag="the end")
    missed = sum(event["count"] for event in shown if event["type"] == "missed")
    assert missed
    assert len(messages(shown)) + missed == len(ids)
