"""Measure searches in a history of a million messages, without a daemon.

    python -m benchmarks.searching [--messages 1000000] [--data DIR]

The messages are those of ``benchmarks.history``, each with one more word: ``even`` or ``odd``, which never meet.
Whoever searches may read a fifth of them. Half have the word ``busy`` and are in one room that is hidden, three tenths
have the word ``many`` and are in forty such rooms. With ``--data`` the history is kept in DIR, and used again.
Times are those of the processor, so that other work beside does not count; nothing else is waited for, as the file is
in the cache of the system.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, cast

from msgspec import structs
from msgspec.structs import replace
from twisted.internet import reactor
from twisted.internet.interfaces import IReactorFromThreads

from benchmarks.history import START, Talk
from benchmarks.machine import describe
from chat.core.commands.history import MOST_HIDDEN
from chat.core.events import Message
from chat.core.facts import Said
from chat.core.ports import Search
from chat.core.rights import Readable
from chat.core.search import parse
from chat.core.times import timestamp
from chat.history import sqlite
from chat.history.connection import connect, transaction
from chat.history.directory import FILE
from chat.history.migrations import migrate

TIMES = 300
"""How often each thing is searched for."""

AT_ONCE = 10_000
"""The messages of a commit."""

ROOMS = [f"secret{number}" for number in range(40)]
"""The hidden rooms with the word ``many``."""

HIDDEN = ("busy", *ROOMS)[:MOST_HIDDEN]
READABLE = Readable(frozenset(("busy", *ROOMS)), frozenset(), frozenset())


class House:
    """Makes messages, which are the same in every run."""

    def __init__(self) -> None:
        self.talk = Talk(1)

    def message(self, number: int) -> Message:
        """Make the message with the id *number*."""
        message = self.talk.message(number)
        room, word = message.room, ""
        if number % 10 < 5:
            room, word = "busy", " busy"
        elif number % 10 < 8:
            room, word = ROOMS[number // 10 % len(ROOMS)], " many"
        return structs.replace(message, text=f"{message.text} {'odd' if number % 2 else 'even'}{word}", room=room)


def fill(data: Path, count: int) -> None:
    """Store the messages, and print what that costs."""
    house, spent = House(), 0.0
    with closing(connect(data / FILE, "off")) as connection:
        migrate(connection, data / FILE)
        for first in range(1, count + 1, AT_ONCE):
            batch = [Said(house.message(number)) for number in range(first, first + AT_ONCE)]
            began = time.process_time()
            with transaction(connection):
                sqlite.insert(connection, batch)
            spent += time.process_time() - began
    size = (data / FILE).stat().st_size
    print(f"- to store a message: {spent / count * 1e6:.1f} us of CPU, {size / count:.0f} bytes")


class Searcher:
    """Searches, and prints how long that takes."""

    def __init__(self, store: sqlite.SqliteStore, newest: int) -> None:
        self._store = store
        self._newest = newest
        self._random = Random(2)  # noqa: S311

    def timed(self, name: str, text: Callable[[], str], **fields: Any) -> None:
        """Search for what *text* returns, from the newest message on and deep in the past."""
        for where, bound in (("", self._newest), (", deep in the past", None)):
            taken, found = [], 0
            for _ in range(TIMES):
                wanted = parse(text())
                before = bound or self._random.randint(1_000, self._newest)
                search = Search(
                    wanted.phrases,
                    before=before + 1,
                    count=20,
                    author=wanted.author,
                    room=wanted.room,
                    since=wanted.since,
                    until=wanted.until,
                    rooms=READABLE,
                    hidden=HIDDEN,
                )
                began = time.thread_time()
                found += len(self._store._find_words(replace(search, **fields)).messages)
                taken.append((time.thread_time() - began) * 1000)
            taken.sort()
            figures = f"{median(taken):.2f} | {taken[TIMES * 99 // 100]:.2f} | {taken[-1]:.2f} | {found / TIMES:.1f}"
            print(f"| {name}{where} | {figures} |", flush=True)


def measure(store: sqlite.SqliteStore, newest: int) -> None:
    """Print how long searches take."""
    searcher, words, random = Searcher(store, newest), Talk(1).words, Random(3)  # noqa: S311
    rare, often = words[len(words) // 2 :], words[:20]
    long = [word for word in often if len(word) > 4]

    def some() -> str:
        return random.choice(often)

    def day() -> str:
        return timestamp(START + random.randint(0, newest))[:10]

    timed = searcher.timed
    print("\n| searched for | p50 ms | p99 ms | worst ms | found |\n|---|---|---|---|---|")
    timed("a rare word", lambda: random.choice(rare))
    timed("a word in half of all messages", lambda: "even")
    timed("a frequent word", some)
    timed("three frequent words", lambda: " ".join(random.sample(often, 3)))
    timed("two letters of frequent words (`he*`)", lambda: f"{random.choice(long)[:2]}*")
    timed("three letters (`hel*`)", lambda: f"{random.choice(long)[:3]}*")
    timed("five letters (`hello*`)", lambda: f"{random.choice(long)[:5]}*")
    timed("three letters of rare words", lambda: f"{random.choice([word for word in rare if len(word) > 4])[:3]}*")
    timed("a phrase of two frequent words", lambda: f'"{some()} {some()}"')
    timed("a phrase of four frequent words", lambda: f'"{" ".join(random.sample(often, 4))}"')
    timed("a phrase that ends in `*`", lambda: f'"{some()} {random.choice(long)[:3]}*"')
    timed("a frequent word of an author", lambda: f"{some()} author:user{random.randint(0, 499)}")
    timed("a frequent word in a room", lambda: f"{some()} room:#room{random.randint(0, 49)}")
    timed("a frequent word on a day", lambda: f"{some()} since:{(d := day())} until:{d}")
    timed("a rare word since a day", lambda: f"{random.choice(rare)} since:{day()}")
    timed("a frequent and a rare word", lambda: f"{some()} {random.choice(rare)}")
    timed("two words in half of all messages, which never meet", lambda: "even odd")
    timed("a word of which half a million are in one hidden room", lambda: "busy")
    timed("a word of which 300,000 are in forty hidden rooms", lambda: "many")
    timed("what names somebody", lambda: "author:user0", naming=often[0], author=None)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.searching", description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000, help="how many (default: 1000000)")
    parser.add_argument("--data", type=Path, help="where to keep the history")
    options = parser.parse_args()
    print("\n".join(f"- {line}" for line in describe([])))
    with TemporaryDirectory(prefix="chat-benchmark-") as name:
        data = options.data or Path(name)
        data.mkdir(exist_ok=True)
        if not (data / FILE).exists():
            fill(data, options.messages)
        store = sqlite.SqliteStore(cast(IReactorFromThreads, reactor), data)
        contents = store.open()
        try:
            measure(store, contents.last_id)
        finally:
            store.close()


if __name__ == "__main__":
    main()
