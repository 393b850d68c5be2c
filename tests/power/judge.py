"""Compares what a disk has left after a power failure with what was shown."""

from __future__ import annotations

import json
import random
import re
import shutil
import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from history.stores import REACTOR, said, wait

from chat.history.directory import FILE, FILES
from chat.history.sqlite import LAST_ID, SqliteStore
from chat.history.store import CannotOpen
from power.disk import Disk, Fate
from power.recording import SYNCS, Kind, Recorder, Step

WORD = re.compile(r"\bw\d+x\b")
"""The words that each text of a day begins with, each with one of its own."""

_KEY = re.compile(rf"(?<=/{FILES}/)[\w-]{{22}}")
"""What files of messages are called."""

FRAME_HEAD = 24
"""The bytes before each page in a write-ahead log (https://www.sqlite.org/fileformat2.html#walformat)."""

NO_HISTORY = "no history"
"""What a file that is missing holds, or has no table yet."""


@dataclass(frozen=True)
class Promise:
    """Whoever is sent a line with this *text* may rely on it that the history answers a *query* with a row."""

    text: str
    query: str
    parameters: Sequence[object] = ()


Check = Callable[[Path, bytes], Iterator[str]]


@dataclass
class Day:
    """What was recorded, and what was promised by what was sent.

    *data* is the directory of the history. *check* tells what is wrong with the other files on the disk in a directory
    after all that was sent.
    """

    recorder: Recorder
    data: Path
    promises: Sequence[Promise] = ()
    check: Check = lambda folder, sent: iter(())
    steps: Sequence[Step] = field(init=False)

    def __post_init__(self) -> None:
        self.steps = self.recorder.steps()

    def disk(self) -> Disk:
        """The disk before the day."""
        return Disk(self.recorder.disk, self.recorder.folder / "before")

    @property
    def place(self) -> Path:
        """Where on the disk the history is."""
        return self.data.relative_to(self.recorder.disk)


@dataclass(frozen=True)
class State:
    """What the history held after a commit: after how many steps, what, and the last id that was used."""

    steps: int
    content: str
    last_id: int


@dataclass(frozen=True)
class Cut:
    """The power fails after so many steps."""

    steps: int
    fate: Fate
    seed: int


Syncs = Callable[[int], bool]
"""Tells whether a sync counts, by the number of its step."""


