"""Every command that the README and the pages in docs/ show is carried out, or stands here with the reason why not."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from e2e.sandbox import Machine, Running, copy_checkout
from e2e.waiting import wait_for
from pexpect import EOF, TIMEOUT

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = {path.read_text() for path in (ROOT / "examples").iterdir() if path.is_file()}
_FENCE = re.compile(r"```(\w*)\n(.*?)```\n", re.DOTALL)
_FILE = re.compile(r"# (/\S+)\n")
_CHAT = re.compile(r"(^|[/ ])(twistd( -\S+| chat\.jsonlog\.\S+| chat\.log)* chat|chat serve)( |$)")
_FOREGROUND = re.compile(r"twistd (.* )?(-n|--nodaemon) |chat serve")
_ALONE = re.compile(r"chat (import|admin restore)\b")
_PROGRAM = re.compile(r"(twistd|chat|nc|ncat|openssl|systemctl|pipx|pip|fuser|sqlite3|python3?|git) ")
_NAME = re.compile(r"chat (admin|completion|export|import|serve)( \w+)?$|twistd -n chat$|pipx install$")
"""What commands are called, where nothing is meant to be typed."""
_SHOWN = re.compile(r"[*\[{/!<\d]")
"""How the lines begin that the chat shows and that people type there."""


@dataclass(frozen=True, slots=True)
class File:
    """A block that says in its first line of which file it is."""

    path: str
    text: str


def shown(page: Path) -> Iterator[str | File]:
    """The commands and the files that *page* shows, in its order."""
    text = page.read_text()
    place = 0
    for fence in _FENCE.finditer(text):
        yield from _indented(text[place : fence.start()])
        place = fence.end()
        kind, block = fence.groups()
        if kind == "sh" and block not in EXAMPLES:
            yield from block.replace("\\\n", " ").splitlines()
        elif named := _FILE.match(block):
            yield File(named[1], block[named.end() :])
    yield from _indented(text[place:])


def _indented(text: str) -> Iterator[str]:
    for block in re.findall(r"(?<=\n\n)(?:    .*\n|\n(?=    ))+", text):
        lines = re.findall(r"^    (.*)$", block.replace("\\\n", " "), re.MULTILINE)
        yield from (line for line in lines if not _SHOWN.match(line))


# -- how


def talks(machine: Machine, line: str, *, ends: bool = True) -> None:
    """Somebody types a name, says something and leaves. A program that *ends* does so when the chat hangs up."""
    with machine.type(line) as screen:
        screen.expect_exact("Type your name and press Enter.")
        screen.sendline("eve")
        screen.expect_exact("You are eve, ")
        screen.sendline("hello, everybody")
        screen.sendline("exit")
        screen.expect_exact("Goodbye.")
        if not ends:
            screen.sendeof()
        screen.expect(EOF)
        assert screen.wait() == 0


def talks_by_ncat(machine: Machine, line: str) -> None:
    """See :func:`talks`. It waits until its input ends."""
    talks(machine, line, ends=False)


def talks_by_the_client(machine: Machine, line: str) -> None:
    """Somebody says something at the terminal client and leaves."""
    with machine.type(line) as screen:
        screen.expect_exact("ada #lobby")
        screen.send("hello from the client\r")
        look = "printf 'bob\\nexit\\n' | nc localhost 12345"
        wait_for(lambda: "ada: hello from the client" in machine.run(look), "it is stored")
        screen.send("/quit\r")
        screen.expect(EOF)
        assert screen.wait() == 0


def gives_a_password(machine: Machine, line: str) -> None:
    """The operator types a password."""
    with machine.type(line) as screen:
        screen.expect(r"[Pp]assword.*: ")
        screen.sendline("correct horse")
        screen.expect(EOF)
        assert screen.wait() == 0


def follows(machine: Machine, line: str) -> None:
    """What goes by *line* through a pipe comes out at its end."""
    with machine.type(line) as screen:
        said = False
        while not said:
            machine.run('echo "an Error has happened" | chat --name ci localhost')
            said = screen.expect_exact(["an Error has happened", TIMEOUT], timeout=1) == 0
        screen.sendintr()
        screen.expect(EOF)
        screen.wait()


HOW: dict[str, Callable[[Machine, str], None]] = {
    "nc localhost 12345": talks,
    "telnet -E localhost 12345": talks,
    "ncat --ssl localhost 12346": talks_by_ncat,
    ".venv/bin/chat ada@localhost": talks_by_the_client,
    "chat ada@localhost": talks_by_the_client,
    "chat admin account ada --data /var/lib/chat": gives_a_password,
    "chat --tail --name logger localhost | grep -i error": follows,
    "chat --tail --name logger --rooms lobby,ops localhost | grep -i error": follows,
}
"""The commands that somebody types something into. All others end by themselves, or are chats."""

BEFORE = {
    "backup.md": "mkdir /backup",
    "running.md": "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3 "
    "-subj /CN=chat.example.org -keyout privkey.pem -out fullchain.pem && "
    "install -D --target-directory /etc/letsencrypt/live/chat.example.org privkey.pem fullchain.pem",
    "rights.md": "echo correct horse | chat admin account ada --data /var/lib/chat",
}
"""What a page takes for granted."""

OPENS = "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/twistd -n chat"

WHY_NOT: dict[str, str] = {
    OPENS: "is carried out first of all: the other pages need what it installs (clone)",
    "python3 -m venv .venv && .venv/bin/pip install -q tox && .venv/bin/tox p": "runs this test (test_readme.py)",
    "chat [tls://][NAME@]HOST[:PORT]": "says what may be given",
    "chat --gui [tls://][NAME@]HOST[:PORT]": "says what may be given",
    "chat --gui": "needs a desktop: tests/desktop opens the window on one of its own",
    "chat-gui": "needs a desktop: tests/desktop opens the window on one of its own",
    "python3 examples/dice.py localhost 12345": "tests/e2e/test_bot_programs.py carries it out",
    "examples/watch.sh localhost 12345 ops alarm echo": "tests/e2e/test_bot_programs.py carries it out",
    "twistd -noy examples/remind.py": "tests/e2e/test_bot_programs.py carries it out",
    **dict.fromkeys(
        (
            'curl -d "deploy done" http://localhost:8080/h/SECRET',
            "uname -a > report.txt; df -h >> report.txt",
            "curl --data-binary @report.txt http://localhost:8080/h/SECRET",
            'curl -d "build 7 is green" "http://localhost:8080/h/SECRET?tag=build-7"',
            """curl -H "Content-Type: application/json" -d '{"text": "build 7 is green", "tag": "build-7"}' """
            "http://localhost:8080/h/SECRET",
        ),
        "tests/e2e/test_hooks.py carries it out with a secret",
    ),
    "tailscale serve --bg 8080": "needs an account at Tailscale",
    "python -m benchmarks --full": "takes 20 minutes: tests/test_benchmarks.py takes the quick way",
    "python -m e2e.torture --kills 100 --state /tmp/torture": "takes minutes: tests/e2e/test_torture.py kills thrice",
}

IN_SENTENCES: dict[str, str] = {
    "nc 192.168.1.7 12345": "e2e/test_from_a_clone.py types the line that the chat prints",
    "chat tls://ada@192.168.1.7": "e2e/test_first_minute.py types the line that the chat prints",
    "chat tls://host": "talking.md shows it for localhost",
    "ncat --ssl host 12346": "talking.md shows it for localhost",
    "openssl s_client -quiet -connect host:12346": "talking.md shows it for localhost",
    "systemctl reload chat": "is carried out whenever systemd has started the chat (Reader)",
    "systemctl stop chat": "is carried out before another chat is started (Reader)",
    "systemctl restart chat": "stands in a block too",
    "systemctl edit chat": "opens an editor: the files that would be typed there are written",
    "twistd --help": "stands in a block too",
    "twistd --logfile FILE": "e2e/test_signals.py has it log to a file",
}
"""What the first page and running.md name in their sentences. Tables of operating.md have a test of their own."""

ELSEWHERE = {
    "design.md": "its indented lines are lists of files",
    "install.md": "tests/e2e/test_installing.py carries it out",
    "protocol.md": "its indented lines are what the chat shows",
}
"""The pages that are left out, and why."""


class Reader:
    """Carries out what a page shows, one after the other. A chat runs until the page starts another."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._chat: Running | None = None

    def read(self, page: Path) -> None:
        """Carry out the whole page."""
        self._machine.run("mkdir -p /var/lib/chat")
        self._start("twistd -n chat --tls --data /var/lib/chat")
        if page.name in BEFORE:
            self._machine.run(BEFORE[page.name])
        for item in shown(page):
            if isinstance(item, File):
                self._write(item)
            elif item not in WHY_NOT:
                self._carry_out(item)
        self._end()

    def _carry_out(self, line: str) -> None:
        if line in HOW:
            HOW[line](self._machine, line)
        elif line.startswith("systemctl"):
            self._end()
            self._machine.run(f"{line} || {{ journalctl --unit chat --lines 20; false; }}")
            self._machine.run("systemctl reload chat")
            talks(self._machine, "nc ::1 12345")
            talks(self._machine, "nc 127.0.0.1 12345")
        elif _CHAT.search(line):
            self._end()
            self._start(line)
        else:
            if _ALONE.search(line):
                self._end()
            self._machine.run(line)

    def _write(self, file: File) -> None:
        """Write a file. What is beside a unit takes the place of what another section of the page has put there."""
        if file.path.startswith("/etc/systemd/system/chat.service.d/"):
            self._machine.run("rm -rf /etc/systemd/system/chat.service.d")
        if file.path.startswith("/etc/systemd/system/chat.service.d/log"):
            self._machine.run("systemctl disable --now chat.socket && rm /etc/systemd/system/chat.socket")
        self._machine.write(file.path, file.text)
        if file.path.startswith("/etc/systemd"):
            units = self._machine.run("find /etc/systemd/system -maxdepth 1 -name 'chat*' -type f").split()
            assert self._machine.run(f"systemd-analyze verify {' '.join(units)}") == ""

    def _start(self, line: str) -> None:
        if _FOREGROUND.search(line):
            self._chat = self._machine.start(line)
            self._chat.await_output("listening on")
        else:
            self._machine.run(line)
            self._machine.run("until nc -z localhost 12345; do sleep 0.1; done")

    def _end(self) -> None:
        if self._chat is not None:
            self._chat.end()
            self._chat = None
        self._machine.run("if [ -d /run/systemd/system ]; then systemctl stop chat.socket chat || true; fi")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Path:
    """A clone in which the first command of the README has been carried out."""
    folder = tmp_path_factory.mktemp("clone")
    copy_checkout(folder)
    with Machine(tmp_path_factory.mktemp("first"), folder, packages) as machine:
        chat = machine.start(OPENS)
        chat.await_output("listening on")
        talks(machine, "nc localhost 12345")
        chat.end()
    return folder


