"""Runs days of the chat one after the other, and makes the shortest of one that breaks a promise.

``PYTHONPATH=tests python -m machine --runs 20000`` goes on where it was left with ``--first``. Each run is made of its
number alone.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from house import DOORS, House
from real_house import RealHouse

from machine.ending import begin, finish
from machine.promises import PROMISES, Broken
from machine.steps import IN_MEMORY, SEATS, STEPS, TALK, THEMES, Day, Step

LENGTH = 60
"""The steps of a day."""
MOST_TRIES = 600
"""The days that are tried to make one shorter."""


def make(number: int, length: int = LENGTH, without: Collection[str] = ()) -> list[Step]:
    """The steps of the day with that number, which is mostly about one theme and about some of the clients."""
    chance = random.Random(number)  # noqa: S311
    theme, cast = chance.choice(THEMES), chance.choice((3, 4, 6, SEATS))
    theme = (
        {*theme, *TALK, "misses_something", "reads_what_came_after", "what_is_old_is_dropped"}
        if theme and chance.random() < 0.5
        else theme
    )
    weights = [
        weight * (chance.choice((0.1, 1, 3)) if not theme or name in theme else 0.1)
        for name, (weight, _) in STEPS.items()
    ]
    names = chance.choices(list(STEPS), weights, k=length)
    steps = [Step(name, chance.randrange(cast), chance.getrandbits(32)) for name in names]
    return [step for step in steps if step.name not in without]


@dataclass
class Fault:
    """A promise that was broken, by which steps, and what was said meanwhile."""

    number: int
    promise: str
    what: str
    steps: Sequence[Step]
    conversation: Sequence[str]
    waiting: str


def doors_of(number: int) -> str:
    """What the chat of that day asks of newcomers."""
    chance = random.Random(f"doors {number}")  # noqa: S311
    return chance.choices(list(DOORS), (8, 1, 2, 2, 1))[0]


def live(number: int, steps: Sequence[Step], waived: Iterable[str] = (), house: type[House] = House) -> Fault | None:
    """Live a day; return what broke."""
    day = Day(waived, house, doors_of(number))
    try:
        begin(day)
        for step in steps:
            day.do(step)
        finish(day)
    except Broken as broken:
        return Fault(number, broken.promise, str(broken), steps, day.conversation, day.house.waiting())
    finally:
        day.close()
    return None


def shorten(fault: Fault, waived: Iterable[str] = (), house: type[House] = House, most: int = MOST_TRIES) -> Fault:
    """Leave out all steps without which the same promise breaks too."""
    tries, size = 0, max(1, len(fault.steps) // 2)
    while tries < most:
        start, shorter = 0, False
        while start < len(fault.steps) and tries < most:
            tries += 1
            steps = [*fault.steps[:start], *fault.steps[start + size :]]
            found = live(fault.number, steps, waived, house)
            if found is not None and found.promise == fault.promise:
                fault, shorter = found, True
            else:
                start += size
        if size == 1 and not shorter:
            break
        size = max(1, size // 2)
    return fault


def report(fault: Fault) -> str:
    """Tell of a fault."""
    steps = ", ".join(step.name.replace("_", " ") for step in fault.steps)
    doors = doors_of(fault.number)
    behind = f" (doors: {doors})" if doors != "open" else ""
    head = f"Run {fault.number}, {fault.promise}: {fault.what}{behind}"
    return "\n".join([head, "", *fault.conversation, "", f"waits: {fault.waiting}", f"steps: {steps}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run days; return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="machine", description="Random days in the chat.")
    parser.add_argument("--first", type=int, default=0, help="the number of the first run")
    parser.add_argument("--runs", type=int, default=1000, help="how many runs")
    parser.add_argument("--steps", type=int, default=LENGTH, help="how many steps each has")
    parser.add_argument("--waive", action="append", default=[], choices=list(PROMISES), help="a promise not to look at")
    parser.add_argument(
        "--without", action="append", default=[], choices=list(STEPS), help="a kind of step to leave out"
    )
    parser.add_argument("--real", action="store_true", help="use real daemons, connections and kills")
    parser.add_argument("--all", action="store_true", help="go on after a promise was broken")
    options = parser.parse_args(arguments)
    house = RealHouse if options.real else House
    without = {*options.without, *(IN_MEMORY if options.real else ())}
    begun, broken = time.monotonic(), 0
    for number in range(options.first, options.first + options.runs):
        fault = live(number, make(number, options.steps, without), options.waive, house)
        if fault is not None:
            broken += 1
            print(report(shorten(fault, options.waive, house, 60 if options.real else MOST_TRIES)), flush=True)
            if not options.all:
                return 1
            print("=" * 100)
        done = number + 1 - options.first
        if done % (10 if options.real else 500) == 0:
            each = (time.monotonic() - begun) / done
            print(
                f"{done} runs, {broken} broken, {each * 1000:.1f} ms each; go on with --first {number + 1}",
                file=sys.stderr,
            )
    return 1 if broken else 0
