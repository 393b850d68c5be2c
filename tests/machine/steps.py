"""What happens in a day of the chat: a list of steps, each of which can be left out without changing the others."""

from __future__ import annotations

import atexit
import gc
import json
import random
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from e2e.test_hostile_bytes import NASTY
from house import ADMIN_AT_ONCE, DOORS, Errand, House
from twisted.logger import LogEvent, globalLogPublisher
from twisted.python.failure import Failure

from machine.clients import LOBBY, End, Person
from machine.files import ENDING, body_of
from machine.hooks import Said
from machine.programs import MOST_DEVICES, Pass, Program
from machine.promises import ANYTHING, INFINITY, Code, Device, Look, Register, Subject, Text, World, fold
from machine.requests import ENDS, OF_MESSAGES, Request
from machine.wording import BREAKS

T = TypeVar("T")

PROGRAMS, PEOPLE = 6, 2
SEATS = PROGRAMS + PEOPLE
HOSTS = [*(f"192.0.2.{number}" for number in range(10, 15)), "2001:db8:1::5", "192.0.2.20", "192.0.2.21"]
NAMES = ["boss", "ada", "bob", "eve", "Idle", "cy", "dan", "flo"]
OTHERS = ["root", "ldle", "Ada", "\u0430da", "bob2", "ada2", "bad name", "robot"]
ROBOTS = ["robot", "Robot", "r\u043fbot", "clock", "c1ock"]
"""What hooks are called, besides the names of others."""
ROOMS = ["lobby", "lobby", "lobby", "dev", "den", "ops", "tea"]
SPANS = ["", "1h", "10m spam", "30s", "7d", "spam", "999999w"]
TARGETS = [
    "192.0.2.11", "::ffff:192.0.2.12", "192.0.2.12/31", "2001:db8:1::/64", "192.0.2", "192.0.2.012",
    "::ffff:192.0.2.0/125",
]  # fmt: skip
PASSWORDS = ["correct horse", "battery staple", "something else"]
ODD = [
    *(f"? {nasty.decode('utf-8', 'replace')}" for nasty in NASTY if b"?" not in nasty),
    "bob: ?", "* ? left.", "! ?", "~ bob ?", "?" + " x" * 1000, "?" + "x" * 5000,
]  # fmt: skip
ALL = ["changes", "conversations", "lines"]
"""What a client of today accepts."""
WARDEN = "the warden's own"
ROOT = "the owner's own"
REACTIONS = [*["\U0001f44d"] * 4, "ok", "\u2764\ufe0f", "\U0001f469\u200d\U0001f4bb", "1\ufe0f\u20e3", "not one"]
FORGED = [
    "* bob left.",
    "! no",
    "bob: yes",
    "",
    "  inside",
    "~ bob waves",
    ".",
    "/quit",
    "[2026-11-21 09:15] bob: ha",
    "> bob: ah",
]
"""What somebody may have others read as one line of theirs."""
TALK = (
    "says", "tells", "edits", "reacts", "deletes", "pins", "answers", "misses_something", "reads_what_came_after",
    "what_is_old_is_dropped", "edits_too_late",
)  # fmt: skip
"""What half of the days are about besides."""
TAIL = 3
"""So many of its last messages a program sends again when it comes back."""


@dataclass(frozen=True)
class Step:
    """What is done by whom; *salt* decides how."""

    name: str
    seat: int
    salt: int


class Day:
    """One chat from its beginning, and all that happens to it."""

    def __init__(self, waived: Iterable[str] = (), house: type[House] = House, doors: str = "open") -> None:
        self.conversation: list[str] = []
        self.doors = DOORS[doors]
        self.world = World(self.doors, waived)
        self.hooks, self.files = self.world.hooks, self.world.files
        self.passes: dict[str, Pass] = {}
        self.seats: list[End | None] = [None] * SEATS
        self.broken: list[Program | None] = [None] * SEATS
        self.ends: list[End] = []
        self.everybody: list[Program] = []
        self.errands: list[tuple[str, Errand, Told | None]] = []
        """What the operator waits for."""
        self.count = 0
        self._failures: list[Failure] = []
        self._collecting = False
        gc.callbacks.append(self._collect)
        self._folder = tempfile.TemporaryDirectory(prefix="machine-")
        shutil.copytree(_template(house), self._folder.name, dirs_exist_ok=True)
        for name, password in (("boss", ROOT), ("warden", WARDEN)):
            account = Subject(f"account {name}", is_account=True)
            account.names.add(name)
            account.own_name = name
            account.role, account.password = Register("owner"), Register(password)
            self.world.owners[name] = Register(account)
        globalLogPublisher.addObserver(self._observe)  # type: ignore[arg-type]
        self.house = house(Path(self._folder.name), 1, doors)
        self.world.hellos = lambda: [hello for end in self.ends if isinstance(end, Program) for hello in end.hellos]
        self.world.offers = _templates[house][1]
        self.world.seconds = lambda: self.house.seconds
        self.world.pending = self._pending
        self.world.ending = self._ending
        self.world.changing = lambda subject: any(
            isinstance(end, Program) and end.changes and subject in end.subjects for end in self.ends
        )

    def _pending(self, room: str, but: object) -> bool:
        programs = [end for end in self.ends if isinstance(end, Program)]
        operator = any(words.startswith(f"room {room} ") for words, _, _ in self.errands)
        return operator or any(program.awaits(room, but) for program in programs)

    def _ending(self) -> bool:
        programs = [end for end in self.ends if isinstance(end, Program)]
        asked = any(one.kind in ENDS and not one.answers for program in programs for one in program.requests.values())
        return asked or bool(self.errands)

    def _observe(self, event: LogEvent) -> None:
        if "log_failure" in event and not self._collecting:
            self._failures.append(event["log_failure"])

    def _collect(self, phase: str, info: dict[str, int]) -> None:
        """What a killed chat has left stumbles when Python collects it, which says nothing about the one that runs."""
        self._collecting = phase == "start"

    def close(self) -> None:
        """Leave nothing behind."""
        gc.callbacks.remove(self._collect)
        globalLogPublisher.removeObserver(self._observe)  # type: ignore[arg-type]
        if self.house.running:
            self.house.kill()
        self._folder.cleanup()

    def fail_to_store(self, failing: bool) -> None:
        """From now on nothing can be stored, or again."""
        self.house.fail_to_store(failing)
        if failing or self.world.failed == INFINITY:
            self.world.failed = INFINITY if failing else self.world.tick

    def log(self, line: str) -> None:
        """Note what happened."""
        self.conversation.append(line)

    # -- the course of things

    def do(self, step: Step) -> None:
        """Do one step, and look at what comes of it."""
        chance = random.Random(step.salt)  # noqa: S311
        _, work = STEPS[step.name]
        if work(self, step.seat, chance) is None:
            self.settle()

    def settle(self) -> None:
        """Let the chat do what it can, and look at what everybody is shown."""
        if self.house.running:
            self.house.turn()
        self.world.tick += 1
        self.look_at_errands()
        for end in self.ends:
            end.look()
        self.hooks.look(self._names())
        self.files.look()
        self.ends = [end for end in self.ends if not end.over]
        for seat, there in enumerate(self.seats):
            if there is not None and there.over:
                self._vacate(seat)
        failures = [failure.getTraceback() for failure in self._failures]
        self.world.require("no mistake", not failures, f"the log has: {''.join(failures)}")

    def _names(self) -> dict[str, str]:
        """The names of those who are here, as far as they are clear."""
        here = [end for end in self.ends if isinstance(end, Program) and end.name and not end.over and not end.changes]
        return {fold(end.name): end.title for end in here if not end.stuck}

    def look_at_errands(self) -> None:
        """Look at what the operator is told."""
        for errand in list(self.errands):
            words, asked, told = errand
            answer = asked.answer()
            if answer is not None:
                self.errands.remove(errand)
                self.log(f"-- chat admin {words}: {'' if answer[0] else 'refused: '}{answer[1]!r}")
                if told is not None:
                    told(*answer)
            elif self.house.running:
                self.house.turn()

    def _vacate(self, seat: int) -> None:
        end = self.seats[seat]
        self.seats[seat] = None
        if isinstance(end, Program) and end.token is not None:
            self.broken[seat] = end

    # -- helpers of the steps

    def number(self) -> int:
        """A number that was not used before."""
        self.count += 1
        return self.count

    def connect(self, seat: int, host: str = "198.51.100.1") -> End | None:
        """Somebody connects from the place *seat*, or from *host* if that is none, if the chat is there."""
        if not self.house.running:
            return None
        title = f"{'person' if seat >= PROGRAMS else 'program'} {seat}.{self.number()}"
        host = HOSTS[seat] if seat < SEATS else host
        self.log(f"{title} connects from {host}")
        line = self.house.connect(host)
        end: End
        if seat < PROGRAMS or seat == SEATS:
            end = Program(self.world, title, line, host, self.log, self.passes)
            self.everybody.append(end)
        else:
            end = Person(self.world, title, line, host, self.log)
        self.ends.append(end)
        if seat < SEATS:
            self.seats[seat] = end
        return end

    def program(self, seat: int) -> Program | None:
        """The program at *seat*, if it is in the chat."""
        end = self.seats[seat % PROGRAMS]
        return end if isinstance(end, Program) and end.name and not end.over else None

    def person(self, seat: int) -> Person | None:
        """The person at *seat*."""
        end = self.seats[seat]
        return end if isinstance(end, Person) and not end.over else None

    def request(self, type: str, **fields: Any) -> Request:
        """A request with a tag of its own."""
        return Request({"type": type, **fields, "tag": f"tag{self.number()}"}, self.world.tick)

    def text(self, chance: random.Random) -> str:
        """Words that nobody has said before, now and then with what harms a screen."""
        words = f"words{self.number()}"
        if chance.random() < 0.15:
            return self.lines(words, chance)
        if chance.random() < 0.05:
            return f"@room {words}"
        return words if chance.random() < 0.9 else chance.choice(ODD).replace("?", words)

    def lines(self, words: str, chance: random.Random) -> str:
        """A text of several lines, one of which has the *words*."""
        lines = [words, *chance.choices([*FORGED, words], k=chance.choice([1, 1, 2, 5, 120]))]
        return "".join(f"{line}{chance.choice(BREAKS)}" for line in lines)

    def some_name(self, chance: random.Random, but: str = "") -> str:
        """A name, of somebody else who is here more often than not."""
        here = [end.name for end in self.seats if end is not None and end.name not in ("", but)]
        return chance.choice(here) if here and chance.random() < 0.8 else chance.choice(NAMES + OTHERS)

    def other_name(self, chance: random.Random) -> str:
        """A name, which somebody had before more often than not."""
        had = sorted({name for subject in self.world.everybody() for name in subject.names} - {"warden"})
        return chance.choice(had) if had and chance.random() < 0.6 else chance.choice(NAMES + OTHERS)

    def some_room(self, program: Program, chance: random.Random) -> str:
        """A room, which the program is in more often than not."""
        if not program.views or chance.random() < 0.1:
            return self.known_room(chance)
        return self._one_of(list(program.views), chance)

    def ruled_room(self, program: Program, chance: random.Random) -> str | None:
        """A room of which the program may be op, or, now and then, another."""
        now = Look(program, self.world.tick, self.world.tick)
        ruled = [room for room in program.views if self.world.may_op(program.subjects, self.world.room(room), now)]
        if chance.random() < 0.2:
            return self.some_room(program, chance)
        return self._one_of(ruled, chance) if ruled else None

    def known_room(self, chance: random.Random) -> str:
        """A room, which somebody has been in before more often than not."""
        return self._one_of(sorted(self.world.rooms), chance) if chance.random() < 0.7 else chance.choice(ROOMS)

    def _one_of(self, rooms: Sequence[str], chance: random.Random) -> str:
        """One of *rooms*: one that is private, or else not the lobby, more often than not."""
        now = Look(None, self.world.tick, self.world.tick)
        private = [room for room in rooms if {"private", "members"} & set(self.world.room(room).access.values(now))]
        others = [room for room in rooms if room != LOBBY]
        preferred = private if private and chance.random() < 0.5 else others
        return chance.choice(preferred if preferred and chance.random() < 0.7 else rooms or ROOMS)

    def accepted(self, chance: random.Random) -> list[str] | None:
        """What a client says that it knows: an old one says nothing."""
        return chance.choice([None, ["conversations"], ["changes", "lines"], ALL, ALL, ALL])

    def key(self, chance: random.Random) -> str | None:
        """A key, the right one more often than not; ``None`` if none is needed."""
        if self.doors.key is None or chance.random() < 0.9:
            return self.doors.key
        return chance.choice([None, "another key"])

    def code(self, chance: random.Random) -> str | None:
        """The code of an invitation; ``None`` if none is needed."""
        if not self.world.by_invitation or chance.random() < 0.1:
            return None
        return chance.choice(list(self.world.codes)[-2:] or ["no code"])

    def password_of(self, name: str, chance: random.Random) -> str | None:
        """A password for *name*, the right one more often than not; ``None`` if none is needed."""
        now = Look(None, self.world.tick, self.world.tick)
        owners = [owner for owner in self.world.owner(name).values(now) if owner is not None]
        if not owners:
            return None if chance.random() < 0.9 else chance.choice(PASSWORDS)
        if chance.random() < 0.1:
            return chance.choice([*PASSWORDS, None])
        return str(list(owners[-1].password.values(now))[-1])


