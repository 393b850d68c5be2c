"""The life of a session: it comes in or resumes another, takes another name, is held, and ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace
from twisted.logger import Logger

from chat import __version__
from chat.core import names
from chat.core.accounts import Account, StoredAccount, Subject
from chat.core.authentication import prove, refuse_banned, require_key, require_member, returning
from chat.core.conversations import told_watchers
from chat.core.effects import Close, Effect, Greet, Inform, Leave, Publish, Show, ShowOthers
from chat.core.errors import AlreadyThere, Internal, NameTaken, TooManyRooms
from chat.core.events import Goodbye, Limits, ListedRoom, Notice, Renamed, Welcome
from chat.core.hub import Hub
from chat.core.membership import come_into, enterable, go_out
from chat.core.ports import Delivery, FindToken, Missed, ReadMarks, StoredToken, Unread, UnreadOf
from chat.core.private import not_shown, while_away
from chat.core.rights import may_enter, user_of
from chat.core.room import Invite, Room
from chat.core.session import (
    ACTIONS,
    CONVERSATIONS,
    FEATURES,
    FILES,
    HOOKS,
    NO_MARKS,
    ResumeToken,
    Session,
    State,
    User,
    digest,
)
from chat.core.text import some_of

MOST_DEVICES = 10
"""So many times a user may be connected."""

PROTOCOL = 1
"""The version of the protocol that programs are told."""

RECENT = 20
"""A program that resumes, and does not say what it has seen, is sent so many of the last private messages."""

log = Logger()

# -- coming in


def come_in(
    hub: Hub, session: Session, name: str, rooms: Mapping[str, int | None], password: str | None = None
) -> None:
    """Take a name, or the guest's if it is empty, and join *rooms*.

    A value of *rooms* is the id after which messages are replayed. What is wrong with the password is shown as a
    refusal and not raised.
    """
    require_key(hub, session)
    prove(hub, session, name, password, None, partial(admit, hub, session, name, rooms, None, NO_MARKS), None)


def come_in_again(
    hub: Hub,
    session: Session,
    name: str,
    rooms: Mapping[str, int | None],
    token: str | None,
    password: str | None = None,
    tag: str | None = None,
) -> None:
    """Come in under a token, so that a later session can resume this one; or resume the session of *token*.

    If the history must be asked about the token or the password, a refusal is shown and not raised.
    """

    def known(resumed: ResumeToken) -> None:
        account = returning(hub, resumed)
        if account is None or hub.user_with(account.id) is not None:
            read(resumed, NO_MARKS)
        else:
            # In its turn, when the history holds what its last session has read.
            hub.ask_in_turn(session, ReadMarks(account.id), partial(read, resumed), tag)

    def read(resumed: ResumeToken, marks: Mapping[str, int]) -> None:
        if not session.gone:
            proved = partial(admit, hub, session, name, rooms, resumed, marks)
            prove(hub, session, name, password, resumed, proved, tag)

    def found(revocations: int, stored: StoredToken | None) -> None:
        if session.gone or token is None:
            return
        resumed = hub.tokens.find(token)
        if resumed is None and stored is not None:
            if hub.tokens.revocations != revocations:
                # Look again once the history holds that tokens have ended.
                find(hub.ask_in_turn, token)
                return
            resumed = ResumeToken(token, stored.subject, tags=dict(stored.tags), kept=True, used=stored.used)
            resumed.done = dict.fromkeys(stored.done) or None
            # Whoever comes back under this token at the same time has the same tags.
            hub.tokens.remember(resumed)
        known(resumed or ResumeToken(hub.make_token()))

    def find(ask: Callable[..., None], token: str) -> None:
        ask(session, FindToken(digest(token)), partial(found, hub.tokens.revocations), tag)

    require_key(hub, session)
    resumed = hub.tokens.find(token) if token else None
    if token and resumed is None:
        find(hub.ask, token)
    else:
        known(resumed or ResumeToken(hub.make_token()))


def require_rooms(hub: Hub, rooms: Mapping[str, int | None]) -> None:
    """Raise :class:`TooManyRooms` if a client asks for more *rooms* than it may be in."""
    if len(rooms) > hub.limits.rooms_each:
        raise TooManyRooms(f"You can be in at most {hub.limits.rooms_each} rooms at once. Ask for fewer.")


def require_place(hub: Hub, session: Session, rooms: Mapping[str, int | None]) -> None:
    """Raise :class:`ChatError` if a client that is not to come in yet asks for *rooms* that can't be had."""
    require_rooms(hub, rooms)
    opened: list[Room] = []
    try:
        for name in rooms:
            opened.append(hub.rooms.open(name))
    finally:
        for room in opened:
            hub.vacate(session, room)


