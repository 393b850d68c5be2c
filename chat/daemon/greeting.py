"""What a chat tells people when it begins: how they come in, where the history is, what ends it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from pathlib import Path

import msgspec

from chat.history.directory import FILE
from chat.protocols.ways import PLAIN, TLS, WEB, WayIn
from chat.settings import NO_DATA, Settings

ANYWHERE = ("::", "0.0.0.0")  # noqa: S104 - it is only looked for
LOCALHOST = (*ANYWHERE, "127.0.0.1")
"""The addresses at which ``localhost`` reaches the chat."""


class Door(msgspec.Struct, frozen=True):
    """A way in, and where it is open: an address and a port, or the path of a socket."""

    way: WayIn
    host: str
    port: int | None
    tls: bool = False
    """Whether TLS is spoken there."""

    @property
    def for_others(self) -> bool:
        """Whether other machines come in there."""
        return self.port is not None and not ip_address(self.host).is_loopback


class Network(msgspec.Struct, frozen=True):
    """The machine's place in the network, as far as it is known."""

    addresses: Sequence[str] = ()
    name: str | None = None
    firewall: str | None = None
    container: bool = False
    """Whether others may know another address than it does."""

    def hosts(self, door: Door) -> list[str]:
        """What others may write for the machine to come in by *door*."""
        if door.host not in ANYWHERE:
            return [door.host]
        fitting = [address for address in self.addresses if door.host == "::" or ":" not in address]
        return [*fitting[:1], *([self.name] if self.name else []), *fitting[1:]]


class Greeting(msgspec.Struct, frozen=True):
    """What is told of a chat that has begun. *command* has started it, and *client* starts the client here."""

    settings: Settings
    doors: Sequence[Door]
    fingerprint: str
    command: str
    client: str

    @property
    def ports(self) -> list[int]:
        """The ports by which others come in."""
        return sorted({door.port for door in self.doors if door.port is not None and door.for_others})

    def lines(self, network: Network, end: str) -> Iterator[str]:
        """Tell it; *end* ends the chat."""
        here = list(self._here())
        page = self.page(network)
        if self.ports:
            yield from self._to_others(network)
            if here:
                yield f"Here, you type: {', or '.join(here[:2])}"
        elif here:
            yield "The chat is open. To come in, type in another terminal:"
            yield from _indented(here)
        else:
            yield "The chat is open."
        if page is not None:
            yield f"In a browser, open {page}"
        if self.fingerprint and self.settings.tls_cert is None:
            yield f"Whoever comes by tls:// is shown this fingerprint: {self.fingerprint}"
        if self.settings.data == NO_DATA:
            yield "Nothing is stored: what is said is gone when the chat ends."
        else:
            yield f"The history is in {Path(self.settings.data).absolute() / FILE}"
        if not self.ports and self.settings.lan:
            yield "--lan changes nothing, as listen and tls-listen say where to listen."
        elif not self.ports and PLAIN.setting not in self.settings.ways:
            yield f"To let others on your network in: {self.command} --lan"
        yield f"{end} ends the chat."

    def page(self, network: Network) -> str | None:
        """Where others open the page or, if they can't, where it is on this machine."""
        if self.settings.web_url is not None:
            return self.settings.web_url
        doors = sorted((door for door in self.doors if door.way is WEB), key=lambda door: not door.for_others)
        for door in doors:
            if door.port is not None:
                host = next(iter(network.hosts(door)), "ADDRESS") if door.for_others else _local(door)
                return _address(host, door.port, tls=door.tls)
        return None

    def _to_others(self, network: Network) -> Iterator[str]:
        if network.addresses or not any(door.host in ANYWHERE for door in self.doors):
            head, they = "The chat is open, also to others on your network.", "They"
        else:
            network = msgspec.structs.replace(network, addresses=["ADDRESS"], name=None)
            head, they = "The chat is open to others too, but this machine is on no network.", "Once it is, they"
        plain, encrypted = ([*self._places(way, network)] for way in (PLAIN, TLS))
        secret = [_chat("chat", host, port, tls=True) for host, port in encrypted[:1]]
        if not plain:
            secret = [*(f"ncat --ssl {host} {port}" for host, port in encrypted[:1]), *secret]
        typed = [*(f"nc {host} {port}" for host, port in plain), *secret]
        yield f"{head} {they} type:" if typed else head
        if typed:
            yield from _indented(typed)
        if plain:
            yield "With nc, everybody on the way can read along."
        if plain and secret:
            yield "The last line is encrypted: by it, people can register with a password."
        if self.settings.key is not None:
            yield f"All are asked for the key first: {self.settings.key}"
        if self.settings.members_only:
            yield "Only members come in."
        if network.firewall is not None:
            yield network.firewall
        if network.container:
            yield "This is a container: others may need the address of its host instead."

    def _places(self, way: WayIn, network: Network) -> Iterator[tuple[str, int]]:
        """Where others come in by *way*: what they write for this machine, and the port."""
        for door in self.doors:
            if door.way is way and door.for_others and door.port is not None:
                yield from ((host, door.port) for host in network.hosts(door))

    def _here(self) -> Iterator[str]:
        """The lines by which one comes in from this machine."""
        for door in self.doors:
            host = _local(door)
            if door.way is WEB:
                continue
            if door.port is None:
                yield f"nc -U {shlex.quote(host)}"
            elif door.way is PLAIN:
                yield f"nc {host} {door.port}"
                yield _chat(self.client, host, door.port)
            elif door.way is TLS and not self.ports:
                yield _chat(self.client, host, door.port, tls=True)


def _local(door: Door) -> str:
    """What one writes for the machine itself to come in by *door*."""
    return "localhost" if door.host in LOCALHOST else door.host


def _address(host: str, port: int, *, tls: bool) -> str:
    """The address of a page; a usual port is left out."""
    place = f"[{host}]" if ":" in host else host
    if port != (443 if tls else 80):
        place += f":{port}"
    return f"{'https' if tls else 'http'}://{place}/"


def _chat(command: str, host: str, port: int, *, tls: bool = False) -> str:
    """The line that starts the client; a usual port is left out."""
    place = f"[{host}]" if ":" in host else host
    if port != (TLS if tls else PLAIN).port:
        place += f":{port}"
    return f"{command} {'tls://' if tls else ''}ada@{place}"


def _indented(lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield from (f"    {line}" for line in lines)
    yield ""
