"""``chat admin``: the tool. What it is told to do is done by the chat that runs there, which it reaches by a socket."""

from __future__ import annotations

import difflib
import getpass
import io
import json
import os
import socket
import sqlite3
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from chat import __version__
from chat.admin import files
from chat.admin.address import ALONE, address_in
from chat.admin.address import FILE as SOCKET
from chat.core import durations, when
from chat.core.errors import ChatError
from chat.core.operating import table
from chat.core.operating.record import FILTERS
from chat.core.operating.request import Command
from chat.core.text import clean
from chat.core.times import timestamp
from chat.history.backup import CannotBackUp
from chat.history.directory import FILE, history_in, lock
from chat.history.restore import CannotRestore
from chat.history.schema import MIGRATIONS
from chat.history.sqlite import connect
from chat.history.store import CannotOpen

PATIENCE = 60.0
"""The seconds to wait for an answer."""

PROGRESS = b'{"type":"progress"'
"""How the lines begin that come before the answer while something takes long."""

HELP_WIDTH = 80
INDENT = " " * 6

WHEN = "2026-11-20, '2026-11-20 09:00', or 7d for a week ago"
NOTES = (
    "What it does counts at once, for all who are here, and is in the audit record. If the chat does not run, all is "
    "done in its history, but for what is about who is here. Roles are owner, moderator and user. It ends with 0, with "
    "1 if the chat refuses, or with 2 if the command is wrong. To reach a host that is called admin, write admin:12345."
)

BEGINNING = 10.0
"""The seconds to wait for a chat that begins or ends, or for somebody else's ``chat admin``."""

COMMANDS: Mapping[str, Command] = {**table.COMMANDS, **files.COMMANDS}
"""Those that the chat carries out, and those for which its files are enough."""

Alone = Callable[[Path], AbstractContextManager[None]]
"""Runs the chat of a directory where no daemon does."""


class CannotAdminister(Exception):
    """What was asked for can't be done; the message of the exception is a sentence for the user."""


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


