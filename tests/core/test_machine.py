"""Random days in the chat: people and programs do anything in any order, and after each step the promises hold.

More than a test's worth by hand: ``MACHINE_RUNS=5000 python -m pytest tests/core/test_machine.py``.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from box import Box, Client, SlowStore
from e2e.test_hostile_bytes import FORBIDDEN, NASTY
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from chat.core.limits import Limits
from chat.core.session import User
from chat.history.store import CannotKeep

WINDOW = 2_000
PASSWORD = "correct horse"  # noqa: S105
LIMITS = Limits(
    rate=None,
    connects_rate=None,
    connections_each=None,
    window=WINDOW,
    rooms=6,
    rooms_each=3,
    held=3,
    tokens=5,
    plain_passwords=True,
)
NAMES = ["ada", "Ada", "bob", "b\u03bfb", "cy", "two words", "", "exit"]
ROOMS = [*["lobby"] * 9, "dev", "Dev", "ops", "a", "b", "c", "d", "bad name"]
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from([nasty.decode("utf-8", "replace") for nasty in NASTY]),
    st.sampled_from(["hello", "bob: I said this", "* bob left.", "! no", "~ bob waves", "x" * 500, "x" * 5_000]),
)
TELNET = re.compile(rb"\xff[\xfb\xfc\xfe].", re.DOTALL)
"""What a client is answered that asks for options of telnet."""
names, rooms = st.sampled_from(NAMES), st.sampled_from(ROOMS)
some = st.integers(0, 50)
"""Which of those there are, by counting round and round."""


class Place:
    """A program's place in a room: all up to the id *seen* was shown, or was told to be missing."""

    def __init__(self, seen: int) -> None:
        self.seen = seen


class End:
    """A client, and what it makes of what it is shown."""

    def __init__(self, machine: Days) -> None:
        self.machine = machine
        self.client: Client = machine.box.connect()
        self.stuck = False
        self._read_up_to = 0
        self._rest = b""

    def check(self) -> None:
        """Check what they are shown."""
        raise NotImplementedError

    def lines(self) -> list[str]:
        """The whole lines that have come."""
        shown: bytes = self.client.socket.value()
        new, self._read_up_to = shown[self._read_up_to :], len(shown)
        *whole, self._rest = (self._rest + new).split(b"\n")
        return [TELNET.sub(b"", line).decode() for line in whole]


class Person(End):
    """Somebody with netcat. No line of theirs looks like what it is not."""

    def check(self) -> None:
        """Check what they are shown."""
        said = {message.line() for message in self.machine.messages}
        for line in self.lines():
            assert line.endswith("\r")
            text = line.removesuffix("\r")
            assert not FORBIDDEN & set(text), repr(text)
            # An empty line stands for a password, which the terminal did not show.
            if text and not text.startswith(("* ", "! ", "[")):
                assert text in said, f"nobody said {text!r}"


class Program(End):
    """A program that comes back with its token after breaks. It is shown all, in order, once."""

    def __init__(self, machine: Days, name: str, places: dict[str, Place], token: str | None) -> None:
        super().__init__(machine)
        self.name = name
        self.token = token
        self.places = places
        self.sent: list[dict[str, Any]] = []
        self.entered: set[str] = set()
        wanted: dict[str, int | None] = {room: place.seen for room, place in places.items()}
        self.client.ask(type="hello", name=name, rooms=wanted or {"lobby": None}, token=token)

    def check(self) -> None:
        """Check what it is shown."""
        for line in self.lines():
            if not line.startswith("{"):
                assert line.endswith("\r")
                continue
            event = json.loads(line)
            assert not FORBIDDEN & set(json.dumps(event, ensure_ascii=False)), line
            self._take(event)

    def _take(self, event: dict[str, Any]) -> None:
        match event:
            case {"type": "welcome", "token": str(token), "name": str(name)}:
                self.token, self.name = token, name
            case {"type": "room", "room": str(room), "last": int(last)}:
                self.places.setdefault(room, Place(last))
                self.entered.add(room)
            case {"type": "left", "room": str(room), "name": name} if name == self.name:
                self.places.pop(room, None)
                self.entered.discard(room)
            case {"type": "renamed", "room": None, "new": str(new)}:
                self.name = new
            case {"type": "message", "id": int(number), "room": str(room)}:
                self._read(number, room, event)
            case {"type": "missed", "room": str(room), "count": int(count), "after": int(after), "before": int(before)}:
                place = self.places[room]
                missed = [n for n in self.machine.ids(room) if after < n < before]
                assert after >= place.seen or not [n for n in self.machine.ids(room) if after < n <= place.seen]
                assert count == len(missed)
                place.seen = max(place.seen, before - 1)

    def _read(self, number: int, room: str, event: dict[str, Any]) -> None:
        stored = self.machine.by_id(number)
        assert stored is not None, "what is shown is in the history"
        again = any(request["tag"] == event.get("tag") for request in self.sent)
        fields = ("text", "room", "time") if again else ("author", "text", "room", "time")
        assert [event[field] for field in fields] == [getattr(stored, field) for field in fields], (event, stored)
        place = self.places.get(room)
        if place is None or (number <= place.seen and event.get("tag")):
            return
        between = [n for n in self.machine.ids(room) if place.seen < n < number]
        assert number > place.seen, "nothing comes twice, and ids grow"
        assert not between, f"{between} were skipped"
        place.seen = number


