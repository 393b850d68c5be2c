"""The options of the command ``chat``, on the command line and in the configuration file."""

from __future__ import annotations

import getpass
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from twisted.python import usage

import chat
from chat.client import places
from chat.core import names
from chat.core.errors import BadName
from chat.disk.texts import read_text

DEFAULT_ADDRESS = "localhost:12345"
DEFAULT_PORT = 12345
DEFAULT_TLS_PORT = 12346
TLS = "tls://"
DEFAULT_TIMEOUT = 30.0
KEY_VARIABLE = "CHAT_KEY"
"""The environment variable that has the key of the chat."""
ALTERNATIVES = 8
"""How many other names to try if the log-in name is taken and the user has chosen none."""


def config_path() -> Path:
    """Return the path of the configuration file."""
    return places.config() / "client.toml"


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What the user has chosen. *names* are tried in turn; *rooms* has at least one room."""

    host: str
    port: int
    names: tuple[str, ...]
    rooms: tuple[str, ...]
    tail: bool
    plain: bool
    gui: bool
    address_given: bool
    """Whether the command line says where to go."""
    timeout: float
    log: Path | None
    tls: bool = False
    password_file: Path | None = None
    keyring: bool = False
    password: str | None = None
    key_file: Path | None = None
    key: str | None = None
    """The key of the chat."""
    invitation: str | None = None
    """The code of an invitation to the chat, with which the name is registered."""
    file: str | None = None
    """A file to send, and nothing else."""
    notice: bool = False
    """Whether what is sent from a pipe is to alert nobody."""
    rooms_given: bool = False
    """Whether the command line says which rooms."""

    @property
    def address(self) -> str:
        """The server's address as the user writes it."""
        place = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        return f"{TLS}{place}" if self.tls else place


class Options(usage.Options):
    """The command line."""

    synopsis = "Usage: chat [options] [tls://][NAME@]HOST[:PORT]"
    longdesc = f"""Connects to the chat at HOST (by default {DEFAULT_ADDRESS}). With {TLS} the connection is encrypted
and the default port is {DEFAULT_TLS_PORT}. In a terminal the client fills the screen. What comes in by a pipe is sent
line by line; the exit code is 0 only if all of it was stored.

The options can also be set in the configuration file ({config_path()}), the address as
"address", and rooms as a list. The command line wins.

chat serve runs a chat; chat export, chat import and chat admin manage a history. Each explains itself with --help."""

    optFlags: ClassVar = [
        ["tail", "t", "Print what is said, line by line, and send nothing."],
        ["notice", None, "Send from a pipe without alerting anybody: programs do not answer it either."],
        ["keyring", None, "Take the password of your name from the system's keyring, and keep it there."],
        ["plain", "p", "Write plain lines and leave the screen alone: for screen readers and simple terminals."],
        ["gui", "g", "Open a window on the desktop."],
    ]
    optParameters: ClassVar = [
        ["name", "n", None, "Your name. [default: your log-in name]"],
        [
            "rooms",
            "r",
            None,
            "The rooms to be in, divided by commas; what you type goes to the first. [default: lobby]",
        ],
        [
            "timeout",
            None,
            None,
            f"Seconds to wait for the server when sending from a pipe. [default: {DEFAULT_TIMEOUT:g}]",
        ],
        [
            "password-file",
            None,
            None,
            "Take the password of your name from the first line of this file. [default: ask]",
        ],
        [
            "key-file",
            None,
            None,
            f"Take the key of the chat from the first line of this file. [default: that in {KEY_VARIABLE}, or ask]",
        ],
        ["invitation", None, None, "The code of an invitation, which makes your name yours. [default: none]"],
        ["file", "f", None, "Send this file to the room, and leave. [default: none]"],
        ["log", None, None, "Write a log of the client itself to this file. [default: none]"],
        ["config", "c", None, f"The configuration file. [default: {config_path()}]"],
    ]

    compData = usage.Completions(
        optActions=dict.fromkeys(("config", "file", "log", "key-file", "password-file"), usage.CompleteFiles())
    )

    def __init__(self) -> None:
        super().__init__()
        self["address"] = None

    def opt_version(self) -> None:
        """Print the version and leave."""
        print(f"chat {chat.__version__}")
        sys.exit(0)

    def parseArgs(self, *words: str) -> None:  # noqa: N802 - Twisted calls it so
        """Take the address; options may follow it."""
        if not words:
            return
        if self["address"] is not None:
            port = f" A port stands behind the host: {self['address']}:{words[0]}." if words[0].isdecimal() else ""
            raise usage.UsageError(f"There can be one address only, and {words[0]} is another.{port}")
        self["address"], *rest = words
        self.parseOptions(rest)


def read(arguments: list[str]) -> ClientSettings:
    """Read the command line and the configuration file; raises :class:`usage.UsageError`."""
    options = Options()
    options.parseOptions(arguments)
    chosen: dict[str, Any] = {}
    if options["config"] is not None:
        chosen |= read_config(Path(options["config"]))
    elif _is_there(config_path()):
        chosen |= read_config(config_path())
    chosen |= {key: value for key, value in options.items() if value is not None and not (value == 0 and key in _FLAGS)}
    return settings(chosen, options["address"] is not None, options["rooms"] is not None)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a directory above it may not be looked into, as after su
        return False


