"""One run: the programs, the operator, the kills, and the counts of what was found."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from subprocess import DEVNULL, STDOUT
from typing import TypedDict

from e2e.torture.judge import Judge, copied
from e2e.torture.ledger import DENS, LOBBY, PLURALS, Ledger, Variable
from e2e.torture.people import PASSWORD, Program
from e2e.torture.victim import PATIENCE, Proxy, Victim
from e2e.torture.watchers import Watcher

DEVICES = 3
"""So many accounts have two programs each; all but the first of them have somebody with netcat, too."""

FAULTS = ("lost", "doubled", "reordered", "shown to the wrong one", "rights", "wrong state", "other")
"""The kinds of faults."""
ROWS = (
    "kills", "cuts", "messages", "changes shown", "private messages", "private messages shown",
    "crossed by a line and not shown", "stored and not shown at a kill", "lines shown by text", "edits shown by text",
    "renames", "registered", "rights changed", "roles by chat admin", *PLURALS.values(), *FAULTS,
)  # fmt: skip


class Result(TypedDict):
    """What a run has counted, and the faults that it found."""

    counts: dict[str, int]
    faults: list[tuple[str, str]]


class Run:
    """Programs that talk to a daemon in *folder*, and the operator who appoints some of them."""

    def __init__(self, folder: Path, seed: int, accounts: int, novices: int, guests: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311
        self._ledger = Ledger(self._chance)
        self._victim = Victim(folder)
        self._proxy = Proxy(self._victim, self._chance)
        self._homes = [
            *(f"ada{number}" for number in range(accounts)),
            *(f"novice{number}" for number in range(novices)),
            *(f"guest{number}" for number in range(guests)),
        ]
        for home in self._homes[: accounts + novices]:
            self._ledger.roles[home], self._ledger.accounts[home] = Variable("user"), Variable(False)
        self._silent = {*self._homes[accounts - 2 : accounts], *self._homes[-2:]}
        """Those who only listen: what they are sent is confirmed by nothing."""
        self._ledger.guests.update(self._homes[accounts + novices :])
        self._founders = dict(zip(DENS, self._homes, strict=False))
        self._accounts = accounts
        self._ledger.several.update(self._homes[:DEVICES])

    async def run(self, kills: int) -> Result:
        """Kill the daemon so many times; return what was found."""
        try:
            await self._begin()
            operator = asyncio.create_task(self._operate())
            for number in range(kills):
                self._ledger.kill = number + 1
                await self._until(self._busy(), operator)
                await self._kill()
            await self._until(self._busy(), operator)
            await self._finish(operator)
        finally:
            self._victim.abandon()
        counts = Counter(self._ledger.counts)
        counts.update(kind for kind, _ in self._ledger.faults)
        said = [request for request in self._ledger.requests.values() if request.says and request.numbers]
        counts.update("private messages" if request.private else "messages" for request in said)
        lines = sum(len(seen) for _, seen in self._ledger.lines)
        counts.update(
            {
                "lines shown by text": lines,
                "kills": kills,
                "cuts": self._proxy.cuts,
                "private messages shown": len(self._ledger.shown),
            }
        )
        return Result(counts=dict(counts), faults=self._ledger.faults)

    async def _begin(self) -> None:
        """Have all come in, some register, and two rooms be made and closed."""
        await self._victim.start()
        await self._proxy.start()
        port, ledger, homes = self._proxy.port, self._ledger, self._homes
        accounts = set(homes[: self._accounts])
        self._programs = [Program(home, port, ledger, homes, follows=home in accounts) for home in homes]
        self._watchers: list[Watcher] = []
        self._lives = [asyncio.create_task(program.live()) for program in self._programs]
        self._open()
        await self._until(lambda: all(program.inside for program in self._programs))
        for program in self._programs[: self._accounts]:
            program.register()
        await self._until(self._answered)
        more = [Program(home, port, ledger, homes, device=2, follows=True) for home in homes[:DEVICES]]
        self._programs += more
        self._watchers += [Watcher(home, port, ledger, PASSWORD) for home in homes[1:DEVICES]]
        self._watchers.append(Watcher("watcher", port, ledger, None))
        newcomers: list[Program | Watcher] = [*more, *self._watchers]
        self._lives += [asyncio.create_task(one.live()) for one in newcomers]
        self._open()
        await self._until(lambda: all(one.inside for one in newcomers))
        for program in self._programs:
            program.ask("say", room=LOBBY)
        await self._until(self._answered)
        for den, home in self._founders.items():
            founder = self._programs[self._homes.index(home)]
            for right in ("op", "invite"):
                # Who is in a room that is made private is invited by that.
                self._ledger.right(right, den, (home, 0)).settle(True, self._ledger.now(), ())
            founder.ask("join", room=den)
            founder.ask("room", room=den, access="private")
        await self._until(self._answered)
        for program in self._programs:
            program.talking = program.home not in self._silent

    def _open(self) -> None:
        for one in self._everybody():
            one.gate.set()

    def _everybody(self) -> Iterable[Program | Watcher]:
        return [*self._programs, *self._watchers]

    def _answered(self) -> bool:
        return all(program.connected and not program.unanswered for program in self._programs)

    def _busy(self) -> Callable[[], bool]:
        """Tell whether the programs have got on since the last kill."""
        count = len(self._ledger.requests) + 3 * len(self._programs)
        return lambda: len(self._ledger.requests) > count

    async def _until(self, reached: Callable[[], bool], operator: asyncio.Task[None] | None = None) -> None:
        end = self._ledger.now() + PATIENCE
        while not reached():
            assert self._ledger.now() < end, "\n".join(map(repr, self._programs))
            for task in (*self._lives, *([operator] if operator is not None else [])):
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)

    async def _operate(self) -> None:
        """Give and take roles by ``chat admin``, whether the daemon runs or not."""
        ledger = self._ledger
        while True:
            home = self._chance.choice([home for home in ledger.accounts if ledger.is_registered(home)])
            role = self._chance.choice(("owner", "moderator", "user", "user"))
            change = ledger.operator = ledger.roles[home].ask(role, ledger.now())
            words = ("-m", "chat", "admin", "role", home, role, "--data", str(self._victim.folder))
            tool = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=DEVNULL, stderr=STDOUT)
            if await tool.wait() == 0:
                change.until = ledger.now()
                ledger.counts["roles by chat admin"] += 1
            ledger.operator = None
            await asyncio.sleep(self._chance.random() * 0.2)

    async def _kill(self) -> None:
        for _ in range(self._chance.randrange(1, 6)):
            await asyncio.sleep(self._chance.random() * 0.15)
            self._proxy.cut()
        for one in self._everybody():
            one.gate.clear()
        await self._victim.kill(at_a_commit=self._chance.random() < 0.6)
        await self._dead()
        self._judge(final=False)
        self._ledger.epoch += 1
        await asyncio.sleep(self._chance.random() * 0.1)
        await self._victim.start()
        self._open()

    async def _dead(self) -> None:
        """Wait until the programs have read all that the daemon had sent."""
        async with asyncio.timeout(PATIENCE):
            for one in self._everybody():
                await one.idle.wait()
        self._ledger.nobody()
        self._ledger.drop_open()
        for program in self._programs:
            program.forget_rights()

    def _judge(self, *, final: bool) -> None:
        for line in self._victim.troubles():
            self._ledger.fault("other", f"the log says {line}")
        with copied(self._victim.folder) as history:
            judge = Judge(self._ledger, history)
            self._ledger.counts["stored and not shown at a kill"] += judge.unseen()
            judge.judge()
            if final:
                places = ((p.label, room, p.seen[room]) for p in self._programs for room in p.inside)
                judge.judge_delivery(places, [(p.label, p.home, p.private) for p in self._programs if p.follows])
                for program in self._programs:
                    models = [program.models[room] for room in program.inside if room in program.models]
                    for model in (*models, program.letters) if program.follows else ():
                        self._ledger.changes.judge_model(history, program.label, model)
            else:
                judge.settle_requests()

    async def _finish(self, operator: asyncio.Task[None]) -> None:
        """Let all get everything, and end."""
        for program in self._programs:
            program.talking = False
        await self._until(lambda: self._ledger.operator is None, operator)
        operator.cancel()
        await self._until(self._answered)
        for program in self._programs:
            # So that it is known who they are.
            program.ask("say", room=LOBBY)
        await self._until(self._answered)
        for program in self._programs:
            program.send("ping", tag="the last")
        await self._until(lambda: all("the last" in program.pongs for program in self._programs))
        for life in self._lives:
            life.cancel()
        await asyncio.gather(*self._lives, operator, return_exceptions=True)
        await self._proxy.end()
        assert await self._victim.end() == 0
        self._ledger.nobody()
        self._judge(final=True)


def run(folder: Path, *, kills: int, seed: int, accounts: int = 7, novices: int = 3, guests: int = 7) -> Result:
    """Kill a daemon in *folder* so many times, while so many programs use it."""
    return asyncio.run(Run(folder, seed, accounts, novices, guests).run(kills))


def table(results: Sequence[Result]) -> str:
    """The sums of *results*, and all faults."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result["counts"])
    width = max(map(len, ROWS))
    lines = [f"{row:{width}} {counts[row]:8,}" for row in ROWS]
    lines += [
        f"refused: {kind.removeprefix('refused '):{width - 9}} {counts[kind]:8,}"
        for kind in sorted(counts)
        if kind.startswith("refused ")
    ]
    lines += [f"{kind}: {what}" for result in results for kind, what in result["faults"]]
    return "\n".join(lines)
