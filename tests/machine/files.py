"""The files of the random days: what is known of them, and what is sent and fetched by HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from house import FILES_EACH, Exchange

if TYPE_CHECKING:
    from machine.promises import Look, Subject, Text, World
    from machine.requests import Asker, Request

GOOD_FOR = 600
"""So many seconds a file may be sent after somebody has asked for that."""
MOST_ASKED = 10
"""So many files each may be about to send."""
ENDING = ".txt"
KEY = re.compile(r"/f/([\w-]{22})/")
"""What stands in the address of a file."""


def body_of(name: str) -> bytes:
    """What is in the file of that name."""
    return name.removesuffix(ENDING).encode()


def told_of(name: str) -> Mapping[str, Any]:
    """What a message tells of the file of that name, but for its address."""
    body = body_of(name)
    return {"name": name, "size": len(body), "type": "text/plain", "digest": sha256(body).hexdigest()}


@dataclass
class Ticket:
    """An address to which a program may send one file, which then comes with the message *text*."""

    by: Asker
    key: str
    text: Text
    subjects: tuple[Subject, ...]
    """Who the program was when it asked."""
    senders: frozenset[object]
    """Whose share of the room for files it may take."""
    asked: float
    """When it asked, in seconds."""
    over: bool = False
    """Whether the chat has ended since."""
    unsure: bool = False
    """Whether a try had no answer when the chat ended."""


@dataclass
class Asked:
    """A request by HTTP that has no answer yet: to send the file of a *ticket*, or to fetch that of a message."""

    text: Text
    look: Look
    exchange: Exchange
    ticket: Ticket | None = None


@dataclass
class Files:
    """All files of a day."""

    world: World
    tickets: list[Ticket] = field(default_factory=list)
    waiting: list[Asked] = field(default_factory=list)

    def senders_of(self, by: Asker) -> frozenset[object]:
        """Whose share a program may use: that of its account, or that of its address."""
        hosts = {by.host} if by.changes or any(not subject.is_account for subject in by.subjects) else set[object]()
        return frozenset({*hosts, *(subject.party for subject in by.subjects if subject.is_account or by.changes)})

    def given(self, by: Asker, request: Request, text: Text, key: str) -> None:
        """A program was told where to send a file."""
        self.tickets.append(Ticket(by, key, text, by.subjects, self.senders_of(by), request.seconds))

    def send(self, ticket: Ticket, look: Look, exchange: Exchange) -> None:
        """A program sends a file."""
        text = ticket.text
        if not text.tries:
            self.world.add(text)
        text.authors |= {*ticket.by.subjects}
        text.tries.append(look)
        text.refused = False
        self.waiting.append(Asked(text, look, exchange, ticket))

    def fetch(self, text: Text, look: Look, exchange: Exchange) -> None:
        """Somebody fetches a file."""
        self.waiting.append(Asked(text, look, exchange))

    def look(self) -> None:
        """Look at the answers."""
        for one in list(self.waiting):
            answer = one.exchange.answer()
            if answer is not None:
                self.waiting.remove(one)
                one.look.done = self.world.tick
                if one.ticket is None:
                    self._fetched(one, *answer)
                else:
                    self._sent(one, one.ticket, *answer)

    def chat_ended(self) -> None:
        """The chat has ended, and what waits has no answer."""
        for ticket in self.tickets:
            ticket.over = True
        for one in self.waiting:
            one.look.done = self.world.tick
            if one.ticket is not None:
                one.ticket.unsure = True
        self.waiting = []

    # -- what is promised

    def most(self, senders: frozenset[object], since: float) -> int:
        """How many files there may have been *since* then that take the share of one of the *senders*."""
        tickets = [ticket for ticket in self.tickets if ticket.senders & senders]
        there = sum(
            (ticket.text.acknowledged or ticket.unsure or ticket.text.id is not None) and ticket.text.deleted >= since
            for ticket in tickets
        )
        return there + sum(one.ticket in tickets for one in self.waiting)

    def _least(self, ticket: Ticket, look: Look) -> int:
        """How many files there certainly were of the account that has sent that of a *ticket*."""
        others = [one for one in self.tickets if one.senders == ticket.senders and len(one.senders) == 1]
        return sum(one.text.stays and one.text.tries[-1].done < look.sent for one in others)

    def _sent(self, one: Asked, ticket: Ticket, status: int, body: bytes) -> None:
        """The chat says what has become of a file that was sent."""
        text, look, require = one.text, one.look, self.world.require
        says = f"{ticket.by.title} is told of {text.text!r}: {status} {body!r}."
        if status in (HTTPStatus.CREATED, HTTPStatus.OK):
            require("upload", text.acknowledged is (status == HTTPStatus.OK), says)
            if status == HTTPStatus.CREATED:
                self._check_place(ticket, look, says)
            text.acknowledged, text.refused, text.end = True, False, text.to_party
            if text.id is not None:
                ticket.by.said.append(text.id)
            return
        others = any(other.ticket is ticket for other in self.waiting)
        self._check_refusal(ticket, look, status, body.decode(), says, others=others)
        if not (text.acknowledged or ticket.unsure or others):
            text.refused = True

    def _check_place(self, ticket: Ticket, look: Look, says: str) -> None:
        """Check that a file could be sent."""
        world, text = self.world, ticket.text
        world.require("upload", self._least(ticket, look) < FILES_EACH, f"{says} There are too many.")
        if text.room is not None:
            room = world.room(text.room)
            world.require("membership", any(who.may_be_in(room, look) for who in text.authors), says)
            world.check_voice(text.authors, room, look, says)

    def _check_refusal(self, ticket: Ticket, look: Look, status: int, words: str, says: str, *, others: bool) -> None:
        """Check that a file could be refused."""
        world, text = self.world, ticket.text
        match status:
            case HTTPStatus.NOT_FOUND:
                world.require("upload", self._may_be_over(ticket), says)
            case HTTPStatus.CONFLICT:
                world.require("upload", others, says)
            case HTTPStatus.INSUFFICIENT_STORAGE if "take as much as they may" in words:
                # What was deleted since somebody asked last is still counted.
                world.require("upload", self.most(ticket.senders, -1) >= FILES_EACH, says)
            case HTTPStatus.INSUFFICIENT_STORAGE:
                world.require("upload", world.failed >= look.sent, says)
            case HTTPStatus.FORBIDDEN if text.room is not None and "You are not in #" in words:
                room = world.room(text.room)
                world.require("upload", any(who.may_be_out_of(room, look) for who in text.authors), says)
            case HTTPStatus.FORBIDDEN if text.room is not None and ("is archived" in words or "is closed" in words):
                room = world.room(text.room)
                may = room.archived.may_be(True, look) or room.closed.may_be(True, look)
                world.require("no voice", may, says)
            case HTTPStatus.FORBIDDEN:
                pass
            case _:
                world.require("upload", False, says)

    def _may_be_over(self, ticket: Ticket) -> bool:
        """Tell whether the address of a *ticket* may be good for nothing any more."""
        by = ticket.by
        later = self.tickets[self.tickets.index(ticket) + 1 :]
        many = sum(bool(one.senders & ticket.senders) for one in later) >= MOST_ASKED
        old = self.world.seconds() - ticket.asked > GOOD_FOR - 1
        left = by.over or by.stuck or by.changes or by.subjects != ticket.subjects or self.world.ending()
        return ticket.over or many or old or left

    def _fetched(self, one: Asked, status: int, body: bytes) -> None:
        """The chat has answered to who has fetched a file."""
        text, require = one.text, self.world.require
        if status == HTTPStatus.OK:
            require("file", body == body_of(text.file), f"{text.text!r} is fetched, and {body!r} comes.")
            require("deleted", text.deleted >= one.look.sent, f"{text.text!r} is gone, and is fetched.")
            return
        gone = text.deleted < self.world.tick or text.may_be_deleted or text.room is None
        require("file", status == HTTPStatus.NOT_FOUND and gone, f"{text.text!r} is not there: {status} {body!r}.")
