"""A long day in minutes: people and programs come, talk, break off and come back, while the memory is watched.

By hand: ``cd tests && python -m e2e.soak 15`` runs for 15 minutes.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e.clients import Bot, Person
from e2e.daemon import HOST, LISTEN, Daemon, Yard
from e2e.streams import SocketStream, TlsStream

RESIDENTS = 20
VISITORS = 60
REPORT = 15.0


class Soak:
    """The daemon, its residents, who stay, and its visitors, who come and go."""

    def __init__(self, chat: Daemon, seed: int) -> None:
        self._chat = chat
        self._random = random.Random(seed)  # noqa: S311 - chooses who does what
        self._residents = [chat.bot(f"resident{number}") for number in range(RESIDENTS)]
        self._visitors: list[Person | Bot] = []
        self.done: Counter[str] = Counter()

    def step(self) -> None:
        """Do one thing at random."""
        act = self._random.choice((self._talk, self._talk, self._talk, self._come, self._go, self._ask, self._offend))
        act()
        self.done[act.__name__.strip("_")] += 1

    def _talk(self) -> None:
        speaker = self._random.choice(self._residents)
        speaker.ask("say", room="lobby", text="x" * self._random.randrange(1, 2_000))
        for resident in self._residents:
            resident.catch_up()

    def _come(self) -> None:
        if len(self._visitors) >= VISITORS:
            self._go()
        stream = self._random.choice((SocketStream, TlsStream))
        port = self._chat.port if stream is SocketStream else self._chat.tls_port
        visitor = self._random.choice((Person, Bot))(stream((HOST, port)))
        if isinstance(visitor, Bot):
            visitor.hello(None, rooms={"lobby": None, f"room{self._random.randrange(500)}": None})
        else:
            visitor.walk_in("")
            visitor.type("hello", "/join another", "/join lobby")
        self._visitors.append(visitor)

    def _go(self) -> None:
        if not self._visitors:
            return
        visitor = self._visitors.pop(self._random.randrange(len(self._visitors)))
        how = self._random.randrange(3)
        with suppress(OSError, AssertionError):
            if how == 0:
                visitor.leave()
            elif how == 1 and type(visitor.stream) is SocketStream:
                visitor.stream.reset()
        visitor.close()

    def _ask(self) -> None:
        asker = self._random.choice(self._residents)
        asker.ask("history", room="lobby", count=200)
        asker.ask("search", text="hello")
        asker.ask("rooms")

    def _offend(self) -> None:
        stream = SocketStream((HOST, self._random.choice((self._chat.port, self._chat.tls_port))))
        with suppress(OSError):
            stream.send(self._random.randbytes(self._random.randrange(1, 5_000)))
        stream.reset()

    def end(self) -> None:
        """Have all visitors go."""
        while self._visitors:
            self._go()


def main() -> None:
    """Soak a daemon for as many minutes as the command line says, and print its memory."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    with TemporaryDirectory() as folder, Yard(Path(folder)) as yard:
        chat = yard.start("--tls-listen", LISTEN, "--no-limits", "--no-log-talk", "--sync", "normal")
        soak = Soak(chat, seed)
        begun = time.monotonic()
        reported = begun - REPORT
        while (now := time.monotonic()) < begun + 60 * minutes:
            if now - reported >= REPORT:
                reported = now
                print(f"{now - begun:6.0f} s  {chat.rss / 1e6:6.1f} MB  {dict(soak.done)}", flush=True)
            soak.step()
        soak.end()
        print(f"   end    {chat.rss / 1e6:6.1f} MB  {dict(soak.done)}", flush=True)


if __name__ == "__main__":
    main()
