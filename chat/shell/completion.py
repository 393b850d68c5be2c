"""The programs with which bash and zsh complete the command ``chat``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from shlex import quote

from twisted.python import usage

from chat.shell.commands import COMMANDS, Command, CompletionOptions, Option

NAMES = ("chat", "twisted-chat")
"""The names that the command has."""


def run(arguments: list[str]) -> int:
    """Run ``chat completion``; return the exit code."""
    options = CompletionOptions()
    try:
        options.parseOptions(arguments)
    except usage.UsageError as refusal:
        print(f"chat: {str(refusal).rstrip('.')}. chat completion --help explains.", file=sys.stderr)
        return 2
    print(SCRIPTS[options["shell"]]())
    return 0


# -- bash

_BASH = """\
_chat() {{
    local IFS=$' \\n' current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} command=''
    if [[ $current == = ]]; then
        current=
    elif [[ $previous == = ]]; then
        previous=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    if (( COMP_CWORD > 1 )); then
        case ${{COMP_WORDS[1]}} in {words}) command=${{COMP_WORDS[1]}} ;; esac
    fi
    COMPREPLY=()
    case "$command $previous" in
{values}
    esac
    case "$command $current" in
{options}
    esac
    case "$command" in
{arguments}
    esac
}}
complete -F _chat {names}"""

_BASH_PATHS = "compopt -o filenames 2>/dev/null; IFS=$'\\n'; COMPREPLY=($(compgen -{} -- \"$current\"))"
_BASH_FILES = _BASH_PATHS.format("f")
_BASH_DIRECTORIES = _BASH_PATHS.format("d")


def bash() -> str:
    """Return the program for bash, which also the old one of macOS understands."""
    commands = COMMANDS.values()
    return _BASH.format(
        words="|".join(word for word in COMMANDS if word),
        values="\n".join(line for command in commands for line in _bash_values(command)),
        options="\n".join(
            f'        "{command.word} -"*) {_bash_words(_names(command.options))}; return ;;' for command in commands
        ),
        arguments="\n".join(f"        {quote(command.word)}) {_bash_arguments(command)} ;;" for command in commands),
        names=" ".join(NAMES),
    )


def _bash_values(command: Command) -> Iterator[str]:
    """Say what completes the values of a command's options."""
    for option in command.options:
        if option.value is not None:
            cases = "|".join(quote(f"{command.word} {name}") for name in option.names)
            yield f"        {cases}) {_bash_value(option)}return ;;"


def _bash_value(option: Option) -> str:
    if option.choices:
        return f"{_bash_words(option.choices)}; "
    if option.completes is usage.CompleteDirs:
        return f"{_BASH_DIRECTORIES}; "
    return f"{_BASH_FILES}; " if option.completes is usage.CompleteFiles else ""


def _bash_arguments(command: Command) -> str:
    """Say what completes the words of a command that are no options."""
    if command.takes_file:
        return _BASH_FILES
    words = tuple(_first(command))
    if not words:
        return ":"
    first = 1 if not command.word else 2
    offer = f"if (( COMP_CWORD == {first} )); then {_bash_words(words)}"
    with_file = "|".join(_with_file(command))
    if with_file:
        offer += f"; elif [[ ${{COMP_WORDS[2]}} =~ ^({with_file})$ ]]; then {_BASH_FILES}"
    return f"{offer}; fi"


def _bash_words(words: tuple[str, ...]) -> str:
    return f'COMPREPLY=($(compgen -W {quote(" ".join(words))} -- "$current"))'


# -- zsh

_ZSH = """\
_chat() {{
    local word=${{words[2]}}
    if (( CURRENT > 2 && $+functions[_chat_$word] )); then
        shift words
        (( CURRENT-- ))
        _chat_$word
    else
        _arguments -s \\
{client}
    fi
}}
{functions}
compdef _chat {names}"""


def zsh() -> str:
    """Return the program for zsh."""
    client, *others = COMMANDS.values()
    return _ZSH.format(
        client=_zsh_arguments(client, 12),
        functions="\n".join(
            f"_chat_{command.word}() {{\n    _arguments -s \\\n{_zsh_arguments(command, 8)}\n}}" for command in others
        ),
        names=" ".join(NAMES),
    )


def _zsh_arguments(command: Command, indent: int) -> str:
    """Write what ``_arguments`` is told of a command."""
    specs = [spec for option in command.options for spec in _zsh_option(option)]
    words = _first(command)
    if words:
        listed = " ".join(f"{_zsh_text(word)}\\:{quote(_zsh_text(summary))}" for word, summary in words.items())
        specs.append(quote(f"1:command:(({listed}))"))
    if command.takes_file:
        specs.append(quote("*:file:_files"))
    with_file = "|".join(_with_file(command))
    if with_file:
        specs.append(quote(f"*:file:{{ [[ $words[2] == ({with_file}) ]] && _files }}"))
    return " \\\n".join(" " * indent + spec for spec in specs)


def _zsh_option(option: Option) -> Iterator[str]:
    """Write an option with each of its names."""
    others = "*" if option.repeats else f"({' '.join(option.names)})"
    for name in option.names:
        value = ""
        if option.value is not None:
            ending = "=" if name.startswith("--") else "+"
            value = f"{ending}[{_zsh_text(option.summary)}]:{option.value.lower()}:{_zsh_value(option)}"
        yield quote(f"{others}{name}{value or f'[{_zsh_text(option.summary)}]'}")


def _zsh_value(option: Option) -> str:
    if option.choices:
        return f"({' '.join(option.choices)})"
    if option.completes is usage.CompleteDirs:
        return "_directories"
    return "_files" if option.completes is usage.CompleteFiles else " "


def _zsh_text(text: str) -> str:
    for special in "\\[]:":
        text = text.replace(special, f"\\{special}")
    return text


# -- both


def _names(options: list[Option]) -> tuple[str, ...]:
    return tuple(name for option in options for name in option.names if name.startswith("--"))


def _first(command: Command) -> Mapping[str, str]:
    """Return what may follow a command at first, with what it does."""
    if not command.word:
        return {other.word: other.summary for other in COMMANDS.values() if other.word}
    return {usage.split()[0]: summary for usage, summary in command.words.items()}


def _with_file(command: Command) -> list[str]:
    """Return what may follow a command and has a file behind it."""
    return [usage.split()[0] for usage in command.words if usage.endswith(" FILE")]


SCRIPTS: Mapping[str, Callable[[], str]] = {"bash": bash, "zsh": zsh}
