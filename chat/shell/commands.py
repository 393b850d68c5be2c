"""The commands that ``chat`` has, and their options, as the parsers of the command line have them."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twisted.python import usage

from chat import __version__, tap
from chat.admin.options import COMMANDS as ADMIN
from chat.admin.options import NOTES
from chat.admin.options import Options as AdminOptions
from chat.archive.command import ExportOptions, ImportOptions
from chat.client.options import Options as ClientOptions
from chat.client.options import config_path

SHELLS = ("bash", "zsh")
"""The shells for which there is completion."""


class CompletionOptions(usage.Options):
    """The command line of ``chat completion``."""

    synopsis = f"Usage: chat completion {'|'.join(SHELLS)}"
    longdesc = (
        "Prints what has the shell complete the commands and options of chat. "
        'Write eval "$(chat completion bash)" into ~/.bashrc, or eval "$(chat completion zsh)" into ~/.zshrc behind '
        "compinit. To reach a host that is called completion, write completion:12345."
    )

    def opt_version(self) -> None:
        """Print the version and leave."""
        print(f"chat {__version__}")
        sys.exit(0)

    def parseArgs(self, *shells: str) -> None:  # noqa: N802 - Twisted calls it so
        """Take the name of the shell."""
        if len(shells) != 1 or shells[0] not in SHELLS:
            raise usage.UsageError(f"Say for which shell: {' or '.join(SHELLS)}.")
        self["shell"] = shells[0]


@dataclass(frozen=True, slots=True)
class Option:
    """An option. *value* is what stands for its value in a text, ``None`` for a flag."""

    names: tuple[str, ...]
    summary: str
    value: str | None
    choices: tuple[str, ...] = ()
    completes: type[usage.Completer] | None = None
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A command, whose first word is "" for the client."""

    word: str
    summary: str
    make: Callable[[], usage.Options]
    words: Mapping[str, str] = field(default_factory=dict)
    """What may follow it, and what that does."""
    takes_file: bool = False
    notes: str = ""
    """What it is, if its parser does not say so."""

    @property
    def name(self) -> str:
        """What people type."""
        return f"chat {self.word}".strip()

    @property
    def synopsis(self) -> str:
        """What people type, with what may follow."""
        return self.make().getSynopsis().removeprefix("Usage: ")

    @property
    def description(self) -> list[str]:
        """What it is, in paragraphs."""
        text = self.notes or str(self.make().longdesc)  # type: ignore[attr-defined]
        return [_anywhere(" ".join(part.split())) for part in text.split("\n\n")]

    @property
    def options(self) -> list[Option]:
        """Its options, sorted by their long names."""
        return sorted(_options_of(self.make()), key=lambda option: option.names[0])


def _serve_options() -> usage.Options:
    """Make the options of ``chat serve``, with the synopsis that these have there."""
    options = tap.Options()
    options.synopsis = "Usage: chat serve [options]"
    return options


COMMANDS: Mapping[str, Command] = {
    command.word: command
    for command in (
        Command("", "a chat in the terminal, in a window or in a pipe", ClientOptions),
        Command("serve", "runs a chat", _serve_options),
        Command(
            "admin",
            "looks after a chat",
            AdminOptions,
            {command.usage: command.summary for command in ADMIN.values()},
            notes=NOTES,
        ),
        Command("export", "writes what was said in rooms", ExportOptions),
        Command("import", "reads rooms and logs into a chat", ImportOptions, takes_file=True),
        Command(
            "completion",
            "prints what has a shell complete chat",
            CompletionOptions,
            {shell: f"for {shell}" for shell in SHELLS},
        ),
    )
}


def _options_of(options: usage.Options) -> Iterator[Option]:
    """Read the options of a parser."""
    hints = getattr(options, "compData", None) or usage.Completions()
    for entry in options.longOpt:
        name = entry.removesuffix("=")
        shorter = [short for short, long in options.synonyms.items() if long == name and len(short) == 1]
        action = hints.optActions.get(name)
        yield Option(
            (f"--{name}", *(f"-{short}" for short in shorter)),
            _anywhere(" ".join(_summary(options, name).split())),
            _value(options, name, action) if entry.endswith("=") else None,
            tuple(getattr(action, "_items", ())),
            None if action is None else type(action),
            name in hints.multiUse,
        )


def _summary(options: usage.Options, name: str) -> str:
    if name == "help":
        return "Print the options and leave."
    summary = options.docs[name]
    default = options.defaults.get(name)
    return summary if default in (None, 0) else f"{summary} [default: {default}]"


def _value(options: usage.Options, name: str, action: Any) -> str:
    """Say what stands for the value of an option: the name of the parameter of its method, or the end of its own."""
    method = getattr(options, f"opt_{name.replace('-', '_')}", None)
    if method is not None:
        return next(iter(inspect.signature(method).parameters)).upper()
    if isinstance(action, usage.CompleteDirs | usage.CompleteFiles):
        return "DIRECTORY" if isinstance(action, usage.CompleteDirs) else "FILE"
    return name.upper()


def _anywhere(text: str) -> str:
    """Write the paths in *text* as they are for everybody."""
    path = Path("~", ".config", *config_path().parts[-2:])
    return text.replace(str(config_path()), str(path))
