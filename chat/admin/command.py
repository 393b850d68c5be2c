"""``chat admin``: the tool. What it is told to do is done by the chat that runs there, which it reaches by a socket."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

from chat import __version__
from chat.admin.address import ALONE, address_in
from chat.admin.address import FILE as SOCKET
from chat.core.operator import COMMANDS, fits
from chat.history.schema import MIGRATIONS
from chat.history.sqlite import FILE, connect, lock
from chat.history.store import CannotOpen

PATIENCE = 60.0
"""The seconds to wait for an answer."""

BEGINNING = 10.0
"""The seconds to wait for a chat that begins or ends, or for somebody else's ``chat admin``."""

Alone = Callable[[Path], AbstractContextManager[None]]
"""Runs the chat of a directory where no daemon does."""


class CannotAdminister(Exception):
    """What was asked for can't be done; the message of the exception is a sentence for the user."""


class Options(usage.Options):
    """The command line of ``chat admin``."""

    synopsis = f"Usage: chat admin [options] {' | '.join(command.usage for command in COMMANDS.values())}"
    longdesc = (
        "Looks after a chat; what it does counts at once, and is in the audit record. "
        f"{'; '.join(f'{command.usage}: {command.summary}' for command in COMMANDS.values())}. "
        "Roles are owner, moderator and user. A new password is asked for, or read from the standard input. "
        "To reach a host that is called admin, write admin:12345."
    )
    optParameters: ClassVar = [["data", "d", ".", "The directory with the history (chat.db)."]]

    def opt_version(self) -> None:
        """Print the version and leave."""
        print(f"chat {__version__}")
        sys.exit(0)

    def parseArgs(self, *words: str) -> None:  # noqa: N802 - Twisted calls it so
        """Take what is to be done; options may follow it."""
        options = [number for number, word in enumerate(words) if word.startswith("-")]
        first = options[0] if options else len(words)
        self["words"] = [*self.get("words", []), *words[:first]]
        if options:
            self.parseOptions(list(words[first:]))


def run(arguments: list[str], alone: Alone) -> int:
    """Run ``chat admin``; return the exit code."""
    options = Options()
    try:
        options.parseOptions(arguments)
        if not fits(options["words"]):
            *others, last = (command.usage for command in COMMANDS.values())
            raise usage.UsageError(f"Say what is to be done: {', '.join(others)}, or {last}.")
        for line in Chat(Path(options["data"]), alone).do(options["words"]):
            print(line)
        sys.stdout.flush()
    except usage.UsageError as refusal:
        return _complain(f"{str(refusal).rstrip('.')}. chat admin --help explains.", 2)
    except (CannotAdminister, CannotOpen) as refusal:
        return _complain(str(refusal), 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return _complain("Interrupted.", 1)
    return 0


def _complain(sentence: str, code: int) -> int:
    print(f"chat: {sentence}", file=sys.stderr)
    return code


class Chat:
    """The chat of *directory*, as its operator has it do things."""

    def __init__(self, directory: Path, alone: Alone) -> None:
        self._directory = directory
        self._alone = alone

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
                yield text
            case {"type": "error", "text": text}:
                raise CannotAdminister(text)
            case _:
                raise CannotAdminister("The chat that runs there is of another version. Restart it with this one.")

    def _ask(self, **request: Any) -> dict[str, Any]:
        """Ask the chat that runs, or one that runs for this alone."""
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
            raise CannotAdminister(
                f"You may not use {self._directory}. Run chat admin as the user that the chat runs as, or as root."
            ) from error
        return answer

    def _reach(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Send *request*, and return the answer; ``None`` if somebody uses the history and does not listen."""
        answer = self._exchange(request)
        if answer is not None:
            return answer
        try:
            self._check_history()
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
            with socket.socket(socket.AF_UNIX) as link:
                link.settimeout(PATIENCE)
                with address_in(self._directory, file) as address:
                    link.connect(address)
                link.sendall(json.dumps(request).encode() + b"\n")
                answer = link.makefile("rb").readline()
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
        path = self._directory / FILE
        if not path.exists():
            raise CannotAdminister(f"There is no {path}. Say with --data where the history is.")
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


def _secret(prompt: str) -> str:
    """Have a password typed, or read it from what is piped in."""
    try:
        typed = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
    except EOFError:
        typed = ""
    return typed.rstrip("\r\n")
