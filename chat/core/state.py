"""What is so in the chat: users, names, accounts, rooms, bans, ids. Every fact is applied here, in one place."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import asdict, replace

from chat.core.account_directory import AccountDirectory
from chat.core.accounts import Account, Guesses, Subject, Tries, is_presence
from chat.core.bans import Bans
from chat.core.changed import ChangedMessages
from chat.core.clock import HistoryClock
from chat.core.doors import OPERATOR, Doors, Invitations
from chat.core.errors import AlreadyThere, BadField, NameTaken, NotAllowed
from chat.core.events import Deleted, Pinned
from chat.core.facts import (
    AccessSet,
    AccountRenamed,
    Banned,
    BannedFrom,
    Changed,
    Contents,
    Fact,
    FounderSet,
    HookEnded,
    HookMade,
    InvitationMade,
    Invited,
    LockSet,
    LoggedOut,
    MadeAtDoor,
    MadeByOperator,
    Muted,
    OpSet,
    PasswordSet,
    ReadUpTo,
    Registered,
    RightFact,
    RoleSet,
    RoomRules,
    SlowSet,
    StatusSet,
    TopicSet,
    Unbanned,
    UnbannedFrom,
    Unregistered,
    WordsSet,
)
from chat.core.hook_directory import Hook, HookDirectory
from chat.core.limits import Limits
from chat.core.names import RESERVED, Registry, key, likeness, look_alikes
from chat.core.ports import Random
from chat.core.private import Shares, Unheard, Watchers
from chat.core.room import NO_RIGHTS, Invite, Rights, Room
from chat.core.room_directory import RoomDirectory
from chat.core.session import LOBBY, User
from chat.core.tokens import Tokens


class State:
    """What is so in the chat, and how facts change it. It stores nothing, and shows nothing to anybody.

    *clock* gives the seconds since 1970, *monotonic* seconds that nobody sets, *random* is where tokens, and whatever
    else nobody must guess, come from. The names in *reserve* are reserved like those in
    :data:`~chat.core.names.RESERVED`, *doors* is what is asked of those who come in.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        random: Random,
        limits: Limits,
        reserve: Iterable[str],
        doors: Doors,
    ) -> None:
        self.limits = limits
        self.users: Registry[User] = Registry()
        self.rooms = RoomDirectory(limits.rooms, LOBBY)
        self.accounts = AccountDirectory()
        self.reserved: Registry[str] = Registry()
        for name in (*RESERVED, *reserve):
            self.reserved.claim(name, name)
        self.hooks = HookDirectory()
        self.doors = doors
        self.invitations = Invitations(self._may_invite)
        self.bans = Bans()
        self.tries = Tries()
        self.guesses = Guesses()
        self.tokens = Tokens(limits)
        self.monotonic = monotonic
        self.random = random
        self.unheard = Unheard()
        self.shares = Shares()
        self.watchers = Watchers()
        self.changed = ChangedMessages()
        self._seconds = clock
        self._clock = HistoryClock(clock)
        self._last_id = 0
        self._last_account: Subject = 0
        self._arrivals = 0
        self._user_of: dict[Subject, User] = {}
        """Who is here, by account or presence."""
        self._absent: dict[Subject, Mapping[str, str]] = {}
        """The presences that have not come back since the chat began, and may still, and whom they ignored."""
        self._departed: dict[str, int] = {}

    def restore(self, contents: Contents) -> None:
        """Go on from what the history holds."""
        self._clock.restore(contents.last_time)
        self._last_id = contents.last_id
        self._last_account = max(self._last_account, contents.last_account)
        for presence in contents.presences:
            self._absent[presence] = {key(name): name for name in contents.ignored.get(presence, ())}
        for presence, sender, number in contents.unheard:
            self.unheard.add(presence, sender, number)
        self.shares.restore(contents.spent)
        for record in contents.rooms:
            room = Room(record.name, record.last_id, record.at)
            room.topic = record.topic
            room.kept = True
            room.pinned = tuple(contents.pins.get(room.name, ()))
            self.rooms.claim(room.name, room)
        for stored in contents.accounts:
            ignored = {key(name): name for name in stored.ignored}
            rooms = dict.fromkeys(stored.rooms)
            account = Account(
                stored.id, stored.name, stored.role, 0, stored.presence, ignored, rooms, tuple(stored.words)
            )
            self.accounts.enter(account)
        for name, number, kept in contents.former_names:
            owner = self.accounts.with_id(number)
            if owner is not None:
                self.accounts.keep_name(name, owner, kept)
        self.bans.restore(contents.bans)
        self.invitations.add(*contents.invitations)
        for rule in contents.rules:
            self._restore_rules(rule)
        for hook in contents.hooks:
            if hook.room not in self.rooms:
                self.rooms.claim(hook.room, Room(hook.room))
            self.rooms[hook.room].kept = True
            self._add_hook(Hook(hook))

    def _restore_rules(self, rule: RoomRules) -> None:
        there = rule.room in self.rooms
        room = self.rooms[rule.room] if there else Room(rule.room)
        room.kept = room.lasting = True
        room.access, room.status = rule.access, rule.status
        room.locked, room.slow = rule.locked, rule.slow
        if there:
            self.rooms.guard(room)
        else:
            self.rooms.claim(room.name, room)
        bans = {ban.subject: ban for ban in rule.bans}
        for subject in {rule.maker, *rule.ops, *rule.invited, *rule.muted, *bans} - {0}:
            ends = self._monotonic_at(rule.muted.get(subject))
            invited = Invite.NONE
            if subject in rule.invited:
                invited = Invite.WAITING if subject in rule.waiting else Invite.USED
            rights = Rights(subject in rule.ops, invited, ends, subject == rule.maker, bans.get(subject))
            self.rooms.entitle(room, subject, rights)
        for network, seconds in rule.muted_networks.items():
            until = self._monotonic_at(seconds)
            room.mute_network(network, (until, 0) if until is not None else None)

    # -- time and numbers

    def now(self) -> str:
        """The time, as events carry it."""
        return self._clock.now()

    @property
    def seconds(self) -> float:
        """The time, in seconds since 1970."""
        return self._seconds()

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

    def take_presence(self) -> Subject:
        """Make the id of the presence of a user who comes in."""
        return -1 - (int.from_bytes(self.random.randbytes(8), "big") >> 1)

    @property
    def arrivals(self) -> int:
        """How many users have come in since the chat began."""
        return self._arrivals

    def count_arrival(self) -> int:
        """Another user comes in; return how many have."""
        self._arrivals += 1
        return self._arrivals

    def take_account(self) -> Subject:
        """Take the id of a new account."""
        self._last_account += 1
        return self._last_account

    def _monotonic_at(self, seconds: float | None) -> float | None:
        """The monotonic time at so many *seconds* since 1970."""
        return None if seconds is None else self.monotonic() + seconds - self.seconds

    # -- facts

    def change(self, fact: Fact) -> Callable[[], None]:
        """Change the state as *fact* says; return what undoes that."""
        match fact:
            case TopicSet():
                return _set(self._known(fact.topic.room), "topic", fact.topic.topic)
            case AccessSet():
                return self._set_access(fact)
            case StatusSet():
                return self._guarded(self._known(fact.room), "status", fact.status)
            case LockSet():
                return _set(self._known(fact.room), "locked", fact.on)
            case SlowSet():
                return self._slow_down(fact)
            case FounderSet():
                return self._set_founder(fact)
            case OpSet() | Invited() | Muted() | BannedFrom() | UnbannedFrom():
                return self._entitle(fact)
            case HookMade(hook=hook):
                return self._add_hook(Hook(hook))
            case HookEnded(name=name):
                return self._end_hooks([self.hooks[name]])
            case Changed():
                return self._change_message(fact)
            case WordsSet():
                return _set(self.account(fact.account), "words", fact.words)
            case MadeAtDoor() | MadeByOperator():
                return self._make_account(fact)
            case Registered():
                return self._register(fact)
            case Unregistered():
                return self._unregister(fact)
            case PasswordSet():
                self.account(fact.account).passwords += 1
                return self.tokens.revoke(fact.account, fact.but, logged_out=fact.but is None)
            case ReadUpTo():
                return self._mark(fact)
            case LoggedOut():
                return self.tokens.revoke(fact.subject, only=fact.digests, logged_out=True)
            case AccountRenamed():
                return self._rename_account(fact)
            case RoleSet():
                return _set(self.account(fact.account), "role", fact.role)
            case InvitationMade():
                return self.invitations.add(fact.invitation)
            case Banned():
                before = self.bans.add(fact.ban)
                return partial(self.bans.put_back, fact.ban, before)
            case Unbanned():
                ban = self.bans.remove(fact.ban)
                if ban is None:
                    raise BadField(f"{fact.ban.target} is not banned from this chat. /bans lists who is.")
                return partial(self.bans.put_back, ban, ban)
        return _nothing

    def _known(self, name: str) -> Room:
        return self.rooms[name]

    def _guarded(self, room: Room, attribute: str, value: object) -> Callable[[], None]:
        """Set an attribute that tells who reads the room."""
        back = _set(room, attribute, value)
        self.rooms.guard(room)

        def undo() -> None:
            back()
            self.rooms.guard(room)

        return undo

    def _set_access(self, fact: AccessSet) -> Callable[[], None]:
        room = self._known(fact.room)
        back = self._guarded(room, "access", fact.access)
        before = [(subject, room.rights(subject)) for subject in fact.invited]
        for subject, rights in before:
            self.rooms.entitle(room, subject, replace(rights, invited=Invite.USED))

        def undo() -> None:
            for subject, rights in before:
                self._change_rights(room, subject, invited=rights.invited)
            back()

        return undo

    def _slow_down(self, fact: SlowSet) -> Callable[[], None]:
        room = self._known(fact.room)
        room.spoken = None
        return _set(room, "slow", fact.seconds)

    def _set_founder(self, fact: FounderSet) -> Callable[[], None]:
        self.account(fact.subject)
        room = self._known(fact.room)
        before, held = room.maker, room.rights(fact.subject)
        if before:
            self.rooms.entitle(room, before, replace(room.rights(before), founder=False))
        self.rooms.entitle(room, fact.subject, replace(room.rights(fact.subject), op=True, founder=True))

        def undo() -> None:
            self.rooms.entitle(room, fact.subject, held)
            if before:
                self.rooms.entitle(room, before, replace(room.rights(before), founder=True))

        return undo

    def _entitle(self, fact: RightFact) -> Callable[[], None]:
        """Give a subject a right in a room, or take it."""
        room = self._known(fact.room)
        subject = fact.ban.subject if isinstance(fact, BannedFrom) else fact.subject
        before = rights = room.rights(subject)
        match fact:
            case OpSet(on=on):
                rights = replace(rights, op=on, founder=on and rights.founder)
            case Invited():
                rights = replace(rights, invited=fact.invite)
            case Muted():
                rights = replace(rights, muted_until=self._monotonic_at(fact.until))
            case BannedFrom(ban=ban, over=over):
                for one in over:
                    self.rooms.entitle(room, one, replace(room.rights(one), ban=None))
                rights = replace(rights, invited=Invite.NONE, ban=ban)
            case UnbannedFrom():
                rights = replace(rights, ban=None)
        self.rooms.entitle(room, subject, rights)
        unmute = self._mute_network(room, fact) if isinstance(fact, Muted) and fact.network else _nothing
        changed = {name: held for name, held in asdict(before).items() if held != getattr(rights, name)}

        def undo() -> None:
            self._change_rights(room, subject, **changed)
            unmute()

        return undo

    def _change_rights(self, room: Room, subject: Subject, **rights: object) -> None:
        """Have *room* hold these rights of *subject* again.

        A presence that has ended meanwhile is given none, but a ban of it holds or ends as before.
        """
        if is_presence(subject) and subject not in self._absent and self.user_with(subject) is None:
            rights = {name: held for name, held in rights.items() if name == "ban" or not held}
        self.rooms.entitle(room, subject, replace(room.rights(subject), **rights))

    def _mute_network(self, room: Room, fact: Muted) -> Callable[[], None]:
        """Mute newcomers from a network, or let them speak again."""
        before = room.muted_networks.get(fact.network)
        until = self._monotonic_at(fact.network_until)
        for network, (end, _) in list(room.muted_networks.items()):
            if end < self.monotonic():
                del room.muted_networks[network]
        room.mute_network(fact.network, (until, self._arrivals) if until is not None else None)
        return partial(room.mute_network, fact.network, before)

    def _add_hook(self, hook: Hook) -> Callable[[], None]:
        self.hooks.add(hook)
        self.rooms[hook.room].hooks += 1
        return partial(self._remove_hook, hook)

    def _remove_hook(self, hook: Hook) -> None:
        # Its room may have been forgotten meanwhile, with all its hooks.
        if self.hooks.get(hook.name) is hook:
            self.hooks.remove(hook)
            self.rooms[hook.room].hooks -= 1

    def _end_hooks(self, hooks: Sequence[Hook]) -> Callable[[], None]:
        rooms = [self.rooms[hook.room] for hook in hooks]
        for hook in hooks:
            self._remove_hook(hook)

        def undo() -> None:
            for hook, room in zip(hooks, rooms, strict=True):
                if self.rooms.get(hook.room) is room:
                    self._add_hook(hook)

        return undo

    def _change_message(self, fact: Changed) -> Callable[[], None]:
        event = fact.event
        back = self.changed.change(event, fact.party)
        room = self.rooms.get(event.room) if event.room is not None else None
        if room is None or not isinstance(event, Pinned | Deleted):
            return back
        pinned = [number for number in room.pinned if number != event.id]
        if isinstance(event, Pinned) and event.on:
            pinned.append(event.id)
        unpin = _set(room, "pinned", tuple(pinned))

        def undo() -> None:
            unpin()
            back()

        return undo

    def _register(self, fact: Registered) -> Callable[[], None]:
        user = self.users.get(fact.name)
        if user is None or user.name != fact.name or self.accounts.holders(fact.name):
            raise NameTaken("That name belongs to somebody. Choose another.")
        if user.account is not None:
            raise AlreadyThere(f"The name {user.account.name} is yours already. /password changes its password.")
        self.refuse_reserved(fact.name)
        renew = self.invitations.use(fact.invitation, self.seconds)
        account = Account(fact.account, fact.name, presence=user.presence, ignored=user.ignored)
        self.accounts.enter(account)
        self.set_account(user, account)
        self._move(self.rooms.entitling(account.presence), account.presence, account.id)

        def undo() -> None:
            renew()
            if not user.gone:
                self.set_account(user, None)
            self.accounts.drop(account)
            self._move(self.rooms.entitling(account.id), account.id, account.presence)

        return undo

    def _make_account(self, fact: MadeAtDoor | MadeByOperator) -> Callable[[], None]:
        self.require_free(fact.name)
        renew = self.invitations.use(fact.invitation, self.seconds)
        account = Account(fact.account, fact.name, presence=fact.presence)
        self.accounts.enter(account)

        def undo() -> None:
            renew()
            self.accounts.drop(account)

        return undo

    def _unregister(self, fact: Unregistered) -> Callable[[], None]:
        account = self.account(fact.account)
        user = self.user_with(account.id)
        before = (user.presence, user.arrived) if user is not None else (0, 0)
        held = [(room, room.rights(account.id)) for room in self.rooms.entitling(account.id)]
        renew = self.invitations.take(self.invitations.by(account.id))
        hook_again = self._end_hooks(self.hooks.by(account.id))
        rooms = {room: self.rooms.get(room) for room in account.rooms}
        tokens = [session.token for session in user.sessions if session.token is not None] if user is not None else []
        former = self.accounts.drop(account)
        if user is not None:
            self.leave(user)
            user.presence = fact.presence
            user.arrived = self.count_arrival()
            self.set_account(user, None)
        for room, _ in held:
            self.rooms.entitle(room, fact.account, NO_RIGHTS)

        def undo() -> None:
            renew()
            hook_again()
            for name, room in rooms.items():
                if room is None or self.rooms.get(name) is not room:
                    # It was forgotten meanwhile, which is stored.
                    del account.rooms[name]
            self.accounts.enter(account, former)
            for token in tokens:
                if token.session is None and (user is None or token.subject in (0, user.presence)):
                    # Its session has ended meanwhile.
                    token.subject = account.id
            if user is not None and not user.gone:
                self._move(self.rooms.entitling(user.presence), user.presence, account.id)
                self.leave(user)
                user.presence, user.arrived = before
                self.set_account(user, account)
            for room, rights in held:
                self.rooms.entitle(room, fact.account, rights)

        return undo

    def _rename_account(self, fact: AccountRenamed) -> Callable[[], None]:
        account = self.account(fact.account)
        self.require_free(fact.name, account)
        return self.accounts.rename(account, fact.name, fact.until)

    def _mark(self, fact: ReadUpTo) -> Callable[[], None]:
        user = self.user_with(self.account(fact.account).id)
        if user is None:
            return _nothing
        before = user.marks
        user.marks = {**before, fact.room: fact.id}
        return partial(setattr, user, "marks", before)

    def _move(self, rooms: Sequence[Room], old: Subject, new: Subject) -> None:
        self.rooms.move_rights(rooms, old, new)

    # -- users and accounts

    def account(self, account: Subject) -> Account:
        """The account with that id; raises :class:`NotAllowed` if there is none any more."""
        found = self.accounts.with_id(account)
        if found is None:
            raise NotAllowed("Your name is not registered. /register makes it yours.")
        return found

    def _may_invite(self, maker: Subject) -> bool:
        account = self.accounts.with_id(maker)
        if account is None:
            return maker == OPERATOR
        return self.doors.may_invite(account) and self.bans.of_account(maker, self.seconds) is None

    def user_with(self, subject: Subject) -> User | None:
        """Who is here as *subject*, or was it before they registered."""
        return self._user_of.get(self.accounts.heir(subject))

    def with_party(self, party: Subject) -> User | Account | None:
        """Who the *party* is: its user, or its account if that is not here; ``None`` if it is gone for good."""
        found = self.user_with(party) or self.accounts.with_id(self.accounts.heir(party))
        return found if found is not None and found.party == party else None

    def name_of(self, party: Subject) -> str | None:
        """What a *party* is called now, if it is one, and not gone for good."""
        found = self.with_party(party)
        return found.name if found is not None else None

    def set_account(self, user: User, account: Account | None) -> None:
        """The *user* is here with that account, or with none."""
        self.leave(user)
        user.account = account
        self._user_of[user.subject] = user
        if account is not None:
            user.ignored = account.ignored
        for session in user.sessions:
            if session.token is not None:
                session.token.subject, session.token.kept = user.subject, False

    def leave(self, user: User) -> None:
        """The *user* is not here any more with the account or presence that they had."""
        if self._user_of.get(user.subject) is user:
            del self._user_of[user.subject]

    def may_come_back(self, presence: Subject) -> bool:
        """Tell whether a *presence* was here before the chat began, and is still waited for."""
        return presence in self._absent

    def comes_back(self, user: User) -> bool:
        """Tell whether the presence of *user* was here before the chat began; then it has back whom it ignored."""
        if user.presence not in self._absent:
            return False
        user.ignored = self._absent.pop(user.presence) or user.ignored
        return True

    # -- names

    def refuse_reserved(self, name: str) -> None:
        """Raise :class:`NameTaken` if *name*, or one that it looks like, is reserved, or that of a hook."""
        for reserved in self.reserved.holders(name):
            raise NameTaken(f"That name is reserved.{likeness(name, reserved)} Choose another.")
        self._refuse_hooks(name)

    def _refuse_hooks(self, name: str) -> None:
        for hook in self.hooks.holders(name):
            raise NameTaken(f"That name is taken by a program.{likeness(name, hook.name)} Choose another.")

    def require_free(self, name: str, account: Account | None = None) -> None:
        """Raise :class:`NameTaken` if another account, a user or a hook has *name*, or one that looks like it."""
        for owner in self.accounts.holders(name):
            if owner is not account:
                if look_alikes(name).isdisjoint(look_alikes(owner.name)):
                    raise NameTaken(f"That name is kept for the account {owner.name}, which had it before.")
                raise NameTaken(f"There is an account {owner.name} already.")
        self._refuse_hooks(name)
        for user in self.users.holders(name):
            if account is None or user.account is not account:
                raise NameTaken(f"{user.name} is here under that name, and can make it theirs with /register.")

    def taken(self, name: str, by_other_than: User | None) -> bool:
        """Tell whether somebody has *name* or one that looks like it."""
        return any(holder is not by_other_than for holder in self.users.holders(name))

    def rename(self, user: User, name: str) -> None:
        """The *user* goes by *name* from now on."""
        self.depart(user.name)
        self.users.claim(name, user)
        user.came = self.next_id
        user.name = name

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


def _set(holder: Any, attribute: str, value: object) -> Callable[[], None]:
    """Set an attribute; return what sets it back."""
    before = getattr(holder, attribute)
    setattr(holder, attribute, value)
    return partial(setattr, holder, attribute, before)


def _nothing() -> None:
    pass
