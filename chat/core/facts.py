"""Facts: what a history stores, each the change of one thing. They are applied and stored one after the other.

They name accounts and presences by their ids, never by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from chat.core.accounts import Role, StoredAccount, Subject
from chat.core.bans import Ban, RoomBan
from chat.core.doors import Invitation
from chat.core.events import AnyChange, Message, Topic
from chat.core.hook_directory import StoredHook
from chat.core.room import Access, Invite, Status


class Between(msgspec.Struct, frozen=True, gc=False):
    """Between which parties a private message is, and whose share of the room for private messages it takes.

    ``heard``: whether the other has it too, and not only its author.
    """

    author: Subject
    other: Subject
    sender: str
    heard: bool = True

    def is_had_by(self, party: Subject) -> bool:
        """Tell whether the *party* has it."""
        return party == self.author or (self.heard and party == self.other)

    def opposite(self, party: Subject) -> Subject:
        """The party with whom *party* has it."""
        return self.other if party == self.author else self.author


class Attached(msgspec.Struct, frozen=True, gc=False):
    """The file of a message: what it is called on the disk and in its address, and whose share of the room it takes."""

    key: str
    sender: str


class Said(msgspec.Struct, frozen=True, gc=False):
    """A message, whose it is, and the digest of the token under which it was said, if there was one."""

    message: Message
    token: str | None = None
    author: Subject = 0
    recipient: Subject = 0
    """Whom a private message is for."""
    between: Between | None = None
    answers: Subject = 0
    """The author of the message that it answers."""
    hidden: bool = False
    """Whether its room was private, so that the log has no word of it."""
    attached: Attached | None = None
    """What else there is of the file that came with it."""


class TopicSet(msgspec.Struct, frozen=True):
    """A room has this topic now."""

    topic: Topic


class Changed(msgspec.Struct, frozen=True):
    """A message was edited, deleted, reacted to or pinned, as ``event`` tells, or such a change was taken back.

    Of a message that was deleted nobody can read or find anything any more. ``party`` is who did it, and ``token`` the
    digest of the token under which they did. The event of a private message has no ``with``, as that differs from
    reader to reader.
    """

    event: AnyChange
    party: Subject = 0
    token: str | None = None
    hidden: bool = False
    """Whether the room was private, so that the log has no word of it."""


class WordsSet(msgspec.Struct, frozen=True):
    """These words name the account besides its name."""

    account: Subject
    words: tuple[str, ...]


class Registered(msgspec.Struct, frozen=True):
    """The user called ``name`` has an account now, which takes over what was the presence's.

    An account that is made without a user has a presence that nobody had, so that no party can be guessed.
    ``password`` is a hash, ``invitation`` the digest of the invitation that is used up by that, if one is, and
    ``ignored`` whom the user ignores.
    """

    account: Subject
    name: str
    password: str
    presence: Subject = 0
    invitation: str = ""
    ignored: tuple[str, ...] = ()


class MadeByOperator(Registered, frozen=True):
    """The operator has made an account for somebody who is not here; its name may be reserved."""


class MadeAtDoor(Registered, frozen=True):
    """Somebody who is about to come in has made an account."""


class InvitationMade(msgspec.Struct, frozen=True):
    """Somebody has made this invitation."""

    invitation: Invitation


class Unregistered(msgspec.Struct, frozen=True):
    """The account is gone, with its rights, its read marks, invitations and hooks, and its side of its conversations.

    Who had it goes on as this ``presence``, and ``ignored`` whom they ignore if they may come back as it.
    """

    account: Subject
    presence: Subject = 0
    ignored: tuple[str, ...] = ()


class PasswordSet(msgspec.Struct, frozen=True):
    """The account has another password, of which this is the hash.

    Its tokens end, but for the one with the digest ``but``.
    """

    account: Subject
    password: str
    but: str | None = None


class RoleSet(msgspec.Struct, frozen=True):
    """The account has this role."""

    account: Subject
    role: Role


class ReadUpTo(msgspec.Struct, frozen=True):
    """The account has read this room up to this id."""

    account: Subject
    room: str
    id: int


class Ignoring(msgspec.Struct, frozen=True):
    """The subject ignores who goes by this name, or no longer."""

    subject: Subject
    name: str
    on: bool


class RoomListed(msgspec.Struct, frozen=True):
    """The room is one that the devices of the account come into, or no longer."""

    account: Subject
    room: str
    on: bool


class ReadWith(msgspec.Struct, frozen=True):
    """A party has read its conversation with the other party up to this id."""

    party: Subject
    other: Subject
    id: int


class Seen(msgspec.Struct, frozen=True):
    """The client of a party has what was said in its conversation with the other party up to this id."""

    party: Subject
    other: Subject
    id: int


class TokenKept(msgspec.Struct, frozen=True):
    """The subject comes back by the token of this digest, which was ``used`` then (seconds since 1970)."""

    digest: str
    subject: Subject
    used: float


class TokensEnded(msgspec.Struct, frozen=True):
    """The subject does not come back by any token that there is."""

    subject: Subject


class LoggedOut(msgspec.Struct, frozen=True):
    """The subject logged out: it does not come back by the tokens of these digests, or by any (``None``)."""

    subject: Subject
    digests: tuple[str, ...] | None


class AccountRenamed(msgspec.Struct, frozen=True):
    """The account has another name; the one before is kept for it until then (seconds since 1970)."""

    account: Subject
    name: str
    before: str
    until: float


class NameFreed(msgspec.Struct, frozen=True):
    """A name that an account had before is kept for it no longer."""

    name: str


class RightsKept(msgspec.Struct, frozen=True):
    """The subject is, or is no longer, op of the room, and its maker: because they made it, or because they left it."""

    room: str
    subject: Subject
    op: bool
    founder: bool = False


class InvitationUsed(msgspec.Struct, frozen=True):
    """The subject, who is invited into the room, has come into it."""

    room: str
    subject: Subject


class PresencesEnded(msgspec.Struct, frozen=True):
    """These presences are over: their rights end, and so do their conversations."""

    presences: tuple[Subject, ...]


class Banned(msgspec.Struct, frozen=True):
    """This ban holds, in place of an earlier one of the same target."""

    ban: Ban


class Unbanned(msgspec.Struct, frozen=True):
    """The ban does not hold any more."""

    ban: Ban


class OpSet(msgspec.Struct, frozen=True):
    """The subject is an op of the room, or no longer."""

    room: str
    subject: Subject
    on: bool


class FounderSet(msgspec.Struct, frozen=True):
    """The account is the founder of the room, in place of another, and its op."""

    room: str
    subject: Subject


class Invited(msgspec.Struct, frozen=True):
    """The subject may come into the room although it is not open to them, or no longer.

    If it *waits*, they are told of it whenever they come in, until they have come into the room.
    """

    room: str
    subject: Subject
    on: bool = True
    waits: bool = True

    @property
    def invite(self) -> Invite:
        """What the room holds of them then."""
        if not self.on:
            return Invite.NONE
        return Invite.WAITING if self.waits else Invite.USED


class BannedFrom(msgspec.Struct, frozen=True):
    """This ban from the room holds, in place of an earlier one of the same subject, whose invitation ends.

    The bans of the subjects in ``over`` hold no more.
    """

    room: str
    ban: RoomBan
    over: Sequence[Subject] = ()


class UnbannedFrom(msgspec.Struct, frozen=True):
    """The ban of the subject from the room does not hold any more."""

    room: str
    subject: Subject


class Muted(msgspec.Struct, frozen=True):
    """The subject may say nothing in the room until then (seconds since 1970), or may speak again (``None``).

    ``network``, if it is given: where newcomers without an account may say nothing either, until ``network_until``.
    """

    room: str
    subject: Subject
    until: float | None
    network: str = ""
    network_until: float | None = None


class AccessSet(msgspec.Struct, frozen=True):
    """Who comes into the room. The subjects in it, if they are ``invited``, may come again."""

    room: str
    access: Access
    invited: tuple[Subject, ...] = ()


class StatusSet(msgspec.Struct, frozen=True):
    """The room is in use, archived or closed."""

    room: str
    status: Status


class LockSet(msgspec.Struct, frozen=True):
    """Only ops set the topic of the room, or everybody in it."""

    room: str
    on: bool


class SlowSet(msgspec.Struct, frozen=True):
    """Everybody but the ops of the room waits so many seconds between two messages."""

    room: str
    seconds: int


class HookMade(msgspec.Struct, frozen=True):
    """The room has this hook."""

    room: str
    hook: StoredHook


class HookEnded(msgspec.Struct, frozen=True):
    """The room has the hook of that name no longer."""

    room: str
    name: str


class RoomForgotten(msgspec.Struct, frozen=True):
    """The room, in which nothing was said, is gone with its topic, rights and hooks: who comes next makes it anew."""

    room: str


AccountFact = (
    Registered | Unregistered | AccountRenamed | LoggedOut | PasswordSet | RoleSet | ReadUpTo | ReadWith | WordsSet
)
RightFact = OpSet | FounderSet | Invited | Muted | BannedFrom | UnbannedFrom
RoomFact = RightFact | AccessSet | StatusSet | LockSet | SlowSet | HookMade | HookEnded
Quiet = (
    NameFreed
    | RoomListed
    | Seen
    | RightsKept
    | InvitationUsed
    | PresencesEnded
    | TokenKept
    | TokensEnded
    | RoomForgotten
)
"""What nobody asked for: if it can't be stored, nobody is told."""
Fact = Said | Changed | TopicSet | Quiet | AccountFact | RoomFact | Banned | Unbanned | InvitationMade | Ignoring


