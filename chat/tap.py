"""``twistd chat``: its options, and the service they make."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace
from twisted.application.service import IService
from twisted.logger import Logger
from twisted.python import usage

from chat import __version__
from chat.core import durations
from chat.core.doors import Inviters, Registration
from chat.core.errors import BadField, BadName
from chat.core.names import user_name
from chat.daemon.logfiles import prepare_log_file
from chat.daemon.outlook import look_out
from chat.daemon.pid_file import leave_out_pid_file
from chat.protocols.listening import EVERYWHERE, endpoint
from chat.protocols.ways import WAYS, WEB, WayIn
from chat.protocols.web_address import page_url, proxy_value
from chat.settings import (
    KEY,
    MOST_HISTORY,
    MOST_KEPT,
    NO_DATA,
    SYNCS,
    Settings,
    is_key,
    keep_value,
    limit_name,
    limit_value,
    read_config,
)

_DEFAULTS = Settings()

_QUOTED = r"'tcp:12345:interface=\:\:'"

log = Logger()


class Options(usage.Options):
    """The command line of ``twistd chat``."""

    synopsis = "[options]"
    longdesc = "A chat that anyone can walk into with netcat, telnet, the chat client or a script."
    optFlags = (
        ("no-log-talk", None, "Do not log what is said (default: log it)."),
        (
            "no-limits",
            None,
            "Do not limit how much clients send, and how many connect from one address (default: limit it).",
        ),
        (
            "allow-plain-passwords",
            None,
            "Take passwords where others on the network could read them "
            "(default: only over TLS and from the server itself).",
        ),
        ("members-only", None, "Let only those in who have an account (default: let everybody in)."),
        (
            "lan",
            None,
            "Let others on the network in: listen on all addresses, also for TLS, if no other place is given "
            "(default: only this machine comes in).",
        ),
        ("log", None, "Print the log at a terminal too (default: only where the output is no terminal)."),
        ("tls", None, "Listen for TLS too, with a certificate made and kept in the data directory (default: do not)."),
    )
    compData = usage.Completions(
        optActions={
            "config": usage.CompleteFiles(),
            "data": usage.CompleteDirs(),
            "sync": usage.CompleteList(SYNCS),
            "tls-cert": usage.CompleteFiles(),
            "tls-key": usage.CompleteFiles(),
            "registration": usage.CompleteList(tuple(Registration)),
            "invitations": usage.CompleteList(tuple(Inviters)),
        },
        multiUse=["limit", "reserve", *(way.option for way in WAYS)],
    )

    def __init__(self) -> None:
        super().__init__()
        self._given: dict[str, Any] = {}
        self._config: dict[str, Any] = {}
        self._path = ""

    def opt_version(self) -> None:
        """Print the version and leave."""
        print(f"twisted-chat {__version__}")
        sys.exit(0)

    def opt_config(self, path: str) -> None:
        """Read settings from this TOML file: its keys are the names of these options; the command line wins."""
        try:
            self._config, self._path = read_config(path), path
        except ValueError as error:
            raise usage.UsageError(str(error)) from error

    def opt_welcome(self, text: str) -> None:
        """Greet people with this text (default: Welcome to chat.)."""
        self._given["welcome"] = text

    def opt_data(self, directory: str) -> None:
        """Keep the history in this directory, or, with "none", in memory only (default: the current directory)."""
        self._given["data"] = directory

    def opt_sync(self, level: str) -> None:
        """Store so that messages survive a power failure (full) or, faster, only a crash (normal) (default: full)."""
        if level not in SYNCS:
            raise usage.UsageError(f"--sync must be full or normal, not {level}.")
        self._given["sync"] = level

    def opt_tls_cert(self, path: str) -> None:
        """Use the certificate and chain in this PEM file for TLS; SIGHUP reads it again (default: one of our own)."""
        self._given["tls_cert"] = path

    def opt_tls_key(self, path: str) -> None:
        """Use the private key in this PEM file for TLS (default: it is in the file of --tls-cert)."""
        self._given["tls_key"] = path

    def opt_web_url(self, address: str) -> None:
        """Say where the page is for people, if a proxy is before it, like https://example.org/chat/ (default: here)."""
        try:
            self._given["web_url"] = page_url(address)
        except ValueError as error:
            raise usage.UsageError(f"--web-url {address}: write it like https://example.org/chat/.") from error

    def opt_web_proxy(self, place: str) -> None:
        """Believe a proxy at this address or network, or "unix", for whom it asks; repeatable (default: nobody)."""
        try:
            proxy_value(place)
        except ValueError as error:
            raise usage.UsageError(f"--web-proxy {place}: write an address, a network or unix.") from error
        self._given["web_proxy"] = (*self._given.get("web_proxy", ()), place)

    def opt_metrics(self, endpoint: str) -> None:
        """Serve metrics for Prometheus, and /healthz, by HTTP on this endpoint (default: do not)."""
        self._given["metrics"] = endpoint

    def opt_reserve(self, name: str) -> None:
        """Reserve this name, for an account by "chat admin account"; repeatable (default: server, admin and others)."""
        try:
            self._given["reserve"] = (*self._given.get("reserve", ()), user_name(name))
        except BadName as error:
            raise usage.UsageError(f"--reserve {name}: {error}") from error

    def opt_key(self, key: str) -> None:
        """Ask all who come in for this key; "ps" shows it here, so write it into the file instead (default: none)."""
        if not is_key(key):
            raise usage.UsageError(f"--key must be {KEY}.")
        self._given["key"] = key

    def opt_registration(self, who: str) -> None:
        """Say who may register: open, invitation or closed (default: open; with --members-only, invitation)."""
        if who not in tuple(Registration):
            raise usage.UsageError(f"--registration must be open, invitation or closed, not {who}.")
        self._given["registration"] = Registration(who)

    def opt_invitations(self, who: str) -> None:
        """Let moderators or members make invitations to the chat (default: moderators)."""
        if who not in tuple(Inviters):
            raise usage.UsageError(f"--invitations must be moderators or members, not {who}.")
        self._given["invitations"] = Inviters(who)

    def opt_limit(self, setting: str) -> None:
        """Set one of the limits that docs/limits.md lists, like rate=10; may be repeated (default: as listed there)."""
        name, equals, value = setting.partition("=")
        if not equals:
            raise usage.UsageError(f"--limit {setting} sets nothing. Write it as --limit rate=10.")
        try:
            self._given.setdefault("limit", {})[limit_name(name)] = limit_value(name, value)
        except ValueError as error:
            raise usage.UsageError(f"--limit {setting}: {error}") from error

    def opt_history(self, number: str) -> None:
        """Show so many messages to people who join a room, 0 to 200 (default: 20)."""
        if not number.isdecimal() or int(number) > MOST_HISTORY:
            raise usage.UsageError(f"--history must be a whole number from 0 to {MOST_HISTORY}, not {number}.")
        self._given["history"] = int(number)

    def opt_keep(self, age: str) -> None:
        """Keep messages so long: 90d (days), 12h (hours), 4w (weeks), or forever (default: forever)."""
        try:
            self._given["keep"] = keep_value(age)
        except durations.OutOfCalendar as error:
            raise usage.UsageError(f"--keep: {error}") from error
        except BadField as error:
            raise usage.UsageError(f"--keep must be a time like 90d, 12h or 4w, or forever, not {age}.") from error

    def opt_keep_messages(self, number: str) -> None:
        """Keep only so many of the newest messages of each room (default: all)."""
        if not (number.isascii() and number.isdecimal() and 0 < int(number) <= MOST_KEPT):
            raise usage.UsageError(f"--keep-messages must be a whole number from 1 on, not {number}.")
        self._given["keep_messages"] = int(number)

    def parseArgs(self, *words: str) -> None:  # noqa: N802 - Twisted calls it so
        """Refuse words that are no options."""
        if words:
            raise usage.UsageError(f"it takes options only, and {words[0]} is none.")

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the command line. Under ``twistd`` a wrong option ends the process with exit code 1.

        Twisted itself does that only from 26.10 on; older versions end with exit code 0.

        SIGHUP and SIGUSR1, which end a process by default, wait from here on until the chat handles them
        (:class:`~chat.daemon.process.ChatProcess`).
        """
        if self.parent is not None:
            signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGHUP, signal.SIGUSR1))
        try:
            super().parseOptions(self._without_bare(sys.argv[1:] if options is None else options))
        except BrokenPipeError:  # who reads --help has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.exit(0)
        except usage.UsageError as error:
            if self.parent is None:
                raise
            sys.exit(f"chat: {error}\n{self._command or 'twistd chat'} --help lists the options.")

    def _without_bare(self, words: Sequence[str]) -> list[str]:
        """Take each ``--web`` out that has no endpoint behind it, which Twisted would ask for."""
        kept = []
        for word, following in zip(words, [*words[1:], "-"], strict=False):
            if word == f"--{WEB.option}" and following.startswith("-"):
                self._given[WEB.setting] = True
            else:
                kept.append(word)
        return kept

    @property
    def _command(self) -> str | None:
        """What the user has typed, if it is not ``twistd``."""
        return None if self.parent is None else self.parent.get("command")

    def getSynopsis(self) -> str:  # noqa: N802 - Twisted calls it so
        """Return the first line of the help."""
        return f"Usage: {self._command} {self.synopsis}" if self._command else super().getSynopsis()

    def postOptions(self) -> None:
        if self.parent is not None:
            leave_out_pid_file(self.parent)
            prepare_log_file(self.parent)
        for flag, _, _ in self.optFlags:
            if self[flag]:
                self._given[flag.replace("-", "_")] = True
        settings = self.settings
        for way in WAYS:
            self._check_endpoints(way.option, settings.endpoints(way))
        try:
            settings.check_doors()
        except ValueError as error:
            raise usage.UsageError(str(error)) from error
        if settings.metrics is not None:
            self._check_endpoints("metrics", (settings.metrics,))
        if settings.tls_key and not settings.tls_cert:
            raise usage.UsageError("--tls-key is of no use without --tls-cert: give both, or neither.")
        if settings.encrypts and not settings.tls_cert and settings.data == NO_DATA:
            raise usage.UsageError(
                f"TLS needs a certificate, and with --data {NO_DATA} there is no place to keep one. Give --tls-cert."
            )

    def _check_endpoints(self, option: str, descriptions: tuple[str, ...]) -> None:
        from twisted.internet import reactor

        setting = option.replace("-", "_")
        given = setting in self._given or setting in self._given.get("ways", {})
        where = f"--{option}" if given else f'{self._path}: "{option}"'
        for description in descriptions:
            try:
                endpoint(reactor, description)
            except OSError as error:
                raise usage.UsageError(f"{where} {description}: {error.filename}: {error.strerror}.") from error
            except LookupError as error:
                raise usage.UsageError(f"{where} {description}: systemd has passed on no such socket.") from error
            except Exception as error:
                advice = f"Write one like tcp:12345, {EVERYWHERE}12345 for others too, or unix:/run/chat.sock."
                if description.isdecimal():
                    advice = f"For a port, write tcp:{description}, or {EVERYWHERE}{description} for others too."
                elif "::" in description:
                    advice = f"Try {EVERYWHERE}12345, or quote it, as shells take backslashes: {_QUOTED}"
                raise usage.UsageError(f"{where} {description}: that is no endpoint. {advice}") from error

    @property
    def shows_key(self) -> bool:
        """Whether the key stands on the command line."""
        return "key" in self._given

    @property
    def settings(self) -> Settings:
        """What the command line and the configuration file say together."""
        tables = {key: {**self._config.get(key, {}), **self._given.get(key, {})} for key in ("limit", "ways")}
        return replace(_DEFAULTS, **{**self._config, **self._given, **tables})


def _opener(way: WayIn) -> Callable[[Options, str], None]:
    """Make the option that opens a way in."""

    def opt(self: Options, endpoint: str) -> None:
        ways = self._given.setdefault("ways", {})
        ways[way.setting] = (*ways.get(way.setting, ()), endpoint)

    opt.__doc__ = f"{way.help}; may be given several times (default: {way.default})."
    return opt


for _way in WAYS:
    setattr(Options, f"opt_{_way.setting}", _opener(_way))


def makeService(options: Options) -> IService:
    """Make the service that ``twistd`` runs."""
    from twisted.internet import reactor

    from chat.daemon.process import ChatProcess, fit_open_files

    if options.shows_key:
        log.warn("everybody on this machine can see the key of --key: write it into the file of --config instead")
    # The reactor's own clock is the wall clock. When that is set, timers would fire all at once, or hours late.
    reactor.seconds = time.monotonic  # type: ignore[method-assign]
    outlook = look_out(options.parent or {}, with_log=options.settings.log)
    return ChatProcess(reactor, fit_open_files(options.settings), outlook)