_templates: dict[type[House], tuple[Path, frozenset[str]]] = {}
NOT_EVERYWHERE = ("conversations", "uninvite", "slow")
"""Requests that not every chat knows yet."""


def _template(kind: type[House]) -> Path:
    """A folder with the history of a chat in which there are two owners and nothing was said."""
    if kind in _templates:
        return _templates[kind][0]
    folder = Path(tempfile.mkdtemp(prefix="machine-"))
    house = kind(folder, seed=0)
    for name, password in (("boss", ROOT), ("warden", WARDEN)):
        line = house.connect("198.51.100.1")
        for request in ({"type": "hello", "name": name, "rooms": {}}, {"type": "register", "password": password}):
            line.send(json.dumps(request).encode() + b"\n")
            house.turn()
    for name in NOT_EVERYWHERE:
        line.send(json.dumps({"type": name, "tag": name}).encode() + b"\n")
        house.turn()
    answers = [json.loads(answer) for answer in line.received().splitlines() if answer.startswith(b"{")]
    unknown = {answer["tag"] for answer in answers if answer.get("code") == "unknown-type"}
    offers = frozenset(NOT_EVERYWHERE) - unknown
    house.stop()
    for name in ("boss", "warden"):
        answer = house.admin("role", name, "owner").answer()
        assert answer is not None
        assert answer[0], answer
    _templates[kind] = folder, offers
    atexit.register(shutil.rmtree, folder)
    return folder


# -- steps

Work = Callable[[Day, int, random.Random], object]
STEPS: dict[str, tuple[float, Work]] = {}
"""All kinds of steps: how often they come, and what they do. One that returns something has done nothing."""
NOTHING = "nothing was done"


def step(weight: float) -> Callable[[Work], Work]:
    """Add a kind of step."""

    def add(work: Work) -> Work:
        STEPS[work.__name__] = (weight, work)
        return work

    return add


def asks(weight: float) -> Callable[[Callable[[Day, Program, random.Random], Request | None]], object]:
    """Add a kind of step in which a program asks for something, and now and then for the same twice at once."""

    def add(make: Callable[[Day, Program, random.Random], Request | None]) -> object:
        def work(day: Day, seat: int, chance: random.Random) -> object:
            program = day.program(seat)
            request = make(day, program, chance) if program is not None else None
            if program is None or request is None:
                return NOTHING
            requests = [request]
            once = request.kind == "upload" or ("text" in request.fields and request.kind != "react")
            if chance.random() < 0.15 and not once:
                requests.append(day.request(**request.fields))
            program.ask(*requests)
            return None

        work.__name__ = make.__name__
        STEPS[make.__name__] = (weight, work)
        return make

    return add


# coming and going


@step(3)
def connects(day: Day, seat: int, chance: random.Random) -> object:
    if day.seats[seat] is not None:
        return NOTHING
    return NOTHING if day.connect(seat) is None else None


@step(12)
def comes(day: Day, seat: int, chance: random.Random) -> object:
    end: End | None = day.seats[seat] or day.connect(seat)
    if end is None or end.name or end.over:
        return NOTHING
    name = NAMES[seat] if chance.random() < 0.6 else day.other_name(chance)
    if isinstance(end, Person):
        if end.waits:
            return NOTHING
        _answer(day, end, name, chance)
    elif isinstance(end, Program):
        if end.hellos:
            return NOTHING
        rooms = {LOBBY: None, day.known_room(chance): None}
        accept = day.accepted(chance)
        password = day.password_of(name, chance)
        end.ask(hello(day, name=name, rooms=rooms, password=password, key=day.key(chance), accept=accept))
    return None