def read_config(path: Path) -> dict[str, Any]:
    """Read a configuration file; raises :class:`usage.UsageError` if it can't be used."""
    try:
        config = tomllib.loads(read_text(path))
    except OSError as failure:
        raise usage.UsageError(f"{path} can't be read: {failure.strerror}.") from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as failure:
        raise usage.UsageError(f"{path} is not TOML: {failure}.") from failure
    for key, value in config.items():
        if key not in _KEYS:
            raise usage.UsageError(f"{path}: there is no setting {key!r}. There are: {', '.join(sorted(_KEYS))}.")
        fits, expected = _KEYS[key]
        if not fits(value):
            raise usage.UsageError(f"{path}: {key!r} must be {expected}, not {value!r}.")
    return config


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


_FLAGS = ("keyring", "tail", "notice", "plain", "gui")
_KEYS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "address": (_is_text, 'a text like "ada@chat.example.org:12345"'),
    "name": (_is_text, 'a text like "ada"'),
    "rooms": (_is_list, 'a list of texts like ["lobby", "dev"]'),
    "tail": (_is_flag, "true or false"),
    "plain": (_is_flag, "true or false"),
    "gui": (_is_flag, "true or false"),
    "timeout": (_is_number, "a number of seconds like 30"),
    "password-file": (_is_text, 'a path like "~/.chat-password"'),
    "key-file": (_is_text, 'a path like "~/.chat-key"'),
    "keyring": (_is_flag, "true or false"),
    "log": (_is_text, 'a path like "/tmp/chat.log"'),
}
"""The settings of the configuration file, each with a check and with what the check expects, in words."""


def settings(chosen: Mapping[str, Any], address_given: bool = True, rooms_given: bool = False) -> ClientSettings:
    """Check what was chosen, and add the defaults; raises :class:`usage.UsageError`."""
    address = chosen.get("address", DEFAULT_ADDRESS)
    tls = address.startswith(TLS)
    user, host, port = split_address(address.removeprefix(TLS), DEFAULT_TLS_PORT if tls else DEFAULT_PORT)
    name = chosen.get("name", user)
    rooms = chosen.get("rooms", ["lobby"])
    log, password_file, key_file = chosen.get("log"), chosen.get("password-file"), chosen.get("key-file")
    return ClientSettings(
        host=host,
        port=port,
        names=_log_in_names() if name is None else (_checked(names.user_name, name),),
        rooms=tuple(
            _checked(names.room_name, room) for room in (rooms.split(",") if isinstance(rooms, str) else rooms)
        ),
        tail=bool(chosen.get("tail")),
        plain=bool(chosen.get("plain")),
        gui=bool(chosen.get("gui")),
        address_given=address_given,
        timeout=_seconds(chosen.get("timeout", DEFAULT_TIMEOUT)),
        log=None if log is None else _in_home(log),
        tls=tls,
        password_file=None if password_file is None else Path(password_file),
        keyring=bool(chosen.get("keyring")),
        key_file=None if key_file is None else Path(key_file),
        invitation=chosen.get("invitation"),
        file=chosen.get("file"),
        notice=bool(chosen.get("notice")),
        rooms_given=rooms_given,
    )


def split_address(address: str, default_port: int = DEFAULT_PORT) -> tuple[str | None, str, int]:
    """Divide ``[NAME@]HOST[:PORT]``; raises :class:`usage.UsageError`. An IPv6 address stands in brackets."""
    name, at, place = address.rpartition("@")
    if place.startswith("["):
        host, bracket, port = place[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise usage.UsageError(f"{address} is not an address. An IPv6 address is written [::1]:{DEFAULT_PORT}.")
        port = port[1:]
    elif place.count(":") > 1:
        host, port = place, ""
    else:
        host, _, port = place.partition(":")
    if port and not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise usage.UsageError(f"{port} is not a port. A port is a number from 1 to 65535.")
    return (name if at else None), host or "localhost", int(port or default_port)


def _checked(check: Callable[[str], str], name: str) -> str:
    try:
        return check(name)
    except BadName as refusal:
        raise usage.UsageError(f"{name!r}: {refusal}") from refusal


def _in_home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as failure:
        raise usage.UsageError(f"{path}: nobody has such a home directory.") from failure


def _seconds(value: str | float) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise usage.UsageError(f"--timeout {value} is not a number of seconds. Write one like 30.")
    return seconds


def _log_in_names() -> tuple[str, ...]:
    """Return the names to try: the log-in name, the same with a number if it is taken, and at last a guest's name."""
    try:
        name = names.user_name(getpass.getuser())
    except (BadName, OSError, KeyError):
        return ("",)
    return (name, *(f"{name}-{number}" for number in range(2, 2 + ALTERNATIVES) if len(name) < 30), "")
