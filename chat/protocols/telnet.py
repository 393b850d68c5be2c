"""Telnet's commands within a stream of bytes (RFC 854, RFC 855)."""

from __future__ import annotations

import re

IAC, DONT, DO, WONT, WILL = 255, 254, 253, 252, 251
ECHO = 1
SB, BREAK, INTERRUPT, END, END_OF_FILE = 250, 243, 244, 240, 236

_LEAVE = frozenset((BREAK, INTERRUPT, END_OF_FILE))
_MOST = 1024
"""A subnegotiation that is longer is not telnet; what follows counts as text again."""

_COMMAND = re.compile(
    rb"\xff(?:"
    rb"(?P<verb>[\xfb-\xfe])(?P<option>.)"
    rb"|\xfa(?:[^\xff]|\xff\xff)*+(?:\xff\xf0|(?=\xff[^\xf0\xff]))"
    rb"|(?P<plain>[^\xfa-\xfe]))",
    re.DOTALL,
)


class TelnetFilter:
    """Takes telnet's commands out of what a client sends, and refuses every option it offers or asks for.

    While the chat is *offering* to echo, as it does when a password is typed, a client's request to do so agrees to
    that and is not answered.

    Plain TCP clients pass unchanged: the byte that begins a command is never part of UTF-8.
    """

    __slots__ = ("_offering", "_open", "answer", "left")

    def __init__(self) -> None:
        self._open = b""
        self._offering = False
        self.answer = b""
        """The bytes to send back for those fed last."""
        self.left = False
        """Whether the user interrupted: they want to leave."""

    def feed(self, data: bytes, *, offering: bool = False) -> bytes:
        """Return *data* without telnet's commands; an unfinished one waits for the bytes that finish it."""
        self.answer = b""
        self._offering = offering
        if not self._open and IAC not in data:
            return data
        data, self._open = self._open + data, b""
        text = _COMMAND.sub(self._command, data)
        begin = text.find(b"\xff")
        if begin == -1:
            return text
        if len(text) - begin > _MOST:
            return text.replace(b"\xff", b"")
        self._open = text[begin:]
        return text[:begin]

    def _command(self, match: re.Match[bytes]) -> bytes:
        if match["verb"] is not None:
            agrees = self._offering and match["verb"][0] == DO and match["option"][0] == ECHO
            if match["verb"][0] in (WILL, DO) and not agrees:
                refusal = DONT if match["verb"][0] == WILL else WONT
                self.answer += bytes((IAC, refusal, match["option"][0]))
        elif match["plain"] is not None and match["plain"][0] in _LEAVE:
            self.left = True
        return b""
