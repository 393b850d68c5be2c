"""TLS below a connection."""

from __future__ import annotations

from typing import cast

from twisted.internet.interfaces import ITransport
from twisted.protocols.tls import TLSMemoryBIOFactory

from chat.delivery.transports import TlsLayer

HANDSHAKE = b"\x16"
"""What every TLS connection begins with: the type of a handshake record (RFC 8446, section 5.1)."""

NOT_TLS = b"! This port speaks TLS. Connect with ncat --ssl, openssl s_client or chat tls://host.\r\n"


class TlsTransport(TlsLayer):
    """TLS, which tells people who speak without it what is wrong."""

    _begun = False

    def dataReceived(self, data: bytes) -> None:
        if self._begun or data.startswith(HANDSHAKE):
            self._begun = True
            super().dataReceived(data)
        else:
            below = cast(ITransport, self.transport)
            below.write(NOT_TLS)
            below.loseConnection()


class TlsFactory(TLSMemoryBIOFactory):
    """Puts TLS below the connections of another factory."""

    noisy = False
    protocol = TlsTransport
