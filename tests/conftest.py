"""What all tests share: a guard against failures that Twisted logs unseen, and daemons for the end-to-end tests."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from box import Box
from desktop.displays import Display, Other, has_tk
from e2e.daemon import HOST, Daemon, DaemonFactory, Yard, at, kept_port
from e2e.sandbox import fetch_packages
from hypothesis import HealthCheck, settings
from twisted.logger import LogEvent, globalLogBeginner, globalLogPublisher
from twisted.python.failure import Failure

if TYPE_CHECKING:
    from desktop.desks import Desk
    from playwright.sync_api import Browser
    from web.browsers import Browsers

# Hypothesis fails a test that a busy machine slows down, unless it is told not to.
settings.register_profile("patient", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Until logging begins, Twisted keeps the last 65,536 events with all that they speak of, and drops the oldest in
# whichever thread logs another: windows of Tk too, and Tk ends the process where another thread collects it.
globalLogBeginner.beginLoggingTo([], discardBuffer=True, redirectStandardIO=False)

# Wherever the tests run, the lines that they expect have times of UTC.
os.environ["TZ"] = "UTC"
time.tzset()

# What a shell starts in the background ignores SIGINT, and so would the programs that the tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

collect_ignore = [] if has_tk() else ["desktop/test_finding.py", "desktop/test_messages.py", "desktop/test_window.py"]


_DESKTOP = Path(__file__).with_name("desktop")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before the first test behind those of the window, have what is left of them collected in this thread.

    Tk ends the process when another thread collects it.
    """
    before, _last_folder[:] = _last_folder[:], [item.path.parent]
    if _DESKTOP in before and item.path.parent != _DESKTOP:
        gc.collect()


_last_folder: list[Path] = []


class LoggedFailures(list[Failure]):
    """The failures that Twisted has logged during a test."""

    def flush(self, *kinds: type[BaseException]) -> list[Failure]:
        """Remove and return the failures of these *kinds*, which the test expects; without kinds, all of them."""
        expected = [failure for failure in self if not kinds or failure.check(*kinds)]
        self[:] = [failure for failure in self if failure not in expected]
        return expected


@pytest.fixture(autouse=True)
def logged_failures(request: pytest.FixtureRequest) -> Iterator[LoggedFailures]:
    """Fail a test during which Twisted logged a failure that the test has not flushed.

    Trial's own test cases are left to trial, which does the same.
    """
    failures = LoggedFailures()

    def observe(event: LogEvent) -> None:
        if "log_failure" in event:
            failures.append(event["log_failure"])

    if hasattr(request.instance, "flushLoggedErrors"):
        yield failures
        return
    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
    yield failures
    globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]
    assert not failures, "Twisted logged: " + "\n".join(failure.getTraceback() for failure in failures)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that pip needs to install this project where there is no network."""
    folder = tmp_path_factory.mktemp("packages")
    fetch_packages(folder)
    return folder


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that everybody can get at: into that of pytest, other users may not look."""
    with TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@pytest.fixture
def start_chat(tmp_path: Path) -> Iterator[DaemonFactory]:
    """Start daemons with the options given; they are ended and checked after the test."""
    with Yard(tmp_path) as yard:
        yield yard.start


@pytest.fixture
def port() -> Iterator[int]:
    """A port for a daemon that goes and comes back: nobody else gets it meanwhile."""
    with kept_port() as number:
        yield number


@pytest.fixture
def chat(start_chat: DaemonFactory) -> Daemon:
    """A daemon as people start it, but on a port of its own."""
    return start_chat()


@pytest.fixture
def fast_chat(start_chat: DaemonFactory) -> Daemon:
    """A daemon that lets clients send as much as they like."""
    return start_chat("--no-limits")


@pytest.fixture(scope="module")
def module_chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon without limits, one for all tests of a module."""
    with Yard(tmp_path_factory.mktemp("shared")) as yard:
        yield yard.start("--no-limits")


@pytest.fixture
def shared_chat(module_chat: Daemon) -> Iterator[Daemon]:
    """A daemon without limits that other tests have used: nobody is in it, but what they said is in its history."""
    yield module_chat
    module_chat.hang_up()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file: as long as it runs, nothing else can run an asyncio loop."""
    from web.browsers import CHROMIUM, chromium

    if not os.environ.get("CI") and not Path(CHROMIUM).exists():
        pytest.skip("this machine has no Chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture
def web_chat(start_chat: DaemonFactory, port: int) -> Daemon:
    """A daemon that serves the page."""
    return start_chat("--no-limits", "--web", at(port))


@pytest.fixture
def browsers(browser: Browser, web_chat: Daemon, port: int) -> Iterator[Browsers]:
    """Browsers at the page of the chat."""
    from web.browsers import Browsers

    browsers = Browsers(browser, f"http://{HOST}:{port}/")
    yield browsers
    browsers.close()


@pytest.fixture(scope="session")
def display() -> Iterator[Display]:
    """A display with a window manager, for all tests of the desktop client."""
    if not has_tk():
        pytest.skip("this Python has no Tk")
    display = Display()
    yield display
    display.close()


@pytest.fixture
def desk(display: Display, box: Box) -> Iterator[Desk]:
    """Somebody at the window, in the lobby of the *box* of the test."""
    from desktop.desks import Desk  # imports Tk

    desk = Desk(display, box)
    yield desk
    desk.close()


@pytest.fixture
def elsewhere(display: Display) -> Iterator[Callable[[], None]]:
    """Bring the window of another program to the front."""
    others: list[Other] = []
    yield lambda: others.append(Other(display))
    for other in others:
        other.close()


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local time is an hour before UTC in winter, and two in summer."""
    with monkeypatch.context() as changed:
        changed.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()
