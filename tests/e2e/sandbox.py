"""Machines for tests: this machine as it is, with a network of its own, and whose changes to files are forgotten."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from types import TracebackType

import pexpect
import pytest

from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

ROOT = Path(__file__).parents[2]
HOME = "/home/ada"
WORK = f"{HOME}/twisted-chat"
"""Where the commands are run: a clone of this repository."""
PACKAGES = f"{HOME}/packages"
"""Where pip finds all that it needs, as there is no network."""

_SET_UP = f"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir root new work
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/new,workdir=$1/work" root
cd root
mkdir -p .{WORK}
mount --bind "$2" .{WORK}
mkdir .{PACKAGES}
mount --bind "$3" .{PACKAGES}
mount -t proc proc proc
mount -o bind,ro proc/sys proc/sys
mount -t sysfs -o ro sysfs sys
case $4 in *systemd*) mount -t cgroup2 cgroup2 sys/fs/cgroup ;; esac
mount -t tmpfs tmpfs dev
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs tmpfs tmp
chmod 1777 tmp
mount -t tmpfs tmpfs run
rm -rf etc/systemd/system/*.wants
mount --make-rshared .
ip link set lo up
export container=sandbox
exec chroot . sh -c "echo ready; exec $4"
"""
_BOOT = "/lib/systemd/systemd --system --unit=basic.target --log-target=null"
SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The path of a new machine."""
_numbers = itertools.count(1)


class Running:
    """A program that goes on running on a machine, and what it has written."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self._process = process
        self._output = output

    def output(self) -> str:
        """What it has written."""
        return self._output.read_text("utf-8", "replace")

    def await_output(self, text: str) -> None:
        """Wait until it has written *text*."""

        def written() -> bool:
            if text not in self.output():
                assert self._process.poll() is None, self.output()
                return False
            return True

        wait_for(written, f"{text!r} is written")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to what runs at the end of the line."""
        os.kill(_last_child(self._process.pid), number)

    def end(self) -> None:
        """End it by SIGTERM, and check that it ended well."""
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
        assert self._process.wait(DEADLINE) == 0, self.output()


class Machine:
    """Such a machine, with *clone* at :data:`WORK` and *packages* at :data:`PACKAGES`.

    If it *boots*, systemd runs there.
    """

    def __init__(self, folder: Path, clone: Path, packages: Path, boots: bool = False) -> None:
        if os.geteuid() != 0:
            pytest.skip("needs root")
        self._folder = folder
        self._programs = 0
        (folder / "machine").mkdir(parents=True)
        spaces = ["--mount", "--net", "--pid", "--cgroup", "--uts", "--ipc", "--fork", "--kill-child"]
        dies = [tool("setpriv"), "--pdeathsig", "KILL", tool("unshare")]
        command = [*dies, *spaces, "sh", "-c", _SET_UP, "sh", str(folder / "machine"), str(clone)]
        self._group: Path | None = None
        """The control group in which systemd makes its own."""
        if boots:
            self._group = _groups() / f"chat-test-{os.getpid()}-{next(_numbers)}"
            self._group.mkdir()
            command = ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', str(self._group), *command]
        self._holder = subprocess.Popen(
            [*command, str(packages), _BOOT if boots else "sleep infinity"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={"PATH": os.environ["PATH"]},
        )
        self._started: list[subprocess.Popen[bytes]] = []
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self._first = _children(self._holder.pid)[0]
        self._environment = {
            "PATH": f"{WORK}/.venv/bin:{SYSTEM}",
            "HOME": HOME,
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": PACKAGES,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def __enter__(self) -> Machine:
        if self._group is not None:
            try:
                wait_for(self._has_booted, "systemd runs")
            except AssertionError:
                self.__exit__(None, None, None)
                raise
        return self

    def _has_booted(self) -> bool:
        return self.run("systemctl is-system-running || true").split() in (["running"], ["degraded"])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holder.kill()
        self._holder.communicate()
        for process in self._started:
            process.wait()
        if self._group is not None:
            events = self._group / "cgroup.events"
            wait_for(lambda: "populated 0" in events.read_text(), "all its processes are gone")
            for group, _, _ in os.walk(self._group, topdown=False):
                os.rmdir(group)

    def _enter(self, line: str) -> list[str]:
        spaces = ["--target", str(self._first), "--mount", "--net", "--pid", "--root", "--wd"]
        return [tool("nsenter"), *spaces, "bash", "-c", f"cd {WORK}\n{line}"]

    def run(self, line: str, *, given: str = "", code: int = 0) -> str:
        """Run a line of the shell with *given* at its input; return its output. It must end with this exit *code*."""
        done = subprocess.run(
            self._enter(line),
            input=given.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self._environment,
            timeout=DEADLINE,
            check=False,
        )
        output = done.stdout.decode("utf-8", "replace")
        assert done.returncode == code, f"{line}\n{output}"
        return output

    def start(self, line: str) -> Running:
        """Start what goes on running."""
        self._programs += 1
        output = self._folder / f"output{self._programs}"
        with output.open("wb") as file:
            process = subprocess.Popen(
                self._enter(line), stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=self._environment
            )
        self._started.append(process)
        return Running(process, output)

    def type(self, line: str) -> pexpect.spawn[str]:
        """Run a line at a terminal."""
        first, *more = self._enter(line)
        return pexpect.spawn(
            first, more, env=self._environment, encoding="utf-8", timeout=DEADLINE, dimensions=(30, 100)
        )

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        self.run(f"mkdir -p {shlex.quote(str(Path(path).parent))} && cat >{shlex.quote(path)}", given=text)


def fetch_packages(folder: Path) -> None:
    """Fetch into *folder* what the system's Python needs to install this project."""
    shown = subprocess.run(["python3", "--version"], env={"PATH": SYSTEM}, check=True, capture_output=True, text=True)
    version = shown.stdout.split()[1]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    options = ["--quiet", "--only-binary=:all:", "--python-version", version, "--dest", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "download", *options, *needed], check=True)


def copy_checkout(folder: Path) -> None:
    """Copy what git knows of into *folder*, and what it would if it was told of it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode().split("\0"):
        if name and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def _groups() -> Path:
    """Where the control groups of version 2 are."""
    mounts = Path("/proc/self/mounts").read_text()
    found = re.search(r"^\S+ (\S+) cgroup2 ", mounts, re.MULTILINE)
    assert found is not None
    return Path(found[1])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _last_child(pid: int) -> int:
    """The process at the end of a chain of processes, each of which has started the next."""
    while children := _children(pid):
        pid = children[0]
    return pid
