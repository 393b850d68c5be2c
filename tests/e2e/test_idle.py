"""A daemon in which nobody is: it takes little memory, and has loaded nothing of what is not used."""

from __future__ import annotations

import compileall
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import chat
from e2e.clients import Person
from e2e.daemon import HOST, LISTEN, resident, running
from e2e.streams import SocketStream
from e2e.waiting import DEADLINE, wait_for

MOST = (10 if sys.version_info < (3, 13) else 11) * 1024**2
"""The bytes of memory that a daemon may take above a process that has only imported Twisted's reactor.

From 3.13 on, Python itself takes more for the same code.
"""

NEVER = {"segno", "argon2", "confusable_homoglyphs", "prompt_toolkit", "tkinter", "tqdm", "wcwidth"}
NEVER |= {"chat.admin.command", "chat.admin.files", "chat.admin.link", "chat.admin.options", "chat.admin.progress"}
NEVER |= {"chat.alone", "chat.archive.command", "chat.client"}
NEVER |= {"chat.daemon.greeter", "chat.daemon.greeting", "chat.daemon.network", "chat.daemon.obstacles"}
NEVER |= {"chat.history.copying", "chat.testing", "twisted.trial", "unittest"}
AT_NEED = {
    "chat.core.commands.table",
    "chat.core.operating.table",
    "chat.core.search",
    "chat.history.memory",
    "chat.metrics",
    "chat.protocols.memory",
    "chat.protocols.text",
    "chat.protocols.web",
    "difflib",
    "precis_i18n",
    "prometheus_client",
    "tomllib",
    "twisted.web",
    "websockets",
}
"""What a daemon loads when somebody comes, or an option asks for it."""

SPOKEN_WITH = {"chat.core.commands.table", "chat.core.search", "chat.protocols.text"}
"""What it loads for the first who comes."""


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Compile the chat, as installing it does: what is compiled when it is loaded takes more memory."""
    compileall.compile_dir(Path(chat.__file__).parent, quiet=2)


@contextmanager
def serving(
    folder: Path, *options: str, python: Sequence[str] = ("-X", "importtime")
) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """Run a daemon that tells on its standard error what it imports; give it, its port, and that file."""
    log, imported = folder / "log", folder / "imported"
    command = [sys.executable, *python, "-m", "chat", "serve", "--listen", LISTEN, *options]
    with (
        log.open("wb") as output,
        imported.open("wb") as errors,
        running(command, cwd=folder, stdout=output, stderr=errors) as daemon,
    ):
        ports = wait_for(lambda: re.findall(r"ChatFactory starting on (\d+)\n", log.read_text()), "it listens")
        wait_for(lambda: "listening on" in log.read_text(), "it has begun")
        yield daemon, int(ports[0]), imported


def loaded(imported: Path) -> set[str]:
    """The modules that were imported."""
    return set(re.findall(r"^import time:.*\| +(\S+)$", imported.read_text(), re.MULTILINE))


def test_it_takes_little_more_memory_than_the_reactor_of_twisted(tmp_path: Path) -> None:
    code = "import twisted.internet.reactor; print('ready', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        reactor = resident(process.pid)
        process.kill()
    with serving(tmp_path, python=()) as (daemon, _, _):
        wait_for(lambda: resident(daemon.pid) - reactor <= MOST, "it is idle, and small")


def test_it_has_loaded_nothing_that_is_not_used_yet(tmp_path: Path) -> None:
    with serving(tmp_path) as (_, port, imported):
        modules = wait_for(lambda: loaded(imported), "it has imported something")
        assert "chat.service" in modules
        assert not modules & (NEVER | AT_NEED)
        ada = Person(SocketStream((HOST, port)))
        ada.walk_in("ada")
        assert loaded(imported) & AT_NEED == {*SPOKEN_WITH, "precis_i18n"}
        ada.type("/wo")
        ada.until("! There is no command /wo. Did you mean /who?")
        assert loaded(imported) & AT_NEED == {*SPOKEN_WITH, "precis_i18n", "difflib"}
        done = subprocess.run(
            [sys.executable, "-m", "chat", "admin", "accounts", "--data", tmp_path],
            capture_output=True,
            timeout=DEADLINE,
            check=False,
            env=os.environ,
        )
        assert done.returncode == 0, done.stderr
        assert "chat.core.operating.table" in loaded(imported)
        assert not loaded(imported) & NEVER
        ada.close()


def test_what_an_option_asks_for_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "chat.toml").write_text('welcome = "Hello."\n')
    options = ("--config", str(tmp_path / "chat.toml"), "--data", "none", "--metrics", LISTEN, "--web", LISTEN)
    with serving(tmp_path, *options) as (_, _, imported):
        assert loaded(imported) >= {"chat.history.memory", "chat.metrics", "chat.protocols.web.site", "tomllib"}