def admit(
    hub: Hub,
    session: Session,
    name: str,
    rooms: Mapping[str, int | None],
    token: ResumeToken | None,
    marks: Mapping[str, int],
    stored: StoredAccount | None,
) -> None:
    """Let a client in that may go by *name*; *stored* is the account if its password was checked."""
    require_rooms(hub, rooms)
    account = hub.accounts.with_id(stored.id) if stored is not None else None
    if token is not None:
        # It may have been used, or have ended, while the password was looked at.
        token = hub.tokens.find(token.token) or token
        if not _opens_to(token, account):
            token = ResumeToken(hub.make_token())
    if token is not None and account is None:
        account = returning(hub, token)
    require_member(hub, name.strip(), account)
    before = token.session if token is not None else None
    here = user_of(before) if before is not None else hub.user_with(account.id) if account is not None else None
    name = _name_for(hub, session, name, account, here, resumes=before is not None)
    refuse_banned(hub, hub.bans.of_name(name, hub.seconds) or hub.bans.of_address(session.peer.address, hub.seconds))
    if account is not None:
        refuse_banned(hub, hub.bans.of_account(account.id, hub.seconds))
    user = here or User(name, _presence(hub, token), session, account)
    if here is None and not hub.may_come_back(user.presence):
        user.arrived = hub.arrivals + 1
    squatters = _squatters(hub, account)
    _require_free(hub, name, here, squatters)
    entered, refused = enterable(hub, session, user, rooms, resumes=before is not None)
    for squatter in squatters:
        text = f"The name {squatter.name} belongs to somebody, who has come in. Choose another."
        end_user(hub, squatter, text)
    crowded = before is None and here is not None and _end_one_of_too_many(hub, here)
    if _release_held(hub, name, here) or squatters or crowded:
        # They may have been the last in one of the rooms.
        entered, refused = enterable(hub, session, user, rooms, resumes=before is not None)
    came_back = before is not None
    if here is None:
        user.marks = stored.marks if stored is not None else marks
        user.kept = came_back = hub.comes_back(user)
    if token is not None:
        session.token = token
    welcome = _welcome(hub, name, token, account, user) if token is not None else None
    hub.then(session, Greet(session, welcome))
    session.user = user
    session.state = State.PRESENT
    session.since = hub.next_id
    session.began = hub.seconds
    session.active = hub.monotonic()
    catch_up = CatchUp(hub, session, session.since, resumes=came_back)
    first = came_back and session.private is None
    if first:
        hub.then(session, catch_up)
    if before is not None:
        _hand_over(hub, before, session, name, entered)
    elif here is not None:
        _stand_beside(hub, session)
    else:
        session.device = 1
        hub.users.claim(name, user)
        user.came = hub.next_id
        user.arrived = 0 if came_back else hub.count_arrival()
        hub.set_account(user, account)
        hub.then(session, *told_watchers(hub, user.party))
    if token is not None:
        hub.tokens.begin(session, token)
        token.subject = user.subject
        if account is not None:
            token.kept = False
            hub.keep_token(session)
    log.info("{session.name} came from {session.peer}", session=session)
    for room, after in entered.items():
        hub.then(session, *come_into(hub, session, room, after))
    for refusal in refused:
        hub.refuse(session, refusal)
    if session.one_room and not entered:
        text = f"You are {name}, in no room. /join dev goes to the room #dev, /rooms lists them, exit leaves."
        hub.show(session, Notice(text=text))
    if not first and (came_back or account is not None):
        hub.then(session, catch_up)
    if before is None:
        _tell_invitations(hub, session, user)


