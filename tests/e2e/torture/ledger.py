"""What was asked of the chat and what it answered, and so what must be true of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeAlias

from e2e.torture.changes import Changes

Event: TypeAlias = dict[str, Any]

Who: TypeAlias = tuple[str, int]
"""A program by its home name, and the number of its presence: that grows when it has left for good and comes anew."""

LOBBY = "lobby"
PLURALS = {"kick": "kicks", "mute": "mutes", "ban": "bans", "delete": "deletions"}
DENS = ("den1", "den2")
"""The private rooms."""
POOL = ("kit", "lou", "max", "sam", "tim", "una", "val", "zoe")
"""Names that belong to nobody, so that many programs have them, one after the other."""
DECISIONS = ("op", "invite", "moderator", "kick", "mute", "ban", "delete")
"""What is done once for each tag, and is not sent again after a kill: the history tells what was done."""
MODERATES = {"moderator", "owner"}


@dataclass(eq=False)
class Change:
    """Somebody asked for a value. It may hold from ``since`` on; it does from ``until`` on, if it was acknowledged."""

    value: Hashable
    since: float
    until: float = inf
    ended: float = inf
    """From when on it is certain that it does not hold by this request."""


class Variable:
    """Something that requests change: which values it may have."""

    def __init__(self, value: Hashable) -> None:
        self._changes = [Change(value, 0.0, 0.0)]

    def ask(self, value: Hashable, now: float) -> Change:
        """It may have this *value* from now on."""
        change = Change(value, now)
        self._changes.append(change)
        return change

    def drop(self, change: Change) -> None:
        """That *change* was refused."""
        if change in self._changes:
            self._changes.remove(change)

    def possible(self, since: float, until: float) -> set[Hashable]:
        """The values that it may have had at some moment of that time."""
        return {c.value for c in self._changes if c.since <= until and self._end(c) >= since}

    def _end(self, change: Change) -> float:
        later = (other.until for other in self._changes if other.since >= change.until and other is not change)
        return min(change.ended, *later, inf)

    def settle(self, value: Hashable, now: float, running: Iterable[Change]) -> bool:
        """It was found to have this *value* when all but the *running* changes were over; tell whether it may."""
        right = value in self.possible(now, now)
        going_on = set(running)
        for change in self._changes:
            if change not in going_on:
                change.ended = min(change.ended, now)
        self._changes = [c for c in self._changes if c.ended > now - 60]
        self._changes.append(Change(value, now, now))
        return right


@dataclass(eq=False)
class Request:
    """Something that a program has asked for, under a tag."""

    tag: str
    who: Who
    kind: str
    fields: Event
    since: float
    connection: int
    """The number of the program's connection in which it was sent first."""
    until: float = inf
    sends: int = 0
    numbers: set[int] = field(default_factory=set)
    """The ids of the messages that it became, by all answers."""
    answered_in: int = 0
    refused: str = ""
    changes: dict[Who, tuple[Variable, Change]] = field(default_factory=dict)

    @property
    def private(self) -> bool:
        """Whether it is a private message."""
        return self.kind == "msg"

    @property
    def says(self) -> bool:
        """Whether it is a message."""
        return self.kind in ("say", "msg")

    @property
    def repeats(self) -> bool:
        """Whether it is sent again after a kill."""
        return self.says or self.kind in ("edit", "react", "pin")

    @property
    def stores(self) -> bool:
        """Whether it may be sent again under its tag."""
        return self.repeats or self.kind in ("register", *DECISIONS)


@dataclass(eq=False)
class Hold:
    """A time in which somebody may have gone by a name."""

    who: Who
    since: float
    until: float = inf


@dataclass(eq=False)
class Connection:
    """When a program was welcome in a connection, when it sent its last line there, and when the connection ended."""

    welcome: float = inf
    last_line: float = 0.0
    ended: float = inf