def _answer(day: Day, person: Person, name: str, chance: random.Random) -> None:
    """Type what a *person* is asked for, who is not in yet."""
    match person.asked:
        case "key":
            person.type(day.key(chance) or "no key")
        case "name":
            person.type(name)
        case "password":
            person.type(day.password_of(person.tried_name, chance) or "")


def hello(day: Day, **fields: Any) -> Request:
    """The request by which a program comes in."""
    fields.setdefault("key", day.doors.key)
    return day.request("hello", **{key: value for key, value in fields.items() if value is not None})


@step(4)
def comes_with_a_new_account(day: Day, seat: int, chance: random.Random) -> object:
    end: End | None = day.seats[seat % PROGRAMS] or day.connect(seat % PROGRAMS)
    if not isinstance(end, Program) or end.name or end.hellos:
        return NOTHING
    name = NAMES[seat % PROGRAMS] if chance.random() < 0.5 else day.other_name(chance)
    account = {"register": True, "password": chance.choice(PASSWORDS), "code": day.code(chance)}
    end.ask(hello(day, name=name, rooms={LOBBY: None}, key=day.key(chance), **account))
    return None


@step(4)
def comes_beside(day: Day, seat: int, chance: random.Random) -> object:
    """Log in to the account of somebody who is here."""
    end: End | None = day.seats[seat % PROGRAMS] or day.connect(seat % PROGRAMS)
    others = [other for other in day.seats if isinstance(other, Program) and other.account is not None]
    if not isinstance(end, Program) or end.name or end.hellos or not others:
        return NOTHING
    other = chance.choice(others)
    assert other.account is not None
    name = other.account.own_name if chance.random() < 0.8 else other.name
    rooms = dict.fromkeys(other.views) if chance.random() < 0.5 else {day.known_room(chance): None}
    password = day.password_of(other.account.own_name, chance)
    accept = day.accepted(chance)
    end.ask(hello(day, name=name, rooms=rooms, password=password, accept=accept))
    return None


@step(0.5)
def comes_on_many_devices(day: Day, seat: int, chance: random.Random) -> object:
    """So many that some must end."""
    others = [other for other in day.seats if isinstance(other, Program) and other.account is not None]
    if not others or not day.house.running:
        return NOTHING
    account = chance.choice(others).account
    assert account is not None
    for _ in range(MOST_DEVICES):
        end = day.connect(SEATS, "198.51.100.2")
        assert isinstance(end, Program)
        end.ask(hello(day, name=account.own_name, rooms={}, password=day.password_of(account.own_name, chance)))
    return None


@step(12)
def comes_back(day: Day, seat: int, chance: random.Random) -> object:
    before = day.broken[seat]
    if day.seats[seat] is not None or before is None or not day.house.running:
        return NOTHING
    if chance.random() < 0.8:
        day.broken[seat] = None
    _come_back(day, seat, before, chance, waiting=True)
    return None


def _talk_to(day: Day, name: str, room: str, chance: random.Random, *, privately: bool) -> None:
    """Somebody who is in a room says something there, or to *name* in private, or changes what was said."""
    here = [end for end in day.seats if isinstance(end, Program) and room in end.views and not end.over]
    here = [end for end in here if not privately or end.name != name]
    if not here or not day.house.running:
        return
    program, now = chance.choice(here), Look(None, day.world.tick, day.world.tick)
    there = [number for number, text in day.world.by_id.items() if text.room == room and text.stays]
    letters = [number for number in sorted(program.private) if number in day.world.by_id]
    if privately and not letters:
        program.ask(day.request("msg", name=name, text=day.text(chance)))
        day.settle()
        return
    if privately:
        there = letters
    mine = [number for number in there if day.world.by_id[number].authors & set(program.subjects)]
    number = chance.choice(there[-4:]) if there else 0
    match chance.choice(["say", "edit", "edit", "react", "react", "pin", "delete", "msg"] if number else ["say"]):
        case "edit" if mine:
            request = day.request("edit", id=chance.choice(mine[-3:]), text=day.text(chance))
        case "react":
            request = day.request("react", id=number, text=chance.choice(REACTIONS))
        case "pin" if there is not letters and day.world.may_op(program.subjects, day.world.room(room), now):
            request = day.request("pin", room=room, id=number)
        case "delete" if mine and chance.random() < 0.5:
            request = day.request("delete", id=chance.choice(mine[-3:]))
        case "msg":
            to = name if chance.random() < 0.7 else day.some_name(chance)
            request = day.request("msg", name=to, text=day.text(chance))
        case _:
            request = day.request("say", room=room, text=day.text(chance))
    program.ask(request)
    day.settle()


@step(5)
def misses_something(day: Day, seat: int, chance: random.Random) -> object:
    """A program breaks off, others talk, and it comes back."""
    seat %= PROGRAMS
    program = day.program(seat)
    if program is None or not day.house.running:
        return NOTHING
    room, name = chance.choice(sorted(program.views)) if program.views else LOBBY, program.name
    privately = chance.random() < 0.4
    for _ in range(chance.randrange(4)):
        _talk_to(day, name, room, chance, privately=privately)
    if not program.over:
        program.lose()
        day.settle()
    for _ in range(chance.randrange(1, 9)):
        _talk_to(day, name, room, chance, privately=privately)
    before = day.broken[seat]
    if before is not None and day.seats[seat] is None:
        day.broken[seat] = None
        _come_back(day, seat, before, chance, waiting=True)
    return None


@step(1.5)
def two_come_back_at_once(day: Day, seat: int, chance: random.Random) -> object:
    """By one token, and both send again what was not answered."""
    free = [number for number in range(PROGRAMS) if day.seats[number] is None]
    before = day.broken[seat]
    if before is None or len(free) < 2 or not day.house.running:
        return NOTHING
    day.broken[seat] = None
    for number in free[:2]:
        _come_back(day, number, before, chance, waiting=False)
    return None


def _come_back(day: Day, seat: int, before: Program, chance: random.Random, *, waiting: bool) -> None:
    """Say hello by the token of *before*, and send its last messages again, *waiting* for the welcome or not."""
    program = day.connect(seat)
    assert isinstance(program, Program)
    assert before.token is not None
    known = day.passes[before.token]
    password = day.password_of(known.name, chance) if chance.random() < 0.5 else None
    rooms: dict[str, int | None] = dict(known.rooms)
    if chance.random() < 0.2:
        rooms[chance.choice(ROOMS)] = None
    begun = before.hello.sent if before.hello is not None else 0
    stored = [one for one in before.requests.values() if one.text is not None or one.kind in OF_MESSAGES]
    # What is dropped takes its tag with it.
    kept = [one for one in stored if not any(text.dropped for text in (one.text, one.changed) if text is not None)]
    said = [request for request in kept if request.sent > begun]
    # To who gives a password, the token of somebody without an account is another's: its tags count no more.
    counts = (password is None or known.subject.is_account) and known.subject.logs_out < known.used
    counts = counts and not known.subject.alive.may_be(False, Look(None, known.used, day.world.tick))
    again = [request.again_by(day.world.tick) for request in said if counts]
    more: dict[str, Any] = {}
    if before.accepts and "conversations" in day.world.offers:
        more["accept"] = before.accepts if chance.random() < 0.9 else day.accepted(chance)
        if before.follows:
            more["private"] = known.private if chance.random() < 0.9 else None
    first = hello(day, name=known.name, token=before.token, rooms=rooms or None, password=password, **more)
    if waiting:
        program.ask(first)
        day.settle()
        if program.name and program.token == before.token:
            program.ask(*again[-TAIL:])
    else:
        program.ask(first, *again[-TAIL:])


@step(1.5)
def guesses_passwords(day: Day, seat: int, chance: random.Random) -> object:
    end = day.seats[seat]
    owned = [name for name in NAMES if day.password_of(name, chance) is not None]
    if not isinstance(end, Program) or end.name or end.over or end.hellos or not owned:
        return NOTHING
    name = chance.choice(owned)
    for _ in range(4):
        if not end.over:
            end.ask(hello(day, name=name, password="wrong password"))
            day.settle()
    return None


