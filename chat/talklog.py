"""The log of what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from chat.core.events import Edited, Message
from chat.core.facts import Changed, Said

DELAY = 0.5
"""The seconds for which lines are collected, so that the log is written once for many of them."""

MOST = 256
"""The lines that are collected at most."""

log = Logger()


class TalkLog:
    """Logs what is said in rooms. Of a private message it logs only the two names, of a private room who spoke.

    *is_private* tells of a room that something was said in whether it is private.
    """

    def __init__(self, clock: IReactorTime, is_private: Callable[[str], bool]) -> None:
        self._clock = clock
        self._is_private = is_private
        self._lines: list[str] = []
        self._soon: IDelayedCall | None = None

    def said(self, said: Sequence[Said | Changed]) -> None:
        """Log what was *said* and edited soon."""
        lines = self._lines
        for one in said:
            if (
                isinstance(one, Said)
                and (room := one.message.room) is not None
                and "\n" not in one.message.text
                and not self._is_private(room)
            ):
                lines.append(f"#{room} {one.message.spoken}")
            else:
                lines += self._lines_of(one)
        if len(self._lines) >= MOST:
            self.flush()
        elif self._lines and self._soon is None:
            self._soon = self._clock.callLater(DELAY, self.flush)

    def flush(self) -> None:
        """Log the collected lines."""
        if self._soon is not None and self._soon.active():
            self._soon.cancel()
        self._soon = None
        lines, self._lines = self._lines, []
        if lines:
            log.info("{talk}", talk="\n".join(lines))

    def _lines_of(self, said: Said | Changed) -> Iterable[str]:
        if isinstance(said, Said):
            message = said.message
            if message.room is None:
                return (f"{message.author} to {message.to} in private",)
            return self._in_room(message.room, message.author, message)
        event = said.event
        if isinstance(event, Edited) and event.room is not None:
            return self._in_room(event.room, event.by, event)
        return ()

    def _in_room(self, room: str, author: str, event: Message | Edited) -> Iterable[str]:
        if self._is_private(room):
            return (f"{author} in #{room}, which is private",)
        return (f"#{room} {line}" for line in event.words())
