"""What is set for the web port, as people write it."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

ON_SOCKETS = "unix"
"""What is written for a proxy that connects to a local socket."""


Network = IPv4Network | IPv6Network


def proxy_value(text: str) -> Network | str:
    """Read an address, a network or ``unix``; raises :class:`ValueError`."""
    return text if text == ON_SOCKETS else ip_network(text)


def page_url(text: str) -> str:
    """Check the address of a page, which ends in a slash; raises :class:`ValueError`."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{text} is no address of a page")
    _ = parts.port
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}/"