@step(1)
def comes_and_breaks_off_before_it_reads(day: Day, seat: int, chance: random.Random) -> object:
    if day.seats[seat] is not None or seat >= PROGRAMS or not day.house.running:
        return NOTHING
    name = NAMES[seat]
    day.log(f"somebody comes in as {name} from {HOSTS[seat]}, and breaks off before they read anything")
    line = day.house.connect(HOSTS[seat])
    hello = {"type": "hello", "name": name, "password": day.password_of(name, chance), "key": day.doors.key}
    sent = day.world.tick = day.world.tick + 1
    day.world.tries[HOSTS[seat]] = day.world.tries.get(HOSTS[seat], 0) + 1
    line.send(json.dumps({key: value for key, value in hello.items() if value is not None}).encode() + b"\n")
    day.house.turn()
    line.lose()
    now = Look(None, sent, sent)
    for owner in list(day.world.owner(name).values(now)):
        ghost = owner if owner is not None else Subject(f"presence {name}, who broke off", is_account=False)
        ghost.names.add(name)
        ghost.lists(LOBBY).may_put(True, sent, day.world.tick)
        day.world.holder(name).may_put(ghost, sent, day.world.tick)
        device = Device(f"of {name}, who broke off")
        device.held = True
        device.room(day.world.room(LOBBY)).may_put(True, sent, day.world.tick)
        ghost.devices.add(device)
        day.world.room(LOBBY).topic.may_put("", 0, day.world.tick)
    return None


@step(4)
def breaks_off(day: Day, seat: int, chance: random.Random) -> object:
    end = day.seats[seat]
    if end is None:
        return NOTHING
    if isinstance(end, Program | Person):
        end.lose()
    return None


