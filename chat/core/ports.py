"""What the chat asks of the outside: look-ups that take time, and the delivery of what it shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from chat.core.accounts import Subject
from chat.core.events import Event, Found, History
from chat.core.session import Session


class FindToken(msgspec.Struct, frozen=True):
    """Who comes back by the token of this digest? A :class:`StoredToken`."""

    token: str


class StoredToken(msgspec.Struct, frozen=True):
    """A token as a history holds it: whose it is (0 if nobody's), when it was used last, and the tags used under it.

    ``tags`` maps each tag to the id and the time of its message; ``done`` has the changes, each as the name of its
    request, ``edit``, ``delete``, ``react`` or ``pin``, and the tag.
    """

    subject: Subject = 0
    used: float = 0.0
    tags: Mapping[str, tuple[int, str]] = msgspec.field(default_factory=dict)
    done: Collection[tuple[str, str]] = ()


class ReadMarks(msgspec.Struct, frozen=True):
    """How far has the account read? A mapping of each room to the id up to which it has read it."""

    account: Subject


class CheckPassword(msgspec.Struct, frozen=True):
    """Is this the password of the account? Its :class:`~chat.core.accounts.StoredAccount`, or ``None``.

    ``place`` is the network that asks; the networks are answered in turn. When its turn has come, ``still`` raises the
    :class:`~chat.core.errors.ChatError` that is the answer if nothing is to be looked at any more.
    """

    account: Subject
    password: str
    place: str
    still: Callable[[], None]


class HashPassword(msgspec.Struct, frozen=True):
    """How is this password to be stored? A string.

    ``place`` and ``still`` are as in :class:`CheckPassword`; the operator, who has no ``place``, waits for no turn.
    """

    password: str
    place: str | None
    still: Callable[[], None]


class MessageById(msgspec.Struct, frozen=True):
    """Which message has this id, and whose is it? A :class:`~chat.core.facts.Said`, or ``None``.

    The message has all that ``party`` is to see of it: quotes, reactions, pins. So it is wherever a party is given.
    """

    id: int
    party: Subject = 0


class MessagesById(msgspec.Struct, frozen=True):
    """Which messages of rooms have these ids, as this party is to see them? A sequence, in the order of their ids."""

    ids: Sequence[int]
    party: Subject = 0


class UnreadOf(msgspec.Struct, frozen=True):
    """What has a party not read of what others said to it before this id? An :class:`Unread`.

    It tells where the ``recent`` newest of all its private messages begin, and of whom more than ``most`` are unread.
    """

    party: Subject
    before: int
    recent: int = 1
    most: int | None = None


class Unread(msgspec.Struct, frozen=True):
    """What a party has not read: ``senders`` are parties, each with its name in the last of its messages, their number.

    ``first`` is the id of the first message that is to be shown of it, ``recent`` that with which the newest of all
    begin, ``newest`` that with which those of a sender begin of whom there are too many.
    """

    senders: Sequence[tuple[Subject, str, int]]
    first: int
    recent: int
    newest: Mapping[Subject, int]

    @property
    def count(self) -> int:
        """The number of messages."""
        return sum(count for _, _, count in self.senders)


class ConversationsOf(msgspec.Struct, frozen=True):
    """Which conversations does a party have whose last message has an id below ``before``?

    The ``count`` newest of them, newest first: a sequence of :class:`Conversation`.
    """

    party: Subject
    before: int
    count: int


class Conversation(msgspec.Struct, frozen=True):
    """A conversation of a party with ``other``, who was called ``name`` in its last message.

    ``last`` and ``time`` are the id and the time of that, ``unread`` is the number of messages behind ``read``.
    """

    other: Subject
    last: int
    read: int
    name: str
    time: str
    unread: int


class SpentBy(msgspec.Struct, frozen=True):
    """How much of its share of the room for private messages has a sender taken? A number."""

    sender: str


class FilesOf(msgspec.Struct, frozen=True):
    """How much room do the files of a sender take, and those of all? A pair of numbers.

    A file counts as :func:`chat.core.files.cost` says.
    """

    sender: str


class AuditPage(msgspec.Struct, frozen=True):
    """Which decisions follow in the audit record after the one with this number?

    At most ``count`` of them, in their order: a sequence of pairs of a number and a
    :class:`~chat.core.facts.Decision`.
    """

    after: int
    count: int


class SaidBy(msgspec.Struct, frozen=True):
    """What was said by one of these ``subjects``, or, if there are none, under this ``name`` by who has no account now?

    A pair: the first messages with ``after`` < id < ``before``, a sequence of :class:`~chat.core.facts.Said`, and the
    id up to which was looked. So many are looked at, and found, that others wait for it unnoticed.
    """

    subjects: Sequence[Subject]
    name: str
    after: int
    before: int


class DropMessages(msgspec.Struct, frozen=True):
    """Drop some of the messages of ``room`` with an id up to ``last``. Their number, or 0 if there are none left."""

    room: str
    last: int


class FindMessages(msgspec.Struct, frozen=True):
    """Which messages are those of a query, or of a search? A sequence of them, in the order that those tell."""

    query: Query | Search


Lookup = (
    FindToken
    | ReadMarks
    | CheckPassword
    | HashPassword
    | MessageById
    | MessagesById
    | FindMessages
    | UnreadOf
    | ConversationsOf
    | SpentBy
    | FilesOf
    | AuditPage
    | SaidBy
    | DropMessages
)
"""What takes time to find out."""


class Query(msgspec.Struct, frozen=True):
    """The messages of ``room`` with ``after`` < id < ``before``: ``count`` of them, the newest or the oldest.

    Without a room they are those that ``party`` has of its conversation with ``other``; ``token`` is the digest of the
    token under which its own have their tags. If ``known`` is given, the changes with ``after`` < rev < ``before`` of
    messages with an id up to ``known`` come too, and ``count`` counts messages and changes together. If ``around`` is
    given, half of the messages are those before that id, and the others begin with it. ``since`` and ``until``, times
    of the wire, leave out what was said earlier, and what was said then or later. Whoever answers returns the messages
    in the order of their ids; the order of their times may differ.
    """

    room: str | None
    before: int
    count: int
    after: int = 0
    newest: bool = True
    since: str | None = None
    until: str | None = None
    party: Subject = 0
    other: Subject = 0
    token: str | None = None
    known: int | None = None
    around: int | None = None


class Missed(msgspec.Struct, frozen=True):
    """The private messages that ``party`` has with ``after`` < id < ``before``, in the order of their ids.

    ``unread``: only those that it has not read, and of the parties in ``newest`` only from an id on. ``token`` is the
    digest of the token of the session that missed them: its own messages have their tags, or are left out without
    ``own``. ``known`` is as in :class:`Query`.
    """

    party: Subject
    before: int
    after: int = 0
    unread: bool = False
    newest: Mapping[Subject, int] = msgspec.field(default_factory=dict)
    own: bool = True
    token: str | None = None
    known: int | None = None


class Search(msgspec.Struct, frozen=True):
    """The newest ``count`` messages of rooms with ``after`` < id < ``before`` that hold all ``phrases``.

    A phrase is a sequence of words (:func:`chat.core.words.words`), the last of which is only the beginning of one if
    it ends in ``*``. ``author`` and ``room``: only what was said by whom, in any case, and where. ``since`` and
    ``until`` are as in :class:`Query`. ``party``: only private messages that this party has, with ``other`` if that is
    given; ``token`` is as in :class:`Query`.

    ``naming``: only what others said to alert this user: what has the name or one of the ``words`` in it, answers a
    message of one of ``answered``, or is meant for everybody, and is no notice. With ``absent_at``, only what is newer
    than the last words of that user before this id.

    ``rooms``: the rooms that may be read; ``None`` is all. ``hidden``: some that may not. Whoever answers returns the
    messages newest first.
    """

    phrases: tuple[tuple[str, ...], ...]
    before: int
    count: int
    after: int = 0
    author: str | None = None
    room: str | None = None
    since: str | None = None
    until: str | None = None
    naming: str | None = None
    words: Sequence[str] = ()
    answered: Sequence[Subject] = ()
    absent_at: int | None = None
    rooms: Container[str] | None = None
    hidden: Collection[str] = ()
    party: Subject = 0
    other: Subject = 0
    token: str | None = None
    reader: Subject = 0
    """The party that is shown what is found."""


class Random(Protocol):
    """Where chance comes from: what the core uses of :class:`random.Random`."""

    def randbytes(self, n: int, /) -> bytes:
        """Return *n* bytes."""

    def randint(self, a: int, b: int, /) -> int:
        """Return a number from *a* to *b*, both included."""


class Delivery(Protocol):
    """Brings to sessions what the chat says, in the order of the calls."""

    def publish(self, room: str, event: Event, origin: Session | None, asker: Session | None = None) -> None:
        """Show *event* to all who are in *room*; a dialect may leave out the *origin*, who knows it.

        If there is an *asker*, others are shown the event without its tag.
        """

    def show(self, session: Session, event: Event) -> None:
        """Show *event* to one session."""

    def echo(self, session: Session, event: Event) -> None:
        """Show *event* to the session that caused it; a dialect may leave it out, as its user knows it."""

    def tell(self, session: Session, event: Event, relieved: Callable[[], None]) -> bool:
        """Show a private message, or its change, to one session, unless so much waits to be sent to it already.

        Then return False, and call *relieved* once enough has been sent.
        """

    def is_full(self, session: Session) -> bool:
        """Tell whether so much waits to be sent to the session that no more should."""

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

    def missed(self, session: Session, wanted: Missed) -> None:
        """Show private messages in this place."""

    def catch_up(self, session: Session, wanted: Missed, asked: UnreadOf, *, resumes: bool) -> None:
        """Show those of *wanted* in this place that the user has not read.

        Tell first how many they are, and show the newest of them; or, to a client that *resumes*, show all of them, and
        the most recent ones at any rate.
        """

    def ask(self, session: Session, lookup: Lookup, answered: Callable[[Any], None]) -> None:
        """Call *answered* with the answer to *lookup*; the session is not read meanwhile.

        If the look-up fails, *answered* is called with the :class:`~chat.core.errors.ChatError` to tell the session.
        """

    def close(self, session: Session) -> None:
        """Close the connection once all before is sent."""

    def flush(self) -> Collection[Session]:
        """The turn is over: send. Returns the sessions to which that failed by a mistake of ours."""