def _tell_invitations(hub: Hub, session: Session, user: User) -> None:
    """Tell somebody who comes in into which rooms they are invited and have not come yet."""
    waiting = [
        f"#{room.name}"
        for room in hub.rooms.entitling(user.subject)
        if room.invited.get(user.subject) is Invite.WAITING and may_enter(hub, user, room)
    ]
    if waiting:
        hub.show(session, Notice(text=f"You are invited to {some_of(waiting)}. Come with /join {waiting[0][1:]}"))


class CatchUp(msgspec.Struct, frozen=True):
    """Tell the user in this place what was said to them in private *before* this id, while they were not here.

    Programs that know of conversations say what they have seen of it; others are sent what is not read, and to one that
    *resumes* what came last at any rate. People are told who wrote to them.
    """

    hub: Hub
    session: Session
    before: int
    resumes: bool

    def perform(self, delivery: Delivery) -> None:
        session = self.session
        party = user_of(session).party
        wanted = _missed_by(session, self.before)
        if session.token is None:
            self.hub.ask(session, UnreadOf(party, self.before), self._announce, None)
        elif session.private is not None:
            known = session.private if session.knows_changes else None
            delivery.missed(session, replace(wanted, after=session.private, known=known))
        elif CONVERSATIONS not in session.accept:
            most = None if self.resumes else self.hub.limits.history_count
            unread = UnreadOf(party, self.before, RECENT, most)
            delivery.catch_up(session, wanted, unread, resumes=self.resumes)

    def _announce(self, unread: Unread) -> None:
        if unread.count:
            names = [self.hub.name_of(party) or name for party, name, _ in unread.senders]
            self.hub.show(self.session, while_away(names, unread.count))


def _missed_by(session: Session, before: int) -> Missed:
    return Missed(user_of(session).party, before, token=session.token_digest)


class ShowSkipped(msgspec.Struct, frozen=True):
    """Show in this place the private messages, and their changes, from the number *first* on that were not shown.

    They are those *before* another number.
    """

    session: Session
    first: int
    before: int

    def perform(self, delivery: Delivery) -> None:
        wanted = _missed_by(self.session, self.before)
        after = self.first - 1
        known = after if self.session.knows_changes else None
        delivery.missed(self.session, replace(wanted, after=after, known=known, own=False))


def show_skipped(hub: Hub, session: Session) -> None:
    """Show the private messages and changes for which there was no place: enough has been sent of what is before."""
    first, session.skipped = session.skipped, 0
    session.since = hub.next_id
    if session.state is State.PRESENT:
        hub.then(session, ShowSkipped(session, first, session.since))


def _opens_to(token: ResumeToken, account: Account | None) -> bool:
    """Tell whether a client that has proved that it is of *account* may have *token*, which may be another's."""
    if token.logged_out:
        return False
    if token.session is not None and token.resumes is None:
        return account is not None and user_of(token.session).account is account
    return account is None or token.subject in (0, account.id)


def _presence(hub: Hub, token: ResumeToken | None) -> Subject:
    """The presence of a user who comes in: the one of before the chat began, if it comes back by its *token*."""
    return token.subject if token is not None and hub.may_come_back(token.subject) else hub.take_presence()