class Days(RuleBasedStateMachine):
    """The chat on a history that stores when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.store = SlowStore()
        self.box = Box(store=self.store, limits=LIMITS, replay=3)
        self.people: list[Person] = []
        self.programs: list[Program] = []
        self.broken: list[Program] = []
        self.tags = 0

    @property
    def messages(self) -> list[Any]:
        """All that is stored."""
        return list(self.store._all)

    def by_id(self, number: int) -> Any:
        """Find a stored message."""
        return next((message for message in self.messages if message.id == number), None)

    def ids(self, room: str) -> list[int]:
        """The ids of what was said in a room."""
        return [message.id for message in self.messages if message.room == room]

    # -- coming and going

    @initialize()
    def some_are_there(self) -> None:
        for name in ("bot", "bob"):
            self.programs.append(Program(self, name, {}, None))
        self.people.append(Person(self))
        self.people[0].client.send("ada")
        self.all_is_stored()

    @precondition(lambda self: len(self.people) < 4)
    @rule(name=names)
    def a_person_comes(self, name: str) -> None:
        person = Person(self)
        self.people.append(person)
        person.client.send(name)

    @precondition(lambda self: len(self.programs) < 4)
    @rule(name=names)
    def a_program_comes(self, name: str) -> None:
        self.programs.append(Program(self, name, {}, None))

    @precondition(lambda self: self.people)
    @rule(which=some, quietly=st.booleans())
    def a_person_goes(self, which: int, quietly: bool) -> None:
        person = self.people.pop(which % len(self.people))
        person.check()
        if not quietly:
            person.client.send("exit")
        person.client.lose()

    @precondition(lambda self: self.programs)
    @rule(which=some)
    def a_program_breaks_off(self, which: int) -> None:
        program = self.programs.pop(which % len(self.programs))
        program.check()
        program.client.lose()
        if program.token is not None:
            self.broken.append(program)

    @precondition(lambda self: self.broken and len(self.programs) < 4)
    @rule(which=some)
    def a_program_comes_back_and_sends_again(self, which: int) -> None:
        before = self.broken.pop(which % len(self.broken))
        program = Program(self, before.name, before.places, before.token)
        self.programs.append(program)
        for request in before.sent[-5:]:
            program.client.ask(**request)
        program.sent = before.sent[-5:]

    # -- doing something

    @precondition(lambda self: self.people)
    @rule(which=some, text=TEXTS)
    def a_person_types(self, which: int, text: str) -> None:
        self.people[which % len(self.people)].client.send_bytes(text.encode("utf-8", "replace") + b"\n")

    @precondition(lambda self: self.people)
    @rule(
        which=some,
        word=st.sampled_from(["/join", "/nick", "/me", "/msg", "/topic", "/away", "/ignore", "/history", "/who", "/x"]),
        first=st.one_of(names, rooms),
        text=TEXTS,
    )
    def a_person_commands(self, which: int, word: str, first: str, text: str) -> None:
        line = f"{word} {first} {text}" if word == "/msg" else f"{word} {first}"
        self.people[which % len(self.people)].client.send_bytes(line.encode("utf-8", "replace") + b"\n")

    @precondition(lambda self: self.programs)
    @rule(which=some, room=rooms, text=TEXTS, kind=st.sampled_from(["say", "me"]), times=st.integers(1, 6))
    def a_program_talks(self, which: int, room: str, text: str, kind: str, times: int) -> None:
        program = self.programs[which % len(self.programs)]
        for _ in range(times):
            self.tags += 1
            request = {"type": kind, "room": room, "text": text, "tag": f"tag{self.tags}"}
            program.sent.append(request)
            program.client.ask(**request)

    @precondition(lambda self: self.programs)
    @rule(which=some, kind=st.sampled_from(["join", "leave", "topic", "who", "history"]), room=rooms)
    def a_program_is_in_rooms(self, which: int, kind: str, room: str) -> None:
        self.programs[which % len(self.programs)].client.ask(type=kind, room=room)

    @precondition(lambda self: self.programs)
    @rule(which=some, kind=st.sampled_from(["msg", "nick"]), name=names, text=TEXTS)
    def a_program_knows_names(self, which: int, kind: str, name: str, text: str) -> None:
        self.programs[which % len(self.programs)].client.ask(type=kind, name=name, text=text)

    @precondition(lambda self: self.programs)
    @rule(
        which=some,
        kind=st.sampled_from(["kick", "kick", "op", "mute", "unmute", "invite", "lock", "room"]),
        room=rooms,
        name=names,
        text=st.sampled_from(["private", "open", "10m", "1h spam", ""]),
    )
    def a_program_decides(self, which: int, kind: str, room: str, name: str, text: str) -> None:
        client = self.programs[which % len(self.programs)].client
        client.ask(type=kind, room=room, name=name, text=text, access=text or None)

    @precondition(lambda self: self.people or self.programs)
    @rule(which=some, kind=st.sampled_from(["register", "unregister", "password"]))
    def somebody_has_a_name_of_their_own(self, which: int, kind: str) -> None:
        ends = [*self.people, *self.programs]
        end = ends[which % len(ends)]
        if isinstance(end, Program):
            end.client.ask(type=kind, password=PASSWORD)
        else:
            end.client.send(f"/{kind} {PASSWORD}")

    @precondition(lambda self: self.programs)
    @rule(
        which=some,
        value=st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10)),
            lambda inner: st.dictionaries(st.sampled_from(["type", "room", "text", "tag", "rooms", "x"]), inner),
            max_leaves=8,
        ),
    )
    def a_program_sends_nonsense(self, which: int, value: object) -> None:
        self.programs[which % len(self.programs)].client.send(json.dumps(value))

    @precondition(lambda self: self.people or self.programs)
    @rule(which=some, data=st.binary(max_size=60))
    def bytes_come(self, which: int, data: bytes) -> None:
        ends = [*self.people, *self.programs]
        ends[which % len(ends)].client.send_bytes(data)

    # -- the surroundings

    @precondition(lambda self: self.programs)
    @rule(which=some, room=st.integers(0, 300))
    def a_reader_is_stuck_while_others_talk(self, which: int, room: int) -> None:
        self.programs[which % len(self.programs)].client.socket.room = room
        for number in range(6):
            self.a_program_talks(which + number, "lobby", "x" * 500, "say", 1)
        self.all_is_stored()

    @rule()
    def all_read(self) -> None:
        for end in (*self.people, *self.programs):
            end.client.socket.drain()
        self.box.turn()

    @rule()
    def all_is_stored(self) -> None:
        while self.store.waiting:
            self.store.store()
            self.box.turn()

    @precondition(lambda self: self.store.waiting)
    @rule()
    def a_batch_can_not_be_stored(self) -> None:
        self.store.fail(CannotKeep("the disk is full."))
        self.box.turn()

    @rule(seconds=st.sampled_from([0.1, 5.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.box.clock.advance(seconds)
        self.box.turn()

    # -- the promises

    @invariant()
    def a_failure_shows_what_waited(self) -> None:
        note(f"waits: {self.box.hub.queue!r}")

    @invariant()
    def all_are_shown_the_same_in_order_and_nothing_false(self) -> None:
        for end in (*self.people, *self.programs):
            end.check()

    @invariant()
    def what_is_sent_again_is_stored_once(self) -> None:
        tags = [(message.tag, message.text) for message in self.messages if (message.tag or "").startswith("tag")]
        assert len(set(tags)) == len(tags)

    @invariant()
    def memory_is_bounded(self) -> None:
        hub, longest = self.box.hub, LIMITS.json_line * 2
        assert len(hub.rooms) <= LIMITS.rooms
        assert hub.tokens.held <= LIMITS.held
        for name in list(self.box.delivery._feeds):
            for feed in self.box.delivery.feeds(name):
                assert (feed.end - feed.start) <= WINDOW + longest
        assert self.box.delivery.backlog <= (len(self.box.connections.open) + 1) * (WINDOW + 40 * longest)

    @invariant()
    def who_is_where_is_known_alike_to_users_rooms_and_delivery(self) -> None:
        hub = self.box.hub
        for room in hub.rooms.all():
            for member in room.members:
                assert isinstance(member, User)
                assert member.session.rooms[room.name] is room
                assert hub.users.get(member.name) is member
        for user in hub.users.all():
            for room in user.session.rooms.values():
                assert user in room.members
                assert hub.room(room.name) is room
        if self.store.waiting or hub.queue:
            return
        for number, outbox in self.box.delivery._outboxes.items():
            assert number == outbox.session.id
            if not outbox.session.gone and outbox.session.named:
                assert {reader.feed.room for reader in outbox.readers} == set(outbox.session.rooms), outbox.session

    @invariant()
    def no_two_have_names_that_look_alike(self) -> None:
        holders = self.box.hub.users.all()
        assert len({holder.name for holder in holders}) == len(holders)
        assert all(not holder.session.gone for holder in holders)

    def teardown(self) -> None:
        self.all_is_stored()
        for end in (*self.people, *self.programs):
            end.client.socket.drain()
        self.box.turn()
        self.all_are_shown_the_same_in_order_and_nothing_false()
        for program in self.programs:
            for room in program.entered:
                seen = program.places[room].seen
                if not program.client.protocol.session.gone and not program.client.socket.aborted:
                    assert not [number for number in self.ids(room) if number > seen], "all has come"


TestDays = Days.TestCase
TestDays.settings = settings(
    max_examples=int(os.environ.get("MACHINE_RUNS", "60")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
