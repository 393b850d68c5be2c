"""The real desktop client on a display, with real keys, against the real daemon."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desktop.displays import DesktopClient, Display
from e2e.daemon import Daemon, DaemonFactory

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


@pytest.mark.parametrize("way", ["alt+F4", "exit", "QUIT", "leave", "ctrl+q", "SIGTERM"])
def test_leaving(shared_chat: Daemon, ada: DesktopClient, way: str) -> None:
    bob = shared_chat.person("bob")
    match way:
        case "exit" | "QUIT":
            ada.type(way)
        case "leave":
            ada.press_leave()
        case "SIGTERM":
            ada.process.send_signal(signal.SIGTERM)
        case _:
            ada.press(way)
    bob.expect("* ada left.")
    assert ada.ends() == (0, "")


def test_the_daemon_goes_and_comes_back(start_chat: DaemonFactory, start: Start) -> None:
    daemon = start_chat()
    port = daemon.port
    ada = start(address(daemon, "ada"))
    ada.opens("#lobby")
    ada.type("before")
    ada.sees("ada: before")
    daemon.kill()
    ada.sees("* Disconnected from server.")
    ada.type("meanwhile")
    again = start_chat(listen=[f"tcp:{port}:interface=127.0.0.1"])
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


@pytest.mark.parametrize("way", ["Escape", "alt+F4", "SIGINT"])
def test_the_dialog_can_be_left(start: Start, way: str) -> None:
    dialog = start()
    dialog.opens("Chat: connect")
    if way == "SIGINT":
        dialog.process.send_signal(signal.SIGINT)
    else:
        dialog.press(way)
    assert dialog.ends() == (0, "")
