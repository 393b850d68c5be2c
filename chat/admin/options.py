"""The command line of ``chat admin``."""

from __future__ import annotations

import difflib
import sys
import textwrap
import time
from collections.abc import Mapping
from typing import ClassVar

from twisted.python import usage

from chat import __version__
from chat.admin import files
from chat.core import durations, when
from chat.core.errors import ChatError
from chat.core.operating import table
from chat.core.operating.record import FILTERS
from chat.core.operating.request import Command
from chat.core.times import timestamp

HELP_WIDTH = 80
INDENT = " " * 6

WHEN = "2026-11-20, '2026-11-20 09:00', or 7d for a week ago"
NOTES = (
    "What it does counts at once, for all who are here, and is in the audit record. If the chat does not run, all is "
    "done in its history, but for what is about who is here. Roles are owner, moderator and user. It ends with 0, with "
    "1 if the chat refuses, or with 2 if the command is wrong. To reach a host that is called admin, write admin:12345."
)

COMMANDS: Mapping[str, Command] = {**table.COMMANDS, **files.COMMANDS}
"""Those that the chat carries out, and those for which its files are enough."""


class Options(usage.Options):
    """The command line of ``chat admin``."""

    synopsis = "Usage: chat admin COMMAND [options]"
    longdesc = ""
    optFlags: ClassVar = [["json", None, "Print each line as a JSON object."]]
    optParameters: ClassVar = [
        ["data", "d", ".", "The directory with the history (chat.db)."],
        ["by", None, None, "audit: only what this user decided, or chat admin."],
        ["about", None, None, "audit: only what was decided about this user, room or address."],
        ["what", None, None, "audit: only this action, such as ban, kick or role."],
        ["room", None, None, "audit: only what was decided in this room."],
        ["since", None, None, f"audit: only what was decided since then: {WHEN}."],
        ["until", None, None, "audit: only what was decided before then."],
    ]
    compData = usage.Completions(optActions={"data": usage.CompleteDirs()})

    def getUsage(self, width: int | None = None) -> str:  # noqa: N802 - Twisted calls it so
        """Explain the commands by topic, each with an example, and then the options."""
        topics: dict[str, list[str]] = {}
        for command in COMMANDS.values():
            lines = topics.setdefault(command.topic.value, [])
            summary = textwrap.wrap(command.summary, HELP_WIDTH - len(INDENT))
            lines += [f"  {command.usage}", *(f"{INDENT}{line}" for line in summary)]
            lines.append(f"{INDENT}chat admin {command.example}")
        explained = "\n\n".join("\n".join([f"{topic}:", *lines]) for topic, lines in topics.items())
        options = super().getUsage(width).strip()
        return f"\n{explained}\n\n{options}\n\n{textwrap.fill(NOTES, HELP_WIDTH)}\n"

    def opt_version(self) -> None:
        """Print the version and leave."""
        print(f"chat {__version__}")
        sys.exit(0)

    def parseArgs(self, *words: str) -> None:  # noqa: N802 - Twisted calls it so
        """Take what is to be done; options may follow it."""
        options = [number for number, word in enumerate(words) if word.startswith("-") and word != "-"]
        first = options[0] if options else len(words)
        self["words"] = [*self.get("words", []), *words[:first]]
        if options:
            self.parseOptions(list(words[first:]))

    def postOptions(self) -> None:
        """Check that there is such a command, and that it takes what it was given."""
        words = self["words"]
        if not words:
            raise usage.UsageError(f"Say what is to be done: {', '.join(COMMANDS)}")
        name = words[0]
        if name not in COMMANDS:
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            advice = f" Did you mean {near[0]}?" if near else ""
            raise usage.UsageError(f"There is no chat admin {name[:40]}.{advice}")
        command = COMMANDS[name]
        if not command.fits(len(words) - 1):
            raise usage.UsageError(f"Usage: chat admin {command.usage}, for example: chat admin {command.example}")
        for option in FILTERS:
            if self[option] is not None and option not in command.options:
                raise usage.UsageError(f"--{option} is for chat admin audit")

    @property
    def filters(self) -> dict[str, str]:
        """What is asked for of the audit record, with times as it has them."""
        given = {option: self[option] for option in FILTERS if self[option] is not None}
        for option in {"since", "until"} & given.keys():
            given[option] = _moment(given[option])
        return given


def _moment(text: str) -> str:
    """Read a day, a time of a day, or how long ago something was."""
    text = text.strip()
    try:
        if durations.begins_with_one(text):
            return timestamp(time.time() - durations.seconds(text))
        return when.span(text.replace("T", " "))[0]
    except ChatError as error:
        raise usage.UsageError(f"{text[:40]!r} is no time. Write one like {WHEN}") from error
