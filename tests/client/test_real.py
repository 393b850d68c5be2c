"""The real command against the real daemon, through real pipes and pseudo-terminals."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from client.lunch import CALL, COUNTS, SPEAKERS, talk
from client.terminals import COMMAND, ENVIRONMENT, FOLDER, RealTerminal, run
from e2e.daemon import HOST, Daemon, DaemonFactory, at
from e2e.waiting import DEADLINE, wait_for

from chat import __version__


@pytest.fixture
def ada(shared_chat: Daemon) -> Iterator[RealTerminal]:
    """Somebody at the full-screen client."""
    terminal = RealTerminal(address(shared_chat, "ada"))
    terminal.sees("ada #lobby>", "You are ada")
    yield terminal
    terminal.close()


def address(daemon: Daemon, name: str) -> str:
    """Where *name* goes."""
    return f"{name}@127.0.0.1:{daemon.port}"


def test_talking(shared_chat: Daemon, ada: RealTerminal) -> None:
    bob = shared_chat.person("bob")
    ada.press("half a li")
    ada.sees("ada #lobby> half a li")
    bob.type("hello ada, 日本 👍")
    ada.sees("bob: hello ada, ", "ada #lobby> half a li")
    assert "\a" in ada.raw
    ada.press("ne\r")
    bob.expect("ada: half a line")
    ada.sees("ada: half a line")


@pytest.mark.parametrize("keys", ["exit\r", "\x04", "\x03\x03"])
def test_leaving(ada: RealTerminal, keys: str) -> None:
    ada.press(keys)
    assert ada.ends() == 0
    assert ada.raw.rpartition("\x1b[?1049l")[2].endswith("Disconnected from server.\r\n")
    assert ada.is_restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_a_good_terminal(shared_chat: Daemon, ada: RealTerminal, number: int) -> None:
    bob = shared_chat.person("bob")
    ada.child.kill(number)
    assert ada.ends() == 0
    assert ada.is_restored()
    bob.expect("* ada left.")


def test_the_daemon_goes_and_comes_back(start_chat: DaemonFactory, port: int) -> None:
    daemon = start_chat(listen=[at(port)])
    ada = RealTerminal(address(daemon, "ada"))
    ada.sees("ada #lobby>")
    ada.press("before\r")
    ada.sees("ada: before")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait() == 0
    ada.sees("* Disconnected from server. The server is shutting down. Goodbye.", "no connection, next try in")
    assert ada.read().count("* The server is shutting down.") == 0
    ada.press("meanwhile\r")
    ada.sees("... ada: meanwhile", "1 unsent")
    start_chat(listen=[at(port)])
    ada.sees("* Connected again.")
    wait_for(lambda: "unsent" not in ada.read() and ada.read().count("ada: meanwhile") == 1, "it is sent once")
    ada.press("exit\r")
    assert ada.ends() == 0


def test_a_flood_leaves_the_line_in_peace(shared_chat: Daemon, ada: RealTerminal) -> None:
    flood = shared_chat.bot("flood")
    ada.press("in the middle of it")
    for number in range(3000):
        flood.request("say", room="lobby", text=f"line {number}")
    ada.sees("flood: line", "ada #lobby> in the middle of it")
    ada.sees("flood: line 2999")
    ada.press("\r")
    ada.sees("ada: in the middle of it")
    flood.request("quit")
    flood.until("goodbye")


def test_suspending(ada: RealTerminal) -> None:
    ada.press("half")
    ada.sees("> half")
    ada.press("\x1a")
    wait_for(lambda: "\x1b[?1049l" in ada.read() + ada.raw, "the screen is left")
    ada.child.kill(signal.SIGCONT)
    wait_for(lambda: bool(ada.read()) and ada.raw.count("\x1b[?1049h") == 2, "the screen is drawn again")
    ada.press(" a line\r")
    ada.sees("ada: half a line")


def test_suspending_keeps_the_cursor(ada: RealTerminal) -> None:
    ada.press("draft\x1b[D\x1b[D\x1a")
    wait_for(lambda: "\x1b[?1049l" in ada.read() + ada.raw, "the screen is left")
    ada.child.kill(signal.SIGCONT)
    wait_for(lambda: bool(ada.read()) and ada.raw.count("\x1b[?1049h") == 2, "the screen is drawn again")
    ada.press("-\r")
    ada.sees("ada: dra-ft")


def test_what_the_terminal_answers_is_not_said(shared_chat: Daemon, ada: RealTerminal) -> None:
    bob = shared_chat.person("bob")
    ada.press("one\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\\x1b[?64;1;2;6;22c\x1b[>41;354;0c\x1bP>|tmux 3.3a\x1b\\\x1b[I\x1b[O")
    ada.press("\x1b[127;5utwo\x1b[13;2u\x1bk\x1b[15;5~\x1b[1;3P\x11three")
    ada.sees("2 lines.", "ada #lobby> two", "three")
    ada.press("\r")
    bob.expect("ada: two", "ada: three")


def test_a_paste_without_brackets_is_one_message(shared_chat: Daemon, ada: RealTerminal) -> None:
    bob = shared_chat.person("bob")
    lines = [f"/topic {number:024}" for number in range(90)]
    ada.press("\r".join(["def f():", *lines]) + "\r")
    ada.sees('91 lines, from "def f():" to "/topic 000000000000')
    ada.press("\r")
    bob.expect("ada: def f():", *(f"ada: {line}" for line in lines))


def test_rows_for_copying(shared_chat: Daemon, ada: RealTerminal) -> None:
    url = "https://example.org/" + "long/" * 20
    shared_chat.person("bob").type(url)
    ada.sees("/long/\n")
    ada.press("\x1bOQ")
    ada.sees("-- Press Enter to come back --")
    assert f"bob: {url}\r\n" in ada.raw
    ada.press("\r")
    ada.sees("ada #lobby>")


COME_BACK = "-- Press Enter to come back --"
BACK = {"Enter": "\r", "Esc": "\x1b", "q": "q", "Ctrl-C": "\x03"}


@pytest.mark.parametrize("back", BACK.values(), ids=BACK)
def test_what_was_half_typed_is_there_again_after_the_copy_view(shared_chat: Daemon, back: str) -> None:
    bob = shared_chat.person("bob")
    ada = RealTerminal(address(shared_chat, "ada"))
    ada.sees("ada #lobby>")
    ada.press("my secret")
    ada.sees("> my secret")
    ada.press("\x1b[D\x1bOQ")
    ada.sees(COME_BACK)
    ada.press(("looking" if back in "\r\x03" else "") + back)
    ada.sees("ada #lobby> my secret")
    ada.press("-\r")
    ada.sees("ada: my secre-t")
    ada.press("exit\r")
    assert ada.ends() == 0
    assert bob.until("* ada left.")[-2:] == ["ada: my secre-t", "* ada left."]


def test_a_paste_is_still_there_after_the_copy_view(shared_chat: Daemon, ada: RealTerminal) -> None:
    ada.press("\x1b[200~one\ntwo\x1b[201~")
    ada.sees("2 lines.")
    ada.press("\x1bOQ")
    ada.sees(COME_BACK)
    ada.press("\r")
    ada.sees("2 lines.", "ada #lobby> one")
    ada.press("\x03")
    wait_for(lambda: "2 lines" not in ada.read(), "the lines are dropped")
    assert "ada: one" not in ada.read()


@pytest.mark.parametrize("meanwhile", ["resize", "suspend", "talk"])
def test_what_happens_during_the_copy_view_sends_nothing(
    shared_chat: Daemon, ada: RealTerminal, meanwhile: str
) -> None:
    bob = shared_chat.person("bob")
    ada.press("draft")
    ada.sees("> draft")
    ada.press("\x1bOQ")
    ada.sees(COME_BACK)
    if meanwhile == "resize":
        ada.resize(lines=24, columns=70)
    elif meanwhile == "suspend":
        ada.press("\x1a")
    else:
        bob.type("hello")
        bob.catch_up()
    ada.press("\r")
    ada.sees("ada #lobby> draft")
    ada.press(" more\r")
    ada.sees("ada: draft more")
    assert "ada: draft\n" not in ada.read()


def test_an_interrupt_only_ends_the_copy_view(ada: RealTerminal) -> None:
    ada.press("draft")
    ada.sees("> draft")
    ada.press("\x1bOQ")
    ada.sees(COME_BACK)
    ada.child.kill(signal.SIGINT)
    ada.sees("ada #lobby> draft")
    ada.press(" more\r")
    ada.sees("ada: draft more")


def test_a_paste_into_the_copy_view_says_nothing(shared_chat: Daemon, ada: RealTerminal) -> None:
    ada.press("\x1bOQ")
    ada.sees(COME_BACK)
    assert ada.raw.rfind("\x1b[?2004h") > ada.raw.rfind("\x1b[?1049l")
    ada.press("\x1b[200~" + "pasted\r" * 1000)
    ada.press("\x1b[201~\r")
    ada.sees("ada #lobby>")
    ada.press("typed\r")
    ada.sees("ada: typed")
    assert "pasted" not in ada.read()


def test_the_client_can_be_ended_during_the_copy_view(ada: RealTerminal) -> None:
    ada.press("\x1bOQ")
    ada.sees(COME_BACK)
    ada.child.kill(signal.SIGTERM)
    ada.ends()
    assert ada.is_restored()


def test_a_simple_terminal(shared_chat: Daemon) -> None:
    terminal = RealTerminal(address(shared_chat, "ada"), term="dumb")
    terminal.sees("* You are ada, alone in #lobby.")
    bob = shared_chat.person("bob")
    terminal.press("hel")
    terminal.sees("hel")
    bob.type("hello", "/msg ada psst")
    bob.catch_up()
    terminal.press("lo\r")
    bob.expect("ada: hello")
    terminal.sees("hello\n", "bob: hello", "[@bob] bob (private): psst")
    terminal.press("\x04")
    assert terminal.ends() == 0
    assert terminal.raw.endswith("Disconnected from server.\r\n")
    assert "\x1b" not in terminal.raw


def test_no_colour_where_none_is_wanted(shared_chat: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENVIRONMENT, "NO_COLOR", "1")
    terminal = RealTerminal(address(shared_chat, "ada"))
    terminal.sees("You are ada")
    terminal.press("hello\r")
    terminal.sees("ada: hello")
    terminal.press("exit\r")
    assert terminal.ends() == 0
    assert not re.search(r"\x1b\[[0-9;]*[34]8;", terminal.raw)


def test_nobody_listens_at_the_terminal(unused: str) -> None:
    terminal = RealTerminal(unused)
    assert terminal.ends() == 1
    assert f"chat: {unused}: Nothing is listening there." in terminal.raw
    assert "\x1b[?1049h" not in terminal.raw


@pytest.fixture
def unused(port: int) -> str:
    """An address where nobody listens."""
    return f"{HOST}:{port}"


def test_a_pipe(shared_chat: Daemon) -> None:
    bob = shared_chat.person("bob")
    script = run(address(shared_chat, "bot"), send="deploy done\n/quit\n")
    assert (script.returncode, script.stdout, script.stderr) == (0, "", "")
    bob.expect("* bot joined.", "bot: deploy done", "bot: /quit", "* bot left.")


def test_a_pipe_to_another_room(shared_chat: Daemon) -> None:
    bob = shared_chat.person("bob")
    bob.type("/join dev")
    bob.catch_up()
    assert run(address(shared_chat, "bot"), "--room", "dev", send="hello\n").returncode == 0
    bob.expect("* bot joined.", "bot: hello", "* bot left.")


def test_a_file(shared_chat: Daemon, tmp_path: Path) -> None:
    bob = shared_chat.person("bob")
    path = tmp_path / "lines"
    path.write_text("".join(f"line {number}\n" for number in range(200)))
    with path.open() as lines:
        command = [*COMMAND, address(shared_chat, "bot")]
        script = subprocess.run(command, cwd=FOLDER, env=ENVIRONMENT, stdin=lines, timeout=DEADLINE, check=False)
    assert script.returncode == 0
    bob.expect("* bot joined.", *(f"bot: line {number}" for number in range(200)), "* bot left.")


@pytest.mark.parametrize("words", [("--tail",), ("--gui",)])
def test_notices_are_for_pipes(unused: str, words: tuple[str, ...]) -> None:
    script = run("--notice", *words, unused)
    assert script.returncode == 2
    assert script.stderr.startswith("chat: --notice is for what comes in by a pipe")


def test_a_person_types_no_notices(unused: str) -> None:
    terminal = RealTerminal("--notice", unused)
    assert terminal.ends() == 2
    terminal.sees("--notice is for what comes in by a pipe")


def test_a_pipe_to_nobody(unused: str) -> None:
    script = run(unused, send="hello\n")
    assert (script.returncode, script.stdout) == (1, "")
    assert script.stderr == f"chat: {unused}: Nothing is listening there.\n"


def test_a_pipe_with_a_name_that_is_taken(shared_chat: Daemon) -> None:
    shared_chat.person("bot")
    script = run(address(shared_chat, "bot"), send="hello\n")
    assert (script.returncode, script.stdout) == (1, "")
    assert "That name is taken." in script.stderr


def test_a_pipe_that_is_interrupted(shared_chat: Daemon) -> None:
    bob = shared_chat.person("bob")
    script = subprocess.Popen(
        [*COMMAND, address(shared_chat, "bot")],
        cwd=FOLDER,
        env=ENVIRONMENT,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    bob.expect("* bot joined.")
    script.send_signal(signal.SIGINT)
    assert script.wait(DEADLINE) == 1
    _, complaint = script.communicate()
    assert complaint == "chat: Interrupted before everything was stored.\n"


def test_tail(shared_chat: Daemon) -> None:
    bob = shared_chat.person("bob")
    tail = subprocess.Popen(
        [*COMMAND, "--tail", address(shared_chat, "listener")],
        cwd=FOLDER,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tail.stdout is not None
    assert tail.stderr is not None
    with tail.stdout, tail.stderr:
        bob.expect("* listener joined.")
        bob.type("hello")
        assert tail.stdout.readline().endswith(" #lobby bob: hello\n")
        tail.stdout.close()
        bob.type("nobody reads this")
        assert tail.wait(DEADLINE) == 0
        assert tail.stderr.read() == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--nonsense"], "option --nonsense not recognized"),
        (["host:port"], "port is not a port."),
        (["--config", "/nonexistent"], "/nonexistent can't be read: No such file or directory."),
        (["--log", "/nonexistent/log"], "/nonexistent/log can't be written: No such file or directory."),
    ],
)
def test_wrong_arguments(arguments: list[str], sentence: str) -> None:
    script = run(*arguments)
    assert script.returncode == 2
    assert script.stderr.startswith(f"chat: {sentence}")
    assert script.stderr.count("\n") == 1


def test_help_and_version() -> None:
    assert "Usage: chat [options] [tls://][NAME@]HOST[:PORT]" in run("--help").stdout
    for command in ([], ["export"], ["import"], ["admin"]):
        assert run(*command, "--version").stdout == f"chat {__version__}\n"


def test_what_is_typed_after_leaving_a_room_is_done(ada: RealTerminal) -> None:
    ada.press("/join one\r")
    ada.sees("ada #one>")
    ada.press("/leave\r")
    ada.sees("ada #lobby>")
    ada.press("/join two\r")
    ada.sees("ada #two>", "You are ada, alone in #two.")


def test_two_terminals_of_one_account(start_chat: DaemonFactory, tmp_path: Path) -> None:
    daemon = start_chat()
    password = tmp_path / "password"
    password.write_text("correct horse\n")
    bob = daemon.bot("bob", rooms={"lobby": None, "dev": None})
    one = RealTerminal(address(daemon, "ada"))
    one.sees("ada #lobby>")
    one.press("/register correct horse\r")
    one.sees("ada is yours now")
    one.press("/join dev\r")
    one.sees("ada #dev>", "1:#lobby 2:#dev")
    one.press("/go lobby\r")
    one.sees("ada #lobby>")
    for text in ("one", "two"):
        bob.ask("say", room="dev", text=text)
        bob.ask("msg", name="ada", text=text)
    two = RealTerminal(f"--password-file={password}", address(daemon, "ada"))
    for terminal in (one, two):
        terminal.sees("ada #lobby>", "2:#dev(2)", "3:@bob(2!)")
    two.press("/go dev\r")
    two.sees("ada #dev>")
    two.press("from two\r")
    two.sees("ada: from two")
    two.press("/msg bob\r")
    two.sees("ada @bob>")
    two.press("psst\r")
    two.sees("ada @bob>", "bob: one", "bob: two", "ada: psst", "2:#dev 3:@bob")
    one.sees("2:#dev 3:@bob")
    one.press("/go dev\r")
    one.sees("bob: two", "ada: from two")
    assert one.read().count("from two") == 1
    one.press("/go @bob\r")
    one.sees("bob: one", "bob: two", "ada: psst")
    one.press("/devices\r")
    one.sees("2: json from 127.0.0.1")
    one.press("/logout 2\r")
    assert two.ends() == 0
    assert "This device was logged out from another one." in two.raw
    one.press("/go dev\r")
    one.sees("ada #dev>")
    one.press("/leave\r")
    one.sees("ada #lobby>")
    three = RealTerminal("--plain", f"--password-file={password}", address(daemon, "ada"))
    three.sees("You are ada, in #lobby with bob.")
    three.press("/msg bob\r")
    three.sees("What you type goes to @bob now.", "ada (private): psst")
    assert "dev" not in three.raw
    three.close()
    one.close()


@pytest.fixture
def lunch(start_chat: DaemonFactory) -> Iterator[RealTerminal]:
    """The client of ada, who sat in quiet while the others talked, at 100 columns and 30 lines."""
    daemon = start_chat()
    rooms = ",".join((*COUNTS, "quiet"))
    terminal = RealTerminal("--rooms", rooms, address(daemon, "ada"), columns=100, lines=30)
    terminal.sees("ada #lobby>")
    terminal.press("\x1b4")
    terminal.sees("ada #quiet>")
    speakers = {name: daemon.bot(name, rooms=dict.fromkeys(COUNTS)) for name in SPEAKERS}
    for room in COUNTS:
        for name, text in talk(room):
            speakers[name].request("say", room=room, text=text)
            speakers[name].until("message", room=room, text=text)
    terminal.sees("1:#lobby(40) 2:#dev(122!) 3:#ops(5) 4:#quiet")
    yield terminal
    terminal.close()


def next_page(terminal: RealTerminal, end: str) -> str:
    """Press Alt-R; return what the screen shows then, with *end* on it."""
    terminal.press("\x1br")
    # The row of what is typed is drawn last: where a later key is seen, the page is whole.
    terminal.press("x")
    terminal.sees("> x", end)
    page = terminal.read()
    terminal.press("\x7f")
    wait_for(lambda: "> x" not in terminal.read(), "the key is taken back")
    return page


def test_after_lunch_all_is_read_with_six_keys(lunch: RealTerminal) -> None:
    read = ""
    ends = (*["Alt-R reads on"] * 3, "Alt-R comes back", "1:#lobby 2:#dev 3:#ops 4:#quiet")
    assert len(ends) <= 6
    for end in ends:
        read += next_page(lunch, end)
    assert [text for room in COUNTS for _, text in talk(room) if text not in read] == []


def test_after_lunch_the_mention_is_read_with_two_keys(lunch: RealTerminal) -> None:
    lunch.press("\x1bp")
    lunch.sees("mention 1 of 1", CALL, "A look at #dev")
    lunch.press("\x1b")
    lunch.sees("1:#lobby(40) 2:#dev(122) 3:#ops(5) 4:#quiet", "ada #quiet>")
    wait_for(lambda: CALL not in lunch.read(), "the look is gone")
