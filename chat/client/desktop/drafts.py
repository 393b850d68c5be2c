"""What was typed in one room: the text that is not sent yet, and the texts that were."""

from __future__ import annotations

MAXIMUM_SENT = 200


class Draft:
    """The text in the input field of one room. :meth:`step` goes through what was sent, and back to the draft."""

    def __init__(self) -> None:
        self.text = ""
        self._sent: list[str] = []
        self._place = 0
        """How many texts back from the draft the user has gone."""
        self._kept = ""

    def send(self, text: str) -> None:
        """Empty the draft, and remember *text* unless it is ``""``, which stands for a text with a password."""
        if text and self._sent[-1:] != [text]:
            self._sent.append(text)
            del self._sent[:-MAXIMUM_SENT]
        self.text = self._kept = ""
        self._place = 0

    def step(self, back: int) -> bool:
        """Go to the text that was sent before (1) or after (-1); return whether there is one."""
        place = self._place + back
        if not 0 <= place <= len(self._sent):
            return False
        if self._place == 0:
            self._kept = self.text
        self._place = place
        self.text = self._sent[-place] if place else self._kept
        return True
