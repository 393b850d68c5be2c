"""Notifications of the real client, on a real bus, to something that answers as a desktop does."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus
from desktop.displays import DesktopClient, Display
from e2e.clients import Person
from e2e.daemon import Daemon
from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

NAME = "org.freedesktop.Notifications"


@pytest.fixture
def bus() -> Iterator[str]:
    """The address of a bus."""
    command = [tool("dbus-daemon"), "--session", "--nofork", "--print-address"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as daemon:
        assert daemon.stdout is not None
        yield daemon.stdout.readline().strip()
        daemon.terminate()


class Desktop:
    """What shows notifications."""

    def __init__(self, bus: MessageBus, abilities: list[str]) -> None:
        self._bus = bus
        self._abilities = abilities
        self._shown: asyncio.Queue[list[Any]] = asyncio.Queue()
        bus.add_message_handler(self._received)

    async def shown(self) -> list[Any]:
        """Wait for the next notification."""
        return await asyncio.wait_for(self._shown.get(), DEADLINE)

    async def click(self, number: int) -> None:
        """Click on a notification."""
        path = "/org/freedesktop/Notifications"
        await self._bus.send(Message.new_signal(path, NAME, "ActionInvoked", "us", [number, "default"]))

    def _received(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.member == "GetCapabilities":
            return Message.new_method_return(message, "as", [self._abilities])
        if message.member == "Notify":
            self._shown.put_nowait(message.body)
            return Message.new_method_return(message, "u", [7])
        return None


@pytest.mark.parametrize(("abilities", "text"), [(["body-markup"], "ada: &lt;b&gt; &amp;"), ([], "ada: <b> &")])
def test_notifications(
    shared_chat: Daemon, display: Display, tmp_path: Path, bus: str, abilities: list[str], text: str
) -> None:
    ada = DesktopClient(display, tmp_path, f"ada@127.0.0.1:{shared_chat.port}", DBUS_SESSION_BUS_ADDRESS=bus)
    try:
        ada.opens("#lobby - ada@")
        ada.sees("You are ada")  # it has read keys, so it knows that it is in front
        asyncio.run(_notified(shared_chat, ada, bus, abilities, text))
    finally:
        ada.close()


async def _notified(daemon: Daemon, ada: DesktopClient, address: str, abilities: list[str], text: str) -> None:
    connection = await MessageBus(bus_address=address).connect()
    await connection.request_name(NAME)
    desktop = Desktop(connection, abilities)
    bob = daemon.person("bob")
    bob.type("ada: seen, the window is in front")
    ada.sees("seen")
    other = ada.look_away()
    try:
        wait_for(lambda: _unread_after(bob, ada), "the client knows that nobody looks")
        bob.type("ada: <b> &")
        name, replaced, icon, title, body, actions, _, _ = await desktop.shown()
        assert (name, replaced, icon, title, body) == ("Chat", 0, "twisted-chat", "bob in #lobby", text)
        assert actions == ["default", "Show"]
        assert not ada.in_front
        await desktop.click(7)
        ada.comes_to_front()
    finally:
        other.close()
        connection.disconnect()


def _unread_after(bob: Person, ada: DesktopClient) -> bool:
    """Have bob say something that names nobody; tell whether it is unread."""
    bob.type("hm")
    return ada.title.startswith("(")
