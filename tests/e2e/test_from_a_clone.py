"""From ``git clone`` to people talking: two commands on the host, and ``nc`` on the other device."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pexpect

from e2e.lan import lan
from e2e.sandbox import ROOT, SYSTEM, copy_checkout
from e2e.tools import put_away, tool
from e2e.waiting import DEADLINE

README = (ROOT / "README.md").read_text()


def repository(folder: Path) -> Path:
    """A repository with what is in the checkout."""
    folder.mkdir()
    copy_checkout(folder)
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
    for words in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "--quiet", "--message", "All of it"]):
        subprocess.run([tool("git"), "-C", str(folder), *words], check=True)
    return folder


@contextmanager
def terminal(
    place: Sequence[str], command: Sequence[str], folder: Path, **variables: str
) -> Iterator[pexpect.spawn[str]]:
    """Run a command at a terminal of the machine that is the *place*."""
    first, *more = [*place, *command]
    environment = {"PATH": SYSTEM, "HOME": str(folder), "LANG": "C.UTF-8", "TERM": "dumb", **variables}
    child = pexpect.spawn(
        first, more, cwd=str(folder), env=environment, encoding="utf-8", timeout=DEADLINE, dimensions=(40, 300)
    )
    try:
        yield child
    finally:
        put_away(child)


def test_two_commands_on_the_host_and_nc_on_the_other_device(tmp_path: Path, packages: Path) -> None:
    source = repository(tmp_path / "source")
    install = re.findall(r"^    (python3 .* && )\.venv/bin/twistd -n chat$", README, re.MULTILINE)
    lan_line = re.findall(r"^    (\.venv/bin/twistd -n chat --lan)$", README, re.MULTILINE)
    on_the_host = [f"git clone {source} twisted-chat && cd twisted-chat", install[0] + lan_line[0]]
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(packages)}
    with lan() as network, terminal(network.host, ["bash", "--norc"], tmp_path, **pip) as host:
        for command in on_the_host:
            host.sendline(command)
        host.expect_exact("They type:")
        host.expect_exact("ends the chat.")
        told = re.findall(r"^ *(nc .+?) *\r$", host.before, re.MULTILINE)
        here = re.findall(r"^Here, you type: (nc \S+ \d+)", host.before, re.MULTILINE)
        # The other device: nothing is installed there, and nobody says there where the chat is.
        with terminal(network.guest, told[0].split(), tmp_path) as bob:
            bob.expect_exact("Type your name and press Enter.")
            bob.sendline("bob")
            bob.expect_exact("You are bob, alone in #lobby.")
            with terminal(network.host, here[0].split(), tmp_path) as ada:
                ada.expect_exact("Type your name and press Enter.")
                ada.sendline("ada")
                ada.expect_exact("You are ada, in #lobby with bob.")
                ada.sendline("hello over there")
                bob.expect_exact("ada: hello over there")
                bob.sendline("hello, host")
                ada.expect_exact("bob: hello, host")
        host.sendintr()
        host.expect_exact("The chat has ended.")
    assert len(on_the_host) == 2
