"""Makes the pictures of the page, ``docs/page-wide.png`` and ``docs/page-phone.png``: people talk, a browser looks on.

Run it as ``python docs/page_pictures.py``. It needs Chromium, and the packages of the dependency group ``test``.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests")]

from e2e.daemon import Daemon, Yard  # noqa: E402
from playwright.sync_api import expect  # noqa: E402
from web.browsers import PHONE, WEB, Browsers, Tab, chromium, web_port  # noqa: E402


def take(tab: Tab, name: str) -> None:
    """Take a picture of the page, as it is once it has drawn everything."""
    tab.await_online()
    tab.page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    tab.page.screenshot(path=HERE / name, caret="initial")


def play(daemon: Daemon, browsers: Browsers) -> None:
    """Have people talk, and take the pictures."""
    bob, grace, linus = daemon.person("bob"), daemon.person("grace"), daemon.person("linus")
    bob.type("Morning! The new build is on https://ci.example.org/builds/4711", "The tests took four minutes.")
    bob.catch_up()
    grace.type("/react 👍")
    grace.catch_up()
    linus.type("/react 👍", "/react fast")
    linus.catch_up()
    grace.type("/topic Release 1.0, the freeze is on Friday", "Thanks bob, trying it now.")
    grace.catch_up()
    linus.type("日本語のテストも全部通りました ✅")
    linus.catch_up()

    ada = browsers.somebody("ada", viewport={"width": 1200, "height": 720})
    for room in ("dev", "help"):
        ada.join(room)
    ada.turn_to("#lobby")
    ada.say("Perfect. bob, who writes the notes?")
    bob.type("/reply I do, the draft is there by noon")
    bob.catch_up()
    expect(ada.message("I do, the draft")).to_be_visible()
    phone = browsers.somebody("mia", **PHONE, color_scheme="dark", device_scale_factor=2)
    linus.type("/join dev", "The parser is twice as fast now.", "The figures are on the wiki.")
    grace.type("/away lunch")
    bob.type("/msg ada lunch at one?")
    for person in (bob, linus, grace):
        person.catch_up()
    phone.say("Hello from the train.")
    bob.type("mia: welcome! Will you be here for lunch?")
    bob.catch_up()
    expect(phone.message("welcome!")).to_be_visible()
    phone.say("I will 🎉")
    expect(ada.message("I will")).to_be_visible()
    expect(ada[".places .badge"].filter(visible=True)).to_have_count(2)
    ada.input.fill("bob: great, then I")
    take(ada, "page-wide.png")
    phone.input.blur()
    phone.page.mouse.move(0, 0)
    take(phone, "page-phone.png")


def main() -> None:
    """Start what is needed, play, and end what was started."""
    with tempfile.TemporaryDirectory() as folder, Yard(Path(folder)) as yard, chromium() as browser:
        daemon = yard.start("--no-limits", *WEB)
        browsers = Browsers(browser, f"http://localhost:{web_port(daemon)}/")
        play(daemon, browsers)
        browsers.close()


if __name__ == "__main__":
    main()
