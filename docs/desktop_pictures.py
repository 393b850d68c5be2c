"""Makes the pictures of the desktop client: runs the daemon and the client, has people talk, and takes the pictures.

Run it as ``python docs/desktop_pictures.py``; it needs Xvfb, openbox, xdotool, ImageMagick, and the port 12345.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests")]

from desktop.displays import DesktopClient, Display  # noqa: E402
from e2e.daemon import Daemon, Yard  # noqa: E402


def take(client: DesktopClient, name: str) -> None:
    """Take a picture of the window when nothing changes in it any more."""
    picture = HERE / name
    before, now = b"", b"nothing"
    while before != now:
        time.sleep(0.7)
        before = now
        client.picture(picture)
        now = subprocess.run(["convert", picture, "rgb:-"], check=True, capture_output=True).stdout
    subprocess.run(["convert", picture, "-strip", picture], check=True)


def play(daemon: Daemon, display: Display, home: Path) -> None:
    """Have people talk, and take the pictures."""
    bob, grace, linus = daemon.person("bob"), daemon.person("grace"), daemon.person("linus")
    bob.type("morning! the new build is on https://ci.example.org/builds/4711")
    bob.type("the tests took four minutes")
    bob.catch_up()
    grace.type("/react 👍")
    grace.catch_up()
    linus.type("/react 👍", "/react fast")
    linus.catch_up()
    grace.type("/topic Release 1.0 🚀 freeze is on Friday", "thanks bob, trying it now")
    linus.type("日本語のテストも全部通りました ✅ and long lines wrap below the name, so that one sees who said what")
    grace.type("/me fetches coffee ☕")
    linus.catch_up()

    dialog = DesktopClient(display, home, "--name", "grace")
    dialog.opens("Chat: connect")
    dialog.fill("localhost", str(daemon.port), "grace")
    dialog.press("Return")
    dialog.says("That name is taken. Choose another.")
    take(dialog, "desktop-dialog.png")
    dialog.close()

    ada = DesktopClient(display, home, "--rooms", "lobby,dev,help", "ada@localhost")
    ada.opens("#lobby - ada@")
    ada.type("perfect. bob, who writes the notes?")
    ada.sees("ada: perfect. bob, who writes the notes?")
    bob.type("/reply I do, draft by four", "/edit I do, draft by noon")
    linus.type("/join dev", "the parser is twice as fast now", "numbers on the wiki")
    grace.type("/away lunch")
    bob.type("/msg ada lunch at one?")
    bob.catch_up()
    linus.catch_up()
    display.run("xdotool", "type", "bob: great, I'll re")
    take(ada, "desktop-light.png")
    ada.press("ctrl+d")
    take(ada, "desktop-dark.png")
    ada.close()


def main() -> None:
    """Start what is needed, play, and end what was started."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        display = Display()
        stack.callback(display.close)
        yard = stack.enter_context(Yard(folder))
        play(
            yard.start("--no-limits", "--data", "none", listen=["tcp:12345:interface=127.0.0.1"]),
            display,
            folder / "home",
        )


if __name__ == "__main__":
    main()
