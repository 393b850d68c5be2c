"""Closed doors with real daemons: a key, members only, invitations, as people and programs meet them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pexpect
import pytest

from e2e.clients import Bot, Person
from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory, twistd
from e2e.streams import ProgramStream, SocketStream, TlsStream
from e2e.test_operator import admin
from e2e.tools import put_away, tool
from e2e.waiting import DEADLINE

KEY = "open sesame"
PASSWORD = "correct horse"  # noqa: S105
ASK_KEY = "* This chat needs a key. Type it and press Enter."
ASK_NAME = "* Type your name and press Enter."
ASK_MEMBER = "* Only members come in. Type your name and press Enter, or press Enter alone if you have an invitation."
HIDDEN = b"\xff\xfb\x01"
SHOWN = b"\xff\xfc\x01"


def netcat(chat: Daemon) -> Person:
    """Somebody with netcat."""
    person = Person(ProgramStream([tool("nc"), HOST, str(chat.port)]))
    chat.adopt(person)
    return person


def read(person: Person) -> str:
    """Read a line that tells something, without telnet's commands."""
    line = b""
    while not line:
        line = person.read_line().replace(HIDDEN, b"").replace(SHOWN, b"").strip()
    return line.decode()


def code_of(chat: Daemon) -> str:
    """Have the operator make an invitation; return its code."""
    return admin(chat.folder, "invitation").split()[-1]


def make_account(chat: Daemon, name: str) -> None:
    """Have the operator make an account."""
    assert admin(chat.folder, "account", name, send=f"{PASSWORD}\n") == f"{name} has an account now.\n"