def run(arguments: list[str], alone: Alone) -> int:
    """Run ``chat admin``; return the exit code."""
    options = Options()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Not every name can be written in every locale, nor what is no UTF-8 in the name of a file.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        options.parseOptions(arguments)
    except usage.UsageError as refusal:
        return _refuse(refusal)
    try:
        if options["words"][0] in files.COMMANDS:
            return files.run(Path(options["data"]), options["words"], _print_json if options["json"] else _print)
        chat = Chat(Path(options["data"]), alone, options=options.filters, json=bool(options["json"]))
        nothing = COMMANDS[options["words"][0]].nothing
        for line in chat.do(options["words"]):
            (print if options["json"] else _print)(line)
            nothing = ""
        if nothing and sys.stdout.isatty() and not options["json"]:
            print(nothing)
        sys.stdout.flush()
    except usage.UsageError as refusal:
        return _refuse(refusal)
    except (CannotAdminister, CannotOpen, CannotBackUp, CannotRestore) as refusal:
        return _complain(str(refusal), 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except PermissionError as error:
        where = error.filename or options["data"]
        return _complain(f"You may not use {where}. Run chat admin as the user that the chat runs as, or as root.", 1)
    except OSError as error:
        return _complain(f"{error.filename or options['data']}: {error.strerror}.", 1)
    except KeyboardInterrupt:
        return _complain("Interrupted.", 1)
    return 0


def _refuse(refusal: usage.UsageError) -> int:
    sentence = str(refusal).rstrip(".")
    return _complain(f"{sentence}{'' if sentence.endswith('?') else '.'} chat admin --help explains.", 2)


def _complain(sentence: str, code: int) -> int:
    print(f"chat: {clean(sentence)}", file=sys.stderr)
    return code


def _print(line: str) -> None:
    """Print a line, in which names of files and what is in the history may be written as somebody liked."""
    print(clean(line))


def _as_json(text: str) -> str:
    return json.dumps({"text": text}, ensure_ascii=False)


def _print_json(text: str) -> None:
    print(_as_json(text))


class Chat:
    """The chat of *directory*, as its operator has it do things."""

    def __init__(
        self, directory: Path, alone: Alone, *, options: Mapping[str, str] | None = None, json: bool = False
    ) -> None:
        self._directory = directory
        self._alone = alone
        self._json = json
        self._asked: dict[str, Any] = {}
        if options:
            self._asked["options"] = options
        if json:
            self._asked["json"] = True
        self._progress = Progress()

    def do(self, words: list[str]) -> Iterator[str]:
        """Have the chat do what *words* say; return the lines that it answers."""
        answer = self._ask(words=words)
        if answer.get("type") == "prompt":
            answer = self._ask(words=words, secret=_secret(answer["text"]))
        while answer.get("type") == "lines":
            yield from answer["lines"]
            if answer.get("next") is None:
                return
            answer = self._ask(words=words, after=answer["next"])
        match answer:
            case {"type": "notice", "text": text}:
                yield _as_json(text) if self._json else text
            case {"type": "error", "text": text}:
                raise CannotAdminister(text)
            case _:
                raise CannotAdminister("The chat that runs there is of another version. Restart it with this one.")

    def _ask(self, **request: Any) -> dict[str, Any]:
        """Ask the chat that runs, or one that runs for this alone."""
        request |= self._asked
        end = time.monotonic() + BEGINNING
        try:
            while (answer := self._reach(request)) is None:
                if time.monotonic() > end:
                    raise CannotAdminister(
                        f"A chat uses {self._directory / FILE} and does not listen at {SOCKET}: it begins, ends, or is "
                        "of an older version. Try again in a moment; if that does not help, restart the chat."
                    )
                time.sleep(0.1)
        except PermissionError as error:
            raise PermissionError(error.errno, error.strerror, str(self._directory)) from error
        return answer

    def _reach(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Send *request*, and return the answer; ``None`` if somebody uses the history and does not listen."""
        answer = self._exchange(request)
        if answer is not None:
            return answer
        try:
            self._check_history()
            if COMMANDS[request["words"][0]].live:
                start = f"twistd -n chat --data {self._directory}"
                raise CannotAdminister(f"The chat does not run, so there is nobody in it. Start it: {start}")
            with self._alone(self._directory):
                answer = self._exchange(request, ALONE)
        except CannotOpen as error:
            if isinstance(error.__cause__, BlockingIOError):
                return None
            if isinstance(error.__cause__, PermissionError):
                raise error.__cause__ from error
            raise
        if answer is None:
            raise CannotAdminister(
                f"There can be no socket {self._directory / ALONE}. See that nothing else has its name, "
                "and that the file system has sockets."
            )
        return answer

    def _exchange(self, request: dict[str, Any], file: str = SOCKET) -> dict[str, Any] | None:
        """Send *request*, and return the answer; ``None`` if nobody listens."""
        try:
            sent = json.dumps(request, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise CannotAdminister("That can't be read as UTF-8, in which the chat has all names and texts.") from error
        try:
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(PATIENCE)
                with address_in(self._directory, file) as address:
                    link.connect(address)
                link.sendall(sent + b"\n")
                lines = link.makefile("rb")
                while (answer := lines.readline()).startswith(PROGRESS) and answer.endswith(b"\n"):
                    self._progress.show(json.loads(answer)["text"])
                self._progress.end()
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        except (TimeoutError, BlockingIOError) as error:
            raise CannotAdminister(
                f"The chat has not answered for {PATIENCE:.0f} seconds. Look into its log, then whether it was done."
            ) from error
        except ConnectionError:
            answer = b""
        if not answer.endswith(b"\n"):
            raise CannotAdminister("The chat ended before it had answered. Look whether it was done, and try again.")
        found: dict[str, Any] = json.loads(answer)
        return found

    def _check_history(self) -> None:
        """Raise :class:`CannotAdminister` or :class:`CannotOpen` unless there is a history that nobody uses."""
        path = history_in(self._directory)
        claim = lock(self._directory)
        try:
            with closing(connect(path)) as connection:
                (version,) = connection.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error as error:
            raise CannotAdminister(
                f"{path} can't be used: {error}. Repair it, or say with --data where it is."
            ) from error
        finally:
            os.close(claim)
        if version != len(MIGRATIONS):
            raise CannotAdminister(
                f"{path} belongs to another version of twisted-chat. Start the chat once, or update."
            )


class Progress:
    """Shows on a terminal how far something is that takes long, in one line."""

    def __init__(self) -> None:
        self._shown = False

    def show(self, text: str) -> None:
        """Show *text* in the place of what was shown before."""
        if sys.stderr.isatty():
            print(f"\r\x1b[K{text} ...", end="", file=sys.stderr, flush=True)
            self._shown = True

    def end(self) -> None:
        """Show it no more."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._shown = False


def _secret(prompt: str) -> str:
    """Have a password typed, or read it from what is piped in."""
    try:
        typed = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        typed = ""
    return typed.rstrip("\r\n")
