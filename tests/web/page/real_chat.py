"""A chat in memory that the tests of the page speak with: a line of JSON for each thing to do, and one that answers it.

What the page's modules are tested with is so what the chat really sends, and no copy of that which grows old.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from chat.testing import Chat, Client, Limits


class Desk:
    """Does what the lines say."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin a new chat."""
        self.chat = Chat(Limits(rate=None))
        self.clients: dict[str, Client] = {}

    def do(self, what: str, who: str, value: Any) -> None:
        """Do one thing, unless it is about a connection that is closed already."""
        if what in ("send", "cut") and who not in self.clients:
            return
        match what:
            case "begin":
                self.begin()
            case "open":
                self.clients[who] = self.chat.connect()
            case "send":
                self.clients[who].send(value)
            case "cut":
                self.clients[who].cut()
            case "advance":
                self.chat.advance(value)

    def news(self) -> dict[str, Any]:
        """Return what has come, and whose connection is closed."""
        received = {who: [line for line in client.lines() if line] for who, client in self.clients.items()}
        closed = [who for who, client in self.clients.items() if not client.connected]
        for who in closed:
            del self.clients[who]
        return {"received": received, "closed": closed}


if __name__ == "__main__":
    desk = Desk()
    for line in sys.stdin:
        desk.do(*json.loads(line))
        print(json.dumps(desk.news()), flush=True)