class Decision(msgspec.Struct, frozen=True):
    """What somebody decided about themselves or others, for the audit record, and the fact that it makes, if any."""

    time: str
    by: str
    action: str
    target: str
    room: str | None = None
    why: str = ""
    fact: Fact | None = None
    lasting: bool = True
    """Whether a moderator, an owner or the operator decided it: that is never dropped."""


Record = Fact | Decision
"""What is stored at once: a fact, or a decision together with its fact."""


def fact_of(record: Record | None) -> Fact | None:
    """The fact that *record* is, or that it stores together with a decision."""
    return record.fact if isinstance(record, Decision) else record


def made_by(record: Record | None) -> Subject:
    """The subject that exists only once *record* is stored: a new account, or who goes on without theirs; 0 if none."""
    match fact_of(record):
        case Registered(account):
            return account
        case Unregistered(_, presence):
            return presence
    return 0


def subjects(record: Record | None) -> set[Subject]:
    """Whose *record* is, if it stands by itself: it does not change what those before it have changed."""
    match record:
        case Said(author=author, recipient=recipient):
            return {author, recipient}
        case RoomListed(subject) | TokensEnded(subject):
            return {subject}
        case TokenKept(_, subject) | RightsKept(_, subject) | InvitationUsed(_, subject):
            return {subject}
    return set()


