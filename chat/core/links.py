"""Where the page of a chat is, for links to what it serves."""

from __future__ import annotations

import msgspec

from chat.core.peer import Peer


class Links(msgspec.Struct, frozen=True):
    """Where the page is: at *url*, if the operator has said so, or else at a *port* of each address of this machine."""

    url: str = ""
    port: int = 0
    tls: bool = False
    files: bool = False
    """Whether there is a place to keep files."""
    host: str = "localhost"
    """How this machine is named for what many clients are told at once, and for who has come by no address."""

    @property
    def takes_files(self) -> bool:
        """Whether files can be sent."""
        return self.files and bool(self.shared)

    @property
    def shared(self) -> str:
        """What links begin with that many clients are told at once, who may have come by other ways; or ``""``."""
        return self._at(self.host)

    def base(self, peer: Peer) -> str | None:
        """Return what links begin with for the client at *peer*, with a slash at its end; ``None`` if none is served.

        It is what a browser that comes by the same way has in its address line.
        """
        if "//" in peer.reached and self.port and not self.url:
            return peer.reached
        return self._at(peer.reached or self.host) or None

    def _at(self, host: str) -> str:
        """Where the page is for who calls this machine *host*; ``""`` if none is served."""
        if self.url or not self.port:
            return self.url
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}/"
