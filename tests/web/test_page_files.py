"""The files of the page: few, small, in step with one another, and quick to be read."""

from __future__ import annotations

import re

from e2e.daemon import Daemon
from playwright.sync_api import Browser
from web.browsers import Browsers, page_files

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


def test_every_id_that_is_looked_for_is_there() -> None:
    ids = set(re.findall(r'\bid="([\w-]+)"', FILES["index.html"]))
    for name, text in FILES.items():
        assert set(re.findall(r'\$\("([\w-]+)"\)', text)) <= ids, name
    symbols = {one.removeprefix("i-") for one in ids if one.startswith("i-")}
    assert set(re.findall(r'\bicon\("([\w-]+)"\)', "".join(FILES.values()))) <= symbols


def test_the_first_line_is_read_soon_on_a_slow_processor(
    browser: Browser, web_chat: Daemon, browsers: Browsers
) -> None:
    """How soon, docs/performance.md says; here, that what is said stands there once the page is loaded again."""
    bob = web_chat.person("bob")
    bob.type("the first line")
    bob.catch_up()
    ada = browsers.somebody("ada")
    ada.page.context.new_cdp_session(ada.page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    ada.page.reload()
    ada.message("the first line").wait_for()