def refusal_to_start(folder: Path, *options: str) -> str:
    """Start a daemon that must not start; return what it says."""
    command = [*twistd(), "--nodaemon", "--pidfile=", "chat", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 1
    return done.stdout + done.stderr


def test_people_with_netcat_give_the_key(start_chat: DaemonFactory) -> None:
    chat = start_chat("--key", KEY)
    eve = netcat(chat)
    eve.expect("* Welcome to chat.", ASK_KEY)
    eve.type("sesame")
    assert [read(eve), read(eve)] == ["! That key is wrong.", ASK_KEY]
    eve.type(KEY)
    assert read(eve) == ASK_NAME
    eve.type("eve")
    assert read(eve) == "* You are eve, alone in #lobby. Type /help for commands, exit to leave."
    assert "everybody on this machine can see the key of --key" in chat.log()
    assert KEY not in chat.log()


def test_telnet_shows_neither_the_key_nor_what_a_newcomer_chooses(start_chat: DaemonFactory) -> None:
    chat = start_chat("--key", KEY, "--members-only")
    code = code_of(chat)
    eve = pexpect.spawn(tool("telnet"), [HOST, str(chat.port)], encoding="utf-8", timeout=DEADLINE)
    eve.expect_exact(f"{ASK_KEY}\r\n")
    eve.waitnoecho(DEADLINE)
    eve.sendline(KEY)
    eve.expect_exact(f"{ASK_MEMBER}\r\n")
    shown = eve.before
    eve.sendline("")
    for answer, secret, question in (
        (code, True, "Choose a name, type it and press Enter.\r\n"),
        ("eve", False, "Choose a password for eve, of 8 to 256 characters.\r\n"),
        (PASSWORD, True, "Type it again.\r\n"),
        (PASSWORD, True, "* You are eve, alone in #lobby."),
    ):
        if secret:
            eve.waitnoecho(DEADLINE)
        eve.sendline(answer)
        eve.expect_exact(question)
        shown += eve.before
    assert not [secret for secret in (KEY, code, PASSWORD) if secret in shown]
    eve.sendline("exit")
    eve.expect_exact("* Goodbye.\r\n")
    put_away(eve)


def test_people_with_netcat_use_an_invitation_once(start_chat: DaemonFactory) -> None:
    chat = start_chat("--members-only")
    chat.await_log("only members come in, and there are none: chat admin account NAME makes the first account")
    code = code_of(chat)
    eve, bob = netcat(chat), netcat(chat)
    eve.expect("* Welcome to chat.", ASK_MEMBER)
    eve.type("eve")
    assert read(eve).startswith("! Only members come in here, and none of them is called eve.")
    for line in ("", code, "eve", PASSWORD, PASSWORD):
        eve.type(line)
    assert [read(eve) for _ in range(5)][-1].startswith("* You are eve, alone in #lobby.")
    bob.expect("* Welcome to chat.", ASK_MEMBER)
    bob.type("", code)
    assert [read(bob), read(bob)][-1].startswith("! There is no such invitation, or it was used or has ended.")


def test_a_program_comes_in_by_invitation(start_chat: DaemonFactory) -> None:
    chat = start_chat("--members-only", "--invitations", "members")
    make_account(chat, "ada")
    ada = chat.bot("ada", password=PASSWORD)
    made = ada.ask("invitation")
    bot = chat.socket()
    bot.request("hello", name="bot")
    bot.first("error", code="invitation-needed")
    hello = {"name": "bot", "register": True, "password": PASSWORD, "code": made["code"]}
    bot.request("hello", **hello)
    welcome = bot.expect("welcome", registered=True)
    assert "invitations" in welcome["features"]
    again = chat.socket()
    again.request("hello", **{**hello, "name": "bob"})
    again.first("error", code="wrong-invitation")
    again.request("hello", name="bot", token=welcome["token"])
    again.expect("welcome", registered=True)
    assert ada.ask("unregister", password=PASSWORD)["type"] == "notice"
    ada.expect("goodbye", code="members-only")


def test_only_a_local_socket_needs_no_key(start_chat: DaemonFactory, tmp_path: Path) -> None:
    plain, proxied, over_tls = (str(tmp_path / name) for name in ("plain", "proxied", "tls"))
    config = tmp_path / "chat.toml"
    config.write_text(f'key = "{KEY}"\n')
    listen = (LISTEN, f"unix:{plain}", f"haproxy:unix:{proxied}")
    chat = start_chat("--config", str(config), "--tls-listen", f"unix:{over_tls}", listen=listen)
    assert "can see the key" not in chat.log()
    bot = Bot(SocketStream(plain))
    chat.adopt(bot)
    bot.hello("bot")
    behind = Bot(SocketStream(proxied))
    chat.adopt(behind)
    behind.send(b"PROXY UNKNOWN\r\n")
    tls = Bot(SocketStream(over_tls))
    tls.close()
    for needs in (behind, chat.socket()):
        needs.request("hello", name="other")
        needs.first("error", code="key-needed")
    needs.request("hello", name="other", key=KEY)
    needs.expect("welcome")


def test_the_key_is_needed_over_tls_too(start_chat: DaemonFactory) -> None:
    chat = start_chat("--key", KEY, "--tls-listen", LISTEN)
    bot = Bot(TlsStream((HOST, chat.tls_port)))
    chat.adopt(bot)
    bot.request("hello", name="bot")
    bot.first("error", code="key-needed")


def test_wrong_keys_slow_the_client_that_the_proxy_names_and_nobody_else(start_chat: DaemonFactory) -> None:
    chat = start_chat("--key", KEY, listen=[f"haproxy:{LISTEN}"])

    def through(address: str) -> Bot:
        bot = chat.socket()
        bot.send(f"PROXY TCP4 {address} 127.0.0.1 1 2\r\n".encode())
        bot.read_line()
        bot.read_line()
        return bot

    guesser, other = through("192.0.2.1"), through("192.0.2.2")
    for code in ["wrong-key"] * 3 + ["too-many-tries"]:
        guesser.request("hello", name="eve", key="guess")
        guesser.expect("error", code=code)
    other.request("hello", name="bob", key=KEY)
    other.expect("welcome")


def test_an_account_and_its_invitation_are_stored_together_or_not_at_all(start_chat: DaemonFactory) -> None:
    options = ("--members-only", "--invitations", "members", "--no-limits")
    first = start_chat(*options)
    make_account(first, "ada")
    ada = first.bot("ada", password=PASSWORD)
    codes = {f"eve{number}": str(ada.ask("invitation")["code"]) for number in range(12)}
    bots = {name: first.socket() for name in codes}
    for name, bot in bots.items():
        bot.request("hello", name=name, register=True, password=PASSWORD, code=codes[name])
    for name in list(codes)[:4]:
        bots[name].first("welcome")
    first.kill()
    second = start_chat(*options, "--data", str(first.folder))
    there = set(admin(first.folder, "accounts").split()) - {"ada"}
    assert there.issuperset(list(codes)[:4])
    for name, code in sorted(codes.items(), key=lambda item: item[0] in there):
        bot = second.socket()
        bot.request("hello", name=f"{name}-2", register=True, password=PASSWORD, code=code)
        answer = bot.first("error" if name in there else "welcome")
        assert answer.get("code") in (("wrong-invitation", "too-many-tries") if name in there else (None,))


def test_an_invitation_that_the_operator_made_while_no_chat_ran_is_good(start_chat: DaemonFactory) -> None:
    first = start_chat()
    first.end()
    code = code_of(first)
    second = start_chat("--members-only", "--data", str(first.folder))
    bot = second.socket()
    bot.request("hello", name="bot", register=True, password=PASSWORD, code=code)
    bot.first("welcome", registered=True)


def test_a_chat_that_is_closed_later_lets_accounts_in_by_their_tokens_and_nobody_else(
    start_chat: DaemonFactory,
) -> None:
    first = start_chat()
    ada, eve = first.bot("ada"), first.bot("eve")
    ada.ask("register", password=PASSWORD)
    tokens = {}
    for name, fields in (("ada", {"password": PASSWORD}), ("eve2", {})):
        bot = first.socket()
        tokens[name] = bot.hello(name, **fields)["token"]
        bot.ask("say", room="lobby", text="hi")
    assert eve.ask("ping")["type"] == "pong"
    first.kill()
    second = start_chat("--members-only", "--data", str(first.folder))
    assert "only members come in" not in second.log()
    for name, kind in (("ada", "welcome"), ("eve2", "error")):
        bot = second.socket()
        bot.request("hello", name=name, token=tokens[name])
        bot.first(kind)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            ("--members-only", "--listen", "tcp:0"),
            "With members-only nobody could come in from elsewhere by tcp:0, as passwords are not taken where others "
            "could listen in. Listen there for TLS",
        ),
        (("--members-only", "--listen", f"haproxy:{LISTEN}"), f"from elsewhere by haproxy:{LISTEN}"),
        (("--members-only", "--data", "none"), "only chat admin makes the first account"),
        (("--members-only", "--registration", "open"), "accounts are made by invitation"),
        (("--registration", "some"), "--registration must be open, invitation or closed, not some."),
        (("--invitations", "some"), "--invitations must be moderators or members, not some."),
        (("--key", " "), "--key must be 1 to 256 characters, not exit or quit, "),
    ],
)
def test_what_would_let_nobody_in_is_refused_at_the_start(
    tmp_path: Path, options: tuple[str, ...], reason: str
) -> None:
    assert reason in refusal_to_start(tmp_path, *options)