def _name_for(
    hub: Hub, session: Session, name: str, account: Account | None, here: User | None, *, resumes: bool
) -> str:
    """The name under which a client comes in that asks for *name*: that of its user, if it has one who is *here*.

    One that resumes the only session of its user may ask for another.
    """
    if here is not None and (not resumes or len(here.sessions) > 1 or name.strip() in ("", here.name)):
        return here.name
    if name.strip():
        name = names.user_name(name)
        return account.name if account is not None and hub.accounts.get(name) is account else name
    return account.name if account is not None else _guest_name(hub, session)


def _guest_name(hub: Hub, session: Session) -> str:
    first = name = str(session.peer.port or f"guest{session.id}")
    tries = 1
    while _in_use(hub, name):
        tries += 1
        name = f"{first}-{tries}"
    return name


def _in_use(hub: Hub, name: str) -> bool:
    _release_held(hub, name, None)
    return hub.taken(name, by_other_than=None) or any(
        others.holders(name) for others in (hub.accounts, hub.reserved, hub.hooks)
    )


def _squatters(hub: Hub, account: Account | None) -> list[User]:
    """Who took the name of the *account* when it was given up, if that could not be stored."""
    if account is None or hub.accounts.with_id(account.id) is not account:
        return []
    owners = hub.accounts.holders(account.name)
    return [user for user in hub.users.holders(account.name) if user.account not in owners]


def _require_free(hub: Hub, name: str, owner: User | None, squatters: Sequence[User] = ()) -> None:
    """Raise :class:`NameTaken` if another than *owner* goes by *name*, unless they are only held, or *squatters*."""
    for holder in hub.users.holders(name):
        if holder not in (owner, *squatters) and not holder.held:
            raise NameTaken(f"That name is taken.{names.likeness(name, holder.name)} Choose another.")


def _release_held(hub: Hub, name: str, owner: User | None) -> bool:
    """Have those who are only held, and go by *name*, give it up to *owner*; tell whether there were any."""
    held = [user for user in hub.users.holders(name) if user is not owner and user.held]
    for user in held:
        for session in user.sessions:
            expire(hub, session)
    return bool(held)


def _welcome(hub: Hub, name: str, token: ResumeToken, account: Account | None, user: User) -> Welcome:
    bounds = hub.limits
    accepted = Limits(
        text=bounds.text,
        line=bounds.json_line,
        name=names.MAXIMUM_LENGTH,
        rooms=bounds.rooms_each,
        lines=bounds.lines,
        file=bounds.file if hub.links.takes_files else 0,
    )
    return Welcome(
        name=name,
        token=token.token,
        server=f"twisted-chat/{__version__}",
        time=hub.now(),
        limits=accepted,
        registered=account is not None,
        role=account.role if account is not None else "",
        protocol=PROTOCOL,
        features=_features(hub, user),
        words_=list(user.words),
        rooms=_rooms_of(hub, account, user) if account is not None else [],
    )


def _features(hub: Hub, user: User) -> list[str]:
    """What the *user* is told that this server has switched on."""
    of_page = {FILES: hub.links.takes_files, HOOKS: hub.links.base(user.peer) is not None}
    return [*hub.doors.features, *FEATURES, ACTIONS, *(feature for feature, on in of_page.items() if on)]


def _rooms_of(hub: Hub, account: Account, user: User) -> list[ListedRoom]:
    """The rooms that the devices of the *user* come into, as their clients are told."""
    known = [(room, hub.rooms.find(room)) for room in account.rooms]
    return [
        ListedRoom(room=name, last=room.last_id, read=user.marks.get(name))
        for name, room in known
        if room is not None and may_enter(hub, user, room)
    ]


