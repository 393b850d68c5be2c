"""What belongs to the process that runs a chat, and not to the chat: signals, open files, memory, systemd."""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys
from dataclasses import replace
from types import FrameType
from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.logger import Logger
from twisted.python.logfile import BaseLogFile, LogFile

from chat.core.limits import Limits
from chat.history.store import CannotOpen
from chat.protocols.certificate import BadCertificate
from chat.protocols.ways import WAYS
from chat.service import ChatService
from chat.settings import Settings

SPARE_DESCRIPTORS = 64
"""File descriptors that are not for clients."""

YOUNG_OBJECTS = 50_000
"""How many objects are made before Python looks for cycles among the young ones (700 by default)."""

ROTATED_FILES = 9
"""The rotated log files that are kept beside the current one."""

log = Logger()


class ChatProcess(MultiService):
    """Runs one chat as a daemon: SIGINT and SIGTERM end it with exit code 0, SIGHUP and SIGUSR1 reopen its log."""

    def __init__(self, reactor: Any, settings: Settings) -> None:
        super().__init__()
        self._reactor = reactor
        self.chat = ChatService(reactor, settings)
        self.chat.setServiceParent(self)

    def privilegedStartService(self) -> None:
        """Listen."""
        self._take_signals()
        try:
            super().privilegedStartService()
        except CannotListenError as error:
            where = f"{error.interface or 'any address'} port {error.port}"
            options = ", ".join(f"--{way.option}" for way in WAYS)
            _say_last(
                f"chat: can't listen on {where}: {error.socketError}. Choose another with {options} or --metrics."
            )
            raise

    def startService(self) -> None:
        """Begin."""
        try:
            super().startService()
        except (CannotOpen, BadCertificate) as error:
            _say_last(f"chat: {error}")
            raise
        bound_log_files()
        gc.set_threshold(YOUNG_OBJECTS, 50, 50)
        self._reactor.callWhenRunning(self._tell_system, "READY=1")

    def stopService(self) -> Deferred[None]:
        """End, once all that was accepted is stored and sent."""
        self._tell_system("STOPPING=1")
        stopped: Deferred[None] = super().stopService()
        return stopped

    # -- signals

    def _take_signals(self) -> None:
        """Install our signal handlers before anybody can connect.

        Without them the process would not end with exit code 0, and SIGHUP and SIGUSR1 would kill it.
        """
        for number, step in (
            (signal.SIGINT, self._stop),
            (signal.SIGTERM, self._stop),
            (signal.SIGHUP, self._reload),
            (signal.SIGUSR1, self._reopen_log),
        ):

            def handle(number: int, frame: FrameType | None, step: Any = step) -> None:
                self._reactor.callFromThread(step)

            signal.signal(number, handle)
        # When the reactor begins to run, it has SIGTERM handled by this method of its own.
        self._reactor.sigTerm = signal.getsignal(signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP, signal.SIGUSR1))  # chat.tap has them wait

    def _stop(self) -> None:
        try:
            self._reactor.stop()
        except ReactorNotRunning:
            log.info("ending at once")
            self.chat.abort()

    def _reload(self) -> None:
        """Open the log anew, and read the certificate again."""
        self._reopen_log()
        self.chat.reload()

    def _reopen_log(self) -> None:
        files = log_files()
        for file in files:
            try:
                open(file.path, "ab").close()
            except OSError as error:
                log.error(
                    "the log goes on in the old file: {path} can't be opened ({error})",
                    path=file.path,
                    error=error.strerror,
                )
                continue
            file.reopen()
            log.info("the log goes on in {path}", path=file.path)
        if not files:
            log.info("there is no log file to open again")

    def _tell_system(self, state: str) -> None:
        """Tell systemd about the *state*, if it runs the daemon with ``Type=notify`` (sd_notify(3))."""
        address = os.environ.get("NOTIFY_SOCKET")
        if not address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            try:
                notify.sendto(state.encode(), f"\0{address[1:]}" if address.startswith("@") else address)
            except OSError as error:
                log.warn("systemd at {address} can't be told: {error}", address=address, error=error)


def log_files() -> list[BaseLogFile]:
    """Find the log files of ``twistd --logfile`` among all objects, as Twisted gives nobody a reference to them."""
    # isinstance() would also read __class__, which makes a proxy fetch the object that it stands for.
    return [thing for thing in gc.get_objects() if issubclass(type(thing), BaseLogFile) and not thing.closed]


def bound_log_files() -> None:
    """Have Twisted keep :data:`ROTATED_FILES` of the log files that it has rotated; by default it keeps all."""
    for file in log_files():
        if isinstance(file, LogFile) and file.maxRotatedFiles is None:
            file.maxRotatedFiles = ROTATED_FILES


def fit_open_files(settings: Settings) -> Settings:
    """Raise the limit of open files as far as possible; return settings with no more clients than it allows."""
    wanted = Limits(**settings.limit).connections
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most == resource.RLIM_INFINITY or wanted <= most - SPARE_DESCRIPTORS:
        return settings
    possible = most - SPARE_DESCRIPTORS
    log.warn(
        "the system allows {most} open files, so only {possible} clients can connect; raise it with ulimit -n",
        most=most,
        possible=possible,
    )
    return replace(settings, limit={**settings.limit, "connections": possible})


def _say_last(sentence: str) -> None:
    """Print *sentence* instead of the traceback when an exception ends the process."""
    sys.excepthook = lambda *_: print(sentence, file=sys.stderr)
