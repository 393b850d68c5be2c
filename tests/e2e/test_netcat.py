"""People with netcat."""

from __future__ import annotations

import subprocess
from pathlib import Path

from e2e.clients import Person
from e2e.daemon import HOST, Daemon
from e2e.streams import ProgramStream
from e2e.tools import tool
from e2e.waiting import DEADLINE


def netcat(chat: Daemon, *options: str) -> tuple[Person, ProgramStream]:
    stream = ProgramStream([tool("nc"), *options, HOST, str(chat.port)])
    person = Person(stream)
    chat.adopt(person)
    return person, stream


def test_two_people_walk_in_and_talk(chat: Daemon) -> None:
    ada, _ = netcat(chat)
    bob, _ = netcat(chat)
    assert ada.walk_in("ada") == ["* You are ada, alone in #lobby. Type /help for commands, exit to leave."]
    assert bob.walk_in("bob") == ["* You are bob, in #lobby with ada. Type /help for commands, exit to leave."]
    ada.expect("* bob joined.")
    bob.type("hello, ada")
    ada.expect("bob: hello, ada")
    ada.type("hello, bob")
    bob.expect("ada: hello, bob")


def test_exit_gives_the_shell_back(chat: Daemon) -> None:
    ada, stream = netcat(chat)
    ada.walk_in("ada")
    ada.type("exit")
    ada.expect_end("* Goodbye.")
    assert stream.wait() == 0


def test_the_end_of_input_leaves(chat: Daemon) -> None:
    ada = chat.person("ada")
    bob, stream = netcat(chat, "-N")
    bob.walk_in("bob")
    stream.finish()
    bob.expect_end("* Goodbye.")
    assert stream.wait() == 0
    ada.expect("* bob joined.", "* bob left.")


def test_a_pipe_of_one_line_delivers_it(chat: Daemon) -> None:
    ada = chat.person("ada")
    pipe = f"printf 'bob\\nhi\\n' | {tool('nc')} -N {HOST} {chat.port}"
    done = subprocess.run(["sh", "-c", pipe], capture_output=True, text=True, check=True, timeout=DEADLINE)
    assert done.stdout.splitlines()[-2:] == [
        "* You are bob, in #lobby with ada. Type /help for commands, exit to leave.",
        "* Goodbye.",
    ]
    ada.expect("* bob joined.", "bob: hi", "* bob left.")


def test_a_pipe_without_a_last_newline_delivers_its_last_line(chat: Daemon) -> None:
    ada = chat.person("ada")
    pipe = f"printf 'bob\\nfirst\\nlast' | {tool('nc')} -N {HOST} {chat.port}"
    subprocess.run(["sh", "-c", pipe], stdout=subprocess.DEVNULL, check=True, timeout=DEADLINE)
    ada.expect("* bob joined.", "bob: first", "bob: last", "* bob left.")


def test_a_whole_file_is_said_in_order(fast_chat: Daemon, tmp_path: Path) -> None:
    ada = fast_chat.person("ada")
    lines = [f"line {number}" for number in range(500)]
    file = tmp_path / "file"
    file.write_text("\n".join(["bob", *lines, ""]))
    with file.open("rb") as source:
        command = [tool("nc"), "-N", HOST, str(fast_chat.port)]
        subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, check=True, timeout=DEADLINE)
    ada.expect("* bob joined.", *(f"bob: {line}" for line in lines), "* bob left.")


def test_what_is_typed_ahead_is_done_in_order(chat: Daemon) -> None:
    bob = chat.person("bob")
    ada, stream = netcat(chat)
    ada.send(b"ada\nhello\n/me waves\n/topic tea\nexit\n")
    ada.expect_end(
        "* Welcome to chat. Type your name and press Enter.",
        "* You are ada, in #lobby with bob. Type /help for commands, exit to leave.",
        "* ada set the topic of #lobby to: tea",
        "* Goodbye.",
    )
    assert stream.wait() == 0
    bob.expect("* ada joined.", "ada: hello", "~ ada waves", "* ada set the topic of #lobby to: tea", "* ada left.")


def test_who_comes_later_is_shown_the_last_messages(chat: Daemon) -> None:
    bob = chat.bot("bob")
    stored = bob.ask("say", room="lobby", text="morning")
    ada, _ = netcat(chat)
    ada.walk_in("ada")
    ada.expect("* Earlier in #lobby:")
    date, _, said = ada.read().partition("] ")
    assert said == "bob: morning"
    assert len(date) == len("[2026-11-21 09:15")
    assert stored["type"] == "message"
    ada.expect("* End of history.")
