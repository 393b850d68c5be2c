"""The real desktop client on a display, with real keys, against the real daemon."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desktop.displays import FOLDER, DesktopClient, Display
from e2e.daemon import HOST, LISTEN, Daemon, DaemonFactory, at
from e2e.test_operator import admin
from e2e.waiting import DEADLINE, wait_for

Start = Callable[..., DesktopClient]


@pytest.fixture
def start(display: Display, tmp_path: Path) -> Iterator[Start]:
    """Start desktop clients; they are ended after the test."""
    clients: list[DesktopClient] = []

    def started(*arguments: str, **environment: str) -> DesktopClient:
        clients.append(DesktopClient(display, tmp_path / "state", *arguments, **environment))
        return clients[-1]

    yield started
    for client in clients:
        client.close()


@pytest.fixture
def ada(shared_chat: Daemon, start: Start) -> DesktopClient:
    """Somebody at the window."""
    client = start(address(shared_chat, "ada"))
    client.opens("#lobby - ada@")
    return client


def address(daemon: Daemon, name: str) -> str:
    """Where *name* goes."""
    return f"{name}@127.0.0.1:{daemon.port}"


def test_two_windows_and_netcat(shared_chat: Daemon, ada: DesktopClient, start: Start) -> None:
    cy = shared_chat.person("cy")
    bob = start(address(shared_chat, "bob"))
    bob.opens("#lobby - bob@")
    cy.expect("* bob joined.")
    bob.type("hello from bob")
    cy.expect("bob: hello from bob")
    ada.to_front()
    ada.sees("bob: hello from bob")
    ada.type("hello from ada", "/me waves")
    cy.expect("ada: hello from ada", "~ ada waves")
    cy.type("hello from netcat")
    cy.catch_up()
    ada.sees("ada: hello from ada", "~ ada waves", "cy: hello from netcat")
    bob.to_front()
    bob.sees("bob: hello from bob", "ada: hello from ada", "~ ada waves", "cy: hello from netcat")


def test_a_message_is_answered_and_edited_by_keys(shared_chat: Daemon, ada: DesktopClient) -> None:
    cy = shared_chat.person("cy")
    cy.type("green tea?", "or cake?")
    ada.sees("green tea?", "or cake?")
    ada.press("alt+Up", "alt+Up", "shift+F10", "Down", "Return")
    ada.write("yes")
    ada.press("shift+Return")
    ada.type("  a pot")
    cy.expect('ada (to cy, "green tea?"): yes', "ada:   a pot")
    ada.sees('ada (to cy, "green tea?"): yes', "ada:   a pot")
    ada.press("Menu", "Down", "Down", "Down", "Return")
    ada.type(" of it")
    cy.expect("ada (edited): yes", "ada (edited):   a pot of it")
    ada.sees('ada (to cy, "green tea?"): yes', "ada:   a pot of it")


@pytest.mark.parametrize("way", ["alt+F4", "exit", "QUIT", "menu", "ctrl+q", "SIGTERM"])
def test_leaving(shared_chat: Daemon, ada: DesktopClient, way: str) -> None:
    bob = shared_chat.person("bob")
    match way:
        case "exit" | "QUIT":
            ada.type(way)
        case "menu":
            ada.choose_exit()
        case "SIGTERM":
            ada.process.send_signal(signal.SIGTERM)
        case _:
            ada.press(way)
    bob.expect("* ada left.")
    assert ada.ends() == (0, "")


@pytest.mark.parametrize("way", ["alt+F4", "ctrl+q", "/quit"])
def test_who_would_lose_something_is_asked_before_leaving(
    start_chat: DaemonFactory, port: int, start: Start, way: str
) -> None:
    daemon = start_chat(listen=[at(port)])
    ada = start(address(daemon, "ada"))
    ada.opens("#lobby - ada@")
    daemon.kill()
    ada.sees("Disconnected from server.")
    ada.type("we meet at noon")
    if way == "/quit":
        ada.type(way)
    else:
        ada.press(way)
    ada.opens("Exit the chat?")
    assert ada.process.poll() is None
    ada.press("Tab", "Return")
    assert ada.ends() == (0, "")


def test_the_daemon_goes_and_comes_back(start_chat: DaemonFactory, port: int, start: Start) -> None:
    daemon = start_chat(listen=[at(port)])
    ada = start(address(daemon, "ada"))
    ada.opens("#lobby")
    ada.type("before")
    ada.sees("ada: before")
    daemon.kill()
    ada.sees("* Disconnected from server.")
    ada.type("meanwhile")
    again = start_chat(listen=[at(port)])
    bob = again.bot("bob")
    ada.sees("* Connected again.")
    bob.request("say", room="lobby", text="after")
    text = ada.sees("ada: meanwhile", "bob: after")
    assert text.count("ada: meanwhile") == 1
    assert text.count("ada: before") == 1


def test_the_dialog(shared_chat: Daemon, start: Start) -> None:
    shared_chat.person("bob")
    dialog = start()
    dialog.opens("Chat: connect")
    dialog.fill("127.0.0.1", str(shared_chat.port), "bob")
    dialog.press("Return")
    dialog.says("That name is taken. Choose another.")
    dialog.press("ctrl+a")
    dialog.type("ada")
    dialog.opens("#lobby")
    dialog.sees("* You are ada, in #lobby with bob.")
    dialog.type("exit")
    assert dialog.ends() == (0, "")
    again = start()
    again.opens("Chat: connect")
    again.press("Return")
    again.opens("#lobby")
    again.sees("* You are ada, in #lobby with bob.")


SECRET = "correct horse"  # noqa: S105 - of a test
OWNED = "The name ada belongs to somebody. Give its password, or choose another name."
WRONG = "That password is wrong."


def own(daemon: Daemon, name: str) -> None:
    """Make a name that of somebody with the password SECRET."""
    bot = daemon.bot(name)
    bot.ask("register", password=SECRET)
    bot.request("quit")
    bot.until("goodbye")


def test_a_wrong_password(chat: Daemon, start: Start, tmp_path: Path) -> None:
    own(chat, "ada")
    dialog = start(address(chat, "ada"), PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    dialog.opens(OWNED)
    dialog.type("wrong horse")
    dialog.says(WRONG)
    dialog.type(SECRET)
    dialog.opens("#lobby - ada@")
    dialog.type("it is me")
    dialog.sees("ada: it is me")
    dialog.type("exit")
    assert dialog.ends() == (0, "")
    assert SECRET not in (tmp_path / "state" / "twisted-chat" / "desktop.json").read_text()


def test_who_is_logged_out_on_another_device_is_told_and_may_come_back(chat: Daemon, start: Start) -> None:
    own(chat, "ada")
    window = start(address(chat, "ada"), PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    window.opens(OWNED)
    window.type(SECRET)
    window.opens("#lobby - ada@")
    window.type("/join dev")
    window.opens("#dev - ada@")
    elsewhere = chat.bot("ada", password=SECRET)
    elsewhere.ask("logout", device=1)
    window.opens("This device was logged out from another one.")
    window.press("Return")
    window.says(OWNED)
    window.type(SECRET)
    window.opens("#dev - ada@")
    window.says(f"#dev - ada@{HOST}:{chat.port}")
    window.type("here again")
    window.sees("ada: here again")
    window.press("ctrl+d", "ctrl+equal")
    window.type("in the dark")
    window.sees("ada: in the dark")
    window.type("exit")
    assert window.ends() == (0, "")


def test_a_window_beside_another_device(chat: Daemon, start: Start) -> None:
    own(chat, "ada")
    own(chat, "bob")
    elsewhere = chat.bot("ada", password=SECRET, rooms={"lobby": None, "dev": None}, accept=["conversations"])
    elsewhere.ask("read", room="dev", id=0)
    bob = chat.bot("bob", password=SECRET, rooms={"dev": None})
    for text in ("one", "two"):
        bob.ask("say", room="dev", text=text)
        last = bob.ask("msg", name="ada", text=text)
    window = start(address(chat, "ada"), PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    window.opens(OWNED)
    window.type(SECRET)
    window.opens("#lobby - ada@")
    window.says(f"(4) #lobby - ada@{HOST}:{chat.port}")
    received = next(event for event in elsewhere.catch_up() if event.get("id") == last["id"])
    elsewhere.ask("read", **{"with": received["with"]}, id=last["id"])
    window.says(f"(2) #lobby - ada@{HOST}:{chat.port}")
    window.type("/msg bob")
    window.sees("bob (private): one", "bob (private): two")
    elsewhere.ask("msg", **{"with": received["with"]}, text="from elsewhere")
    window.sees("ada (private): from elsewhere")
    window.type("/go dev")
    window.sees("bob: one", "bob: two")
    window.says(f"#dev - ada@{HOST}:{chat.port}")
    window.type("exit")
    assert window.ends() == (0, "")
    marks = [event for event in elsewhere.catch_up() if event["type"] == "read"]
    assert {mark["room"] for mark in marks} == {None, "dev"}


def test_a_key_and_an_invitation(start_chat: DaemonFactory, start: Start) -> None:
    chat = start_chat("--key", "open sesame", "--members-only")
    code = admin(chat.folder, "invitation").split()[-1]
    dialog = start(address(chat, "ada"), PYTHON_KEYRING_BACKEND="keyring.backends.null.Keyring")
    dialog.opens("This chat needs a key. Ask those who are in it.")
    dialog.type("open barley")
    dialog.says("That key is wrong.")
    dialog.type("open sesame")
    dialog.opens("Only members come in here")
    dialog.write(f"{code}\t{SECRET}\tanother")
    dialog.press("Return")
    dialog.says("The two passwords differ.")
    dialog.press("Tab", "Tab")
    dialog.type(SECRET)
    dialog.opens("#lobby - ada@")
    dialog.type("exit")
    assert dialog.ends() == (0, "")


def test_a_key_in_the_keyring(start_chat: DaemonFactory, start: Start, tmp_path: Path) -> None:
    chat = start_chat("--key", "open sesame")
    ring = {
        "PYTHON_KEYRING_BACKEND": "desktop.rings.FileRing",
        "PYTHONPATH": str(FOLDER / "tests"),
        "TEST_RING": str(tmp_path / "ring"),
    }
    dialog = start(address(chat, "ada"), **ring)
    dialog.opens("This chat needs a key. Ask those who are in it.")
    dialog.write("open sesame")
    dialog.press("Tab", "space", "Return")
    dialog.opens("#lobby - ada@")
    dialog.type("exit")
    assert dialog.ends() == (0, "")
    again = start(address(chat, "ada"), **ring)
    again.opens("#lobby - ada@")


def test_a_password_in_the_keyring(chat: Daemon, start: Start, tmp_path: Path) -> None:
    own(chat, "ada")
    ring = {
        "PYTHON_KEYRING_BACKEND": "desktop.rings.FileRing",
        "PYTHONPATH": str(FOLDER / "tests"),
        "TEST_RING": str(tmp_path / "ring"),
    }
    dialog = start(address(chat, "ada"), **ring)
    dialog.opens(OWNED)
    dialog.write(SECRET)
    dialog.press("Tab", "space", "Return")
    dialog.opens("#lobby - ada@")
    dialog.type("exit")
    assert dialog.ends() == (0, "")
    again = start(address(chat, "ada"), **ring)
    again.opens("#lobby - ada@")


def test_a_certificate_that_nobody_vouches_for(start_chat: DaemonFactory, start: Start, tmp_path: Path) -> None:
    daemon = start_chat("--tls-listen", LISTEN)
    place = f"tls://ada@{HOST}:{daemon.tls_port}"
    dialog = start(place, XDG_CONFIG_HOME=str(tmp_path))
    dialog.opens(f"No authority that this computer trusts has signed the certificate of {HOST}:{daemon.tls_port}.")
    dialog.press("space")
    dialog.opens("#lobby - ada@")
    assert dialog.title == f"#lobby - ada@tls://{HOST}:{daemon.tls_port}"
    dialog.type("exit")
    assert dialog.ends() == (0, "")
    again = start(place, XDG_CONFIG_HOME=str(tmp_path))
    again.opens("#lobby - ada@")


@pytest.mark.parametrize("way", ["Escape", "alt+F4", "SIGINT"])
def test_the_dialog_can_be_left(start: Start, way: str) -> None:
    dialog = start()
    dialog.opens("Chat: connect")
    if way == "SIGINT":
        dialog.process.send_signal(signal.SIGINT)
    else:
        dialog.press(way)
    assert dialog.ends() == (0, "")


def test_a_link_opens_in_the_browser(shared_chat: Daemon, start: Start, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    ada = start(address(shared_chat, "ada"), BROWSER=str(browser))
    ada.opens("#lobby - ada@")
    shared_chat.person("bob").type("look at https://example.org/?a=b&c#d.")
    ada.sees("example.org")
    ada.press("ctrl+o")
    wait_for(lambda: opened.exists() and opened.read_text(), "the browser is started")
    assert opened.read_text() == "https://example.org/?a=b&c#d\n"


def test_how_it_looked_is_remembered(shared_chat: Daemon, start: Start, tmp_path: Path) -> None:
    ada = start(address(shared_chat, "ada"))
    ada.opens("#lobby - ada@")
    ada.press("ctrl+d", "ctrl+plus")
    ada.type("exit")
    assert ada.ends() == (0, "")
    kept = json.loads((tmp_path / "state" / "twisted-chat" / "desktop.json").read_text())
    assert (kept["server"], kept["port"], kept["name"]) == ("127.0.0.1", str(shared_chat.port), "ada")
    assert kept["dark"] is True
    assert kept["size"] > 0


@pytest.mark.parametrize("way", ["ctrl+q", "SIGTERM"])
def test_what_was_open_is_open_at_the_next_start(shared_chat: Daemon, start: Start, way: str) -> None:
    bob = shared_chat.person("bob")
    ada = start(address(shared_chat, "ada"))
    ada.opens("#lobby - ada@")
    ada.type("/msg bob hi", "/join dev")
    ada.says(f"#dev - ada@{HOST}:{shared_chat.port}")
    ada.sees("You are ada")
    ada.write("half typed")
    ada.press("alt+2")
    ada.opens("@bob - ada@")
    if way == "SIGTERM":
        ada.process.send_signal(signal.SIGTERM)
    else:
        ada.press(way)
    assert ada.ends() == (0, "")
    again = start(address(shared_chat, "ada"))
    again.opens("@bob - ada@")
    again.type("here again")
    bob.expect("* ada joined.", "ada (private): hi", "* ada left.", "* ada joined.", "ada (private): here again")
    again.press("ctrl+n")
    again.opens("#dev - ada@")
    again.type(" before")
    again.sees("ada: half typed before")
    again.press("ctrl+q")
    assert again.ends() == (0, "")
    third = start("--rooms", "tea", address(shared_chat, "ada"))
    third.opens("#tea - ada@")
    third.press("ctrl+n")
    third.opens("#lobby - ada@")


def test_what_is_half_typed_is_saved_in_time(shared_chat: Daemon, start: Start, tmp_path: Path) -> None:
    ada = start(address(shared_chat, "ada"))
    ada.opens("#lobby - ada@")
    ada.write("half typed")
    file = tmp_path / "state" / "twisted-chat" / "desktop.json"
    wait_for(lambda: file.exists() and "half typed" in file.read_text(), "it is saved")
    ada.kill()
    again = start(address(shared_chat, "ada"))
    again.opens("#lobby - ada@")
    again.type(" before")
    again.sees("ada: half typed before")


def test_what_could_not_be_saved_is_saved_later(shared_chat: Daemon, start: Start, tmp_path: Path) -> None:
    file = tmp_path / "state" / "twisted-chat" / "desktop.json"
    file.parent.parent.mkdir(exist_ok=True)
    file.parent.write_text("in the way")
    ada = start("--log", str(tmp_path / "log"), address(shared_chat, "ada"))
    ada.opens("#lobby - ada@")
    ada.press("h", "a", "l", "f")
    wait_for(lambda: "desktop.json can't be written" in (tmp_path / "log").read_text(), "it can't be saved")
    file.parent.unlink()
    wait_for(lambda: file.exists() and '"half"' in file.read_text(), "it is saved")


@pytest.mark.parametrize("content", ["", "{", '{"size": "large"}', "[]"])
def test_a_broken_saved_state_is_no_hindrance(start: Start, tmp_path: Path, content: str) -> None:
    file = tmp_path / "state" / "twisted-chat" / "desktop.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    dialog = start()
    dialog.opens("Chat: connect")
    dialog.press("Escape")
    assert dialog.ends() == (0, "")


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python without a display."""
    without = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    return subprocess.run(
        [sys.executable, *command],
        cwd=FOLDER,
        env=without | {"XDG_CONFIG_HOME": "/nonexistent"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def test_no_display() -> None:
    result = run("-m", "chat", "--gui", "ada@localhost")
    assert (result.returncode, result.stdout) == (1, "")
    assert re.fullmatch(
        r"chat: There is no display for the window \(.*\): start it on a desktop, .*\.\n", result.stderr
    )


def test_python_without_tk() -> None:
    code = "import sys; sys.modules['_tkinter'] = None; sys.argv = ['chat', '--gui']; import chat.__main__"
    result = run("-c", code)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        "chat: This Python has no Tk for the window: install it (python3-tk, on Debian), or leave out --gui.\n"
    )


def test_the_terminal_needs_no_tk() -> None:
    code = "import sys, chat.client.command, chat.client.terminal.terminal; sys.exit('tkinter' in sys.modules)"
    assert run("-c", code).returncode == 0
    code = "import sys; sys.modules['tkinter'] = None; sys.argv = ['chat', 'localhost:1']; import chat.__main__"
    assert "Nothing is listening there." in run("-c", code).stderr
