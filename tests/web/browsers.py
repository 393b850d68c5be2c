"""Chromium, driven by Playwright: tabs with the page in them, each of them somebody in the chat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from e2e.waiting import DEADLINE
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
PATIENCE = DEADLINE * 1_000
"""The milliseconds after which a test gives up waiting for a state of the page."""
WIDE = {"width": 1280, "height": 800}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

PATIENT = """
const wait = setTimeout;
window.setTimeout = (then, delay) => wait(then, delay === 500 ? 60_000 : delay);
"""
"""Gives the other tabs the time of a test to answer a page that asks whether it is a copy."""

_EXPECTED = re.compile(r"net::ERR|WebSocket connection to|Cross-Origin-Opener-Policy header has been ignored")

expect.set_options(timeout=PATIENCE)


@contextmanager
def chromium(program: str = CHROMIUM) -> Iterator[Browser]:
    """Run Debian's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS, timeout=PATIENCE)
        yield browser
        browser.close()


class Tab:
    """A tab with the page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._logged)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _logged(self, message: ConsoleMessage) -> None:
        # Connections break in many tests, and some tests use plain http.
        if message.type in ("error", "warning") and not _EXPECTED.search(message.text):
            self.complaints.append(message.text)

    # -- what is on the page

    def __getitem__(self, selector: str) -> Locator:
        return self.page.locator(selector)

    @property
    def input(self) -> Locator:
        """Where one types."""
        return self["#input"]

    @property
    def dialog(self) -> Locator:
        """The dialog that is open."""
        return self["dialog[open]"]

    def message(self, text: str) -> Locator:
        """The newest message with that text, or a file of that name."""
        return self[".message"].filter(has=self[".text, .file"].filter(has_text=text)).last

    def button(self, name: str) -> Locator:
        """The button of that name."""
        return self.page.get_by_role("button", name=name)

    def item(self, name: str) -> Locator:
        """The item of the open menu."""
        return self.page.get_by_role("menuitem", name=name)

    def texts(self) -> list[str]:
        """What is said, in the order on the page."""
        return self[".message .text"].all_inner_texts()

    def fits(self) -> bool:
        """Whether nothing is wider than the window, and the page as a whole does not scroll."""
        return bool(
            self.page.evaluate(
                """() => {
                    const whole = [document.documentElement, document.body];
                    const parts = [...whole, ...document.querySelectorAll("#log, #place > .head")];
                    return parts.every((part) => part.scrollWidth <= part.clientWidth) &&
                        whole.every((part) => part.scrollHeight <= part.clientHeight);
                }"""
            )
        )

    # -- what somebody does

    def name_oneself(self, name: str) -> None:
        """Type a name at the door, and come in."""
        self.page.get_by_label("Your name").fill(name)
        self.button("Come in").click()

    def come_in(self, name: str) -> None:
        """Come in under *name*, and wait for it."""
        self.name_oneself(name)
        self.await_place("#lobby")

    def await_place(self, title: str) -> None:
        """Wait until that room or conversation is shown."""
        expect(self["#title"]).to_have_text(title)

    def await_online(self) -> None:
        """Wait until the connection stands, and the chat has stored all that was said."""
        expect(self["#line"]).to_be_hidden()
        expect(self[".unsent"]).to_have_count(0)

    def enter(self, text: str) -> None:
        """Type a line, and press Enter."""
        self.input.fill(text)
        self.input.press("Enter")

    def paste(self, text: str) -> None:
        """Paste a text into the input field, as the keyboard does."""
        self.input.evaluate(
            """(input, text) => {
                const data = new DataTransfer();
                data.setData("text/plain", text);
                input.focus();
                const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
                if (input.dispatchEvent(event)) document.execCommand("insertText", false, text);
            }""",
            text,
        )

    def say(self, text: str) -> None:
        """Say something, and wait until it is stored."""
        self.enter(text)
        # At first it stands there as what waits to be stored.
        expect(self.message(text.split("\n")[0])).to_be_visible()
        expect(self[".unsent"]).to_have_count(0)

    def join(self, room: str) -> None:
        """Go to a room."""
        self.enter(f"/join {room}")
        self.await_place(f"#{room}")
        expect(self["#who"]).to_be_visible()

    def turn_to(self, title: str) -> None:
        """Press the button of a room or conversation."""
        self[".places button"].filter(has_text=title).click()
        self.await_place(title)

    def open_menu(self, text: str) -> None:
        """Open the menu of a message."""
        message = self.message(text)
        message.hover()
        message.get_by_role("button", name="More about this message").click()


class Browsers:
    """The tabs of a test: each in a profile of its own, unless it is told another."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address
        self.tabs: list[Tab] = []
        self._contexts: list[BrowserContext] = []

    def context(self, **options: Any) -> BrowserContext:
        """Make a profile."""
        context = self.browser.new_context(**{"viewport": WIDE, **options})
        self._contexts.append(context)
        return context

    def open(self, context: BrowserContext | None = None, **options: Any) -> Tab:
        """Open the page."""
        tab = Tab((context or self.context(**options)).new_page())
        self.tabs.append(tab)
        tab.page.goto(self.address)
        return tab

    def duplicate(self, tab: Tab, script: str = PATIENT) -> Tab:
        """Open the page in another tab, to which the browser copies what the first one keeps."""
        tab.page.context.add_init_script(script)
        with tab.page.expect_popup() as opened:
            tab.page.evaluate("void open(location.href)")
        copy = Tab(opened.value)
        self.tabs.append(copy)
        return copy

    def somebody(self, name: str, context: BrowserContext | None = None, **options: Any) -> Tab:
        """Open the page, and come in under *name*."""
        tab = self.open(context, **options)
        tab.come_in(name)
        return tab

    def close(self) -> None:
        """Close all tabs, and check that none of them had anything to complain of."""
        complaints = [complaint for tab in self.tabs for complaint in tab.complaints]
        for context in self._contexts:
            context.close()
        assert not complaints, complaints


def page_files() -> Path:
    """The folder with the files of the page."""
    return Path(__file__).parents[2] / "chat" / "protocols" / "web" / "page"
