"""Completion in the shells and the pages of the manual have all commands and options that the parsers have."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from e2e.tools import put_away
from e2e.waiting import DEADLINE

from chat import command
from chat.admin.options import Options as AdminOptions
from chat.core.doors import Registration
from chat.shell import completion
from chat.shell.commands import COMMANDS

ROOT = Path(__file__).parents[1]
MANUAL = ROOT / "man"
PAGES = sorted(MANUAL.glob("*.1"))
needs_zsh = pytest.mark.skipif(not (shutil.which("zsh") or os.environ.get("CI")), reason="needs zsh")
needs_groff = pytest.mark.skipif(not (shutil.which("groff") or os.environ.get("CI")), reason="needs groff")
needs_mandoc = pytest.mark.skipif(not (shutil.which("mandoc") or os.environ.get("CI")), reason="needs mandoc")

ONE_TAB = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_chat
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that bash is given."""
    path = tmp_path_factory.mktemp("bash") / "completion"
    path.write_text(completion.bash())
    return path


def offered(script: Path, *words: str) -> list[str]:
    """What bash offers for the last of *words*."""
    command = ["bash", "--norc", "-c", ONE_TAB, "bash", str(script), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


def test_each_command_that_runs_is_one_that_shells_and_the_manual_know() -> None:
    assert set(command.COMMANDS) == set(COMMANDS) - {""}


def test_bash_offers_the_commands(script: Path) -> None:
    assert offered(script, "chat", "") == list(command.COMMANDS)
    assert offered(script, "chat", "ex") == ["export"]
    assert offered(script, "chat", "ada@localhost", "se") == [""]


@pytest.mark.parametrize("word", COMMANDS)
def test_bash_offers_all_options_that_the_parser_has(script: Path, word: str) -> None:
    words = ("chat", word) if word else ("chat",)
    parser = COMMANDS[word].make()
    assert sorted(offered(script, *words, "--")) == sorted(f"--{name.removesuffix('=')}" for name in parser.longOpt)


def test_bash_offers_the_values_of_an_option(script: Path) -> None:
    assert offered(script, "chat", "serve", "--registration", "") == list(Registration)
    assert offered(script, "chat", "serve", "--registration", "=", "cl") == ["closed"]
    assert offered(script, "chat", "serve", "--registration", "=") == list(Registration)
    assert offered(script, "chat", "export", "-f", "j") == ["jsonl"]
    assert offered(script, "chat", "import", "--format", "") == ["jsonl", "irssi", "weechat", "znc", "plain"]
    assert offered(script, "chat", "serve", "--welcome", "") == [""]


def test_bash_offers_files_and_directories(script: Path, tmp_path: Path) -> None:
    (tmp_path / "a directory").mkdir()
    (tmp_path / "a file").touch()
    assert offered(script, "chat", "serve", "--data", f"{tmp_path}/") == [f"{tmp_path}/a directory"]
    assert sorted(offered(script, "chat", "import", f"{tmp_path}/")) == [
        f"{tmp_path}/a directory",
        f"{tmp_path}/a file",
    ]


def test_bash_offers_what_the_operator_can_do(script: Path) -> None:
    explained = re.findall(r"^  ([a-z]+)", AdminOptions().getUsage(), re.MULTILINE)
    assert sorted(offered(script, "chat", "admin", "")) == sorted(explained)
    assert offered(script, "chat", "admin", "role", "a") == [""]


def test_bash_offers_files_for_a_backup(script: Path, tmp_path: Path) -> None:
    (tmp_path / "chat.db").touch()
    assert offered(script, "chat", "admin", "restore", f"{tmp_path}/") == [f"{tmp_path}/chat.db"]
    assert offered(script, "chat", "admin", "role", f"{tmp_path}/") == [""]
    assert offered(script, "chat", "admin", "backup") == ["backup"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory in which somebody types."""
    (tmp_path / "a directory").mkdir()
    return tmp_path


def spawn(command: str, folder: Path, **variables: str) -> pexpect.spawn:
    """Start a shell at a terminal."""
    environment = {**os.environ, **variables}
    return pexpect.spawn(command, cwd=folder, encoding="utf-8", timeout=DEADLINE, dimensions=(50, 200), env=environment)


def typed(shell: pexpect.spawn, keys: str) -> str:
    """Type *keys* and Enter; return the arguments with which the command ``chat`` is run."""
    shell.send(f"{keys}\r")
    shell.expect(r"<<(.*)>>")
    assert isinstance(shell.match, re.Match)
    arguments: str = shell.match[1]
    return arguments


SAYS = "chat() { printf '%s%s%s\\n' '<' \"<$*>\" '>'; }"
"""Has the command ``chat`` say how it was run."""

KEYS = [
    ("chat ser\t--syn\tno\t", "serve --sync[= ]normal ?"),
    ("chat admin inv\t", "admin invitation ?"),
    ("chat serve --data a\t", "serve --data a directory/?"),
    ("chat --pla\t", "--plain ?"),
    ("chat admin backup a\t", "admin backup a directory/?"),
]


@pytest.fixture
def bash(script: Path, folder: Path) -> Iterator[pexpect.spawn]:
    """A bash as people have it open."""
    (folder / "rc").write_text(f"{SAYS}\nsource {script}\nbind 'set enable-bracketed-paste off'\n")
    shell = spawn("bash --noprofile --rcfile rc -i", folder)
    yield shell
    put_away(shell)


@pytest.mark.parametrize(("keys", "arguments"), KEYS)
def test_a_real_bash_completes(bash: pexpect.spawn, keys: str, arguments: str) -> None:
    assert re.fullmatch(arguments, typed(bash, keys))


@pytest.fixture
def zsh(folder: Path) -> Iterator[pexpect.spawn]:
    """A zsh as people have it open."""
    lines = [SAYS, "autoload -Uz compinit && compinit -D", completion.zsh(), "unset zle_bracketed_paste"]
    (folder / ".zshrc").write_text("\n".join(lines))
    shell = spawn("zsh -i", folder, ZDOTDIR=str(folder))
    yield shell
    put_away(shell)


@needs_zsh
@pytest.mark.parametrize(("keys", "arguments"), KEYS)
def test_a_real_zsh_completes(zsh: pexpect.spawn, keys: str, arguments: str) -> None:
    assert re.fullmatch(arguments, typed(zsh, keys))


@needs_zsh
@pytest.mark.parametrize("word", [word for word in COMMANDS if word])
def test_zsh_can_read_what_it_is_told_of_each_command(zsh: pexpect.spawn, word: str) -> None:
    assert typed(zsh, f"chat {word} --vers\t") == f"{word} --version"


def test_a_shell_that_is_not_known_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert completion.run(["fish"]) == 2
    assert capsys.readouterr().err == "chat: Say for which shell: bash or zsh. chat completion --help explains.\n"


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert completion.run(["bash"]) == 0
    assert capsys.readouterr().out == f"{completion.bash()}\n"


# -- the manual


def test_the_pages_are_made_from_the_options_that_there_are(tmp_path: Path) -> None:
    elsewhere = {**os.environ, "HOME": "/nowhere", "XDG_CONFIG_HOME": "/somewhere/else"}
    subprocess.run([sys.executable, "docs/manual.py", tmp_path], cwd=ROOT, env=elsewhere, check=True)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {path.name: path.read_text() for path in MANUAL.iterdir()} == made, "run python docs/manual.py"
    assert set(made) == {f"{command.name.replace(' ', '-')}.1" for command in COMMANDS.values()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@needs_groff
def test_groff_has_nothing_to_say_against_a_page(page: Path) -> None:
    done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", page], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@needs_mandoc
def test_mandoc_misses_nothing_on_a_page_but_its_date(page: Path) -> None:
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", page], capture_output=True, text=True, check=False)
    assert [line for line in done.stdout.splitlines() if "missing date" not in line] == []


@pytest.mark.parametrize("word", COMMANDS)
@needs_groff
def test_a_page_has_all_options(word: str) -> None:
    command = COMMANDS[word]
    page = MANUAL / f"{command.name.replace(' ', '-')}.1"
    shown = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", page], capture_output=True, text=True, check=True)
    names = set(re.findall(r"^ {7}(--[a-z-]+)", shown.stdout, re.MULTILINE))
    assert names == {f"--{name.removesuffix('=')}" for name in command.make().longOpt}