@asks(2)
def quits(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("quit")


# what programs say and ask


@asks(10)
def says(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request(chance.choice(["say", "me"]), room=day.some_room(program, chance), text=day.text(chance))


@asks(6)
def tells(day: Day, program: Program, chance: random.Random) -> Request:
    if program.withs and "conversations" in day.world.offers and chance.random() < 0.3:
        name = chance.choice(sorted(program.withs))
        if program.other_side({"with": name}) is not None:
            return day.request("msg", **{"with": name, "text": day.text(chance)})
    return day.request("msg", name=day.some_name(chance), text=day.text(chance))


@asks(3)
def reads_a_conversation(day: Day, program: Program, chance: random.Random) -> Request | None:
    if "conversations" not in day.world.offers:
        return None
    if not program.withs or chance.random() < 0.2:
        return day.request("conversations")
    name = chance.choice(sorted(program.withs))
    if chance.random() < 0.5:
        return day.request("history", **{"with": name, "count": chance.choice([1, 5, 200])})
    return day.request("read", **{"with": name, "id": chance.choice([0, *sorted(program.private)[-3:]])})


@asks(4)
def deletes(day: Day, program: Program, chance: random.Random) -> Request | None:
    ids = program.said if chance.random() < 0.8 else list(day.world.by_id)
    return day.request("delete", id=chance.choice(ids[-3:])) if ids else None


def _some_message(day: Day, program: Program, chance: random.Random, room: str | None = None) -> int | None:
    """The id of one of the last messages, of rooms that the program is in more often than not."""
    ids = list(day.world.by_id)
    near = [number for number in ids if day.world.by_id[number].room in (room,) or day.world.by_id[number].room is None]
    if room is not None and chance.random() < 0.9:
        ids = [number for number in near if day.world.by_id[number].room == room] or ids
    elif chance.random() < 0.3:
        ids = [number for number in program.private if number in day.world.by_id] or ids
    return chance.choice(ids[-4:]) if ids else None


@asks(7)
def edits(day: Day, program: Program, chance: random.Random) -> Request | None:
    ids = [number for number in program.said if number in day.world.by_id]
    number = chance.choice(ids[-3:]) if ids and chance.random() < 0.9 else _some_message(day, program, chance)
    return day.request("edit", id=number, text=day.text(chance)) if number is not None else None


@asks(9)
def reacts(day: Day, program: Program, chance: random.Random) -> Request | None:
    number = _some_message(day, program, chance, day.some_room(program, chance))
    on: dict[str, Any] = {"on": chance.random() < 0.6} if chance.random() < 0.6 else {}
    return day.request("react", id=number, text=chance.choice(REACTIONS), **on) if number is not None else None


@asks(5)
def pins(day: Day, program: Program, chance: random.Random) -> Request | None:
    room = day.ruled_room(program, chance)
    number = _some_message(day, program, chance, room)
    on: dict[str, Any] = {"on": chance.random() < 0.7} if chance.random() < 0.7 else {}
    return day.request("pin", room=room, id=number, **on) if room is not None and number is not None else None


@asks(2)
def lists_pins(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("pins", room=day.some_room(program, chance))


@asks(4)
def answers(day: Day, program: Program, chance: random.Random) -> Request | None:
    room = day.some_room(program, chance)
    number = _some_message(day, program, chance, room)
    if number is None:
        return None
    text = day.world.by_id[number]
    if text.room is None and chance.random() < 0.8:
        known = [name for name in sorted(program.withs) if program.other_side({"with": name}) is not None]
        if not known:
            return None
        return day.request("msg", **{"with": chance.choice(known), "text": day.text(chance), "re": number})
    return day.request("say", room=room, text=day.text(chance), re=number)


@asks(1)
def says_as_a_program(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("say", room=day.some_room(program, chance), text=day.text(chance), notice=chance.random() < 0.8)


@step(2)
def calls_everybody(day: Day, seat: int, chance: random.Random) -> object:
    """Now and then twice."""
    program = day.program(seat)
    room = day.ruled_room(program, chance) if program is not None else None
    if program is None or room is None:
        return NOTHING
    texts = [f"@room {day.text(chance)}" for _ in range(chance.choice([1, 2]))]
    program.ask(*(day.request("say", room=room, text=text) for text in texts))
    return None


@asks(2)
def chooses_words(day: Day, program: Program, chance: random.Random) -> Request:
    words = chance.choice([[], ["deploy"], ["deploy", "build 7"]])
    return day.request("notify", **({"words": words} if chance.random() < 0.7 else {}))


@asks(2)
def reads_around(day: Day, program: Program, chance: random.Random) -> Request | None:
    room = day.some_room(program, chance)
    number = _some_message(day, program, chance, room)
    return day.request("history", room=room, around=number, count=chance.choice([1, 3, 9])) if number else None


@asks(2)
def reads_what_came_after(day: Day, program: Program, chance: random.Random) -> Request | None:
    room = day.some_room(program, chance)
    number = chance.choice([0, *list(day.world.numbers)[-9:]])
    return day.request("history", room=room, after=number, count=chance.choice([1, 3, 200]))


@step(0.7)
def edits_too_late(day: Day, seat: int, chance: random.Random) -> object:
    """Somebody edits what they have said, now and then more than an hour ago."""
    program = day.program(seat)
    mine = [number for number in program.said if number in day.world.by_id] if program is not None else []
    if program is None or not mine:
        return NOTHING
    _jump(day, chance.choice([1800.0, 3700.0]))
    program.ask(day.request("edit", id=chance.choice(mine[-3:]), text=day.text(chance)))
    return None


@step(0.4)
def reacts_with_everything(day: Day, seat: int, chance: random.Random) -> object:
    program = day.program(seat)
    number = _some_message(day, program, chance, next(iter(program.views), None)) if program is not None else None
    if program is None or number is None:
        return NOTHING
    program.ask(*(day.request("react", id=number, text=f"kind{one}", on=True) for one in range(21)))
    return None


@step(0.5)
def pins_everything(day: Day, seat: int, chance: random.Random) -> object:
    program = day.program(seat)
    room = day.ruled_room(program, chance) if program is not None else None
    if program is None or room is None:
        return NOTHING
    program.ask(*(day.request("say", room=room, text=f"words{day.number()}") for _ in range(52)))
    day.settle()
    if not program.over:
        ids = [number for number in program.said[-52:] if number in day.world.by_id]
        program.ask(*(day.request("pin", room=room, id=number, on=True) for number in ids))
    return None


@asks(7)
def joins(day: Day, program: Program, chance: random.Random) -> Request | None:
    rooms = [room for _ in range(4) if (room := day.known_room(chance)) not in program.views]
    return day.request("join", room=rooms[0]) if rooms else None


@asks(3)
def leaves(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("leave", room=day.some_room(program, chance))


@asks(4)
def takes_another_name(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("nick", name=day.other_name(chance))


@asks(3)
def sets_the_topic(day: Day, program: Program, chance: random.Random) -> Request:
    text = f"words{day.number()}" if chance.random() < 0.8 else ""
    return day.request("topic", room=day.some_room(program, chance), text=text)


@asks(1)
def asks_for_the_topic(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("topic", room=day.some_room(program, chance))


@asks(5)
def registers(day: Day, program: Program, chance: random.Random) -> Request | None:
    if program.changes:
        return None
    code = day.code(chance)
    more = {"code": code} if code is not None else {}
    return day.request("register", password=chance.choice(PASSWORDS), **more)


@asks(3)
def makes_an_invitation(day: Day, program: Program, chance: random.Random) -> Request | None:
    return day.request("invitation") if day.world.by_invitation or chance.random() < 0.1 else None


@asks(3)
def changes_the_password(day: Day, program: Program, chance: random.Random) -> Request | None:
    return day.request("password", password=chance.choice(PASSWORDS)) if program.account is not None else None


@asks(3)
def unregisters(day: Day, program: Program, chance: random.Random) -> Request | None:
    account = program.account
    if account is None or program.changes:
        return None
    now = Look(None, day.world.tick, day.world.tick)
    password = list(account.password.values(now))[-1] if chance.random() < 0.9 else chance.choice(PASSWORDS)
    return day.request("unregister", password=password)


def _decides(kind: str, weight: float, **more: Sequence[str]) -> None:
    """Add a kind of step in which an op decides about somebody."""

    def decides(day: Day, program: Program, chance: random.Random) -> Request | None:
        room = day.ruled_room(program, chance)
        fields = {name: chance.choice(values) for name, values in more.items()}
        name = day.some_name(chance, but=program.name if chance.random() < 0.8 else "")
        return day.request(kind, room=room, name=name, **fields) if room is not None else None

    decides.__name__ = f"{kind}s_somebody"
    asks(weight)(decides)


_decides("kick", 5)
_decides("op", 4)
_decides("invite", 5)
_decides("mute", 3, text=["", "30s", "1h spam"])
_decides("unmute", 1)


@asks(1.5)
def locks_the_topic(day: Day, program: Program, chance: random.Random) -> Request | None:
    room = day.ruled_room(program, chance)
    return day.request("lock", room=room) if room is not None else None


@asks(5)
def closes_a_room(day: Day, program: Program, chance: random.Random) -> Request | None:
    room = day.ruled_room(program, chance)
    kinds = ["private", "private", "private", "open"]
    access = chance.choice([*kinds, "members", "members"] if "uninvite" in day.world.offers else kinds)
    return day.request("room", room=room, access=access) if room is not None else None


def _rules(weight: float) -> Callable[[Callable[[Day, Program, str, random.Random], Request]], object]:
    """Add a kind of step in which an op, or a founder, decides about a room."""

    def add(make: Callable[[Day, Program, str, random.Random], Request]) -> object:
        def decides(day: Day, program: Program, chance: random.Random) -> Request | None:
            room = day.ruled_room(program, chance)
            return make(day, program, room, chance) if room is not None and "uninvite" in day.world.offers else None

        decides.__name__ = make.__name__
        asks(weight)(decides)
        return make

    return add


@_rules(2)
def archives_a_room(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    return day.request("room", room=room, access="archived", on=chance.random() < 0.5)


@_rules(4)
def ends_a_room(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    return day.request("room", room=room, access="closed", name=room)


@_rules(3)
def hands_a_room_on(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    return day.request("room", room=room, access="founder", name=day.some_name(chance))


@_rules(4)
def slows_a_room(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    return day.request("slow", room=room, text=chance.choice(["off", "30s", "1h"]))


@_rules(3)
def bans_from_a_room(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    target = day.some_name(chance, but=program.name)
    return day.request("ban", room=room, target=target, text=chance.choice(SPANS))


@_rules(2)
def unbans_from_a_room(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    return day.request("unban", room=room, target=day.some_name(chance))


@_rules(1)
def lists_bans_of_a_room(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    return day.request("bans", room=room)


@_rules(2)
def takes_an_invitation_back(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    return day.request("uninvite", room=room, name=day.some_name(chance))


@asks(3)
def opens_a_room_again(day: Day, program: Program, chance: random.Random) -> Request | None:
    now = Look(None, day.world.tick, day.world.tick)
    closed = [name for name, room in day.world.rooms.items() if room.closed.may_be(True, now)]
    return day.request("room", room=chance.choice(closed), access="open") if closed else None


@asks(2)
def lists_rooms(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("rooms")


@asks(4)
def bans(day: Day, program: Program, chance: random.Random) -> Request:
    name = day.some_name(chance) if chance.random() < 0.5 else day.other_name(chance)
    target = chance.choice([*TARGETS, *2 * [f"@{name}"]]) if chance.random() < 0.5 else name
    return day.request("ban", target=target, text=chance.choice(SPANS))


@asks(2)
def unbans(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("unban", target=chance.choice(list(day.world.bans) or TARGETS))


@asks(2)
def lists_bans(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("bans")


@asks(4)
def appoints(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("moderator", name=day.some_name(chance))


@asks(3)
def has_read(day: Day, program: Program, chance: random.Random) -> Request:
    room = day.some_room(program, chance)
    view = program.views.get(room)
    seen = view.seen if view is not None else 0
    return day.request("read", room=room, id=chance.choice([seen, seen, max(0, seen - 1), seen + 5]))


@asks(2)
def is_away(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("away", **({"text": f"words{day.number()}"} if chance.random() < 0.6 else {}))


@asks(2)
def ignores_somebody(day: Day, program: Program, chance: random.Random) -> Request:
    if chance.random() < 0.3:
        return day.request("ignore")
    name = "guests" if chance.random() < 0.4 else day.some_name(chance, but=program.name)
    return day.request("ignore", name=name, on=chance.random() < 0.6)


@_rules(12)
def makes_a_hook(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    name = chance.choice(ROBOTS) if chance.random() < 0.7 else day.other_name(chance)
    return day.request("hook", room=room, name=name)


@_rules(1)
def ends_a_hook(day: Day, program: Program, room: str, chance: random.Random) -> Request:
    names = [hook.name for hook in day.hooks.known if hook.room == room]
    return day.request("unhook", room=room, name=chance.choice(names or ROBOTS))


@asks(1)
def lists_hooks(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("hooks", room=day.some_room(program, chance))


@step(25)
def a_hook_speaks(day: Day, seat: int, chance: random.Random) -> object:
    """Or says again what it has said, under the same tag."""
    if not day.house.running or not day.hooks.known:
        return NOTHING
    hook = chance.choice(day.hooks.known[-4:])
    # What is dropped takes its tag with it.
    before = [said for said in hook.said if not said.text.dropped]
    if before and chance.random() < 0.4:
        said = chance.choice(before[-3:])
    else:
        said = Said(Text(day.text(chance), {hook.subject}, hook.room, notice=True), f"tag{day.number()}")
        hook.said.append(said)
        day.world.add(said.text)
    day.log(f"the hook {hook.name} of #{hook.room} is sent {said.text.text!r} under {said.tag}")
    day.world.tick += 1
    day.hooks.post(
        hook, said, Look(None, day.world.tick, INFINITY), day.house.post(hook.secret, said.text.text, said.tag)
    )
    return None


@asks(10)
def asks_to_send_a_file(day: Day, program: Program, chance: random.Random) -> Request | None:
    name = f"words{day.number()}{ENDING}"
    fields: dict[str, Any] = {"name": name, "size": len(body_of(name))}
    if chance.random() < 0.8:
        return day.request("upload", room=day.some_room(program, chance), **fields)
    known = [name for name in sorted(program.withs) if program.other_side({"with": name}) is not None]
    return day.request("upload", **{"with": chance.choice(known)}, **fields) if known else None


@step(25)
def sends_a_file(day: Day, seat: int, chance: random.Random) -> object:
    """One of those that were asked for last; now and then half of it, or once more."""
    tickets = [ticket for ticket in day.files.tickets[-6:] if not ticket.text.acknowledged or chance.random() < 0.1]
    if not day.house.running or not tickets:
        return NOTHING
    ticket = chance.choice(tickets)
    whole = chance.random() < 0.9
    day.log(f"{ticket.by.title} sends {'the file' if whole else 'half of the file'} {ticket.text.file} to {ticket.key}")
    day.world.tick += 1
    exchange = day.house.put(ticket.key, body_of(ticket.text.file), whole=whole)
    if whole:
        day.files.send(ticket, Look(ticket.by, day.world.tick, INFINITY), exchange)
    return None


@step(8)
def fetches_a_file(day: Day, seat: int, chance: random.Random) -> object:
    texts = [text for text in day.world.by_id.values() if text.key]
    if not day.house.running or not texts:
        return NOTHING
    text = chance.choice(texts[-6:])
    day.log(f"somebody fetches the file {text.file} of message {text.id}")
    fetch(day, text)
    return None


def fetch(day: Day, text: Text) -> None:
    """Somebody who has its address fetches the file of a message."""
    day.world.tick += 1
    exchange = day.house.fetch(text.key, text.file)
    day.files.fetch(text, Look(None, day.world.tick, INFINITY), exchange)


@asks(2)
def lists_devices(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("devices")


@asks(2)
def logs_out(day: Day, program: Program, chance: random.Random) -> Request:
    device = chance.choice(program.devices or [1, 1, 2])
    return day.request("logout", **({"device": device} if chance.random() < 0.8 else {}))


@asks(3)
def asks_who_somebody_is(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("whois", name=day.some_name(chance))


@asks(3)
def renames_the_account(day: Day, program: Program, chance: random.Random) -> Request | None:
    if program.account is None or program.changes:
        return None
    password = day.password_of(program.account.own_name, chance)
    return day.request("rename", name=day.other_name(chance), password=password or "wrong password")


@asks(4)
def asks_who_is_there(day: Day, program: Program, chance: random.Random) -> Request:
    return day.request("who", room=day.some_room(program, chance))


@asks(2)
def reads_back(day: Day, program: Program, chance: random.Random) -> Request:
    if chance.random() < 0.3:
        return day.request("search", text="author:" + chance.choice(NAMES))
    return day.request("history", room=day.some_room(program, chance), count=chance.choice([1, 5, 200]))


@step(1)
def sends_nonsense(day: Day, seat: int, chance: random.Random) -> object:
    end = day.seats[seat]
    if end is None:
        return NOTHING
    pieces = [
        '{"type"',
        ":",
        '"say"',
        "{",
        "}",
        "[[[",
        "1e999",
        '"room"',
        "null",
        "\udcff",
        "\x00",
        "\x1b[2J",
        "/",
        "x" * 90,
    ]
    data = "".join(chance.choices(pieces, k=chance.randrange(1, 6))).encode("utf-8", "surrogateescape")
    if isinstance(end, Person) or not end.name:
        data = b"/x" + data if isinstance(end, Person) and end.name else b""
    day.log(f"{end.title} > {data!r}")
    end.line.send(data + b"x\n" if data else b"")
    return None


# people


@step(4)
def types(day: Day, seat: int, chance: random.Random) -> object:
    person = day.person(PROGRAMS + seat % PEOPLE)
    if person is None or not person.name:
        return NOTHING
    words = f"words{day.number()}"
    told = f"/msg {day.some_name(chance).split()[0]} {words}"
    name = day.some_name(chance).split()[0]
    asks_for = ["/who", "/history", f"/msg {name}", "/conversations", f"/whois {name}", "/devices", "/rooms"]
    number = chance.choice(list(day.world.by_id)[-4:] or [1])
    changes = [
        f"/edit {words}", f"/edit {words}", "/delete", "/react \U0001f389", f"/react \U0001f389 {number}",
        f"/pin {number}", "/pins", f"/reply {words}", f"/reply {words}", "/notify deploy", f"/history around {number}",
    ]  # fmt: skip
    person.type(chance.choice([words, words, words, told, told, *asks_for, *changes, "exit"]))
    return None


@step(1.5)
def pastes(day: Day, seat: int, chance: random.Random) -> object:
    person = day.person(PROGRAMS + seat % PEOPLE)
    if person is None or not person.name:
        return NOTHING
    lines = [line for line in day.lines(f"words{day.number()}", chance).splitlines() if line.strip() != "."]
    person.paste("\n".join(lines))
    return None


# the surroundings


@step(5)
def something_takes_long(day: Day, seat: int, chance: random.Random) -> object:
    if not day.house.running:
        return NOTHING
    name = chance.choice(["storing", "storing", "hashing", "hashing", "reading"])
    day.log(f"-- {name} takes long from now on")
    getattr(day.house, name).closed = True
    return None


@step(1.5)
def files_take_long(day: Day, seat: int, chance: random.Random) -> object:
    if not day.house.running:
        return NOTHING
    day.log("-- writing files takes long from now on")
    day.house.filing.closed = True
    return None


@step(6)
def one_thing_is_done(day: Day, seat: int, chance: random.Random) -> object:
    if not day.house.running:
        return NOTHING
    gates = [g for g in ("storing", "hashing", "reading", "filing") if getattr(day.house, g).waiting]
    if not gates:
        return NOTHING
    name = chance.choice(gates)
    day.log(f"-- {name}: one thing is done")
    getattr(day.house, name).one()
    return None


@step(5)
def everything_is_done(day: Day, seat: int, chance: random.Random) -> object:
    if not day.house.running:
        return NOTHING
    day.log("-- everything that waits is done, and nothing takes long from now on")
    day.house.let_all_through()
    return None


@step(1.5)
def nothing_can_be_stored(day: Day, seat: int, chance: random.Random) -> object:
    if not day.house.running:
        return NOTHING
    failing = chance.random() < 0.5
    day.log(f"-- {'nothing can be stored' if failing else 'everything can be stored again'}")
    day.fail_to_store(failing)
    return None


@step(3)
def time_passes(day: Day, seat: int, chance: random.Random) -> object:
    seconds = chance.choice([0.1, 5.0, 40.0, 70.0])
    day.log(f"-- {seconds:g} seconds pass")
    day.house.pass_time(seconds)
    held = {device for subject in day.world.everybody() for device in subject.devices if device.held}
    for device in held if seconds > 1 else ():
        # It may not be held any more, and others of its user are.
        device.may_have_left(day.world.tick, day.world.tick)
    return None


@step(1)
def the_clock_jumps(day: Day, seat: int, chance: random.Random) -> object:
    seconds = chance.choice([-1e6, -3600.0, -5.0, 5.0, 3700.0])
    _jump(day, seconds)
    return None


def _jump(day: Day, seconds: float) -> None:
    """Set the clock ahead, or back."""
    day.log(f"-- the clock jumps by {seconds:g} seconds")
    day.house.set_clock(seconds)
    day.world.jumped = True
    for register in day.world.bans.values():
        register.forget_times()
    for subject in day.world.everybody():
        for (kind, _), right in subject.rights.items():
            if kind == "banned":
                right.forget_times()


@step(1.5)
def what_is_old_is_dropped(day: Day, seat: int, chance: random.Random) -> object:
    if not day.house.running or not day.world.by_id:
        return NOTHING
    last = chance.choice(list(day.world.by_id)[-4:])
    room = day.world.by_id[last].room
    day.log(f"-- what was said {f'in #{room}' if room is not None else 'in private'} is dropped, up to message {last}")
    for text in day.world.texts.values():
        if text.room == room and (text.id is None or text.id <= last):
            text.may_be_deleted = text.dropped = True
            text.pinned.may_put(False, day.world.tick, INFINITY)
    day.house.drop(room, last)
    return None


@step(1)
def reads_slowly(day: Day, seat: int, chance: random.Random) -> object:
    program = day.program(seat)
    if program is None:
        return NOTHING
    room = chance.randrange(300)
    day.log(f"{program.title} reads only {room} bytes more")
    program.stuck = True
    program.line.stick(room)
    return None


@step(2)
def reads_again(day: Day, seat: int, chance: random.Random) -> object:
    end = day.seats[seat]
    if end is None or not end.stuck:
        return NOTHING
    day.log(f"{end.title} reads again")
    end.line.drain()
    return None


@step(2)
def the_chat_is_ended(day: Day, seat: int, chance: random.Random) -> object:
    if not day.house.running:
        return NOTHING
    day.log("-- the chat is asked to end")
    day.fail_to_store(False)
    day.house.stop()
    _all_are_gone(day)
    return None


@step(2)
def the_chat_is_killed(day: Day, seat: int, chance: random.Random) -> object:
    if not day.house.running:
        return NOTHING
    stored = chance.random() < 0.5
    day.log(f"-- the chat is killed{' when it has stored what waits, and before it tells anybody' * stored}")
    day.world.tick += 1
    for end in day.ends:
        end.cut()
    day.house.kill(stored=stored)
    _all_are_gone(day)
    return None


def _all_are_gone(day: Day) -> None:
    world = day.world
    world.tick += 1
    here = [end for end in day.ends if isinstance(end, Program) and not end.over]
    for end in day.ends:
        if not end.over:
            end.look()
    for end in here:
        if end.own is not None:
            # They may come back when the chat runs again.
            end.own.ended = False
    world.tick += 1
    for seat, there in enumerate(day.seats):
        if there is not None:
            day._vacate(seat)
    for end in day.ends:
        end.over = True
        if isinstance(end, Program):
            for request in end.requests.values():
                for _, write in request.writes:
                    write.done = min(write.done, world.tick)
    world.spoken, world.calls = {}, {}
    day.ends = []
    day.errands = []
    day.hooks.chat_ended()
    day.files.chat_ended()
    for known in day.passes.values():
        known.broken = -1e9
        # After a restart only messages are known of a token that was logged out, and it may be given again.
        known.logged_out = INFINITY
    for holder in world.holders.values():
        for subject in set(holder.everything()) - {None}:
            subject.away.put(None, world.tick)
            for device in subject.devices:
                device.held = True
                device.has_left(world.tick)
        holder.put(None, world.tick)
    for given in world.roles.values():
        given.finish(given.sent)
    world.roles.clear()


@step(12)
def the_chat_is_started(day: Day, seat: int, chance: random.Random) -> object:
    if day.house.running:
        return NOTHING
    day.log("-- the chat is started")
    day.house.start()
    return None


# the operator


Told = Callable[[bool, str], None]


def _admin(day: Day, *words: str, secret: str = "", told: Told | None = None) -> None:
    """Have the operator do something; *told* is called with what comes of it."""
    day.log(f"-- chat admin {' '.join(words)} {secret}")
    day.world.tick += 1
    day.errands.append((" ".join(words), day.house.admin(*words, secret=secret), told))


def _accounts(day: Day, name: str) -> list[Subject]:
    now = Look(None, day.world.tick, day.world.tick)
    return [owner for owner in day.world.owner(name).values(now) if owner is not None]


@step(2)
def the_operator_gives_a_role(day: Day, seat: int, chance: random.Random) -> object:
    name, word = chance.choice(NAMES[1:]), chance.choice(["user", "moderator", "owner", "user"])
    role = "" if word == "user" else word
    at_once = ADMIN_AT_ONCE or not day.house.running
    accounts = _accounts(day, name)
    writes = [(account, account.role.write(role, None, day.world.tick + 1)) for account in accounts]

    def told(done: bool, text: str) -> None:
        for account, write in writes:
            if not done:
                # It may have held for a moment.
                write.done, write.undone = day.world.tick, True
            elif not at_once:
                day.world.roles[account] = write
            elif len(accounts) == 1:
                write.finish(day.world.tick)
            else:
                write.done = day.world.tick

    _admin(day, "role", name, word, told=told)
    return None


@step(2)
def the_operator_gives_a_password(day: Day, seat: int, chance: random.Random) -> object:
    name, password = chance.choice(NAMES[1:]), chance.choice(PASSWORDS)
    accounts = _accounts(day, name)
    writes = [(account, account.password.write(password, None, day.world.tick + 1)) for account in accounts]
    for account in accounts:
        account.logs_out = day.world.tick + 1

    def told(done: bool, text: str) -> None:
        for account, write in writes:
            if not done:
                write.done, write.undone = day.world.tick, True
            elif len(accounts) == 1:
                write.finish(day.world.tick)
                account.reset = (write.sent, day.world.tick)
            else:
                write.done = day.world.tick

    _admin(day, "password", name, secret=password, told=told)
    return None


@step(1)
def the_operator_makes_an_invitation(day: Day, seat: int, chance: random.Random) -> object:
    if not day.world.by_invitation:
        return NOTHING

    def told(done: bool, text: str) -> None:
        if done:
            day.world.codes[text.split()[-1]] = Code(None)

    _admin(day, "invitation", told=told)
    return None


@step(2)
def the_operator_lists_the_accounts(day: Day, seat: int, chance: random.Random) -> object:
    sent = day.world.tick + 1

    def told(done: bool, text: str) -> None:
        if "others ask the chat" in text:
            return
        day.world.require("no mistake", done, text)
        listed = dict(line.partition(" ")[::2] for line in text.splitlines())
        _check_accounts(day.world, listed, Look(None, sent, day.world.tick))

    if not ADMIN_AT_ONCE and day.house.running and (day.house.storing.closed or day.house.storing.waiting):
        return NOTHING
    _admin(day, "accounts", told=told)
    return None


def _check_accounts(world: World, listed: dict[str, str], look: Look) -> None:
    """Check what the operator is told about the accounts there are, and their roles."""
    for name, role in listed.items():
        owners = set(world.owner(name).values(look))
        world.require("own name", owners != {None}, f"there is an account {name}.")
        may = any(owner.role.may_be(role, look) for owner in owners - {None})
        world.require("role", may, f"the account {name} has the role {role!r}.")
        given = world.roles.get(next(iter(owners))) if len(owners) == 1 else None
        if given is not None and set(owners.pop().role.since(given)) == {given.value}:
            world.require("role", role == given.value, f"the account {name} has the role {role!r}.")
    for key, register in world.owners.items():
        owners = set(register.values(look))
        if None not in owners:
            there = any(name in listed for owner in owners for name in owner.names)
            world.require("kept", there, f"there is no account {key}.")


@step(1)
def the_operator_announces(day: Day, seat: int, chance: random.Random) -> object:
    words = f"words{day.number()}"
    here = [end for end in day.ends if isinstance(end, Program) and end.name and not end.over]

    def told(done: bool, text: str) -> None:
        for program in here:
            program.look()
            heard = any(words in notice for notice in program.heard)
            asked = any(not request.answers for request in program.requests.values())
            waits = asked or len(day.house.reading.waiting) > 0
            may = heard or waits or program.over or program.stuck or not done
            day.world.require("announced", may, f"{program.title} is not shown {words!r}.")
            day.world.require("refused", done or not heard, f"{program.title} is shown {words!r}.")

    _admin(day, "announce", words, told=told)
    return None


@step(2)
def the_operator_disconnects_somebody(day: Day, seat: int, chance: random.Random) -> object:
    name, now = day.some_name(chance), day.world.tick + 1
    _end_devices(day, "disconnect", name, day.world.called(name, Look(None, now, now)))
    return None


@step(1)
def the_operator_logs_an_account_out(day: Day, seat: int, chance: random.Random) -> object:
    name = day.other_name(chance)
    _end_devices(day, "logout", name, set(_accounts(day, name)))
    return None


def _end_devices(day: Day, command: str, name: str, victims: set[Subject]) -> None:
    """Have the operator end all devices of who is called so."""
    world, sent = day.world, day.world.tick + 1
    writes = []
    for victim in victims:
        if command == "logout":
            victim.logs_out = sent
        writes.append(victim.away.may_put(None, sent, INFINITY))
        writes += [world.holder(own).may_put(None, sent, INFINITY) for own in victim.names]
        for device in victim.devices:
            device.may_have_left(sent, INFINITY)

    def told(done: bool, text: str) -> None:
        for write in writes:
            write.done = world.tick
        for victim in victims if done and command == "logout" and len(victims) == 1 else ():
            victim.reset = (sent, world.tick)

    _admin(day, command, name, told=told)


@step(2)
def the_operator_renames_an_account(day: Day, seat: int, chance: random.Random) -> object:
    name, new = day.other_name(chance), day.other_name(chance)
    world, sent = day.world, day.world.tick + 1
    accounts = _accounts(day, name)
    owned = [(account, world.owner(new).write(account, None, sent)) for account in accounts]
    gone = []
    for account in accounts:
        gone += [world.holder(own).may_put(None, sent, INFINITY) for own in account.names]
        gone.append(world.holder(new).may_put(account, sent, INFINITY))
        account.names.add(new)
        world.may_end_as(account, new)

    def told(done: bool, text: str) -> None:
        for write in gone:
            write.done = world.tick
        for account, write in owned:
            if not done:
                write.done, write.undone = world.tick, True
            elif len(accounts) == 1:
                write.finish(world.tick)
                account.own_name = new
            else:
                write.done = world.tick

    _admin(day, "rename", name, new, told=told)
    return None


@step(3)
def the_operator_rules_a_room(day: Day, seat: int, chance: random.Random) -> object:
    world, sent = day.world, day.world.tick + 1
    name, rule = day.known_room(chance), chance.choice(["close", "open", "archive", "delete", "delete"])
    if name == LOBBY:
        return NOTHING
    room = world.room(name)
    writes = [(room.closed, ANYTHING), (room.archived, ANYTHING), (room.access, ANYTHING)]
    if rule in ("close", "delete"):
        everybody = world.everybody()
        writes = [(room.closed, True), *((subject.lists(name), ANYTHING) for subject in everybody)]
        writes += [(device.room(room), ANYTHING) for subject in everybody for device in subject.devices]
    elif rule == "archive":
        writes = [(room.archived, True)]
    done_later = [(register, register.may_put(value, sent, INFINITY)) for register, value in writes]
    if rule in ("close", "delete"):
        day.hooks.may_end(room=name)
    if rule == "delete":
        _may_be_gone(day, name)

    def told(done: bool, text: str) -> None:
        world.room(name).told = world.tick
        for register, write in done_later:
            write.done = world.tick
            if done and write.value is True and rule != "delete" and world.room(name) is room:
                register.put(True, world.tick)
        if rule == "delete":
            _may_be_gone(day, name)
            world.unknown_room(name)

    _admin(day, "room", name, rule, told=told)
    return None


def _may_be_gone(day: Day, room: str) -> None:
    """What was said in a *room* may be gone without a word."""
    for text in day.world.texts.values():
        if text.room == room:
            text.may_be_deleted = text.dropped = True
            text.pinned.may_put(False, day.world.tick, INFINITY)


@step(3)
def the_operator_erases_what_somebody_said(day: Day, seat: int, chance: random.Random) -> object:
    name = day.some_name(chance) if chance.random() < 0.5 else day.other_name(chance)
    world, sent = day.world, day.world.tick + 1
    accounts = _accounts(day, name)

    def may_be_erased() -> list[Text]:
        texts = []
        for text in world.texts.values():
            authors = {former for author in text.authors for former in (author, *author.former)}
            authors |= {former for account in accounts for former in (account, *account.former)} & text.authors
            names = {own.lower() for author in authors for own in author.names}
            if authors & set(accounts) or name.lower() in names:
                texts.append(text)
                text.may_be_deleted = True
                text.pinned.may_put(False, world.tick, INFINITY)
        return texts

    stored = [text for text in may_be_erased() if text.acknowledged and text.authors == set(accounts)]

    def told(done: bool, text: str) -> None:
        may_be_erased()
        if done and len(accounts) == 1 and set(world.owner(name).values(Look(None, sent, world.tick))) == {*accounts}:
            for one in stored:
                one.deleted = min(one.deleted, world.tick)

    _admin(day, "erase", name, told=told)
    return None


IN_MEMORY = frozenset(
    (
        "time_passes", "the_clock_jumps", "nothing_can_be_stored", "something_takes_long", "one_thing_is_done",
        "everything_is_done", "reads_slowly", "reads_again", "what_is_old_is_dropped", "edits_too_late",
        "files_take_long",
    )
)  # fmt: skip
"""The steps that a real daemon can't be made to take."""

THEMES: Sequence[Collection[str]] = (
    (),
    (
        "connects", "comes", "comes_back", "comes_beside", "breaks_off", "joins", "says", "tells", "answers", "edits",
        "reacts", "pins", "registers", "takes_another_name", "lists_pins", "reads_back", "asks_who_is_there",
        "the_operator_announces", "the_operator_disconnects_somebody", "the_operator_logs_an_account_out",
        "the_operator_renames_an_account", "the_operator_rules_a_room", "the_operator_erases_what_somebody_said",
        "renames_the_account", "unregisters", "something_takes_long", "one_thing_is_done", "everything_is_done",
        "nothing_can_be_stored", "the_chat_is_killed", "the_chat_is_started",
    ),
    (
        "registers", "changes_the_password", "unregisters", "appoints", "takes_another_name", "comes", "comes_back",
        "quits", "breaks_off", "the_operator_gives_a_role", "the_operator_gives_a_password", "lists_bans",
        "the_operator_lists_the_accounts", "comes_with_a_new_account", "makes_an_invitation",
        "the_operator_makes_an_invitation", "something_takes_long", "one_thing_is_done", "guesses_passwords",
        "connects",
    ),
    (
        "joins", "leaves", "closes_a_room", "invites_somebody", "ops_somebody", "kicks_somebody", "takes_another_name",
        "quits", "comes", "says", "registers", "unregisters", "asks_who_is_there", "reads_back", "archives_a_room",
        "ends_a_room", "hands_a_room_on", "opens_a_room_again", "takes_an_invitation_back", "lists_rooms",
    ),
    (
        "joins", "bans_from_a_room", "unbans_from_a_room", "kicks_somebody", "mutes_somebody", "slows_a_room", "says",
        "comes", "comes_back", "comes_beside", "quits", "registers", "takes_another_name", "ops_somebody",
        "hands_a_room_on", "lists_bans_of_a_room", "time_passes", "something_takes_long", "everything_is_done",
        "the_chat_is_killed", "the_chat_is_started", "nothing_can_be_stored", "lists_rooms",
    ),
    (
        "connects", "comes", "comes_back", "bans", "unbans", "lists_bans", "takes_another_name", "registers",
        "breaks_off", "quits", "asks_who_is_there", "something_takes_long", "one_thing_is_done", "time_passes",
        "appoints",
    ),
    (
        "comes_beside", "comes_on_many_devices", "comes_back", "breaks_off", "quits", "joins", "leaves", "says",
        "tells", "kicks_somebody", "has_read", "is_away", "ignores_somebody", "takes_another_name", "lists_devices",
        "logs_out", "asks_who_somebody_is", "renames_the_account", "registers", "two_come_back_at_once",
        "something_takes_long", "one_thing_is_done", "everything_is_done", "the_chat_is_killed", "the_chat_is_started",
    ),
    (
        "tells", "deletes", "reads_a_conversation", "ignores_somebody", "unregisters", "takes_another_name", "comes",
        "comes_back", "breaks_off", "quits", "time_passes", "registers", "comes_and_breaks_off_before_it_reads",
        "something_takes_long", "one_thing_is_done", "reads_slowly", "comes_beside",
    ),
    (
        "says", "comes_back", "breaks_off", "comes", "the_chat_is_killed", "the_chat_is_ended", "the_chat_is_started",
        "something_takes_long", "one_thing_is_done", "nothing_can_be_stored", "everything_is_done", "sets_the_topic",
        "registers", "joins", "mutes_somebody", "ops_somebody", "two_come_back_at_once",
    ),
    (
        "says", "edits", "reacts", "deletes", "pins", "lists_pins", "answers", "comes", "comes_back", "breaks_off",
        "types", "pastes", "reads_around", "what_is_old_is_dropped", "reads_back", "reads_what_came_after",
        "edits_too_late", "something_takes_long",
        "one_thing_is_done", "everything_is_done", "the_chat_is_killed", "the_chat_is_started", "comes_beside",
        "reacts_with_everything", "misses_something", "pins_everything", "calls_everybody",
    ),
    (
        "says", "tells", "edits", "reacts", "deletes", "pins", "answers", "comes", "comes_back", "breaks_off", "joins",
        "kicks_somebody", "mutes_somebody", "archives_a_room", "closes_a_room", "bans_from_a_room", "registers",
        "unregisters", "takes_another_name", "renames_the_account", "ignores_somebody", "comes_beside", "time_passes",
        "the_clock_jumps", "nothing_can_be_stored", "calls_everybody", "chooses_words", "pins_everything",
    ),
    (
        "makes_a_hook", "ends_a_hook", "lists_hooks", "a_hook_speaks", "joins", "registers", "unregisters", "says",
        "takes_another_name", "renames_the_account", "comes", "comes_back", "comes_with_a_new_account", "breaks_off",
        "archives_a_room", "ends_a_room", "opens_a_room_again", "mutes_somebody", "ops_somebody", "bans",
        "ignores_somebody", "the_operator_rules_a_room", "the_operator_renames_an_account", "nothing_can_be_stored",
        "the_operator_erases_what_somebody_said", "something_takes_long", "one_thing_is_done", "everything_is_done",
        "the_chat_is_killed", "the_chat_is_ended", "the_chat_is_started",
    ),
    (
        "registers", "unregisters", "changes_the_password", "renames_the_account", "comes_beside", "comes_back",
        "logs_out", "appoints", "bans", "kicks_somebody", "deletes", "the_operator_gives_a_role",
        "the_operator_gives_a_password", "the_operator_renames_an_account", "the_operator_logs_an_account_out",
        "the_operator_lists_the_accounts", "something_takes_long", "one_thing_is_done",
    ),
    (
        "asks_to_send_a_file", "sends_a_file", "fetches_a_file", "files_take_long", "joins", "leaves", "says", "tells",
        "deletes", "edits", "answers", "pins", "kicks_somebody", "closes_a_room", "archives_a_room", "ends_a_room",
        "mutes_somebody", "slows_a_room", "bans_from_a_room", "comes", "comes_back", "comes_beside", "breaks_off",
        "quits", "logs_out", "takes_another_name", "renames_the_account", "registers", "unregisters", "time_passes",
        "what_is_old_is_dropped", "the_operator_rules_a_room", "the_operator_erases_what_somebody_said",
        "the_operator_disconnects_somebody", "nothing_can_be_stored", "something_takes_long", "one_thing_is_done",
        "everything_is_done", "the_chat_is_killed", "the_chat_is_ended", "the_chat_is_started",
    ),
    (
        "kicks_somebody", "appoints", "mutes_somebody", "ops_somebody", "breaks_off", "comes_back", "says", "registers",
        "something_takes_long", "one_thing_is_done", "asks_who_is_there", "joins", "lists_bans", "takes_another_name",
    ),
)  # fmt: skip
"""What belongs together: a day is about one of these most of the time."""
