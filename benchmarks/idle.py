"""An idle daemon: its memory, how long it takes to start, and what it has on the disk."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import chat

PACKAGE = "twisted-chat"
ENDPOINT = "tcp:0:interface=127.0.0.1"
SETTLED = 1.0
"""The seconds after which a daemon that has begun to listen is idle."""

_SERVE = (sys.executable, "-m", "chat", "serve")
_TWISTD = (sys.executable, "-c", "from twisted.scripts.twistd import run; run()", "--nodaemon", "--pidfile=", "chat")
_REACTOR = "import twisted.internet.reactor; print(open('/proc/self/status').read())"


@dataclass(frozen=True)
class Idle:
    """Figures of each start: the memory above that of Twisted's reactor in KB, and the seconds until it listened.

    ``cpu``: the seconds of the processor until then.
    """

    command: str
    above: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure(starts: int = 5) -> list[Idle]:
    """Start the daemon so many times by each command, after once that does not count."""
    reactor = int(median(_reactor() for _ in range(starts)))
    found = []
    for name, command in (("chat serve", _SERVE), ("twistd -n chat", _TWISTD)):
        found.append(Idle(name))
        for number in range(starts + 1):
            memory, seconds, cpu = _start(command)
            if number:
                found[-1].above.append(memory - reactor)
                found[-1].seconds.append(seconds)
                found[-1].cpu.append(cpu)
    return found


def _environment() -> dict[str, str]:
    """Ours, in which Python may keep what it has compiled, as it does where packages are installed."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _resident(status: str) -> int:
    found = re.search(r"VmRSS:\s*(\d+) kB", status)
    assert found is not None
    return int(found[1])


def _reactor() -> int:
    """The memory of a process that has imported the reactor of Twisted and nothing else."""
    command = [sys.executable, "-c", _REACTOR]
    return _resident(subprocess.run(command, capture_output=True, text=True, check=True, env=_environment()).stdout)


def _start(command: Sequence[str]) -> tuple[int, float, float]:
    """Start a daemon; return its memory once idle, and the seconds until it listened: all, and of the processor."""
    with TemporaryDirectory(prefix="chat-benchmark-") as data:
        began = time.monotonic()
        process = subprocess.Popen(
            [*command, "--listen", ENDPOINT, "--data", data],
            cwd=data,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with process:
            assert process.stdout is not None
            try:
                assert any("listening on" in line for line in process.stdout), "it did not start"
                seconds = time.monotonic() - began
                cpu = int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9
                time.sleep(SETTLED)
                return _resident(Path(f"/proc/{process.pid}/status").read_text()), seconds, cpu
            finally:
                process.terminate()


def sizes(name: str = PACKAGE) -> dict[str, int]:
    """Return the bytes that a package and all that it needs take on the disk, what Python has compiled included."""
    found: dict[str, int] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        try:
            package = distribution(one)
        except PackageNotFoundError:  # needed on other systems only
            continue
        if package.name not in found:
            found[package.name] = sum(map(_on_disk, _files(package)))
            waiting += _needed(package)
    return found


def _files(package: Distribution) -> Iterator[Path]:
    recorded = {Path(str(path.locate())) for path in package.files or ()}
    yield from recorded
    ours = Path(chat.__file__)
    if package.name == PACKAGE and ours not in recorded:  # it is installed as an editable checkout
        yield from ours.parent.rglob("*.*")


def _on_disk(path: Path) -> int:
    return path.stat().st_blocks * 512 if path.is_file() else 0


def _needed(package: Distribution) -> Iterator[str]:
    """What the package needs, with the extra that we ask Twisted for."""
    for line in package.requires or ():
        requirement, _, condition = line.partition(";")
        if "extra" in condition and not (package.name.lower() == "twisted" and re.search("['\"]tls['\"]", condition)):
            continue
        name = re.match(r"[\w.-]+", requirement)
        assert name is not None
        yield name[0]


def report(idle: Sequence[Idle], on_disk: dict[str, int]) -> list[str]:
    """Write the figures as lines of Markdown."""

    def range_of(values: Sequence[float], digits: int) -> str:
        return f"{median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"

    return [
        "### An idle daemon",
        "",
        "| started by | MB above `import twisted.internet.reactor` | seconds until it listens | of the processor |",
        "| --- | --- | --- | --- |",
        *(
            f"| `{one.command}` | {range_of([above / 1024 for above in one.above], 1)} | {range_of(one.seconds, 2)} | "
            f"{range_of(one.cpu, 2)} |"
            for one in idle
        ),
        "",
        f"With all that it needs it takes {sum(on_disk.values()) / 1024**2:.0f} MB on the disk: "
        + ", ".join(f"{name} {size / 1024**2:.1f}" for name, size in sorted(on_disk.items(), key=lambda item: -item[1]))
        + ".",
        "",
    ]


if __name__ == "__main__":
    print("\n".join(report(measure(), sizes())))
