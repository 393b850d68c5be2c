"""Makes ``docs/terminal.svg``: runs the daemon and the terminal client, has people talk, and draws the screen.

Run it as ``python docs/picture.py``; it needs tmux, and the packages of the dependency group ``docs``.
"""

from __future__ import annotations

import io
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

PICTURE = Path(__file__).parent / "terminal.svg"
COLUMNS, ROWS = 100, 16
SESSION = f"picture-{os.getpid()}"
SVG = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix" xml:space="preserve">
    {matrix}
    </g>
    </g>
</svg>
"""


class Person:
    """Somebody with netcat."""

    def __init__(self, port: int, name: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self.say(name)
        self._socket.settimeout(10)
        heard = b""
        while b"Type /help" not in heard:
            heard += self._socket.recv(4096)

    def say(self, line: str) -> None:
        """Type a line."""
        self._socket.sendall(f"{line}\n".encode())


def tmux(*arguments: str) -> str:
    """Run tmux, and return what it prints."""
    return subprocess.run(["tmux", "-L", SESSION, *arguments], check=True, capture_output=True, text=True).stdout


def until(found: Callable[[], bool]) -> None:
    """Wait until *found*; give up after 20 seconds."""
    deadline = time.monotonic() + 20
    while not found():
        if time.monotonic() > deadline:
            raise TimeoutError(tmux("capture-pane", "-p"))
        time.sleep(0.05)


def on_screen(text: str) -> None:
    """Wait until *text* is on the screen of the client."""
    until(lambda: text in tmux("capture-pane", "-p"))


def play(port: int) -> str:
    """Have people talk, and return the screen with its colours."""
    bob = Person(port, "bob")
    bob.say("morning! the new build is on https://ci.example.org/builds/4711")
    command = shlex.join([sys.executable, "-m", "chat", f"ada@localhost:{port}"])
    tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(ROWS), "-e", "COLORTERM=truecolor", command)
    on_screen("4711")
    grace, linus = Person(port, "grace"), Person(port, "linus")
    grace.say("/topic release 1.0 🚀 freeze is on Friday")
    grace.say("thanks bob, trying it now")
    on_screen("trying it now")
    linus.say(
        "日本語のテストも全部通りました ✅ and the long lines wrap with a hanging indent, so that names stand out"
    )
    on_screen("stand out")
    grace.say("/me fetches coffee ☕")
    on_screen("fetches coffee")
    tmux("send-keys", "-l", "perfect. who writes the notes?")
    tmux("send-keys", "Enter")
    on_screen("ada: perfect")
    tmux("send-keys", "-l", "/join dev")
    tmux("send-keys", "Enter")
    on_screen("#dev>")
    tmux("send-keys", "M-1")
    on_screen("#lobby>")
    linus.say("/join dev")
    linus.say("dev is quieter")
    bob.say("ada: I do, draft by noon")
    on_screen("draft by noon")
    bob.say("/msg ada lunch at one?")
    on_screen("@bob")
    tmux("send-keys", "-l", "bob: great, I'll re")
    on_screen("I'll re")
    return tmux("capture-pane", "-e", "-p", "-N")


def draw(screen: str) -> None:
    """Write the picture of *screen*."""
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(screen.rstrip("\n")), no_wrap=True, overflow="crop")
    console.save_svg(str(PICTURE), title="chat ada@localhost", theme=MONOKAI, code_format=SVG, unique_id="chat")


def main() -> None:
    """Start the daemon, play, draw, and end what was started."""
    with tempfile.TemporaryDirectory() as directory, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        free.close()
        twistd = Path(sys.executable).with_name("twistd")
        listen = f"tcp:{port}:interface=127.0.0.1"
        daemon = subprocess.Popen(
            [twistd, "-n", "chat", "--listen", listen, "--data", "none"], cwd=directory, stdout=subprocess.DEVNULL
        )
        try:
            until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
            draw(play(port))
        finally:
            subprocess.run(["tmux", "-L", SESSION, "kill-server"], check=False, capture_output=True)
            daemon.terminate()
            daemon.wait()


if __name__ == "__main__":
    main()
