"""How the server speaks with one client; each way in has its own manners."""

from __future__ import annotations

import re

from chat.core.errors import TooLong
from chat.core.hub import Hub
from chat.core.session import Session
from chat.delivery.dialect import Dialect

RETURN = 0x0D
"""CR as a number: Python finds a byte in bytes far sooner than bytes of one byte."""

LEAVE_WORDS = frozenset(("exit", "quit"))
"""What people type to leave."""


class WrongWayIn(Exception):
    """A client speaks something else than this way in does; the message tells it where to go."""


class Manners:
    """How the server speaks with one client. A subclass overrides what is different about its way in."""

    __slots__ = ()

    way = "lines"
    """What this way in is called where users look at their devices."""
    dialect: Dialect
    """How events are written for it. All connections that share one share what is encoded."""
    one_room = False
    """Whether it leaves a room when it joins another."""
    replays = False
    """Whether it is shown the last messages of a room when it joins."""
    line_end = re.compile(b"\r?\n")
    """What ends a line; without a CR it is LF."""
    answer = b""
    """The bytes to send back for those that were heard last."""
    left = False
    """Whether the client has asked to leave by other means than a line."""

    @property
    def passed(self) -> int:
        """How many questions the client has answered of those that come before its name: each gives it more time."""
        return 0

    def greet(self, welcome: str, hub: Hub, session: Session) -> bytes:
        """Return what a client is sent first; *welcome* is the server's greeting."""
        return b""

    def to_silent(self) -> bytes:
        """Return what a client is sent that has sent nothing for a while, unlike programs."""
        return b""

    def begin(self, data: bytes) -> tuple[Manners | None, bytes]:
        """Look at the first bytes of a client: return the manners that it asks for, and what is left of the bytes.

        ``None`` waits for more; raises :class:`WrongWayIn`.
        """
        return self, data

    def dialect_for(self, session: Session) -> Dialect:
        """How events are written for a client that has said what it accepts."""
        return self.dialect

    def hear(self, data: bytes, session: Session) -> bytes:
        """Take out of what has come what is no part of a line."""
        return data

    def cut(self, data: bytes) -> list[bytes]:
        """Divide *data* into lines, the last of which has no end yet."""
        return self.line_end.split(data) if RETURN in data else data.split(b"\n")

    def rest_after(self, data: bytes, lines: int) -> bytes:
        """Return *data* without its first *lines* lines and their ends."""
        return self.line_end.split(data, lines)[lines] if lines else data

    def receive(self, hub: Hub, session: Session, line: bytes) -> None:
        """Do what the client says. A :class:`ChatError` that is raised is shown to it as a refusal."""
        raise NotImplementedError

    def too_long(self, hub: Hub, session: Session) -> None:
        """A line was too long, and is dropped."""
        most = hub.limits.text
        hub.refuse(session, TooLong(f"That line is too long, so it was dropped. Use at most {most} bytes."))

    def idle(self, hub: Hub, session: Session) -> None:
        """The client has sent nothing for :attr:`Limits.ping` seconds."""
