"""What the chat asks of the outside: look-ups that take time, and the delivery of what it shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from chat.core.accounts import Subject
from chat.core.events import Event, Found, History, Message
from chat.core.session import Session


@dataclass(frozen=True, slots=True)
class FindToken:
    """Who comes back by the token of this digest? A :class:`StoredToken`."""

    token: str


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token as a history holds it: whose it is (0 if nobody's), when it was used last, and the tags used under it.

    ``tags`` maps each tag to the id and the time of its message.
    """

    subject: Subject = 0
    used: float = 0.0
    tags: Mapping[str, tuple[int, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadMarks:
    """How far has the account read? A mapping of each room to the id up to which it has read it."""

    account: Subject


@dataclass(frozen=True, slots=True)
class CheckPassword:
    """Is this the password of the account? Its :class:`~chat.core.accounts.StoredAccount`, or ``None``.

    ``place`` is the network that asks; the networks are answered in turn. When its turn has come, ``still`` raises the
    :class:`~chat.core.errors.ChatError` that is the answer if nothing is to be looked at any more.
    """

    account: Subject
    password: str
    place: str
    still: Callable[[], None]


@dataclass(frozen=True, slots=True)
class HashPassword:
    """How is this password to be stored? A string.

    ``place`` and ``still`` are as in :class:`CheckPassword`; the operator, who has no ``place``, waits for no turn.
    """

    password: str
    place: str | None
    still: Callable[[], None]


@dataclass(frozen=True, slots=True)
class MessageById:
    """Which message has this id, and whose is it? A :class:`~chat.core.facts.Said`, or ``None``."""

    id: int


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Which decisions follow in the audit record after the one with this number?

    At most ``count`` of them, in their order: a sequence of pairs of a number and a
    :class:`~chat.core.facts.Decision`.
    """

    after: int
    count: int


Lookup = FindToken | ReadMarks | CheckPassword | HashPassword | MessageById | AuditPage
"""What takes time to find out."""


@dataclass(frozen=True, slots=True)
class Query:
    """The messages of ``room`` with ``after`` < id < ``before``: ``count`` of them, the newest or the oldest.

    ``since`` and ``until``, times of the wire, leave out what was said earlier, and then or later. Whoever answers
    returns the messages in the order of their ids, of which their times may differ.
    """

    room: str
    before: int
    count: int
    after: int = 0
    newest: bool = True
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """The newest ``count`` messages of rooms with ``after`` < id < ``before`` that hold all ``phrases``.

    A phrase is a sequence of words (:func:`chat.core.search.words`). ``author`` and ``room``: only what was said by
    whom, in any case, and where. ``naming``: only what others said that names this user; with ``absent_at``, only
    what is newer than the last words of that user before this id. ``rooms``: the rooms that may be read; ``None`` is
    all. Whoever answers returns them newest first.
    """

    phrases: tuple[tuple[str, ...], ...]
    before: int
    count: int
    after: int = 0
    author: str | None = None
    room: str | None = None
    naming: str | None = None
    absent_at: int | None = None
    rooms: Collection[str] | None = None


class Random(Protocol):
    """Where chance comes from: what the core uses of :class:`random.Random`."""

    def randbytes(self, n: int, /) -> bytes:
        """Return *n* bytes."""

    def randint(self, a: int, b: int, /) -> int:
        """Return a number from *a* to *b*, both included."""


class Delivery(Protocol):
    """Brings to sessions what the chat says, in the order of the calls."""

    def publish(self, room: str, event: Event, origin: Session | None) -> None:
        """Show *event* to all who are in *room*; a dialect may leave out the *origin*, who knows it."""

    def show(self, session: Session, event: Event) -> None:
        """Show *event* to one session."""

    def tell(self, session: Session, message: Message, relieved: Callable[[], None]) -> bool:
        """Show a private message to one session, unless so much waits to be sent to it that no more should.

        Then return False, and call *relieved* once enough has been sent.
        """

    def has_sent(self, session: Session) -> bool:
        """Tell whether the connection has taken all that the session was shown by itself."""

    def enter(self, session: Session, room: str) -> None:
        """From here on, show the session what is published in *room*."""

    def leave(self, session: Session, room: str) -> None:
        """Up to here, and no further."""

    def replay(self, session: Session, query: Query) -> None:
        """Show the messages of *query* in this place, as they would have been shown when they were new."""

    def recall(self, session: Session, query: Query, answer: History) -> None:
        """Show *answer* in this place, with the messages of *query*."""

    def search(self, session: Session, search: Search, answer: Found) -> None:
        """Show *answer* in this place, with what was found."""

    def unseen(self, session: Session, subject: Subject, after: int, before: int, announced: int) -> None:
        """Show the private messages in this place that *subject* has not got yet, with *after* < id < *before*.

        If *announced* is not 0, tell first that so many came while the user was away.
        """

    def ask(self, session: Session, lookup: Lookup, answered: Callable[[Any], None]) -> None:
        """Call *answered* with the answer to *lookup*; the session is not read meanwhile.

        If the look-up fails, *answered* is called with the :class:`~chat.core.errors.ChatError` to tell the session.
        """

    def close(self, session: Session) -> None:
        """Close the connection once all before is sent."""

    def flush(self) -> Collection[Session]:
        """The turn is over: send. Returns the sessions to which that failed by a mistake of ours."""
