"""What was said round one message, shown apart from the newest messages of its room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chat.client.model.apart import Apart
from chat.client.model.scrollback import Line, Scrollback

COUNT = 100
"""How many messages to read at once."""


class Excerpt(Apart):
    """Messages of a room or a conversation round the one with the id *number*."""

    def __init__(self, title: str, address: Mapping[str, str], number: int) -> None:
        super().__init__(title, Scrollback())
        self.address = address
        """How requests name the room or the conversation."""
        self.number = number
        self.tag = ""
        """The tag of the request that is not answered yet; empty if there is none."""
        self.more_before = False
        """Whether there are more messages before the first one. ``more_after``: after the last one."""
        self.more_after = False
        self._mark: int | None = None

    @property
    def mark(self) -> int | None:
        """The serial number of the message that is looked for."""
        return self._mark

    def add_older(self, lines: Iterable[Line], more: bool) -> None:
        """Put messages above the others."""
        self.lines.prepend(lines)
        self.more_before = more

    def add_newer(self, lines: Iterable[Line], more: bool) -> None:
        """Put messages below the others."""
        for line in lines:
            serial = self.lines.append(line)
            if line.id == self.number:
                self._mark = serial
        self.more_after = more
