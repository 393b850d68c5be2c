"""Makes the pages of the manual, ``man/*.1``, from the options and commands that there are.

python docs/manual.py [FOLDER]
"""

from __future__ import annotations

import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from chat import __version__
from chat.shell.commands import COMMANDS, Command, Option

ROOT = Path(__file__).parents[1]
WIDTH = 79
STATUS = "0 if all went well, 1 if something was refused or failed, 2 if the command line is wrong."
STATUS_OF_SERVE = "0 if it was told to end, by Ctrl-C or SIGTERM, and 1 if it could not begin."


def main(folder: Path) -> None:
    """Write the pages into a folder."""
    for command in COMMANDS.values():
        (folder / f"{_page_name(command)}.1").write_text("\n".join(_lines(command)) + "\n", encoding="utf-8")


def _lines(command: Command) -> Iterator[str]:
    """Write the page of a command, for the macros that groff and mandoc call man."""
    yield f'.TH {_page_name(command).upper()} 1 "" "twisted\\-chat {__version__}"'
    yield ".SH NAME"
    yield f"{_text(_page_name(command))} \\- {_text(command.summary)}"
    yield ".SH SYNOPSIS"
    yield f".B {_text(command.name)}"
    rest = command.synopsis.removeprefix(command.name).strip()
    if rest:
        yield _text(rest)
    yield ".SH DESCRIPTION"
    for number, paragraph in enumerate(command.description):
        if number:
            yield ".PP"
        yield _text(paragraph)
    if command.words:
        yield ".SH COMMANDS" if command.word == "admin" else ".SH SHELLS"
        for words, summary in command.words.items():
            yield from (".TP", f".B {_text(words)}", _text(summary[:1].upper() + summary[1:] + "."))
    yield ".SH OPTIONS"
    for option in command.options:
        yield from (".TP", _names(option), _text(option.summary))
    yield ".SH EXIT STATUS"
    yield _text(STATUS_OF_SERVE if command.word == "serve" else STATUS)
    yield ".SH SEE ALSO"
    others = [_page_name(other) for other in COMMANDS.values() if other is not command]
    yield ",\n".join(f".BR {_text(name)} (1)" for name in others).replace(" (1),", " (1),")


def _page_name(command: Command) -> str:
    return command.name.replace(" ", "-")


def _names(option: Option) -> str:
    """Write the names of an option, in bold, and what stands for its value, in italics."""
    names = ", ".join(f"\\fB{_text(name)}\\fR" for name in option.names)
    return f"{names} \\fI{_text(option.value)}\\fR" if option.value is not None else names


def _text(text: str) -> str:
    """Write *text* so that none of it is taken for a macro, and no minus sign for a hyphen."""
    lines = textwrap.wrap(
        text.replace("\\", "\\e").replace("-", "\\-"), WIDTH, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(re.sub(r"^(?=[.'])", r"\\&", line) for line in lines)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "man")
