"""The middle of the chat: its state, and the one queue of all that is stored and shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace
from twisted.logger import Logger

from chat.core import names
from chat.core.accounts import Account, Subject
from chat.core.doors import Doors
from chat.core.effects import Ask, Effect, Publish, Show, ShowOthers
from chat.core.errors import (
    ChatError,
    Internal,
)
from chat.core.events import Event, Ignored, Read, Refusal
from chat.core.facts import (
    AccountFact,
    Decision,
    Fact,
    Ignoring,
    InvitationUsed,
    Invited,
    NameFreed,
    PresencesEnded,
    Quiet,
    Record,
    RightsKept,
    RoomFact,
    RoomForgotten,
    RoomListed,
    Said,
    Seen,
    TokenKept,
    TokensEnded,
)
from chat.core.files import Uploads
from chat.core.limits import Limits
from chat.core.links import Links
from chat.core.peer import Peer
from chat.core.ports import Delivery, Lookup, MessageById, Random
from chat.core.private import not_shown
from chat.core.queue import Entry, Queue, Undo
from chat.core.reactions import Bursts, Timer
from chat.core.room import Invite, Room, Status
from chat.core.session import CONVERSATIONS, ResumeToken, Session, User
from chat.core.state import State
from chat.core.text import clean

DAY = 86_400.0
"""The seconds after which the history is told anew that a token is used."""

log = Logger()


class Hub(State):
    """Holds the state of the chat, and puts what is to be stored and shown into the :class:`Queue`.

    State changes at once; what is shown waits in the queue. *wake* is called when the queue is no longer empty, *later*
    calls something after so many seconds, and *figures* tells how the server is doing.
    :class:`~chat.core.state.State` says what the others are.
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
        reserve: Iterable[str] = (),
        doors: Doors | None = None,
        later: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        super().__init__(
            clock=clock,
            monotonic=monotonic,
            random=random,
            limits=limits,
            reserve=reserve,
            doors=doors or Doors(),
        )
        self.delivery = delivery
        self.queue = Queue(delivery, limits, wake)
        self.figures = figures
        self.links = Links()
        """Where the page is, once the chat listens."""
        self.refusals: Counter[str] = Counter()
        """How often something was refused, by the code of the refusal."""
        self.uploads = Uploads()
        self.itself = Session(0, Peer(), one_room=False)
        """The session of what the chat does by itself. It has no connection, so it is shown nothing."""
        self.bursts = Bursts(later, self._tell_room, self._ignored_in)

    def __repr__(self) -> str:
        return "<hub>"

    # -- time and numbers

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
            return
        except ChatError as error:
            self.refuse(session, error, tag)
        except Exception:
            log.failure("what {session!r} had to wait for failed", session=session)
            self.refuse(session, Internal("The server can't look that up now. Try again later."), tag)
        if session.refused is not None:
            session.refused(self, session)

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
        also: Undo = tuple,
    ) -> None:
        """Check a *fact* against what is true now and change the state; raises :class:`ChatError` if it can't be.

        It is stored, and then has its *effects*; with an *action*, it goes into the audit record too, as decided by the
        user of *session*. If it can't be stored, the change is undone, *also* undoes what its caller has changed, and
        the session gets a refusal under *tag*.
        """
        if isinstance(fact, AccountFact):
            self.free_names()
        by = session.name or target
        ruled = self.rooms[fact.room] if isinstance(fact, RoomFact) else None
        if ruled is not None:
            self.keep(session, ruled)
        change_back = self.change(fact)

        def undo() -> Sequence[Effect]:
            change_back()
            effects = also()
            if ruled is not None:
                # It may be forgotten now. If it has been meanwhile, the history is told that it is gone.
                self.vacate(session, ruled)
            return effects

        lasts = _decides_for_good(session)
        decision = Decision(self.now(), by, action, target, room, why, fact, lasts) if action else fact
        self._store(session, effects, decision, undo, tag)

    def confirm(self, session: Session, event: Event, tag: str | None) -> None:
        """Answer a request with *event* that changes nothing, as what it asks for is so already.

        If that may not be stored yet, and can't be, the session gets a refusal under *tag* instead.
        """
        self._store(session, (Show(session, event),), None, tuple, tag)

    def store(self, session: Session, fact: Quiet) -> None:
        """Store a *fact* that nobody asked for."""
        self.queue.add(Entry(session, (), fact))

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
        fact: Invited | None = None,
    ) -> None:
        """Store for the audit record what was decided about who is here.

        A *fact* that it makes is true already, and *undo* undoes it too.
        """
        decision = Decision(self.now(), session.name, action, target, room, why, fact, _decides_for_good(session))
        self._store(session, effects, decision, undo, tag)

    def _store(
        self, session: Session, effects: Sequence[Effect], record: Record | None, undo: Undo, tag: str | None
    ) -> None:
        """Have a record stored, and remember of a request with a *tag* that it was done."""
        token = session.token
        if tag is not None and token is not None:
            request = session.request, tag
            if token.done is None:
                token.done = {}
            token.done[request] = None
            if len(token.done) > self.limits.tags_each:
                del token.done[next(iter(token.done))]
            undo = partial(_undo_request, token, request, undo)
        self.queue.add(Entry(session, effects, record, undo, tag))

    def free_names(self) -> None:
        """Free the names that accounts had too long ago."""
        for name in self.accounts.free_names(self.seconds):
            self.store(self.itself, NameFreed(name))

    # -- users and accounts

    def ignore(self, session: Session, user: User, name: str, *, on: bool, tag: str | None) -> None:
        """The *user* ignores who goes by that name from now on, or no longer."""
        account, before = user.account, user.ignored
        key = names.key(name)
        after = {**before, key: name} if on else {other: one for other, one in before.items() if other != key}

        def ignore(ignored: Mapping[str, str]) -> None:
            user.ignored = ignored
            if account is not None:
                account.ignored = ignored

        def undo() -> Sequence[Effect]:
            ignore(before)
            return ()

        ignore(after)
        told = Ignored(names=list(after.values()), tag=tag)
        effects = Show(session, told), ShowOthers(session, told)
        if account is None and session.token is None:
            self.then(session, *effects)
            return
        if account is None:
            user.kept = True
            self.keep_tokens(user)
        self._store(session, effects, Ignoring(user.subject, name, on), undo, tag)

    def _tell_room(self, room: str, event: Event) -> None:
        """Show those in a room what nobody of them has caused by a request just now."""
        self.then(self.itself, Publish(room, event))

    def _ignored_in(self, name: str) -> Collection[str]:
        """The keys of the names that somebody in a room ignores."""
        room = self.rooms.get(name)
        return room.ignored() if room is not None else ()

    # -- what belongs to accounts and presences

    def received(self, session: Session) -> None:
        """The client of *session* has got the private messages that it was shown.

        One that knows of conversations tells by itself what its user has read; for others this is all that is known.
        """
        shown, session.unconfirmed = session.unconfirmed, None
        user = session.user
        if user is None or shown is None:
            return
        for other, number in shown.items():
            self.unheard.got(user.party, other, number)
            if CONVERSATIONS not in session.accept:
                self.store(session, Seen(user.party, other, number))
                for device in user.others(session):
                    if CONVERSATIONS in device.accept:
                        self.show(device, Read(room=None, with_=str(other), id=number))

    def keep_token(self, session: Session) -> None:
        """Have the history hold the token of *session*, so that its client can come back after a restart."""
        token, user = session.token, session.user
        if token is None or user is None or token.kept or token.subject != user.subject:
            return
        token.kept = True
        token.used = self.seconds
        user.kept = True

        def undo() -> Sequence[Effect]:
            token.kept = False
            return ()

        self.queue.add(Entry(session, (), TokenKept(token.digest, token.subject, token.used), undo))

    def keep_tokens(self, user: User) -> None:
        """Have the history hold the tokens of all sessions of the *user*."""
        for session in user.sessions:
            self.keep_token(session)

    def touch_token(self, session: Session) -> None:
        """The client of *session* is here: have the history hold it, once a day, that its token is used."""
        token = session.token
        if token is not None and token.kept and not session.gone and self.seconds - token.used > DAY:
            token.kept = False
            self.keep_token(session)

    def end_tokens(self, session: Session, subject: Subject) -> None:
        """*subject* does not come back by any token that there is; *session* is who caused that."""
        undo = self.tokens.revoke(subject)
        self.queue.add(Entry(session, (), TokensEnded(subject), lambda: undo() or ()))

    def end_presence(self, user: User) -> None:
        """The *user* has left for good: what they had without an account ends."""
        if self.rooms.has_entitled(user.presence) or user.kept:
            self._end_presences(user.sessions[-1], (user.presence,))

    def end_absent(self) -> None:
        """The time is over in which presences of before the chat began may come back."""
        if self._absent:
            for presence in self._absent:
                self._tell_senders(presence)
            self._end_presences(self.itself, tuple(self._absent))
            self._absent.clear()

    def _tell_senders(self, presence: Subject) -> None:
        """Tell those who are here that a *presence* of before the chat began was not shown what they said to it."""

        def found(session: Session, said: Said | None) -> None:
            if said is not None and said.message.to is not None:
                self.show(session, not_shown(said.message.to))

        for sender, last in self.unheard.senders(presence):
            user = self.user_with(sender)
            if user is not None:
                session = user.sessions[-1]
                self.ask(session, MessageById(last), partial(found, session), None)

    def _end_presences(self, session: Session, presences: Sequence[Subject]) -> None:
        for presence in presences:
            self.unheard.end(presence)
            self.rooms.end_rights(presence)
        self.store(session, PresencesEnded(tuple(presences)))

    # -- rooms

    def list_room(self, session: Session, account: Account, room: str, *, on: bool) -> None:
        """The devices of *account* come into *room* from now on, or no longer; the history is told if that is new."""
        if (room in account.rooms) is on:
            return
        self.accounts.list_room(account, room, on=on)
        self.store(session, RoomListed(account.id, room, on))
        if len(account.rooms) > self.limits.rooms_each:
            self.list_room(session, account, next(iter(account.rooms)), on=False)

    def keep(self, session: Session, room: Room) -> None:
        """The history is about to hold something of *room*: have it hold the rights in it too."""
        if room.kept:
            return
        room.kept = True

        def undo() -> Sequence[Effect]:
            room.kept = False
            self.vacate(session, room)
            return ()

        for member in room.members:
            user = self.user_with(member.subject) if member.subject in room.ops else None
            if user is not None:
                self.keep_tokens(user)
        for subject in room.ops:
            kept = RightsKept(room.name, subject, op=True, founder=subject == room.maker)
            self.queue.add(Entry(session, (), kept, undo))

    def keep_after_all(self, session: Session, account: Account, listed: Sequence[str]) -> tuple[()]:
        """An *account* is here again that could not be given up: tell the history what it could not know meanwhile.

        Rooms that are kept since then hold rights of the account, and some of those it had *listed* may be gone.
        """
        for room in self.rooms.entitling(account.id):
            if room.kept and account.id in room.ops:
                self.store(session, RightsKept(room.name, account.id, op=True, founder=account.id == room.maker))
        for name in listed:
            if name not in account.rooms:
                self.store(session, RoomListed(account.id, name, on=False))
        return ()

    def dropped(self, name: str, last: int) -> None:
        """Messages of a room up to that id are not kept any more. If it is closed, and none are left, it is gone."""
        room = self.rooms.get(name)
        if room is not None and room.pinned:
            room.pinned = tuple(number for number in room.pinned if number > last)
        if room is not None and room.name == name and room.status is Status.CLOSED and room.last_id <= last:
            room.last_id = 0
            self.vacate(self.itself, room)

    def use_invitation(self, session: Session, room: Room, subject: Subject) -> None:
        """*subject*, who is invited into *room*, has come into it."""
        self.rooms.entitle(room, subject, replace(room.rights(subject), invited=Invite.USED))
        self.store(session, InvitationUsed(room.name, subject))

    def vacate(self, session: Session, room: Room) -> None:
        """Forget a room that is empty and has neither messages nor rules, in the history too."""
        if not self.rooms.forget(room):
            return
        if room.hooks:
            room.hooks = 0
            for hook in self.hooks.in_room(room.name):
                self.hooks.remove(hook)
        listed = self.accounts.unlist(room.name)
        if room.topic or room.kept or listed:
            self.store(session, RoomForgotten(room.name))


def _decides_for_good(session: Session) -> bool:
    """Tell whether a moderator or the operator decides. The operator has a name and no user."""
    return session.user.moderates if session.user is not None else bool(session.name)


def _undo_request(token: ResumeToken, request: tuple[str, str], undo: Undo) -> Sequence[Effect]:
    """The *request* could not be stored: it may come again."""
    if token.done is not None:
        token.done.pop(request, None)
    return undo()
