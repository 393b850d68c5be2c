"""Which private messages somebody has not got yet: their ids, as the messages themselves are in the history."""

from __future__ import annotations

from collections.abc import Sequence

from chat.core.accounts import Subject
from chat.core.events import Notice

MOST_EACH = 200
"""So many private messages of one sender may wait for one recipient."""

MOST = 2_000
"""So many private messages of all senders together may wait for one recipient."""


class Mailbox:
    """The ids of the private messages that wait for one account or presence, by their senders."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: dict[Subject, list[int]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def senders(self) -> list[Subject]:
        """Who sent what waits."""
        return list(self._waiting)

    def oldest_of(self, sender: Subject) -> int:
        """The id of the oldest message of *sender* that waits, or 0."""
        return self._waiting.get(sender, [0])[0]

    def is_full_for(self, sender: Subject) -> bool:
        """Tell whether *sender* may not add to it."""
        return len(self._waiting.get(sender, ())) >= MOST_EACH or len(self) >= MOST

    def add(self, sender: Subject, number: int) -> None:
        """The message with the id *number* waits."""
        self._waiting.setdefault(sender, []).append(number)

    def seen(self, number: int, first: int = 0) -> None:
        """No message with an id from *first* to *number* waits any more."""
        kept = {
            sender: [waiting for waiting in numbers if not first <= waiting <= number]
            for sender, numbers in self._waiting.items()
        }
        self._waiting = {sender: numbers for sender, numbers in kept.items() if numbers}


class Mailboxes:
    """The mailboxes of accounts and presences for whom something waits."""

    def __init__(self) -> None:
        self._boxes: dict[Subject, Mailbox] = {}

    def of(self, subject: Subject) -> Mailbox:
        """The private messages that *subject* has not got yet."""
        return self._boxes.setdefault(subject, Mailbox())

    def senders(self, subject: Subject) -> Sequence[Subject]:
        """Who sent the private messages that *subject* has not got yet."""
        found = self._boxes.get(subject)
        return found.senders if found is not None else ()

    def waiting(self, subject: Subject) -> int:
        """How many private messages wait for *subject*."""
        return len(self._boxes.get(subject, ()))

    def seen(self, subject: Subject, number: int, first: int = 0) -> None:
        """The private messages to *subject* with ids from *first* to *number* do not wait any more."""
        mailbox = self._boxes.get(subject)
        if mailbox is not None:
            mailbox.seen(number, first)
            if not mailbox:
                del self._boxes[subject]

    def dropped(self, number: int) -> None:
        """The history has dropped the private messages with ids up to *number*."""
        for subject in list(self._boxes):
            self.seen(subject, number)

    def take(self, subject: Subject) -> Mailbox | None:
        """Take the mailbox of *subject* away, and return it if there was one."""
        return self._boxes.pop(subject, None)

    def give(self, subject: Subject, mailbox: Mailbox | None) -> None:
        """Have *mailbox*, if it is one, be that of *subject*."""
        if mailbox is not None:
            self._boxes[subject] = mailbox


def not_shown(name: str) -> Notice:
    """What a sender is told if the user called *name* has left for good without what they were sent."""
    return Notice(text=f"{name} left before they were shown what you said in private last.")