class RoomRecord(msgspec.Struct, frozen=True):
    """A room as a history holds it: its topic, the id of its newest message or 0, and when that was said."""

    name: str
    topic: str
    last_id: int = 0
    at: str | None = None


class RoomRules(msgspec.Struct, frozen=True):
    """The rules of a room, and who has which rights in it, as a history holds them.

    ``muted`` and ``muted_networks`` tell when each muted subject, and who comes from there, may speak again (seconds
    since 1970). Of the ``invited``, the ``waiting`` have not come since.
    """

    room: str
    access: Access = Access.OPEN
    status: Status = Status.LIVE
    locked: bool = False
    slow: int = 0
    maker: Subject = 0
    ops: tuple[Subject, ...] = ()
    invited: tuple[Subject, ...] = ()
    waiting: tuple[Subject, ...] = ()
    bans: tuple[RoomBan, ...] = ()
    muted: Mapping[Subject, float] = msgspec.field(default_factory=dict)
    muted_networks: Mapping[str, float] = msgspec.field(default_factory=dict)


class Contents(msgspec.Struct, frozen=True):
    """What a history holds when it is opened, except the messages.

    ``last_id`` is the greatest id of a message or number of a change, ``last_time`` the time of the newest message, or
    ``""``.
    """

    last_id: int = 0
    last_time: str = ""
    rooms: Sequence[RoomRecord] = ()
    accounts: Sequence[StoredAccount] = ()
    bans: Sequence[Ban] = ()
    rules: Sequence[RoomRules] = ()
    last_account: Subject = 0
    former_names: Sequence[tuple[str, Subject, float]] = ()
    """The names that accounts had before, the accounts, and until when they are kept for them."""
    ignored: Mapping[Subject, Sequence[str]] = msgspec.field(default_factory=dict)
    """Whom users without an account ignored who may come back."""
    presences: Sequence[Subject] = ()
    """The users without an account who may come back: what they have is kept until the time for that is over."""
    unheard: Sequence[tuple[Subject, Subject, int]] = ()
    """Which of them have not read what a party said to them, and the id of the last of it."""
    spent: Mapping[str, int] = msgspec.field(default_factory=dict)
    """How much of their share of the room for private messages the senders have taken."""
    invitations: Sequence[Invitation] = ()
    pins: Mapping[str, Sequence[int]] = msgspec.field(default_factory=dict)
    """The ids of the pinned messages of rooms, in the order in which they were pinned."""
    hooks: Sequence[StoredHook] = ()
