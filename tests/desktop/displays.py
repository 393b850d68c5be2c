"""A display without a screen, and the real desktop client on it, driven by keys and read through the clipboard."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from e2e.tools import tool
from e2e.waiting import DEADLINE, wait_for

FOLDER = Path(__file__).parents[2]


def has_tk() -> bool:
    """Tell whether the desktop client can be tested. On CI it must be, so that its tests fail there without Tk."""
    return find_spec("_tkinter") is not None or os.environ.get("CI") == "true"


class Display:
    """An X server with a window manager."""

    def __init__(self) -> None:
        read, write = os.pipe()
        command = [
            tool("Xvfb"),
            "-displayfd",
            str(write),
            "-screen",
            "0",
            "1280x800x24",
            "-nolisten",
            "tcp",
            "-noreset",
            "-r",  # a key that a busy machine holds for long is one key
        ]
        self._processes = [subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL)]
        os.close(write)
        with os.fdopen(read) as told:
            self.name = f":{told.readline().strip()}"
        self.environment = os.environ | {"DISPLAY": self.name}
        self._processes.append(
            subprocess.Popen(
                [tool("openbox")], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        )
        wait_for(lambda: "window id" in self.run("xprop", "-root", "_NET_SUPPORTING_WM_CHECK"), "the window manager")

    def run(self, program: str, *arguments: str) -> str:
        """Run a program on the display; return what it prints."""
        return subprocess.run(
            [tool(program), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=DEADLINE,
            check=False,
        ).stdout

    def close(self) -> None:
        """End it."""
        for process in reversed(self._processes):
            process.terminate()
            process.wait(DEADLINE)


class Other:
    """The window of another program, in front."""

    def __init__(self, display: Display) -> None:
        command = [sys.executable, "-c", "import tkinter; tkinter.Tk().mainloop()"]
        self._process = subprocess.Popen(command, env=display.environment)

    def close(self) -> None:
        """Close it."""
        self._process.kill()
        self._process.wait()


class DesktopClient:
    """The command ``chat --gui`` on a display."""

    def __init__(self, display: Display, home: Path, *arguments: str, **environment: str) -> None:
        self._display = display
        own = {"XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": "/nonexistent", "DBUS_SESSION_BUS_ADDRESS": ""}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chat", "--gui", *arguments],
            cwd=FOLDER,
            env=display.environment | own | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._window = ""

    def opens(self, title: str) -> None:
        """Wait for its window of that title, and bring it to the front."""
        self._window = wait_for(
            lambda: self._display.run("xdotool", "search", "--onlyvisible", "--name", title).strip(),
            f"the window {title!r}",
        )
        self.to_front()

    def to_front(self) -> None:
        """Bring the window to the front."""
        self._display.run("xdotool", "windowactivate", self._window)
        self.comes_to_front()

    def comes_to_front(self) -> None:
        """Wait until the window is in front."""
        wait_for(lambda: self.in_front, "the window comes to the front")

    def look_away(self) -> Other:
        """Bring the window of another program to the front."""
        other = Other(self._display)
        wait_for(lambda: not self.in_front, "another window comes to the front")
        return other

    @property
    def in_front(self) -> bool:
        """Whether it is the window in front, which gets what is typed."""
        asked = ("getactivewindow", "getwindowfocus")
        return all(self._display.run("xdotool", question).strip() == self._window for question in asked)

    @property
    def title(self) -> str:
        """The title of the window."""
        return self._display.run("xdotool", "getwindowname", self._window).strip()

    def press(self, *keys: str) -> None:
        """Press keys, by their names."""
        self._display.run("xdotool", "key", "--delay", "20", *keys)

    def type(self, *lines: str) -> None:
        """Type lines, each with Enter."""
        for line in lines:
            self.write(line)
            self.press("Return")

    def write(self, text: str) -> None:
        """Type a text."""
        self._display.run("xdotool", "type", "--delay", "5", text)

    def choose_exit(self) -> None:
        """Choose Exit in the menu, by the keyboard."""
        self.press("Escape", "F6", "F6", "shift+Tab", "space")
        wait_for(lambda: self._display.run("xdotool", "search", "--onlyvisible", "--class", "Menu"), "the menu")
        self.press("Up", "Up", "Return")

    def fill(self, server: str, port: str, name: str) -> None:
        """Fill in the dialog, in which the field of the name has the focus."""
        self.press("shift+Tab", "shift+Tab")
        self.write(f"{server}\t{port}\t{name}")

    def says(self, title: str) -> None:
        """Wait until the window has this *title*."""
        try:
            wait_for(lambda: self.title == title, f"the title {title!r}")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; it is {self.title!r}") from None

    def read(self) -> str:
        """Return what is in the conversation, with names and times, as a user copies it."""
        self.press("Escape", "F6", "F6", "ctrl+a", "ctrl+c", "Escape")
        return self._display.run("xclip", "-selection", "clipboard", "-o")

    def sees(self, *parts: str) -> str:
        """Wait until the conversation has all *parts*; return its text."""
        text = ""

        def seen() -> bool:
            nonlocal text
            text = self.read()
            return all(part in text for part in parts)

        try:
            wait_for(seen, f"{parts} in the window")
        except AssertionError as failure:
            raise AssertionError(f"{failure}; there is:\n{text}") from None
        return text

    def picture(self, path: Path) -> None:
        """Take a picture of the window."""
        self._display.run("import", "-window", self._window, str(path))

    def ends(self) -> tuple[int, str]:
        """Wait until it has ended; return the exit code and what it has printed."""
        output, _ = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, output

    def kill(self) -> None:
        """Kill it, and wait until its window is gone, so that it is not taken for that of the next client."""
        self.process.kill()
        self.process.wait()
        wait_for(lambda: not self.title, "its window is gone")

    def close(self) -> None:
        """End it, unless it has ended, and wait, so that the daemon sees it leave."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(DEADLINE)
            self.process.kill()
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
