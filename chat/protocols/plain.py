"""The plain port: people with netcat or telnet, unless the first byte says that it is a program."""

from __future__ import annotations

import re

from chat.protocols.jsonlines import JsonManners
from chat.protocols.manners import Manners, WrongWayIn
from chat.protocols.text import TextManners

TLS_HELLO = b"\x16\x03"
"""What a client begins with that speaks TLS (RFC 8446, section 5.1)."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""What some programs for Windows begin a text with."""

_JSON = re.compile(rb"\{|\[\s*\{")
"""How an object begins, or an array of them; people have names like ``[ada]``."""

JSON = JsonManners()


class PlainManners(TextManners):
    """Text, unless the client begins an object of JSON; empty lines and a byte order mark may stand before it."""

    __slots__ = ()

    def begin(self, data: bytes) -> tuple[Manners | None, bytes]:
        """Find out whether a person or a program begins."""
        if data.startswith(TLS_HELLO):
            raise WrongWayIn("This port does not speak TLS. Connect with nc, telnet or the chat client.")
        data = data.removeprefix(BYTE_ORDER_MARK)
        text = data.lstrip(b" \t\r\n").removeprefix(BYTE_ORDER_MARK)
        if _JSON.match(text):
            return JSON, text
        undecided = not data.strip(b" \t")
        return (None if undecided else self), data
