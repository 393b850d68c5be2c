"""Habit 36 at a pseudo-terminal: the real command is ended in whatever way, and started again."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from client.terminals import COMMAND, ENVIRONMENT, FOLDER, RealTerminal
from e2e.cuts import CutProxy
from e2e.daemon import HOST, Daemon
from e2e.waiting import DEADLINE, wait_for

CTRL_UP, UP = "\x1b[1;5A", "\x1b[A"
NUMBERS = count(1)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where it is kept."""
    return tmp_path / "state"


@pytest.fixture
def words() -> str:
    """What nobody has said before: all tests of this file share a chat, which shows what was said in earlier ones."""
    return f"words {next(NUMBERS):02}"


def said(words: str, options: tuple[str, ...], name: str = "ada") -> str:
    """What a client shows of what its user has said: the plain one leaves the line as it was typed."""
    return words if options else f"{name}: {words}"


def at_terminal(daemon: Daemon, state: Path, *options: str, name: str = "ada", port: int = 0) -> RealTerminal:
    """Start the client."""
    return RealTerminal(*options, f"{name}@{HOST}:{port or daemon.port}", state=state, columns=100)


def kept(state: Path) -> str:
    """What is in the file."""
    return "".join(file.read_text() for file in state.glob("twisted-chat/terminal/*.json"))


def by_signal(number: signal.Signals) -> Callable[[RealTerminal], None]:
    """End it by a signal."""
    return lambda terminal: terminal.child.kill(number)


def suspended_and_killed(terminal: RealTerminal) -> None:
    """Press Ctrl-Z, and kill it."""
    terminal.press("\x1a")
    wait_for(lambda: bool(terminal.read()) and "\x1b[?1049l" in terminal.raw, "the screen is left")
    terminal.child.kill(signal.SIGKILL)


ENDS = {
    "SIGTERM": by_signal(signal.SIGTERM),
    "SIGHUP": by_signal(signal.SIGHUP),
    "SIGKILL": by_signal(signal.SIGKILL),
    "Ctrl-Z and SIGKILL": suspended_and_killed,
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_habit_36_however_it_ends_all_is_there_again(
    shared_chat: Daemon, state: Path, end: Callable[[RealTerminal], None]
) -> None:
    bob = shared_chat.person("bob")
    ada = at_terminal(shared_chat, state)
    ada.sees("ada #lobby>")
    ada.press("/join dev\r")
    ada.sees("ada #dev>")
    ada.press("typed in dev\r")
    ada.sees("ada: typed in dev")
    ada.press("/msg bob psst\r")
    ada.sees("ada @bob>", "ada: psst")
    bob.type("/msg ada psst yourself")
    ada.sees("bob: psst yourself")
    ada.press("\x1b2half a li")
    ada.sees("ada #dev> half a li")
    wait_for(lambda: "half a li" in kept(state), "it is kept")
    end(ada)
    ada.ends()
    again = at_terminal(shared_chat, state)
    again.sees("ada #dev> half a li", "1:#lobby", "2:#dev", "3:@bob")
    again.press("\x15" + UP)
    again.sees("ada #dev> /msg bob psst")
    again.press(UP)
    again.sees("ada #dev> typed in dev")
    again.press("\x1b3")
    again.sees("ada: psst", "bob: psst yourself")
    again.press("\x1b1" + CTRL_UP)
    again.sees("ada #lobby> /msg bob psst")
    again.press("\x15\x12yped in")
    again.sees("> typed in dev")
    again.close()
    for file in state.glob("twisted-chat/terminal/*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_habit_36_passwords_are_not_in_the_file(shared_chat: Daemon, state: Path) -> None:
    eve = at_terminal(shared_chat, state, name="eve")
    eve.sees("eve #lobby>")
    for line in ("/register correct horse", "/PASSWORD correct horse", " /regsiter correct horse"):
        eve.press(f"{line}\r")
    eve.press("/unregister correct horse\x03said\r")
    eve.sees("eve: said")
    eve.press("/passwd correct horse")
    eve.sees("> /passwd correct horse")
    wait_for(lambda: "said" in kept(state), "it is kept")
    eve.close()
    assert "horse" not in kept(state)


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["screen", "plain"])
def test_habit_36_what_was_not_sent_is_said_at_the_end_and_there_again(
    shared_chat: Daemon, state: Path, words: str, options: tuple[str, ...]
) -> None:
    with CutProxy(shared_chat.port) as proxy:
        ada = at_terminal(shared_chat, state, *options, port=proxy.port)
        ada.sees("You are ada")
        proxy.cut()
        ada.sees("Disconnected from server.")
        ada.press(f"{words}\r")
        ada.sees(said(words, options))
        ada.child.kill(signal.SIGTERM)
        assert ada.ends() == 0
        assert "1 message was not sent, and will be in your line in #lobby when you start again." in ada.read()
        proxy.mend()
        again = at_terminal(shared_chat, state, *options, port=proxy.port)
        again.sees("A message was not sent when you left.", words)
        bob = shared_chat.person("bob")
        again.press("\r")
        bob.expect(f"ada: {words}")
        again.close()


def test_habit_36_rooms_on_the_command_line_are_shown_first(shared_chat: Daemon, state: Path) -> None:
    ada = at_terminal(shared_chat, state)
    ada.sees("ada #lobby>")
    ada.press("/join dev\r")
    ada.sees("ada #dev>", "You are ada")
    ada.close()
    again = at_terminal(shared_chat, state, "--rooms", "ops,lobby")
    again.sees("ada #ops>", "1:#lobby", "2:#dev", "3:#ops")
    again.close()


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["screen", "plain"])
def test_a_damaged_file_is_told_and_kept_aside(shared_chat: Daemon, state: Path, options: tuple[str, ...]) -> None:
    folder = state / "twisted-chat" / "terminal"
    folder.mkdir(parents=True)
    file = folder / f"ada@{HOST}:{shared_chat.port}.json"
    file.write_text('{"version": 1, "op')
    ada = at_terminal(shared_chat, state, *options)
    ada.sees("What was open last time can't be read: it is damaged.")
    ada.close()
    assert file.with_name(f"{file.name}.1.aside").read_text() == '{"version": 1, "op'
    assert '"lobby"' in file.read_text()


