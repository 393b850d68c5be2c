"""Telnet's commands within a stream of bytes (RFC 854, RFC 855)."""

from __future__ import annotations

import re

IAC, DONT, DO, WONT, WILL = 255, 254, 253, 252, 251
ECHO = 1
SB, BREAK, INTERRUPT, END, END_OF_FILE = 250, 243, 244, 240, 236

_LEAVE = frozenset((BREAK, INTERRUPT, END_OF_FILE))
_TAKEN_FOR = {
    0xEC: 0x84,  # end of file
    0xED: 0x9A,  # suspend
    0xEE: 0x9C,  # abort
    0xF3: 0x9C,  # break
    0xF4: 0x83,  # interrupt
    0xF5: 0x8F,  # abort output
    0xF6: 0x94,  # are you there
    0xF8: 0x95,  # erase line
}
"""Bytes of UTF-8 that clients which look at seven bits only (GNU inetutils) take for control characters: what they send
in place of a byte, and the byte."""

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

    Plain TCP clients pass unchanged: the byte that begins a command is never part of UTF-8. A command within a
    character is no command, but the byte of it that the client took for Ctrl-C or the like.
    """

    __slots__ = ("_last", "_offering", "_open", "answer", "left")

    def __init__(self) -> None:
        self._open = b""
        self._last = b""
        """The last bytes of the text."""
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
            self._last = data[-3:] if len(data) > 2 else (self._last + data)[-3:]
            return data
        data, self._open = self._open + data, b""
        text = bytearray()
        at = 0
        for match in _COMMAND.finditer(data):
            text += data[at : match.start()]
            text += self._command(match, within=_is_within_character(self._last + text[-3:]))
            at = match.end()
        text += data[at:]
        begin = text.find(b"\xff")
        if begin != -1 and len(text) - begin > _MOST:
            text = text.replace(b"\xff", b"")
        elif begin != -1:
            self._open = bytes(text[begin:])
            del text[begin:]
        self._last = (self._last + text[-3:])[-3:]
        return bytes(text)

    def _command(self, match: re.Match[bytes], *, within: bool) -> bytes:
        if match["verb"] is not None:
            agrees = self._offering and match["verb"][0] == DO and match["option"][0] == ECHO
            if match["verb"][0] in (WILL, DO) and not agrees:
                refusal = DONT if match["verb"][0] == WILL else WONT
                self.answer += bytes((IAC, refusal, match["option"][0]))
        elif match["plain"] is not None and within and match["plain"][0] in _TAKEN_FOR:
            return bytes((_TAKEN_FOR[match["plain"][0]],))
        elif match["plain"] is not None and match["plain"][0] in _LEAVE:
            self.left = True
        return b""


def _is_within_character(text: bytes) -> bool:
    """Tell whether bytes of a character of UTF-8 are still to come behind *text*."""
    for back, byte in enumerate(reversed(text[-3:]), 1):
        if byte < 0x80 or byte > 0xBF:
            return byte >= 0xC2 and back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF5 else 0)
    return False
