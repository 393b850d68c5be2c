"""What was typed in one room: the text that is not sent yet, what it is for, and the texts that were sent."""

from __future__ import annotations

from dataclasses import dataclass

from chat.client.model.scrollback import Line

MAXIMUM_SENT = 200


@dataclass(frozen=True, slots=True)
class Answering:
    """What is typed answers this message."""

    line: Line


@dataclass(frozen=True, slots=True)
class Editing:
    """What is typed is the new text of this message."""

    line: Line


@dataclass(frozen=True, slots=True)
class Reacting:
    """What is typed is a reaction to this message."""

    line: Line


Purpose = Answering | Editing | Reacting


class Draft:
    """The text in the input field of one room. :meth:`step` goes through what was sent, and back to the draft."""

    def __init__(self, text: str = "") -> None:
        self.text = text
        self.purpose: Purpose | None = None
        """What the text is for; ``None`` for a text that is just said."""
        self._sent: list[str] = []
        self._place = 0
        """How many texts back from the draft the user has gone."""
        self._kept = ""
        self._aside = ""
        """The text that was there before the user began to edit a message, or to react to one."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is being typed."""
        return not self.text and self.purpose is None

    @property
    def kept(self) -> str:
        """What of it is kept for the next start: not the new text of a message, and no reaction."""
        return self._aside if isinstance(self.purpose, Editing | Reacting) else self.text

    @property
    def is_lost(self) -> bool:
        """Whether something is half typed that is not kept."""
        return self.text != self.kept and bool(self.text.strip())

    def begin(self, purpose: Purpose) -> None:
        """Go on with another *purpose*. To answer a message, the user keeps the text that is there."""
        self.end()
        if not isinstance(purpose, Answering):
            self._aside = self.text
            self.text = purpose.line.text if isinstance(purpose, Editing) else ""
        self.purpose = purpose
        self._place = 0

    def end(self) -> None:
        """Give the purpose up, and go back to the text that was there before."""
        if isinstance(self.purpose, Editing | Reacting):
            self.text, self._aside = self._aside, ""
        self.purpose = None
        self._place = 0

    def send(self, text: str) -> None:
        """Empty the draft, and remember *text* unless it is ``""``, which stands for a text with a password."""
        if text and self._sent[-1:] != [text]:
            self._sent.append(text)
            del self._sent[:-MAXIMUM_SENT]
        self.text = self._kept = ""
        self.end()

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
