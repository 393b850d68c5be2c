"""The chat of a directory, reached by its socket, so that it does what ``chat admin`` is told to do."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

from chat.admin.address import ALONE, address_in
from chat.admin.address import FILE as SOCKET
from chat.admin.progress import sentences
from chat.core.operating import table
from chat.history.connection import connect
from chat.history.directory import FILE, history_in, lock
from chat.history.schema import VERSION
from chat.history.store import CannotOpen

PATIENCE = 60.0
"""The seconds to wait for an answer."""

PROGRESS = b'{"type":"progress"'
"""How the lines begin that come before the answer while something takes long."""

BEGINNING = 10.0
"""The seconds to wait for a chat that begins or ends, or for somebody else's ``chat admin``."""

Alone = Callable[[Path], AbstractContextManager[None]]
"""Runs the chat of a directory where no daemon does."""


class CannotAdminister(Exception):
    """What was asked for can't be done; the message of the exception is a sentence for the user."""


def as_json(text: str) -> str:
    """Write *text* as it is written with ``--json``."""
    return json.dumps({"text": text}, ensure_ascii=False)


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
                yield as_json(text) if self._json else text
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
            if table.COMMANDS[request["words"][0]].live:
                start = f"twistd -n chat --data {self._directory}"
                raise CannotAdminister(f"The chat does not run, and only one that runs can do that. Start it: {start}")
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
            with socket.socket(socket.AF_UNIX) as link, sentences() as show:
                link.settimeout(PATIENCE)
                with address_in(self._directory, file) as address:
                    link.connect(address)
                link.sendall(sent + b"\n")
                lines = link.makefile("rb")
                while (answer := lines.readline()).startswith(PROGRESS) and answer.endswith(b"\n"):
                    show(json.loads(answer)["text"])
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
        if version != VERSION:
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
