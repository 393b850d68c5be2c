"""Limits as people meet them: by options, by address, and behind a proxy."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.clients import Person
from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory
from e2e.streams import SocketStream, trusting
from e2e.test_tls import refused
from e2e.tools import tool
from e2e.waiting import wait_for

WELCOME = "* Welcome to chat. Type your name and press Enter."
TOO_MANY = "! There are 2 connections from your address, which is the most. Close one of them first."
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"


def first_version(host: str) -> bytes:
    """What a proxy says in version 1 of its protocol."""
    kind = "TCP6" if ":" in host else "TCP4"
    return f"PROXY {kind} {host} {'::1' if ':' in host else '127.0.0.1'} 40000 12345\r\n".encode()


def second_version(host: str) -> bytes:
    """What a proxy says in version 2."""
    six = ":" in host
    family = socket.AF_INET6 if six else socket.AF_INET
    addresses = socket.inet_pton(family, host) + socket.inet_pton(family, "::1" if six else "127.0.0.1")
    body = addresses + struct.pack("!HH", 40_000, 12_345)
    return SIGNATURE + bytes([0x21, 0x21 if six else 0x11]) + struct.pack("!H", len(body)) + body


def through(chat: Daemon, header: bytes) -> Person:
    """Somebody who comes through a proxy."""
    person = Person(SocketStream((HOST, chat.port)))
    chat.adopt(person)
    person.send(header)
    return person


@pytest.fixture
def proxied(start_chat: DaemonFactory) -> Daemon:
    """A daemon behind a proxy, with room for two from one address."""
    return start_chat("--limit", "connections-each=2", listen=[f"haproxy:{LISTEN}"])


@pytest.mark.parametrize("header", [first_version, second_version])
@pytest.mark.parametrize("hosts", [["192.0.2.1"] * 3, ["2001:db8::1", "2001:db8::2", "2001:db8::3"]])
def test_limits_go_by_the_address_that_a_proxy_names(proxied: Daemon, hosts: list[str], header: object) -> None:
    assert callable(header)
    people = [through(proxied, header(host)) for host in hosts]
    for number, person in enumerate(people[:2]):
        person.walk_in(f"user{number}")
    people[2].expect(WELCOME)
    people[2].type("user2")
    people[2].expect_end(TOO_MANY, "* Goodbye.")
    through(proxied, header("198.51.100.7")).walk_in("another")
    through(proxied, header("198.51.100.7")).walk_in("")
    proxied.await_log("another came from 198.51.100.7:40000")
    proxied.await_log("40000 came from 198.51.100.7:40000")


def test_a_proxy_that_speaks_for_itself_is_on_this_machine(proxied: Daemon) -> None:
    for number in range(4):
        through(proxied, SIGNATURE + b"\x20\x00\x00\x00").walk_in(f"user{number}")


@pytest.mark.parametrize("size", [1, 7, 12])
@pytest.mark.parametrize("header", [first_version, second_version])
def test_a_header_counts_in_whatever_pieces_it_comes(
    proxied: Daemon, header: Callable[[str], bytes], size: int
) -> None:
    data = header("192.0.2.1") + b"ada\n"
    ada = through(proxied, b"")
    for start in range(0, len(data), size):
        ada.send(data[start : start + size])
        # The daemon answers others meanwhile, so it has read this piece by itself.
        through(proxied, header("198.51.100.7") + b"exit\n").read_to_end()
    ada.expect(WELCOME)
    proxied.await_log("ada came from 192.0.2.1:40000")


def test_a_proxy_that_does_not_know_speaks_for_itself(proxied: Daemon) -> None:
    for number in range(4):
        through(proxied, b"PROXY UNKNOWN\r\n").walk_in(f"user{number}")
    proxied.await_log(f"user3 came from {HOST}:")


HAPROXY = """
defaults
    mode tcp
    timeout connect 10s
    timeout check 10s
    timeout client 60s
    timeout server 60s
listen chat
    bind fd@{front}
    server chat {host}:{port} {option} check inter 50ms
