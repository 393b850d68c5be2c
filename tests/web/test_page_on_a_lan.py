"""The page on another device: over plain http, where browsers have no notifications and no clipboard."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from e2e.daemon import DaemonFactory
from e2e.lan import HOST4, Lan, lan
from e2e.namespaces import needs_namespaces
from playwright.sync_api import Browser, expect
from web.browsers import CHROMIUM, Browsers, chromium

pytestmark = needs_namespaces


@pytest.fixture
def network() -> Iterator[Lan]:
    with lan() as network:
        yield network


@pytest.fixture
def browser(network: Lan, tmp_path: Path) -> Iterator[Browser]:
    """Chromium on the other device."""
    if not Path(CHROMIUM).exists():
        pytest.skip("this machine has no Chromium")
    program = tmp_path / "chromium"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(network.guest)} {CHROMIUM} "$@"\n')
    program.chmod(0o755)
    with chromium(str(program)) as browser:
        yield browser


def test_a_second_tab_says_where_the_chat_is_open(start_chat: DaemonFactory, network: Lan, browser: Browser) -> None:
    start_chat("--web", "everywhere:8080", listen=("everywhere:12345",), wrapper=network.host)
    with closing(Browsers(browser, f"http://{HOST4}:8080/")) as browsers:
        context = browsers.context()
        ada = browsers.somebody("ada", context)
        second = browsers.open(context)
        second.name_oneself("ada")
        expect(second["#door .why"]).to_contain_text("The chat is open under that name in another tab of this browser.")
        second.come_in("ada2")
        second.say("from the second")
        expect(ada.message("from the second")).to_be_visible()
        copy = browsers.duplicate(ada)
        expect(copy.page.get_by_label("Your name")).to_be_visible()
        ada.say("still here")
        expect(second.message("still here")).to_be_visible()


def test_another_device_talks(start_chat: DaemonFactory, network: Lan, browser: Browser) -> None:
    start_chat("--web", "everywhere:8080", listen=("everywhere:12345",), wrapper=network.host)
    with closing(Browsers(browser, f"http://{HOST4}:8080/")) as browsers:
        ada = browsers.open()
        ada.button("Make an account").click()
        expect(ada["#door"]).to_contain_text("others can read along")
        expect(ada.page.get_by_label("Choose a password")).to_have_count(0)
        ada.button("Only a name").click()
        ada.come_in("ada")
        bob = browsers.somebody("bob")
        assert not ada.page.evaluate("isSecureContext || navigator.clipboard")
        ada.say("hello over the network")
        expect(bob.message("hello over the network")).to_be_visible()
        bob.open_menu("hello over")
        bob.item("Copy the text").click()
        bob.input.focus()
        bob.page.keyboard.press("Control+v")
        expect(bob.input).to_have_value("hello over the network")
        ada["#me"].click()
        ada.item("Sound and notifications…").click()
        expect(ada.dialog).to_contain_text("only for pages that come over https or from this machine")
        ada.page.keyboard.press("Escape")
        ada["#me"].click()
        ada.item("Make this name yours…").click()
        expect(ada.dialog).to_contain_text("others can read along")
        expect(ada.dialog.get_by_label("Password")).to_have_count(0)
        ada.page.keyboard.press("Escape")
        ada.page.reload()
        ada.await_place("#lobby")
        expect(ada.message("hello over the network")).to_be_visible()
