"""How far something is that takes long: one line at a terminal, until it is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def pages(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many pages of a file are done, of which *what* is done first; then it is checked."""
    with tqdm(desc=what, unit=" pages", disable=None, leave=False) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)
            if done == total:
                bar.set_description("checking")

        yield show


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is being looked at, and how much of it is done."""
    stage = ""
    with tqdm(disable=None, leave=False) as bar:

        def show(what: str, done: int, total: int) -> None:
            nonlocal stage
            if what != stage:
                stage = what
                bar.reset(total)
                bar.set_description(what)
            bar.update(done - bar.n)

        yield show


@contextmanager
def sentences() -> Iterator[Callable[[str], None]]:
    """Show what the chat says about it, each time in the place of what it said before; nothing until it says so."""
    shown = False

    def show(text: str) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text} ...", end="", file=sys.stderr, flush=True)
            shown = True

    try:
        yield show
    finally:
        if shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
