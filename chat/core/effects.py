"""Effects: what a request causes to be shown or done when its turn in the queue has come, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from chat.core.errors import NotStored
from chat.core.events import Event, Found, History, Notice, Refusal
from chat.core.ports import Delivery, Lookup, Query, Search
from chat.core.session import Session, User


class Effect(Protocol):
    """Something that the queue has done in its turn."""

    def perform(self, delivery: Delivery) -> None:
        """Do it."""


class Show(msgspec.Struct, frozen=True):
    """Show *event* to one session."""

    session: Session
    event: Event

    def perform(self, delivery: Delivery) -> None:
        delivery.show(self.session, self.event)


class Greet(msgspec.Struct, frozen=True):
    """Show *welcome*, if there is one, to a session that has come in, and then what came before for all devices."""

    session: Session
    welcome: Event | None

    def perform(self, delivery: Delivery) -> None:
        untold, self.session.untold = self.session.untold, None
        for event in (self.welcome, *(untold or ())):
            if event is not None:
                delivery.show(self.session, event)


def show_device(delivery: Delivery, session: Session, event: Event) -> None:
    """Show *event* to one device of its user: once it is welcome."""
    if session.untold is None:
        delivery.show(session, event)
    else:
        session.untold.append(event)


class Echo(msgspec.Struct, frozen=True):
    """Show *event* to the session that caused it; a dialect may leave it out, as its user knows it."""

    session: Session
    event: Event

    def perform(self, delivery: Delivery) -> None:
        delivery.echo(self.session, self.event)


class ShowDone(msgspec.Struct, frozen=True):
    """Tell a session that sends a *request* again under its *tag* that it is done, or that it could not be stored."""

    session: Session
    request: str
    tag: str

    def perform(self, delivery: Delivery) -> None:
        token = self.session.token
        done = token is not None and token.done is not None and (self.request, self.tag) in token.done
        text = "That was done before, under this tag."
        delivery.show(self.session, Notice(text=text, tag=self.tag) if done else first_try_failed(self.tag))


def first_try_failed(tag: str) -> Refusal:
    """The answer to a request that is sent again under its *tag*, if it could not be stored when it came first."""
    text = "Not stored, not sent: the first try failed. Try again later."
    return Refusal(code=NotStored.code, text=text, tag=tag)


class Inform(msgspec.Struct, frozen=True):
    """Show *event* to a user on all their devices, but for the session *but*."""

    user: User
    event: Event
    but: Session | None = None

    def perform(self, delivery: Delivery) -> None:
        for session in self.user.sessions:
            if session is not self.but:
                show_device(delivery, session, self.event)


class ShowOthers(msgspec.Struct, frozen=True):
    """Show an answer to *session* on the user's other devices too; people see in their room what it tells."""

    session: Session
    event: Event
    accept: frozenset[str] = frozenset()
    """What a device must accept to be shown it, if anything."""

    def perform(self, delivery: Delivery) -> None:
        user = self.session.user
        for other in user.others(self.session) if user is not None else ():
            if not other.one_room and other.accept >= self.accept:
                show_device(delivery, other, msgspec.structs.replace(self.event, tag=None))


class Publish(msgspec.Struct, frozen=True):
    """Show *event* to all who are in the room; a dialect may leave out the *origin*, who knows it.

    If the *asker* is given, the tag of the event is that of its request, and others are shown the event without it.
    """

    room: str
    event: Event
    origin: Session | None = None
    asker: Session | None = None

    def perform(self, delivery: Delivery) -> None:
        delivery.publish(self.room, self.event, self.origin, self.asker)


class Enter(msgspec.Struct, frozen=True):
    """From here on, show the session what is published in the room."""

    session: Session
    room: str

    def perform(self, delivery: Delivery) -> None:
        delivery.enter(self.session, self.room)


class Leave(msgspec.Struct, frozen=True):
    """Show the session what is published in the room up to here, and no further."""

    session: Session
    room: str

    def perform(self, delivery: Delivery) -> None:
        delivery.leave(self.session, self.room)


class Replay(msgspec.Struct, frozen=True):
    """Show the messages of *query* in this place, as they would have been shown when they were new."""

    session: Session
    query: Query

    def perform(self, delivery: Delivery) -> None:
        delivery.replay(self.session, self.query)


class Recall(msgspec.Struct, frozen=True):
    """Show *answer* in this place, with the messages of *query*."""

    session: Session
    query: Query
    answer: History

    def perform(self, delivery: Delivery) -> None:
        delivery.recall(self.session, self.query, self.answer)


class Find(msgspec.Struct, frozen=True):
    """Show *answer* in this place, with what *search* finds."""

    session: Session
    search: Search
    answer: Found

    def perform(self, delivery: Delivery) -> None:
        delivery.search(self.session, self.search, self.answer)


class Ask(msgspec.Struct, frozen=True):
    """Look something up, and call *answered* with the answer, as :meth:`Delivery.ask` says."""

    session: Session
    lookup: Lookup
    answered: Callable[[Any], None]

    def perform(self, delivery: Delivery) -> None:
        delivery.ask(self.session, self.lookup, self.answered)


class Close(msgspec.Struct, frozen=True):
    """Close the connection of the session once all before is sent."""

    session: Session

    def perform(self, delivery: Delivery) -> None:
        delivery.close(self.session)
