"""A server that sends back each message of a WebSocket, made of the parts that serve browsers in a chat."""

from __future__ import annotations

import time
from random import Random
from typing import Any, cast

from twisted.internet import reactor
from websockets.frames import Opcode

from chat.core.doorkeeper import Doorkeeper
from chat.core.limits import Limits
from chat.engine import Engine
from chat.history.memory import MemoryStore
from chat.protocols.web.hosts import Hosts
from chat.protocols.web.requests import Folder, WebSite
from chat.protocols.web.site import WebSocket
from chat.protocols.web.websocket import WebManners, frame_of
from chat.testing import at_once

MOST = 20_000_000
"""The longest message of Autobahn's cases is 16 MiB."""


class EchoManners(WebManners):
    """Sends back what comes."""

    def message(self, data: bytes, kind: Opcode) -> bytes | None:
        self.answer_all()
        self.answer += frame_of(data, kind)
        return b""


class EchoSocket(WebSocket):
    manners = EchoManners


def main() -> None:
    """Serve on a port of the system's choice, and print it."""
    limits = Limits(json_line=MOST, window=4 * MOST, name_time=3600, name_tries=1 << 30).without_rates()
    engine = Engine(
        MemoryStore(),
        clock=cast(Any, reactor),
        wall=time.time,
        monotonic=time.monotonic,
        run=at_once,
        random=Random(1),  # noqa: S311 - nothing is secret here
        limits=limits,
        said=lambda said: None,
        welcome="",
        replay=0,
    )
    root = Folder()
    root.putChild(b"", EchoSocket(engine.connections))
    site = WebSite(root, engine.connections, Hosts(None, ()), Doorkeeper(limits))
    port: Any = cast(Any, reactor).listenTCP(0, site, interface="127.0.0.1")
    print(port.getHost().port, flush=True)
    cast(Any, reactor).run()


if __name__ == "__main__":
    main()
