"""What is typed in one room: the line that is not sent yet, and those sent before."""

from __future__ import annotations

MAXIMUM_SENT = 200


class Draft:
    """Goes through what was sent; the draft comes back at the end."""

    def __init__(self) -> None:
        self.text = ""
        self._sent: list[str] = []
        self._place = 0
        """How many lines back from the draft."""
        self._kept = ""

    def send(self, text: str) -> None:
        """*text* was sent (``""``: something that is not to come back); the draft is empty again."""
        if text and self._sent[-1:] != [text]:
            self._sent.append(text)
            del self._sent[:-MAXIMUM_SENT]
        self.text = self._kept = ""
        self._place = 0

    def step(self, back: int) -> bool:
        """Make the draft what was sent one line earlier (1) or later (-1); tell whether there was any."""
        place = self._place + back
        if not 0 <= place <= len(self._sent):
            return False
        if self._place == 0:
            self._kept = self.text
        self._place = place
        self.text = self._sent[-place] if place else self._kept
        return True
