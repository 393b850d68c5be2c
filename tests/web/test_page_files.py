"""The files of the page: few, small, in step with one another, and quick to be read."""

from __future__ import annotations

import re
from gzip import compress
from pathlib import Path

import pytest
from e2e.daemon import Daemon
from playwright.sync_api import Browser, Route
from web.browsers import Browsers, page_files

DOCS = Path(__file__).parents[2] / "docs" / "page.md"
FOLDER = page_files()
FILES = {file.name: file.read_text() for file in FOLDER.iterdir() if file.is_file() and file.name != "package.json"}


def test_nothing_is_made_into_markup() -> None:
    for name, text in FILES.items():
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            name
        )


def test_nothing_comes_from_elsewhere() -> None:
    for name, text in FILES.items():
        places = set(re.findall(r"https?://[^\s\"'`<>]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not [place for place in places if "example" not in place], name


def test_no_line_is_too_long_to_be_read() -> None:
    for name, text in FILES.items():
        assert not [line for line in text.split("\n") if len(line) > 120], name


def test_the_files_are_as_large_as_their_page_in_docs_says() -> None:
    files = {file.name: file.read_bytes() for file in FOLDER.iterdir() if file.name in FILES}
    said = re.search(r"files of the page are (\d+) KB. They are sent compressed, (\d+) KB", DOCS.read_text())
    assert said is not None
    sent = sum(min(len(compress(content)), len(content)) for content in files.values())
    assert sum(map(len, files.values())) == pytest.approx(1000 * int(said[1]), rel=0.05)
    assert sent == pytest.approx(1000 * int(said[2]), rel=0.05)


def test_every_id_that_is_looked_for_is_there() -> None:
    ids = set(re.findall(r'\bid="([\w-]+)"', FILES["index.html"]))
    for name, text in FILES.items():
        assert set(re.findall(r'\$\("([\w-]+)"\)', text)) <= ids, name
    symbols = {one.removeprefix("i-") for one in ids if one.startswith("i-")}
    assert set(re.findall(r'\bicon\("([\w-]+)"\)', "".join(FILES.values()))) <= symbols


def test_the_first_line_is_read_soon_on_a_slow_processor(
    browser: Browser, web_chat: Daemon, browsers: Browsers
) -> None:
    """How soon, docs/page.md says; here, that what is said stands there once the page is loaded again."""
    bob = web_chat.person("bob")
    bob.type("the first line")
    bob.catch_up()
    ada = browsers.somebody("ada")
    ada.page.context.new_cdp_session(ada.page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    ada.page.reload()
    ada.message("the first line").wait_for()


def test_a_page_that_is_loaded_again_connects_before_its_modules_are_there(browsers: Browsers) -> None:
    ada = browsers.somebody("ada")
    ada.say("hello")
    held: list[Route] = []
    ada.page.route("**/store.js", lambda route: held.append(route))
    with ada.page.expect_websocket():
        ada.page.reload(wait_until="commit")
    assert not ada["#door"].is_visible()
    for route in held:
        route.continue_()
    ada.message("hello").wait_for()


def test_nobody_who_is_not_in_the_chat_connects_before_they_come_in(browsers: Browsers) -> None:
    ada = browsers.open()
    sockets: list[object] = []
    ada.page.on("websocket", lambda socket: sockets.append(socket))
    ada.page.reload()
    ada.page.get_by_label("Your name").wait_for()
    assert not sockets
    ada.come_in("ada")
    assert len(sockets) == 1
