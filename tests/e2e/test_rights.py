"""Registered names and moderation, as people meet them: with netcat, the terminal client and ``chat admin``."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from client.terminals import RealTerminal, run

from e2e.clients import Person
from e2e.daemon import HOST, Daemon, DaemonFactory
from e2e.streams import ProgramStream
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

PASSWORD = "correct horse"  # noqa: S105
ROLE_USAGE = "Usage: chat admin role NAME ROLE, for example: chat admin role ada owner"


def admin(chat: Daemon, *words: str, send: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``chat admin`` on the data of a daemon."""
    command = [sys.executable, "-m", "chat", "admin", *words, "--data", str(chat.folder)]
    return subprocess.run(command, input=send, capture_output=True, text=True, timeout=DEADLINE, check=False)


def register(chat: Daemon, name: str) -> None:
    """Have somebody register a name, and leave."""
    person = chat.person(name)
    person.type(f"/register {PASSWORD}", "exit")
    person.until("* Goodbye.")
    person.close()


def log_in(chat: Daemon, name: str) -> Person:
    """Somebody comes in under a registered name with netcat."""
    person = Person(ProgramStream([tool("nc"), HOST, str(chat.port)]))
    chat.adopt(person)
    person.type(name, PASSWORD)
    while "* You are " not in (line := person.read_line().decode("latin-1")):
        assert line, "the connection was closed"
    person.catch_up()
    return person


def test_an_owner_made_by_chat_admin_moderates_from_netcat(chat: Daemon) -> None:
    register(chat, "ada")
    done = admin(chat, "role", "ada", "owner")
    assert (done.returncode, done.stdout) == (0, "ada is owner now.\n")
    ada = log_in(chat, "ada")
    eve = chat.person("eve")
    ada.expect("* eve joined.")
    ada.type("/ban eve 1h spam")
    assert re.fullmatch(r"\* You are banned from this chat for .* more: spam\r\n", eve.read_to_end().decode())
    ada.expect("* eve is banned from this chat for 1 hour.", "* eve left.")
    again = chat.stranger()
    again.expect("* Welcome to chat. Type your name and press Enter.")
    again.type("eve")
    assert again.read().startswith("! You are banned from this chat for ")
    audit = admin(chat, "audit").stdout
    for entry in ("ada: register ada", "chat admin: role owner ada", "ada: ban eve: spam"):
        assert entry in audit


def test_bans_and_names_outlive_a_restart(start_chat: DaemonFactory) -> None:
    first = start_chat()
    register(first, "ada")
    admin(first, "role", "ada", "moderator")
    ada = log_in(first, "ada")
    ada.type("/ban eve", "/join den", "/room private")
    ada.until("* ada made the room private")
    first.end()
    second = start_chat("--data", str(first.folder))
    eve = second.stranger()
    eve.expect("* Welcome to chat. Type your name and press Enter.")
    eve.type("eve", "bob", "/join den", "ada")
    eve.until("! You are banned from this chat.")
    eve.until("! #den is private. Ask one of its ops for an invitation.")
    stranger = second.stranger()
    stranger.type("ada")
    stranger.read()
    assert stranger.read().startswith("* That name belongs to somebody.")
    log_in(second, "ada")


def test_a_password_is_reset_by_chat_admin(chat: Daemon) -> None:
    register(chat, "ada")
    assert admin(chat, "password", "ada", send="short\n").stderr == "chat: Use a password of 8 to 256 characters.\n"
    done = admin(chat, "password", "ada", send="battery staple\n")
    assert done.stdout == "ada has another password.\n"
    bot = chat.socket()
    bot.request("hello", name="ada", password="battery staple")
    bot.first("welcome", registered=True)


