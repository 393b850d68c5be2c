"""A chat in memory on a history in a file: it can be ended, killed, and begun again, and ``chat admin`` run beside it.

What a random machine needs of the chat, which it knows by nothing else. It is all there is to write anew for another
commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from random import Random
from typing import Any

from box import Box, Client, Operator
from protocols.browsing import Browser, Web, request
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from chat.core.doors import Doors, Inviters, Registration
from chat.core.facts import Record
from chat.core.files import LEAST
from chat.core.limits import Limits
from chat.core.links import Links
from chat.history.copying import open_to_read
from chat.history.directory import FILE
from chat.history.passwords import hash_password, is_password
from chat.history.soundness import faults
from chat.history.sqlite import SqliteStore
from chat.history.store import CannotKeep
from chat.protocols.json_dialect import FIRST, LATER, JsonDialect
from chat.protocols.stored_files import StoredFiles
from chat.protocols.web.hooks import Hooks
from chat.protocols.web.uploads import Downloads, Uploads

log = Logger()

FILES_EACH = 4
"""So many small files each sender may have."""

LIMITS = Limits(
    rate=None,
    connects_rate=None,
    connections_each=None,
    window=4_000,
    rooms_each=4,
    plain_passwords=True,
    files_each=FILES_EACH * LEAST,
)
PAGE = 3
"""The messages and changes that are replayed at a time."""
LINKS = Links(port=8080, files=True)
FROM_THE_WEB = "198.51.100.9"
"""Where they are who use the web port."""
KEY = "the key of the chat"


@dataclass(frozen=True)
class Door:
    """What a chat asks of newcomers."""

    key: str | None = None
    members_only: bool = False
    registration: str = "open"
    inviters: str = "moderators"


DOORS = {
    "open": Door(),
    "key": Door(key=KEY),
    "invitation": Door(registration="invitation", inviters="members"),
    "members": Door(members_only=True, registration="invitation"),
    "closed": Door(key=KEY, registration="closed"),
}
ADMIN_AT_ONCE = True
"""Whether a role that the operator gives counts at once, and not from the next log-in on."""


MOST_TURNS = 50
"""So often the chat may turn before ``chat admin`` has its answer, where none runs."""


def quick_hash(password: str) -> str:
    """Stand for the hash of a password, which takes too long for thousands of days."""
    return f"quick {password}"


def quick_check(encoded: str | None, password: str) -> bool:
    """Tell whether *encoded* was made of *password*."""
    return encoded == quick_hash(password)


QUICK: dict[Callable[..., Any], Callable[..., Any]] = {hash_password: quick_hash, is_password: quick_check}


class Turnstile:
    """Lets work through at once, or one piece after the other when told to."""

    def __init__(self) -> None:
        self.closed = False
        self.waiting: list[Callable[[], object]] = []

    def __call__(self, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        """Do *work* when its time has come."""
        if not self.closed and not self.waiting:
            return maybeDeferred(work, *arguments)
        done: Deferred[Any] = Deferred()
        self.waiting.append(lambda: maybeDeferred(work, *arguments).chainDeferred(done))
        return done

    def later(self, work: Callable[[], object]) -> None:
        """Do *work* behind all that waits, and not at once."""
        self.waiting.append(work)

    def one(self) -> None:
        """Let the first through that waits."""
        if self.waiting:
            self.waiting.pop(0)()


@implementer(IReactorFromThreads)
class NoThreads(ThreadPool):
    """A pool in which nothing is ever done."""

    def start(self) -> None:
        """Have no threads."""

    def stop(self) -> None:
        """There is nothing to stop."""

    def callFromThread(self, callable: Callable[..., object], *args: object, **kwargs: object) -> None:
        raise AssertionError("there are no threads")


class Behind(NoThreads):
    """A pool that does what nobody waits for behind what is stored."""

    def __init__(self, writing: Turnstile) -> None:
        super().__init__()
        self._turnstile = writing

    def callInThread(self, func: Callable[..., object], *args: object, **kwargs: object) -> None:  # noqa: N802
        self._turnstile.later(partial(func, *args, **kwargs))


class FileStore(SqliteStore):
    """The history in a file, without threads: it writes and reads when it is let to, and can fail to write."""

    def __init__(self, directory: Path, reading: Turnstile) -> None:
        super().__init__(NoThreads(), directory, "off", site=lambda: LINKS.shared)
        self.writing = Turnstile()
        self._writing = Behind(self.writing)
        self._reading = self._searching = NoThreads()
        self.reading = reading
        self.failing = False
        self.batches: list[Sequence[Record]] = []
        """What waits to be stored."""

    def _defer(self, pool: ThreadPool, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        return self.reading(work, *arguments)

    def append(self, records: Sequence[Record]) -> Deferred[None]:
        """Keep *records*, or fail."""
        self.batches.append(records)
        return self.writing(self._try)

    def _try(self) -> None:
        records = self.batches.pop(0)
        if self.failing:
            raise CannotKeep("the disk of the server is full.")
        self.write(records)

    def write(self, records: Sequence[Record]) -> None:
        """Store *records*."""
        self._write(records)


def _as_the_reactor_does(call: Callable[..., object], *arguments: object) -> None:
    """Call, and log what fails."""
    try:
        call(*arguments)
    except Exception:
        log.failure("a call failed")


class Line:
    """A connection to the chat, as bytes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._read = 0
        self.cut = False

    @property
    def closed(self) -> bool:
        """Whether the chat has closed it, or it was cut."""
        socket = self._client.socket
        return self.cut or bool(socket.disconnecting or socket.aborted or socket.half_closed)

    def send(self, data: bytes) -> None:
        """Send *data*, unless the chat reads no more."""
        if not self.closed:
            _as_the_reactor_does(self._client.protocol.dataReceived, data)

    def received(self) -> bytes:
        """What has come since the last look."""
        shown: bytes = self._client.socket.value()
        new, self._read = shown[self._read :], len(shown)
        return new

    def lose(self) -> None:
        """It breaks."""
        if not self.cut:
            self.cut = True
            _as_the_reactor_does(self._client.lose)

    def stick(self, room: int) -> None:
        """Take only *room* bytes more."""
        self._client.socket.room = room

    def drain(self) -> None:
        """Take all there is."""
        self._client.socket.drain()


