"""Makes ``docs/terminal.svg``: runs the daemon and the terminal client, has people talk, and draws the screen.

Run it as ``python docs/picture.py``; it needs tmux, and the packages of the dependency group ``docs``.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from terminals import Terminal, close_all, until

PICTURE = Path(__file__).parent / "terminal.svg"
COLUMNS, ROWS = 100, 16


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


def play(port: int, ada: Terminal, state: str) -> str:
    """Have people talk, one of them in the terminal *ada*, and return what it shows while the others are there.

    The client keeps its *state* in that folder.
    """
    bob = Person(port, "bob")
    bob.say("morning! the new build is on https://ci.example.org/builds/4711")
    ada.open(Path.cwd(), "env", f"XDG_STATE_HOME={state}", sys.executable, "-m", "chat", f"ada@localhost:{port}")
    ada.wait("4711")
    grace, linus = Person(port, "grace"), Person(port, "linus")
    grace.say("/topic release 1.0 🚀 freeze is on Friday")
    grace.say("thanks bob, trying it now")
    ada.wait("trying it now")
    linus.say(
        "日本語のテストも全部通りました ✅ and the long lines wrap with a hanging indent, so that names stand out"
    )
    ada.wait("stand out")
    grace.say("/me fetches coffee ☕")
    ada.wait("fetches coffee")
    ada.type("perfect. who writes the notes?")
    ada.press("Enter")
    ada.wait("ada: perfect")
    ada.type("/join dev")
    ada.press("Enter")
    ada.wait("#dev>")
    ada.press("M-1")
    ada.wait("#lobby>")
    linus.say("/join dev")
    linus.say("dev is quieter")
    bob.say("ada: I do, draft by noon")
    ada.wait("draft by noon")
    bob.say("/msg ada lunch at one?")
    ada.wait("@bob")
    ada.type("bob: great, I'll re")
    return ada.coloured_screen()


def main() -> None:
    """Start the daemon, play, draw, and end what was started."""
    ada = Terminal("ada", "chat ada@localhost", COLUMNS, ROWS)
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
            until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, lambda: "the daemon does not listen")
            svg = ada.draw(play(port, ada, directory), "chat", 'xmlns="http://www.w3.org/2000/svg"')
            PICTURE.write_text(f"{svg}\n")
        finally:
            close_all()
            daemon.terminate()
            daemon.wait()


if __name__ == "__main__":
    main()
