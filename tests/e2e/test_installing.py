"""Each line of docs/install.md is carried out as it stands, or is listed here with the reason why not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import chat
from e2e.daemon import serves
from e2e.namespaces import needs_namespaces
from e2e.sandbox import copy_checkout
from e2e.tools import tool

pytestmark = needs_namespaces

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "install.md").read_text()
NOT_CARRIED_OUT = {
    "Ways to install it": "it changes the machine; the steps of the container install that package, too",
    "In a container": "podman needs a registry and cgroups of its own; test_container.py carries out the steps",
    "Completion and the manual": "test_shells.py does it in real shells",
}
TOOLS = ("pipx", "uv", "uvx")
OF_OURS = re.compile(r"^(PIPX_|UV_|VIRTUAL_ENV|PYTHON|PATH$|HOME$|XDG_)")
"""The variables that say where this Python and its tools are."""


def blocks() -> Iterator[tuple[str, str]]:
    """The commands of the page, each block with the heading above it."""
    for section in re.split(r"^#+ ", PAGE, flags=re.MULTILINE)[1:]:
        heading = section.partition("\n")[0]
        for block in re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
            yield heading, block


class Machine:
    """A machine for one user: a home, an empty /opt, a clone, Python and the tools that install programs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.home = folder / "home"
        self.clone = folder / "clone"
        self._opt = folder / "opt"
        programs = folder / "programs"
        for path in (self.home, self._opt, programs):
            path.mkdir()
        copy_checkout(self.clone)
        for name in TOOLS:
            (programs / name).symlink_to(Path(sys.executable).with_name(name))
        (programs / "python3").symlink_to(Path(sys.executable).resolve())
        self._environment = {name: value for name, value in os.environ.items() if not OF_OURS.match(name)}
        self._environment["HOME"] = str(self.home)
        self._environment["PATH"] = f"{self.home}/.local/bin:{programs}:/usr/bin:/bin"
        self._environment["UV_PYTHON_DOWNLOADS"] = "never"

    def command(self, *words: str, network: bool = True) -> list[str]:
        """The command that runs *words* on it."""
        apart = ["unshare", "-rm" if network else "-rmn", "sh", "-ec", 'mount --bind "$1" /opt && shift && exec "$@"']
        return [*apart, "sh", str(self._opt), *words]

    def carry_out(self, block: str, *, network: bool = True) -> str:
        """Type the lines of *block* in the clone; return what they print."""
        command = self.command("bash", "-ec", block, network=network)
        done = subprocess.run(
            command, cwd=self.clone, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def has_chat(self, program: str) -> None:
        """Check that *program* is the command ``chat``, and serves."""
        assert self.carry_out(f"{program} --version") == f"chat {chat.__version__}\n"
        folder = self._folder / "data"
        folder.mkdir()
        log = serves(self.command(program, "serve"), folder)
        assert "Unable" not in log


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A fresh machine."""
    for name in ("bash", "unshare"):
        tool(name)
    return Machine(tmp_path)


def of(heading: str) -> list[str]:
    """The blocks under a heading."""
    return [block for above, block in blocks() if above == heading]


def test_pipx_installs_it_with_its_manual_and_with_extras(machine: Machine) -> None:
    install, _, _, extras = of("For a user: pipx or uv")
    machine.carry_out(install)
    machine.has_chat(f"{machine.home}/.local/bin/chat")
    assert machine.carry_out("man -w chat-serve").endswith("/man1/chat-serve.1\n")
    assert not (machine.home / ".local" / "bin" / "twistd").exists()
    machine.carry_out(extras)
    python = machine.home / ".local/share/pipx/venvs/twisted-chat/bin/python"
    machine.carry_out(f"{python} -c 'import dbus_fast, keyring'")


def test_uv_installs_it(machine: Machine) -> None:
    _, install, _, _ = of("For a user: pipx or uv")
    machine.carry_out(install)
    machine.has_chat(f"{machine.home}/.local/bin/chat")


def test_uvx_runs_it(machine: Machine) -> None:
    _, _, run, _ = of("For a user: pipx or uv")
    make, run_wheel = of("A wheel")
    for block in (run, make + run_wheel):
        assert machine.carry_out(block).splitlines()[-1] == f"chat {chat.__version__}"


def test_a_service_has_a_directory_of_its_own(machine: Machine) -> None:
    (install,) = of("For a service: a directory of its own")
    machine.carry_out(install)
    machine.has_chat("/opt/chat/bin/chat")
    assert machine.carry_out("/opt/chat/bin/twistd chat --version") == f"twisted-chat {chat.__version__}\n"
    assert machine.carry_out("PATH=/opt/chat/bin:$PATH man -w chat") == "/opt/chat/share/man/man1/chat.1\n"


def test_it_can_be_installed_with_the_network_off(machine: Machine) -> None:
    collect, install = of("With the network off")
    machine.carry_out(collect)
    assert "lo" in machine.carry_out("ip -brief address", network=False)
    machine.carry_out(install, network=False)
    machine.has_chat("/opt/chat/bin/chat")


def test_no_line_of_the_page_is_forgotten() -> None:
    source = Path(__file__).read_text()
    for heading in {heading for heading, _ in blocks()}:
        assert (heading in NOT_CARRIED_OUT) != (f'of("{heading}")' in source), heading
