"""Programs: they come in, are shown all that is said, in order, once, and come back with their token."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field

from e2e.test_hostile_bytes import FORBIDDEN
from house import LIMITS

from machine.clients import LOBBY, Line, Log
from machine.models import Model
from machine.promises import ANYTHING, INFINITY, Device, Look, Register, Room, Subject, Text, World, fold, spelling
from machine.requests import Asker, Event, Request

RESERVED = frozenset(map(fold, ("server", "admin", "root", "moderator", "guests")))

MOST_DEVICES = 10

GRACE = 59.0
"""A session is held for so long, in seconds, if not longer."""


@dataclass
class View:
    """What a program is shown of a room: all messages after *start*, until it *ended*."""

    room: str
    start: int
    seen: int
    ids: set[int] = field(default_factory=set)
    users: set[str] | None = field(default_factory=set)
    """Who is there, as it was told; ``None``: what was told was true for a moment only, and could not be stored."""
    ended: bool = False
    model: Model = field(default_factory=Model)
    """What a client of today knows of its messages."""
    told: int = 0
    """The greatest number that it was shown."""
    new: bool = False
    """Whether nothing is shown from before it came in."""
    fresh: int | None = None
    """The first number that was shown then."""
    revs: set[int] = field(default_factory=set)


@dataclass
class Pass:
    """What is known of a token: with whom it goes on, and what the connection before had."""

    subject: Subject
    name: str
    rooms: dict[str, int]
    used: float
    device: Device
    broken: float | None = None
    """When its connection broke, in seconds; ``None``: not yet."""
    ended: bool = False
    replaced: float | None = None
    """When it was told that it goes on from another connection."""
    logged_out: float = INFINITY
    """When it was told that it is logged out."""
    private: int = 0
    """The greatest id of the private messages that it was shown."""
    models: dict[str, Model] = field(default_factory=dict)
    """What it knows of rooms."""
    letters: Model = field(default_factory=Model)
    """What it knows of private messages."""
    withs: set[str] = field(default_factory=set)
    """With whom it has conversations, as it was told."""
    tags: set[str] = field(default_factory=set)
    """All that were used under it."""
    quits: bool = False
    """Whether it had asked to leave, and was not answered."""


class Program(Asker):
    """A program, which is shown all, in order, once, and comes back with its token. *passes* are all tokens so far."""

    def __init__(self, world: World, title: str, line: Line, host: str, log: Log, passes: dict[str, Pass]) -> None:
        super().__init__(world, title, line, host, log)
        self.passes = passes
        self.hellos: list[Request] = []
        """Those that are not answered yet."""
        self.hello: Request | None = None
        """The one by which it came in."""
        self.token: str | None = None
        self.own: Pass | None = None
        """What is known of that."""
        self.before: Pass | None = None
        """What the connection had whose place it has taken."""
        self.resumed = "no"
        """Whether it goes on where that was: ``no``, ``maybe``, ``yes``."""
        self.views: dict[str, View] = {}
        self.old_views: list[View] = []
        self.goodbye: Event | None = None
        self.tags: set[str] = set()
        self._keys: set[str] = set()
        """What it has given as keys of the chat."""
        self.private: set[int] = set()
        """The private messages that it was shown."""
        self.tagged: list[str] = []
        """What it was shown with the tag of another device: that may be while it is about to end."""
        self.withs: set[str] = set()
        """With whom it has conversations, as it was told."""
        self.welcome = INFINITY
        """When it was told that it is in."""
        self.devices: list[int] = []
        """The numbers of its user's devices."""
        self.heard: set[str] = set()
        """The notices that it was shown."""
        self.read: dict[str, int] = {}
        """Up to where it is told that its user has read the rooms."""

    # -- sending

    def ask(self, *requests: Request) -> None:
        """Send *requests* in one packet."""
        data = b""
        for request in requests:
            self.world.tick += 1
            request.sent, request.seconds = self.world.tick, self.world.seconds()
            self.log(f"{self.title} > {json.dumps(request.fields)}")
            self.requests[request.tag] = request
            self.tags.add(request.tag)
            if request.kind == "hello":
                self._prepare_hello(request)
            elif request.again:
                self._prepare_again(request)
            else:
                self.prepare(request)
            data += json.dumps(request.fields).encode() + b"\n"
        self.line.send(data)

    def _prepare_hello(self, hello: Request) -> None:
        self.hellos.append(hello)
        name = hello.fields["name"]
        self.world.resumed[hello.fields.get("token", "")] = hello.sent
        self._keys.add(hello.fields.get("key", ""))
        if "register" in hello.fields:
            self._prepare_account(hello, name)
        newcomer = Subject(f"whoever came as {name}", is_account=False, unknown=True)
        newcomer.devices.add(self.device)
        register = self.world.holder(name)
        hello.writes.append((register, register.may_put(newcomer, hello.sent, INFINITY)))
        self.world.tries[self.host] = self.world.tries.get(self.host, 0) + self._tries_of(hello)

    @staticmethod
    def _tries_of(hello: Request) -> int:
        """How many secrets are given by a *hello*."""
        return len({"password", "key", "code"} & hello.fields.keys())

    def _prepare_account(self, hello: Request, name: str) -> None:
        account = Subject(f"account {name} of {self.title}", is_account=True)
        account.names.add(name)
        account.own_name, account.password = name, Register(hello.fields.get("password"))
        hello.account = account
        owner = self.world.owner(name)
        hello.made.append((owner, owner.write(account, self, hello.sent)))
        self.use_code(hello)

    def _prepare_again(self, request: Request) -> None:
        first = request.first
        if first is not None and first.changed is not None:
            request.changed, request.version = first.changed, first.version
            if request.version is not None:
                request.version.refused = False
            if first.answers:
                # What was refused before may be done now.
                self.prepare(request)
        if request.text is not None:
            request.text.authors.update(self.subjects)
            if not request.text.acknowledged:
                request.text.refused = False
                request.begin_try(self, self.world.tick)

    def becomes(self, subject: Subject, request: Request) -> None:
        super().becomes(subject, request)
        if self.own is not None:
            self.own.subject = subject

    # -- receiving

    def look(self) -> None:
        for line in self.lines():
            if not line.startswith("{"):
                continue
            self.log(f"{self.title} < {line}")
            event = json.loads(line)
            self.world.require("true words", not FORBIDDEN & set(json.dumps(event, ensure_ascii=False)), line)
            self._take(event)
        if self.line.closed and not self.over:
            told = self.goodbye is not None or self.stuck or not self.name
            self.world.require("no mistake", told, f"{self.title} is cut off without a word.")
            self.line.lose()
            self._end()

    def _take(self, event: Event) -> None:
        kind, tag = event["type"], event.get("tag")
        request = self.requests.get(tag) if tag is not None else None
        if kind == "welcome":
            request = self.hellos.pop(0)
        match kind:
            case "error" | "goodbye" | "pong" if not self.name:
                pass
            case _ if not self.name and kind != "welcome":
                self.world.require("welcome", False, f"{self.title} is shown {event}.")
        match kind:
            case "error":
                self.world.require("no mistake", event["code"] != "internal", event["text"])
            case "welcome" if request is not None:
                self._welcomed(request, event)
            case "message":
                self._shown(event, mine=request is not None)
            case "room":
                self._entered(event, request)
            case "joined" | "left" | "renamed" if event["room"] in self.views:
                self._moved(event, self.views[event["room"]])
            case "renamed" if event["room"] is None:
                self._renamed(event, request)
            case "read":
                self._read(event, request)
            case "devices":
                self.devices = [device["device"] for device in event["devices"]]
            case "whois" if request is not None:
                self._check_whois(event, Look(self, request.sent, self.world.tick))
            case "ignored":
                self._ignores(event, request)
            case "who":
                self._check_users(event, Look(self, request.sent if request else self.world.tick, self.world.tick))
            case "deleted":
                self._deleted(event)
                self._changed(event, mine=request is not None)
            case "edited" | "reacted" | "pinned":
                self._changed(event, mine=request is not None)
            case "history":
                for change in event.get("changes", ()):
                    self.world.check_change(change)
            case "missed":
                self._missed(event)
            case "notice":
                self.heard.add(event["text"])
            case "goodbye":
                self.goodbye = event
        if request is not None:
            self._answer(request, event)

    def _answer(self, request: Request, event: Event) -> None:
        request.answers += 1
        request.answer = event
        most = 2 if request.again else 1
        self.world.require("one answer", request.answers <= most, f"{request.fields} is answered twice.")
        if request.kind != "hello":
            self.answered(request, event)
        elif event["type"] == "error" and request in self.hellos:
            self.hellos.remove(request)
            self._turned_away(request, event)

    # coming in

    def _welcomed(self, hello: Request, event: Event) -> None:
        world, look = self.world, Look(self, hello.sent, self.world.tick)
        newcomers = {write.value for _, write in hello.writes}
        hello.withdraw()
        name, token = event["name"], event["token"]
        world.require("key", world.doors.key in (None, *self._keys), f"{self.title} is in without the key.")
        world.tries[self.host] -= self._tries_of(hello)
        if hello.account is not None:
            self.check_code(hello)
        returns = hello.fields.get("token") == token
        self.before = before = self.passes.get(token) if returns else None
        ended = before is not None and before.logged_out < hello.sent
        world.require("ended token", not ended, f"{self.title} gets a token again that was logged out.")
        owners = set(world.owner(name).values(look))
        if event.get("registered"):
            # A user who is here goes by the same name on all devices, whatever was asked for.
            asked = set(world.owner(hello.fields["name"]).values(look))
            self.subjects = self._logged_in(hello, (owners | asked) - {None}, look)
            self._check_role(hello, event.get("role", ""), look)
            if before is not None:
                self.resumed = self._resumption(before, look)
        else:
            world.require("own name", None in owners, f"{self.title} came in as {name} without its password.")
            world.require("members only", not world.doors.members_only, f"{self.title} is in as {name}.")
            world.require("reserved name", fold(name) not in RESERVED, f"{self.title} came in as {name}.")
            self.subjects = self._present(name, before, look)
        if self.account is not None:
            self._check_rooms(self.account, {listed["room"] for listed in event.get("rooms", ())}, hello, look)
        banned = world.must_be_banned(name, self.host, self.account, look)
        world.require("ban", not banned, f"{name} from {self.host} came in.")
        if before is not None and before.name != name and self.resumed == "yes":
            world.holder(before.name).write(None, self, hello.sent).finish(world.tick)
        self.token, self.hello, self.welcome = token, hello, world.tick
        untold = self.device
        if before is not None and self.resumed == "yes":
            self.device = before.device
            self.device.held = False
        elif before is not None:
            before.device.over = True
            before.device.may_have_left(hello.sent, world.tick)
        self.device.may_be_as(untold, hello.sent, world.tick)
        if before is not None:
            before.tags |= self.tags
            self.tags = before.tags
        self.came_in(name, hello.sent)
        for request in self.requests.values():
            if request.text is not None:
                request.text.authors.update(self.subjects)
        self._ask_for_rooms(hello)
        for key in {key for newcomer in newcomers for key in newcomer.rights}:
            # Somebody has decided about whoever would come under this name.
            for subject in self.subjects:
                register = subject.rights.setdefault(key, Register(ANYTHING))
                register.may_put(ANYTHING, hello.sent, world.tick)
        self.own = self.passes[token] = Pass(self.subjects[0], name, {}, world.tick, self.device, tags=self.tags)
        self.own.private = before.private if before is not None else 0
        if before is not None and "changes" in self.accepts and hello.fields.get("private") == before.private:
            self.own.letters, self.withs = before.letters.copy(), before.withs
        self.own.withs = self.withs
        if self.account is not None:
            may = self.account.words.may_be(tuple(event.get("words", ())), look)
            world.require("own words", may, f"the words of {self.account} are said to be {event.get('words', [])}.")

    def _present(self, name: str, before: Pass | None, look: Look) -> tuple[Subject, ...]:
        """Who it may be, as it has no account."""
        fresh = Subject(f"presence {name} at {self.title}", is_account=False)
        if before is None:
            return (fresh,)
        if before.subject.is_account:
            # It may have been unregistered.
            fresh.unknown, fresh.former = True, {before.subject, *before.subject.former}
            return (fresh,)
        self.resumed = self._resumption(before, look)
        return {"yes": (before.subject,), "maybe": (before.subject, fresh), "no": (fresh,)}[self.resumed]

    def _resumption(self, before: Pass, look: Look) -> str:
        """Tell whether the session of the token must still have been there."""
        if before.replaced is not None:
            return "maybe" if before.replaced == self.world.tick else "no"
        if before.subject not in self.subjects and before.subject.is_account:
            return "no"
        if before.ended:
            # That it has ended may not have been stored.
            return "maybe" if self.world.failed >= before.used else "no"
        if before.quits or set(self.world.holder(before.name).values(look)) != {before.subject}:
            return "maybe"
        return "yes" if before.broken is None or self.world.seconds() - before.broken < GRACE else "maybe"

    def _logged_in(self, hello: Request, owners: set[Subject], look: Look) -> tuple[Subject, ...]:
        """Find out whose account it is that has let the program in: that of its token, or that of its password."""
        world, password = self.world, hello.fields.get("password")
        known = self.before
        if hello.account is not None:
            return (hello.account,)
        registered = {owner for owner in owners if known is not None and known.subject in owner.former}
        if known is not None and len(registered) == 1 and not known.subject.is_account:
            known.subject = registered.pop()
        elif registered:
            return tuple(owners)
        right = [owner for owner in owners if password is not None and owner.password.may_be(password, look)]
        by_token = known is not None and known.subject.is_account and known.subject.alive.may_be(True, look)
        if known is not None and by_token and right:
            return tuple({known.subject, *right})
        if known is not None and by_token:
            account = known.subject
            asked, done = account.reset
            ended = (known.used < asked and done < hello.sent) or known.logged_out < hello.sent
            world.require("ended token", not ended, f"{account} came in by an old token.")
            return (account,)
        world.require("own password", bool(right), f"{self.title} came in by {password!r} as one of {owners}.")
        return tuple(right) or (Subject("somebody", is_account=True, unknown=True),)

    def _check_role(self, hello: Request, role: str, look: Look) -> None:
        account = self.account
        if account is None:
            return
        given = self.world.roles.get(account)
        if given is not None and given.value == role and given.sent < hello.sent and "password" in hello.fields:
            given.finish(self.world.tick)
            del self.world.roles[account]
        self.world.require("role", account.role.may_be(role, look), f"{account} has the role {role!r}.")

    def _check_rooms(self, account: Subject, listed: set[str], hello: Request, look: Look) -> None:
        """Check what are said to be the rooms of its account."""
        world = self.world
        for name in listed:
            may = account.lists(name).may_be(True, look) or world.pending(name, hello) or world.failed >= 0
            world.require("own rooms", may, f"#{name} is said to be a room of {account}.")
        for name, register in account.listed.items():
            said = [text for text in world.texts.values() if text.room == name and not text.may_be_deleted]
            # A room in which nothing was said may have vanished, and not be listed any more.
            last = register.last()
            stays = any(text.acknowledged and text.tries[-1].done < last.sent for text in said)
            stays = stays and last.done < hello.sent
            sure = stays and world.failed < 0 and not world.may_be_kept_out([account], world.room(name), look)
            missing = sure and name not in listed and set(register.values(look)) == {True}
            world.require("own rooms", not missing, f"#{name} is not said to be a room of {account}.")

    def _ask_for_rooms(self, hello: Request) -> None:
        """It may be in the rooms that it has asked for, and in no other."""
        world = self.world
        rooms = [world.room(room) for room in hello.rooms]
        for subject in self.subjects:
            for name, register in subject.listed.items():
                if not subject.is_account and name not in hello.rooms:
                    register.may_put(False, hello.sent, world.tick)
        self.device.may_have_left(hello.sent, world.tick, but=rooms)
        for room in rooms:
            changes = [(self.device.room(room), True), *((s.right("op", room), ANYTHING) for s in self.subjects)]
            hello.writes += [(register, register.write(value, self, hello.sent)) for register, value in changes]
            for subject in self.subjects:
                subject.lists(room.name).write(True, self, hello.sent)

    def _turned_away(self, hello: Request, event: Event) -> None:
        world, name, password = self.world, hello.fields["name"], hello.fields.get("password")
        look = Look(self, hello.sent, world.tick)
        hello.withdraw()
        self.undo_made(hello, event["code"])
        owners = set(world.owner(name).values(look))
        match event["code"]:
            case "banned":
                may = world.may_be_banned(name, self.host, look, hello.seconds)
                world.require("ban", may, f"{name} from {self.host} is kept out.")
            case "key-needed":
                given = world.doors.key is None or "key" in hello.fields
                world.require("key", not given, f"{self.title} is told that the key is missing.")
            case "wrong-key":
                right = hello.fields.get("key") == world.doors.key
                world.require("key", not right, f"{self.title} is told that its key is wrong.")
            case "wrong-invitation":
                good = world.must_be_good(hello.fields["code"], look)
                world.require("code", not good, f"{self.title} is told that its invitation is no good.")
            case "invitation-needed" if "token" not in hello.fields and hello.account is None:
                world.require("members only", None in owners, f"{self.title} is told that {name} is no member.")
            case "wrong-password":
                sure = all(owner is not None and set(owner.password.values(look)) == {password} for owner in owners)
                world.require("own password", not sure, f"the password {password!r} of {owners} is refused.")
            case "too-many-tries":
                world.tries[self.host] -= 1
                world.require(
                    "lock-out",
                    world.tries[self.host] > 0,
                    f"{self.host} has not given a wrong password, and must wait.",
                )

    # into rooms

    def _entered(self, event: Event, join: Request | None) -> None:
        world, name = self.world, event["room"]
        asked = join or self.hello
        assert asked is not None
        look = Look(self, asked.sent, world.tick)
        old = world.room(name)
        back = self.resumed if join is None and self.before is not None and name in self.before.rooms else "no"
        if back == "yes" and old.closed.may_be(True, look):
            # It may have been closed for good, and be another room.
            back = "maybe"
        self._forget_what_was_asked(asked, old)
        room = self._room_entered(old, event, asked, back, look)
        room.told = world.tick
        made = event["users"] == [self.name] and name != LOBBY and self.name in event.get("ops", ())
        clear = back == "no" and len(self.subjects) == 1 and not room.unknown
        if self.who is not None:
            self.who.lists(name).write(True, self, asked.sent).finish(world.tick)
            for other, register in self.who.listed.items():
                if other != name and len(self.who.listed) > LIMITS.rooms_each:
                    # It holds only so many.
                    register.may_put(False, asked.sent, world.tick)
        member = self.device.room(room)
        if back == "yes":
            world.require("membership", member.may_be(True, look), f"{self.subjects} is in #{name} again.")
        else:
            member.write(True, self, asked.sent).finish(world.tick)
            for subject in self.subjects if made and room is not old else ():
                write = subject.right("op", room).write(True, self, asked.sent)
                if clear:
                    write.finish(world.tick)
                else:
                    write.done = world.tick
        private = bool(event.get("private"))
        world.require("topic", room.topic.may_be(event["topic"], look), f"the topic of #{name} is {event['topic']!r}.")
        may = any(
            (value in ("private", ANYTHING)) is private or value is ANYTHING for value in room.access.values(look)
        )
        world.require("privacy", may, f"#{name} is said to be private: {private}.")
        if "uninvite" in world.offers:
            self._check_rules(event, room, look)
        self._begin_view(event, asked)
        self._check_number_of_pins(event, look)
        self._check_users(event, look)
        if self.who is not None:
            mark = event.get("read")
            may = self.who.mark(name).may_be(mark, look)
            world.require("read mark", may, f"{self.who} is said to have read #{name} up to {mark}.")
            if mark is not None:
                self.read[name] = mark

    def _check_rules(self, event: Event, room: Room, look: Look) -> None:
        """Check what are said to be the rules of a room."""
        access, slow = event.get("access", "open"), event.get("slow", 0)
        status = {"archived": room.archived, "closed": room.closed}.get(access)
        may = status.may_be(True, look) if status is not None else room.access.may_be(access, look)
        if status is None:
            may = may and room.archived.may_be(False, look) and room.closed.may_be(False, look)
        self.world.require("privacy", may, f"#{room.name} is said to be {access}.")
        self.world.require("slow", room.slow.may_be(slow, look), f"#{room.name} is said to be slow: {slow}.")

    def _room_entered(self, room: Room, event: Event, asked: Request, back: str, look: Look) -> Room:
        """The room that the program has come into: perhaps a new one, if nobody else is there and nothing was said."""
        world, name, topic = self.world, room.name, event["topic"]
        ruled = any(event.get(rule) for rule in ("private", "access", "slow", "locked"))
        if not event["last"] and not ruled and world.pending(name, asked):
            # It may have vanished, and have been made again by somebody who was not told yet that they are in it.
            return world.unknown_room(name)
        if event["users"] != [self.name] or event["last"] or ruled or back == "yes":
            may = world.may_enter(self.subjects, room, look)
            world.require("privacy", may, f"{self.subjects} came into #{name}, which is private.")
            return room
        others = {device for subject in self.subjects for device in subject.devices} - {self.device}
        if any(device.room(room).may_be(True, look) for device in others):
            # Its user may have been there already.
            return world.unknown_room(name)
        # It stays where somebody was banned from it, or something was said and is gone.
        stays = room.bans or any(text.room == name for text in world.texts.values())
        if room.told >= asked.sent or back == "maybe" or world.pending(name, asked) or stays:
            return world.unknown_room(name)
        world.require("topic", not topic or room.topic.may_be(topic, look), f"the topic of #{name} is {topic!r}.")
        new = world.new_room(name)
        new.topic = Register(topic)
        if name != LOBBY:
            new.founder = Register(self.account.party if self.account is not None else ANYTHING)
        return new

    def _forget_what_was_asked(self, asked: Request, room: Room) -> None:
        """It is known now whether the program is in the *room* that it has *asked* for."""
        rights = [self.device.room(room), *(subject.right("op", room) for subject in self.subjects)]
        for register, write in list(asked.writes):
            if any(register is right for right in rights):
                register.drop(write)
                asked.writes.remove((register, write))

    def _begin_view(self, event: Event, asked: Request) -> None:
        name = event["room"]
        after = asked.fields.get("after") if asked.kind == "join" else (asked.fields.get("rooms") or {}).get(name)
        start = event["last"] if after is None else after
        if name in self.views:
            self.old_views.append(self.views[name])
        clear = not self.stuck and self.world.failed < asked.sent
        view = self.views[name] = View(name, start, start, users=set(event["users"]) if clear else None)
        view.new, view.told = after is None, start
        known = self.before.models.get(name) if self.before is not None else None
        if known is not None and after == known.seen and asked.kind == "hello":
            view.model = known.copy()
        elif after is not None:
            view.model = Model(after)
        self.here.add(name)
        if self.own is not None and self.lines_kept:
            self.own.models[name] = view.model
        self._remember(name, start)

    def _remember(self, room: str, number: int) -> None:
        """Remember up to which id it was shown the room, to ask for what comes after when it comes back."""
        if self.own is not None:
            self.own.rooms[room] = number

    def _check_users(self, event: Event, look: Look) -> None:
        """Check who is said to be in a room."""
        world, room = self.world, self.world.room(event["room"])
        users, ops = event["users"], event.get("ops", ())
        view = self.views.get(room.name)
        if view is not None and view.users is not None and not self.stuck and world.failed < look.sent:
            what = f"{self.title} is told that {users} are in #{room.name}, and knows of {view.users}."
            world.require("one join", view.users == set(users), what)
        world.require("one holder", len({fold(name) for name in users}) == len(users), f"{users} are in #{room.name}.")
        for name in users:
            holders = set(world.holder(name).values(look))
            if len(holders) != 1 or None in holders:
                continue
            (holder,) = holders
            may = holder.may_be_in(room, look) or world.is_coming(holder)
            world.require("membership", may, f"{name} ({holder}) is in #{room.name}.")
            text = event["away"].get(name)
            world.require("away", holder.away.may_be(text, look), f"{name} ({holder}) is said to be away: {text!r}.")
            is_op = holder.right("op", room)
            if name in ops:
                world.require("op", is_op.may_be(True, look), f"{name} ({holder}) is op of #{room.name}.")
            elif not world.pending(room.name, None):
                world.require("op stays", is_op.may_be(False, look), f"{name} ({holder}) is not op of #{room.name}.")

    def _check_whois(self, event: Event, look: Look) -> None:
        """Check what is told about somebody."""
        world, name = self.world, event["name"]
        holders = set(world.holder(name).values(look))
        for listed in event["rooms"]:
            may = world.may_enter(self.subjects, world.room(listed), look)
            world.require("privacy", may, f"{self.subjects} is told that {name} is in #{listed}.")
        if len(holders) != 1 or None in holders:
            return
        (holder,) = holders
        account = event.get("account")
        world.require("who is who", (account is not None) is holder.is_account, f"{name} ({holder}) has {account}.")
        text = event.get("away")
        world.require("away", holder.away.may_be(text, look), f"{name} ({holder}) is said to be away: {text!r}.")
        for room in list(world.rooms.values()):
            if room.name in event["rooms"]:
                may = holder.may_be_in(room, look) or world.is_coming(holder)
                world.require("who is who", may, f"{name} ({holder}) is in #{room.name}.")
            else:
                sees = len(self.subjects) == 1 and not world.may_be_kept_out(self.subjects, room, look)
                may = not sees or holder.may_be_out_of(room, look) or not holder.devices
                world.require("who is who", may, f"{name} ({holder}) is not in #{room.name}.")

    def _check_number_of_pins(self, event: Event, look: Look) -> None:
        """Check how many messages are said to be pinned in a room."""
        world = self.world
        texts = [text for text in world.by_id.values() if text.room == event["room"]]
        sure = sum(text.stays and not text.pinned.may_be(False, look) for text in texts)
        most = sum(text.pinned.may_be(True, look) for text in texts)
        what = f"{event.get('pins', 0)} messages are said to be pinned, and from {sure} to {most} are: {event}"
        world.require("pins", sure <= event.get("pins", 0) <= most, what)

    # what is said

    def _shown(self, event: Event, *, mine: bool) -> None:
        world, room = self.world, event.get("room")
        late = self.stuck or mine or any(not request.answers for request in self.requests.values())
        look = Look(self, 0, world.tick)
        text = world.shown(self.subjects, dict(event), look, late=late, lines=self.lines_kept)
        if text is not None:
            self._check_ignored(text, event["author"])
            own = self.world.author_of(text) is self.who is not None
            if own and not mine and event.get("tag", "") not in {*self.tags, ""}:
                self.tagged.append(f"{self.title} is shown the tag of {text.text!r}, which it has not said.")
        if room is None and text is not None:
            self._shown_private(event, text, mine=mine)
        if room is None or text is None:
            return
        view = self.views.get(room)
        if view is None:
            world.require("privacy", mine, f"{self.title} is shown message {event['id']} of #{room}, and is not there.")
            return
        number = event["id"]
        if mine and number <= view.told:
            return
        self._in_order(view, event, number)
        view.seen = number
        view.ids.add(number)
        self._remember(room, number)

    def _in_order(self, view: View, event: Event, number: int) -> None:
        """Note what has come in a room under that *number*, which must be greater than all before."""
        what = f"{number} is shown to {self.title} after {view.told}: {event}."
        self.world.require("one order", number > view.told, what)
        view.told = number
        view.model.take(event)
        if view.fresh is None and view.new:
            view.fresh = number

    @property
    def accepts(self) -> Collection[str]:
        accepted: Collection[str] = self.hello.fields.get("accept", ()) if self.hello is not None else ()
        return accepted

    def _changed(self, event: Event, *, mine: bool) -> None:
        """A message was changed."""
        world, room, rev = self.world, event["room"], event.get("rev", 0)
        text = world.check_change(dict(event))
        knows = self.lines_kept or event["type"] == "deleted" or mine
        world.require("lines", knows or room is None, f"{self.title} does not know what it is sent: {event}.")
        if room is None:
            if text is not None:
                look = Look(self, 0, world.tick)
                world.check_ends(text, self.subjects, look, f"{event} is shown", "private end")
            if self.own is not None:
                self.own.letters.take(event)
                if "changes" in self.accepts:
                    self.own.private = max(self.own.private, rev)
            return
        view = self.views.get(room)
        if view is None:
            world.require("privacy", mine, f"{self.title} is shown {event}, and is not in #{room}.")
            return
        if not rev or (mine and rev <= view.told) or (mine and not self.lines_kept and event["type"] == "reacted"):
            return
        self._in_order(view, event, rev)
        view.revs.add(rev)
        if self.lines_kept:
            view.seen = rev
            self._remember(room, rev)

    @property
    def follows(self) -> bool:
        """Whether it knows of conversations."""
        return self.hello is not None and "conversations" in self.hello.fields.get("accept", ())

    def _shown_private(self, event: Event, text: Text, *, mine: bool) -> None:
        number, before = event["id"], self.hello.fields.get("private") if self.hello is not None else None
        self.private.add(number)
        if self.own is not None:
            if self.lines_kept:
                self.own.letters.take(event)
            self.own.private = max(self.own.private, number)
        if "with" in event:
            self.withs.add(event["with"])
        if self.who is not None and not mine:
            self.world.conversations.note_message(self.who.party, text, event)
        what = f"{self.title} is sent {text.text!r} (message {number}), and has seen {before}."
        if before is not None and not mine:
            self.world.require("replay", number > before, what)
        elif self.follows and not mine and self.hello is not None:
            old = text.acknowledged and text.tries[-1].done < self.hello.sent
            self.world.require("replay", not old, what)

    def _check_ignored(self, text: Text, author: str) -> None:
        """Check that who is shown a text does not ignore who has said it."""
        if self.who is not None and self.who not in text.authors and text.tries:
            look = Look(None, text.tries[0].sent, self.world.tick)
            ignored = set(self.who.ignores(author).values(look)) == {True}
            self.world.require("ignored", not ignored, f"{self.title} is shown {text.text!r} of {author}.")

    def _missed(self, event: Event) -> None:
        view = self.views.get(event["room"])
        if view is None:
            return
        view.ids.update(range(event["after"] + 1, event["before"]))
        view.model.miss(event["after"])
        # Those who came and went meanwhile were not told either.
        view.fresh, view.new, view.users = None, False, None
        view.seen = max(view.seen, event["before"] - 1)
        view.told = max(view.told, view.seen)
        self._remember(view.room, view.seen)

    def _deleted(self, event: Event) -> None:
        world = self.world
        text = world.by_id.get(event["id"])
        if text is None:
            return
        text.deleted = min(text.deleted, world.tick)
        if event["room"] is None:
            look = Look(self, 0, world.tick)
            world.check_ends(text, self.subjects, look, f"the end of {text.text!r} is shown", "private end")

    def _moved(self, event: Event, view: View) -> None:
        """Somebody has come into a room, or left it, or goes by another name there."""
        kind, name = event["type"], event["name"]
        if kind == "renamed" and view.users is not None and event["new"] == self.name and self.name in view.users:
            # It was told already that this is its own name.
            return
        users = set() if view.users is None else view.users
        known = self.stuck or view.users is None or (name in users) is (kind != "joined")
        self.world.require("one join", known, f"{self.title} is told of {name}: {event}.")
        users.discard(name)
        if kind != "left":
            users.add(event["new"] if kind == "renamed" else name)
        elif name == self.name:
            self._left(view.room)

    def _left(self, room: str) -> None:
        view = self.views.pop(room)
        view.ended = True
        self.old_views.append(view)
        self.here.discard(room)
        if self.own is not None:
            self.own.rooms.pop(room, None)
        self.device.room(self.world.room(room)).may_put(False, 0, self.world.tick)
        for subject in self.subjects:
            if not subject.is_account:
                subject.right("op", self.world.room(room)).may_put(False, 0, self.world.tick)

    def _renamed(self, event: Event, request: Request | None) -> None:
        self.name = event["new"]
        for view in self.views.values():
            if view.users is not None and event["name"] in view.users:
                view.users = view.users - {event["name"]} | {self.name}
        for subject in self.subjects:
            subject.names.add(self.name)
        if request is None:
            self.world.holder(event["name"]).may_put(None, 0, self.world.tick)
            for subject in self.subjects:
                self.world.holder(self.name).may_put(subject, 0, self.world.tick)
        if self.own is not None:
            self.own.name = self.name

    def _read(self, event: Event, request: Request | None) -> None:
        """Its user has read a room up to there, on some device."""
        if event["room"] is None:
            return
        self.read[event["room"]] = event["id"]
        if self.who is not None and request is None:
            may = self.who.mark(event["room"]).may_be(event["id"], Look(self, 0, self.world.tick))
            self.world.require("read mark", may, f"{self.title} is told of {event}, and {self.who} has not said so.")

    def _ignores(self, event: Event, request: Request | None) -> None:
        """Its user ignores those."""
        look = Look(self, request.sent if request is not None else 0, self.world.tick)
        listed = {spelling(name) for name in event["names"]}
        for name in {*listed, *(self.who.ignored if self.who is not None else ())}:
            may = any(subject.ignores(name).may_be(name in listed, look) for subject in self.subjects)
            if request is None or name != spelling(request.fields.get("name", "")):
                self.world.require("ignored", may, f"{self.subjects} is said to ignore {event['names']}.")

    # -- going

    def _end(self) -> None:
        """The chat has ended it."""
        replaced = self.goodbye is not None and self.goodbye.get("code") == "replaced"
        if self.own is not None and replaced:
            self.own.replaced = self.world.tick
        elif self.own is not None:
            self.own.ended = True
            if self.goodbye is not None and self.goodbye.get("code") == "logged-out":
                self.own.logged_out = self.world.tick
        if self._goes_on():
            # From another connection.
            self._stop()
            return
        if replaced:
            self._check_crowd()
            self.device.may_have_left(0, self.world.tick)
        else:
            self.device.has_left(self.world.tick)
        self.device.over = True
        if not replaced:
            self.gave_up_name(self.world.tick)
        self._stop()

    def _check_crowd(self) -> None:
        """Its place was taken by nobody with its token: its user must have been connected as often as they may be."""
        coming = list(self.world.hellos())
        devices = sum(len(subject.devices) for subject in self.subjects) + len(coming)
        many = devices >= MOST_DEVICES or len(self.subjects) != 1
        resumed = self.hello is None or self.world.resumed.get(self.token or "", -1) > self.hello.sent
        self.world.require(
            "devices", many or resumed, f"{self.title} is replaced, and {self.subjects} has few devices."
        )

    def _goes_on(self) -> bool:
        """Tell whether another connection has taken its place."""
        known = self.passes.get(self.token) if self.token is not None else None
        return known is not None and known is not self.own and known.device is self.device

    def cut(self) -> None:
        if self.own is not None and self.goodbye is None:
            self.device.held = not self._goes_on()
            self.own.broken = self.world.seconds()
            for subject in self.subjects:
                if all(device.held or device.over for device in subject.devices):
                    # They may be ended with nobody told.
                    subject.away.may_put(None, self.world.tick, INFINITY)
            self.own.quits = any(request.kind == "quit" and not request.answers for request in self.requests.values())
        self._stop()

    def _stop(self) -> None:
        """Nothing more comes."""
        self.over = True
        self._forget_rooms()
        self._close_views()
        for request in self.requests.values():
            request.end(self.world.tick)

    def awaits(self, room: str, but: object) -> bool:
        """Tell whether a request about *room*, *but* that one, waits for its answer, or for the rest of it."""
        return any(
            request is not but
            and (
                (not request.answers and room in (request.fields.get("room"), *request.rooms))
                or (request is self.hello and room in request.rooms and room not in self._seen())
            )
            for request in self.requests.values()
        )

    def _seen(self) -> set[str]:
        return {view.room for view in (*self.views.values(), *self.old_views)}

    def _forget_rooms(self) -> None:
        """It may have come into rooms, and so have made them, without having been told."""
        seen = self._seen()
        for request in self.requests.values():
            rooms = [request.fields["room"]] if request.kind == "join" and not request.answers else []
            if request.kind == "hello" and (request is self.hello or not request.answers):
                rooms = [room for room in request.rooms if room not in seen]
                for subject in self._may_be(request):
                    for room in rooms:
                        subject.lists(room).may_put(True, request.sent, self.world.tick)
            for room in rooms:
                if room == LOBBY:
                    self.world.room(LOBBY).topic.may_put("", 0, self.world.tick)
                else:
                    self.world.unknown_room(room)

    def _may_be(self, hello: Request) -> set[Subject]:
        """Who may have come in by a *hello* that was not answered."""
        known = self.passes.get(hello.fields.get("token", ""))
        owners = self.world.owner(hello.fields["name"]).values(Look(self, hello.sent, self.world.tick))
        return {*(owner for owner in owners if owner is not None), *((known.subject,) if known is not None else ())}

    def _close_views(self) -> None:
        for view in self.views.values():
            view.ended = True
            self.old_views.append(view)
        self.views = {}
        self.here.clear()