def _hand_over(hub: Hub, before: Session, heir: Session, name: str, rooms: Mapping[Room, int | None]) -> None:
    """Let *heir* go on in the place of *before*: nobody sees that leave the *rooms* for which the heir asks."""
    user = user_of(before)
    effects: list[Effect] = []
    user.sessions = tuple(heir if session is before else session for session in user.sessions)
    heir.device, heir.began, heir.active = before.device, before.began, before.active
    for room in list(before.rooms.values()):
        if room in rooms:
            heir.rooms[room.name] = room
            effects.append(Leave(before, room.name))
        else:
            effects += go_out(hub, before, room)
    before.rooms = {}
    hub.then(before, *effects)
    hub.tokens.release(before)
    hub.watchers.leave(before)
    if before.token is not None and before.token is not heir.token:
        hub.tokens.end(before.token)
    _end(hub, before, "Your session goes on from another connection.", "replaced")
    if name != user.name:
        rename(hub, heir, name)


def _stand_beside(hub: Hub, session: Session) -> None:
    """Have *session* be another device of its user."""
    user = user_of(session)
    numbers = {device.device for device in user.sessions}
    session.device = next(number for number in range(1, MOST_DEVICES + 1) if number not in numbers)
    user.sessions = (*user.sessions, session)


def _end_one_of_too_many(hub: Hub, user: User) -> bool:
    """If the *user* has as many sessions as one may, end one before there is another; tell whether that was so.

    It is the one that was used least lately; one whose connection is broken ends before all others.
    """
    if len(user.sessions) < MOST_DEVICES:
        return False
    device = min(user.sessions, key=lambda device: (device.state is not State.HELD, device.active))
    text = f"You have come in more than {MOST_DEVICES} times, so the connection that you used least lately ends."
    quit_chat(hub, device, text, "replaced")
    return True


# -- names


def rename(hub: Hub, session: Session, name: str, tag: str | None = None) -> None:
    """Take another name."""
    user = user_of(session)
    new = names.user_name(name)
    hub.free_names()
    if new == user.name:
        raise AlreadyThere(f"You are {new} already.")
    refuse_banned(hub, hub.bans.of_name(new, hub.seconds))
    owner = hub.accounts.get(new)
    for account in hub.accounts.holders(new):
        if account is not user.account and (owner is None or owner is not user.account):
            like = hub.accounts.likeness(new)
            raise NameTaken(
                f"That name belongs to somebody.{like} If that is you, leave and come in with its password."
            )
    if user.account is None or user.account not in hub.accounts.holders(new):
        hub.refuse_reserved(new)
    _require_free(hub, new, user)
    _release_held(hub, new, user)
    old = user.name
    hub.rename(user, new)
    log.info("{old} is now known as {new}", old=old, new=new)
    hub.then(session, *tell_name(hub, session, old, new, tag))


def tell_name(hub: Hub, session: Session, old: str, new: str, tag: str | None) -> Sequence[Effect]:
    """Tell the user of *session*, who asked for it, and all in their rooms that they are called *new* now."""
    renamed = Renamed(time=hub.now(), room=None, name=old, new=new, tag=tag)
    rooms = [replace(renamed, room=room.name, tag=None) for room in user_of(session).rooms()]
    told = [Publish(event.room, event, session) for event in rooms if event.room is not None]
    watchers = told_watchers(hub, user_of(session).party)
    return Show(session, renamed), ShowOthers(session, renamed), *told, *watchers


# -- going


class Quit(msgspec.Struct, frozen=True):
    """The session leaves the chat when its turn has come."""

    hub: Hub
    session: Session
    text: str
    code: str = ""

    def perform(self, delivery: Delivery) -> None:
        quit_chat(self.hub, self.session, self.text, self.code)


class EndSessions(msgspec.Struct, frozen=True):
    """All sessions of the *account* end."""

    hub: Hub
    account: Account
    text: str
    code: str

    def perform(self, delivery: Delivery) -> None:
        user = self.hub.user_with(self.account.id)
        if user is not None:
            end_user(self.hub, user, self.text, self.code)


class EndUser(msgspec.Struct, frozen=True):
    """All sessions of the *user* end."""

    hub: Hub
    user: User
    text: str
    code: str = ""

    def perform(self, delivery: Delivery) -> None:
        end_user(self.hub, self.user, self.text, self.code)


