"""The other end of a connection."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from chat.core.peer import Peer


@pytest.mark.parametrize(
    ("peer", "written", "local", "secure"),
    [
        (Peer(), "a local socket", True, True),
        (Peer.at("127.0.0.1", 7), "127.0.0.1:7", True, True),
        (Peer.at("::1", 7), "[::1]:7", True, True),
        (Peer.at("::ffff:127.0.0.1", 7), "127.0.0.1:7", True, True),
        (Peer.at("192.0.2.1", 7), "192.0.2.1:7", False, False),
        (Peer.at("2001:db8::1", 7), "[2001:db8::1]:7", False, False),
        (Peer.at("fe80::1%eth0", 7), "[fe80::1%eth0]:7", False, False),
        (Peer.at("192.0.2.1", 7, tls=True), "192.0.2.1:7", False, True),
    ],
)
def test_where_somebody_is(peer: Peer, written: str, local: bool, secure: bool) -> None:
    assert (str(peer), peer.local, peer.secure) == (written, local, secure)


def test_an_ipv4_address_within_an_ipv6_one_is_that_address() -> None:
    assert Peer.at("::ffff:192.0.2.1", 7).address == ip_address("192.0.2.1")
