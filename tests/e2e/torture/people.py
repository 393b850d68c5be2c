"""The programs: they talk, change names and rights, and come back by their tokens to send again what had no answer."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from e2e.torture.changes import MARK, Model
from e2e.torture.ledger import DENS, LOBBY, PLURALS, POOL, Connection, Event, Ledger, Request, Who

MOST_UNANSWERED = 8
PASSWORD = "correct horse battery staple"  # noqa: S105
_ACTS = {
    "say": 40, "whisper": 30, "rename": 8, "enter": 12, "op": 8, "invite": 12, "appoint": 4, "search": 2, "quit": 2,
    "kick": 4, "mute": 2, "ban": 1, "delete": 6, "edit": 10, "react": 14, "pin": 6,
}  # fmt: skip


class Program:
    """A client that resends what was not answered, and asks for what it missed, whenever it connects again.

    One that *follows* conversations asks for the private messages that it missed, too, and knows how messages change;
    another has old software.
    """

    def __init__(
        self, home: str, port: int, ledger: Ledger, homes: list[str], *, device: int = 1, follows: bool = False
    ) -> None:
        self.home = home
        self.label = home if device == 1 else f"{home}.{device}"
        self.device = device
        self.follows = follows
        self.name = home
        self.talking = False
        self.connected = False
        self.inside: set[str] = set()
        self.unanswered: dict[str, Request] = {}
        self.seen: dict[str, int] = {}
        """The greatest id, or rev, that it has seen of each room."""
        self.gate = asyncio.Event()
        """Open while there is a daemon to connect to."""
        self.idle = asyncio.Event()
        """Whether it has no connection."""
        self.idle.set()
        self.connection = 0
        self.token: str | None = None
        self._port = port
        self._ledger = ledger
        self._homes = homes
        self._presence = 0
        self._said = 0
        self._hello = 0.0
        self._give_password = device > 1
        self._leaving = False
        self._entered: dict[str, int] = {}
        """In which life of the daemon it was in a room last."""
        self.pongs: set[str] = set()
        self.private: set[int] = set()
        """The private messages that it was shown, or has said."""
        self._last = 0
        """The greatest id of those."""
        self._later = 0
        """The greatest id, or rev, of those and their changes."""
        self._said_here: list[int] = []
        """The ids of what it has said."""
        self.models: dict[str, Model] = {}
        """What it knows of the messages of each room."""
        self.letters = Model()
        """What it knows of private messages."""

    def __repr__(self) -> str:
        asked = [f"{request.kind} {request.fields}" for request in self.unanswered.values()]
        return f"<{self.label} as {self.name}, {'connected' if self.connected else 'not connected'}, waits for {asked}>"

    @property
    def who(self) -> Who:
        """Itself as it is now."""
        return self.home, self._presence

    @property
    def registers(self) -> bool:
        """Whether it has an account, or will have one."""
        return self.home in self._ledger.roles

    async def live(self) -> None:
        """Connect again and again."""
        while True:
            await self.gate.wait()
            self.idle.clear()
            with suppress(OSError, asyncio.IncompleteReadError, json.JSONDecodeError):
                await self._connection()
            self.connected = False
            self.idle.set()
            longest = 1.5 if self._leaving else 0.2
            self._leaving = False
            await asyncio.sleep(self._ledger.chance.random() * longest)

    async def _connection(self) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        talk: asyncio.Task[None] | None = None
        self.connection += 1
        self._times = Connection()
        self._ledger.connections.setdefault(self.label, []).append(self._times)
        self.inside = set()
        if not self.follows:
            # It may be shown again, or for the first time, what it seemed to have got.
            self._later = self._last = 0
        try:
            self._come_in()
            while line := await reader.readline():
                if not line.startswith(b"{"):
                    continue
                event = json.loads(line)
                if event["type"] == "welcome":
                    self._welcomed(event)
                    talk = asyncio.create_task(self._talk())
                else:
                    self._take(event)
        finally:
            if talk is not None:
                talk.cancel()
            self._times.ended = self._ledger.now()
            self._writer.close()

    def _come_in(self) -> None:
        self._hello = self._ledger.now()
        self._ledger.claim(self.who, self.name)
        hello: Event = {"name": self.name, "rooms": {LOBBY: self.seen.get(LOBBY)}, "tag": "hello", "token": self.token}
        hello["rooms"].update({room: self.seen[room] for room in DENS if room in self.seen})
        if self._give_password:
            hello["password"] = PASSWORD
        if self.follows:
            hello.update(accept=["changes", "conversations", "lines"], private=self._later)
        self.send("hello", **hello)

    def send(self, kind: str, **fields: object) -> None:
        """Send an object."""
        self._times.last_line = self._ledger.now()
        self._writer.write(json.dumps({"type": kind, **fields}).encode() + b"\n")

    def ask(self, kind: str, **fields: object) -> Request:
        """Send a request under a tag of its own."""
        self._said += 1
        tag = f"{self.label}-{self._said}"
        if kind in ("say", "msg"):
            fields["text"] = self._text("secret" if kind == "msg" else "number", tag)
        request = Request(tag, self.who, kind, fields, self._ledger.now(), self.connection)
        self.unanswered[tag] = request
        self._ledger.ask(request)
        self._send(request)
        return request

    def _text(self, word: str, tag: str) -> str:
        """A text like no other, now and then of several lines."""
        lines = [f"{word} {self._said} of {self.label}", f"  more of {tag}", "", f"end of {tag}"]
        return "\n".join(lines[: self._ledger.chance.choice((1, 1, 1, 2, 4))])

    def _send(self, request: Request) -> None:
        request.sends += 1
        self.send(request.kind, **request.fields, tag=request.tag)

    def _welcomed(self, welcome: Event) -> None:
        self._times.welcome = self._ledger.now()
        lost = self._ledger.is_registered(self.home) and not welcome.get("registered")
        if lost and self._ledger.may_be_banned(self.home):
            # The ban has ended the token, and the name was one of before, under which anybody comes in.
            self.token, self.name, self._give_password = None, self.home, True
            raise ConnectionError("came in as nobody of an account")
        if self.token not in (None, welcome["token"]):
            self._lost_its_token()
        self.token, self.name = welcome["token"], welcome["name"]
        self._give_password = False
        self._ledger.claim(self.who, self.name)
        self._ledger.only(self.home, self.name)
        if self._ledger.is_registered(self.home):
            role = welcome.get("role") or "user"
            if not welcome.get("registered"):
                self._ledger.fault("rights", f"{self.home} came back without its account")
            elif role not in self._ledger.roles_between(self.who, self._hello, self._ledger.now()):
                self._ledger.fault("rights", f"{self.home} came back as {role}")
        for request in list(self.unanswered.values()):
            if request.stores:
                self._send(request)
            else:
                del self.unanswered[request.tag]
        self.connected = True

    def _lost_its_token(self) -> None:
        """It was banned, and goes on without its tags, and, if it has no account, as somebody else."""
        self.unanswered = {}
        if not self.registers:
            self._ledger.quits.append((self.home, self._ledger.now()))
            self._presence += 1

    def forget_rights(self) -> None:
        """Send nothing again that is about rights: the daemon was killed, and the history tells what was done."""
        self.unanswered = {tag: request for tag, request in self.unanswered.items() if request.repeats}

    # -- what it does

    async def _talk(self) -> None:
        chance = self._ledger.chance
        while True:
            if self.talking and not self._leaving and len(self.unanswered) < MOST_UNANSWERED:
                act = chance.choices(list(_ACTS), list(_ACTS.values()))[0]
                getattr(self, f"_{act}")()
            await asyncio.sleep(chance.random() * 0.1)

    def _say(self) -> None:
        room = self._ledger.chance.choice([LOBBY, *sorted(self.inside)])
        numbers = self._numbers_of(room)
        answers = {"re": self._ledger.chance.choice(numbers)} if numbers and self._ledger.chance.random() < 0.3 else {}
        self.ask("say", room=room, **answers)

    def _numbers_of(self, room: str) -> list[int]:
        """The ids of the last messages of a room that it knows."""
        return [number for number, _ in self._ledger.views.get((self.label, room), ())[-8:]]

    def _edit(self) -> None:
        """Edit one of its own messages, or try that with another's."""
        chance = self._ledger.chance
        numbers = self._said_here[-5:] if chance.random() < 0.95 else self._numbers_of(LOBBY)
        if not numbers:
            return
        number = chance.choice(numbers)
        said = next((one for one in self._ledger.requests.values() if number in one.numbers), None)
        if said is not None:
            first = said.fields["text"].split("\n")[0]
            more = chance.choice(("", "", "\n  more", "\n\nmore"))
            self.ask("edit", id=number, text=f"{first}{MARK}{self.label}-{self._said + 1}{more}")

    def _react(self) -> None:
        chance = self._ledger.chance
        room = chance.choice([LOBBY, *sorted(self.inside)])
        numbers = self._numbers_of(room) if chance.random() < 0.8 else sorted(self.private)[-5:]
        if numbers:
            on = {"on": chance.random() < 0.7} if chance.random() < 0.5 else {}
            self.ask("react", id=chance.choice(numbers), text=chance.choice(("\U0001f44d", "ok", "no")), **on)

    def _pin(self) -> None:
        room = self._ledger.chance.choice([LOBBY, *sorted(self.inside)])
        if numbers := self._numbers_of(room):
            on = self._ledger.chance.random() < 0.6
            self.ask("pin", room=room, id=self._ledger.chance.choice(numbers), on=on)

    def _whisper(self) -> None:
        for _ in range(self._ledger.chance.randrange(1, 4)):
            self.ask("msg", name=self._somebody())

    def _somebody(self) -> str:
        names = self._homes if self._ledger.chance.random() < 0.7 else POOL
        return self._ledger.chance.choice([name for name in names if name not in (self.home, self.name)])

    def _rename(self) -> None:
        if self.registers and not self._ledger.is_registered(self.home):
            if not any(request.kind == "register" for request in self.unanswered.values()):
                self.register()
            return
        if self.device == 1 and not any(request.kind == "nick" for request in self.unanswered.values()):
            name = self._ledger.chance.choice([name for name in (self.home, *POOL) if name != self.name])
            self._ledger.claim(self.who, name)
            self.ask("nick", name=name)

    def register(self) -> None:
        """Make the name its own."""
        self.ask("register", password=PASSWORD)

    def _enter(self) -> None:
        room = self._ledger.chance.choice((LOBBY, *DENS))
        if room not in self.inside:
            self.ask("join", room=room, after=self.seen.get(room))

    def _op(self) -> None:
        if self.inside - {LOBBY}:
            on = self._ledger.chance.random() < 0.5
            room = self._ledger.chance.choice(sorted(self.inside - {LOBBY}))
            self.ask("op", room=room, name=self._registered_somebody(), on=on)

    def _registered_somebody(self) -> str:
        """Somebody's name, but not of one whose account is not sure: what hangs on them could not be told."""
        return self._ledger.chance.choice([*(name for name in self._homes if self._ledger.is_registered(name)), *POOL])

    def _invite(self) -> None:
        if self.inside - {LOBBY}:
            self.ask("invite", room=self._ledger.chance.choice(sorted(self.inside - {LOBBY})), name=self._somebody())

    def _appoint(self) -> None:
        self.ask("moderator", name=self._registered_somebody(), on=self._ledger.chance.random() < 0.5)

    def _kick(self) -> None:
        if self.inside:
            self.ask("kick", room=self._ledger.chance.choice(sorted(self.inside)), name=self._somebody())

    def _mute(self) -> None:
        if self.inside:
            room = self._ledger.chance.choice(sorted(self.inside))
            self.ask("mute", room=room, name=self._somebody(), text="1s")

    def _ban(self) -> None:
        self.ask("ban", target=self._ledger.chance.choice(POOL), text="1s")

    def _delete(self) -> None:
        if self._said_here:
            self.ask("delete", id=self._ledger.chance.choice(self._said_here[-5:]))

    def _search(self) -> None:
        self.ask("search", text=self._ledger.chance.choice(("secret", "number")))

    def _quit(self) -> None:
        if not self.unanswered and (not self.registers or self._ledger.is_registered(self.home)):
            self._leaving = True
            if self.home in self._ledger.several:
                self.send("quit")
                return
            self._ledger.quits.append((self.home, self._ledger.now()))
            self.send("quit")

    # -- what it is shown

    def _take(self, event: Event) -> None:
        match event["type"]:
            case "message":
                self._take_message(event)
            case "room":
                self._take_room(event)
            case "error":
                self._take_error(event)
            case "rule":
                if event.get("tag"):
                    self._ledger.done(event["tag"])
            case "renamed" if event.get("room") is None:
                self._ledger.counts["renames"] += 1
                self.name = event["new"]
                self._ledger.only(self.home, self.name)
            case "found":
                self._take_found(event)
            case "left" if event["name"] == self.name:
                self.inside.discard(event["room"])
                self._entered.pop(event["room"], None)
            case "goodbye" if event.get("code") == "banned":
                self._ledger.only(self.home, "")
                self.name = self.home
            case "goodbye" if self._leaving:
                self._ledger.only(self.home, "")
                if not self.registers:
                    self._presence += 1
                    self._later, self._last, self.private = 0, 0, set()
            case "edited" | "deleted" | "reacted" | "pinned":
                self._take_change(event)
            case "missed":
                self._ledger.fault("lost", f"{self.home} was told that it missed {event}")
            case "pong":
                self.pongs.add(event["tag"])
        self._answered(event)

    def _answered(self, event: Event) -> None:
        request = self.unanswered.get(event.get("tag", ""))
        if request is None or event["type"] == "left":
            return
        if event["type"] in ("notice", "deleted"):
            self._ledger.done(request.tag)
        if request.kind == "pin" and event["type"] != "error":
            since, now = request.since, self._ledger.now()
            if not self._ledger.may(("op",), request.fields["room"], request.who, since, now):
                self._ledger.fault("rights", f"{self.home} could pin without being an op: {request.tag}")
        if event["type"] == "error":
            self._ledger.refuse(request, event["code"], event["text"])
        elif request.kind in PLURALS:
            self._ledger.counts[PLURALS[request.kind]] += 1
        request.answered_in = self.connection
        request.until = min(request.until, self._ledger.now())
        del self.unanswered[request.tag]

    def _take_error(self, event: Event) -> None:
        if event.get("tag") == "hello":
            if event["code"] == "password-needed":
                banned = self._ledger.may_be_banned(self.home)
                if self.token is not None and self._ledger.is_registered(self.home) and not banned:
                    self._ledger.fault("rights", f"the token of {self.home} opens its account no more")
                self._give_password = True
            self.name = self.home
            raise ConnectionError(event["text"])
        for room in DENS if event["code"] == "not-allowed" and not event.get("tag") else ():
            kinds = ("op", "invite")
            if f"#{room} is private" in event["text"] and self._ledger.must(
                kinds, room, self.who, self._hello, self._ledger.now()
            ):
                self._ledger.fault("rights", f"{self.home} may enter {room}, and was refused when it came back")

    def _take_room(self, event: Event) -> None:
        room, ledger = event["room"], self._ledger
        self.seen.setdefault(room, event["last"])
        asked = self.unanswered.get(event.get("tag", ""))
        since = asked.since if asked is not None else self._hello
        was_in = self._entered.get(room) == ledger.epoch or self.home in ledger.several
        if room in DENS and not (was_in or ledger.may(("op", "invite"), room, self.who, since, ledger.now())):
            ledger.fault("shown to the wrong one", f"{self.home} could enter {room}, to which nobody invited it")
        self._entered[room] = ledger.epoch
        self.inside.add(room)

    def _take_found(self, event: Event) -> None:
        for message in event["messages"]:
            if message["room"] is None or "secret" in message["text"]:
                self._ledger.fault("shown to the wrong one", f"{self.home} found {message}")
            elif message["room"] in DENS and message["room"] not in self.inside:
                who, now = self.who, self._ledger.now()
                if not self._ledger.may(("op", "invite"), message["room"], who, self._hello, now):
                    self._ledger.fault("shown to the wrong one", f"{self.home} found {message}")

    def _take_message(self, message: Event) -> None:
        number, tag, room = message["id"], message.get("tag") or "", message.get("room")
        request = self._ledger.requests.get(tag)
        mine = request is not None and request.who[0] == self.home
        if mine and request is not None:
            request.numbers.add(number)
            self._said_here.append(number)
        said = request or next((one for one in self._ledger.requests.values() if number in one.numbers), None)
        self._judge_text(message, said)
        self._ledger.changes.number(number, ("message", number, ""))
        if room is None:
            if not mine:
                self._take_private(number, message)
            self.letters.take(message)
            self.private.add(number)
            self._last, self._later = max(self._last, number), max(self._later, number)
            return
        if room not in self.inside:
            if not mine:
                self._ledger.fault("shown to the wrong one", f"{self.home}, who is not in {room}, was shown {message}")
            return
        if number > self.seen[room]:
            self.seen[room] = number
            self.models.setdefault(room, Model()).take(message)
            self._ledger.views.setdefault((self.label, room), []).append((number, message["author"]))
        elif not mine:
            self._ledger.fault("doubled", f"{self.label} was shown {message} after {self.seen[room]}")

    def _judge_text(self, message: Event, said: Request | None) -> None:
        """A message has a text that its author has given it, and quotes what it answers."""
        ledger = self._ledger
        if said is not None:
            texts = ledger.changes.texts(said, message["id"])
            right = texts if self.follows else {text.replace("\n", " ") for text in texts}
            if message["text"] not in right:
                ledger.fault("other", f"{self.label} was shown {message}, and it may be {right}")
            if message.get("re") != said.fields.get("re"):
                ledger.fault("other", f"{self.label} was shown {message}, and it answers {said.fields.get('re')}")
        quoted = message.get("re_text")
        other = next((one for one in ledger.requests.values() if message.get("re") in one.numbers), None)
        if quoted is None or other is None:
            return
        firsts = {text.split("\n")[0] for text in ledger.changes.texts(other, message["re"])}
        if quoted not in firsts or message.get("room") != other.fields.get("room"):
            ledger.fault("other", f"{self.label} was shown {message}, which quotes one of {firsts}")

    def _take_change(self, event: Event) -> None:
        """A message was changed."""
        ledger, room, rev = self._ledger, event["room"], event.get("rev", 0)
        ledger.changes.tell(event, self.label)
        request = ledger.requests.get(event.get("tag") or "")
        mine = request is not None and request.who[0] == self.home
        if room is None:
            self.letters.take(event)
            if self.follows:
                self._later = max(self._later, rev)
            return
        if room not in self.inside:
            if not mine:
                ledger.fault("shown to the wrong one", f"{self.home}, who is not in {room}, was shown {event}")
            return
        if not self.follows or not rev:
            return
        if rev > self.seen[room]:
            self.seen[room] = rev
            self.models.setdefault(room, Model()).take(event)
            ledger.counts["changes shown"] += 1
        elif not mine:
            ledger.fault("doubled", f"{self.label} was shown {event} after {self.seen[room]}")

    def _take_private(self, number: int, message: Event) -> None:
        ledger = self._ledger
        if not self.connected:
            ledger.fault("other", f"{self.home} was shown {message} before it was welcome")
        if self.follows and number in self.private:
            ledger.fault("doubled", f"{self.label} was shown {message} again")
        if number not in self.private and number < self._last:
            ledger.fault("reordered", f"{self.label} was shown {message} after {self._last}")
        ledger.shown.append((number, message["text"], self.who, self.connection))
