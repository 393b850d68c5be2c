"""What belongs to the process that runs a chat, and not to the chat: signals, open files, memory, systemd."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import Any, NoReturn

from msgspec.structs import replace
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.error import CannotListenError, ReactorNotRunning
from twisted.logger import ILogObserver, Logger

from chat.core.limits import Limits
from chat.daemon.logfiles import bound_log_files, reopen_log_files
from chat.daemon.outlook import Outlook
from chat.history.store import CannotOpen
from chat.protocols.certificate import BadCertificate
from chat.service import ChatService
from chat.settings import Settings

SPARE_DESCRIPTORS = 64
"""File descriptors that are not for clients."""

YOUNG_OBJECTS = 50_000
"""How many objects are made before Python looks for cycles among the young ones (700 by default)."""

log = Logger()


class ChatProcess(MultiService):
    """Runs one chat as a daemon: SIGINT and SIGTERM end it with exit code 0, SIGHUP and SIGUSR1 reopen its log."""

    def __init__(self, reactor: Any, settings: Settings, outlook: Outlook | None = None) -> None:
        super().__init__()
        self._reactor = reactor
        self._settings = settings
        self._outlook = outlook or Outlook()
        self.chat = ChatService(reactor, settings)
        self.chat.setServiceParent(self)

    def setServiceParent(self, parent: Any) -> None:  # noqa: N802 - Twisted calls it so
        """Have ``twistd`` log to the screen, if there is one."""
        super().setServiceParent(parent)
        if self._outlook.screen is not None:
            parent.setComponent(ILogObserver, self._outlook.screen)

    def privilegedStartService(self) -> None:
        """Listen."""
        self._take_signals()
        try:
            super().privilegedStartService()
        except CannotListenError as error:
            from chat.daemon.obstacles import cannot_listen

            self._give_up(cannot_listen(error, self._settings, self.chat.listening), error)

    def startService(self) -> None:
        """Begin."""
        try:
            super().startService()
        except (CannotOpen, BadCertificate) as error:
            self._give_up(str(error), error)
        bound_log_files()
        gc.set_threshold(YOUNG_OBJECTS, 50, 50)
        self._reactor.callWhenRunning(self._begun)

    def stopService(self) -> Deferred[None]:
        """End, once all that was accepted is stored and sent."""
        self._tell_system("STOPPING=1")
        stopped: Deferred[None] = super().stopService()
        if (screen := self._outlook.screen) is not None:
            stopped.addCallback(lambda _: screen.show("The chat has ended."))
        return stopped

    def _begun(self) -> None:
        give_back_memory()
        self._tell_system("READY=1")
        if self._outlook.starter is not None:
            self._outlook.starter.close()
            self._outlook.starter = None
        if self._outlook.screen is not None:
            from chat.daemon.greeter import greet

            ensureDeferred(greet(self._reactor, self.chat, self._settings, self._outlook, self._outlook.screen))

    def _give_up(self, why: str, error: Exception) -> NoReturn:
        """End with the sentence *why*, which the log has in place of the traceback; whoever waits is told too."""
        from chat.daemon.obstacles import NotStarted

        sentence = f"chat: {why}"
        if self._outlook.starter is not None:
            print(sentence, file=self._outlook.starter, flush=True)
        sys.excepthook = lambda *_: print(sentence, file=sys.stderr)
        raise NotStarted from error

    # -- signals

    def _take_signals(self) -> None:
        """Install our signal handlers before anybody can connect.

        Without them the process would not end with exit code 0, and SIGHUP and SIGUSR1 would kill it.
        """
        for number, step in (
            (signal.SIGINT, self._interrupt),
            (signal.SIGTERM, self._stop),
            (signal.SIGHUP, self._reload),
            (signal.SIGUSR1, reopen_log_files),
        ):

            def handle(number: int, frame: FrameType | None, step: Any = step) -> None:
                self._reactor.callFromThread(step)

            signal.signal(number, handle)
        if self._outlook.screen is not None:
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # "stty tostop" would stop a chat in the background
        # When the reactor begins to run, it has SIGTERM handled by this method of its own.
        self._reactor.sigTerm = signal.getsignal(signal.SIGTERM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGHUP, signal.SIGUSR1))  # chat.tap has them wait

    def _interrupt(self) -> None:
        """End, and the line with it in which the terminal shows Ctrl-C."""
        if self._outlook.screen is not None:
            self._outlook.screen.show("")
        self._stop()

    def _stop(self) -> None:
        try:
            self._reactor.stop()
        except ReactorNotRunning:
            log.info("ending at once")
            self.chat.abort()

    def _reload(self) -> None:
        """Open the log anew, and read the certificate again."""
        reopen_log_files()
        self.chat.reload()

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


def give_back_memory() -> None:
    """Give back to the system what the start has used and freed, if the C library is one that can (malloc_trim(3))."""
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


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
