"""What is known in memory of private messages: how much room they take, and which guests have not got what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chat.core.accounts import Subject
from chat.core.events import Notice
from chat.core.session import Session
from chat.core.text import enumerate_words

MOST_NAMED = 5
"""So many senders are named to who comes in."""

MOST_WATCHED = 200
"""Of so many parties a session is told what becomes of them."""

OVERHEAD = 200
"""About what a private message takes beside its text, in bytes."""


def cost(text: str) -> int:
    """What a private message takes of the share of its sender."""
    return len(text.encode()) + OVERHEAD


def not_shown(name: str) -> Notice:
    """What a sender is told if the user called *name* has left for good without what they were sent."""
    return Notice(text=f"{name} left before they were shown what you said in private last.")


def while_away(names: Sequence[str], count: int) -> Notice:
    """What a person is told who comes in: *count* private messages came from users of these *names*."""
    shown = (
        list(names) if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} others"]
    )
    many, them = ("1 private message", "it") if count == 1 else (f"{count} private messages", "them")
    return Notice(text=f"{many} while you were away, from {enumerate_words(shown)}. /msg {names[0]} shows {them}.")


class Shares:
    """How much of the history each sender has taken for private messages.

    A sender is an account, by its party, or the network of users without one. What the history drops by itself is
    not counted here at once: what is known is never too little, and who seems to have no room left is looked up.
    """

    def __init__(self) -> None:
        self._spent: dict[str, int] = {}

    def restore(self, spent: Mapping[str, int]) -> None:
        """Go on from what the history holds."""
        self._spent.update(spent)

    def spent(self, sender: str) -> int:
        """How much the *sender* has taken."""
        return self._spent.get(sender, 0)

    def set(self, sender: str, size: int) -> None:
        """The *sender* has taken so much."""
        if size > 0:
            self._spent[sender] = size
        else:
            self._spent.pop(sender, None)

    def add(self, sender: str, size: int) -> tuple[()]:
        """The *sender* has taken so much more."""
        self.set(sender, self.spent(sender) + size)
        return ()


class Watchers:
    """Which sessions are told what becomes of which parties; of the last :data:`MOST_WATCHED` that they have met."""

    def __init__(self) -> None:
        self._sessions: dict[Subject, dict[Session, None]] = {}
        self._parties: dict[Session, dict[Subject, None]] = {}

    def add(self, session: Session, party: Subject) -> None:
        """The *session* is told from now on what becomes of the *party*."""
        watched = self._parties.setdefault(session, {})
        watched.pop(party, None)
        watched[party] = None
        self._sessions.setdefault(party, {})[session] = None
        if len(watched) > MOST_WATCHED:
            self._forget(session, next(iter(watched)))

    def of(self, party: Subject) -> Sequence[Session]:
        """The sessions that are told what becomes of the *party*."""
        return list(self._sessions.get(party, ()))

    def leave(self, session: Session) -> None:
        """The *session* has ended."""
        for party in list(self._parties.get(session, ())):
            self._forget(session, party)
        self._parties.pop(session, None)

    def _forget(self, session: Session, party: Subject) -> None:
        del self._parties[session][party]
        sessions = self._sessions[party]
        del sessions[session]
        if not sessions:
            del self._sessions[party]


class Unheard:
    """Which users without an account have not got what others said to them: the id of the last of each party."""

    def __init__(self) -> None:
        self._last: dict[Subject, dict[Subject, int]] = {}

    def add(self, presence: Subject, sender: Subject, number: int) -> None:
        """The *presence* has not got the message with the id *number* of the party *sender*."""
        self._last.setdefault(presence, {})[sender] = number

    def got(self, presence: Subject, sender: Subject, number: int) -> None:
        """The *presence* has got what *sender* said up to the id *number*."""
        waiting = self._last.get(presence)
        if waiting is not None and waiting.get(sender, number + 1) <= number:
            del waiting[sender]
            if not waiting:
                del self._last[presence]

    def taken_back(self, presence: Subject, sender: Subject, number: int) -> None:
        """The message with the id *number*, which *sender* said to the *presence*, is gone."""
        if self._last.get(presence, {}).get(sender) == number:
            self.got(presence, sender, number)

    def senders(self, presence: Subject) -> Sequence[tuple[Subject, int]]:
        """Who said what the *presence* has not got, and the id of the last of it."""
        return list(self._last.get(presence, {}).items())

    def end(self, presence: Subject) -> None:
        """Nothing waits for the *presence* any more."""
        self._last.pop(presence, None)
