"""What the operator's connection asks for, and what it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from heapq import nsmallest
from typing import Any

import msgspec

from chat.core.accounts import Account
from chat.core.effects import Show
from chat.core.errors import BadField
from chat.core.events import BY_OPERATOR, Event
from chat.core.hub import Hub
from chat.core.peer import Peer
from chat.core.ports import Delivery
from chat.core.session import Session

PAGE = 2_000
"""The lines of a list that are shown at a time."""


class Operator(Session):
    """The place of the operator's connection in the chat. It has no user, and is seen by nobody."""

    __slots__ = ("still_working",)

    def __init__(self, number: int, still_working: Callable[[], None] = lambda: None) -> None:
        super().__init__(number, Peer(), one_room=False)
        self.still_working = still_working
        """What to call from time to time while something takes long."""

    @property
    def name(self) -> str:
        """Who decides what it asks for."""
        return BY_OPERATOR


class Request(msgspec.Struct, frozen=True):
    """What the operator asks for. It gets one answer: a notice, a refusal, a prompt, or lines of a list.

    ``secret`` is the password that a prompt has asked for. ``after`` is the ``next`` of the lines before. ``options``
    say which lines are wanted. With ``json`` each line is an object.
    """

    words: list[str]
    secret: str | None = None
    after: str = ""
    options: dict[str, str] = {}
    json: bool = False

    def __repr__(self) -> str:
        return f"<request {self.words}>"


class Lines(Event, frozen=True, kw_only=True):
    """Lines of a list. If there are more, a request for them gives ``next`` as ``after``."""

    lines: list[str]
    next: str | None = None

    def words(self) -> list[str]:
        return self.lines


class Progress(Event, frozen=True, kw_only=True):
    """Something takes long, and is so far done; the answer is still to come."""

    text: str

    def words(self) -> list[str]:
        return [self.text]


class Then(msgspec.Struct, frozen=True):
    """Go on with something when its turn has come."""

    do: Callable[[], None]

    def perform(self, delivery: Delivery) -> None:
        self.do()


class Topic(Enum):
    """What a command is about, as the help says."""

    PEOPLE = "People who are here"
    ACCOUNTS = "Accounts"
    ROOMS = "Rooms"
    MESSAGES = "Messages"
    BANS = "Bans from the chat"
    CHAT = "The chat itself"
    FILES = "The history and its files"


@dataclass(frozen=True, slots=True)
class Command:
    """What is written for it, what it does, and the function that does it.

    Words in brackets may be left out; of one that ends in dots there may be several. ``example`` is what may follow
    ``chat admin``. One that is ``live`` makes sense only while the chat runs. ``options`` are those that it takes.
    Where a list has no lines, ``nothing`` is what a terminal shows.
    """

    usage: str
    summary: str
    run: Callable[..., Any]
    topic: Topic
    example: str
    live: bool = False
    options: tuple[str, ...] = ()
    nothing: str = ""

    def fits(self, count: int) -> bool:
        """Tell whether it takes so many words behind its name."""
        words = self.usage.split()[1:]
        fewest = sum(not word.startswith("[") for word in words)
        return fewest <= count and (count <= len(words) or self.usage.rstrip("]").endswith("..."))


# -- what several commands need


def find_account(hub: Hub, name: str) -> Account:
    """The account of that *name*; raises :class:`BadField`."""
    account = hub.accounts.get(name)
    if account is None:
        raise BadField(f"There is no account {name[:64]}. Users make theirs with /register.")
    return account


def written(request: Request, record: Any) -> list[str]:
    """Write a *record* for people, in lines, or as one object."""
    return [msgspec.json.encode(record).decode()] if request.json else str(record).split("\n")


def tell(session: Operator, request: Request, record: Any) -> Show:
    """Answer with one *record*."""
    return Show(session, Lines(lines=written(request, record)))


def show_lines(hub: Hub, session: Operator, request: Request, entries: Iterable[tuple[str, Any]]) -> None:
    """Show a page of *entries*, which are keys and records, in the order of the keys."""
    rest = (entry for entry in entries if entry[0] > request.after)
    page = nsmallest(PAGE + 1, rest, key=lambda entry: entry[0])
    shown = page[:PAGE]
    more = shown[-1][0] if len(page) > PAGE else None
    show_page(hub, session, request, [record for _, record in shown], more)


def show_page(hub: Hub, session: Operator, request: Request, records: Sequence[Any], more: str | None) -> None:
    """Show some *records*; *more* is behind what the next page begins, if there is one."""
    lines = [line for record in records for line in written(request, record)]
    hub.show(session, Lines(lines=lines, next=more))
