"""A chat with the page, and browsers in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.daemon import Daemon, DaemonFactory
from playwright.sync_api import Browser
from web.browsers import CHROMIUM, WEB, Browsers, chromium, web_port


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file: as long as it runs, nothing else can run an asyncio loop."""
    if not os.environ.get("CI") and not Path(CHROMIUM).exists():
        pytest.skip("this machine has no Chromium")
    with chromium() as browser:
        yield browser


@pytest.fixture
def web_chat(start_chat: DaemonFactory) -> Daemon:
    """A daemon that serves the page."""
    return start_chat("--no-limits", *WEB)


@pytest.fixture
def browsers(browser: Browser, web_chat: Daemon) -> Iterator[Browsers]:
    """Browsers at the page of the chat."""
    browsers = Browsers(browser, f"http://127.0.0.1:{web_port(web_chat)}/")
    yield browsers
    browsers.close()