"""


@pytest.mark.parametrize("option", ["send-proxy", "send-proxy-v2"])
def test_the_real_haproxy(proxied: Daemon, tmp_path: Path, option: str) -> None:
    config = tmp_path / "haproxy.cfg"
    with socket.create_server((HOST, 0)) as front:
        front.set_inheritable(True)
        config.write_text(HAPROXY.format(front=front.fileno(), host=HOST, port=proxied.port, option=option))
        haproxy = subprocess.Popen([tool("haproxy"), "-db", "-f", config], pass_fds=[front.fileno()])
        try:
            stream = SocketStream(front.getsockname())
            ada = Person(stream)
            proxied.adopt(ada)
            ada.walk_in("ada")
            proxied.await_log(f"ada came from {HOST}:{stream.socket.getsockname()[1]}\n")
            ada.type("through the proxy")
            proxied.await_log("#lobby ada: through the proxy")
        finally:
            haproxy.terminate()
            haproxy.wait()


@pytest.mark.parametrize("garbage", [b"ada\n", b"PROXY TCP4 nonsense\r\n", SIGNATURE + b"\xff" * 40, b"\x00" * 500])
def test_what_is_no_proxy_is_cut(proxied: Daemon, garbage: bytes) -> None:
    stranger = through(proxied, garbage)
    assert stranger.read_to_end().decode() in ("", f"{WELCOME}\r\n")


def test_tls_behind_a_proxy(start_chat: DaemonFactory) -> None:
    chat = start_chat("--tls-listen", f"haproxy:{LISTEN}", "--limit", "connections-each=1")
    stream = SocketStream((HOST, chat.tls_port))
    stream.send(first_version("192.0.2.1"))
    stream.socket = trusting().wrap_socket(stream.socket, server_hostname="localhost")
    ada = Person(stream)
    chat.adopt(ada)
    ada.walk_in("ada")
    chat.await_log("ada came from 192.0.2.1:40000")


def test_clients_on_this_machine_are_not_counted(start_chat: DaemonFactory) -> None:
    chat = start_chat("--limit", "connections-each=2", "--limit", "connects-burst=2")
    for number in range(6):
        chat.person(f"user{number}")


def test_silent_connections_are_asked_for_a_sign_of_life(start_chat: DaemonFactory) -> None:
    chat = start_chat("--limit", "keepalive=30")
    chat.person("ada")

    def timer() -> re.Match[str] | None:
        command = [tool("ss"), "-Hotn", f"sport = :{chat.port}"]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return re.search(r"timer:\(keepalive,(\d+)sec,", shown)

    found = wait_for(timer, "the timer of the socket, with less than a minute")
    assert found is not None
    assert int(found[1]) <= 30


def test_time_to_give_a_name(start_chat: DaemonFactory) -> None:
    chat = start_chat("--limit", "name-time=0.5")
    stranger = chat.stranger()
    stranger.expect_end(WELCOME, "! No name came for 0.5 seconds. Connect again when you have one.", "* Goodbye.")


def test_the_file_sets_limits_and_the_command_line_wins(start_chat: DaemonFactory, tmp_path: Path) -> None:
    path = tmp_path / "chat.toml"
    path.write_text("[limit]\nrooms-each = 1\ntext = 20\n")
    chat = start_chat("--config", str(path), "--limit", "text=10")
    bot = chat.bot("bot")
    assert bot.ask("join", room="dev")["code"] == "too-many-rooms"
    assert bot.ask("say", room="lobby", text="x" * 11)["code"] == "too-long"
    assert bot.ask("say", room="lobby", text="x" * 10)["type"] == "message"


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("rate", "--limit rate sets nothing. Write it as --limit rate=10."),
        ("rate=fast", '--limit rate=fast: the limit "rate" must be a number greater than 0, not fast.'),
        ("burst=0", 'the limit "burst" must be a whole number greater than 0, not 0.'),
        ("keepalive=40000", '--limit keepalive=40000: the limit "keepalive" must be at most 32767, not 40000.'),
        ("speed=1", 'there is no limit "speed". There are: connections, '),
    ],
)
def test_a_wrong_limit_is_a_sentence(tmp_path: Path, setting: str, complaint: str) -> None:
    assert complaint in refused(tmp_path, "--limit", setting)


def test_the_log_says_when_there_are_no_limits(fast_chat: Daemon) -> None:
    fast_chat.await_log("how much clients send, and how many connect from one address, is not limited (--no-limits)")
