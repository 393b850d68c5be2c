"""Greets who has started a chat at a terminal, once it runs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from threading import Thread
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import Deferred

from chat.daemon import network
from chat.daemon.greeting import Door, Greeting, Network
from chat.daemon.outlook import Outlook
from chat.daemon.screen import Screen
from chat.service import ChatService
from chat.settings import Settings

LOOK_UP = 1.0
"""The seconds that the greeting waits for the machine's name in the network."""


async def greet(reactor: Any, chat: ChatService, settings: Settings, outlook: Outlook, screen: Screen) -> None:
    """Show on the *screen* how to come into the *chat*, which listens."""
    greeting = Greeting(settings, list(_doors(chat)), chat.fingerprint, outlook.command, outlook.client)
    around = await look_around(reactor, greeting.ports) if greeting.ports else Network()
    end = "Ctrl-C" if screen.in_foreground else f"kill {os.getpid()}"
    lines = list(greeting.lines(around, end))
    screen.greet(lines)
    page = greeting.page(around)
    if greeting.ports and page is not None:
        from chat.daemon.qr_code import qr_code

        screen.draw(qr_code(page), below=lines)


async def look_around(reactor: Any, ports: Sequence[int]) -> Network:
    """Look at the network; the machine's name in it is left out if finding it takes too long."""
    known = network.addresses()
    found: Deferred[str | None] = Deferred()
    look_up = partial(network.local_name, known)
    Thread(target=lambda: reactor.callFromThread(found.callback, look_up()), daemon=True).start()
    name = await found.addTimeout(LOOK_UP, reactor).addErrback(lambda _: None)
    return Network(known, name, network.firewall(ports), network.in_container())


def _doors(chat: ChatService) -> Iterator[Door]:
    for way, listening in chat.listening:
        match listening.address:
            case IPv4Address(host=host, port=port) | IPv6Address(host=host, port=port) if not listening.behind_proxy:
                yield Door(way, host, port, way.encrypts(listening.description))
            case UNIXAddress(name=bytes(path)) if not listening.behind_proxy:
                yield Door(way, os.fsdecode(path), None)