def commands(page: Path) -> list[str]:
    """The commands of *page* that are carried out here."""
    if page.name in ELSEWHERE:
        return []
    return [item for item in shown(page) if isinstance(item, str) and item not in WHY_NOT]


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_every_command_of_the_page_works(page: Path, tmp_path: Path, clone: Path, packages: Path) -> None:
    copy = tmp_path / "clone"
    shutil.copytree(clone, copy, symlinks=True)
    boots = any(line.startswith("systemctl") for line in commands(page))
    with Machine(tmp_path, copy, packages, boots=boots) as machine:
        Reader(machine).read(page)


def test_what_the_pages_name_in_sentences_stands_here() -> None:
    pages = [ROOT / "README.md", ROOT / "docs" / "running.md"]
    spans = {span for page in pages for span in re.findall(r"`([^`\n]+)`", page.read_text())}
    found = {span for span in spans if _PROGRAM.match(span) and not _NAME.match(span)}
    assert found == set(IN_SENTENCES)


def test_nothing_stands_here_that_no_page_shows() -> None:
    lines = {item for page in PAGES for item in shown(page) if isinstance(item, str)}
    assert [line for line in (*HOW, *WHY_NOT) if line not in lines] == []
    assert not set(HOW) & set(WHY_NOT)
    assert {page.name for page in PAGES} >= set(ELSEWHERE) | set(BEFORE)