class Judge:
    """Knows what the history held at each moment of a *day*, and what of it somebody had been shown."""

    def __init__(self, day: Day, folder: Path) -> None:
        self._day = day
        self.steps = day.steps
        self._folder = folder / "left"
        self._first: dict[Promise, int] = {}
        """After which state the history keeps a promise."""
        self.states: list[State] = []
        self._find_states()
        self.needed = list(self._find_needed())
        """After how many steps which state is the least that must be there, and why."""

    def where(self, step: Step) -> str:
        """On which file or directory of the disk a step was done."""
        where = Path(step.path).relative_to(self._day.recorder.disk)
        return "" if where == Path() else _KEY.sub("KEY", str(where))

    # -- what is to be there

    def _find_states(self) -> None:
        disk, steps = self._day.disk(), self.steps
        before = 0
        for done in sorted({0, *_commits(steps), len(steps)}):
            for step in steps[before:done]:
                disk.do(step)
            before = done
            self._fail(disk, Fate.KEPT, 0)
            self.states.append(self._look(done))

    def _look(self, done: int) -> State:
        path = self._folder / self._day.place / FILE
        content = content_of(path)
        last_id = self.states[-1].last_id if self.states else 0
        if content != NO_HISTORY:
            with closing(_connect(path)) as history, suppress(sqlite3.OperationalError):
                (last_id,) = history.execute(LAST_ID).fetchone()
                for promise in self._day.promises:
                    if promise not in self._first and history.execute(promise.query, promise.parameters).fetchone():
                        self._first[promise] = len(self.states)
        return State(done, content, last_id)

    def _find_needed(self) -> Iterator[tuple[int, int, str]]:
        last_ids = [state.last_id for state in self.states]
        waiting = list(self._day.promises)
        numbers = self._numbers_of_words()
        most = -1
        for done, line in _lines(self.steps):
            found = [(bisect_left(last_ids, number), f"the number {number}") for number in _numbers(line, numbers)]
            for promise in [promise for promise in waiting if promise.text in line and '"error"' not in line]:
                waiting.remove(promise)
                found.append((self._first.get(promise, len(self.states)), promise.text))
            for state, what in found:
                assert state < len(self.states), f"{what} was shown, and never stored: {line}"
                assert self.states[state].steps <= done, f"{what} was shown before it was stored: {line}"
                if state > most:
                    most = state
                    yield done, state, f"{what} was shown: {line}"
        assert not waiting, f"never shown: {waiting}"

    def _numbers_of_words(self) -> Mapping[str, int]:
        """The numbers of the messages and edits that gave texts their words."""
        found: dict[str, int] = {}
        for _, line in _lines(self.steps):
            if line.startswith("{"):
                event = json.loads(line)
                number = {"message": "id", "edited": "rev"}.get(event.get("type"))
                if number is not None:
                    found.update((word, event[number]) for word in WORD.findall(event["text"]))
        return found

    # -- what is there

    def random_cuts(self, count: int, seed: int) -> list[Cut]:
        """Places for the power to fail: where something was just sent, before or after a sync of any file, anywhere."""
        chance = random.Random(seed)  # noqa: S311
        sent = [done for done, step in enumerate(self.steps, 1) if step.kind is Kind.SENT]
        synced: dict[tuple[Kind, str], list[int]] = {}
        for number, step in enumerate(self.steps):
            if step.kind in SYNCS:
                synced.setdefault((step.kind, self.where(step)), []).extend((number, number + 1))
        cuts = []
        for _ in range(count):
            places = chance.choice((sent, chance.choice(list(synced.values())), range(len(self.steps) + 1)))
            cuts.append(Cut(chance.choice(places), chance.choice(list(Fate)), chance.getrandbits(32)))
        return cuts

    def faults(self, cuts: Iterable[Cut], syncs: Syncs = lambda number: True, *, lasts: bool = True) -> Iterator[str]:
        """Have the power fail, and tell what is wrong then. Of the *syncs* some may not count.

        Unless it *lasts*, what was shown may be lost, but only the newest of it.
        """
        disk = self._day.disk()
        done = 0
        for cut in sorted(cuts, key=lambda cut: cut.steps):
            for number in range(done, cut.steps):
                disk.do(self.steps[number], syncs=syncs(number))
            done = cut.steps
            self._fail(disk, cut.fate, cut.seed)
            yield from (f"{cut}: {fault}" for fault in self._judge(cut, lasts))

    def _fail(self, disk: Disk, fate: Fate, seed: int) -> None:
        """Write what is left into the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
        disk.fail(fate, random.Random(seed), self._folder)  # noqa: S311

    def _judge(self, cut: Cut, lasts: bool) -> Iterator[str]:
        copy = self._folder.with_name("copy")
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self._folder, copy)
        try:
            content = content_of(copy / self._day.place / FILE)
        except sqlite3.DatabaseError as error:
            yield f"the history is corrupt: {error}"
            return
        possible = [number for number, state in enumerate(self.states) if state.steps <= cut.steps]
        same = [number for number in possible if self.states[number].content == content]
        if not same:
            yield "the history holds what it never held"
            return
        if lasts:
            seen = bisect_right(self.needed, cut.steps, key=lambda needed: needed[0])
            if seen and same[-1] < self.needed[seen - 1][1]:
                yield f"lost: {self.needed[seen - 1][2]}"
                return
            sent = b"".join(step.data for step in self.steps[: cut.steps] if step.kind is Kind.SENT)
            yield from self._day.check(copy, sent)
        yield from self._open(self.states[same[-1]].last_id)

    def _open(self, last_id: int) -> Iterator[str]:
        """Open the history as the chat does, and say something."""
        store = SqliteStore(REACTOR, self._folder / self._day.place, "off")
        try:
            contents = store.open()
        except CannotOpen as error:
            yield f"the history can't be opened: {error}"
            return
        try:
            if contents.last_id < last_id:
                yield f"ids are used again: the last was {last_id}, and now it is {contents.last_id}"
            wait(store.append([said(contents.last_id + 1)]))
            if wait(store.message(contents.last_id + 1)) is None:
                yield "the history does not keep what is said"
        finally:
            store.close()


def content_of(path: Path) -> str:
    """Tell what is in a history, all of it, in a few letters; raises :class:`sqlite3.DatabaseError`."""
    if not path.exists():
        return NO_HISTORY
    digest = sha256()
    with closing(_connect(path)) as history:
        tables = history.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        if not tables:
            return NO_HISTORY
        for answer in history.execute("PRAGMA integrity_check"):
            if answer != ("ok",):
                raise sqlite3.DatabaseError(*answer)
        for name, sql in tables:
            digest.update(f"{name} {sql}".encode())
            if sql is not None and sql.startswith("CREATE TABLE"):
                digest.update(repr(history.execute(f"SELECT * FROM {name}").fetchall()).encode())  # noqa: S608
    return digest.hexdigest()[:16]


def _connect(path: Path) -> sqlite3.Connection:
    """Connect to a history that nobody needs afterwards."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = off")
    return connection


def _commits(steps: Sequence[Step]) -> Iterator[int]:
    """After how many steps the history may hold something else than before."""
    before: dict[int, bytes] = {}
    for done, step in enumerate(steps, 1):
        match step.kind:
            case Kind.WRITTEN:
                # The page behind the head of a frame of the write-ahead log that says how large the file becomes.
                head, before[step.inode] = before.get(step.inode, b""), step.data
                if len(head) == FRAME_HEAD and head[4:8] != bytes(4):
                    yield done
            case Kind.SYNCED if step.path.endswith(FILE):
                yield done
            case Kind.UNLINKED | Kind.RENAMED:
                yield done


def _lines(steps: Sequence[Step]) -> Iterator[tuple[int, str]]:
    """The lines that were sent, and after how many steps."""
    unfinished: dict[int, bytes] = {}
    for done, step in enumerate(steps, 1):
        if step.kind is Kind.SENT:
            *lines, unfinished[step.inode] = (unfinished.get(step.inode, b"") + step.data).split(b"\n")
            for line in lines:
                yield done, line.decode("utf-8", "replace")


def _numbers(line: str, of_words: Mapping[str, int]) -> Iterator[int]:
    """The numbers of the messages and changes that a line shows."""
    if line.startswith("{"):
        yield from _numbers_in(json.loads(line))
    yield from (of_words[word] for word in WORD.findall(line) if word in of_words)


def _numbers_in(event: object) -> Iterator[int]:
    if isinstance(event, dict):
        yield from (event[key] for key in ("id", "rev") if isinstance(event.get(key), int))
        for value in event.values():
            yield from _numbers_in(value)
    elif isinstance(event, list):
        for value in event:
            yield from _numbers_in(value)
