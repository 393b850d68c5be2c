"""Who is here: users, their sessions, and the tokens by which sessions are resumed. Data only; what is done with it
stands in :mod:`chat.core.membership`, :mod:`chat.core.lifecycle` and :mod:`chat.core.commands`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import msgspec

from chat.core import names
from chat.core.accounts import Account, Subject
from chat.core.errors import NotWelcomeYet
from chat.core.events import Event
from chat.core.peer import Peer
from chat.core.room import Room
from chat.core.text import Pasted

LOBBY = "lobby"
"""The room that everybody comes into first."""

NOTHING: Mapping[str, str] = MappingProxyType({})
"""An empty mapping, shared by all who ignore nobody."""

CHANGES = "changes"
"""What a client accepts that knows what changes: edits, reactions and pins of messages, and rules of rooms."""

CONVERSATIONS = "conversations"
"""What a client accepts that knows of conversations: it tells by itself how far its user has read them."""

LINES = "lines"
"""What a client accepts that shows texts of several lines."""

FILES = "files"
"""What a server has that takes files."""

FEATURES = (CHANGES, CONVERSATIONS, LINES)
"""What every server of this version has."""

ACTIONS = "actions"
"""What every server of this version has, and a client need not accept: ``msg`` takes an ``action``."""

HOOKS = "hooks"
"""What a server has besides that serves the page: programs speak in rooms by addresses of it."""

KNOWS_CHANGES = frozenset((CHANGES, LINES))
"""What a client must accept to be shown all that may come in a room."""

MOST_UNCONFIRMED = 1_000
"""A client that sends nothing is noted as having been shown something of so many parties; the rest is shown again."""

NO_MARKS: Mapping[str, int] = MappingProxyType({})


class User:
    """Who has a name now: the user of an account, or one who has none, from coming in until leaving for good.

    ``presence`` is what its rights belong to as long as it has no account; nobody else ever has the same.
    """

    __slots__ = (
        "account", "arrived", "away", "came", "ignored", "kept", "kicked", "marks", "name", "presence", "said",
        "sessions",
    )  # fmt: skip

    def __init__(self, name: str, presence: Subject, session: Session, account: Account | None = None) -> None:
        self.name = name
        self.presence = presence
        self.sessions: tuple[Session, ...] = (session,)
        """One for each device, in the order in which they came. A user without an account has one. The last one stays
        after its end."""
        self.account = account
        self.came = 0
        """Greater than the id of every message that was there when it took its name."""
        self.arrived = 0
        """How many users had come in since the chat began, with this one; 0 if it was here before that."""
        self.away: str | None = None
        self.ignored = NOTHING
        self.marks = NO_MARKS
        """Up to which id the account has read each room."""
        self.said: list[int] | None = None
        """The ids of the last messages of its own."""
        self.kept = False
        """Whether the history holds something that ends with its presence."""
        self.kicked: dict[str, str] | None = None
        """The rooms that it was kicked out of since it last joined them, and the sentences that say so."""

    def __repr__(self) -> str:
        return f"<user {self.name}>"

    @property
    def subject(self) -> Subject:
        """Whom its rights and messages belong to: the account, or else this presence."""
        return self.account.id if self.account is not None else self.presence

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """All that its messages may belong to: those from before it registered too."""
        return (self.presence,) if self.account is None else self.account.subjects

    @property
    def words(self) -> tuple[str, ...]:
        """What names it besides its name."""
        return self.account.words if self.account is not None else ()

    @property
    def party(self) -> Subject:
        """How conversations know it for good: registering changes nothing."""
        return self.account.party if self.account is not None else self.presence

    def was(self, author: Subject) -> bool:
        """Tell whether it is the *author* of something, and may have been without an account then."""
        return author == self.presence or (self.account is not None and self.account.is_author(author))

    @property
    def moderates(self) -> bool:
        """Whether it may moderate everywhere."""
        return self.account is not None and self.account.moderates

    @property
    def peer(self) -> Peer:
        """Where it came from last."""
        return self.sessions[-1].peer

    @property
    def held(self) -> bool:
        """Whether all its connections are broken."""
        return all(session.state is State.HELD for session in self.sessions)

    @property
    def gone(self) -> bool:
        """Whether it has left for good."""
        return all(session.gone for session in self.sessions)

    def rooms(self) -> dict[Room, None]:
        """The rooms that it is in, by any session."""
        return {room: None for session in self.sessions for room in session.rooms.values()}

    def is_in(self, room: Room) -> bool:
        """Tell whether any of its sessions is in *room*."""
        return any(room.name in session.rooms for session in self.sessions)

    def others(self, session: Session) -> Sequence[Session]:
        """Its sessions but that one."""
        return [other for other in self.sessions if other is not session]


class State(Enum):
    """Where a session is in its life."""

    NAMELESS = auto()
    PRESENT = auto()
    """It has a name and, as far as we know, a connection."""
    HELD = auto()
    """Its connection broke; it is kept for a time, so that its client can come back."""
    GONE = auto()


_GONE = State.GONE
"""Each line asks for it, and Python 3.11 takes as long to find a member of an enum as to call a function."""


class Session:
    """The place of one connection in the chat, whatever carries what its client says.

    ``peer`` is the other end of what carries it. A session with ``one_room`` leaves a room when it joins another, and
    is shown the last ``replay`` messages of it.
    """

    __slots__ = (
        "accept", "active", "began", "device", "id", "key_given", "logged_out", "moves", "one_room", "pasted", "paused",
        "peer", "pending", "private", "refused", "replay", "request", "rooms", "since", "skipped", "spent", "state",
        "token", "unconfirmed", "untold", "user", "way",
    )  # fmt: skip

    def __init__(self, number: int, peer: Peer, *, one_room: bool, replay: int = 0) -> None:
        self.id = number
        self.peer = peer
        self.one_room = one_room
        self.replay = replay
        self.way = ""
        """How it came in, in a word or two."""
        self.accept: frozenset[str] = frozenset()
        """What its client can be sent that not every client understands."""
        self.key_given = False
        """Whether its client has given the key of the chat."""
        self.state = State.NAMELESS
        self.untold: list[Event] | None = []
        """What it is to be shown right after its welcome; ``None`` once it is welcome."""
        self.user: User | None = None
        self.rooms: dict[str, Room] = {}
        self.moves = 0
        """How often it has come into a room or gone out of one."""
        self.token: ResumeToken | None = None
        self.pending = 0
        """How much of it waits in the queue."""
        self.request = ""
        """The type of its request that is carried out, also while that waits for an answer."""
        self.paused: Callable[[], None] | None = None
        """What to call once enough of that has left the queue."""
        self.refused: Callable[[Any, Session], None] | None = None
        """What to call once it has been told that what was looked up for it is refused."""
        self.unconfirmed: dict[Subject, int] | None = None
        """The last private message of each party it was shown, until a line from its client says that it has them."""
        self.private: int | None = None
        """The id of the last private message that its client has seen, if it says so."""
        self.since = 0
        """From this id on it is shown private messages as they come; those before wait to be shown together."""
        self.skipped = 0
        """The number of the first private message, or change of one, for which too much waits to be sent, or 0."""
        self.device = 0
        """Its number among those of its user; one that resumes it keeps the number."""
        self.began = 0.0
        """When it came in (seconds since 1970)."""
        self.active = 0.0
        """When its user did something last (monotonic seconds)."""
        self.pasted: Pasted | None = None
        """The lines of the message that its user is pasting."""
        self.logged_out = False
        """Whether it is to end, once that is stored."""
        self.spent = 0
        """What its requests cost in addition to one for each line, and what the connection has not charged yet."""

    def __repr__(self) -> str:
        return f"<session {self.id} of {self.name or 'nobody yet'} at {self.peer}>"

    @property
    def gone(self) -> bool:
        """Whether it has ended."""
        return self.state is _GONE

    def require_here(self) -> None:
        """Raise :class:`~chat.core.errors.NotWelcomeYet` if it has ended, or is logged out."""
        if self.gone or self.logged_out:
            raise NotWelcomeYet("You have left.")

    @property
    def token_digest(self) -> str | None:
        """What stands for its token in the history; ``None`` if it has no token."""
        return self.token.digest if self.token is not None else None

    @property
    def named(self) -> bool:
        """Whether it has, or had, a name."""
        return self.user is not None

    @property
    def name(self) -> str:
        """The name of its user, or ``""``."""
        return self.user.name if self.user is not None else ""

    @property
    def knows_changes(self) -> bool:
        """Whether its client is shown how messages change, and texts of several lines."""
        return self.accept >= KNOWS_CHANGES

    @property
    def ignored(self) -> Mapping[str, str]:
        """Whom its user ignores, but for a name that they have taken themselves since."""
        user = self.user
        if user is None or not user.ignored:
            return NOTHING
        own = names.key(user.name)
        return {key: name for key, name in user.ignored.items() if key != own} if own in user.ignored else user.ignored

    @property
    def here(self) -> str:
        """The room that it came into last."""
        return next(reversed(self.rooms), LOBBY)

    def was_shown(self, other: Subject, number: int) -> None:
        """It was shown the private message with the id *number* of the party *other*."""
        if self.unconfirmed is None:
            self.unconfirmed = {}
        self.unconfirmed.pop(other, None)
        self.unconfirmed[other] = number
        if len(self.unconfirmed) > MOST_UNCONFIRMED:
            del self.unconfirmed[next(iter(self.unconfirmed))]

    def cost(self) -> int:
        """Return what a line cost that was just done, in lines."""
        cost, self.spent = 1 + self.spent, 0
        return cost


class ResumeToken(msgspec.Struct, eq=False):
    """By this a client comes back: the session that goes on, and what was said under which tag: its id and time.

    Once its session has ended, the token of an account opens a new session of that account.
    """

    token: str
    subject: Subject = 0
    """Who comes back."""
    session: Session | None = None
    tags: dict[str, tuple[int, str]] = msgspec.field(default_factory=dict)
    kept: bool = False
    """Whether the history holds it."""
    logged_out: bool = False
    """Whether its user has said that it must bring nobody back: then no client is given it again."""
    used: float = 0.0
    """When it was last used (seconds since 1970)."""
    done: dict[tuple[str, str], None] | None = None
    """The requests of this session that stored something else, by type and tag."""

    @property
    def resumes(self) -> Session | None:
        """The session that goes on, unless the token has been revoked."""
        return self.session if self.subject and not self.logged_out else None

    @property
    def digest(self) -> str:
        """Stands for the token in the history, which does not learn the token itself."""
        return digest(self.token)


@lru_cache(maxsize=16_384)
def digest(token: str) -> str:
    """Hash a token, which is random enough to need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def ignores(user: User | Account, name: str) -> bool:
    """Tell whether *user*, who need not be here, ignores who goes by *name*."""
    return bool(user.ignored) and names.key(name) in user.ignored
