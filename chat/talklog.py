"""The log of what is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from chat.core.events import Message

DELAY = 0.5
"""The seconds for which lines are collected, so that the log is written once for many of them."""

MOST = 256
"""The lines that are collected at most."""

log = Logger()


class TalkLog:
    """Logs what is said in rooms. Of a private message it logs only the two names."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._messages: list[Message] = []
        self._soon: IDelayedCall | None = None

    def said(self, messages: Sequence[Message]) -> None:
        """Log *messages* soon."""
        self._messages.extend(messages)
        if len(self._messages) >= MOST:
            self.flush()
        elif self._messages and self._soon is None:
            self._soon = self._clock.callLater(DELAY, self.flush)

    def flush(self) -> None:
        """Log the collected lines."""
        if self._soon is not None and self._soon.active():
            self._soon.cancel()
        self._soon = None
        messages, self._messages = self._messages, []
        if messages:
            log.info("{talk}", talk="\n".join(line for message in messages for line in _lines(message)))


def _lines(message: Message) -> Iterable[str]:
    if message.room is None:
        return (f"{message.author} to {message.to} in private",)
    return (f"#{message.room} {line}" for line in message.words())
