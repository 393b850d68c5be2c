"""What a connection does by itself: how long it waits, and for whom."""

from __future__ import annotations

from box import Box, TlsTransport

from chat.core.limits import Limits


class SilentTls(TlsTransport):
    """A TLS transport whose client never gets through with the handshake."""

    agrees = False


def test_who_does_not_agree_on_tls_is_cut() -> None:
    box = Box(limits=Limits(handshake=10))
    silent, ada = box.connect(SilentTls), box.connect(TlsTransport)
    box.clock.advance(9.9)
    assert not silent.socket.aborted
    box.clock.advance(0.2)
    assert silent.socket.aborted
    assert not ada.socket.aborted


def test_a_handshake_that_breaks_leaves_no_timer() -> None:
    box = Box()
    box.connect(SilentTls).lose()
    assert box.clock.getDelayedCalls() == []
