"""The log of what is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from chat.core.events import Edited
from chat.core.facts import Changed, Said

DELAY = 0.5
"""The seconds for which lines are collected, so that the log is written once for many of them."""

MOST = 256
"""The lines that are collected at most."""

log = Logger()


class TalkLog:
    """Logs what is said in rooms. Of a private message it logs only the two names, of a private room who spoke."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._said: list[Said | Changed] = []
        self._soon: IDelayedCall | None = None

    def said(self, said: Sequence[Said | Changed]) -> None:
        """Log what was *said* and edited soon."""
        self._said.extend(said)
        if len(self._said) >= MOST:
            self.flush()
        elif self._said and self._soon is None:
            self._soon = self._clock.callLater(DELAY, self.flush)

    def flush(self) -> None:
        """Log the collected lines."""
        if self._soon is not None and self._soon.active():
            self._soon.cancel()
        self._soon = None
        said, self._said = self._said, []
        lines = [line for one in said for line in _lines(one)]
        if lines:
            log.info("{talk}", talk="\n".join(lines))


def _lines(said: Said | Changed) -> Iterable[str]:
    if isinstance(said, Said):
        message = said.message
        if message.room is None:
            return (f"{message.author} to {message.to} in private",)
        if "\n" not in message.text and not said.hidden:
            # Whoever has the address of a file may fetch it.
            unlinked = message if message.file is None else replace(message, file=None)
            return (f"#{message.room} {unlinked.spoken}",)
        return _in_room(message.room, message.author, message.words(), said.hidden)
    event = said.event
    if isinstance(event, Edited) and event.room is not None:
        return _in_room(event.room, event.by, event.words(), said.hidden)
    return ()


def _in_room(room: str, author: str, words: Iterable[str], hidden: bool) -> Iterable[str]:
    return (f"{author} in #{room}, which is private",) if hidden else (f"#{room} {line}" for line in words)