def test_a_reserved_name_belongs_to_who_gets_an_account_by_chat_admin(start_chat: DaemonFactory) -> None:
    chat = start_chat("--reserve", "helpdesk")
    stranger = chat.stranger()
    stranger.type("admin", "helpdesk")
    for _ in range(2):
        stranger.until("! That name is reserved.")
    made = admin(chat, "account", "admin", send=f"{PASSWORD}\n")
    assert (made.returncode, made.stdout) == (0, "admin has an account now.\n")
    log_in(chat, "admin")
    chat.end()
    made = admin(chat, "account", "helpdesk", send=f"{PASSWORD}\n")
    assert (made.returncode, made.stdout) == (0, "helpdesk has an account now.\n")
    again = admin(chat, "account", "Adrnin", send=f"{PASSWORD}\n")
    assert (again.returncode, again.stderr) == (1, "chat: There is an account admin already.\n")
    assert admin(chat, "audit").stdout.endswith("chat admin: account helpdesk\n")
    log_in(start_chat("--data", str(chat.folder), "--reserve", "helpdesk"), "helpdesk")


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (["role", "nobody", "owner"], 1, "chat: There is no account nobody. Users make theirs with /register.\n"),
        ([], 2, "chat: Say what is to be done: users, disconnect, kick, "),
        (["fly"], 2, "chat: There is no chat admin fly. chat admin --help explains.\n"),
        (["rools"], 2, "chat: There is no chat admin rools. Did you mean rooms? chat admin --help explains.\n"),
        (["role", "ada"], 2, f"chat: {ROLE_USAGE}. chat admin --help explains.\n"),
        (["bans", "--since", "7d"], 2, "chat: --since is for chat admin audit. chat admin --help explains.\n"),
        (["audit", "--since", "tea"], 2, "chat: 'tea' is no time. Write one like 2026-11-20, "),
    ],
)
def test_a_wrong_word_is_a_sentence(chat: Daemon, words: list[str], code: int, complaint: str) -> None:
    done = admin(chat, *words)
    assert done.returncode == code
    assert done.stderr.startswith(complaint)


def test_the_terminal_client_asks_for_the_password_and_does_not_show_it(chat: Daemon) -> None:
    register(chat, "ada")
    terminal = RealTerminal(f"ada@{HOST}:{chat.port}")
    terminal.sees("Password of ada:")
    terminal.press("wrong horse\r")
    terminal.sees("That password is wrong.")
    wait_for(lambda: terminal.read() and terminal.raw.count("Password of ada:") == 2, "it asks again, without echo")
    terminal.press(f"{PASSWORD}\r")
    terminal.sees("ada #lobby>")
    assert "horse" not in terminal.raw
    terminal.press("exit\r")
    assert terminal.ends() == 0


def test_scripts_take_the_password_from_a_file(chat: Daemon) -> None:
    register(chat, "bot")
    path = chat.folder / "password"
    path.write_text(f"{PASSWORD}\n")
    ada = chat.person("ada")
    place = f"bot@{HOST}:{chat.port}"
    refused = run(place, send="no\n")
    assert refused.returncode == 1
    assert "The name bot belongs to somebody." in refused.stderr
    assert run("--password-file", str(path), place, send="deploy done\n").returncode == 0
    assert "bot: deploy done" in ada.catch_up()


def test_an_op_keeps_order_in_the_terminal_client(chat: Daemon) -> None:
    terminal = RealTerminal("--rooms", "dev", f"ada@{HOST}:{chat.port}", columns=100)
    terminal.sees("ada #dev>")
    eve = chat.person("eve")
    eve.type("/join dev", "rude words")
    terminal.sees("eve: rude words")
    terminal.press("/mute eve 5m rude\r")
    eve.until("* ada muted eve for 5 minutes: rude")
    eve.type("more")
    eve.until("! You are muted in #dev for 5 minutes more.")
    terminal.press("/delete 1\r")
    eve.until("* ada deleted what eve said at ")
    terminal.sees("* ada deleted this.")
    assert "rude words" not in terminal.read()
    terminal.press("/kick eve\r")
    eve.until("* You were kicked out of #dev by ada.")
    terminal.press("exit\r")
    assert terminal.ends() == 0