@pytest.mark.parametrize(("name", "options"), [("yan", ()), ("zoe", ("--plain",))], ids=["screen", "plain"])
def test_a_damaged_file_is_told_also_to_a_user_who_is_asked_for_a_password(
    shared_chat: Daemon, state: Path, name: str, options: tuple[str, ...]
) -> None:
    shared_chat.bot(name).ask("register", password="correct horse")
    folder = state / "twisted-chat" / "terminal"
    folder.mkdir(parents=True)
    (folder / f"{name}@{HOST}:{shared_chat.port}.json").write_text('{"version": 1, "op')
    again = at_terminal(shared_chat, state, *options, name=name)
    again.sees("What was open last time", f"Password of {name}")
    again.sees_in_rows("can't be read: it is damaged.")
    assert re.search(r"^What was open last time can't .*\r\nThe name \w+ belongs to somebody.", again.raw, re.MULTILINE)
    again.press("correct horse\r")
    again.sees("#lobby")
    again.close()


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["screen", "plain"])
def test_where_nothing_can_be_written_that_is_told_once(
    shared_chat: Daemon, state: Path, words: str, options: tuple[str, ...]
) -> None:
    state.write_text("a file where the folder would be")
    ada = at_terminal(shared_chat, state, *options)
    ada.sees("! What is open can't be kept for the next start: Not a directory.")
    ada.press(f"{words}\r")
    ada.sees(said(words, options))
    ada.press("exit\r")
    assert ada.ends() == 0
    assert "mistake" not in ada.raw


def test_two_at_once_keep_what_is_typed_in_both(shared_chat: Daemon, state: Path) -> None:
    one = at_terminal(shared_chat, state)
    one.sees("ada #lobby>")
    one.press("/nick ada-one\r")
    one.sees("ada-one #lobby>")
    two = at_terminal(shared_chat, state)
    two.sees("ada #lobby>")
    one.press("typed in one\r")
    two.sees("ada-one: typed in one")
    two.press("typed in two\r")
    two.sees("ada: typed in two")
    one.close()
    two.close()
    again = at_terminal(shared_chat, state)
    again.sees("ada #lobby>")
    for line in ("typed in two", "typed in one"):
        again.press(UP)
        again.sees(f"ada #lobby> {line}")
    again.close()


@pytest.mark.parametrize("options", [(), ("--plain",)], ids=["screen", "plain"])
def test_a_newcomer_is_greeted_once(shared_chat: Daemon, state: Path, words: str, options: tuple[str, ...]) -> None:
    ada = at_terminal(shared_chat, state, *options)
    ada.sees("* You are ada", "* /help lists the commands.")
    ada.close()
    again = at_terminal(shared_chat, state, *options, "--rooms", "tea", name="bob")
    again.sees("* You are bob")
    again.press(f"{words}\r")
    again.sees(said(words, options, "bob"))
    assert "/help" not in again.read()
    again.close()


def test_a_pipe_keeps_nothing(shared_chat: Daemon, state: Path) -> None:
    environment = ENVIRONMENT | {"XDG_STATE_HOME": str(state)}
    place = f"ada@{HOST}:{shared_chat.port}"
    subprocess.run([*COMMAND, place], input=b"hello\n", cwd=FOLDER, env=environment, check=True, timeout=DEADLINE)
    assert not os.path.lexists(state)