def http(method: str, path: str, body: bytes, headers: Mapping[str, str] | None) -> bytes:
    """A request on a connection of its own."""
    length = {"Content-Length": str(len(body))} if body else {}
    return request(method, path, {"Host": "localhost", "Connection": "close", **length, **(headers or {})}, body)


class House:
    """A chat whose history is in *directory*, behind these *doors*; its tokens are made of *seed*."""

    def __init__(self, directory: Path, seed: int, doors: str = "open") -> None:
        self._directory = directory
        door = DOORS[doors]
        self._doors = Doors(door.key, door.members_only, Registration(door.registration), Inviters(door.inviters))
        self._chance = Random(seed)  # noqa: S311 - the same in each run
        self._lines: list[Line] = []
        self._seconds = self._jump = 0.0
        self.running = False
        self.start()

    # -- its life

    def start(self) -> None:
        """Begin on the history that is there."""
        self.hashing, self.reading, self.filing = Turnstile(), Turnstile(), Turnstile()
        self._store = FileStore(self._directory, self.reading)
        self.storing = self._store.writing
        self._box = Box(
            store=self._store, limits=LIMITS, replay=3, run=self._run, chance=self._chance, doors=self._doors
        )
        self._box.hub.links = LINKS
        stored = StoredFiles(self._store.files, self._store.file, self.filing)
        self._web = Web(self._box)
        self._web.root.putChild(b"u", Uploads(self._box.hub, stored))
        self._web.root.putChild(b"f", Downloads(stored))
        self._web.root.putChild(b"h", Hooks(self._box.hub))
        self._browsers: list[Browser] = []
        """Those that are connected by HTTP."""
        self._box.clock.rightNow = self._seconds
        self._box.wall_ahead = self._jump
        self._box.hub.restore(self._store.open())
        self._box.clock.callLater(LIMITS.grace, self._box.hub.end_absent)
        self._lines = []
        FIRST.page = LATER.page = PAGE
        self.running = True

    def _run(self, work: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
        return self.hashing(QUICK[work], *arguments)

    def stop(self) -> None:
        """End as a daemon does that is asked to: everyone is told, and all that was accepted is stored."""
        self.let_all_through()
        self._box.connections.farewell("The server is shutting down. Goodbye.")
        self.let_all_through()
        for line in self._lines:
            line.lose()
        self._box.commit.drained()
        self.let_all_through()
        self._end()

    def faults(self) -> list[str]:
        """What is wrong with the history."""
        with closing(open_to_read(self._directory / FILE)) as connection:
            return list(faults(connection, lambda what, done, total: None))

    def kill(self, *, stored: bool = False) -> None:
        """End at once, with nobody told; *stored*: what waits to be stored is stored, but nobody is shown it."""
        if stored and not self._store.failing:
            for batch in self._store.batches:
                self._store.write(batch)
        for line in self._lines:
            line.cut = True
        self._end()

    def _end(self) -> None:
        self._seconds = self._box.clock.seconds()
        self._store.close()
        FIRST.page = LATER.page = JsonDialect.page
        self.running = False

    # -- what happens to it

    def connect(self, host: str) -> Line:
        """Somebody connects from the address *host*."""
        line = Line(self._box.connect(host=host))
        self._lines.append(line)
        return line

    def turn(self) -> None:
        """Let the chat do what it can."""
        _as_the_reactor_does(self._box.turn)
        while self.storing.waiting and not self.storing.closed:
            self.storing.one()
            _as_the_reactor_does(self._box.turn)
        for browser in [one for one in self._browsers if one.wire.disconnecting]:
            self._browsers.remove(browser)
            _as_the_reactor_does(browser.lose)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds
        if self.running:
            _as_the_reactor_does(self._box.clock.advance, seconds)
            self.turn()

    def set_clock(self, seconds: float) -> None:
        """Set the wall clock ahead, or back."""
        self._jump += seconds
        self._box.wall_ahead = self._jump

    def fail_to_store(self, failing: bool) -> None:
        """From now on nothing can be stored, or again."""
        self._store.failing = failing

    def drop(self, room: str | None, last: int) -> None:
        """Drop what was said in a room, or in private, up to that id, as if it were too old."""
        done = self._store.drop(room, last)
        if room is not None:
            done.addCallback(lambda _: self._box.hub.dropped(room, last))

    def post(self, secret: str, text: str, tag: str) -> Exchange:
        """A program sends something to the address of a hook."""
        return self._ask("POST", f"/h/{secret}?tag={tag}", text.encode(), {"Content-Type": "text/plain"})

    def put(self, key: str, body: bytes, *, whole: bool = True) -> Exchange:
        """Somebody sends a file, or breaks off when half of it is sent."""
        return self._ask("PUT", f"/u/{key}", body, whole=whole)

    def fetch(self, key: str, name: str) -> Exchange:
        """Somebody fetches a file."""
        return Fetch(self._ask("HEAD", f"/f/{key}/{name}"), self._store.files.path(key))

    def _ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, whole: bool = True
    ) -> Exchange:
        browser = self._web.connect(FROM_THE_WEB)
        data = http(method, path, body, headers)
        _as_the_reactor_does(browser.send_bytes, data if whole else data[: len(data) - len(body) // 2])
        if whole:
            self._browsers.append(browser)
        else:
            _as_the_reactor_does(browser.lose)
        return Exchange(browser)

    def files(self) -> Collection[str]:
        """The keys of the files that lie on the disk."""
        return self._store.files.names()

    def let_all_through(self) -> None:
        """Open all that is closed, and do all that waits."""
        gates = (self.storing, self.hashing, self.reading, self.filing)
        for gate in gates:
            gate.closed = False
        self.turn()
        while any(gate.waiting for gate in gates):
            for gate in gates:
                gate.one()
            self.turn()

    @property
    def seconds(self) -> float:
        """The seconds for which the machine has run."""
        return self._box.clock.seconds() if self.running else self._seconds

    def waiting(self) -> str:
        """What waits in the chat, for whoever looks for a fault."""
        return repr(self._box.hub.queue)

    def admin(self, *words: str, secret: str = "") -> Errand:
        """Run ``chat admin``: the chat does what it says, or one that runs for this alone."""
        if self.running:
            return Errand(self._box, words, secret)
        self.start()
        errand = Errand(self._box, words, secret)
        for _ in range(MOST_TURNS):
            if errand.answer() is not None:
                break
            self.turn()
        self.stop()
        return errand


class Exchange:
    """A request by HTTP, and its answer."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def answer(self) -> tuple[int, bytes] | None:
        """The status and the body; ``None``: nothing yet."""
        head, end, body = self._browser.wire.value().partition(b"\r\n\r\n")
        return (int(head.split()[1]), body) if end else None


class Fetch(Exchange):
    """A request for a file. In memory nothing sends what is in it, so that is read from where it lies."""

    def __init__(self, asked: Exchange, path: Path) -> None:
        self._asked = asked
        self._path = path

    def answer(self) -> tuple[int, bytes] | None:
        """The status and the file, which may have been removed since the answer."""
        found = self._asked.answer()
        if found is None or found[0] != HTTPStatus.OK:
            return found
        try:
            return found[0], self._path.read_bytes()
        except FileNotFoundError:
            return HTTPStatus.NOT_FOUND, b""


class Errand:
    """What ``chat admin`` was told to do."""

    def __init__(self, box: Box, words: Sequence[str], secret: str) -> None:
        self._box = box
        self._words = words
        self._secret = secret
        self._done: tuple[bool, str] | None = None
        self._operator: Operator | None = Operator(box).ask(*words)

    def answer(self) -> tuple[bool, str] | None:
        """Whether it was done, and what the chat says; ``None``: nothing yet."""
        if self._operator is None or not self._operator.answered:
            return self._done
        answer = self._operator.answer()
        self._operator.lose()
        if answer["type"] == "prompt":
            self._operator = Operator(self._box).ask(*self._words, secret=self._secret)
        else:
            text = "\n".join(answer["lines"]) if "lines" in answer else answer["text"]
            self._operator, self._done = None, (answer["type"] != "error", text)
        return self._done
