"""The directory of the chat: users, rooms, names, accounts, bans, ids. Every fact is applied here, in one place."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from twisted.logger import Logger

from chat.core.accounts import Account, Guesses, Role, StoredAccount, Tries
from chat.core.bans import Ban, Bans
from chat.core.effects import Ask, Effect, Show
from chat.core.errors import (
    AlreadyThere,
    BadField,
    ChatError,
    Internal,
    NameTaken,
    NoSuchMessage,
    NotAllowed,
    TooManyRooms,
)
from chat.core.events import Event, Refusal, timestamp
from chat.core.facts import (
    Banned,
    Decision,
    Erased,
    Fact,
    Invited,
    LockSet,
    Muted,
    OpSet,
    PasswordSet,
    PrivacySet,
    Registered,
    RoleSet,
    RoomFact,
    RoomRecord,
    RoomRules,
    TopicSet,
    Unbanned,
    Unregistered,
)
from chat.core.limits import Limits
from chat.core.names import Registry, key, room_name
from chat.core.ports import Delivery, Lookup, Random
from chat.core.queue import Entry, Queue
from chat.core.room import NO_RIGHTS, Rights, Room
from chat.core.session import Session, User, is_presence, presence
from chat.core.text import clean
from chat.core.tokens import Tokens

REMEMBERED_ERASURES = 4_096
"""So many of the last erased messages are known, so that none is erased twice by requests that come together."""

log = Logger()


class Hub:
    """Holds the state of the chat, and puts what is to be shown into the :class:`Queue`.

    State changes at once; what is shown waits in the queue. *wake* is called when the queue is no longer empty,
    *clock* gives the seconds since 1970, *monotonic* seconds that nobody sets, *figures* how the server is doing, and
    *random* is where tokens, and whatever else nobody must guess, come from.
    """

    def __init__(
        self,
        delivery: Delivery,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        wake: Callable[[], None],
        random: Random,
        limits: Limits,
        figures: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        self.delivery = delivery
        self.limits = limits
        self.queue = Queue(delivery, limits, wake)
        self.users: Registry[User] = Registry()
        self.rooms: dict[str, Room] = {}
        self.accounts: Registry[Account] = Registry()
        self.bans = Bans()
        self.tries = Tries()
        self.guesses = Guesses()
        self.tokens = Tokens(limits)
        self.monotonic = monotonic
        self.figures = figures
        self.random = random
        self.refusals: Counter[str] = Counter()
        """How often something was refused, by the code of the refusal."""
        self._clock = clock
        self._last_id = 0
        self._last_presence = 0
        self._departed: dict[str, int] = {}
        self._erased: OrderedDict[int, None] = OrderedDict()
        self._entitled: dict[str, set[Room]] = {}
        """The rooms that hold rights of users without an account."""

    def __repr__(self) -> str:
        return "<hub>"

    def restore(
        self,
        last_id: int,
        rooms: Iterable[RoomRecord],
        accounts: Iterable[StoredAccount] = (),
        bans: Iterable[Ban] = (),
        rules: Iterable[RoomRules] = (),
    ) -> None:
        """Go on from what the history holds."""
        self._last_id = last_id
        for record in rooms:
            room = self.rooms[key(record.name)] = Room(record.name, record.last_id)
            room.topic = record.topic
        for stored in accounts:
            self.accounts.claim(stored.name, Account(stored.name, stored.role, registered=stored.registered))
        self.bans.restore(bans)
        for rule in rules:
            self.rooms.setdefault(key(rule.room), Room(rule.room)).apply(rule)

    # -- time and numbers

    def now(self) -> str:
        """The time, as events carry it."""
        return timestamp(self._clock())

    @property
    def seconds(self) -> float:
        """The time, in seconds since 1970."""
        return self._clock()

    @property
    def next_id(self) -> int:
        """Greater than the id of every message so far."""
        return self._last_id + 1

    def take_id(self) -> int:
        """Take the next id of a message."""
        self._last_id += 1
        return self._last_id

    def make_token(self) -> str:
        """Make a token by which a client may come back."""
        return urlsafe_b64encode(self.random.randbytes(16)).rstrip(b"=").decode()

    def take_presence(self) -> str:
        """Take what the rights of a user who comes in hang on as long as they have no account."""
        self._last_presence += 1
        return presence(self._last_presence)

    # -- into the queue

    def show(self, session: Session, event: Event) -> None:
        """Show *event* to *session* after all that came before."""
        self.queue.add(Entry(session, (Show(session, event),)))

    def then(self, session: Session, *effects: Effect) -> None:
        """Have *effects*, which *session* caused, after all that came before."""
        self.queue.add(Entry(session, effects))

    def answer(self, session: Session, effect: Effect) -> None:
        """Have an *effect* that may show much, before anything more is read from *session*."""
        self.queue.add(Entry(session, (effect,), weight=self.limits.pending_each))

    def refuse(self, session: Session, error: ChatError, tag: str | None = None) -> None:
        """Tell *session* that its request is refused, and why."""
        self.refusals[error.code] += 1
        self.show(session, Refusal(code=error.code, text=clean(str(error)), tag=tag))

    # -- what takes time to find out

    def ask(self, session: Session, lookup: Lookup, then: Callable[[Any], None], tag: str | None) -> None:
        """Look something up now, and call *then* with the answer; *session* is not read meanwhile.

        If the look-up fails, or *then* raises :class:`ChatError`, the session gets a refusal under *tag*.
        """
        self.delivery.ask(session, lookup, partial(self._answered, session, then, tag))

    def ask_in_turn(self, session: Session, lookup: Lookup, then: Callable[[Any], None], tag: str | None) -> None:
        """Look something up, as :meth:`ask` does, once all that waits has been stored and shown."""
        self.answer(session, Ask(session, lookup, partial(self._answered, session, then, tag)))

    def _answered(self, session: Session, then: Callable[[Any], None], tag: str | None, answer: Any) -> None:
        try:
            if isinstance(answer, ChatError):
                raise answer
            then(answer)
        except ChatError as error:
            self.refuse(session, error, tag)
        except Exception:
            log.failure("what {session!r} had to wait for failed", session=session)
            self.refuse(session, Internal("The server can't look that up now. Try again later."), tag)

    # -- facts

    def apply(
        self,
        session: Session,
        fact: Fact,
        effects: Sequence[Effect] = (),
        *,
        tag: str | None = None,
        action: str = "",
        target: str = "",
        room: str | None = None,
        why: str = "",
    ) -> None:
        """Check a *fact* against what is true now and change the state; raises :class:`ChatError` if it can't be.

        It is stored, and then has its *effects*; with an *action*, it goes into the audit record too, as decided by the
        user of *session*. If it can't be stored, the change is undone and the session gets a refusal under *tag*.
        """
        by = session.name
        undo = self._change(fact)
        ops: tuple[str, ...] = ()
        if isinstance(fact, RoomFact):
            ruled = self._known(fact.room)
            ops = tuple(sorted(subject for subject in ruled.ops if not is_presence(subject)))
            undo = partial(self._undo_rule, ruled, undo)
        decision = Decision(self.now(), by, action, target, room, why, fact, ops) if action else fact
        self.queue.add(Entry(session, effects, decision, lambda: undo() or (), tag))

    def decide(
        self,
        session: Session,
        effects: Sequence[Effect],
        undo: Callable[[], Sequence[Effect]],
        *,
        action: str,
        target: str,
        room: str | None,
        why: str = "",
        tag: str | None = None,
    ) -> None:
        """Store for the audit record what was decided about who is here, which is no fact that lasts."""
        decision = Decision(self.now(), session.name, action, target, room, why)
        self.queue.add(Entry(session, effects, decision, undo, tag))

    def _change(self, fact: Fact) -> Callable[[], None]:
        """Change the state as *fact* says; return what undoes that."""
        match fact:
            case TopicSet():
                return _set(self._known(fact.topic.room), "topic", fact.topic.topic)
            case PrivacySet():
                return _set(self._known(fact.room), "private", fact.on)
            case LockSet():
                return _set(self._known(fact.room), "locked", fact.on)
            case OpSet() | Invited() | Muted():
                return self._entitle(fact)
            case Erased():
                return self._erase(fact.ids)
            case Registered():
                return self._register(fact)
            case Unregistered():
                return self._unregister(fact)
            case PasswordSet():
                self.account(fact.account).passwords += 1
            case RoleSet():
                return self._set_role(self.account(fact.account), fact.role)
            case Banned():
                before = self.bans.add(fact.ban)
                return partial(self.bans.put_back, fact.ban.target, before)
            case Unbanned():
                ban = self.bans.remove(fact.target)
                if ban is None:
                    raise BadField(f"{fact.target[:64]} is not banned. /bans lists who is.")
                return partial(self.bans.put_back, ban.target, ban)
        return _nothing

    def _undo_rule(self, room: Room, undo: Callable[[], None]) -> None:
        """Undo a change of a rule; the room may have been forgotten meanwhile, or may be forgotten now."""
        undo()
        self.rooms.setdefault(key(room.name), room)
        self.vacate(room)

    def _known(self, name: str) -> Room:
        return self.rooms[key(name)]

    def _entitle(self, fact: OpSet | Invited | Muted) -> Callable[[], None]:
        """Give a subject a right in a room, or take it."""
        room = self._known(fact.room)
        before = room.rights(fact.subject)
        op, invited, muted_until = before.op, before.invited, before.muted_until
        match fact:
            case OpSet():
                op = fact.on
            case Invited():
                invited = True
            case Muted():
                muted_until = fact.until
        self.entitle(room, fact.subject, Rights(op, invited, muted_until))
        return partial(self.entitle, room, fact.subject, before)

    def _erase(self, ids: Sequence[int]) -> Callable[[], None]:
        for number in ids:
            if number in self._erased:
                raise NoSuchMessage(f"There is no message {number}, or not any more.")
        self._erased.update(dict.fromkeys(ids))
        while len(self._erased) > REMEMBERED_ERASURES:
            self._erased.popitem(last=False)

        def undo() -> None:
            for number in ids:
                self._erased.pop(number, None)

        return undo

    def _register(self, fact: Registered) -> Callable[[], None]:
        user = self.users.get(fact.name)
        if user is None or user.name != fact.name or self.accounts.holders(fact.name):
            raise NameTaken("That name belongs to somebody. Choose another.")
        if user.account is not None:
            raise AlreadyThere(f"The name {user.account.name} is yours already. /password changes its password.")
        presence = user.presence
        rooms = self.rooms_of(presence)
        user.account = Account(fact.name, registered=self.now())
        self.accounts.claim(fact.name, user.account)
        for room in rooms:
            _move_rights(room, presence, user.subject)

        def undo() -> None:
            account, user.account = user.subject, None
            self.accounts.release(fact.name)
            for room in rooms:
                _move_rights(room, account, user.subject)

        return undo

    def _unregister(self, fact: Unregistered) -> Callable[[], None]:
        account = self.account(fact.account)
        users = self.users_of(account)
        held = [(room, rights) for room in self.rooms.values() if (rights := room.rights(fact.account))]
        self.accounts.release(account.name)
        for user in users:
            user.account = None
        for room, _ in held:
            room.give(fact.account, NO_RIGHTS)

        def undo() -> None:
            self.accounts.claim(account.name, account)
            for user in users:
                user.account = account
            for room, rights in held:
                room.give(fact.account, rights)

        return undo

    def _set_role(self, account: Account, role: Role) -> Callable[[], None]:
        set_back = _set(account, "role", role)
        account.unstored += 1
        account.roles += 1

        def undo() -> None:
            account.unstored -= 1
            set_back()

        return undo

    def is_erased(self, number: int) -> bool:
        """Tell whether the message was erased lately."""
        return number in self._erased

    # -- users and accounts

    def account(self, account: str) -> Account:
        """The account of that key; raises :class:`NotAllowed` if there is none any more."""
        found = self.accounts.get(account)
        if found is None or found.key != account:
            raise NotAllowed("Your name is not registered. /register makes it yours.")
        return found

    def users_of(self, account: Account) -> list[User]:
        """Who is here with that account."""
        return [user for user in self.users.all() if user.account is account]

    def entitle(self, room: Room, subject: str, rights: Rights) -> None:
        """Have *room* hold exactly these *rights* of *subject*."""
        room.give(subject, rights)
        if is_presence(subject) and rights:
            self._entitled.setdefault(subject, set()).add(room)
        elif subject in self._entitled:
            self._entitled[subject].discard(room)

    def rooms_of(self, subject: str) -> Sequence[Room]:
        """The rooms that hold rights of a *subject* without an account."""
        return [room for room in self._entitled.get(subject, ()) if room.rights(subject)]

    def end_presence(self, user: User) -> None:
        """The *user* has left for good: the rights that they had without an account end."""
        for room in self._entitled.pop(user.presence, ()):
            room.give(user.presence, NO_RIGHTS)

    def taken(self, name: str, by_other_than: User | None) -> bool:
        """Tell whether somebody has *name* or one that looks like it."""
        return any(holder is not by_other_than for holder in self.users.holders(name))

    def may_take(self, name: str, account: Account | None) -> bool:
        """Tell whether *name*, and all that looks like it, belongs to nobody but *account*."""
        return all(owner is account for owner in self.accounts.holders(name))

    def depart(self, name: str) -> None:
        """Nobody goes by *name* any more: set it free, and remember when."""
        self.users.release(name)
        self._departed.pop(key(name), None)
        self._departed[key(name)] = self._last_id
        if len(self._departed) > self.limits.departed:
            del self._departed[next(iter(self._departed))]

    def departed(self, name: str) -> int | None:
        """The id of the newest message when *name* was last given up, if that is remembered."""
        return self._departed.get(key(name))

    # -- rooms

    def room(self, name: str) -> Room | None:
        """The room that *name* means, if there is one."""
        return self.rooms.get(key(room_name(name)))

    def open_room(self, name: str) -> Room:
        """The room that *name* means, made if there is none; raises :class:`TooManyRooms`, :class:`BadName`."""
        room = self.room(name)
        if room is None:
            self._make_place_for_a_room()
            room = self.rooms[key(room_name(name))] = Room(room_name(name))
        return room

    def _make_place_for_a_room(self) -> None:
        if len(self.rooms) < self.limits.rooms:
            return
        for room_key, room in self.rooms.items():
            if room.last_id and not (room.members or room.private or room.locked):
                del self.rooms[room_key]
                return
        raise TooManyRooms(f"The server holds {self.limits.rooms} rooms and all are in use. Join one of them: /rooms")

    def vacate(self, room: Room) -> None:
        """Forget a room that is empty and has neither messages nor rules."""
        if room.forgettable and self.rooms.get(key(room.name)) is room:
            del self.rooms[key(room.name)]


def _set(holder: Any, attribute: str, value: object) -> Callable[[], None]:
    """Set an attribute; return what sets it back."""
    before = getattr(holder, attribute)
    setattr(holder, attribute, value)
    return partial(setattr, holder, attribute, before)


def _move_rights(room: Room, old: str, new: str) -> None:
    rights = room.rights(old)
    room.give(old, NO_RIGHTS)
    room.give(new, rights)


def _nothing() -> None:
    pass