class Ledger:
    """What all programs have asked for, have been told, and have been shown."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.kill = 0
        self.epoch = 0
        """Grows with every start of the daemon."""
        self.requests: dict[str, Request] = {}
        self.changes = Changes(self)
        self.counts: Counter[str] = Counter()
        self.faults: list[tuple[str, str]] = []
        self.names: dict[str, list[Hold]] = {}
        self.views: dict[tuple[str, str], list[tuple[int, str]]] = {}
        """What each program has seen of each room: ids, authors."""
        self.shown: list[tuple[int, str, Who, int]] = []
        """Private messages that were shown to somebody, and in which of their connections."""
        self.guests: set[str] = set()
        """The home names of those who will have no account. Nobody else asks for these names."""
        self.connections: dict[str, list[Connection]] = {}
        self.quits: list[tuple[str, float]] = []
        self.lines: list[tuple[str, list[tuple[str, str]]]] = []
        """What people with netcat have seen in the lobby, connection by connection: authors and texts."""
        self.whispered: list[tuple[str, str]] = []
        """Private texts that people with netcat were shown."""
        self.several: set[str] = set()
        """The home names of those with several devices."""
        self.bans: list[tuple[str, float]] = []
        """Which names somebody has asked to ban, and when."""
        self.deleted: dict[int, bool] = {}
        """The messages that somebody has asked to delete, and whether it was done."""
        self.roles: dict[str, Variable] = {}
        self.accounts: dict[str, Variable] = {}
        self._rights: dict[tuple[str, str, Who], Variable] = {}
        self._open: dict[str, Request] = {}
        """Requests about rights that are not answered yet."""
        self.operator: Change | None = None
        """What the operator's tool is doing."""

    @staticmethod
    def now() -> float:
        """The time."""
        return time.monotonic()

    def fault(self, kind: str, what: str) -> None:
        """The chat has broken a promise."""
        if (kind, what) not in self.faults:
            self.faults.append((kind, what))
            print(f"kill {self.kill}: {kind}: {what}", flush=True)

    # -- rights

    def right(self, kind: str, room: str, who: Who) -> Variable:
        """Whether *who* is op of a room, or invited there."""
        return self._rights.setdefault((kind, room, who), Variable(False))

    def rights_of(self, home: str) -> list[tuple[str, str, Variable]]:
        """All rights in rooms that *home* may have been given."""
        return [(kind, room, right) for (kind, room, who), right in self._rights.items() if who[0] == home]

    def is_registered(self, home: str) -> bool:
        """Whether *home* certainly has an account."""
        return home in self.accounts and self.accounts[home].possible(self.now(), self.now()) == {True}

    def roles_between(self, who: Who, since: float, until: float) -> set[Hashable]:
        """The roles that *who* may have had."""
        return self.roles[who[0]].possible(since, until) if who[0] in self.roles else {"user"}

    def may(self, kinds: Iterable[str], room: str, who: Who, since: float, until: float) -> bool:
        """Whether *who* may have had one of these rights in a room, at some moment of that time."""
        return bool(self.roles_between(who, since, until) & MODERATES) or any(
            True in self.right(kind, room, who).possible(since, until) for kind in kinds
        )

    def must(self, kinds: Iterable[str], room: str, who: Who, since: float, until: float) -> bool:
        """Whether *who*, who has an account, had one of these rights in a room all the time."""
        return who[0] in self.roles and (
            self.roles_between(who, since, until) <= MODERATES
            or any(self.right(kind, room, who).possible(since, until) == {True} for kind in kinds)
        )

    # -- names

    def claim(self, who: Who, name: str) -> None:
        """From now on *who* may go by *name*."""
        holds = self.names.setdefault(name, [])
        if not any(hold.who == who and hold.until == inf for hold in holds):
            holds.append(Hold(who, self.now()))
        for request in self._open.values():
            if request.fields.get("name") == name:
                self._may_change(request, who)

    def only(self, home: str, name: str) -> None:
        """The program *home* goes by *name* now, and by no other."""
        if home in self.several:
            # Another device may have changed it since.
            return
        for other, holds in self.names.items():
            for hold in holds:
                if hold.who[0] == home and other != name:
                    hold.until = min(hold.until, self.now())

    def nobody(self) -> None:
        """The daemon is dead, so nobody goes by any name."""
        for holds in self.names.values():
            for hold in holds:
                hold.until = min(hold.until, self.now())

    def holders(self, name: str, since: float, until: float) -> set[Who]:
        """Who may have gone by *name* at some moment of that time."""
        return {hold.who for hold in self.names.get(name, ()) if hold.since <= until and hold.until >= since}

    def meant(self, name: str, since: float, until: float) -> set[Who]:
        """Who may have been meant by *name*: who had it, or the account of that name, also if it has another now."""
        holders = self.holders(name, since, until)
        return (
            holders | {(name, 0)}
            if name in self.accounts and True in self.accounts[name].possible(since, until)
            else holders
        )

    # -- requests

    def ask(self, request: Request) -> None:
        """A program is about to send this for the first time."""
        self.requests[request.tag] = request
        self.changes.ask(request)
        if request.kind == "ban":
            self.bans.append((request.fields["target"], request.since))
        if request.kind == "delete":
            self.deleted.setdefault(request.fields["id"], False)
        if request.kind in ("op", "invite", "kick", "moderator", "register"):
            self._open[request.tag] = request
            for who in self.meant(request.fields.get("name", ""), request.since, inf):
                self._may_change(request, who)
        if request.kind == "register":
            variable = self.accounts[request.who[0]]
            request.changes[request.who] = variable, variable.ask(True, request.since)

    def _may_change(self, request: Request, who: Who) -> None:
        if who in request.changes:
            return
        on = request.fields.get("on", True)
        match request.kind:
            case "op" | "invite":
                variable = self.right(request.kind, request.fields["room"], who)
            case "kick":
                # That takes an invitation back.
                variable, on = self.right("invite", request.fields["room"], who), False
            case "moderator" if who[0] in self.roles:
                variable, on = self.roles[who[0]], "moderator" if on else "user"
            case _:
                return
        request.changes[who] = variable, variable.ask(on, self.now())

    def may_be_banned(self, home: str) -> bool:
        """Tell whether somebody may have banned a name that *home* had then."""
        return any(home == other for name, at in self.bans for other, _ in self.holders(name, at - 1, self.now()))

    def may_have_left(self, home: str, since: float, until: float) -> bool:
        """Tell whether *home* may have left for good in that time: by itself, by a ban, or as others took its name."""
        left = any(other == home and since <= at <= until for other, at in self.quits)
        taken = any(
            homes - {home}
            for name in self.names
            if home in (homes := {other for other, _ in self.holders(name, since, until)})
        )
        return (
            left
            or taken
            or any(
                since - 1 <= at <= until and home in {other for other, _ in self.holders(name, at - 1, until)}
                for name, at in self.bans
            )
        )

    def done(self, tag: str) -> None:
        """It was seen that the request with that *tag* was carried out."""
        asked = self.requests[tag]
        if asked.kind == "delete":
            self.deleted[asked.fields["id"]] = True
        request = self._open.pop(tag, None)
        if request is None:
            return
        request.until = now = self.now()
        if request.kind == "register":
            targets = {request.who}
        else:
            targets = self.meant(request.fields["name"], request.since, now)
        if len(targets) == 1:
            for who in targets & request.changes.keys():
                request.changes[who][1].until = now
        home = request.who[0]
        if request.kind in ("op", "invite", "kick"):
            room = request.fields["room"]
            if not self.may(("op",), room, request.who, request.since, now):
                self.fault("rights", f"{home} could {request.kind} in {room} without being its op: {tag}")
        if request.kind == "moderator" and "owner" not in self.roles_between(request.who, request.since, now):
            self.fault("rights", f"{home} could appoint a moderator without being an owner: {tag}")
        if request.kind != "kick":
            self.counts["registered" if request.kind == "register" else "rights changed"] += 1

    def refuse(self, request: Request, code: str, text: str) -> None:
        """The request was refused."""
        request.refused = code
        request.until = now = self.now()
        self._open.pop(request.tag, None)
        if request.sends == 1:
            for variable, change in request.changes.values():
                variable.drop(change)
        if code == "internal":
            self.fault("other", f"{request.tag} was refused because of a mistake in the server")
        room = request.fields.get("room", "") if request.kind in ("op", "invite") else ""
        if (
            code == "not-allowed"
            and text.startswith("Only the ops")
            and room
            and self.must(("op",), room, request.who, request.since, now)
        ):
            self.fault("rights", f"{request.who[0]} is op of {room}, and was refused {request.tag}")
        self.counts[f"refused {code}"] += 1

    def drop_open(self) -> None:
        """The daemon is dead: what was not acknowledged will not be done any more."""
        self._open.clear()

    def running(self) -> list[Change]:
        """What goes on while the daemon is dead."""
        return [self.operator] if self.operator is not None else []
