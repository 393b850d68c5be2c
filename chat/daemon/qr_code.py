"""A QR code, by which a phone opens the page."""

from __future__ import annotations

from io import StringIO

import segno

_BLACK_AND_WHITE = "\x1b[97;40m"
_USUAL = "\x1b[0m"


def qr_code(text: str) -> str:
    """Draw the code of *text* for a terminal, two rows of it in each line, in black and white whatever its colours."""
    code = segno.make(text, error="l", micro=False)
    drawn = StringIO()
    code.terminal(drawn, border=2, compact=True)
    return "".join(f"{_BLACK_AND_WHITE}{line}{_USUAL}\n" for line in drawn.getvalue().splitlines())
