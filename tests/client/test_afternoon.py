"""An afternoon at the terminal client: bots talk in six rooms, the line breaks, both ends are killed and come back.

What the user typed is in the history once, in the order in which it was typed, and nothing else of theirs is.
``AFTERNOONS`` says how many there are, each with another seed.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from client.terminals import RealTerminal
from e2e.clients import Bot
from e2e.cuts import CutProxy
from e2e.daemon import HOST, Daemon, DaemonFactory, at
from e2e.waiting import wait_for

ROOMS = ("lobby", "dev", "ops", "garden", "games", "quiet")
BOTS = 10
STEPS = 60
PASSWORD = "correct horse"  # noqa: S105 - of a chat that lasts for one test


class Afternoon:
    """Ada at the client, the bots, and what she has said and left unsaid in each room."""

    def __init__(self, start: DaemonFactory, port: int, folder: Path, seed: int) -> None:
        self._start = start
        self._port = port
        self._folder = folder
        self._random = random.Random(seed)  # noqa: S311 - it decides what happens, and guards nothing
        self._count = 0
        self.said: dict[str, list[str]] = {room: [] for room in ROOMS}
        self._drafts = dict.fromkeys(ROOMS, "")
        self._room = ROOMS[0]
        self.daemon = self._daemon()
        ada = self.daemon.bot("ada")
        ada.ask("register", password=PASSWORD)
        ada.leave()
        (folder / "password").write_text(PASSWORD)
        self._bots = self._come_in()
        self._proxy = CutProxy(self._port)
        self.ada = self._client("--rooms", ",".join(ROOMS))

    def _daemon(self) -> Daemon:
        return self._start("--no-limits", "--data", str(self._folder / "data"), listen=[at(self._port)])

    def _come_in(self) -> list[Bot]:
        return [self.daemon.bot(f"bot{number}", rooms=dict.fromkeys(ROOMS)) for number in range(BOTS)]

    def _client(self, *options: str) -> RealTerminal:
        where = f"ada@{HOST}:{self._proxy.port}"
        ada = RealTerminal(
            where,
            *options,
            "--password-file",
            str(self._folder / "password"),
            columns=160,
            state=self._folder,
        )
        wait_for(lambda: f" {len(ROOMS)}:#{ROOMS[-1]}" in ada.read(), "ada is in her rooms")
        return ada

    def _online(self, ada: RealTerminal) -> None:
        wait_for(lambda: (seen := ada.read()) and "no connection" not in seen and "ada #" in seen, "ada is in")

    # -- what happens

    def step(self) -> None:
        """Something happens."""
        happen = self._random.choices(
            [self.talk, self.say, self.draft, self.turn, self.cut, self.stop, self.resize, self.kill, self.restart],
            [20, 25, 10, 15, 6, 4, 4, 2, 4],
        )[0]
        happen()

    def talk(self) -> None:
        """Some of the bots say something, and read what was said."""
        for bot in self._random.sample(self._bots, 3):
            self._count += 1
            bot.request("say", room=self._random.choice(ROOMS), text=self._bot_text())
            bot.catch_up()

    def _bot_text(self) -> str:
        return (
            self._random.choice(["ada: are you there", "line one\nline two", "日本 👍🏽 é", "x" * 300])
            + f" {self._count}"
        )

    def turn(self) -> None:
        """Ada turns to another room."""
        room = self._random.choice([room for room in ROOMS if room != self._room])
        self.ada.press(f"\x1b{ROOMS.index(room) + 1}")
        self._room = room
        self._sees_line()

    def draft(self) -> None:
        """Ada types, and does not say it yet."""
        self._count += 1
        text = f"w{self._count} "
        self.ada.press(text)
        self._drafts[self._room] += text
        self._sees_line()

    def say(self) -> None:
        """Ada ends her line and says it."""
        self.draft()
        text, self._drafts[self._room] = self._drafts[self._room].strip(), ""
        self.ada.press("\r")
        self.said[self._room].append(text)
        self._sees_line()

    def cut(self) -> None:
        """The connection breaks for a while, and Ada goes on."""
        self._proxy.cut()
        for _ in range(self._random.randrange(4)):
            self._random.choice([self.say, self.draft, self.turn, self.talk])()
        self._proxy.mend()

    def stop(self) -> None:
        """The client is stopped while others talk."""
        self.ada.child.kill(signal.SIGSTOP)
        self.talk()
        self.ada.child.kill(signal.SIGCONT)

    def resize(self) -> None:
        """The terminal gets another size."""
        self.ada.resize(self._random.randrange(12, 50), self._random.randrange(70, 200))
        self._sees_line()

    def kill(self) -> None:
        """The daemon is killed, and comes back."""
        self.daemon.kill()
        for _ in range(self._random.randrange(3)):
            self._random.choice([self.say, self.draft, self.turn])()
        self.daemon = self._daemon()
        self._bots = self._come_in()

    def restart(self) -> None:
        """Ada leaves when all is sent, or is put out by the system, and comes back to where she was."""
        self.settle()
        self.ada.child.kill(self._random.choice([signal.SIGTERM, signal.SIGHUP]))
        self.ada.ends()
        self.ada.close()
        self.ada = self._client()
        self._sees_line()

    def settle(self) -> None:
        """Wait until nothing is unsent."""
        self._online(self.ada)
        try:
            wait_for(lambda: "unsent" not in self.ada.read(), "all is sent")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; there is:\n{self.ada.read()}") from None

    def _sees_line(self) -> None:
        """Wait until the screen shows the room in which she is, and what she has typed there."""
        typed = f"ada #{self._room}> {self._drafts[self._room]}".rstrip()
        self.ada.sees_in_rows(typed)

    # -- the end

    def end(self) -> None:
        """All that was typed was said once, in its order, and nothing else."""
        self.settle()
        for room in ROOMS:
            assert self._in_history(room) == self.said[room], f"in {room}"

    def close(self) -> None:
        """End the client, and the way to the daemon."""
        self.ada.close()
        self._proxy.__exit__(None, None, None)

    def _in_history(self, room: str) -> Sequence[str]:
        reader = self.daemon.bot("reader", rooms={room: None})
        texts: list[str] = []
        where: dict[str, int] = {}
        more = True
        while more:
            page = reader.ask("history", room=room, count=200, **where)
            texts[:0] = [message["text"] for message in page["messages"] if message["author"] == "ada"]
            more = page["more"]
            where = {"before": page.get("next", 0)}
        reader.leave()
        return texts


@pytest.mark.parametrize("seed", range(int(os.environ.get("AFTERNOONS", "2"))))
def test_nothing_typed_is_lost_and_nothing_is_said_twice_or_unasked(
    start_chat: DaemonFactory, port: int, tmp_path: Path, seed: int
) -> None:
    afternoon = Afternoon(start_chat, port, tmp_path, seed)
    with closing(afternoon):
        for _ in range(STEPS):
            afternoon.step()
        afternoon.end()