class EndOthers(msgspec.Struct, frozen=True):
    """All other sessions of the user of *session* end. One that goes on in its place by its token is no other."""

    hub: Hub
    session: Session
    text: str
    code: str = ""

    def perform(self, delivery: Delivery) -> None:
        token = self.session.token
        for other in user_of(self.session).others(self.session):
            if token is None or other.token is not token:
                quit_chat(self.hub, other, self.text, self.code)


def end_user(hub: Hub, user: User, text: str, code: str = "") -> None:
    """All sessions of the *user* leave the chat."""
    for session in user.sessions:
        quit_chat(hub, session, text, code)


def quit_chat(hub: Hub, session: Session, text: str = "Goodbye.", code: str = "") -> None:
    """Leave the chat; *text* is shown to the user, and *code* tells their client why."""
    if not session.gone:
        _depart(hub, session)
        _end(hub, session, text, code)


def quit_quietly(hub: Hub, session: Session, text: str) -> None:
    """Leave with all others as the chat ends: only this user is told."""
    if not session.gone:
        _end(hub, session, text)


def end_of_input(hub: Hub, session: Session) -> None:
    """The client sends no more: people have left then, and programs may come back with their token."""
    if session.token is None:
        quit_chat(hub, session)
    else:
        hub.then(session, Close(session))


def lost(hub: Hub, session: Session, why: str) -> bool:
    """The connection is gone; return whether the session is held, and is to expire later."""
    if session.gone:
        return False
    if session.named:
        log.info("{session.name} was disconnected: {why}", session=session, why=why)
    if session.token is None:
        _depart(hub, session)
        session.state = State.GONE
        return False
    session.state = State.HELD
    first = hub.tokens.hold(session)
    if first is not None:
        expire(hub, first)
    return True


def expire(hub: Hub, session: Session) -> None:
    """Nobody has come back for the session, if it is held."""
    if session.state is State.HELD:
        log.info("{session.name} did not come back", session=session)
        _depart(hub, session)
        session.state = State.GONE


def fail(hub: Hub, session: Session) -> None:
    """The server made a mistake with this session: tell the user, and close."""
    if not session.gone:
        hub.refuse(session, Internal("The server made a mistake, and has noted it. Please connect again."))
        quit_chat(hub, session)


def _depart(hub: Hub, session: Session) -> None:
    """Take the session out of the chat, and the user with whatever ends with them if it was their last."""
    hub.tokens.release(session)
    hub.watchers.leave(session)
    for room in list(session.rooms.values()):
        hub.then(session, *go_out(hub, session, room))
    user = session.user
    if user is not None and user.sessions == (session,):
        hub.depart(user.name)
        _end_user(hub, user)
    elif user is not None:
        user.sessions = tuple(user.others(session))
    if session.token is not None:
        session.token.used = hub.seconds
        hub.tokens.end(session.token)


def _end_user(hub: Hub, user: User) -> None:
    """The *user* has left for good. Who said something to them that they have not got is told."""
    hub.leave(user)
    hub.uploads.end(user.party)
    hub.then(user.sessions[-1], *told_watchers(hub, user.party))
    if user.account is not None:
        hub.unheard.end(user.party)
        return
    for sender, _ in hub.unheard.senders(user.presence):
        other = hub.user_with(sender)
        if other is not None:
            hub.then(user.sessions[-1], Inform(other, not_shown(user.name)))
    hub.end_presence(user)
    for session in user.sessions:
        if session.token is not None:
            session.token.subject = 0


def _end(hub: Hub, session: Session, text: str, code: str = "") -> None:
    session.state = State.GONE
    if session.named:
        log.info("{session.name} left: {text}", session=session, text=text)
    hub.then(session, Show(session, Goodbye(text=text, code=code)), Close(session))
