"""Requests: what each may change from when it is sent, and what its answer tells about what was true."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from house import FILES_EACH

from machine.clients import LOBBY, End, Line, Log
from machine.promises import (
    ANYTHING,
    INFINITY,
    Code,
    Look,
    Register,
    Room,
    Subject,
    Text,
    Version,
    World,
    Write,
    fold,
    network_of,
)
from machine.wording import words_of

Event = Mapping[str, Any]
DURATION = re.compile(r"(\d+)([smhdw])( |$)")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
ABOUT_SOMEBODY = ("kick", "op", "invite", "uninvite", "mute", "unmute", "moderator")
"""The requests by which somebody decides about somebody."""
OF_OPS = (
    "kick", "mute", "unmute", "op", "lock", "slow", "room", "invite", "uninvite", "ban", "unban", "bans", "pin",
    "hook", "hooks", "unhook",
)  # fmt: skip
OF_MEMBERS = ("say", "me", "upload", "topic", "pins", *OF_OPS)
OF_FOUNDERS = ("closed", "founder")
"""What of a room only its founder, or a moderator, decides."""
AGAINST = ("kick", "mute", "ban")
OF_MODERATORS = ("ban", "unban", "bans", "stats")
OF_WHO_KNOWS_THE_PASSWORD = ("unregister", "rename")
SWITCHES = ("op", "lock", "moderator", "react", "pin")
"""Those that switch something, so that only the answer tells what to."""
OF_MESSAGES = ("edit", "delete", "react", "pin")
"""The requests that change a message, which a tag does only once."""
MOST_KINDS, MOST_PINS, HOUR = 20, 50, 3600
CALL = 60.0
"""The seconds between two messages that call everybody."""
ENDS = ("quit", "logout", "ban", "password", "unregister", "hello")
"""The requests by which sessions end, perhaps those of others."""
WHO = ("nick", "register", "unregister", "rename")
"""The requests after which it is clear only with the answer who somebody is, and under which name."""


class Request:
    """What a program asks for, and what becomes of it."""

    def __init__(self, fields: dict[str, Any], sent: float, *, again: bool = False) -> None:
        self.fields = fields
        self.sent = sent
        self.again = again
        """Whether it was sent before, on another connection."""
        self.seconds = 0.0
        self.answers = 0
        self.answer: Event | None = None
        self.writes: list[tuple[Register, Write]] = []
        self.account: Subject | None = None
        """The account that it makes at the door."""
        self.made: list[tuple[Register, Write]] = []
        """What has changed for good once the account is made."""
        self.text: Text | None = None
        self.unsure = False
        """Whether it was not clear who asks for it."""
        self.first: Request | None = None
        """The same, as it was sent first."""
        self.changed: Text | None = None
        """The message that it changes."""
        self.version: Version | None = None
        """The text that it gives a message, if it edits one."""
        self.attempt: Look | None = None
        self.victims: set[Subject] = set()
        self.room: Room | None = None
        """What was known of the room that it is about when it was sent."""

    def again_by(self, now: float) -> Request:
        """The same, to be sent on another connection."""
        request = Request(self.fields, now, again=True)
        request.text, request.first = self.text, self.first or self
        return request

    def begin_try(self, by: object, now: float) -> None:
        """Its text is sent."""
        if self.text is not None:
            self.attempt = Look(by, now, INFINITY)
            self.text.tries.append(self.attempt)

    def end(self, now: float) -> None:
        """It was answered, or there is nobody left to be answered."""
        if self.attempt is not None:
            self.attempt.done = min(self.attempt.done, now)
        if self.kind == "hello":
            for _, write in self.writes:
                write.done = min(write.done, now)

    def withdraw(self) -> None:
        """Nothing of what it may have changed has happened so."""
        for register, write in self.writes:
            register.drop(write)
        self.writes = []

    @property
    def tag(self) -> str:
        """Its tag."""
        tag: str = self.fields["tag"]
        return tag

    @property
    def rooms(self) -> Collection[str]:
        """The rooms that it asks for, if it is a ``hello``."""
        rooms: Collection[str] = self.fields.get("rooms", (LOBBY,)) if self.kind == "hello" else ()
        return rooms

    @property
    def about(self) -> str:
        """Whom it decides about, or ``""``."""
        if self.kind in ABOUT_SOMEBODY:
            return str(self.fields["name"])
        return str(self.fields["target"]) if self.kind in ("ban", "unban") and "room" in self.fields else ""

    @property
    def kind(self) -> str:
        """What it is."""
        kind: str = self.fields["type"]
        return kind


class Asker(End):
    """A client that asks for things: what it has asked for, and what it makes of the answers."""

    def __init__(self, world: World, title: str, line: Line, host: str, log: Log) -> None:
        super().__init__(world, title, line, host, log)
        self.requests: dict[str, Request] = {}
        self.here: set[str] = set()
        """The rooms that it is in."""
        self.said: list[int] = []
        """The ids of what it has said."""

    @property
    def accepts(self) -> Collection[str]:
        """What it has said that it accepts."""
        raise NotImplementedError

    @property
    def lines_kept(self) -> bool:
        """Whether it is sent texts of several lines as they are."""
        return {"changes", "lines"} <= set(self.accepts)

    @property
    def changes(self) -> bool:
        """Whether it is not clear yet who it is, and under which name."""
        return any(request.kind in WHO and not request.answers for request in self.requests.values())

    # -- when something is sent

    def other_side(self, fields: Mapping[str, Any]) -> Subject | None:
        """Whom the ``with`` of a request names, if it has one and that is known."""
        if "with" not in fields or self.who is None:
            return None
        return self.world.conversations.other(self.who.party, fields["with"])

    def use_code(self, request: Request) -> None:
        """Note that *request* may use an invitation up."""
        code = self.world.codes.get(request.fields.get("code", ""))
        if code is not None:
            request.made.append((code.used, code.used.write(True, self, request.sent)))

    def undo_made(self, request: Request, code: str) -> None:
        """No account was made, or for a moment only, as it could not be stored."""
        for register, write in request.made:
            if code == "not-stored":
                write.done, write.undone = self.world.tick, True
            else:
                register.drop(write)
        request.made = []

    def check_code(self, request: Request) -> None:
        """Check that who has made an account could."""
        world, says = self.world, f"{self.title} made an account by {request.fields}."
        world.require("code", world.doors.registration != "closed", says)
        if world.by_invitation:
            code = world.codes.get(request.fields.get("code", ""))
            world.require("code", code is not None and not code.taken, says)
            if code is not None:
                code.taken = True
        for _, write in request.made:
            write.finish(world.tick)

    def prepare(self, request: Request) -> None:
        """Note what *request* may change from now on."""
        world, now, fields = self.world, self.world.tick, request.fields
        room = world.room(fields["room"]) if "room" in fields else None
        victims = world.called(request.about, Look(self, now, now)) if request.about else set()
        request.victims, request.room, request.unsure = victims, room, self.changes

        def write(register: Register, value: Any) -> None:
            request.writes.append((register, register.write(value, self, now)))

        match request.kind:
            case "say" | "me" | "msg":
                request.text = Text(fields["text"], set(self.subjects), room=fields.get("room"), to=fields.get("name"))
                request.text.to_party = self.other_side(fields)
                request.text.answers, request.text.notice = fields.get("re"), fields.get("notice", False)
                world.add(request.text)
                request.begin_try(self, now)
            case "topic" if room is not None and "text" in fields:
                write(room.topic, fields["text"])
            case "lock" if room is not None:
                write(room.locked, ANYTHING)
            case "room" if room is not None:
                for register, value in self._rules_of(request, room):
                    write(register, value)
            case "slow" if room is not None:
                write(room.slow, seconds_of(fields["text"]) or 0.0)
            case "join" if room is not None:
                write(self.device.room(room), True)
                for subject in self.subjects:
                    write(subject.lists(room.name), True)
                    write(subject.right("op", room), ANYTHING)
            case "leave" if room is not None:
                write(self.device.room(room), False)
                for subject in self.subjects:
                    write(subject.lists(room.name), False)
                    if not subject.is_account:
                        write(subject.right("op", room), ANYTHING if world.changing(subject) else False)
            case _ if request.about:
                for victim in victims:
                    for register, value in self._changes_of(victim, request):
                        write(register, value)
            case "nick":
                for subject in self.subjects:
                    subject.names.add(fields["name"])
                    write(world.holder(fields["name"]), subject)
                    write(world.holder(self.name), None)
            case "register" if self.account is None or self.account.alive.may_be(False, Look(self, now, now)):
                self.use_code(request)
                title = f"account {self.name} of {self.title}"
                account = Subject(title, is_account=True, unknown=self.who is None or self.who.is_account)
                if self.who is not None and not self.who.is_account:
                    account.rights = self.who.rights
                    account.marks, account.ignored = self.who.marks, self.who.ignored
                    account.away = self.who.away
                    account.listed, account.words = self.who.listed, self.who.words
                    account.inherits = self.who.inherits
                    account.party = self.who.party
                    account.role = self.who.role
                account.devices.add(self.device)
                account.names = set[str]().union(*(s.names for s in self.subjects)) | {self.name}
                account.own_name = self.name
                account.former = {former for s in self.subjects for former in (s, *s.former)}
                account.password = Register(fields["password"])
                write(world.owner(self.name), account)
                write(world.holder(self.name), account)
            case "unregister" if self.account is not None:
                world.hooks.may_end(maker=self.account)
                world.tries[self.host] = world.tries.get(self.host, 0) + 1
                fresh = Subject(f"presence {self.name} at {self.title}, unregistered", is_account=False)
                fresh.names = self.account.names
                fresh.away = self.account.away
                fresh.inherits = True
                fresh.former = {self.account, *self.account.former}
                write(world.holder(self.name), fresh)
                write(self.account.alive, False)
                for owned in self.account.names:
                    if self.account in set(world.owner(owned).values(Look(self, now, now))):
                        write(world.owner(owned), None)
            case "read" if "room" in fields:
                for subject in self.subjects:
                    write(subject.mark(fields["room"]), ANYTHING)
            case "ignore" if "name" in fields:
                for subject in self.subjects:
                    write(subject.ignores(fields["name"]), fields["on"])
            case "quit":
                # Its answer may wait for a client that reads slowly.
                self.device.may_have_left(now, INFINITY)
            case "logout":
                for subject in self.subjects:
                    subject.logs_out = now
                    for device in subject.devices:
                        device.may_have_left(now, INFINITY)
            case "away":
                for subject in self.subjects:
                    write(subject.away, fields.get("text"))
            case "rename" if self.account is not None:
                world.tries[self.host] = world.tries.get(self.host, 0) + 1
                self.account.names.add(fields["name"])
                write(world.owner(fields["name"]), self.account)
                world.may_end_as(self.account, fields["name"])
                if fields["name"] != self.name:
                    write(world.holder(fields["name"]), self.account)
                    write(world.holder(self.name), None)
            case "password" if self.account is not None:
                write(self.account.password, fields["password"])
                for device in self.account.devices - {self.device}:
                    # Its session ends, and others may know that before it is told.
                    device.may_have_left(now, INFINITY)
            case "delete" | "edit" | "react" | "pin" if fields.get("id") in world.by_id:
                request.changed = changed = world.by_id[fields["id"]]
                for register, value in self._changes_of_message(request, changed):
                    write(register, value)
                if request.version is not None and request.version.write is None:
                    request.version.write = request.writes[-1][1]
            case "notify" if "words" in fields:
                for subject in self.subjects:
                    write(subject.words, tuple(fields["words"]))
            case "unhook":
                world.hooks.may_end(name=fields["name"])
            case "ban" if room is None:
                span = seconds_of(fields["text"])
                until = INFINITY if span is None else world.seconds() + span
                write(world.bans.setdefault(fields["target"], Register(0)), until)
            case "unban" if room is None:
                for target, register in world.bans.items():
                    of_one = self._is_of_one(target, fields["target"], Look(self, now, now))
                    if of_one or same_target(target, fields["target"]):
                        write(register, 0)

    def _changes_of_message(self, request: Request, text: Text) -> Iterator[tuple[Register, Any]]:
        """What *request* changes of a message."""
        match request.kind:
            case "delete":
                text.may_be_deleted = True
            case "edit":
                raw = request.fields["text"]
                known = self.world.versions.get(words_of(raw))
                request.version = known or self.world.edit(raw, text, self.subjects)
                yield text.versions, words_of(raw)
            case "react":
                for party in {subject.party for subject in self.subjects}:
                    yield text.reacts(party, request.fields["text"]), request.fields.get("on", ANYTHING)
            case "pin":
                yield text.pinned, request.fields.get("on", ANYTHING)

    def _changes_of(self, victim: Subject, request: Request) -> Iterator[tuple[Register, Any]]:
        """What *request* changes if it is about *victim*."""
        if request.kind == "moderator":
            yield victim.role, ANYTHING
            return
        room = self.world.room(request.fields["room"])
        match request.kind:
            case "op":
                yield victim.right("op", room), ANYTHING
            case "invite" | "uninvite":
                yield victim.right("invited", room), request.kind == "invite"
            case "unban":
                yield victim.right("banned", room), 0.0
            case "mute":
                yield victim.right("muted", room), request.seconds + (seconds_of(request.fields["text"]) or 600)
            case "unmute":
                yield victim.right("muted", room), 0.0
            case "kick" | "ban":
                if request.kind == "ban":
                    room.bans = True
                    span = seconds_of(request.fields["text"])
                    yield victim.right("banned", room), INFINITY if span is None else request.seconds + span
                yield victim.right("invited", room), False
                yield victim.lists(room.name), False
                for device in victim.devices:
                    yield device.room(room), False
                if not victim.is_account:
                    yield victim.right("op", room), ANYTHING if self.world.changing(victim) else False

    def _rules_of(self, request: Request, room: Room) -> Iterator[tuple[Register, Any]]:
        """What a request changes of the rules of a *room*."""
        look = Look(self, request.sent, request.sent)
        match request.fields["access"]:
            case "open":
                if room.closed.may_be(True, look):
                    yield room.closed, ANYTHING
                yield room.access, ANYTHING if room.closed.may_be(True, look) else "open"
            case "private":
                yield room.access, "private"
                for subject in self.world.everybody():
                    if subject.may_be_in(room, look):
                        yield subject.right("invited", room), ANYTHING
            case "members":
                yield room.access, "members"
            case "archived":
                yield room.archived, request.fields["on"]
            case "closed":
                yield room.closed, True
                self.world.hooks.may_end(room=room.name)
                for subject in self.world.everybody():
                    yield subject.lists(room.name), ANYTHING
                    for device in subject.devices:
                        yield device.room(room), ANYTHING
            case "founder":
                for subject in self.world.called(request.fields["name"], look):
                    yield room.founder, subject.party
                    yield subject.right("op", room), ANYTHING

    # -- when it is answered

    def answered(self, request: Request, event: Event) -> None:
        """*request* was done, or refused: check that it could be, and note what that has changed."""
        look = Look(self, request.sent, self.world.tick)
        request.end(self.world.tick)
        if request.kind in OF_MESSAGES and event["type"] == "notice" and "was done before" in event["text"]:
            self._was_done(request)
        elif event["type"] == "error":
            self.undo_made(request, event["code"])
            self._undo(request, event["code"])
            self._check_refusal(request, event["code"], event["text"], look)
        else:
            self._find_victims(request, look)
            self._check_asker(request, look)
            self._check_state(request, event, look)
            if request.kind == "join":
                # The ``room`` that answers it tells more.
                request.withdraw()
            self._do(request, event)

    def _was_done(self, request: Request) -> None:
        """*request* is said to have been done before, under its tag."""
        first = request.first
        self.world.require("one answer", first is not None, f"{request.fields} was not sent before.")
        request.withdraw()
        for _, write in first.writes if first is not None and not first.answers else ():
            write.finish(self.world.tick)

    def _find_victims(self, request: Request, look: Look) -> None:
        """The name in a request may have changed hands before it was read."""
        if request.about:
            request.victims |= self.world.called(request.about, look)
            if request.room is not None and self.world.room(request.room.name) is not request.room:
                # Nothing is known of the room any more.
                return
            known = {id(register) for register, _ in request.writes}
            for victim in request.victims:
                for register, value in self._changes_of(victim, request):
                    if id(register) not in known:
                        request.writes.append((register, register.write(value, self, request.sent)))

    def _do(self, request: Request, event: Event) -> None:
        """What *request* may have changed is changed."""
        world, now = self.world, self.world.tick
        certain = len(request.victims or self.subjects) == 1 or request.kind in ("edit", "pin")
        if request.kind == "room":
            certain = self._do_room(request, event) and certain
        if request.kind == "react" and request.changed is not None:
            registers = {id(register) for register, _ in request.writes}
            mine = [request.changed.reacts(one.party, request.fields["text"]) for one in self.subjects]
            certain = certain and not request.unsure and registers == set(map(id, mine))
            for register in () if certain else mine:
                register.may_put(ANYTHING, request.sent, now)
        if request.kind == "unregister" and self.account is not None:
            # The operator may have given the account another name meanwhile.
            known, look = {id(register) for register, _ in request.writes}, Look(self, now, now)
            owners = [owner for owner in map(world.owner, self.account.names) if id(owner) not in known]
            request.writes += [
                (owner, owner.write(None, self, request.sent))
                for owner in owners
                if self.account in set(owner.values(look))
            ]
        for _, write in request.writes:
            if write.value is ANYTHING and request.kind in SWITCHES:
                write.value = _switched_to(request, event)
            if request.kind == "read":
                write.value = event["id"]
            timed = isinstance(write.value, float) and write.value != INFINITY
            if request.kind in ("ban", "mute") and world.seconds() != request.seconds and timed:
                # It is counted from when the request was read.
                write.value = ANYTHING
            if certain:
                write.finish(now)
            else:
                write.done = now
        if request.kind in OF_WHO_KNOWS_THE_PASSWORD:
            world.tries[self.host] -= 1
        if request.kind in ("register", "unregister") and request.writes:
            self.becomes(request.writes[0][1].value, request)
        if request.kind == "rename" and self.account is not None:
            self.account.own_name = request.fields["name"]
        if request.kind == "logout" and "device" not in request.fields and self.account is not None:
            self.account.reset = (request.sent, now)
            for device in self.account.devices:
                if device.held:
                    device.may_have_left(request.sent, now)
        if request.kind == "read" and "with" in request.fields and self.who is not None:
            for text in world.texts.values():
                if text.id is not None and text.id <= event["id"] and self.who.party in world.parties_of(text):
                    # They have said that they have read it.
                    text.shown_to.add(self.who)
        if request.kind == "hook":
            world.hooks.made(
                Subject(f"hook of {self.title}", is_account=False, unknown=True),
                request.fields,
                event["text"],
                tuple(self.subjects),
            )
        if request.kind == "unhook":
            world.hooks.ended(request.fields["name"], request.fields["room"])
        if request.kind == "upload":
            text = Text(
                f"sent {request.fields['name']} ({request.fields['size']} bytes)",
                set(self.subjects),
                room=request.fields.get("room"),
                file=request.fields["name"],
            )
            text.to_party = self.other_side(request.fields)
            world.files.given(self, request, text, event["url"].rpartition("/")[2])
        if request.kind == "invitation":
            world.codes[event["code"]] = Code(self.who)
        if request.text is not None:
            self._acknowledge(request, request.text, event)

    def _do_room(self, request: Request, event: Event) -> bool:
        """A rule of a room was changed; tell whether it is clear how."""
        access, room = request.fields["access"], self.world.room(request.fields["room"])
        if access == "founder":
            return sum(register is room.founder for register, _ in request.writes) == 1
        if access != "open":
            return True
        opened = event["type"] == "notice" and "is open again" in event["text"]
        for register, write in list(request.writes):
            if opened is (register is room.closed):
                write.value = "open" if register is room.access else False
            else:
                register.drop(write)
                request.writes.remove((register, write))
        return True

    def becomes(self, subject: Subject, request: Request) -> None:
        """By *request* it has become another *subject*."""
        pending = [other for other in self.requests.values() if other.sent > request.sent and not other.answers]
        if not subject.is_account:
            subject.unknown = bool(pending)
            # The others of the account end next.
            subject.devices = {self.device}.union(*(before.devices for before in self.subjects))
        for text in (other.text for other in pending if other.text is not None):
            # It has said that after the change.
            text.authors = {subject}
        for _, write in (both for other in pending for both in other.writes):
            write.value = subject if write.value is self.who else write.value
        for before in self.subjects:
            subject.names |= before.names
        self.subjects = (subject,)

    def _check_taken(self, text: Text, look: Look) -> None:
        """Check that a private message was not refused to users without an account by who gets it."""
        if self.who is not None and not self.who.is_account and text.end not in (None, self.who):
            assert text.end is not None
            refused = set(text.end.ignores("guests").values(look)) == {True}
            self.world.require("ignored", not refused, f"{text.end} gets {text.text!r} of {self.who}.")

    def _acknowledge(self, request: Request, text: Text, event: Event) -> None:
        text.acknowledged, text.refused = True, False
        text.seconds = text.seconds or request.seconds
        if text.id is not None:
            self.said.append(text.id)
        if text.to is not None and not request.again:
            ends = self.world.called(text.to, Look(self, request.sent, self.world.tick))
            text.end = next(iter(ends)) if len(ends) == 1 else None
        elif text.to_party is not None:
            text.end = text.to_party
        if text.room is None and self.who is not None:
            self.world.conversations.note_message(self.who.party, text, event)
            if not request.again:
                self._check_taken(text, Look(self, request.sent, self.world.tick))

    def _undo(self, request: Request, code: str) -> None:
        """What *request* may have changed is not changed; it may have been for a moment if it could not be stored."""
        if code == "not-stored":
            for _, write in request.writes:
                write.done, write.undone = self.world.tick, True
        else:
            request.withdraw()
        if request.text is not None and not (request.again and request.text.acknowledged):
            request.text.refused = not request.again
        if request.version is not None and not request.again:
            request.version.refused = True

    # -- what is promised about it

    def _check_refusal(self, request: Request, code: str, words: str, look: Look) -> None:
        """Check that *request* could be refused."""
        world, subjects = self.world, self.subjects
        if code == "wrong-password" and self.account is not None:
            sure = set(self.account.password.values(look)) == {request.fields["password"]}
            world.require("own password", not sure, f"the password of {self.account} is refused.")
        elif code == "wrong-invitation":
            good = world.must_be_good(request.fields["code"], look)
            world.require("code", not good, f"{self.title} is told that its invitation is no good.")
        elif code == "banned" and request.kind == "nick":
            may = world.may_be_banned(request.fields["name"], self.host, look, request.seconds)
            world.require("ban", may, f"the name {request.fields['name']} is refused.")
        elif code == "not-allowed" and words.startswith("Only moderators"):
            may = any(world.may_be_user(subject, look) for subject in subjects)
            world.require("role", may, f"{subjects} is no moderator.")
        elif code == "not-stored" and "take as much as they may" in words:
            world.require(
                "upload",
                world.files.most(world.files.senders_of(self), look.sent) >= FILES_EACH,
                f"{subjects}: {words}",
            )
        changed = request.changed
        if changed is not None:
            self._check_refused_change(request, changed, code, words, look)
        name = request.fields.get("room") or (changed.room if changed is not None else None)
        if name is None:
            return
        room = world.room(name)
        if code == "not-allowed" and "was called less than a minute ago" in words:
            calls = [text for text in world.texts.values() if text.room == room.name and "@room" in text.text]
            # One that could not be stored may have held for a moment.
            may = any(not text.refused and text is not request.text for text in calls) or world.failed >= look.sent
            world.require("everybody", may, f"nobody has called everybody in #{room.name}: {words}")
        elif code == "muted" and words.startswith("Your address"):
            world.require("mute", self.account is None, f"{subjects} may not speak in #{room.name}: {words}")
        elif code == "muted" and "is slow" in words:
            slow = any(value is ANYTHING or value > 0 for value in room.slow.values(look))
            may = slow and world.may_not_op(subjects, room, look)
            world.require("slow", may, f"{subjects} must wait in #{room.name}: {words}")
        elif code == "not-allowed" and ("is archived" in words or "is closed: nobody" in words):
            may = room.archived.may_be(True, look) or room.closed.may_be(True, look)
            world.require("no voice", may, f"{subjects} may not speak in #{room.name}: {words}")
        elif code == "muted":
            times = [until for subject in subjects for until in subject.right("muted", room).values(look)]
            may = any(until is ANYTHING or until > request.seconds for until in times)
            world.require("mute", may, f"{subjects} may not speak in #{room.name}.")
        elif code == "not-in-room":
            may = self.device.room(room).may_be(False, look)
            world.require("membership", may, f"{subjects} is said not to be in #{room.name}.")
        elif code == "not-allowed" and words.startswith("Only the ops"):
            world.require("op stays", world.may_not_op(subjects, room, look), f"{subjects} is not op of #{room.name}.")
        elif code == "not-allowed" and request.kind == "join":
            may = world.may_be_kept_out(subjects, room, look)
            world.require("invitation", may, f"{subjects} is kept out of #{room.name}.")

    def _check_refused_change(self, request: Request, text: Text, code: str, words: str, look: Look) -> None:
        """Check that *request* could be refused to change a message."""
        world, says = self.world, f"{self.subjects} is refused {request.fields}: {words}"
        who = self.who
        mine = who is not None and text.authors == {who} and not who.unknown and not self.changes
        if code == "not-allowed" and "is not yours" in words:
            alive = mine and who is not None and not who.alive.may_be(False, look)
            world.require("author", not alive, says)
        elif code == "not-allowed" and "more than an hour ago" in words:
            old = world.seconds() - text.seconds > HOUR - 1 or world.jumped
            world.require("author", old, says)
        elif code == "bad-field" and "different reactions" in words:
            kinds = {kind for (_, kind), register in text.reactions.items() if any(register.values(look))}
            loose = world.loose if text.room == LOBBY else ()
            world.require("kinds", len({*kinds, *loose}) >= MOST_KINDS, says)
        elif code == "bad-field" and "messages are pinned" in words:
            pinned = [one for one in world.by_id.values() if one.room == text.room and one.pinned.may_be(True, look)]
            world.require("pins", len(pinned) >= MOST_PINS, says)
        elif code == "no-such-message" and text.room is not None:
            room = world.room(text.room)
            here = set(self.device.room(room).values(look)) == {True} and not room.unknown
            there = text.stays and here and request.fields.get("room", text.room) == text.room
            world.require("kept", not there, says)

    def _check_asker(self, request: Request, look: Look) -> None:
        """Check that whoever has asked had the right to what was done."""
        world, subjects, kind = self.world, self.subjects, request.kind
        says = f"{subjects} did {request.fields}."
        if kind != "quit" and not world.may_moderate(subjects, look):
            begun = Look(self, request.sent, request.sent)
            banned = world.must_be_banned(self.name, self.host, self.account, begun)
            world.require("ban", not banned, f"{says} from {self.host}")
        if kind in OF_MODERATORS and "room" not in request.fields:
            world.require("role", world.may_moderate(subjects, look), says)
        if kind == "moderator":
            world.require("role", world.may_moderate(subjects, look, ("owner",)), says)
        if kind in AGAINST and request.victims:
            self._check_power(request.victims, look, says)
        if request.changed is not None:
            self._check_changer(request, request.changed, look, says)
        if "room" not in request.fields or request.again:
            return
        room = world.room(request.fields["room"])
        if kind in AGAINST and len(request.victims) == 1:
            self._check_founder(room, next(iter(request.victims)), look, says)
        if kind in OF_MEMBERS and request.fields.get("access") != "open":
            world.require("membership", self.device.room(room).may_be(True, look), says)
        if kind == "room" and request.fields["access"] in OF_FOUNDERS:
            world.require("founder", self._may_be_founder(room, look), says)
        elif kind in OF_OPS and request.fields.get("access") != "open":
            world.require("op", world.may_op(subjects, room, look), says)
        if kind in ("say", "me"):
            world.check_voice(subjects, room, look, says)
            self._check_slow(request, room, look, says)
        if kind == "upload":
            world.check_voice(subjects, room, look, says)
        if kind == "topic" and "text" in request.fields:
            may = room.archived.may_be(False, look) and room.closed.may_be(False, look)
            world.require("no voice", may, says)
        if kind == "topic" and "text" in request.fields:
            may = room.locked.may_be(False, look) or world.may_op(subjects, room, look)
            world.require("lock", may, says)
        if kind == "history":
            world.require("privacy", world.may_enter(subjects, room, look), says)

    def _check_changer(self, request: Request, text: Text, look: Look, says: str) -> None:
        """Check that who has changed a message had the right to."""
        world = self.world
        world.require("deleted", not world.is_gone_before(text, look), f"{says} But it was deleted.")
        if request.kind == "edit":
            mine = bool({me for subject in self.subjects for me in (subject, *subject.former)} & text.authors)
            world.require("author", mine, f"{says} It is of {text.authors}.")
        if text.room is None:
            world.check_ends(text, self.subjects, look, says)
        elif request.kind in ("edit", "react"):
            room = world.room(text.room)
            world.require("membership", self.device.room(room).may_be(True, look), says)
            world.check_voice(self.subjects, room, look, says)
        elif request.kind == "pin":
            world.require("pins", text.room == request.fields["room"], f"{says} That was said in #{text.room}.")

    def _check_call(self, request: Request, room: Room, look: Look, says: str) -> None:
        """Check that who has called everybody in a room could."""
        world = self.world
        world.require("everybody", world.may_op(self.subjects, room, look), says)
        before, world.calls[room.number] = world.calls.get(room.number), (request, look.sent)
        if before is not None:
            gap = world.seconds() - min(before[0].seconds, request.seconds)
            world.require("everybody", gap >= CALL, f"{says} Everybody was called {gap} seconds ago.")

    def _may_be_founder(self, room: Room, look: Look) -> bool:
        return self.world.may_moderate(self.subjects, look) or any(
            room.founder.may_be(subject.party, look) for subject in self.subjects
        )

    def _check_founder(self, room: Room, victim: Subject, look: Look, says: str) -> None:
        """Check that nobody but a moderator has decided against the founder of a room."""
        founds = set(room.founder.values(look)) == {victim.party} and not victim.alive.may_be(False, look)
        may = victim in self.subjects or self.world.may_moderate(self.subjects, look)
        self.world.require("founder", may or not (founds and victim.is_account), says)

    def _check_slow(self, request: Request, room: Room, look: Look, says: str) -> None:
        """Check that who speaks in a slow room has waited long enough."""
        world = self.world
        if self.who is None or request.again:
            return
        key = (self.who.party, room.number)
        before, world.spoken[key] = world.spoken.get(key), (request, look.sent)
        if before is None:
            return
        earlier, _ = before
        since = Look(self, min(earlier.sent, request.sent), look.done)
        values = set(room.slow.values(since))
        # Nobody waits any more once it is another time.
        slow = values.pop() if len(values) == 1 and ANYTHING not in values else 0
        gap = world.seconds() - min(earlier.seconds, request.seconds)
        free = slow <= gap or world.may_op(self.subjects, room, since)
        world.require("slow", free, f"{says} They spoke {gap} seconds ago, and the room is slow: {slow}.")

    def _check_power(self, victims: set[Subject], look: Look, says: str) -> None:
        """Check that who acts against *victims* is an owner, if these are moderators."""
        users = any(self.world.may_be_user(victim, look) for victim in victims)
        owner = self.world.may_moderate(self.subjects, look, ("owner",))
        self.world.require("power", users or owner, f"{says} {victims} moderate.")

    def _check_state(self, request: Request, event: Event, look: Look) -> None:
        """Check that things were as they must be for what was done, or told."""
        world, fields, victims = self.world, request.fields, request.victims
        says = f"{self.subjects} did {fields}."
        room = world.room(fields["room"]) if "room" in fields else None
        match request.kind:
            case "topic" if room is not None and "text" not in fields:
                world.require("topic", room.topic.may_be(event["topic"], look), f"the topic is {event['topic']!r}.")
            case "kick" if room is not None and victims:
                may = any(victim.may_be_in(room, look) for victim in victims)
                world.require("membership", may, f"{says} {victims} was not there.")
            case "op" if room is not None and victims:
                may = any(victim.right("op", room).may_be(not event["on"], look) for victim in victims)
                world.require("toggle", may, f"{says} It was so already.")
            case "lock" if room is not None:
                world.require("toggle", room.locked.may_be(not event["on"], look), f"{says} It was so already.")
            case "moderator" if victims:
                was = "" if _switched_to(request, event) else "moderator"
                may = any(victim.role.may_be(was, look) for victim in victims)
                world.require("toggle", may, f"{says} {event['text']} It was so already.")
            case "register":
                self.check_code(request)
                world.require("own name", None in set(world.owner(self.name).values(look)), says)
            case "password" | "unregister" | "rename" if self.account is not None:
                alive = self.account.alive.may_be(True, look)
                world.require("own password", alive, f"{says} The account was given up.")
                if request.kind in OF_WHO_KNOWS_THE_PASSWORD:
                    world.require("own password", self.account.password.may_be(fields["password"], look), says)
            case "delete" if event["type"] == "deleted":
                self._check_deletion(world.by_id.get(event["id"]), look, says)
            case "say" | "me" if room is not None and event.get("all") and not request.again:
                self._check_call(request, room, look, says)
            case "edit" | "react" | "pin" if not request.again:
                right = {"edit": "edited", "react": "reacted", "pin": "pinned"}[request.kind]
                world.require("one answer", event["type"] in (right, "notice"), f"{says} The answer is {event}.")
                self._check_change(request, event, look, says)
            case "notify":
                for subject in self.subjects if len(self.subjects) == 1 else ():
                    may = subject.words.may_be(tuple(event.get("words", ())), look)
                    world.require("own words", may or "words" in fields, f"{says} The answer is {event}.")
            case "ban" if room is None:
                self._check_ban(fields["target"], look, says)
            case "rooms":
                for listed in event["rooms"]:
                    may = world.may_see(self.subjects, world.room(listed["room"]), look)
                    world.require("privacy", may, f"{self.subjects} finds #{listed['room']} among the rooms.")
            case "bans" if room is None:
                self._check_bans([ban["target"] for ban in event["bans"]], look)
            case "pins" if room is not None:
                self._check_pins(room.name, event["messages"], request, look)
            case "history" | "search":
                for message in event["messages"]:
                    self._check_read(message, request, look)
                # Times may not come in the order of ids.
                if request.kind == "history" and room is not None and not {"since", "until"} & fields.keys():
                    self._check_page(room.name, request, event)

    def _check_deletion(self, text: Text | None, look: Look, says: str) -> None:
        if text is not None:
            mine = bool({me for subject in self.subjects for me in (subject, *subject.former)} & text.authors)
            op = text.room is not None and self.world.may_op(self.subjects, self.world.room(text.room), look)
            self.world.require("op", mine or op, says)

    def _check_change(self, request: Request, event: Event, look: Look, says: str) -> None:
        """Check the answer to a change that could be made: that it tells what was asked for."""
        fields, world, text = request.fields, self.world, request.changed
        if event["type"] == "notice" or text is None:
            return
        world.require("true words", event["id"] == fields["id"], f"{says} The answer is {event}.")
        if "on" in fields:
            world.require("toggle", event["on"] is fields["on"], f"{says} The answer is {event}.")
        if request.kind == "react":
            # What it counts may have changed again before the answer was read.
            world.require("reactions", event["count"] >= bool(event["on"]), f"{says} The answer is {event}.")
            who = self.who
            if event.get("rev") and "on" not in fields and who is not None:
                was = text.reacts(who.party, fields["text"]).may_be(not event["on"], look)
                world.require("toggle", was or world.failed >= 0, f"{says} It was so already.")

    def _check_page(self, room: str, request: Request, event: Event) -> None:
        """Check that a page of the history of a room leaves nothing out, and that its changes belong there."""
        world, fields = self.world, request.fields
        ids = [message["id"] for message in event["messages"]]
        after, revs = fields.get("after", 0), [change["rev"] for change in event.get("changes", ())]
        what = f"{fields} is answered with the messages {ids} and the changes {revs}."
        limited = len(ids) + len(revs) <= fields.get("count", 20) and revs == sorted(set(revs))
        world.require("one order", ids == sorted(set(ids)) and limited, what)
        known = all(change["id"] <= after < change["rev"] for change in event.get("changes", ()))
        world.require("one order", known and all(number > after for number in ids), what)
        ignores = any(any(register.everything()) for who in self.subjects for register in who.ignored.values())
        wanted = {fields.get("around", 0), *(range(ids[0], ids[-1]) if ids else ())} - {*ids}
        for text in world.texts.values() if not ignores else ():
            old = text.stays and text.room == room and text.tries[-1].done < request.sent
            world.require("kept", not old or text.id not in wanted, f"{what} {text.text!r} is missing.")

    def _check_pins(self, room: str, messages: list[dict[str, Any]], request: Request, look: Look) -> None:
        """Check what is said to be pinned in a room."""
        world = self.world
        for message in messages:
            self._check_read(message, request, look)
        listed = [message["id"] for message in messages]
        world.require("pins", listed == sorted(set(listed)) and len(listed) <= MOST_PINS, f"pinned is {listed}.")
        for number, text in world.by_id.items():
            if text.room == room:
                may = text.pinned.may_be(number in listed, look) or not text.stays
                world.require("pins", may, f"{listed} is pinned in #{room}, and {number} is {number not in listed}.")

    def check_decorations(self, text: Text, message: Mapping[str, Any], look: Look) -> None:
        """Check how a *message* that is read again is said to be pinned, and who reacts to it."""
        world, what = self.world, f"of {text.text!r} is told: {message}"
        if text.room is not None:
            world.require("pins", text.pinned.may_be(message.get("pinned", False), look), what)
        told = {reaction["text"]: reaction for reaction in message.get("reactions", ())}
        world.require("kinds", len(told) <= MOST_KINDS, what)
        parties: dict[str, list[Register]] = {}
        for (_, kind), register in text.reactions.items():
            parties.setdefault(kind, []).append(register)
        for kind in {*told, *parties} - world.loose:
            count = told.get(kind, {}).get("count", 0)
            registers = parties.get(kind, [])
            least = sum(not register.may_be(False, look) for register in registers)
            most = sum(register.may_be(True, look) for register in registers)
            counts = f"{what}, and from {least} to {most} react with {kind}."
            world.require("reactions", least <= count <= most, counts)
            if self.who is not None and not self.who.unknown:
                mine = text.reacts(self.who.party, kind).may_be(bool(told.get(kind, {}).get("mine", False)), look)
                world.require("reactions", mine, f"{what}, and {self.who} reacts with {kind} or not.")

    def _check_read(self, message: dict[str, Any], request: Request, look: Look) -> None:
        """Check that a *message* may be read again."""
        text = self.world.shown(self.subjects, message, look, late=True, lines=self.lines_kept)
        if text is not None:
            self.check_decorations(text, message, look)
        if text is not None and text.room is not None:
            self.world.require("deleted", text.deleted >= request.sent, f"{text.text!r} is shown again.")
            may = self.world.may_enter(self.subjects, self.world.room(text.room), look)
            self.world.require("privacy", may, f"{self.subjects} found {text.text!r} in #{text.room}.")

    def _check_ban(self, target: str, look: Look, says: str) -> None:
        looks = re.fullmatch(r"[0-9./]+|.*:.*", target) is not None
        self.world.require("addresses", network_of(target) is not None or not looks, says)
        if network_of(target) is None:
            owners = set(self.world.owner(target.removeprefix("@")).values(look))
            if None not in owners:
                self._check_power(owners, look, says)

    def _is_of_one(self, target: str, name: str, look: Look) -> bool:
        """Tell whether two bans may be of one account, which has another name now."""
        if not (target.startswith("@") and name.startswith("@")):
            return False
        owners = (set(self.world.owner(one[1:]).values(look)) for one in (target, name))
        return bool(set.intersection(*owners) - {None})

    def _check_bans(self, listed: list[str], look: Look) -> None:
        for target, register in self.world.bans.items():
            sure = all(until is not ANYTHING and until > self.world.seconds() for until in register.values(look))
            there = any(same_target(target, name) or self._is_of_one(target, name, look) for name in listed)
            self.world.require("ban", there or not sure, f"the ban of {target} is not in {listed}.")


def _switched_to(request: Request, event: Event) -> Any:
    """What a *request* has switched something to, as the answer says."""
    if request.kind == "moderator":
        return "moderator" if "is a moderator now" in event["text"] else ""
    if event["type"] == "notice":
        return re.match(r"#\S+ \S+ pinned ", event["text"]) is not None
    return bool(event.get("on"))


def same_target(one: str, other: str) -> bool:
    """Tell whether bans of both are about the same."""
    networks = network_of(one), network_of(other)
    return networks[0] == networks[1] if any(networks) else fold(one) == fold(other)


def seconds_of(text: str) -> float | None:
    """The time that stands at the beginning of what a ban or a mute is given, if there is one."""
    found = DURATION.match(text)
    return int(found[1]) * UNITS[found[2]] if found is not None else None
