"""The other end of a connection."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import msgspec

Address = IPv4Address | IPv6Address


class Peer(msgspec.Struct, frozen=True):
    """Where a client is, and whether others can listen in on the way.

    ``address`` is ``None`` for a local socket, ``tls`` tells whether the connection is encrypted, ``relayed`` whether a
    proxy has said where the client is. ``reached`` is where the client has reached us, as links to the chat name it: a
    host, or for a browser the address of the page. ``str()`` gives what the log says.
    """

    address: Address | None = None
    port: int = 0
    tls: bool = False
    relayed: bool = False
    reached: str = ""

    @classmethod
    def at(cls, host: str, port: int, *, tls: bool = False, relayed: bool = False, reached: str = "") -> Peer:
        """The peer at an address as sockets write it; an IPv4 address within an IPv6 one counts as the former."""
        address = ip_address(host)
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return cls(mapped or address, port, tls, relayed, reached)

    @staticmethod
    def host(address: str) -> str:
        """How a link names the host at an *address* as sockets write it."""
        peer = Peer.at(address, 0)
        if peer.local:
            return "localhost"
        return f"[{peer.address}]" if isinstance(peer.address, IPv6Address) else str(peer.address)

    @property
    def local(self) -> bool:
        """Whether it is on this machine."""
        return self.address is None or self.address.is_loopback

    @property
    def on_socket(self) -> bool:
        """Whether it came by a plain local socket itself, so that the file system has decided that it may."""
        return self.address is None and not self.tls and not self.relayed

    @property
    def network(self) -> str:
        """What one customer is given: the IPv4 address, the /64 of an IPv6 address; ``"here"`` for this machine."""
        if self.local or self.address is None:
            return "here"
        if isinstance(self.address, IPv6Address):
            return f"{IPv6Address(int(self.address) >> 64 << 64)}/64"
        return str(self.address)

    @property
    def secure(self) -> bool:
        """Whether nobody on the way can read or change what is sent."""
        return self.tls or self.local

    def __str__(self) -> str:
        if self.address is None:
            return "a local socket"
        host = f"[{self.address}]" if self.address.version == 6 else str(self.address)
        return f"{host}:{self.port}"
