"""Where the page of a chat is, for links to what it serves."""

from __future__ import annotations

import msgspec

from chat.core.peer import Peer


class Links(msgspec.Struct, frozen=True):
    """Where the page is: at *url*, if the operator has said so, or else at a *port* of each address of this machine."""

    url: str = ""
    port: int = 0
    tls: bool = False

    def base(self, peer: Peer) -> str | None:
        """Return what links begin with for the client at *peer*, with a slash at its end; ``None`` if none is served.

        It is what a browser that comes by the same way has in its address line.
        """
        if self.url or not self.port:
            return self.url or None
        if "//" in peer.reached:
            return peer.reached
        return f"{'https' if self.tls else 'http'}://{peer.reached or 'localhost'}:{self.port}/"
